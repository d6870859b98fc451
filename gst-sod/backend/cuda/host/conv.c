/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions as plain sums in f32, the channels that are innermost in the
 * inner loop. Operands are widened to f32 first, results rounded once. */
#include <gst-sod/backend/cuda/host/host-private.h>

#include <gst-sod/backend/cuda/conv-desc-private.h>
#include <gst-sod/core/half-private.h>

#include <string.h>

/* Elements of scratch that a pass takes besides the operands themselves. */
struct _GstSodCudaConv
{
  GstSodCudaConvDesc desc;
  gint out_h, out_w;
  gchar *name;
};

GstSodCudaConv *
gst_sod_cuda_conv_new (
    GstSodCudaDevice *device, const GstSodCudaConvDesc *desc, GError **error)
{
  GstSodCudaConv *self;

  if (!gst_sod_cuda_conv_check (desc, error))
    return NULL;
  self = g_new0 (GstSodCudaConv, 1);
  self->desc = *desc;
  self->out_h = gst_sod_cuda_conv_out (desc, desc->h);
  self->out_w = gst_sod_cuda_conv_out (desc, desc->w);
  self->name = g_strdup_printf ("host:%s", desc->tf32 ? "tf32" : "f32");
  return self;
}

void
gst_sod_cuda_conv_free (GstSodCudaConv *self)
{
  g_free (self->name);
  g_free (self);
}

gsize
gst_sod_cuda_conv_get_workspace (const GstSodCudaConv *self)
{
  return 0;
}

const gchar *
gst_sod_cuda_conv_get_name (const GstSodCudaConv *self)
{
  return self->name;
}

/* ---- numbers ---- */

/* As tensor cores read f32 in tf32: 10 bits of mantissa, to nearest even. */
static gfloat
round_tf32 (gfloat value)
{
  union
  {
    gfloat f;
    guint32 u;
  } bits = { .f = value };

  if ((bits.u & 0x7f800000u) == 0x7f800000u)
    return value;
  bits.u += 0xfffu + (bits.u >> 13 & 1u);
  bits.u &= ~0x1fffu;
  return bits.f;
}

static gfloat
load (GstSodCudaType type, gconstpointer from, gsize index)
{
  switch (type) {
    case GST_SOD_CUDA_F16:
      return gst_sod_f16_to_f32 (((const guint16 *) from)[index]);
    case GST_SOD_CUDA_BF16:
      return gst_sod_bf16_to_f32 (((const guint16 *) from)[index]);
    default:
      return ((const gfloat *) from)[index];
  }
}

static void
store (GstSodCudaType type, gpointer to, gsize index, gfloat value)
{
  switch (type) {
    case GST_SOD_CUDA_F16:
      ((guint16 *) to)[index] = gst_sod_f32_to_f16 (value);
      break;
    case GST_SOD_CUDA_BF16:
      ((guint16 *) to)[index] = gst_sod_f32_to_bf16 (value);
      break;
    default:
      ((gfloat *) to)[index] = value;
      break;
  }
}

/* Dense f32 rows of @n_rows pixels of @c channels, @stride elements apart. */
static gfloat *
widen (const GstSodCudaConvDesc *desc, gconstpointer from, gsize n_rows, gint c,
    gint stride)
{
  gfloat *to = g_new (gfloat, n_rows * c);

  for (gsize i = 0; i < n_rows; i++) {
    for (gint j = 0; j < c; j++) {
      gfloat value = load (desc->type, from, i * stride + j);

      to[i * c + j] = desc->tf32 ? round_tf32 (value) : value;
    }
  }
  return to;
}

/* (k, size, size, c) -> (size, size, c, k). */
static gfloat *
transpose (const GstSodCudaConvDesc *desc, const gfloat *weights)
{
  gint k = desc->k, c = desc->c, area = desc->kernel * desc->kernel;
  gfloat *to = g_new (gfloat, gst_sod_cuda_conv_n_weights (desc));

  for (gint o = 0; o < k; o++) {
    for (gint i = 0; i < area; i++) {
      for (gint j = 0; j < c; j++)
        to[((gsize) i * c + j) * k + o] =
            weights[((gsize) o * area + i) * c + j];
    }
  }
  return to;
}

