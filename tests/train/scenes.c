/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scenes.h"

#include <gst-sod/core/image-private.h>
#include <gst-sod/core/random.h>
#include <gst-sod/data/samples-private.h>

#define WIDTH 64
#define HEIGHT 48

#define TEST_TYPE_TEST_SCENES (test_scenes_get_type ())
G_DECLARE_FINAL_TYPE (TestScenes, test_scenes, TEST, SCENES, GObject)

struct _TestScenes
{
  GObject parent;
  guint n, n_labelled;
  guint64 seed;
  ScenesFault fault;
  gchar **names;
};

static void iface_init (GstSodSamplesInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestScenes, test_scenes, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (GST_SOD_TYPE_SAMPLES, iface_init))

static void
test_scenes_finalize (GObject *object)
{
  g_strfreev (TEST_SCENES (object)->names);
  G_OBJECT_CLASS (test_scenes_parent_class)->finalize (object);
}

static void
test_scenes_class_init (TestScenesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_scenes_finalize;
}

static void
test_scenes_init (TestScenes *self)
{
}

static guint
get_n_samples (GstSodSamples *samples)
{
  return TEST_SCENES (samples)->n;
}

static gboolean
is_labelled (GstSodSamples *samples, guint sample)
{
  return sample < TEST_SCENES (samples)->n_labelled;
}

static const gchar *
get_name (GstSodSamples *samples, guint sample)
{
  return TEST_SCENES (samples)->names[sample];
}

static gboolean
is_in_disc (gint x, gint y, gdouble centre_x, gdouble centre_y, gdouble radius)
{
  gdouble dx = x + 0.5 - centre_x, dy = y + 0.5 - centre_y;

  return dx * dx + dy * dy < radius * radius;
}

static gboolean
read_sample (GstSodSamples *samples, guint sample, GstSodImage **image,
    GstSodImage **mask, GError **error)
{
  TestScenes *self = TEST_SCENES (samples);
  g_autoptr (GstSodRandom) random = gst_sod_random_new (self->seed, sample);
  gdouble centre_x = WIDTH * (0.25 + 0.5 * gst_sod_random_uniform (random));
  gdouble centre_y = HEIGHT * (0.25 + 0.5 * gst_sod_random_uniform (random));
  gdouble radius = HEIGHT * (0.15 + 0.1 * gst_sod_random_uniform (random));
  guint8 *pixels = g_malloc (WIDTH * HEIGHT * 3);
  GstSodImage *truth = gst_sod_image_new_gray (WIDTH, HEIGHT, error);

  for (gint y = 0; y < HEIGHT; y++) {
    for (gint x = 0; x < WIDTH; x++) {
      gboolean inside = is_in_disc (x, y, centre_x, centre_y, radius);
      guint8 *pixel = pixels + (y * WIDTH + x) * 3;

      pixel[0] = inside ? 230 : (guint8) (40 + x);
      pixel[1] = inside ? 200 : (guint8) (60 + y);
      pixel[2] = inside ? 60 : 90;
      gst_sod_image_gray_row (truth, y)[x] =
          inside && self->fault != SCENES_BLACK ? 255 : 0;
    }
  }
  if (mask != NULL && self->fault == SCENES_ODD && sample % 2 == 1) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "%s: the mask is 32x24, its picture 64x48", self->names[sample]);
    gst_sod_image_unref (truth);
    g_free (pixels);
    return FALSE;
  }
  if (mask != NULL && is_labelled (samples, sample))
    *mask = gst_sod_image_ref (truth);
  gst_sod_image_unref (truth);
  if (image != NULL)
    *image = gst_sod_image_new_rgb_take (WIDTH, HEIGHT, pixels);
  else
    g_free (pixels);
  return TRUE;
}

static gchar *
get_hash (GstSodSamples *samples)
{
  TestScenes *self = TEST_SCENES (samples);
  g_autofree gchar *text = g_strdup_printf (
      "%u %u %" G_GUINT64_FORMAT, self->n, self->n_labelled, self->seed);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

static void
iface_init (GstSodSamplesInterface *iface)
{
  iface->get_n_samples = get_n_samples;
  iface->is_labelled = is_labelled;
  iface->get_name = get_name;
  iface->read = read_sample;
  iface->get_hash = get_hash;
}

GstSodSamples *
scenes_new (guint n, guint n_labelled, guint64 seed, ScenesFault fault)
{
  TestScenes *self = g_object_new (test_scenes_get_type (), NULL);

  self->n = n;
  self->n_labelled = fault == SCENES_NONE ? 0 : n_labelled;
  self->seed = seed;
  self->fault = fault;
  self->names = g_new0 (gchar *, n + 1);
  for (guint i = 0; i < n; i++)
    self->names[i] =
        g_strdup_printf ("scene/%" G_GUINT64_FORMAT "/%05u", seed, i);
  return GST_SOD_SAMPLES (self);
}
