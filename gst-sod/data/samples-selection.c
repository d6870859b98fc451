/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Some of the samples of another, or all of them with some labels hidden. */
#include <math.h>
#include <string.h>

#include <gst-sod/core/random.h>
#include <gst-sod/data/samples-private.h>

/* Stream of the numbers that labels are drawn with. */
#define RANDOM_STREAM 0x1abe1

#define GST_SOD_TYPE_SELECTION (gst_sod_selection_get_type ())
G_DECLARE_FINAL_TYPE (
    GstSodSelection, gst_sod_selection, GST_SOD, SELECTION, GObject)

struct _GstSodSelection
{
  GObject parent;
  GstSodSamples *of;
  guint *samples; /* indices in @of */
  guint n;
  guint8 *hidden; /* labels, by place in @samples; NULL: none */
};

static void gst_sod_selection_init_samples (GstSodSamplesInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstSodSelection, gst_sod_selection,
    G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (GST_SOD_TYPE_SAMPLES,
        (GInterfaceInitFunc) (void (*) (void)) gst_sod_selection_init_samples))

static void
gst_sod_selection_init (GstSodSelection *self)
{
}

static void
gst_sod_selection_finalize (GObject *object)
{
  GstSodSelection *self = GST_SOD_SELECTION (object);

  g_clear_object (&self->of);
  g_free (self->samples);
  g_free (self->hidden);
  G_OBJECT_CLASS (gst_sod_selection_parent_class)->finalize (object);
}

static void
gst_sod_selection_class_init (GstSodSelectionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_selection_finalize;
}

/* Those that are only looked back at lie beyond the chosen. */
static guint
get_index (GstSodSamples *samples, guint sample)
{
  GstSodSelection *self = GST_SOD_SELECTION (samples);

  return sample < self->n ? self->samples[sample] : sample - self->n;
}

static guint
get_n_samples (GstSodSamples *samples)
{
  return GST_SOD_SELECTION (samples)->n;
}

static gboolean
shows_label (GstSodSamples *samples, guint sample)
{
  GstSodSelection *self = GST_SOD_SELECTION (samples);

  return self->hidden == NULL || (sample < self->n && !self->hidden[sample]);
}

static gboolean
is_labelled (GstSodSamples *samples, guint sample)
{
  return shows_label (samples, sample)
         && gst_sod_samples_is_labelled (
             GST_SOD_SELECTION (samples)->of, get_index (samples, sample));
}

static const gchar *
get_name (GstSodSamples *samples, guint sample)
{
  return gst_sod_samples_get_name (
      GST_SOD_SELECTION (samples)->of, get_index (samples, sample));
}

static guint
get_sequence (GstSodSamples *samples, guint sample)
{
  return gst_sod_samples_get_sequence (
      GST_SOD_SELECTION (samples)->of, get_index (samples, sample));
}

static gboolean
read_sample (GstSodSamples *samples, guint sample, GstSodImage **image,
    GstSodImage **mask, GError **error)
{
  return gst_sod_samples_read (GST_SOD_SELECTION (samples)->of,
      get_index (samples, sample), image,
      shows_label (samples, sample) ? mask : NULL, error);
}

static gboolean
read_weights (
    GstSodSamples *samples, guint sample, GstSodImage **weights, GError **error)
{
  return gst_sod_samples_read_weights (GST_SOD_SELECTION (samples)->of,
      get_index (samples, sample), weights, error);
}

static gboolean
find_neighbour (
    GstSodSamples *samples, guint sample, gint distance, guint *neighbour)
{
  GstSodSelection *self = GST_SOD_SELECTION (samples);
  guint found;

  if (!gst_sod_samples_find_neighbour (
          self->of, get_index (samples, sample), distance, &found))
    return FALSE;
  *neighbour = self->n + found;
  return TRUE;
}

