/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/eval/evaluation.h>

#include <gst-sod/eval/tally-private.h>
#include <json-glib/json-glib.h>
#include <math.h>

G_DEFINE_BOXED_TYPE (GstSodEvaluation, gst_sod_evaluation,
    gst_sod_evaluation_ref, gst_sod_evaluation_unref)

static void
clear_entry (gpointer data)
{
  GstSodEvaluationEntry *entry = data;

  g_clear_pointer (&entry->name, g_free);
  g_clear_pointer (&entry->measures, gst_sod_measures_unref);
}

GArray *
gst_sod_evaluation_entries_new (void)
{
  GArray *entries = g_array_new (FALSE, FALSE, sizeof (GstSodEvaluationEntry));

  g_array_set_clear_func (entries, clear_entry);
  return entries;
}

static const GstSodEvaluationEntry *
get_entry (const GArray *entries, guint index)
{
  return &g_array_index (entries, GstSodEvaluationEntry, index);
}

/**
 * gst_sod_evaluation_ref:
 * @self: an evaluation
 *
 * Takes a reference. Thread-safe.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
GstSodEvaluation *
gst_sod_evaluation_ref (GstSodEvaluation *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * gst_sod_evaluation_unref:
 * @self: (transfer full): an evaluation
 *
 * Gives a reference back. Thread-safe.
 *
 * Since: 0.1
 */
void
gst_sod_evaluation_unref (GstSodEvaluation *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  gst_sod_measures_unref (self->set);
  g_array_unref (self->sequences);
  g_array_unref (self->images);
  g_free (self);
}

/**
 * gst_sod_evaluation_get_school:
 * @self: an evaluation
 *
 * Returns: the school that every value belongs to
 *
 * Since: 0.1
 */
GstSodSchool
gst_sod_evaluation_get_school (const GstSodEvaluation *self)
{
  g_return_val_if_fail (self != NULL, GST_SOD_SCHOOL_PYSOD);

  return self->school;
}

/**
 * gst_sod_evaluation_get_set:
 * @self: an evaluation
 *
 * Returns: (transfer full): the measures of the whole set, with curves
 *
 * Since: 0.1
 */
GstSodMeasures *
gst_sod_evaluation_get_set (const GstSodEvaluation *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return gst_sod_measures_ref (self->set);
}

/**
 * gst_sod_evaluation_get_n_images:
 * @self: an evaluation
 *
 * Returns: how many images the values are means of
 *
 * Since: 0.1
 */
guint64
gst_sod_evaluation_get_n_images (const GstSodEvaluation *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_images;
}

/**
 * gst_sod_evaluation_get_n_skipped:
 * @self: an evaluation
 *
 * Returns: how many images the school left out: in %GST_SOD_SCHOOL_DAVSOD the
 *   first and the last of each sequence
 *
 * Since: 0.1
 */
guint64
gst_sod_evaluation_get_n_skipped (const GstSodEvaluation *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_skipped;
}

/**
 * gst_sod_evaluation_get_n_undefined:
 * @self: an evaluation
 * @measure: which
 *
 * Returns: for how many of the images @measure is undefined
 *
 * Since: 0.1
 */
guint64
gst_sod_evaluation_get_n_undefined (
    const GstSodEvaluation *self, GstSodMeasure measure)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (measure < GST_SOD_N_MEASURES, 0);

  return self->n_undefined[measure];
}

/**
 * gst_sod_evaluation_get_n_sequences:
 * @self: an evaluation
 *
 * Returns: how many sequences were named
 *
 * Since: 0.1
 */
guint
gst_sod_evaluation_get_n_sequences (const GstSodEvaluation *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->sequences->len;
}

/**
 * gst_sod_evaluation_get_sequence_name:
 * @self: an evaluation
 * @sequence: index of a sequence, in the order in which they came
 *
 * Returns: (transfer none): its name
 *
 * Since: 0.1
 */
const gchar *
gst_sod_evaluation_get_sequence_name (
    const GstSodEvaluation *self, guint sequence)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (sequence < self->sequences->len, NULL);

  return get_entry (self->sequences, sequence)->name;
}

/**
 * gst_sod_evaluation_get_sequence_n_images:
 * @self: an evaluation
 * @sequence: index of a sequence
 *
 * Returns: how many of its images count
 *
 * Since: 0.1
 */
guint64
gst_sod_evaluation_get_sequence_n_images (
    const GstSodEvaluation *self, guint sequence)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (sequence < self->sequences->len, 0);

  return get_entry (self->sequences, sequence)->n_images;
}

/**
 * gst_sod_evaluation_get_sequence:
 * @self: an evaluation
 * @sequence: index of a sequence
 *
 * Returns: (transfer full): its measures, with curves
 *
 * Since: 0.1
 */
GstSodMeasures *
gst_sod_evaluation_get_sequence (const GstSodEvaluation *self, guint sequence)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (sequence < self->sequences->len, NULL);

  return gst_sod_measures_ref (get_entry (self->sequences, sequence)->measures);
}

/**
 * gst_sod_evaluation_get_n_kept:
 * @self: an evaluation
 *
 * Returns: how many images were kept: all that count, or none (see
 *   gst_sod_evaluator_set_keep_images())
 *
 * Since: 0.1
 */
guint
gst_sod_evaluation_get_n_kept (const GstSodEvaluation *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->images->len;
}

/**
 * gst_sod_evaluation_get_image_name:
 * @self: an evaluation
 * @image: index of a kept image, in the order in which they came (in
 *   %GST_SOD_SCHOOL_DAVSOD, in the order of the images after them)
 *
 * Returns: (transfer none) (nullable): its name
 *
 * Since: 0.1
 */
