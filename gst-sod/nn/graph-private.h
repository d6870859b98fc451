/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/nn/op-private.h>

G_BEGIN_DECLS

/* A network's computation: nodes in an order in which every node comes after
 * those it reads. Values are numbered; a value is the graph's input or one
 * node's output. Shapes are not part of a graph: they follow from the shape of
 * its input (gst_sod_graph_infer_shapes()). Mutable while it is built, then
 * shared read-only. */
typedef guint GstSodValue;

#define GST_SOD_NO_VALUE G_MAXUINT

typedef struct
{
  GstSodOpKind kind;
  GstSodOpAttrs attrs;
  gchar *name; /* unique; prefix of the params' names: "enc.0.0.conv" */
  guint n_inputs;
  GstSodValue inputs[GST_SOD_MAX_INPUTS];
  GstSodValue output;
} GstSodNode;

typedef struct
{
  gatomicrefcount ref_count;
  GPtrArray *nodes;   /* of GstSodNode */
  GPtrArray *labels;  /* value -> gchar * or NULL: "enc.0", for readers and
                         tests that want this value's content */
  GstSodValue input;  /* the first value, 0 */
  GstSodValue output; /* last thing computed */
} GstSodGraph;

GstSodGraph *gst_sod_graph_new (void); /* has one value, the input */
GstSodGraph *gst_sod_graph_ref (GstSodGraph *self);
void gst_sod_graph_unref (GstSodGraph *self);

/* Appends a node and returns its output value, which becomes the graph's
 * output; names and inputs are copied. */
GstSodValue gst_sod_graph_add (GstSodGraph *self, GstSodOpKind kind,
    const gchar *name, const GstSodOpAttrs *attrs, const GstSodValue *inputs,
    guint n_inputs);

void gst_sod_graph_set_label (
    GstSodGraph *self, GstSodValue value, const gchar *label);

/* GST_SOD_NO_VALUE where no value is called so. */
GstSodValue gst_sod_graph_find (const GstSodGraph *self, const gchar *label);

static inline guint
gst_sod_graph_n_values (const GstSodGraph *self)
{
  return self->labels->len;
}

static inline const GstSodNode *
gst_sod_graph_node (const GstSodGraph *self, guint index)
{
  return g_ptr_array_index (self->nodes, index);
}

/* Shape of every value from the input's; (transfer full), one a value.
 * GST_SOD_ERROR_MISMATCH names the node where shapes do not fit. */
GstSodShape *gst_sod_graph_infer_shapes (
    const GstSodGraph *self, const GstSodShape *input, GError **error);

/* Calls @func for every param of every node, in order. */
typedef void (*GstSodGraphParamFunc) (const GstSodNode *node, guint index,
    const GstSodOpParam *param, const gchar *full_name,
    const GstSodShape *shape, gpointer data);
void gst_sod_graph_foreach_param (const GstSodGraph *self,
    const GstSodShape *shapes, GstSodGraphParamFunc func, gpointer data);

/* Sum over the nodes. */
guint64 gst_sod_graph_flops (
    const GstSodGraph *self, const GstSodShape *shapes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodGraph, gst_sod_graph_unref)

G_END_DECLS
