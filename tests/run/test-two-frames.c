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
test_same_maps (gconstpointer data)
{
  GstSodBackend *backend = (GstSodBackend *) data;
  g_autoptr (GstSodNetwork) one = test_network_random (64, 48, 1, 4);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodNetwork) two = gst_sod_network_new_two_frames (one, &error);
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

int
main (int argc, char **argv)
{
  static const BackendTest tests[] = {
    { "start-with-the-maps-of-one", test_same_maps },
  };

  g_test_init (&argc, &argv, NULL);
  test_add_for_backends ("two-frames", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
