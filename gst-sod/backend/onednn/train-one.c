/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The convolution to one channel, which makes the map: oneDNN computes a whole
 * vector of channels for it. 3x3, "same" padding, any dilation. */
#include <gst-sod/backend/onednn/train-simd-private.h>

#define TAPS 9

typedef struct
{
  gint64 n, c, h, w;
  gint dilation, threads;
  gboolean bf16;
  gconstpointer x;   /* (n, h, w, c) */
  const gfloat *d_y; /* (n, h + 2 dilation, w + 2 dilation), zeros around */
  gdouble *sums;     /* (threads, TAPS, c) */
} One;

static gint64
padded_size (gint64 n, gint64 h, gint64 w, gint dilation)
{
  return n * (h + 2 * dilation) * (w + 2 * dilation);
}

gsize
gst_sod_train_one_scratch (
    const GstSodShape *shape, gint dilation, gint threads)
{
  const gint64 *dims = shape->dims;

  return (gsize) padded_size (dims[0], dims[2], dims[3], dilation)
             * sizeof (gfloat)
         + (gsize) (threads * TAPS * dims[1]) * sizeof (gdouble)
         + GST_SOD_ALIGNMENT;
}

/* ---- forward ---- */

/* As plans for inference do it, from weights (3, 3, c). */
void
gst_sod_train_kernel_conv_to_one (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  Pixels x = pixels_get (step, memory, 0);
  const gfloat *from = memory[1]; /* (1, c, 3, 3) */
  gfloat zero = 0, *weights = memory[4];
  gpointer args[4] = { x.data, weights,
    memory[2] != NULL ? memory[2] : (gpointer) &zero, memory[3] };
  GstSodOnednnStep convolution = {
    .n = step->n,
    .c = step->c,
    .h = step->h,
    .w = step->w,
    .size = 3,
    .dilation = step->dilation,
    .padding = step->dilation,
    .layout = GST_SOD_ONEDNN_NHWC,
    .type = x.bf16 ? dnnl_bf16 : dnnl_f32,
  };

  for (gint64 c = 0; c < step->c; c++) {
    for (gint tap = 0; tap < TAPS; tap++)
      weights[tap * step->c + c] = from[c * TAPS + tap];
  }
  gst_sod_onednn_kernel_conv_to_one (&convolution, args, run->threads);
}

/* ---- gradient of the weights ---- */

/* Row @row of all samples' rows on LANES channels from @c on: each tap's sum of
 * x * d_y, where d_y is the tap's way before x. */
GST_SOD_ONEDNN_INLINE void
add_row (const One *self, gint64 row, gint64 c, gboolean bf16, gdouble *sums)
{
  gint64 pitch = self->w + 2 * self->dilation;
  gint64 y = row % self->h;
  const gfloat *d_y =
      self->d_y + row / self->h * (self->h + 2 * self->dilation) * pitch;
  Lanes taps[TAPS] = { { 0 } };

  for (gint64 x = 0; x < self->w; x++) {
    Lanes value;

    lanes_load (&value, self->x, (row * self->w + x) * self->c + c, bf16);
    for (gint v = 0; v < 3; v++) {
      const gfloat *at = d_y + (y + (2 - v) * self->dilation) * pitch + x;

      for (gint u = 0; u < 3; u++)
        taps[3 * v + u] += value * at[(2 - u) * self->dilation];
    }
  }
  for (gint tap = 0; tap < TAPS; tap++) {
    for (gint l = 0; l < LANES; l++)
      sums[tap * self->c + c + l] += taps[tap][l];
  }
}

GST_SOD_ONEDNN_INLINE void
add_rows_of (const One *self, gint64 first, gint64 last, gboolean bf16)
{
  for (gint64 t = first; t < last; t++) {
    gint64 n_rows = self->n * self->h;

    for (gint64 row = n_rows * t / self->threads;
         row < n_rows * (t + 1) / self->threads; row++) {
      for (gint64 c = 0; c < self->c; c += LANES)
        add_row (self, row, c, bf16, self->sums + t * TAPS * self->c);
    }
  }
}

GST_SOD_TRAIN_DEFINE_HOT (add_rows, add_rows_of, One)

/* @from (n, h, w) into the middle of @to; returns its sum. */
static gdouble
pad (const One *self, const gfloat *from, gfloat *to)
{
  gint64 pitch = self->w + 2 * self->dilation;
  gint64 height = self->h + 2 * self->dilation;
  gdouble sum = 0;

  memset (to, 0, (gsize) (self->n * height * pitch) * sizeof (*to));
  for (gint64 row = 0; row < self->n * self->h; row++) {
    gint64 y = row / self->h * height + row % self->h + self->dilation;
    gfloat part = 0;

    for (gint64 x = 0; x < self->w; x++)
      part += from[row * self->w + x];
    sum += part;
    memcpy (to + y * pitch + self->dilation, from + row * self->w,
        (gsize) self->w * sizeof (*to));
  }
  return sum;
}

void
gst_sod_train_kernel_conv_to_one_weights (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  Pixels x = pixels_get (step, memory, 0);
  gfloat *d_weight = memory[3]; /* (1, c, 3, 3) */
  gfloat *d_bias = memory[4];   /* (1), or NULL */
  One self = {
    .n = step->n,
    .c = step->c,
    .h = step->h,
    .w = step->w,
    .dilation = step->dilation,
    .threads = MAX (run->threads, 1),
    .bf16 = x.bf16,
    .x = x.data,
    .sums = memory[2],
  };
  gsize n_sums = (gsize) (self.threads * TAPS * self.c);
  gfloat *padded = (gfloat *) (self.sums + n_sums);
  gdouble sum = pad (&self, memory[1], padded);

  self.d_y = padded;
  memset (self.sums, 0, n_sums * sizeof (*self.sums));
  gst_sod_onednn_run_rows (add_rows, &self, self.threads, self.threads);
  for (gint64 c = 0; c < self.c; c++) {
    for (gint tap = 0; tap < TAPS; tap++) {
      gdouble all = 0;

      for (gint t = 0; t < self.threads; t++)
        all += self.sums[(t * TAPS + tap) * self.c + c];
      d_weight[c * TAPS + tap] = (gfloat) all;
    }
  }
  if (d_bias != NULL)
    *d_bias = (gfloat) sum;
}
