/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One pass over a map and its truth: how often each code of the map lies
 * inside and outside the truth, by quadrant. */
#include <gst-sod/eval/sample-private.h>

#include <gst-sod/core/image-private.h>
#include <math.h>
#include <string.h>

/* Neighbouring pixels mostly have one code: counting them in different tables
 * keeps one increment from waiting for the other. */
#define N_TABLES 4

typedef guint32 Table[2 * 256]; /* outside, then inside */

gboolean
gst_sod_plane_init (GstSodPlane *self, const GstSodImage *image,
    const gchar *what, GstSodScratchSlot slot, GstSodScratch *scratch,
    GError **error)
{
  const GstSodComponent *gray = &image->components[0];
  guint8 *copy;

  if (image->n_components != 1 || gray->sample_size != 1 || gray->depth != 8) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "%s is not an 8-bit gray picture (%u components of %u bits): convert "
        "it first",
        what, image->n_components, gray->depth);
    return FALSE;
  }
  self->width = gray->width;
  self->height = gray->height;
  if (gray->pixel_stride == 1) {
    self->data = gray->data;
    self->stride = gray->stride;
    return TRUE;
  }
  copy = gst_sod_scratch_take (
      scratch, slot, (gsize) gray->width * gray->height, 1, NULL, error);
  if (copy == NULL)
    return FALSE;
  for (gint y = 0; y < gray->height; y++) {
    for (gint x = 0; x < gray->width; x++)
      copy[(gsize) y * gray->width + x] =
          (guint8) gst_sod_component_code (gray, y, x);
  }
  self->data = copy;
  self->stride = gray->width;
  return TRUE;
}

/* Foreground, and where its centroid cuts the picture: PySODMetrics rounds
 * half to even and adds one, so that the centroid's own row and column belong
 * to the upper left quadrant. */
static void
find_foreground (GstSodSample *self)
{
  gint width = self->truth.width, height = self->truth.height;
  guint64 sum_x = 0, sum_y = 0;

  self->n = (guint64) width * height;
  self->n_foreground = 0;
  self->top = height;
  self->bottom = -1;
  self->left = width;
  self->right = -1;
  for (gint y = 0; y < height; y++) {
    const guint8 *row = gst_sod_plane_row (&self->truth, y);
    guint32 n = 0;
    guint32 sum = 0; /* at most 65535 * 65536 / 2 */
    gint x;

    for (x = 0; x < width; x++) {
      guint32 inside = row[x] > GST_SOD_TRUTH_LEVEL;

      n += inside;
      sum += inside ? (guint32) x : 0;
    }
    if (n == 0)
      continue;
    self->n_foreground += n;
    sum_x += sum;
    sum_y += (guint64) n * y;
    self->top = MIN (self->top, y);
    self->bottom = y;
    for (x = 0; x < self->left && row[x] <= GST_SOD_TRUTH_LEVEL; x++)
      ;
    self->left = x;
    for (x = width - 1; x > self->right && row[x] <= GST_SOD_TRUTH_LEVEL; x--)
      ;
    self->right = x;
  }
  self->cx = width;
  self->cy = height;
  if (self->n_foreground > 0) {
    self->cx = (gint) rint ((gdouble) sum_x / self->n_foreground) + 1;
    self->cy = (gint) rint ((gdouble) sum_y / self->n_foreground) + 1;
  }
}

static void
count_run (const guint8 *map, const guint8 *truth, gint n, Table *tables)
{
  gint x = 0;

  for (; x + N_TABLES <= n; x += N_TABLES) {
    for (gint i = 0; i < N_TABLES; i++)
      tables[i][map[x + i] | (truth[x + i] > GST_SOD_TRUTH_LEVEL) << 8]++;
  }
  for (; x < n; x++)
    tables[0][map[x] | (truth[x] > GST_SOD_TRUTH_LEVEL) << 8]++;
}

static void
add_tables (Table *tables, guint64 (*counts)[256])
{
  for (gint inside = 0; inside < 2; inside++) {
    for (gint i = 0; i < 256; i++) {
      counts[inside][i] = 0;
      for (gint j = 0; j < N_TABLES; j++)
        counts[inside][i] += tables[j][inside << 8 | i];
    }
  }
}

