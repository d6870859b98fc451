/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several networks' maps of one frame made one, and how much they agree. */
#include <gst-sod/run/ensemble-private.h>

#include <gst-sod/core/image-private.h>
#include <gst-sod/run/resample-private.h>

#define BLOCK GST_SOD_ENSEMBLE_BLOCK
#define MAX_MAPS GST_SOD_ENSEMBLE_MAX_MAPS

struct _GstSodEnsemble
{
  GObject parent;

  GstSodEnsembleMethod method;
  GstSodResampler resamplers[MAX_MAPS];
  gfloat *rows; /* (n_maps, width): one row of all maps, as large as the
                   combined one */
  gsize n_rows; /* elements of rows */
  gdouble disagreement, confidence;
};

G_DEFINE_TYPE (GstSodEnsemble, gst_sod_ensemble, G_TYPE_OBJECT)

void
gst_sod_ensemble_rule_init (GstSodEnsembleRule *self,
    GstSodEnsembleMethod method, const gdouble *weights, guint n_maps)
{
  gboolean weighted = weights != NULL
                      && (method == GST_SOD_ENSEMBLE_WEIGHTED
                          || method == GST_SOD_ENSEMBLE_CONFIDENT);

  self->method = method;
  self->n_maps = n_maps;
  self->total = 0;
  for (guint i = 0; i < n_maps; i++) {
    self->weights[i] = weighted ? (gfloat) MAX (weights[i], 0) : 1;
    self->total += self->weights[i];
  }
  if (self->total > 0)
    return;
  for (guint i = 0; i < n_maps; i++)
    self->weights[i] = 1;
  self->total = n_maps;
}

/**
 * gst_sod_ensemble_combine: (skip)
 * @method: how
 * @maps: @n_maps maps of @n_pixels values each, 0 = background to 1 = salient
 * @weights: (nullable): how much each map counts with a method that weighs
 *   them, 0 or more; %NULL, or all of them 0, for all the same
 * @n_maps: 1 to %GST_SOD_ENSEMBLE_MAX_MAPS
 * @n_pixels: pixels of each map
 * @map: gets the combined map, 0 to 1; not one of @maps
 * @confidence: (nullable): gets how sure each pixel is, 0 to 1
 * @disagreement: (out) (optional): gets the mean over the pixels of twice the
 *   standard deviation over the maps: 0 where all maps are the same, 1 where
 *   half of them say 0 and half 1 everywhere
 *
 * Combines maps, pixel by pixel. With the weights w (all the same with
 * %GST_SOD_ENSEMBLE_AVERAGE and %GST_SOD_ENSEMBLE_MEDIAN) and W their sum:
 *
 * - mean m = sum (w * map) / W; the combined map p is m, or the median;
 * - standard deviation s = sqrt (sum (w * (map - m)^2) / W), 0 to 0.5;
 * - confidence = abs (2 * p - 1) * (1 - 2 * s): the weight of a pixel as a
 *   pseudo-label; with weights it is that of `confident`, without that of an
 *   average.
 *
 * %GST_SOD_ENSEMBLE_CONFIDENT gives the map of %GST_SOD_ENSEMBLE_WEIGHTED here:
 * what it adds is in @confidence. Pure arithmetic; thread-safe.
 *
 * Since: 0.1
 */
void
gst_sod_ensemble_combine (GstSodEnsembleMethod method,
    const gfloat *const *maps, const gdouble *weights, guint n_maps,
    gsize n_pixels, gfloat *map, gfloat *confidence, gdouble *disagreement)
{
  GstSodEnsembleRule rule;
  gdouble sum = 0;

  g_return_if_fail (maps != NULL && map != NULL);
  g_return_if_fail (n_maps >= 1 && n_maps <= MAX_MAPS);

  gst_sod_ensemble_rule_init (&rule, method, weights, n_maps);
  for (gsize first = 0; first < n_pixels; first += BLOCK) {
    gsize count = MIN (BLOCK, n_pixels - first);
    gfloat value[BLOCK], spread[BLOCK];

    gst_sod_ensemble_block (&rule, maps, first, count, value, spread);
    if (confidence != NULL)
      gst_sod_ensemble_measure_confidence (
          value, spread, count, 1, confidence + first);
    for (gsize x = 0; x < count; x++)
      map[first + x] = value[x];
    sum += gst_sod_sum_f32 (spread, count);
  }
  if (disagreement != NULL)
    *disagreement = n_pixels > 0 ? 2 * sum / (gdouble) n_pixels : 0;
}

