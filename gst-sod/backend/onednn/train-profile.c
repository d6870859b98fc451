/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For benchmarks: what the bare arithmetic takes in the place of a training
 * plan's steps that are kernels of our own: oneDNN's convolutions and gradients
 * of weights, its batch norms, ReLU fused, and the convolution to one channel
 * of what lies in memory. */
#include <gst-sod/backend/onednn/profile-private.h>
#include <gst-sod/backend/onednn/threads-private.h>
#include <gst-sod/backend/onednn/train-private.h>

#include <string.h>
#include <time.h>

#define N_ARGS 10

static gint64
get_nanoseconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

/* ---- a primitive and memory for it ---- */

typedef struct
{
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  gint n;
  dnnl_exec_arg_t args[N_ARGS];
  gpointer memory[N_ARGS];
} Bare;

static gboolean
bare_init (Bare *self, const GstSodTrainPlan *plan, GError **error)
{
  self->engine = plan->engine;
  return GST_SOD_ONEDNN_CHECK (dnnl_stream_create (&self->stream, self->engine,
                                   dnnl_stream_default_flags),
      error);
}

static void
bare_clear (Bare *self)
{
  for (gint i = 0; i < self->n; i++) {
    if (self->args[i].memory != NULL)
      dnnl_memory_destroy (self->args[i].memory);
    gst_sod_aligned_free (self->memory[i]);
  }
  if (self->stream != NULL)
    dnnl_stream_destroy (self->stream);
}

static gboolean
bare_add (Bare *self, gint arg, DnnlConstDesc desc, GError **error)
{
  gsize size = MAX (dnnl_memory_desc_get_size (desc), 1);
  gint i = self->n++;

  self->args[i].arg = arg;
  self->memory[i] = gst_sod_aligned_alloc (size, error);
  if (self->memory[i] == NULL)
    return FALSE;
  memset (self->memory[i], 0, size);
  return GST_SOD_ONEDNN_CHECK (dnnl_memory_create (&self->args[i].memory, desc,
                                   self->engine, self->memory[i]),
      error);
}

static gboolean
bare_measure (Bare *self, const_dnnl_primitive_desc_t pd, guint n_rounds,
    gint64 *shortest, GError **error)
{
  dnnl_primitive_t primitive = NULL;
  gboolean ok =
      GST_SOD_ONEDNN_CHECK (dnnl_primitive_create (&primitive, pd), error);

  *shortest = G_MAXINT64;
  for (guint i = 0; ok && i < n_rounds; i++) {
    gint64 start = get_nanoseconds ();

    ok = GST_SOD_ONEDNN_CHECK (dnnl_primitive_execute (primitive, self->stream,
                                   self->n, self->args),
             error)
         && GST_SOD_ONEDNN_CHECK (dnnl_stream_wait (self->stream), error);
    *shortest = MIN (*shortest, get_nanoseconds () - start);
  }
  if (primitive != NULL)
    dnnl_primitive_destroy (primitive);
  return ok;
}

/* ---- batch norms ---- */

typedef struct
{
  Bare bare;
  DnnlDesc data, channels;
  dnnl_primitive_desc_t forward, backward;
} Norm;

static void
norm_clear (Norm *self)
{
  bare_clear (&self->bare);
  if (self->backward != NULL)
    dnnl_primitive_desc_destroy (self->backward);
  if (self->forward != NULL)
    dnnl_primitive_desc_destroy (self->forward);
  compat_desc_free (self->data);
  compat_desc_free (self->channels);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Norm, norm_clear)

static gboolean
norm_init (Norm *self, const GstSodTrainPlan *plan, const GstSodTrainStep *step,
    GError **error)
{
  const unsigned flags = dnnl_use_scale | dnnl_use_shift | dnnl_fuse_norm_relu;
  gint64 dims[] = { step->n, step->c, step->h, step->w };
  gfloat epsilon = 1e-5f;

  return bare_init (&self->bare, plan, error)
         && GST_SOD_ONEDNN_CHECK (
             compat_desc_new (&self->data, 4, dims,
                 gst_sod_train_step_arg (step, 0)->type, dnnl_nhwc),
             error)
         && GST_SOD_ONEDNN_CHECK (
             compat_desc_new (&self->channels, 1, dims + 1, dnnl_f32, dnnl_x),
             error)
         && GST_SOD_ONEDNN_CHECK (
             compat_batch_norm_forward (&self->forward, plan->engine,
                 dnnl_forward_training, self->data, epsilon, flags, NULL),
             error)
         && GST_SOD_ONEDNN_CHECK (
             compat_batch_norm_backward (&self->backward, plan->engine,
                 self->data, epsilon, flags, self->forward),
             error);
}

