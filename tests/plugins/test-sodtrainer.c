/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sodtrainer gathers: frames and labels find each other and the disk, whatever
 * the streams do. */
#include "trainer-support.h"

#include <string.h>

/* ---- what comes into the store ---- */

static void
test_frames_and_labels_are_stored (void)
{
  Trainer trainer;
  g_autoptr (GstSodSamples) samples = NULL;
  g_autoptr (GstSodImage) image = NULL, mask = NULL;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  g_object_set (GST_PAD_PEER (label->srcpad), "node", "door", NULL);
  for (guint i = 0; i < 6; i++) {
    gst_harness_push (frame, trainer_frame (i));
    if (i % 2 == 0)
      gst_harness_push (label, trainer_label (i));
  }
  g_assert_cmpuint (trainer_stat (&trainer, "door", "frames"), ==, 6);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "labelled"), ==, 3);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "unlabelled"), ==, 3);
  samples = trainer_take_samples (&trainer, "door");
  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, 6);
  for (guint i = 0; i < 6; i++)
    g_assert_true (gst_sod_samples_is_labelled (samples, i) == (i % 2 == 0));
  g_assert_true (gst_sod_samples_read (samples, 4, &image, &mask, NULL));
  g_assert_cmpint (gst_sod_image_get_width (image), ==, 64);
  g_assert_cmpint (gst_sod_image_get_height (mask), ==, 48);
  trainer_tear_down (&trainer);
}

/* A frame is on the disk when its push returns: another reader sees it. */
static void
test_a_frame_is_stored_before_its_buffer_is_let_go (void)
{
  Trainer trainer;
  GstHarness *frame;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  for (guint i = 0; i < 3; i++) {
    g_autoptr (GstSodStore) store = NULL;
    g_autoptr (GstSodSamples) samples = NULL;

    gst_harness_push (frame, trainer_frame (i));
    store =
        gst_sod_store_open (trainer.store, GST_SOD_STORE_FLAG_READ_ONLY, NULL);
    samples = gst_sod_store_snapshot (store, "node-0", NULL);
    g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, i + 1);
  }
  trainer_tear_down (&trainer);
}

static void
test_a_label_may_come_before_or_after_its_frame (void)
{
  Trainer trainer;
  g_autoptr (GstSodSamples) samples = NULL;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  for (guint i = 0; i < 20; i++)
    gst_harness_push (label, trainer_label (i));
  for (guint i = 0; i < 60; i++)
    gst_harness_push (frame, trainer_frame (i));
  for (guint i = 20; i < 40; i++)
    gst_harness_push (label, trainer_label (i));
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "labelled"), ==, 40);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "late-labels"), ==, 20);
  samples = trainer_take_samples (&trainer, "node-0");
  g_assert_cmpuint (gst_sod_samples_get_n_labelled (samples), ==, 40);
  g_assert_true (gst_sod_samples_is_labelled (samples, 39));
  g_assert_false (gst_sod_samples_is_labelled (samples, 40));
  trainer_tear_down (&trainer);
}

static void
test_gaps_are_frames_without_labels (void)
{
  Trainer trainer;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  for (guint i = 0; i < 8; i++) {
    GstBuffer *gap = trainer_label (i);

    gst_harness_push (frame, trainer_frame (i));
    if (i < 4) {
      GST_BUFFER_FLAG_SET (gap, GST_BUFFER_FLAG_GAP);
      gst_harness_push (label, gap);
    } else {
      gst_buffer_unref (gap);
      gst_harness_push_event (
          label, gst_event_new_gap (i * TRAINER_FRAME, TRAINER_FRAME));
    }
  }
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "unlabelled"), ==, 8);
  g_assert_cmpuint (
      trainer_stat (&trainer, NULL, "labels-without-frame"), ==, 0);
  trainer_tear_down (&trainer);
}

/* By @clock, the time of frame @number is that many frames after 1000 s. */
static GstBuffer *
refer_to (GstBuffer *buffer, const gchar *clock, guint number)
{
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple (clock);

  gst_buffer_add_reference_timestamp_meta (
      buffer, caps, 1000 * GST_SECOND + number * TRAINER_FRAME, 0);
  return buffer;
}

static GstBuffer *
refer (GstBuffer *buffer, guint number)
{
  return refer_to (buffer, "timestamp/x-ntp", number);
}

