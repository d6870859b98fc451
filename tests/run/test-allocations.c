/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Counts the allocations of the process while frames go through a session: ours
 * and GLib's, and apart from them those of a vendor's library, which oneDNN
 * makes for the arguments of every primitive that it executes. */
#include "networks.h"

#include "tests/allocations.h"

static void
test_counter (void)
{
  gpointer volatile memory;

  if (!allocations_can_count ()) {
    g_test_skip ("the C library's allocator cannot be stood before: not glibc, "
                 "or a sanitizer is there already");
    return;
  }
  allocations_start ();
  memory = g_malloc (10);
  memory = g_realloc (memory, 1000);
  g_free (memory);
  memory = gst_sod_aligned_alloc (10, NULL);
  gst_sod_aligned_free (memory);
  g_assert_cmpint (allocations_stop ().own, ==, 3);
}

/* Allocations of @n frames of 30 ms, each preceded by one that is only
 * observed. */
static Allocations
count_frames (GstSodSession *session, const GstSodImage *frame,
    GstSodImage *map, GCancellable *cancellable, gint64 *time, guint n)
{
  Allocations allocations;
  GError *error = NULL;

  allocations_start ();
  for (guint i = 0; i < n; i++) {
    *time += 15000000;
    gst_sod_session_observe (session, frame, *time, cancellable, &error);
    *time += 15000000;
    gst_sod_session_infer (session, frame, *time, map, cancellable, &error);
  }
  allocations = allocations_stop ();
  g_assert_no_error (error);
  return allocations;
}

static void
test_frames (gconstpointer data)
{
  GstSodBackend *backend = (GstSodBackend *) data;

  if (!allocations_can_count ()) {
    g_test_skip ("allocations cannot be counted here");
    return;
  }
  for (guint frames = 1; frames <= 2; frames++) {
    g_autoptr (GstSodNetwork) network = test_network_random (64, 48, frames, 1);
    g_autoptr (GstSodInstance) instance = test_instance (backend, network, 1);
    g_autoptr (GstSodSession) session = test_session (instance);
    g_autoptr (GstSodImage) frame = test_picture_scene (333, 123, 1);
    g_autoptr (GstSodImage) map = test_map (333, 123);
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();
    gint64 time = 0;
    Allocations n;

    count_frames (session, frame, map, cancellable, &time, 5);
    n = count_frames (session, frame, map, cancellable, &time, 20);
    g_test_message ("%s, %u frames: %d allocations in 20 inferences, and %d of "
                    "its vendor's library in %d primitives",
        backend->klass->name, frames, n.own, n.vendor, n.primitives);
    allocations_tell ();
    g_assert_cmpint (n.own, ==, 0);
    g_assert_cmpint (n.vendor, <=, MOST_IN_A_PRIMITIVE * n.primitives);
    g_assert_cmpint (
        allocations_count_in ("dnnl_primitive_execute", TRUE), ==, n.vendor);
    if (allocations_has_kernels (FALSE))
      g_assert_cmpint (n.vendor, ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/allocations/the-counter-counts", test_counter);
  for (GstSodBackend *const *backend = gst_sod_backend_list ();
       *backend != NULL; backend++) {
    g_autofree gchar *path = g_strdup_printf (
        "/allocations/%s/none-a-frame", (*backend)->klass->name);

    g_test_add_data_func (path, *backend, test_frames);
  }
  return g_test_run ();
}
