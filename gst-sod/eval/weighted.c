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
  gdouble key; /* column^2 + vertical distance^2 */
  gint start;  /* first pixel of the row that it is nearest to */
} Site;

typedef struct
{
  const GstSodSample *sample;
  gdouble error[256];   /* by code: |p - 1|, error of a foreground pixel */
  gdouble outside[512]; /* by code: p; by code + 256, inside the truth: 0 */
  gint32 *above;        /* (h, w): nearest foreground row at or above, or -1 */
  gint32 *below;        /* (w): nearest foreground row at or below, or -1 */
  gint *columns;        /* those with foreground */
  gint n_columns;
  Site *sites;      /* lower envelope of one row */
  guint32 *squared; /* (w): squared distance to the nearest one */
  guint8 *nearest;  /* (h, w): code at the nearest foreground pixel, where it
                       is background */
  const gdouble *importance; /* by squared distance, to FAR_SQUARED */
} Work;

static gdouble *
take_importance (GstSodScratch *scratch, GError **error)
{
  gboolean grown;
  gdouble *importance =
      gst_sod_scratch_take (scratch, GST_SOD_SCRATCH_IMPORTANCE,
          FAR_SQUARED + 1, sizeof (gdouble), &grown, error);

  if (importance != NULL && grown) {
    for (gint i = 0; i <= FAR_SQUARED; i++)
      importance[i] = 2 - exp (log (0.5) / 5 * sqrt (i));
  }
  return importance;
}

static gboolean
work_init (Work *self, const GstSodSample *sample, GstSodScratch *scratch,
    GError **error)
{
  gsize width = sample->map.width, height = sample->map.height;
  gsize row_size = sizeof (Site) + 3 * sizeof (gint32);

  self->sample = sample;
  for (gint i = 0; i < 256; i++) {
    self->error[i] = fabs (sample->p[i] - 1);
    self->outside[i] = sample->p[i];
    self->outside[i + 256] = 0;
  }
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
  self->squared = (guint32 *) (self->below + width);
  self->columns = (gint *) (self->squared + width);
  return TRUE;
}

/* @nearest is @row where @truth is foreground, else as in @other. */
static void
follow_column (gint32 *nearest, const gint32 *other,
    const guint8 *restrict truth, gint width, gint row)
{
  for (gint x = 0; x < width; x++)
    nearest[x] = truth[x] > GST_SOD_TRUTH_LEVEL ? row : other[x];
}

static void
look_above (Work *self)
{
  const GstSodPlane *truth = &self->sample->truth;
  gint width = truth->width;

  for (gint x = 0; x < width; x++)
    self->below[x] = -1;
  for (gint y = 0; y < truth->height; y++) {
    gint32 *above = self->above + (gsize) y * width;

    follow_column (above, y > 0 ? above - width : self->below,
        gst_sod_plane_row (truth, y), width, y);
  }
  self->n_columns = 0;
  for (gint x = 0; x < width; x++) {
    if (self->above[(gsize) (truth->height - 1) * width + x] >= 0)
      self->columns[self->n_columns++] = x;
  }
}

static inline Site
get_site (const Work *self, gint column, gint y, const gint32 *above)
{
  gint up = above[column], down = self->below[column];
  gint row = down < 0 || (up >= 0 && y - up <= down - y) ? up : down;
  gint64 distance = y - row;

  return (Site){ column, row,
    (gdouble) ((gint64) column * column + distance * distance), 0 };
}

/* Who is nearest to the background pixels of row @y; returns the number of
 * sites. Two parabolas cross at half the difference of their keys over that of
 * their columns: keys are integers below 2^34, so that the quotient is exact
 * where it is an integer, and never rounded to one where it is not. */
static gint
build_envelope (Work *self, gint y)
{
  const guint8 *truth = gst_sod_plane_row (&self->sample->truth, y);
  gint width = self->sample->truth.width;
  const gint32 *above = self->above + (gsize) y * width;
  Site *sites = self->sites;
  gint n = 0;

  for (gint i = 0; i < self->n_columns; i++) {
    gint x = self->columns[i];
    gdouble crossing = -1;
    Site site;

    /* A pixel within a run of foreground has nearer ones to every side. */
    if (x > 0 && x + 1 < width
        && MIN (MIN (truth[x - 1], truth[x]), truth[x + 1])
               > GST_SOD_TRUTH_LEVEL)
      continue;
    site = get_site (self, x, y, above);
    for (; n > 0; n--) {
      const Site *last = &sites[n - 1];

      crossing = (site.key - last->key) / (2 * (x - last->column));
      /* Strictly nearer only: the smaller column wins a tie. */
      if (crossing >= last->start)
        break;
    }
    if (n > 0) {
      if (crossing >= width - 1)
        continue;
      site.start = (gint) crossing + 1;
    }
    sites[n++] = site;
  }
  return n;
}

/* Squared distances of row @y, those from FAR on cut off, and the codes at the
 * nearest foreground pixels. */
