/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps that oneDNN has no fast primitive for: one output channel. */
#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/backend/onednn/simd-private.h>

#include <string.h>

/* ---- convolution to one channel ---- */

#define LANES GST_SOD_ONEDNN_LANES
#define PIXELS 4 /* side by side: each weight is read once for all */

typedef gfloat Lanes __attribute__ ((vector_size (LANES * sizeof (gfloat))));
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

/* @n_pixels outputs from column @x of row @y on; every tap of those lies within
 * the columns. */
GST_SOD_ONEDNN_INLINE void
convolve (const ToOne *self, gint64 y, gint64 x, gint n_pixels, gint first,
    gint last, gboolean bf16, gfloat *out)
{
  const gint64 element = bf16 ? sizeof (guint16) : sizeof (gfloat);
  Lanes sums[PIXELS];

  memset (sums, 0, sizeof (sums));
  for (gint v = 0; v < self->size; v++) {
    gint64 row = y - self->padding + v * self->dilation;

    if (row < 0 || row >= self->h)
      continue;
    for (gint u = first; u < last; u++) {
      gint64 column = x - self->padding + u * self->dilation;
      const gfloat *weights = self->weights + (v * self->size + u) * self->c;

      for (gint64 c = 0; c < self->c; c += LANES) {
        gint64 block = c / self->block;
        const guint8 *at =
            self->source
            + (((block * self->h + row) * self->w + column) * self->block
                  + c % self->block)
                  * element;
        Lanes weight;

        memcpy (&weight, weights + c, sizeof (weight));
        for (gint p = 0; p < n_pixels; p++) {
          Lanes values;

          load (at + p * self->block * element, bf16, &values);
          sums[p] += weight * values;
        }
      }
    }
  }
  for (gint p = 0; p < n_pixels; p++) {
    gfloat sum = self->bias;

    for (gint i = 0; i < LANES; i++)
      sum += sums[p][i];
    out[p] = sum;
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
convolve_row_of (const ToOne *self, gint64 y, gboolean bf16, gfloat *out)
{
  gint64 x = 0;

  while (x < self->w) {
    gint64 end = x + PIXELS - 1;
    gint first, last;

    if (x >= self->padding && end < self->w
        && end - self->padding + (self->size - 1) * self->dilation < self->w) {
      convolve (self, y, x, PIXELS, 0, self->size, bf16, out + x);
      x += PIXELS;
    } else {
      clip_taps (self, x, &first, &last);
      convolve (self, y, x, 1, first, last, bf16, out + x);
      x++;
    }
  }
}

GST_SOD_ONEDNN_HOT static void
convolve_row (const ToOne *self, gint64 y, gfloat *out)
{
  if (self->bf16)
    convolve_row_of (self, y, TRUE, out);
  else
    convolve_row_of (self, y, FALSE, out);
}

static gint64
get_block (const GstSodOnednnStep *step)
{
  switch (step->layout) {
    case GST_SOD_ONEDNN_NCHW16C:
      return 16;
    case GST_SOD_ONEDNN_NCHW8C:
      return 8;
    default:
      return step->c;
  }
}

void
gst_sod_onednn_kernel_conv_to_one (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads)
{
  gboolean bf16 = step->type == dnnl_bf16;
  gint64 element = bf16 ? sizeof (guint16) : sizeof (gfloat);
  gint64 out_h =
      step->h + 2 * step->padding - step->dilation * (step->size - 1);
  gint64 out_w =
      step->w + 2 * step->padding - step->dilation * (step->size - 1);
  gfloat *target = memory[3]; /* (n, 1, out_h, out_w) */
  ToOne one = {
    .weights = memory[1],
    .bias = *(const gfloat *) memory[2],
    .c = step->c,
    .h = step->h,
    .w = step->w,
    .block = get_block (step),
    .size = step->size,
    .dilation = step->dilation,
    .padding = step->padding,
    .bf16 = bf16,
  };

  for (gint64 n = 0; n < step->n; n++) {
    one.source =
        (const guint8 *) memory[0] + n * step->c * step->h * step->w * element;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (gint64 y = 0; y < out_h; y++)
      convolve_row (&one, y, target + (n * out_h + y) * out_w);
  }
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

void
gst_sod_onednn_kernel_upsample_sigmoid (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads)
{
  gint64 h = step->h, w = step->w, rows = step->n * h * step->scale;
  const gfloat *source = memory[0]; /* (n, 1, h, w) */
  gfloat *target = memory[1];       /* (n, 1, h * scale, w * scale) */

#pragma omp parallel for num_threads(threads) schedule(static)
  for (gint64 i = 0; i < rows; i++) {
    gint64 first, second;
    gint64 y = i % (h * step->scale);
    const gfloat *sample = source + i / (h * step->scale) * h * w;
    gfloat share;

    locate (y, step->scale, h, &first, &second, &share);
    upsample_row (sample + first * w, sample + second * w, share, w,
        step->scale, target + i * w * step->scale);
  }
}
