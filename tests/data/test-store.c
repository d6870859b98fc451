/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/resource.h>

#include "store-support.h"
#include "support.h"

/* A store in a folder of its own. */
typedef struct
{
  gchar *folder, *path;
  GstSodStore *store;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = scratch_new ();
  self->path = scratch_path (self->folder, "store");
  self->store = open_store (self->path);
  g_object_set (
      self->store, "picture-format", GST_SOD_STORE_PICTURE_FORMAT_RAW, NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_clear_object (&self->store);
  g_free (self->path);
  scratch_remove (self->folder);
}

/* Appends frame @seed of 32x24. (transfer full) */
static gchar *
put (Fixture *self, const gchar *node, guint seed, gboolean labelled,
    gint64 time)
{
  g_autoptr (GstSodImage) frame = make_frame (32, 24, seed);
  g_autoptr (GstSodImage) label =
      labelled ? make_label (32, 24, (gint) (seed % 31) + 1) : NULL;

  return append (self->store, node, frame, label, time);
}

static GstSodSamples *
snapshot (GstSodStore *store, const gchar *node)
{
  g_autoptr (GError) error = NULL;
  GstSodSamples *samples = gst_sod_store_snapshot (store, node, &error);

  g_assert_no_error (error);
  return samples;
}

static void
reopen (Fixture *self)
{
  g_clear_object (&self->store);
  self->store = open_store (self->path);
  g_object_set (
      self->store, "picture-format", GST_SOD_STORE_PICTURE_FORMAT_RAW, NULL);
}

/* ---- appending ---- */

static void
test_comes_back (Fixture *self, gconstpointer data)
{
  g_autoptr (GstSodImage) frame = make_frame (32, 24, 1);
  g_autoptr (GstSodImage) label = make_label (32, 24, 2);
  g_autofree gchar *first = put (self, "door", 1, TRUE, 0);
  g_autofree gchar *second = put (self, "door", 1, FALSE, 40000);
  g_autoptr (GstSodSamples) samples = NULL;

  g_assert_cmpstr (first, ==, "door/000001");
  g_assert_cmpstr (second, ==, "door/000002");
  g_clear_object (&self->store);
  self->store =
      gst_sod_store_open (self->path, GST_SOD_STORE_FLAG_READ_ONLY, NULL);
  g_assert_nonnull (self->store);
  samples = snapshot (self->store, NULL);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, 2);
  g_assert_cmpstr (gst_sod_samples_get_name (samples, 0), ==, first);
  g_assert_true (gst_sod_samples_is_labelled (samples, 0));
  g_assert_false (gst_sod_samples_is_labelled (samples, 1));
  assert_sample (samples, 0, frame, label, 0);
  assert_sample (samples, 1, frame, NULL, 0);
}

static void
test_jpeg (Fixture *self, gconstpointer data)
{
  g_autoptr (GstSodImage) frame = make_frame (65, 47, 1);
  g_autoptr (GstSodImage) label = make_label (65, 47, 20);
  g_autoptr (GstSodSamples) samples = NULL;
  g_autofree gchar *id = NULL;

  g_object_set (self->store, "picture-format",
      GST_SOD_STORE_PICTURE_FORMAT_JPEG, "jpeg-quality", 95, NULL);
  id = append (self->store, "door", frame, label, 0);
  samples = snapshot (self->store, "door");
  assert_sample (samples, 0, frame, label, 10);
}

static void
test_batch (Fixture *self, gconstpointer data)
{
  GstSodStoreFrame *frames[3];
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodSamples) samples = NULL;

  for (guint i = 0; i < 3; i++) {
    g_autoptr (GstSodImage) picture = make_frame (32, 24, i);

    frames[i] = gst_sod_store_frame_new (i == 1 ? "b" : "a", picture);
    gst_sod_store_frame_set_source (frames[i], "rtsp://camera/1");
    gst_sod_store_frame_set_stream_time (frames[i], i * 40000);
    gst_sod_store_frame_set_wall_time (frames[i], 1000000 + i);
    g_assert_null (gst_sod_store_frame_get_id (frames[i]));
  }
  gst_sod_store_append_frames (self->store, frames, 3, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (gst_sod_store_frame_get_id (frames[0]), ==, "a/000001");
  g_assert_cmpstr (gst_sod_store_frame_get_id (frames[1]), ==, "b/000001");
  g_assert_cmpstr (gst_sod_store_frame_get_id (frames[2]), ==, "a/000002");
  samples = snapshot (self->store, NULL);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, 3);
  g_assert_cmpstr (
      gst_sod_store_snapshot_get_node (GST_SOD_STORE_SNAPSHOT (samples), 2), ==,
      "b");
  g_assert_cmpint (gst_sod_store_snapshot_get_wall_time (
                       GST_SOD_STORE_SNAPSHOT (samples), 1),
      ==, 1000002);
  g_assert_cmpint (gst_sod_store_snapshot_get_stream_time (
                       GST_SOD_STORE_SNAPSHOT (samples), 1),
      ==, 80000);
  for (guint i = 0; i < 3; i++)
    gst_sod_store_frame_unref (frames[i]);
}

