/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Affine maps in two passes (Catmull and Smith, "3-D transformations of images
 * in scanline order", 1980), built for speed: down the source's columns, each
 * with an offset of its own where the map turns, then along the rows, where
 * each has one. Both filter with the input rule's triangle, as wide as the
 * step where that is over one sample, so a map without a turn is exactly that
 * rule. */
#include <math.h>
#include <string.h>

#include <gst-sod/core/hot-private.h>
#include <gst-sod/data/augment-private.h>

/* Columns that are filtered together: near enough to each other to lie between
 * almost the same rows. */
#define BLOCK 16

/* Outputs of a row that are filtered together: in one register from AVX2 on. */
#define GROUP 8

/* One pass: output i of a line looks at the position step * i + offset + slope
 * * line. */
typedef struct
{
  gdouble step, slope, offset;
  gfloat radius; /* of the triangle, samples */
  gint n_source; /* samples that there are */
  gint low, n;   /* samples that are read: low .. low + n - 1, some outside */
} Pass;

typedef struct
{
  Pass down, along;
  gboolean reflects;
  gint width, height;
  guint n_planes;
  gint n_columns; /* along.n, rounded up to blocks */
  gint n_taps;    /* of the pass along rows */

  const gfloat **rows; /* (down.n): of the source, (planes, n_columns) */
  gint *columns;       /* (n_columns): where the source has them */
  gfloat *source;      /* (rows of the source, planes, n_columns) */
  gfloat *line;        /* (planes, n_columns): one row after the first pass */
  gint *first;         /* (width): of each output's samples, from along.low */
  gfloat *weights;     /* (n_taps, width) */
  gfloat *total;       /* (width) */
} Plan;

/* Place in the source of sample @index, which may be outside. */
static gint
fold (const Plan *plan, const Pass *pass, gint index)
{
  gint n = pass->n_source, place;

  if (!plan->reflects)
    return CLAMP (index, 0, n - 1);
  place = index % (2 * n);
  place = place < 0 ? place + 2 * n : place;
  return place < n ? place : 2 * n - 1 - place;
}

/* ---- the source as floats ---- */

GST_SOD_HOT static void
unpack_rgb (const guint8 *restrict from, gint n, gfloat *restrict red,
    gfloat *restrict green, gfloat *restrict blue)
{
  for (gint i = 0; i < n; i++) {
    red[i] = from[3 * i];
    green[i] = from[3 * i + 1];
    blue[i] = from[3 * i + 2];
  }
}

GST_SOD_HOT static void
unpack_plane (
    const guint8 *restrict from, gint pixel_stride, gint n, gfloat *restrict to)
{
  if (pixel_stride == 1) {
    for (gint i = 0; i < n; i++)
      to[i] = from[i];
  } else {
    for (gint i = 0; i < n; i++)
      to[i] = from[(gssize) i * pixel_stride];
  }
}

/* What a row has outside, sample by sample. */
static void
extend (const Plan *plan, const guint8 *from, gint pixel_stride, gint begin,
    gint end, gfloat *to)
{
  for (gint i = begin; i < end; i++)
    to[i] = from[(gssize) plan->columns[i] * pixel_stride];
}

static gboolean
is_rgb (const GstSodWarpPlane *planes)
{
  return planes[0].pixel_stride == 3 && planes[1].pixel_stride == 3
         && planes[2].pixel_stride == 3 && planes[0].stride == planes[1].stride
         && planes[0].stride == planes[2].stride
         && planes[1].data == planes[0].data + 1
         && planes[2].data == planes[0].data + 2;
}

static void
unpack_row (const Plan *plan, const GstSodWarpPlane *planes, gint row)
{
  const Pass *pass = &plan->along;
  gint begin = CLAMP (pass->low, 0, pass->n_source);
  gint end = CLAMP (pass->low + plan->n_columns, begin, pass->n_source);
  gsize n = (gsize) plan->n_columns;
  gfloat *to = plan->source + (gsize) row * plan->n_planes * n;
  guint done = 0;

  if (is_rgb (planes)) {
    gfloat *red = to + (begin - pass->low);

    unpack_rgb (
        planes[0].data + (gssize) row * planes[0].stride + 3 * (gssize) begin,
        end - begin, red, red + n, red + 2 * n);
    done = 3;
  }
  for (guint i = 0; i < plan->n_planes; i++) {
    const guint8 *from = planes[i].data + (gssize) row * planes[i].stride;
    gint pixel_stride = planes[i].pixel_stride;
    gfloat *plane = to + i * n;

    if (i >= done)
      unpack_plane (from + (gssize) begin * pixel_stride, pixel_stride,
          end - begin, plane + (begin - pass->low));
    extend (plan, from, pixel_stride, 0, begin - pass->low, plane);
    extend (plan, from, pixel_stride, end - pass->low, plan->n_columns, plane);
  }
}

/* ---- down the columns ---- */

typedef struct
{
  const gfloat *const *rows; /* (n): (planes, n_columns), from the first on */
  gint first, n;             /* samples of the pass */
} Window;

/* BLOCK values side by side, in as many registers as that takes. */
typedef gfloat Lanes __attribute__ ((
    vector_size (BLOCK * sizeof (gfloat)), aligned (4), may_alias));
typedef gint32 Bits __attribute__ ((
    vector_size (BLOCK * sizeof (gint32)), aligned (4), may_alias));

/* out (planes, BLOCK), each filtered around its own position. */
GST_SOD_HOT_INLINE void
filter_block (const Window *window, gint column, gsize n_columns,
    guint n_planes, gfloat factor, const Lanes *position, gfloat *out)
{
  Lanes sums[GST_SOD_WARP_MAX_PLANES] = { { 0 } };
  Lanes total = { 0 };

  for (gint k = 0; k < window->n; k++) {
    const gfloat *row = window->rows[k] + column;
    Lanes distance = *position - (gfloat) (window->first + k);
    Lanes weight;

    distance = (Lanes) ((Bits) distance & 0x7fffffff);
    weight = 1 - distance * factor;
    weight = (Lanes) ((Bits) weight & (weight > 0));
    total += weight;
    for (guint j = 0; j < n_planes; j++)
      sums[j] +=
          weight * *(const Lanes *) (gconstpointer) (row + j * n_columns);
  }
  total = 1 / total;
  for (guint j = 0; j < n_planes; j++)
    *(Lanes *) (gpointer) (out + j * n_columns + column) = sums[j] * total;
}

/* Samples outside are left out where they are not reflected. */
GST_SOD_HOT_INLINE Window
get_window (const Plan *plan, gfloat low, gfloat high)
{
  const Pass *pass = &plan->down;
  gint first = (gint) ceilf (low - pass->radius);
  gint last = (gint) floorf (high + pass->radius);

  if (!plan->reflects) {
    first = CLAMP (first, 0, pass->n_source - 1);
    last = CLAMP (last, first, pass->n_source - 1);
  }
  first = MAX (first, pass->low);
  last = MIN (last, pass->low + pass->n - 1);
  return (Window){ plan->rows + (first - pass->low), first, last - first + 1 };
}

GST_SOD_HOT_INLINE void
filter_planes (const Plan *plan, gint y, guint n_planes)
{
  const Pass *pass = &plan->down;
  gfloat slope = (gfloat) pass->slope, factor = 1 / pass->radius;
  gfloat end = slope * (BLOCK - 1);
  Lanes steps;

  for (gint i = 0; i < BLOCK; i++)
    steps[i] = slope * (gfloat) i;
  for (gint column = 0; column < plan->n_columns; column += BLOCK) {
    gfloat start = (gfloat) (pass->step * y + pass->offset
                             + pass->slope * (plan->along.low + column));
    Window window =
        get_window (plan, start + MIN (end, 0), start + MAX (end, 0));
    Lanes position = start + steps;

    filter_block (&window, column, (gsize) plan->n_columns, n_planes, factor,
        &position, plan->line);
  }
}

/* Row @y of the first pass. Code of its own for each number of planes, whose
 * sums stay in registers. */
GST_SOD_HOT static void
filter_down (const Plan *plan, gint y)
{
  switch (plan->n_planes) {
    case 3:
      filter_planes (plan, y, 3);
      break;
    case 4:
      filter_planes (plan, y, 4);
      break;
    default:
      filter_planes (plan, y, 5);
  }
}

/* ---- along the rows ---- */

/* The part of one tap in each output. */
GST_SOD_HOT static void
weigh (const Pass *restrict pass, gboolean reflects, gint width, gfloat offset,
    gint tap, gint *restrict first, gfloat *restrict total,
    gfloat *restrict weights)
{
  gfloat step = (gfloat) pass->step, radius = pass->radius;
  gfloat factor = 1 / radius, last = (gfloat) (pass->n_source - 1);
  gint low = pass->low;

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
weigh_row (const Plan *plan, gint y)
{
  const Pass *pass = &plan->along;
  gfloat offset = (gfloat) (pass->offset + pass->slope * y);

  for (gint k = 0; k < plan->n_taps; k++)
    weigh (pass, plan->reflects, plan->width, offset, k, plan->first,
        plan->total, plan->weights + (gsize) k * plan->width);
  for (gint k = 0; k < plan->n_taps; k++)
    divide (plan->width, plan->total, plan->weights + (gsize) k * plan->width);
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

static void
filter_one_by_one (const Plan *plan, gint y, gfloat *const *to)
{
  if (y == 0 || plan->along.slope != 0)
    weigh_row (plan, y);
  for (guint j = 0; j < plan->n_planes; j++)
    for (gint k = 0; k < plan->n_taps; k++)
      gather (plan->width, plan->first, plan->weights + (gsize) k * plan->width,
          plan->line + (gsize) j * plan->n_columns + k,
          to[j] + (gsize) y * plan->width, k > 0);
}

#if defined(__GNUC__) && !defined(__clang__)
typedef gfloat Group __attribute__ ((vector_size (GROUP * sizeof (gfloat))));
typedef gint32 Indices __attribute__ ((vector_size (GROUP * sizeof (gint32))));

/* Outputs @x to @x + GROUP - 1. Their samples of one tap lie within two
 * vectors: picking them there is far quicker than from memory, one by one. */
GST_SOD_HOT_INLINE void
filter_group (const Plan *plan, gint x, gfloat offset, guint n_planes,
    gfloat *const *to, gsize at)
{
  static const Group steps = { 0, 1, 2, 3, 4, 5, 6, 7 };
  const Pass *pass = &plan->along;
  Group position = (gfloat) pass->step * (steps + (gfloat) x) + offset;
  Group sample = position - pass->radius, low, high, weight;
  Group sums[GST_SOD_WARP_MAX_PLANES] = { { 0 } }, total = { 0 };
  gfloat factor = 1 / pass->radius, last = (gfloat) (pass->n_source - 1);
  Indices first = __builtin_convertvector(sample, Indices), inside;
  const gfloat *line;
  gint base;

  /* upwards to whole samples */
  first -= __builtin_convertvector(first, Group) < sample;
  sample = __builtin_convertvector(first, Group);
  base = MIN (first[0], first[GROUP - 1]);
  first -= base;
  line = plan->line + (base - pass->low);
  for (gint k = 0; k < plan->n_taps; k++) {
    weight = sample + (gfloat) k - position;
    weight = 1 - (Group) ((Indices) weight & 0x7fffffff) * factor;
    inside = weight > 0;
    if (!plan->reflects)
      inside &= (sample + (gfloat) k >= 0) & (sample + (gfloat) k <= last);
    weight = (Group) ((Indices) weight & inside);
    total += weight;
    for (guint j = 0; j < n_planes; j++) {
      const gfloat *from = line + (gsize) j * plan->n_columns + k;

      memcpy (&low, from, sizeof (low));
      memcpy (&high, from + GROUP, sizeof (high));
      sums[j] += weight * __builtin_shuffle (low, high, first);
    }
  }
  total = 1 / (total + (Group) ((Indices) (0 * total + 1) & (total <= 0)));
  for (guint j = 0; j < n_planes; j++) {
    sums[j] *= total;
    memcpy (to[j] + at, &sums[j], sizeof (sums[j]));
  }
}

/* The last group may make some of the one before again. */
GST_SOD_HOT_INLINE void
filter_groups_of (const Plan *plan, gint y, guint n_planes, gfloat *const *to)
{
  gfloat offset = (gfloat) (plan->along.offset + plan->along.slope * y);
  gsize row = (gsize) y * plan->width;

  for (gint x = 0; x < plan->width; x += GROUP) {
    gint begin = MIN (x, plan->width - GROUP);

    filter_group (plan, begin, offset, n_planes, to, row + begin);
  }
}

GST_SOD_HOT static void
filter_groups (const Plan *plan, gint y, gfloat *const *to)
{
  switch (plan->n_planes) {
    case 3:
      filter_groups_of (plan, y, 3, to);
      break;
    case 4:
      filter_groups_of (plan, y, 4, to);
      break;
    default:
      filter_groups_of (plan, y, 5, to);
  }
}
#else
#define filter_groups filter_one_by_one
#endif

/* Whether the samples of a tap of GROUP outputs lie within two vectors. */
static gboolean
has_groups (const Plan *plan)
{
  return GST_SOD_HOT_CAN_PERMUTE && plan->width >= GROUP
         && fabs (plan->along.step) * (GROUP - 1) + 1 < 2 * GROUP;
}

/* ---- both ---- */

/* What output 0 to @n - 1 of lines @low to @high look at. */
static void
init_pass (Pass *pass, gdouble n, gdouble low, gdouble high)
{
  gdouble min = pass->offset + MIN (0, pass->step * (n - 1))
                + MIN (pass->slope * low, pass->slope * high);
  gdouble max = pass->offset + MAX (0, pass->step * (n - 1))
                + MAX (pass->slope * low, pass->slope * high);

  pass->radius = (gfloat) MAX (fabs (pass->step), 1);
  pass->low = (gint) floor (min - pass->radius) - 1;
  pass->n = (gint) ceil (max + pass->radius) + 3 - pass->low;
}

/* u = a x + b y + c solved for x, in v = d x + e y + f. */
static void
init_plan (Plan *plan, const GstSodWarp *warp, gint source_width,
    gint source_height, gint width, gint height)
{
  gdouble slope = warp->v[0] / warp->u[0];

  *plan = (Plan){ .along = { warp->u[0], warp->u[1], warp->u[2],
                      .n_source = source_width },
    .down = { warp->v[1] - slope * warp->u[1], slope,
        warp->v[2] - slope * warp->u[2], .n_source = source_height },
    .reflects = warp->reflects,
    .width = width,
    .height = height };
  init_pass (&plan->along, width, 0, height - 1);
  plan->n_taps = (gint) ceil (2 * MAX (fabs (plan->along.step), 1));
  plan->n_columns = (plan->along.n + plan->n_taps + BLOCK - 1) / BLOCK * BLOCK;
  init_pass (&plan->down, height, plan->along.low,
      plan->along.low + plan->n_columns - 1);
}

/* The arrays of @plan: pointers first, then all of 4-byte elements. */
static gboolean
allocate (Plan *plan, GstSodWarpScratch *scratch, GError **error)
{
  gsize width = (gsize) plan->width, n_rows = (gsize) plan->down.n;
  gsize n_row = (gsize) plan->n_columns * plan->n_planes;
  gsize n_pointers = n_rows * sizeof (gpointer) / sizeof (gfloat);
  gsize n = n_pointers + width * ((gsize) plan->n_taps + 2)
            + (gsize) plan->n_columns + 2 * GROUP
            + n_row * ((gsize) plan->down.n_source + 1);
  gfloat *at;

  if (n > scratch->n_floats) {
    g_clear_pointer (&scratch->memory, g_free);
    scratch->n_floats = 0;
    scratch->memory = g_try_malloc_n (n, sizeof (gfloat));
    if (scratch->memory == NULL) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
          "no memory to move a picture of %dx%d pixels; use smaller pictures",
          plan->along.n_source, plan->down.n_source);
      return FALSE;
    }
    scratch->n_floats = n;
  }
  at = scratch->memory;
  plan->rows = (const gfloat **) (gpointer) at;
  plan->line = at += n_pointers;
  plan->weights = at += n_row + 2 * GROUP; /* groups look beyond the end */
  plan->total = at += width * (gsize) plan->n_taps;
  plan->first = (gint *) (at += width);
  plan->columns = (gint *) (at += width);
  plan->source = at + plan->n_columns;
  return TRUE;
}

/* The rows that are looked at. */
static void
unpack (Plan *plan, const GstSodWarpPlane *planes)
{
  const Pass *pass = &plan->down;
  gsize n_row = (gsize) plan->n_columns * plan->n_planes;
  gint begin = CLAMP (pass->low, 0, pass->n_source);
  gint end = CLAMP (pass->low + pass->n, begin, pass->n_source);

  if (plan->reflects && (pass->low < 0 || end == pass->n_source)) {
    begin = 0;
    end = pass->n_source;
  }
  for (gint i = 0; i < plan->n_columns; i++)
    plan->columns[i] = fold (plan, &plan->along, plan->along.low + i);
  for (gint i = begin; i < end; i++)
    unpack_row (plan, planes, i);
  for (gint i = 0; i < pass->n; i++)
    plan->rows[i] =
        plan->source + (gsize) fold (plan, pass, pass->low + i) * n_row;
}

gboolean
gst_sod_warp (const GstSodWarp *warp, const GstSodWarpPlane *planes,
    guint n_planes, gint source_width, gint source_height, gint width,
    gint height, gfloat *const *to, GstSodWarpScratch *scratch, GError **error)
{
  void (*along) (const Plan *, gint, gfloat *const *);
  Plan plan;

  init_plan (&plan, warp, source_width, source_height, width, height);
  plan.n_planes = n_planes;
  if (!allocate (&plan, scratch, error))
    return FALSE;
  unpack (&plan, planes);
  along = has_groups (&plan) ? filter_groups : filter_one_by_one;
  for (gint y = 0; y < height; y++) {
    filter_down (&plan, y);
    along (&plan, y, to);
  }
  return TRUE;
}

void
gst_sod_warp_scratch_clear (GstSodWarpScratch *scratch)
{
  g_clear_pointer (&scratch->memory, g_free);
  g_clear_pointer (&scratch->layers, g_free);
  g_clear_pointer (&scratch->aligner, gst_sod_aligner_free);
  scratch->n_floats = scratch->n_layers = 0;
}