static gchar *
get_hash (GstSodSamples *samples)
{
  GstSodSelection *self = GST_SOD_SELECTION (samples);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree gchar *hash = gst_sod_samples_get_hash (self->of);

  g_checksum_update (checksum, (const guchar *) "selection", -1);
  g_checksum_update (checksum, (const guchar *) hash, -1);
  for (guint i = 0; i < self->n; i++) {
    g_autofree gchar *line =
        g_strdup_printf ("%u %d\n", self->samples[i], shows_label (samples, i));

    g_checksum_update (checksum, (const guchar *) line, -1);
  }
  return g_strdup (g_checksum_get_string (checksum));
}

static void
gst_sod_selection_init_samples (GstSodSamplesInterface *iface)
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

/* @samples: (transfer full) */
static GstSodSelection *
select_samples (GstSodSamples *of, guint *samples, gsize n)
{
  GstSodSelection *self = g_object_new (GST_SOD_TYPE_SELECTION, NULL);

  self->of = g_object_ref (of);
  self->samples = samples;
  self->n = (guint) n;
  return self;
}

/**
 * gst_sod_samples_new_selection:
 * @of: samples
 * @samples: (array length=n_samples): which of them, in the order that they
 *   are to have
 * @n_samples: how many
 *
 * Makes samples of some. Their frames still find all their neighbours.
 *
 * Returns: (transfer full): the selection
 *
 * Since: 0.1
 */
GstSodSamples *
gst_sod_samples_new_selection (
    GstSodSamples *of, const guint *samples, gsize n_samples)
{
  guint n_all;

  g_return_val_if_fail (GST_SOD_IS_SAMPLES (of), NULL);
  g_return_val_if_fail (samples != NULL || n_samples == 0, NULL);
  g_return_val_if_fail (n_samples <= G_MAXINT, NULL);

  n_all = gst_sod_samples_get_n_samples (of);
  for (gsize i = 0; i < n_samples; i++)
    g_return_val_if_fail (samples[i] < n_all, NULL);
  return GST_SOD_SAMPLES (select_samples (
      of, g_memdup2 (samples, n_samples * sizeof (guint)), n_samples));
}

/**
 * gst_sod_samples_new_labelled:
 * @of: samples
 *
 * Makes samples of those that have a label.
 *
 * Returns: (transfer full): the selection
 *
 * Since: 0.1
 */
GstSodSamples *
gst_sod_samples_new_labelled (GstSodSamples *of)
{
  guint *samples;
  guint n_all, n = 0;

  g_return_val_if_fail (GST_SOD_IS_SAMPLES (of), NULL);

  n_all = gst_sod_samples_get_n_samples (of);
  samples = g_new (guint, MAX (n_all, 1));
  for (guint i = 0; i < n_all; i++) {
    if (gst_sod_samples_is_labelled (of, i))
      samples[n++] = i;
  }
  return GST_SOD_SAMPLES (select_samples (of, samples, n));
}

/* ---- labels of which some are hidden ---- */

/* The labelled samples of one sequence, or one still, in their order. */
typedef struct
{
  GArray *samples;
  gboolean is_still;
} Unit;

static void
free_unit (gpointer data)
{
  Unit *unit = data;

  g_array_unref (unit->samples);
  g_free (unit);
}

static GPtrArray *
collect_units (GstSodSamples *of)
{
  GPtrArray *units = g_ptr_array_new_with_free_func (free_unit);
  g_autoptr (GHashTable) by_sequence = g_hash_table_new (NULL, NULL);
  guint n = gst_sod_samples_get_n_samples (of);

  for (guint i = 0; i < n; i++) {
    guint sequence = gst_sod_samples_get_sequence (of, i);
    gboolean is_still = sequence == GST_SOD_SAMPLES_NO_SEQUENCE;
    Unit *unit = is_still ? NULL
                          : g_hash_table_lookup (
                              by_sequence, GUINT_TO_POINTER (sequence));

    if (!gst_sod_samples_is_labelled (of, i))
      continue;
    if (unit == NULL) {
      unit = g_new (Unit, 1);
      unit->samples = g_array_new (FALSE, FALSE, sizeof (guint));
      unit->is_still = is_still;
      g_ptr_array_add (units, unit);
      if (!is_still)
        g_hash_table_insert (by_sequence, GUINT_TO_POINTER (sequence), unit);
    }
    g_array_append_val (unit->samples, i);
  }
  return units;
}

