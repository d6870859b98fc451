/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Affine maps in two passes (Catmull and Smith, "3-D transformations of images
 * in scanline order", 1980), built for speed: along the source's rows, each
 * with an offset of its own where the map turns, then along the columns, where
 * each has one. Both filter with the input rule's triangle, as wide as the
 * step where that is over one sample, so a map without a turn is exactly that
 * rule. */
#include <math.h>
#include <string.h>

#include <gst-sod/core/hot-private.h>
#include <gst-sod/data/augment-private.h>

/* One pass: output x looks at the position step * x + its line's offset. */
typedef struct
{
  gfloat step;
  gfloat radius; /* of the triangle, samples */
  gint n_taps;
  gint low, n;   /* samples that are read: low .. low + n - 1 */
  gint n_source; /* samples that there are */
  gboolean reflects;
} Pass;

/* Samples and weights of a line's outputs. */
typedef struct
{
  gint *first;     /* (width), counted from low */
  gfloat *weights; /* (n_taps, width) */
  gfloat *total;   /* (width) */
} Taps;

static void
init_pass (Pass *pass, gdouble step, gdouble radius, gdouble min, gdouble max,
    gint n_source, gboolean reflects)
{
  pass->step = (gfloat) step;
  pass->radius = (gfloat) MAX (radius, 1);
  pass->n_taps = (gint) ceil (2 * MAX (radius, 1));
  pass->low = (gint) floor (min - pass->radius) - 1;
  pass->n = (gint) ceil (max + pass->radius) + 2 - pass->low + pass->n_taps;
  pass->n_source = n_source;
  pass->reflects = reflects;
}

/* Outside of the source, where it is not reflected, nothing is weighed. */
GST_SOD_HOT static void
weigh (const Pass *restrict pass, gint width, gint *restrict first,
    gfloat *restrict total, gfloat *restrict weights, gfloat offset, gint tap)
{
  gfloat step = pass->step, radius = pass->radius, factor = 1 / radius;
  gfloat last = (gfloat) (pass->n_source - 1);
  gint low = pass->low;
  gboolean reflects = pass->reflects;

  for (gint x = 0; x < width; x++) {
    gfloat position = step * (gfloat) x + offset;
    gfloat at = ceilf (position - radius);
    gfloat sample = at + (gfloat) tap;
    gfloat weight = 1 - fabsf (sample - position) * factor;

    weight = weight > 0 ? weight : 0;
    weight = reflects || (sample >= 0 && sample <= last) ? weight : 0;
    first[x] = (gint) at - low;
    total[x] = tap == 0 ? weight : total[x] + weight;
    weights[x] = weight;
  }
}

GST_SOD_HOT static void
divide (gint width, const gfloat *restrict total, gfloat *restrict weights)
{
  for (gint x = 0; x < width; x++)
    weights[x] /= total[x] > 0 ? total[x] : 1;
}

static void
fill_taps (const Pass *pass, gint width, gfloat offset, const Taps *taps)
{
  for (gint k = 0; k < pass->n_taps; k++)
    weigh (pass, width, taps->first, taps->total,
        taps->weights + (gsize) k * width, offset, k);
  for (gint k = 0; k < pass->n_taps; k++)
    divide (width, taps->total, taps->weights + (gsize) k * width);
}

/* out[x] = or += weights[x] * line[first[x]] */
GST_SOD_HOT static void
gather (gint width, const gint *restrict first, const gfloat *restrict weights,
    const gfloat *restrict line, gfloat *restrict out, gboolean adds)
{
  if (adds) {
    for (gint x = 0; x < width; x++)
      out[x] += weights[x] * line[first[x]];
  } else {
    for (gint x = 0; x < width; x++)
      out[x] = weights[x] * line[first[x]];
  }
}

/* Place in the source of sample @index, which may be outside. */
static gint
fold (const Pass *pass, gint index)
{
  gint n = pass->n_source, place;

  if (!pass->reflects)
    return CLAMP (index, 0, n - 1);
  place = index % (2 * n);
  place = place < 0 ? place + 2 * n : place;
  return place < n ? place : 2 * n - 1 - place;
}

/* A source row as floats, with what is read of its outside. */
static void
unpack (const Pass *pass, const guint8 *row, gint pixel_stride, gfloat *line)
{
  gint end = pass->low + pass->n;
  gint inside = MIN (end, pass->n_source);
  gint i = pass->low;

  for (; i < MIN (0, end); i++)
    line[i - pass->low] = row[(gssize) fold (pass, i) * pixel_stride];
  for (; i < inside; i++)
    line[i - pass->low] = row[(gssize) i * pixel_stride];
  for (; i < end; i++)
    line[i - pass->low] = row[(gssize) fold (pass, i) * pixel_stride];
}

typedef struct
{
  Pass rows, columns; /* of the first pass, of the second */
  gdouble rows_offset, rows_slope;
  gdouble columns_offset, columns_step; /* by y; its slope is columns.step */
  gint width, height;
  Taps taps;
  gfloat *line;   /* (rows.n) */
  gint *place;    /* (width) */
  gfloat *middle; /* (planes, columns.n, width): between passes */
} Plan;

/* v = e y + d x + f solved for y, in u = a x + b y + c. */
static void
init_plan (Plan *plan, const GstSodWarp *warp, gint source_width,
    gint source_height, gint width, gint height)
{
  gdouble slope = warp->u[1] / warp->v[1];
  gdouble step = warp->u[0] - slope * warp->v[0];
  gdouble offset = warp->u[2] - slope * warp->v[2];
  gdouble x = width - 1, y = height - 1, min, max;

  *plan = (Plan){ .width = width,
    .height = height,
    .rows_offset = offset,
    .rows_slope = slope,
    .columns_offset = warp->v[2],
    .columns_step = warp->v[1] };
  min = warp->v[2] + MIN (0, warp->v[0] * x) + MIN (0, warp->v[1] * y);
  max = warp->v[2] + MAX (0, warp->v[0] * x) + MAX (0, warp->v[1] * y);
  init_pass (&plan->columns, warp->v[0], fabs (warp->v[1]), min, max,
      source_height, warp->reflects);
  y = plan->columns.low + plan->columns.n - 1;
  min = offset + MIN (0, step * x) + MIN (slope * plan->columns.low, slope * y);
  max = offset + MAX (0, step * x) + MAX (slope * plan->columns.low, slope * y);
  init_pass (
      &plan->rows, step, fabs (step), min, max, source_width, warp->reflects);
}

/* The arrays of @plan, all of 4-byte elements. */
static gboolean
allocate (
    Plan *plan, guint n_planes, GstSodWarpScratch *scratch, GError **error)
{
  gsize width = (gsize) plan->width;
  gsize n_taps = (gsize) MAX (plan->rows.n_taps, plan->columns.n_taps);
  gsize n_line = (gsize) plan->rows.n,
        n_middle = n_planes * plan->columns.n * width;
  gsize n = width * (n_taps + 3) + n_line + n_middle;
  gfloat *at;

  if (n > scratch->n_floats) {
    gfloat *memory = g_try_realloc_n (scratch->memory, n, sizeof (gfloat));

    if (memory == NULL) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
          "no memory to move a picture of %dx%d pixels; use smaller pictures",
          plan->rows.n_source, plan->columns.n_source);
      return FALSE;
    }
    scratch->memory = memory;
    scratch->n_floats = n;
  }
  at = scratch->memory;
  plan->taps.weights = at;
  plan->taps.total = at += width * n_taps;
  plan->taps.first = (gint *) (at += width);
  plan->place = (gint *) (at += width);
  plan->line = at += width;
  plan->middle = at + n_line;
  return TRUE;
}

