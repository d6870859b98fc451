/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/nn/graph-private.h>

G_BEGIN_DECLS

/* The words that base.c and reverse.c are written in. Names are printf
 * formats, the value comes first so that layers read from the inside out. */

/* unit(channels, kernel, dilation, stride): dilated convolution without bias,
 * "same" zero padding, then batch norm, then ReLU; params are called
 * NAME.conv.weight and NAME.bn.*. */
typedef struct
{
  gint channels, kernel, dilation, stride;
} GstSodUnit;

GstSodValue gst_sod_build_unit (GstSodGraph *graph, GstSodValue x,
    GstSodUnit unit, const gchar *format, ...) G_GNUC_PRINTF (4, 5);

/* Parallel 3x3, 5x5 and 7x7 convolutions of stride 2 with a half, a quarter
 * and a quarter of @channels, concatenated: the first layer of both networks
 * (the paper, III.E). Labels it "stem". */
GstSodValue gst_sod_build_stem (
    GstSodGraph *graph, GstSodValue x, gint channels);

/* 3x3 convolution with bias, no activation: the last layer. */
GstSodValue gst_sod_build_conv_out (
    GstSodGraph *graph, GstSodValue x, gint channels, const gchar *name);

GstSodValue gst_sod_build_max_pool2 (GstSodGraph *graph, GstSodValue x,
    const gchar *format, ...) G_GNUC_PRINTF (3, 4);
GstSodValue gst_sod_build_avg_pool2 (GstSodGraph *graph, GstSodValue x,
    const gchar *format, ...) G_GNUC_PRINTF (3, 4);
GstSodValue gst_sod_build_up2 (GstSodGraph *graph, GstSodValue x,
    const gchar *format, ...) G_GNUC_PRINTF (3, 4);
GstSodValue gst_sod_build_add (GstSodGraph *graph, GstSodValue a, GstSodValue b,
    const gchar *format, ...) G_GNUC_PRINTF (4, 5);

G_END_DECLS
