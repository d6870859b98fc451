/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scene-samples.h"

#include <gst-sod/core/error.h>
#include <gst-sod/data/samples-private.h>

static void scene_samples_init_interface (GstSodSamplesInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SceneSamples, scene_samples, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (GST_SOD_TYPE_SAMPLES,
        (GInterfaceInitFunc) (void (*) (void)) scene_samples_init_interface))

static void
scene_samples_init (SceneSamples *self)
{
  self->unlabelled_from = G_MAXUINT;
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
}

static void
scene_samples_finalize (GObject *object)
{
  SceneSamples *self = SCENE_SAMPLES (object);

  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  G_OBJECT_CLASS (scene_samples_parent_class)->finalize (object);
}

static void
scene_samples_class_init (SceneSamplesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = scene_samples_finalize;
}

static guint
get_n_samples (GstSodSamples *samples)
{
  return SCENE_SAMPLES (samples)->n;
}

static gboolean
is_labelled (GstSodSamples *samples, guint sample)
{
  return sample < SCENE_SAMPLES (samples)->unlabelled_from;
}

static const gchar *
get_name (GstSodSamples *samples, guint sample)
{
  static const gchar *const names[] = { "zero", "one", "two", "three" };

  return sample < G_N_ELEMENTS (names) ? names[sample] : "many";
}

static guint
get_sequence (GstSodSamples *samples, guint sample)
{
  return SCENE_SAMPLES (samples)->is_sequence ? 0 : GST_SOD_SAMPLES_NO_SEQUENCE;
}

static gboolean
find_neighbour (
    GstSodSamples *samples, guint sample, gint distance, guint *neighbour)
{
  SceneSamples *self = SCENE_SAMPLES (samples);
  gint found = (gint) sample - distance / 10;

  *neighbour = (guint) found;
  return self->is_sequence && found >= 0 && found < (gint) self->n;
}

/* Whether the pixel is in a patch. */
static gboolean
is_in_patch (guint sample, gint x, gint y)
{
  return ((x / 7 + (gint) sample) % 3 == 0) != (y / 5 % 2 == 0);
}

static void
paint (const SceneSamples *self, guint sample, guint8 *rgb, guint8 *mask)
{
  for (gint i = 0; i < self->width * self->height; i++) {
    gboolean inside = is_in_patch (sample, i % self->width, i / self->width);

    if (self->kind == SCENE_PLAIN) {
      rgb[3 * i] = (guint8) sample;
      rgb[3 * i + 1] = (guint8) (2 * sample);
      rgb[3 * i + 2] = (guint8) (255 - sample);
      mask[i] = 255;
    } else {
      rgb[3 * i] = mask[i] = inside ? 255 : 0;
      rgb[3 * i + 1] = (guint8) sample;
      rgb[3 * i + 2] = (guint8) (128 + i % 100);
    }
  }
}

static void
count_read (SceneSamples *self)
{
  g_mutex_lock (&self->lock);
  self->n_reads++;
  while (self->blocks)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

static gboolean
read_sample (GstSodSamples *samples, guint sample, GstSodImage **image,
    GstSodImage **mask, GError **error)
{
  SceneSamples *self = SCENE_SAMPLES (samples);
  gsize n = (gsize) self->width * self->height;
  g_autofree guint8 *rgb = g_malloc (3 * n);
  g_autofree guint8 *gray = g_malloc (n);
  g_autoptr (GBytes) rgb_bytes = NULL;
  g_autoptr (GBytes) gray_bytes = NULL;

  count_read (self);
  if (self->broken_every > 0 && sample % self->broken_every == 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "sample %u is broken", sample);
    return FALSE;
  }
  paint (self, sample, rgb, gray);
  rgb_bytes = g_bytes_new_take (g_steal_pointer (&rgb), 3 * n);
  gray_bytes = g_bytes_new_take (g_steal_pointer (&gray), n);
  if (image != NULL)
    *image =
        gst_sod_image_new_rgb (self->width, self->height, rgb_bytes, error);
  if (mask != NULL && is_labelled (samples, sample))
    *mask = gst_sod_image_new_gray_from_bytes (
        self->width, self->height, gray_bytes, error);
  return TRUE;
}

static gboolean
read_weights (
    GstSodSamples *samples, guint sample, GstSodImage **weights, GError **error)
{
  SceneSamples *self = SCENE_SAMPLES (samples);
  gsize n = (gsize) self->width * self->height;
  g_autoptr (GBytes) bytes = NULL;
  guint8 *gray;

  if (!self->has_weights)
    return TRUE;
  gray = g_malloc (n);
  for (gint i = 0; i < self->width * self->height; i++)
    gray[i] = i % self->width < self->width / 2 ? 255 : 51;
  bytes = g_bytes_new_take (gray, n);
  *weights = gst_sod_image_new_gray_from_bytes (
      self->width, self->height, bytes, error);
  return *weights != NULL;
}

static gchar *
get_hash (GstSodSamples *samples)
{
  return g_strdup_printf ("%064u", SCENE_SAMPLES (samples)->n);
}

static void
scene_samples_init_interface (GstSodSamplesInterface *iface)
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

SceneSamples *
scene_samples_new (SceneKind kind, guint n, gint width, gint height)
{
  SceneSamples *self = g_object_new (SCENE_TYPE_SAMPLES, NULL);

  self->kind = kind;
  self->n = n;
  self->width = width;
  self->height = height;
  return self;
}

void
scene_samples_set_blocks (SceneSamples *self, gboolean blocks)
{
  g_mutex_lock (&self->lock);
  self->blocks = blocks;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

guint
scene_samples_get_n_reads (SceneSamples *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->n_reads;
  g_mutex_unlock (&self->lock);
  return n;
}
