/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The weighted F-measure (Margolin et al., "How to Evaluate Foreground Maps?",
 * 2014), beta 1.
 *
 * The nearest foreground pixel of each pixel comes from the two scans of
 * Meijster et al., "A General Algorithm for Computing Distance Transforms in
 * Linear Time" (2000): along columns, then along rows over the lower envelope
 * of parabolas. Of several nearest pixels the one in the smallest column and
 * there in the smallest row is taken, as the reference does. */
#include <gst-sod/eval/sample-private.h>

#include <math.h>
#include <string.h>

/* From this distance on 2 - exp (log (0.5) / 5 * distance) is 2. */
#define FAR 266
#define FAR_SQUARED (FAR * FAR)

#define RADIUS 3 /* of the Gaussian */
#define TAPS (2 * RADIUS + 1)

/* A column's nearest foreground pixel, seen from the row at hand. */
typedef struct
{
  gint column;
  gint row;
  gint64 squared; /* of the vertical distance */
  gint start;     /* first pixel of the row that it is nearest to */
} Site;

typedef struct
{
  const GstSodSample *sample;
  gdouble error[256]; /* by code: |p - 1|, error of a foreground pixel */
  gint32 *above;      /* (h, w): nearest foreground row at or above, or -1 */
  gint32 *below;      /* (w): nearest foreground row at or below, or -1 */
  gint *columns;      /* those with foreground */
  gint n_columns;
  Site *sites;               /* lower envelope of one row */
  guint8 *nearest;           /* (h, w): code at the nearest foreground pixel */
  const gdouble *importance; /* by squared distance, below FAR_SQUARED */
} Work;

static gdouble *
take_importance (GstSodScratch *scratch, GError **error)
{
  gboolean grown;
  gdouble *importance = gst_sod_scratch_take (scratch,
      GST_SOD_SCRATCH_IMPORTANCE, FAR_SQUARED, sizeof (gdouble), &grown, error);

  if (importance != NULL && grown) {
    for (gint i = 0; i < FAR_SQUARED; i++)
      importance[i] = 2 - exp (log (0.5) / 5 * sqrt (i));
  }
  return importance;
}

static gboolean
work_init (Work *self, const GstSodSample *sample, GstSodScratch *scratch,
    GError **error)
{
  gsize width = sample->map.width, height = sample->map.height;
  gsize row_size = sizeof (Site) + sizeof (gint32) + sizeof (gint);

  self->sample = sample;
  for (gint i = 0; i < 256; i++)
    self->error[i] = fabs (sample->p[i] - 1);
  self->importance = take_importance (scratch, error);
  if (self->importance == NULL)
    return FALSE;
  self->above = gst_sod_scratch_take (scratch, GST_SOD_SCRATCH_ABOVE,
      width * height, sizeof (*self->above), NULL, error);
  if (self->above == NULL)
    return FALSE;
  self->nearest = gst_sod_scratch_take (
      scratch, GST_SOD_SCRATCH_NEAREST, width * height, 1, NULL, error);
  if (self->nearest == NULL)
    return FALSE;
  self->sites = gst_sod_scratch_take (
      scratch, GST_SOD_SCRATCH_ROWS, width, row_size, NULL, error);
  if (self->sites == NULL)
    return FALSE;
  self->below = (gint32 *) (self->sites + width);
  self->columns = (gint *) (self->below + width);
  return TRUE;
}

static void
look_above (Work *self)
{
  const GstSodPlane *truth = &self->sample->truth;
  gint width = truth->width;

  for (gint x = 0; x < width; x++)
    self->below[x] = -1;
  for (gint y = 0; y < truth->height; y++) {
    const guint8 *row = gst_sod_plane_row (truth, y);
    gint32 *above = self->above + (gsize) y * width;
    const gint32 *last = y > 0 ? above - width : self->below;

    for (gint x = 0; x < width; x++)
      above[x] = row[x] > GST_SOD_TRUTH_LEVEL ? y : last[x];
  }
  self->n_columns = 0;
  for (gint x = 0; x < width; x++) {
    if (self->above[(gsize) (truth->height - 1) * width + x] >= 0)
      self->columns[self->n_columns++] = x;
  }
}