static gsize
n_pixels_in (const GstSodCudaConv *self)
{
  return (gsize) self->desc.n * self->desc.h * self->desc.w;
}

static gsize
n_pixels_out (const GstSodCudaConv *self)
{
  return (gsize) self->desc.n * self->out_h * self->out_w;
}

/* Calls for each pixel of x that an output's window meets. */
typedef struct
{
  gsize in, out; /* pixels */
  gint tap;      /* place in the window */
} Meeting;

typedef void (*MeetingFunc) (const GstSodCudaConvDesc *desc,
    const Meeting *meeting, const gfloat *a, const gfloat *b, gfloat *to);

static void
visit_window (const GstSodCudaConv *self, gint sample, gint oy, gint ox,
    MeetingFunc func, const gfloat *a, const gfloat *b, gfloat *to)
{
  const GstSodCudaConvDesc *desc = &self->desc;
  Meeting meeting = {
    .out = ((gsize) sample * self->out_h + oy) * self->out_w + ox,
  };

  for (gint ky = 0; ky < desc->kernel; ky++) {
    gint y = oy * desc->stride - desc->padding + ky * desc->dilation;

    for (gint kx = 0; kx < desc->kernel; kx++) {
      gint x = ox * desc->stride - desc->padding + kx * desc->dilation;

      if (y < 0 || y >= desc->h || x < 0 || x >= desc->w)
        continue;
      meeting.in = ((gsize) sample * desc->h + y) * desc->w + x;
      meeting.tap = ky * desc->kernel + kx;
      func (desc, &meeting, a, b, to);
    }
  }
}

static void
visit_all (const GstSodCudaConv *self, MeetingFunc func, const gfloat *a,
    const gfloat *b, gfloat *to)
{
  for (gint n = 0; n < self->desc.n; n++) {
    for (gint y = 0; y < self->out_h; y++) {
      for (gint x = 0; x < self->out_w; x++)
        visit_window (self, n, y, x, func, a, b, to);
    }
  }
}

/* ---- passes ---- */

/* @a: x (pixels, c); @b: weights (taps, c, k); @to: y (pixels, k). */
static void
add_forward (const GstSodCudaConvDesc *desc, const Meeting *meeting,
    const gfloat *a, const gfloat *b, gfloat *to)
{
  const gfloat *restrict x = a + meeting->in * desc->c;
  const gfloat *restrict w = b + (gsize) meeting->tap * desc->c * desc->k;
  gfloat *restrict y = to + meeting->out * desc->k;

  for (gint i = 0; i < desc->c; i++) {
    for (gint j = 0; j < desc->k; j++)
      y[j] += x[i] * w[(gsize) i * desc->k + j];
  }
}

/* @a: d_y (pixels, k); @b: weights (k, taps, c); @to: d_x (pixels, c). */
static void
add_data (const GstSodCudaConvDesc *desc, const Meeting *meeting,
    const gfloat *a, const gfloat *b, gfloat *to)
{
  gsize area = (gsize) desc->kernel * desc->kernel;
  const gfloat *restrict d_y = a + meeting->out * desc->k;
  gfloat *restrict d_x = to + meeting->in * desc->c;

  for (gint j = 0; j < desc->k; j++) {
    const gfloat *restrict w = b + (j * area + meeting->tap) * desc->c;

    for (gint i = 0; i < desc->c; i++)
      d_x[i] += d_y[j] * w[i];
  }
}