/* Running times are 10 frames apart. */
static void
test_reference_timestamps_go_before_running_times (void)
{
  Trainer trainer;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  for (guint i = 0; i < 6; i++) {
    gst_harness_push (frame, refer (trainer_frame (i), i));
    gst_harness_push (label, refer (trainer_label (i + 10), i));
  }
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "labelled"), ==, 6);
  trainer_tear_down (&trainer);
}

static void
assert_labelled (Trainer *trainer, guint n)
{
  g_assert_cmpuint (trainer_stat (trainer, NULL, "labelled"), ==, n);
  g_assert_cmpuint (
      trainer_stat (trainer, NULL, "labels-without-frame"), ==, 0);
}

/* Each clock has another time for the same moment; running times are right. */
static void
test_references_of_other_clocks_are_not_compared (void)
{
  Trainer trainer;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  for (guint i = 0; i < 6; i++) {
    gst_harness_push (frame, refer (trainer_frame (i), i));
    gst_harness_push (
        label, refer_to (trainer_label (i), "timestamp/x-unix", i + 1));
  }
  assert_labelled (&trainer, 6);
  trainer_tear_down (&trainer);
}

/* Frames have two clocks, labels the second of them, behind one of their own;
 * running times are 10 frames apart. Labels go ahead of frames, then behind. */
static void
test_the_clock_that_both_have_pairs_them (void)
{
  Trainer trainer;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  for (guint i = 0; i < 8; i++) {
    GstBuffer *first = refer_to (trainer_frame (i), "timestamp/x-ptp", i + 3);
    GstBuffer *second =
        refer_to (trainer_label (i + 10), "timestamp/x-unix", i);

    refer (first, i);
    refer (second, i);
    if (i < 4)
      gst_harness_push (label, second);
    gst_harness_push (frame, first);
    if (i >= 4)
      gst_harness_push (label, second);
  }
  assert_labelled (&trainer, 8);
  trainer_tear_down (&trainer);
}

static void
test_tolerance_is_how_far_times_may_be_apart (void)
{
  Trainer trainer;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, "tolerance", 5 * GST_MSECOND, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  for (guint i = 0; i < 4; i++) {
    GstBuffer *buffer = trainer_label (i);

    gst_harness_push (frame, trainer_frame (i));
    GST_BUFFER_PTS (buffer) += (i % 2 == 0 ? 4 : 6) * GST_MSECOND;
    gst_harness_push (label, buffer);
  }
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "labelled"), ==, 2);
  trainer_tear_down (&trainer);
}

static void
test_a_frame_that_may_be_thinned_out_waits_for_its_label (void)
{
  Trainer trainer;
  g_autoptr (GstSodSamples) samples = NULL;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, "store-thinning", 32, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  for (guint i = 0; i < 6; i++) {
    GstBuffer *same = trainer_frame (0);

    GST_BUFFER_PTS (same) = i * TRAINER_FRAME;
    if (i < 3)
      gst_harness_push (label, trainer_label (i));
    else
      gst_harness_push_event (
          label, gst_event_new_gap (i * TRAINER_FRAME, TRAINER_FRAME));
    gst_harness_push (frame, same);
  }
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "thinned"), ==, 3);
  samples = trainer_take_samples (&trainer, "node-0");
  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, 3);
  trainer_tear_down (&trainer);
}

/* Plays the same frame six times, then @n_others others; bytes of the store. */
static guint64
store_frames (Trainer *trainer, guint n_others)
{
  GstHarness *frame = trainer_link (trainer, "frame_0");
  g_autoptr (GstSodStore) store = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 6 + n_others; i++) {
    GstBuffer *buffer = trainer_frame (i < 6 ? 0 : i);

    GST_BUFFER_PTS (buffer) = i * TRAINER_FRAME;
    gst_harness_push (frame, buffer);
  }
  gst_element_set_state (trainer->element, GST_STATE_NULL);
  store =
      gst_sod_store_open (trainer->store, GST_SOD_STORE_FLAG_READ_ONLY, &error);
  g_assert_no_error (error);
  return gst_sod_store_get_n_bytes (store);
}

/* A store that was told so by properties; its bytes. */
static guint64
store_with (
    const gchar *name, guint64 value, const gchar *other, guint64 other_value)
{
  Trainer trainer;
  guint64 n_bytes;
  gchar *first = g_strdup_printf ("%" G_GUINT64_FORMAT, value);
  gchar *second = g_strdup_printf ("%" G_GUINT64_FORMAT, other_value);

  trainer_set_up (&trainer, "trigger", 3, NULL);
  gst_util_set_object_arg (G_OBJECT (trainer.element), name, first);
  gst_util_set_object_arg (G_OBJECT (trainer.element), other, second);
  n_bytes = store_frames (&trainer, 200);
  trainer_tear_down (&trainer);
  g_free (first);
  g_free (second);
  return n_bytes;
}