static gboolean
norm_add_args (Norm *self, gboolean backward, GError **error)
{
  DnnlConstDesc workspace =
      dnnl_primitive_desc_query_md (self->forward, dnnl_query_workspace_md, 0);
  Bare *bare = &self->bare;
  gboolean ok = bare_add (bare, DNNL_ARG_SRC, self->data, error)
                && bare_add (bare, DNNL_ARG_MEAN, self->channels, error)
                && bare_add (bare, DNNL_ARG_VARIANCE, self->channels, error)
                && bare_add (bare, DNNL_ARG_SCALE, self->channels, error)
                && bare_add (bare, DNNL_ARG_WORKSPACE, workspace, error);

  if (!backward)
    return ok && bare_add (bare, DNNL_ARG_SHIFT, self->channels, error)
           && bare_add (bare, DNNL_ARG_DST, self->data, error);
  return ok
         && (!COMPAT_BATCH_NORM_BACKWARD_TAKES_SHIFT
             || bare_add (bare, DNNL_ARG_SHIFT, self->channels, error))
         && bare_add (bare, DNNL_ARG_DIFF_DST, self->data, error)
         && bare_add (bare, DNNL_ARG_DIFF_SRC, self->data, error)
         && bare_add (bare, DNNL_ARG_DIFF_SCALE, self->channels, error)
         && bare_add (bare, DNNL_ARG_DIFF_SHIFT, self->channels, error);
}

static gboolean
measure_norm (const GstSodTrainPlan *plan, const GstSodTrainStep *step,
    guint n_rounds, gint64 *shortest, GError **error)
{
  gboolean backward = step->kernel == gst_sod_train_kernel_norm_backward;
  g_auto (Norm) norm = { { NULL } };

  return norm_init (&norm, plan, step, error)
         && norm_add_args (&norm, backward, error)
         && bare_measure (&norm.bare, backward ? norm.backward : norm.forward,
             n_rounds, shortest, error);
}

/* ---- convolutions and gradients of their weights ---- */

typedef struct
{
  Bare bare;
  DnnlDesc source, target, weights, d_weights;
  dnnl_primitive_desc_t forward, backward;
} Conv;

static void
conv_clear (Conv *self)
{
  bare_clear (&self->bare);
  if (self->backward != NULL)
    dnnl_primitive_desc_destroy (self->backward);
  if (self->forward != NULL)
    dnnl_primitive_desc_destroy (self->forward);
  compat_desc_free (self->source);
  compat_desc_free (self->target);
  compat_desc_free (self->weights);
  compat_desc_free (self->d_weights);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Conv, conv_clear)

static gboolean
conv_describe (Conv *self, const GstSodTrainStep *step, GError **error)
{
  const dnnl_data_type_t type = gst_sod_train_step_arg (step, 0)->type;
  const dnnl_format_tag_t any = dnnl_format_tag_any;
  gint64 source[] = { step->n, step->c, step->h, step->w };
  gint64 target[] = { step->n, step->channels, step->big_h, step->big_w };
  gint64 weights[] = { step->channels, step->c, step->size, step->size };

  return GST_SOD_ONEDNN_CHECK (
             compat_desc_new (&self->source, 4, source, type, dnnl_nhwc), error)
         && GST_SOD_ONEDNN_CHECK (
             compat_desc_new (&self->target, 4, target, type, dnnl_nhwc), error)
         && GST_SOD_ONEDNN_CHECK (
             compat_desc_new (&self->weights, 4, weights, type, any), error)
         && GST_SOD_ONEDNN_CHECK (
             compat_desc_new (&self->d_weights, 4, weights, dnnl_f32, any),
             error);
}

/* Zeros after the last of @in. */
static gint64
get_padding_after (const GstSodTrainStep *step, gint64 in, gint64 out)
{
  gint64 span = (gint64) step->dilation * (step->size - 1) + 1;

  return (out - 1) * step->stride + span - in - step->padding;
}

static gboolean
is_weights (const GstSodTrainStep *step)
{
  return step->kernel == gst_sod_train_kernel_conv_weights
         || step->kernel == gst_sod_train_kernel_tile_weights;
}

static gboolean
conv_init (Conv *self, const GstSodTrainPlan *plan, const GstSodTrainStep *step,
    GError **error)
{
  CompatWindow window = {
    .alg = dnnl_convolution_direct,
    .strides = { step->stride, step->stride },
    .dilates = { step->dilation - 1, step->dilation - 1 },
    .padding_l = { step->padding, step->padding },
    .padding_r = { get_padding_after (step, step->h, step->big_h),
        get_padding_after (step, step->w, step->big_w) },
  };

  if (!bare_init (&self->bare, plan, error)
      || !conv_describe (self, step, error))
    return FALSE;
  window.src = self->source;
  window.dst = self->target;
  window.weights = self->weights;
  if (!GST_SOD_ONEDNN_CHECK (compat_conv_forward (&self->forward, plan->engine,
                                 dnnl_forward_training, &window, NULL),
          error))
    return FALSE;
  window.weights = self->d_weights;
  return GST_SOD_ONEDNN_CHECK (
      compat_conv_backward_weights (&self->backward, plan->engine, &window,
          self->forward, NULL,
          gst_sod_train_avoid_impl (step->channels, step->c, step->dilation)),
      error);
}

