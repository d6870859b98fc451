/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/random.h>
#include <gst-sod/core/tensor.h>

G_BEGIN_DECLS

/* What is done to a map on its way into the reverse network, so that a base
 * network cannot hide the picture in the map's fine shades (the augmented
 * phase is image -> map -> image; nothing else would hold it back). */
typedef struct
{
  gdouble noise;     /* standard deviation of what is added; 0: nothing is */
  gboolean pool;     /* mean of 2x2 pixels, at their place */
  gboolean binarise; /* then 0 or 1; gradients pass straight through */
} GstSodDegradation;

/* A new tensor of the shape of @map, f32 (n, 1, h, w), h and w even. Takes its
 * noise from @random. */
GstSodTensor *gst_sod_degrade (const GstSodDegradation *self,
    const GstSodTensor *map, GstSodRandom *random, GError **error);

/* Turns the gradient of what came out into that of what went in, in place. */
void gst_sod_degrade_backward (
    const GstSodDegradation *self, GstSodTensor *d_map);

G_END_DECLS
