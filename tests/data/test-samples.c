/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include <gst-sod/core/image-private.h>
#include <gst-sod/data/samples-private.h>

#include "scene-samples.h"
#include "support.h"

/* Sequences "a", "b", ... with frames 00000, 00001, ... */
static GstSodSamples *
open_davis (const gchar *root, guint n_sequences, guint n_frames)
{
  g_autoptr (GError) error = NULL;
  GstSodDataset *dataset;

  write_davis (root, n_sequences, n_frames);
  dataset = gst_sod_dataset_open (GST_SOD_DATASET_LAYOUT_DAVIS, root, NULL,
      GST_SOD_DATASET_FLAG_NONE, &error);
  g_assert_no_error (error);
  return GST_SOD_SAMPLES (dataset);
}

static gint
neighbour_of (GstSodSamples *samples, guint sample, gint distance)
{
  guint found;

  return gst_sod_samples_find_neighbour (samples, sample, distance, &found)
             ? (gint) found
             : -1;
}

static void
test_dataset (void)
{
  g_autofree gchar *root = scratch_new ();
  g_autoptr (GstSodSamples) samples = open_davis (root, 2, 6);
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GstSodImage) mask = NULL;
  g_autoptr (GstSodImage) weights = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *hash = gst_sod_samples_get_hash (samples);

  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, 12);
  g_assert_cmpuint (gst_sod_samples_get_n_labelled (samples), ==, 12);
  g_assert_cmpstr (gst_sod_samples_get_name (samples, 7), ==, "b/00001");
  g_assert_cmpuint (gst_sod_samples_get_sequence (samples, 7), ==, 1);
  g_assert_true (gst_sod_samples_read (samples, 7, &image, &mask, &error));
  g_assert_cmpint (gst_sod_image_get_width (image), ==, 32);
  g_assert_cmpint (gst_sod_image_get_width (mask), ==, 32);
  g_assert_true (gst_sod_samples_read_weights (samples, 7, &weights, &error));
  g_assert_null (weights);
  g_assert_cmpuint (strlen (hash), ==, 64);
  scratch_remove (g_steal_pointer (&root));
}

/* 24 frames a second: one is 41.7 ms. */
static void
test_neighbours (void)
{
  g_autofree gchar *root = scratch_new ();
  g_autoptr (GstSodSamples) samples = open_davis (root, 2, 6);

  g_assert_cmpint (neighbour_of (samples, 9, 42), ==, 8);
  g_assert_cmpint (neighbour_of (samples, 9, -42), ==, 10);
  g_assert_cmpint (neighbour_of (samples, 9, 84), ==, 7);
  g_assert_cmpint (neighbour_of (samples, 9, 5), ==, 8);
  g_assert_cmpint (neighbour_of (samples, 9, 0), ==, -1);
  g_assert_cmpint (neighbour_of (samples, 6, 42), ==, -1);
  g_assert_cmpint (neighbour_of (samples, 5, -42), ==, -1);
  g_assert_cmpint (neighbour_of (samples, 7, 2000), ==, -1);
  g_object_set (samples, "frame-rate", 12.0, NULL);
  g_assert_cmpint (neighbour_of (samples, 9, 84), ==, 8);
  scratch_remove (g_steal_pointer (&root));
}

/* Frame numbers tell the time, not places in the list. */
static void
test_gaps (void)
{
  g_autofree gchar *root = scratch_new ();
  g_autoptr (GstSodSamples) samples = open_davis (root, 1, 9);
  static const guint kept[] = { 0, 2, 4, 8 };
  g_autoptr (GstSodDataset) sparse = gst_sod_dataset_select_items (
      GST_SOD_DATASET (samples), kept, G_N_ELEMENTS (kept));

  g_assert_cmpint (neighbour_of (GST_SOD_SAMPLES (sparse), 2, 84), ==, 1);
  g_assert_cmpint (neighbour_of (GST_SOD_SAMPLES (sparse), 2, 42), ==, 1);
  g_assert_cmpint (neighbour_of (GST_SOD_SAMPLES (sparse), 3, 42), ==, -1);
  g_assert_cmpint (neighbour_of (GST_SOD_SAMPLES (sparse), 3, 167), ==, 2);
  scratch_remove (g_steal_pointer (&root));
}

