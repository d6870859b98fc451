/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The convolution to one channel, which makes the map: oneDNN computes a whole
 * vector of channels for it. 3x3, "same" padding, any dilation. Where what it
 * reads is an enlargement that nobody else reads, that is not kept in memory:
 * its rows are made where they are read, on both ways. */
#include <gst-sod/backend/onednn/train-simd-private.h>

#define TAPS 9
#define PIXELS 6 /* of outputs side by side */
#define RING 3   /* rows of the source that a row of the target reads */
#define STEP SPAN_LANES

typedef struct
{
  gint64 n, c, h, w;
  gint dilation, threads;
  gboolean bf16;
  gconstpointer x;      /* (n, h, w, c), or NULL: made by */
  GstSodTrainUp up;     /* this */
  gint64 pitch;         /* of a pixel of a made row: c, and zeros behind */
  gfloat *rows;         /* (threads, a part's) */
  gint64 part;          /* elements of a part's rows */
  const gfloat *padded; /* weights (3, 3, pitch), forward */
  gfloat bias;
  gfloat *y;          /* (n, h, w) */
  const gfloat *d_y;  /* (n, h, w) */
  gfloat *padded_d_y; /* (n, h + 2 dilation, w + 2 dilation), zeros around */
  gdouble *sums;      /* (threads, TAPS, pitch), and before it (threads) */
} One;

static gint64
padded_size (gint64 n, gint64 h, gint64 w, gint dilation)
{
  return n * (h + 2 * dilation) * (w + 2 * dilation);
}

static gint64
get_pitch (gint64 channels)
{
  return (channels + STEP - 1) / STEP * STEP;
}

/* Elements of a row with zeros beside it, so that tiles may reach over it. */
static gint64
get_row_size (gint64 w, gint64 pitch)
{
  return (w + 2 + PIXELS) * pitch;
}

gsize
gst_sod_train_one_scratch (
    const GstSodShape *shape, gint dilation, gint threads)
{
  const gint64 *dims = shape->dims;
  gint64 pitch = get_pitch (dims[1]);

  return (gsize) padded_size (dims[0], dims[2], dims[3], dilation)
             * sizeof (gfloat)
         + (gsize) (threads * TAPS * pitch) * sizeof (gdouble)
         + (gsize) (threads * (RING + 1) * get_row_size (dims[3], pitch))
               * sizeof (gfloat)
         + (gsize) (TAPS * pitch) * sizeof (gfloat) + GST_SOD_ALIGNMENT;
}

static One
begin (const GstSodTrainStep *step, const GstSodTrainRun *run)
{
  return (One){
    .n = step->n,
    .c = step->c,
    .h = step->h,
    .w = step->w,
    .dilation = step->dilation,
    .threads = MAX (run->threads, 1),
    .pitch = get_pitch (step->c),
  };
}

/* From the step's first two arguments. */
static void
set_up (One *self, const GstSodTrainStep *step, gpointer const *memory)
{
  Pixels small = pixels_get (step, memory, 0);
  Pixels summand = pixels_get (step, memory, 1);

  self->up = (GstSodTrainUp){
    .small = small.data,
    .summand = summand.data,
    .small_pitch = small.pitch,
    .summand_pitch = summand.pitch,
    .c = self->c,
    .h = self->h / 2,
    .w = self->w / 2,
    .bf16 = small.bf16,
  };
}

GST_SOD_ONEDNN_INLINE void
copy_row_of (const One *self, gint64 row, gfloat *to, gboolean bf16)
{
  for (gint64 x = 0; x < self->w; x++) {
    for (gint64 c = 0; c < self->c; c += LANES) {
      Lanes value;

      lanes_load (&value, self->x, (row * self->w + x) * self->c + c, bf16);
      memcpy (to + x * self->pitch + c, &value, sizeof (value));
    }
  }
}

GST_SOD_ONEDNN_HOT static void
copy_row (const One *self, gint64 row, gfloat *to)
{
  if (self->bf16)
    copy_row_of (self, row, to, TRUE);
  else
    copy_row_of (self, row, to, FALSE);
}

/* Row @row of all samples' rows; @to (w, pitch), zero where there are no
 * channels. */
