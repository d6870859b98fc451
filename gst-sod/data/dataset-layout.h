/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/error.h>

G_BEGIN_DECLS

/**
 * GstSodDatasetLayout:
 * @GST_SOD_DATASET_LAYOUT_DAVIS: DAVIS-2016 and DAVIS-2017:
 * `JPEGImages/480p/SEQUENCE`, `Annotations/480p/SEQUENCE`,
 * `ImageSets/480p/SET.txt`; every frame has a mask
 * @GST_SOD_DATASET_LAYOUT_VOS: VOS: `JPEGImages/SEQUENCE`,
 * `Annotations/SEQUENCE`; few frames have a mask
 * @GST_SOD_DATASET_LAYOUT_FBMS: FBMS-59, original (`SEQUENCE/GroundTruth` with
 * regions in PGM or PPM) or repacked (binary PNG); few frames have a mask
 * @GST_SOD_DATASET_LAYOUT_DAVSOD: DAVSOD: `SET/SEQUENCE/Imgs`,
 *   `SET/SEQUENCE/ground-truth`
 * @GST_SOD_DATASET_LAYOUT_DUTS: DUTS: `DUTS-TR/DUTS-TR-Image`,
 * `DUTS-TR/DUTS-TR-Mask`; stills
 * @GST_SOD_DATASET_LAYOUT_UCSD: UCSD background subtraction: as VOS, every
 * frame has a mask
 * @GST_SOD_DATASET_LAYOUT_PAIRS: two folders whose file names match but for
 * their extension; folders in them are sequences
 * @GST_SOD_DATASET_LAYOUT_COCO: a COCO file of annotations, polygons or run
 * lengths
 * @GST_SOD_DATASET_LAYOUT_CVAT: an export "CVAT for images 1.1"
 * @GST_SOD_DATASET_LAYOUT_LABELME: a folder of LabelMe's JSON files
 *
 * How the files of a data set lie. docs/data-layouts.md describes each.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_DATASET_LAYOUT_DAVIS,
  GST_SOD_DATASET_LAYOUT_VOS,
  GST_SOD_DATASET_LAYOUT_FBMS,
  GST_SOD_DATASET_LAYOUT_DAVSOD,
  GST_SOD_DATASET_LAYOUT_DUTS,
  GST_SOD_DATASET_LAYOUT_UCSD,
  GST_SOD_DATASET_LAYOUT_PAIRS,
  GST_SOD_DATASET_LAYOUT_COCO,
  GST_SOD_DATASET_LAYOUT_CVAT,
  GST_SOD_DATASET_LAYOUT_LABELME
} GstSodDatasetLayout;

GST_SOD_API
const gchar *gst_sod_dataset_layout_get_name (GstSodDatasetLayout layout);

GST_SOD_API
gboolean gst_sod_dataset_layout_from_name (
    const gchar *name, GstSodDatasetLayout *layout, GError **error);

G_END_DECLS
