/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/onednn/plan-private.h>

G_BEGIN_DECLS

/* Convolution to one channel of a sample that lies channels last. */
typedef struct
{
  const guint8 *source;  /* (h, w, c) */
  const gfloat *weights; /* (size, size, c) */
  gfloat bias;
  gint64 c, h, w;
  gint64 out_w;
  gint padding;
} GstSodOneSample;

/* Row @y of the outputs, to @out (out_w). */
typedef void (*GstSodOneFunc) (
    const GstSodOneSample *self, gint64 y, gfloat *out);

/* With AVX-512; NULL where this CPU has none, or it does not do @step. */
GstSodOneFunc gst_sod_one_get_fast (const GstSodOnednnStep *step);

G_END_DECLS
