/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image.h>

G_BEGIN_DECLS

/**
 * GST_SOD_ENSEMBLE_MAX_MAPS:
 *
 * The most maps that are combined at once.
 *
 * Since: 0.1
 */
#define GST_SOD_ENSEMBLE_MAX_MAPS 64

/**
 * GstSodEnsembleMethod:
 * @GST_SOD_ENSEMBLE_AVERAGE: the mean, whatever the weights: what the paper
 *   makes its pseudo-labels of (III.E, phase 3)
 * @GST_SOD_ENSEMBLE_WEIGHTED: the weighted mean
 * @GST_SOD_ENSEMBLE_MEDIAN: the median, whatever the weights; of an even
 *   number the mean of the middle two
 * @GST_SOD_ENSEMBLE_CONFIDENT: the weighted mean, of which pixels count for as
 *   much as the maps are sure and agree: gst_sod_ensemble_combine() gives that
 *   beside the map, pictures are drawn towards undecided by it
 *
 * How several networks' maps of one frame become one map.
 *
 * Since: 0.1
 */
typedef enum
{
  GST_SOD_ENSEMBLE_AVERAGE,
  GST_SOD_ENSEMBLE_WEIGHTED,
  GST_SOD_ENSEMBLE_MEDIAN,
  GST_SOD_ENSEMBLE_CONFIDENT
} GstSodEnsembleMethod;

GST_SOD_API
void gst_sod_ensemble_combine (GstSodEnsembleMethod method,
    const gfloat *const *maps, const gdouble *weights, guint n_maps,
    gsize n_pixels, gfloat *map, gfloat *confidence, gdouble *disagreement);

#define GST_SOD_TYPE_ENSEMBLE (gst_sod_ensemble_get_type ())

/**
 * GstSodEnsemble:
 *
 * Makes one map of several: as gst_sod_ensemble_combine(), for 8-bit gray
 * pictures, which may have different sizes. Keeps its working memory from map
 * to map. Not thread-safe.
 *
 * Since: 0.1
 */
GST_SOD_API
G_DECLARE_FINAL_TYPE (
    GstSodEnsemble, gst_sod_ensemble, GST_SOD, ENSEMBLE, GObject)

GST_SOD_API
GstSodEnsemble *gst_sod_ensemble_new (GstSodEnsembleMethod method);

GST_SOD_API
void gst_sod_ensemble_set_method (
    GstSodEnsemble *self, GstSodEnsembleMethod method);

GST_SOD_API
gboolean gst_sod_ensemble_combine_images (GstSodEnsemble *self,
    const GstSodImage *const *maps, const gdouble *weights, guint n_maps,
    GstSodImage *map, GstSodImage *disagreement, GError **error);

GST_SOD_API
gdouble gst_sod_ensemble_get_disagreement (GstSodEnsemble *self);

GST_SOD_API
gdouble gst_sod_ensemble_get_confidence (GstSodEnsemble *self);

G_END_DECLS
