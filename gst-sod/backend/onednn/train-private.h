/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/arena-private.h>
#include <gst-sod/backend/onednn/onednn-private.h>
#include <gst-sod/backend/train-nodes-private.h>

G_BEGIN_DECLS

/* Training plans. Every activation lies channels last (n, h, w, c), the layout
 * that oneDNN's convolutions take forward and backward on every instruction
 * set; convolutions are its primitives, made once; all else are kernels of our
 * own (train-norm.c and after), which fuse what memory would be walked twice
 * for.
 *
 * The graph is lowered (train-nodes.h) and its values are placed
 * (train-lower.c). Then each lowered node adds its forward steps
 * (train-forward.c) and, in reverse, its backward steps (train-backward.c), and
 * each step's use of a buffer widens that buffer's life. */
#define GST_SOD_TRAIN_LANES 8 /* channels that a kernel takes at a time */

/* ---- steps ---- */

typedef enum
{
  GST_SOD_TRAIN_NONE, /* an argument that is not there: NULL */
  GST_SOD_TRAIN_BUFFER,
  GST_SOD_TRAIN_SCRATCH,
  GST_SOD_TRAIN_WEIGHT,   /* the caller's, f32, (co, ci, k, k) or (c) */
  GST_SOD_TRAIN_GRADIENT, /* likewise */
  GST_SOD_TRAIN_D_OUTPUT, /* the caller's, f32, (n, c, h, w) */
  GST_SOD_TRAIN_D_INPUT   /* likewise */
} GstSodTrainSource;

typedef struct
{
  gint arg;           /* DNNL_ARG_...; kernels take them in their order */
  DnnlConstDesc desc; /* of the step's primitive; NULL for kernels */
  GstSodTrainSource source;
  guint index;           /* buffer or param */
  gint64 offset;         /* of a buffer, bytes */
  gint64 pitch;          /* elements from one pixel to the next */
  dnnl_data_type_t type; /* of activations */
} GstSodTrainArg;

typedef struct _GstSodTrainStep GstSodTrainStep;

typedef struct
{
  gint threads;
  gboolean frozen;
} GstSodTrainRun;

