/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions of a training plan on the kernel that plans for inference have
 * (kernel-conv.c), and the gradients of their weights, each with the weights
 * packed anew: f32, channels last. The gradient of a convolution's source is a
 * convolution, too: of the target's gradient with the kernel turned by half a
 * turn and its channels swapped. */
#include <gst-sod/backend/onednn/train-simd-private.h>

#define WIDTH GST_SOD_ONEDNN_CONV_BLOCK
#define ROWS 6 /* of a tile of sums: source channels by WIDTH of the target */
#define WIDE_ROWS                                                              \
  8                 /* likewise, by SPAN, for registers twice as wide and many \
                     */
#define COLUMNS 192 /* pixels that are worth a round, at least */

/* ---- weights ---- */

typedef struct
{
  const gfloat *from; /* (co, ci, taps) */
  gfloat *to;
  gint64 c_in, c_out, taps;
} Pack;

/* Blocks of the target's channels: (co / 16, taps, ci, 16). */
static void
pack_blocks (gconstpointer data, gint64 first, gint64 last)
{
  const Pack *self = data;

  for (gint64 block = first; block < last; block++) {
    gfloat *to = self->to + block * self->taps * self->c_in * WIDTH;

    for (gint64 tap = 0; tap < self->taps; tap++) {
      const gfloat *from =
          self->from + block * WIDTH * self->c_in * self->taps + tap;

      for (gint64 i = 0; i < self->c_in; i++, to += WIDTH) {
        for (gint64 o = 0; o < WIDTH; o++)
          to[o] = from[(o * self->c_in + i) * self->taps];
      }
    }
  }
}

/* Blocks of the source's channels: (ci / 16, taps, co, 16), the taps from the
 * last one on. */
static void
pack_turned_blocks (gconstpointer data, gint64 first, gint64 last)
{
  const Pack *self = data;

  for (gint64 block = first; block < last; block++) {
    gfloat *to = self->to + block * self->taps * self->c_out * WIDTH;

    for (gint64 tap = self->taps; tap-- > 0;) {
      const gfloat *from = self->from + block * WIDTH * self->taps + tap;

      for (gint64 o = 0; o < self->c_out; o++, to += WIDTH) {
        for (gint64 i = 0; i < WIDTH; i++)
          to[i] = from[(o * self->c_in + i) * self->taps];
      }
    }
  }
}

static Pack
begin_pack (const GstSodTrainStep *step, gpointer const *memory)
{
  return (Pack){ memory[0], memory[1], step->c_in, step->channels,
    step->size * step->size };
}

void
gst_sod_train_kernel_pack (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run)
{
  Pack self = begin_pack (step, memory);

  gst_sod_onednn_run_rows (
      pack_blocks, &self, self.c_out / WIDTH, run->threads);
}

void
gst_sod_train_kernel_pack_turned (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  Pack self = begin_pack (step, memory);

  gst_sod_onednn_run_rows (
      pack_turned_blocks, &self, self.c_in / WIDTH, run->threads);
}

/* ---- convolution ---- */

void
gst_sod_train_direct_describe (
    const GstSodTrainStep *step, GstSodOnednnStep *convolution)
{
  *convolution = (GstSodOnednnStep){
    .n = step->n,
    .c = step->c,
    .h = step->h,
    .w = step->w,
    .size = step->size,
    .stride = step->stride,
    .dilation = step->dilation,
    .padding = step->padding,
    .channels = step->channels,
    .out_h = step->big_h,
    .out_w = step->big_w,
    .layout = GST_SOD_ONEDNN_NHWC,
    .type = dnnl_f32,
  };
}

void
gst_sod_train_kernel_conv (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run)
{
  gpointer args[] = { memory[0], memory[1], NULL, memory[2], memory[3] };
  GstSodOnednnStep convolution;

  gst_sod_train_direct_describe (step, &convolution);
  gst_sod_onednn_kernel_conv (&convolution, args, run->threads);
}

/* ---- gradient of the weights ---- */

/* A round: some rows of the target, copied side by side. The copy of a group of
 * the source's channels holds, for each row of the window, the rows of the
 * source that it meets, with zeros beside them. */
typedef struct
{
  const gfloat *source;   /* (n, h, w, c) */
  const gfloat *d_target; /* (n, out_h, out_w, channels) */
  guint8 *scratch;
  gfloat *d_weights; /* (channels, c, size, size) */
  gint64 n, h, w, c;
  gint64 out_h, out_w, channels;
  gint size, stride, dilation, padding, threads;
  gint64 block;                    /* channels of the target: WIDTH or SPAN */
  gint64 n_rows;                   /* of a round */
  gint64 columns;                  /* of a row of the copy */
  gint64 group;                    /* channels of one */
  gint64 n_sums, n_copy, n_target; /* elements of each in a part's scratch */
} Weights;