static void
test_numbers_grow (Fixture *self, gconstpointer data)
{
  g_autofree gchar *first = put (self, "door", 1, FALSE, 0);
  g_autofree gchar *second = NULL;

  reopen (self);
  second = put (self, "door", 2, FALSE, 0);
  g_assert_cmpstr (second, ==, "door/000002");
}

static void
test_names (Fixture *self, gconstpointer data)
{
  static const gchar *const wrong[] = { "", ".", "..", ".a", "a/b", "a b",
    "\xc3\xa4", "a\n" };
  g_autoptr (GstSodImage) frame = make_frame (8, 8, 1);

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (gst_sod_store_append (
        self->store, wrong[i], frame, NULL, 0, NULL, &error));
    assert_error (error, GST_SOD_ERROR_INVALID_ARGUMENT, "node", NULL);
  }
}

typedef struct
{
  Fixture *fixture;
  gchar node[8];
} Camera;

static gpointer
run_camera (gpointer data)
{
  Camera *camera = data;

  for (guint i = 0; i < 20; i++)
    g_free (put (camera->fixture, camera->node, i, i % 4 == 0, i * 40000));
  return NULL;
}

static void
test_threads (Fixture *self, gconstpointer data)
{
  Camera cameras[4];
  GThread *threads[4];
  g_autoptr (GstSodSamples) samples = NULL;

  for (guint i = 0; i < 4; i++) {
    cameras[i].fixture = self;
    g_snprintf (cameras[i].node, sizeof (cameras[i].node), "c%u", i);
    threads[i] = g_thread_new ("camera", run_camera, &cameras[i]);
  }
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  samples = snapshot (self->store, NULL);
  g_assert_cmpuint (count_readable (samples), ==, 80);
  g_assert_cmpint (statistic (self->store, "labelled"), ==, 20);
}

/* ---- labels ---- */

static void
test_label_later (Fixture *self, gconstpointer data)
{
  g_autofree gchar *id = put (self, "door", 1, FALSE, 0);
  g_autoptr (GstSodImage) frame = make_frame (32, 24, 1);
  g_autoptr (GError) error = NULL;

  for (gint columns = 3; columns < 5; columns++) {
    g_autoptr (GstSodImage) label = make_label (32, 24, columns);
    g_autoptr (GstSodSamples) samples = NULL;

    gst_sod_store_set_label (self->store, id, label, &error);
    g_assert_no_error (error);
    samples = snapshot (self->store, NULL);
    assert_sample (samples, 0, frame, label, 0);
    reopen (self);
    g_clear_object (&samples);
    samples = snapshot (self->store, NULL);
    assert_sample (samples, 0, frame, label, 0);
  }
  g_assert_cmpint (statistic (self->store, "frames"), ==, 1);
}

static void
refuse (Fixture *self, const gchar *id, GstSodImage *label, gint code,
    const gchar *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gst_sod_store_set_label (self->store, id, label, &error));
  assert_error (error, code, text, NULL);
}

