/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps that oneDNN has no fast primitive for: the map's, of one channel. */
#include <gst-sod/backend/onednn/kernel-one-private.h>
#include <gst-sod/backend/onednn/simd-private.h>

#include <string.h>

/* ---- threads ---- */

/* One thread runs the rows itself: a team of one would take memory from the
 * heap. */
void
gst_sod_onednn_run_rows (
    GstSodOnednnRows func, gconstpointer data, gint64 n_rows, gint threads)
{
  if (threads <= 1) {
    func (data, 0, n_rows);
    return;
  }
#pragma omp parallel for num_threads(threads) schedule(static)
  for (gint i = 0; i < threads; i++)
    func (data, n_rows * i / threads, n_rows * (i + 1) / threads);
}

void
gst_sod_onednn_run_parts (
    GstSodOnednnPart func, gconstpointer data, gint64 n, gint threads)
{
  if (threads <= 1) {
    func (data, 0, 0, n);
    return;
  }
#pragma omp parallel for num_threads(threads) schedule(static)
  for (gint i = 0; i < threads; i++)
    func (data, i, n * i / threads, n * (i + 1) / threads);
}

gint64
gst_sod_onednn_step_get_block (const GstSodOnednnStep *self)
{
  switch (self->layout) {
    case GST_SOD_ONEDNN_NCHW16C:
      return 16;
    case GST_SOD_ONEDNN_NCHW8C:
      return 8;
    default:
      return self->c;
  }
}

/* ---- convolution to one channel ---- */

#define LANES GST_SOD_ONEDNN_LANES
#define PIXELS 8 /* side by side: each weight is read once for all */

typedef gfloat Lanes __attribute__ ((vector_size (LANES * sizeof (gfloat))));
typedef gfloat Quads __attribute__ ((vector_size (4 * sizeof (gfloat))));
typedef guint32 Words __attribute__ ((vector_size (LANES * sizeof (guint32))));
typedef guint16 Halves __attribute__ ((vector_size (LANES * sizeof (guint16))));

/* The source as blocks of channels: element (block, y, x, channel of the
 * block); channels last is one block. */
typedef struct
{
  const guint8 *source;
  const gfloat *weights; /* (size, size, c) */
  gfloat bias;
  gint64 c, h, w;
  gint64 block;
  gint size, dilation, padding;
  gboolean bf16;
  GstSodOneFunc fast; /* or NULL */
  gfloat *target;     /* (n, 1, out_h, out_w) */
} ToOne;

/* By address: vectors passed by value depend on the instruction set. */
GST_SOD_ONEDNN_INLINE void
load (const guint8 *at, gboolean bf16, Lanes *lanes)
{
  if (bf16) {
    Halves halves;
    Words words;

    memcpy (&halves, at, sizeof (halves));
    words = __builtin_convertvector(halves, Words) << 16;
    memcpy (lanes, &words, sizeof (*lanes));
  } else {
    memcpy (lanes, at, sizeof (*lanes));
  }
}

/* How the inner loops run: known when they are compiled, so that they unroll
 * and keep neighbours' samples in registers. */
typedef struct
{
  gboolean bf16;
  gint size, dilation;
  gint n_pixels;
} Shape;

/* Taps of @shape.n_pixels outputs side by side on LANES channels of one row:
 * those from @first to before @last, which lie within the row. */
GST_SOD_ONEDNN_INLINE void
add_taps (const ToOne *self, const Shape shape, const guint8 *at,
    const gfloat *weights, gint first, gint last, Lanes *sums)
{
  const gint64 element = shape.bf16 ? sizeof (guint16) : sizeof (gfloat);
  const gint64 pixel = self->block * element;

  for (gint u = first; u < last; u++) {
    Lanes weight;

    memcpy (&weight, weights + u * self->c, sizeof (weight));
    for (gint p = 0; p < shape.n_pixels; p++) {
      Lanes values;

      load (at + (p + u * shape.dilation) * pixel, shape.bf16, &values);
      sums[p] += weight * values;
    }
  }
}