static void
make_row (const One *self, gint64 row, gfloat *to)
{
  if (self->x != NULL)
    copy_row (self, row, to);
  else
    gst_sod_train_up_row (&self->up, row, self->pitch, to);
}

/* Asks for @n pixels of row @row of what is added to the enlargement: memory is
 * idle while a row that has been made is multiplied. */
GST_SOD_ONEDNN_INLINE void
fetch_ahead (const One *self, gint64 row, gint64 x, gint64 n)
{
  const GstSodTrainUp *up = &self->up;
  gint64 size =
      up->summand_pitch * (up->bf16 ? sizeof (guint16) : sizeof (gfloat));
  const guint8 *at = (const guint8 *) up->summand + (row * self->w + x) * size;

  if (up->summand == NULL || row >= self->n * self->h)
    return;
  for (gint64 i = 0; i < n * size; i += 64)
    __builtin_prefetch (at + i);
}

GST_SOD_ONEDNN_INLINE void
add_pairs (const Lanes *a, const Lanes *b, Lanes *sums)
{
  *sums = __builtin_shufflevector (*a, *b, 0, 2, 4, 6, 8, 10, 12, 14)
          + __builtin_shufflevector (*a, *b, 1, 3, 5, 7, 9, 11, 13, 15);
}

/* The sum of each. */
GST_SOD_ONEDNN_INLINE void
sum_lanes (const SpanLanes wide[PIXELS], Lanes *sums)
{
  Lanes v[LANES] = { { 0 } }, pairs[4], quads[2];

  for (gint p = 0; p < PIXELS; p++) {
    Lanes halves[2];

    memcpy (halves, &wide[p], sizeof (halves));
    v[p] = halves[0] + halves[1];
  }
  for (gint i = 0; i < 4; i++)
    add_pairs (&v[2 * i], &v[2 * i + 1], &pairs[i]);
  for (gint i = 0; i < 2; i++)
    add_pairs (&pairs[2 * i], &pairs[2 * i + 1], &quads[i]);
  add_pairs (&quads[0], &quads[1], sums);
}

/* @rows: each from the zero pixel before it on. */
GST_SOD_ONEDNN_HOT static void
convolve_row (const One *self, gint64 row, gfloat *const rows[RING], gfloat *y)
{
  for (gint64 x = 0; x < self->w; x += PIXELS) {
    SpanLanes sums[PIXELS] = { { 0 } };
    Lanes out;

    fetch_ahead (self, row + 2, x, PIXELS);
    for (gint v = 0; v < RING; v++) {
      const gfloat *at = rows[v] + x * self->pitch;
      const gfloat *weights = self->padded + 3 * v * self->pitch;

      /* The three columns of a window lie side by side. */
      for (gint64 c = 0; c < 3 * self->pitch; c += STEP) {
        SpanLanes weight, value;

        memcpy (&weight, weights + c, sizeof (weight));
#pragma GCC unroll 6
        for (gint p = 0; p < PIXELS; p++) {
          memcpy (&value, at + p * self->pitch + c, sizeof (value));
          sums[p] += weight * value;
        }
      }
    }
    sum_lanes (sums, &out);
    out += self->bias;
    if (x + PIXELS <= self->w)
      memcpy (y + x, &out, PIXELS * sizeof (gfloat));
    else
      memcpy (y + x, &out, (gsize) (self->w - x) * sizeof (gfloat));
  }
}

/* Rows [@first, @last) of all samples' rows. The rows that they read are made
 * once, in a ring; outside of a sample they are zero. */
static void
convolve_part (gconstpointer data, gint index, gint64 first, gint64 last)
{
  const One *self = data;
  gint64 size = get_row_size (self->w, self->pitch), next = first;
  gfloat *ring = self->rows + index * self->part, *zeros = ring + RING * size;

  memset (ring, 0, (gsize) self->part * sizeof (*ring));
  for (gint64 row = first; row < last; row++) {
    gint64 start = row / self->h * self->h;
    gfloat *rows[RING];

    if (row == first || row == start)
      next = MAX (row - 1, start);
    for (; next <= MIN (row + 1, start + self->h - 1); next++)
      make_row (self, next, ring + next % RING * size + self->pitch);
    for (gint v = 0; v < RING; v++) {
      gint64 at = row + v - 1;

      rows[v] =
          at < start || at >= start + self->h ? zeros : ring + at % RING * size;
    }
    convolve_row (self, row, rows, self->y + row * self->w);
  }
}

