/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/cuda/op-private.h>

#include <string.h>

const GstSodOpKernel *const gst_sod_cuda_ops[GST_SOD_N_OPS] = {
  [GST_SOD_OP_CONV2D] = &gst_sod_cuda_conv2d,
  [GST_SOD_OP_BATCH_NORM] = &gst_sod_cuda_batch_norm,
  [GST_SOD_OP_RELU] = &gst_sod_cuda_relu,
  [GST_SOD_OP_SIGMOID] = &gst_sod_cuda_sigmoid,
  [GST_SOD_OP_TANH] = &gst_sod_cuda_tanh,
  [GST_SOD_OP_MAX_POOL] = &gst_sod_cuda_max_pool,
  [GST_SOD_OP_AVG_POOL] = &gst_sod_cuda_avg_pool,
  [GST_SOD_OP_UPSAMPLE] = &gst_sod_cuda_upsample,
  [GST_SOD_OP_CONCAT] = &gst_sod_cuda_concat,
  [GST_SOD_OP_ADD] = &gst_sod_cuda_add,
};

static gboolean
find_type (const GstSodTensor *tensor, GstSodCudaType *type, GError **error)
{
  switch (gst_sod_tensor_get_dtype (tensor)) {
    case GST_SOD_DTYPE_F32:
      *type = GST_SOD_CUDA_F32;
      return TRUE;
    case GST_SOD_DTYPE_F16:
      *type = GST_SOD_CUDA_F16;
      return TRUE;
    case GST_SOD_DTYPE_BF16:
      *type = GST_SOD_CUDA_BF16;
      return TRUE;
    default:
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
          "back end \"cuda\" computes in f32, f16 and bf16, not in %s",
          gst_sod_dtype_name (gst_sod_tensor_get_dtype (tensor)));
      return FALSE;
  }
}

gboolean
gst_sod_cuda_op_init (GstSodCudaOp *self, const GstSodOpCall *call)
{
  *self = (GstSodCudaOp){ .call = call, .memory = g_ptr_array_new () };
  if (!find_type (call->output, &self->type, &self->error))
    return FALSE;
  self->device = gst_sod_cuda_device_get (0, NULL, &self->error);
  if (self->device == NULL)
    return FALSE;
  self->queue = gst_sod_cuda_queue_new (self->device, &self->error);
  return self->queue != NULL;
}

gboolean
gst_sod_cuda_op_finish (GstSodCudaOp *self, GError **error)
{
  g_clear_pointer (&self->queue, gst_sod_cuda_queue_free);
  for (guint i = 0; i < self->memory->len; i++)
    gst_sod_cuda_free (self->device, g_ptr_array_index (self->memory, i));
  g_ptr_array_unref (self->memory);
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

gpointer
gst_sod_cuda_op_alloc (GstSodCudaOp *self, gsize size)
{
  gpointer memory;

  if (self->error != NULL)
    return NULL;
  memory = gst_sod_cuda_alloc (self->device, size, &self->error);
  if (memory != NULL)
    g_ptr_array_add (self->memory, memory);
  return memory;
}

gboolean
gst_sod_cuda_op_check (GstSodCudaOp *self, const gchar *name)
{
  return self->error == NULL
         && gst_sod_cuda_check (self->queue, name, &self->error);
}

gboolean
gst_sod_cuda_op_check_unfused (
    const GstSodOpCall *call, const gchar *op, GError **error)
{
  if (!call->attrs->relu && !call->attrs->sum)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "back end \"cuda\" has no gradient of %s with a fused %s, which is for "
      "inference; train on the graph before the fusing passes",
      op, call->attrs->relu ? "relu" : "sum");
  return FALSE;
}

/* ---- values ---- */

gfloat *
gst_sod_cuda_op_upload_values (
    GstSodCudaOp *self, const GstSodTensor *tensor, gsize size)
{
  gsize n = MAX (size, gst_sod_tensor_get_n_elements (tensor));
  gfloat *values = gst_sod_cuda_op_alloc (self, n * sizeof (gfloat));
  g_autoptr (GstSodTensor) wide = NULL;

  if (values == NULL)
    return NULL;
  wide = gst_sod_tensor_convert (tensor, GST_SOD_DTYPE_F32, &self->error);
  if (wide == NULL
      || !gst_sod_cuda_clear (
          self->queue, values, n * sizeof (gfloat), &self->error)
      || !gst_sod_cuda_upload (self->queue, values,
          gst_sod_tensor_peek_data (wide), gst_sod_tensor_get_size (wide),
          &self->error)
      || !gst_sod_cuda_wait (self->queue, &self->error))
    return NULL;
  return values;
}

void
gst_sod_cuda_op_download_values (
    GstSodCudaOp *self, const gfloat *values, GstSodTensor *tensor)
{
  g_autoptr (GstSodTensor) wide = NULL, narrow = NULL;

  if (self->error != NULL)
    return;
  wide = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (tensor), &self->error);
  if (wide == NULL
      || !gst_sod_cuda_download (self->queue, gst_sod_tensor_get_data (wide),
          values, gst_sod_tensor_get_size (wide), &self->error)
      || !gst_sod_cuda_wait (self->queue, &self->error))
    return;
  narrow = gst_sod_tensor_convert (
      wide, gst_sod_tensor_get_dtype (tensor), &self->error);
  if (narrow != NULL)
    memcpy (gst_sod_tensor_get_data (tensor), gst_sod_tensor_peek_data (narrow),
        gst_sod_tensor_get_size (tensor));
}

/* ---- views ---- */

GstSodCudaView
gst_sod_cuda_op_view (
    GstSodCudaOp *self, const GstSodTensor *tensor, gint c, GstSodCudaType type)
{
  const gint64 *dims = gst_sod_tensor_get_shape (tensor)->dims;
  GstSodCudaView view = {
    .type = type,
    .n = (gint) dims[0],
    .h = (gint) dims[2],
    .w = (gint) dims[3],
    .c = MAX (c, (gint) dims[1]),
  };

  view.stride = view.c;
  view.data = gst_sod_cuda_op_alloc (self, (gsize) (dims[0] * dims[2] * dims[3])
                                               * (gsize) view.c
                                               * gst_sod_cuda_type_size (type));
  return view;
}

GstSodCudaView
gst_sod_cuda_op_upload (GstSodCudaOp *self, const GstSodTensor *tensor, gint c)
{
  gint channels = (gint) gst_sod_tensor_get_dim (tensor, 1);
  GstSodCudaView view = gst_sod_cuda_op_view (self, tensor, c, self->type);
  gfloat *planes = gst_sod_cuda_op_upload_values (self, tensor, 0);

  GST_SOD_CUDA_OP (self, from_planes, planes, channels, &view);
  return view;
}

void
gst_sod_cuda_op_download (
    GstSodCudaOp *self, const GstSodCudaView *view, GstSodTensor *tensor)
{
  gint channels = (gint) gst_sod_tensor_get_dim (tensor, 1);
  gfloat *planes = gst_sod_cuda_op_alloc (
      self, gst_sod_tensor_get_n_elements (tensor) * sizeof (gfloat));

  GST_SOD_CUDA_OP (self, to_planes, view, planes, channels);
  gst_sod_cuda_op_download_values (self, planes, tensor);
}
