/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel-runs.h"

#include <string.h>

/* ---- the bench ---- */

static gpointer
alloc (KernelBench *self, gsize size)
{
  gpointer memory;

  if (self->error != NULL)
    return NULL;
  memory = gst_sod_cuda_alloc (self->device, size, &self->error);
  if (memory == NULL)
    return NULL;
  g_ptr_array_add (self->memory, memory);
  gst_sod_cuda_clear (self->queue, memory, size, &self->error);
  return memory;
}

static GstSodCudaView
alloc_view (KernelBench *self, gint h, gint w)
{
  GstSodCudaView view = { .type = self->type,
    .n = self->n,
    .h = h,
    .w = w,
    .c = self->c,
    .stride = self->c };

  view.data = alloc (self,
      (gsize) self->n * h * w * self->c * gst_sod_cuda_type_size (self->type));
  return view;
}

static gboolean
begin (KernelBench *self, GstSodCudaDevice *device, GstSodCudaType type,
    const gint shape[4])
{
  *self = (KernelBench){ .device = device,
    .memory = g_ptr_array_new (),
    .type = type,
    .n = shape[0],
    .h = shape[1],
    .w = shape[2],
    .c = shape[3] };
  self->queue = gst_sod_cuda_queue_new (device, &self->error);
  return self->queue != NULL;
}

