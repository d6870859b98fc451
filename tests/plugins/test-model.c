/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models and devices: what cannot be started with, what is swapped while
 * playing, what is shared. */
#include "support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- start ---- */

/* The element does not start, says so once, and starts with what is right
 * after that. */
static void
check_start_fails (
    GstElement *element, GQuark domain, gint code, const gchar *text)
{
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  test_assert_error (element, domain, code, text);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
}

static void
check_model_fails (
    const gchar *path, GQuark domain, gint code, const gchar *text)
{
  g_autoptr (TestElement) element =
      test_element ("sodbase", "model-file", path, NULL);
  g_autofree gchar *good = test_model (1, 1);
  g_autofree gchar *whole = g_strdup_printf (
      "%s*; name another model file with model-file, or none for", text);

  check_start_fails (element, domain, code, whole);
  g_object_set (element, "model-file", good, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_SUCCESS);
  test_assert_no_error (element);
  gst_element_set_state (element, GST_STATE_NULL);
}

static void
test_missing_model_is_not_found (void)
{
  check_model_fails ("/nowhere/salient.safetensors", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_FOUND, "/nowhere/salient.safetensors");
}

static void
test_directory_is_no_model (void)
{
  check_model_fails (g_get_tmp_dir (), GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_OPEN_READ, "directory");
}

static void
test_fifo_is_no_model (void)
{
  g_autofree gchar *path = test_path ("fifo");

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  check_model_fails (
      path, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ, "regular file");
}

static void
test_unreadable_model_says_why (void)
{
  g_autofree gchar *model = test_model (1, 1);
  g_autofree gchar *path = test_path ("secret.safetensors");
  g_autofree gchar *content = NULL;
  gsize length;

  if (geteuid () == 0) {
    g_test_skip ("the superuser reads every file");
    return;
  }
  g_assert_true (g_file_get_contents (model, &content, &length, NULL));
  g_assert_true (g_file_set_contents (path, content, length, NULL));
  g_assert_cmpint (g_chmod (path, 0), ==, 0);
  check_model_fails (path, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ,
      "Permission denied");
}

/* A copy of the test model, cut or overwritten. (transfer full) */
static gchar *
damage_model (
    const gchar *name, gsize cut, gsize at, const void *bytes, gsize n)
{
  g_autofree gchar *model = test_model (1, 1);
  g_autofree gchar *content = NULL;
  gchar *path = test_path (name);
  gsize length;

  g_assert_true (g_file_get_contents (model, &content, &length, NULL));
  g_assert_cmpuint (cut + n + at, <, length);
  if (n > 0)
    memcpy (content + length - at - n, bytes, n);
  g_assert_true (g_file_set_contents (path, content, length - cut, NULL));
  return path;
}

static void
test_truncated_model_is_malformed (void)
{
  g_autofree gchar *path = damage_model ("cut.safetensors", 100, 0, NULL, 0);

  check_model_fails (path, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, path);
}

static void
test_nan_in_the_weights_is_malformed (void)
{
  static const guint32 nan = 0x7fc00000;
  g_autofree gchar *path =
      damage_model ("nan.safetensors", 0, 0, &nan, sizeof nan);

  check_model_fails (path, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, path);
}

static void
test_something_else_is_malformed (void)
{
  g_autofree gchar *path = test_path ("text.safetensors");

  g_assert_true (
      g_file_set_contents (path, "there is no model in here", -1, NULL));
  check_model_fails (path, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, path);
}

static void
test_reverse_network_is_the_wrong_kind (void)
{
  g_autofree gchar *path = test_path ("reverse.safetensors");
  g_autoptr (GstSodArchitecture) architecture = NULL;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (TestElement) element = NULL;
  g_autoptr (GError) error = NULL;

  architecture = gst_sod_architecture_new_preset ("reverse", 1, &error);
  g_assert_no_error (error);
  network = gst_sod_network_new_random (architecture, 1, &error);
  g_assert_no_error (error);
  gst_sod_network_save (network, path, &error);
  g_assert_no_error (error);
  element = test_element ("sodbase", "model-file", path, NULL);
  check_start_fails (element, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "reverse*; use one of kind base");
}

static void
check_setting_fails (const gchar *property, const gchar *value, GQuark domain,
    gint code, const gchar *text)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (TestElement) element =
      test_element ("sodbase", "model-file", path, NULL);

  gst_util_set_object_arg (G_OBJECT (element), property, value);
  check_start_fails (element, domain, code, text);
}

