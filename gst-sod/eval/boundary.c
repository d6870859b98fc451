/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The contour measure F of DAVIS (Perazzi et al., "A Benchmark Dataset and
 * Evaluation Methodology for Video Object Segmentation", 2016): contour pixels
 * match where the other contour lies within a disk, 0.008 of the diagonal in
 * radius. A row is a string of bits, so that 64 pixels are widened at once. */
#include <gst-sod/eval/sample-private.h>

#include <math.h>
#include <string.h>

#define BITS 64

/* (height, words) */
typedef struct
{
  guint64 *bits;
  gint words, height;
} Bitmap;

static guint64 *
get_row (const Bitmap *self, gint y)
{
  return self->bits + (gsize) y * self->words;
}

/* Bits of the codes at or above @level. Eight bytes that are 0 or 1 become
 * eight bits in one multiplication. */
static void
fill_mask_row (
    guint64 *bits, gint words, const guint8 *row, gint width, gint level)
{
  for (gint i = 0; i < words; i++) {
    gint n = MIN (BITS, width - i * BITS);
    guint8 set[BITS] = { 0 };
    guint64 word = 0;

    for (gint j = 0; j < n; j++)
      set[j] = row[i * BITS + j] >= level;
    for (gint j = 0; j < 8; j++) {
      guint64 eight;

      memcpy (&eight, set + 8 * j, sizeof (eight));
      eight = GUINT64_FROM_LE (eight) * 0x0102040810204080u >> 56;
      word |= eight << 8 * j;
    }
    bits[i] = word;
  }
}

/* Where the mask differs from the pixel to the right, below or both; pixels of
 * the last row and column have one neighbour, the last pixel none. */
static void
fill_contour_row (guint64 *contour, const guint64 *mask, const guint64 *below,
    gint words, gint width)
{
  guint64 last = (guint64) 1 << (width - 1) % BITS, edge = 0;

  for (gint i = 0; i < words; i++) {
    guint64 here = mask[i], right = here >> 1, corner;

    if (i + 1 < words)
      right |= mask[i + 1] << (BITS - 1);
    contour[i] = here ^ right;
    if (below == NULL)
      continue;
    corner = below[i] >> 1;
    if (i + 1 < words)
      corner |= below[i + 1] << (BITS - 1);
    contour[i] |= (here ^ below[i]) | (here ^ corner);
    edge = (here ^ below[i]) & last;
  }
  contour[words - 1] = (contour[words - 1] & ~last) | edge;
}

/* The rows of @contour hold the mask on the way: row y is overwritten once
 * rows y and y + 1 of the mask have been read. */
static void
fill_contour (Bitmap *contour, const GstSodPlane *plane, gint level)
{
  gint words = contour->words, width = plane->width, height = plane->height;

  fill_mask_row (
      get_row (contour, 0), words, gst_sod_plane_row (plane, 0), width, level);
  for (gint y = 0; y < height; y++) {
    guint64 *row = get_row (contour, y), *next = NULL;

    if (y + 1 < height) {
      next = get_row (contour, y + 1);
      fill_mask_row (
          next, words, gst_sod_plane_row (plane, y + 1), width, level);
    }
    fill_contour_row (row, row, next, words, width);
  }
}

static guint64
count_both (const Bitmap *a, const Bitmap *b)
{
  gsize n = (gsize) a->words * a->height;
  guint64 count = 0;

  for (gsize i = 0; i < n; i++)
    count += __builtin_popcountll (a->bits[i] & b->bits[i]);
  return count;
}

/* @row moved @by bits to higher (@by > 0) or lower columns, added to @sum. */
static void
add_moved (guint64 *sum, const guint64 *row, gint words, gint by)
{
  gint far = ABS (by) / BITS, near = ABS (by) % BITS;

  for (gint i = 0; i < words - far; i++) {
    if (by > 0) {
      sum[i + far] |= row[i] << near;
      if (near > 0 && i + far + 1 < words)
        sum[i + far + 1] |= row[i] >> (BITS - near);
    } else {
      sum[i] |= row[i + far] >> near;
      if (near > 0 && i + far + 1 < words)
        sum[i] |= row[i + far + 1] << (BITS - near);
    }
  }
}

/* Half the width of the disk's line @dy: x^2 + dy^2 <= radius^2. */
static gint
get_half_width (gint radius, gint dy)
{
  gint64 rest = (gint64) radius * radius - (gint64) dy * dy;
  gint half = (gint) sqrt ((gdouble) rest);

  while ((gint64) half * half > rest)
    half--;
  while ((gint64) (half + 1) * (half + 1) <= rest)
    half++;
  return half;
}

static void
add_row (Bitmap *self, gint y, const guint64 *row)
{
  guint64 *to;

  if (y < 0 || y >= self->height)
    return;
  to = get_row (self, y);
  for (gint i = 0; i < self->words; i++)
    to[i] |= row[i];
}

/* @wide is @contour widened by a disk; @row is one row to work in. Bits past
 * the last column are never asked for: no contour has them. */
static void
widen (Bitmap *wide, const Bitmap *contour, gint radius, guint64 *row)
{
  gint words = contour->words;

  memset (wide->bits, 0, (gsize) words * wide->height * sizeof (*row));
  for (gint y = 0; y < contour->height; y++) {
    const guint64 *from = get_row (contour, y);
    guint64 any = 0;
    gint half = 0;

    for (gint i = 0; i < words; i++)
      any |= from[i];
    if (any == 0)
      continue;
    memcpy (row, from, words * sizeof (*row));
    for (gint dy = radius; dy >= 0; dy--) {
      for (; half < get_half_width (radius, dy); half++) {
        add_moved (row, from, words, half + 1);
        add_moved (row, from, words, -(half + 1));
      }
      add_row (wide, y - dy, row);
      add_row (wide, y + dy, row);
    }
  }
}

gboolean
gst_sod_sample_get_boundary_f (const GstSodSample *self, GstSodScratch *scratch,
    gdouble *boundary_f, GError **error)
{
  gint width = self->map.width, height = self->map.height;
  gint words = (width + BITS - 1) / BITS;
  gint radius = (gint) ceil (
      0.008 * sqrt ((gdouble) width * width + (gdouble) height * height));
  gsize size = (gsize) words * height;
  gint level = 0;
  gdouble precision, recall;
  guint64 n_map, n_truth;
  Bitmap map, truth, wide;
  guint64 *bits;

  bits = gst_sod_scratch_take (scratch, GST_SOD_SCRATCH_CONTOURS,
      3 * size + words, sizeof (*bits), NULL, error);
  if (bits == NULL)
    return FALSE;
  map = (Bitmap){ bits, words, height };
  truth = (Bitmap){ bits + size, words, height };
  wide = (Bitmap){ bits + 2 * size, words, height };
  while (level < 256
         && (self->counts[0][level] + self->counts[1][level] == 0
             || self->p[level] < 0.5))
    level++;
  fill_contour (&map, &self->map, level);
  fill_contour (&truth, &self->truth, GST_SOD_TRUTH_LEVEL + 1);
  n_map = count_both (&map, &map);
  n_truth = count_both (&truth, &truth);

  /* An empty contour has no wrong pixels, and misses none of an empty one. */
  precision = n_map == 0;
  recall = n_truth == 0;
  if (n_map > 0 && n_truth > 0) {
    widen (&wide, &truth, radius, bits + 3 * size);
    precision = (gdouble) count_both (&map, &wide) / n_map;
    widen (&wide, &map, radius, bits + 3 * size);
    recall = (gdouble) count_both (&truth, &wide) / n_truth;
  }
  *boundary_f = precision + recall == 0
                    ? 0
                    : 2 * precision * recall / (precision + recall);
  return TRUE;
}
