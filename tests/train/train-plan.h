/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/run/passes-private.h>

/* A network's training plan, open and bound to weights and gradients of its
 * own. */
typedef struct
{
  GstSodGraph *graph;              /* up to the value that is trained on */
  GHashTable *weights, *gradients; /* name -> GstSodTensor */
  GstSodStream *stream;
} TrainPlan;

/* Name of the back end of the first GPU, or of what takes the place of one;
 * NULL where there is none. */
const gchar *train_find_gpu (void);

/* A random network of the tiny architecture @kind: 16 channels everywhere, no
 * smaller than the method's form allows; input 48x32. */
GstSodNetwork *train_network_new_tiny (GstSodNetworkKind kind, guint64 seed);

/* @label: of the value that becomes the output; @input: shape. */
void train_plan_init (TrainPlan *self, GstSodNetwork *network,
    const gchar *label, const gchar *backend, GstSodDType dtype,
    const GstSodShape *input);

/* What makes a plan of a request: gst_sod_backend_compile (), or one of the
 * ways that it chooses from. */
typedef GstSodExecutable *(*TrainCompile) (GstSodBackend *backend,
    const GstSodCompileRequest *request, GError **error);

/* As train_plan_init(), by @compile; @request: dtype, precision, input and
 * threads, the rest is filled in. */
void train_plan_init_by (TrainPlan *self, GstSodNetwork *network,
    const gchar *label, const gchar *backend, TrainCompile compile,
    GstSodCompileRequest *request);
void train_plan_clear (TrainPlan *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TrainPlan, train_plan_clear)

/* Gives the batch norms weights, biases and statistics, f32 or f64, other than
 * those they start with. */
void train_weights_unsettle (GHashTable *weights);

/* Writes the (n, c, h, w) @input, f32 or of the plan's dtype, executes, and
 * reads the output. */
GstSodTensor *train_plan_forward (TrainPlan *self, const GstSodTensor *input);

void train_plan_backward (
    TrainPlan *self, const GstSodTensor *d_output, GstSodTensor *d_input);

/* Normally distributed, of F32 or F64. */
GstSodTensor *train_tensor_new_random (
    GstSodDType dtype, const GstSodShape *shape, guint64 seed);

/* name -> copy of the tensor in @dtype. */
GHashTable *train_table_convert (GHashTable *table, GstSodDType dtype);

/* Element @index of an f32 or f64 tensor. */
gdouble train_tensor_get (const GstSodTensor *tensor, gsize index);

gdouble train_tensor_dot (const GstSodTensor *a, const GstSodTensor *b);

/* |a - b| / |b|, of the tensors as vectors. */
gdouble train_tensor_error (const GstSodTensor *a, const GstSodTensor *b);
