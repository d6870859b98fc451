/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/arena-private.h>
#include <gst-sod/backend/onednn/onednn-private.h>

G_BEGIN_DECLS

/* How an activation (n, c, h, w) lies in memory. */
typedef enum
{
  GST_SOD_ONEDNN_NHWC,
  GST_SOD_ONEDNN_NCHW,
  GST_SOD_ONEDNN_NCHW16C, /* blocks of 16 channels innermost */
  GST_SOD_ONEDNN_NCHW8C,
  GST_SOD_ONEDNN_N_LAYOUTS
} GstSodOnednnLayout;

typedef struct
{
  DnnlDesc desc;
  GstSodOnednnLayout layout;
  dnnl_data_type_t type;
  gboolean tail; /* nothing but elementwise ops and enlarging between it and
                    the output: kept in f32, channels last */
} GstSodOnednnValue;

/* ---- weights ---- */

/* Weights in the layouts that primitives asked for, shared by the executables
 * of a packed network. Reference counted; thread-safe. */
typedef struct _GstSodOnednnStore GstSodOnednnStore;

GstSodOnednnStore *gst_sod_onednn_store_new (void);
GstSodOnednnStore *gst_sod_onednn_store_ref (GstSodOnednnStore *self);
void gst_sod_onednn_store_unref (GstSodOnednnStore *self);
gsize gst_sod_onednn_store_get_size (GstSodOnednnStore *self);

/* Weight @name (f32, dense, @tensor) in layout @desc; owned by the store. */
gpointer gst_sod_onednn_store_get (GstSodOnednnStore *self,
    dnnl_engine_t engine, const gchar *name, const GstSodTensor *tensor,
    DnnlConstDesc desc, GError **error);

typedef void (*GstSodOnednnPack) (gconstpointer data, gpointer memory);

/* What @func writes, in a layout that @name tells from others; owned by the
 * store. */
gpointer gst_sod_onednn_store_make (GstSodOnednnStore *self, const gchar *name,
    gsize size, GstSodOnednnPack func, gconstpointer data, GError **error);

/* ---- steps ---- */

/* Memory that a step reads or writes: constant (weights), a buffer of the
 * plan, or the stream's scratch. */
#define GST_SOD_ONEDNN_SCRATCH G_MAXUINT

typedef struct
{
  gint arg;           /* DNNL_ARG_...; a kernel takes them in their order */
  DnnlConstDesc desc; /* of the step's primitive; NULL for kernels */
  guint buffer;       /* index, or GST_SOD_ONEDNN_SCRATCH */
  gpointer constant;  /* weights, or NULL */
} GstSodOnednnArg;

typedef struct _GstSodOnednnStep GstSodOnednnStep;

/* Work that oneDNN has no fast primitive for (kernels.c). @memory: where each
 * argument lies. */
typedef void (*GstSodOnednnKernel) (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads);

struct _GstSodOnednnStep
{
  gchar *name;                /* of the node */
  gchar *impl;                /* of oneDNN's primitive or of the kernel */
  dnnl_primitive_t primitive; /* NULL where a kernel runs */
  GstSodOnednnKernel kernel;
  GArray *args; /* of GstSodOnednnArg */

  /* for kernels: of the source */
  gint64 n, c, h, w;
  gint size, stride, dilation, padding; /* of a convolution */
  gint64 channels, out_h, out_w;        /* of its target */
  gboolean relu;
  gint scale; /* of an enlargement */
  GstSodOnednnLayout layout;
  dnnl_data_type_t type;
};

/* ---- plan ---- */

/* Where the elements of the input lie: offset of (n, c, y, x), in elements, is
 * n * sample + c * channel + y * row + x * pixel. */
typedef struct
{
  dnnl_data_type_t type;
  gint64 sample, channel, row, pixel;
} GstSodOnednnInput;

typedef struct
{
  GstSodExecutable base;
  dnnl_engine_t engine;
  GstSodGraph *graph;
  GstSodInputRule rule;
  gint threads;
  dnnl_data_type_t type;     /* of activations and weights */
  GstSodOnednnLayout layout; /* of activations */
  gboolean kernels;          /* convolutions are our own */
  gboolean wide;             /* those of them for AVX-512 */
  GstSodShape *shapes;       /* one a value */
  GstSodOnednnValue *values; /* one a value */
  GstSodOnednnInput input;
  GArray *buffers; /* of GstSodArenaBuffer: one a value, then temporaries */
  GPtrArray *steps;
  GstSodOnednnStore *store;
} GstSodOnednnPlan;