static void
test_mixture (void)
{
  g_autofree gchar *root = scratch_new ();
  g_autoptr (GstSodSamples) davis = open_davis (root, 1, 6);
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 4, 8, 8);
  GstSodSamples *parts[] = { davis, GST_SOD_SAMPLES (scenes) };
  static const gdouble repeats[] = { 0.5, 2 };
  g_autoptr (GstSodSamples) mixture =
      gst_sod_samples_new_mixture (parts, repeats, 2);
  g_autoptr (GstSodSamples) all = gst_sod_samples_new_mixture (parts, NULL, 2);
  g_autofree gchar *hash = gst_sod_samples_get_hash (mixture);
  g_autofree gchar *other_hash = gst_sod_samples_get_hash (all);
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GError) error = NULL;
  guint before;

  g_assert_cmpuint (gst_sod_samples_get_n_samples (all), ==, 10);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (mixture), ==, 11);
  g_assert_cmpstr (gst_sod_samples_get_name (mixture, 1), ==, "a/00002");
  g_assert_cmpstr (gst_sod_samples_get_name (mixture, 3), ==, "zero");
  g_assert_cmpstr (gst_sod_samples_get_name (mixture, 4), ==, "zero");
  g_assert_cmpstr (gst_sod_samples_get_name (mixture, 10), ==, "three");
  g_assert_cmpuint (gst_sod_samples_get_sequence (mixture, 3), ==,
      GST_SOD_SAMPLES_NO_SEQUENCE);
  g_assert_cmpstr (hash, !=, other_hash);
  /* what was thinned away can still be looked back at */
  g_assert_true (gst_sod_samples_find_neighbour (mixture, 1, 42, &before));
  g_assert_cmpuint (before, >=, 11);
  g_assert_cmpstr (gst_sod_samples_get_name (mixture, before), ==, "a/00001");
  g_assert_true (gst_sod_samples_read (mixture, before, &image, NULL, &error));
  scratch_remove (g_steal_pointer (&root));
}

static void
check_division (guint n_sequences, guint n_frames, gdouble share,
    guint n_learnt, guint n_held_out)
{
  g_autofree gchar *root = scratch_new ();
  g_autoptr (GstSodSamples) samples = open_davis (root, n_sequences, n_frames);
  guint n = gst_sod_samples_get_n_samples (samples);
  g_autoptr (GstSodSamples) learnt = NULL, held_out = NULL;

  gst_sod_samples_divide (samples, share, &learnt, &held_out);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (learnt), ==, n_learnt);
  if (n_held_out == 0) {
    g_assert_null (held_out);
  } else {
    g_assert_cmpuint (gst_sod_samples_get_n_samples (held_out), ==, n_held_out);
    g_assert_cmpstr (gst_sod_samples_get_name (held_out, 0), ==,
        gst_sod_samples_get_name (samples, n - n_held_out));
  }
  scratch_remove (g_steal_pointer (&root));
}

static void
test_division (void)
{
  /* One sequence is cut, with two of 8 frames before the cut in no part. */
  check_division (1, 40, 0.2, 30, 8);
  /* Short ones are held out whole. */
  check_division (5, 6, 0.2, 24, 6);
  check_division (5, 6, 0.3, 18, 12);
  check_division (5, 6, 0, 30, 0);
  check_division (1, 4, 1, 4, 0);
}

