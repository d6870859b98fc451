/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/dataset.h>

G_BEGIN_DECLS

/**
 * GST_SOD_SPLIT_DISTANCE:
 *
 * Bits of 64 in which near-identical frames may differ, when nothing else is
 * asked for.
 *
 * Since: 0.1
 */
#define GST_SOD_SPLIT_DISTANCE 8

#define GST_SOD_TYPE_SPLIT (gst_sod_split_get_type ())

/**
 * GstSodSplit:
 *
 * A data set in two: what a model learns from, and what it is tested on. Knows
 * how it was drawn, and, once checked, whether the test leaks into the
 * training. Not thread-safe while it is checked.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodSplit, gst_sod_split, GST_SOD, SPLIT, GObject)

GST_SOD_API
GstSodSplit *gst_sod_split_new (GstSodDataset *train, GstSodDataset *test);

GST_SOD_API
GstSodSplit *gst_sod_split_new_sequences (
    GstSodDataset *dataset, gdouble fraction, guint64 seed, GError **error);

GST_SOD_API
GstSodSplit *gst_sod_split_new_prefix (
    GstSodDataset *dataset, gdouble fraction, GError **error);

GST_SOD_API
GstSodSplit *gst_sod_split_new_list (
    GstSodDataset *dataset, const gchar *path, GError **error);

GST_SOD_API
GstSodSplit *gst_sod_split_new_scenario (
    GstSodDataset *dataset, const gchar *scenario, GError **error);

GST_SOD_API
GstSodDataset *gst_sod_split_get_train (GstSodSplit *self);

GST_SOD_API
GstSodDataset *gst_sod_split_get_test (GstSodSplit *self);

GST_SOD_API
gboolean gst_sod_split_check (
    GstSodSplit *self, guint distance, gboolean force, GError **error);

GST_SOD_API
gboolean gst_sod_split_is_checked (GstSodSplit *self);

GST_SOD_API
gboolean gst_sod_split_is_leaking (GstSodSplit *self);

GST_SOD_API
gchar *gst_sod_split_to_json (GstSodSplit *self);

G_END_DECLS