/* ---- pictures ---- */

static void
gst_sod_ensemble_finalize (GObject *object)
{
  GstSodEnsemble *self = GST_SOD_ENSEMBLE (object);

  for (guint i = 0; i < MAX_MAPS; i++)
    gst_sod_resampler_clear (&self->resamplers[i]);
  g_free (self->rows);
  G_OBJECT_CLASS (gst_sod_ensemble_parent_class)->finalize (object);
}

static void
gst_sod_ensemble_class_init (GstSodEnsembleClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_ensemble_finalize;
}

static void
gst_sod_ensemble_init (GstSodEnsemble *self)
{
}

/**
 * gst_sod_ensemble_new:
 * @method: how maps are combined
 *
 * Returns: (transfer full): what combines pictures
 *
 * Since: 0.1
 */
GstSodEnsemble *
gst_sod_ensemble_new (GstSodEnsembleMethod method)
{
  GstSodEnsemble *self = g_object_new (GST_SOD_TYPE_ENSEMBLE, NULL);

  self->method = method;
  return self;
}

/**
 * gst_sod_ensemble_set_method:
 * @self: an ensemble
 * @method: how maps are combined from now on
 *
 * Chooses another method.
 *
 * Since: 0.1
 */
void
gst_sod_ensemble_set_method (GstSodEnsemble *self, GstSodEnsembleMethod method)
{
  g_return_if_fail (GST_SOD_IS_ENSEMBLE (self));

  self->method = method;
}

static gboolean
check_gray (const GstSodImage *image, const gchar *what, GError **error)
{
  const GstSodComponent *gray = &image->components[0];

  if (image->n_components == 1 && gray->sample_size == 1 && gray->depth == 8
      && gray->shift == 0 && image->width >= 1 && image->height >= 1)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "%s is an 8-bit gray picture, this one has %u components of %u bits and "
      "%dx%d pixels; convert it to GRAY8",
      what, image->n_components, gray->depth, image->width, image->height);
  return FALSE;
}

static gboolean
check_images (const GstSodImage *const *maps, guint n_maps,
    const GstSodImage *map, const GstSodImage *disagreement, GError **error)
{
  for (guint i = 0; i < n_maps; i++) {
    if (!check_gray (maps[i], "a map of an ensemble", error))
      return FALSE;
  }
  if (!check_gray (map, "the map of an ensemble", error))
    return FALSE;
  if (disagreement == NULL)
    return TRUE;
  if (!check_gray (disagreement, "the map of the disagreement", error))
    return FALSE;
  if (disagreement->width == map->width && disagreement->height == map->height)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "the map of the disagreement has %dx%d pixels, that of the ensemble "
      "%dx%d; make them the same",
      disagreement->width, disagreement->height, map->width, map->height);
  return FALSE;
}

/* Room for a row of each map, and the way of each to the combined size. */
static gboolean
prepare (GstSodEnsemble *self, const GstSodImage *const *maps, guint n_maps,
    const GstSodImage *map, GError **error)
{
  gsize n = (gsize) n_maps * map->width;

  if (n > self->n_rows) {
    g_free (self->rows);
    self->rows = g_try_new (gfloat, n);
    self->n_rows = self->rows != NULL ? n : 0;
    if (self->rows == NULL) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
          "no memory to combine %u maps of %d columns", n_maps, map->width);
      return FALSE;
    }
  }
  for (guint i = 0; i < n_maps; i++) {
    if (!gst_sod_resampler_prepare (&self->resamplers[i],
            &maps[i]->components[0], map->width, map->height, error))
      return FALSE;
  }
  return TRUE;
}

/* Combines one row, in codes; adds what is summed up. */
static void
combine_row (GstSodEnsemble *self, const GstSodEnsembleRule *rule, gint width,
    guint8 *map, guint8 *disagreement)
{
  const gfloat *rows[MAX_MAPS];

  for (guint i = 0; i < rule->n_maps; i++)
    rows[i] = self->rows + (gsize) i * width;
  for (gint x = 0; x < width; x += BLOCK) {
    gsize count = MIN (BLOCK, width - x);
    gfloat value[BLOCK], spread[BLOCK], confidence[BLOCK];

    gst_sod_ensemble_block (rule, rows, x, count, value, spread);
    gst_sod_ensemble_measure_confidence (value, spread, count, 255, confidence);
    self->disagreement += gst_sod_sum_f32 (spread, count);
    self->confidence += gst_sod_sum_f32 (confidence, count);
    if (rule->method == GST_SOD_ENSEMBLE_CONFIDENT)
      gst_sod_ensemble_moderate (value, confidence, count);
    gst_sod_codes_from_f32 (value, count, 1, map + x);
    if (disagreement != NULL)
      gst_sod_codes_from_f32 (spread, count, 2, disagreement + x);
  }
}

