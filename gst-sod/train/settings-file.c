/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings as files. */
#include <gst-sod/train/settings-private.h>

#include <string.h>

static GKeyFile *
to_key_file (GstSodTrainingSettings *self)
{
  GKeyFile *file = g_key_file_new ();

  for (guint i = 0; i < gst_sod_n_settings; i++) {
    const GstSodSetting *setting = &gst_sod_settings[i];
    const gchar *dot = strchr (setting->key, '.');
    g_autofree gchar *section =
        g_strndup (setting->key, (gsize) (dot - setting->key));
    g_autofree gchar *comment =
        gst_sod_training_settings_describe (setting->key, NULL);
    g_autofree gchar *line = g_strconcat (" ", comment, NULL);

    g_key_file_set_string (file, section, dot + 1,
        gst_sod_training_settings_peek (self, setting->key));
    g_key_file_set_comment (file, section, dot + 1, line, NULL);
  }
  return file;
}

/**
 * gst_sod_training_settings_to_string:
 * @self: settings
 *
 * Returns: (transfer full): all keys with their values, and what they do, as
 *   the text of a settings file
 *
 * Since: 0.1
 */
gchar *
gst_sod_training_settings_to_string (GstSodTrainingSettings *self)
{
  g_autoptr (GKeyFile) file = NULL;

  g_return_val_if_fail (GST_SOD_IS_TRAINING_SETTINGS (self), NULL);

  file = to_key_file (self);
  return g_key_file_to_data (file, NULL, NULL);
}

/**
 * gst_sod_training_settings_save_file:
 * @self: settings
 * @path: (type filename): a file, which is replaced at once or not at all
 * @error: return location for an error
 *
 * Writes all keys, those that are as the preset has them too, so that the file
 * says the same when presets change.
 *
 * Errors: %GST_SOD_ERROR_IO.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_settings_save_file (
    GstSodTrainingSettings *self, const gchar *path, GError **error)
{
  g_autofree gchar *text = NULL;
  g_autoptr (GError) failure = NULL;

  g_return_val_if_fail (GST_SOD_IS_TRAINING_SETTINGS (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  text = gst_sod_training_settings_to_string (self);
  if (g_file_set_contents_full (path, text, -1,
          G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666,
          &failure))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
      "cannot write the settings to %s: %s", path, failure->message);
  return FALSE;
}

static gboolean
apply_key (GstSodTrainingSettings *self, GKeyFile *file, const gchar *section,
    const gchar *word, GError **error)
{
  g_autofree gchar *key = g_strconcat (section, ".", word, NULL);
  g_autofree gchar *value = g_key_file_get_string (file, section, word, error);

  return value != NULL
         && gst_sod_training_settings_set (
             self, key, g_strstrip (value), error);
}

/* The preset first, whatever its place: it sets all others. */
static gboolean
apply (GstSodTrainingSettings *self, GKeyFile *file, GError **error)
{
  g_auto (GStrv) sections = g_key_file_get_groups (file, NULL);

  if (g_key_file_has_key (file, "run", "preset", NULL)
      && !apply_key (self, file, "run", "preset", error))
    return FALSE;
  for (guint i = 0; sections[i] != NULL; i++) {
    g_auto (GStrv) words = g_key_file_get_keys (file, sections[i], NULL, NULL);

    for (guint j = 0; words[j] != NULL; j++) {
      if (g_str_equal (sections[i], "run") && g_str_equal (words[j], "preset"))
        continue;
      if (!apply_key (self, file, sections[i], words[j], error))
        return FALSE;
    }
  }
  return TRUE;
}

/**
 * gst_sod_training_settings_load_string:
 * @self: settings
 * @name: where @text comes from, for messages
 * @text: the text of a settings file
 * @error: return location for an error
 *
 * Takes over the keys in @text; all others stay, but where the text names a
 * preset, which comes first.
 *
 * Errors: %GST_SOD_ERROR_FORMAT for text in another form, and as
 * gst_sod_training_settings_set().
 *
 * Returns: %TRUE, or %FALSE with @error set and nothing changed
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_settings_load_string (GstSodTrainingSettings *self,
    const gchar *name, const gchar *text, GError **error)
{
  g_autoptr (GKeyFile) file = NULL;
  g_autoptr (GstSodTrainingSettings) loaded = NULL;
  g_autoptr (GError) failure = NULL;

  g_return_val_if_fail (GST_SOD_IS_TRAINING_SETTINGS (self), FALSE);
  g_return_val_if_fail (name != NULL && text != NULL, FALSE);

  file = g_key_file_new ();
  if (!g_key_file_load_from_data (
          file, text, (gsize) -1, G_KEY_FILE_NONE, &failure)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "%s is not a settings file ([section] and key=value lines): %s", name,
        failure->message);
    return FALSE;
  }
  loaded = gst_sod_training_settings_copy (self);
  if (!apply (loaded, file, &failure)) {
    g_propagate_prefixed_error (
        error, g_steal_pointer (&failure), "%s: ", name);
    return FALSE;
  }
  gst_sod_training_settings_swap (self, loaded);
  return TRUE;
}

/**
 * gst_sod_training_settings_load_file:
 * @self: settings
 * @path: (type filename): a settings file
 * @error: return location for an error
 *
 * As gst_sod_training_settings_load_string().
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND, %GST_SOD_ERROR_IO, and as
 * gst_sod_training_settings_load_string().
 *
 * Returns: %TRUE, or %FALSE with @error set and nothing changed
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_settings_load_file (
    GstSodTrainingSettings *self, const gchar *path, GError **error)
{
  g_autofree gchar *text = NULL;
  g_autoptr (GError) failure = NULL;

  g_return_val_if_fail (GST_SOD_IS_TRAINING_SETTINGS (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  if (!g_file_get_contents (path, &text, NULL, &failure)) {
    g_set_error (error, GST_SOD_ERROR,
        g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)
            ? GST_SOD_ERROR_NOT_FOUND
            : GST_SOD_ERROR_IO,
        "cannot read the settings from %s: %s", path, failure->message);
    return FALSE;
  }
  return gst_sod_training_settings_load_string (self, path, text, error);
}
