/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A perceptual hash (Zauner, "Implementation and benchmarking of perceptual
 * image hash functions", 2010, section 3.2.1): the picture is averaged to
 * 32 x 32 gray, its 64 lowest frequencies are taken (discrete cosine transform,
 * the mean left out), and a bit says whether one is above their median. */
#include <gst-sod/data/likeness-private.h>

#include <math.h>
#include <stdlib.h>

#define SIDE 32
#define LOW 8

/* Standard deviation of gray levels (of 255) under which a picture is plain. */
#define PLAIN 3.0

/* Averages of the boxes that the pixels fall into. */
static void
shrink (
    const guint8 *pixels, gint width, gint height, gdouble small[SIDE][SIDE])
{
  for (gint y = 0; y < SIDE; y++) {
    gint top = y * height / SIDE;
    gint bottom = MAX ((y + 1) * height / SIDE, top + 1);

    for (gint x = 0; x < SIDE; x++) {
      gint left = x * width / SIDE;
      gint right = MAX ((x + 1) * width / SIDE, left + 1);
      guint64 sum = 0;

      for (gint row = top; row < bottom; row++) {
        for (gint column = left; column < right; column++)
          sum += pixels[(gsize) row * width + column];
      }
      small[y][x] = (gdouble) sum / ((bottom - top) * (right - left));
    }
  }
}

static gdouble
deviation (gdouble small[SIDE][SIDE])
{
  gdouble sum = 0, squares = 0;

  for (gint y = 0; y < SIDE; y++) {
    for (gint x = 0; x < SIDE; x++) {
      sum += small[y][x];
      squares += small[y][x] * small[y][x];
    }
  }
  sum /= SIDE * SIDE;
  return sqrt (MAX (0, squares / (SIDE * SIDE) - sum * sum));
}

/* low[v][u] of the cosine transform, frequencies 1 to LOW each way. */
static void
transform (gdouble small[SIDE][SIDE], gdouble low[LOW][LOW])
{
  gdouble wave[LOW][SIDE], rows[SIDE][LOW];

  for (gint u = 0; u < LOW; u++) {
    for (gint x = 0; x < SIDE; x++)
      wave[u][x] = cos (G_PI * (u + 1) * (2 * x + 1) / (2 * SIDE));
  }
  for (gint y = 0; y < SIDE; y++) {
    for (gint u = 0; u < LOW; u++) {
      rows[y][u] = 0;
      for (gint x = 0; x < SIDE; x++)
        rows[y][u] += small[y][x] * wave[u][x];
    }
  }
  for (gint v = 0; v < LOW; v++) {
    for (gint u = 0; u < LOW; u++) {
      low[v][u] = 0;
      for (gint y = 0; y < SIDE; y++)
        low[v][u] += rows[y][u] * wave[v][y];
    }
  }
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble left = *(const gdouble *) a, right = *(const gdouble *) b;

  return left < right ? -1 : left > right;
}

GstSodLikeness
gst_sod_likeness_of_pixels (const guint8 *pixels, gint width, gint height)
{
  gdouble small[SIDE][SIDE], low[LOW][LOW], sorted[LOW * LOW], median;
  GstSodLikeness likeness = { 0 };

  shrink (pixels, width, height, small);
  if (deviation (small) < PLAIN)
    return likeness;
  transform (small, low);
  for (gint i = 0; i < LOW * LOW; i++)
    sorted[i] = low[i / LOW][i % LOW];
  qsort (sorted, LOW * LOW, sizeof (gdouble), compare);
  median = (sorted[LOW * LOW / 2 - 1] + sorted[LOW * LOW / 2]) / 2;
  for (gint i = 0; i < LOW * LOW; i++)
    likeness.bits |= (guint64) (low[i / LOW][i % LOW] > median) << i;
  likeness.is_known = TRUE;
  return likeness;
}

gboolean
gst_sod_likeness_of_file (
    const gchar *path, GstSodLikeness *likeness, GError **error)
{
  GstSodRaster raster;

  if (!gst_sod_raster_read (path, GST_SOD_PIXELS_SKETCH, &raster, error))
    return FALSE;
  *likeness =
      gst_sod_likeness_of_pixels (raster.pixels, raster.width, raster.height);
  g_free (raster.pixels);
  return TRUE;
}

/* ---- of many ---- */

typedef struct
{
  GstSodDataset *dataset;
  GstSodLikeness *likenesses;
  gint next;   /* atomic */
  gint failed; /* atomic */
  GMutex lock;
  GError *error; /* the first, under the lock */
} Work;

static gpointer
work_run (gpointer data)
{
  Work *work = data;
  guint n = work->dataset->items->len;

  while (g_atomic_int_get (&work->failed) == 0) {
    guint i = (guint) g_atomic_int_add (&work->next, 1);
    GError *error = NULL;

    if (i >= n)
      break;
    if (gst_sod_likeness_of_file (
            gst_sod_dataset_item (work->dataset, i)->image,
            &work->likenesses[i], &error))
      continue;
    g_atomic_int_set (&work->failed, 1);
    g_mutex_lock (&work->lock);
    if (work->error == NULL)
      work->error = g_steal_pointer (&error);
    g_mutex_unlock (&work->lock);
    g_clear_error (&error);
  }
  return NULL;
}

GstSodLikeness *
gst_sod_likeness_of_dataset (
    GstSodDataset *dataset, guint n_threads, GError **error)
{
  Work work = { .dataset = dataset };
  g_autofree GThread **threads = NULL;
  guint n = n_threads > 0 ? n_threads : g_get_num_processors ();

  g_mutex_init (&work.lock);
  work.likenesses = g_new0 (GstSodLikeness, dataset->items->len + 1);
  threads = g_new0 (GThread *, n);
  for (guint i = 1; i < n; i++)
    threads[i] = g_thread_try_new ("sod-likeness", work_run, &work, NULL);
  work_run (&work);
  for (guint i = 1; i < n; i++) {
    if (threads[i] != NULL)
      g_thread_join (threads[i]);
  }
  g_mutex_clear (&work.lock);
  if (work.error == NULL)
    return work.likenesses;
  g_free (work.likenesses);
  g_propagate_error (error, work.error);
  return NULL;
}