/* @a: x (pixels, c); @b: d_y (pixels, k); @to: d_w (k, taps, c). */
static void
add_weights (const GstSodCudaConvDesc *desc, const Meeting *meeting,
    const gfloat *a, const gfloat *b, gfloat *to)
{
  gsize area = (gsize) desc->kernel * desc->kernel;
  const gfloat *restrict x = a + meeting->in * desc->c;
  const gfloat *restrict d_y = b + meeting->out * desc->k;

  for (gint j = 0; j < desc->k; j++) {
    gfloat *restrict d_w = to + (j * area + meeting->tap) * desc->c;

    for (gint i = 0; i < desc->c; i++)
      d_w[i] += d_y[j] * x[i];
  }
}

static void
run_forward (const GstSodCudaConv *self, gconstpointer x, gconstpointer w,
    const gfloat *bias, gpointer y)
{
  const GstSodCudaConvDesc *desc = &self->desc;
  gsize n = n_pixels_out (self);
  g_autofree gfloat *from =
      widen (desc, x, n_pixels_in (self), desc->c, desc->x_stride);
  g_autofree gfloat *dense =
      widen (desc, w, gst_sod_cuda_conv_n_weights (desc), 1, 1);
  g_autofree gfloat *weights = transpose (desc, dense);
  g_autofree gfloat *sums = g_new0 (gfloat, n * desc->k);

  visit_all (self, add_forward, from, weights, sums);
  for (gsize i = 0; i < n; i++) {
    for (gint j = 0; j < desc->k; j++) {
      gfloat sum = sums[i * desc->k + j] + (desc->bias ? bias[j] : 0);

      /* What is no number stays so. */
      store (desc->type, y, i * desc->y_stride + j,
          desc->relu && sum < 0 ? 0 : sum);
    }
  }
}

static void
run_data (const GstSodCudaConv *self, gpointer d_x, gconstpointer w,
    gconstpointer d_y)
{
  const GstSodCudaConvDesc *desc = &self->desc;
  gsize n = n_pixels_in (self);
  g_autofree gfloat *from =
      widen (desc, d_y, n_pixels_out (self), desc->k, desc->y_stride);
  g_autofree gfloat *weights =
      widen (desc, w, gst_sod_cuda_conv_n_weights (desc), 1, 1);
  g_autofree gfloat *sums = g_new0 (gfloat, n * desc->c);

  visit_all (self, add_data, from, weights, sums);
  for (gsize i = 0; i < n; i++) {
    for (gint j = 0; j < desc->c; j++)
      store (desc->type, d_x, i * desc->x_stride + j, sums[i * desc->c + j]);
  }
}

static void
run_weights (const GstSodCudaConv *self, gconstpointer x, gpointer d_w,
    gconstpointer d_y)
{
  const GstSodCudaConvDesc *desc = &self->desc;
  gsize n = gst_sod_cuda_conv_n_weights (desc);
  g_autofree gfloat *from =
      widen (desc, x, n_pixels_in (self), desc->c, desc->x_stride);
  g_autofree gfloat *gradient =
      widen (desc, d_y, n_pixels_out (self), desc->k, desc->y_stride);
  g_autofree gfloat *sums = g_new0 (gfloat, n);

  visit_all (self, add_weights, from, gradient, sums);
  for (gsize i = 0; i < n; i++)
    store (desc->type, d_w, i, sums[i]);
}

gboolean
gst_sod_cuda_conv_run (GstSodCudaConv *self, GstSodCudaQueue *queue, gpointer x,
    gpointer w, gconstpointer bias, gpointer y, gpointer workspace,
    GError **error)
{
  if (!gst_sod_cuda_host_work ("a convolution", error)
      || !gst_sod_cuda_conv_check_pointers (&self->desc, x, w, bias, y, error))
    return FALSE;
  switch (self->desc.pass) {
    case GST_SOD_CUDA_CONV_DATA:
      run_data (self, x, w, y);
      break;
    case GST_SOD_CUDA_CONV_WEIGHTS:
      run_weights (self, x, w, y);
      break;
    default:
      run_forward (self, x, w, bias, y);
      break;
  }
  return TRUE;
}
