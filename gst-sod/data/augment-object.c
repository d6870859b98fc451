/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frame before a still in which its object moved against what is behind it.
 * What it hid there is filled in from around it, by pulling the seen pixels
 * into ever smaller pictures and pushing them back into the holes (Gortler et
 * al., "The lumigraph", 1996, section 3.4). */
#include <string.h>

#include <gst-sod/core/hot-private.h>
#include <gst-sod/data/augment-private.h>

/* Of 255: a pixel of which the object covers more is hidden. */
#define HIDDEN 1
#define N_PLANES 4 /* red, green, blue, and how much of a pixel is seen */

/* One size of the pyramid. */
typedef struct
{
  gfloat *planes[N_PLANES]; /* (height, width) each; colours are divided by
                               what is seen once they are pushed back */
  gint width, height;
} Level;

#define MAX_LEVELS 16

typedef struct
{
  Level levels[MAX_LEVELS];
  guint n;
} Pyramid;

static gsize
get_n (const Level *level)
{
  return (gsize) level->width * level->height;
}

/* Floats of a pyramid over (height, width), the lowest level's colours, which
 * are the picture's, left out. */
static gsize
init_pyramid (Pyramid *self, gint width, gint height)
{
  gsize n = get_n (&(Level){ .width = width, .height = height });

  self->n = 0;
  for (;;) {
    Level *level = &self->levels[self->n++];

    *level = (Level){ .width = width, .height = height };
    if (self->n > 1)
      n += N_PLANES * get_n (level);
    if ((width == 1 && height == 1) || self->n == MAX_LEVELS)
      return n;
    width = (width + 1) / 2;
    height = (height + 1) / 2;
  }
}

static void
place_pyramid (Pyramid *self, gfloat *rgb, gfloat *memory)
{
  for (guint i = 0; i < self->n; i++) {
    Level *level = &self->levels[i];

    for (guint c = 0; c < N_PLANES; c++) {
      if (i == 0 && c < 3) {
        level->planes[c] = rgb + c * get_n (level);
        continue;
      }
      level->planes[c] = memory;
      memory += get_n (level);
    }
  }
}

/* Of each pixel and its neighbours in the row the most. */
GST_SOD_HOT_INLINE void
spread (const gfloat *restrict from, gint width, gfloat *restrict to)
{
  for (gint x = 1; x < width - 1; x++) {
    gfloat beside = from[x - 1] > from[x + 1] ? from[x - 1] : from[x + 1];

    to[x] = from[x] > beside ? from[x] : beside;
  }
  to[0] = width > 1 ? MAX (from[0], from[1]) : from[0];
  to[width - 1] = width > 1 ? MAX (from[width - 2], from[width - 1]) : from[0];
}

/* 1 where none of three rows covers anything. */
GST_SOD_HOT_INLINE void
mark_row (const gfloat *restrict above, const gfloat *restrict here,
    const gfloat *restrict below, gint width, gfloat *restrict seen)
{
  for (gint x = 0; x < width; x++) {
    gfloat most = above[x] > below[x] ? above[x] : below[x];

    most = here[x] > most ? here[x] : most;
    seen[x] = most > HIDDEN ? 0 : 1;
  }
}

/* What is seen: pixels that the object covers nothing of, and no neighbour
 * either. @memory: three rows of room. */
GST_SOD_HOT static void
mark_seen (const gfloat *mask, Level *level, gfloat *memory)
{
  gint width = level->width, height = level->height;

  spread (mask, width, memory);
  for (gint y = 0; y < height; y++) {
    gint above = MAX (y - 1, 0), below = MIN (y + 1, height - 1);

    if (below > y)
      spread (mask + (gsize) below * width, width,
          memory + (gsize) (below % 3) * width);
    mark_row (memory + (gsize) (above % 3) * width,
        memory + (gsize) (y % 3) * width, memory + (gsize) (below % 3) * width,
        width, level->planes[3] + (gsize) y * width);
  }
}

/* A pixel of @to, (@x, @y), is the mean of what is seen of its four of @from,
 * or of those of them that there are. */
static void
pull_edge (const Level *from, Level *to, gint x, gint y)
{
  gsize at = (gsize) y * to->width + x;
  gfloat sums[N_PLANES] = { 0 };

  for (gint v = 2 * y; v < MIN (2 * y + 2, from->height); v++) {
    for (gint u = 2 * x; u < MIN (2 * x + 2, from->width); u++) {
      gsize i = (gsize) v * from->width + u;
      gfloat seen = from->planes[3][i];

      for (guint c = 0; c < 3; c++)
        sums[c] += seen * from->planes[c][i];
      sums[3] += seen;
    }
  }
  for (guint c = 0; c < 3; c++)
    to->planes[c][at] = sums[3] > 0 ? sums[c] / sums[3] : 0;
  to->planes[3][at] = MIN (sums[3], 1);
}

