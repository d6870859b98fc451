/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolution of f32 samples that lie channels last. A tile of outputs, a few
 * pixels side by side by 16 channels, stays in registers while it gathers all
 * its products, as in Goto and van de Geijn, "Anatomy of high-performance
 * matrix multiplication" (2008), but for the copy: where a step of the sum
 * finds its samples is a table. Only tiles at a row's ends, whose windows reach
 * over it, read a copy with zeros around. Nothing is taken from the heap. */
#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/backend/onednn/simd-private.h>

#include <string.h>

#define LANES GST_SOD_ONEDNN_LANES
#define WIDTH (2 * LANES) /* channels of a tile */
#define PIXELS 6          /* of a tile: 12 sums, 2 weights and a sample */

G_STATIC_ASSERT (WIDTH == GST_SOD_ONEDNN_CONV_BLOCK);

typedef gfloat Lanes __attribute__ ((vector_size (LANES * sizeof (gfloat))));
typedef gint32 Masks __attribute__ ((vector_size (LANES * sizeof (gint32))));

typedef struct
{
  const gfloat *source;  /* (n, h, w, c) */
  const gfloat *weights; /* (channels / 16, size, size, c, 16) */
  const gfloat *bias;    /* (channels), or NULL */
  gfloat *target;        /* (n, out_h, out_w, channels) */
  guint8 *scratch;
  gsize scratch_size; /* of a part of the work */
  gint64 h, w, c;
  gint64 out_h, out_w, channels;
  gint size, stride, dilation, padding;
  gboolean relu;
  gint unit;      /* products that a step of the sum takes side by side */
  gint64 n_steps; /* of a row of the window */
  gint64 columns; /* of the copy at a row's end */
} Conv;

/* What a part of the work has for itself: for each step of a window its first
 * sample's distance from the window's, in the source and in a copy; the copies
 * of a row's left and right end. */
typedef struct
{
  gint *in_source, *in_copy; /* (size, n_steps) */
  gfloat *left, *right;      /* (size, columns, c) */
} Part;

/* One row of outputs, one block of channels. */
typedef struct
{
  const gfloat *row; /* of column 0's window */
  const gfloat *weights, *bias;
  gfloat *target;   /* of column 0, the block's first channel */
  gint first, last; /* rows of the window that lie in the source */
} Row;

/* Pixels side by side, from @at on, to @target. */
typedef struct
{
  const gfloat *at;
  gint64 pitch; /* between windows */
  const gint *offsets, *end;
  const gfloat *weights, *bias;
  gfloat *target;
  gint64 channels;
  gboolean relu;
} Tile;

/* How a tile is unrolled: known when it is compiled. */
typedef struct
{
  gint pixels, unit;
} Form;

GST_SOD_ONEDNN_INLINE void
store_lanes (const Lanes *value, gboolean relu, gfloat *to)
{
  Lanes zero = { 0 };
  Masks mask = *value > zero, bits;

  memcpy (&bits, value, sizeof (bits));
  if (relu)
    bits &= mask;
  memcpy (to, &bits, sizeof (bits));
}

GST_SOD_ONEDNN_INLINE void
sum_tile (const Tile *tile, const Form form)
{
  const gfloat *windows[PIXELS];
  const gfloat *weights = tile->weights;
  Lanes sums[PIXELS][2];

#pragma GCC unroll 6
  for (gint p = 0; p < form.pixels; p++) {
    windows[p] = tile->at + p * tile->pitch;
#pragma GCC unroll 2
    for (gint k = 0; k < 2; k++)
      memcpy (&sums[p][k], tile->bias + k * LANES, sizeof (Lanes));
  }
  for (const gint *step = tile->offsets; step < tile->end; step++) {
    gint64 offset = *step;

#pragma GCC unroll 8
    for (gint i = 0; i < form.unit; i++) {
      Lanes factors[2];

#pragma GCC unroll 2
      for (gint k = 0; k < 2; k++)
        memcpy (&factors[k], weights + i * WIDTH + k * LANES, sizeof (Lanes));
#pragma GCC unroll 6
      for (gint p = 0; p < form.pixels; p++) {
        gfloat s = windows[p][offset + i];
        Lanes sample = { s, s, s, s, s, s, s, s };

#pragma GCC unroll 2
        for (gint k = 0; k < 2; k++)
          sums[p][k] += sample * factors[k];
      }
    }
    weights += form.unit * WIDTH;
  }
#pragma GCC unroll 6
  for (gint p = 0; p < form.pixels; p++) {
#pragma GCC unroll 2
    for (gint k = 0; k < 2; k++)
      store_lanes (&sums[p][k], tile->relu,
          tile->target + p * tile->channels + k * LANES);
  }
}