/* @memory: what follows the source's arguments. */
static void
convolve (One *self, gpointer const *memory)
{
  const gfloat *weights = memory[0]; /* (1, c, 3, 3) */
  gfloat *padded = memory[3];        /* (3, 3, pitch) */

  self->bias = memory[1] != NULL ? *(const gfloat *) memory[1] : 0;
  self->y = memory[2];
  self->padded = padded;
  self->rows = padded + TAPS * self->pitch;
  self->part = (RING + 1) * get_row_size (self->w, self->pitch);
  memset (padded, 0, (gsize) (TAPS * self->pitch) * sizeof (*padded));
  for (gint64 c = 0; c < self->c; c++) {
    for (gint tap = 0; tap < TAPS; tap++)
      padded[tap * self->pitch + c] = weights[c * TAPS + tap];
  }
  gst_sod_onednn_run_parts (
      convolve_part, self, self->n * self->h, self->threads);
}

/* As plans for inference do it, from weights (3, 3, c). */
static void
convolve_in_place (const One *self, gpointer const *memory)
{
  const gfloat *from = memory[1]; /* (1, c, 3, 3) */
  gfloat zero = 0, *weights = memory[4];
  gpointer args[4] = { memory[0], weights,
    memory[2] != NULL ? memory[2] : (gpointer) &zero, memory[3] };
  GstSodOnednnStep convolution = {
    .n = self->n,
    .c = self->c,
    .h = self->h,
    .w = self->w,
    .size = 3,
    .dilation = self->dilation,
    .padding = self->dilation,
    .layout = GST_SOD_ONEDNN_NHWC,
    .type = self->bf16 ? dnnl_bf16 : dnnl_f32,
  };

  for (gint64 c = 0; c < self->c; c++) {
    for (gint tap = 0; tap < TAPS; tap++)
      weights[tap * self->c + c] = from[c * TAPS + tap];
  }
  gst_sod_onednn_kernel_conv_to_one (&convolution, args, self->threads);
}

void
gst_sod_train_kernel_conv_to_one (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  Pixels x = pixels_get (step, memory, 0);
  One self = begin (step, run);

  self.x = x.data;
  self.bf16 = x.bf16;
  if (self.dilation == 1 && self.bf16)
    convolve (&self, memory + 1);
  else
    convolve_in_place (&self, memory);
}

void
gst_sod_train_kernel_up_to_one (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  One self = begin (step, run);

  set_up (&self, step, memory);
  convolve (&self, memory + 2);
}

/* ---- gradient of the weights ---- */

/* @x (w, pitch), row @row of all samples' rows, on STEP channels from @c on:
 * each tap's sum of x * d_y, where d_y is the tap's way before x. */
GST_SOD_ONEDNN_INLINE void
add_row (
    const One *self, const gfloat *row_x, gint64 row, gint64 c, gdouble *sums)
{
  gint64 pitch = self->w + 2 * self->dilation;
  gint64 y = row % self->h;
  const gfloat *d_y =
      self->padded_d_y + row / self->h * (self->h + 2 * self->dilation) * pitch;
  SpanLanes taps[TAPS] = { { 0 } };

  for (gint64 x = 0; x < self->w; x++) {
    SpanLanes value;

    if (c == 0)
      fetch_ahead (self, row + 1, x, 1);
    memcpy (&value, row_x + x * self->pitch + c, sizeof (value));
    for (gint v = 0; v < 3; v++) {
      const gfloat *at = d_y + (y + (2 - v) * self->dilation) * pitch + x;

      for (gint u = 0; u < 3; u++)
        taps[3 * v + u] += value * at[(2 - u) * self->dilation];
    }
  }
  for (gint tap = 0; tap < TAPS; tap++) {
    for (gint l = 0; l < STEP; l++)
      sums[tap * self->pitch + c + l] += taps[tap][l];
  }
}

GST_SOD_ONEDNN_HOT static void
add_channels (const One *self, const gfloat *x, gint64 row, gdouble *sums)
{
  for (gint64 c = 0; c < self->pitch; c += STEP)
    add_row (self, x, row, c, sums);
}

