/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image-private.h>
#include <gst-sod/core/tensor-private.h>
#include <gst-sod/nn/network-private.h>

G_BEGIN_DECLS

/* The seam. A back end does two things behind it:
 *
 *  - single ops (GstSodOpKernel): what `ref` runs on, what the op tests call,
 *    and what a back end may fall back to;
 *  - plans: compile (graph, shapes, mode, precision, limits) -> executable,
 *    which negotiates layouts, fuses and places memory; what a back end cannot
 *    do is found there (GST_SOD_ERROR_UNSUPPORTED), never in mid-stream.
 *
 * An executable is immutable and shared by every stream of a packed network; a
 * stream is the working memory (activations, scratch) of one caller at a time.
 */
typedef struct _GstSodBackend GstSodBackend;
typedef struct _GstSodExecutable GstSodExecutable;
typedef struct _GstSodStream GstSodStream;
typedef struct _GstSodMasters GstSodMasters;

typedef enum
{
  GST_SOD_MODE_INFER,
  GST_SOD_MODE_TRAIN
} GstSodMode;

/* ---- single ops ---- */

/* One call of one op. Tensors are dense (n, c, h, w), all of one dtype but for
 * params of f16 and bf16 batch norm, which stay f32. */
typedef struct
{
  const GstSodOpAttrs *attrs;
  GstSodMode mode; /* batch norm: batch statistics where TRAIN */
  guint n_inputs;
  const GstSodTensor *const *inputs;
  GstSodTensor *const *params; /* TRAIN batch norm updates its statistics:
                                  momentum 0.1, unbiased variance */
  guint n_params;
  GstSodTensor *output; /* forward: written; backward: as forward left it */

  /* backward only; each gradient is written (=), not added to. NULL where it
   * is not wanted; params that are not trainable have none. */
  const GstSodTensor *d_output;
  GstSodTensor *const *d_inputs;
  GstSodTensor *const *d_params;
  guint threads;
} GstSodOpCall;

typedef struct
{
  gboolean (*forward) (const GstSodOpCall *call, GError **error);
  gboolean (*backward) (const GstSodOpCall *call, GError **error);
} GstSodOpKernel;

/* ---- plans ---- */

/* What the loss of a whole step is; docs/training.md defines them. */
typedef enum
{
  GST_SOD_LEARN_BCE,
  GST_SOD_LEARN_STRUCTURE,
  GST_SOD_LEARN_L1,
  GST_SOD_LEARN_L1_GRADIENT
} GstSodLearnLoss;

/* The numbers in the losses, of which each loss reads its own. */
typedef struct
{
  gdouble edge_weight; /* structure: how much more an edge weighs, 0 or more */
  guint edge_window;   /* structure: side, in a map 320 wide; odd */
  gdouble gradient_weight; /* l1-gradient: of differences, 0 or more */
} GstSodLossOptions;

/* Half the side of the structure loss's neighbourhood, which grows with the
 * map: of 31 pixels it is 15 in a map 320 wide, 7 in one of 160. */
static inline gint64
gst_sod_loss_options_get_radius (const GstSodLossOptions *self, gint64 width)
{
  return self->edge_window / 2 * width / 320;
}

/* A batch and what it is held against; all f32. */
typedef struct
{
  const GstSodTensor *input;
  const GstSodTensor *target;  /* as the output */
  const GstSodTensor *weights; /* (n, 1, h, w), 0 or more; NULL: all 1 */
} GstSodLearnBatch;

typedef struct
{
  GstSodLearnLoss loss;
  GstSodLossOptions options;
  /* input NULL: that of the call before once more, for benchmarks. */
  GstSodLearnBatch batch;
  /* That of the call to come, which may be brought to the device while this
   * one is learnt; input NULL: not known. Its tensors do not change. */
  GstSodLearnBatch next;
} GstSodLearnCall;

