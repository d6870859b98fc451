/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolution for AVX-512, of samples that lie channels last, in f32 and bf16:
 * as kernel-conv.c, but that 32 vector registers hold tiles large enough for a
 * tap of the window at a time. So each tap finds its samples anew, and zeros
 * where it lies outside the source. Where a pixel has few channels, as a
 * picture's, a row of the window is one tap; then the ends of the source's rows
 * are copied, zeros beside them. */
#include <gst-sod/backend/onednn/kernel-wide-private.h>

#define BLOCK GST_SOD_WIDE_BLOCK
#define WORD GST_SOD_WIDE_WORD
#define ALIGNMENT 64
#define FEW_CHANNELS 8 /* of a picture, less than this */

/* Distances are in bytes. */
typedef struct
{
  const guint8 *source;  /* (n, h, w, c) */
  const guint8 *weights; /* as packed */
  guint8 *target;        /* (n, out_h, out_w, channels) */
  guint8 *scratch;
  gint64 h, w, c;
  gint64 out_h, out_w, channels;
  gint size, stride, dilation, padding;
  gboolean relu;
  gint sample;     /* of the source and of the target */
  gboolean by_row; /* a tap is a row of the window */
  gint n_taps;     /* of a row of the window */
  gint64 n_words;  /* of a tap */
  gint form;       /* pixels of a tile */
  gint64 row_copy; /* of a row's end */
  gsize scratch_size;
  GstSodWideFunc sum;
} Wide;

/* ---- what there is to do ---- */

