/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/nn/builder-private.h>

#define BATCH_NORM_EPSILON 1e-5

static GstSodValue
add_one (GstSodGraph *graph, GstSodOpKind kind, GstSodValue x,
    const GstSodOpAttrs *attrs, const gchar *name, const gchar *suffix)
{
  g_autofree gchar *full_name = g_strconcat (name, suffix, NULL);

  return gst_sod_graph_add (graph, kind, full_name, attrs, &x, 1);
}

GstSodValue
gst_sod_build_unit (GstSodGraph *graph, GstSodValue x, GstSodUnit unit,
    const gchar *format, ...)
{
  const GstSodOpAttrs conv = { .channels = unit.channels,
    .kernel = unit.kernel,
    .stride = unit.stride,
    .dilation = unit.dilation,
    .padding = unit.dilation * (unit.kernel - 1) / 2 };
  const GstSodOpAttrs norm = { .epsilon = BATCH_NORM_EPSILON };
  g_autofree gchar *name = NULL;
  va_list args;

  va_start (args, format);
  name = g_strdup_vprintf (format, args);
  va_end (args);
  x = add_one (graph, GST_SOD_OP_CONV2D, x, &conv, name, ".conv");
  x = add_one (graph, GST_SOD_OP_BATCH_NORM, x, &norm, name, ".bn");
  x = add_one (graph, GST_SOD_OP_RELU, x, NULL, name, ".relu");
  gst_sod_graph_set_label (graph, x, name);
  return x;
}

GstSodValue
gst_sod_build_stem (GstSodGraph *graph, GstSodValue x, gint channels)
{
  GstSodValue parts[] = {
    gst_sod_build_unit (
        graph, x, (GstSodUnit){ channels / 2, 3, 1, 2 }, "stem.k3"),
    gst_sod_build_unit (
        graph, x, (GstSodUnit){ channels / 4, 5, 1, 2 }, "stem.k5"),
    gst_sod_build_unit (
        graph, x, (GstSodUnit){ channels / 4, 7, 1, 2 }, "stem.k7"),
  };
  GstSodValue stem = gst_sod_graph_add (
      graph, GST_SOD_OP_CONCAT, "stem", NULL, parts, G_N_ELEMENTS (parts));

  gst_sod_graph_set_label (graph, stem, "stem");
  return stem;
}

GstSodValue
gst_sod_build_conv_out (
    GstSodGraph *graph, GstSodValue x, gint channels, const gchar *name)
{
  const GstSodOpAttrs conv = { .channels = channels,
    .kernel = 3,
    .stride = 1,
    .dilation = 1,
    .padding = 1,
    .bias = TRUE };

  x = gst_sod_graph_add (graph, GST_SOD_OP_CONV2D, name, &conv, &x, 1);
  gst_sod_graph_set_label (graph, x, name);
  return x;
}

static G_GNUC_PRINTF (6, 0) GstSodValue add_formatted (GstSodGraph *graph,
    GstSodOpKind kind, const GstSodOpAttrs *attrs, const GstSodValue *inputs,
    guint n_inputs, const gchar *format, va_list args)
{
  g_autofree gchar *name = g_strdup_vprintf (format, args);

  return gst_sod_graph_add (graph, kind, name, attrs, inputs, n_inputs);
}

GstSodValue
gst_sod_build_max_pool2 (
    GstSodGraph *graph, GstSodValue x, const gchar *format, ...)
{
  const GstSodOpAttrs attrs = { .kernel = 2, .stride = 2 };
  va_list args;

  va_start (args, format);
  x = add_formatted (graph, GST_SOD_OP_MAX_POOL, &attrs, &x, 1, format, args);
  va_end (args);
  return x;
}

GstSodValue
gst_sod_build_avg_pool2 (
    GstSodGraph *graph, GstSodValue x, const gchar *format, ...)
{
  const GstSodOpAttrs attrs = { .kernel = 2, .stride = 2 };
  va_list args;

  va_start (args, format);
  x = add_formatted (graph, GST_SOD_OP_AVG_POOL, &attrs, &x, 1, format, args);
  va_end (args);
  return x;
}

GstSodValue
gst_sod_build_up2 (GstSodGraph *graph, GstSodValue x, const gchar *format, ...)
{
  const GstSodOpAttrs attrs = { .scale = 2 };
  va_list args;

  va_start (args, format);
  x = add_formatted (graph, GST_SOD_OP_UPSAMPLE, &attrs, &x, 1, format, args);
  va_end (args);
  return x;
}

GstSodValue
gst_sod_build_add (
    GstSodGraph *graph, GstSodValue a, GstSodValue b, const gchar *format, ...)
{
  GstSodValue inputs[] = { a, b };
  va_list args;

  va_start (args, format);
  a = add_formatted (graph, GST_SOD_OP_ADD, NULL, inputs, 2, format, args);
  va_end (args);
  return a;
}
