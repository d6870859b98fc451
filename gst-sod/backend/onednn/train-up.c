/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Enlarging to twice the size, bilinear, half-pixel centres, edges clamped: an
 * output lies a quarter of the way between two samples, so that samples weigh
 * 3/4 and 1/4 along each axis. */
#include <gst-sod/backend/onednn/train-simd-private.h>

#define NEAR 0.75f
#define FAR 0.25f

typedef struct
{
  Pixels small, summand, big;
  gint64 c, h, w; /* of the small one */
  gboolean bf16;
} Up;

static Up
begin (const GstSodTrainStep *step)
{
  return (Up){ .c = step->c, .h = step->h, .w = step->w };
}

/* ---- forward ---- */

/* The two rows that an output row lies between. */
typedef struct
{
  gint64 near, far; /* first elements */
} Between;

GST_SOD_ONEDNN_INLINE void
find_between (const Up *self, gint64 row, Between *between)
{
  gint64 y = row % (2 * self->h), near = y / 2;
  gint64 far = y % 2 == 0 ? MAX (near - 1, 0) : MIN (near + 1, self->h - 1);
  gint64 start = row / (2 * self->h) * self->h;

  between->near = (start + near) * self->w * self->small.pitch;
  between->far = (start + far) * self->w * self->small.pitch;
}

/* Column @x of the output row, before it is enlarged sideways. */
GST_SOD_ONEDNN_INLINE void
mix_lanes (const Up *self, const Between *between, gint64 x, gint64 c,
    gboolean bf16, Lanes *mixed)
{
  gint64 at = x * self->small.pitch + c;
  Lanes far;

  lanes_load (mixed, self->small.data, between->near + at, bf16);
  lanes_load (&far, self->small.data, between->far + at, bf16);
  *mixed = NEAR * *mixed + FAR * far;
}

GST_SOD_ONEDNN_INLINE void
put_lanes (const Up *self, gint64 pixel, gint64 c, gboolean bf16, Lanes *value)
{
  if (self->summand.data != NULL) {
    Lanes summand;

    lanes_load (
        &summand, self->summand.data, pixel * self->summand.pitch + c, bf16);
    *value += summand;
  }
  lanes_store (value, self->big.data, pixel * self->big.pitch + c, bf16);
}

GST_SOD_ONEDNN_INLINE void
enlarge_rows_of (const Up *self, gint64 first, gint64 last, gboolean bf16)
{
  for (gint64 row = first; row < last; row++) {
    Between between;

    find_between (self, row, &between);
    for (gint64 c = 0; c < self->c; c += LANES) {
      Lanes before, here, after;

      mix_lanes (self, &between, 0, c, bf16, &here);
      before = here;
      for (gint64 x = 0; x < self->w; x++) {
        Lanes left, right;

        mix_lanes (self, &between, MIN (x + 1, self->w - 1), c, bf16, &after);
        left = NEAR * here + FAR * before;
        right = NEAR * here + FAR * after;
        put_lanes (self, 2 * (row * self->w + x), c, bf16, &left);
        put_lanes (self, 2 * (row * self->w + x) + 1, c, bf16, &right);
        before = here;
        here = after;
      }
    }
  }
}

GST_SOD_TRAIN_DEFINE_HOT (enlarge_rows, enlarge_rows_of, Up)

/* ---- backward ---- */

/* The four rows of the output that an input row weighs in. */
typedef struct
{
  gint64 at[4]; /* first elements: far, near, near, far */
} Around;

GST_SOD_ONEDNN_INLINE void
find_around (const Up *self, gint64 row, Around *around)
{
  gint64 y = 2 * (row % self->h), h = 2 * self->h;
  gint64 start = row / self->h * h;
  gint64 rows[4] = { MAX (y - 1, 0), y, y + 1, MIN (y + 2, h - 1) };

  for (gint i = 0; i < 4; i++)
    around->at[i] = (start + rows[i]) * 2 * self->w * self->big.pitch;
}

GST_SOD_ONEDNN_INLINE void
gather_lanes (const Up *self, const Around *around, gint64 x, gint64 c,
    gboolean bf16, Lanes *sum)
{
  Lanes v[4];

  for (gint i = 0; i < 4; i++)
    lanes_load (
        &v[i], self->big.data, around->at[i] + x * self->big.pitch + c, bf16);
  *sum = FAR * (v[0] + v[3]) + NEAR * (v[1] + v[2]);
}

