/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "support.h"

#include <glib/gstdio.h>
#include <string.h>

static gchar *folder;

static void
load_plugin (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  GstPlugin *plugin = gst_plugin_load_file (path, &error);

  g_assert_no_error (error);
  gst_object_unref (plugin);
}

void
test_start (int *argc, char ***argv)
{
  static const gchar *const plugins[] = { "coreelements", "videotestsrc",
    "videoconvertscale", "app" };

  g_test_init (argc, argv, NULL);
  gst_init (argc, argv);
  load_plugin (g_getenv ("SOD_PLUGIN"));
  for (guint i = 0; i < G_N_ELEMENTS (plugins); i++) {
    g_autofree gchar *name = g_strdup_printf ("libgst%s.so", plugins[i]);
    g_autofree gchar *path =
        g_build_filename (g_getenv ("SOD_GST_PLUGIN_DIR"), name, NULL);

    load_plugin (path);
  }
  folder = g_dir_make_tmp ("sod-plugins-XXXXXX", NULL);
  g_assert_nonnull (folder);
}

int
test_finish (void)
{
  int status = g_test_run ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    g_remove (path);
  }
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
  return status;
}

gchar *
test_path (const gchar *name)
{
  return g_build_filename (folder, name, NULL);
}

static gchar *
save_model (const gchar *name, gint width, gint height, gint channels,
    guint input_frames, guint64 seed)
{
  g_autofree gchar *path = test_path (name);
  g_autofree gchar *json = g_strdup_printf (
      "{\"kind\":\"base\",\"preset\":\"test\",\"input-size\":[%d,%d],"
      "\"input-frames\":%u,\"widths\":[%d,%d,%d,%d],"
      "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"
      "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}",
      width, height, input_frames, channels, channels, channels, channels);
  g_autoptr (GstSodArchitecture) architecture = NULL;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GError) error = NULL;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  architecture = gst_sod_architecture_new_from_json (json, &error);
  g_assert_no_error (error);
  network = gst_sod_network_new_random (architecture, seed, &error);
  g_assert_no_error (error);
  gst_sod_network_save (network, path, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&path);
}

gchar *
test_model (guint64 seed, guint input_frames)
{
  g_autofree gchar *name = g_strdup_printf (
      "model-%" G_GUINT64_FORMAT "-%u.safetensors", seed, input_frames);

  return save_model (name, 32, 16, 16, input_frames, seed);
}

gchar *
test_slow_model (void)
{
  return save_model ("slow.safetensors", 640, 384, 64, 1, 3);
}

gchar *
test_reverse_model (guint64 seed)
{
  g_autofree gchar *name =
      g_strdup_printf ("reverse-%" G_GUINT64_FORMAT ".safetensors", seed);
  g_autofree gchar *path = test_path (name);
  g_autoptr (GstSodArchitecture) architecture = NULL;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GError) error = NULL;

  architecture = gst_sod_architecture_new_from_json (
      "{\"kind\":\"reverse\",\"preset\":\"test\",\"input-size\":[32,16],"
      "\"stem-width\":32,\"growth\":16,\"blocks\":[1,1,1,1,1,1,1,1]}",
      &error);
  g_assert_no_error (error);
  network = gst_sod_network_new_random (architecture, seed, &error);
  g_assert_no_error (error);
  gst_sod_network_save (network, path, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&path);
}

static void
give_bus (GstElement *element)
{
  g_autoptr (GstBus) bus = gst_bus_new ();

  gst_element_set_bus (element, bus);
}

static GstElement *
make_element (const gchar *factory, const gchar *first, va_list properties)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  g_assert_nonnull (element);
  gst_object_ref_sink (element);
  give_bus (element);
  if (first != NULL)
    g_object_set_valist (G_OBJECT (element), first, properties);
  return element;
}

GstElement *
test_element (const gchar *factory, const gchar *first, ...)
{
  GstElement *element;
  va_list properties;

  va_start (properties, first);
  element = make_element (factory, first, properties);
  va_end (properties);
  return element;
}

GstHarness *
test_sodbase (const gchar *first, ...)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (GstElement) element =
      test_element ("sodbase", "model-file", path, NULL);
  GstHarness *harness;
  va_list properties;

  va_start (properties, first);
  if (first != NULL)
    g_object_set_valist (G_OBJECT (element), first, properties);
  va_end (properties);
  harness = gst_harness_new_with_element (element, "sink", "src");
  g_assert_nonnull (harness);
  return harness;
}

static void
drop_messages (GstElement *element)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (element);

  if (bus != NULL)
    gst_bus_set_flushing (bus, TRUE);
}

void
test_harness_free (TestHarness *harness)
{
  drop_messages (harness->element);
  gst_harness_teardown (harness);
}

void
test_element_free (TestElement *element)
{
  gst_element_set_state (element, GST_STATE_NULL);
  drop_messages (element);
  gst_object_unref (element);
}

