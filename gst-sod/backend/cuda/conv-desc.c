/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/cuda/conv-desc-private.h>

gint
gst_sod_cuda_conv_out (const GstSodCudaConvDesc *desc, gint size)
{
  gint span = desc->dilation * (desc->kernel - 1) + 1;

  return (size + 2 * desc->padding - span) / desc->stride + 1;
}

gsize
gst_sod_cuda_conv_n_weights (const GstSodCudaConvDesc *desc)
{
  return (gsize) desc->k * desc->kernel * desc->kernel * desc->c;
}

gboolean
gst_sod_cuda_conv_allows (
    const GstSodCudaConvDesc *desc, GstSodCudaConvNotes notes)
{
  GstSodCudaConvNotes forbidden =
      GST_SOD_CUDA_CONV_REDUCED_SUMS | GST_SOD_CUDA_CONV_TRANSFORMED;

  if (desc->deterministic)
    forbidden |= GST_SOD_CUDA_CONV_NONDETERMINISTIC;
  /* On tensor cores f32 is tf32, whatever else is said. */
  if (!desc->tf32)
    forbidden |= GST_SOD_CUDA_CONV_DOWN_CONVERT;
  if (desc->type == GST_SOD_CUDA_F32 && !desc->tf32)
    forbidden |= GST_SOD_CUDA_CONV_TENSOR_CORE;
  return (notes & forbidden) == 0;
}

gsize
gst_sod_cuda_tensor_size (const GstSodCudaTensorDesc *self)
{
  return (gsize) (self->dims[0] * self->strides[0])
         * gst_sod_cuda_type_size (self->type);
}

gsize
gst_sod_cuda_conv_get_limit (const GstSodCudaConvDesc *desc, gsize memory)
{
  /* Enough for every algorithm that is worth it, and no share of a small GPU
   * that the activations would miss. */
  if (desc->workspace_limit == 0)
    return MIN ((gsize) 1 << 29, memory / 16);
  return desc->workspace_limit;
}

static gboolean
is_small (gint64 n, gint64 h, gint64 w, gint64 stride)
{
  gint64 pixels;

  /* Each factor is below 2^31, the first two products below 2^62. */
  if (n * h > G_MAXINT32 / w)
    return FALSE;
  pixels = n * h * w;
  return pixels <= G_MAXINT32 / stride;
}

gchar *
gst_sod_cuda_conv_to_string (const GstSodCudaConvDesc *desc)
{
  static const gchar *const passes[] = { "forward", "data gradient",
    "weight gradient" };
  static const gchar *const types[] = { "f32", "f16", "bf16" };

  return g_strdup_printf (
      "%s %dx%dx%dx%d -> %d, %dx%d stride %d dilation %d padding %d %s%s%s",
      passes[desc->pass], desc->n, desc->c, desc->h, desc->w, desc->k,
      desc->kernel, desc->kernel, desc->stride, desc->dilation, desc->padding,
      desc->tf32 ? "tf32" : types[desc->type], desc->bias ? " bias" : "",
      desc->relu ? " relu" : "");
}

gboolean
gst_sod_cuda_conv_check (const GstSodCudaConvDesc *desc, GError **error)
{
  g_autofree gchar *text = NULL;
  gboolean ok;

  ok = desc->n > 0 && desc->c > 0 && desc->h > 0 && desc->w > 0 && desc->k > 0
       && desc->kernel > 0 && desc->stride > 0 && desc->dilation > 0
       && desc->padding >= 0 && desc->x_stride >= desc->c
       && desc->y_stride >= desc->k && desc->kernel <= 1 << 10
       && desc->dilation <= 1 << 10 && desc->padding <= 1 << 20
       && (gint64) desc->dilation * (desc->kernel - 1) + 1
              <= (gint64) MIN (desc->h, desc->w) + 2 * desc->padding
       && is_small (desc->n, desc->h, desc->w, desc->x_stride)
       && is_small (desc->n, gst_sod_cuda_conv_out (desc, desc->h),
           gst_sod_cuda_conv_out (desc, desc->w), desc->y_stride);
  if (ok)
    return TRUE;
  text = gst_sod_cuda_conv_to_string (desc);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "the CUDA back end has no convolution %s with %d and %d elements from "
      "pixel to pixel: sizes are positive, the kernel fits into the padded "
      "input, and no activation has 2^31 elements; use a smaller input or "
      "batch, or device=cpu",
      text, desc->x_stride, desc->y_stride);
  return FALSE;
}

