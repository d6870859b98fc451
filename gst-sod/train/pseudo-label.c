/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/pseudo-label-private.h>

#include <math.h>

#include <gst-sod/core/image-private.h>
#include <gst-sod/data/samples-private.h>

/* A label, (h, w) each. */
typedef struct
{
  guint sample;       /* of the frames' own samples */
  gint width, height; /* of the frame */
  guint8 *map;
  guint8 *confidence; /* NULL: all pixels count in full */
} Label;

struct _GstSodPseudoLabels
{
  GObject parent;
  GstSodSamples *of;
  gint width, height;
  GstSodPseudoRule rule;
  GArray *labels; /* of Label */
  GstSodPseudoCounts counts;
};

static void iface_init (GstSodSamplesInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstSodPseudoLabels, gst_sod_pseudo_labels,
    G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (GST_SOD_TYPE_SAMPLES, iface_init))

static void
clear_label (gpointer data)
{
  Label *label = data;

  g_free (label->map);
  g_free (label->confidence);
}

static void
gst_sod_pseudo_labels_finalize (GObject *object)
{
  GstSodPseudoLabels *self = GST_SOD_PSEUDO_LABELS (object);

  g_clear_object (&self->of);
  g_array_unref (self->labels);
  G_OBJECT_CLASS (gst_sod_pseudo_labels_parent_class)->finalize (object);
}

static void
gst_sod_pseudo_labels_class_init (GstSodPseudoLabelsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_pseudo_labels_finalize;
}

static void
gst_sod_pseudo_labels_init (GstSodPseudoLabels *self)
{
  self->labels = g_array_new (FALSE, FALSE, sizeof (Label));
  g_array_set_clear_func (self->labels, clear_label);
}

/* ---- samples ---- */

static guint
get_n_samples (GstSodSamples *samples)
{
  return GST_SOD_PSEUDO_LABELS (samples)->labels->len;
}

static gboolean
is_labelled (GstSodSamples *samples, guint sample)
{
  return sample < GST_SOD_PSEUDO_LABELS (samples)->labels->len;
}

/* Frames beyond the labels are those that are only looked back at. */
static guint
find_source (GstSodPseudoLabels *self, guint sample)
{
  return sample < self->labels->len
             ? g_array_index (self->labels, Label, sample).sample
             : sample - self->labels->len;
}

static const gchar *
get_name (GstSodSamples *samples, guint sample)
{
  GstSodPseudoLabels *self = GST_SOD_PSEUDO_LABELS (samples);

  return gst_sod_samples_get_name (self->of, find_source (self, sample));
}

static guint
get_sequence (GstSodSamples *samples, guint sample)
{
  GstSodPseudoLabels *self = GST_SOD_PSEUDO_LABELS (samples);

  return gst_sod_samples_get_sequence (self->of, find_source (self, sample));
}

/* Where a pixel of the larger picture lies between two of the smaller one. */
typedef struct
{
  gint first, second;
  gfloat share; /* of the second */
} Tap;

static Tap *
make_taps (gint from, gint to)
{
  Tap *taps = g_new (Tap, to);

  for (gint i = 0; i < to; i++) {
    gfloat at = ((gfloat) i + 0.5f) * (gfloat) from / (gfloat) to - 0.5f;
    gint first = (gint) floorf (at);

    taps[i].share = at - (gfloat) first;
    taps[i].first = CLAMP (first, 0, from - 1);
    taps[i].second = CLAMP (first + 1, 0, from - 1);
  }
  return taps;
}

/* @values (h, w), enlarged to @width x @height; where @cut, 0 or 255. */
static GstSodImage *
enlarge (GstSodPseudoLabels *self, const guint8 *values, gint width,
    gint height, gboolean cut, GError **error)
{
  g_autofree Tap *columns = make_taps (self->width, width);
  g_autofree Tap *rows = make_taps (self->height, height);
  GstSodImage *image = gst_sod_image_new_gray (width, height, error);

  for (gint y = 0; image != NULL && y < height; y++) {
    const guint8 *upper = values + (gsize) rows[y].first * (gsize) self->width;
    const guint8 *lower = values + (gsize) rows[y].second * (gsize) self->width;
    gfloat share = rows[y].share;
    guint8 *to = gst_sod_image_gray_row (image, y);

    for (gint x = 0; x < width; x++) {
      const Tap *tap = &columns[x];
      gfloat a =
          upper[tap->first]
          + tap->share * (gfloat) (upper[tap->second] - upper[tap->first]);
      gfloat b =
          lower[tap->first]
          + tap->share * (gfloat) (lower[tap->second] - lower[tap->first]);
      gfloat value = a + share * (b - a);

      to[x] = cut ? (value >= 127.5f ? 255 : 0) : (guint8) (value + 0.5f);
    }
  }
  return image;
}

