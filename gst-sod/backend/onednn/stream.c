/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream: the working memory of one caller of a plan. Everything is taken
 * when it is opened; executing walks arrays that are ready. */
#include <gst-sod/backend/onednn/picture-private.h>
#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/backend/onednn/profile-private.h>
#include <gst-sod/backend/onednn/threads-private.h>
#include <gst-sod/backend/stream-checks-private.h>

#include <string.h>
#include <time.h>

/* A step with its memory. */
typedef struct
{
  const GstSodOnednnStep *step;
  guint n_args;
  dnnl_exec_arg_t *args; /* of a primitive */
  gpointer *memory;      /* of a kernel */
} Call;

typedef struct
{
  GstSodStream base;
  GstSodOnednnPlan *plan;
  dnnl_stream_t stream;
  guint8 *arena, *scratch;
  guint n_calls;
  Call *calls; /* one a step */
  GstSodOnednnPicture *picture;
} OnednnStream;

static void
call_clear (Call *self)
{
  for (guint i = 0; self->args != NULL && i < self->n_args; i++) {
    if (self->args[i].memory != NULL)
      dnnl_memory_destroy (self->args[i].memory);
  }
  g_free (self->args);
  g_free (self->memory);
}

static void
free_stream (GstSodStream *stream)
{
  OnednnStream *self = (OnednnStream *) stream;

  for (guint i = 0; self->calls != NULL && i < self->n_calls; i++)
    call_clear (&self->calls[i]);
  g_free (self->calls);
  if (self->stream != NULL)
    dnnl_stream_destroy (self->stream);
  gst_sod_aligned_free (self->arena);
  gst_sod_aligned_free (self->scratch);
  g_clear_pointer (&self->picture, gst_sod_onednn_picture_free);
  g_free (self);
}

static gpointer
get_buffer (const OnednnStream *self, guint buffer)
{
  if (buffer == GST_SOD_ONEDNN_SCRATCH)
    return self->scratch;
  return self->arena
         + g_array_index (self->plan->buffers, GstSodArenaBuffer, buffer)
               .offset;
}

