/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "store-support.h"
#include "support.h"

static void
test_comes_back (void)
{
  gchar *folder = scratch_new ();
  g_autofree gchar *path = scratch_path (folder, "store");
  g_autoptr (GstSodStore) store = open_store (path);
  g_autoptr (GstSodImage) frame = make_frame (64, 48, 1);
  g_autoptr (GstSodImage) label = make_label (64, 48, 20);
  g_autoptr (GstSodSamples) samples = NULL;
  g_autofree gchar *first = NULL;
  g_autofree gchar *second = NULL;

  g_object_set (
      store, "picture-format", GST_SOD_STORE_PICTURE_FORMAT_RAW, NULL);
  first = append (store, "door", frame, label, 0);
  second = append (store, "door", frame, NULL, 40000);
  g_assert_cmpstr (first, ==, "door/000001");
  g_assert_cmpstr (second, ==, "door/000002");
  g_clear_object (&store);

  store = gst_sod_store_open (path, GST_SOD_STORE_FLAG_READ_ONLY, NULL);
  g_assert_nonnull (store);
  samples = gst_sod_store_snapshot (store, NULL, NULL);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, 2);
  g_assert_cmpstr (gst_sod_samples_get_name (samples, 0), ==, first);
  g_assert_true (gst_sod_samples_is_labelled (samples, 0));
  g_assert_false (gst_sod_samples_is_labelled (samples, 1));
  assert_sample (samples, 0, frame, label, 0);
  assert_sample (samples, 1, frame, NULL, 0);
  scratch_remove (folder);
}

static void
test_jpeg (void)
{
  gchar *folder = scratch_new ();
  g_autofree gchar *path = scratch_path (folder, "store");
  g_autoptr (GstSodStore) store = open_store (path);
  g_autoptr (GstSodImage) frame = make_frame (65, 47, 1);
  g_autoptr (GstSodImage) label = make_label (65, 47, 20);
  g_autoptr (GstSodSamples) samples = NULL;
  g_autofree gchar *id = append (store, "door", frame, label, 0);

  samples = gst_sod_store_snapshot (store, "door", NULL);
  assert_sample (samples, 0, frame, label, 12);
  scratch_remove (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/append/comes-back-from-the-disk", test_comes_back);
  g_test_add_func ("/store/append/jpeg-is-near", test_jpeg);
  return g_test_run ();
}