/* Of 60 frames of one sequence those before the @n_labelled-th have labels. */
static void
check_unlabelled (
    guint n_labelled, guint n_learnt, guint n_held_out, guint n_between)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 60, 8, 8);
  g_autoptr (GstSodSamples) learnt = NULL, held_out = NULL;
  GstSodSamples *all = GST_SOD_SAMPLES (scenes);

  scenes->is_sequence = TRUE;
  scenes->unlabelled_from = n_labelled;
  gst_sod_samples_divide (all, 0.2, &learnt, &held_out);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (learnt), ==, n_learnt);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (held_out), ==, n_held_out);
  g_assert_cmpuint (gst_sod_samples_get_n_labelled (held_out), ==, n_held_out);
  g_assert_cmpuint (gst_sod_samples_get_n_labelled (learnt), ==,
      n_labelled - n_held_out - n_between);
}

/* Nothing is lost for learning behind the last label. */
static void
test_division_of_unlabelled (void)
{
  check_unlabelled (10, 58, 2, 0);
  /* Of 40 labels 8 are held out, with two frames on both sides in no part. */
  check_unlabelled (40, 48, 8, 2);
}

static void
test_selection (void)
{
  g_autofree gchar *root = scratch_new ();
  g_autoptr (GstSodSamples) davis = open_davis (root, 1, 6);
  static const guint chosen[] = { 5, 1 };
  g_autoptr (GstSodSamples) selection =
      gst_sod_samples_new_selection (davis, chosen, 2);
  g_autoptr (GstSodSamples) twice =
      gst_sod_samples_new_mixture (&selection, NULL, 1);
  guint before;

  g_assert_cmpuint (gst_sod_samples_get_n_samples (selection), ==, 2);
  g_assert_cmpstr (gst_sod_samples_get_name (selection, 0), ==, "a/00005");
  g_assert_true (gst_sod_samples_find_neighbour (twice, 0, 42, &before));
  g_assert_cmpstr (gst_sod_samples_get_name (twice, before), ==, "a/00004");
  scratch_remove (g_steal_pointer (&root));
}

static void
test_labelled (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 9, 8, 8);
  g_autoptr (GstSodSamples) labelled = NULL;

  scenes->unlabelled_from = 3;
  labelled = gst_sod_samples_new_labelled (GST_SOD_SAMPLES (scenes));
  g_assert_cmpuint (gst_sod_samples_get_n_samples (labelled), ==, 3);
  g_assert_cmpuint (gst_sod_samples_get_n_labelled (labelled), ==, 3);
}

/* "1100" for samples of which the first two are labelled. (transfer full) */
static gchar *
show_labels (GstSodSamples *samples)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < gst_sod_samples_get_n_samples (samples); i++)
    g_string_append_c (
        text, gst_sod_samples_is_labelled (samples, i) ? '1' : '0');
  return g_string_free (text, FALSE);
}

static gchar *
draw (GstSodSamples *of, gdouble fraction, GstSodLabelDraw kind, guint64 seed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodSamples) drawn =
      gst_sod_samples_new_labelled_fraction (of, fraction, kind, seed, &error);

  g_assert_no_error (error);
  return show_labels (drawn);
}

static void
test_prefixes (void)
{
  g_autofree gchar *root = scratch_new ();
  g_autoptr (GstSodSamples) davis = open_davis (root, 3, 5);
  g_autofree gchar *some = draw (davis, 0.4, GST_SOD_LABEL_DRAW_PREFIX, 1);
  g_autofree gchar *few = draw (davis, 0.01, GST_SOD_LABEL_DRAW_PREFIX, 1);
  g_autofree gchar *none = draw (davis, 0, GST_SOD_LABEL_DRAW_PREFIX, 1);
  g_autofree gchar *all = draw (davis, 1, GST_SOD_LABEL_DRAW_PREFIX, 1);

  g_assert_cmpstr (some, ==, "110001100011000");
  g_assert_cmpstr (few, ==, "100001000010000");
  g_assert_cmpstr (none, ==, "000000000000000");
  g_assert_cmpstr (all, ==, "111111111111111");
  scratch_remove (g_steal_pointer (&root));
}

