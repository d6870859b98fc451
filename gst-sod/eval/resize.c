/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps at another size: bilinear with half-pixel centres and clamped edges
 * where they grow, the triangle as wide as the step where they shrink; rounded
 * to 8 bits. */
#include <gst-sod/eval/sample-private.h>

#include <math.h>

/* Source samples first to first + n - 1 of one output sample, and where their
 * weights are. */
typedef struct
{
  gint first, n;
  gsize weights;
} Taps;

static gint
get_max_taps (gint from, gint to)
{
  return 2 * (gint) ceil (MAX (1, (gdouble) from / to)) + 1;
}

/* @to taps of at most @max weights each. */
static void
fill_taps (Taps *taps, gdouble *weights, gint from, gint to, gint max)
{
  gdouble step = (gdouble) from / to, support = MAX (1, step);

  for (gint i = 0; i < to; i++) {
    gdouble centre = (i + 0.5) * step - 0.5, sum = 0;
    gint first = MAX (0, (gint) ceil (centre - support));
    gint last = MIN (from - 1, (gint) floor (centre + support));

    taps[i] = (Taps){ first, last - first + 1, (gsize) i * max };
    for (gint j = first; j <= last; j++) {
      gdouble weight = MAX (0, 1 - fabs (j - centre) / support);

      weights[taps[i].weights + j - first] = weight;
      sum += weight;
    }
    for (gint j = 0; j < taps[i].n; j++)
      weights[taps[i].weights + j] /= sum;
  }
}

static void
resize_row (gdouble *to, const guint8 *from, const Taps *taps,
    const gdouble *weights, gint width)
{
  for (gint x = 0; x < width; x++) {
    const gdouble *weight = weights + taps[x].weights;

    to[x] = 0;
    for (gint i = 0; i < taps[x].n; i++)
      to[x] += weight[i] * from[taps[x].first + i];
  }
}

gboolean
gst_sod_plane_resize (GstSodPlane *to, const GstSodPlane *from,
    GstSodScratchSlot slot, GstSodScratch *scratch, GError **error)
{
  gint width = to->width, height = to->height;
  gint max_x = get_max_taps (from->width, width);
  gint max_y = get_max_taps (from->height, height);
  gsize n_weights = (gsize) width * max_x + (gsize) height * max_y;
  guint8 *pixels = gst_sod_scratch_take (
      scratch, slot, (gsize) width * height, 1, NULL, error);
  gdouble *rows = gst_sod_scratch_take (scratch, GST_SOD_SCRATCH_RESIZE_ROWS,
      (gsize) width * (from->height + 1), sizeof (*rows), NULL,
      pixels != NULL ? error : NULL);
  gdouble *weights = gst_sod_scratch_take (scratch,
      GST_SOD_SCRATCH_RESIZE_WEIGHTS,
      n_weights + ((gsize) width + height) * sizeof (Taps) / sizeof (gdouble),
      sizeof (*weights), NULL, pixels != NULL && rows != NULL ? error : NULL);
  Taps *columns, *lines;
  gdouble *sum;

  G_STATIC_ASSERT (sizeof (Taps) % sizeof (gdouble) == 0);
  if (pixels == NULL || rows == NULL || weights == NULL)
    return FALSE;
  columns = (Taps *) (weights + n_weights);
  lines = columns + width;
  fill_taps (columns, weights, from->width, width, max_x);
  for (gint y = 0; y < from->height; y++)
    resize_row (rows + (gsize) y * width, gst_sod_plane_row (from, y), columns,
        weights, width);

  sum = rows + (gsize) from->height * width;
  fill_taps (lines, weights, from->height, height, max_y);
  for (gint y = 0; y < height; y++) {
    for (gint x = 0; x < width; x++)
      sum[x] = 0;
    for (gint i = 0; i < lines[y].n; i++) {
      const gdouble *row = rows + (gsize) (lines[y].first + i) * width;
      gdouble weight = weights[lines[y].weights + i];

      for (gint x = 0; x < width; x++)
        sum[x] += weight * row[x];
    }
    for (gint x = 0; x < width; x++)
      pixels[(gsize) y * width + x] = (guint8) (sum[x] + 0.5);
  }
  to->data = pixels;
  to->stride = width;
  return TRUE;
}
