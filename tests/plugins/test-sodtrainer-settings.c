/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sodtrainer's paths, and what it cannot be set to. */
#include "trainer-support.h"

static void
assert_refused (const gchar *property, const gchar *value, GQuark domain,
    gint code, const gchar *text)
{
  Trainer trainer;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  gst_util_set_object_arg (G_OBJECT (trainer.element), property, value);
  g_assert_cmpint (gst_element_set_state (trainer.element, GST_STATE_PAUSED),
      ==, GST_STATE_CHANGE_FAILURE);
  test_assert_error (trainer.element, domain, code, text);
  trainer_tear_down (&trainer);
}

static void
test_what_cannot_be_is_told_at_the_start (void)
{
  assert_refused ("model-load-path", "/nowhere/model", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_FOUND, "/nowhere/model");
  assert_refused ("model-load-path", "basis", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_FOUND, "no model basis");
  assert_refused ("model-save-path", "/dev/null/model", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_OPEN_WRITE, "model-save-path is /dev/null/model");
  assert_refused ("checkpoint-path", "/dev/null/checkpoint", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_OPEN_WRITE, "checkpoint-path is /dev/null/checkpoint");
  assert_refused ("settings", "/nowhere/settings", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_FOUND, "/nowhere/settings");
  assert_refused ("preset", "best", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "best");
  assert_refused ("precision", "int8", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "property precision");
  assert_refused ("learning-rate", "1000", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "learning-rate is 1000");
  assert_refused ("validation-share", "0.95", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "validation-share");
}

static void
test_folders_of_its_files_are_made (void)
{
  Trainer trainer;
  g_autofree gchar *models = NULL;
  g_autofree gchar *model = NULL;
  g_autofree gchar *states = NULL;
  g_autofree gchar *checkpoint = NULL;

  trainer_set_up (&trainer, "trigger", 3, NULL);
  models = trainer_path (&trainer, "models/of/today");
  model = g_build_filename (models, "%s.safetensors", NULL);
  states = trainer_path (&trainer, "states");
  checkpoint = g_build_filename (states, "checkpoint", NULL);
  g_object_set (trainer.element, "model-save-path", model, "checkpoint-path",
      checkpoint, NULL);
  trainer_push_pair (trainer_link (&trainer, "frame_0"), NULL, 0, 3);
  g_assert_true (g_file_test (models, G_FILE_TEST_IS_DIR));
  g_assert_true (g_file_test (states, G_FILE_TEST_IS_DIR));
  trainer_tear_down (&trainer);
}

static void
test_a_temporary_store_is_told_and_removed (void)
{
  Trainer trainer;
  g_autoptr (GstMessage) info = NULL;
  g_autoptr (GstStructure) stats = NULL;
  g_autofree gchar *folder = NULL;

  trainer_set_up (&trainer, "store", NULL, "trigger", 3, NULL);
  trainer_push_pair (trainer_link (&trainer, "frame_0"), NULL, 0, 3);
  info = trainer_await (&trainer, GST_MESSAGE_INFO, 0);
  g_assert_nonnull (info);
  g_object_get (trainer.element, "stats", &stats, NULL);
  folder = g_strdup (gst_structure_get_string (stats, "store"));
  g_assert_true (g_file_test (folder, G_FILE_TEST_IS_DIR));
  gst_element_set_state (trainer.element, GST_STATE_NULL);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  trainer_tear_down (&trainer);
}

int
main (int argc, char *argv[])
{
  test_start (&argc, &argv);

#define ADD(name, function)                                                    \
  g_test_add_func ("/sodtrainer-settings/" name, function)
  ADD ("what-cannot-be-is-told-at-the-start",
      test_what_cannot_be_is_told_at_the_start);
  ADD ("folders-of-its-files-are-made", test_folders_of_its_files_are_made);
  ADD ("a-temporary-store-is-told-and-removed",
      test_a_temporary_store_is_told_and_removed);
#undef ADD
  return test_finish ();
}