static void
test_wrong_labels (Fixture *self, gconstpointer data)
{
  g_autofree gchar *id = put (self, "door", 1, FALSE, 0);
  g_autoptr (GstSodImage) good = make_label (32, 24, 3);
  g_autoptr (GstSodImage) small = make_label (31, 24, 3);
  g_autoptr (GstSodImage) coloured = make_frame (32, 24, 3);
  g_autoptr (GBytes) ones = NULL;
  g_autoptr (GstSodImage) dim = NULL;
  guint8 *pixels = g_malloc (32 * 24);
  g_autoptr (GError) error = NULL;

  memset (pixels, 1, 32 * 24);
  ones = g_bytes_new_take (pixels, 32 * 24);
  dim = gst_sod_image_new_gray_from_bytes (32, 24, ones, NULL);
  refuse (self, "door/000002", good, GST_SOD_ERROR_NOT_FOUND, "door/000002");
  refuse (self, "gate/000001", good, GST_SOD_ERROR_NOT_FOUND, "gate/000001");
  refuse (self, "door", good, GST_SOD_ERROR_INVALID_ARGUMENT, "NODE/NUMBER");
  refuse (self, "door/x", good, GST_SOD_ERROR_INVALID_ARGUMENT, "door/x");
  refuse (self, id, small, GST_SOD_ERROR_MISMATCH, "31x24");
  refuse (self, id, coloured, GST_SOD_ERROR_MISMATCH, "gray");
  refuse (self, id, dim, GST_SOD_ERROR_MISMATCH, "255");
  g_assert_false (gst_sod_store_append (
      self->store, "door", coloured, small, 0, NULL, &error));
  assert_error (error, GST_SOD_ERROR_MISMATCH, "31x24", "32x24", NULL);
  g_assert_cmpint (statistic (self->store, "labelled"), ==, 0);
}

/* ---- neighbours ---- */

static void
test_neighbours (Fixture *self, gconstpointer data)
{
  static const gint64 times[] = { 0, 40000, 80000, 120000, 0, 40000 };
  g_autoptr (GstSodSamples) samples = NULL;
  guint found;

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    g_free (put (self, "door", i, FALSE, times[i]));
  g_free (put (self, "gate", 9, FALSE, 160000));
  reopen (self);
  g_free (put (self, "door", 7, FALSE, 80000));
  samples = snapshot (self->store, NULL);
  g_assert_false (gst_sod_samples_find_neighbour (samples, 0, 42, &found));
  g_assert_true (gst_sod_samples_find_neighbour (samples, 2, 42, &found));
  g_assert_cmpuint (found, ==, 1);
  g_assert_true (gst_sod_samples_find_neighbour (samples, 2, -42, &found));
  g_assert_cmpuint (found, ==, 3);
  g_assert_true (gst_sod_samples_find_neighbour (samples, 3, 90, &found));
  g_assert_cmpuint (found, ==, 1);
  g_assert_false (gst_sod_samples_find_neighbour (samples, 3, 15, &found));
  /* Time went back, the node ended, the store was opened anew. */
  g_assert_false (gst_sod_samples_find_neighbour (samples, 3, -42, &found));
  g_assert_false (gst_sod_samples_find_neighbour (samples, 4, 42, &found));
  g_assert_true (gst_sod_samples_find_neighbour (samples, 5, 42, &found));
  g_assert_false (gst_sod_samples_find_neighbour (samples, 6, 42, &found));
  g_assert_false (gst_sod_samples_find_neighbour (samples, 7, 42, &found));
}

static void
test_discontinuity (Fixture *self, gconstpointer data)
{
  g_autoptr (GstSodSamples) samples = NULL;
  guint found;

  for (guint i = 0; i < 3; i++) {
    g_autoptr (GstSodImage) picture = make_frame (32, 24, i);
    g_autoptr (GstSodStoreFrame) frame =
        gst_sod_store_frame_new ("door", picture);

    gst_sod_store_frame_set_stream_time (frame, i * 40000);
    gst_sod_store_frame_set_discontinuity (frame, i == 1);
    g_assert_true (gst_sod_store_append_frames (self->store, &frame, 1, NULL));
  }
  samples = snapshot (self->store, NULL);
  g_assert_false (gst_sod_samples_find_neighbour (samples, 1, 42, &found));
  g_assert_true (gst_sod_samples_find_neighbour (samples, 2, 42, &found));
}

static void
test_many_files (Fixture *self, gconstpointer data)
{
  const struct rlimit few = { 300, 300 };
  g_autoptr (GstSodSamples) samples = NULL;
  g_autoptr (GstSodStore) reader = NULL;
  g_autoptr (GError) error = NULL;

  g_object_set (self->store, "segment-size", (guint64) 4096, "sync-interval",
      60000, NULL);
  for (guint i = 0; i < 700; i++)
    g_free (put (self, "door", i, FALSE, i * 40000));
  g_assert_cmpint (statistic (self->store, "segments"), >=, 350);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &few), ==, 0);
  reader =
      gst_sod_store_open (self->path, GST_SOD_STORE_FLAG_READ_ONLY, &error);
  g_assert_no_error (error);
  samples = snapshot (reader, NULL);
  g_assert_cmpuint (count_readable (samples), ==, 700);
}

