/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From images to sequences to a set, as each school has it. */
#include <gst-sod/eval/tally-private.h>

typedef struct
{
  gchar *name;
  gboolean seen; /* an image */
  /* The newest image, which may turn out to be the last. */
  GstSodMeasures *pending;
  gchar *pending_name;
  GstSodSums sums;
} Sequence;

struct _GstSodTally
{
  GstSodSchool school;
  GstSodNanPolicy policy;
  gboolean keep_images;
  GPtrArray *sequences; /* of Sequence */
  GHashTable *by_name;  /* name -> index + 1 */
  GstSodSums set;       /* over images */
  guint64 n_seen;
  GArray *images; /* of GstSodEvaluationEntry */
};

static void
sequence_free (gpointer data)
{
  Sequence *sequence = data;

  g_clear_pointer (&sequence->pending, gst_sod_measures_unref);
  g_free (sequence->pending_name);
  g_free (sequence->name);
  g_free (sequence);
}

GstSodTally *
gst_sod_tally_new (GstSodSchool school)
{
  GstSodTally *self = g_new0 (GstSodTally, 1);

  self->school = school;
  self->sequences = g_ptr_array_new_with_free_func (sequence_free);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  self->images = gst_sod_evaluation_entries_new ();
  return self;
}

void
gst_sod_tally_free (GstSodTally *self)
{
  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->sequences);
  g_array_unref (self->images);
  g_free (self);
}

void
gst_sod_tally_set_nan_policy (GstSodTally *self, GstSodNanPolicy policy)
{
  self->policy = policy;
}

void
gst_sod_tally_set_keep_images (GstSodTally *self, gboolean keep)
{
  self->keep_images = keep;
}

guint
gst_sod_tally_get_sequence (GstSodTally *self, const gchar *name)
{
  guint index = GPOINTER_TO_UINT (g_hash_table_lookup (self->by_name, name));
  Sequence *sequence;

  if (index > 0)
    return index - 1;
  sequence = g_new0 (Sequence, 1);
  sequence->name = g_strdup (name);
  g_ptr_array_add (self->sequences, sequence);
  index = self->sequences->len;
  g_hash_table_insert (self->by_name, sequence->name, GUINT_TO_POINTER (index));
  return index - 1;
}

const gchar *
gst_sod_tally_get_sequence_name (const GstSodTally *self, guint sequence)
{
  const Sequence *found;

  if (sequence == GST_SOD_NO_SEQUENCE)
    return NULL;
  found = g_ptr_array_index (self->sequences, sequence);
  return found->name;
}

static void
count_image (GstSodTally *self, guint sequence, const gchar *name,
    const GstSodMeasures *measures)
{
  gst_sod_sums_add (&self->set, measures);
  if (sequence != GST_SOD_NO_SEQUENCE) {
    Sequence *of = g_ptr_array_index (self->sequences, sequence);

    gst_sod_sums_add (&of->sums, measures);
  }
  if (self->keep_images) {
    GstSodEvaluationEntry entry = { g_strdup (name), sequence, 1,
      gst_sod_measures_copy_values (measures) };

    g_array_append_val (self->images, entry);
  }
}

void
gst_sod_tally_add (GstSodTally *self, guint sequence, const gchar *name,
    GstSodMeasures *measures)
{
  Sequence *of = NULL;

  self->n_seen++;
  if (sequence != GST_SOD_NO_SEQUENCE)
    of = g_ptr_array_index (self->sequences, sequence);
  if (of == NULL || self->school != GST_SOD_SCHOOL_DAVSOD) {
    count_image (self, sequence, name, measures);
    return;
  }
  /* The first and the last image of a sequence are left out. */
  if (of->pending != NULL) {
    count_image (self, sequence, of->pending_name, of->pending);
    g_clear_pointer (&of->pending, gst_sod_measures_unref);
    g_clear_pointer (&of->pending_name, g_free);
  }
  if (of->seen) {
    of->pending = gst_sod_measures_ref (measures);
    of->pending_name = g_strdup (name);
  }
  of->seen = TRUE;
}

GstSodEvaluation *
gst_sod_tally_evaluate (GstSodTally *self, gboolean take_images)
{
  GstSodEvaluation *evaluation = g_new0 (GstSodEvaluation, 1);
  g_autofree GstSodSums *over_sequences = g_new0 (GstSodSums, 1);
  gboolean by_sequence = self->school == GST_SOD_SCHOOL_DAVSOD
                         || self->school == GST_SOD_SCHOOL_DAVIS;

  g_atomic_ref_count_init (&evaluation->ref_count);
  evaluation->school = self->school;
  evaluation->policy = self->policy;
  evaluation->n_images = self->set.n;
  evaluation->n_skipped = self->n_seen - self->set.n;
  for (guint i = 0; i < GST_SOD_N_MEASURES; i++) {
    if (gst_sod_school_has (self->school, i))
      evaluation->n_undefined[i] = self->set.n - self->set.n_defined[i];
  }
  evaluation->sequences = gst_sod_evaluation_entries_new ();
  for (guint i = 0; i < self->sequences->len; i++) {
    const Sequence *sequence = g_ptr_array_index (self->sequences, i);
    GstSodEvaluationEntry entry = { g_strdup (sequence->name), i,
      sequence->sums.n,
      gst_sod_sums_get_mean (&sequence->sums, self->school, self->policy) };

    g_array_append_val (evaluation->sequences, entry);
    if (sequence->sums.n > 0)
      gst_sod_sums_add (over_sequences, entry.measures);
  }
  evaluation->set = gst_sod_sums_get_mean (
      by_sequence ? over_sequences : &self->set, self->school, self->policy);
  if (take_images) {
    evaluation->images = self->images;
    self->images = gst_sod_evaluation_entries_new ();
  } else {
    evaluation->images = gst_sod_evaluation_entries_new ();
  }
  return evaluation;
}