/* Fisher and Yates. */
static void
shuffle (GPtrArray *units, guint64 seed)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, RANDOM_STREAM);

  for (guint i = units->len; i > 1; i--) {
    guint other = gst_sod_random_below (random, i);
    gpointer unit = units->pdata[i - 1];

    units->pdata[i - 1] = units->pdata[other];
    units->pdata[other] = unit;
  }
}

static void
show (GstSodSelection *self, const Unit *unit, guint n)
{
  for (guint i = 0; i < MIN (n, unit->samples->len); i++)
    self->hidden[g_array_index (unit->samples, guint, i)] = 0;
}

/* Shows @fraction of the units of @units, rounded, at least one; of sequences
 * all labels. */
static void
show_units (GstSodSelection *self, GPtrArray *units, gdouble fraction)
{
  guint n = MAX (1, (guint) floor (fraction * units->len + 0.5));

  for (guint i = 0; i < MIN (n, units->len); i++)
    show (self, units->pdata[i], G_MAXUINT);
}

static void
show_prefixes (GstSodSelection *self, GPtrArray *units, gdouble fraction)
{
  g_autoptr (GPtrArray) stills = g_ptr_array_new ();

  for (guint i = 0; i < units->len; i++) {
    const Unit *unit = units->pdata[i];

    if (unit->is_still)
      g_ptr_array_add (stills, units->pdata[i]);
    else
      show (self, unit,
          MAX (1, (guint) floor (fraction * unit->samples->len + 0.5)));
  }
  show_units (self, stills, fraction);
}

/**
 * gst_sod_samples_new_labelled_fraction:
 * @of: samples
 * @fraction: how much of the labels to keep, 0 to 1
 * @draw: which
 * @seed: which draw
 * @error: return location for an error
 *
 * Makes samples of all of @of of which only some keep their label; the others
 * count as unlabelled. With %GST_SOD_LABEL_DRAW_SEQUENCES @fraction of the
 * labelled sequences and stills keep them, with %GST_SOD_LABEL_DRAW_PREFIX
 * that part of each sequence from its start, and of the stills; rounded, at
 * least one each, but for a @fraction of 0. The same samples, fraction and
 * seed give the same on every machine.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a fraction out of range.
 *
 * Returns: (transfer full): the samples, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodSamples *
gst_sod_samples_new_labelled_fraction (GstSodSamples *of, gdouble fraction,
    GstSodLabelDraw draw, guint64 seed, GError **error)
{
  g_autoptr (GPtrArray) units = NULL;
  GstSodSelection *self;
  guint n;

  g_return_val_if_fail (GST_SOD_IS_SAMPLES (of), NULL);

  if (!(fraction >= 0 && fraction <= 1)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "a fraction of the labels is between 0 and 1, %g was asked for",
        fraction);
    return NULL;
  }
  n = gst_sod_samples_get_n_samples (of);
  self = select_samples (of, g_new (guint, MAX (n, 1)), n);
  self->hidden = g_malloc (MAX (n, 1));
  memset (self->hidden, 1, n);
  for (guint i = 0; i < n; i++)
    self->samples[i] = i;
  units = collect_units (of);
  shuffle (units, seed);
  if (fraction > 0 && draw == GST_SOD_LABEL_DRAW_PREFIX)
    show_prefixes (self, units, fraction);
  else if (fraction > 0)
    show_units (self, units, fraction);
  return GST_SOD_SAMPLES (self);
}
