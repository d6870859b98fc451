/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much a map changes along the motion: the warping error of Lai et al.,
 * "Learning Blind Video Temporal Consistency" (2018), section 4.2, the mean
 * over pixels that are not occluded of the squared difference from the frame
 * before, warped along the motion.
 *
 * The motion is that of hierarchical block matching (Bierling, "Displacement
 * Estimation by Hierarchical Blockmatching", 1988) in place of a learnt flow,
 * forward and backward; a pixel counts where the two agree (the criterion of
 * Sundaram et al., "Dense Point Trajectories by GPU-Accelerated Large
 * Displacement Optical Flow", 2010, that Lai et al. use too). */
#include <gst-sod/eval/sample-private.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LEVELS 4
#define BLOCK 8
#define MARGIN 4 /* pixels around a block that are compared too */
#define WINDOW (BLOCK + 2 * MARGIN)
#define COARSE_RANGE 4 /* pixels searched at the smallest size */
#define FINE_RANGE 2   /* pixels searched around what that found */
#define STILLNESS 4    /* sum of differences that a pixel of motion must save */

typedef struct
{
  gint16 x, y;
} Vector;

typedef struct
{
  gint n_levels;
  GstSodPlane levels[MAX_LEVELS]; /* each half as large as the one before */
} Pyramid;

static gint
get_blocks (gint pixels)
{
  return (pixels + BLOCK - 1) / BLOCK;
}

static gint
get_n_levels (gint width, gint height)
{
  gint n = 1;

  while (n < MAX_LEVELS && MIN (width, height) >> n >= 2 * BLOCK)
    n++;
  return n;
}

static void
halve (const GstSodPlane *from, GstSodPlane *to, guint8 *pixels)
{
  *to = (GstSodPlane){ pixels, from->width / 2, from->width / 2,
    from->height / 2 };
  for (gint y = 0; y < to->height; y++) {
    const guint8 *a = gst_sod_plane_row (from, 2 * y);
    const guint8 *b = gst_sod_plane_row (from, 2 * y + 1);

    for (gint x = 0; x < to->width; x++)
      pixels[(gsize) y * to->width + x] =
          (a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) / 4;
  }
}

/* @pixels has room for a third of the picture. */
static void
fill_pyramid (Pyramid *self, const GstSodPlane *picture, guint8 *pixels)
{
  self->n_levels = get_n_levels (picture->width, picture->height);
  self->levels[0] = *picture;
  for (gint i = 1; i < self->n_levels; i++) {
    halve (&self->levels[i - 1], &self->levels[i], pixels);
    pixels += (gsize) self->levels[i].width * self->levels[i].height;
  }
}

static guint
sum_differences (const guint8 *a, gssize a_stride, const guint8 *b,
    gssize b_stride, gint width, gint height)
{
  guint sum = 0;

  for (gint y = 0; y < height; y++) {
    for (gint x = 0; x < width; x++)
      sum += abs (a[x] - b[x]);
    a += a_stride;
    b += b_stride;
  }
  return sum;
}

/* Whole windows are summed up by column, a row of bytes at once. */
static guint
sum_window (const guint8 *a, gssize a_stride, const guint8 *b, gssize b_stride)
{
  guint16 sums[WINDOW] = { 0 };
  guint sum = 0;

  for (gint y = 0; y < WINDOW; y++) {
    for (gint x = 0; x < WINDOW; x++)
      sums[x] += MAX (a[x], b[x]) - MIN (a[x], b[x]);
    a += a_stride;
    b += b_stride;
  }
  for (gint x = 0; x < WINDOW; x++)
    sum += sums[x];
  return sum;
}

static guint
get_difference (const guint8 *a, gssize a_stride, const guint8 *b,
    gssize b_stride, gint width, gint height)
{
  if (width == WINDOW && height == WINDOW)
    return sum_window (a, a_stride, b, b_stride);
  return sum_differences (a, a_stride, b, b_stride, width, height);
}

typedef struct
{
  const GstSodPlane *from, *to; /* of one size */
  gint x, y, right, bottom;     /* of the block */
  Vector best;
  guint cost;
} Search;

/* What leaves the picture has no candidate. */
static void
try_vector (Search *self, gint dx, gint dy)
{
  gint width = self->from->width, height = self->from->height;
  gint left, right, top, bottom;
  guint cost;

  if (self->x + dx < 0 || self->right + dx > width || self->y + dy < 0
      || self->bottom + dy > height)
    return;
  left = MAX (MAX (self->x - MARGIN, 0), -dx);
  top = MAX (MAX (self->y - MARGIN, 0), -dy);
  right = MIN (MIN (self->right + MARGIN, width), width - dx);
  bottom = MIN (MIN (self->bottom + MARGIN, height), height - dy);
  cost = get_difference (gst_sod_plane_row (self->from, top) + left,
      self->from->stride, gst_sod_plane_row (self->to, top + dy) + left + dx,
      self->to->stride, right - left, bottom - top);
  /* Windows cut by the edge stand for whole ones. */
  cost = (guint) ((guint64) cost * WINDOW * WINDOW
                  / ((right - left) * (bottom - top)));
  cost += STILLNESS * (ABS (dx) + ABS (dy));
  if (cost < self->cost) {
    self->cost = cost;
    self->best = (Vector){ (gint16) dx, (gint16) dy };
  }
}

static Vector
search_block (const GstSodPlane *from, const GstSodPlane *to, gint x, gint y,
    const Vector *start, gint range)
{
  Search search = { from, to, x, y, MIN (x + BLOCK, from->width),
    MIN (y + BLOCK, from->height), { 0, 0 }, G_MAXUINT };

  try_vector (&search, 0, 0);
  for (gint dy = -range; dy <= range; dy++) {
    for (gint dx = -range; dx <= range; dx++)
      try_vector (&search, start->x + dx, start->y + dy);
  }
  return search.best;
}

/* Where each block of @from is found in @to: @motion and @coarse are
 * (blocks down, blocks across) of the largest size. */
static void
estimate (
    const Pyramid *from, const Pyramid *to, Vector *motion, Vector *coarse)
{
  static const Vector still = { 0, 0 };
  gint coarse_across = 0, coarse_down = 0;

  for (gint level = from->n_levels - 1; level >= 0; level--) {
    const GstSodPlane *plane = &from->levels[level];
    gint across = get_blocks (plane->width), down = get_blocks (plane->height);

    for (gint i = 0; i < across * down; i++) {
      gint column = i % across, row = i / across;
      Vector start = still;

      if (coarse_across > 0) {
        start = coarse[MIN (row / 2, coarse_down - 1) * coarse_across
                       + MIN (column / 2, coarse_across - 1)];
        start.x *= 2;
        start.y *= 2;
      }
      motion[i] = search_block (plane, &to->levels[level], column * BLOCK,
          row * BLOCK, &start, coarse_across > 0 ? FINE_RANGE : COARSE_RANGE);
    }
    if (level > 0)
      memcpy (coarse, motion, sizeof (*motion) * across * down);
    coarse_across = across;
    coarse_down = down;
  }
}

static gboolean
is_occluded (Vector there, Vector back)
{
  gdouble x = there.x + back.x, y = there.y + back.y;
  gdouble length = (gdouble) there.x * there.x + (gdouble) there.y * there.y
                   + (gdouble) back.x * back.x + (gdouble) back.y * back.y;

  return x * x + y * y > 0.01 * length + 0.5;
}

static gdouble
compare (const GstSodPlane *map, const GstSodPlane *previous,
    const Vector *backward, const Vector *forward)
{
  gint across = get_blocks (map->width);
  guint64 sum = 0, n = 0;

  for (gint y = 0; y < map->height; y++) {
    const guint8 *row = gst_sod_plane_row (map, y);

    for (gint x = 0; x < map->width; x++) {
      Vector to = backward[(gsize) (y / BLOCK) * across + x / BLOCK];
      gint px = x + to.x, py = y + to.y;
      gint difference;

      if (is_occluded (to, forward[(gsize) (py / BLOCK) * across + px / BLOCK]))
        continue;
      difference = row[x] - gst_sod_plane_row (previous, py)[px];
      sum += difference * difference;
      n++;
    }
  }
  return n > 0 ? sum / (255.0 * 255.0) / n : NAN;
}

gboolean
gst_sod_get_warping_error (const GstSodPlane *picture,
    const GstSodPlane *previous, const GstSodPlane *map,
    const GstSodPlane *previous_map, GstSodScratch *scratch,
    gdouble *warping_error, GError **error)
{
  gsize n = (gsize) picture->width * picture->height;
  gsize n_blocks =
      (gsize) get_blocks (picture->width) * get_blocks (picture->height);
  Pyramid now, before;
  Vector *vectors;
  guint8 *pixels;

  pixels = gst_sod_scratch_take (
      scratch, GST_SOD_SCRATCH_PYRAMIDS, 2, n / 2 + 1, NULL, error);
  if (pixels == NULL)
    return FALSE;
  vectors = gst_sod_scratch_take (scratch, GST_SOD_SCRATCH_MOTION, n_blocks,
      3 * sizeof (*vectors), NULL, error);
  if (vectors == NULL)
    return FALSE;
  fill_pyramid (&now, picture, pixels);
  fill_pyramid (&before, previous, pixels + n / 2 + 1);
  estimate (&now, &before, vectors, vectors + 2 * n_blocks);
  estimate (&before, &now, vectors + n_blocks, vectors + 2 * n_blocks);
  *warping_error = compare (map, previous_map, vectors, vectors + n_blocks);
  return TRUE;
}
