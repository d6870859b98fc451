/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A convolution on slices of channels by one on dense operands: what is read is
 * copied together first, what is written is copied apart afterwards. */
#include <gst-sod/backend/cuda/conv-desc-private.h>
#include <gst-sod/backend/cuda/kernels-private.h>

#define ALIGNMENT 256

GstSodCudaView
gst_sod_cuda_conv_view_x (const GstSodCudaConvDesc *desc, gpointer data)
{
  return (GstSodCudaView){ data, desc->type, desc->n, desc->h, desc->w, desc->c,
    desc->x_stride };
}

GstSodCudaView
gst_sod_cuda_conv_view_y (const GstSodCudaConvDesc *desc, gpointer data)
{
  return (GstSodCudaView){ data, desc->type, desc->n,
    gst_sod_cuda_conv_out (desc, desc->h),
    gst_sod_cuda_conv_out (desc, desc->w), desc->k, desc->y_stride };
}

static gsize
size_of (const GstSodCudaView *view)
{
  gsize size = (gsize) view->n * view->h * view->w * view->c
               * gst_sod_cuda_type_size (view->type);

  return (size + ALIGNMENT - 1) & ~(gsize) (ALIGNMENT - 1);
}

gboolean
gst_sod_cuda_conv_dense_init (
    GstSodCudaConvDense *self, const GstSodCudaConvDesc *desc)
{
  GstSodCudaView x = gst_sod_cuda_conv_view_x (desc, NULL);
  GstSodCudaView y = gst_sod_cuda_conv_view_y (desc, NULL);

  *self = (GstSodCudaConvDense){ .outer = *desc, .inner = *desc };
  self->inner.x_stride = desc->c;
  self->inner.y_stride = desc->k;
  self->x = desc->x_stride != desc->c;
  self->y = desc->y_stride != desc->k;
  self->y_offset = self->x ? size_of (&x) : 0;
  self->size = self->y_offset + (self->y ? size_of (&y) : 0);
  return self->x || self->y;
}

GstSodCudaConvDenseMemory
gst_sod_cuda_conv_dense_place (
    const GstSodCudaConvDense *self, gpointer x, gpointer y, gpointer workspace)
{
  guint8 *bytes = workspace;

  return (GstSodCudaConvDenseMemory){
    .x = self->x ? bytes : x,
    .y = self->y ? bytes + self->y_offset : y,
    .workspace = bytes + self->size,
  };
}

static gboolean
copy (GstSodCudaQueue *queue, const GstSodCudaView *from,
    const GstSodCudaView *to, GError **error)
{
  gst_sod_cuda_kernel_copy (gst_sod_cuda_queue_get_stream (queue), from, to);
  return gst_sod_cuda_check (queue, "copy", error);
}

gboolean
gst_sod_cuda_conv_dense_before (const GstSodCudaConvDense *self,
    GstSodCudaQueue *queue, gpointer x, gpointer y,
    const GstSodCudaConvDenseMemory *memory, GError **error)
{
  GstSodCudaView x_from = gst_sod_cuda_conv_view_x (&self->outer, x);
  GstSodCudaView x_to = gst_sod_cuda_conv_view_x (&self->inner, memory->x);
  GstSodCudaView y_from = gst_sod_cuda_conv_view_y (&self->outer, y);
  GstSodCudaView y_to = gst_sod_cuda_conv_view_y (&self->inner, memory->y);

  if (self->x && self->outer.pass != GST_SOD_CUDA_CONV_DATA
      && !copy (queue, &x_from, &x_to, error))
    return FALSE;
  return !self->y || self->outer.pass == GST_SOD_CUDA_CONV_FORWARD
         || copy (queue, &y_from, &y_to, error);
}

gboolean
gst_sod_cuda_conv_dense_after (const GstSodCudaConvDense *self,
    GstSodCudaQueue *queue, gpointer x, gpointer y,
    const GstSodCudaConvDenseMemory *memory, GError **error)
{
  GstSodCudaView x_from = gst_sod_cuda_conv_view_x (&self->inner, memory->x);
  GstSodCudaView x_to = gst_sod_cuda_conv_view_x (&self->outer, x);
  GstSodCudaView y_from = gst_sod_cuda_conv_view_y (&self->inner, memory->y);
  GstSodCudaView y_to = gst_sod_cuda_conv_view_y (&self->outer, y);

  if (self->x && self->outer.pass == GST_SOD_CUDA_CONV_DATA)
    return copy (queue, &x_from, &x_to, error);
  if (self->y && self->outer.pass == GST_SOD_CUDA_CONV_FORWARD)
    return copy (queue, &y_from, &y_to, error);
  return TRUE;
}
