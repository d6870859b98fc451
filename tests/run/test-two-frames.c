/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network of one frame that was given a second one: the same maps, whatever
 * it saw before, until it has learnt. */
#include "backends.h"
#include "networks.h"

#include <gst-sod/nn/network-private.h>

#define MS G_GINT64_CONSTANT (1000000)

static void
infer (GstSodSession *session, guint scene, gint64 time, GstSodImage *map)
{
  g_autoptr (GstSodImage) frame = test_picture_scene (101, 59, scene);
  g_autoptr (GError) error = NULL;

  gst_sod_session_infer (session, frame, time, map, NULL, &error);
  g_assert_no_error (error);
}

static void
check_same_maps (GstSodBackend *backend, GstSodSecondInput second_input)
{
  g_autoptr (GstSodNetwork) one = test_network_random (64, 48, 1, 4);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodNetwork) two =
      gst_sod_network_new_two_frames (one, second_input, 42 * MS, &error);
  g_autoptr (GstSodInstance) instance_one = test_instance (backend, one, 1);
  g_autoptr (GstSodSession) session_one = test_session (instance_one);
  g_autoptr (GstSodInstance) instance_two = NULL;
  g_autoptr (GstSodSession) session_two = NULL;
  g_autoptr (GstSodImage) map_one = test_map (101, 59);
  g_autoptr (GstSodImage) map_two = test_map (101, 59);

  g_assert_no_error (error);
  instance_two = test_instance (backend, two, 1);
  session_two = test_session (instance_two);
  for (guint i = 0; i < 4; i++) {
    infer (session_one, 3 * i, i * 40 * MS, map_one);
    infer (session_two, 3 * i, i * 40 * MS, map_two);
    g_assert_cmpint (i == 0, ==, gst_sod_session_get_warm_up (session_two));
    /* The sums are the same; a back end may take them in another order. */
    g_assert_cmpuint (test_map_difference (map_one, map_two), <=,
        g_str_equal (backend->klass->name, "ref") ? 0 : 1);
  }
}

static void
test_same_maps (gconstpointer data)
{
  check_same_maps ((GstSodBackend *) data, GST_SOD_SECOND_INPUT_FRAME);
  check_same_maps (
      (GstSodBackend *) data, GST_SOD_SECOND_INPUT_ALIGNED_DIFFERENCE);
}

/* @two, of two frames and random weights, given the aligned difference. */
static GstSodNetwork *
new_aligned (GError **error)
{
  g_autoptr (GstSodNetwork) two = test_network_random (64, 48, 2, 5);

  return gst_sod_network_new_with_second_input (
      two, GST_SOD_SECOND_INPUT_ALIGNED_DIFFERENCE, 40 * MS, error);
}

/* What the network is given is what moved: nothing at first and where the
 * frame stays the same, and something where it does not. */
static void
test_aligned_difference (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodNetwork) network = new_aligned (&error);
  g_autoptr (GstSodInstance) instance = NULL;
  g_autoptr (GstSodSession) session = NULL;
  g_autoptr (GstSodImage) first = test_map (101, 59);
  g_autoptr (GstSodImage) still = test_map (101, 59);
  g_autoptr (GstSodImage) moved = test_map (101, 59);

  g_assert_no_error (error);
  instance = test_instance ((GstSodBackend *) data, network, 1);
  session = test_session (instance);
  infer (session, 4, 0, first);
  g_assert_true (gst_sod_session_get_warm_up (session));
  infer (session, 4, 40 * MS, still);
  g_assert_false (gst_sod_session_get_warm_up (session));
  g_assert_cmpuint (test_map_difference (first, still), ==, 0);
  infer (session, 9, 80 * MS, moved);
  gst_sod_session_reset (session);
  infer (session, 9, 80 * MS, still);
  g_assert_cmpuint (test_map_difference (moved, still), >, 0);
}

/* A network with another second input takes the place of one that runs. */
static void
test_second_input_changes (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodNetwork) frame = test_network_random (64, 48, 2, 5);
  g_autoptr (GstSodNetwork) aligned = new_aligned (&error);
  g_autoptr (GstSodInstance) instance =
      test_instance ((GstSodBackend *) data, frame, 1);
  g_autoptr (GstSodSession) session = test_session (instance);
  g_autoptr (GstSodInstance) fresh_instance =
      test_instance ((GstSodBackend *) data, aligned, 1);
  g_autoptr (GstSodSession) fresh = test_session (fresh_instance);
  g_autoptr (GstSodImage) map = test_map (101, 59);
  g_autoptr (GstSodImage) expected = test_map (101, 59);

  infer (session, 1, 0, map);
  gst_sod_instance_load (instance, aligned, &error);
  g_assert_no_error (error);
  for (guint i = 1; i < 4; i++) {
    infer (session, 3 * i, i * 40 * MS, map);
    infer (fresh, 3 * i, i * 40 * MS, expected);
    g_assert_cmpuint (test_map_difference (map, expected), ==, 0);
  }
}

int
main (int argc, char **argv)
{
  static const BackendTest tests[] = {
    { "start-with-the-maps-of-one", test_same_maps },
    { "aligned-difference", test_aligned_difference },
    { "second-input-changes", test_second_input_changes },
  };

  g_test_init (&argc, &argv, NULL);
  test_add_for_backends ("two-frames", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