const gchar *
gst_sod_evaluation_get_image_name (const GstSodEvaluation *self, guint image)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (image < self->images->len, NULL);

  return get_entry (self->images, image)->name;
}

/**
 * gst_sod_evaluation_get_image_sequence:
 * @self: an evaluation
 * @image: index of a kept image
 *
 * Returns: the index of its sequence, or 4294967295 where it belongs to none
 *
 * Since: 0.1
 */
guint
gst_sod_evaluation_get_image_sequence (
    const GstSodEvaluation *self, guint image)
{
  g_return_val_if_fail (self != NULL, GST_SOD_NO_SEQUENCE);
  g_return_val_if_fail (image < self->images->len, GST_SOD_NO_SEQUENCE);

  return get_entry (self->images, image)->sequence;
}

/**
 * gst_sod_evaluation_get_image:
 * @self: an evaluation
 * @image: index of a kept image
 *
 * Returns: (transfer full): its measures, without curves
 *
 * Since: 0.1
 */
GstSodMeasures *
gst_sod_evaluation_get_image (const GstSodEvaluation *self, guint image)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (image < self->images->len, NULL);

  return gst_sod_measures_ref (get_entry (self->images, image)->measures);
}

static void
add_string (JsonBuilder *builder, const gchar *key, const gchar *text)
{
  g_autofree gchar *valid = text != NULL ? g_utf8_make_valid (text, -1) : NULL;

  json_builder_set_member_name (builder, key);
  if (valid != NULL)
    json_builder_add_string_value (builder, valid);
  else
    json_builder_add_null_value (builder);
}

static void
add_count (JsonBuilder *builder, const gchar *key, guint64 count)
{
  json_builder_set_member_name (builder, key);
  json_builder_add_int_value (builder, (gint64) count);
}

static void
add_values (JsonBuilder *builder, const GstSodMeasures *measures)
{
  for (guint i = 0; i < GST_SOD_N_MEASURES; i++) {
    if (!gst_sod_school_has (measures->school, i))
      continue;
    /* Without pictures nothing is known of the motion. */
    if (i == GST_SOD_MEASURE_WARPING_ERROR && isnan (measures->values[i]))
      continue;
    json_builder_set_member_name (builder, gst_sod_measure_get_key (i));
    if (isnan (measures->values[i]))
      json_builder_add_null_value (builder);
    else
      json_builder_add_double_value (builder, measures->values[i]);
  }
}

static void
add_curves (JsonBuilder *builder, const GstSodMeasures *measures)
{
  json_builder_set_member_name (builder, "curves");
  json_builder_begin_object (builder);
  for (guint i = 0; i < GST_SOD_N_CURVES; i++) {
    if (!gst_sod_school_has_curve (measures->school, i))
      continue;
    json_builder_set_member_name (builder, gst_sod_curve_get_key (i));
    json_builder_begin_array (builder);
    for (guint j = 0; j < GST_SOD_N_THRESHOLDS; j++)
      json_builder_add_double_value (builder, measures->curves[i][j]);
    json_builder_end_array (builder);
  }
  json_builder_end_object (builder);
}

static void
add_sequences (JsonBuilder *builder, const GstSodEvaluation *self)
{
  json_builder_set_member_name (builder, "per_sequence");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->sequences->len; i++) {
    const GstSodEvaluationEntry *entry = get_entry (self->sequences, i);

    json_builder_begin_object (builder);
    add_string (builder, "sequence", entry->name);
    add_count (builder, "images", entry->n_images);
    add_values (builder, entry->measures);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
add_images (JsonBuilder *builder, const GstSodEvaluation *self)
{
  json_builder_set_member_name (builder, "per_image");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->images->len; i++) {
    const GstSodEvaluationEntry *entry = get_entry (self->images, i);

    json_builder_begin_object (builder);
    add_string (builder, "sequence",
        entry->sequence != GST_SOD_NO_SEQUENCE
            ? get_entry (self->sequences, entry->sequence)->name
            : NULL);
    add_string (builder, "image", entry->name);
    add_values (builder, entry->measures);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

/**
 * gst_sod_evaluation_to_json:
 * @self: an evaluation
 *
 * Writes everything as one JSON object: `school`, `nan_policy`, the counts
 * `images` and `skipped`, one key per measure of the school (`null` where it
 * is undefined), `undefined` (per measure, how many images have no value),
 * `curves` (256 values each, from threshold 0), `per_sequence` and, where
 * images were kept, `per_image`. docs/measures.md describes each.
 *
 * Returns: (transfer full): the object, on one line
 *
 * Since: 0.1
 */
gchar *
gst_sod_evaluation_to_json (const GstSodEvaluation *self)
{
  g_autoptr (JsonBuilder) builder = NULL;
  g_autoptr (JsonNode) root = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  builder = json_builder_new_immutable ();
  json_builder_begin_object (builder);
  add_string (builder, "school", gst_sod_school_get_name (self->school));
  add_string (builder, "nan_policy",
      self->policy == GST_SOD_NAN_POLICY_SKIP ? "skip" : "match");
  add_count (builder, "images", self->n_images);
  add_count (builder, "skipped", self->n_skipped);
  add_values (builder, self->set);
  json_builder_set_member_name (builder, "undefined");
  json_builder_begin_object (builder);
  for (guint i = 0; i < GST_SOD_N_MEASURES; i++) {
    if (gst_sod_school_has (self->school, i))
      add_count (builder, gst_sod_measure_get_key (i), self->n_undefined[i]);
  }
  json_builder_end_object (builder);
  add_curves (builder, self->set);
  add_sequences (builder, self);
  if (self->images->len > 0)
    add_images (builder, self);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}
