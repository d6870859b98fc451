/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sodpublish: the lines, where they go, and what happens when they cannot. */
#include "support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAME (40 * GST_MSECOND)

static GstHarness *
publish_to (const gchar *path, const gchar *source_id, gboolean append)
{
  g_autoptr (GstElement) element = test_element ("sodpublish", "location", path,
      "source-id", source_id, "append", append, NULL);
  GstHarness *harness = gst_harness_new_with_element (element, "sink", "src");

  test_set_caps (harness, "RGB", 64, 48);
  return harness;
}

/* A frame with a map of a source and with one region. */
static GstBuffer *
make_found_frame (GstClockTime pts, const gchar *source_id)
{
  GstBuffer *frame = gst_buffer_new_allocate (NULL, 64 * 48 * 3, NULL);
  g_autoptr (GstBuffer) pixels = gst_buffer_new_allocate (NULL, 8 * 4, NULL);
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GstSodMap) map = NULL;
  g_autoptr (GPtrArray) regions = NULL;

  gst_buffer_memset (pixels, 0, 204, -1);
  map = gst_sod_map_new (
      pixels, 8, 4, source_id, "test-model", "7", GST_SOD_MAP_FLAG_WARM_UP, 0);
  regions = gst_sod_region_finder_find (finder, map);
  g_assert_cmpuint (regions->len, ==, 1);
  gst_sod_buffer_add_map (frame, map);
  gst_sod_buffer_add_regions (frame, 64, 48, regions);
  GST_BUFFER_PTS (frame) = pts;
  return frame;
}