/* @shape.n_pixels outputs from column @x of row @y on. */
GST_SOD_ONEDNN_INLINE void
convolve (const ToOne *self, const Shape shape, gint64 y, gint64 x, gint first,
    gint last, gfloat *out)
{
  const gint64 element = shape.bf16 ? sizeof (guint16) : sizeof (gfloat);
  const gint64 plane = self->h * self->w * self->block;
  Lanes sums[PIXELS];

  memset (sums, 0, sizeof (sums));
  for (gint v = 0; v < shape.size; v++) {
    gint64 row = y - self->padding + v * shape.dilation;
    gint64 start = (row * self->w + x - self->padding) * self->block;
    const gfloat *weights = self->weights + v * shape.size * self->c;

    if (row < 0 || row >= self->h)
      continue;
    for (; weights < self->weights + (v * shape.size + 1) * self->c;
         start += plane, weights += self->block) {
      for (gint64 c = 0; c < self->block; c += LANES)
        add_taps (self, shape, self->source + (start + c) * element,
            weights + c, first, last, sums);
    }
  }
  for (gint p = 0; p < shape.n_pixels; p++) {
    Quads low, high;

    memcpy (&low, &sums[p], sizeof (low));
    memcpy (&high, (const guint8 *) &sums[p] + sizeof (low), sizeof (high));
    low += high;
    out[p] = self->bias + ((low[0] + low[2]) + (low[1] + low[3]));
  }
}

/* Taps [first, last) of column @x that lie within the row. */
GST_SOD_ONEDNN_INLINE void
clip_taps (const ToOne *self, gint64 x, gint *first, gint *last)
{
  *first = 0;
  *last = self->size;
  while (*first < *last && x - self->padding + *first * self->dilation < 0)
    ++*first;
  while (*last > *first
         && x - self->padding + (*last - 1) * self->dilation >= self->w)
    --*last;
}

GST_SOD_ONEDNN_INLINE void
convolve_row_of (
    const ToOne *self, Shape shape, gint64 y, gint64 out_w, gfloat *out)
{
  Shape one = { shape.bf16, shape.size, shape.dilation, 1 };
  gint64 x = 0;

  while (x < out_w) {
    gint64 end = x + PIXELS - 1;
    gint first, last;

    if (x >= self->padding && end < out_w
        && end - self->padding + (shape.size - 1) * shape.dilation < self->w) {
      convolve (self, shape, y, x, 0, shape.size, out + x);
      x += PIXELS;
    } else {
      clip_taps (self, x, &first, &last);
      convolve (self, one, y, x, first, last, out + x);
      x++;
    }
  }
}

GST_SOD_ONEDNN_HOT static void
convolve_row (const ToOne *self, gint64 y, gint64 out_w, gfloat *out)
{
  if (self->size != 3 || self->dilation != 1)
    convolve_row_of (self,
        (Shape){ self->bf16, self->size, self->dilation, PIXELS }, y, out_w,
        out);
  else if (self->bf16)
    convolve_row_of (self, (Shape){ TRUE, 3, 1, PIXELS }, y, out_w, out);
  else
    convolve_row_of (self, (Shape){ FALSE, 3, 1, PIXELS }, y, out_w, out);
}

static void
convolve_row_fast (const ToOne *self, gint64 y, gint64 out_w, gfloat *out)
{
  const GstSodOneSample sample = {
    .source = self->source,
    .weights = self->weights,
    .bias = self->bias,
    .c = self->c,
    .h = self->h,
    .w = self->w,
    .out_w = out_w,
    .padding = self->padding,
  };

  self->fast (&sample, y, out);
}

/* Rows of all samples, one after the other. */
static void
convolve_rows (gconstpointer data, gint64 first, gint64 last)
{
  const ToOne *self = data;
  gint64 element = self->bf16 ? sizeof (guint16) : sizeof (gfloat);
  gint64 lost = self->dilation * (self->size - 1) - 2 * self->padding;
  gint64 out_h = self->h - lost, out_w = self->w - lost;

  for (gint64 i = first; i < last; i++) {
    ToOne one = *self;

    one.source += i / out_h * self->c * self->h * self->w * element;
    if (self->fast != NULL)
      convolve_row_fast (&one, i % out_h, out_w, self->target + i * out_w);
    else
      convolve_row (&one, i % out_h, out_w, self->target + i * out_w);
  }
}

static void
convolve_to_one (const GstSodOnednnStep *step, gpointer const *memory,
    gint threads, GstSodOneFunc fast)
{
  gint64 lost = step->dilation * (step->size - 1) - 2 * step->padding;
  ToOne one = {
    .source = memory[0],
    .weights = memory[1],
    .bias = *(const gfloat *) memory[2],
    .target = memory[3],
    .c = step->c,
    .h = step->h,
    .w = step->w,
    .block = gst_sod_onednn_step_get_block (step),
    .size = step->size,
    .dilation = step->dilation,
    .padding = step->padding,
    .bf16 = step->type == dnnl_bf16,
    .fast = fast,
  };

  gst_sod_onednn_run_rows (
      convolve_rows, &one, step->n * (step->h - lost), threads);
}

void
gst_sod_onednn_kernel_conv_to_one (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads)
{
  convolve_to_one (step, memory, threads, gst_sod_one_get_fast (step));
}

