/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elements on a GPU: on the twin of one, which is the host (so that every
 * memory is the device's), and video in its memory. */
#include "support.h"

#include <string.h>

#define CONTEXT_TYPE "gst.cuda.context"

static const gchar *
get_field (GstElement *element, GstStructure **stats, const gchar *name)
{
  gst_clear_structure (stats);
  g_object_get (element, "stats", stats, NULL);
  return gst_structure_get_string (*stats, name);
}

static void
assert_device (GstElement *element, const gchar *device, const gchar *backend)
{
  g_autoptr (GstStructure) stats = NULL;

  g_assert_cmpstr (get_field (element, &stats, "device"), ==, device);
  g_assert_cmpstr (get_field (element, &stats, "backend"), ==, backend);
}

/* Caps of 64x48 frames in CUDAMemory. */
static gchar *
device_caps (const gchar *format)
{
  return g_strdup_printf ("video/x-raw(memory:CUDAMemory),format=%s,width=64,"
                          "height=48,framerate=25/1",
      format);
}

static void
set_device_caps (GstHarness *harness, const gchar *format)
{
  g_autofree gchar *caps = device_caps (format);

  gst_harness_set_src_caps_str (harness, caps);
}

/* Frame @i of @format, as a device's. */
static GstBuffer *
push (GstHarness *harness, const gchar *format, guint i)
{
  g_autoptr (GstCaps) caps = test_caps (format, 64, 48);
  GstVideoInfo info;

  gst_video_info_from_caps (&info, caps);
  g_assert_cmpint (
      gst_harness_push (harness, test_frame (&info, i, i * 40 * GST_MSECOND)),
      ==, GST_FLOW_OK);
  return gst_harness_pull (harness);
}

static guint
compare (GBytes *a, GBytes *b)
{
  const guint8 *x = g_bytes_get_data (a, NULL), *y = g_bytes_get_data (b, NULL);
  guint difference = 0;

  g_assert_cmpuint (g_bytes_get_size (a), ==, g_bytes_get_size (b));
  for (gsize i = 0; i < g_bytes_get_size (a); i++)
    difference = MAX (difference, (guint) ABS (x[i] - y[i]));
  return difference;
}

/* The map of frame @i that the CPU makes in f32. */
static GBytes *
expect_map (const gchar *format, guint i, gint width, gint height)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (GstCaps) caps = test_caps (format, 64, 48);
  g_autoptr (GstBuffer) frame = NULL;
  GstVideoInfo info;

  gst_video_info_from_caps (&info, caps);
  frame = test_frame (&info, i, 0);
  return test_expected_map_f32 (path, frame, &info, width, height);
}

/* ---- which device ---- */

static void
test_auto_takes_the_gpu (void)
{
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  g_autoptr (GstMessage) message =
      test_pop_message (harness->element, GST_MESSAGE_ELEMENT, FALSE);
  const GstStructure *told = gst_message_get_structure (message);

  g_assert_cmpstr (gst_structure_get_string (told, "device"), ==, "cuda:0");
  g_assert_cmpstr (gst_structure_get_string (told, "backend"), ==, "cuda-host");
  g_assert_cmpstr (gst_structure_get_string (told, "precision"), ==, "f16");
  g_assert_false (gst_structure_has_field (told, "reason"));
  assert_device (harness->element, "cuda:0", "cuda-host");
}