/* A plan that is being made. */
typedef struct
{
  GstSodOnednnPlan *plan;
  const GstSodCompileRequest *request;
  gboolean bare;    /* oneDNN's convolutions, whatever is quicker */
  guint *n_readers; /* one a value */
  gboolean *fused;  /* one a value: its reader computes it */
  const GstSodNode *node;
  guint index; /* of the node: the time in the arena */
} GstSodOnednnBuilder;

/* Layout of what `any` would choose for most of the graph's arithmetic. */
gboolean gst_sod_onednn_choose_layout (
    GstSodOnednnBuilder *self, GstSodOnednnLayout *layout, GError **error);

/* Layout of the graph's input; its memory is plan->input's. */
gboolean gst_sod_onednn_choose_input (
    GstSodOnednnBuilder *self, GError **error);

/* Whether our own convolutions do all of the graph's, and in no more time than
 * oneDNN's; then sets which. */
gboolean gst_sod_onednn_choose_kernels (GstSodOnednnBuilder *self);
gboolean gst_sod_onednn_add_kernel_conv (
    GstSodOnednnBuilder *self, GError **error);

/* FALSE where the enlargement is not one for the kernel. */
gboolean gst_sod_onednn_add_kernel_up (GstSodOnednnBuilder *self);

gboolean gst_sod_onednn_add_conv (GstSodOnednnBuilder *self, GError **error);
gboolean gst_sod_onednn_add_pool (GstSodOnednnBuilder *self, GError **error);
gboolean gst_sod_onednn_add_upsample (
    GstSodOnednnBuilder *self, GError **error);
gboolean gst_sod_onednn_add_concat (GstSodOnednnBuilder *self, GError **error);
gboolean gst_sod_onednn_add_sum (GstSodOnednnBuilder *self, GError **error);
gboolean gst_sod_onednn_add_eltwise (GstSodOnednnBuilder *self, GError **error);

/* ---- helpers of the files that add steps ---- */

dnnl_format_tag_t gst_sod_onednn_tag (GstSodOnednnLayout layout);

/* Weight @suffix of the node being added. */
GstSodTensor *gst_sod_onednn_find_weight (
    GstSodOnednnBuilder *self, const gchar *suffix, GError **error);

/* The same in layout @desc. */
gpointer gst_sod_onednn_get_weight (GstSodOnednnBuilder *self,
    const gchar *suffix, DnnlConstDesc desc, GError **error);

/* Where nobody reads the skip of an enlargement afterwards, its memory becomes
 * the output's. */
gboolean gst_sod_onednn_take_skip (GstSodOnednnBuilder *self);

/* An implementation that is slow for want of a better one. */
gboolean gst_sod_onednn_is_slow (const_dnnl_primitive_desc_t pd);

/* As gst_sod_onednn_fuse(), for a plan's primitives: their scratch is ours. */
gboolean gst_sod_onednn_make_attr (
    dnnl_primitive_attr_t *attr, gboolean sum, gboolean relu, GError **error);

/* Memory for the node being added: while it is computed or, with @keep, for
 * ever and zero when a stream opens. */
guint gst_sod_onednn_add_buffer (
    GstSodOnednnBuilder *self, gsize size, gboolean keep);

/* Appends a step that runs @pd's primitive; @pd stays the caller's. Args are
 * added then; scratch is seen to. */
GstSodOnednnStep *gst_sod_onednn_add_primitive (
    GstSodOnednnBuilder *self, const_dnnl_primitive_desc_t pd, GError **error);
GstSodOnednnStep *gst_sod_onednn_add_kernel (
    GstSodOnednnBuilder *self, const gchar *impl, GstSodOnednnKernel kernel);

void gst_sod_onednn_step_add_buffer (GstSodOnednnStep *self, gint arg,
    dnnl_query_t query, gint query_index, guint buffer);
