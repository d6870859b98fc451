/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The edges between foreground and background are followed along the sides of
 * pixels, foreground to the right, so that regions run clockwise (on a screen)
 * and holes the other way. Pixels that touch at a corner only are of two
 * regions. Lines are then straightened (Douglas and Peucker, "Algorithms for
 * the reduction of the number of points required to represent a digitized line
 * or its caricature", 1973). */
#include <gst-sod/data/contours-private.h>

#include <math.h>

typedef struct
{
  gdouble x, y;
} Point;

/* A closed line; area is over 0 for a region, under 0 for a hole. */
typedef struct
{
  GArray *points; /* of Point */
  gdouble area;
  GArray *holes; /* of guint, indices of loops; of a region */
} Loop;

typedef struct
{
  gint width, height;
  guint8 *inside;  /* (height, width): is foreground */
  guint8 *visited; /* (height, width): its upper side was followed */
  GArray *loops;   /* of Loop */
} Tracer;

static void
clear_loop (gpointer data)
{
  g_array_unref (((Loop *) data)->points);
  g_array_unref (((Loop *) data)->holes);
}

static gboolean
is_inside (const Tracer *self, gint x, gint y)
{
  return x >= 0 && y >= 0 && x < self->width && y < self->height
         && self->inside[(gsize) y * self->width + x] != 0;
}

static gdouble
area_of (const GArray *points)
{
  gdouble area = 0;

  for (guint i = 0; i < points->len; i++) {
    const Point *a = &g_array_index (points, Point, i);
    const Point *b = &g_array_index (points, Point, (i + 1) % points->len);

    area += a->x * b->y - b->x * a->y;
  }
  return area / 2;
}

/* ---- following ---- */

/* Directions: 0 right, 1 down, 2 left, 3 up; and the pixels ahead to the left
 * and right of who comes to a corner with them. */
static const gint step_x[4] = { 1, 0, -1, 0 };
static const gint step_y[4] = { 0, 1, 0, -1 };
static const gint left_x[4] = { 0, 0, -1, -1 };
static const gint left_y[4] = { -1, 0, 0, -1 };
static const gint right_x[4] = { 0, -1, -1, 0 };
static const gint right_y[4] = { 0, 0, -1, -1 };

/* From the left end of the upper side of a pixel back to it. */
static GArray *
follow (Tracer *self, gint start_x, gint start_y)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (Point));
  gint x = start_x, y = start_y, direction = 0;

  do {
    guint turn;

    if (direction == 0)
      self->visited[(gsize) y * self->width + x] = 1;
    x += step_x[direction];
    y += step_y[direction];
    if (!is_inside (self, x + right_x[direction], y + right_y[direction]))
      turn = 1;
    else if (is_inside (self, x + left_x[direction], y + left_y[direction]))
      turn = 3;
    else
      turn = 0;
    if (turn != 0) {
      Point corner = { x, y };

      g_array_append_val (points, corner);
    }
    direction = (direction + (gint) turn) % 4;
  } while (x != start_x || y != start_y || direction != 0);
  return points;
}

static void
trace (Tracer *self)
{
  for (gint y = 0; y < self->height; y++) {
    for (gint x = 0; x < self->width; x++) {
      Loop loop;

      if (!is_inside (self, x, y) || is_inside (self, x, y - 1)
          || self->visited[(gsize) y * self->width + x] != 0)
        continue;
      loop.points = follow (self, x, y);
      loop.area = area_of (loop.points);
      loop.holes = g_array_new (FALSE, FALSE, sizeof (guint));
      g_array_append_val (self->loops, loop);
    }
  }
}

/* ---- straightening ---- */

static gdouble
distance (const Point *p, const Point *a, const Point *b)
{
  gdouble dx = b->x - a->x, dy = b->y - a->y;
  gdouble length = hypot (dx, dy);

  if (length <= 0)
    return hypot (p->x - a->x, p->y - a->y);
  return fabs (dx * (p->y - a->y) - dy * (p->x - a->x)) / length;
}

