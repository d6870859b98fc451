/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* soddatasetsrc on data sets in miniature. */
#include "support.h"

#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <string.h>

/* What came out of one pad. */
typedef struct
{
  GArray *times;     /* of GstClockTime, of buffers */
  GArray *gaps;      /* of GstClockTime */
  GPtrArray *titles; /* in the order of the tags */
  GPtrArray *sizes;  /* "32x24", one each time the caps change */
  GArray *first_bytes;
  guint n_discont;
} Seen;

static Seen *
seen_new (void)
{
  Seen *seen = g_new0 (Seen, 1);

  seen->times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  seen->gaps = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  seen->titles = g_ptr_array_new_with_free_func (g_free);
  seen->sizes = g_ptr_array_new_with_free_func (g_free);
  seen->first_bytes = g_array_new (FALSE, FALSE, 1);
  return seen;
}

static void
seen_free (Seen *seen)
{
  g_array_unref (seen->times);
  g_array_unref (seen->gaps);
  g_ptr_array_unref (seen->titles);
  g_ptr_array_unref (seen->sizes);
  g_array_unref (seen->first_bytes);
  g_free (seen);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Seen, seen_free)

static void
see_buffer (Seen *seen, GstBuffer *buffer)
{
  GstClockTime time = GST_BUFFER_PTS (buffer);
  guint8 first = 0;

  g_array_append_val (seen->times, time);
  g_assert_cmpuint (gst_buffer_extract (buffer, 0, &first, 1), ==, 1);
  g_array_append_val (seen->first_bytes, first);
  seen->n_discont += GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);
}

static void
see_event (Seen *seen, GstEvent *event)
{
  GstTagList *tags;
  GstCaps *caps;
  GstClockTime time;
  GstVideoInfo info;
  gchar *text;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_GAP:
      gst_event_parse_gap (event, &time, NULL);
      g_array_append_val (seen->gaps, time);
      break;
    case GST_EVENT_TAG:
      gst_event_parse_tag (event, &tags);
      if (gst_tag_list_get_string (tags, GST_TAG_TITLE, &text))
        g_ptr_array_add (seen->titles, text);
      break;
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      g_assert_true (gst_video_info_from_caps (&info, caps));
      g_ptr_array_add (
          seen->sizes, g_strdup_printf ("%dx%d", GST_VIDEO_INFO_WIDTH (&info),
                           GST_VIDEO_INFO_HEIGHT (&info)));
      break;
    default:
      break;
  }
}

static GstPadProbeReturn
see (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER)
    see_buffer (data, GST_PAD_PROBE_INFO_BUFFER (info));
  else
    see_event (data, GST_PAD_PROBE_INFO_EVENT (info));
  return GST_PAD_PROBE_OK;
}

typedef struct
{
  GstElement *pipeline, *source;
  Seen *frames, *labels;
} Stream;

static void
watch (GstElement *source, const gchar *name, Seen *seen)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (source, name);

  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, see,
      seen, NULL);
}

/* soddatasetsrc with these properties, as gst-launch writes them, before two
 * sinks. */
static Stream *
stream_new (const gchar *properties, const gchar *sinks)
{
  g_autofree gchar *line =
      g_strdup_printf ("soddatasetsrc name=d %s %s", properties, sinks);
  Stream *stream = g_new0 (Stream, 1);
  g_autoptr (GError) error = NULL;

  stream->pipeline = gst_parse_launch (line, &error);
  g_assert_no_error (error);
  stream->source = gst_bin_get_by_name (GST_BIN (stream->pipeline), "d");
  stream->frames = seen_new ();
  stream->labels = seen_new ();
  watch (stream->source, "frame", stream->frames);
  watch (stream->source, "label", stream->labels);
  return stream;
}

static void
stream_free (Stream *stream)
{
  gst_element_set_state (stream->pipeline, GST_STATE_NULL);
  gst_object_unref (stream->source);
  gst_object_unref (stream->pipeline);
  seen_free (stream->frames);
  seen_free (stream->labels);
  g_free (stream);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Stream, stream_free)

#define BOTH                                                                   \
  "d.frame ! queue ! fakesink name=f sync=false "                              \
  "d.label ! queue ! fakesink name=l sync=false"

/* (transfer full) (nullable): the error, or NULL at the end of the stream */
static GError *
wait_for_end (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  GError *error = NULL;

  g_assert_nonnull (message);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  return error;
}

static void
play (Stream *stream)
{
  g_autoptr (GError) error = NULL;

  gst_element_set_state (stream->pipeline, GST_STATE_PLAYING);
  error = wait_for_end (stream->pipeline);
  g_assert_no_error (error);
}

