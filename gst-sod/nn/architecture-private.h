/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/tensor-private.h>
#include <gst-sod/nn/architecture.h>
#include <gst-sod/nn/graph-private.h>

G_BEGIN_DECLS

#define GST_SOD_BASE_LEVELS 4 /* stem and three blocks */
#define GST_SOD_REVERSE_BLOCKS                                                 \
  8 /* four in the encoder, four in the decoder                                \
     */

struct _GstSodArchitecture
{
  gatomicrefcount ref_count;
  GstSodNetworkKind kind;
  gchar *preset; /* "base", "small", "paper", "reverse" or "custom" */
  gint input_width, input_height; /* pixels, multiples of 16 */

  /* base */
  guint input_frames; /* 1: RGB; 2: RGB and the RGB of the frame before */
  gint widths[GST_SOD_BASE_LEVELS];
  gint encoder_dilations[GST_SOD_BASE_LEVELS - 1][2];
  gint decoder_dilations[GST_SOD_BASE_LEVELS - 1][2];
  gboolean skips; /* encoder's outputs added to the decoder's */

  /* reverse */
  gint stem_width;
  gint growth;
  gint blocks[GST_SOD_REVERSE_BLOCKS]; /* layers */
};

/* Input channels: 3 * input_frames for base, 1 for reverse. */
gint gst_sod_architecture_get_input_channels (const GstSodArchitecture *self);

/* The graph that training and inference start from, batch norm and all. The
 * output of base is the value labelled "map" (sigmoid) and "logits" is what
 * goes into it; the output of reverse is labelled "image". */
GstSodGraph *gst_sod_architecture_build (const GstSodArchitecture *self);

/* nn/base.c and nn/reverse.c */
GstSodGraph *gst_sod_base_build (const GstSodArchitecture *self);
GstSodGraph *gst_sod_reverse_build (const GstSodArchitecture *self);

G_END_DECLS
