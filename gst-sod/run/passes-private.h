/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

/* Graph passes shared by the back ends. Each takes a graph and its weights
 * (name -> GstSodTensor, f32) and gives new ones (transfer full); what they
 * do not change is shared with the old. Labels survive on the values that
 * still hold what they name. All are exact but for rounding. */
typedef struct
{
  GstSodGraph *graph;
  GHashTable *weights;
} GstSodProgram;

void gst_sod_program_clear (GstSodProgram *self);

/* conv2d -> batch_norm becomes conv2d with bias (running statistics). */
gboolean gst_sod_pass_fold_batch_norm (GstSodProgram *program, GError **error);

/* conv2d -> relu, and upsample (with sum) -> relu, become one node. */
gboolean gst_sod_pass_fuse_relu (GstSodProgram *program, GError **error);

/* Parallel convolutions of one input with one stride, dilation 1 and "same"
 * padding, concatenated, become one convolution of the largest kernel, the
 * smaller kernels centred in zeros: the 3/5/7 stem as one 7x7 (the paper,
 * III.E). Needs bias and relu folded first. */
gboolean gst_sod_pass_merge_parallel (GstSodProgram *program, GError **error);

/* upsample -> add becomes upsample with sum, where nobody else reads the
 * upsample's output. */
gboolean gst_sod_pass_fuse_sum (GstSodProgram *program, GError **error);

/* All of the above, in the order that makes them meet. */
gboolean gst_sod_prepare_inference (const GstSodGraph *graph,
    GHashTable *weights, GstSodProgram *program, GError **error);

/* The part of @graph that makes @output, which becomes its output, all labels
 * kept: a network up to its logits, as training wants it. (transfer full) */
GstSodGraph *gst_sod_graph_cut (const GstSodGraph *graph, GstSodValue output);

/* As GstSodCompileRequest.last_use says; (transfer full), one a value. */
guint *gst_sod_graph_last_uses (
    const GstSodGraph *graph, const GstSodValue *keep, guint n_keep);

G_END_DECLS
