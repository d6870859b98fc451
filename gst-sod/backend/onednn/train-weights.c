/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gradients of the weights of a training plan's convolutions, channels last,
 * f32 or bf16: of each tap the products of the target's gradient and the source
 * that it meets, summed up over the pixels in tiles that stay in registers. */
#include <gst-sod/backend/onednn/train-weights-private.h>

#define WIDTH GST_SOD_ONEDNN_CONV_BLOCK
#define ROWS 6  /* of a tile of sums: source channels by WIDTH of the target */
#define LINE 64 /* bytes of the cache */
#define COLUMNS 192 /* pixels, or pairs, that are worth a round, at least */

/* A round: some rows of the target, copied side by side. Of each group of the
 * source's channels the rows that a round meets are kept in a ring, with zeros
 * beside them, so that the next round copies only those that it is the first to
 * meet. */
typedef struct
{
  gconstpointer source;   /* (n, h, w, c) */
  gconstpointer d_target; /* (n, out_h, out_w, channels) */
  guint8 *scratch;
  gfloat *d_weights; /* (channels, c, size, size) */
  gint64 n, h, w, c;
  gint64 out_h, out_w, channels;
  gint size, stride, dilation, padding, threads;
  gboolean bf16;
  GstSodTrainAdd add;
  gint64 n_words; /* of a row of the target: pixels, or pairs */
  gint64 block;   /* channels of the target: WIDTH or SPAN */
  gint64 n_rows;  /* of a round */
  gint64 n_kept;  /* rows of the source */
  gint64 columns; /* of a row of the copy */
  gint64 group;   /* channels of one */
  gint64 n_sums, n_copy, n_target; /* elements of each in a part's scratch */
} Weights;

/* What a part of the work has for itself. */
typedef struct
{
  gfloat *sums;   /* (channels / block, c / group, size, size, group, block) */
  gfloat *copy;   /* (c / group, n_kept, columns, group) words */
  gfloat *target; /* (channels / block, n_rows, n_words, block) words */
  gint64 sample;
  gint64 next; /* row of the sample's source that was not copied yet */
} Part;