static Stream *
play_line (const gchar *properties)
{
  Stream *stream = stream_new (properties, BOTH);

  play (stream);
  return stream;
}

/* ---- data sets ---- */

static gchar *
below (const gchar *root, const gchar *name)
{
  gchar *path = g_build_filename (root, name, NULL);
  g_autofree gchar *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  return path;
}

/* A picture whose pixels are all @value. */
static void
write_picture (const gchar *path, gint width, gint height, guint8 value)
{
  g_autofree guint8 *samples = g_malloc ((gsize) width * height * 3);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GError) error = NULL;

  memset (samples, value, (gsize) width * height * 3);
  bytes = g_bytes_new (samples, (gsize) width * height * 3);
  image = gst_sod_image_new_rgb (width, height, bytes, &error);
  g_assert_no_error (error);
  gst_sod_picture_write_png (image, path, &error);
  g_assert_no_error (error);
}

/* Sequences a (32x24) and b (34x20) of 4 frames each; frame i of them has the
 * value 10 i + 1, or + 6; every mask is white but the first, which is black;
 * @step: every so many frames have one. */
static gchar *
make_davis (guint step)
{
  gchar *root = g_dir_make_tmp ("sod-davis-XXXXXX", NULL);

  for (guint s = 0; s < 2; s++) {
    for (guint i = 0; i < 4; i++) {
      g_autofree gchar *image_name =
          g_strdup_printf ("JPEGImages/480p/%c/%05u.png", 'a' + s, i);
      g_autofree gchar *mask_name =
          g_strdup_printf ("Annotations/480p/%c/%05u.png", 'a' + s, i);
      g_autofree gchar *image = below (root, image_name);
      g_autofree gchar *mask = below (root, mask_name);
      gint width = s == 0 ? 32 : 34, height = s == 0 ? 24 : 20;

      write_picture (image, width, height, (guint8) (10 * i + 1 + 5 * s));
      if (i % step == 0)
        write_picture (mask, width, height, i == 0 ? 0 : 255);
    }
  }
  return root;
}

static void
remove_below (const gchar *path)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
    g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
    const gchar *name;

    while ((name = g_dir_read_name (dir)) != NULL) {
      g_autofree gchar *inner = g_build_filename (path, name, NULL);

      remove_below (inner);
    }
  }
  g_remove (path);
}

static void
remove_davis (gchar *root)
{
  remove_below (root);
  g_free (root);
}

typedef gchar Davis;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Davis, remove_davis)

static gchar *
line_of (const gchar *root, const gchar *more)
{
  return g_strdup_printf ("location=%s %s", root, more);
}

static void
assert_values (const Seen *seen, const gchar *expected)
{
  g_autoptr (GString) found = g_string_new (NULL);

  for (guint i = 0; i < seen->first_bytes->len; i++)
    g_string_append_printf (found, "%s%u", i > 0 ? " " : "",
        g_array_index (seen->first_bytes, guint8, i));
  g_assert_cmpstr (found->str, ==, expected);
}

/* ---- tests ---- */

static void
test_labels_come_with_frames (void)
{
  g_autoptr (Davis) root = make_davis (1);
  g_autofree gchar *line = line_of (root, "");
  g_autoptr (Stream) stream = play_line (line);
  guint64 n = 0;

  assert_values (stream->frames, "1 11 21 31 6 16 26 36");
  assert_values (stream->labels, "0 255 255 255 0 255 255 255");
  for (guint i = 0; i < 8; i++) {
    GstClockTime frame = g_array_index (stream->frames->times, GstClockTime, i);

    g_assert_cmpuint (frame, ==, i * 40 * GST_MSECOND);
    g_assert_cmpuint (
        frame, ==, g_array_index (stream->labels->times, GstClockTime, i));
  }
  g_assert_cmpuint (stream->frames->sizes->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (stream->labels->sizes, 0), ==, "32x24");
  g_assert_cmpstr (g_ptr_array_index (stream->labels->sizes, 1), ==, "34x20");
  g_assert_cmpuint (stream->labels->titles->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (stream->labels->titles, 1), ==, "b");
  g_assert_cmpuint (stream->frames->n_discont, ==, 2);
  g_object_get (stream->source, "frames", &n, NULL);
  g_assert_cmpuint (n, ==, 8);
}

static void
test_unlabelled_frames_are_gaps (void)
{
  g_autoptr (Davis) root = make_davis (2);
  g_autofree gchar *line = line_of (root, "layout=vos frame-rate=10/1");
  g_autoptr (Stream) stream = play_line (line);

  g_assert_cmpuint (stream->frames->times->len, ==, 8);
  assert_values (stream->labels, "0 255 0 255");
  g_assert_cmpuint (stream->labels->gaps->len, ==, 4);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (g_array_index (stream->labels->gaps, GstClockTime, i), ==,
        (2 * i + 1) * 100 * GST_MSECOND);
}