/* ---- thinning ---- */

static void
test_thinning (Fixture *self, gconstpointer data)
{
  g_autofree gchar *first = NULL;

  g_object_set (self->store, "thinning", 6, NULL);
  first = put (self, "door", 1, FALSE, 0);
  g_assert_nonnull (first);
  for (guint i = 1; i < 4; i++) {
    g_autofree gchar *same = put (self, "door", 1, FALSE, i * 40000);
    g_autofree gchar *elsewhere = put (self, "gate", i, FALSE, i * 40000);
    g_autofree gchar *labelled = put (self, "door", 1, TRUE, i * 40000 + 1);

    g_assert_null (same);
    g_assert_nonnull (elsewhere);
    g_assert_nonnull (labelled);
  }
  g_assert_cmpint (statistic (self->store, "thinned_out"), ==, 3);
  reopen (self);
  g_object_set (self->store, "thinning", 6, NULL);
  g_assert_null (put (self, "door", 1, FALSE, 0));
  g_assert_cmpint (statistic (self->store, "frames"), ==, 7);
}

static void
test_keep_neighbours (Fixture *self, gconstpointer data)
{
  static const guint seeds[] = { 1, 1, 1, 2, 2, 3, 3, 3 };
  g_autoptr (GstSodImage) first = make_frame (32, 24, 1);
  g_autoptr (GstSodImage) label = make_label (32, 24, 4);
  g_autoptr (GstSodSamples) samples = NULL;
  guint found;

  g_object_set (self->store, "thinning", 6, "keep-neighbours", TRUE, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (seeds); i++)
    g_free (put (self, "door", seeds[i], FALSE, i * 40000));
  reopen (self);
  g_assert_cmpint (statistic (self->store, "frames"), ==, 3);
  g_assert_cmpint (statistic (self->store, "neighbours"), ==, 2);
  samples = snapshot (self->store, NULL);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, 3);
  g_assert_false (gst_sod_samples_find_neighbour (samples, 0, 42, &found));
  g_assert_true (gst_sod_samples_find_neighbour (samples, 1, 42, &found));
  g_assert_cmpuint (found, ==, 3);
  g_assert_cmpstr (
      gst_sod_samples_get_name (samples, found), ==, "door/000002");
  assert_sample (samples, found, first, NULL, 0);
  g_assert_true (gst_sod_samples_find_neighbour (samples, 2, 42, &found));
  g_assert_cmpuint (found, ==, 4);
  /* Labelled, it is a sample like any. */
  g_assert_true (
      gst_sod_store_set_label (self->store, "door/000002", label, NULL));
  g_clear_object (&samples);
  samples = snapshot (self->store, NULL);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, 4);
  assert_sample (samples, 1, first, label, 0);
}

/* ---- limits ---- */

static void
test_size (Fixture *self, gconstpointer data)
{
  g_autoptr (GstSodSamples) before = NULL;
  g_autoptr (GstSodSamples) after = NULL;
  guint n;

  /* Frames of 2400 bytes. */
  g_object_set (self->store, "max-size", (guint64) 200000, NULL);
  for (guint i = 0; i < 20; i++)
    g_free (put (self, "door", i, i < 8, i * 40000));
  before = snapshot (self->store, NULL);
  for (guint i = 20; i < 300; i++)
    g_free (put (self, "door", i, FALSE, i * 40000));
  g_assert_cmpint (statistic (self->store, "bytes"), <=, 200000);
  g_assert_cmpint (statistic (self->store, "bytes"), >, 150000);
  g_assert_cmpint (statistic (self->store, "labelled"), ==, 8);
  after = snapshot (self->store, NULL);
  n = gst_sod_samples_get_n_samples (after);
  g_assert_cmpuint (count_readable (after), ==, n);
  g_assert_cmpstr (gst_sod_samples_get_name (after, n - 1), ==, "door/000300");
  for (guint i = 0; i < 8; i++) {
    g_autoptr (GstSodImage) frame = make_frame (32, 24, i);
    g_autoptr (GstSodImage) label = make_label (32, 24, (gint) i + 1);

    assert_sample (after, i, frame, label, 0);
  }
  /* What a snapshot shows outlives its files. */
  g_assert_cmpuint (count_readable (before), ==, 20);
  reopen (self);
  g_assert_cmpint (statistic (self->store, "frames"), ==, n);
  g_assert_cmpint (statistic (self->store, "labelled"), ==, 8);
}