static gint64
align (gint64 size)
{
  return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Pixels of a tile, so that few are summed in vain. */
static gint
choose_form (gint64 n)
{
  return (n + 7) / 8 * 8 < (n + 9) / 10 * 10 ? 8 : 10;
}

static void
describe (const GstSodOnednnStep *step, Wide *wide)
{
  gint sample = step->type == dnnl_bf16 ? 2 : 4;
  gboolean by_row = step->c < FEW_CHANNELS;
  gint64 tap = (by_row ? step->size * step->c : step->c) * sample;

  *wide = (Wide){
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
    .sample = sample,
    .by_row = by_row,
    .n_taps = by_row ? 1 : step->size,
    .n_words = (tap + WORD - 1) / WORD,
    .form = choose_form (step->out_w),
  };
  if (by_row)
    wide->row_copy =
        align (((wide->form - 1) * step->stride + step->size) * step->c * sample
               + WORD);
  wide->scratch_size =
      (gsize) (align (wide->n_words * WORD) + step->size * wide->row_copy);
}

gboolean
gst_sod_onednn_kernel_wide_fits (const GstSodOnednnStep *step)
{
  return (step->type == dnnl_f32 || step->type == dnnl_bf16)
         && step->layout == GST_SOD_ONEDNN_NHWC
         && (step->c < FEW_CHANNELS
                 ? step->dilation == 1
                 : step->type == dnnl_f32 || step->c % 2 == 0);
}

gboolean
gst_sod_onednn_kernel_wide_is_fast (dnnl_data_type_t type)
{
  return gst_sod_wide_get_fast (type == dnnl_bf16) != NULL;
}

gsize
gst_sod_onednn_kernel_wide_scratch (const GstSodOnednnStep *step, gint threads)
{
  Wide wide;

  describe (step, &wide);
  return wide.scratch_size * (gsize) MAX (threads, 1);
}

/* ---- weights ---- */

/* Words of an output channel: its bias and its weights. */
static gint64
count_words (const Wide *self)
{
  return 1 + self->size * self->n_taps * self->n_words;
}

/* Channels of block @block, made up to whole vectors. */
static gint64
get_width (const Wide *self, gint64 block)
{
  return self->channels - block * BLOCK > GST_SOD_WIDE_LANES
             ? BLOCK
             : GST_SOD_WIDE_LANES;
}

gsize
gst_sod_onednn_kernel_wide_packed_size (const GstSodOnednnStep *step)
{
  gint64 last = (step->channels - 1) / BLOCK;
  Wide wide;

  describe (step, &wide);
  return (gsize) (count_words (&wide) * (last * BLOCK + get_width (&wide, last))
                  * WORD);
}

/* Sample @index of tap @u of row @v of the window: its weight from @weights
 * (c, size, size). */
static gfloat
get_weight (
    const Wide *self, const gfloat *weights, gint v, gint u, gint64 index)
{
  gint64 at = u * self->c + index;
  gint64 column = at / self->c, channel = at % self->c;

  if (index >= (self->by_row ? self->size * self->c : self->c))
    return 0;
  return weights[(channel * self->size + v) * self->size + column];
}

/* Output channel @lane of a block of @width: its weights (c, size, size), NULL
 * for zeros. */
static void
pack_channel (const Wide *self, const gfloat *weights, gint64 lane,
    gint64 width, guint8 *packed)
{
  const gint n = WORD / self->sample;
  guint8 *to = packed + lane * WORD;

  for (gint v = 0; v < self->size; v++) {
    for (gint u = 0; u < self->n_taps; u++) {
      for (gint64 i = 0; i < self->n_words; i++, to += width * WORD) {
        for (gint k = 0; k < n; k++) {
          gfloat value =
              weights != NULL ? get_weight (self, weights, v, u, i * n + k) : 0;

          if (n == 1)
            ((gfloat *) to)[0] = value;
          else
            ((guint16 *) to)[k] = gst_sod_f32_to_bf16 (value);
        }
      }
    }
  }
}

void
gst_sod_onednn_kernel_wide_pack (const GstSodOnednnStep *step,
    const gfloat *weights, const gfloat *bias, gpointer packed)
{
  gint64 n = step->c * step->size * step->size;
  guint8 *to = packed;
  Wide wide;

  describe (step, &wide);
  for (gint64 first = 0; first < wide.channels; first += BLOCK) {
    gint64 width = get_width (&wide, first / BLOCK);

    for (gint64 i = 0; i < width; i++) {
      gint64 channel = first + i;
      gboolean real = channel < wide.channels;

      ((gfloat *) to)[i] = real && bias != NULL ? bias[channel] : 0;
      pack_channel (&wide, real ? weights + channel * n : NULL, i, width,
          to + width * WORD);
    }
    to += count_words (&wide) * width * WORD;
  }
}

/* ---- a part of the work ---- */

/* Rows of the window that output row @y reads within the source. */
static void
clip_rows (const Wide *self, gint64 y, GstSodWideTile *tile)
{
  gint64 top = y * self->stride - self->padding;

  tile->first = 0;
  tile->last = self->size;
  while (tile->first < tile->last && top + tile->first * self->dilation < 0)
    tile->first++;
  while (tile->last > tile->first
         && top + (tile->last - 1) * self->dilation >= self->h)
    tile->last--;
}

/* Whether all that the tile at column @column reads lies within its row. */
static gboolean
is_inside (const Wide *self, gint64 column)
{
  gint64 end = column + (self->form - 1) * self->stride;

  if (column < 0)
    return FALSE;
  if (self->by_row) /* the last word may reach over the window's last sample */
    return end * self->c * self->sample + self->n_words * WORD
           <= self->w * self->c * self->sample;
  return end + (self->size - 1) * self->dilation < self->w;
}

/* Rows of the source from column @column on, as far as the tile reads them. */
static void
copy_rows (const Wide *self, const guint8 *top, gint64 column, guint8 *copy,
    GstSodWideTile *tile)
{
  gint64 pixel = self->c * self->sample;
  gint64 n = self->row_copy / pixel;
  gint64 before = CLAMP (-column, 0, n);
  gint64 end = CLAMP (self->w - column, before, n);

  for (gint v = tile->first; v < tile->last; v++) {
    const guint8 *row = top + v * self->w * pixel;
    guint8 *to = copy + v * self->row_copy;

    memset (to, 0, (gsize) self->row_copy);
    memcpy (to + before * pixel, row + (column + before) * pixel,
        (gsize) ((end - before) * pixel));
  }
  tile->window = copy;
  tile->row_pitch = self->row_copy;
  tile->inside = TRUE;
}

/* A row of outputs, one block of channels: @top is the window's first row, and
 * @tile is complete but for what differs from one to the next. */
static void
convolve_row (
    const Wide *self, const guint8 *top, guint8 *copy, GstSodWideTile tile)
{
  gint64 pixel = self->c * self->sample;

  for (gint64 x = 0; x < self->out_w; x += self->form) {
    gint64 column = x * self->stride - self->padding;
    GstSodWideTile one = tile;

    one.window = top + column * pixel;
    one.column = column;
    one.inside = is_inside (self, column);
    one.n_pixels = (gint) MIN (self->form, self->out_w - x);
    one.target += x * tile.target_pitch;
    if (self->by_row && !one.inside)
      copy_rows (self, top, column, copy, &one);
    self->sum (&one);
  }
}

static GstSodWideTile
start_tile (const Wide *self, const guint8 *zeros)
{
  gint64 pixel = self->c * self->sample;

  return (GstSodWideTile){
    .row_pitch = self->dilation * self->w * pixel,
    .n_taps = self->n_taps,
    .tap_pitch = self->dilation * pixel,
    .n_words = self->n_words,
    .pixel_pitch = self->stride * pixel,
    .stride = self->stride,
    .dilation = self->dilation,
    .w = self->w,
    .zeros = zeros,
    .target_pitch = self->channels * self->sample,
    .form = self->form,
    .relu = self->relu,
  };
}

/* Work is shared out by rows of outputs and, within a row, by blocks of
 * channels. */
static void
convolve_part (gconstpointer data, gint index, gint64 first, gint64 last)
{
  const Wide *self = data;
  gint64 n_blocks = (self->channels + BLOCK - 1) / BLOCK;
  gint64 pitch = self->w * self->c * self->sample;
  gint64 zeros = align (self->n_words * WORD);
  guint8 *scratch = self->scratch + (gsize) index * self->scratch_size;
  GstSodWideTile tile = start_tile (self, scratch);

  memset (scratch, 0, (gsize) zeros);
  for (gint64 i = first; i < last; i++) {
    gint64 line = i / n_blocks, block = i % n_blocks;
    gint64 y = line % self->out_h, n = line / self->out_h;
    gint64 top = n * self->h + y * self->stride - self->padding;
    const guint8 *packed =
        self->weights + block * BLOCK * count_words (self) * WORD;

    clip_rows (self, y, &tile);
    tile.bias = (const gfloat *) packed;
    tile.weights = packed + get_width (self, block) * WORD;
    tile.n_channels = (gint) MIN (self->channels - block * BLOCK, BLOCK);
    tile.target =
        self->target
        + (line * self->out_w * self->channels + block * BLOCK) * self->sample;
    convolve_row (self, self->source + top * pitch, scratch + zeros, tile);
  }
}

/* ---- steps ---- */

static void
convolve (const GstSodOnednnStep *step, gpointer const *memory, gint threads,
    gboolean plain)
{
  gboolean bf16 = step->type == dnnl_bf16;
  GstSodWideFunc fast = plain ? NULL : gst_sod_wide_get_fast (bf16);
  Wide wide;

  describe (step, &wide);
  wide.source = memory[0];
  wide.weights = memory[1];
  wide.target = memory[2];
  wide.scratch = memory[3];
  wide.sum = fast != NULL ? fast : gst_sod_wide_get_plain (bf16);
  gst_sod_onednn_run_parts (convolve_part, &wide,
      step->n * wide.out_h * ((wide.channels + BLOCK - 1) / BLOCK), threads);
}

void
gst_sod_onednn_kernel_wide (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads)
{
  convolve (step, memory, threads, FALSE);
}

void
gst_sod_onednn_kernel_wide_plain (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads)
{
  convolve (step, memory, threads, TRUE);
}
