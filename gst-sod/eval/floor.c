/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/eval/floor.h>

#include <gst-sod/core/image-private.h>
#include <math.h>
#include <string.h>

#define TRUTH_LEVEL 128

typedef enum
{
  FLOOR_ZERO,
  FLOOR_CENTRE,
  FLOOR_FIRST,
  FLOOR_MEAN,
  FLOOR_NEAREST
} FloorKind;

struct _GstSodFloor
{
  GObject parent;

  FloorKind kind;
  guint step; /* of FLOOR_NEAREST: every so many-th truth is known */
  guint n_frames;
  GstSodFloorTruthFunc read;
  gpointer user_data;
  GDestroyNotify destroy;

  GMutex lock;
  GstSodImage *mean; /* of FLOOR_MEAN, once it was asked for */
};

G_DEFINE_FINAL_TYPE (GstSodFloor, gst_sod_floor, G_TYPE_OBJECT)

static void
gst_sod_floor_finalize (GObject *object)
{
  GstSodFloor *self = GST_SOD_FLOOR (object);

  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_clear_pointer (&self->mean, gst_sod_image_unref);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_sod_floor_parent_class)->finalize (object);
}

static void
gst_sod_floor_class_init (GstSodFloorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_floor_finalize;
}

static void
gst_sod_floor_init (GstSodFloor *self)
{
  g_mutex_init (&self->lock);
}

/* "nearest:0.1" -> 10. */
static gboolean
parse_step (const gchar *name, guint *step)
{
  const gchar *text = strchr (name, ':');
  gchar *end;
  gdouble fraction;

  if (text == NULL)
    return FALSE;
  fraction = g_ascii_strtod (text + 1, &end);
  if (end == text + 1 || *end != '\0' || !(fraction > 1e-6 && fraction <= 1))
    return FALSE;
  *step = (guint) lround (1 / fraction);
  return TRUE;
}

static gboolean
parse (const gchar *name, FloorKind *kind, guint *step, GError **error)
{
  static const gchar *const names[] = { "zero", "centre", "first", "mean" };

  *step = 0;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_str_equal (name, names[i])) {
      *kind = i;
      return TRUE;
    }
  }
  if (g_str_has_prefix (name, "nearest:") && parse_step (name, step)) {
    *kind = FLOOR_NEAREST;
    return TRUE;
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "there is no floor \"%s\": there are zero, centre, first, mean and "
      "nearest:F, where F is the share of truths that are known, as in "
      "nearest:0.1",
      name);
  return FALSE;
}

/**
 * gst_sod_floor_check:
 * @name: `zero`, `centre`, `first`, `mean` or `nearest:F` with 0 < F <= 1
 * @stills: whether the images are stills
 * @error: return location for an error
 *
 * Checks the name of a floor: only `zero` and `centre` make sense on stills.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_floor_check (const gchar *name, gboolean stills, GError **error)
{
  FloorKind kind;
  guint step;

  g_return_val_if_fail (name != NULL, FALSE);

  if (!parse (name, &kind, &step, error))
    return FALSE;
  if (!stills || kind == FLOOR_ZERO || kind == FLOOR_CENTRE)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "the floor \"%s\" copies truths along a sequence, these are stills: use "
      "zero or centre",
      name);
  return FALSE;
}

/**
 * gst_sod_floor_new:
 * @name: as in gst_sod_floor_check(). `zero`: an empty map. `centre`: a
 *   Gaussian in the middle whose standard deviations are a quarter of the width
 *   and of the height. `first`: the first truth of the sequence. `mean`: the
 *   mean of its truths, which nobody can know before. `nearest:F`: every
 *   round(1 / F)-th truth, from the first on, is known, and the nearest known
 *   one is copied, the earlier of two
 * @n_frames: frames of the sequence that have a truth
 * @read: (scope notified) (closure user_data) (destroy destroy): reads a truth
 * @user_data: for @read
 * @destroy: (nullable): frees @user_data
 * @error: return location for an error
 *
 * Makes the predictor of one sequence.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a name that is not known;
 * @user_data is taken in any case.
 *
 * Returns: (transfer full): the floor, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodFloor *
gst_sod_floor_new (const gchar *name, guint n_frames, GstSodFloorTruthFunc read,
    gpointer user_data, GDestroyNotify destroy, GError **error)
{
  g_autoptr (GstSodFloor) self = NULL;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (read != NULL, NULL);

  self = g_object_new (GST_SOD_TYPE_FLOOR, NULL);
  self->n_frames = n_frames;
  self->read = read;
  self->user_data = user_data;
  self->destroy = destroy;
  if (!parse (name, &self->kind, &self->step, error))
    return NULL;
  return g_steal_pointer (&self);
}

static void
fill_centre (GstSodImage *map)
{
  for (gint y = 0; y < map->height; y++) {
    guint8 *row = gst_sod_image_gray_row (map, y);
    gdouble dy = (y + 0.5 - map->height / 2.0) / (map->height / 4.0);

    for (gint x = 0; x < map->width; x++) {
      gdouble dx = (x + 0.5 - map->width / 2.0) / (map->width / 4.0);

      row[x] = (guint8) (255 * exp (-(dx * dx + dy * dy) / 2) + 0.5);
    }
  }
}

/* Adds the foreground of @truth to @sums, (height, width). */
static gboolean
add_truth (GstSodFloor *self, guint frame, gint width, gint height,
    guint32 *sums, GError **error)
{
  g_autoptr (GstSodImage) truth = self->read (frame, self->user_data, error);

  if (truth == NULL)
    return FALSE;
  if (truth->width != width || truth->height != height) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "truth %u of a sequence is %dx%d, the first one %dx%d: there is no "
        "mean of different sizes",
        frame, truth->width, truth->height, width, height);
    return FALSE;
  }
  for (gint y = 0; y < height; y++) {
    const guint8 *row = gst_sod_image_gray_row (truth, y);

    for (gint x = 0; x < width; x++)
      sums[(gsize) y * width + x] += row[x] > TRUTH_LEVEL;
  }
  return TRUE;
}

