/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodevalresult.h"

GstStructure *
sod_eval_describe (
    GstSodEvaluation *evaluation, const SodPairCounts *counts, gboolean final)
{
  g_autoptr (GstSodMeasures) set = gst_sod_evaluation_get_set (evaluation);
  GstStructure *structure =
      gst_structure_new ("sodeval", "school", G_TYPE_STRING,
          gst_sod_school_get_name (gst_sod_evaluation_get_school (evaluation)),
          "final", G_TYPE_BOOLEAN, final, "images", G_TYPE_UINT64,
          gst_sod_evaluation_get_n_images (evaluation), "unlabelled",
          G_TYPE_UINT64, counts->unlabelled, "without-prediction",
          G_TYPE_UINT64, counts->without_prediction, NULL);

  /* The change along the motion needs pictures, which do not come here. */
  for (GstSodMeasure i = 0; i < GST_SOD_MEASURE_WARPING_ERROR; i++) {
    if (gst_sod_measures_has (set, i))
      gst_structure_set (structure, gst_sod_measure_get_key (i), G_TYPE_DOUBLE,
          gst_sod_measures_get (set, i), NULL);
  }
  return structure;
}

gboolean
sod_eval_write_json (const gchar *location, const gchar *title,
    GstSodEvaluation *evaluation, const SodPairCounts *counts, GError **error)
{
  g_autoptr (GstSodReport) report = gst_sod_report_new (title, evaluation);
  g_autofree gchar *json = NULL;
  g_autoptr (GError) reason = NULL;

  gst_sod_report_add_count (report, "unlabelled", counts->unlabelled);
  gst_sod_report_add_count (
      report, "without_prediction", counts->without_prediction);
  json = gst_sod_report_to_json (report);
  if (g_file_set_contents (location, json, -1, &reason))
    return TRUE;
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
      "the measures cannot be written to %s: %s; set location to a file in a "
      "folder that exists and may be written to",
      location, reason->message);
  return FALSE;
}
