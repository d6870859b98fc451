/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of the page that shows frames: the worst, the best, and each
 * sequence along its time. */
#include <gst-sod/eval/report-private.h>

#include <math.h>

#define N_SHOWN 6         /* worst and best frames each */
#define MAX_OF_SEQUENCE 2 /* neighbours look alike */
#define PICTURE_WIDTH 320
#define MAX_STRIPS 16
#define STRIP_LENGTH 12
#define STRIP_PICTURE_WIDTH 112

typedef struct
{
  guint image;
  gdouble value;
} Ranked;

/* What frames are ranked by: the first that the school has. */
static GstSodMeasure
choose_measure (const GstSodEvaluation *evaluation)
{
  GstSodSchool school = gst_sod_evaluation_get_school (evaluation);

  return gst_sod_school_has (school, GST_SOD_MEASURE_S_MEASURE)
             ? GST_SOD_MEASURE_S_MEASURE
             : GST_SOD_MEASURE_IOU;
}

static gint
compare_ranked (gconstpointer a, gconstpointer b)
{
  const Ranked *x = a, *y = b;

  if (x->value != y->value)
    return x->value < y->value ? -1 : 1;
  return x->image < y->image ? -1 : x->image > y->image;
}

/* Images by value, the worst first; undefined ones are left out. */
static GArray *
rank (const GstSodEvaluation *evaluation, GstSodMeasure measure)
{
  GArray *ranked = g_array_new (FALSE, FALSE, sizeof (Ranked));

  for (guint i = 0; i < gst_sod_evaluation_get_n_kept (evaluation); i++) {
    g_autoptr (GstSodMeasures) values =
        gst_sod_evaluation_get_image (evaluation, i);
    Ranked entry = { i, gst_sod_measures_get (values, measure) };

    if (!isnan (entry.value))
      g_array_append_val (ranked, entry);
  }
  g_array_sort (ranked, compare_ranked);
  return ranked;
}

static const gchar *
get_sequence (const GstSodEvaluation *evaluation, guint image)
{
  guint sequence = gst_sod_evaluation_get_image_sequence (evaluation, image);

  return sequence < gst_sod_evaluation_get_n_sequences (evaluation)
             ? gst_sod_evaluation_get_sequence_name (evaluation, sequence)
             : NULL;
}

static GstSodPair *
read_pair (const GstSodReport *self, guint image, GError **error)
{
  const GstSodEvaluation *evaluation =
      gst_sod_report_get_entry (self, 0)->evaluation;

  return self->read (get_sequence (evaluation, image),
      gst_sod_evaluation_get_image_name (evaluation, image), self->user_data,
      error);
}

static gboolean
add_picture (
    GString *page, const GstSodImage *image, const gchar *what, GError **error)
{
  g_autofree gchar *uri = NULL;

  if (image == NULL)
    return TRUE;
  uri = gst_sod_picture_to_uri (image, PICTURE_WIDTH, error);
  if (uri == NULL)
    return FALSE;
  g_string_append_printf (page, "<img alt=\"%s\" src=\"%s\">", what, uri);
  return TRUE;
}

static gboolean
add_frame (const GstSodReport *self, GString *page, const Ranked *entry,
    const gchar *key, GError **error)
{
  const GstSodEvaluation *evaluation =
      gst_sod_report_get_entry (self, 0)->evaluation;
  const gchar *sequence = get_sequence (evaluation, entry->image);
  g_autoptr (GstSodPair) pair = read_pair (self, entry->image, error);
  gchar value[G_ASCII_DTOSTR_BUF_SIZE];

  if (pair == NULL)
    return FALSE;
  g_string_append (page, "<figure><div class=trio>");
  if (!add_picture (page, gst_sod_pair_get_picture (pair), "frame", error)
      || !add_picture (page, gst_sod_pair_get_prediction (pair), "map", error)
      || !add_picture (page, gst_sod_pair_get_truth (pair), "truth", error))
    return FALSE;
  g_string_append (page, "</div><figcaption>");
  gst_sod_report_append_text (page, sequence != NULL ? sequence : "");
  g_string_append (page, sequence != NULL ? " " : "");
  gst_sod_report_append_text (
      page, gst_sod_evaluation_get_image_name (evaluation, entry->image));
  g_string_append_printf (page, ": %s %s</figcaption></figure>\n", key,
      g_ascii_formatd (value, sizeof (value), "%.3f", entry->value));
  return TRUE;
}

/* The first N_SHOWN of @ranked, or the last where @backwards, few of each
 * sequence. */
