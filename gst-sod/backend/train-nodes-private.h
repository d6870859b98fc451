/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

/* The graph of a training plan in larger pieces, for the back ends that have
 * plans of their own: convolution, batch norm and ReLU become one unit; a
 * unit's kernels of several sizes side by side one unit of the largest; a sum
 * with an enlargement part of that; a concatenation that begins with another
 * one reads that one. */
#define GST_SOD_TRAIN_PARTS 4 /* convolutions side by side in a unit */

/* A convolution and what norms it; params are at those nodes' places. */
typedef struct
{
  guint conv, norm; /* nodes of the graph */
  gint64 channels;
  gint size;
} GstSodTrainPart;

typedef enum
{
  GST_SOD_TRAIN_UNIT, /* convolution, batch norm, ReLU */
  GST_SOD_TRAIN_CONV, /* convolution with or without bias */
  GST_SOD_TRAIN_MAX_POOL,
  GST_SOD_TRAIN_AVG_POOL,
  GST_SOD_TRAIN_UP, /* and a second input, added to it */
  GST_SOD_TRAIN_ADD,
  GST_SOD_TRAIN_CONCAT,
  GST_SOD_TRAIN_TANH,
  GST_SOD_TRAIN_DEAD /* part of another one */
} GstSodTrainKind;

typedef struct
{
  GstSodTrainKind kind;
  const GstSodNode *node; /* whose name, convolution or pool this is */
  guint n_inputs;
  GstSodValue inputs[GST_SOD_MAX_INPUTS];
  GstSodValue output;
  guint n_parts;
  GstSodTrainPart parts[GST_SOD_TRAIN_PARTS];
  GstSodOpAttrs conv; /* of all parts together */
} GstSodTrainNode;

/* Of GstSodTrainNode, in an order in which each comes after those it reads;
 * pools are 2x2 and enlargements twofold. NULL where the graph has anything
 * else, a value but the output that nothing reads, one that cannot be
 * addressed, or one but the output that has to be kept. @shapes: one a value.
 * The nodes hold on to @request's graph. */
GArray *gst_sod_train_nodes_new (
    const GstSodCompileRequest *request, const GstSodShape *shapes);

static inline GstSodTrainNode *
gst_sod_train_nodes_get (GArray *nodes, guint index)
{
  return &g_array_index (nodes, GstSodTrainNode, index);
}

G_END_DECLS
