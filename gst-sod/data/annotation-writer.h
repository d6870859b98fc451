/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/image.h>
#include <gst-sod/data/dataset-layout.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_ANNOTATION_WRITER (gst_sod_annotation_writer_get_type ())

/**
 * GstSodAnnotationWriter:
 *
 * Writes pictures with their masks as polygons into a folder, the way a
 * labelling tool takes them; gst_sod_dataset_open() reads them back. Not
 * thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (GstSodAnnotationWriter, gst_sod_annotation_writer,
    GST_SOD, ANNOTATION_WRITER, GObject)

GST_SOD_API
GstSodAnnotationWriter *gst_sod_annotation_writer_new (
    GstSodDatasetLayout layout, const gchar *folder, GError **error);

GST_SOD_API
gboolean gst_sod_annotation_writer_add (GstSodAnnotationWriter *self,
    const gchar *name, GstSodImage *picture, const GstSodImage *mask,
    GError **error);

GST_SOD_API
gboolean gst_sod_annotation_writer_finish (
    GstSodAnnotationWriter *self, GError **error);

G_END_DECLS
