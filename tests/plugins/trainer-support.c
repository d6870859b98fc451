/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trainer-support.h"

#include <glib/gstdio.h>

#define WIDTH 64
#define HEIGHT 48

static void
remove_folder (const gchar *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *inside = g_build_filename (path, name, NULL);

    if (g_file_test (inside, G_FILE_TEST_IS_DIR))
      remove_folder (inside);
    else
      g_remove (inside);
  }
  g_rmdir (path);
}

void
trainer_set_up (Trainer *self, const gchar *first, ...)
{
  va_list properties;

  self->folder = g_dir_make_tmp ("sod-trainer-test-XXXXXX", NULL);
  g_assert_nonnull (self->folder);
  self->store = g_build_filename (self->folder, "store", NULL);
  self->harnesses = g_ptr_array_new ();
  self->element = test_element ("sodtrainer", "store", self->store, NULL);
  va_start (properties, first);
  if (first != NULL)
    g_object_set_valist (G_OBJECT (self->element), first, properties);
  va_end (properties);
}

void
trainer_tear_down (Trainer *self)
{
  gst_element_set_state (self->element, GST_STATE_NULL);
  for (guint i = 0; i < self->harnesses->len; i++)
    gst_harness_teardown (g_ptr_array_index (self->harnesses, i));
  g_ptr_array_unref (self->harnesses);
  test_element_free (self->element);
  remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->store);
}

gchar *
trainer_path (Trainer *self, const gchar *name)
{
  return g_build_filename (self->folder, name, NULL);
}

gchar *
trainer_settings (Trainer *self, const gchar *more)
{
  gchar *path = trainer_path (self, "settings.ini");
  g_autofree gchar *text = g_strconcat (
      "[run]\nlast-phase=1\nthreads=1\nprecision=f32\n"
      "[data]\nwidth=64\nheight=48\nsmall-share=0\nbatch-size=4\n"
      "augmentation=none\n"
      "[base]\nwarm-up=4\naverage-decay=0.9\narchitecture={\"kind\":\"base\","
      "\"preset\":\"test\",\"input-size\":[64,48],\"input-frames\":1,"
      "\"widths\":[16,16,16,16],\"encoder-dilations\":[[1,2],[1,2],[2,4]],"
      "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}\n",
      more, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

void
trainer_set_settings (Trainer *self, const gchar *more)
{
  g_autofree gchar *path = trainer_settings (self, more);

  g_object_set (self->element, "settings", path, NULL);
}

GstHarness *
trainer_link (Trainer *self, const gchar *pad)
{
  GstHarness *harness = gst_harness_new_with_element (self->element, pad, NULL);

  g_assert_nonnull (harness);
  g_ptr_array_add (self->harnesses, harness);
  test_set_caps (harness, g_str_has_prefix (pad, "frame") ? "RGB" : "GRAY8",
      WIDTH, HEIGHT);
  return harness;
}

/* Whether the disc of frame @number covers the pixel. */
static gboolean
is_inside (guint number, gint x, gint y)
{
  gint dx = x - (gint) (12 + number * 7 % 40);
  gint dy = y - (gint) (12 + number * 5 % 24);

  return dx * dx + dy * dy < 100;
}

static GstBuffer *
make_buffer (guint number, gint n_channels)
{
  gsize size = (gsize) WIDTH * HEIGHT * (gsize) n_channels;
  guint8 *pixels = g_malloc (size);
  GstBuffer *buffer = gst_buffer_new_wrapped (pixels, size);

  for (gint y = 0; y < HEIGHT; y++) {
    for (gint x = 0; x < WIDTH; x++) {
      gboolean inside = is_inside (number, x, y);

      for (gint c = 0; c < n_channels; c++)
        pixels[(y * WIDTH + x) * n_channels + c] =
            n_channels == 1 ? (inside ? 255 : 0)
                            : (guint8) (inside ? 240 - 20 * c : x + y);
    }
  }
  GST_BUFFER_PTS (buffer) = number * TRAINER_FRAME;
  GST_BUFFER_DURATION (buffer) = TRAINER_FRAME;
  return buffer;
}

GstBuffer *
trainer_frame (guint number)
{
  return make_buffer (number, 3);
}

GstBuffer *
trainer_label (guint number)
{
  return make_buffer (number, 1);
}

void
trainer_push_pair (GstHarness *frame, GstHarness *label, guint from, guint to)
{
  for (guint i = from; i < to; i++) {
    g_assert_cmpint (
        gst_harness_push (frame, trainer_frame (i)), ==, GST_FLOW_OK);
    if (label != NULL)
      g_assert_cmpint (
          gst_harness_push (label, trainer_label (i)), ==, GST_FLOW_OK);
  }
}

void
trainer_flush (GstHarness *harness)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (harness, gst_event_new_flush_start ());
  gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (harness, gst_event_new_segment (&segment));
}

void
trainer_end (GstHarness *harness)
{
  g_assert_true (gst_harness_push_event (harness, gst_event_new_eos ()));
}

void
trainer_gather (Trainer *self, guint n_frames, guint n_labelled)
{
  GstHarness *frame = trainer_link (self, "frame_0");
  GstHarness *label = trainer_link (self, "label_0");

  trainer_push_pair (frame, label, 0, n_labelled);
  trainer_push_pair (frame, NULL, n_labelled, n_frames);
}

void
trainer_end_all (Trainer *self)
{
  for (guint i = 0; i < self->harnesses->len; i++)
    trainer_end (g_ptr_array_index (self->harnesses, i));
}

GstMessage *
trainer_await (Trainer *self, GstMessageType type, guint seconds)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (self->element);

  return gst_bus_timed_pop_filtered (bus, seconds * GST_SECOND, type);
}