/* @n outputs from @tile's on. Two tiles of four are better than one of six and
 * one of two. */
GST_SOD_ONEDNN_INLINE void
sum_tiles (Tile tile, gint64 n, const gint unit)
{
  while (n > 0) {
    gint pixels = n >= PIXELS && n != 8 ? PIXELS : n >= 4 ? 4 : n >= 2 ? 2 : 1;

    if (pixels == PIXELS)
      sum_tile (&tile, (Form){ PIXELS, unit });
    else if (pixels == 4)
      sum_tile (&tile, (Form){ 4, unit });
    else if (pixels == 2)
      sum_tile (&tile, (Form){ 2, unit });
    else
      sum_tile (&tile, (Form){ 1, unit });
    tile.at += pixels * tile.pitch;
    tile.target += pixels * tile.channels;
    n -= pixels;
  }
}

GST_SOD_ONEDNN_INLINE void
convolve_row_of (
    const Conv *self, const Part *part, const Row *row, const gint unit)
{
  const gint64 from = row->first * self->n_steps;
  const gint64 to = row->last * self->n_steps;
  const gint64 pitch = self->stride * self->c;
  const gint64 n = self->out_w;
  /* The left end, the right one and what lies between. */
  const gfloat *at[] = { part->left, part->right, row->row + PIXELS * pitch };
  const gint64 first[] = { 0, n - PIXELS, PIXELS };
  const gint64 counts[] = { MIN (PIXELS, n), PIXELS, n - 2 * PIXELS };

  for (gint i = 0; i < (n > PIXELS ? 3 : 1); i++) {
    const gint *offsets = i < 2 ? part->in_copy : part->in_source;
    Tile tile = {
      .at = at[i],
      .pitch = pitch,
      .offsets = offsets + from,
      .end = offsets + to,
      .weights = row->weights + from * unit * WIDTH,
      .bias = row->bias,
      .target = row->target + first[i] * self->channels,
      .channels = self->channels,
      .relu = self->relu,
    };

    sum_tiles (tile, counts[i], unit);
  }
}

GST_SOD_ONEDNN_HOT static void
convolve_row (const Conv *self, const Part *part, const Row *row)
{
  if (self->unit == 8)
    convolve_row_of (self, part, row, 8);
  else
    convolve_row_of (self, part, row, 7);
}

/* ---- a part of the work ---- */

/* Samples of a window's row that lie side by side in the source. */
static gint64
get_run (const GstSodOnednnStep *step)
{
  return step->dilation == 1 ? step->size * step->c : step->c;
}

static gint
get_unit (const GstSodOnednnStep *step)
{
  return get_run (step) % 8 == 0 ? 8 : 7;
}

static void
fill_tables (const Conv *self, const Part *part)
{
  gint64 run = self->dilation == 1 ? self->size * self->c : self->c;
  gint64 n = 0;

  for (gint v = 0; v < self->size; v++) {
    for (gint64 i = 0; i < self->size * self->c; i += self->unit, n++) {
      gint64 column = i / run * self->dilation;

      part->in_source[n] =
          (gint) ((v * self->dilation * self->w + column) * self->c + i % run);
      part->in_copy[n] =
          (gint) ((v * self->columns + column) * self->c + i % run);
    }
  }
}

/* @row (w, c) from column @x on, @to (columns, c); zeros beside it. */
static void
copy_end (const Conv *self, const gfloat *row, gint64 x, gfloat *to)
{
  gint64 before = CLAMP (-x, 0, self->columns);
  gint64 end = CLAMP (self->w - x, before, self->columns);

  memset (to, 0, (gsize) (before * self->c) * sizeof (gfloat));
  memcpy (to + before * self->c, row + (x + before) * self->c,
      (gsize) ((end - before) * self->c) * sizeof (gfloat));
  memset (to + end * self->c, 0,
      (gsize) ((self->columns - end) * self->c) * sizeof (gfloat));
}