void
gst_sod_onednn_kernel_conv_to_one_plain (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads)
{
  convolve_to_one (step, memory, threads, NULL);
}

/* ---- enlarging and the logistic function ---- */

#define CHUNK 64 /* columns */

/* exp (@x) for @x <= 0 in single precision (Cody and Waite): 2^k times a
 * polynomial on +-ln (2) / 2. */
GST_SOD_ONEDNN_INLINE gfloat
exp_negative (gfloat x)
{
  const gfloat floor_x = -87.0f;    /* below, the result is no normal number */
  const gfloat round = 12582912.0f; /* 1.5 * 2^23 */
  union
  {
    gfloat f;
    gint32 i;
  } scale;
  gfloat clamped = x < floor_x ? floor_x : x;
  gfloat k = clamped * 1.44269504f + round;
  gfloat r, p;

  scale.f = k;
  k -= round;
  r = clamped - k * 0.693359375f;
  r = r + k * 2.12194440e-4f;
  p = 1.9875691e-4f;
  p = p * r + 1.3981999e-3f;
  p = p * r + 8.3334519e-3f;
  p = p * r + 4.1665795e-2f;
  p = p * r + 1.6666665e-1f;
  p = p * r + 5.0e-1f;
  p = p * r * r + r + 1.0f;
  scale.i = (gint32) ((guint32) scale.i << 23) + 0x3f800000;
  return p * scale.f;
}

GST_SOD_ONEDNN_INLINE gfloat
sigmoid (gfloat x)
{
  gfloat e = exp_negative (x < 0 ? x : -x);
  gfloat small = e / (1 + e);

  return x < 0 ? small : 1 - small;
}

/* Where an output falls between two samples: the first and the share of the
 * second. Bilinear, half-pixel centres, edges clamped. */
GST_SOD_ONEDNN_INLINE void
locate (gint64 out, gint scale, gint64 n, gint64 *first, gint64 *second,
    gfloat *share)
{
  gfloat position = ((gfloat) out + 0.5f) / (gfloat) scale - 0.5f;
  gfloat below = position < 0 ? -1.0f : (gfloat) (gint64) position;

  *share = position - below;
  *first = MAX ((gint64) below, 0);
  *second = MIN ((gint64) below + 1, n - 1);
}

/* Output row @y: @top and @bottom are the rows (w) it lies between. */
GST_SOD_ONEDNN_HOT static void
upsample_row (const gfloat *restrict top, const gfloat *restrict bottom,
    gfloat share, gint64 w, gint scale, gfloat *restrict out)
{
  gfloat row[CHUNK + 2], values[CHUNK];

  for (gint64 x = 0; x < w; x += CHUNK) {
    gint n = (gint) MIN (CHUNK, w - x);
    gint64 left = MAX (x - 1, 0), right = MIN (x + n, w - 1);

    row[0] = top[left] + share * (bottom[left] - top[left]);
    for (gint i = 0; i < n; i++)
      row[i + 1] = top[x + i] + share * (bottom[x + i] - top[x + i]);
    row[n + 1] = top[right] + share * (bottom[right] - top[right]);
    for (gint phase = 0; phase < scale; phase++) {
      gfloat offset = ((gfloat) phase + 0.5f) / (gfloat) scale - 0.5f;
      const gfloat *from = offset < 0 ? row : row + 1;
      gfloat part = offset < 0 ? offset + 1 : offset;

      for (gint i = 0; i < n; i++)
        values[i] = sigmoid (from[i] + part * (from[i + 1] - from[i]));
      for (gint i = 0; i < n; i++)
        out[(x + i) * scale + phase] = values[i];
    }
  }
}

typedef struct
{
  const gfloat *source; /* (n, 1, h, w) */
  gfloat *target;       /* (n, 1, h * scale, w * scale) */
  gint64 h, w;
  gint scale;
} ToMap;

static void
upsample_rows (gconstpointer data, gint64 begin, gint64 end)
{
  const ToMap *self = data;
  gint64 out_h = self->h * self->scale;

  for (gint64 i = begin; i < end; i++) {
    const gfloat *sample = self->source + i / out_h * self->h * self->w;
    gint64 first, second;
    gfloat share;

    locate (i % out_h, self->scale, self->h, &first, &second, &share);
    upsample_row (sample + first * self->w, sample + second * self->w, share,
        self->w, self->scale, self->target + i * self->w * self->scale);
  }
}

void
gst_sod_onednn_kernel_upsample_sigmoid (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads)
{
  ToMap map = { memory[0], memory[1], step->h, step->w, step->scale };

  gst_sod_onednn_run_rows (
      upsample_rows, &map, step->n * step->h * step->scale, threads);
}