static Site
get_site (const Work *self, gint column, gint y, const gint32 *above)
{
  gint up = above[column], down = self->below[column];
  gint row = down < 0 || (up >= 0 && y - up <= down - y) ? up : down;

  return (Site){ column, row, (gint64) (y - row) * (y - row), 0 };
}

static inline gint64
get_squared_distance (const Site *site, gint x)
{
  gint64 difference = x - site->column;

  return difference * difference + site->squared;
}

/* The pixels of row @y by their nearest site; returns the number of sites. */
static gint
build_envelope (Work *self, gint y)
{
  const gint32 *above = self->above + (gsize) y * self->sample->truth.width;
  Site *sites = self->sites;
  gint n = 0;

  for (gint i = 0; i < self->n_columns; i++) {
    Site site = get_site (self, self->columns[i], y, above);

    /* Strictly nearer only: the smaller column wins a tie. */
    while (n > 0
           && get_squared_distance (&sites[n - 1], sites[n - 1].start)
                  > get_squared_distance (&site, sites[n - 1].start))
      n--;
    if (n > 0) {
      const Site *last = &sites[n - 1];
      gint64 u = site.column, v = last->column;
      /* Both are exact in a double, and so is the floor of their quotient:
       * it is never within 2^-20 below an integer. */
      gdouble above_half =
          (gdouble) ((u * u - v * v) + site.squared - last->squared);

      site.start = 1 + (gint) (above_half / (gdouble) (2 * (u - v)));
      if (site.start >= self->sample->truth.width)
        continue;
    }
    sites[n++] = site;
  }
  return n;
}

/* Weighted errors outside of the truth in row @y, and the code at the nearest
 * foreground pixel of every pixel. */
static gdouble
sum_row (Work *self, gint y)
{
  const GstSodSample *sample = self->sample;
  gint width = sample->truth.width;
  const guint8 *map = gst_sod_plane_row (&sample->map, y);
  const guint8 *truth = gst_sod_plane_row (&sample->truth, y);
  guint8 *nearest = self->nearest + (gsize) y * width;
  gint n = build_envelope (self, y);
  gdouble sum = 0;

  for (gint i = 0; i < n; i++) {
    const Site *site = &self->sites[i];
    gint end = i + 1 < n ? self->sites[i + 1].start : width;

    memset (nearest + site->start,
        gst_sod_plane_row (&sample->map, site->row)[site->column],
        end - site->start);
    for (gint x = site->start; x < end; x++) {
      gint64 squared = get_squared_distance (site, x);

      if (truth[x] <= GST_SOD_TRUTH_LEVEL)
        sum += sample->p[map[x]]
               * (squared < FAR_SQUARED ? self->importance[squared] : 2);
    }
  }
  return sum;
}

static gdouble
sum_outside (Work *self)
{
  const GstSodPlane *truth = &self->sample->truth;
  gdouble sum = 0;

  look_above (self);
  for (gint x = 0; x < truth->width; x++)
    self->below[x] = -1;
  for (gint y = truth->height - 1; y >= 0; y--) {
    const guint8 *row = gst_sod_plane_row (truth, y);

    for (gint x = 0; x < truth->width; x++)
      self->below[x] = row[x] > GST_SOD_TRUTH_LEVEL ? y : self->below[x];
    sum += sum_row (self, y);
  }
  return sum;
}

/* One axis of MATLAB's fspecial ('gaussian', 7, 5). */
static void
fill_gaussian (gdouble *taps)
{
  gdouble sum = 0;

  for (gint i = 0; i < TAPS; i++) {
    taps[i] = exp (-(i - RADIUS) * (i - RADIUS) / 50.0);
    sum += taps[i];
  }
  for (gint i = 0; i < TAPS; i++)
    taps[i] /= sum;
}