static void
test_impossible_settings_name_the_way_out (void)
{
  check_setting_fails (
      "device", "tpu", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, "tpu");
  check_setting_fails ("precision", "int8", GST_LIBRARY_ERROR,
      GST_LIBRARY_ERROR_INIT, "precision=auto");
  check_setting_fails ("precision", "f16", GST_LIBRARY_ERROR,
      GST_LIBRARY_ERROR_INIT, "precision=auto");
  check_setting_fails ("cpu-affinity", "every second", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "every second");
  check_setting_fails (
      "roi", "0,0 1,1", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, "roi");
  check_setting_fails ("ignore", "somewhere", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "ignore");
}

static void
check_device_is_missing (const gchar *device, const gchar *on_device_error)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autofree gchar *text = g_strdup_printf ("\"%s\"*use*device=auto", device);
  g_autoptr (TestElement) element =
      test_element ("sodbase", "model-file", path, "device", device, NULL);

  gst_util_set_object_arg (
      G_OBJECT (element), "on-device-error", on_device_error);
  check_start_fails (
      element, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, text);
  g_assert_null (test_pop_message (element, GST_MESSAGE_WARNING, FALSE));
}

/* Who names a device means it, whatever is to happen when it fails later. */
static void
test_device_that_is_named_has_to_be_there (void)
{
  check_device_is_missing ("cuda:99", "error");
  check_device_is_missing ("cuda:99", "fallback");
}

/* auto says what it took, and why that is no GPU, without a warning. */
static void
test_auto_tells_which_device_it_took (void)
{
  g_autoptr (TestHarness) harness = test_sodbase ("device", "auto", NULL);
  g_autoptr (GstMessage) message =
      test_pop_message (harness->element, GST_MESSAGE_ELEMENT, FALSE);
  g_autoptr (GstStructure) stats = NULL;
  const GstStructure *told;
  const gchar *device;

  g_assert_nonnull (message);
  told = gst_message_get_structure (message);
  device = gst_structure_get_string (told, "device");
  g_object_get (harness->element, "stats", &stats, NULL);
  g_assert_true (gst_structure_has_name (told, "sod-device"));
  g_assert_cmpstr (gst_structure_get_string (told, "asked"), ==, "auto");
  g_assert_cmpstr (device, ==, gst_structure_get_string (stats, "device"));
  g_assert_cmpstr (gst_structure_get_string (told, "backend"), ==,
      gst_structure_get_string (stats, "backend"));
  g_assert_true (gst_structure_has_field (told, "precision"));
  if (g_str_equal (device, "cpu"))
    g_assert_nonnull (gst_structure_get_string (told, "reason"));
  else
    g_assert_false (gst_structure_has_field (told, "reason"));
  g_assert_null (
      test_pop_message (harness->element, GST_MESSAGE_WARNING, FALSE));
  test_assert_no_error (harness->element);
}

/* ---- swapped while playing ---- */

typedef struct
{
  gchar *version, *path;
} Update;

static void
note_update (GstElement *element, const gchar *version, const gchar *path,
    Update *update)
{
  g_assert_null (update->version);
  update->version = g_strdup (version);
  update->path = g_strdup (path);
}

/* The "sod-model-..." message that comes next. */
static void
await_message (GstElement *element, const gchar *name, const gchar *path)
{
  g_autoptr (GstMessage) message = test_pop_report (element, TRUE);
  const GstStructure *structure;

  g_assert_nonnull (message);
  structure = gst_message_get_structure (message);
  g_assert_true (gst_structure_has_name (structure, name));
  g_assert_cmpstr (gst_structure_get_string (structure, "path"), ==, path);
}

static gchar *
push_and_get_version (GstHarness *harness, guint frame)
{
  g_autoptr (GstBuffer) out =
      test_push (harness, frame, frame * 40 * GST_MSECOND);

  g_assert_nonnull (out);
  return g_strdup (
      gst_sod_map_get_model_version (gst_sod_buffer_get_map (out)));
}

static void
test_another_model_is_taken_up_between_two_frames (void)
{
  g_autofree gchar *second = test_model (2, 2);
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  g_autofree gchar *before = NULL, *after = NULL;
  Update update = { NULL, NULL };

  g_signal_connect (
      harness->element, "model-updated", G_CALLBACK (note_update), &update);
  test_set_caps (harness, "RGB", 64, 48);
  before = push_and_get_version (harness, 0);
  g_object_set (harness->element, "model-file", second, NULL);
  await_message (harness->element, "sod-model-updated", second);
  after = push_and_get_version (harness, 1);
  g_assert_cmpstr (before, !=, after);
  g_assert_cmpuint (test_stat (harness->element, "model-updates"), ==, 1);
  /* joins the loader: the signal follows the message */
  gst_element_set_state (harness->element, GST_STATE_NULL);
  g_assert_cmpstr (update.version, ==, after);
  g_assert_cmpstr (update.path, ==, second);
  g_free (update.version);
  g_free (update.path);
}