static void
test_gpus_have_numbers (void)
{
  g_autoptr (TestHarness) second = test_sodbase ("device", "cuda:1", NULL);
  g_autoptr (TestHarness) cpu = test_sodbase ("device", "cpu", NULL);
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (TestElement) none =
      test_element ("sodbase", "model-file", path, "device", "cuda:99", NULL);
  g_autoptr (GstStructure) stats = NULL;

  assert_device (second->element, "cuda:1", "cuda-host");
  g_assert_cmpstr (get_field (cpu->element, &stats, "device"), ==, "cpu");
  g_assert_cmpint (gst_element_set_state (none, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  test_assert_error (none, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      "cuda:99*2 GPUs*device=auto");
}

static void
test_workspace_limits_are_kept (void)
{
  static const guint64 limits[] = { 0, 1, 1 << 20, G_MAXUINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++) {
    g_autoptr (TestHarness) harness =
        test_sodbase ("workspace-limit", limits[i], NULL);
    g_autoptr (GstBuffer) out = NULL;

    test_set_caps (harness, "RGB", 64, 48);
    out = test_push (harness, 0, 0);
    g_assert_nonnull (gst_sod_buffer_get_map (out));
    assert_device (harness->element, "cuda:0", "cuda-host");
  }
}

static void
test_reverse_runs_on_the_gpu (void)
{
  g_autofree gchar *path = test_reverse_model (1);
  g_autoptr (TestElement) element =
      test_element ("sodreverse", "model-file", path, NULL);

  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_SUCCESS);
  assert_device (element, "cuda:0", "cuda-host");
  gst_element_set_state (element, GST_STATE_NULL);
  g_object_set (element, "device", "cuda:99", NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  test_assert_error (
      element, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "cuda:99");
  gst_element_set_state (element, GST_STATE_NULL);
}

/* ---- frames in its memory ---- */

static gboolean
offers (GstElement *element, const gchar *pad_name, const gchar *text)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, pad_name);
  g_autoptr (GstCaps) wanted = gst_caps_from_string (text);
  g_autoptr (GstCaps) all = gst_pad_query_caps (pad, NULL);
  g_autoptr (GstCaps) both = gst_caps_from_string ("video/x-raw");
  g_autoptr (GstCaps) answer = NULL;

  /* Who has both is told what can be read, and no more. */
  gst_caps_append (both, gst_caps_copy (wanted));
  answer = gst_pad_query_caps (pad, both);
  return gst_caps_can_intersect (all, wanted)
         && gst_caps_can_intersect (answer, wanted);
}

static void
test_formats_of_the_gpu_are_offered (void)
{
  static const struct
  {
    const gchar *format;
    gboolean offered;
  } formats[] = { { "NV12", TRUE }, { "I420", TRUE }, { "RGB", TRUE },
    { "BGR", TRUE }, { "RGBA", TRUE }, { "BGRA", TRUE }, { "P010_10LE", TRUE },
    /* the GPU cannot unpack it; the twin has no such memory */
    { "RGB10A2_LE", FALSE }, { "YUY2", FALSE } };
  g_autoptr (TestHarness) gpu = test_sodbase (NULL);
  g_autoptr (TestHarness) cpu = test_sodbase ("device", "cpu", NULL);
  g_autoptr (TestElement) stopped = test_element ("sodbase", NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autofree gchar *caps = device_caps (formats[i].format);

    g_assert_cmpint (
        offers (gpu->element, "sink", caps), ==, formats[i].offered);
    g_assert_cmpint (
        offers (gpu->element, "src", caps), ==, formats[i].offered);
    g_assert_cmpint (offers (stopped, "sink", caps), ==, formats[i].offered);
    g_assert_false (offers (cpu->element, "src", caps));
    g_assert_false (offers (cpu->element, "sink", caps));
  }
}

/* The same map as of system memory, and the frame's memory goes on. */
static void
test_frames_are_read_where_they_lie (void)
{
  static const gchar *const formats[] = { "NV12", "I420", "RGB", "BGRA",
    "P010_10LE" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (TestHarness) harness =
        test_sodbase ("precision", GST_SOD_PRECISION_F32, NULL);
    g_autoptr (GBytes) expected = expect_map (formats[i], 3, 32, 16);
    g_autoptr (GBytes) found = NULL;
    g_autoptr (GstBuffer) out = NULL;
    g_autoptr (GstCaps) caps = NULL;

    set_device_caps (harness, formats[i]);
    out = push (harness, formats[i], 3);
    found = test_gray_pixels (
        gst_sod_map_get_pixels (gst_sod_buffer_get_map (out)), 32, 16);
    g_assert_cmpuint (compare (found, expected), <=, 1);
    caps = gst_pad_get_current_caps (harness->sinkpad);
    g_assert_true (gst_caps_features_contains (
        gst_caps_get_features (caps, 0), "memory:CUDAMemory"));
    test_assert_no_error (harness->element);
  }
}