GstStructure *
trainer_await_element (Trainer *self, const gchar *name, guint seconds)
{
  gint64 end = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;

  while (g_get_monotonic_time () < end) {
    g_autoptr (GstMessage) message =
        trainer_await (self, GST_MESSAGE_ELEMENT, 1);

    if (message != NULL && gst_message_has_name (message, name))
      return gst_structure_copy (gst_message_get_structure (message));
  }
  return NULL;
}

void
trainer_await_progress (Trainer *self, const gchar *field, const gchar *value)
{
  for (;;) {
    g_autoptr (GstMessage) message =
        trainer_await (self, GST_MESSAGE_PROGRESS, 60);
    const GstStructure *structure;
    GstProgressType type;

    g_assert_nonnull (message);
    gst_message_parse_progress (message, &type, NULL, NULL);
    structure = gst_message_get_structure (message);
    if (type == GST_PROGRESS_TYPE_CONTINUE && field == NULL) {
      gdouble done;
      gint percent;

      g_assert_true (gst_structure_has_field_typed (
          structure, "frames-per-second", G_TYPE_DOUBLE));
      g_assert_true (gst_structure_get (structure, "done", G_TYPE_DOUBLE, &done,
          "percent", G_TYPE_INT, &percent, NULL));
      g_assert_cmpfloat (done, >, 0);
      g_assert_cmpint (percent, ==, (gint) (100 * done));
      return;
    }
    if (type == GST_PROGRESS_TYPE_CONTINUE
        && g_strcmp0 (gst_structure_get_string (structure, field), value) == 0)
      return;
  }
}

void
trainer_assert_result (Trainer *self, const gchar *result)
{
  g_autoptr (GstStructure) done =
      trainer_await_element (self, "sod-trainer-done", 60);

  g_assert_nonnull (done);
  g_assert_cmpstr (gst_structure_get_string (done, "result"), ==, result);
}

gdouble
trainer_seconds_since (gint64 start)
{
  return (gdouble) (g_get_monotonic_time () - start) / G_TIME_SPAN_SECOND;
}

guint64
trainer_stat (Trainer *self, const gchar *node, const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;
  g_autoptr (GstStructure) own = NULL;
  guint64 value = 0;

  g_object_get (self->element, "stats", &stats, NULL);
  if (node != NULL)
    g_assert_true (
        gst_structure_get (stats, node, GST_TYPE_STRUCTURE, &own, NULL));
  if (!gst_structure_get_uint64 (node != NULL ? own : stats, name, &value))
    g_error ("no %s in the stats", name);
  return value;
}

GstSodSamples *
trainer_take_samples (Trainer *self, const gchar *node)
{
  g_autoptr (GstSodStore) store = NULL;
  g_autoptr (GError) error = NULL;
  GstSodSamples *samples;

  gst_element_set_state (self->element, GST_STATE_NULL);
  store =
      gst_sod_store_open (self->store, GST_SOD_STORE_FLAG_READ_ONLY, &error);
  g_assert_no_error (error);
  samples = gst_sod_store_snapshot (store, node, &error);
  g_assert_no_error (error);
  return samples;
}

gchar *
trainer_get_version (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodNetwork) network =
      gst_sod_network_new_from_file (path, &error);

  g_assert_no_error (error);
  return g_strdup (gst_sod_network_get_version (network));
}