/* What a part of the work has for itself. */
typedef struct
{
  gfloat *sums;   /* (channels / block, c / group, size, size, group, block) */
  gfloat *copy;   /* (size, n_rows, columns, group) */
  gfloat *target; /* (channels / block, n_rows, out_w, block) */
} Part;

/* A tile of sums and what it gathers. */
typedef struct
{
  const gfloat *source, *d_target;
  gint64 pixel, row; /* of the source's copy, elements */
  gint64 n_rows, n;
  gfloat *sums; /* (tile, block) */
} Products;

GST_SOD_ONEDNN_INLINE void
add_products (const Products *self, const gint n_sums)
{
  Lanes sums[ROWS][2];

#pragma GCC unroll 6
  for (gint k = 0; k < n_sums; k++) {
    memcpy (&sums[k][0], self->sums + k * WIDTH, sizeof (Lanes));
    memcpy (&sums[k][1], self->sums + k * WIDTH + LANES, sizeof (Lanes));
  }
  for (gint64 row = 0; row < self->n_rows; row++) {
    const gfloat *source = self->source + row * self->row;
    const gfloat *d_target = self->d_target + row * self->n * WIDTH;

#pragma GCC unroll 4
    for (gint64 i = 0; i < self->n; i++) {
      Lanes low, high;

      memcpy (&low, d_target, sizeof (low));
      memcpy (&high, d_target + LANES, sizeof (high));
#pragma GCC unroll 6
      for (gint k = 0; k < n_sums; k++) {
        gfloat s = source[k];
        Lanes value = { s, s, s, s, s, s, s, s };

        sums[k][0] += value * low;
        sums[k][1] += value * high;
      }
      source += self->pixel;
      d_target += WIDTH;
    }
  }
#pragma GCC unroll 6
  for (gint k = 0; k < n_sums; k++) {
    memcpy (self->sums + k * WIDTH, &sums[k][0], sizeof (Lanes));
    memcpy (self->sums + k * WIDTH + LANES, &sums[k][1], sizeof (Lanes));
  }
}

/* @n sums from @products' on. */
GST_SOD_ONEDNN_HOT static void
add_run (const Products *products, gint64 n)
{
  Products tile = *products;

  while (n > 0) {
    gint n_sums = n >= ROWS ? ROWS : n >= 4 ? 4 : n == 3 ? 3 : 1;

    if (n_sums == ROWS)
      add_products (&tile, ROWS);
    else if (n_sums == 4)
      add_products (&tile, 4);
    else if (n_sums == 3)
      add_products (&tile, 3);
    else
      add_products (&tile, 1);
    tile.source += n_sums;
    tile.sums += n_sums * WIDTH;
    n -= n_sums;
  }
}

/* As add_products(), of SPAN channels of the target. */
GST_SOD_ONEDNN_INLINE void
add_wide_products (const Products *self, const gint n_sums)
{
  SpanLanes sums[WIDE_ROWS][2];

#pragma GCC unroll 8
  for (gint k = 0; k < n_sums; k++) {
    memcpy (&sums[k][0], self->sums + k * SPAN, sizeof (SpanLanes));
    memcpy (
        &sums[k][1], self->sums + k * SPAN + SPAN_LANES, sizeof (SpanLanes));
  }
  for (gint64 row = 0; row < self->n_rows; row++) {
    const gfloat *source = self->source + row * self->row;
    const gfloat *d_target = self->d_target + row * self->n * SPAN;

    for (gint64 i = 0; i < self->n; i++) {
      SpanLanes low, high;

      memcpy (&low, d_target, sizeof (low));
      memcpy (&high, d_target + SPAN_LANES, sizeof (high));
#pragma GCC unroll 8
      for (gint k = 0; k < n_sums; k++) {
        gfloat s = source[k];
        SpanLanes value = { s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s };

        sums[k][0] += value * low;
        sums[k][1] += value * high;
      }
      source += self->pixel;
      d_target += SPAN;
    }
  }
#pragma GCC unroll 8
  for (gint k = 0; k < n_sums; k++) {
    memcpy (self->sums + k * SPAN, &sums[k][0], sizeof (SpanLanes));
    memcpy (
        self->sums + k * SPAN + SPAN_LANES, &sums[k][1], sizeof (SpanLanes));
  }
}