static void
test_the_store_keeps_frames_as_it_is_told (void)
{
  guint64 n_coarse = store_with ("store-format", 0, "store-jpeg-quality", 10);
  guint64 n_fine = store_with ("store-format", 0, "store-jpeg-quality", 100);
  guint64 n_raw = store_with ("store-format", 1, "store-jpeg-quality", 10);

  g_assert_cmpuint (n_coarse, <, n_fine);
  g_assert_cmpuint (n_raw, >, 206 * 64 * 48 * 3);
  g_assert_cmpuint (
      store_with ("store-format", 1, "store-max-size", 500000), <=, 500000);
  g_assert_cmpuint (
      store_with ("store-format", 1, "store-max-node-size", 500000), <=,
      500000);
}

/* The last of six alike is kept for the one that comes after it. */
static void
test_thinning_may_keep_neighbours (void)
{
  Trainer trainer;
  g_autoptr (GstSodSamples) samples = NULL;
  guint before;

  trainer_set_up (&trainer, "trigger", 3, "store-thinning", 8,
      "store-keep-neighbours", TRUE, NULL);
  store_frames (&trainer, 1);
  samples = trainer_take_samples (&trainer, "node-0");
  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, 2);
  g_assert_true (gst_sod_samples_find_neighbour (samples, 1, 40, &before));
  g_assert_cmpuint (before, >=, 2);
  trainer_tear_down (&trainer);
}

static void
test_a_stored_frame_can_be_labelled_by_its_id (void)
{
  Trainer trainer;
  g_autofree gchar *path = NULL;
  g_autoptr (GstSodSamples) samples = NULL;
  g_autoptr (GstSodImage) mask = gst_sod_image_new_gray (64, 48, NULL);
  g_autoptr (GstMessage) warning = NULL;
  gboolean added;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  path = trainer_path (&trainer, "mask.png");
  g_assert_true (gst_sod_picture_write_png (mask, path, NULL));
  trainer_push_pair (trainer_link (&trainer, "frame_0"), NULL, 0, 3);
  g_signal_emit_by_name (
      trainer.element, "add-label", "node-0/000002", path, &added);
  g_assert_true (added);
  g_signal_emit_by_name (
      trainer.element, "add-label", "node-0/000009", path, &added);
  g_assert_false (added);
  warning = trainer_await (&trainer, GST_MESSAGE_WARNING, 0);
  g_assert_nonnull (warning);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "labels-added"), ==, 1);
  samples = trainer_take_samples (&trainer, "node-0");
  g_assert_cmpuint (gst_sod_samples_get_n_labelled (samples), ==, 1);
  g_assert_true (gst_sod_samples_is_labelled (samples, 1));
  trainer_tear_down (&trainer);
}

/* ---- faults ---- */

static void
test_labels_that_will_not_do_are_refused (void)
{
  Trainer trainer;
  g_autoptr (GstMessage) warning = NULL, more = NULL;
  g_autoptr (GError) error = NULL;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  test_set_caps (label, "GRAY8", 32, 24);
  for (guint i = 0; i < 4; i++) {
    GstBuffer *small = gst_buffer_new_allocate (NULL, 32 * 24, NULL);

    gst_buffer_memset (small, 0, 255, -1);
    GST_BUFFER_PTS (small) = i * TRAINER_FRAME;
    if (i % 2 == 0)
      gst_harness_push (label, small);
    g_assert_cmpint (
        gst_harness_push (frame, trainer_frame (i)), ==, GST_FLOW_OK);
    if (i % 2 == 1)
      gst_harness_push (label, small);
  }
  warning = trainer_await (&trainer, GST_MESSAGE_WARNING, 0);
  g_assert_nonnull (warning);
  gst_message_parse_warning (warning, &error, NULL);
  g_assert_nonnull (strstr (error->message, "32x24"));
  more = trainer_await (&trainer, GST_MESSAGE_WARNING, 0);
  g_assert_null (more);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "labels-refused"), ==, 4);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "unlabelled"), ==, 4);
  test_assert_no_error (trainer.element);
  trainer_tear_down (&trainer);
}

