/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums, copies and tanh of a training plan. */
#include <gst-sod/backend/onednn/train-simd-private.h>

#include <math.h>

typedef struct
{
  Pixels a, b, to;
  gint64 c;
  gboolean bf16;
} Op;

static gint64
count_pixels (const GstSodTrainStep *step)
{
  return step->n * step->h * step->w;
}

GST_SOD_ONEDNN_INLINE void
add_pixels_of (const Op *self, gint64 first, gint64 last, gboolean bf16)
{
  for (gint64 p = first; p < last; p++) {
    for (gint64 c = 0; c < self->c; c += LANES) {
      Lanes a, b = { 0 };

      lanes_load (&a, self->a.data, p * self->a.pitch + c, bf16);
      if (self->b.data != NULL)
        lanes_load (&b, self->b.data, p * self->b.pitch + c, bf16);
      a += b;
      lanes_store (&a, self->to.data, p * self->to.pitch + c, bf16);
    }
  }
}

GST_SOD_TRAIN_DEFINE_HOT (add_pixels, add_pixels_of, Op)

/* Dense f32 to dense bf16. */
GST_SOD_ONEDNN_HOT static void
narrow_pixels (gconstpointer data, gint64 first, gint64 last)
{
  const Op *self = data;
  const gfloat *from = self->a.data;
  guint16 *to = self->to.data;

  for (gint64 i = first * self->c; i < last * self->c; i++)
    to[i] = gst_sod_f32_to_bf16 (from[i]);
}

/* Few channels, or types that differ. */
static void
add_few (gconstpointer data, gint64 first, gint64 last)
{
  const Op *self = data;

  for (gint64 p = first; p < last; p++) {
    for (gint64 c = 0; c < self->c; c++) {
      gfloat sum =
          element_load (self->a.data, p * self->a.pitch + c, self->a.bf16);

      if (self->b.data != NULL)
        sum += element_load (self->b.data, p * self->b.pitch + c, self->b.bf16);
      element_store (sum, self->to.data, p * self->to.pitch + c, self->to.bf16);
    }
  }
}

static gboolean
is_narrowed (const Op *self)
{
  return self->b.data == NULL && !self->a.bf16 && self->to.bf16
         && self->a.pitch == self->c && self->to.pitch == self->c;
}

void
gst_sod_train_kernel_add (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run)
{
  Op self = {
    .a = pixels_get (step, memory, 0),
    .b = pixels_get (step, memory, 1),
    .to = pixels_get (step, memory, 2),
    .c = step->c,
  };
  gboolean plain = step->c % LANES == 0 && self.a.bf16 == self.to.bf16
                   && (self.b.data == NULL || self.b.bf16 == self.to.bf16);

  self.bf16 = self.to.bf16;
  gst_sod_onednn_run_rows (is_narrowed (&self) ? narrow_pixels
                           : plain             ? add_pixels
                                               : add_few,
      &self, count_pixels (step), run->threads);
}

static void
tanh_pixels (gconstpointer data, gint64 first, gint64 last)
{
  const Op *self = data;

  for (gint64 p = first; p < last; p++) {
    for (gint64 c = 0; c < self->c; c++) {
      gfloat x =
          element_load (self->a.data, p * self->a.pitch + c, self->a.bf16);

      element_store (
          tanhf (x), self->to.data, p * self->to.pitch + c, self->to.bf16);
    }
  }
}

void
gst_sod_train_kernel_tanh (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run)
{
  Op self = {
    .a = pixels_get (step, memory, 0),
    .to = pixels_get (step, memory, 1),
    .c = step->c,
  };

  gst_sod_onednn_run_rows (
      tanh_pixels, &self, count_pixels (step), run->threads);
}

/* d_x = d_y * (1 - y^2) */
static void
differentiate_pixels (gconstpointer data, gint64 first, gint64 last)
{
  const Op *self = data;

  for (gint64 p = first; p < last; p++) {
    for (gint64 c = 0; c < self->c; c++) {
      gfloat y =
          element_load (self->a.data, p * self->a.pitch + c, self->a.bf16);
      gfloat d =
          element_load (self->b.data, p * self->b.pitch + c, self->b.bf16);

      element_store (d * (1 - y * y), self->to.data, p * self->to.pitch + c,
          self->to.bf16);
    }
  }
}

void
gst_sod_train_kernel_tanh_backward (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  Op self = {
    .a = pixels_get (step, memory, 0),
    .b = pixels_get (step, memory, 1),
    .to = pixels_get (step, memory, 2),
    .c = step->c,
  };

  gst_sod_onednn_run_rows (
      differentiate_pixels, &self, count_pixels (step), run->threads);
}
