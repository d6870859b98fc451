/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples of one camera, in the order of time, in those to learn from and those
 * to be judged by. */
#include <math.h>

#include <gst-sod/data/samples.h>

#define LARGEST_GAP 25 /* frames */

static GstSodSamples *
select_range (GstSodSamples *of, guint first, guint n)
{
  g_autofree guint *range = g_new (guint, n);

  for (guint i = 0; i < n; i++)
    range[i] = first + i;
  return gst_sod_samples_new_selection (of, range, n);
}

static guint
count_labelled (GstSodSamples *samples, guint first, guint end)
{
  guint n = 0;

  for (guint i = first; i < end; i++)
    n += gst_sod_samples_is_labelled (samples, i);
  return n;
}

/* Where the sequence that @end ends begins; stills are none. */
static guint
find_sequence_start (GstSodSamples *samples, guint end)
{
  guint sequence = gst_sod_samples_get_sequence (samples, end - 1);
  guint first = end - 1;

  while (sequence != GST_SOD_SAMPLES_NO_SEQUENCE && first > 0
         && gst_sod_samples_get_sequence (samples, first - 1) == sequence)
    first--;
  return first;
}

/* The first of the last frames that have @wanted labels. */
static guint
find_cut (GstSodSamples *samples, guint wanted)
{
  guint first = gst_sod_samples_get_n_samples (samples);

  while (first > 0 && wanted > 0)
    wanted -= gst_sod_samples_is_labelled (samples, --first);
  return first;
}

/**
 * gst_sod_samples_divide:
 * @self: samples, in the order of time
 * @share: of the labels that are to be held out, 0 to 1
 * @learnt: (out) (transfer full): the samples to learn from
 * @held_out: (out) (nullable) (transfer full): those to judge a network by, or
 *   %NULL where @share is 0 or would leave no label to learn from
 *
 * Holds out the last samples, with about @share of the labels. Whole sequences
 * are, unless they are long: then the last of one is cut, and the frames just
 * before the cut, at most 25 and a quarter of what is held out, are in neither
 * part, since they are near copies of those behind it.
 *
 * Since: 0.1
 */
void
gst_sod_samples_divide (GstSodSamples *self, gdouble share,
    GstSodSamples **learnt, GstSodSamples **held_out)
{
  guint n, n_labelled, wanted, first, end, n_taken = 0;

  g_return_if_fail (GST_SOD_IS_SAMPLES (self));
  g_return_if_fail (share >= 0 && share <= 1);
  g_return_if_fail (learnt != NULL && held_out != NULL);

  first = n = gst_sod_samples_get_n_samples (self);
  n_labelled = gst_sod_samples_get_n_labelled (self);
  wanted = (guint) ceil (share * n_labelled);
  *held_out = NULL;
  if (wanted == 0 || wanted >= n_labelled) {
    *learnt = g_object_ref (self);
    return;
  }
  while (n_taken < wanted) {
    first = find_sequence_start (self, first);
    n_taken = count_labelled (self, first, n);
  }
  end = first;
  if (n_taken == n_labelled || n_taken > 2 * wanted) {
    first = find_cut (self, wanted);
    end = first - MIN (first, MIN (LARGEST_GAP, wanted / 4));
    if (count_labelled (self, 0, end) == 0)
      end = first;
  }
  *learnt = select_range (self, 0, end);
  *held_out = select_range (self, first, n - first);
}
