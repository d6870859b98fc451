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
mix_span (const Up *self, const Between *between, gint64 x, gint64 c,
    const gint wide, gboolean bf16, Span *mixed)
{
  gint64 at = x * self->small.pitch + c;
  Span far;

  span_load (mixed, self->small.data, between->near + at, wide, bf16);
  span_load (&far, self->small.data, between->far + at, wide, bf16);
  for (gint k = 0; k < SPAN_VECTORS (wide); k++)
    mixed->v[k] = NEAR * mixed->v[k] + FAR * far.v[k];
}

/* Output @pixel between two columns, and what is added to it. */
GST_SOD_ONEDNN_INLINE void
sum_span (const Up *self, gint64 pixel, gint64 c, const gint wide,
    gboolean bf16, const Span *near, const Span *far, Span *sum)
{
  Span summand;

  for (gint k = 0; k < SPAN_VECTORS (wide); k++)
    sum->v[k] = NEAR * near->v[k] + FAR * far->v[k];
  if (self->summand.data == NULL)
    return;
  span_load (&summand, self->summand.data, pixel * self->summand.pitch + c,
      wide, bf16);
  for (gint k = 0; k < SPAN_VECTORS (wide); k++)
    sum->v[k] += summand.v[k];
}

/* Where an output row goes: into the big one, or somewhere as f32. */
typedef struct
{
  gfloat *to; /* NULL: into the big one */
  gint64 pitch;
} Target;

GST_SOD_ONEDNN_INLINE void
put_span (const Up *self, const Target *target, gint64 row, gint64 x, gint64 c,
    const gint wide, gboolean bf16, const Span *sum)
{
  if (target->to != NULL)
    span_write (sum, target->to + x * target->pitch + c, wide, bf16);
  else
    span_store (sum, self->big.data,
        (row * 2 * self->w + x) * self->big.pitch + c, wide, bf16);
}

/* By value: what is stored might otherwise be @up's. */
GST_SOD_ONEDNN_INLINE void
enlarge_span (const Up up, const Target to, gint64 row, gint64 c,
    const gint wide, gboolean bf16)
{
  const Up *self = &up;
  const Target *target = &to;
  gint64 pixel = row * 2 * self->w;
  Span before, here, after, sum;
  Between between;

  find_between (self, row, &between);
  mix_span (self, &between, 0, c, wide, bf16, &here);
  before = here;
  for (gint64 x = 0; x < self->w; x++) {
    mix_span (self, &between, MIN (x + 1, self->w - 1), c, wide, bf16, &after);
    sum_span (self, pixel + 2 * x, c, wide, bf16, &here, &before, &sum);
    put_span (self, target, row, 2 * x, c, wide, bf16, &sum);
    sum_span (self, pixel + 2 * x + 1, c, wide, bf16, &here, &after, &sum);
    put_span (self, target, row, 2 * x + 1, c, wide, bf16, &sum);
    for (gint k = 0; k < SPAN_VECTORS (wide); k++) {
      before.v[k] = here.v[k];
      here.v[k] = after.v[k];
    }
  }
}

GST_SOD_ONEDNN_INLINE void
enlarge_rows_of (const Up *self, gint64 first, gint64 last, gboolean bf16)
{
  const Target big = { NULL, 0 };

  for (gint64 row = first; row < last; row++)
    SPAN_EACH (self->c, c, SPAN, enlarge_span (*self, big, row, c, wide, bf16));
}

GST_SOD_TRAIN_DEFINE_HOT (enlarge_rows, enlarge_rows_of, Up)

/* Rows as f32, one after the other, for who reads them at once. */
typedef struct
{
  Up up;
  Target target;
  gboolean bf16;
} Rows;

GST_SOD_ONEDNN_INLINE void
make_rows_of (const Rows *self, gint64 first, gint64 last, gboolean bf16)
{
  for (gint64 row = first; row < last; row++) {
    Target target = self->target;

    target.to += (row - first) * 2 * self->up.w * target.pitch;
    SPAN_EACH (self->up.c, c, SPAN,
        enlarge_span (self->up, target, row, c, wide, bf16));
  }
}

GST_SOD_TRAIN_DEFINE_HOT (make_rows, make_rows_of, Rows)

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
gather_column (const Up *self, const Around *around, gint64 x, gint64 c,
    const gint wide, gboolean bf16, Span *sum)
{
  Span v[4];

  for (gint i = 0; i < 4; i++)
    span_load (&v[i], self->big.data, around->at[i] + x * self->big.pitch + c,
        wide, bf16);
  for (gint k = 0; k < SPAN_VECTORS (wide); k++)
    sum->v[k] = FAR * (v[0].v[k] + v[3].v[k]) + NEAR * (v[1].v[k] + v[2].v[k]);
}

GST_SOD_ONEDNN_INLINE void
gather_span (const Up up, const Around *around, gint64 row, gint64 c,
    const gint wide, gboolean bf16)
{
  const Up *self = &up;
  Span before, left, right, after, sum;

  gather_column (self, around, 0, c, wide, bf16, &left);
  before = left;
  for (gint64 x = 0; x < self->w; x++) {
    gather_column (self, around, 2 * x + 1, c, wide, bf16, &right);
    gather_column (
        self, around, MIN (2 * x + 2, 2 * self->w - 1), c, wide, bf16, &after);
    for (gint k = 0; k < SPAN_VECTORS (wide); k++)
      sum.v[k] =
          FAR * (before.v[k] + after.v[k]) + NEAR * (left.v[k] + right.v[k]);
    span_store (&sum, self->small.data,
        (row * self->w + x) * self->small.pitch + c, wide, bf16);
    for (gint k = 0; k < SPAN_VECTORS (wide); k++) {
      before.v[k] = right.v[k];
      left.v[k] = after.v[k];
    }
  }
}

