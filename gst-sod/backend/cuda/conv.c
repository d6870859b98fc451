/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which way a convolution takes: of the first few that cuDNN has for the whole,
 * with bias and rectifier, and for the convolution alone, after which our own
 * kernel adds them, the one that is quickest here. Where it has none for
 * slices, they are copied; where it has none at all, our own plain sums run.
 * Chosen once for each description and device. */
#include <gst-sod/backend/cuda/gpu-private.h>

#include <gst-sod/backend/cuda/conv-desc-private.h>
#include <gst-sod/backend/cuda/kernels-private.h>

#define MAX_KEPT 1024 /* choices that are remembered for a device */
#define N_LAUNCHES 8  /* of one way, to measure it */
#define MAX_FUSING (20 * G_USEC_PER_SEC) /* of compiling, for a device */

struct _GstSodCudaConv
{
  gatomicrefcount ref_count;
  GstSodCudaDevice *device;
  GstSodCudaConvDesc desc;
  GstSodCudaDnnPlan *plan; /* NULL: plain sums */
  gboolean copied;         /* plan is dense.inner's */
  GstSodCudaConvDense dense;
  gchar *name;
};

/* ---- running ---- */

/* What the plan leaves out. */
static gboolean
finish (GstSodCudaDevice *device, const GstSodCudaConvDesc *desc,
    const GstSodCudaDnnPlan *plan, cudaStream_t stream, gconstpointer bias,
    gpointer y, GError **error)
{
  GstSodCudaView view = gst_sod_cuda_conv_view_y (desc, y);

  if (plan->fused || (!desc->bias && !desc->relu))
    return TRUE;
  if (desc->bias)
    gst_sod_cuda_kernel_bias (stream, &view, bias, desc->relu, &view);
  else
    gst_sod_cuda_kernel_relu (stream, &view, &view);
  return gst_sod_cuda_ok (device, cudaGetLastError (), "bias", error);
}

static gboolean
run_plain (GstSodCudaDevice *device, const GstSodCudaConvDesc *desc,
    cudaStream_t stream, const GstSodCudaDnnMemory *memory, GError **error)
{
  GstSodCudaView x = gst_sod_cuda_conv_view_x (desc, memory->x);
  GstSodCudaView y = gst_sod_cuda_conv_view_y (desc, memory->y);
  GstSodCudaWindow window = { desc->kernel, desc->stride, desc->dilation,
    desc->padding };

  if (desc->pass == GST_SOD_CUDA_CONV_DATA)
    gst_sod_cuda_kernel_conv_data (stream, &y, memory->w, &window, &x);
  else if (desc->pass == GST_SOD_CUDA_CONV_WEIGHTS)
    gst_sod_cuda_kernel_conv_weights (stream, &x, &y, &window, memory->w);
  else
    gst_sod_cuda_kernel_conv_forward (stream, &x, memory->w,
        desc->bias ? memory->bias : NULL, desc->relu, &window, &y);
  return gst_sod_cuda_ok (device, cudaGetLastError (), "plain_conv", error);
}

static gboolean
run (const GstSodCudaConvDesc *desc, const GstSodCudaDnnPlan *plan,
    GstSodCudaQueue *queue, const GstSodCudaDnnMemory *memory, GError **error)
{
  GstSodCudaDevice *device = gst_sod_cuda_queue_get_device (queue);
  cudaStream_t stream = gst_sod_cuda_queue_get_stream (queue);
  GstSodCudaDnnMemory inner = *memory;
  gpointer handle;

  if (plan == NULL)
    return run_plain (device, desc, stream, memory, error);
  if (!plan->fused || !desc->bias)
    inner.bias = NULL;
  handle = gst_sod_cuda_queue_get_dnn (queue, error);
  return handle != NULL
         && gst_sod_cuda_dnn_run (device, plan, handle, &inner, error)
         && finish (device, desc, plan, stream, memory->bias, memory->y, error);
}

static gboolean
run_copied (GstSodCudaConv *self, GstSodCudaQueue *queue,
    const GstSodCudaDnnMemory *memory, GError **error)
{
  const GstSodCudaConvDense *dense = &self->dense;
  GstSodCudaConvDenseMemory copies = gst_sod_cuda_conv_dense_place (
      dense, memory->x, memory->y, memory->workspace);
  GstSodCudaDnnMemory inner = { copies.x, memory->w, copies.y, copies.workspace,
    memory->bias };

  return gst_sod_cuda_conv_dense_before (
             dense, queue, memory->x, memory->y, &copies, error)
         && run (&dense->inner, self->plan, queue, &inner, error)
         && gst_sod_cuda_conv_dense_after (
             dense, queue, memory->x, memory->y, &copies, error);
}

