/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report as one page of HTML that loads nothing from anywhere. */
#include <gst-sod/eval/report-private.h>

#include <math.h>

typedef struct
{
  GstSodMeasure measure;
  const gchar *label;
} Column;

static const Column columns[] = {
  { GST_SOD_MEASURE_MAX_F, "max F" },
  { GST_SOD_MEASURE_MEAN_F, "mean F" },
  { GST_SOD_MEASURE_ADAPTIVE_F, "adaptive F" },
  { GST_SOD_MEASURE_WEIGHTED_F, "weighted F" },
  { GST_SOD_MEASURE_S_MEASURE, "S" },
  { GST_SOD_MEASURE_MAX_E, "max E" },
  { GST_SOD_MEASURE_MEAN_E, "mean E" },
  { GST_SOD_MEASURE_MAE, "MAE ↓" },
  { GST_SOD_MEASURE_IOU, "IoU (J)" },
  { GST_SOD_MEASURE_BOUNDARY_F, "boundary F" },
  { GST_SOD_MEASURE_WARPING_ERROR, "warping ↓" },
};

void
gst_sod_report_append_text (GString *page, const gchar *text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text, -1);
  g_autofree gchar *escaped = g_markup_escape_text (valid, -1);

  g_string_append (page, escaped);
}

static void
append_value (GString *page, gdouble value)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (value))
    g_string_append (page, "–");
  else
    g_string_append (
        page, g_ascii_formatd (text, sizeof (text), "%.3f", value));
}

static GstSodSchool
get_school (const GstSodReport *self)
{
  return gst_sod_evaluation_get_school (
      gst_sod_report_get_entry (self, 0)->evaluation);
}

static void
add_head (const GstSodReport *self, GString *page)
{
  const GstSodEvaluation *evaluation =
      gst_sod_report_get_entry (self, 0)->evaluation;

  g_string_append (page,
      "<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n"
      "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
      "<link rel=icon href=\"data:,\">\n<title>");
  gst_sod_report_append_text (page, self->title);
  g_string_append (page, "</title>\n<style>");
  g_string_append (page, gst_sod_report_style);
  g_string_append (page, "</style>\n<main>\n<h1>");
  gst_sod_report_append_text (page, self->title);
  g_string_append_printf (page,
      "</h1>\n<p class=soft>School <b>%s</b>, %" G_GUINT64_FORMAT
      " images. Figures of other schools are not comparable.</p>\n",
      gst_sod_school_get_name (get_school (self)),
      gst_sod_evaluation_get_n_images (evaluation));
}

/* The few figures that are looked at first. */
static void
add_numbers (const GstSodReport *self, GString *page)
{
  static const guint shown[] = { 0, 4, 7, 8, 9 };
  g_autoptr (GstSodMeasures) set = gst_sod_evaluation_get_set (
      gst_sod_report_get_entry (self, 0)->evaluation);

  g_string_append (page, "<div class=numbers>\n");
  for (guint i = 0; i < G_N_ELEMENTS (shown); i++) {
    const Column *column = &columns[shown[i]];

    if (!gst_sod_school_has (get_school (self), column->measure))
      continue;
    g_string_append_printf (
        page, "<div class=number><span class=soft>%s</span><b>", column->label);
    append_value (page, gst_sod_measures_get (set, column->measure));
    g_string_append (page, "</b></div>\n");
  }
  g_string_append (page, "</div>\n");
}

static void
add_row (const GstSodReport *self, GString *page, guint index)
{
  const GstSodReportEntry *entry = gst_sod_report_get_entry (self, index);
  g_autoptr (GstSodMeasures) set =
      gst_sod_evaluation_get_set (entry->evaluation);

  g_string_append_printf (page,
      "<tr%s><td><i class=key style=\"background:%s\"></i>%s",
      index == 0 ? " class=own" : "", gst_sod_plot_get_color (index),
      index == 0 ? "" : "floor: ");
  gst_sod_report_append_text (page, entry->name);
  g_string_append (page, "</td>");
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++) {
    if (!gst_sod_school_has (get_school (self), columns[i].measure))
      continue;
    g_string_append (page, "<td>");
    append_value (page, gst_sod_measures_get (set, columns[i].measure));
    g_string_append (page, "</td>");
  }
  g_string_append (page, "</tr>\n");
}