GST_SOD_ONEDNN_INLINE void
add_products (const GstSodTrainProducts *self, const gint n_sums)
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
add_run (const GstSodTrainProducts *products, gint64 n)
{
  GstSodTrainProducts tile = *products;

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

GST_SOD_ONEDNN_INLINE void
multiply (SpanLanes *sum, const SpanLanes *a, const SpanLanes *b)
{
  *sum += *a * *b;
}

GST_SOD_TRAIN_DEFINE_ADD (add_wide, , GST_SOD_ONEDNN_HOT static, multiply)

/* Of words of two bf16 each. */
GST_SOD_ONEDNN_INLINE void
multiply_pairs (SpanLanes *sum, const SpanLanes *a, const SpanLanes *b)
{
  Span left, right;

  span_load (&left, a, 0, SPAN, TRUE);
  span_load (&right, b, 0, SPAN, TRUE);
  *sum += left.v[0] * right.v[0] + left.v[1] * right.v[1];
}

GST_SOD_TRAIN_DEFINE_ADD (
    gst_sod_train_add_pairs_plain, , GST_SOD_ONEDNN_HOT, multiply_pairs)

/* Row @y of sample @n's source, channels [@first, @first + group), into
 * @to (columns, group). */
GST_SOD_ONEDNN_HOT static void
copy_row (const Weights *self, gint64 n, gint64 y, gint64 first, gfloat *to)
{
  const gfloat *row = (const gfloat *) self->source
                      + (n * self->h + y) * self->w * self->c + first;
  gint64 end = MIN (self->columns, self->w + self->padding);

  memset (to, 0, (gsize) (self->padding * self->group) * sizeof (gfloat));
  memset (to + end * self->group, 0,
      (gsize) ((self->columns - end) * self->group) * sizeof (gfloat));
  to += self->padding * self->group;
  if (self->group == self->c)
    memcpy (
        to, row, (gsize) ((end - self->padding) * self->c) * sizeof (gfloat));
  else
    for (gint64 x = self->padding; x < end; x++, row += self->c, to += WIDTH)
      memcpy (to, row, WIDTH * sizeof (gfloat));
}

/* Words of WIDTH channels of two pixels; NULL: zeros. */
GST_SOD_ONEDNN_INLINE void
pair_channels (const guint16 *left, const guint16 *right, gpointer to)
{
  SpanHalves low = { 0 }, high = { 0 };
  SpanWords words;

  if (left != NULL)
    memcpy (&low, left, sizeof (low));
  if (right != NULL)
    memcpy (&high, right, sizeof (high));
  words = __builtin_convertvector(low, SpanWords)
          | __builtin_convertvector(high, SpanWords) << 16;
  memcpy (to, &words, sizeof (words));
}

/* Column @x of a row of the source, or NULL. */
GST_SOD_ONEDNN_INLINE const guint16 *
find_column (const Weights *self, const guint16 *row, gint64 x)
{
  return x >= 0 && x < self->w ? row + x * self->c : NULL;
}

/* All channels of a row of the source, as the one half of words or the other:
 * from column @x on. */
GST_SOD_ONEDNN_INLINE void
add_halves (const Weights *self, const guint16 *row, gint64 x, gint shift,
    guint32 *words)
{
  gint64 first = MAX (-x, 0) * self->c;
  gint64 last = MIN (self->columns, self->w - x) * self->c;

  for (gint64 i = first; i < last; i++)
    words[i] |= (guint32) row[x * self->c + i] << shift;
}

/* As copy_row(), of pairs: a column and the one that the next pixel of the
 * target meets. */
GST_SOD_ONEDNN_HOT static void
copy_row_of_pairs (
    const Weights *self, gint64 n, gint64 y, gint64 first, gfloat *to)
{
  const guint16 *row = (const guint16 *) self->source
                       + (n * self->h + y) * self->w * self->c + first;

  if (self->group == self->c && self->group != WIDTH) {
    memset (to, 0, (gsize) (self->columns * self->c) * sizeof (gfloat));
    add_halves (self, row, -self->padding, 0, (guint32 *) to);
    add_halves (self, row, self->stride - self->padding, 16, (guint32 *) to);
    return;
  }
  for (gint64 x = -self->padding; x < self->columns - self->padding; x++) {
    pair_channels (find_column (self, row, x),
        find_column (self, row, x + self->stride), to);
    to += WIDTH;
  }
}

/* Rows [@y, @y + @n_rows) of sample @n. */
GST_SOD_ONEDNN_HOT static void
copy_target (const Weights *self, gint64 n, gint64 y, gint64 n_rows, gfloat *to)
{
  const gfloat *from = (const gfloat *) self->d_target
                       + (n * self->out_h + y) * self->out_w * self->channels;

  for (gint64 first = 0; first < self->channels; first += self->block) {
    gfloat *at = to + first * self->n_rows * self->n_words;

    for (gint64 i = 0; i < n_rows * self->out_w; i++, at += self->block) {
      const gfloat *pixel = from + i * self->channels + first;

      memcpy (at, pixel, WIDTH * sizeof (gfloat));
      if (self->block > WIDTH)
        memcpy (at + WIDTH, pixel + WIDTH, WIDTH * sizeof (gfloat));
    }
  }
}

GST_SOD_ONEDNN_HOT static void
copy_target_of_pairs (
    const Weights *self, gint64 n, gint64 y, gint64 n_rows, gfloat *to)
{
  for (gint64 first = 0; first < self->channels; first += WIDTH) {
    gfloat *at =
        to + first / SPAN * SPAN * self->n_rows * self->n_words + first % SPAN;

    for (gint64 row = y; row < y + n_rows; row++) {
      const guint16 *from =
          (const guint16 *) self->d_target
          + (n * self->out_h + row) * self->out_w * self->channels + first;

      for (gint64 x = 0; x < self->out_w; x += 2, at += SPAN)
        pair_channels (from + x * self->channels,
            x + 1 < self->out_w ? from + (x + 1) * self->channels : NULL, at);
    }
  }
}

/* Row of the source that window row @v meets with row @y of the target. */
static gint64
get_source_row (const Weights *self, gint64 y, gint v)
{
  return y * self->stride - self->padding + v * self->dilation;
}

/* Rows of the round that window row @v meets within the source. */
static void
find_rows (const Weights *self, gint64 y, gint64 n_rows, gint v, gint64 *first,
    gint64 *last)
{
  gint64 top = get_source_row (self, y, v);

  *first = 0;
  *last = n_rows;
  while (*first < *last && top + *first * self->stride < 0)
    ++*first;
  while (*last > *first && top + (*last - 1) * self->stride >= self->h)
    --*last;
}

/* Rows of the source that lie in the ring one behind the other, for window row
 * @v and all blocks of the target's channels: @n_rows from @source on, which
 * meet the round's from @first on. */
static void
add_window_rows (const Weights *self, const Part *part, gint64 group, gint v,
    gint64 first, gint64 n_rows, const gfloat *source)
{
  const gint64 run =
      self->dilation == 1 ? self->size * self->group : self->group;
  const gint64 n_groups = self->c / self->group;
  GstSodTrainProducts products = {
    .pixel = (self->bf16 ? 2 : 1) * self->stride * self->group,
    .row = self->stride * self->columns * self->group,
    .n_rows = n_rows,
    .n = self->n_words,
  };

  for (gint64 block = 0; block < self->channels / self->block; block++) {
    products.d_target =
        part->target
        + (block * self->n_rows + first) * self->n_words * self->block;
    for (gint64 at = 0; at < self->size * self->group; at += run) {
      products.source = source + at * self->dilation;
      products.sums = part->sums
                      + (((block * n_groups + group) * self->size + v)
                                * self->size * self->group
                            + at)
                            * self->block;
      self->add (&products, run);
    }
  }
}

/* Sums of window row @v. */
static void
add_window_row (const Weights *self, const Part *part, gint64 group, gint v,
    gint64 y, gint64 n_rows)
{
  gint64 first, last;

  find_rows (self, y, n_rows, v, &first, &last);
  while (first < last) {
    gint64 slot = get_source_row (self, y + first, v) % self->n_kept;
    gint64 n = (self->n_kept - slot + self->stride - 1) / self->stride;

    n = MIN (n, last - first);
    add_window_rows (self, part, group, v, first, n,
        part->copy
            + (group * self->n_kept + slot) * self->columns * self->group);
    first += n;
  }
}

/* Row @y of the part's sample. */
static void
keep_row (const Weights *self, const Part *part, gint64 y)
{
  for (gint64 group = 0; group < self->c / self->group; group++) {
    gfloat *to = part->copy
                 + (group * self->n_kept + y % self->n_kept) * self->columns
                       * self->group;

    if (self->bf16)
      copy_row_of_pairs (self, part->sample, y, group * self->group, to);
    else
      copy_row (self, part->sample, y, group * self->group, to);
  }
}

/* What the next round reads first: it comes nearer while this one multiplies.
 */
typedef struct
{
  const guint8 *at, *end;
} Ahead;

/* @n rows of @size bytes from @first on, of @all. */
static Ahead
get_ahead (gconstpointer data, gsize size, gint64 first, gint64 n, gint64 all)
{
  const guint8 *bytes = data;

  return (Ahead){ bytes + (gsize) CLAMP (first, 0, all) * size,
    bytes + (gsize) CLAMP (first + n, 0, all) * size };
}

static gint64
count_lines (const Ahead *self)
{
  return (self->end - self->at + LINE - 1) / LINE;
}

static void
bring (Ahead *self, gint64 n_lines)
{
  for (; n_lines > 0 && self->at < self->end; n_lines--, self->at += LINE)
    __builtin_prefetch (self->at, 0, 2);
}

/* Rows [@y, @y + @n_rows) of sample @n's target. */
static void
add_round (const Weights *self, Part *part, gint64 n, gint64 y, gint64 n_rows)
{
  const gsize size = self->bf16 ? sizeof (guint16) : sizeof (gfloat);
  const gint64 last = get_source_row (self, y + n_rows - 1, self->size - 1) + 1;
  const gint64 n_turns = self->c / self->group * self->size;
  Ahead target =
      get_ahead (self->d_target, (gsize) (self->out_w * self->channels) * size,
          n * self->out_h + y + n_rows, n_rows, self->n * self->out_h);
  Ahead source = get_ahead (self->source, (gsize) (self->w * self->c) * size,
      n * self->h + last, n_rows * self->stride, self->n * self->h);
  gint64 n_lines =
      MAX (count_lines (&target), count_lines (&source)) / n_turns + 1;

  if (part->sample != n) {
    part->sample = n;
    part->next = MAX (get_source_row (self, y, 0), 0);
  }
  for (; part->next < MIN (last, self->h); part->next++)
    keep_row (self, part, part->next);
  if (self->bf16)
    copy_target_of_pairs (self, n, y, n_rows, part->target);
  else
    copy_target (self, n, y, n_rows, part->target);
  for (gint64 i = 0; i < n_turns; i++) {
    bring (&target, n_lines);
    bring (&source, n_lines);
    add_window_row (
        self, part, i / self->size, (gint) (i % self->size), y, n_rows);
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
  Part part = { .sums = get_sums (self, index), .sample = -1 };

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
 * source's, added into the first one's and from there in the caller's order,
 * which is written in runs. */
GST_SOD_ONEDNN_INLINE void
gather_group_of (
    const Weights *self, gint64 block, gint64 group, const gint64 width)
{
  const gint64 taps = self->size * self->size, n_groups = self->c / self->group;
  const gint64 n = taps * self->group * width;
  const gint64 first = (block * n_groups + group) * n;
  gfloat *sums = get_sums (self, 0) + first;

  for (gint part = 1; part < self->threads; part++) {
    const gfloat *from = get_sums (self, part) + first;

    for (gint64 i = 0; i < n; i++)
      sums[i] += from[i];
  }
  for (gint64 o = 0; o < width; o++) {
    gfloat *to = self->d_weights
                 + ((block * width + o) * self->c + group * self->group) * taps;

    for (gint64 i = 0; i < self->group; i++) {
      for (gint64 tap = 0; tap < taps; tap++)
        *to++ = sums[(tap * self->group + i) * width + o];
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

static void
choose_add (Weights *self)
{
  self->block = WIDTH;
  self->add = add_run;
  if (self->bf16) {
    self->block = SPAN;
    self->add = gst_sod_train_get_add_pairs_fast ();
    if (self->add == NULL)
      self->add = gst_sod_train_add_pairs_plain;
  } else if (compat_has_avx512 () && self->channels % SPAN == 0) {
    self->block = SPAN;
    self->add = add_wide;
  }
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
    .bf16 = gst_sod_train_step_arg (step, 0)->type == dnnl_bf16,
  };

  self.n_words = self.bf16 ? (self.out_w + 1) / 2 : self.out_w;
  choose_add (&self);
  self.group = self.c % WIDTH == 0 ? WIDTH : self.c;
  self.n_rows = CLAMP (COLUMNS / self.n_words, 1, self.out_h);
  self.columns =
      (self.out_w - 1) * self.stride + (self.size - 1) * self.dilation + 1;
  self.n_sums = align (self.channels * self.c * self.size * self.size);
  self.n_kept = MIN ((self.n_rows - 1) * self.stride
                         + (gint64) (self.size - 1) * self.dilation + 1,
      self.h);
  self.n_copy = align (self.n_kept * self.columns * self.c);
  self.n_target = align (self.n_rows * self.n_words * self.channels);
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
