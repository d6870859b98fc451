/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/augmentation.h>
#include <gst-sod/train/settings-private.h>

#include <math.h>
#include <string.h>

struct _GstSodTrainingSettings
{
  GObject parent;
  gchar **values; /* one for each of gst_sod_settings[] */
};

G_DEFINE_FINAL_TYPE (
    GstSodTrainingSettings, gst_sod_training_settings, G_TYPE_OBJECT)

static void
gst_sod_training_settings_finalize (GObject *object)
{
  GstSodTrainingSettings *self = GST_SOD_TRAINING_SETTINGS (object);

  g_strfreev (self->values);
  G_OBJECT_CLASS (gst_sod_training_settings_parent_class)->finalize (object);
}

static void
gst_sod_training_settings_class_init (GstSodTrainingSettingsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_training_settings_finalize;
}

static void
apply_preset (GstSodTrainingSettings *self, gboolean paper)
{
  for (guint i = 0; i < gst_sod_n_settings; i++) {
    const GstSodSetting *setting = &gst_sod_settings[i];

    g_free (self->values[i]);
    self->values[i] = g_strdup (paper ? setting->paper : setting->effective);
  }
}

static void
gst_sod_training_settings_init (GstSodTrainingSettings *self)
{
  self->values = g_new0 (gchar *, gst_sod_n_settings + 1);
  apply_preset (self, FALSE);
}

/* ---- keys and what they may be ---- */

static gint
find_key (const gchar *key)
{
  for (guint i = 0; i < gst_sod_n_settings; i++) {
    if (g_str_equal (gst_sod_settings[i].key, key))
      return (gint) i;
  }
  return -1;
}

/* The key that is most like @key: the same word in another section, or the
 * same section. */
static const gchar *
find_similar (const gchar *key)
{
  const gchar *dot = strchr (key, '.');
  const gchar *word = dot != NULL ? dot + 1 : key;

  for (guint i = 0; i < gst_sod_n_settings; i++) {
    if (g_str_equal (strchr (gst_sod_settings[i].key, '.') + 1, word))
      return gst_sod_settings[i].key;
  }
  for (guint i = 0; dot != NULL && i < gst_sod_n_settings; i++) {
    if (strncmp (gst_sod_settings[i].key, key, (gsize) (word - key)) == 0)
      return gst_sod_settings[i].key;
  }
  return gst_sod_settings[0].key;
}

static gint
require_key (const gchar *key, GError **error)
{
  gint index = find_key (key);

  if (index < 0)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
        "there is no setting \"%s\": did you mean \"%s\"? A settings file that "
        "gst-sod wrote names all there are",
        key, find_similar (key));
  return index;
}

static gboolean
is_word (const gchar *words, const gchar *value)
{
  g_auto (GStrv) list = g_strsplit (words, "|", -1);

  return g_strv_contains ((const gchar *const *) list, value);
}

static gboolean
is_number (const GstSodSetting *setting, const gchar *value)
{
  gchar *end = NULL;
  gdouble number = g_ascii_strtod (value, &end);

  return end != value && *end == '\0' && isfinite (number)
         && number >= setting->min && number <= setting->max
         && (setting->type == GST_SOD_SETTING_NUMBER
             || fmod (number - setting->min, setting->step) == 0);
}

/* "one of effective|paper", "a number from 0 to 1". */
static gchar *
describe_range (const GstSodSetting *setting)
{
  switch (setting->type) {
    case GST_SOD_SETTING_FLAG:
    case GST_SOD_SETTING_WORD:
      return g_strdup_printf ("one of %s", setting->words);
    case GST_SOD_SETTING_INTEGER:
      if (setting->step > 1)
        return g_strdup_printf ("a whole number from %g to %g in steps of %g",
            setting->min, setting->max, setting->step);
      return g_strdup_printf (
          "a whole number from %g to %g", setting->min, setting->max);
    case GST_SOD_SETTING_NUMBER:
      return g_strdup_printf (
          "a number from %g to %g", setting->min, setting->max);
    case GST_SOD_SETTING_CHANGES:
      return g_strdup ("name=value name=value");
    default:
      return g_strdup ("a line of text");
  }
}

