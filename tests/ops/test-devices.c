/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The registry: which back end a device's name means. */

#include <gst-sod/backend/backend-private.h>

#define LAST_GPU 2147483647

static void
test_cpu_is_always_there (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *resolved = NULL;
  GstSodBackend *backend =
      gst_sod_backend_for_device ("cpu", &resolved, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (backend->klass->device, ==, "cpu");
  g_assert_cmpstr (resolved, ==, "cpu");
}

static void
test_auto_takes_a_gpu_or_says_why_not (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *resolved = NULL;
  const gchar *reason = gst_sod_backend_get_auto_reason ();
  GstSodBackend *backend =
      gst_sod_backend_for_device ("auto", &resolved, &error);

  g_assert_no_error (error);
  g_assert_true (backend == gst_sod_backend_list ()[0]);
  if (g_str_equal (backend->klass->device, "cuda")) {
    g_assert_null (reason);
    g_assert_cmpstr (resolved, ==, "cuda:0");
  } else {
    g_test_message ("no GPU: %s", reason);
    g_assert_nonnull (reason);
    g_assert_cmpstr (backend->klass->device, ==, "cpu");
    g_assert_cmpstr (resolved, ==, "cpu");
  }
}

static void
check_missing (const gchar *device, const gchar *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *resolved = NULL;

  g_assert_null (gst_sod_backend_for_device (device, &resolved, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, device));
  g_assert_nonnull (strstr (error->message, "device=auto"));
  g_assert_nonnull (strstr (error->message, expected));
  g_assert_null (resolved);
}

static void
test_missing_cuda_is_a_device_error (void)
{
  g_autofree gchar *last = g_strdup_printf ("cuda:%d", LAST_GPU);
  const gchar *reason = gst_sod_backend_get_auto_reason ();

  if (reason == NULL) {
    check_missing (last, "from cuda:0");
    return;
  }
  check_missing ("cuda", reason);
  check_missing ("cuda:0", reason);
  check_missing ("cuda:7", reason);
  check_missing (last, reason);
}

static void
test_malformed_device_is_an_invalid_argument (void)
{
  static const gchar *const devices[] = { "", "gpu", "CPU", "cpu ",
    "cuda:", "cuda:-1", "cuda:+1", "cuda:x", "cuda: 1", "cuda:1x", "cuda0",
    "cuda:99999999999999999999" };

  for (guint i = 0; i < G_N_ELEMENTS (devices); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (gst_sod_backend_for_device (devices[i], NULL, &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
    g_assert_nonnull (strstr (error->message, "\"cuda:N\""));
  }
}

static void
test_unknown_back_end_lists_those_there_are (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_backend_get ("abacus", &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "abacus"));
  g_assert_nonnull (strstr (error->message, "ref"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device/cpu-is-always-there", test_cpu_is_always_there);
  g_test_add_func ("/device/auto-takes-a-gpu-or-says-why-not",
      test_auto_takes_a_gpu_or_says_why_not);
  g_test_add_func ("/device/missing-cuda-is-a-device-error",
      test_missing_cuda_is_a_device_error);
  g_test_add_func ("/device/malformed-name-is-an-invalid-argument",
      test_malformed_device_is_an_invalid_argument);
  g_test_add_func ("/device/unknown-back-end-lists-those-there-are",
      test_unknown_back_end_lists_those_there_are);
  return g_test_run ();
}