/* As a program that publishes models does: written aside, then put there. */
static void
replace (const gchar *path, const gchar *by)
{
  g_autofree gchar *aside = g_strconcat (path, ".new", NULL);
  g_autofree gchar *bytes = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (by, &bytes, &size, NULL));
  g_assert_true (g_file_set_contents (aside, bytes, (gssize) size, NULL));
  g_assert_cmpint (g_rename (aside, path), ==, 0);
}

static void
test_a_file_that_is_replaced_is_taken_up_where_asked (void)
{
  g_autofree gchar *path = test_path ("published.safetensors");
  g_autofree gchar *first = test_model (1, 1), *second = test_model (2, 1);
  g_autofree gchar *before = NULL, *after = NULL, *unasked = NULL;

  replace (path, first);
  {
    g_autoptr (TestHarness) harness =
        test_sodbase ("model-file", path, "model-reload", TRUE, NULL);
    g_autoptr (TestHarness) other = test_sodbase ("model-file", path, NULL);

    test_set_caps (harness, "RGB", 64, 48);
    test_set_caps (other, "RGB", 64, 48);
    before = push_and_get_version (harness, 0);
    replace (path, second);
    await_message (harness->element, "sod-model-updated", path);
    after = push_and_get_version (harness, 1);
    unasked = push_and_get_version (other, 1);
    g_assert_cmpstr (before, !=, after);
    g_assert_cmpstr (before, ==, unasked);
    /* What is no model is told, and the next that is one is taken up. */
    g_assert_true (g_file_set_contents (path, "no model", -1, NULL));
    await_message (harness->element, "sod-model-failed", path);
    replace (path, first);
    await_message (harness->element, "sod-model-updated", path);
    test_assert_no_error (harness->element);
  }
}

static void
test_a_broken_model_leaves_the_one_before (void)
{
  g_autofree gchar *broken = damage_model ("broken.safetensors", 9, 0, NULL, 0);
  g_autoptr (TestHarness) harness = test_sodbase (NULL);
  g_autoptr (GstMessage) warning = NULL;
  g_autofree gchar *before = NULL, *after = NULL;

  test_set_caps (harness, "RGB", 64, 48);
  before = push_and_get_version (harness, 0);
  g_object_set (harness->element, "model-file", broken, NULL);
  await_message (harness->element, "sod-model-failed", broken);
  warning = test_pop_message (harness->element, GST_MESSAGE_WARNING, TRUE);
  g_assert_nonnull (warning);
  after = push_and_get_version (harness, 1);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpuint (test_stat (harness->element, "model-updates"), ==, 0);
  test_assert_no_error (harness->element);
}

static void
test_stopping_while_a_model_loads_waits_for_it (void)
{
  g_autofree gchar *second = test_slow_model ();

  for (guint i = 0; i < 2; i++) {
    g_autoptr (TestHarness) harness = test_sodbase (NULL);

    g_object_set (harness->element, "model-file", second, NULL);
    gst_element_set_state (harness->element, GST_STATE_NULL);
    test_assert_no_error (harness->element);
  }
}

