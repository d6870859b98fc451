/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/arena-private.h>
#include <gst-sod/backend/cuda/cuda-private.h>
#include <gst-sod/backend/cuda/kernels-private.h>

G_BEGIN_DECLS

/* ---- weights ---- */

/* Weights in device memory as the convolutions read them, shared by the
 * executables of a packed network. Reference counted; thread-safe. */
typedef struct _GstSodCudaStore GstSodCudaStore;

GstSodCudaStore *gst_sod_cuda_store_new (GstSodCudaDevice *device);
GstSodCudaStore *gst_sod_cuda_store_ref (GstSodCudaStore *self);
void gst_sod_cuda_store_unref (GstSodCudaStore *self);
gsize gst_sod_cuda_store_get_size (GstSodCudaStore *self);

/* Weight @name: @tensor, f32 (k, c, size, size), as (@rows, size, size,
 * @columns) of @type, or f32 (k) as (@rows) of f32; what is beyond k and c is
 * zero. Owned by the store. Waits until it is there. */
gpointer gst_sod_cuda_store_get (GstSodCudaStore *self, const gchar *name,
    const GstSodTensor *tensor, GstSodCudaType type, gint rows, gint columns,
    GError **error);

/* ---- plan ---- */

/* A value of the graph as it lies in memory. */
typedef struct
{
  GstSodCudaType type;
  gint n, h, w;
  gint c;      /* channels that the graph knows */
  gint filled; /* what a convolution reads or writes: c .. filled are zero */
  gint stride; /* elements from pixel to pixel */

  /* Where it is a slice of the channels of a concatenation: that value and the
   * first channel there. */
  guint home; /* GST_SOD_ARENA_OWN: memory of its own */
  gint first;

  gboolean lasting; /* its memory is nobody else's, and zero at the start */
  gboolean fused;   /* its reader computes it: it has no memory */
} GstSodCudaValue;

/* One launch. @kind CONCAT: a copy of inputs[0] to channels of the output from
 * @first on. */
typedef struct
{
  gchar *name; /* of the node */
  gchar *impl;
  GstSodOpKind kind;
  guint n_inputs;
  GstSodValue inputs[2];
  GstSodValue output;
  gint first;
  gint size, stride; /* of a pool */
  gint scale;        /* of an enlargement */
  GstSodCudaActivation activation;
  GstSodCudaConv *conv;
  gpointer weights, bias; /* the store's */
} GstSodCudaStep;

typedef struct
{
  GstSodExecutable base;
  GstSodCudaDevice *device;
  GstSodGraph *graph;
  GstSodInputRule rule;
  GstSodCudaType type;       /* of activations and weights */
  GstSodShape *shapes;       /* one a value */
  GstSodCudaValue *values;   /* one a value */
  GstSodArenaBuffer *places; /* one a value */
  GPtrArray *steps;          /* of GstSodCudaStep */
  GstSodCudaStore *store;
} GstSodCudaPlan;

/* Channels that 16 bytes hold: convolutions on tensor cores want multiples. */
static inline gint
gst_sod_cuda_lanes (GstSodCudaType type)
{
  return (gint) (16 / gst_sod_cuda_type_size (type));
}

static inline gint
gst_sod_cuda_fill (GstSodCudaType type, gint c)
{
  gint lanes = gst_sod_cuda_lanes (type);

  return (c + lanes - 1) / lanes * lanes;
}

/* Mode INFER. */
GstSodExecutable *gst_sod_cuda_plan_compile (GstSodBackend *backend,
    const GstSodCompileRequest *request, GError **error);

/* Types, layouts and places of all values; @last_use: one a value, of the
 * plan's own, moved on where steps are fused. */
gboolean gst_sod_cuda_plan_place (
    GstSodCudaPlan *self, guint *last_use, GError **error);

/* The steps of @node, which is the graph's @index. */
gboolean gst_sod_cuda_plan_add_node (GstSodCudaPlan *self, guint index,
    const GstSodCompileRequest *request, GError **error);

void gst_sod_cuda_step_free (gpointer step);

/* ---- streams ---- */

GstSodStream *gst_sod_cuda_plan_open (
    GstSodExecutable *executable, GError **error);

/* Queues the step on memory as @views, one a value, say. */
gboolean gst_sod_cuda_step_run (const GstSodCudaStep *self,
    GstSodCudaQueue *queue, const GstSodCudaView *views, gpointer workspace,
    GError **error);

G_END_DECLS