static gboolean
check_changes (const GstSodSetting *setting, const gchar *value, GError **error)
{
  g_autoptr (GstSodAugmentation) any = gst_sod_augmentation_new ("none", NULL);

  if (gst_sod_augmentation_set_from_string (any, value, error))
    return TRUE;
  g_prefix_error (error, "setting %s, \"%s\": ", setting->key, value);
  return FALSE;
}

static gboolean
check_value (const GstSodSetting *setting, const gchar *value, GError **error)
{
  g_autofree gchar *range = NULL;
  gboolean good;

  switch (setting->type) {
    case GST_SOD_SETTING_FLAG:
    case GST_SOD_SETTING_WORD:
      good = is_word (setting->words, value);
      break;
    case GST_SOD_SETTING_INTEGER:
    case GST_SOD_SETTING_NUMBER:
      good = is_number (setting, value);
      break;
    case GST_SOD_SETTING_CHANGES:
      return check_changes (setting, value, error);
    default:
      good = g_utf8_validate (value, -1, NULL);
  }
  if (good)
    return TRUE;
  range = describe_range (setting);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "setting %s (%s) is %s, \"%s\" was found", setting->key, setting->text,
      range, value);
  return FALSE;
}

/* ---- for the phases ---- */

const gchar *
gst_sod_training_settings_peek (GstSodTrainingSettings *self, const gchar *key)
{
  gint index = find_key (key);

  g_assert (index >= 0);
  return self->values[index];
}

gdouble
gst_sod_training_settings_get_number (
    GstSodTrainingSettings *self, const gchar *key)
{
  return g_ascii_strtod (gst_sod_training_settings_peek (self, key), NULL);
}

gint64
gst_sod_training_settings_get_integer (
    GstSodTrainingSettings *self, const gchar *key)
{
  return (gint64) gst_sod_training_settings_get_number (self, key);
}

gboolean
gst_sod_training_settings_is (
    GstSodTrainingSettings *self, const gchar *key, const gchar *word)
{
  gint index = find_key (key);

  g_assert (index >= 0 && is_word (gst_sod_settings[index].words, word));
  return g_str_equal (self->values[index], word);
}

gboolean
gst_sod_training_settings_get_flag (
    GstSodTrainingSettings *self, const gchar *key)
{
  return gst_sod_training_settings_is (self, key, "yes");
}

void
gst_sod_training_settings_swap (
    GstSodTrainingSettings *self, GstSodTrainingSettings *other)
{
  gchar **values = self->values;

  self->values = other->values;
  other->values = values;
}

/* ---- public ---- */

/**
 * gst_sod_training_settings_new:
 * @preset: (nullable): "effective" or "paper"; %NULL for "effective"
 * @error: return location for an error
 *
 * Makes settings with all keys as the preset has them.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a preset that there is none of.
 *
 * Returns: (transfer full): the settings, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodTrainingSettings *
gst_sod_training_settings_new (const gchar *preset, GError **error)
{
  g_autoptr (GstSodTrainingSettings) self =
      g_object_new (GST_SOD_TYPE_TRAINING_SETTINGS, NULL);

  if (preset != NULL
      && !gst_sod_training_settings_set (self, "run.preset", preset, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gst_sod_training_settings_new_from_file:
 * @path: (type filename): a settings file
 * @error: return location for an error
 *
 * As gst_sod_training_settings_load_file() into new settings.
 *
 * Errors: as gst_sod_training_settings_load_file().
 *
 * Returns: (transfer full): the settings, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodTrainingSettings *
gst_sod_training_settings_new_from_file (const gchar *path, GError **error)
{
  g_autoptr (GstSodTrainingSettings) self =
      g_object_new (GST_SOD_TYPE_TRAINING_SETTINGS, NULL);

  if (!gst_sod_training_settings_load_file (self, path, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * gst_sod_training_settings_copy:
 * @self: settings
 *
 * Returns: (transfer full): settings of the same values
 *
 * Since: 0.1
 */
