/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/arena-private.h>
#include <gst-sod/backend/cuda/cuda-private.h>
#include <gst-sod/backend/cuda/kernels-private.h>
#include <gst-sod/backend/cuda/masters-private.h>
#include <gst-sod/backend/train-nodes-private.h>

G_BEGIN_DECLS

/* Training plans. Every activation lies channels last and is kept from its
 * forward step to its backward one; convolutions are the device layer's,
 * chosen once; all else are the kernels of *.cu.
 *
 * The graph in larger pieces (train-nodes.h) has its values placed
 * (train-values.c): what a concatenation reads lies in it, so that a dense
 * block is one buffer. Then each node adds its forward steps (train-forward.c)
 * and, in reverse, its backward steps (train-backward.c); each step's use of a
 * buffer widens that buffer's life.
 *
 * What convolutions without a norm give, and what follows, is f32 whatever the
 * type: the network's output. */
#define GST_SOD_CUDA_TRAIN_PAD                                                 \
  8 /* channels from pixel to pixel: a multiple                                \
     */
#define GST_SOD_CUDA_TRAIN_VIEWS 4
#define GST_SOD_CUDA_TRAIN_NO_BUFFER G_MAXUINT

/* A tensor in a buffer, or some of its channels. */
typedef struct
{
  gboolean there;
  guint buffer;
  gint n, h, w, c;
  gint first; /* channel */
  gint pitch; /* channels from pixel to pixel */
  GstSodCudaType type;
} GstSodCudaTrainView;

typedef struct _GstSodCudaTrainStep GstSodCudaTrainStep;

/* What a stream runs its steps on. */
typedef struct
{
  GstSodCudaQueue *queue;
  gpointer stream; /* the queue's, for kernels */
  guint8 *arena;
  const GArray *buffers; /* of GstSodArenaBuffer */
  gpointer workspace;
  gfloat *weights, *gradients; /* on the device */
  const gsize *offsets;        /* GST_SOD_MAX_PARAMS a node: in both */
  gboolean frozen;
  gfloat gradient_scale;   /* of params' gradients: undoes the loss scale */
  gfloat *input, *d_input; /* planes, f32 (n, c, h, w) */
} GstSodCudaTrainRun;

/* Queues its work; the caller asks for the launch's state. */
typedef gboolean (*GstSodCudaTrainStepFunc) (const GstSodCudaTrainStep *step,
    const GstSodCudaTrainRun *run, GError **error);

struct _GstSodCudaTrainStep
{
  gchar *name; /* of the node */
  const gchar *impl;
  GstSodCudaTrainStepFunc run;
  GstSodCudaTrainView views[GST_SOD_CUDA_TRAIN_VIEWS]; /* run says which */
  guint buffer;          /* of weights or of what a norm used; or NO_BUFFER */
  gboolean trained_only; /* not run where the network is frozen */
  gboolean input_only;   /* run where the input's gradient is wanted */

  GstSodCudaConv *conv; /* owned */
  guint n_parts;        /* of a convolution or unit */
  GstSodTrainPart parts[GST_SOD_TRAIN_PARTS];
  gint size;         /* of the convolution's or pool's kernel, or factor */
  gint stride;       /* of pools */
  gint c_in, padded; /* of weights, without and with channels of zeros */
  gint k_padded;
  gfloat epsilon;
};

typedef struct
{
  GstSodExecutable base;
  GstSodCudaDevice *device;
  GstSodGraph *graph;
  GstSodShape *shapes; /* one a value */
  GArray *buffers;     /* of GstSodArenaBuffer */
  GPtrArray *steps;    /* of GstSodCudaTrainStep: forward, then backward */
  guint n_forward;
  GstSodCudaTrainView output, d_output; /* dense, f32 */
  gboolean scales_loss;                 /* f16 */
} GstSodCudaTrainPlan;

typedef struct
{
  GstSodCudaTrainPlan *plan;
  const GstSodCompileRequest *request;
  GstSodCudaType type;            /* of activations but the tail */
  GArray *nodes;                  /* of GstSodTrainNode */
  GstSodCudaTrainView *views;     /* one a value */
  GstSodCudaTrainView *gradients; /* one a value */
  GstSodCudaTrainView *raws;      /* one a value: what its convolution gives */
  GstSodCudaTrainView *reads;     /* one a value: what its convolution reads */
  guint *weights;                 /* one a value: buffer of its convolution's */
  guint *norms;          /* one a value: buffer of what its norm used */
  GstSodTrainNode *node; /* whose steps are being added */
  guint time;            /* of the step being added */
} GstSodCudaTrainBuilder;

