/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/augmentation.h>

#include <string.h>

#include <gst-sod/data/augmentation-private.h>

typedef struct
{
  const gchar *name;
  gdouble min, max;
  gdouble effective, paper, none;
} Key;

/* By GstSodAugmentKey. All turns together stay under a quarter. */
static const Key keys[] = {
  { "flip", 0, 1, 0.5, 0.5, 0 },
  { "affine", 0, 1, 1, 0, 0 },
  { "scale-min", 0.1, 10, 0.7, 1, 1 },
  { "scale-max", 0.1, 10, 1.5, 1, 1 },
  { "aspect", 0, 1, 0.15, 0, 0 },
  { "rotation", 0, 45, 10, 0, 0 },
  { "shift", 0, 1, 0.3, 0, 0 },
  { "colour", 0, 1, 0.8, 0, 0 },
  { "contrast", 0, 1, 0.3, 0, 0 },
  { "brightness", 0, 1, 0.15, 0, 0 },
  { "saturation", 0, 1, 0.4, 0, 0 },
  { "grey", 0, 1, 0.05, 0, 0 },
  { "cast", 0, 1, 0.1, 0, 0 },
  { "noise", 0, 1, 0.3, 0, 0 },
  { "noise-sigma", 0, 1, 0.04, 0, 0 },
  { "jpeg", 0, 1, 0.1, 0, 0 },
  { "jpeg-quality", 1, 100, 30, 100, 100 },
  { "distance-min", 1, 10000, 20, 42, 42 },
  { "distance-max", 1, 10000, 200, 42, 42 },
  { "still-shift", 0, 1, 0.05, 0, 0 },
  { "still-scale", 0, 1, 0.03, 0, 0 },
  { "still-rotation", 0, 20, 1.5, 0, 0 },
  { "object", 0, 1, 0.5, 0, 0 },
  { "object-shift", 0, 1, 0.08, 0, 0 },
  { "object-scale", 0, 1, 0.05, 0, 0 },
  { "object-rotation", 0, 20, 3, 0, 0 },
};

G_STATIC_ASSERT (G_N_ELEMENTS (keys) == GST_SOD_AUGMENT_N);

G_DEFINE_BOXED_TYPE (GstSodAugmentation, gst_sod_augmentation,
    gst_sod_augmentation_copy, gst_sod_augmentation_free)

/**
 * gst_sod_augmentation_new:
 * @preset: "effective" (all of it), "paper" (only flips) or "none"
 * @error: return location for an error
 *
 * Makes a choice of augmentations.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a name that is no preset.
 *
 * Returns: (transfer full): the augmentation, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodAugmentation *
gst_sod_augmentation_new (const gchar *preset, GError **error)
{
  GstSodAugmentation *self;
  gsize column;

  g_return_val_if_fail (preset != NULL, NULL);

  if (strcmp (preset, "effective") == 0)
    column = G_STRUCT_OFFSET (Key, effective);
  else if (strcmp (preset, "paper") == 0)
    column = G_STRUCT_OFFSET (Key, paper);
  else if (strcmp (preset, "none") == 0)
    column = G_STRUCT_OFFSET (Key, none);
  else {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "no augmentation is called \"%s\"; there are effective, paper and none",
        preset);
    return NULL;
  }
  self = g_new0 (GstSodAugmentation, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    self->values[i] = G_STRUCT_MEMBER (gdouble, &keys[i], column);
  return self;
}

/**
 * gst_sod_augmentation_copy:
 * @self: an augmentation
 *
 * Returns: (transfer full): another with the same values
 *
 * Since: 0.1
 */
GstSodAugmentation *
gst_sod_augmentation_copy (const GstSodAugmentation *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_memdup2 (self, sizeof (*self));
}

/**
 * gst_sod_augmentation_free:
 * @self: (transfer full): an augmentation
 *
 * Since: 0.1
 */
void
gst_sod_augmentation_free (GstSodAugmentation *self)
{
  g_free (self);
}

static gint
find_key (const gchar *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    if (strcmp (keys[i].name, name) == 0)
      return (gint) i;
  }
  return -1;
}