/* All pixels count in full, or as much as they were sure. */
static gboolean
read_weights (
    GstSodSamples *samples, guint sample, GstSodImage **weights, GError **error)
{
  GstSodPseudoLabels *self = GST_SOD_PSEUDO_LABELS (samples);
  const Label *label;

  if (sample >= self->labels->len)
    return TRUE;
  label = &g_array_index (self->labels, Label, sample);
  if (label->confidence == NULL)
    return TRUE;
  *weights = enlarge (
      self, label->confidence, label->width, label->height, FALSE, error);
  return *weights != NULL;
}

static gboolean
read_sample (GstSodSamples *samples, guint sample, GstSodImage **image,
    GstSodImage **mask, GError **error)
{
  GstSodPseudoLabels *self = GST_SOD_PSEUDO_LABELS (samples);
  const Label *label;

  if (image != NULL
      && !gst_sod_samples_read (
          self->of, find_source (self, sample), image, NULL, error))
    return FALSE;
  if (mask == NULL || sample >= self->labels->len)
    return TRUE;
  label = &g_array_index (self->labels, Label, sample);
  *mask = enlarge (self, label->map, label->width, label->height,
      self->rule.confident, error);
  if (*mask == NULL && image != NULL)
    g_clear_pointer (image, gst_sod_image_unref);
  return *mask != NULL;
}

static gboolean
find_neighbour (
    GstSodSamples *samples, guint sample, gint distance, guint *neighbour)
{
  GstSodPseudoLabels *self = GST_SOD_PSEUDO_LABELS (samples);
  guint found;

  if (!gst_sod_samples_find_neighbour (
          self->of, find_source (self, sample), distance, &found))
    return FALSE;
  *neighbour = self->labels->len + found;
  return TRUE;
}

static gchar *
get_hash (GstSodSamples *samples)
{
  GstSodPseudoLabels *self = GST_SOD_PSEUDO_LABELS (samples);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize n = (gsize) self->width * (gsize) self->height;

  for (guint i = 0; i < self->labels->len; i++) {
    const Label *label = &g_array_index (self->labels, Label, i);
    const gchar *name = gst_sod_samples_get_name (self->of, label->sample);

    g_checksum_update (checksum, (const guchar *) name, -1);
    g_checksum_update (checksum, label->map, (gssize) n);
  }
  return g_strdup (g_checksum_get_string (checksum));
}

static void
iface_init (GstSodSamplesInterface *iface)
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

/* ---- filling ---- */

GstSodPseudoLabels *
gst_sod_pseudo_labels_new (
    GstSodSamples *of, gint width, gint height, const GstSodPseudoRule *rule)
{
  GstSodPseudoLabels *self = g_object_new (GST_SOD_TYPE_PSEUDO_LABELS, NULL);

  self->of = g_object_ref (of);
  self->width = width;
  self->height = height;
  self->rule = *rule;
  return self;
}

gsize
gst_sod_pseudo_labels_get_size (
    gint width, gint height, const GstSodPseudoRule *rule)
{
  return (gsize) width * (gsize) height * (rule->confident ? 2 : 1)
         + sizeof (Label);
}

static guint8 *
to_bytes (const gfloat *values, gsize n)
{
  guint8 *bytes = g_malloc (n);

  for (gsize i = 0; i < n; i++)
    bytes[i] = (guint8) (CLAMP (values[i], 0, 1) * 255 + 0.5f);
  return bytes;
}

gboolean
gst_sod_pseudo_labels_add (GstSodPseudoLabels *self, guint sample, gint width,
    gint height, const gfloat *map, const gfloat *confidence)
{
  gsize n = (gsize) self->width * (gsize) self->height, n_salient = 0;
  const GstSodPseudoRule *rule = &self->rule;
  gdouble sum = 0, area;
  Label label = { .sample = sample, .width = width, .height = height };

  for (gsize i = 0; i < n; i++) {
    n_salient += map[i] > 0.5f ? 1 : 0;
    sum += confidence[i];
  }
  area = (gdouble) n_salient / (gdouble) n;
  self->counts.n_frames++;
  if (sum / (gdouble) n < rule->min_confidence) {
    self->counts.n_unsure++;
    return FALSE;
  }
  if (area < rule->min_area || area > rule->max_area) {
    self->counts.n_wrong_area++;
    return FALSE;
  }
  label.map = to_bytes (map, n);
  label.confidence = rule->confident ? to_bytes (confidence, n) : NULL;
  g_array_append_val (self->labels, label);
  self->counts.n_accepted++;
  return TRUE;
}

const GstSodPseudoCounts *
gst_sod_pseudo_labels_get_counts (GstSodPseudoLabels *self)
{
  return &self->counts;
}
