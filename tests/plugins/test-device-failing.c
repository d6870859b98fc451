/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GPU that fails: the twin of one, which environment variables tell to be
 * lost after some calls or to have little memory, and no GPU at all as the
 * module itself tells it. Each program run is one of these, as $SOD_FAILING
 * says: what a device has lost stays lost. */
#include "support.h"

#include <string.h>

#define WIDTH 64
#define HEIGHT 48

/* Frames that pass before the device is lost are fewer. */
#define MANY 20000

static GstHarness *
start (const gchar *on_device_error)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (GstElement) element = test_element ("sodbase", "model-file", path,
      "device", "cuda:0", "precision", GST_SOD_PRECISION_F32, NULL);

  gst_util_set_object_arg (
      G_OBJECT (element), "on-device-error", on_device_error);
  return gst_harness_new_with_element (element, "sink", "src");
}

static gboolean
is_on (GstElement *element, const gchar *device)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get (element, "stats", &stats, NULL);
  return g_str_equal (gst_structure_get_string (stats, "device"), device);
}

static void
assert_map_is_right (GstBuffer *out, GstBuffer *in, const GstVideoInfo *info)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (GBytes) expected = test_expected_map_f32 (path, in, info, 32, 16);
  g_autoptr (GBytes) found = test_gray_pixels (
      gst_sod_map_get_pixels (gst_sod_buffer_get_map (out)), 32, 16);
  const guint8 *a = g_bytes_get_data (expected, NULL);
  const guint8 *b = g_bytes_get_data (found, NULL);

  for (guint i = 0; i < 32 * 16; i++)
    g_assert_cmpint (ABS (a[i] - b[i]), <=, 1);
}

/* Once; the reason is told with the device that came of it. */
static void
assert_warned (GstElement *element, gint code, const gchar *text)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (element);
  GstMessage *message;
  guint n_warnings = 0, n_fallen = 0;

  while ((message = gst_bus_pop_filtered (bus,
              GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR))
         != NULL) {
    g_autoptr (GError) error = NULL;

    g_assert_cmpint (GST_MESSAGE_TYPE (message), !=, GST_MESSAGE_ERROR);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING) {
      gst_message_parse_warning (message, &error, NULL);
      g_assert_error (error, GST_RESOURCE_ERROR, code);
      g_assert_nonnull (strstr (error->message, text));
      g_assert_nonnull (strstr (error->message, "going on with the CPU"));
      n_warnings++;
    } else if (gst_structure_has_field (
                   gst_message_get_structure (message), "reason")) {
      g_assert_nonnull (
          strstr (gst_structure_get_string (
                      gst_message_get_structure (message), "reason"),
              text));
      n_fallen++;
    }
    gst_message_unref (message);
  }
  g_assert_cmpuint (n_warnings, ==, 1);
  g_assert_cmpuint (n_fallen, ==, 1);
}

/* ---- lost ---- */

/* Frames in the device's memory; each has its map, the one that the device was
 * lost at too. */
static void
test_stream_goes_on_with_the_cpu (void)
{
  g_autoptr (TestHarness) harness = start ("fallback");
  g_autoptr (GstCaps) caps = test_caps ("NV12", WIDTH, HEIGHT);
  GstVideoInfo info;
  guint lost_at = 0;

  gst_video_info_from_caps (&info, caps);
  gst_harness_set_src_caps_str (harness,
      "video/x-raw(memory:CUDAMemory),format=NV12,width=64,height=48,"
      "framerate=25/1");
  g_assert_true (is_on (harness->element, "cuda:0"));
  for (guint i = 0; i < MANY && (lost_at == 0 || i < lost_at + 3); i++) {
    g_autoptr (GstBuffer) in = test_frame (&info, i, i * 40 * GST_MSECOND);
    g_autoptr (GstBuffer) out = test_push (harness, i, i * 40 * GST_MSECOND);

    g_assert_nonnull (out);
    if (lost_at == 0 && is_on (harness->element, "cpu"))
      lost_at = i;
    if (lost_at != 0 || i == 0)
      assert_map_is_right (out, in, &info);
  }
  g_test_message ("lost at frame %u", lost_at);
  g_assert_cmpuint (lost_at, >, 0);
  assert_warned (harness->element, GST_RESOURCE_ERROR_NOT_FOUND, "lost");
}