static void
add_table (const GstSodReport *self, GString *page)
{
  g_string_append (
      page, "<h2>Measures</h2>\n<div class=wide><table>\n<tr><th></th>");
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++) {
    if (gst_sod_school_has (get_school (self), columns[i].measure))
      g_string_append_printf (page, "<th>%s</th>", columns[i].label);
  }
  g_string_append (page, "</tr>\n");
  for (guint i = 0; i < self->entries->len; i++)
    add_row (self, page, i);
  g_string_append (page, "</table></div>\n");
  if (self->entries->len > 1)
    g_string_append (page,
        "<p class=soft>Floors are trivial predictors on the same images; what "
        "does not beat them has learnt nothing.</p>\n");
}

/* Published figures, never beside those of another school. */
static void
add_published (const GstSodReport *self, GString *page)
{
  const gchar *name = gst_sod_published_get_set_name (self->published);
  const GstSodPublished *published;
  gsize n;

  if (name == NULL)
    return;
  g_string_append (page, "<h2>Published</h2>\n");
  if (get_school (self) != GST_SOD_PUBLISHED_SCHOOL) {
    g_string_append_printf (page,
        "<p class=soft>Figures published on %s are, as far as they say, means "
        "over sequences (school %s) and are not shown beside these of school "
        "%s. Measure with --school %s to see them.</p>\n",
        name, gst_sod_school_get_name (GST_SOD_PUBLISHED_SCHOOL),
        gst_sod_school_get_name (get_school (self)),
        gst_sod_school_get_name (GST_SOD_PUBLISHED_SCHOOL));
    return;
  }
  g_string_append_printf (page,
      "<p class=soft>As others published them on %s, whose images may be "
      "others than these; not every paper says how it averages. Not measured "
      "here.</p>\n<div class=wide><table>\n"
      "<tr><th>published</th><th>max F</th><th>S</th><th>MAE ↓</th></tr>\n",
      name);
  published = gst_sod_published_get (&n);
  for (gsize i = 0; i < n; i++) {
    const gdouble values[] = { published[i].max_f, published[i].s_measure,
      published[i].mae };

    if (!g_str_equal (published[i].set, self->published))
      continue;
    g_string_append_printf (page, "<tr><td>%s</td>", published[i].method);
    for (guint j = 0; j < G_N_ELEMENTS (values); j++) {
      g_string_append (page, "<td>");
      append_value (page, values[j]);
      g_string_append (page, "</td>");
    }
    g_string_append (page, "</tr>\n");
  }
  g_string_append (page, "</table></div>\n");
}

static void
add_plot (GString *page, const gchar *svg, const gchar *caption)
{
  g_string_append_printf (page,
      "<figure role=img aria-label=\"%s\">%s<figcaption>%s</figcaption>"
      "</figure>\n",
      caption, svg, caption);
}

static gboolean
add_curves (const GstSodReport *self, GString *page, GError **error)
{
  g_autofree gchar *pr = NULL;
  g_autofree gchar *f = NULL;

  if (!gst_sod_school_has_curve (get_school (self), GST_SOD_CURVE_F))
    return TRUE;
  pr = gst_sod_plot_precision_recall (self, "pr-", error);
  if (pr == NULL)
    return FALSE;
  f = gst_sod_plot_curve (self, GST_SOD_CURVE_F, "f-", error);
  if (f == NULL)
    return FALSE;
  g_string_append (page, "<h2>Curves</h2>\n<p class=soft>");
  for (guint i = 0; i < self->entries->len; i++) {
    g_string_append_printf (page,
        "<span class=name><i class=key style=\"background:%s\"></i>",
        gst_sod_plot_get_color (i));
    gst_sod_report_append_text (page, gst_sod_report_get_entry (self, i)->name);
    g_string_append (page, "</span>&emsp;");
  }
  g_string_append (page, "</p>\n<div class=plots>\n");
  add_plot (page, pr, "Precision over recall");
  add_plot (page, f, "F-measure over the threshold");
  g_string_append (page, "</div>\n");
  return TRUE;
}

