/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

/* ---- taps ---- */

/* Weights of the samples along one direction that make each output: the
 * antialiased triangle filter when shrinking, linear interpolation when
 * enlarging. Every output takes the same number of samples from its own first
 * one on, some with a weight of 0. */
typedef struct
{
  gint n_out, n_in;
  gfloat first, step; /* where the samples are, as in GstSodComponent */
  gint count;         /* samples an output */
  gint *starts;       /* (n_out) first sample; starts + count may pass n_in */
  gfloat *weights;    /* (n_out, count) */

  /* The same for GST_SOD_ONEDNN_GROUP outputs at a time. */
  gint32 *distances;     /* (n_out) from the start of the group's first */
  gfloat *group_weights; /* (n_out / group, count, group) */
  gint span;             /* greatest distance; G_MAXINT: no groups here */
} GstSodOnednnTaps;

#define GST_SOD_ONEDNN_GROUP 8

/* Samples past the last one that may be read, with a weight of 0. */
static inline gsize
gst_sod_onednn_taps_slack (const GstSodOnednnTaps *self, gint stride)
{
  return (gsize) self->count * stride + 2 * GST_SOD_ONEDNN_GROUP;
}

/* Computes them where they are not those already; FALSE and
 * GST_SOD_ERROR_NO_MEMORY. */
gboolean gst_sod_onednn_taps_set (GstSodOnednnTaps *self, gint n_out, gint n_in,
    gfloat first, gfloat step, GError **error);
void gst_sod_onednn_taps_clear (GstSodOnednnTaps *self);

/* ---- targets ---- */

/* Where a picture goes: element (c, y, x) at c * channel + y * row + x * pixel.
 */
typedef struct
{
  gpointer data;
  gboolean bf16; /* else f32 */
  gint channels, height, width;
  gint64 channel, row, pixel;
} GstSodOnednnTarget;

/* @planes: dense (channels, height, width). */
void gst_sod_onednn_target_write (
    const GstSodOnednnTarget *self, const gfloat *planes);

/* ---- pictures ---- */

/* Preprocess and postprocess of one stream, with what they remember of the
 * geometry of its pictures. Takes memory only when that changes. */
typedef struct _GstSodOnednnPicture GstSodOnednnPicture;

GstSodOnednnPicture *gst_sod_onednn_picture_new (void);
void gst_sod_onednn_picture_free (GstSodOnednnPicture *self);

/* preprocess: @target has three channels, by @rule, or one: a gray picture in
 * 0..1. */
gboolean gst_sod_onednn_picture_read (GstSodOnednnPicture *self,
    const GstSodImage *image, const GstSodInputRule *rule,
    const GstSodOnednnTarget *target, GError **error);

/* postprocess: @values (height, width) in 0..1 to 8-bit gray of any size. */
gboolean gst_sod_onednn_picture_write (GstSodOnednnPicture *self,
    const gfloat *values, gint height, gint width, GstSodImage *map,
    GError **error);

/* ---- what reading and writing share ---- */

/* Grows @buffer to @length values; FALSE and GST_SOD_ERROR_NO_MEMORY. */
gboolean gst_sod_onednn_reserve (
    gfloat **buffer, gsize *capacity, gsize length, GError **error);

/* Whether rows of @stride are better made contiguous first. */
static inline gboolean
gst_sod_onednn_taps_want_line (const GstSodOnednnTaps *self, gint stride)
{
  return stride > 1 && (gint64) self->span * stride >= 2 * GST_SOD_ONEDNN_GROUP;
}

/* out[x] = sum of weights * row[(starts[x] + i) * stride]. */
void gst_sod_onednn_filter_row (
    const GstSodOnednnTaps *taps, const gfloat *row, gint stride, gfloat *out);

struct _GstSodOnednnPicture
{
  /* pictures in */
  GstSodOnednnTaps across[3], down[3]; /* of each component */
  gfloat *row;                         /* one row of samples, filtered down */
  gsize row_capacity;
  gfloat *line; /* of one component, taken out of an interleaved row */
  gsize line_capacity;
  gfloat *codes; /* (3, width) */
  gsize codes_capacity;

  /* maps out */
  GstSodOnednnTaps map_across, map_down;
  gfloat *rows; /* (network's height, map's width) */
  gsize rows_capacity;
};

G_END_DECLS
