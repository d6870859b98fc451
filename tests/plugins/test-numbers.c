/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers out of their range: one error, where an element starts with them and
 * where they come in mid-stream. */
#include "support.h"

#include <gst/controller/controller.h>
#include <math.h>

typedef struct
{
  const gchar *factory, *property, *value, *range;
} Number;

static const Number out_of_range[] = {
  { "sodbase", "threshold", "3", "0 to 1 or leave it at its default, -1" },
  { "sodbase", "threshold", "1.001", "0 to 1" },
  { "sodbase", "threshold", "-0.5", "0 to 1" },
  { "sodbase", "threshold", "-1.5", "0 to 1" },
  { "sodbase", "threshold", "nan", "0 to 1" },
  { "sodbase", "threshold", "inf", "0 to 1" },
  { "sodbase", "threshold", "-inf", "0 to 1" },
  { "sodbase", "min-area", "-0.1", "0 to 1" },
  { "sodbase", "min-area", "nan", "0 to 1" },
  { "sodoverlay", "threshold", "3", "0 to 1" },
  { "sodoverlay", "threshold", "-1", "0 to 1" },
  { "sodoverlay", "alpha", "nan", "0 to 1" },
  { "soddatasetsrc", "fraction", "1.5", "0 to 1" },
};

/* The error names element, property, what was found and what would do. */
static void
test_numbers_out_of_range_stop_the_start (void)
{
  g_autofree gchar *path = test_model (1, 1);

  for (guint i = 0; i < G_N_ELEMENTS (out_of_range); i++) {
    const Number *number = &out_of_range[i];
    g_autoptr (TestElement) element =
        test_element (number->factory, "name", "camera", NULL);
    g_autofree gchar *text = g_strdup_printf ("camera: %s is %s, out of its "
                                              "range; set %s to %s",
        number->property, number->value, number->property, number->range);

    if (g_str_equal (number->factory, "sodbase"))
      g_object_set (element, "model-file", path, NULL);
    gst_util_set_object_arg (
        G_OBJECT (element), number->property, number->value);
    g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
        GST_STATE_CHANGE_FAILURE);
    test_assert_error (
        element, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, text);
    g_assert_cmpint (gst_element_set_state (element, GST_STATE_NULL), ==,
        GST_STATE_CHANGE_SUCCESS);
  }
}

static void
test_number_out_of_range_stops_the_stream (void)
{
  static const gdouble values[] = { 3, -0.5, NAN, INFINITY };
  g_autoptr (TestHarness) harness = test_sodbase ("name", "camera", NULL);
  g_autoptr (GstCaps) caps = test_caps ("RGB", 64, 48);
  GstVideoInfo info;

  gst_video_info_from_caps (&info, caps);
  test_set_caps (harness, "RGB", 64, 48);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autoptr (GstBuffer) out = test_push (harness, i, i * 40 * GST_MSECOND);

    g_assert_nonnull (out);
    test_assert_no_error (harness->element);
    g_object_set (harness->element, "threshold", values[i], NULL);
    g_assert_cmpint (
        gst_harness_push (harness, test_frame (&info, 0, GST_CLOCK_TIME_NONE)),
        ==, GST_FLOW_ERROR);
    test_assert_error (harness->element, GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_SETTINGS, "camera: threshold is ");
    g_object_set (harness->element, "threshold", 0.5, NULL);
  }
}

/* From @value at 0 on. (transfer full) */
static GstControlBinding *
control (GstElement *element, const gchar *property, gdouble value)
{
  g_autoptr (GstControlSource) source = gst_interpolation_control_source_new ();

  g_object_set (source, "mode", GST_INTERPOLATION_MODE_NONE, NULL);
  gst_timed_value_control_source_set (
      GST_TIMED_VALUE_CONTROL_SOURCE (source), 0, value);
  return gst_direct_control_binding_new_absolute (
      GST_OBJECT (element), property, source);
}

static void
check_driven_number_fails (
    GstHarness *harness, const gchar *property, GstBuffer *frame)
{
  gst_object_add_control_binding (
      GST_OBJECT (harness->element), control (harness->element, property, 1.5));
  g_assert_cmpint (gst_harness_push (harness, frame), ==, GST_FLOW_ERROR);
  test_assert_error (harness->element, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "is 1.5, out of its range");
}

static void
test_driven_number_out_of_range_stops_the_stream (void)
{
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  g_autoptr (TestElement) overlay = test_element ("sodoverlay", NULL, NULL);
  g_autoptr (TestHarness) drawing =
      gst_harness_new_with_element (overlay, "sink", "src");
  g_autoptr (GstCaps) caps = test_caps ("RGB", 64, 48);
  GstVideoInfo info;

  gst_video_info_from_caps (&info, caps);
  test_set_caps (harness, "RGB", 64, 48);
  test_set_caps (drawing, "RGB", 64, 48);
  check_driven_number_fails (drawing, "alpha", test_push (harness, 0, 0));
  check_driven_number_fails (
      harness, "threshold", test_frame (&info, 0, 40 * GST_MSECOND));
}

int
main (int argc, char **argv)
{
  test_start (&argc, &argv);
  g_test_add_func ("/numbers/out-of-range-stop-the-start",
      test_numbers_out_of_range_stop_the_start);
  g_test_add_func ("/numbers/out-of-range-stop-the-stream",
      test_number_out_of_range_stops_the_stream);
  g_test_add_func ("/numbers/driven-out-of-range-stop-the-stream",
      test_driven_number_out_of_range_stops_the_stream);
  return test_finish ();
}