typedef struct
{
  const GstSodGraph *graph; /* the executable takes a reference */
  /* name -> GstSodTensor: INFER: f32, taken over; TRAIN: of @dtype, only held
   * against the graph: streams bind theirs. */
  GHashTable *weights;
  const GstSodInputRule *rule;
  GstSodMode mode;
  GstSodPrecision precision; /* never AUTO */
  /* TRAIN: of values, weights and gradients; F64 is for "ref" alone, to hold
   * gradients against finite differences. INFER: F32. */
  GstSodDType dtype;
  GstSodShape input; /* (n, c, h, w) */
  guint threads;
  gsize workspace_limit; /* bytes, 0 = the back end's choice */
  /* TRAIN: the same bytes every time, where that costs speed. */
  gboolean deterministic;
  /* Values that must still be readable after execute(): for tests and for the
   * layers' golden values. Forbids reusing their memory. */
  const GstSodValue *keep;
  guint n_keep;
  /* value -> index of the last node that reads it (the node that makes it
   * where none does; G_MAXUINT for the output and for those in `keep`), as
   * gst_sod_graph_last_uses() of run/ found it. */
  const guint *last_use;
  /* An executable of the same weights, back end and precision whose packed
   * weights may be shared; NULL if there is none. */
  GstSodExecutable *share;
} GstSodCompileRequest;

typedef struct
{
  void (*free) (GstSodExecutable *self);
  GstSodStream *(*open) (GstSodExecutable *self, GError **error);

  /* One line a step: "enc.0.0.conv brgconv:avx512_core"; (transfer full). */
  gchar **(*describe) (GstSodExecutable *self);
} GstSodExecutableClass;

struct _GstSodExecutable
{
  const GstSodExecutableClass *klass;
  gatomicrefcount ref_count;
  GstSodBackend *backend;
  GstSodPrecision precision;
  GstSodShape input, output;
  gsize arena_size;     /* bytes a stream takes for activations */
  gsize workspace_size; /* bytes a stream takes for scratch */
  gsize weights_size;   /* bytes of packed weights, shared ones too */
};

/* What there is of each param; moments and gradients only of those that are
 * trained. */
typedef enum
{
  GST_SOD_MASTERS_WEIGHTS,
  GST_SOD_MASTERS_AVERAGES,
  GST_SOD_MASTERS_MOMENTS_1,
  GST_SOD_MASTERS_MOMENTS_2,
  GST_SOD_MASTERS_GRADIENTS,
  GST_SOD_MASTERS_N_PARTS
} GstSodMastersPart;

typedef struct
{
  void (*free) (GstSodStream *self);

  /* preprocess: picture -> channels 3 * frame .. 3 * frame + 2 of sample
   * @sample of the input, by the rule; one channel of a gray picture, in 0..1,
   * where the input has one channel (reverse). */
  gboolean (*write_image) (GstSodStream *self, guint sample, guint frame,
      const GstSodImage *image, GError **error);

  /* As write_image() from an (3, h, w) f32 tensor already preprocessed by
   * preprocess(); also (c, h, w) with frame 0 and all channels, for tests. */
  gboolean (*write_tensor) (GstSodStream *self, guint sample, guint frame,
      const GstSodTensor *tensor, GError **error);

  /* preprocess into memory that outlives this pass: the frames that a
   * two-frame model will look back at; @tensor is (3, h, w) f32. */
  gboolean (*preprocess) (GstSodStream *self, const GstSodImage *image,
      GstSodTensor *tensor, GError **error);

  gboolean (*execute) (GstSodStream *self, GError **error);

  /* postprocess: the one-channel output in 0..1 of sample @sample -> 8-bit gray
   * picture of any size, round to nearest, resized by the same filters as the
   * input; @map is written. */
  gboolean (*read_map) (
      GstSodStream *self, guint sample, GstSodImage *map, GError **error);

  /* Content of the output, or of a value named in `keep`, as a new dense f32
   * tensor (n, c, h, w). */
  GstSodTensor *(*read_value) (
      GstSodStream *self, GstSodValue value, GError **error);

  /* TRAIN plans only. They take samples by write_tensor() whole, of f32 or of
   * the plan's dtype, and have no write_image(), preprocess() and read_map();
   * read_value() gives tensors of the plan's dtype, before backward().
   *
   * The weights are the caller's, name -> GstSodTensor of the plan's dtype:
   * execute() reads them and updates the running statistics in place
   * (momentum 0.1, unbiased variance). So are @gradients, one for each weight
   * that is trained: backward() writes (=) them. NULL gradients freeze the
   * network: it runs on its running statistics, keeps them, and backward()
   * gives the gradient of the input alone. Holds for every pass until the
   * next bind(), and so long the tables hold the same tensors;
   * GST_SOD_ERROR_MISMATCH where a table does not fit. */
  gboolean (*bind) (GstSodStream *self, GHashTable *weights,
      GHashTable *gradients, GError **error);

  /* The other way through what execute() left, which it uses up. @d_output:
   * as the output; @d_input: as the input, written (=), NULL where it is not
   * wanted; both dense and of the plan's dtype. */
  gboolean (*backward) (GstSodStream *self, const GstSodTensor *d_output,
      GstSodTensor *d_input, GError **error);

  /* TRAIN plans of back ends with masters; both or neither.
   *
   * As bind(), but of weights that stay on the device: @part is WEIGHTS or
   * AVERAGES. Where the network is not @frozen, execute() and backward() are
   * passes of the masters' next update. */
  gboolean (*bind_masters) (GstSodStream *self, GstSodMasters *masters,
      GstSodMastersPart part, gboolean frozen, GError **error);

  /* write_tensor() of all samples, execute(), loss and backward() in one, of
   * masters that are not frozen.
   * @loss may come out as what is no number: the caller then discards the
   * masters' passes. */
  gboolean (*learn) (GstSodStream *self, const GstSodLearnCall *call,
      gdouble *loss, GError **error);
} GstSodStreamClass;