GST_SOD_ONEDNN_HOT static void
add_wide_run (const Products *products, gint64 n)
{
  Products tile = *products;
  /* 7 x 7 kernels of three channels have runs of 21. */
  const gint most = n % 7 == 0 ? 7 : WIDE_ROWS;

  while (n > 0) {
    gint n_sums = n >= most ? most : n >= 4 ? 4 : 1;

    if (n_sums == WIDE_ROWS)
      add_wide_products (&tile, WIDE_ROWS);
    else if (n_sums == 7)
      add_wide_products (&tile, 7);
    else if (n_sums == 4)
      add_wide_products (&tile, 4);
    else
      add_wide_products (&tile, 1);
    tile.source += n_sums;
    tile.sums += n_sums * SPAN;
    n -= n_sums;
  }
}

/* Row @y of the source at @from, channels [@first, @first + group), into
 * @to (columns, group). */
static void
copy_row (
    const Weights *self, const gfloat *from, gint64 y, gint64 first, gfloat *to)
{
  const gfloat *row = from + y * self->w * self->c + first;
  gint64 end = MIN (self->columns, self->w + self->padding);

  memset (to, 0, (gsize) (self->columns * self->group) * sizeof (gfloat));
  if (self->group == self->c) {
    memcpy (to + self->padding * self->c, row,
        (gsize) ((end - self->padding) * self->c) * sizeof (gfloat));
    return;
  }
  for (gint64 x = self->padding; x < end; x++)
    memcpy (to + x * WIDTH, row + (x - self->padding) * self->c,
        WIDTH * sizeof (gfloat));
}

static void
copy_target (
    const Weights *self, const gfloat *from, gint64 n_pixels, gfloat *to)
{
  for (gint64 first = 0; first < self->channels; first += self->block) {
    gfloat *at = to + first * self->n_rows * self->out_w;

    for (gint64 i = 0; i < n_pixels; i++, at += self->block) {
      const gfloat *pixel = from + i * self->channels + first;

      memcpy (at, pixel, WIDTH * sizeof (gfloat));
      if (self->block > WIDTH)
        memcpy (at + WIDTH, pixel + WIDTH, WIDTH * sizeof (gfloat));
    }
  }
}

/* Rows of the round that window row @v meets within the source. */
static void
find_rows (const Weights *self, gint64 y, gint64 n_rows, gint v, gint64 *first,
    gint64 *last)
{
  gint64 top = y * self->stride - self->padding + v * self->dilation;

  *first = 0;
  *last = n_rows;
  while (*first < *last && top + *first * self->stride < 0)
    ++*first;
  while (*last > *first && top + (*last - 1) * self->stride >= self->h)
    --*last;
}

/* Sums of window row @v for all blocks of the target's channels. */
static void
add_window_row (const Weights *self, const Part *part, gint64 group, gint v,
    gint64 first, gint64 last)
{
  const gint64 run =
      self->dilation == 1 ? self->size * self->group : self->group;
  const gint64 n_groups = self->c / self->group;
  Products products = {
    .pixel = self->stride * self->group,
    .row = self->columns * self->group,
    .n_rows = last - first,
    .n = self->out_w,
  };

  for (gint64 block = 0; block < self->channels / self->block; block++) {
    products.d_target =
        part->target
        + (block * self->n_rows + first) * self->out_w * self->block;
    for (gint64 at = 0; at < self->size * self->group; at += run) {
      products.source = part->copy + (v * self->n_rows + first) * products.row
                        + at * self->dilation;
      products.sums = part->sums
                      + (((block * n_groups + group) * self->size + v)
                                * self->size * self->group
                            + at)
                            * self->block;
      if (self->block == SPAN)
        add_wide_run (&products, run);
      else
        add_run (&products, run);
    }
  }
}

/* Rows [@y, @y + @n_rows) of sample @n's target. */
static void
add_round (
    const Weights *self, const Part *part, gint64 n, gint64 y, gint64 n_rows)
{
  const gfloat *source = self->source + n * self->h * self->w * self->c;

  copy_target (self,
      self->d_target + (n * self->out_h + y) * self->out_w * self->channels,
      n_rows * self->out_w, part->target);
  for (gint64 group = 0; group < self->c / self->group; group++) {
    for (gint v = 0; v < self->size; v++) {
      gint64 top = y * self->stride - self->padding + v * self->dilation;
      gint64 first, last;

      find_rows (self, y, n_rows, v, &first, &last);
      for (gint64 row = first; row < last; row++)
        copy_row (self, source, top + row * self->stride, group * self->group,
            part->copy
                + (v * self->n_rows + row) * self->columns * self->group);
      add_window_row (self, part, group, v, first, last);
    }
  }
}