/* Keeps of the points between @first and @last (which may be the number of
 * points: the first again) those that lie off. */
static void
straighten (const GArray *points, guint first, guint last, gdouble tolerance,
    guint8 *kept)
{
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (guint));

  g_array_append_val (spans, first);
  g_array_append_val (spans, last);
  while (spans->len > 0) {
    guint to = g_array_index (spans, guint, spans->len - 1);
    guint from = g_array_index (spans, guint, spans->len - 2);
    guint farthest = 0;
    gdouble most = tolerance;

    g_array_set_size (spans, spans->len - 2);
    for (guint i = from + 1; i < to; i++) {
      gdouble off = distance (&g_array_index (points, Point, i),
          &g_array_index (points, Point, from),
          &g_array_index (points, Point, to % points->len));

      if (off > most) {
        most = off;
        farthest = i;
      }
    }
    if (farthest == 0)
      continue;
    kept[farthest] = 1;
    g_array_append_val (spans, from);
    g_array_append_val (spans, farthest);
    g_array_append_val (spans, farthest);
    g_array_append_val (spans, to);
  }
}

/* The middles of the sides of pixels that a line follows: on them a slanted
 * edge is straight already. */
static void
take_middles (Loop *loop)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (Point));

  for (guint i = 0; i < loop->points->len; i++) {
    const Point *a = &g_array_index (loop->points, Point, i);
    const Point *b =
        &g_array_index (loop->points, Point, (i + 1) % loop->points->len);
    gdouble length = fabs (b->x - a->x) + fabs (b->y - a->y);

    for (gdouble at = 0.5; at < length; at += 1) {
      Point middle = { a->x + (b->x - a->x) * at / length,
        a->y + (b->y - a->y) * at / length };

      g_array_append_val (points, middle);
    }
  }
  g_array_unref (loop->points);
  loop->points = points;
}

/* The first point and the one farthest from it stay. */
static void
simplify (Loop *loop, gdouble tolerance)
{
  const Point *first = &g_array_index (loop->points, Point, 0);
  guint n = loop->points->len, opposite = 0;
  g_autofree guint8 *kept = g_new0 (guint8, n);
  GArray *points;
  gdouble most = 0;

  for (guint i = 1; i < n; i++) {
    const Point *point = &g_array_index (loop->points, Point, i);
    gdouble off = hypot (point->x - first->x, point->y - first->y);

    if (off > most) {
      most = off;
      opposite = i;
    }
  }
  kept[0] = kept[opposite] = 1;
  straighten (loop->points, 0, opposite, tolerance, kept);
  straighten (loop->points, opposite, n, tolerance, kept);
  points = g_array_new (FALSE, FALSE, sizeof (Point));
  for (guint i = 0; i < n; i++) {
    if (kept[i])
      g_array_append_val (points, g_array_index (loop->points, Point, i));
  }
  /* What is left of something narrow is no area any more. */
  if (points->len < 3) {
    g_array_unref (points);
    return;
  }
  g_array_unref (loop->points);
  loop->points = points;
}

/* ---- holes ---- */

static gboolean
contains (const GArray *points, gdouble x, gdouble y)
{
  gboolean inside = FALSE;

  for (guint i = 0; i < points->len; i++) {
    const Point *a = &g_array_index (points, Point, i);
    const Point *b = &g_array_index (points, Point, (i + 1) % points->len);

    if ((a->y <= y) != (b->y <= y)
        && x < a->x + (y - a->y) * (b->x - a->x) / (b->y - a->y))
      inside = !inside;
  }
  return inside;
}

/* The smallest region that lies around the first corner of a hole. Just before
 * that corner, a pixel to the right of the line is of the region. */
