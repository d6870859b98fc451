/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures a folder of maps against a folder of truths, PNG files of the same
 * names, and prints the seconds that it took, decoding included, and the
 * evaluation. measures.py runs it beside PySODMetrics.
 *
 * Usage: measures MAPS TRUTHS [THREADS] */
#include <gst-sod/core/image-private.h>
#include <gst-sod/gstsod.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct
{
  gchar *map, *truth;
} Files;

static void
files_free (gpointer data)
{
  Files *files = data;

  g_free (files->map);
  g_free (files->truth);
  g_free (files);
}

static GstSodImage *
read_png (const gchar *path, GError **error)
{
  png_image png = { .version = PNG_IMAGE_VERSION };
  GstSodImage *image = NULL;

  if (png_image_begin_read_from_file (&png, path)) {
    png.format = PNG_FORMAT_GRAY;
    image = gst_sod_image_new_gray (png.width, png.height, error);
    if (image != NULL
        && png_image_finish_read (
            &png, NULL, gst_sod_image_gray_row (image, 0), 0, NULL))
      return image;
  }
  png_image_free (&png);
  g_clear_pointer (&image, gst_sod_image_unref);
  if (error != NULL && *error == NULL)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT, "%s: %s", path,
        png.message);
  return NULL;
}

static GstSodPair *
load (gpointer user_data, GError **error)
{
  const Files *files = user_data;
  g_autoptr (GstSodImage) map = read_png (files->map, error);
  g_autoptr (GstSodImage) truth = NULL;

  if (map != NULL)
    truth = read_png (files->truth, error);
  return truth != NULL ? gst_sod_pair_new (map, truth, NULL) : NULL;
}

static gboolean
add_folder (GstSodEvaluator *evaluator, const gchar *maps, const gchar *truths,
    GError **error)
{
  g_autoptr (GDir) folder = g_dir_open (maps, 0, error);
  const gchar *name;

  if (folder == NULL)
    return FALSE;
  while ((name = g_dir_read_name (folder)) != NULL) {
    Files *files = g_new0 (Files, 1);

    files->map = g_build_filename (maps, name, NULL);
    files->truth = g_build_filename (truths, name, NULL);
    if (!gst_sod_evaluator_add_loader (
            evaluator, NULL, name, load, files, files_free, error))
      return FALSE;
  }
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GstSodEvaluator) evaluator = NULL;
  g_autoptr (GstSodEvaluation) evaluation = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *json = NULL;
  gint64 start = g_get_monotonic_time ();

  if (argc < 3) {
    fprintf (stderr, "usage: %s MAPS TRUTHS [THREADS]\n", argv[0]);
    return 2;
  }
  evaluator = gst_sod_evaluator_new (
      GST_SOD_SCHOOL_PYSOD, argc > 3 ? (guint) atoi (argv[3]) : 0);
  if (add_folder (evaluator, argv[1], argv[2], &error))
    evaluation = gst_sod_evaluator_finish (evaluator, &error);
  if (evaluation == NULL) {
    fprintf (stderr, "%s\n", error->message);
    return 1;
  }
  json = gst_sod_evaluation_to_json (evaluation);
  printf ("%.6f\n%s\n", (g_get_monotonic_time () - start) / 1e6, json);
  return 0;
}
