/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backends.h"
#include "networks.h"

#include <string.h>

#define MS G_GINT64_CONSTANT (1000000)
#define N_CAMERAS 5

static void
infer (GstSodSession *session, const GstSodImage *frame, gint64 time,
    GstSodImage *map)
{
  g_autoptr (GError) error = NULL;

  gst_sod_session_infer (session, frame, time, map, NULL, &error);
  g_assert_no_error (error);
}

static void
test_constant (gconstpointer backend)
{
  static const gint sizes[][2] = { { 1, 1 }, { 64, 32 }, { 37, 91 } };
  g_autoptr (GstSodNetwork) network = test_network_constant (64, 32, 1, 200);
  g_autoptr (GstSodInstance) instance =
      test_instance ((GstSodBackend *) backend, network, 1);
  g_autoptr (GstSodSession) session = test_session (instance);
  gint64 preprocess, forward, postprocess;
  gint width, height;

  gst_sod_session_get_map_size (session, &width, &height);
  g_assert_cmpint (width, ==, 64);
  g_assert_cmpint (height, ==, 32);
  g_assert_true (gst_sod_session_get_network (session) == network);
  gst_sod_session_get_timings (session, &preprocess, &forward, NULL);
  g_assert_cmpint (preprocess + forward, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GstSodImage) frame =
        test_picture_scene (sizes[i][0], sizes[i][1], i);
    g_autoptr (GstSodImage) map = test_map (sizes[i][1], sizes[i][0]);

    infer (session, frame, -1, map);
    g_assert_cmpuint (test_map_level (map), ==, 200);
    g_assert_false (gst_sod_session_get_warm_up (session));
  }
  gst_sod_session_get_timings (session, &preprocess, &forward, &postprocess);
  g_assert_cmpint (preprocess, >, 0);
  g_assert_cmpint (forward, >, 0);
  g_assert_cmpint (postprocess, >, 0);
}

/* Every back end makes the maps that the plain one makes. */
static void
test_agrees_with_ref (gconstpointer backend)
{
  GstSodBackend *ref = gst_sod_backend_get ("ref", NULL);

  for (guint frames = 1; frames <= 2; frames++) {
    g_autoptr (GstSodNetwork) network = test_network_random (64, 48, frames, 4);
    g_autoptr (GstSodInstance) a = test_instance (ref, network, 1);
    g_autoptr (GstSodInstance) b =
        test_instance ((GstSodBackend *) backend, network, 1);
    g_autoptr (GstSodSession) session_a = test_session (a);
    g_autoptr (GstSodSession) session_b = test_session (b);
    g_autoptr (GstSodImage) map_a = test_map (101, 59);
    g_autoptr (GstSodImage) map_b = test_map (101, 59);

    for (guint i = 0; i < 4; i++) {
      g_autoptr (GstSodImage) frame = test_picture_scene (101, 59, i);

      infer (session_a, frame, i * 40 * MS, map_a);
      infer (session_b, frame, i * 40 * MS, map_b);
      g_assert_cmpuint (test_map_difference (map_a, map_b), <=, 1);
    }
  }
}

/* ---- two frames ---- */

static guint
see (GstSodSession *session, guint code, gint64 time)
{
  g_autoptr (GstSodImage) frame = test_picture_gray (40, 30, code);
  g_autoptr (GstSodImage) map = test_map (20, 20);

  infer (session, frame, time, map);
  return test_map_level (map);
}

static void
remember (GstSodSession *session, guint code, gint64 time)
{
  g_autoptr (GstSodImage) frame = test_picture_gray (40, 30, code);
  g_autoptr (GError) error = NULL;

  gst_sod_session_observe (session, frame, time, NULL, &error);
  g_assert_no_error (error);
}

/* The map is that of a frame before of @code, and no warm-up. */
static void
assert_looked_back (GstSodSession *session, guint level, guint code)
{
  g_assert_cmpuint (level, ==, test_previous_level (code));
  g_assert_false (gst_sod_session_get_warm_up (session));
}

static void
assert_warm_up (GstSodSession *session, guint level, guint code)
{
  g_assert_cmpuint (level, ==, test_previous_level (code));
  g_assert_true (gst_sod_session_get_warm_up (session));
}