static gint64
count_rounds (const Weights *self)
{
  return (self->out_h + self->n_rows - 1) / self->n_rows;
}

static gfloat *
get_sums (const Weights *self, gint part)
{
  return (gfloat *) self->scratch
         + part * (self->n_sums + self->n_copy + self->n_target);
}

static void
add_part (gconstpointer data, gint index, gint64 first, gint64 last)
{
  const Weights *self = data;
  Part part = { .sums = get_sums (self, index) };

  part.copy = part.sums + self->n_sums;
  part.target = part.copy + self->n_copy;
  memset (part.sums, 0, (gsize) self->n_sums * sizeof (gfloat));
  for (gint64 i = first; i < last; i++) {
    gint64 y = i % count_rounds (self) * self->n_rows;

    add_round (self, &part, i / count_rounds (self), y,
        MIN (self->n_rows, self->out_h - y));
  }
}

/* All parts' sums of a block of the target's channels and a group of the
 * source's. */
GST_SOD_ONEDNN_INLINE void
gather_group_of (
    const Weights *self, gint64 block, gint64 group, const gint64 width)
{
  const gint64 taps = self->size * self->size, n_groups = self->c / self->group;
  const gint64 first = (block * n_groups + group) * taps * self->group * width;

  for (gint64 i = 0; i < self->group; i++) {
    gfloat *to = self->d_weights
                 + (block * width * self->c + group * self->group + i) * taps;

    for (gint64 tap = 0; tap < taps; tap++) {
      gfloat sums[SPAN] = { 0 };

      for (gint part = 0; part < self->threads; part++) {
        const gfloat *from =
            get_sums (self, part) + first + (tap * self->group + i) * width;

        for (gint64 o = 0; o < width; o++)
          sums[o] += from[o];
      }
      for (gint64 o = 0; o < width; o++)
        to[o * self->c * taps + tap] = sums[o];
    }
  }
}

GST_SOD_ONEDNN_HOT static void
gather_group (const Weights *self, gint64 block, gint64 group)
{
  if (self->block == SPAN)
    gather_group_of (self, block, group, SPAN);
  else
    gather_group_of (self, block, group, WIDTH);
}

static void
gather_groups (gconstpointer data, gint64 first, gint64 last)
{
  const Weights *self = data;
  const gint64 n_groups = self->c / self->group;

  for (gint64 i = first; i < last; i++)
    gather_group (self, i / n_groups, i % n_groups);
}

static gint64
align (gint64 n)
{
  const gint64 unit = GST_SOD_ALIGNMENT / sizeof (gfloat);

  return (n + unit - 1) / unit * unit;
}

static Weights
describe_weights (const GstSodTrainStep *step, gint threads)
{
  Weights self = {
    .n = step->n,
    .h = step->h,
    .w = step->w,
    .c = step->c,
    .out_h = step->big_h,
    .out_w = step->big_w,
    .channels = step->channels,
    .size = step->size,
    .stride = step->stride,
    .dilation = step->dilation,
    .padding = step->padding,
    .threads = MAX (threads, 1),
  };

  self.block = compat_has_avx512 () && self.channels % SPAN == 0 ? SPAN : WIDTH;
  self.group = self.c % WIDTH == 0 ? WIDTH : self.c;
  self.n_rows = CLAMP (COLUMNS / self.out_w, 1, self.out_h);
  self.columns =
      (self.out_w - 1) * self.stride + (self.size - 1) * self.dilation + 1;
  self.n_sums = align (self.channels * self.c * self.size * self.size);
  self.n_copy = align (self.size * self.n_rows * self.columns * self.group);
  self.n_target = align (self.n_rows * self.out_w * self.channels);
  return self;
}

gsize
gst_sod_train_direct_scratch (const GstSodTrainStep *step, gint threads)
{
  Weights self = describe_weights (step, threads);

  return (gsize) (self.threads * (self.n_sums + self.n_copy + self.n_target))
         * sizeof (gfloat);
}

void
gst_sod_train_kernel_conv_weights (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  Weights self = describe_weights (step, run->threads);

  self.source = memory[0];
  self.d_target = memory[1];
  self.scratch = memory[2];
  self.d_weights = memory[3];
  gst_sod_onednn_run_parts (
      add_part, &self, self.n * count_rounds (&self), self.threads);
  gst_sod_onednn_run_rows (gather_groups, &self,
      self.channels / self.block * (self.c / self.group), self.threads);
}