/* @memory: where each argument lies. */
typedef void (*GstSodTrainKernel) (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

struct _GstSodTrainStep
{
  gchar *name; /* of the node */
  gchar *impl; /* of oneDNN's primitive or of the kernel */
  dnnl_primitive_t primitive;
  GstSodTrainKernel kernel;
  GArray *args;          /* of GstSodTrainArg */
  gboolean trained_only; /* not run where the network is frozen */
  gboolean input_only;   /* run where the input's gradient is wanted */

  /* for kernels */
  gint64 n, c, h, w;                 /* of the smaller of its activations */
  gint64 big_h, big_w;               /* of the other one */
  gint64 c_in;                       /* of weights */
  gint size, dilation;               /* of a convolution's kernel */
  gint stride, padding;              /* likewise */
  gint64 channels;                   /* that it gives */
  guint n_parts;                     /* of a unit */
  gint64 parts[GST_SOD_TRAIN_PARTS]; /* channels of each */
  gint sizes[GST_SOD_TRAIN_PARTS];   /* kernel of each */
  gfloat epsilon;
};

static inline const GstSodTrainArg *
gst_sod_train_step_arg (const GstSodTrainStep *self, guint index)
{
  return &g_array_index (self->args, GstSodTrainArg, index);
}

/* ---- plan ---- */

typedef struct
{
  GstSodExecutable base;
  dnnl_engine_t engine;
  GstSodGraph *graph;
  GstSodShape *shapes; /* one a value */
  gint threads;
  GArray *buffers;  /* of GstSodArenaBuffer */
  GPtrArray *steps; /* of GstSodTrainStep: forward, then backward */
  guint n_forward;
  guint input, output; /* buffers */
  dnnl_data_type_t input_type, output_type;
} GstSodTrainPlan;

/* ---- the graph, lowered ---- */

/* Some channels of a buffer's pixels. */
typedef struct
{
  guint buffer;
  gint64 first;          /* channel */
  gint64 pitch;          /* channels of the buffer */
  dnnl_data_type_t type; /* undef: not there */
} GstSodTrainView;

typedef struct
{
  GstSodTrainPlan *plan;
  const GstSodCompileRequest *request;
  dnnl_data_type_t type;      /* of activations but the tail */
  GArray *nodes;              /* of GstSodTrainNode */
  guint *n_readers;           /* one a value, of the lowered nodes */
  GstSodTrainView *views;     /* one a value */
  GstSodTrainView *gradients; /* one a value */
  GstSodTrainView *raws;      /* one a value of a unit: what its convolution
                                 gives */
  guint *norms; /* one a value of a unit: buffer of what its norm used */
  GstSodTrainView *pooled; /* one a value of a unit: the gradient of its
                              maximum, where the norm takes that in */
  GArray *n_pending;       /* of guint, one a buffer: gradients that lie in
                              it and are still to be read */
  GstSodTrainNode *node;   /* whose steps are being added */
  guint time;              /* of the step being added */
} GstSodTrainBuilder;

/* FALSE where the graph has something that these plans do not know. */
gboolean gst_sod_train_lower (GstSodTrainBuilder *self);

gboolean gst_sod_train_add_forward (GstSodTrainBuilder *self, GError **error);
gboolean gst_sod_train_add_backward (GstSodTrainBuilder *self, GError **error);

/* ---- convolutions (train-conv.c) ---- */

gboolean gst_sod_train_add_conv (
    GstSodTrainBuilder *self, const GstSodTrainView *target, GError **error);
/* @d_target: of the plan's type; @wide: as it was before it was narrowed to
 * that. */
gboolean gst_sod_train_add_conv_weights (GstSodTrainBuilder *self,
    const GstSodTrainView *d_target, const GstSodTrainView *wide,
    GError **error);
gboolean gst_sod_train_add_conv_data (GstSodTrainBuilder *self,
    const GstSodTrainView *d_target, const GstSodTrainView *d_source,
    GError **error);

/* What implementations of gradients of weights that must not be taken have in
 * their names, or NULL. oneDNN 2.6 gets them wrong where the kernel is dilated
 * and channels are no whole vectors: without AMX it takes what its scratch held
 * for samples of the last ones, with AMX those of many channels are off. */
const gchar *gst_sod_train_avoid_impl (gint64 out, gint64 in, gint dilation);

/* A step between the weights or gradients of the node's parts and those of the
 * whole, which @whole holds; returns that. */
guint gst_sod_train_add_parts (
    GstSodTrainBuilder *self, gboolean split, guint whole);

/* The maximum of 2x2 of what unit @unit gives that its norm takes in: the first
 * of all that read it. NULL where there is none. */
const GstSodTrainNode *gst_sod_train_find_pool (
    GstSodTrainBuilder *self, const GstSodTrainNode *unit);

/* Whether it is so for @pool. */
gboolean gst_sod_train_is_taken_in (
    GstSodTrainBuilder *self, const GstSodTrainNode *pool);

/* Whether the only reader of enlargement @up makes its rows itself. */
gboolean gst_sod_train_leaves_up (
    GstSodTrainBuilder *self, const GstSodTrainNode *up);

/* On kernels of our own (train-conv-direct.c): FALSE, and nothing added, where
 * oneDNN is to do it. */
gboolean gst_sod_train_add_direct (
    GstSodTrainBuilder *self, const GstSodTrainView *target);
gboolean gst_sod_train_add_direct_data (GstSodTrainBuilder *self,
    const GstSodTrainView *d_target, const GstSodTrainView *d_source);
gboolean gst_sod_train_add_direct_weights (
    GstSodTrainBuilder *self, const GstSodTrainView *d_target);

/* ---- helpers of the files that add steps (train-plan.c) ---- */

guint gst_sod_train_add_buffer (GstSodTrainBuilder *self, gsize size);

/* Dense, of @shape. */
GstSodTrainView gst_sod_train_add_view (
    GstSodTrainBuilder *self, const GstSodShape *shape, dnnl_data_type_t type);

/* The step takes the time to itself: its args come right after it. */
GstSodTrainStep *gst_sod_train_add_kernel (GstSodTrainBuilder *self,
    const gchar *impl, GstSodTrainKernel kernel, const GstSodShape *shape);
GstSodTrainStep *gst_sod_train_add_primitive (
    GstSodTrainBuilder *self, const_dnnl_primitive_desc_t pd, GError **error);

/* For kernels; a view of type undef is no argument. */
void gst_sod_train_add_arg_view (GstSodTrainBuilder *self,
    GstSodTrainStep *step, const GstSodTrainView *view);
void gst_sod_train_add_arg (GstSodTrainBuilder *self, GstSodTrainStep *step,
    GstSodTrainSource source, guint index);
void gst_sod_train_add_scratch (
    GstSodTrainBuilder *self, GstSodTrainStep *step, gsize size);

/* For primitives. */
void gst_sod_train_add_arg_desc (GstSodTrainBuilder *self,
    GstSodTrainStep *step, gint arg, dnnl_query_t query, gint query_index,
    GstSodTrainSource source, guint index);

/* One sample (c, plane), f32, as pixels of c channels of @type. */
void gst_sod_train_write_sample (const gfloat *from, gint64 c, gint64 plane,
    gpointer to, dnnl_data_type_t type, gint threads);

/* Samples of pixels as (n, c, plane), f32. */
void gst_sod_train_read_planes (gconstpointer from, dnnl_data_type_t type,
    gint64 n, gint64 c, gint64 plane, gfloat *to, gint threads);

GstSodStream *gst_sod_train_open (GstSodExecutable *executable, GError **error);

/* NULL without an error where the graph is for op-plan.h. */
GstSodExecutable *gst_sod_train_compile (GstSodBackend *backend,
    const GstSodCompileRequest *request, GError **error);

/* ---- kernels; "args" are in order, "(?)" may be missing ---- */

/* Batch norm and ReLU, and the maximum of 2x2 of what they give. args: source,
 * target, pooled (?), used (4, c) f32, scratch, then weight, bias, running mean
 * and variance of each part. */
void gst_sod_train_kernel_norm (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);
/* args: source, d_target (? with the next one), d_pooled (?), d_source, used,
 * scratch, then gradients of weight and bias of each part. */
void gst_sod_train_kernel_norm_backward (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

/* bytes */
gsize gst_sod_train_norm_scratch (gint64 channels, gint threads);

/* 2x2. args: source, target; backward: source, d_target, sum (?), d_source,
 * which becomes sum + the gradient. */
void gst_sod_train_kernel_max_pool (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);
void gst_sod_train_kernel_max_pool_backward (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);
/* args: source, target; backward: d_target, sum (?), d_source. */
void gst_sod_train_kernel_avg_pool (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);
void gst_sod_train_kernel_avg_pool_backward (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

/* Twice as large, bilinear. args: source, summand (?), target; backward:
 * d_target, d_source. */
void gst_sod_train_kernel_up (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);
void gst_sod_train_kernel_up_backward (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

/* What an enlargement reads, for who makes its rows anew wherever they are
 * read: those that lie between cost less than memory would. */
typedef struct
{
  gconstpointer small, summand; /* summand: may be NULL */
  gint64 small_pitch, summand_pitch;
  gint64 c, h, w; /* of the small one */
  gboolean bf16;
} GstSodTrainUp;

/* Row @row of all samples' large rows: @to (2 w, @pitch). */
void gst_sod_train_up_row (
    const GstSodTrainUp *up, gint64 row, gint64 pitch, gfloat *to);

/* args: a, b (?), target = a + b; copies without b. */
void gst_sod_train_kernel_add (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

/* args: source, target; backward: target, d_target, d_source. */
void gst_sod_train_kernel_tanh (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);
void gst_sod_train_kernel_tanh_backward (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

/* Convolution to one channel, f32, 3x3, "same" padding; the step's size is
 * that of the source. args: source, weights, bias (?), target, scratch;
 * gradients: source, d_target, scratch, d_weights, d_bias (?). */
void gst_sod_train_kernel_conv_to_one (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);
void gst_sod_train_kernel_conv_to_one_weights (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

/* Likewise of an enlargement, undilated; args: its source and summand (?)
 * instead of the source. */
void gst_sod_train_kernel_up_to_one (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);
void gst_sod_train_kernel_up_to_one_weights (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

/* bytes; of the source's @shape; of all of these but the first */
gsize gst_sod_train_one_scratch (
    const GstSodShape *shape, gint dilation, gint threads);

/* Between (n, c, h, w), the caller's f32, and views. args: from, to. */
void gst_sod_train_kernel_from_planes (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);
void gst_sod_train_kernel_to_planes (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

/* Weights of a unit's parts <-> one kernel of step->size with zeros around the
 * smaller ones. args: each part, then the whole (co, ci, size, size). */
void gst_sod_train_kernel_join (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);
void gst_sod_train_kernel_split (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

/* Weights (co, ci, k, k) for the next one; "turned": for the gradient of its
 * source. args: weights, packed. */
void gst_sod_train_kernel_pack (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);
void gst_sod_train_kernel_pack_turned (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

/* Convolution, f32; the step's big size is that of the target. args: source,
 * packed weights, target, scratch; gradients: source, d_target, scratch,
 * d_weights. */
void gst_sod_train_kernel_conv (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);
void gst_sod_train_kernel_conv_weights (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

/* Likewise, of bf16 by AMX. */
void gst_sod_train_kernel_tile_weights (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run);

/* The step as a plan for inference has it. */
typedef struct _GstSodOnednnStep GstSodOnednnStep;
void gst_sod_train_direct_describe (
    const GstSodTrainStep *step, GstSodOnednnStep *convolution);

/* bytes, for the gradients */
gsize gst_sod_train_direct_scratch (const GstSodTrainStep *step, gint threads);

G_END_DECLS