/* Whether the caller of a pass wants no more of it. */
typedef gboolean (*GstSodStopFunc) (gpointer user_data);

struct _GstSodStream
{
  const GstSodStreamClass *klass;
  GstSodExecutable *executable; /* a reference */

  /* Set by the caller. TRAIN plans of the host ask between two nodes, and give
   * up with GST_SOD_ERROR_CANCELLED: a pass may take seconds. NULL: nobody
   * stops them. */
  GstSodStopFunc is_stopped;
  gpointer stop_data;
};

/* ---- masters: what a trainer owns of a network, on the device ---- */

typedef struct
{
  const gchar *name; /* of the weight or running statistic */
  gsize n;           /* values, f32 */
  gboolean trained;  /* else a running statistic */
  gboolean decays;   /* weight decay holds for it */
} GstSodMastersSpec;

typedef struct
{
  gboolean adamw; /* else SGD with momentum; as train/ has them */
  gdouble learning_rate, momentum, weight_decay;
  gdouble clip_norm; /* 0: none */
  guint64 step;      /* from 0: of all updates so far */
  /* average += share * (weight - average), of all params; 0: they stay. */
  gdouble average_share;
} GstSodMastersUpdate;

/* What came of an update. Where @norm, that of the mean of the passes'
 * gradients, is not finite, everything is as it was after the update before,
 * and the passes are dropped. @rescaled: that came of a loss scaled up for f16,
 * which is scaled less from now on, and not of the gradients. */
typedef struct
{
  gdouble norm;
  gboolean rescaled;
} GstSodMastersResult;

/* One thread at a time, which may change; streams that are bound to masters
 * are used by that thread too. */
typedef struct
{
  void (*free) (GstSodMasters *self);

  /* All values of spec @index, from and to the host's memory. Storing drops
   * no passes: ask discard(). */
  gboolean (*store) (GstSodMasters *self, GstSodMastersPart part, guint index,
      const gfloat *values, GError **error);
  gboolean (*fetch) (GstSodMasters *self, GstSodMastersPart part, guint index,
      gfloat *values, GError **error);

  /* A step by the mean of the gradients of the passes since the last one. */
  gboolean (*update) (GstSodMasters *self, const GstSodMastersUpdate *update,
      GstSodMastersResult *result, GError **error);

  /* Drops the passes since the last update, and what they did to the running
   * statistics. */
  gboolean (*discard) (GstSodMasters *self, GError **error);
} GstSodMastersClass;

struct _GstSodMasters
{
  const GstSodMastersClass *klass;
};

/* ---- back ends ---- */

