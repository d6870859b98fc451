/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gradients of the weights of a training plan's convolutions in bf16, by tiles:
 * products of matrices, whose rows are the source's channels, whose columns are
 * the target's and over whose pixels they are summed up. The source lies in
 * lines for them, a line for each channel, its rows one behind the other with
 * zeros between them; so what a tap meets is the same line from another pixel
 * on, and no tap needs a copy of its own. A picture's few channels have a line
 * for each column of the window instead, and the rows that the stride skips lie
 * apart. */
#include <gst-sod/backend/onednn/train-tiles-private.h>

#define ROWS GST_SOD_TRAIN_TILE_ROWS
#define COLUMNS GST_SOD_TRAIN_TILE_COLUMNS
#define STEP GST_SOD_TRAIN_TILE_STEP
#define SUMS GST_SOD_TRAIN_TILE_SUMS
#define PAIRS GST_SOD_TRAIN_TILE_PAIRS
#define GROUP 8        /* channels that are turned into lines at once */
#define CACHE 0x100000 /* bytes of a chunk's copies, about */
#define BLOCK 9        /* steps whose tiles stay in the nearest cache */

/* A chunk: some rows of a sample's target. */
typedef struct
{
  const GstSodTrainTileFuncs *funcs;
  const guint16 *source;   /* (n, h, w, c) */
  const guint16 *d_target; /* (n, out_h, out_w, channels) */
  guint8 *scratch;
  gfloat *d_weights; /* (channels, c, size, size) */
  gint64 n, h, w, c;
  gint64 out_h, out_w, channels;
  gint size, stride, dilation, padding, threads;
  gboolean is_picture;
  gint64 lead;    /* zeros before a line's first pixel */
  gint64 pitch;   /* from row to row of a line, and of the target's copy */
  gint64 length;  /* of a line */
  gint64 n_rows;  /* of a chunk */
  gint64 n_steps; /* of a chunk */
  gint n_columns; /* of the window, whose lines are the same */
  gint tile_rows; /* lines of a tile */
  gint64 n_sources, n_targets;             /* tiles */
  gint64 n_sums, n_lines, n_pairs, n_rest; /* bytes in a part's scratch */
  GstSodTrainSplit split;                  /* of a picture's row */
} Tiles;

/* What a part of the work has for itself. */
typedef struct
{
  gfloat *sums;   /* (size, n_columns, n_sources, n_targets, SUMS) */
  guint16 *lines; /* (stride, n_sources, tile_rows, length) */
  guint16 *pairs; /* (n_targets, n_steps, PAIRS) */
  guint16 *row;   /* of a picture, with its padding, and its lines */
} Part;

/* Rounded up. */
static gint64
divide (gint64 n, gint64 by)
{
  return (n + by - 1) / by;
}

/* ---- copies ---- */

/* From the first row of a chunk to the last that its windows meet. */
static gint64
count_source_rows (const Tiles *self, gint64 n_rows)
{
  return (n_rows - 1) * self->stride
         + (gint64) (self->size - 1) * self->dilation + 1;
}

/* Of a picture's row with its padding. */
static gint64
count_row_steps (const Tiles *self)
{
  return (self->pitch + (self->size - 1) * self->dilation / self->stride + STEP)
         / STEP;
}

/* Row @row of a chunk's source, as what is in @from, or of zeros. */
static void
copy_row (const Tiles *self, const Part *part, gint64 row, const guint16 *from)
{
  guint16 *to = part->lines + self->lead + row * self->pitch;

  for (gint64 first = 0; first < self->c; first += GROUP) {
    self->funcs->transpose (from != NULL ? from + first : self->source, self->c,
        from != NULL ? self->w : 0, self->pitch, to, self->length);
    to += GROUP * self->length;
  }
}

/* Likewise, of a picture. */
static void
copy_picture_row (
    const Tiles *self, const Part *part, gint64 row, const guint16 *from)
{
  const gint period = (gint) self->c * self->stride;
  const gint64 n = count_row_steps (self) * STEP;
  const gint64 n_values = n * period;
  const gint64 first = self->padding * self->c;
  const gint64 last = MIN (first + self->w * self->c, n_values);
  guint16 *lines = part->row + n_values;
  guint16 *to =
      part->lines
      + row % self->stride * self->n_sources * self->tile_rows * self->length
      + row / self->stride * self->pitch;

  memset (part->row, 0, (gsize) n_values * sizeof (guint16));
  if (from != NULL)
    memcpy (part->row + first, from, (gsize) (last - first) * sizeof (guint16));
  self->funcs->split (part->row, &self->split, n, lines, n);
  for (gint64 channel = 0; channel < self->c; channel++) {
    for (gint u = 0; u < self->size; u++, to += self->length) {
      gint64 x = u * self->dilation;
      const guint16 *line =
          lines + (x % self->stride * self->c + channel) * n + x / self->stride;

      memcpy (to, line, (gsize) self->pitch * sizeof (guint16));
    }
  }
}

