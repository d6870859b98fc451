/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of a training: what the presets hold, files, and what is refused. */
#include <string.h>

#include <glib/gstdio.h>
#include <gst-sod/train/settings-private.h>

/* Each line of the table of choices that a key stands for. */
static const struct
{
  const gchar *key, *effective, *paper;
} table[] = {
  { "base.architecture", "base", "paper" },
  { "base.loss", "structure", "bce" },
  { "base.edge-weight", "5", "5" },
  { "base.edge-window", "31", "31" },
  { "reverse.architecture", "reverse", "reverse" },
  { "reverse.growth", "0", "0" },
  { "reverse.loss", "l1-gradient", "l1" },
  { "reverse.gradient-weight", "0.1", "0.1" },
  { "base.optimiser", "adamw", "sgd" },
  { "base.learning-rate", "1.5e-3", "1e-3" },
  { "base.momentum", "0.9", "0.9" },
  { "base.weight-decay", "2e-2", "0" },
  { "base.warm-up", "200", "0" },
  { "base.decay", "poly", "none" },
  { "base.decay-power", "0.9", "0.9" },
  { "base.clip-norm", "1", "0" },
  { "base.average-decay", "0.999", "0" },
  { "reverse.optimiser", "adamw", "sgd" },
  { "reverse.learning-rate", "1.5e-3", "1e-3" },
  { "reverse.momentum", "0.9", "0.9" },
  { "reverse.decay-power", "0.9", "0.9" },
  { "data.batch-size", "16", "16" },
  { "data.small-width", "160", "160" },
  { "data.small-height", "96", "96" },
  { "data.small-share", "0.9", "0" },
  { "data.augmentation", "effective", "paper" },
  { "augmented.freeze-reverse", "yes", "no" },
  { "augmented.phase2-loss", "supervised+reconstruction", "reconstruction" },
  { "augmented.margin", "yes", "no" },
  { "augmented.noise", "0.1", "0" },
  { "augmented.pool", "yes", "no" },
  { "augmented.binarise", "0.5", "0" },
  { "semi-supervised.pseudo-labels", "confident", "average" },
  { "semi-supervised.min-confidence", "0.6", "0" },
  { "semi-supervised.min-area", "0.005", "0" },
  { "semi-supervised.max-area", "0.7", "1" },
  { "semi-supervised.distill", "yes", "no" },
  { "run.rounds", "3", "1" },
};

static GstSodTrainingSettings *
make (const gchar *preset)
{
  g_autoptr (GError) error = NULL;
  GstSodTrainingSettings *settings =
      gst_sod_training_settings_new (preset, &error);

  g_assert_no_error (error);
  return settings;
}

static void
test_presets (void)
{
  g_autoptr (GstSodTrainingSettings) effective = make (NULL);
  g_autoptr (GstSodTrainingSettings) paper = make ("paper");

  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_assert_cmpstr (gst_sod_training_settings_peek (effective, table[i].key),
        ==, table[i].effective);
    g_assert_cmpstr (gst_sod_training_settings_peek (paper, table[i].key), ==,
        table[i].paper);
  }
}

/* What the table offers as a default is itself a value that may be set. */
static void
test_defaults_are_in_range (void)
{
  g_autoptr (GstSodTrainingSettings) settings = make (NULL);

  for (guint i = 0; i < gst_sod_n_settings; i++) {
    const GstSodSetting *setting = &gst_sod_settings[i];
    g_autoptr (GError) error = NULL;

    gst_sod_training_settings_set (
        settings, setting->key, setting->effective, &error);
    g_assert_no_error (error);
    gst_sod_training_settings_set (
        settings, setting->key, setting->paper, &error);
    g_assert_no_error (error);
  }
}