static gboolean
conv_add_args (Conv *self, gboolean backward, GError **error)
{
  DnnlConstDesc weights = backward ? dnnl_primitive_desc_query_md (
                              self->backward, dnnl_query_diff_weights_md, 0)
                                   : dnnl_primitive_desc_query_md (
                                       self->forward, dnnl_query_weights_md, 0);

  return bare_add (&self->bare, DNNL_ARG_SRC, self->source, error)
         && bare_add (&self->bare, backward ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST,
             self->target, error)
         && bare_add (&self->bare,
             backward ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, weights,
             error);
}

static gboolean
measure_conv (const GstSodTrainPlan *plan, const GstSodTrainStep *step,
    guint n_rounds, gint64 *shortest, GError **error)
{
  gboolean backward = is_weights (step);
  g_auto (Conv) conv = { { NULL } };

  return conv_init (&conv, plan, step, error)
         && conv_add_args (&conv, backward, error)
         && bare_measure (&conv.bare, backward ? conv.backward : conv.forward,
             n_rounds, shortest, error);
}

/* ---- to one channel ---- */

static gboolean
is_to_one (const GstSodTrainStep *step)
{
  return step->kernel == gst_sod_train_kernel_up_to_one
         || step->kernel == gst_sod_train_kernel_up_to_one_weights;
}

typedef struct
{
  gpointer memory[5];
} ToOne;

static void
to_one_clear (ToOne *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->memory); i++)
    gst_sod_aligned_free (self->memory[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToOne, to_one_clear)

static gboolean
to_one_init (ToOne *self, const GstSodTrainStep *step, gboolean backward,
    gint threads, GError **error)
{
  const GstSodShape shape =
      gst_sod_shape_nchw (step->n, step->c, step->h, step->w);
  const gsize n_pixels = (gsize) (step->n * step->h * step->w);
  const gsize source = n_pixels * (gsize) step->c * sizeof (gfloat);
  const gsize weights = (gsize) (9 * step->c) * sizeof (gfloat);
  const gsize plane = n_pixels * sizeof (gfloat);
  const gsize scratch =
      gst_sod_train_one_scratch (&shape, step->dilation, threads);
  const gsize forward[] = { source, weights, sizeof (gfloat), plane, scratch };
  const gsize back[] = { source, plane, scratch, weights, sizeof (gfloat) };

  for (guint i = 0; i < G_N_ELEMENTS (forward); i++) {
    gsize size = backward ? back[i] : forward[i];

    self->memory[i] = gst_sod_aligned_alloc (size, error);
    if (self->memory[i] == NULL)
      return FALSE;
    memset (self->memory[i], 0, size);
  }
  return TRUE;
}

/* The same of a source that lies in memory. */
static gboolean
measure_to_one (const GstSodTrainPlan *plan, const GstSodTrainStep *step,
    guint n_rounds, gint64 *shortest, GError **error)
{
  const gboolean backward =
      step->kernel == gst_sod_train_kernel_up_to_one_weights;
  const GstSodTrainArg source = {
    .pitch = step->c,
    .type = gst_sod_train_step_arg (step, 0)->type,
  };
  g_autoptr (GArray) args = g_array_new (FALSE, TRUE, sizeof (GstSodTrainArg));
  GstSodTrainStep plain = *step;
  GstSodTrainRun run = { plan->threads, FALSE };
  g_auto (ToOne) one = { { NULL } };

  if (!to_one_init (&one, step, backward, plan->threads, error))
    return FALSE;
  g_array_set_size (args, G_N_ELEMENTS (one.memory));
  g_array_index (args, GstSodTrainArg, 0) = source;
  plain.args = args;
  *shortest = G_MAXINT64;
  for (guint i = 0; i < n_rounds; i++) {
    gint64 start = get_nanoseconds ();

    if (backward)
      gst_sod_train_kernel_conv_to_one_weights (&plain, one.memory, &run);
    else
      gst_sod_train_kernel_conv_to_one (&plain, one.memory, &run);
    *shortest = MIN (*shortest, get_nanoseconds () - start);
  }
  return TRUE;
}

/* ---- steps ---- */

gboolean
gst_sod_onednn_train_profile_bare (GstSodExecutable *executable, guint n_rounds,
    gint64 *nanoseconds, GError **error)
{
  const GstSodTrainPlan *plan = (const GstSodTrainPlan *) executable;
  gint threads = gst_sod_onednn_set_threads (plan->threads);
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < plan->steps->len; i++) {
    const GstSodTrainStep *step = g_ptr_array_index (plan->steps, i);

    nanoseconds[i] = 0;
    if (is_to_one (step))
      ok = measure_to_one (plan, step, n_rounds, &nanoseconds[i], error);
    else if (step->kernel == gst_sod_train_kernel_norm
             || step->kernel == gst_sod_train_kernel_norm_backward)
      ok = measure_norm (plan, step, n_rounds, &nanoseconds[i], error);
    else if (step->kernel == gst_sod_train_kernel_conv || is_weights (step))
      ok = measure_conv (plan, step, n_rounds, &nanoseconds[i], error);
  }
  gst_sod_onednn_set_threads (threads);
  return ok;
}