/* A line's elements behind its last row, which its last steps meet. */
static gint64
count_behind (const Tiles *self)
{
  return 2 * STEP + (gint64) (self->size - 1) * self->dilation;
}

/* Of lines whose chunk has @n_source_rows rows. */
static void
clear_behind (const Tiles *self, const Part *part, gint64 n_source_rows)
{
  const gint64 n_lines = self->n_sources * self->tile_rows;

  for (gint64 i = 0; i < self->stride * n_lines; i++) {
    gint64 n_rows = divide (n_source_rows - i / n_lines, self->stride);

    memset (part->lines + i * self->length + self->lead + n_rows * self->pitch,
        0, (gsize) count_behind (self) * sizeof (guint16));
  }
}

/* What no row is copied to: zeros before the first one, and lines that fill the
 * last tile up. */
static void
clear_lines (const Tiles *self, const Part *part)
{
  const gint64 n_lines = self->n_sources * self->tile_rows;
  const gint64 n_used = self->is_picture ? self->c * self->size : self->c;

  for (gint64 i = 0; i < self->stride * n_lines; i++)
    memset (part->lines + i * self->length, 0,
        (gsize) (i % n_lines < n_used ? self->lead : self->length)
            * sizeof (guint16));
}

/* What the rows of chunk [@y, @y + @n_rows) of sample @n meet. */
static void
copy_source (
    const Tiles *self, const Part *part, gint64 n, gint64 y, gint64 n_rows)
{
  const gint64 top = y * self->stride - self->padding;
  const gint64 n_source_rows = count_source_rows (self, n_rows);

  for (gint64 i = 0; i < n_source_rows; i++) {
    const guint16 *from = NULL;

    if (top + i >= 0 && top + i < self->h)
      from = self->source + (n * self->h + top + i) * self->w * self->c;
    if (self->is_picture)
      copy_picture_row (self, part, i, from);
    else
      copy_row (self, part, i, from);
  }
  clear_behind (self, part, n_source_rows);
}

static gint64
count_steps (const Tiles *self, gint64 n_rows)
{
  return divide (n_rows * self->pitch, STEP);
}

static void
copy_target (
    const Tiles *self, const Part *part, gint64 n, gint64 y, gint64 n_rows)
{
  const gint64 end = n_rows * self->pitch;
  const gint64 n_behind = count_steps (self, n_rows) * STEP - end;

  for (gint64 tile = 0; tile < self->n_targets; tile += 2) {
    gint64 first = tile * COLUMNS;
    gint n_channels = (gint) MIN (self->channels - first, 2 * COLUMNS);
    guint16 *to = part->pairs + tile * self->n_steps * PAIRS;

    for (gint64 row = 0; row < n_rows; row++)
      self->funcs->pair (
          self->d_target
              + (n * self->out_h + y + row) * self->out_w * self->channels
              + first,
          self->channels, self->out_w, self->pitch, n_channels,
          to + row * self->pitch * COLUMNS, self->n_steps * PAIRS);
    self->funcs->pair (self->d_target, 0, 0, n_behind, n_channels,
        to + end * COLUMNS, self->n_steps * PAIRS);
  }
}

/* ---- products ---- */

/* Elements from a line's start to where tap (@v, @u) begins. */
static gint64
get_offset (const Tiles *self, gint v, gint u)
{
  const gint64 down = (gint64) v * self->dilation;

  if (!self->is_picture)
    return down * self->pitch + u * self->dilation + self->lead - self->padding;
  return down % self->stride * self->n_sources * self->tile_rows * self->length
         + down / self->stride * self->pitch;
}