typedef struct
{
  const gchar *name;   /* "ref", "onednn", "cuda" */
  const gchar *device; /* "cpu", "cuda" */

  /* The libraries that it works with and their versions, one line; NULL where
   * there is none to name. (transfer full) */
  gchar *(*describe_libraries) (void);

  /* What AUTO means on this machine. */
  GstSodPrecision (*best_precision) (GstSodBackend *self);
  /* And for training; NULL: the same. */
  GstSodPrecision (*best_training_precision) (GstSodBackend *self);

  /* GST_SOD_ERROR_UNSUPPORTED, naming the missing instruction set and
   * precision=auto, where the machine cannot. */
  gboolean (*check_precision) (
      GstSodBackend *self, GstSodPrecision precision, GError **error);

  /* NULL where this back end has no such op. */
  const GstSodOpKernel *(*op) (GstSodBackend *self, GstSodOpKind kind);

  GstSodExecutable *(*compile) (
      GstSodBackend *self, const GstSodCompileRequest *request, GError **error);

  /* Masters of @n_specs params, all values 0; names are copied. NULL where
   * training keeps nothing on the device. */
  GstSodMasters *(*open_masters) (GstSodBackend *self,
      const GstSodMastersSpec *specs, guint n_specs, GError **error);
} GstSodBackendClass;

struct _GstSodBackend
{
  const GstSodBackendClass *klass;
};

/* ---- registry: the only place that knows which back ends were built ---- */

/* All that can be used, best first, NULL-terminated; owned by the library. The
 * first GPU's is among them where there is one. */
GstSodBackend *const *gst_sod_backend_list (void);

/* By name; GST_SOD_ERROR_UNSUPPORTED lists those there are. */
GstSodBackend *gst_sod_backend_get (const gchar *name, GError **error);

/* The best one for "auto", "cpu", "cuda" or "cuda:N"; GST_SOD_ERROR_DEVICE,
 * or INVALID_ARGUMENT for a name that is none of these. @resolved (transfer
 * full) gets "cpu" or "cuda:N". */
GstSodBackend *gst_sod_backend_for_device (
    const gchar *device, gchar **resolved, GError **error);

/* As gst_sod_backend_for_device() in @context, one of the driver's on a GPU;
 * INVALID_ARGUMENT where @device is none. */
GstSodBackend *gst_sod_backend_for_context (
    const gchar *device, gpointer context, gchar **resolved, GError **error);

/* Why "auto" takes the CPU, with the way out; NULL where it takes a GPU. Owned
 * by the library. */
const gchar *gst_sod_backend_get_auto_reason (void);

/* ---- calling through the seam ---- */

/* Before the back end sees the request: GST_SOD_ERROR_UNSUPPORTED for a
 * precision that the machine lacks, MISMATCH where shapes do not fit or a
 * weight is missing or of another shape. */
GstSodExecutable *gst_sod_backend_compile (
    GstSodBackend *self, const GstSodCompileRequest *request, GError **error);
GstSodExecutable *gst_sod_executable_ref (GstSodExecutable *self);
void gst_sod_executable_unref (GstSodExecutable *self);

/* Whether @weights holds every param of @graph (those that are trained where
 * @trained), in its shape and of @dtype; GST_SOD_ERROR_MISMATCH names the
 * first that does not fit. */
gboolean gst_sod_graph_check_weights (const GstSodGraph *graph,
    const GstSodShape *shapes, GHashTable *weights, GstSodDType dtype,
    gboolean trained, GError **error);

/* For back ends: fills the base struct in but for the output's shape and the
 * sizes. */
void gst_sod_executable_init (GstSodExecutable *self,
    const GstSodExecutableClass *klass, GstSodBackend *backend,
    const GstSodCompileRequest *request);

/* Takes the stream's reference to its executable, once the back end's open()
 * has made it, and gives it back after its free(). */
GstSodStream *gst_sod_executable_open (GstSodExecutable *self, GError **error);
void gst_sod_stream_free (GstSodStream *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodExecutable, gst_sod_executable_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodStream, gst_sod_stream_free)

/* Each back end's one symbol that the registry names. */
GstSodBackend *gst_sod_ref_backend (void);
GstSodBackend *gst_sod_onednn_backend (void);

G_END_DECLS