static void
measure_row (Work *self, gint y)
{
  const GstSodSample *sample = self->sample;
  gint width = sample->truth.width;
  guint8 *nearest = self->nearest + (gsize) y * width;
  gint n = build_envelope (self, y);

  for (gint i = 0; i < n; i++) {
    const Site *site = &self->sites[i];
    gint end = i + 1 < n ? self->sites[i + 1].start : width;
    guint32 rows = MIN (ABS (y - site->row), FAR);
    guint8 code = gst_sod_plane_row (&sample->map, site->row)[site->column];

    for (gint x = site->start; x < end; x++) {
      guint32 columns = ABS (x - site->column);

      nearest[x] = code;
      self->squared[x] = MIN (columns * columns + rows * rows, FAR_SQUARED);
    }
  }
}

/* The map's values outside of the truth, each weighted by its distance; four
 * sums at once, since one addition would wait for the other. */
static gdouble
sum_row (const Work *self, const guint8 *map, const guint8 *truth, gint width)
{
  const guint32 *squared = self->squared;
  gdouble sums[4] = { 0 };
  gint x = 0;

  for (; x + 4 <= width; x += 4) {
    for (gint i = 0; i < 4; i++) {
      gint code = map[x + i] | (truth[x + i] > GST_SOD_TRUTH_LEVEL) << 8;

      sums[i] += self->outside[code] * self->importance[squared[x + i]];
    }
  }
  for (; x < width; x++) {
    gint code = map[x] | (truth[x] > GST_SOD_TRUTH_LEVEL) << 8;

    sums[0] += self->outside[code] * self->importance[squared[x]];
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
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
    follow_column (self->below, self->below, gst_sod_plane_row (truth, y),
        truth->width, y);
    measure_row (self, y);
    sum += sum_row (self, gst_sod_plane_row (&self->sample->map, y),
        gst_sod_plane_row (truth, y), truth->width);
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
  gint first = MAX (sample->left - RADIUS, 0);
  gint end = MIN (sample->right + RADIUS + 1, width);
  const guint8 *nearest, *map, *truth;

  if (y < 0 || y >= sample->map.height) {
    memset (blurred, 0, n * sizeof (*blurred));
    return;
  }
  nearest = self->nearest + (gsize) y * width;
  map = gst_sod_plane_row (&sample->map, y);
  truth = gst_sod_plane_row (&sample->truth, y);
  memset (errors, 0, (n + 2 * RADIUS) * sizeof (*errors));
  for (gint x = first; x < end; x++)
    errors[x - sample->left + RADIUS] =
        self->error[truth[x] > GST_SOD_TRUTH_LEVEL ? map[x] : nearest[x]];
  for (gint i = 0; i < n; i++) {
    gdouble sum = 0;

    for (gint j = 0; j < TAPS; j++)
      sum += taps[j] * errors[i + j];
    blurred[i] = sum;
  }
}

/* Errors inside of the truth in one row: the pixel's own or, where that is
 * smaller, the mean of its surroundings. @rows are those around it, blurred. */
static gdouble
sum_row_inside (const Work *self, gint y, const gdouble *taps,
    gdouble *const *rows, gdouble *restrict means)
{
  const GstSodSample *sample = self->sample;
  const guint8 *map = gst_sod_plane_row (&sample->map, y) + sample->left;
  const guint8 *truth = gst_sod_plane_row (&sample->truth, y) + sample->left;
  gint n = sample->right - sample->left + 1;
  gdouble sum = 0;

  for (gint i = 0; i < n; i++)
    means[i] = taps[0] * (rows[0][i] + rows[6][i])
               + taps[1] * (rows[1][i] + rows[5][i])
               + taps[2] * (rows[2][i] + rows[4][i]) + taps[3] * rows[3][i];
  for (gint i = 0; i < n; i++) {
    if (truth[i] > GST_SOD_TRUTH_LEVEL)
      sum += MIN (means[i], self->error[map[i]]);
  }
  return sum;
}

static gboolean
sum_inside (
    const Work *self, GstSodScratch *scratch, gdouble *sum, GError **error)
{
  const GstSodSample *sample = self->sample;
  gsize stride = sample->right - sample->left + 1 + 2 * RADIUS;
  gdouble taps[TAPS], *errors, *means, *rows[TAPS];

  G_STATIC_ASSERT (TAPS == 7);
  errors = gst_sod_scratch_take (scratch, GST_SOD_SCRATCH_BLURRED,
      stride * (TAPS + 2), sizeof (*errors), NULL, error);
  if (errors == NULL)
    return FALSE;
  means = errors + stride;
  for (gint i = 0; i < TAPS; i++)
    rows[i] = means + (i + 1) * stride;
  fill_gaussian (taps);
  *sum = 0;
  for (gint i = 0; i < TAPS - 1; i++)
    blur_row (self, sample->top - RADIUS + i, taps, errors, rows[i]);
  for (gint y = sample->top; y <= sample->bottom; y++) {
    gdouble *oldest = rows[0];

    blur_row (self, y + RADIUS, taps, errors, rows[TAPS - 1]);
    *sum += sum_row_inside (self, y, taps, rows, means);
    memmove (rows, rows + 1, (TAPS - 1) * sizeof (*rows));
    rows[TAPS - 1] = oldest;
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