/* Steps [@first, @first + @n) for the tiles of the target from @target on. */
static void
multiply (
    const Tiles *self, const Part *part, gint64 first, gint64 n, gint64 target)
{
  GstSodTrainTiles tiles = {
    .length = self->length,
    .pairs = part->pairs + (target * self->n_steps + first) * PAIRS,
    .next_pairs = self->n_steps * PAIRS,
    .next_sums = self->n_targets * SUMS,
    .n_steps = n,
    .n_rows = self->tile_rows,
    .n_targets = (gint) MIN (self->n_targets - target, 2),
  };

  for (gint64 source = 0; source < self->n_sources; source += 2) {
    tiles.n_sources = (gint) MIN (self->n_sources - source, 2);
    for (gint i = 0; i < self->size * self->n_columns; i++) {
      gint v = i / self->n_columns, u = i % self->n_columns;

      tiles.lines = part->lines + source * self->tile_rows * self->length
                    + get_offset (self, v, u) + first * STEP;
      tiles.sums =
          part->sums
          + ((i * self->n_sources + source) * self->n_targets + target) * SUMS;
      self->funcs->multiply (&tiles);
    }
  }
}

/* Rows [@y, @y + @n_rows) of sample @n's target. */
static void
add_chunk (
    const Tiles *self, const Part *part, gint64 n, gint64 y, gint64 n_rows)
{
  const gint64 n_steps = count_steps (self, n_rows);

  copy_source (self, part, n, y, n_rows);
  copy_target (self, part, n, y, n_rows);
  for (gint64 first = 0; first < n_steps; first += BLOCK) {
    for (gint64 target = 0; target < self->n_targets; target += 2)
      multiply (self, part, first, MIN (BLOCK, n_steps - first), target);
  }
}

static Part
get_part (const Tiles *self, gint index)
{
  guint8 *scratch =
      self->scratch
      + index * (self->n_sums + self->n_lines + self->n_pairs + self->n_rest);

  return (Part){
    .sums = (gfloat *) scratch,
    .lines = (guint16 *) (scratch + self->n_sums),
    .pairs = (guint16 *) (scratch + self->n_sums + self->n_lines),
    .row = (guint16 *) (scratch + self->n_sums + self->n_lines + self->n_pairs),
  };
}

static gint64
count_chunks (const Tiles *self)
{
  return divide (self->out_h, self->n_rows);
}

static void
add_part (gconstpointer data, gint index, gint64 first, gint64 last)
{
  const Tiles *self = data;
  const Part part = get_part (self, index);

  memset (part.sums, 0, (gsize) self->n_sums);
  clear_lines (self, &part);
  self->funcs->begin (self->tile_rows);
  for (gint64 i = first; i < last; i++) {
    gint64 y = i % count_chunks (self) * self->n_rows;

    add_chunk (self, &part, i / count_chunks (self), y,
        MIN (self->n_rows, self->out_h - y));
  }
  self->funcs->end ();
}

/* ---- sums ---- */

/* All parts' sums of the two tiles' taps, added into the first one's. */
static void
add_parts (const Tiles *self, gint64 tile)
{
  const gint64 n_taps = (gint64) self->size * self->n_columns;
  const gint64 next = self->n_sources * self->n_targets * SUMS;
  gfloat *sums = get_part (self, 0).sums + tile * SUMS;

  for (gint index = 1; index < self->threads; index++) {
    const gfloat *others = get_part (self, index).sums + tile * SUMS;

    for (gint64 tap = 0; tap < n_taps; tap++) {
      for (gint64 i = 0; i < SUMS; i++)
        sums[tap * next + i] += others[tap * next + i];
    }
  }
}

/* Of one tile of the source and one of the target, in the caller's order. */
static void
gather_tile (const Tiles *self, gint64 source, gint64 target)
{
  const gint64 n_taps = (gint64) self->size * self->n_columns;
  const gint64 next = self->n_sources * self->n_targets * SUMS;
  const gint64 tile = source * self->n_targets + target;
  const gint64 n_lines = self->is_picture ? self->c * self->size : self->c;
  const gint64 first = source * self->tile_rows;
  const gint64 n_rows = MIN (self->tile_rows, n_lines - first);
  const gfloat *sums = get_part (self, 0).sums + tile * SUMS;

  add_parts (self, tile);
  for (gint64 column = 0; column < COLUMNS; column++) {
    gint64 channel =
        gst_sod_train_tile_channel (self->channels, target, column);
    gfloat *to = self->d_weights + channel * self->c * self->size * self->size;

    if (channel >= self->channels)
      continue;
    for (gint64 row = 0; row < n_rows; row++) {
      const gfloat *from = sums + row * COLUMNS + column;

      for (gint64 tap = 0; tap < n_taps; tap++) {
        gint64 at = (first + row) * n_taps + tap;

        /* A picture's line is a channel and a column, its taps are rows. */
        if (self->is_picture)
          at = ((first + row) / self->size * self->size + tap) * self->size
               + (first + row) % self->size;
        to[at] = from[tap * next];
      }
    }
  }
}