static void
push (GstHarness *harness, GstBuffer *frame)
{
  GstBuffer *out;

  g_assert_cmpint (gst_harness_push (harness, frame), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  g_assert_true (out == frame);
  gst_buffer_unref (out);
}

/* (transfer full) */
static gchar **
read_lines (const gchar *path)
{
  g_autofree gchar *content = NULL;

  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  if (*content == '\0')
    return g_new0 (gchar *, 1);
  g_assert_true (g_str_has_suffix (content, "\n"));
  content[strlen (content) - 1] = '\0';
  return g_strsplit (content, "\n", -1);
}

static void
assert_holds (const gchar *line, const gchar *text)
{
  if (strstr (line, text) == NULL)
    g_error ("\"%s\" is not in %s", text, line);
}

static void
test_a_line_says_what_the_frame_carries (void)
{
  g_autofree gchar *path = test_path ("found.jsonl");
  g_autoptr (TestHarness) harness = publish_to (path, NULL, FALSE);
  g_auto (GStrv) lines = NULL;
  guint64 n;

  push (harness, make_found_frame (3 * FRAME, "gate"));
  lines = read_lines (path);
  g_assert_cmpuint (g_strv_length (lines), ==, 1);
  assert_holds (lines[0], "\"source_id\":\"gate\"");
  assert_holds (lines[0], "\"pts\":120000000");
  assert_holds (lines[0], "\"width\":64,\"height\":48");
  assert_holds (lines[0], "\"id\":\"test-model\",\"version\":\"7\"");
  assert_holds (lines[0], "\"warm_up\":true,\"reused\":false");
  assert_holds (lines[0], "\"regions\":[{\"id\":1,");
  assert_holds (lines[0], "\"score\":0.8");
  g_object_get (harness->element, "lines", &n, NULL);
  g_assert_cmpuint (n, ==, 1);
}

static void
test_measures_of_the_map_are_told (void)
{
  g_autofree gchar *path = test_path ("measured.jsonl");
  g_autoptr (TestHarness) harness = publish_to (path, NULL, FALSE);
  GstBuffer *frame = make_found_frame (0, "gate");
  g_auto (GStrv) lines = NULL;

  gst_sod_buffer_set_reconstruction_error (frame, 0.375);
  gst_sod_buffer_set_disagreement (frame, 0.5);
  push (harness, frame);
  lines = read_lines (path);
  assert_holds (
      lines[0], "\"reconstruction_error\":0.375,\"disagreement\":0.5}");
}

static void
test_a_frame_without_a_map_has_a_line_without_a_model (void)
{
  g_autofree gchar *path = test_path ("plain.jsonl");
  g_autoptr (TestHarness) harness = publish_to (path, NULL, FALSE);
  g_autofree gchar *name = gst_element_get_name (harness->element);
  g_autofree gchar *source = g_strdup_printf ("\"source_id\":\"%s\"", name);
  GstBuffer *frame = gst_buffer_new_allocate (NULL, 64 * 48 * 3, NULL);
  g_auto (GStrv) lines = NULL;

  push (harness, frame);
  lines = read_lines (path);
  assert_holds (lines[0], source);
  assert_holds (lines[0], "\"pts\":null");
  assert_holds (lines[0], "\"model\":null");
  assert_holds (lines[0], "\"regions\":[]");
}

/* A file that was sought in tells where in the file the frame is. */
static void
test_times_are_those_of_the_stream (void)
{
  g_autofree gchar *path = test_path ("sought.jsonl");
  g_autoptr (TestHarness) harness = publish_to (path, NULL, FALSE);
  g_auto (GStrv) lines = NULL;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.position = 10 * GST_SECOND;
  segment.time = 4 * GST_SECOND;
  gst_harness_push_event (harness, gst_event_new_segment (&segment));
  push (harness, make_found_frame (11 * GST_SECOND, NULL));
  lines = read_lines (path);
  assert_holds (lines[0], "\"pts\":5000000000");
}

static void
test_the_time_of_day_can_be_left_out (void)
{
  g_autofree gchar *path = test_path ("timeless.jsonl");
  g_autoptr (GstElement) element =
      test_element ("sodpublish", "location", path, "wall-clock", FALSE, NULL);
  g_autoptr (TestHarness) harness =
      gst_harness_new_with_element (element, "sink", "src");
  g_auto (GStrv) lines = NULL;

  test_set_caps (harness, "RGB", 64, 48);
  push (harness, make_found_frame (0, "gate"));
  push (harness, make_found_frame (0, "gate"));
  lines = read_lines (path);
  assert_holds (lines[0], "\"time\":null");
  g_assert_cmpstr (lines[0], ==, lines[1]);
}

static void
test_source_id_overrides_what_came_along (void)
{
  g_autofree gchar *path = test_path ("named.jsonl");
  g_autoptr (TestHarness) harness = publish_to (path, "yard \"2\"", FALSE);
  g_auto (GStrv) lines = NULL;

  push (harness, make_found_frame (0, "gate"));
  lines = read_lines (path);
  assert_holds (lines[0], "\"source_id\":\"yard \\\"2\\\"\"");
}

static void
test_files_are_emptied_or_appended_to (void)
{
  g_autofree gchar *path = test_path ("runs.jsonl");
  static const guint expected[] = { 2, 2, 4 };

  for (guint run = 0; run < 3; run++) {
    g_autoptr (TestHarness) harness = publish_to (path, NULL, run == 2);
    g_auto (GStrv) lines = NULL;

    push (harness, make_found_frame (0, NULL));
    push (harness, make_found_frame (FRAME, NULL));
    g_assert_true (gst_harness_push_event (harness, gst_event_new_eos ()));
    lines = read_lines (path);
    g_assert_cmpuint (g_strv_length (lines), ==, expected[run]);
    test_assert_no_error (harness->element);
  }
}

static void
test_memory_of_devices_passes (void)
{
  g_autofree gchar *path = test_path ("device.jsonl");
  g_autoptr (TestHarness) harness = publish_to (path, NULL, FALSE);

  gst_harness_set_src_caps_str (
      harness, "video/x-raw(memory:CUDAMemory),format=NV12,width=64,height=48");
  push (harness, make_found_frame (0, NULL));
}

static void
test_the_standard_output_is_the_default (void)
{
  g_autofree gchar *path = test_path ("output.jsonl");
  g_autoptr (TestHarness) harness = NULL;
  g_auto (GStrv) lines = NULL;
  gint kept, file;

  fflush (stdout);
  kept = dup (STDOUT_FILENO);
  file = g_open (path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2 (file, STDOUT_FILENO);
  harness = publish_to (NULL, NULL, FALSE);
  push (harness, make_found_frame (0, NULL));
  g_clear_pointer (&harness, test_harness_free);
  dup2 (kept, STDOUT_FILENO);
  close (kept);
  close (file);
  lines = read_lines (path);
  g_assert_cmpuint (g_strv_length (lines), ==, 1);
}

/* ---- what cannot be written ---- */

static void
check_start_fails (const gchar *path, gint code, const gchar *text)
{
  g_autoptr (TestElement) element =
      test_element ("sodpublish", "location", path, NULL);

  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  test_assert_error (element, GST_RESOURCE_ERROR, code, text);
  gst_element_set_state (element, GST_STATE_NULL);
}

static void
test_unwritable_places_are_named (void)
{
  g_autofree gchar *fifo = test_path ("unread");

  check_start_fails ("/nowhere/lines.jsonl", GST_RESOURCE_ERROR_OPEN_WRITE,
      "/nowhere/lines.jsonl");
  check_start_fails (
      g_get_tmp_dir (), GST_RESOURCE_ERROR_OPEN_WRITE, "directory");
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  check_start_fails (
      fifo, GST_RESOURCE_ERROR_OPEN_WRITE, "nobody reads the FIFO");
}

static void
test_a_full_disk_stops_the_stream_once (void)
{
  g_autoptr (TestHarness) harness = NULL;

  if (g_access ("/dev/full", W_OK) != 0) {
    g_test_skip ("no /dev/full here");
    return;
  }
  harness = publish_to ("/dev/full", NULL, FALSE);
  g_assert_cmpint (gst_harness_push (harness, make_found_frame (0, NULL)), ==,
      GST_FLOW_ERROR);
  test_assert_error (harness->element, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NO_SPACE_LEFT, "first 0 lines");
}

/* A file may not grow over its limit, as on a disk with little left: the line
 * that is cut off is taken back. */
static void
test_half_a_line_is_taken_back (void)
{
  g_autofree gchar *path = test_path ("short.jsonl");
  g_autoptr (TestHarness) harness = publish_to (path, NULL, FALSE);
  struct rlimit before, small;
  g_auto (GStrv) lines = NULL;
  GStatBuf status;
  GstFlowReturn flow;

  push (harness, make_found_frame (0, NULL));
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  small = before;
  small.rlim_cur = status.st_size + 20;
  signal (SIGXFSZ, SIG_IGN);
  setrlimit (RLIMIT_FSIZE, &small);
  flow = gst_harness_push (harness, make_found_frame (FRAME, NULL));
  setrlimit (RLIMIT_FSIZE, &before);
  g_assert_cmpint (flow, ==, GST_FLOW_ERROR);
  test_assert_error (harness->element, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_WRITE, "first 1 lines");
  lines = read_lines (path);
  g_assert_cmpuint (g_strv_length (lines), ==, 1);
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

  g_test_add_func ("/publish/a-line-says-what-the-frame-carries",
      test_a_line_says_what_the_frame_carries);
  g_test_add_func ("/publish/measures-of-the-map-are-told",
      test_measures_of_the_map_are_told);
  g_test_add_func ("/publish/a-frame-without-a-map-has-a-line-without-a-model",
      test_a_frame_without_a_map_has_a_line_without_a_model);
  g_test_add_func ("/publish/times-are-those-of-the-stream",
      test_times_are_those_of_the_stream);
  g_test_add_func ("/publish/the-time-of-day-can-be-left-out",
      test_the_time_of_day_can_be_left_out);
  g_test_add_func ("/publish/source-id-overrides-what-came-along",
      test_source_id_overrides_what_came_along);
  g_test_add_func ("/publish/files-are-emptied-or-appended-to",
      test_files_are_emptied_or_appended_to);
  g_test_add_func (
      "/publish/memory-of-devices-passes", test_memory_of_devices_passes);
  g_test_add_func ("/publish/the-standard-output-is-the-default",
      test_the_standard_output_is_the_default);
  g_test_add_func (
      "/publish/unwritable-places-are-named", test_unwritable_places_are_named);
  g_test_add_func ("/publish/a-full-disk-stops-the-stream-once",
      test_a_full_disk_stops_the_stream_once);
  g_test_add_func (
      "/publish/half-a-line-is-taken-back", test_half_a_line_is_taken_back);
  return test_finish ();
}