GstSodTrainingSettings *
gst_sod_training_settings_copy (GstSodTrainingSettings *self)
{
  GstSodTrainingSettings *copy;

  g_return_val_if_fail (GST_SOD_IS_TRAINING_SETTINGS (self), NULL);

  copy = g_object_new (GST_SOD_TYPE_TRAINING_SETTINGS, NULL);
  g_strfreev (copy->values);
  copy->values = g_strdupv (self->values);
  return copy;
}

/**
 * gst_sod_training_settings_set:
 * @self: settings
 * @key: "section.key", as "base.learning-rate"
 * @value: the value, as it stands in a file
 * @error: return location for an error
 *
 * Sets one key. "run.preset" sets all others too.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND for a key that there is none of,
 * %GST_SOD_ERROR_INVALID_ARGUMENT for a value of another type or outside its
 * range.
 *
 * Returns: %TRUE, or %FALSE with @error set and nothing changed
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_settings_set (GstSodTrainingSettings *self, const gchar *key,
    const gchar *value, GError **error)
{
  gint index;

  g_return_val_if_fail (GST_SOD_IS_TRAINING_SETTINGS (self), FALSE);
  g_return_val_if_fail (key != NULL && value != NULL, FALSE);

  index = require_key (key, error);
  if (index < 0 || !check_value (&gst_sod_settings[index], value, error))
    return FALSE;
  if (g_str_equal (key, "run.preset"))
    apply_preset (self, g_str_equal (value, "paper"));
  g_free (self->values[index]);
  self->values[index] = g_strdup (value);
  return TRUE;
}

/**
 * gst_sod_training_settings_get:
 * @self: settings
 * @key: "section.key", as "base.learning-rate"
 * @error: return location for an error
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND for a key that there is none of.
 *
 * Returns: (transfer full): the value, as it stands in a file, or %NULL with
 *   @error set
 *
 * Since: 0.1
 */
gchar *
gst_sod_training_settings_get (
    GstSodTrainingSettings *self, const gchar *key, GError **error)
{
  gint index;

  g_return_val_if_fail (GST_SOD_IS_TRAINING_SETTINGS (self), NULL);
  g_return_val_if_fail (key != NULL, NULL);

  index = require_key (key, error);
  return index < 0 ? NULL : g_strdup (self->values[index]);
}

/**
 * gst_sod_training_settings_list_keys:
 *
 * Returns: (transfer full) (array zero-terminated=1): all keys there are, as
 *   "section.key", in the order of a file
 *
 * Since: 0.1
 */
gchar **
gst_sod_training_settings_list_keys (void)
{
  gchar **keys = g_new0 (gchar *, gst_sod_n_settings + 1);

  for (guint i = 0; i < gst_sod_n_settings; i++)
    keys[i] = g_strdup (gst_sod_settings[i].key);
  return keys;
}

/**
 * gst_sod_training_settings_describe:
 * @key: "section.key"
 * @error: return location for an error
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND for a key that there is none of.
 *
 * Returns: (transfer full): a line that says what the key does and may be, or
 *   %NULL with @error set
 *
 * Since: 0.1
 */
gchar *
gst_sod_training_settings_describe (const gchar *key, GError **error)
{
  g_autofree gchar *range = NULL;
  gint index;

  g_return_val_if_fail (key != NULL, NULL);

  index = require_key (key, error);
  if (index < 0)
    return NULL;
  range = describe_range (&gst_sod_settings[index]);
  return g_strdup_printf ("%s (%s)", gst_sod_settings[index].text, range);
}