static void
test_default_model_is_found_where_the_environment_says (void)
{
  g_autofree gchar *model = gst_sod_network_find_default (NULL);
  g_autoptr (TestElement) element = NULL;

  if (model == NULL) {
    g_test_skip ("no default model in GST_SOD_MODEL_PATH");
    return;
  }
  element = test_element ("sodbase", NULL, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
}

static void
test_an_installed_model_is_called_by_its_name (void)
{
  g_autofree gchar *path = test_model (1, 1);
  g_autofree gchar *folder = g_path_get_dirname (path);
  g_autofree gchar *name = g_path_get_basename (path);
  g_autofree gchar *before = g_strdup (g_getenv ("GST_SOD_MODEL_PATH"));
  g_autoptr (TestElement) element =
      test_element ("sodbase", "model-file", name, NULL);

  check_start_fails (element, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      "there is no such file, and no such model among");
  g_setenv ("GST_SOD_MODEL_PATH", folder, TRUE);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  if (before != NULL)
    g_setenv ("GST_SOD_MODEL_PATH", before, TRUE);
  else
    g_unsetenv ("GST_SOD_MODEL_PATH");
}

/* ---- shared ---- */

static void
test_one_id_shares_the_model (void)
{
  g_autofree gchar *second = test_model (2, 1);
  g_autoptr (TestHarness) one =
      test_sodbase ("model-instance-id", "shared", NULL);
  g_autoptr (TestHarness) other =
      test_sodbase ("model-instance-id", "shared", NULL);
  g_autoptr (TestHarness) alone = test_sodbase (NULL);
  g_autofree gchar *versions[3] = { NULL, NULL, NULL };

  test_set_caps (one, "RGB", 64, 48);
  test_set_caps (other, "GRAY8", 16, 16);
  test_set_caps (alone, "RGB", 64, 48);
  g_object_set (one->element, "model-file", second, NULL);
  await_message (one->element, "sod-model-updated", second);
  versions[0] = push_and_get_version (one, 0);
  versions[1] = push_and_get_version (other, 0);
  versions[2] = push_and_get_version (alone, 0);
  g_assert_cmpstr (versions[0], ==, versions[1]);
  g_assert_cmpstr (versions[0], !=, versions[2]);
  for (guint i = 0; i < 3; i++)
    g_free (g_steal_pointer (&versions[i]));
}

typedef struct
{
  GstHarness *harness;
  GBytes *expected; /* 32x16 */
  guint n_wrong;
} Stream;

/* Batches change nothing but the rounding. */
static gpointer
run_stream (gpointer data)
{
  Stream *stream = data;

  for (guint i = 0; i < 30; i++) {
    g_autoptr (GstBuffer) out = test_push (stream->harness, 0, i * GST_MSECOND);
    g_autoptr (GBytes) found = test_gray_pixels (
        gst_sod_map_get_pixels (gst_sod_buffer_get_map (out)), 32, 16);
    const guint8 *a = g_bytes_get_data (found, NULL);
    const guint8 *b = g_bytes_get_data (stream->expected, NULL);

    for (guint j = 0; j < 32 * 16; j++)
      stream->n_wrong += ABS (a[j] - b[j]) > 2;
  }
  return NULL;
}

static void
test_streams_of_one_id_run_at_the_same_time (void)
{
  g_autofree gchar *path = test_model (1, 1);
  Stream streams[4];
  GThread *threads[4];

  for (guint i = 0; i < 4; i++) {
    g_autoptr (GstCaps) caps = test_caps ("RGB", 64 + 16 * i, 48);
    g_autoptr (GstBuffer) frame = NULL;
    GstVideoInfo info;

    gst_video_info_from_caps (&info, caps);
    frame = test_frame (&info, 0, 0);
    streams[i].expected = test_expected_map (path, frame, &info, 32, 16);
    streams[i].n_wrong = 0;
    streams[i].harness =
        test_sodbase ("model-instance-id", "busy", "overload", 1, NULL);
    gst_harness_set_src_caps (streams[i].harness, gst_caps_ref (caps));
  }
  for (guint i = 0; i < 4; i++)
    threads[i] = g_thread_new ("stream", run_stream, &streams[i]);
  for (guint i = 0; i < 4; i++) {
    g_thread_join (threads[i]);
    g_assert_cmpuint (streams[i].n_wrong, ==, 0);
    g_assert_cmpuint (
        test_stat (streams[i].harness->element, "inferences"), ==, 30);
    test_harness_free (streams[i].harness);
    g_bytes_unref (streams[i].expected);
  }
}

static void
test_one_id_with_two_settings_is_an_error (void)
{
  g_autoptr (TestHarness) one =
      test_sodbase ("model-instance-id", "taken", "batch-size", 2, NULL);
  g_autofree gchar *path = test_model (1, 1);
  g_autoptr (TestElement) other = test_element ("sodbase", "model-file", path,
      "model-instance-id", "taken", "batch-size", 3, NULL);

  g_assert_nonnull (one);
  check_start_fails (
      other, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, "taken");
}

/* ---- two frames ---- */

static void
test_two_frames_warm_up_after_start_and_discontinuity (void)
{
  g_autofree gchar *path = test_model (5, 2);
  g_autoptr (TestHarness) harness = test_sodbase ("model-file", path, NULL);

  test_set_caps (harness, "RGB", 64, 48);
  for (guint i = 0; i < 6; i++) {
    g_autoptr (GstBuffer) out = NULL;
    GstSodMapFlags flags;

    if (i == 3) {
      g_autoptr (GstCaps) caps = gst_pad_get_current_caps (harness->srcpad);
      GstVideoInfo info;
      GstBuffer *in;

      gst_video_info_from_caps (&info, caps);
      in = test_frame (&info, i, i * 40 * GST_MSECOND);
      GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_DISCONT);
      g_assert_cmpint (gst_harness_push (harness, in), ==, GST_FLOW_OK);
      out = gst_harness_pull (harness);
    } else {
      out = test_push (harness, i, i * 40 * GST_MSECOND);
    }
    flags = gst_sod_map_get_flags (gst_sod_buffer_get_map (out));
    g_assert_cmpint ((flags & GST_SOD_MAP_FLAG_WARM_UP) != 0, ==, i % 3 == 0);
  }
  g_assert_cmpuint (test_stat (harness->element, "warm-up"), ==, 2);
}