GstMessage *
test_pop_message (GstElement *element, GstMessageType type, gboolean wait)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (element);

  return gst_bus_timed_pop_filtered (bus, wait ? 5 * GST_SECOND : 0, type);
}

GstMessage *
test_pop_report (GstElement *element, gboolean wait)
{
  GstMessage *message;

  while (
      (message = test_pop_message (element, GST_MESSAGE_ELEMENT, wait)) != NULL
      && gst_message_has_name (message, "sod-device"))
    gst_message_unref (message);
  return message;
}

void
test_assert_error (
    GstElement *element, GQuark domain, gint code, const gchar *text)
{
  g_autoptr (GstMessage) message =
      test_pop_message (element, GST_MESSAGE_ERROR, FALSE);
  g_autofree gchar *pattern = g_strdup_printf ("*%s*", text);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_test_message ("%s", error->message);
  g_assert_error (error, domain, code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("\"%s\" does not hold \"%s\"", error->message, text);
  test_assert_no_error (element);
}

void
test_assert_no_error (GstElement *element)
{
  g_autoptr (GstMessage) message =
      test_pop_message (element, GST_MESSAGE_ERROR, FALSE);
  g_autoptr (GError) error = NULL;

  if (message != NULL)
    gst_message_parse_error (message, &error, NULL);
  g_assert_no_error (error);
}

GstBuffer *
test_frame (const GstVideoInfo *info, guint seed, GstClockTime pts)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (gsize i = 0; i < map.size; i++)
    map.data[i] = (guint8) ((i / 5 * 3 + i / 997 * 11 + seed * 31) & 0xff);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = 40 * GST_MSECOND;
  return buffer;
}

GstCaps *
test_caps (const gchar *format, gint width, gint height)
{
  return gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, format,
      "width", G_TYPE_INT, width, "height", G_TYPE_INT, height, "framerate",
      GST_TYPE_FRACTION, 25, 1, NULL);
}

void
test_set_caps (
    GstHarness *harness, const gchar *format, gint width, gint height)
{
  gst_harness_set_src_caps (harness, test_caps (format, width, height));
}

GstBuffer *
test_push (GstHarness *harness, guint seed, GstClockTime pts)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (harness->srcpad);
  GstVideoInfo info;

  g_assert_true (gst_video_info_from_caps (&info, caps));
  g_assert_cmpint (gst_harness_push (harness, test_frame (&info, seed, pts)),
      ==, GST_FLOW_OK);
  return gst_harness_try_pull (harness);
}

guint64
test_stat (GstElement *element, const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 value = 0;

  g_object_get (element, "stats", &stats, NULL);
  if (!gst_structure_get_uint64 (stats, name, &value))
    g_error ("no %s in the stats", name);
  return value;
}

static GBytes *
expect_map_in (GstSodPrecision precision, const gchar *path, GstBuffer *buffer,
    const GstVideoInfo *info, gint width, gint height)
{
  g_autoptr (GstSodFrameReader) reader = NULL;
  g_autoptr (GstSodInstance) instance = NULL;
  g_autoptr (GstSodSession) session = NULL;
  g_autoptr (GstSodImage) map = NULL;
  g_autoptr (GError) error = NULL;
  const GstSodImage *frame;

  reader = gst_sod_frame_reader_new (info, &error);
  g_assert_no_error (error);
  instance = gst_sod_instance_get (NULL, "cpu", precision, 0, NULL, 0, &error);
  g_assert_no_error (error);
  gst_sod_instance_ensure (instance, path, &error);
  g_assert_no_error (error);
  session = gst_sod_session_new (instance, &error);
  g_assert_no_error (error);
  map = gst_sod_image_new_gray (width, height, &error);
  g_assert_no_error (error);
  frame = gst_sod_frame_reader_map (reader, buffer, &error);
  g_assert_no_error (error);
  gst_sod_session_infer (session, frame, 0, map, NULL, &error);
  g_assert_no_error (error);
  gst_sod_frame_reader_unmap (reader);
  return gst_sod_image_get_gray (map);
}

GBytes *
test_expected_map (const gchar *path, GstBuffer *buffer,
    const GstVideoInfo *info, gint width, gint height)
{
  return expect_map_in (
      GST_SOD_PRECISION_AUTO, path, buffer, info, width, height);
}

GBytes *
test_expected_map_f32 (const gchar *path, GstBuffer *buffer,
    const GstVideoInfo *info, gint width, gint height)
{
  return expect_map_in (
      GST_SOD_PRECISION_F32, path, buffer, info, width, height);
}

GBytes *
test_gray_pixels (GstBuffer *buffer, gint width, gint height)
{
  guint8 *pixels = g_malloc ((gsize) width * height);
  GstVideoFrame frame;
  GstVideoInfo info;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_GRAY8, width, height);
  g_assert_true (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  for (gint y = 0; y < height; y++)
    memcpy (pixels + (gsize) y * width,
        (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&frame, 0)
            + (gsize) y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0),
        width);
  gst_video_frame_unmap (&frame);
  return g_bytes_new_take (pixels, (gsize) width * height);
}