static void
test_labels_of_another_range_are_refused (void)
{
  Trainer trainer;
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GError) error = NULL;
  GstBuffer *dark = gst_buffer_new_allocate (NULL, 64 * 48, NULL);

  trainer_set_up (&trainer, "trigger", 3, NULL);
  gst_harness_push (trainer_link (&trainer, "frame_0"), trainer_frame (0));
  gst_buffer_memset (dark, 0, 1, -1);
  GST_BUFFER_PTS (dark) = 0;
  gst_harness_push (trainer_link (&trainer, "label_0"), dark);
  warning = trainer_await (&trainer, GST_MESSAGE_WARNING, 0);
  g_assert_nonnull (warning);
  gst_message_parse_warning (warning, &error, NULL);
  g_assert_nonnull (strstr (error->message, "multiply a mask of 0 and 1"));
  trainer_tear_down (&trainer);
}

static void
test_labels_without_frames_hold_nothing_up (void)
{
  Trainer trainer;
  gint64 start = g_get_monotonic_time ();
  GstHarness *label;

  trainer_set_up (&trainer, "trigger", 3, "label-wait", 50 * GST_MSECOND, NULL);
  trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  for (guint i = 0; i < 200; i++)
    g_assert_cmpint (
        gst_harness_push (label, trainer_label (i)), ==, GST_FLOW_OK);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 5 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (
      trainer_stat (&trainer, NULL, "labels-without-frame"), ==, 200);
  trainer_tear_down (&trainer);
}

static void
test_a_silent_node_holds_no_other_up (void)
{
  Trainer trainer;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  trainer_link (&trainer, "frame_0");
  trainer_link (&trainer, "label_0");
  frame = trainer_link (&trainer, "frame_1");
  label = trainer_link (&trainer, "label_1");
  trainer_push_pair (frame, label, 0, 100);
  g_assert_cmpuint (trainer_stat (&trainer, "node-1", "labelled"), ==, 100);
  g_assert_cmpuint (trainer_stat (&trainer, "node-0", "frames"), ==, 0);
  trainer_tear_down (&trainer);
}

/* An hour ahead, then back to the start; labels follow at once, or later. */
static void
test_a_clock_that_jumps_loses_no_pairs (void)
{
  static const GstClockTime offsets[] = { 0, 3600 * GST_SECOND, 0 };
  Trainer trainer;
  g_autoptr (GstSodSamples) samples = NULL;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  for (guint k = 0; k < G_N_ELEMENTS (offsets); k++) {
    for (guint i = 0; i < 10; i++) {
      GstBuffer *first = trainer_frame (i), *second = trainer_label (i);

      GST_BUFFER_PTS (first) += offsets[k];
      GST_BUFFER_PTS (second) += offsets[k];
      gst_harness_push (frame, first);
      gst_harness_push (label, second);
    }
  }
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "labelled"), ==, 30);
  samples = trainer_take_samples (&trainer, "node-0");
  g_assert_cmpuint (gst_sod_samples_get_sequence (samples, 0), !=,
      gst_sod_samples_get_sequence (samples, 29));
  trainer_tear_down (&trainer);
}

/* Frames jump back while labels of later times wait. */
static void
test_labels_that_a_jump_leaves_behind_are_lost (void)
{
  Trainer trainer;
  GstHarness *frame, *label;

  trainer_set_up (&trainer, "trigger", 3, "label-wait", 50 * GST_MSECOND, NULL);
  frame = trainer_link (&trainer, "frame_0");
  label = trainer_link (&trainer, "label_0");
  trainer_push_pair (frame, label, 100, 110);
  for (guint i = 110; i < 140; i++)
    gst_harness_push (label, trainer_label (i));
  trainer_push_pair (frame, label, 0, 50);
  g_assert_cmpuint (trainer_stat (&trainer, NULL, "labelled"), ==, 60);
  g_assert_cmpuint (
      trainer_stat (&trainer, NULL, "labels-without-frame"), ==, 30);
  trainer_tear_down (&trainer);
}

static void
test_frames_without_a_time_are_an_error (void)
{
  Trainer trainer;
  GstBuffer *frame = trainer_frame (0);

  trainer_set_up (&trainer, "trigger", 3, NULL);
  GST_BUFFER_PTS (frame) = GST_CLOCK_TIME_NONE;
  g_assert_cmpint (gst_harness_push (trainer_link (&trainer, "frame_0"), frame),
      ==, GST_FLOW_ERROR);
  test_assert_error (trainer.element, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "on the pad frame_0 has no time");
  trainer_tear_down (&trainer);
}