/* Frames between the inferences are looked back at all the same. */
static void
test_two_frames_see_the_frames_of_an_interval (void)
{
  g_autofree gchar *path = test_model (5, 2);
  g_autoptr (TestHarness) every = test_sodbase ("model-file", path, NULL);
  g_autoptr (TestHarness) third =
      test_sodbase ("model-file", path, "inference-interval", 3, NULL);

  test_set_caps (every, "RGB", 64, 48);
  test_set_caps (third, "RGB", 64, 48);
  for (guint i = 0; i < 7; i++) {
    g_autoptr (GstBuffer) a = test_push (every, i, i * 40 * GST_MSECOND);
    g_autoptr (GstBuffer) b = test_push (third, i, i * 40 * GST_MSECOND);
    g_autoptr (GBytes) map_a = test_gray_pixels (
        gst_sod_map_get_pixels (gst_sod_buffer_get_map (a)), 32, 16);
    g_autoptr (GBytes) map_b = test_gray_pixels (
        gst_sod_map_get_pixels (gst_sod_buffer_get_map (b)), 32, 16);

    g_assert_cmpint (g_bytes_equal (map_a, map_b), ==, i % 3 == 0);
  }
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

  g_test_add_func (
      "/model/missing-is-not-found", test_missing_model_is_not_found);
  g_test_add_func ("/model/directory-is-none", test_directory_is_no_model);
  g_test_add_func ("/model/fifo-is-none", test_fifo_is_no_model);
  g_test_add_func (
      "/model/unreadable-says-why", test_unreadable_model_says_why);
  g_test_add_func (
      "/model/truncated-is-malformed", test_truncated_model_is_malformed);
  g_test_add_func ("/model/nan-in-the-weights-is-malformed",
      test_nan_in_the_weights_is_malformed);
  g_test_add_func (
      "/model/something-else-is-malformed", test_something_else_is_malformed);
  g_test_add_func ("/model/reverse-network-is-the-wrong-kind",
      test_reverse_network_is_the_wrong_kind);
  g_test_add_func ("/model/impossible-settings-name-the-way-out",
      test_impossible_settings_name_the_way_out);
  g_test_add_func ("/model/device-that-is-named-has-to-be-there",
      test_device_that_is_named_has_to_be_there);
  g_test_add_func ("/model/auto-tells-which-device-it-took",
      test_auto_tells_which_device_it_took);
  g_test_add_func ("/model/another-is-taken-up-between-two-frames",
      test_another_model_is_taken_up_between_two_frames);
  g_test_add_func ("/model/a-file-that-is-replaced-is-taken-up-where-asked",
      test_a_file_that_is_replaced_is_taken_up_where_asked);
  g_test_add_func ("/model/broken-one-leaves-the-one-before",
      test_a_broken_model_leaves_the_one_before);
  g_test_add_func ("/model/stopping-while-one-loads-waits-for-it",
      test_stopping_while_a_model_loads_waits_for_it);
  g_test_add_func ("/model/default-is-found-where-the-environment-says",
      test_default_model_is_found_where_the_environment_says);
  g_test_add_func ("/model/installed-one-is-called-by-its-name",
      test_an_installed_model_is_called_by_its_name);
  g_test_add_func ("/model/one-id-shares-it", test_one_id_shares_the_model);
  g_test_add_func ("/model/streams-of-one-id-run-at-the-same-time",
      test_streams_of_one_id_run_at_the_same_time);
  g_test_add_func ("/model/one-id-with-two-settings-is-an-error",
      test_one_id_with_two_settings_is_an_error);
  g_test_add_func ("/model/two-frames-warm-up-after-start-and-discontinuity",
      test_two_frames_warm_up_after_start_and_discontinuity);
  g_test_add_func ("/model/two-frames-see-the-frames-of-an-interval",
      test_two_frames_see_the_frames_of_an_interval);
  return test_finish ();
}