typedef struct
{
  GstSodInstance *instance;
  GstSodSession *session;
} TwoFrames;

static TwoFrames
two_frames (gconstpointer backend)
{
  g_autoptr (GstSodNetwork) network = test_network_previous (32, 32);
  TwoFrames self;

  self.instance = test_instance ((GstSodBackend *) backend, network, 1);
  self.session = test_session (self.instance);
  return self;
}

static void
two_frames_clear (TwoFrames *self)
{
  g_object_unref (self->session);
  g_object_unref (self->instance);
}

static void
test_looks_back (gconstpointer backend)
{
  TwoFrames two = two_frames (backend);
  GstSodSession *session = two.session;

  assert_warm_up (session, see (session, 150, 0), 150);
  assert_looked_back (session, see (session, 160, 20 * MS), 150);
  assert_looked_back (session, see (session, 170, 40 * MS), 150);
  assert_looked_back (session, see (session, 180, 60 * MS), 160);
  assert_looked_back (session, see (session, 190, 80 * MS), 170);
  two_frames_clear (&two);
}

/* Frames that no map is wanted of count as well. */
static void
test_looks_back_at_observed (gconstpointer backend)
{
  TwoFrames two = two_frames (backend);
  GstSodSession *session = two.session;

  remember (session, 150, 0);
  remember (session, 160, 40 * MS);
  assert_looked_back (session, see (session, 170, 80 * MS), 160);
  remember (session, 180, 120 * MS);
  assert_looked_back (session, see (session, 190, 160 * MS), 180);
  two_frames_clear (&two);
}

static void
test_without_time (gconstpointer backend)
{
  TwoFrames two = two_frames (backend);
  GstSodSession *session = two.session;

  assert_warm_up (session, see (session, 150, -1), 150);
  for (guint i = 1; i < 10; i++)
    assert_looked_back (session, see (session, 150 + 10 * i, -1), 140 + 10 * i);
  two_frames_clear (&two);
}

static void
test_warms_up_again (gconstpointer backend)
{
  TwoFrames two = two_frames (backend);
  GstSodSession *session = two.session;

  see (session, 150, 1000 * MS);
  assert_looked_back (session, see (session, 160, 1040 * MS), 150);
  assert_warm_up (session, see (session, 170, 900 * MS), 170);
  assert_looked_back (session, see (session, 180, 940 * MS), 170);
  assert_warm_up (session, see (session, 190, 1940 * MS), 190);
  assert_looked_back (session, see (session, 200, 1980 * MS), 190);
  gst_sod_session_reset (session);
  assert_warm_up (session, see (session, 210, 2020 * MS), 210);
  two_frames_clear (&two);
}

/* ---- swapping ---- */

static void
test_keeps_history_over_swap (gconstpointer backend)
{
  TwoFrames two = two_frames (backend);
  g_autoptr (GstSodNetwork) alike = test_network_previous (32, 32);
  g_autoptr (GstSodNetwork) larger = test_network_previous (64, 48);
  gint width, height;

  see (two.session, 150, 0);
  g_assert_true (gst_sod_instance_load (two.instance, alike, NULL));
  assert_looked_back (two.session, see (two.session, 160, 40 * MS), 150);
  g_assert_true (gst_sod_session_get_network (two.session) == alike);

  g_assert_true (gst_sod_instance_load (two.instance, larger, NULL));
  assert_warm_up (two.session, see (two.session, 170, 80 * MS), 170);
  assert_looked_back (two.session, see (two.session, 180, 120 * MS), 170);
  gst_sod_session_get_map_size (two.session, &width, &height);
  g_assert_cmpint (width, ==, 64);
  g_assert_cmpint (height, ==, 48);
  two_frames_clear (&two);
}

typedef struct
{
  GstSodInstance *instance;
  gint stop;
  gint n_changes;
} Watcher;

