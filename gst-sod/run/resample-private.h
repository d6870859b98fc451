/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image-private.h>

G_BEGIN_DECLS

/* Which samples make one sample of another axis: of output i, counts[i] from
 * firsts[i] on, with weights[i * max] ... that sum up to 1. */
typedef struct
{
  gint from, to;
  gfloat first, step; /* as in GstSodComponent */
  gint max;
  gint *firsts, *counts;
  gfloat *weights;
} GstSodResampleAxis;

/* A component at another size, by the rule that frames are preprocessed with:
 * a triangle as wide as the step when shrinking, bilinear when enlarging, edges
 * repeated; row by row. All zero to begin with; keeps its tables while the
 * geometry stays. */
typedef struct
{
  GstSodResampleAxis x, y;
  gfloat *row; /* (x.from) */
} GstSodResampler;

void gst_sod_resampler_clear (GstSodResampler *self);

/* For components of this geometry, made @width x @height samples. */
gboolean gst_sod_resampler_prepare (GstSodResampler *self,
    const GstSodComponent *component, gint width, gint height, GError **error);

/* Row @y of the codes: (width). */
void gst_sod_resampler_read_row (GstSodResampler *self,
    const GstSodComponent *component, gint y, gfloat *codes);

/* As prepare() and read_row(), of a dense (height, width) plane. */
gboolean gst_sod_resampler_prepare_plane (GstSodResampler *self,
    gint from_width, gint from_height, gint width, gint height, GError **error);
void gst_sod_resampler_read_plane_row (
    GstSodResampler *self, const gfloat *plane, gint y, gfloat *values);

G_END_DECLS