GST_SOD_ONEDNN_INLINE void
gather_rows_of (const Up *self, gint64 first, gint64 last, gboolean bf16)
{
  for (gint64 row = first; row < last; row++) {
    Around around;

    find_around (self, row, &around);
    SPAN_EACH (self->c, c, bf16 ? SPAN : SPAN / 2,
        gather_span (*self, &around, row, c, wide, bf16));
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

/* ---- one channel, f32 ---- */

#define CHUNK 128 /* columns of the small one */

/* Columns [@x, @x + @n) of an output row's source, mixed of two rows, and one
 * column on each side. */
GST_SOD_ONEDNN_INLINE void
mix_columns (
    const Up *self, const Between *between, gint64 x, gint64 n, gfloat *mixed)
{
  const gfloat *near = (const gfloat *) self->small.data + between->near;
  const gfloat *far = (const gfloat *) self->small.data + between->far;
  gint64 before = MAX (x - 1, 0), after = MIN (x + n, self->w - 1);

  mixed[0] = NEAR * near[before] + FAR * far[before];
  for (gint64 i = 0; i < n; i++)
    mixed[1 + i] = NEAR * near[x + i] + FAR * far[x + i];
  mixed[1 + n] = NEAR * near[after] + FAR * far[after];
}

GST_SOD_ONEDNN_HOT static void
enlarge_plane_rows (gconstpointer data, gint64 first, gint64 last)
{
  const Up *self = data;

  for (gint64 row = first; row < last; row++) {
    gfloat *to = (gfloat *) self->big.data + row * 2 * self->w;
    Between between;

    find_between (self, row, &between);
    for (gint64 x = 0; x < self->w; x += CHUNK) {
      gint64 n = MIN (CHUNK, self->w - x);
      gfloat mixed[CHUNK + 2];

      mix_columns (self, &between, x, n, mixed);
      for (gint64 i = 0; i < n; i++) {
        to[2 * (x + i)] = NEAR * mixed[1 + i] + FAR * mixed[i];
        to[2 * (x + i) + 1] = NEAR * mixed[1 + i] + FAR * mixed[2 + i];
      }
    }
  }
}

/* Column @x of the large one's rows around an input row. */
GST_SOD_ONEDNN_INLINE gfloat
gather_plane (const gfloat *big, const Around *around, gint64 x)
{
  return FAR * (big[around->at[0] + x] + big[around->at[3] + x])
         + NEAR * (big[around->at[1] + x] + big[around->at[2] + x]);
}

GST_SOD_ONEDNN_HOT static void
gather_plane_rows (gconstpointer data, gint64 first, gint64 last)
{
  const Up *self = data;
  const gfloat *big = self->big.data;

  for (gint64 row = first; row < last; row++) {
    gfloat *to = (gfloat *) self->small.data + row * self->w;
    Around around;

    find_around (self, row, &around);
    for (gint64 x = 0; x < self->w; x += CHUNK) {
      gint64 n = MIN (CHUNK, self->w - x), end = 2 * (x + n);
      gfloat sums[2 * CHUNK + 2]; /* from the column before 2 x on */

      sums[0] = gather_plane (big, &around, MAX (2 * x - 1, 0));
      for (gint64 i = 0; i < 2 * n; i++)
        sums[1 + i] = gather_plane (big, &around, 2 * x + i);
      sums[2 * n + 1] = gather_plane (big, &around, MIN (end, 2 * self->w - 1));
      for (gint64 i = 0; i < n; i++)
        to[x + i] = FAR * (sums[2 * i] + sums[2 * i + 3])
                    + NEAR * (sums[2 * i + 1] + sums[2 * i + 2]);
    }
  }
}

static gboolean
is_plane (const Up *self)
{
  return self->c == 1 && !self->bf16 && self->summand.data == NULL
         && self->small.pitch == 1 && self->big.pitch == 1;
}

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
gst_sod_train_up_row (
    const GstSodTrainUp *up, gint64 row, gint64 pitch, gfloat *to)
{
  Rows self = {
    .up = {
      .small = { (gpointer) up->small, up->small_pitch, up->bf16 },
      .summand = { (gpointer) up->summand, up->summand_pitch, up->bf16 },
      .c = up->c,
      .h = up->h,
      .w = up->w,
    },
    .target = { to, pitch },
    .bf16 = up->bf16,
  };

  make_rows (&self, row, row + 1);
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
  gst_sod_onednn_run_rows (is_plane (&self)       ? enlarge_plane_rows
                           : step->c % LANES == 0 ? enlarge_rows
                                                  : enlarge_few,
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
  gst_sod_onednn_run_rows (is_plane (&self)       ? gather_plane_rows
                           : step->c % LANES == 0 ? gather_rows
                                                  : gather_few,
      &self, step->n * step->h, run->threads);
}