static void
test_memory_of_a_frame_goes_on (void)
{
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  g_autoptr (GstCaps) caps = test_caps ("NV12", 64, 48);
  g_autoptr (GstBuffer) out = NULL;
  GstVideoInfo info;
  GstBuffer *in;
  GstMemory *memory;

  gst_video_info_from_caps (&info, caps);
  in = test_frame (&info, 0, 0);
  memory = gst_buffer_peek_memory (in, 0);
  set_device_caps (harness, "NV12");
  g_assert_cmpint (gst_harness_push (harness, in), ==, GST_FLOW_OK);
  out = gst_harness_pull (harness);
  g_assert_true (gst_buffer_peek_memory (out, 0) == memory);
}

/* In system memory as in the GPU's, as downstream wants them. */
static void
test_maps_go_where_they_are_wanted (void)
{
  static const gchar *const wanted[] = {
    "video/x-raw,format=GRAY8",
    "video/x-raw(memory:CUDAMemory),format=GRAY8",
  };

  for (guint i = 0; i < 4; i++) {
    g_autoptr (TestHarness) harness =
        test_sodbase ("output", 1, "precision", GST_SOD_PRECISION_F32, NULL);
    g_autoptr (GBytes) expected = expect_map ("NV12", 2, 64, 48);
    g_autoptr (GBytes) found = NULL;
    g_autoptr (GstBuffer) out = NULL;
    g_autoptr (GstCaps) caps = NULL;
    g_autoptr (GstCaps) filter = gst_caps_from_string (wanted[i % 2]);

    gst_harness_set_sink_caps (harness, gst_caps_copy (filter));
    if (i < 2)
      set_device_caps (harness, "NV12");
    else
      test_set_caps (harness, "NV12", 64, 48);
    out = push (harness, "NV12", 2);
    found = test_gray_pixels (out, 64, 48);
    g_assert_cmpuint (compare (found, expected), <=, 1);
    caps = gst_pad_get_current_caps (harness->sinkpad);
    g_assert_true (gst_caps_is_subset (caps, filter));
    test_assert_no_error (harness->element);
  }
}

static void
check_refused (const gchar *first, gint value)
{
  g_autoptr (TestHarness) harness = g_str_equal (first, "output")
                                        ? test_sodbase (first, value, NULL)
                                        : test_sodbase (first, "cpu", NULL);

  set_device_caps (harness, "NV12");
  g_assert_cmpint (
      gst_harness_push (harness, gst_buffer_new_allocate (NULL, 4608, NULL)),
      ==, GST_FLOW_NOT_NEGOTIATED);
  test_assert_error (harness->element, GST_STREAM_ERROR,
      GST_STREAM_ERROR_WRONG_TYPE, "\"cudadownload\"");
}

/* By the CPU's networks, and to be drawn on by it. */
static void
test_who_needs_the_host_names_the_downloader (void)
{
  check_refused ("device", 0);
  check_refused ("output", 2);
}

/* ---- its context and pools ---- */

/* What the pipeline is told to be the context of @element. (transfer full) */
static GstObject *
query_context (GstElement *element)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");
  GstQuery *query = gst_query_new_context (CONTEXT_TYPE);
  GstContext *context = NULL;
  GstObject *found = NULL;

  if (gst_pad_query (pad, query)) {
    gst_query_parse_context (query, &context);
    gst_structure_get (gst_context_get_structure (context), CONTEXT_TYPE,
        GST_TYPE_OBJECT, &found, NULL);
  }
  gst_query_unref (query);
  return found;
}

static void
test_context_is_offered_and_kept (void)
{
  g_autoptr (TestHarness) a = test_sodbase (NULL);
  g_autoptr (TestHarness) b = test_sodbase (NULL);
  g_autoptr (TestHarness) other = test_sodbase ("device", "cuda:1", NULL);
  g_autoptr (TestHarness) cpu = test_sodbase ("device", "cpu", NULL);
  g_autoptr (GstMessage) offer =
      test_pop_message (a->element, GST_MESSAGE_HAVE_CONTEXT, FALSE);
  g_autoptr (GstObject) of_a = query_context (a->element);
  g_autoptr (GstObject) of_b = query_context (b->element);
  g_autoptr (GstObject) of_other = query_context (other->element);

  g_assert_nonnull (offer);
  g_assert_nonnull (of_a);
  g_assert_true (of_a == of_b);
  g_assert_nonnull (of_other);
  g_assert_true (of_a != of_other);
  g_assert_null (query_context (cpu->element));
}