gboolean
gst_sod_cuda_conv_check_pointers (const GstSodCudaConvDesc *desc,
    gconstpointer x, gconstpointer w, gconstpointer bias, gconstpointer y,
    GError **error)
{
  gconstpointer pointers[] = { x, w, y, bias };
  guint n = desc->bias ? 4 : 3;

  for (guint i = 0; i < n; i++) {
    if (pointers[i] != NULL
        && GPOINTER_TO_SIZE (pointers[i]) % GST_SOD_CUDA_CONV_ALIGNMENT == 0)
      continue;
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_BACKEND,
        "a convolution of the CUDA back end was given %p, not memory at a "
        "multiple of %d bytes",
        pointers[i], GST_SOD_CUDA_CONV_ALIGNMENT);
    return FALSE;
  }
  return TRUE;
}

/* An activation whose pixels are @stride elements apart. */
static GstSodCudaTensorDesc
describe_activation (
    GstSodCudaType type, gint n, gint c, gint h, gint w, gint stride)
{
  gint64 step = stride;

  return (GstSodCudaTensorDesc){
    .type = type,
    .dims = { n, c, h, w },
    .strides = { step * w * h, 1, step * w, step },
    .alignment = GST_SOD_CUDA_CONV_ALIGNMENT,
  };
}

void
gst_sod_cuda_conv_get_tensors (
    const GstSodCudaConvDesc *desc, GstSodCudaConvTensors *tensors)
{
  gint64 c = desc->c, k = desc->k, size = desc->kernel;

  tensors->x = describe_activation (
      desc->type, desc->n, desc->c, desc->h, desc->w, desc->x_stride);
  tensors->y = describe_activation (desc->type, desc->n, desc->k,
      gst_sod_cuda_conv_out (desc, desc->h),
      gst_sod_cuda_conv_out (desc, desc->w), desc->y_stride);
  tensors->w = (GstSodCudaTensorDesc){
    .type = desc->type,
    .dims = { k, c, size, size },
    .strides = { c * size * size, 1, c * size, c },
    .alignment = GST_SOD_CUDA_CONV_ALIGNMENT,
  };
  tensors->bias = (GstSodCudaTensorDesc){
    .type = GST_SOD_CUDA_F32,
    .dims = { 1, k, 1, 1 },
    .strides = { k, 1, k, k },
    .alignment = GST_SOD_CUDA_CONV_ALIGNMENT,
  };
  for (guint i = 0; i < 2; i++) {
    tensors->padding[i] = desc->padding;
    tensors->stride[i] = desc->stride;
    tensors->dilation[i] = desc->dilation;
  }
}

guint
gst_sod_cuda_conv_hash (gconstpointer desc)
{
  const GstSodCudaConvDesc *self = desc;
  const gint fields[] = { (gint) self->pass, (gint) self->type, self->tf32,
    self->n, self->c, self->h, self->w, self->k, self->kernel, self->stride,
    self->dilation, self->padding, self->x_stride, self->y_stride, self->bias,
    self->relu, self->deterministic, (gint) self->workspace_limit };
  guint hash = 17;

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    hash = hash * 31 + (guint) fields[i];
  return hash;
}

gboolean
gst_sod_cuda_conv_equal (gconstpointer a, gconstpointer b)
{
  const GstSodCudaConvDesc *x = a, *y = b;

  return x->pass == y->pass && x->type == y->type && x->tf32 == y->tf32
         && x->n == y->n && x->c == y->c && x->h == y->h && x->w == y->w
         && x->k == y->k && x->kernel == y->kernel && x->stride == y->stride
         && x->dilation == y->dilation && x->padding == y->padding
         && x->x_stride == y->x_stride && x->y_stride == y->y_stride
         && x->bias == y->bias && x->relu == y->relu
         && x->deterministic == y->deterministic
         && x->workspace_limit == y->workspace_limit;
}