static gboolean
add_extremes (const GstSodReport *self, GString *page, const GArray *ranked,
    gboolean backwards, const gchar *key, GError **error)
{
  const GstSodEvaluation *evaluation =
      gst_sod_report_get_entry (self, 0)->evaluation;
  g_autoptr (GHashTable) shown = g_hash_table_new (NULL, NULL);
  guint n = 0;

  g_string_append (page, "<div class=frames>\n");
  for (guint i = 0; i < ranked->len && n < N_SHOWN; i++) {
    const Ranked *entry =
        &g_array_index (ranked, Ranked, backwards ? ranked->len - 1 - i : i);
    guint sequence =
        gst_sod_evaluation_get_image_sequence (evaluation, entry->image);
    guint of_sequence = GPOINTER_TO_UINT (
        g_hash_table_lookup (shown, GUINT_TO_POINTER (sequence)));

    if (get_sequence (evaluation, entry->image) != NULL
        && of_sequence >= MAX_OF_SEQUENCE)
      continue;
    g_hash_table_insert (
        shown, GUINT_TO_POINTER (sequence), GUINT_TO_POINTER (of_sequence + 1));
    if (!add_frame (self, page, entry, key, error))
      return FALSE;
    n++;
  }
  g_string_append (page, "</div>\n");
  return TRUE;
}

/* ---- along time ---- */

/* Indices of the images of @sequence, in order. */
static GArray *
list_images (const GstSodEvaluation *evaluation, guint sequence)
{
  GArray *images = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < gst_sod_evaluation_get_n_kept (evaluation); i++) {
    if (gst_sod_evaluation_get_image_sequence (evaluation, i) == sequence)
      g_array_append_val (images, i);
  }
  return images;
}

/* The pairs of up to STRIP_LENGTH images, evenly from the first to the last;
 * those read before an error are in @pairs too. */
static gboolean
read_pairs (const GstSodReport *self, const GArray *images, GPtrArray *pairs,
    GError **error)
{
  guint n = MIN (images->len, STRIP_LENGTH);

  for (guint i = 0; i < n; i++) {
    guint at = n > 1 ? i * (images->len - 1) / (n - 1) : 0;
    GstSodPair *pair =
        read_pair (self, g_array_index (images, guint, at), error);

    if (pair == NULL)
      return FALSE;
    g_ptr_array_add (pairs, pair);
  }
  return TRUE;
}

static gboolean
add_strip (
    const GstSodReport *self, GString *page, guint sequence, GError **error)
{
  const GstSodEvaluation *evaluation =
      gst_sod_report_get_entry (self, 0)->evaluation;
  g_autoptr (GArray) images = list_images (evaluation, sequence);
  g_autoptr (GPtrArray) pairs =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_pair_unref);
  g_autofree gchar *uri = NULL;
  gint width, height;

  if (images->len == 0)
    return TRUE;
  if (!read_pairs (self, images, pairs, error))
    return FALSE;
  uri = gst_sod_pictures_to_strip_uri ((GstSodPair *const *) pairs->pdata,
      pairs->len, STRIP_PICTURE_WIDTH, &width, &height, error);
  if (uri == NULL)
    return FALSE;
  g_string_append (page, "<p class=soft>");
  gst_sod_report_append_text (
      page, gst_sod_evaluation_get_sequence_name (evaluation, sequence));
  g_string_append_printf (page,
      "</p><div class=\"wide strip\"><img alt=\"frames, maps and truth along "
      "time\" width=%d height=%d src=\"%s\"></div>\n",
      width, height, uri);
  return TRUE;
}

static gboolean
add_strips (const GstSodReport *self, GString *page, GError **error)
{
  guint n = gst_sod_evaluation_get_n_sequences (
      gst_sod_report_get_entry (self, 0)->evaluation);

  if (n == 0)
    return TRUE;
  g_string_append_printf (page,
      "<h2>Along time</h2>\n<p class=soft>Frame, map and truth of up to %d "
      "moments of each sequence, from its first to its last image",
      STRIP_LENGTH);
  if (n > MAX_STRIPS)
    g_string_append_printf (
        page, "; the first %d of %u sequences", MAX_STRIPS, n);
  g_string_append (page, ".</p>\n");
  for (guint i = 0; i < MIN (n, MAX_STRIPS); i++) {
    if (!add_strip (self, page, i, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_report_add_frames (
    const GstSodReport *self, GString *page, GError **error)
{
  const GstSodEvaluation *evaluation =
      gst_sod_report_get_entry (self, 0)->evaluation;
  GstSodMeasure measure = choose_measure (evaluation);
  const gchar *key = gst_sod_measure_get_key (measure);
  g_autoptr (GArray) ranked = NULL;

  if (self->read == NULL || gst_sod_evaluation_get_n_kept (evaluation) == 0)
    return TRUE;
  ranked = rank (evaluation, measure);
  g_string_append_printf (page,
      "<h2>Worst frames</h2>\n<p class=soft>By %s, at most %d of a sequence. "
      "From the left: frame, map, truth.</p>\n",
      key, MAX_OF_SEQUENCE);
  if (!add_extremes (self, page, ranked, FALSE, key, error))
    return FALSE;
  g_string_append (page, "<h2>Best frames</h2>\n");
  return add_extremes (self, page, ranked, TRUE, key, error)
         && add_strips (self, page, error);
}