static void
test_fraction (void)
{
  g_autoptr (Davis) root = make_davis (1);
  g_autofree gchar *train =
      line_of (root, "split=prefix fraction=0.5 part=train");
  g_autofree gchar *test =
      line_of (root, "split=prefix fraction=0.5 part=test");
  g_autofree gchar *all = line_of (root, "split=prefix fraction=0.5 part=all");
  g_autofree gchar *whole = line_of (root, "split=sequences fraction=0.5");
  g_autofree gchar *description = NULL;
  g_autoptr (Stream) first = play_line (train);
  g_autoptr (Stream) second = play_line (test);
  g_autoptr (Stream) both = play_line (all);
  g_autoptr (Stream) one = play_line (whole);

  assert_values (first->frames, "1 11 6 16");
  assert_values (second->frames, "21 31 26 36");
  g_assert_cmpuint (both->frames->times->len, ==, 8);
  g_assert_cmpuint (both->labels->times->len, ==, 4);
  g_assert_cmpuint (both->labels->gaps->len, ==, 4);
  g_assert_cmpuint (one->frames->times->len, ==, 4);
  g_object_get (both->source, "split-description", &description, NULL);
  g_assert_nonnull (strstr (description, "\"method\":\"prefix\""));
}

static void
test_epochs_and_order (void)
{
  g_autoptr (Davis) root = make_davis (1);
  gchar *seen[2] = { NULL };
  guint n_other = 0;

  for (guint round = 0; round < 2; round++) {
    g_autoptr (GString) values = g_string_new (NULL);

    for (guint seed = 8; seed < 16; seed++) {
      g_autofree gchar *more =
          g_strdup_printf ("shuffle=true epochs=3 seed=%u", seed);
      g_autofree gchar *line = line_of (root, more);
      g_autoptr (Stream) stream = play_line (line);

      g_assert_cmpuint (stream->frames->times->len, ==, 24);
      g_assert_cmpuint (stream->labels->times->len, ==, 24);
      g_string_append_len (values, stream->frames->first_bytes->data, 24);
      n_other += g_array_index (stream->frames->first_bytes, guint8, 0) != 1;
    }
    seen[round] = g_compute_checksum_for_string (
        G_CHECKSUM_SHA256, values->str, (gssize) values->len);
  }
  g_assert_cmpstr (seen[0], ==, seen[1]);
  g_assert_cmpuint (n_other, >, 0);
  g_assert_cmpuint (n_other, <, 16);
  g_free (seen[0]);
  g_free (seen[1]);
}

static void
check_seek (Stream *stream, GstFormat format, gint64 at, const gchar *expected)
{
  g_autoptr (GError) error = NULL;

  gst_element_set_state (stream->pipeline, GST_STATE_PAUSED);
  g_assert_cmpint (
      gst_element_get_state (stream->pipeline, NULL, NULL, 10 * GST_SECOND), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_array_set_size (stream->frames->first_bytes, 0);
  g_array_set_size (stream->labels->first_bytes, 0);
  g_assert_true (gst_element_seek_simple (stream->pipeline, format,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, at));
  g_assert_cmpint (
      gst_element_get_state (stream->pipeline, NULL, NULL, 10 * GST_SECOND), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_array_set_size (stream->frames->first_bytes, 0);
  g_array_set_size (stream->labels->first_bytes, 0);
  g_assert_true (gst_element_seek_simple (stream->pipeline, format,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, at));
  gst_element_set_state (stream->pipeline, GST_STATE_PLAYING);
  error = wait_for_end (stream->pipeline);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (expected, "36"));
  {
    g_autoptr (GString) found = g_string_new (NULL);

    for (guint i = 0; i < stream->frames->first_bytes->len; i++)
      g_string_append_printf (found, "%s%u", i > 0 ? " " : "",
          g_array_index (stream->frames->first_bytes, guint8, i));
    g_assert_true (g_str_has_suffix (found->str, expected));
    g_assert_cmpuint (stream->labels->first_bytes->len, >=, 1);
  }
}

static void
test_seeking (void)
{
  g_autoptr (Davis) root = make_davis (1);
  g_autofree gchar *line = line_of (root, "");
  gint64 duration = 0;

  for (guint i = 0; i < 2; i++) {
    g_autoptr (Stream) stream = stream_new (line, BOTH);

    check_seek (stream, i == 0 ? GST_FORMAT_DEFAULT : GST_FORMAT_TIME,
        i == 0 ? 5 : 200 * (gint64) GST_MSECOND, "16 26 36");
    g_assert_cmpuint (g_array_index (stream->frames->times, GstClockTime,
                          stream->frames->times->len - 3),
        ==, 200 * GST_MSECOND);
    g_assert_true (gst_element_query_duration (
        stream->pipeline, GST_FORMAT_DEFAULT, &duration));
    g_assert_cmpint (duration, ==, 8);
    g_assert_true (gst_element_query_duration (
        stream->pipeline, GST_FORMAT_TIME, &duration));
    g_assert_cmpint (duration, ==, 320 * (gint64) GST_MSECOND);
  }
}

static void
test_live (void)
{
  g_autoptr (Davis) root = make_davis (1);
  g_autofree gchar *line = line_of (root, "is-live=true frame-rate=50/1");
  gint64 start = g_get_monotonic_time ();
  g_autoptr (Stream) stream = play_line (line);

  g_assert_cmpuint (stream->frames->times->len, ==, 8);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 130000);
}