static void
add_part (gconstpointer data, gint index, gint64 first, gint64 last)
{
  const One *self = data;
  gfloat *x = self->rows + index * self->part;

  memset (x, 0, (gsize) self->part * sizeof (*x));
  for (gint64 row = first; row < last; row++) {
    const gfloat *made = x;

    /* What lies in memory as it would be made is read there. */
    if (self->x != NULL && !self->bf16 && self->pitch == self->c)
      made = (const gfloat *) self->x + row * self->w * self->c;
    else
      make_row (self, row, x);
    add_channels (self, made, row, self->sums + index * TAPS * self->pitch);
  }
}

/* A row's values and its sum. */
GST_SOD_ONEDNN_HOT static gdouble
copy_and_sum (const gfloat *from, gint64 n, gfloat *to)
{
  SpanLanes sums = { 0 };
  gdouble sum = 0;
  gint64 x = 0;

  for (; x + STEP <= n; x += STEP) {
    SpanLanes values;

    memcpy (&values, from + x, sizeof (values));
    memcpy (to + x, &values, sizeof (values));
    sums += values;
  }
  for (; x < n; x++) {
    to[x] = from[x];
    sum += from[x];
  }
  for (gint l = 0; l < STEP; l++)
    sum += sums[l];
  return sum;
}

/* Rows [@first, @last) of d_y with zeros around each sample, and their sum. */
static void
pad_part (gconstpointer data, gint index, gint64 first, gint64 last)
{
  const One *self = data;
  gint64 pitch = self->w + 2 * self->dilation;
  gint64 height = self->h + 2 * self->dilation;
  gsize side = (gsize) self->dilation * sizeof (gfloat);

  for (gint64 row = first; row < last; row++) {
    gint64 y = row % height - self->dilation;
    gfloat *to = self->padded_d_y + row * pitch;

    if (y < 0 || y >= self->h) {
      memset (to, 0, (gsize) pitch * sizeof (*to));
      continue;
    }
    memset (to, 0, side);
    self->sums[index] +=
        copy_and_sum (self->d_y + (row / height * self->h + y) * self->w,
            self->w, to + self->dilation);
    memset (to + self->dilation + self->w, 0, side);
  }
}

/* Puts zeros around d_y. Returns its sum. */
static gdouble
pad (One *self)
{
  gdouble sum = 0;

  memset (self->sums, 0, (gsize) self->threads * sizeof (*self->sums));
  gst_sod_onednn_run_parts (
      pad_part, self, self->n * (self->h + 2 * self->dilation), self->threads);
  for (gint t = 0; t < self->threads; t++)
    sum += self->sums[t];
  return sum;
}

/* @memory: what follows the source's arguments. */
static void
sum_weights (One *self, gpointer const *memory)
{
  gfloat *d_weight = memory[2]; /* (1, c, 3, 3) */
  gfloat *d_bias = memory[3];   /* (1), or NULL */
  gsize n_sums = (gsize) (self->threads * TAPS * self->pitch);
  gdouble sum;

  self->d_y = memory[0];
  self->sums = memory[1];
  self->padded_d_y = (gfloat *) (self->sums + n_sums);
  self->rows = self->padded_d_y
               + padded_size (self->n, self->h, self->w, self->dilation);
  sum = pad (self);
  self->part = self->w * self->pitch;
  memset (self->sums, 0, n_sums * sizeof (*self->sums));
  gst_sod_onednn_run_parts (add_part, self, self->n * self->h, self->threads);
  for (gint64 c = 0; c < self->c; c++) {
    for (gint tap = 0; tap < TAPS; tap++) {
      gdouble all = 0;

      for (gint t = 0; t < self->threads; t++)
        all += self->sums[(t * TAPS + tap) * self->pitch + c];
      d_weight[c * TAPS + tap] = (gfloat) all;
    }
  }
  if (d_bias != NULL)
    *d_bias = (gfloat) sum;
}

void
gst_sod_train_kernel_conv_to_one_weights (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  Pixels x = pixels_get (step, memory, 0);
  One self = begin (step, run);

  self.x = x.data;
  self.bf16 = x.bf16;
  sum_weights (&self, memory + 1);
}

void
gst_sod_train_kernel_up_to_one_weights (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  One self = begin (step, run);

  set_up (&self, step, memory);
  sum_weights (&self, memory + 2);
}