static void
test_reverse_goes_on_with_the_cpu (void)
{
  g_autofree gchar *path = test_reverse_model (1);
  g_autoptr (GstElement) element = test_element ("sodreverse", "model-file",
      path, "device", "cuda", "precision", GST_SOD_PRECISION_F32, NULL);
  g_autoptr (TestHarness) harness =
      gst_harness_new_with_element (element, "sink", "src");
  guint lost_at = 0;

  test_set_caps (harness, "GRAY8", WIDTH, HEIGHT);
  g_assert_true (is_on (element, "cuda:0"));
  for (guint i = 0; i < MANY && (lost_at == 0 || i < lost_at + 3); i++) {
    g_autoptr (GstBuffer) out = test_push (harness, i, i * 40 * GST_MSECOND);

    g_assert_nonnull (out);
    if (lost_at == 0 && is_on (element, "cpu"))
      lost_at = i;
  }
  g_assert_cmpuint (lost_at, >, 0);
  assert_warned (element, GST_RESOURCE_ERROR_NOT_FOUND, "lost");
}

static void
test_stream_ends_where_that_is_asked_for (void)
{
  g_autoptr (TestHarness) harness = start ("error");
  g_autoptr (GstCaps) caps = test_caps ("RGB", WIDTH, HEIGHT);
  GstFlowReturn flow = GST_FLOW_OK;
  GstVideoInfo info;

  gst_video_info_from_caps (&info, caps);
  test_set_caps (harness, "RGB", WIDTH, HEIGHT);
  for (guint i = 0; i < MANY && flow == GST_FLOW_OK; i++) {
    flow =
        gst_harness_push (harness, test_frame (&info, i, i * 40 * GST_MSECOND));
    if (flow == GST_FLOW_OK)
      gst_buffer_unref (gst_harness_pull (harness));
  }
  g_assert_cmpint (flow, ==, GST_FLOW_ERROR);
  g_assert_true (is_on (harness->element, "cuda:0"));
  test_assert_error (harness->element, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_FOUND, "lost");
}

/* ---- little memory ---- */

/* The network has room, a frame of 4096x4096 has none. */
static void
test_frame_is_too_large (void)
{
  g_autoptr (TestHarness) harness = start ("fallback");
  g_autoptr (GstBuffer) small = NULL, large = NULL;

  test_set_caps (harness, "RGB", WIDTH, HEIGHT);
  small = test_push (harness, 0, 0);
  g_assert_nonnull (gst_sod_buffer_get_map (small));
  g_assert_true (is_on (harness->element, "cuda:0"));
  test_set_caps (harness, "RGB", 4096, 4096);
  large = test_push (harness, 1, 40 * GST_MSECOND);
  g_assert_nonnull (gst_sod_buffer_get_map (large));
  g_assert_true (is_on (harness->element, "cpu"));
  assert_warned (
      harness->element, GST_RESOURCE_ERROR_NO_SPACE_LEFT, "no memory");
}

/* The network has none either: auto goes on, a device that is named does not
 * start. */
