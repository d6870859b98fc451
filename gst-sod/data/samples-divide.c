/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples of one camera, in the order of time, in those to learn from and those
 * to be judged by. */
#include <math.h>

#include <gst-sod/data/samples.h>

#define LARGEST_GAP 25 /* frames */

/* [@first, @end), and [@second, n) too. */
static GstSodSamples *
select_ranges (GstSodSamples *of, guint first, guint end, guint second, guint n)
{
  const guint n_first = end - first;
  g_autofree guint *chosen = g_new (guint, n_first + n - second);

  for (guint i = 0; i < n_first; i++)
    chosen[i] = first + i;
  for (guint i = second; i < n; i++)
    chosen[n_first + i - second] = i;
  return gst_sod_samples_new_selection (of, chosen, n_first + n - second);
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

/* Where the sequence that holds @at ends. */
static guint
find_sequence_end (GstSodSamples *samples, guint at)
{
  const guint n = gst_sod_samples_get_n_samples (samples);
  guint sequence = gst_sod_samples_get_sequence (samples, at);
  guint end = at + 1;

  while (sequence != GST_SOD_SAMPLES_NO_SEQUENCE && end < n
         && gst_sod_samples_get_sequence (samples, end) == sequence)
    end++;
  return end;
}

static guint
find_last_label (GstSodSamples *samples)
{
  guint at = gst_sod_samples_get_n_samples (samples) - 1;

  while (at > 0 && !gst_sod_samples_is_labelled (samples, at))
    at--;
  return at;
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
 * part, since they are near copies of those behind it. Nothing is judged by
 * frames behind the last label: they are to be learnt from, unless they belong
 * to a sequence that is held out whole, or are as near to the cut's last frame.
 *
 * Since: 0.1
 */
void
gst_sod_samples_divide (GstSodSamples *self, gdouble share,
    GstSodSamples **learnt, GstSodSamples **held_out)
{
  guint n, n_labelled, wanted, first, end, last, behind, n_taken = 0;

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
  last = find_last_label (self) + 1;
  behind = find_sequence_end (self, last - 1);
  if (n_taken == n_labelled || n_taken > 2 * wanted) {
    guint gap = MIN (LARGEST_GAP, wanted / 4);

    first = find_cut (self, wanted);
    end = first - MIN (first, gap);
    if (count_labelled (self, 0, end) == 0)
      end = first;
    behind = MIN (behind, last + gap);
  } else {
    last = behind;
  }
  *learnt = select_ranges (self, 0, end, behind, n);
  *held_out = select_ranges (self, first, last, n, n);
}