static void
run_row (Plan *plan, const GstSodWarpPlane *plane, gint row, gfloat *out)
{
  const Pass *pass = &plan->rows;

  unpack (pass,
      plane->data + (gssize) fold (&plan->columns, row) * plane->stride,
      plane->pixel_stride, plan->line);
  for (gint k = 0; k < pass->n_taps; k++)
    gather (plan->width, plan->taps.first,
        plan->taps.weights + (gsize) k * plan->width, plan->line + k, out,
        k > 0);
}

static void
run_rows (Plan *plan, const GstSodWarpPlane *planes, guint n_planes)
{
  gboolean turns = plan->rows_slope != 0;

  for (gint i = 0; i < plan->columns.n; i++) {
    gint row = plan->columns.low + i;

    if (turns || i == 0)
      fill_taps (&plan->rows, plan->width,
          (gfloat) (plan->rows_offset + plan->rows_slope * row), &plan->taps);
    for (guint j = 0; j < n_planes; j++)
      run_row (plan, &planes[j], row,
          plan->middle + ((gsize) j * plan->columns.n + i) * plan->width);
  }
}

GST_SOD_HOT static void
place_columns (gint width, const gint *restrict first, gint *restrict place)
{
  for (gint x = 0; x < width; x++)
    place[x] = first[x] * width + x;
}

static void
run_columns (Plan *plan, guint n_planes, gfloat *const *to)
{
  const Pass *pass = &plan->columns;

  for (gint y = 0; y < plan->height; y++) {
    fill_taps (pass, plan->width,
        (gfloat) (plan->columns_offset + plan->columns_step * y), &plan->taps);
    place_columns (plan->width, plan->taps.first, plan->place);
    for (guint j = 0; j < n_planes; j++) {
      const gfloat *middle = plan->middle + (gsize) j * pass->n * plan->width;

      for (gint k = 0; k < pass->n_taps; k++)
        gather (plan->width, plan->place,
            plan->taps.weights + (gsize) k * plan->width,
            middle + (gsize) k * plan->width, to[j] + (gsize) y * plan->width,
            k > 0);
    }
  }
}

gboolean
gst_sod_warp (const GstSodWarp *warp, const GstSodWarpPlane *planes,
    guint n_planes, gint source_width, gint source_height, gint width,
    gint height, gfloat *const *to, GstSodWarpScratch *scratch, GError **error)
{
  Plan plan;

  init_plan (&plan, warp, source_width, source_height, width, height);
  if (!allocate (&plan, n_planes, scratch, error))
    return FALSE;
  run_rows (&plan, planes, n_planes);
  run_columns (&plan, n_planes, to);
  return TRUE;
}

void
gst_sod_warp_scratch_clear (GstSodWarpScratch *scratch)
{
  g_clear_pointer (&scratch->memory, g_free);
  scratch->n_floats = 0;
}
