/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which frames are worth a person's time. */
#include <gst-sod/data/store-snapshot.h>

#include <math.h>

#include <gst-sod/core/image-private.h>

/**
 * gst_sod_store_measure_uncertainty:
 * @map: a map, 8-bit gray: 0 = certainly background, 255 = certainly salient
 *
 * How unsure a network was of a frame. With p of 0 to 1 a pixel's uncertainty
 * is u = 1 - |2p - 1|; the frame's is the mean of u plus its standard
 * deviation, so that a doubtful object counts for more than a dim veil over
 * the whole frame. (u is twice what the likelier answer lacks to certainty: the
 * least confident is asked for; Settles, "Active learning literature survey",
 * 2009, section 3.1.)
 *
 * Returns: 0 to 1.25; 0 where all pixels are black or white
 *
 * Since: 0.1
 */
gdouble
gst_sod_store_measure_uncertainty (const GstSodImage *map)
{
  gdouble sum = 0, squares = 0, n;

  g_return_val_if_fail (map != NULL, 0);
  g_return_val_if_fail (
      map->n_components == 1 && map->components[0].sample_size == 1, 0);

  n = (gdouble) map->width * map->height;
  for (gint y = 0; y < map->height; y++) {
    for (gint x = 0; x < map->width; x++) {
      gdouble p = gst_sod_component_code (&map->components[0], y, x) / 255.0;
      gdouble u = 1 - fabs (2 * p - 1);

      sum += u;
      squares += u * u;
    }
  }
  sum /= n;
  return sum + sqrt (MAX (0, squares / n - sum * sum));
}

typedef struct
{
  guint sample;
  gdouble score;
} Candidate;

static gint
compare (gconstpointer a, gconstpointer b)
{
  const Candidate *left = a, *right = b;

  if (left->score > right->score)
    return -1;
  if (left->score < right->score)
    return 1;
  return left->sample < right->sample ? -1 : left->sample > right->sample;
}

/**
 * gst_sod_store_snapshot_pick:
 * @self: a snapshot
 * @scores: (array length=n_scores): what each frame is worth; those with NaN
 *   are left out
 * @n_scores: as many as there are samples
 * @distance: bits; of two frames whose perceptual hashes differ in fewer, only
 *   the better is taken
 * @n_wanted: how many
 * @n_picked: (out): how many there are
 *
 * Picks the best frames, no two of them alike.
 *
 * Returns: (transfer full) (array length=n_picked): their samples, the best
 *   first
 *
 * Since: 0.1
 */
guint *
gst_sod_store_snapshot_pick (GstSodStoreSnapshot *self, const gdouble *scores,
    gsize n_scores, guint distance, guint n_wanted, gsize *n_picked)
{
  g_autoptr (GArray) candidates =
      g_array_new (FALSE, FALSE, sizeof (Candidate));
  GArray *picked = g_array_new (FALSE, FALSE, sizeof (guint));

  g_return_val_if_fail (GST_SOD_IS_STORE_SNAPSHOT (self), NULL);
  g_return_val_if_fail (
      n_scores == gst_sod_samples_get_n_samples (GST_SOD_SAMPLES (self)), NULL);
  g_return_val_if_fail (scores != NULL || n_scores == 0, NULL);
  g_return_val_if_fail (n_picked != NULL, NULL);

  for (guint i = 0; i < n_scores; i++) {
    Candidate candidate = { i, scores[i] };

    if (!isnan (scores[i]))
      g_array_append_val (candidates, candidate);
  }
  g_array_sort (candidates, compare);
  for (guint i = 0; i < candidates->len && picked->len < n_wanted; i++) {
    guint sample = g_array_index (candidates, Candidate, i).sample;
    gboolean is_new = TRUE;

    for (guint j = 0; j < picked->len && is_new; j++)
      is_new = gst_sod_store_snapshot_get_distance (
                   self, sample, g_array_index (picked, guint, j))
               >= distance;
    if (is_new)
      g_array_append_val (picked, sample);
  }
  *n_picked = picked->len;
  return (guint *) (gpointer) g_array_free (picked, FALSE);
}