static gboolean
finish (KernelBench *self, GError **error)
{
  if (self->error == NULL)
    gst_sod_cuda_wait (self->queue, &self->error);
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

static void
open_convs (KernelBench *self)
{
  gsize size = 0;

  for (guint i = 0; i < G_N_ELEMENTS (self->convs) && self->error == NULL;
       i++) {
    GstSodCudaConvDesc desc = {
      .pass = (GstSodCudaConvPass) i,
      .type = self->type,
      .n = self->n,
      .c = self->c,
      .h = self->h,
      .w = self->w,
      .k = self->c,
      .kernel = 3,
      .stride = 1,
      .dilation = 1,
      .padding = 1,
      .x_stride = self->c,
      .y_stride = self->c,
      .bias = i == GST_SOD_CUDA_CONV_FORWARD,
      .relu = i == GST_SOD_CUDA_CONV_FORWARD,
    };

    self->convs[i] = gst_sod_cuda_conv_new (self->device, &desc, &self->error);
    if (self->convs[i] != NULL)
      size = MAX (size, gst_sod_cuda_conv_get_workspace (self->convs[i]));
  }
  self->weights = alloc (self,
      9 * (gsize) self->c * self->c * gst_sod_cuda_type_size (self->type));
  self->workspace = alloc (self, size);
}

gboolean
kernel_bench_init (KernelBench *self, GstSodCudaDevice *device,
    GstSodCudaType type, const gint shape[4], GError **error)
{
  if (begin (self, device, type, shape)) {
    self->x = alloc_view (self, self->h, self->w);
    self->y = alloc_view (self, self->h, self->w);
    self->d_x = alloc_view (self, self->h, self->w);
    self->d_y = alloc_view (self, self->h, self->w);
    self->half = alloc_view (self, self->h / 2, self->w / 2);
    self->planes = alloc (
        self, (gsize) self->n * self->h * self->w * self->c * sizeof (gfloat));
    for (guint i = 0; i < G_N_ELEMENTS (self->channels); i++)
      self->channels[i] = alloc (self, 2 * (gsize) self->c * sizeof (gfloat));
    self->scratch = alloc (self, gst_sod_cuda_kernel_norm_scratch (&self->x));
    open_convs (self);
  }
  return finish (self, error);
}

/* NV12 of @width x @height. */
static void
fill_picture (KernelBench *self, gint width, gint height)
{
  guint8 *pixels = alloc (self, (gsize) width * height * 3 / 2);

  self->picture.n_components = 3;
  for (gint i = 0; i < 3; i++) {
    gint scale = i > 0 ? 2 : 1;

    self->picture.matrix[i][i] = 1.0f / 255;
    self->picture.std[i] = 1;
    self->picture.components[i] = (GstSodCudaComponent){
      .data = i == 0 ? pixels : pixels + (gsize) width * height + i - 1,
      .stride = width,
      .pixel_stride = scale,
      .width = width / scale,
      .height = height / scale,
      .sample_size = 1,
      .depth = 8,
      .x_first = 0.5f * (gfloat) scale / (gfloat) width,
      .x_step = (gfloat) scale / (gfloat) width,
      .y_first = 0.5f * (gfloat) scale / (gfloat) height,
      .y_step = (gfloat) scale / (gfloat) height,
    };
  }
}

static void
fill_params (KernelBench *self, gsize n)
{
  gfloat *values = alloc (self, 5 * n * sizeof (gfloat));

  self->params = (GstSodCudaParams){
    .weights = values,
    .gradients = values + n,
    .moments = { values + 2 * n, values + 3 * n },
    .averages = values + 4 * n,
    .decays = alloc (self, n),
    .n = n,
    .n_trained = n,
  };
}

gboolean
kernel_bench_init_once (
    KernelBench *self, GstSodCudaDevice *device, gboolean small, GError **error)
{
  const gint shape[] = { small ? 4 : 16, small ? 24 : 192, small ? 40 : 320,
    1 };

  if (begin (self, device, GST_SOD_CUDA_F32, shape)) {
    gsize size;

    self->x = alloc_view (self, self->h, self->w);
    self->y = alloc_view (self, self->h, self->w);
    self->planes =
        alloc (self, (gsize) self->n * self->h * self->w * sizeof (gfloat));
    fill_picture (self, small ? 64 : 1920, small ? 36 : 1080);
    fill_params (self, small ? 5000 : 5000000);
    self->sums = alloc (self, (gsize) (self->n + 1) * sizeof (gdouble));
    size = gst_sod_cuda_kernel_loss_scratch (
        GST_SOD_CUDA_LOSS_STRUCTURE, &self->x);
    size = MAX (size, gst_sod_cuda_kernel_update_scratch (&self->params));
    self->scratch = alloc (self, size);
  }
  return finish (self, error);
}

void
kernel_bench_clear (KernelBench *self)
{
  if (self->memory == NULL)
    return;
  g_clear_pointer (&self->queue, gst_sod_cuda_queue_free);
  for (guint i = 0; i < G_N_ELEMENTS (self->convs); i++)
    g_clear_pointer (&self->convs[i], gst_sod_cuda_conv_free);
  for (guint i = 0; i < self->memory->len; i++)
    gst_sod_cuda_free (self->device, g_ptr_array_index (self->memory, i));
  g_clear_pointer (&self->memory, g_ptr_array_unref);
  g_clear_error (&self->error);
}

gdouble
kernel_run_count_bytes (const KernelRun *run, const KernelBench *bench)
{
  gdouble n = (gdouble) bench->n * bench->h * bench->w * bench->c;

  return n * run->tensors * (gdouble) gst_sod_cuda_type_size (bench->type)
         + n * run->planes * sizeof (gfloat)
         + (run->bytes != NULL ? run->bytes (bench) : 0);
}

/* ---- the kernels ---- */

/* Launches kernel @name on the bench's queue. */
#define LAUNCH(b, name, ...)                                                   \
  do {                                                                         \
    gst_sod_cuda_kernel_##name (                                               \
        gst_sod_cuda_queue_get_stream ((b)->queue), __VA_ARGS__);              \
    if ((b)->error == NULL)                                                    \
      gst_sod_cuda_check ((b)->queue, #name, &(b)->error);                     \
  } while (0)

#define DEFINE_RUN(function, name, ...)                                        \
  static void function (KernelBench *b)                                        \
  {                                                                            \
    LAUNCH (b, name, __VA_ARGS__);                                             \
  }

DEFINE_RUN (from_planes, from_planes, b->planes, b->c, &b->x)
DEFINE_RUN (to_planes, to_planes, &b->x, b->planes, b->c)
DEFINE_RUN (copy, copy, &b->x, &b->y)
DEFINE_RUN (relu, relu, &b->x, &b->y)
DEFINE_RUN (sigmoid, sigmoid, &b->x, &b->y)
DEFINE_RUN (relu_backward, relu_backward, &b->y, &b->d_y, &b->d_x)
DEFINE_RUN (add, add, &b->x, &b->d_y, &b->y)
DEFINE_RUN (bias, bias, &b->x, b->channels[0], TRUE, &b->y)
DEFINE_RUN (
    bias_backward, bias_backward, &b->d_y, 1, b->channels[0], b->scratch)
DEFINE_RUN (max_pool, max_pool, &b->x, 2, 2, &b->half)
DEFINE_RUN (
    max_pool_backward, max_pool_backward, &b->x, &b->half, 2, 2, NULL, &b->d_x)
DEFINE_RUN (avg_pool, avg_pool, &b->x, 2, 2, &b->half)
DEFINE_RUN (avg_pool_backward, avg_pool_backward, &b->half, 2, 2, NULL, &b->d_x)
DEFINE_RUN (upsample, upsample, &b->half, 2, &b->x, GST_SOD_CUDA_RELU, &b->y)
DEFINE_RUN (upsample_backward, upsample_backward, &b->d_y, 2, &b->half)
DEFINE_RUN (norm_forward, norm_forward, &b->x, b->channels[0], b->channels[1],
    1e-5f, 0.1f, b->channels[2], b->channels[3], TRUE, b->channels[4],
    b->scratch, &b->y)
DEFINE_RUN (norm_frozen, norm_frozen, &b->x, b->channels[0], b->channels[1],
    1e-5f, b->channels[2], b->channels[3], TRUE, b->channels[4], &b->y)
DEFINE_RUN (norm_backward, norm_backward, &b->x, &b->y, &b->d_y, b->channels[0],
    b->channels[4], 1, b->channels[2], b->channels[3], b->scratch, &b->d_x)

static void
run_conv (KernelBench *b, GstSodCudaConvPass pass)
{
  if (b->error == NULL)
    gst_sod_cuda_conv_run (b->convs[pass], b->queue, b->x.data, b->weights,
        pass == GST_SOD_CUDA_CONV_FORWARD ? b->channels[0] : NULL, b->y.data,
        b->workspace, &b->error);
}

static void
conv_forward (KernelBench *b)
{
  run_conv (b, GST_SOD_CUDA_CONV_FORWARD);
}

static void
conv_data (KernelBench *b)
{
  run_conv (b, GST_SOD_CUDA_CONV_DATA);
}

static void
conv_weights (KernelBench *b)
{
  run_conv (b, GST_SOD_CUDA_CONV_WEIGHTS);
}

static gdouble
count_conv_weights (const KernelBench *b)
{
  return 9.0 * b->c * b->c * (gdouble) gst_sod_cuda_type_size (b->type);
}

static gdouble
count_conv_flops (const KernelBench *b)
{
  return 18.0 * b->n * b->h * b->w * b->c * b->c;
}

/* Where sums come first, what they are made of is read a second time: tensors
 * of this size are in no cache by then. */
const KernelRun kernel_runs[] = {
  { "from_planes", from_planes, 1, 1 },
  { "to_planes", to_planes, 1, 1 },
  { "copy", copy, 2 },
  { "relu", relu, 2 },
  { "sigmoid", sigmoid, 2 },
  { "relu_backward", relu_backward, 3 },
  { "add", add, 3 },
  { "bias", bias, 2 },
  { "bias_backward", bias_backward, 1 },
  { "max_pool 2x2", max_pool, 1.25 },
  { "max_pool_backward 2x2", max_pool_backward, 2.25 },
  { "avg_pool 2x2", avg_pool, 1.25 },
  { "avg_pool_backward 2x2", avg_pool_backward, 1.25 },
  { "upsample x2 + skip", upsample, 2.25 },
  { "upsample_backward x2", upsample_backward, 1.25 },
  { "norm_forward", norm_forward, 3 },
  { "norm_frozen", norm_frozen, 2 },
  { "norm_backward", norm_backward, 7 },
  { "conv 3x3 forward", conv_forward, 2, 0, count_conv_weights,
      count_conv_flops },
  { "conv 3x3 data", conv_data, 2, 0, count_conv_weights, count_conv_flops },
  { "conv 3x3 weights", conv_weights, 2, 0, count_conv_weights,
      count_conv_flops },
  { NULL },
};

/* ---- those of one size ---- */

/* Into three samples' place. */
static void
preprocess (KernelBench *b)
{
  GstSodCudaView view = b->x;

  view.n = 1;
  view.c = view.stride = 3;
  LAUNCH (b, preprocess, &b->picture, &view);
}

static gdouble
count_picture (const KernelBench *b)
{
  const GstSodCudaComponent *luma = &b->picture.components[0];

  return 1.5 * luma->width * luma->height + 12.0 * b->h * b->w;
}

static void
run_loss (KernelBench *b, GstSodCudaLoss loss)
{
  GstSodCudaLossForm form = {
    .loss = loss,
    .edge_weight = 5,
    .radius = (gint) (15 * b->w / 320),
    .gradient_weight = 0.1,
  };

  LAUNCH (
      b, loss, &form, &b->x, b->planes, NULL, 1, b->sums, b->scratch, &b->y);
}

static void
loss_bce (KernelBench *b)
{
  run_loss (b, GST_SOD_CUDA_LOSS_BCE);
}

static void
loss_structure (KernelBench *b)
{
  run_loss (b, GST_SOD_CUDA_LOSS_STRUCTURE);
}

static void
update (KernelBench *b)
{
  static const GstSodCudaUpdate rule = {
    .adamw = TRUE,
    .learning_rate = 1e-3f,
    .weight_decay = 0.01f,
    .clip_norm = 1,
    .gradient_scale = 1,
    .average_share = 0.1f,
  };

  LAUNCH (b, update, &b->params, &rule, b->sums, b->scratch);
}

/* Gradients twice, for their norm; four arrays that are read and written; a
 * byte of decay. */
static gdouble
count_params (const KernelBench *b)
{
  return (gdouble) b->params.n * (2 * 4 + 2 * 4 * 4 + 1);
}

const KernelRun kernel_runs_once[] = {
  { "preprocess NV12", preprocess, 0, 0, count_picture },
  { "loss bce", loss_bce, 0, 3 },
  { "loss structure", loss_structure, 0, 5 },
  { "update adamw", update, 0, 0, count_params },
  { NULL },
};