static void
add_bars (const GstSodReport *self, GString *page)
{
  const GstSodEvaluation *evaluation =
      gst_sod_report_get_entry (self, 0)->evaluation;
  guint n = gst_sod_evaluation_get_n_sequences (evaluation);
  GstSodMeasure measure =
      gst_sod_school_has (get_school (self), GST_SOD_MEASURE_MAX_F)
          ? GST_SOD_MEASURE_MAX_F
          : GST_SOD_MEASURE_IOU;

  if (n == 0)
    return;
  g_string_append_printf (page,
      "<h2>Sequences</h2>\n<p class=soft>%s of each.</p>\n<div class=bars>\n",
      gst_sod_measure_get_key (measure));
  for (guint i = 0; i < n; i++) {
    g_autoptr (GstSodMeasures) values =
        gst_sod_evaluation_get_sequence (evaluation, i);
    gdouble value = gst_sod_measures_get (values, measure);
    gint share = isnan (value) ? 0 : (gint) (CLAMP (value, 0, 1) * 100 + 0.5);

    g_string_append (page, "<span>");
    gst_sod_report_append_text (
        page, gst_sod_evaluation_get_sequence_name (evaluation, i));
    g_string_append_printf (page,
        "</span><div class=bar><i style=\"width:%d%%\"></i></div><span>",
        share);
    append_value (page, value);
    g_string_append (page, "</span>\n");
  }
  g_string_append (page, "</div>\n");
}

/* "model_hash" -> "Model hash". */
static void
append_label (GString *page, const gchar *key)
{
  g_autofree gchar *label = g_strdelimit (g_strdup (key), "_", ' ');

  label[0] = g_ascii_toupper (label[0]);
  gst_sod_report_append_text (page, label);
}

static void
add_count (GString *page, const gchar *label, guint64 count)
{
  g_string_append_printf (
      page, "<dt>%s</dt><dd>%" G_GUINT64_FORMAT "</dd>\n", label, count);
}

static void
add_facts (const GstSodReport *self, GString *page)
{
  const GstSodEvaluation *evaluation =
      gst_sod_report_get_entry (self, 0)->evaluation;

  g_string_append (page, "<h2>What was measured</h2>\n<dl>\n");
  add_count (page, "Images", gst_sod_evaluation_get_n_images (evaluation));
  add_count (page, "Skipped by the school",
      gst_sod_evaluation_get_n_skipped (evaluation));
  add_count (
      page, "Sequences", gst_sod_evaluation_get_n_sequences (evaluation));
  for (guint i = 0; i < self->facts->len; i++) {
    const GstSodReportFact *fact = g_ptr_array_index (self->facts, i);

    g_string_append (page, "<dt>");
    append_label (page, fact->key);
    g_string_append (page, "</dt><dd>");
    if (fact->text != NULL)
      gst_sod_report_append_text (page, fact->text);
    else
      g_string_append_printf (page, "%" G_GUINT64_FORMAT, fact->count);
    g_string_append (page, "</dd>\n");
  }
  g_string_append (page, "</dl>\n");
}

/**
 * gst_sod_report_to_html:
 * @self: a report
 * @error: return location for an error
 *
 * Writes the report as one page: the measures beside the floors and published
 * figures of the same school, curves, sequences, the worst and the best
 * frames, strips of frames along time, and the facts. Styles, drawings and
 * pictures are in it; it asks for nothing else.
 *
 * Errors: those of the function that reads pairs, %GST_SOD_ERROR_FAILED where
 * something cannot be drawn.
 *
 * Returns: (transfer full): the page, or %NULL with @error set
 *
 * Since: 0.1
 */
gchar *
gst_sod_report_to_html (GstSodReport *self, GError **error)
{
  g_autoptr (GString) page = NULL;

  g_return_val_if_fail (GST_SOD_IS_REPORT (self), NULL);

  page = g_string_new (NULL);
  add_head (self, page);
  add_numbers (self, page);
  add_table (self, page);
  add_published (self, page);
  if (!add_curves (self, page, error))
    return NULL;
  add_bars (self, page);
  if (!gst_sod_report_add_frames (self, page, error))
    return NULL;
  add_facts (self, page);
  g_string_append (page, "</main>\n</html>\n");
  return g_string_free (g_steal_pointer (&page), FALSE);
}