static void
test_sequences (void)
{
  g_autofree gchar *root = scratch_new ();
  g_autoptr (GstSodSamples) davis = open_davis (root, 5, 4);
  g_autofree gchar *first = NULL;
  gboolean differs = FALSE;

  for (guint64 seed = 0; seed < 8; seed++) {
    g_autofree gchar *labels =
        draw (davis, 0.4, GST_SOD_LABEL_DRAW_SEQUENCES, seed);
    g_autofree gchar *again =
        draw (davis, 0.4, GST_SOD_LABEL_DRAW_SEQUENCES, seed);
    guint n = 0;

    for (guint s = 0; s < 5; s++) {
      gboolean whole = strncmp (labels + 4 * s, "1111", 4) == 0;

      g_assert_true (whole || strncmp (labels + 4 * s, "0000", 4) == 0);
      n += whole ? 1 : 0;
    }
    g_assert_cmpuint (n, ==, 2);
    g_assert_cmpstr (labels, ==, again);
    first = first != NULL ? first : g_strdup (labels);
    differs = differs || strcmp (first, labels) != 0;
  }
  g_assert_true (differs);
  scratch_remove (g_steal_pointer (&root));
}

static void
test_hidden (void)
{
  g_autofree gchar *root = scratch_new ();
  g_autoptr (GstSodSamples) davis = open_davis (root, 1, 4);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodSamples) half = gst_sod_samples_new_labelled_fraction (
      davis, 0.5, GST_SOD_LABEL_DRAW_PREFIX, 0, &error);
  g_autofree gchar *hash = gst_sod_samples_get_hash (davis);
  g_autofree gchar *half_hash = gst_sod_samples_get_hash (half);

  for (guint i = 0; i < 4; i++) {
    g_autoptr (GstSodImage) image = NULL;
    g_autoptr (GstSodImage) mask = NULL;

    g_assert_true (gst_sod_samples_read (half, i, &image, &mask, &error));
    g_assert_nonnull (image);
    g_assert_true ((mask != NULL) == (i < 2));
  }
  g_assert_cmpstr (hash, !=, half_hash);
  g_assert_null (gst_sod_samples_new_labelled_fraction (
      davis, 1.5, GST_SOD_LABEL_DRAW_PREFIX, 0, &error));
  assert_error (error, GST_SOD_ERROR_INVALID_ARGUMENT, "1.5", NULL);
  scratch_remove (g_steal_pointer (&root));
}

static void
test_stills (void)
{
  g_autoptr (SceneSamples) scenes = scene_samples_new (SCENE_PLAIN, 20, 8, 8);

  for (guint kind = 0; kind < 2; kind++) {
    g_autofree gchar *labels = draw (GST_SOD_SAMPLES (scenes), 0.25, kind, 3);
    guint n = 0;

    for (guint i = 0; i < 20; i++)
      n += labels[i] == '1' ? 1 : 0;
    g_assert_cmpuint (n, ==, 5);
    g_assert_cmpstr (labels, !=, "11111000000000000000");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/samples/data-sets-are-samples", test_dataset);
  g_test_add_func ("/samples/neighbours-by-time", test_neighbours);
  g_test_add_func ("/samples/neighbours-across-missing-frames", test_gaps);
  g_test_add_func ("/samples/mixture-repeats-and-thins", test_mixture);
  g_test_add_func ("/samples/the-last-are-held-out", test_division);
  g_test_add_func ("/samples/what-has-no-label-behind-them-is-learnt-from",
      test_division_of_unlabelled);
  g_test_add_func ("/samples/selection-keeps-neighbours", test_selection);
  g_test_add_func ("/samples/only-the-labelled", test_labelled);
  g_test_add_func ("/samples/labels-of-the-first-frames", test_prefixes);
  g_test_add_func ("/samples/labels-of-whole-sequences", test_sequences);
  g_test_add_func ("/samples/hidden-labels-are-not-read", test_hidden);
  g_test_add_func ("/samples/labels-of-stills-by-seed", test_stills);
  return g_test_run ();
}