/* How often each pixel was foreground, of @n frames. Measures stretch a map to
 * 0..1, so that codes in the ratio of the counts hold the mean exactly, which
 * rounded ones do not; that they fit is so for up to 255 frames. A map of one
 * value is not stretched, and rounded as any other. */
static void
fill_mean (GstSodImage *mean, const guint32 *sums, guint n)
{
  gsize n_pixels = (gsize) mean->width * mean->height, i = 0;
  gdouble scale;

  while (i < n_pixels && sums[i] == sums[0])
    i++;
  scale = n <= 255 && i < n_pixels ? 255 / n : 255.0 / n;
  for (gint y = 0; y < mean->height; y++) {
    guint8 *row = gst_sod_image_gray_row (mean, y);

    for (gint x = 0; x < mean->width; x++)
      row[x] = (guint8) (sums[(gsize) y * mean->width + x] * scale + 0.5);
  }
}

static GstSodImage *
make_mean (GstSodFloor *self, GError **error)
{
  g_autoptr (GstSodImage) first = self->read (0, self->user_data, error);
  g_autoptr (GstSodImage) mean = NULL;
  g_autofree guint32 *sums = NULL; /* (height, width) */

  if (first == NULL)
    return NULL;
  mean = gst_sod_image_new_gray (first->width, first->height, error);
  if (mean == NULL)
    return NULL;
  sums = g_new0 (guint32, (gsize) mean->width * mean->height);
  for (guint i = 0; i < self->n_frames; i++) {
    if (!add_truth (self, i, mean->width, mean->height, sums, error))
      return NULL;
  }
  fill_mean (mean, sums, self->n_frames);
  return g_steal_pointer (&mean);
}

static GstSodImage *
get_mean (GstSodFloor *self, GError **error)
{
  GstSodImage *mean = NULL;

  g_mutex_lock (&self->lock);
  if (self->mean == NULL)
    self->mean = make_mean (self, error);
  if (self->mean != NULL)
    mean = gst_sod_image_ref (self->mean);
  g_mutex_unlock (&self->lock);
  return mean;
}

static guint
find_nearest (const GstSodFloor *self, guint frame)
{
  guint known = frame / self->step * self->step;
  guint next = known + self->step;

  return next < self->n_frames && next - frame < frame - known ? next : known;
}

static GstSodImage *
draw (GstSodFloor *self, guint frame, GError **error)
{
  g_autoptr (GstSodImage) truth = self->read (frame, self->user_data, error);
  g_autoptr (GstSodImage) map = NULL;

  if (truth == NULL)
    return NULL;
  map = gst_sod_image_new_gray (truth->width, truth->height, error);
  if (map == NULL)
    return NULL;
  if (self->kind == FLOOR_CENTRE)
    fill_centre (map);
  return g_steal_pointer (&map);
}

/**
 * gst_sod_floor_predict:
 * @self: a floor
 * @frame: index of a frame
 * @error: return location for an error
 *
 * Makes the map of a frame, of the size of the truth that it is made of.
 *
 * Errors: those of the function that reads truths, %GST_SOD_ERROR_MISMATCH
 * where a mean is asked for of truths of different sizes,
 * %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the map, 8-bit gray, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodImage *
gst_sod_floor_predict (GstSodFloor *self, guint frame, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_FLOOR (self), NULL);
  g_return_val_if_fail (frame < self->n_frames, NULL);

  switch (self->kind) {
    case FLOOR_FIRST:
      return self->read (0, self->user_data, error);
    case FLOOR_MEAN:
      return get_mean (self, error);
    case FLOOR_NEAREST:
      return self->read (find_nearest (self, frame), self->user_data, error);
    default:
      return draw (self, frame, error);
  }
}
