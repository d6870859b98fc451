/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several samples as one. */
#include <math.h>
#include <string.h>

#include <gst-sod/data/samples-private.h>

typedef struct
{
  GstSodSamples *samples;
  guint n_all; /* of the part */
  guint first; /* index in the mixture of what is drawn from it */
  guint n;     /* how many are drawn */
  guint first_sequence;
} Part;

#define GST_SOD_TYPE_MIXTURE (gst_sod_mixture_get_type ())
G_DECLARE_FINAL_TYPE (GstSodMixture, gst_sod_mixture, GST_SOD, MIXTURE, GObject)

struct _GstSodMixture
{
  GObject parent;
  GArray *parts; /* of Part */
  guint n;
};

static void gst_sod_mixture_init_samples (GstSodSamplesInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstSodMixture, gst_sod_mixture, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (GST_SOD_TYPE_SAMPLES,
        (GInterfaceInitFunc) (void (*) (void)) gst_sod_mixture_init_samples))

static void
clear_part (gpointer part)
{
  g_object_unref (((Part *) part)->samples);
}

static void
gst_sod_mixture_init (GstSodMixture *self)
{
  self->parts = g_array_new (FALSE, FALSE, sizeof (Part));
  g_array_set_clear_func (self->parts, clear_part);
}

static void
gst_sod_mixture_finalize (GObject *object)
{
  g_array_unref (GST_SOD_MIXTURE (object)->parts);
  G_OBJECT_CLASS (gst_sod_mixture_parent_class)->finalize (object);
}

static void
gst_sod_mixture_class_init (GstSodMixtureClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_mixture_finalize;
}

static const Part *
get_part (GstSodMixture *self, guint part)
{
  return &g_array_index (self->parts, Part, part);
}

/* The part that a sample comes from, and its index there. Those that are only
 * looked back at lie beyond, the parts' by turns. */
static const Part *
find (GstSodSamples *samples, guint sample, guint *local)
{
  GstSodMixture *self = GST_SOD_MIXTURE (samples);
  guint low = 0, high = self->parts->len;
  const Part *part;

  if (sample >= self->n) {
    *local = (sample - self->n) / self->parts->len;
    return get_part (self, (sample - self->n) % self->parts->len);
  }
  while (high - low > 1) {
    guint middle = low + (high - low) / 2;

    if (get_part (self, middle)->first <= sample)
      low = middle;
    else
      high = middle;
  }
  part = get_part (self, low);
  *local = (guint) ((guint64) (sample - part->first) * part->n_all / part->n);
  return part;
}

static guint
get_n_samples (GstSodSamples *samples)
{
  return GST_SOD_MIXTURE (samples)->n;
}

static gboolean
is_labelled (GstSodSamples *samples, guint sample)
{
  guint local;
  const Part *part = find (samples, sample, &local);

  return gst_sod_samples_is_labelled (part->samples, local);
}

static const gchar *
get_name (GstSodSamples *samples, guint sample)
{
  guint local;
  const Part *part = find (samples, sample, &local);

  return gst_sod_samples_get_name (part->samples, local);
}

static guint
get_sequence (GstSodSamples *samples, guint sample)
{
  guint local, sequence;
  const Part *part = find (samples, sample, &local);

  sequence = gst_sod_samples_get_sequence (part->samples, local);
  return sequence == GST_SOD_SAMPLES_NO_SEQUENCE
             ? sequence
             : part->first_sequence + sequence;
}

static gboolean
read_sample (GstSodSamples *samples, guint sample, GstSodImage **image,
    GstSodImage **mask, GError **error)
{
  guint local;
  const Part *part = find (samples, sample, &local);

  return gst_sod_samples_read (part->samples, local, image, mask, error);
}

static gboolean
read_weights (
    GstSodSamples *samples, guint sample, GstSodImage **weights, GError **error)
{
  guint local;
  const Part *part = find (samples, sample, &local);

  return gst_sod_samples_read_weights (part->samples, local, weights, error);
}

static gboolean
find_neighbour (
    GstSodSamples *samples, guint sample, gint distance, guint *neighbour)
{
  GstSodMixture *self = GST_SOD_MIXTURE (samples);
  guint local, found;
  const Part *part = find (samples, sample, &local);
  guint index = (guint) (part - get_part (self, 0));

  if (!gst_sod_samples_find_neighbour (part->samples, local, distance, &found))
    return FALSE;
  *neighbour = self->n + found * self->parts->len + index;
  return TRUE;
}

static gchar *
get_hash (GstSodSamples *samples)
{
  GstSodMixture *self = GST_SOD_MIXTURE (samples);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  g_checksum_update (checksum, (const guchar *) "mixture", -1);
  for (guint i = 0; i < self->parts->len; i++) {
    const Part *part = get_part (self, i);
    g_autofree gchar *hash = gst_sod_samples_get_hash (part->samples);
    g_autofree gchar *line = g_strdup_printf ("%s %u\n", hash, part->n);

    g_checksum_update (checksum, (const guchar *) line, -1);
  }
  return g_strdup (g_checksum_get_string (checksum));
}

static void
gst_sod_mixture_init_samples (GstSodSamplesInterface *iface)
{
  iface->get_n_samples = get_n_samples;
  iface->is_labelled = is_labelled;
  iface->get_name = get_name;
  iface->get_sequence = get_sequence;
  iface->read = read_sample;
  iface->read_weights = read_weights;
  iface->find_neighbour = find_neighbour;
  iface->get_hash = get_hash;
}

/* One more than the largest number of a sequence. */
static guint
count_sequences (GstSodSamples *samples)
{
  guint n = gst_sod_samples_get_n_samples (samples), count = 0;

  for (guint i = 0; i < n; i++) {
    guint sequence = gst_sod_samples_get_sequence (samples, i);

    if (sequence != GST_SOD_SAMPLES_NO_SEQUENCE)
      count = MAX (count, sequence + 1);
  }
  return count;
}

/**
 * gst_sod_samples_new_mixture:
 * @parts: (array length=n_parts): samples
 * @repeats: (array length=n_parts) (nullable): how often the mixture has each
 *   part: 1 = every sample once, 2 = twice, 0.5 = every second one; %NULL for
 *   all once
 * @n_parts: how many
 *
 * Makes several samples into one; of one part, it repeats or thins that. What
 * is left of a thinned part lies evenly in it, and its frames still find all
 * their neighbours.
 *
 * Returns: (transfer full): the mixture
 *
 * Since: 0.1
 */
GstSodSamples *
gst_sod_samples_new_mixture (
    GstSodSamples *const *parts, const gdouble *repeats, gsize n_parts)
{
  GstSodMixture *self;
  guint n_sequences = 0;

  g_return_val_if_fail (parts != NULL || n_parts == 0, NULL);

  self = g_object_new (GST_SOD_TYPE_MIXTURE, NULL);
  for (gsize i = 0; i < n_parts; i++) {
    guint n_all = gst_sod_samples_get_n_samples (parts[i]);
    gdouble n = n_all * (repeats != NULL ? MAX (repeats[i], 0) : 1);
    Part part = { g_object_ref (parts[i]), n_all, self->n,
      (guint) MIN (floor (n + 0.5), (gdouble) (G_MAXINT - self->n)),
      n_sequences };

    self->n += part.n;
    n_sequences += count_sequences (parts[i]);
    g_array_append_val (self->parts, part);
  }
  return GST_SOD_SAMPLES (self);
}
