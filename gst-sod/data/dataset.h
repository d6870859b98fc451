/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/image.h>
#include <gst-sod/data/dataset-layout.h>

G_BEGIN_DECLS

/**
 * GstSodDatasetFlags:
 * @GST_SOD_DATASET_FLAG_NONE: nothing special
 * @GST_SOD_DATASET_FLAG_SPARSE: frames without a mask are unlabelled, also
 *   where the layout has a mask for each
 *
 * How strictly a data set is read.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_DATASET_FLAG_NONE = 0,
  GST_SOD_DATASET_FLAG_SPARSE = 1 << 0
} GstSodDatasetFlags;

#define GST_SOD_TYPE_DATASET (gst_sod_dataset_get_type ())

/**
 * GstSodDataset:
 *
 * The list of a data set: its frames in the order of their sequences and
 * names, each with the mask it has or none. Pictures stay in their files until
 * they are asked for. Stills have no sequence: its name is empty.
 *
 * Immutable; share it freely between threads.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodDataset, gst_sod_dataset, GST_SOD, DATASET, GObject)

GST_SOD_API
GstSodDataset *gst_sod_dataset_open (GstSodDatasetLayout layout,
    const gchar *root, const gchar *set, GstSodDatasetFlags flags,
    GError **error);

GST_SOD_API
GstSodDataset *gst_sod_dataset_open_pairs (const gchar *images,
    const gchar *masks, const gchar *set, GstSodDatasetFlags flags,
    GError **error);

GST_SOD_API
GstSodDatasetLayout gst_sod_dataset_get_layout (GstSodDataset *self);

GST_SOD_API
const gchar *gst_sod_dataset_get_root (GstSodDataset *self);

GST_SOD_API
const gchar *gst_sod_dataset_get_set (GstSodDataset *self);

GST_SOD_API
guint gst_sod_dataset_get_n_items (GstSodDataset *self);

GST_SOD_API
guint gst_sod_dataset_get_n_labelled (GstSodDataset *self);

GST_SOD_API
const gchar *gst_sod_dataset_get_item_name (GstSodDataset *self, guint item);

GST_SOD_API
guint gst_sod_dataset_get_item_sequence (GstSodDataset *self, guint item);

GST_SOD_API
const gchar *gst_sod_dataset_get_image_path (GstSodDataset *self, guint item);

GST_SOD_API
const gchar *gst_sod_dataset_get_mask_path (GstSodDataset *self, guint item);

GST_SOD_API
gboolean gst_sod_dataset_is_labelled (GstSodDataset *self, guint item);

GST_SOD_API
guint gst_sod_dataset_get_n_sequences (GstSodDataset *self);

GST_SOD_API
const gchar *gst_sod_dataset_get_sequence_name (
    GstSodDataset *self, guint sequence);

GST_SOD_API
guint gst_sod_dataset_get_sequence_range (
    GstSodDataset *self, guint sequence, guint *first);

GST_SOD_API
const gchar *gst_sod_dataset_get_scenario (GstSodDataset *self, guint sequence);

GST_SOD_API
gboolean gst_sod_dataset_read (GstSodDataset *self, guint item,
    GstSodImage **image, GstSodImage **mask, GError **error);

GST_SOD_API
GstSodDataset *gst_sod_dataset_add_scenarios (
    GstSodDataset *self, const gchar *path, GError **error);

GST_SOD_API
GstSodDataset *gst_sod_dataset_select_items (
    GstSodDataset *self, const guint *items, gsize n_items);

GST_SOD_API
GstSodDataset *gst_sod_dataset_select_list (
    GstSodDataset *self, const gchar *path, GError **error);

GST_SOD_API
GstSodDataset *gst_sod_dataset_select_scenario (
    GstSodDataset *self, const gchar *scenario, GError **error);

GST_SOD_API
gchar *gst_sod_dataset_get_hash (GstSodDataset *self);

G_END_DECLS