/* @n pixels of plane @c, all of whose four there are. @seen, @from: of the
 * upper row, the lower one @stride behind it. */
GST_SOD_HOT_INLINE void
pull_row (const gfloat *restrict seen, const gfloat *restrict from,
    gsize stride, gint n, gfloat *restrict to)
{
  for (gint x = 0; x < n; x++) {
    const gfloat *s = seen + 2 * x, *v = from + 2 * x;
    gfloat total = s[0] + s[1] + s[stride] + s[stride + 1];
    gfloat sum = s[0] * v[0] + s[1] * v[1] + s[stride] * v[stride]
                 + s[stride + 1] * v[stride + 1];

    to[x] = total > 0 ? sum / total : 0;
  }
}

GST_SOD_HOT_INLINE void
pull_seen (
    const gfloat *restrict seen, gsize stride, gint n, gfloat *restrict to)
{
  for (gint x = 0; x < n; x++) {
    const gfloat *s = seen + 2 * x;
    gfloat total = s[0] + s[1] + s[stride] + s[stride + 1];

    to[x] = total < 1 ? total : 1;
  }
}

GST_SOD_HOT static void
pull (const Level *from, Level *to)
{
  gint whole = from->width / 2;
  gsize stride = (gsize) from->width;

  for (gint y = 0; y < from->height / 2; y++) {
    gsize upper = (gsize) (2 * y) * stride, row = (gsize) y * to->width;
    const gfloat *seen = from->planes[3] + upper;

    for (guint c = 0; c < 3; c++)
      pull_row (
          seen, from->planes[c] + upper, stride, whole, to->planes[c] + row);
    pull_seen (seen, stride, whole, to->planes[3] + row);
    if (whole < to->width)
      pull_edge (from, to, whole, y);
  }
  if (from->height % 2 != 0) {
    for (gint x = 0; x < to->width; x++)
      pull_edge (from, to, x, to->height - 1);
  }
}

/* @plane (height, width) between its pixels: at those of twice its size. */
static gfloat
look_between (const gfloat *plane, const Level *level, gint x, gint y)
{
  gint left = MAX (x - 1, 0) / 2, top = MAX (y - 1, 0) / 2;
  gint right = MIN (left + 1, level->width - 1);
  gint bottom = MIN (top + 1, level->height - 1);
  gfloat across = x % 2 != 0 ? 0.25f : x == 0 ? 0 : 0.75f;
  gfloat down = y % 2 != 0 ? 0.25f : y == 0 ? 0 : 0.75f;
  const gfloat *upper = plane + (gsize) top * level->width;
  const gfloat *lower = plane + (gsize) bottom * level->width;

  return (1 - down) * ((1 - across) * upper[left] + across * upper[right])
         + down * ((1 - across) * lower[left] + across * lower[right]);
}

/* Holes of @to become what @from shows there. */
static void
push (const Level *from, Level *to)
{
  for (gint y = 0; y < to->height; y++) {
    for (gint x = 0; x < to->width; x++) {
      gsize at = (gsize) y * to->width + x;
      gfloat seen = to->planes[3][at];

      if (seen >= 1)
        continue;
      for (guint c = 0; c < 3; c++)
        to->planes[c][at] =
            seen * to->planes[c][at]
            + (1 - seen) * look_between (from->planes[c], from, x, y);
    }
  }
}

gsize
gst_sod_inpaint_get_n_floats (gint width, gint height)
{
  Pyramid pyramid;

  return init_pyramid (&pyramid, width, height) + 3 * (gsize) width;
}

void
gst_sod_inpaint (
    gfloat *rgb, const gfloat *mask, gint width, gint height, gfloat *memory)
{
  Pyramid pyramid;
  gsize n = init_pyramid (&pyramid, width, height);

  place_pyramid (&pyramid, rgb, memory);
  mark_seen (mask, &pyramid.levels[0], memory + n);
  for (guint i = 1; i < pyramid.n; i++)
    pull (&pyramid.levels[i - 1], &pyramid.levels[i]);
  /* Where nothing at all is seen there is nothing to fill in. */
  if (pyramid.levels[pyramid.n - 1].planes[3][0] <= 0)
    return;
  for (guint i = pyramid.n - 1; i > 0; i--)
    push (&pyramid.levels[i], &pyramid.levels[i - 1]);
}

GST_SOD_HOT static void
composite_plane (gfloat *restrict to, const gfloat *restrict from,
    const gfloat *restrict mask, gsize n)
{
  for (gsize i = 0; i < n; i++)
    to[i] += (from[i] - to[i]) * mask[i] / 255;
}

void
gst_sod_composite (gfloat *rgb, const gfloat *from, const gfloat *mask, gsize n)
{
  for (guint c = 0; c < 3; c++)
    composite_plane (rgb + c * n, from + c * n, mask, n);
}