static void
refuse (const gchar *key, const gchar *value, GstSodError code,
    const gchar *expected)
{
  g_autoptr (GstSodTrainingSettings) settings = make (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (gst_sod_training_settings_set (settings, key, value, &error));
  g_assert_error (error, GST_SOD_ERROR, (gint) code);
  g_assert_nonnull (strstr (error->message, key));
  g_assert_nonnull (strstr (error->message, expected));
  if (code == GST_SOD_ERROR_INVALID_ARGUMENT)
    g_assert_nonnull (strstr (error->message, value));
}

static void
test_refusals_name_key_expected_and_found (void)
{
  refuse (
      "base.loss", "hinge", GST_SOD_ERROR_INVALID_ARGUMENT, "structure|bce");
  refuse ("data.batch-size", "2.5", GST_SOD_ERROR_INVALID_ARGUMENT,
      "a whole number from 1 to 4096");
  refuse ("data.width", "330", GST_SOD_ERROR_INVALID_ARGUMENT,
      "a whole number from 0 to 8192 in steps of 16");
  refuse ("data.small-height", "100", GST_SOD_ERROR_INVALID_ARGUMENT,
      "a whole number from 16 to 8192 in steps of 16");
  refuse ("base.learning-rate", "-1", GST_SOD_ERROR_INVALID_ARGUMENT,
      "a number from 0 to 100");
  refuse ("base.learning-rate", "nan", GST_SOD_ERROR_INVALID_ARGUMENT,
      "a number from 0 to 100");
  refuse ("base.learning-rate", "1e-3x", GST_SOD_ERROR_INVALID_ARGUMENT,
      "a number from 0 to 100");
  refuse ("base.edge-weight", "-0.5", GST_SOD_ERROR_INVALID_ARGUMENT,
      "a number from 0 to 1000");
  refuse ("base.edge-window", "30", GST_SOD_ERROR_INVALID_ARGUMENT,
      "a whole number from 1 to 639 in steps of 2");
  refuse ("base.edge-window", "641", GST_SOD_ERROR_INVALID_ARGUMENT,
      "a whole number from 1 to 639 in steps of 2");
  refuse ("reverse.growth", "20", GST_SOD_ERROR_INVALID_ARGUMENT,
      "a whole number from 0 to 1024 in steps of 8");
  refuse ("reverse.gradient-weight", "much", GST_SOD_ERROR_INVALID_ARGUMENT,
      "a number from 0 to 1000");
  refuse ("reverse.decay-power", "11", GST_SOD_ERROR_INVALID_ARGUMENT,
      "a number from 0 to 10");
  refuse ("augmented.pool", "maybe", GST_SOD_ERROR_INVALID_ARGUMENT, "yes|no");
  refuse ("data.augmentation-changes", "rotation=46",
      GST_SOD_ERROR_INVALID_ARGUMENT, "0 to 45");
  refuse ("data.augmentation-changes", "sparkle=1",
      GST_SOD_ERROR_INVALID_ARGUMENT, "sparkle");
  refuse ("run.batch-size", "8", GST_SOD_ERROR_NOT_FOUND, "data.batch-size");
}

static void
test_files_keep_all (void)
{
  g_autofree gchar *folder = g_dir_make_tmp ("sod-settings-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "settings.ini", NULL);
  g_autoptr (GstSodTrainingSettings) settings = make ("paper");
  g_autoptr (GstSodTrainingSettings) loaded = NULL;
  g_autoptr (GError) error = NULL;

  gst_sod_training_settings_set (settings, "base.loss", "structure", &error);
  g_assert_no_error (error);
  gst_sod_training_settings_set (
      settings, "run.checkpoint-path", "/tmp/a ; # b=c", &error);
  g_assert_no_error (error);
  g_assert_true (gst_sod_training_settings_save_file (settings, path, &error));
  g_assert_no_error (error);
  loaded = gst_sod_training_settings_new_from_file (path, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < gst_sod_n_settings; i++) {
    const gchar *key = gst_sod_settings[i].key;

    g_assert_cmpstr (gst_sod_training_settings_peek (loaded, key), ==,
        gst_sod_training_settings_peek (settings, key));
  }
  g_remove (path);
  g_rmdir (folder);
}

static void
test_files_start_from_their_preset (void)
{
  g_autoptr (GstSodTrainingSettings) settings = make (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (gst_sod_training_settings_load_string (settings, "text",
      "[base]\nloss=structure\n[run]\nseed=7\npreset=paper\n", &error));
  g_assert_no_error (error);
  g_assert_cmpstr (
      gst_sod_training_settings_peek (settings, "base.loss"), ==, "structure");
  g_assert_cmpstr (
      gst_sod_training_settings_peek (settings, "base.optimiser"), ==, "sgd");
  g_assert_cmpint (
      gst_sod_training_settings_get_integer (settings, "run.seed"), ==, 7);
}

static void
test_bad_files_change_nothing (void)
{
  g_autoptr (GstSodTrainingSettings) settings = make (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (gst_sod_training_settings_load_string (
      settings, "mine.ini", "[run]\nseed=7\n[base]\nloss=hinge\n", &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "mine.ini"));
  g_assert_cmpint (
      gst_sod_training_settings_get_integer (settings, "run.seed"), ==, 1);
  g_clear_error (&error);
  g_assert_false (gst_sod_training_settings_load_string (
      settings, "mine.ini", "no section\n", &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT);
  g_clear_error (&error);
  g_assert_null (
      gst_sod_training_settings_new_from_file ("/nowhere/at/all", &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND);
}

/* docs/training.md has a line "| `key` | `effective` | `paper` | ..." for each
 * key, with nothing between the bars for an empty value. */
static void
test_documentation_has_all (void)
{
  g_autofree gchar *path = g_build_filename (
      g_getenv ("SOD_SOURCE_DIR"), "docs", "training.md", NULL);
  g_autofree gchar *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < gst_sod_n_settings; i++) {
    const GstSodSetting *setting = &gst_sod_settings[i];
    const gchar *quote = *setting->effective != '\0' ? "`" : "";
    g_autofree gchar *line = g_strdup_printf ("\n| `%s` | %s%s%s | %s%s%s | %s",
        setting->key, quote, setting->effective, quote, quote, setting->paper,
        quote, setting->text);

    g_test_message ("%s", line + 1);
    g_assert_nonnull (strstr (text, line));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/settings/presets/hold-the-table", test_presets);
  g_test_add_func (
      "/settings/presets/are-in-range", test_defaults_are_in_range);
  g_test_add_func ("/settings/set/refusals-name-key-expected-and-found",
      test_refusals_name_key_expected_and_found);
  g_test_add_func ("/settings/file/keeps-all", test_files_keep_all);
  g_test_add_func ("/settings/file/starts-from-its-preset",
      test_files_start_from_their_preset);
  g_test_add_func (
      "/settings/file/bad-ones-change-nothing", test_bad_files_change_nothing);
  g_test_add_func (
      "/settings/documentation-has-all", test_documentation_has_all);
  return g_test_run ();
}
