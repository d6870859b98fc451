/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/run/ensemble.h>

G_BEGIN_DECLS

/* Pixels that are worked on at a time: all maps' blocks stay in the first
 * cache. */
#define GST_SOD_ENSEMBLE_BLOCK 64

/* How much each map counts. */
typedef struct
{
  GstSodEnsembleMethod method;
  guint n_maps;
  gfloat weights[GST_SOD_ENSEMBLE_MAX_MAPS];
  gfloat total; /* of the weights, over 0 */
} GstSodEnsembleRule;

/* @weights (nullable): 0 or more each; where all are 0, and for methods that
 * have none, each map counts as 1. */
void gst_sod_ensemble_rule_init (GstSodEnsembleRule *self,
    GstSodEnsembleMethod method, const gdouble *weights, guint n_maps);

/* Combines pixels first to first + count - 1 of all maps, at most
 * GST_SOD_ENSEMBLE_BLOCK. Whatever stands for 1 in the maps does so in @value,
 * the combined map, and @spread, the standard deviation over the maps. */
void gst_sod_ensemble_block (const GstSodEnsembleRule *self,
    const gfloat *const *maps, gsize first, gsize count, gfloat *value,
    gfloat *spread);

/* abs (2 * value - 1) * (1 - 2 * spread) of values where @full stands for 1,
 * 0..1. */
void gst_sod_ensemble_measure_confidence (const gfloat *value,
    const gfloat *spread, gsize count, gfloat full, gfloat *confidence);

/* @value, where 255 stands for 1, drawn towards undecided by 1 - @confidence.
 */
void gst_sod_ensemble_moderate (
    gfloat *value, const gfloat *confidence, gsize count);

/* Codes as numbers, and back to the nearest code, of @scale times them. */
void gst_sod_codes_to_f32 (const guint8 *codes, gsize count, gfloat *values);
void gst_sod_codes_from_f32 (
    const gfloat *values, gsize count, gfloat scale, guint8 *codes);

/* The sum of @count values, at most GST_SOD_ENSEMBLE_BLOCK. */
gfloat gst_sod_sum_f32 (const gfloat *values, gsize count);

G_END_DECLS