/* NULL without an error where the graph is for op-plan.h. */
GstSodExecutable *gst_sod_cuda_train_compile (GstSodBackend *backend,
    const GstSodCompileRequest *request, GError **error);
GstSodStream *gst_sod_cuda_train_open (
    GstSodExecutable *executable, GError **error);

/* ---- files that add steps ---- */

void gst_sod_cuda_train_place_values (GstSodCudaTrainBuilder *self);
gboolean gst_sod_cuda_train_add_forward (
    GstSodCudaTrainBuilder *self, GError **error);
gboolean gst_sod_cuda_train_add_backward (
    GstSodCudaTrainBuilder *self, GError **error);

/* Convolutions (train-conv.c), of the node being added; forward: @raw is what
 * it gives. @d_raw: of the convolution's type; @d_read: written (=). */
gboolean gst_sod_cuda_train_add_conv (GstSodCudaTrainBuilder *self,
    const GstSodCudaTrainView *raw, GError **error);
gboolean gst_sod_cuda_train_add_conv_weights (GstSodCudaTrainBuilder *self,
    const GstSodCudaTrainView *d_raw, GError **error);
gboolean gst_sod_cuda_train_add_conv_data (GstSodCudaTrainBuilder *self,
    const GstSodCudaTrainView *d_raw, const GstSodCudaTrainView *d_read,
    GError **error);

/* ---- helpers of those (train-plan.c) ---- */

guint gst_sod_cuda_train_add_buffer (GstSodCudaTrainBuilder *self, gsize size);

/* Of @shape, the channels padded to @pitch; 0: to a multiple of
 * GST_SOD_CUDA_TRAIN_PAD. */
GstSodCudaTrainView gst_sod_cuda_train_add_view (GstSodCudaTrainBuilder *self,
    const GstSodShape *shape, GstSodCudaType type, gint pitch);

/* Channels @first .. @first + @c of @view. */
GstSodCudaTrainView gst_sod_cuda_train_slice (
    const GstSodCudaTrainView *view, gint first, gint c);

/* Whether convolutions can read it where it lies. */
gboolean gst_sod_cuda_train_is_aligned (const GstSodCudaTrainView *view);

/* The step takes the time to itself: what it uses is told right after it. */
GstSodCudaTrainStep *gst_sod_cuda_train_add_step (GstSodCudaTrainBuilder *self,
    const gchar *impl, GstSodCudaTrainStepFunc run);
/* @view may be NULL or not there. */
void gst_sod_cuda_train_set_view (GstSodCudaTrainBuilder *self,
    GstSodCudaTrainStep *step, guint index, const GstSodCudaTrainView *view);
void gst_sod_cuda_train_set_buffer (
    GstSodCudaTrainBuilder *self, GstSodCudaTrainStep *step, guint buffer);
void gst_sod_cuda_train_need_workspace (
    GstSodCudaTrainBuilder *self, gsize size);

/* views: from, to; any types. */
void gst_sod_cuda_train_add_copy (GstSodCudaTrainBuilder *self,
    const GstSodCudaTrainView *from, const GstSodCudaTrainView *to);

/* ---- helpers of steps at work ---- */

static inline gpointer
gst_sod_cuda_train_get_buffer (const GstSodCudaTrainRun *run, guint buffer)
{
  return run->arena
         + g_array_index (run->buffers, GstSodArenaBuffer, buffer).offset;
}

/* For launchers. */
GstSodCudaView gst_sod_cuda_train_get_view (
    const GstSodCudaTrainRun *run, const GstSodCudaTrainView *view);

/* Of param @index of node @node. */
static inline gfloat *
gst_sod_cuda_train_get_weight (
    const GstSodCudaTrainRun *run, guint node, guint index)
{
  return run->weights + run->offsets[node * GST_SOD_MAX_PARAMS + index];
}

static inline gfloat *
gst_sod_cuda_train_get_gradient (
    const GstSodCudaTrainRun *run, guint node, guint index)
{
  return run->gradients + run->offsets[node * GST_SOD_MAX_PARAMS + index];
}

G_END_DECLS
