/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All measures of one pair, and of the step from the pair before. */
#include <gst-sod/eval/pair-private.h>

#include <gst-sod/eval/luma-private.h>
#include <gst-sod/eval/sample-private.h>

/* The map of @pair, at the size of @like where that differs. */
static gboolean
get_previous_map (GstSodPlane *map, GstSodPair *pair, const GstSodPlane *like,
    GstSodScratch *scratch, GError **error)
{
  GstSodPlane plane;

  if (!gst_sod_plane_init (&plane, gst_sod_pair_get_prediction (pair),
          "the map before", GST_SOD_SCRATCH_PREVIOUS_MAP, scratch, error))
    return FALSE;
  *map = plane;
  if (plane.width == like->width && plane.height == like->height)
    return TRUE;
  map->width = like->width;
  map->height = like->height;
  return gst_sod_plane_resize (
      map, &plane, GST_SOD_SCRATCH_PREVIOUS_MAP_RESIZED, scratch, error);
}

static gboolean
measure_step (GstSodPair *self, GstSodPair *previous, const GstSodPlane *map,
    GstSodScratch *scratch, gdouble *warping_error, GError **error)
{
  static const GstSodScratchSlot slots[2] = { GST_SOD_SCRATCH_PICTURE,
    GST_SOD_SCRATCH_PICTURE_RESIZED };
  static const GstSodScratchSlot slots_before[2] = { GST_SOD_SCRATCH_PREVIOUS,
    GST_SOD_SCRATCH_PREVIOUS_RESIZED };
  GstSodPlane map_before, picture, picture_before;

  return get_previous_map (&map_before, previous, map, scratch, error)
         && gst_sod_plane_init_luma (&picture, gst_sod_pair_get_picture (self),
             map->width, map->height, slots, scratch, error)
         && gst_sod_plane_init_luma (&picture_before,
             gst_sod_pair_get_picture (previous), map->width, map->height,
             slots_before, scratch, error)
         && gst_sod_get_warping_error (&picture, &picture_before, map,
             &map_before, scratch, warping_error, error);
}

GstSodMeasures *
gst_sod_pair_measure (GstSodPair *self, GstSodPair *previous,
    const GstSodPairRule *rule, GstSodScratch *scratch, GError **error)
{
  g_autoptr (GstSodMeasures) measures = NULL;
  g_autofree GstSodSample *sample = g_new (GstSodSample, 1);

  if (!gst_sod_sample_init (sample, gst_sod_pair_get_prediction (self),
          gst_sod_pair_get_truth (self), rule->resize, scratch, error))
    return NULL;
  measures = gst_sod_sample_measure (sample, rule->school, scratch, error);
  if (measures == NULL)
    return NULL;
  if (previous != NULL && gst_sod_pair_get_picture (self) != NULL
      && gst_sod_pair_get_picture (previous) != NULL
      && !measure_step (self, previous, &sample->map, scratch,
          &measures->values[GST_SOD_MEASURE_WARPING_ERROR], error))
    return NULL;
  return g_steal_pointer (&measures);
}
