/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/eval/evaluation.h>
#include <gst-sod/eval/pair.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_REPORT (gst_sod_report_get_type ())

/**
 * GstSodReport:
 *
 * An evaluation with what has to be said beside it (the split, hashes, trivial
 * floors, published figures), as one JSON object or as one HTML page that
 * needs nothing else. Not thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodReport, gst_sod_report, GST_SOD, REPORT, GObject)

/**
 * GstSodReportPairFunc:
 * @sequence: (nullable): the image's sequence, as it was added
 * @name: the image's name, as it was added
 * @user_data: what was given with the function
 * @error: return location for an error
 *
 * Reads a map, its truth and its picture once more, to be shown.
 *
 * Returns: (transfer full): the pair, or %NULL with @error set
 *
 * Since: 0.1
 */
typedef GstSodPair *(*GstSodReportPairFunc) (const gchar *sequence,
    const gchar *name, gpointer user_data, GError **error);

GST_SOD_API
GstSodReport *gst_sod_report_new (
    const gchar *title, GstSodEvaluation *evaluation);

GST_SOD_API
GstSodEvaluation *gst_sod_report_get_evaluation (GstSodReport *self);

GST_SOD_API
void gst_sod_report_add_fact (
    GstSodReport *self, const gchar *key, const gchar *value);

GST_SOD_API
void gst_sod_report_add_count (
    GstSodReport *self, const gchar *key, guint64 value);

GST_SOD_API
void gst_sod_report_add_floor (
    GstSodReport *self, const gchar *name, GstSodEvaluation *evaluation);

GST_SOD_API
void gst_sod_report_set_published (GstSodReport *self, const gchar *set);

GST_SOD_API
void gst_sod_report_set_pair_func (GstSodReport *self,
    GstSodReportPairFunc read, gpointer user_data, GDestroyNotify destroy);

GST_SOD_API
gchar *gst_sod_report_to_json (GstSodReport *self);

GST_SOD_API
gchar *gst_sod_report_to_html (GstSodReport *self, GError **error);

GST_SOD_API
gboolean gst_sod_report_write (
    GstSodReport *self, const gchar *folder, GError **error);

G_END_DECLS