static gpointer
watch (gpointer data)
{
  Watcher *watcher = data;
  g_autoptr (GstSodSession) session = test_session (watcher->instance);
  g_autoptr (GstSodImage) frame = test_picture_scene (90, 60, 2);
  g_autoptr (GstSodImage) map = test_map (45, 30);
  guint64 last = 0;

  while (!g_atomic_int_get (&watcher->stop)) {
    GstSodNetwork *network;
    guint64 level;

    infer (session, frame, -1, map);
    network = gst_sod_session_get_network (session);
    level = g_ascii_strtoull (gst_sod_network_get_id (network), NULL, 10);
    g_assert_cmpuint (test_map_level (map), ==, level);
    if (level != last)
      g_atomic_int_inc (&watcher->n_changes);
    last = level;
  }
  return NULL;
}

static gboolean
have_all_seen (Watcher *watchers, guint n)
{
  for (guint i = 0; i < n; i++) {
    if (g_atomic_int_get (&watchers[i].n_changes) < 2)
      return FALSE;
  }
  return TRUE;
}

static void
test_swap_while_inferring (gconstpointer backend)
{
  GstSodNetwork *networks[] = { test_network_constant (32, 32, 1, 50),
    test_network_constant (64, 48, 2, 100),
    test_network_constant (32, 32, 1, 150) };
  g_autoptr (GstSodInstance) instance =
      test_instance ((GstSodBackend *) backend, networks[0], 2);
  Watcher watchers[3] = { { instance }, { instance }, { instance } };
  GThread *threads[3];
  gint64 late = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;

  for (guint i = 0; i < 3; i++)
    threads[i] = g_thread_new ("watch", watch, &watchers[i]);
  /* However slow a frame is, as under sanitizers, it meets a few of them. */
  for (guint i = 0;
       i < 30
       || (!have_all_seen (watchers, 3) && g_get_monotonic_time () < late);
       i++) {
    g_assert_true (gst_sod_instance_load (instance, networks[i % 3], NULL));
    g_usleep (3000);
  }
  for (guint i = 0; i < 3; i++)
    g_atomic_int_set (&watchers[i].stop, TRUE);
  for (guint i = 0; i < 3; i++) {
    g_thread_join (threads[i]);
    g_assert_cmpint (watchers[i].n_changes, >, 1);
    g_object_unref (networks[i]);
  }
}

/* ---- the executor between ---- */

/* Keeps an executor busy until it is let go. */
typedef struct
{
  GstSodExecutor *executor;
  GMutex lock;
  GCond cond;
  gboolean busy, released;
  GThread *thread;
} Blocker;