static void
test_one_pad_is_enough (void)
{
  g_autoptr (Davis) root = make_davis (1);
  g_autofree gchar *line = line_of (root, "");
  g_autoptr (Stream) frames =
      stream_new (line, "d.frame ! fakesink sync=false");
  g_autoptr (Stream) labels =
      stream_new (line, "d.label ! fakesink sync=false");

  play (frames);
  g_assert_cmpuint (frames->frames->times->len, ==, 8);
  g_assert_cmpuint (frames->labels->times->len, ==, 0);
  play (labels);
  g_assert_cmpuint (labels->labels->times->len, ==, 8);
}

static void
test_starts_again (void)
{
  g_autoptr (Davis) root = make_davis (1);
  g_autofree gchar *line = line_of (root, "");
  g_autoptr (Stream) stream = stream_new (line, BOTH);

  for (guint i = 0; i < 3; i++) {
    play (stream);
    gst_element_set_state (stream->pipeline, GST_STATE_NULL);
    g_assert_cmpuint (stream->frames->times->len, ==, 8 * (i + 1));
  }
}

static void
expect (const gchar *properties, GQuark domain, gint code, const gchar *text)
{
  g_autoptr (Stream) stream = stream_new (properties, BOTH);
  g_autoptr (GError) error = NULL;

  gst_element_set_state (stream->pipeline, GST_STATE_PLAYING);
  error = wait_for_end (stream->pipeline);
  g_assert_error (error, domain, code);
  g_test_message ("%s", error->message);
  if (strstr (error->message, text) == NULL)
    g_error ("\"%s\" does not hold \"%s\"", error->message, text);
}

static void
test_errors (void)
{
  g_autoptr (Davis) root = make_davis (1);
  g_autofree gchar *plain = line_of (root, "");
  g_autofree gchar *set = line_of (root, "set=none-such");
  g_autofree gchar *scenario = line_of (root, "scenario=war");
  g_autofree gchar *rest =
      line_of (root, "split=sequences fraction=1 part=test");
  g_autofree gchar *broken = below (root, "JPEGImages/480p/a/00002.png");
  g_autofree gchar *mask = below (root, "Annotations/480p/a/00001.png");

  expect ("", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, "location");
  expect ("location=/no/such", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      "/no/such");
  expect (set, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "none-such");
  expect (scenario, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
      "scenario-file");
  expect (rest, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
      "no frame is left");
  write_picture (mask, 16, 16, 255);
  expect (plain, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, mask);
  write_picture (mask, 32, 24, 255);
  g_assert_true (g_file_set_contents (broken, "no picture", -1, NULL));
  expect (plain, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, broken);
}

int
main (int argc, char **argv)
{
  test_start (&argc, &argv);
  g_test_add_func ("/dataset/labels-come-at-the-time-of-frames",
      test_labels_come_with_frames);
  g_test_add_func (
      "/dataset/unlabelled-frames-are-gaps", test_unlabelled_frames_are_gaps);
  g_test_add_func ("/dataset/a-fraction-is-drawn", test_fraction);
  g_test_add_func (
      "/dataset/epochs-have-orders-of-a-seed", test_epochs_and_order);
  g_test_add_func ("/dataset/is-sought-by-frame-and-by-time", test_seeking);
  g_test_add_func ("/dataset/is-live-at-its-rate", test_live);
  g_test_add_func ("/dataset/one-pad-is-enough", test_one_pad_is_enough);
  g_test_add_func ("/dataset/starts-again", test_starts_again);
  g_test_add_func ("/dataset/errors-say-what-and-where", test_errors);
  return test_finish ();
}
