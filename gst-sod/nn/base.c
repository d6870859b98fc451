/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The base network of an edge node: image -> saliency map (the paper, III.B
 * and III.E). A fully convolutional network: an encoder of one convolution
 * layer (3x3, 5x5 and 7x7 kernels side by side) and three convolution blocks,
 * and a decoder symmetric to it. Every convolution is dilated.
 *
 *   x0 = stem (image)                                      1/2
 *   x1 = block (pool (x0))   x2 = ...   x3 = ...           1/4  1/8  1/16
 *   y2 = up (block (x3)) + x2                              1/8
 *   y1 = up (block (y2)) + x1   y0 = up (block (y1)) + x0  1/4  1/2
 *   logits = up (conv (y0))     map = sigmoid (logits)     1/1
 */
#include <gst-sod/nn/architecture-private.h>
#include <gst-sod/nn/builder-private.h>

#define BLOCKS (GST_SOD_BASE_LEVELS - 1)

/* Two 3x3 units with a dilation each: (n, ., h, w) -> (n, channels, h, w). */
static GstSodValue
build_block (GstSodGraph *graph, GstSodValue x, gint channels,
    const gint dilations[2], const gchar *half, gint index)
{
  for (gint i = 0; i < 2; i++)
    x = gst_sod_build_unit (graph, x,
        (GstSodUnit){ channels, 3, dilations[i], 1 }, "%s.%d.%d", half, index,
        i);
  return x;
}

static void
label_block (GstSodGraph *graph, GstSodValue x, const gchar *half, gint index)
{
  g_autofree gchar *label = g_strdup_printf ("%s.%d", half, index);

  gst_sod_graph_set_label (graph, x, label);
}

GstSodGraph *
gst_sod_base_build (const GstSodArchitecture *self)
{
  const gint *widths = self->widths;
  GstSodGraph *graph = gst_sod_graph_new ();
  GstSodValue x[GST_SOD_BASE_LEVELS], y, logits;

  x[0] = gst_sod_build_stem (graph, graph->input, widths[0]);
  for (gint i = 0; i < BLOCKS; i++) {
    y = gst_sod_build_max_pool2 (graph, x[i], "enc.%d.pool", i);
    x[i + 1] = build_block (
        graph, y, widths[i + 1], self->encoder_dilations[i], "enc", i);
    label_block (graph, x[i + 1], "enc", i);
  }

  y = x[BLOCKS];
  for (gint i = 0; i < BLOCKS; i++) {
    gint level = BLOCKS - 1 - i;

    y = build_block (
        graph, y, widths[level], self->decoder_dilations[i], "dec", i);
    label_block (graph, y, "dec", i);
    y = gst_sod_build_up2 (graph, y, "dec.%d.up", i);
    if (self->skips)
      y = gst_sod_build_add (graph, y, x[level], "dec.%d.skip", i);
  }

  y = gst_sod_build_conv_out (graph, y, 1, "out");
  logits = gst_sod_build_up2 (graph, y, "out.up");
  gst_sod_graph_set_label (graph, logits, "logits");
  y = gst_sod_graph_add (
      graph, GST_SOD_OP_SIGMOID, "out.sigmoid", NULL, &logits, 1);
  gst_sod_graph_set_label (graph, y, "map");
  return graph;
}
