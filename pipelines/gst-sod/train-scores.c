/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train-scores.h"

#include <gst-sod/gstsod.h>
#include <math.h>

/* As measures are named, and as a table heads them. */
static const struct
{
  const gchar *name, *heading;
} columns[] = {
  { "max_f", "max F" },
  { "mean_f", "mean F" },
  { "mae", "MAE" },
  { "iou", "IoU" },
  { "reconstruction", "error" },
};

struct _SodTrainScores
{
  gchar *measure;
  gboolean has_header;
  GHashTable *best; /* node -> gdouble, of which more is better */
};

SodTrainScores *
sod_train_scores_new (const gchar *measure)
{
  SodTrainScores *self = g_new0 (SodTrainScores, 1);

  self->measure = g_strdup (measure);
  self->best = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
sod_train_scores_free (SodTrainScores *self)
{
  g_hash_table_unref (self->best);
  g_free (self->measure);
  g_free (self);
}

/* Of a reverse network the error counts, whatever the measure is. */
static gdouble
find_rank (const SodTrainScores *self, const gchar *measures)
{
  gdouble error = gst_sod_training_scores_get (measures, "reconstruction");
  gdouble value = gst_sod_training_scores_get (measures, self->measure);

  if (!isnan (error))
    return -error;
  return g_str_equal (self->measure, "mae") ? -value : value;
}

static gboolean
note_best (SodTrainScores *self, const gchar *node, const gchar *measures)
{
  gdouble rank = find_rank (self, measures);
  const gdouble *best = g_hash_table_lookup (self->best, node);
  gdouble *better;

  if (isnan (rank) || (best != NULL && rank <= *best))
    return FALSE;
  better = g_new (gdouble, 1);
  *better = rank;
  g_hash_table_replace (self->best, g_strdup (node), better);
  return TRUE;
}

static void
append_number (GString *line, const gchar *measures, const gchar *name,
    gint width, const gchar *format)
{
  gdouble value = gst_sod_training_scores_get (measures, name);
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (line, " %*s", width,
      isnan (value) ? "-"
                    : g_ascii_formatd (text, sizeof (text), format, value));
}

static void
append_header (GString *line)
{
  g_string_append_printf (
      line, "%-16s %5s %5s %7s", "node", "phase", "round", "step");
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    g_string_append_printf (line, " %7s", columns[i].heading);
  g_string_append (line, "  * best so far\n");
}

gchar *
sod_train_scores_add (
    SodTrainScores *self, const gchar *node, const gchar *measures)
{
  GString *line = g_string_new (NULL);

  if (!self->has_header)
    append_header (line);
  self->has_header = TRUE;
  g_string_append_printf (line, "%-16s", node);
  append_number (line, measures, "phase", 5, "%.0f");
  append_number (line, measures, "round", 5, "%.0f");
  append_number (line, measures, "step", 7, "%.0f");
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    append_number (line, measures, columns[i].name, 7, "%.4f");
  if (note_best (self, node, measures))
    g_string_append (line, "  *");
  return g_string_free (line, FALSE);
}

gchar *
sod_train_scores_describe (const gchar *node, const gchar *measures)
{
  GString *line = g_string_new (NULL);

  g_string_append_printf (line, "%-16s", node);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++) {
    gdouble value = gst_sod_training_scores_get (measures, columns[i].name);
    gchar text[G_ASCII_DTOSTR_BUF_SIZE];

    if (!isnan (value))
      g_string_append_printf (line, "  %s %s", columns[i].name,
          g_ascii_formatd (text, sizeof (text), "%.4f", value));
  }
  return g_string_free (line, FALSE);
}
