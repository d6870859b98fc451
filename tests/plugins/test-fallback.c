/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device that fails in mid-stream. There is none to break: the functions
 * below stand before the library's, for the plugin too, and make of the CPU a
 * device "cuda:0" that fails when it is told to. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif

#include "support.h"

#include <dlfcn.h>
#include <string.h>

#define DEVICE "cuda:0"

static GstSodInstance *device; /* the instance that is on it */
static GstSodSession *session; /* of that */
static guint frames_left;      /* before it fails */

static void
find (const gchar *name, gpointer function)
{
  *(gpointer *) function = dlsym (RTLD_NEXT, name);
  g_assert_nonnull (*(gpointer *) function);
}

gchar *
gst_sod_device_resolve (const gchar *name, gchar **reason, GError **error)
{
  gchar *(*resolve) (const gchar *, gchar **, GError **);

  find ("gst_sod_device_resolve", &resolve);
  if (g_strcmp0 (name, DEVICE) != 0)
    return resolve (name, reason, error);
  *reason = NULL;
  return g_strdup (name);
}

GstSodInstance *
gst_sod_instance_get_in_context (const gchar *id, const gchar *name,
    gpointer context, GstSodPrecision precision, guint threads,
    const gchar *affinity, guint batch_size, GError **error)
{
  GstSodInstance *(*get) (const gchar *, const gchar *, gpointer,
      GstSodPrecision, guint, const gchar *, guint, GError **);
  gboolean is_device = g_strcmp0 (name, DEVICE) == 0;
  GstSodInstance *instance;

  find ("gst_sod_instance_get_in_context", &get);
  instance = get (id, is_device ? "cpu" : name, context, precision, threads,
      affinity, batch_size, error);
  if (is_device)
    device = instance;
  else if (device == instance)
    device = NULL;
  return instance;
}

const gchar *
gst_sod_instance_get_device (GstSodInstance *self)
{
  const gchar *(*get) (GstSodInstance *);

  find ("gst_sod_instance_get_device", &get);
  return self == device ? DEVICE : get (self);
}

GstSodSession *
gst_sod_session_new (GstSodInstance *instance, GError **error)
{
  GstSodSession *(*make) (GstSodInstance *, GError **);
  GstSodSession *made;

  find ("gst_sod_session_new", &make);
  made = make (instance, error);
  if (instance == device)
    session = made;
  else if (session == made)
    session = NULL;
  return made;
}

gboolean
gst_sod_session_infer (GstSodSession *self, const GstSodImage *frame,
    gint64 time, GstSodImage *map, GCancellable *cancellable, GError **error)
{
  gboolean (*infer) (GstSodSession *, const GstSodImage *, gint64,
      GstSodImage *, GCancellable *, GError **);

  if (self == session && frames_left-- == 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "device " DEVICE " is gone");
    return FALSE;
  }
  find ("gst_sod_session_infer", &infer);
  return infer (self, frame, time, map, cancellable, error);
}

/* sodbase on the device, which breaks after three frames. */
static TestHarness *
start (const gchar *on_device_error)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (GstElement) element =
      test_element ("sodbase", "model-file", path, "device", DEVICE, NULL);
  GstHarness *harness;

  frames_left = 3;
  gst_util_set_object_arg (
      G_OBJECT (element), "on-device-error", on_device_error);
  harness = gst_harness_new_with_element (element, "sink", "src");
  test_set_caps (harness, "RGB", 64, 48);
  return harness;
}

static void
assert_device (GstElement *element, const gchar *expected)
{
  g_autoptr (GstStructure) stats = NULL;

  g_object_get (element, "stats", &stats, NULL);
  g_assert_cmpstr (gst_structure_get_string (stats, "device"), ==, expected);
}

/* Every frame has the map that the CPU makes of it, the one that the device
 * broke on too, and there is one warning. */
static void
test_stream_goes_on_with_the_cpu (void)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (TestHarness) harness = start ("fallback");
  g_autoptr (GstCaps) caps = test_caps ("RGB", 64, 48);
  g_autoptr (GstMessage) warning = NULL, another = NULL;
  g_autoptr (GError) error = NULL;
  GstVideoInfo info;

  gst_video_info_from_caps (&info, caps);
  assert_device (harness->element, DEVICE);
  for (guint i = 0; i < 8; i++) {
    g_autoptr (GstBuffer) in = test_frame (&info, i, i * 40 * GST_MSECOND);
    g_autoptr (GstBuffer) out = test_push (harness, i, i * 40 * GST_MSECOND);
    g_autoptr (GBytes) expected = test_expected_map (path, in, &info, 32, 16);
    g_autoptr (GBytes) found = NULL;

    g_assert_nonnull (out);
    found = test_gray_pixels (
        gst_sod_map_get_pixels (gst_sod_buffer_get_map (out)), 32, 16);
    g_assert_true (g_bytes_equal (found, expected));
    assert_device (harness->element, i < 3 ? DEVICE : "cpu");
  }
  warning = test_pop_message (harness->element, GST_MESSAGE_WARNING, FALSE);
  g_assert_nonnull (warning);
  gst_message_parse_warning (warning, &error, NULL);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, DEVICE " is gone; going on with"));
  another = test_pop_message (harness->element, GST_MESSAGE_WARNING, FALSE);
  g_assert_null (another);
  test_assert_no_error (harness->element);
}

static void
test_stream_ends_where_that_is_asked_for (void)
{
  g_autoptr (TestHarness) harness = start ("error");
  g_autoptr (GstCaps) caps = test_caps ("RGB", 64, 48);
  GstVideoInfo info;

  gst_video_info_from_caps (&info, caps);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (GstBuffer) out = test_push (harness, i, i * 40 * GST_MSECOND);

    g_assert_nonnull (out);
  }
  g_assert_cmpint (
      gst_harness_push (harness, test_frame (&info, 3, 120 * GST_MSECOND)), ==,
      GST_FLOW_ERROR);
  test_assert_error (harness->element, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_FOUND, DEVICE " is gone");
  g_assert_null (
      test_pop_message (harness->element, GST_MESSAGE_WARNING, FALSE));
}

int
main (int argc, char **argv)
{
  test_start (&argc, &argv);
  g_test_add_func ("/fallback/stream-goes-on-with-the-cpu",
      test_stream_goes_on_with_the_cpu);
  g_test_add_func ("/fallback/stream-ends-where-that-is-asked-for",
      test_stream_ends_where_that_is_asked_for);
  return test_finish ();
}