static void
count (GstSodSample *self)
{
  gint rows[3] = { 0, self->cy, self->map.height };

  for (gint half = 0; half < 2; half++) {
    Table left[N_TABLES] = { { 0 } }, right[N_TABLES] = { { 0 } };

    for (gint y = rows[half]; y < rows[half + 1]; y++) {
      const guint8 *map = gst_sod_plane_row (&self->map, y);
      const guint8 *truth = gst_sod_plane_row (&self->truth, y);

      count_run (map, truth, self->cx, left);
      count_run (
          map + self->cx, truth + self->cx, self->map.width - self->cx, right);
    }
    add_tables (left, self->quadrants[2 * half]);
    add_tables (right, self->quadrants[2 * half + 1]);
  }
  for (gint inside = 0; inside < 2; inside++) {
    for (gint i = 0; i < 256; i++)
      self->counts[inside][i] =
          self->quadrants[0][inside][i] + self->quadrants[1][inside][i]
          + self->quadrants[2][inside][i] + self->quadrants[3][inside][i];
  }
}

/* The order of these operations decides thousands of values of q: a division
 * by 255, then the stretch, then a multiplication by 255, cut off. */
static void
fill_values (GstSodSample *self)
{
  gint low = 0, high = 255;
  gdouble min, max;

  while (self->counts[0][low] + self->counts[1][low] == 0)
    low++;
  while (self->counts[0][high] + self->counts[1][high] == 0)
    high--;
  min = low / 255.0;
  max = high / 255.0;
  memset (self->p, 0, sizeof (self->p));
  memset (self->q, 0, sizeof (self->q));
  self->mean = 0;
  for (gint i = low; i <= high; i++) {
    gdouble value = i / 255.0;

    if (low != high)
      value = (value - min) / (max - min);
    self->p[i] = value;
    self->q[i] = (guint8) (value * 255);
    self->mean += value * (self->counts[0][i] + self->counts[1][i]);
  }
  self->mean /= self->n;
}

gboolean
gst_sod_sample_init (GstSodSample *self, const GstSodImage *prediction,
    const GstSodImage *truth, gboolean resize, GstSodScratch *scratch,
    GError **error)
{
  GstSodPlane map;

  if (!gst_sod_plane_init (
          &map, prediction, "the map", GST_SOD_SCRATCH_MAP, scratch, error)
      || !gst_sod_plane_init (&self->truth, truth, "the truth",
          GST_SOD_SCRATCH_TRUTH, scratch, error))
    return FALSE;
  self->map = map;
  if (map.width != self->truth.width || map.height != self->truth.height) {
    if (!resize) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
          "the map is %dx%d, its truth %dx%d: sizes must agree, or ask for "
          "maps to be resized",
          map.width, map.height, self->truth.width, self->truth.height);
      return FALSE;
    }
    self->map.width = self->truth.width;
    self->map.height = self->truth.height;
    if (!gst_sod_plane_resize (
            &self->map, &map, GST_SOD_SCRATCH_RESIZED, scratch, error))
      return FALSE;
  }
  find_foreground (self);
  count (self);
  fill_values (self);
  return TRUE;
}

GstSodMeasures *
gst_sod_sample_measure (const GstSodSample *self, GstSodSchool school,
    GstSodScratch *scratch, GError **error)
{
  g_autoptr (GstSodMeasures) measures =
      gst_sod_measures_new_empty (school, TRUE);
  gdouble *values = measures->values;

  gst_sod_sample_measure_thresholds (self, measures);
  gst_sod_measures_sum_up_curves (measures);
  if (gst_sod_school_has (school, GST_SOD_MEASURE_S_MEASURE))
    values[GST_SOD_MEASURE_S_MEASURE] = gst_sod_sample_get_s_measure (self);
  if (gst_sod_school_has (school, GST_SOD_MEASURE_WEIGHTED_F)
      && !gst_sod_sample_get_weighted_f (
          self, scratch, &values[GST_SOD_MEASURE_WEIGHTED_F], error))
    return NULL;
  if (gst_sod_school_has (school, GST_SOD_MEASURE_BOUNDARY_F)
      && !gst_sod_sample_get_boundary_f (
          self, scratch, &values[GST_SOD_MEASURE_BOUNDARY_F], error))
    return NULL;
  for (guint i = 0; i < GST_SOD_N_MEASURES; i++) {
    if (!gst_sod_school_has (school, i))
      values[i] = NAN;
  }
  return g_steal_pointer (&measures);
}