static gboolean
block (gpointer key, gpointer *items, guint n_items, GError **error)
{
  Blocker *self = items[0];

  g_mutex_lock (&self->lock);
  self->busy = TRUE;
  g_cond_broadcast (&self->cond);
  while (!self->released)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static gpointer
submit_block (gpointer data)
{
  Blocker *self = data;

  gst_sod_executor_run (self->executor, block, NULL, self, 1, NULL, NULL);
  return NULL;
}

static void
blocker_start (Blocker *self, GstSodInstance *instance)
{
  memset (self, 0, sizeof *self);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->executor = gst_sod_instance_get_executor (instance);
  self->thread = g_thread_new ("block", submit_block, self);
  g_mutex_lock (&self->lock);
  while (!self->busy)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
}

static void
blocker_release (Blocker *self)
{
  g_mutex_lock (&self->lock);
  self->released = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
}

typedef struct
{
  GstSodSession *session;
  GstSodImage *frame, *map;
  GCancellable *cancellable;
  GError *error;
} Camera;

static gpointer
shoot (gpointer data)
{
  Camera *camera = data;

  gst_sod_session_infer (camera->session, camera->frame, -1, camera->map,
      camera->cancellable, &camera->error);
  return NULL;
}

/* Lets all cameras shoot while the executor is kept busy; returns how many ran
 * as one batch: those have one duration between them. */
static guint
shoot_together (
    GstSodInstance *instance, Camera *cameras, guint n, gulong patience)
{
  GThread *threads[N_CAMERAS];
  gint64 durations[N_CAMERAS];
  guint largest = 0;
  Blocker blocker;

  blocker_start (&blocker, instance);
  for (guint i = 0; i < n; i++)
    threads[i] = g_thread_new ("camera", shoot, &cameras[i]);
  g_usleep (patience);
  blocker_release (&blocker);
  for (guint i = 0; i < n; i++) {
    g_thread_join (threads[i]);
    g_assert_no_error (cameras[i].error);
    gst_sod_session_get_timings (cameras[i].session, NULL, &durations[i], NULL);
  }
  for (guint i = 0; i < n; i++) {
    guint same = 0;

    for (guint j = 0; j < n; j++)
      same += durations[j] == durations[i];
    largest = MAX (largest, same);
  }
  return largest;
}

/* One more camera than a batch holds. Of two frames each sees the same twice,
 * so that another's in its place would show. */
static void
check_batch (GstSodBackend *backend, guint frames)
{
  g_autoptr (GstSodNetwork) network = test_network_random (64, 48, frames, 9);
  g_autoptr (GstSodInstance) instance =
      test_instance (backend, network, N_CAMERAS - 1);
  Camera cameras[N_CAMERAS] = { { 0 } };
  guint in_batch = 0;

  for (guint i = 0; i < N_CAMERAS; i++) {
    cameras[i].session = test_session (instance);
    cameras[i].frame = test_picture_scene (120 + 10 * (gint) i, 70, i);
    cameras[i].map = test_map (120, 70);
  }
  /* Nothing tells when all of them wait, so it is tried until they did. */
  for (guint i = 1; i <= 50 && in_batch < N_CAMERAS - 1; i++)
    in_batch = shoot_together (instance, cameras, N_CAMERAS, 20000 * i);
  g_assert_cmpuint (in_batch, ==, N_CAMERAS - 1);
  for (guint i = 1; i < N_CAMERAS; i++)
    g_assert_cmpuint (
        test_map_difference (cameras[0].map, cameras[i].map), >, 20);
  for (guint i = 0; i < N_CAMERAS; i++) {
    g_autoptr (GstSodSession) alone = test_session (instance);
    g_autoptr (GstSodImage) map = test_map (120, 70);

    infer (alone, cameras[i].frame, -1, map);
    g_assert_cmpuint (test_map_difference (map, cameras[i].map), <=, 1);
    g_object_unref (cameras[i].session);
    gst_sod_image_unref (cameras[i].frame);
    gst_sod_image_unref (cameras[i].map);
  }
}

static void
test_batch (gconstpointer backend)
{
  check_batch ((GstSodBackend *) backend, 1);
  check_batch ((GstSodBackend *) backend, 2);
}

static void
test_cancel (gconstpointer backend)
{
  TwoFrames two = two_frames (backend);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GstSodImage) frame = test_picture_gray (40, 30, 250);
  g_autoptr (GstSodImage) map = test_map (20, 20);
  Camera camera = { two.session, frame, map, cancellable, NULL };
  Blocker blocker;
  GThread *thread;

  see (two.session, 150, -1);
  blocker_start (&blocker, two.instance);
  thread = g_thread_new ("camera", shoot, &camera);
  g_usleep (20000);
  g_cancellable_cancel (cancellable);
  g_thread_join (thread); /* while the executor is still blocked */
  g_assert_error (camera.error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED);
  g_clear_error (&camera.error);
  blocker_release (&blocker);
  /* the frame that was taken back is not looked back at */
  assert_looked_back (two.session, see (two.session, 160, -1), 150);
  two_frames_clear (&two);
}

/* ---- bad arguments ---- */