static void
gather_tiles (gconstpointer data, gint64 first, gint64 last)
{
  const Tiles *self = data;

  for (gint64 i = first; i < last; i++)
    gather_tile (self, i / self->n_targets, i % self->n_targets);
}

/* ---- a step ---- */

static gint64
align (gint64 n_bytes)
{
  return divide (n_bytes, GST_SOD_ALIGNMENT) * GST_SOD_ALIGNMENT;
}

/* For chunks of @n_rows rows. */
static void
lay_out (Tiles *self, gint64 n_rows)
{
  const gint64 n_lines = self->n_sources * self->tile_rows;
  gint64 rows = divide (count_source_rows (self, n_rows), self->stride);

  self->n_rows = n_rows;
  self->n_steps = count_steps (self, n_rows);
  self->length = self->lead + rows * self->pitch + count_behind (self);
  /* An odd number of cache lines: a tile's rows lie in sets of their own. */
  self->length = (divide (self->length, STEP) | 1) * STEP;
  self->n_lines =
      align (self->stride * n_lines * self->length * (gint64) sizeof (guint16));
  self->n_pairs = align (
      self->n_targets * self->n_steps * PAIRS * (gint64) sizeof (guint16));
}

static void
plan_split (GstSodTrainSplit *self, gint period)
{
  self->period = period;
  for (gint line = 0; line < period; line++) {
    for (gint i = 0; i < STEP; i++) {
      gint at = line + period * i;

      self->at[line][i] = (guint16) (at % STEP);
      self->masks[line][at / STEP] |= 1U << i;
    }
  }
}

static Tiles
describe_tiles (const GstSodTrainStep *step, gint threads)
{
  Tiles self = {
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
    .is_picture = step->c < GROUP,
  };
  gint64 n_lines = self.is_picture ? self.c * self.size : self.c;
  /* Something for each thread. */
  gint64 n_chunks = divide (self.threads, self.n);

  self.n_columns = self.is_picture ? 1 : self.size;
  self.lead = self.is_picture ? 0 : self.padding;
  self.pitch = (self.out_w + self.lead + 1) / 2 * 2;
  self.n_sources = divide (n_lines, ROWS);
  self.tile_rows = (gint) divide (n_lines, self.n_sources);
  self.n_targets = divide (self.channels, COLUMNS);
  self.n_sums = align (self.size * self.n_columns * self.n_sources
                       * self.n_targets * SUMS * (gint64) sizeof (gfloat));
  if (self.is_picture)
    self.n_rest = align (2 * count_row_steps (&self) * STEP * self.c
                         * self.stride * (gint64) sizeof (guint16));
  do
    lay_out (&self, divide (self.out_h, n_chunks++));
  while (self.n_rows > 1 && self.n_lines + self.n_pairs > CACHE);
  return self;
}

gboolean
gst_sod_train_tiles_fit (const GstSodTrainStep *step)
{
  const gint64 reach = (gint64) (step->size - 1) * step->dilation;

  /* Values of as many pixels and channels lie in as many vectors. */
  if (step->c < GROUP)
    return step->c * step->stride <= STEP;
  /* Zeros beside a row are shared with the next one. */
  return step->c % GROUP == 0 && step->stride == 1
         && reach == 2 * (gint64) step->padding;
}

gsize
gst_sod_train_tiles_scratch (const GstSodTrainStep *step, gint threads)
{
  Tiles self = describe_tiles (step, threads);

  return (gsize) (self.threads
                  * (self.n_sums + self.n_lines + self.n_pairs + self.n_rest));
}

void
gst_sod_train_tiles_run (const GstSodTrainTileFuncs *funcs,
    const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run)
{
  Tiles self = describe_tiles (step, run->threads);

  self.funcs = funcs;
  self.source = memory[0];
  self.d_target = memory[1];
  self.scratch = memory[2];
  self.d_weights = memory[3];
  if (self.is_picture)
    plan_split (&self.split, (gint) self.c * self.stride);
  gst_sod_onednn_run_parts (
      add_part, &self, self.n * count_chunks (&self), self.threads);
  gst_sod_onednn_run_rows (
      gather_tiles, &self, self.n_sources * self.n_targets, self.threads);
}

void
gst_sod_train_kernel_tile_weights (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  gst_sod_train_tiles_run (gst_sod_train_tiles_get_fast (), step, memory, run);
}