/* Ends of the rows that output row @y of the sample at @source reads. */
static void
start_row (const Conv *self, const Part *part, const gfloat *source, gint64 y,
    Row *row)
{
  gint64 top = y * self->stride - self->padding;
  gint64 right = (self->out_w - PIXELS) * self->stride - self->padding;

  row->row = source + (top * self->w - self->padding) * self->c;
  row->first = 0;
  row->last = self->size;
  while (row->first < row->last && top + row->first * self->dilation < 0)
    row->first++;
  while (row->last > row->first
         && top + (row->last - 1) * self->dilation >= self->h)
    row->last--;
  for (gint v = row->first; v < row->last; v++) {
    const gfloat *from =
        source + (top + v * self->dilation) * self->w * self->c;
    gint64 at = v * self->columns * self->c;

    copy_end (self, from, -self->padding, part->left + at);
    if (self->out_w > PIXELS)
      copy_end (self, from, right, part->right + at);
  }
}

static const gfloat no_bias[WIDTH];

/* Work is shared out by rows of outputs and, within a row, by blocks of
 * channels. */
static void
convolve_part (gconstpointer data, gint index, gint64 first, gint64 last)
{
  const Conv *self = data;
  gint64 n_blocks = self->channels / WIDTH;
  gint64 n_table = self->size * self->n_steps;
  gint64 n_copy = self->size * self->columns * self->c;
  guint8 *scratch = self->scratch + (gsize) index * self->scratch_size;
  Part part = { .left = (gfloat *) scratch };
  Row row = { 0 };

  part.right = part.left + n_copy;
  part.in_source = (gint *) (part.right + n_copy);
  part.in_copy = part.in_source + n_table;
  fill_tables (self, &part);
  for (gint64 i = first; i < last; i++) {
    gint64 line = i / n_blocks, channel = i % n_blocks * WIDTH;
    gint64 n = line / self->out_h;

    if (i == first || channel == 0)
      start_row (self, &part, self->source + n * self->h * self->w * self->c,
          line % self->out_h, &row);
    row.weights = self->weights + channel * self->size * self->size * self->c;
    row.bias = self->bias != NULL ? self->bias + channel : no_bias;
    row.target = self->target + line * self->out_w * self->channels + channel;
    convolve_row (self, &part, &row);
  }
}

/* ---- steps ---- */

gboolean
gst_sod_onednn_kernel_conv_fits (const GstSodOnednnStep *step)
{
  gint64 span = (step->size - 1) * step->dilation + 1;
  gint64 last = (step->out_w - 1 - PIXELS) * step->stride - step->padding;

  /* Only windows of the tiles at the ends reach over the row. */
  return step->type == dnnl_f32 && step->layout == GST_SOD_ONEDNN_NHWC
         && step->channels % WIDTH == 0
         && step->padding <= PIXELS * step->stride && last + span <= step->w
         && get_run (step) % get_unit (step) == 0
         && span * step->w * step->c <= G_MAXINT;
}

static void
describe (const GstSodOnednnStep *step, Conv *conv)
{
  *conv = (Conv){
    .h = step->h,
    .w = step->w,
    .c = step->c,
    .out_h = step->out_h,
    .out_w = step->out_w,
    .channels = step->channels,
    .size = step->size,
    .stride = step->stride,
    .dilation = step->dilation,
    .padding = step->padding,
    .relu = step->relu,
    .unit = get_unit (step),
    .columns =
        (PIXELS - 1) * step->stride + (step->size - 1) * step->dilation + 1,
  };
  conv->n_steps = conv->size * conv->c / conv->unit;
  conv->scratch_size =
      (gsize) (2 * conv->size * (conv->columns * conv->c + conv->n_steps))
      * sizeof (gfloat);
  conv->scratch_size = (conv->scratch_size + 63) / 64 * 64;
}

gsize
gst_sod_onednn_kernel_conv_scratch (const GstSodOnednnStep *step, gint threads)
{
  Conv conv;

  describe (step, &conv);
  return conv.scratch_size * (gsize) MAX (threads, 1);
}

void
gst_sod_onednn_kernel_conv (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads)
{
  Conv conv;

  describe (step, &conv);
  conv.source = memory[0];
  conv.weights = memory[1];
  conv.bias = memory[2];
  conv.target = memory[3];
  conv.scratch = memory[4];
  gst_sod_onednn_run_parts (convolve_part, &conv,
      step->n * conv.out_h * (conv.channels / WIDTH), threads);
}