gboolean
gst_sod_cuda_conv_run (GstSodCudaConv *self, GstSodCudaQueue *queue, gpointer x,
    gpointer w, gconstpointer bias, gpointer y, gpointer workspace,
    GError **error)
{
  GstSodCudaDnnMemory memory = { x, w, y, workspace, (gpointer) bias };

  if (!gst_sod_cuda_conv_check_pointers (&self->desc, x, w, bias, y, error))
    return FALSE;
  return self->copied ? run_copied (self, queue, &memory, error)
                      : run (&self->desc, self->plan, queue, &memory, error);
}

/* ---- measuring ---- */

static void
free_memory (GstSodCudaDevice *device, GstSodCudaDnnMemory *self)
{
  gst_sod_cuda_free (device, self->x);
  gst_sod_cuda_free (device, self->w);
  gst_sod_cuda_free (device, self->bias);
  gst_sod_cuda_free (device, self->y);
  gst_sod_cuda_free (device, self->workspace);
}

/* Zeros to measure on. */
static gpointer
take_zeros (GstSodCudaQueue *queue, gsize size)
{
  GstSodCudaDevice *device = gst_sod_cuda_queue_get_device (queue);
  gpointer memory = gst_sod_cuda_alloc (device, size, NULL);

  if (memory == NULL || gst_sod_cuda_clear (queue, memory, size, NULL))
    return memory;
  gst_sod_cuda_free (device, memory);
  return NULL;
}

/* FALSE where there is not enough: then nothing is measured. */
static gboolean
take_memory (GstSodCudaQueue *queue, const GstSodCudaConvDesc *desc,
    const GPtrArray *plans, GstSodCudaDnnMemory *self)
{
  GstSodCudaConvTensors tensors;
  gsize workspace = GST_SOD_CUDA_CONV_ALIGNMENT;

  gst_sod_cuda_conv_get_tensors (desc, &tensors);
  for (guint i = 0; i < plans->len; i++)
    workspace = MAX (workspace,
        ((GstSodCudaDnnPlan *) g_ptr_array_index (plans, i))->workspace);
  self->x = take_zeros (queue, gst_sod_cuda_tensor_size (&tensors.x));
  self->w = take_zeros (queue, gst_sod_cuda_tensor_size (&tensors.w));
  self->bias = take_zeros (queue, gst_sod_cuda_tensor_size (&tensors.bias));
  self->y = take_zeros (queue, gst_sod_cuda_tensor_size (&tensors.y));
  self->workspace = take_zeros (queue, workspace);
  return self->x != NULL && self->w != NULL && self->bias != NULL
         && self->y != NULL && self->workspace != NULL;
}

/* Milliseconds of N_LAUNCHES, G_MAXFLOAT where it does not work. */
static gfloat
measure (const GstSodCudaConvDesc *desc, const GstSodCudaDnnPlan *plan,
    GstSodCudaQueue *queue, const GstSodCudaDnnMemory *memory,
    cudaEvent_t events[2])
{
  cudaStream_t stream = gst_sod_cuda_queue_get_stream (queue);
  gfloat elapsed;
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < 1 + N_LAUNCHES; i++) {
    if (i == 1) /* the first one loads code */
      ok = cudaEventRecord (events[0], stream) == cudaSuccess;
    ok = ok && run (desc, plan, queue, memory, NULL);
  }
  if (ok && cudaEventRecord (events[1], stream) == cudaSuccess
      && cudaEventSynchronize (events[1]) == cudaSuccess
      && cudaEventElapsedTime (&elapsed, events[0], events[1]) == cudaSuccess)
    return elapsed;
  cudaGetLastError ();
  return G_MAXFLOAT;
}

/* The first where nothing can be measured. */
static guint
find_quickest (GstSodCudaQueue *queue, const GstSodCudaConvDesc *desc,
    const GPtrArray *plans)
{
  GstSodCudaDnnMemory memory = { NULL };
  cudaEvent_t events[2] = { NULL, NULL };
  gfloat best = G_MAXFLOAT;
  guint quickest = 0;

  if (take_memory (queue, desc, plans, &memory)
      && cudaEventCreate (&events[0]) == cudaSuccess
      && cudaEventCreate (&events[1]) == cudaSuccess) {
    for (guint i = 0; i < plans->len; i++) {
      gfloat time =
          measure (desc, g_ptr_array_index (plans, i), queue, &memory, events);

      if (time < best) {
        best = time;
        quickest = i;
      }
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (events); i++) {
    if (events[i] != NULL)
      cudaEventDestroy (events[i]);
  }
  gst_sod_cuda_wait (queue, NULL);
  free_memory (gst_sod_cuda_queue_get_device (queue), &memory);
  return quickest;
}

static guint
measure_all (GstSodCudaDevice *device, const GstSodCudaConvDesc *desc,
    const GPtrArray *plans)
{
  GstSodCudaQueue *queue = gst_sod_cuda_queue_new (device, NULL);
  guint quickest;

  if (queue == NULL)
    return 0;
  quickest = find_quickest (queue, desc, plans);
  gst_sod_cuda_queue_free (queue);
  cudaGetLastError ();
  return quickest;
}

/* ---- choosing ---- */

void
gst_sod_cuda_conv_free (GstSodCudaConv *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->plan, gst_sod_cuda_dnn_plan_free);
  g_free (self->name);
  g_free (self);
}