/**
 * gst_sod_augmentation_set:
 * @self: an augmentation
 * @name: which value
 * @value: the value
 * @error: return location for an error
 *
 * Changes a value. Probabilities are 0 to 1; what is drawn is uniform in its
 * range, scales and aspects in their logarithm.
 *
 * - `flip`: probability of left and right changing places
 * - `affine`: probability of moving the frame; what comes in from outside is
 *   its reflection
 * - `scale-min`, `scale-max`: how large things become, 0.1 to 10
 * - `aspect`: how much they stretch: width over height is multiplied by at
 *   most 1 + `aspect`, or divided by it
 * - `rotation`: largest angle to either side, degrees, at most 45, on the
 *   network's input
 * - `shift`: largest way to either side, in halves of the frame's width and
 *   height
 * - `colour`: probability of changing colours, which the next five tell
 * - `contrast`: differences from middle gray are multiplied by 1 +- `contrast`
 * - `brightness`: this share of white is added or taken
 * - `saturation`: differences from gray are multiplied by 1 +- `saturation`
 * - `grey`: probability of no colour at all
 * - `cast`: red, green and blue are each multiplied by 1 +- `cast`
 * - `noise`: probability of Gaussian noise
 * - `noise-sigma`: its largest standard deviation, white = 1
 * - `jpeg`: probability of a loss through JPEG, at the picture's own size or
 *   twice the network's input, whichever is smaller
 * - `jpeg-quality`: its lowest quality, 1 to 100; the highest is 95
 * - `distance-min`, `distance-max`: from one frame to the one before it, ms,
 *   of networks of two frames
 * - `still-shift`, `still-scale`, `still-rotation`: how the frame before a
 *   still differs from it: shift in halves of the frame, 0 to 1, scale 1 +-
 *   this, 0 to 1, and degrees, 0 to 20
 * - `object`: probability that what a still's mask shows has moved against
 *   what is behind it, too
 * - `object-shift`, `object-scale`, `object-rotation`: how far, in the units
 *   and ranges of `still-`...
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a name that is none and a value
 * out of its range.
 *
 * Returns: whether it was set
 *
 * Since: 0.1
 */
gboolean
gst_sod_augmentation_set (
    GstSodAugmentation *self, const gchar *name, gdouble value, GError **error)
{
  gint key;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  key = find_key (name);
  if (key < 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "augmentation has no value called \"%s\"; see "
        "gst_sod_augmentation_set()",
        name);
    return FALSE;
  }
  if (!(value >= keys[key].min && value <= keys[key].max)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "%s of an augmentation is %g to %g, %g was given", name, keys[key].min,
        keys[key].max, value);
    return FALSE;
  }
  self->values[key] = value;
  return TRUE;
}

/* "name=value" */
static gboolean
set_pair (GstSodAugmentation *self, const gchar *pair, GError **error)
{
  const gchar *equals = strchr (pair, '=');
  g_autofree gchar *name = NULL;
  gchar *end = NULL;
  gdouble value;

  if (equals != NULL && equals[1] != '\0') {
    name = g_strndup (pair, (gsize) (equals - pair));
    value = g_ascii_strtod (equals + 1, &end);
    if (*end == '\0')
      return gst_sod_augmentation_set (self, name, value, error);
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "a change of an augmentation is name=value, as rotation=5, \"%s\" was "
      "found",
      pair);
  return FALSE;
}

/**
 * gst_sod_augmentation_set_from_string:
 * @self: an augmentation
 * @changes: "name=value" pairs with spaces between them, as
 *   gst_sod_augmentation_to_string() writes them; may be empty
 * @error: return location for an error
 *
 * Changes the values that are named, as gst_sod_augmentation_set() does, one
 * after the other. Those before one that is wrong are changed.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for what is no pair, a name that is
 * none and a value out of its range.
 *
 * Returns: whether all were set
 *
 * Since: 0.1
 */
gboolean
gst_sod_augmentation_set_from_string (
    GstSodAugmentation *self, const gchar *changes, GError **error)
{
  g_auto (GStrv) pairs = NULL;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (changes != NULL, FALSE);

  pairs = g_strsplit_set (changes, " \t", -1);
  for (gchar **pair = pairs; *pair != NULL; pair++) {
    if (**pair != '\0' && !set_pair (self, *pair, error))
      return FALSE;
  }
  return TRUE;
}

/**
 * gst_sod_augmentation_get:
 * @self: an augmentation
 * @name: which value, see gst_sod_augmentation_set()
 *
 * Returns: the value; a @name that is none is a programming error
 *
 * Since: 0.1
 */
gdouble
gst_sod_augmentation_get (const GstSodAugmentation *self, const gchar *name)
{
  gint key;

  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (name != NULL, 0);

  key = find_key (name);
  g_return_val_if_fail (key >= 0, 0);
  return self->values[key];
}

/**
 * gst_sod_augmentation_to_string:
 * @self: an augmentation
 *
 * Writes all values down, as a training records them.
 *
 * Returns: (transfer full): "name=value" pairs with a space between them
 *
 * Since: 0.1
 */
gchar *
gst_sod_augmentation_to_string (const GstSodAugmentation *self)
{
  GString *text;

  g_return_val_if_fail (self != NULL, NULL);

  text = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    gchar number[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf (text, "%s%s=%s", i > 0 ? " " : "", keys[i].name,
        g_ascii_formatd (number, sizeof (number), "%.9g", self->values[i]));
  }
  return g_string_free (text, FALSE);
}