/* Labels that came later, in other segments than their frames. */
static void
test_size_later_labels (Fixture *self, gconstpointer data)
{
  g_autofree gchar *id = NULL;
  g_autoptr (GstSodImage) frame = make_frame (32, 24, 0);
  g_autoptr (GstSodImage) label = make_label (32, 24, 5);
  g_autoptr (GstSodSamples) samples = NULL;
  g_autoptr (GError) error = NULL;

  g_object_set (self->store, "max-node-size", (guint64) 100000, NULL);
  id = put (self, "door", 0, FALSE, 0);
  for (guint i = 1; i < 200; i++) {
    if (i == 15)
      gst_sod_store_set_label (self->store, id, label, &error);
    g_assert_no_error (error);
    g_free (put (self, "door", i, FALSE, i * 40000));
  }
  samples = snapshot (self->store, NULL);
  g_assert_cmpstr (gst_sod_samples_get_name (samples, 0), ==, id);
  assert_sample (samples, 0, frame, label, 0);
  reopen (self);
  g_clear_object (&samples);
  samples = snapshot (self->store, NULL);
  assert_sample (samples, 0, frame, label, 0);
}

static void
test_all_labelled (Fixture *self, gconstpointer data)
{
  g_object_set (self->store, "max-size", (guint64) 100000, NULL);
  for (guint i = 0; i < 200; i++)
    g_free (put (self, "door", i, TRUE, i * 40000));
  g_assert_cmpint (statistic (self->store, "bytes"), <=, 100000);
  g_assert_cmpint (statistic (self->store, "labelled"), >, 20);
}

/* Frames that are two hours old; every one but @exception is labelled, or it
 * alone. */
static void
put_old (Fixture *self, const gchar *node, guint n, guint exception,
    gboolean labelled)
{
  gint64 then = g_get_real_time () - 7200 * (gint64) G_USEC_PER_SEC;

  for (guint i = 0; i < n; i++) {
    g_autoptr (GstSodImage) picture = make_frame (32, 24, i);
    g_autoptr (GstSodImage) label = make_label (32, 24, 3);
    g_autoptr (GstSodStoreFrame) frame =
        gst_sod_store_frame_new (node, picture);

    gst_sod_store_frame_set_wall_time (frame, then);
    gst_sod_store_frame_set_label (
        frame, (i == exception) != labelled ? label : NULL);
    g_assert_true (gst_sod_store_append_frames (self->store, &frame, 1, NULL));
  }
}

static void
test_age (Fixture *self, gconstpointer data)
{
  g_autoptr (GstSodSamples) samples = NULL;
  guint64 n_bytes;
  g_autofree gchar *fresh = NULL;

  put_old (self, "door", 10, 4, FALSE);
  put_old (self, "gate", 20, 4, TRUE);
  g_assert_true (gst_sod_store_prune (self->store, &n_bytes, NULL));
  g_assert_cmpuint (n_bytes, ==, 0);
  g_object_set (self->store, "max-age", 3600, NULL);
  g_assert_true (gst_sod_store_prune (self->store, &n_bytes, NULL));
  g_assert_cmpuint (n_bytes, >, 9 * 2304);
  fresh = put (self, "door", 50, FALSE, 0);
  g_assert_cmpstr (fresh, ==, "door/000011");
  g_assert_true (gst_sod_store_prune (self->store, NULL, NULL));
  samples = snapshot (self->store, NULL);
  g_assert_cmpuint (count_readable (samples), ==, 2 + 19);
  g_assert_cmpstr (gst_sod_samples_get_name (samples, 0), ==, "door/000005");
  g_assert_cmpstr (gst_sod_samples_get_name (samples, 1), ==, fresh);
}

/* ---- snapshots and readers ---- */