static void
test_context_of_the_pipeline_is_taken (void)
{
  g_autoptr (GstObject) given = GST_OBJECT (gst_bus_new ());
  g_autoptr (GstContext) context = gst_context_new (CONTEXT_TYPE, TRUE);
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (TestElement) element =
      test_element ("sodbase", "model-file", path, NULL);
  g_autoptr (GstObject) taken = NULL;

  gst_structure_set (gst_context_writable_structure (context), CONTEXT_TYPE,
      GST_TYPE_OBJECT, given, NULL);
  gst_element_set_context (element, context);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_SUCCESS);
  taken = query_context (element);
  g_assert_true (taken == given);
  gst_element_set_state (element, GST_STATE_NULL);
}

/* Who shares a context shares the network, others do not. */
static void
test_instances_are_shared_in_a_context (void)
{
  g_autoptr (TestHarness) a = test_sodbase ("model-instance-id", "x", NULL);
  g_autoptr (TestHarness) b = test_sodbase ("model-instance-id", "x", NULL);
  g_autoptr (TestHarness) other =
      test_sodbase ("model-instance-id", "x", "device", "cuda:1", NULL);
  g_autoptr (TestHarness) cpu =
      test_sodbase ("model-instance-id", "x", "device", "cpu", NULL);

  test_assert_no_error (a->element);
  test_assert_no_error (b->element);
  test_assert_no_error (other->element);
  test_assert_no_error (cpu->element);
}

static void
test_pools_are_proposed (void)
{
  g_autoptr (TestHarness) harness = test_sodbase ("output", 1, NULL);
  g_autofree gchar *text = device_caps ("NV12");
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  g_autoptr (GstBuffer) out = NULL;
  g_autoptr (GstBufferPool) pool = NULL;
  GstStructure *config;
  GstCaps *of_pool;
  GstQuery *query;
  guint size, size_of_pool;

  set_device_caps (harness, "NV12");
  out = push (harness, "NV12", 0);
  query = gst_query_new_allocation (caps, TRUE);
  g_assert_true (gst_pad_peer_query (harness->srcpad, query));
  g_assert_cmpuint (gst_query_get_n_allocation_pools (query), ==, 1);
  gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, NULL, NULL);
  g_assert_nonnull (pool);
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_get_params (
      config, &of_pool, &size_of_pool, NULL, NULL);
  g_assert_true (gst_caps_is_equal (of_pool, caps));
  g_assert_cmpuint (size, ==, size_of_pool);
  gst_structure_free (config);
  gst_query_unref (query);
}

int
main (int argc, char **argv)
{
  test_start (&argc, &argv);
  g_test_add_func ("/device/auto-takes-the-gpu", test_auto_takes_the_gpu);
  g_test_add_func ("/device/gpus-have-numbers", test_gpus_have_numbers);
  g_test_add_func (
      "/device/workspace-limits-are-kept", test_workspace_limits_are_kept);
  g_test_add_func (
      "/device/reverse-runs-on-the-gpu", test_reverse_runs_on_the_gpu);
  g_test_add_func ("/device/formats-of-the-gpu-are-offered",
      test_formats_of_the_gpu_are_offered);
  g_test_add_func ("/device/frames-are-read-where-they-lie",
      test_frames_are_read_where_they_lie);
  g_test_add_func (
      "/device/memory-of-a-frame-goes-on", test_memory_of_a_frame_goes_on);
  g_test_add_func ("/device/maps-go-where-they-are-wanted",
      test_maps_go_where_they_are_wanted);
  g_test_add_func ("/device/who-needs-the-host-names-the-downloader",
      test_who_needs_the_host_names_the_downloader);
  g_test_add_func (
      "/device/context-is-offered-and-kept", test_context_is_offered_and_kept);
  g_test_add_func ("/device/context-of-the-pipeline-is-taken",
      test_context_of_the_pipeline_is_taken);
  g_test_add_func ("/device/instances-are-shared-in-a-context",
      test_instances_are_shared_in_a_context);
  g_test_add_func ("/device/pools-are-proposed", test_pools_are_proposed);
  return test_finish ();
}