/* Errors of row @y, each background pixel with that of its nearest foreground
 * pixel, blurred along the row: columns left to right of the foreground. */
static void
blur_row (const Work *self, gint y, const gdouble *taps,
    gdouble *restrict errors, gdouble *restrict blurred)
{
  const GstSodSample *sample = self->sample;
  gint width = sample->map.width, n = sample->right - sample->left + 1;
  const guint8 *nearest = self->nearest + (gsize) y * width;

  if (y < 0 || y >= sample->map.height) {
    memset (blurred, 0, n * sizeof (*blurred));
    return;
  }
  for (gint i = 0; i < n + 2 * RADIUS; i++) {
    gint x = sample->left + i - RADIUS;

    errors[i] = x >= 0 && x < width ? self->error[nearest[x]] : 0;
  }
  for (gint i = 0; i < n; i++) {
    gdouble sum = 0;

    for (gint j = 0; j < TAPS; j++)
      sum += taps[j] * errors[i + j];
    blurred[i] = sum;
  }
}

/* Errors inside of the truth: the pixel's own or, where that is smaller, the
 * mean of its surroundings. */
static gboolean
sum_inside (
    const Work *self, GstSodScratch *scratch, gdouble *sum, GError **error)
{
  const GstSodSample *sample = self->sample;
  gint n = sample->right - sample->left + 1;
  gsize stride = n + 2 * RADIUS;
  gdouble taps[TAPS], *errors, *means, *ring;

  errors = gst_sod_scratch_take (scratch, GST_SOD_SCRATCH_BLURRED,
      stride * (TAPS + 2), sizeof (*errors), NULL, error);
  if (errors == NULL)
    return FALSE;
  means = errors + stride;
  ring = means + stride;
  fill_gaussian (taps);
  *sum = 0;
  for (gint y = sample->top - RADIUS; y < sample->top + RADIUS; y++)
    blur_row (self, y, taps, errors, ring + stride * ((y + TAPS) % TAPS));
  for (gint y = sample->top; y <= sample->bottom; y++) {
    const guint8 *map = gst_sod_plane_row (&sample->map, y) + sample->left;
    const guint8 *truth = gst_sod_plane_row (&sample->truth, y) + sample->left;

    blur_row (self, y + RADIUS, taps, errors,
        ring + stride * ((y + RADIUS + TAPS) % TAPS));
    memset (means, 0, n * sizeof (*means));
    for (gint j = 0; j < TAPS; j++) {
      const gdouble *row = ring + stride * ((y + j - RADIUS + TAPS) % TAPS);

      for (gint i = 0; i < n; i++)
        means[i] += taps[j] * row[i];
    }
    for (gint i = 0; i < n; i++) {
      if (truth[i] > GST_SOD_TRUTH_LEVEL)
        *sum += MIN (means[i], self->error[map[i]]);
    }
  }
  return TRUE;
}

gboolean
gst_sod_sample_get_weighted_f (const GstSodSample *self, GstSodScratch *scratch,
    gdouble *weighted_f, GError **error)
{
  gdouble outside, inside, hits, precision, recall;
  Work work;

  *weighted_f = 0;
  if (self->n_foreground == 0)
    return TRUE;
  if (!work_init (&work, self, scratch, error))
    return FALSE;
  outside = sum_outside (&work);
  if (!sum_inside (&work, scratch, &inside, error))
    return FALSE;
  hits = self->n_foreground - inside;
  recall = 1 - inside / self->n_foreground;
  precision = hits / (hits + outside + GST_SOD_MEASURE_EPS);
  *weighted_f =
      2 * recall * precision / (recall + precision + GST_SOD_MEASURE_EPS);
  return TRUE;
}
