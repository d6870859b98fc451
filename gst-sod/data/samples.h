/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/image.h>

G_BEGIN_DECLS

/**
 * GstSodLabelDraw:
 * @GST_SOD_LABEL_DRAW_SEQUENCES: whole sequences, and stills one by one,
 *   drawn by the seed
 * @GST_SOD_LABEL_DRAW_PREFIX: the first labelled frames of every sequence,
 *   and stills one by one, drawn by the seed
 *
 * Which frames keep their labels where only some do. Never single frames of a
 * sequence: their neighbours are near copies.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_LABEL_DRAW_SEQUENCES,
  GST_SOD_LABEL_DRAW_PREFIX
} GstSodLabelDraw;

/**
 * GST_SOD_SAMPLES_NO_SEQUENCE:
 *
 * Sequence of a still.
 *
 * Since: 0.1
 */
#define GST_SOD_SAMPLES_NO_SEQUENCE G_MAXUINT

#define GST_SOD_TYPE_SAMPLES (gst_sod_samples_get_type ())

/**
 * GstSodSamples:
 *
 * Frames, some of them with labels, that training draws from: a data set, a
 * frame store, a part or a mixture of others. What it holds does not change
 * for as long as it lives. Thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_INTERFACE (GstSodSamples, gst_sod_samples, GST_SOD, SAMPLES, GObject)

GST_SOD_API
GstSodSamples *gst_sod_samples_new_mixture (
    GstSodSamples *const *parts, const gdouble *repeats, gsize n_parts);

GST_SOD_API
GstSodSamples *gst_sod_samples_new_selection (
    GstSodSamples *of, const guint *samples, gsize n_samples);

GST_SOD_API
GstSodSamples *gst_sod_samples_new_labelled (GstSodSamples *of);

GST_SOD_API
GstSodSamples *gst_sod_samples_new_labelled_fraction (GstSodSamples *of,
    gdouble fraction, GstSodLabelDraw draw, guint64 seed, GError **error);

GST_SOD_API
void gst_sod_samples_divide (GstSodSamples *self, gdouble share,
    GstSodSamples **learnt, GstSodSamples **held_out);

GST_SOD_API
guint gst_sod_samples_get_n_samples (GstSodSamples *self);

GST_SOD_API
guint gst_sod_samples_get_n_labelled (GstSodSamples *self);

GST_SOD_API
gboolean gst_sod_samples_is_labelled (GstSodSamples *self, guint sample);

GST_SOD_API
const gchar *gst_sod_samples_get_name (GstSodSamples *self, guint sample);

GST_SOD_API
guint gst_sod_samples_get_sequence (GstSodSamples *self, guint sample);

GST_SOD_API
gboolean gst_sod_samples_read (GstSodSamples *self, guint sample,
    GstSodImage **image, GstSodImage **mask, GError **error);

GST_SOD_API
gboolean gst_sod_samples_read_weights (
    GstSodSamples *self, guint sample, GstSodImage **weights, GError **error);

GST_SOD_API
gboolean gst_sod_samples_find_neighbour (
    GstSodSamples *self, guint sample, gint distance, guint *neighbour);

GST_SOD_API
gchar *gst_sod_samples_get_hash (GstSodSamples *self);

G_END_DECLS