static void
test_reader (Fixture *self, gconstpointer data)
{
  g_autoptr (GstSodStore) reader =
      gst_sod_store_open (self->path, GST_SOD_STORE_FLAG_READ_ONLY, NULL);
  g_autoptr (GstSodSamples) empty = snapshot (reader, NULL);
  g_autoptr (GstSodSamples) one = NULL;
  g_autoptr (GstSodSamples) many = NULL;
  g_autofree gchar *hash = NULL;
  g_autofree gchar *later = NULL;
  g_autoptr (GstSodImage) frame = make_frame (8, 8, 1);
  g_autoptr (GError) error = NULL;

  g_free (put (self, "door", 1, FALSE, 0));
  one = snapshot (reader, NULL);
  hash = gst_sod_samples_get_hash (one);
  g_object_set (self->store, "max-size", (guint64) 100000, NULL);
  for (guint i = 0; i < 100; i++)
    g_free (put (self, i % 2 == 0 ? "door" : "gate", i, i == 9, i * 40000));
  many = snapshot (reader, NULL);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (empty), ==, 0);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (one), ==, 1);
  g_assert_cmpuint (count_readable (one), ==, 1);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (many), ==,
      statistic (self->store, "frames"));
  g_assert_cmpuint (
      count_readable (many), ==, gst_sod_samples_get_n_samples (many));
  later = gst_sod_samples_get_hash (one);
  g_assert_cmpstr (hash, ==, later);
  g_assert_false (
      gst_sod_store_append (reader, "door", frame, NULL, 0, NULL, &error));
  assert_error (error, GST_SOD_ERROR_UNSUPPORTED, "read only", NULL);
  g_clear_error (&error);
  g_assert_null (gst_sod_store_snapshot (reader, "nowhere", &error));
  assert_error (error, GST_SOD_ERROR_NOT_FOUND, "nowhere", NULL);
}

static void
test_first_of_a_snapshot (Fixture *self, gconstpointer data)
{
  g_autoptr (GstSodSamples) before = NULL;
  g_autoptr (GstSodSamples) now = NULL;
  g_autoptr (GstSodSamples) first = NULL;
  g_autofree gchar *wanted = NULL, *hash = NULL, *all = NULL;

  for (guint i = 0; i < 5; i++)
    g_free (put (self, "door", i, i == 2, i * 40000));
  before = snapshot (self->store, "door");
  for (guint i = 5; i < 9; i++)
    g_free (put (self, "door", i, FALSE, i * 40000));
  now = snapshot (self->store, "door");
  first = gst_sod_store_snapshot_get_first (GST_SOD_STORE_SNAPSHOT (now), 5);
  g_assert_cmpuint (count_readable (first), ==, 5);
  g_assert_cmpuint (gst_sod_samples_get_n_labelled (first), ==, 1);
  wanted = gst_sod_samples_get_hash (before);
  hash = gst_sod_samples_get_hash (first);
  all = gst_sod_samples_get_hash (now);
  g_assert_cmpstr (hash, ==, wanted);
  g_assert_cmpstr (hash, !=, all);
}

#define ADD(name, func)                                                        \
  g_test_add ("/store/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  use_memory ();
  g_test_init (&argc, &argv, NULL);
  ADD ("append/comes-back-from-the-disk", test_comes_back);
  ADD ("append/jpeg-is-near", test_jpeg);
  ADD ("append/several-at-once", test_batch);
  ADD ("append/numbers-are-not-given-twice", test_numbers_grow);
  ADD ("append/refuses-names-that-lead-elsewhere", test_names);
  ADD ("append/from-many-threads", test_threads);
  ADD ("label/may-come-later", test_label_later);
  ADD ("label/wrong-ones-are-refused", test_wrong_labels);
  ADD ("neighbour/is-of-the-same-sequence", test_neighbours);
  ADD ("neighbour/none-across-a-discontinuity", test_discontinuity);
  ADD ("snapshot/more-files-than-may-be-open", test_many_files);
  ADD ("thinning/near-duplicates-are-left-out", test_thinning);
  ADD ("thinning/neighbours-may-be-kept", test_keep_neighbours);
  ADD ("limits/size-drops-the-oldest-but-labelled", test_size);
  ADD ("limits/size-keeps-labels-that-came-later", test_size_later_labels);
  ADD ("limits/size-holds-where-all-are-labelled", test_all_labelled);
  ADD ("limits/age-drops-the-unlabelled", test_age);
  ADD ("snapshot/stays-as-it-was", test_reader);
  ADD ("snapshot/its-first-are-what-it-was", test_first_of_a_snapshot);
  return g_test_run ();
}
