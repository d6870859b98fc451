/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reverse augmented network of the cloud: saliency map -> image (the
 * paper, III.C and III.E). The base network's form with dense blocks (Huang et
 * al. 2017): four of 1, 4, 8 and 8 layers in the encoder, four of 8, 8, 4 and 1
 * in the decoder; all kernels 3x3 but the first layer's. The image has half of
 * the map's size and lies in -1..1.
 *
 *   stem (map)                                   1/2
 *   block 0, transition, pool                    1/4
 *   block 1, transition, pool                    1/8
 *   block 2, transition, pool                    1/16
 *   block 3, transition | block 4, transition, up  1/8
 *   block 5, transition, up                      1/4
 *   block 6, transition, up                      1/2
 *   block 7, conv, tanh
 */
#include <gst-sod/nn/architecture-private.h>
#include <gst-sod/nn/builder-private.h>

/* Half of @channels as a multiple of 16, at least 16: what the vector units
 * of every processor like. */
static gint
transition_width (gint channels)
{
  gint half = channels / 2;

  return MAX (16, 16 * ((half + 8) / 16));
}

/* A block of @layers units, each on the concatenation of the block's input and
 * all units before; dilations alternate 1, 2. *@channels goes in as the
 * input's and comes out as the block's. */
static GstSodValue
build_dense_block (GstSodGraph *graph, GstSodValue x, gint *channels,
    gint layers, gint growth, gint index)
{
  GstSodValue features[GST_SOD_MAX_INPUTS];

  features[0] = x;
  for (gint i = 0; i < layers; i++) {
    g_autofree gchar *name = g_strdup_printf ("block.%d.%d.concat", index, i);

    features[i + 1] = gst_sod_build_unit (graph, x,
        (GstSodUnit){ growth, 3, 1 + i % 2, 1 }, "block.%d.%d", index, i);
    x = gst_sod_graph_add (
        graph, GST_SOD_OP_CONCAT, name, NULL, features, (guint) i + 2);
    *channels += growth;
  }
  return x;
}

GstSodGraph *
gst_sod_reverse_build (const GstSodArchitecture *self)
{
  const gint half = GST_SOD_REVERSE_BLOCKS / 2;
  GstSodGraph *graph = gst_sod_graph_new ();
  gint channels = self->stem_width;
  GstSodValue x = gst_sod_build_stem (graph, graph->input, channels);

  for (gint i = 0; i < GST_SOD_REVERSE_BLOCKS; i++) {
    x = build_dense_block (
        graph, x, &channels, self->blocks[i], self->growth, i);
    if (i == GST_SOD_REVERSE_BLOCKS - 1)
      break;
    channels = transition_width (channels);
    x = gst_sod_build_unit (
        graph, x, (GstSodUnit){ channels, 3, 1, 1 }, "trans.%d", i);
    if (i < half - 1)
      x = gst_sod_build_avg_pool2 (graph, x, "trans.%d.pool", i);
    else if (i >= half)
      x = gst_sod_build_up2 (graph, x, "trans.%d.up", i);
  }

  x = gst_sod_build_conv_out (graph, x, 3, "out");
  x = gst_sod_graph_add (graph, GST_SOD_OP_TANH, "out.tanh", NULL, &x, 1);
  gst_sod_graph_set_label (graph, x, "image");
  return graph;
}