static gboolean
call_init (Call *self, const OnednnStream *stream, const GstSodOnednnStep *step,
    GError **error)
{
  self->step = step;
  self->n_args = step->args->len;
  self->memory = g_new0 (gpointer, self->n_args);
  self->args = g_new0 (dnnl_exec_arg_t, self->n_args);
  for (guint i = 0; i < self->n_args; i++) {
    const GstSodOnednnArg *arg =
        &g_array_index (step->args, GstSodOnednnArg, i);

    self->memory[i] = arg->constant != NULL ? arg->constant
                                            : get_buffer (stream, arg->buffer);
    self->args[i].arg = arg->arg;
    if (step->primitive != NULL
        && !GST_SOD_ONEDNN_CHECK (
            dnnl_memory_create (&self->args[i].memory, arg->desc,
                stream->plan->engine, self->memory[i]),
            error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
run_call (const OnednnStream *self, const Call *call, GError **error)
{
  if (call->step->kernel != NULL) {
    call->step->kernel (call->step, call->memory, self->plan->threads);
    return TRUE;
  }
  return GST_SOD_ONEDNN_CHECK (
      dnnl_primitive_execute (
          call->step->primitive, self->stream, (int) call->n_args, call->args),
      error);
}

static gboolean
execute (GstSodStream *stream, GError **error)
{
  OnednnStream *self = (OnednnStream *) stream;
  gint threads = gst_sod_onednn_set_threads (self->plan->threads);
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < self->n_calls; i++)
    ok = run_call (self, &self->calls[i], error);
  ok = ok && GST_SOD_ONEDNN_CHECK (dnnl_stream_wait (self->stream), error);
  gst_sod_onednn_set_threads (threads);
  return ok;
}

static gint64
get_nanoseconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static gboolean
time_call (
    const OnednnStream *self, guint index, gint64 *shortest, GError **error)
{
  gint64 start = get_nanoseconds ();
  gboolean ok =
      run_call (self, &self->calls[index], error)
      && GST_SOD_ONEDNN_CHECK (dnnl_stream_wait (self->stream), error);

  *shortest = MIN (*shortest, get_nanoseconds () - start);
  return ok;
}

gboolean
gst_sod_onednn_stream_profile (GstSodStream *stream, guint n_rounds,
    gint64 *alone, gint64 *in_place, GError **error)
{
  OnednnStream *self = (OnednnStream *) stream;
  gint threads = gst_sod_onednn_set_threads (self->plan->threads);
  gboolean ok = TRUE;

  for (guint i = 0; i < self->n_calls; i++) {
    alone[i] = in_place[i] = G_MAXINT64;
    for (guint round = 0; ok && round < n_rounds; round++)
      ok = time_call (self, i, &alone[i], error);
  }
  for (guint round = 0; ok && round < n_rounds; round++) {
    for (guint i = 0; ok && i < self->n_calls; i++)
      ok = time_call (self, i, &in_place[i], error);
  }
  gst_sod_onednn_set_threads (threads);
  return ok;
}

/* ---- pictures and tensors ---- */

/* Where @n_channels channels from @frame on of sample @sample go. */
static gboolean
find_input (OnednnStream *self, guint sample, guint frame, gint n_channels,
    GstSodOnednnTarget *target, GError **error)
{
  const GstSodOnednnPlan *plan = self->plan;
  const GstSodOnednnInput *input = &plan->input;
  const gint64 *dims = plan->base.input.dims;
  gint64 first =
      (gint64) frame * gst_sod_executable_get_picture_channels (&plan->base);
  gint64 offset = sample * input->sample + first * input->channel;

  if (!gst_sod_executable_check_place (
          &plan->base, sample, frame, n_channels, error))
    return FALSE;
  *target = (GstSodOnednnTarget){
    .data = (guint8 *) get_buffer (self, plan->graph->input)
            + offset * (gint64) dnnl_data_type_size (input->type),
    .bf16 = input->type == dnnl_bf16,
    .channels = n_channels,
    .height = (gint) dims[2],
    .width = (gint) dims[3],
    .channel = input->channel,
    .row = input->row,
    .pixel = input->pixel,
  };
  return TRUE;
}

static gboolean
write_image (GstSodStream *stream, guint sample, guint frame,
    const GstSodImage *image, GError **error)
{
  OnednnStream *self = (OnednnStream *) stream;
  GstSodOnednnTarget target;

  return gst_sod_executable_check_host (&self->plan->base, image, error)
         && find_input (self, sample, frame,
             gst_sod_executable_get_picture_channels (&self->plan->base),
             &target, error)
         && gst_sod_onednn_picture_read (
             self->picture, image, &self->plan->rule, &target, error);
}

static gboolean
write_tensor (GstSodStream *stream, guint sample, guint frame,
    const GstSodTensor *tensor, GError **error)
{
  OnednnStream *self = (OnednnStream *) stream;
  GstSodOnednnTarget target;

  if (!gst_sod_executable_check_tensor (&self->plan->base, tensor, frame, error)
      || !find_input (self, sample, frame,
          (gint) gst_sod_tensor_get_dim (tensor, 0), &target, error))
    return FALSE;
  gst_sod_onednn_target_write (&target, gst_sod_tensor_peek_data (tensor));
  return TRUE;
}

static gboolean
preprocess (GstSodStream *stream, const GstSodImage *image,
    GstSodTensor *tensor, GError **error)
{
  OnednnStream *self = (OnednnStream *) stream;
  const gint64 *dims = self->plan->base.input.dims;
  GstSodOnednnTarget target = {
    .data = gst_sod_tensor_get_data (tensor),
    .channels = gst_sod_executable_get_picture_channels (&self->plan->base),
    .height = (gint) dims[2],
    .width = (gint) dims[3],
    .channel = dims[2] * dims[3],
    .row = dims[3],
    .pixel = 1,
  };

  return gst_sod_executable_check_host (&self->plan->base, image, error)
         && gst_sod_executable_check_tensor (
             &self->plan->base, tensor, 1, error)
         && gst_sod_onednn_picture_read (
             self->picture, image, &self->plan->rule, &target, error);
}

static gboolean
read_map (GstSodStream *stream, guint sample, GstSodImage *map, GError **error)
{
  OnednnStream *self = (OnednnStream *) stream;
  const gint64 *dims = self->plan->base.output.dims;
  const gfloat *values = get_buffer (self, self->plan->graph->output);

  if (!gst_sod_executable_check_map (&self->plan->base, sample, error)
      || !gst_sod_executable_check_host (&self->plan->base, map, error))
    return FALSE;
  return gst_sod_onednn_picture_write (self->picture,
      values + sample * dims[2] * dims[3], (gint) dims[2], (gint) dims[3], map,
      error);
}

static gboolean
is_kept (const OnednnStream *self, GstSodValue value)
{
  return value < gst_sod_graph_n_values (self->plan->graph)
         && g_array_index (self->plan->buffers, GstSodArenaBuffer, value)
                    .last_use
                == G_MAXUINT;
}

static GstSodTensor *
read_value (GstSodStream *stream, GstSodValue value, GError **error)
{
  OnednnStream *self = (OnednnStream *) stream;
  g_autoptr (GstSodTensor) tensor = NULL;
  const GstSodShape *shape = &self->plan->shapes[value];
  DnnlDesc dense = NULL;
  gboolean ok;

  if (!is_kept (self, value)) {
    gst_sod_set_error_not_kept (value, error);
    return NULL;
  }
  tensor = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, shape, error);
  ok = tensor != NULL
       && GST_SOD_ONEDNN_CHECK (
           compat_desc_new (&dense, 4, shape->dims, dnnl_f32, dnnl_nchw), error)
       && gst_sod_onednn_reorder (self->plan->engine,
           self->plan->values[value].desc, get_buffer (self, value), dense,
           gst_sod_tensor_get_data (tensor), error);
  compat_desc_free (dense);
  return ok ? g_steal_pointer (&tensor) : NULL;
}

static const GstSodStreamClass stream_class = {
  .free = free_stream,
  .write_image = write_image,
  .write_tensor = write_tensor,
  .preprocess = preprocess,
  .execute = execute,
  .read_map = read_map,
  .read_value = read_value,
};

static gboolean
take_memory (OnednnStream *self, GError **error)
{
  const GstSodExecutable *executable = &self->plan->base;

  self->arena = gst_sod_aligned_alloc (executable->arena_size, error);
  if (self->arena == NULL)
    return FALSE;
  /* The input is zero until it is written; so are the margins that padded
   * buffers carry for ever. */
  memset (self->arena, 0, executable->arena_size);
  self->scratch =
      gst_sod_aligned_alloc (MAX (executable->workspace_size, 1), error);
  return self->scratch != NULL;
}

GstSodStream *
gst_sod_onednn_open (GstSodExecutable *executable, GError **error)
{
  OnednnStream *self = g_new0 (OnednnStream, 1);
  gboolean ok;

  self->base.klass = &stream_class;
  self->plan = (GstSodOnednnPlan *) executable;
  self->picture = gst_sod_onednn_picture_new ();
  ok = take_memory (self, error)
       && GST_SOD_ONEDNN_CHECK (
           dnnl_stream_create (
               &self->stream, self->plan->engine, dnnl_stream_default_flags),
           error);
  self->n_calls = self->plan->steps->len;
  self->calls = g_new0 (Call, self->n_calls);
  for (guint i = 0; ok && i < self->n_calls; i++)
    ok = call_init (
        &self->calls[i], self, g_ptr_array_index (self->plan->steps, i), error);
  if (ok)
    return &self->base;
  free_stream (&self->base);
  return NULL;
}