GST_SOD_ONEDNN_INLINE void
gather_rows_of (const Up *self, gint64 first, gint64 last, gboolean bf16)
{
  for (gint64 row = first; row < last; row++) {
    Around around;

    find_around (self, row, &around);
    for (gint64 c = 0; c < self->c; c += LANES) {
      Lanes before, left, right, after;

      gather_lanes (self, &around, 0, c, bf16, &left);
      before = left;
      for (gint64 x = 0; x < self->w; x++) {
        Lanes sum;

        gather_lanes (self, &around, 2 * x + 1, c, bf16, &right);
        gather_lanes (
            self, &around, MIN (2 * x + 2, 2 * self->w - 1), c, bf16, &after);
        sum = FAR * (before + after) + NEAR * (left + right);
        lanes_store (&sum, self->small.data,
            (row * self->w + x) * self->small.pitch + c, bf16);
        before = right;
        left = after;
      }
    }
  }
}

GST_SOD_TRAIN_DEFINE_HOT (gather_rows, gather_rows_of, Up)

/* ---- few channels ---- */

GST_SOD_ONEDNN_INLINE gfloat
mix_element (const Up *self, const Between *between, gint64 at, gboolean bf16)
{
  return NEAR * element_load (self->small.data, between->near + at, bf16)
         + FAR * element_load (self->small.data, between->far + at, bf16);
}

GST_SOD_ONEDNN_INLINE void
enlarge_few_of (const Up *self, gint64 first, gint64 last, gboolean bf16)
{
  for (gint64 row = first; row < last; row++) {
    Between between;

    find_between (self, row, &between);
    for (gint64 c = 0; c < self->c; c++) {
      gint64 to = 2 * row * self->w * self->big.pitch + c;
      gfloat here = mix_element (self, &between, c, bf16), before = here;

      for (gint64 x = 0; x < self->w; x++, to += 2 * self->big.pitch) {
        gint64 next = MIN (x + 1, self->w - 1) * self->small.pitch + c;
        gfloat after = mix_element (self, &between, next, bf16);

        element_store (NEAR * here + FAR * before, self->big.data, to, bf16);
        element_store (NEAR * here + FAR * after, self->big.data,
            to + self->big.pitch, bf16);
        before = here;
        here = after;
      }
    }
  }
}

GST_SOD_TRAIN_DEFINE_HOT (enlarge_few, enlarge_few_of, Up)

GST_SOD_ONEDNN_INLINE gfloat
gather_element (const Up *self, const Around *around, gint64 at, gboolean bf16)
{
  gfloat v[4];

  for (gint i = 0; i < 4; i++)
    v[i] = element_load (self->big.data, around->at[i] + at, bf16);
  return FAR * (v[0] + v[3]) + NEAR * (v[1] + v[2]);
}

GST_SOD_ONEDNN_INLINE void
gather_few_of (const Up *self, gint64 first, gint64 last, gboolean bf16)
{
  for (gint64 row = first; row < last; row++) {
    Around around;

    find_around (self, row, &around);
    for (gint64 c = 0; c < self->c; c++) {
      gint64 to = row * self->w * self->small.pitch + c;
      gfloat left = gather_element (self, &around, c, bf16), before = left;

      for (gint64 x = 0; x < self->w; x++, to += self->small.pitch) {
        gint64 at = (2 * x + 1) * self->big.pitch + c;
        gint64 next = MIN (2 * x + 2, 2 * self->w - 1) * self->big.pitch + c;
        gfloat right = gather_element (self, &around, at, bf16);
        gfloat after = gather_element (self, &around, next, bf16);

        element_store (FAR * (before + after) + NEAR * (left + right),
            self->small.data, to, bf16);
        before = right;
        left = after;
      }
    }
  }
}

GST_SOD_TRAIN_DEFINE_HOT (gather_few, gather_few_of, Up)

/* ---- steps ---- */

void
gst_sod_onednn_enlarge_few (const GstSodOnednnStep *step, gconstpointer source,
    gconstpointer summand, gpointer target, gint threads)
{
  gboolean bf16 = step->type == dnnl_bf16;
  Up self = {
    .small = { (gpointer) source, step->c, bf16 },
    .summand = { (gpointer) summand, step->c, bf16 },
    .big = { target, step->c, bf16 },
    .c = step->c,
    .h = step->h,
    .w = step->w,
    .bf16 = bf16,
  };

  gst_sod_onednn_run_rows (enlarge_rows, &self, step->n * 2 * step->h, threads);
}

void
gst_sod_train_kernel_up (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run)
{
  Up self = begin (step);

  self.small = pixels_get (step, memory, 0);
  self.summand = pixels_get (step, memory, 1);
  self.big = pixels_get (step, memory, 2);
  self.bf16 = self.small.bf16;
  gst_sod_onednn_run_rows (step->c % LANES == 0 ? enlarge_rows : enlarge_few,
      &self, step->n * 2 * step->h, run->threads);
}

void
gst_sod_train_kernel_up_backward (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  Up self = begin (step);

  self.big = pixels_get (step, memory, 0);
  self.small = pixels_get (step, memory, 1);
  self.bf16 = self.small.bf16;
  gst_sod_onednn_run_rows (step->c % LANES == 0 ? gather_rows : gather_few,
      &self, step->n * step->h, run->threads);
}