void gst_sod_onednn_step_add_constant (
    GstSodOnednnStep *self, gint arg, dnnl_query_t query, gpointer constant);

/* For kernels: what the source is. */
void gst_sod_onednn_step_set_source (GstSodOnednnStep *self,
    const GstSodShape *shape, const GstSodOnednnValue *value);

/* A step that copies between layouts. */
gboolean gst_sod_onednn_add_reorder (GstSodOnednnBuilder *self,
    DnnlConstDesc from, guint source, DnnlConstDesc to, guint target,
    GError **error);

GstSodStream *gst_sod_onednn_open (
    GstSodExecutable *executable, GError **error);

/* ---- kernels ---- */

/* Channels that a kernel takes at a time. */
#define GST_SOD_ONEDNN_LANES 8

/* Rows [@first, @last) of a kernel's output. */
typedef void (*GstSodOnednnRows) (
    gconstpointer data, gint64 first, gint64 last);

/* Shares @n_rows out among @threads. */
void gst_sod_onednn_run_rows (
    GstSodOnednnRows func, gconstpointer data, gint64 n_rows, gint threads);

/* Part @index of a kernel's work: of its units, [@first, @last). */
typedef void (*GstSodOnednnPart) (
    gconstpointer data, gint index, gint64 first, gint64 last);

/* Shares @n out as @threads parts. */
void gst_sod_onednn_run_parts (
    GstSodOnednnPart func, gconstpointer data, gint64 n, gint threads);

/* Channels that lie side by side in the source. */
gint64 gst_sod_onednn_step_get_block (const GstSodOnednnStep *self);

/* Maximum of 2x2 windows, the layout as it is; args: source, target. */
void gst_sod_onednn_kernel_max_pool2 (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads);

/* Weights of a convolution lie in blocks of so many output channels. */
#define GST_SOD_ONEDNN_CONV_BLOCK 16

/* Convolution, channels last, f32; args: source, weights (blocks of channels,
 * k, k, c, 16), bias or NULL, target, scratch of at least the size below. */
void gst_sod_onednn_kernel_conv (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads);
gboolean gst_sod_onednn_kernel_conv_fits (const GstSodOnednnStep *step);
gsize gst_sod_onednn_kernel_conv_scratch (
    const GstSodOnednnStep *step, gint threads);

/* Convolution, channels last, f32 or bf16, with AVX-512 or, slowly, without;
 * args: source, weights as packed below, target, scratch of at least the size
 * below. */
void gst_sod_onednn_kernel_wide (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads);
gboolean gst_sod_onednn_kernel_wide_fits (const GstSodOnednnStep *step);
gboolean gst_sod_onednn_kernel_wide_is_fast (dnnl_data_type_t type);
gsize gst_sod_onednn_kernel_wide_scratch (
    const GstSodOnednnStep *step, gint threads);

/* Its plain twin. */
void gst_sod_onednn_kernel_wide_plain (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads);

/* @weights: (channels, c, size, size); @bias: (channels), or NULL. */
gsize gst_sod_onednn_kernel_wide_packed_size (const GstSodOnednnStep *step);
void gst_sod_onednn_kernel_wide_pack (const GstSodOnednnStep *step,
    const gfloat *weights, const gfloat *bias, gpointer packed);

/* Enlarging to twice the size and adding, channels last; args: source, summand,
 * target, which may be the summand. */
void gst_sod_onednn_kernel_up2_add (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads);

/* Enlarging alone; args: source, target. */
void gst_sod_onednn_kernel_up2 (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads);

/* Either, eight channels at a time; @summand may be NULL. */
void gst_sod_onednn_enlarge_few (const GstSodOnednnStep *step,
    gconstpointer source, gconstpointer summand, gpointer target, gint threads);

/* Convolution to one channel, dense f32; args: source, weights (k, k, c) f32,
 * bias (1), target. */
void gst_sod_onednn_kernel_conv_to_one (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads);

/* Its plain twin. */
void gst_sod_onednn_kernel_conv_to_one_plain (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads);

/* Enlarging by step->scale and the logistic function, one channel, f32; args:
 * source, target. */
void gst_sod_onednn_kernel_upsample_sigmoid (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads);

G_END_DECLS