static void
find_region (const Tracer *self, guint hole)
{
  const Loop *it = &g_array_index (self->loops, Loop, hole);
  const Point *a = &g_array_index (it->points, Point, it->points->len - 1);
  const Point *b = &g_array_index (it->points, Point, 0);
  gdouble length = hypot (b->x - a->x, b->y - a->y);
  gdouble dx = (b->x - a->x) / length, dy = (b->y - a->y) / length;
  gdouble x = b->x - dx / 2 - dy / 2, y = b->y - dy / 2 + dx / 2;
  Loop *best = NULL;

  for (guint i = 0; i < self->loops->len; i++) {
    Loop *loop = &g_array_index (self->loops, Loop, i);

    if (loop->area > 0 && (best == NULL || loop->area < best->area)
        && contains (loop->points, x, y))
      best = loop;
  }
  if (best != NULL)
    g_array_append_val (best->holes, hole);
}

/* Puts the hole into the region's line where they come nearest. */
static void
join (GArray *points, const GArray *hole)
{
  g_autoptr (GArray) way = g_array_new (FALSE, FALSE, sizeof (Point));
  guint at = 0, from = 0;
  gdouble least = G_MAXDOUBLE;

  for (guint i = 0; i < points->len; i++) {
    const Point *a = &g_array_index (points, Point, i);

    for (guint j = 0; j < hole->len; j++) {
      const Point *b = &g_array_index (hole, Point, j);
      gdouble off =
          (a->x - b->x) * (a->x - b->x) + (a->y - b->y) * (a->y - b->y);

      if (off < least) {
        least = off;
        at = i;
        from = j;
      }
    }
  }
  for (guint j = 0; j <= hole->len; j++)
    g_array_append_val (
        way, g_array_index (hole, Point, (from + j) % hole->len));
  g_array_append_val (way, g_array_index (points, Point, at));
  g_array_insert_vals (points, at + 1, way->data, way->len);
}

static GArray *
make_polygon (const Tracer *self, const Loop *region)
{
  g_autoptr (GArray) points = g_array_copy (region->points);
  GArray *polygon = g_array_new (FALSE, FALSE, sizeof (gdouble));

  for (guint i = 0; i < region->holes->len; i++)
    join (points, g_array_index (self->loops, Loop,
                      g_array_index (region->holes, guint, i))
                      .points);
  g_array_append_vals (polygon, points->data, 2 * points->len);
  return polygon;
}

static void
threshold (Tracer *self, const GstSodImage *mask, guint level)
{
  for (gint y = 0; y < self->height; y++) {
    for (gint x = 0; x < self->width; x++)
      self->inside[(gsize) y * self->width + x] =
          gst_sod_component_code (&mask->components[0], y, x) > level;
  }
}

GPtrArray *
gst_sod_contours_find (const GstSodImage *mask, const GstSodContourRule *rule)
{
  gsize n = (gsize) mask->width * mask->height;
  Tracer tracer = { mask->width, mask->height, g_new0 (guint8, n),
    g_new0 (guint8, n), g_array_new (FALSE, FALSE, sizeof (Loop)) };
  GPtrArray *polygons =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);

  g_array_set_clear_func (tracer.loops, clear_loop);
  threshold (&tracer, mask, rule->threshold);
  trace (&tracer);
  for (guint i = 0; i < tracer.loops->len; i++) {
    const Loop *loop = &g_array_index (tracer.loops, Loop, i);

    if (loop->area < 0 && -loop->area >= rule->min_area)
      find_region (&tracer, i);
  }
  for (guint i = 0; i < tracer.loops->len && rule->tolerance > 0; i++) {
    take_middles (&g_array_index (tracer.loops, Loop, i));
    simplify (&g_array_index (tracer.loops, Loop, i), rule->tolerance);
  }
  for (guint i = 0; i < tracer.loops->len; i++) {
    const Loop *loop = &g_array_index (tracer.loops, Loop, i);

    if (loop->area > 0 && loop->area >= rule->min_area)
      g_ptr_array_add (polygons, make_polygon (&tracer, loop));
  }
  g_array_unref (tracer.loops);
  g_free (tracer.inside);
  g_free (tracer.visited);
  return polygons;
}