static void
test_bad_pictures (gconstpointer backend)
{
  TwoFrames two = two_frames (backend);
  g_autoptr (GstSodImage) frame = test_picture_gray (40, 30, 150);
  g_autoptr (GstSodImage) rgb = test_picture_gray (40, 30, 150);
  g_autoptr (GstSodImage) deep = test_map (20, 20);
  g_autoptr (GstSodImage) empty = gst_sod_image_new_borrowed ();
  g_autoptr (GstSodImage) map = test_map (20, 20);
  GstSodImage *const bad_maps[] = { rgb, deep, empty };
  g_autoptr (GError) error = NULL;

  deep->components[0].depth = 10;
  deep->components[0].sample_size = 2;
  for (guint i = 0; i < G_N_ELEMENTS (bad_maps); i++) {
    g_assert_false (gst_sod_session_infer (
        two.session, frame, 0, bad_maps[i], NULL, &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
    g_clear_error (&error);
  }
  g_assert_false (
      gst_sod_session_infer (two.session, empty, 0, map, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (
      gst_sod_session_observe (two.session, empty, 0, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  /* none of them was remembered */
  assert_warm_up (two.session, see (two.session, 160, 40 * MS), 160);
  two_frames_clear (&two);
}

/* Says of a picture in the host's memory that it lies in a device's. */
static void
place (GstSodImage *image, guint device, gpointer context)
{
  image->memory = GST_SOD_IMAGE_DEVICE;
  image->device = device;
  image->context = context;
}

static void
assert_refused (
    GstSodSession *session, const GstSodImage *frame, GstSodImage *map)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (
      gst_sod_session_infer (session, frame, -1, map, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "cudadownload"));
  g_assert_nonnull (strstr (error->message, "cuda:3"));
}

static void
assert_other_context_is_refused (
    GstSodSession *session, const GstSodImage *frame, GstSodImage *map)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (
      gst_sod_session_infer (session, frame, -1, map, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "another context"));
}

/* Of one frame and of two, which are preprocessed in other ways. */
static void
test_pictures_of_other_devices (gconstpointer backend)
{
  for (guint frames = 1; frames <= 2; frames++) {
    g_autoptr (GstSodNetwork) network = test_network_random (64, 48, frames, 4);
    g_autoptr (GstSodInstance) instance =
        test_instance ((GstSodBackend *) backend, network, 1);
    g_autoptr (GstSodSession) session = test_session (instance);
    g_autoptr (GstSodImage) here = test_picture_scene (101, 59, 1);
    g_autoptr (GstSodImage) there = test_picture_scene (101, 59, 1);
    g_autoptr (GstSodImage) map = test_map (101, 59);
    g_autoptr (GstSodImage) map_there = test_map (101, 59);

    place (there, 3, NULL);
    place (map_there, 3, NULL);
    assert_refused (session, there, map);
    assert_refused (session, here, map_there);
    infer (session, here, -1, map);
    g_assert_null (gst_sod_image_get_gray (map_there));
  }
}

/* The twin's device is the host, so that the same bytes are of both. */
static void
test_pictures_of_its_device (gconstpointer backend)
{
  g_autoptr (GstSodNetwork) network = test_network_random (64, 48, 1, 4);
  g_autoptr (GstSodInstance) instance = NULL;
  g_autoptr (GstSodSession) session = NULL;
  g_autoptr (GstSodImage) frame = test_picture_scene (101, 59, 1);
  g_autoptr (GstSodImage) map = test_map (101, 59);
  g_autoptr (GstSodImage) expected = test_map (101, 59);
  const gchar *name = ((GstSodBackend *) backend)->klass->name;

  if (!g_str_equal (name, "cuda-host")) {
    g_test_skip ("not the twin of a device");
    return;
  }
  instance = test_instance ((GstSodBackend *) backend, network, 1);
  session = test_session (instance);
  infer (session, frame, -1, expected);
  place (frame, 0, NULL);
  place (map, 0, NULL);
  infer (session, frame, -1, map);
  map->memory = GST_SOD_IMAGE_HOST;
  g_assert_cmpuint (test_map_difference (map, expected), ==, 0);
  place (frame, 0, &instance);
  assert_other_context_is_refused (session, frame, map);
}

int
main (int argc, char **argv)
{
  static const BackendTest tests[] = {
    { "map-fills-any-size", test_constant },
    { "agrees-with-ref", test_agrees_with_ref },
    { "looks-back-by-the-frame-distance", test_looks_back },
    { "looks-back-at-observed-frames", test_looks_back_at_observed },
    { "without-time-looks-at-the-last", test_without_time },
    { "warms-up-after-a-discontinuity", test_warms_up_again },
    { "a-network-of-the-same-input-keeps-the-frames",
        test_keeps_history_over_swap },
    { "networks-are-swapped-between-frames", test_swap_while_inferring },
    { "a-batch-gives-the-maps-of-each-alone", test_batch },
    { "a-waiting-frame-can-be-cancelled", test_cancel },
    { "bad-pictures-are-refused", test_bad_pictures },
    { "pictures-of-other-devices-are-refused", test_pictures_of_other_devices },
    { "pictures-of-its-device-are-read-there", test_pictures_of_its_device },
  };

  g_test_init (&argc, &argv, NULL);
  test_add_for_backends ("session", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
