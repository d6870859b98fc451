/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A data set as samples to train from. */
#include <math.h>
#include <string.h>

#include <gst-sod/data/dataset-private.h>
#include <gst-sod/data/samples-private.h>

static guint
get_n_samples (GstSodSamples *samples)
{
  return GST_SOD_DATASET (samples)->items->len;
}

static gboolean
is_labelled (GstSodSamples *samples, guint sample)
{
  return gst_sod_dataset_is_labelled (GST_SOD_DATASET (samples), sample);
}

static const gchar *
get_name (GstSodSamples *samples, guint sample)
{
  return gst_sod_dataset_item (GST_SOD_DATASET (samples), sample)->full_name;
}

static guint
get_sequence (GstSodSamples *samples, guint sample)
{
  GstSodDataset *self = GST_SOD_DATASET (samples);

  if (gst_sod_dataset_item (self, sample)->sequence[0] == '\0')
    return GST_SOD_SAMPLES_NO_SEQUENCE;
  return gst_sod_dataset_get_item_sequence (self, sample);
}

static gboolean
read_sample (GstSodSamples *samples, guint sample, GstSodImage **image,
    GstSodImage **mask, GError **error)
{
  return gst_sod_dataset_read (
      GST_SOD_DATASET (samples), sample, image, mask, error);
}

/* The number that a frame's name ends in; its place in the list where there is
 * none. */
static gint64
get_number (GstSodDataset *self, guint item)
{
  const gchar *name = gst_sod_dataset_item (self, item)->name;
  gsize end = strlen (name), start = end;

  while (start > 0 && end - start < 18 && g_ascii_isdigit (name[start - 1]))
    start--;
  return start < end ? g_ascii_strtoll (name + start, NULL, 10) : item;
}

/* Frames may be missing: what is asked for may be missed by one frame, or by
 * half of the way. */
static gboolean
find_neighbour (
    GstSodSamples *samples, guint sample, gint distance, guint *neighbour)
{
  GstSodDataset *self = GST_SOD_DATASET (samples);
  const GstSodSequence *sequence;
  gint64 steps = -llround (distance * self->frame_rate / 1000);
  gint64 step = distance < 0 ? 1 : -1, best = G_MAXINT64, wanted, end;

  if (get_sequence (samples, sample) == GST_SOD_SAMPLES_NO_SEQUENCE
      || distance == 0)
    return FALSE;
  sequence = gst_sod_dataset_sequence (
      self, gst_sod_dataset_get_item_sequence (self, sample));
  steps = steps == 0 ? step : steps;
  wanted = get_number (self, sample) + steps;
  end = step < 0 ? (gint64) sequence->first - 1
                 : (gint64) sequence->first + sequence->n_items;
  for (gint64 i = sample + step; i != end; i += step) {
    gint64 off = ABS (get_number (self, (guint) i) - wanted);

    if (off >= best)
      break;
    best = off;
    *neighbour = (guint) i;
  }
  return best <= MAX (1, ABS (steps) / 2);
}

static gchar *
get_hash (GstSodSamples *samples)
{
  return gst_sod_dataset_get_hash (GST_SOD_DATASET (samples));
}

void
gst_sod_dataset_init_samples (gpointer iface, gpointer data)
{
  GstSodSamplesInterface *samples = iface;

  samples->get_n_samples = get_n_samples;
  samples->is_labelled = is_labelled;
  samples->get_name = get_name;
  samples->get_sequence = get_sequence;
  samples->read = read_sample;
  samples->find_neighbour = find_neighbour;
  samples->get_hash = get_hash;
}