gsize
gst_sod_cuda_conv_get_workspace (const GstSodCudaConv *self)
{
  if (self->plan == NULL)
    return 0;
  return self->plan->workspace + (self->copied ? self->dense.size : 0);
}

const gchar *
gst_sod_cuda_conv_get_name (const GstSodCudaConv *self)
{
  return self->name;
}

/* Convolutions with bias and rectifier are mostly compiled when they are first
 * wanted; once that has taken long, those to come do without. */
static void
find_fused (GstSodCudaDnnQuery *query, GPtrArray *plans)
{
  GstSodCudaDevice *device = query->device;
  gint64 start = g_get_monotonic_time ();

  query->fused = TRUE;
  query->compile = device->fusing < MAX_FUSING;
  gst_sod_cuda_dnn_find (query, plans, NULL);
  device->fusing += g_get_monotonic_time () - start;
}

/* The quickest plan for @desc within @limit bytes; NULL where there is none,
 * @reason saying why. */
static GstSodCudaDnnPlan *
find_plan (GstSodCudaDevice *device, const GstSodCudaConvDesc *desc,
    gsize limit, GError **reason)
{
  g_autoptr (GPtrArray) plans =
      g_ptr_array_new_with_free_func (gst_sod_cuda_dnn_plan_free);
  GstSodCudaDnnQuery query = {
    .device = device,
    .handle = device->handle,
    .desc = desc,
    .limit = limit,
  };
  guint index = 0;

  if (desc->bias || desc->relu)
    find_fused (&query, plans);
  query.fused = query.compile = FALSE;
  gst_sod_cuda_dnn_find (&query, plans, NULL);
  query.compile = TRUE;
  if (plans->len == 0)
    gst_sod_cuda_dnn_find (&query, plans, reason);
  if (plans->len == 0)
    return NULL;
  /* What is measured may differ from run to run. */
  if (plans->len > 1 && !desc->deterministic)
    index = measure_all (device, desc, plans);
  return g_ptr_array_steal_index (plans, index);
}

static GstSodCudaConv *
choose (GstSodCudaDevice *device, const GstSodCudaConvDesc *desc)
{
  g_autoptr (GError) reason = NULL;
  GstSodCudaConv *self = g_new0 (GstSodCudaConv, 1);
  gsize limit = gst_sod_cuda_conv_get_limit (desc, device->info.memory);

  g_atomic_ref_count_init (&self->ref_count);
  self->device = device;
  self->desc = *desc;
  self->plan = find_plan (device, desc, limit, &reason);
  if (self->plan == NULL && gst_sod_cuda_conv_dense_init (&self->dense, desc)
      && self->dense.size <= limit) {
    self->plan =
        find_plan (device, &self->dense.inner, limit - self->dense.size, NULL);
    self->copied = self->plan != NULL;
  }
  if (self->plan != NULL)
    self->name =
        g_strconcat (self->plan->name, self->copied ? ",copied" : "", NULL);
  else
    self->name = g_strdup_printf ("plain (%s)",
        reason != NULL ? reason->message : "cuDNN has none that is allowed");
  return self;
}

static gboolean
is_unused (gpointer key, gpointer value, gpointer data)
{
  GstSodCudaConv *self = value;

  return g_atomic_ref_count_compare (&self->ref_count, 1);
}

/* The device's lock is held. */
static GstSodCudaConv *
find_or_choose (
    GstSodCudaDevice *device, const GstSodCudaConvDesc *desc, GError **error)
{
  GstSodCudaConv *conv;

  if (device->handle == NULL)
    device->handle = gst_sod_cuda_dnn_open (device, NULL, error);
  if (device->handle == NULL)
    return NULL;
  if (device->convs == NULL)
    device->convs = g_hash_table_new_full (gst_sod_cuda_conv_hash,
        gst_sod_cuda_conv_equal, NULL, (GDestroyNotify) gst_sod_cuda_conv_free);
  conv = g_hash_table_lookup (device->convs, desc);
  if (conv == NULL) {
    conv = choose (device, desc);
    if (g_hash_table_size (device->convs) >= MAX_KEPT)
      g_hash_table_foreach_remove (device->convs, is_unused, NULL);
    g_hash_table_insert (device->convs, &conv->desc, conv);
  }
  g_atomic_ref_count_inc (&conv->ref_count);
  return conv;
}

GstSodCudaConv *
gst_sod_cuda_conv_new (
    GstSodCudaDevice *device, const GstSodCudaConvDesc *desc, GError **error)
{
  GstSodCudaConv *conv;

  if (!gst_sod_cuda_conv_check (desc, error)
      || !gst_sod_cuda_device_enter (device, error))
    return NULL;
  g_mutex_lock (&device->conv_lock);
  conv = find_or_choose (device, desc, error);
  g_mutex_unlock (&device->conv_lock);
  return conv;
}