static void
test_network_is_too_large (void)
{
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  g_autoptr (GstMessage) message =
      test_pop_message (harness->element, GST_MESSAGE_ELEMENT, FALSE);
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (TestElement) named =
      test_element ("sodbase", "model-file", path, "device", "cuda", NULL);

  g_assert_true (is_on (harness->element, "cpu"));
  g_assert_nonnull (strstr (
      gst_structure_get_string (gst_message_get_structure (message), "reason"),
      "no memory"));
  g_assert_null (
      test_pop_message (harness->element, GST_MESSAGE_WARNING, FALSE));
  g_assert_cmpint (gst_element_set_state (named, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  test_assert_error (named, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NO_SPACE_LEFT, "no memory*device=cpu");
  gst_element_set_state (named, GST_STATE_NULL);
}

/* ---- none ---- */

/* CUDA_VISIBLE_DEVICES is empty, so there is none even where there is one; what
 * is named first depends on the machine. */
static void
assert_is_refusal (const gchar *text)
{
  g_test_message ("%s", text);
  g_assert_true (strstr (text, "no NVIDIA driver") != NULL
                 || strstr (text, "CUDA_VISIBLE_DEVICES is \"\"") != NULL
                 || strstr (text, "libcudnn.so.9") != NULL);
}

static void
test_module_refuses_politely (void)
{
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  g_autoptr (GstMessage) message =
      test_pop_message (harness->element, GST_MESSAGE_ELEMENT, FALSE);
  g_autoptr (GstMessage) refusal = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (TestElement) named =
      test_element ("sodbase", "model-file", path, "device", "cuda", NULL);

  g_assert_true (is_on (harness->element, "cpu"));
  assert_is_refusal (
      gst_structure_get_string (gst_message_get_structure (message), "reason"));
  test_assert_no_error (harness->element);
  g_assert_cmpint (gst_element_set_state (named, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  refusal = test_pop_message (named, GST_MESSAGE_ERROR, FALSE);
  gst_message_parse_error (refusal, &error, NULL);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND);
  assert_is_refusal (error->message);
  g_assert_nonnull (strstr (error->message, "device=auto or device=cpu"));
  gst_element_set_state (named, GST_STATE_NULL);
}

static void
test_trainer_does_not_start (void)
{
  g_autoptr (TestElement) trainer =
      test_element ("sodtrainer", "device", "cuda:0", NULL);

  g_assert_cmpint (gst_element_set_state (trainer, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  test_assert_error (trainer, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      "\"cuda:0\"*device=auto");
  gst_element_set_state (trainer, GST_STATE_NULL);
}

/* Without a GPU everything is as it was without the module. */
static void
test_its_memory_is_not_offered (void)
{
  g_autoptr (TestElement) element = test_element ("sodbase", NULL, NULL);
  g_autoptr (GstPad) source = gst_element_get_static_pad (element, "src");
  g_autoptr (GstCaps) device =
      gst_caps_from_string ("video/x-raw(memory:CUDAMemory)");
  g_autoptr (GstCaps) sent = gst_pad_query_caps (source, NULL);

  g_assert_false (gst_caps_can_intersect (sent, device));
}

int
main (int argc, char **argv)
{
  const gchar *failing = g_getenv ("SOD_FAILING");

  test_start (&argc, &argv);
  g_assert_nonnull (failing);
  if (g_str_equal (failing, "lost")) {
    g_test_add_func ("/device/lost/stream-goes-on-with-the-cpu",
        test_stream_goes_on_with_the_cpu);
  } else if (g_str_equal (failing, "lost-reverse")) {
    g_test_add_func ("/device/lost/reverse-goes-on-with-the-cpu",
        test_reverse_goes_on_with_the_cpu);
  } else if (g_str_equal (failing, "lost-error")) {
    g_test_add_func ("/device/lost/stream-ends-where-that-is-asked-for",
        test_stream_ends_where_that_is_asked_for);
  } else if (g_str_equal (failing, "large-frame")) {
    g_test_add_func (
        "/device/memory/frame-is-too-large", test_frame_is_too_large);
  } else if (g_str_equal (failing, "no-memory")) {
    g_test_add_func (
        "/device/memory/network-is-too-large", test_network_is_too_large);
  } else {
    g_test_add_func (
        "/device/none/module-refuses-politely", test_module_refuses_politely);
    g_test_add_func (
        "/device/none/trainer-does-not-start", test_trainer_does_not_start);
    g_test_add_func ("/device/none/its-memory-is-not-offered",
        test_its_memory_is_not_offered);
  }
  return test_finish ();
}