static void
damage (const gchar *store)
{
  g_autofree gchar *folder = g_build_filename (store, "node-0", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);
    g_autofree gchar *bytes = NULL;
    gsize size;

    g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
    memset (bytes + size / 2, 0x55, 1024);
    g_assert_true (g_file_set_contents (path, bytes, (gssize) size, NULL));
  }
}

static void
test_a_damaged_store_is_told_and_goes_on (void)
{
  Trainer trainer;
  g_autoptr (GstMessage) warning = NULL;
  g_autoptr (GstSodSamples) samples = NULL;
  g_autoptr (GError) error = NULL;
  GstHarness *frame;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  frame = trainer_link (&trainer, "frame_0");
  trainer_push_pair (frame, NULL, 0, 20);
  gst_element_set_state (trainer.element, GST_STATE_NULL);
  damage (trainer.store);
  gst_element_set_state (trainer.element, GST_STATE_PLAYING);
  warning = trainer_await (&trainer, GST_MESSAGE_WARNING, 0);
  g_assert_nonnull (warning);
  gst_message_parse_warning (warning, &error, NULL);
  g_assert_nonnull (strstr (error->message, "damaged"));
  samples = trainer_take_samples (&trainer, "node-0");
  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), >=, 16);
  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), <, 20);
  test_assert_no_error (trainer.element);
  trainer_tear_down (&trainer);
}

static void
test_a_store_that_another_writes_is_an_error (void)
{
  Trainer trainer;
  g_autoptr (GstSodStore) store = NULL;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  store = gst_sod_store_open (trainer.store, GST_SOD_STORE_FLAG_CREATE, NULL);
  g_assert_nonnull (store);
  g_assert_cmpint (gst_element_set_state (trainer.element, GST_STATE_PAUSED),
      ==, GST_STATE_CHANGE_FAILURE);
  test_assert_error (
      trainer.element, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY, "store");
  trainer_tear_down (&trainer);
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

#define ADD(name, function) g_test_add_func ("/sodtrainer/" name, function)
  ADD ("frames-and-labels-are-stored", test_frames_and_labels_are_stored);
  ADD ("a-frame-is-stored-before-its-buffer-is-let-go",
      test_a_frame_is_stored_before_its_buffer_is_let_go);
  ADD ("a-label-may-come-before-or-after-its-frame",
      test_a_label_may_come_before_or_after_its_frame);
  ADD ("gaps-are-frames-without-labels", test_gaps_are_frames_without_labels);
  ADD ("reference-timestamps-go-before-running-times",
      test_reference_timestamps_go_before_running_times);
  ADD ("references-of-other-clocks-are-not-compared",
      test_references_of_other_clocks_are_not_compared);
  ADD ("the-clock-that-both-have-pairs-them",
      test_the_clock_that_both_have_pairs_them);
  ADD ("tolerance-is-how-far-times-may-be-apart",
      test_tolerance_is_how_far_times_may_be_apart);
  ADD ("a-frame-that-may-be-thinned-out-waits-for-its-label",
      test_a_frame_that_may_be_thinned_out_waits_for_its_label);
  ADD ("a-stored-frame-can-be-labelled-by-its-id",
      test_a_stored_frame_can_be_labelled_by_its_id);
  ADD ("labels-that-will-not-do-are-refused",
      test_labels_that_will_not_do_are_refused);
  ADD ("labels-of-another-range-are-refused",
      test_labels_of_another_range_are_refused);
  ADD ("labels-without-frames-hold-nothing-up",
      test_labels_without_frames_hold_nothing_up);
  ADD ("the-store-keeps-frames-as-it-is-told",
      test_the_store_keeps_frames_as_it_is_told);
  ADD ("thinning-may-keep-neighbours", test_thinning_may_keep_neighbours);
  ADD ("a-silent-node-holds-no-other-up", test_a_silent_node_holds_no_other_up);
  ADD ("a-clock-that-jumps-loses-no-pairs",
      test_a_clock_that_jumps_loses_no_pairs);
  ADD ("labels-that-a-jump-leaves-behind-are-lost",
      test_labels_that_a_jump_leaves_behind_are_lost);
  ADD ("frames-without-a-time-are-an-error",
      test_frames_without_a_time_are_an_error);
  ADD ("a-damaged-store-is-told-and-goes-on",
      test_a_damaged_store_is_told_and_goes_on);
  ADD ("a-store-that-another-writes-is-an-error",
      test_a_store_that_another_writes_is_an_error);
#undef ADD
  return test_finish ();
}
