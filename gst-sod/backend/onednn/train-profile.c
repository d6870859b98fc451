/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For benchmarks: what the bare arithmetic takes in the place of a training
 * plan's steps that do more: oneDNN's own batch norms, ReLU fused, and the
 * convolution to one channel of what lies in memory. */
#include <gst-sod/backend/onednn/profile-private.h>
#include <gst-sod/backend/onednn/threads-private.h>
#include <gst-sod/backend/onednn/train-private.h>

#include <string.h>
#include <time.h>

#define N_ARGS 10

typedef struct
{
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  DnnlDesc data, channels;
  dnnl_primitive_desc_t forward, backward;
  gint n;
  dnnl_exec_arg_t args[N_ARGS];
  gpointer memory[N_ARGS];
} Norm;

static void
norm_clear (Norm *self)
{
  for (gint i = 0; i < self->n; i++) {
    if (self->args[i].memory != NULL)
      dnnl_memory_destroy (self->args[i].memory);
    gst_sod_aligned_free (self->memory[i]);
  }
  if (self->backward != NULL)
    dnnl_primitive_desc_destroy (self->backward);
  if (self->forward != NULL)
    dnnl_primitive_desc_destroy (self->forward);
  compat_desc_free (self->data);
  compat_desc_free (self->channels);
  if (self->stream != NULL)
    dnnl_stream_destroy (self->stream);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Norm, norm_clear)

static gboolean
norm_init (Norm *self, const GstSodTrainPlan *plan, const GstSodTrainStep *step,
    GError **error)
{
  const unsigned flags = dnnl_use_scale | dnnl_use_shift | dnnl_fuse_norm_relu;
  gint64 dims[] = { step->n, step->c, step->h, step->w };
  gfloat epsilon = 1e-5f;

  self->engine = plan->engine;
  return GST_SOD_ONEDNN_CHECK (dnnl_stream_create (&self->stream, self->engine,
                                   dnnl_stream_default_flags),
             error)
         && GST_SOD_ONEDNN_CHECK (
             compat_desc_new (&self->data, 4, dims,
                 gst_sod_train_step_arg (step, 0)->type, dnnl_nhwc),
             error)
         && GST_SOD_ONEDNN_CHECK (
             compat_desc_new (&self->channels, 1, dims + 1, dnnl_f32, dnnl_x),
             error)
         && GST_SOD_ONEDNN_CHECK (
             compat_batch_norm_forward (&self->forward, self->engine,
                 dnnl_forward_training, self->data, epsilon, flags, NULL),
             error)
         && GST_SOD_ONEDNN_CHECK (
             compat_batch_norm_backward (&self->backward, self->engine,
                 self->data, epsilon, flags, self->forward),
             error);
}

static gboolean
add (Norm *self, gint arg, DnnlConstDesc desc, GError **error)
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
add_args (Norm *self, gboolean backward, GError **error)
{
  DnnlConstDesc workspace =
      dnnl_primitive_desc_query_md (self->forward, dnnl_query_workspace_md, 0);
  gboolean ok = add (self, DNNL_ARG_SRC, self->data, error)
                && add (self, DNNL_ARG_MEAN, self->channels, error)
                && add (self, DNNL_ARG_VARIANCE, self->channels, error)
                && add (self, DNNL_ARG_SCALE, self->channels, error)
                && add (self, DNNL_ARG_WORKSPACE, workspace, error);

  if (!backward)
    return ok && add (self, DNNL_ARG_SHIFT, self->channels, error)
           && add (self, DNNL_ARG_DST, self->data, error);
  return ok
         && (!COMPAT_BATCH_NORM_BACKWARD_TAKES_SHIFT
             || add (self, DNNL_ARG_SHIFT, self->channels, error))
         && add (self, DNNL_ARG_DIFF_DST, self->data, error)
         && add (self, DNNL_ARG_DIFF_SRC, self->data, error)
         && add (self, DNNL_ARG_DIFF_SCALE, self->channels, error)
         && add (self, DNNL_ARG_DIFF_SHIFT, self->channels, error);
}

static gint64
get_nanoseconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static gboolean
measure (Norm *self, const_dnnl_primitive_desc_t pd, guint n_rounds,
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
    gboolean backward = step->kernel == gst_sod_train_kernel_norm_backward;
    g_auto (Norm) norm = { NULL };

    nanoseconds[i] = 0;
    if (is_to_one (step))
      ok = measure_to_one (plan, step, n_rounds, &nanoseconds[i], error);
    if (!backward && step->kernel != gst_sod_train_kernel_norm)
      continue;
    ok = norm_init (&norm, plan, step, error)
         && add_args (&norm, backward, error)
         && measure (&norm, backward ? norm.backward : norm.forward, n_rounds,
             &nanoseconds[i], error);
  }
  gst_sod_onednn_set_threads (threads);
  return ok;
}