/**
 * gst_sod_ensemble_combine_images:
 * @self: an ensemble
 * @maps: (array length=n_maps): 8-bit gray pictures of any size, 0 =
 *   background, 255 = salient
 * @weights: (array length=n_maps) (nullable): how much each map counts with a
 *   method that weighs them, 0 or more; %NULL, or all of them 0, for all the
 *   same
 * @n_maps: 1 to %GST_SOD_ENSEMBLE_MAX_MAPS
 * @map: an 8-bit gray picture, which gets the combined map
 * @disagreement: (nullable): one of the size of @map, which gets twice the
 *   standard deviation over the maps: 0 where they agree, 255 where half of
 *   them say 0 and half 255
 * @error: return location for an error
 *
 * Combines pictures as gst_sod_ensemble_combine() does values, in f32, rounded
 * to the nearest code, halves up. A map of another size than @map is resized
 * first, by the filters that frames are resized with. With
 * %GST_SOD_ENSEMBLE_CONFIDENT a pixel p of confidence c becomes 0.5 + (p - 0.5)
 * * c, since a picture has no place for c beside it: certain pixels stay, those
 * that the maps are unsure of or disagree about go towards 0.5, none crosses
 * it.
 *
 * Takes no memory from the heap while sizes and number stay.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a picture that is not 8-bit gray,
 * %GST_SOD_ERROR_MISMATCH where @disagreement has another size than @map,
 * %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_ensemble_combine_images (GstSodEnsemble *self,
    const GstSodImage *const *maps, const gdouble *weights, guint n_maps,
    GstSodImage *map, GstSodImage *disagreement, GError **error)
{
  GstSodEnsembleRule rule;
  gdouble n_pixels;

  g_return_val_if_fail (GST_SOD_IS_ENSEMBLE (self), FALSE);
  g_return_val_if_fail (maps != NULL && map != NULL, FALSE);
  g_return_val_if_fail (n_maps >= 1 && n_maps <= MAX_MAPS, FALSE);

  if (!check_images (maps, n_maps, map, disagreement, error)
      || !prepare (self, maps, n_maps, map, error))
    return FALSE;
  gst_sod_ensemble_rule_init (&rule, self->method, weights, n_maps);
  self->disagreement = self->confidence = 0;
  for (gint y = 0; y < map->height; y++) {
    for (guint i = 0; i < n_maps; i++)
      gst_sod_resampler_read_row (&self->resamplers[i], &maps[i]->components[0],
          y, self->rows + (gsize) i * map->width);
    combine_row (self, &rule, map->width, gst_sod_image_gray_row (map, y),
        disagreement != NULL ? gst_sod_image_gray_row (disagreement, y) : NULL);
  }
  n_pixels = (gdouble) map->width * map->height;
  self->disagreement *= 2 / (255 * n_pixels);
  self->confidence /= n_pixels;
  return TRUE;
}

/**
 * gst_sod_ensemble_get_disagreement:
 * @self: an ensemble
 *
 * Returns: of the last pictures, the mean over the pixels of twice the standard
 *   deviation over the maps: 0 where all are the same, 1 where half of them say
 *   0 and half 255 everywhere
 *
 * Since: 0.1
 */
gdouble
gst_sod_ensemble_get_disagreement (GstSodEnsemble *self)
{
  g_return_val_if_fail (GST_SOD_IS_ENSEMBLE (self), 0);

  return self->disagreement;
}

/**
 * gst_sod_ensemble_get_confidence:
 * @self: an ensemble
 *
 * Returns: of the last pictures, the mean over the pixels of abs (2 * p - 1) *
 *   (1 - 2 * s), as gst_sod_ensemble_combine() says; 0 to 1
 *
 * Since: 0.1
 */
gdouble
gst_sod_ensemble_get_confidence (GstSodEnsemble *self)
{
  g_return_val_if_fail (GST_SOD_IS_ENSEMBLE (self), 0);

  return self->confidence;
}
