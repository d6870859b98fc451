/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image.h>
#include <gst-sod/eval/measures-private.h>
#include <gst-sod/eval/scratch-private.h>

G_BEGIN_DECLS

/* Rows of 8-bit codes; row y begins at data + y * stride. */
typedef struct
{
  const guint8 *data;
  gssize stride;
  gint width, height;
} GstSodPlane;

/* Codes of the truth above this are foreground. */
#define GST_SOD_TRUTH_LEVEL 128

/* A map and its truth, ready to be measured. A map has 256 codes only, so that
 * most measures are sums over how often each code lies inside and outside the
 * truth. */
typedef struct
{
  GstSodPlane map, truth; /* of one size */
  gdouble p[256];         /* code of the map -> value in 0..1 */
  guint8 q[256];          /* code of the map -> threshold that it reaches */

  guint64 n;            /* pixels */
  guint64 n_foreground; /* of the truth */
  gint cx, cy;          /* columns left of and rows above the centroid's
                           corner: where the truth is cut in four */
  gint top, bottom;     /* first and last row with foreground */
  gint left, right;     /* first and last column with foreground */
  /* By code of the map: [quadrant][inside]; quadrants are left and right of
   * the upper half, then of the lower. */
  guint64 quadrants[4][2][256];
  guint64 counts[2][256]; /* their sum */
  gdouble mean;           /* of p */
} GstSodSample;

static inline const guint8 *
gst_sod_plane_row (const GstSodPlane *self, gint y)
{
  return self->data + y * self->stride;
}

/* The one plane of 8-bit gray @image, or a packed copy in @slot. */
gboolean gst_sod_plane_init (GstSodPlane *self, const GstSodImage *image,
    const gchar *what, GstSodScratchSlot slot, GstSodScratch *scratch,
    GError **error);

/* @from at the size of @to, whose data is set, in @slot. */
gboolean gst_sod_plane_resize (GstSodPlane *to, const GstSodPlane *from,
    GstSodScratchSlot slot, GstSodScratch *scratch, GError **error);

/* Borrows the memory of both images. */
gboolean gst_sod_sample_init (GstSodSample *self, const GstSodImage *prediction,
    const GstSodImage *truth, gboolean resize, GstSodScratch *scratch,
    GError **error);

/* Everything that @school knows, but for the change along the motion. */
GstSodMeasures *gst_sod_sample_measure (const GstSodSample *self,
    GstSodSchool school, GstSodScratch *scratch, GError **error);

/* numpy's mean of p, bit for bit: its sum goes pairwise over all pixels. */
gdouble gst_sod_sample_get_numpy_mean (const GstSodSample *self);

/* numpy's sum of @n times @value, in pieces of at most @piece. */
gdouble gst_sod_numpy_sum_constant (gdouble value, guint64 n, guint64 piece);

/* Measures of thresholds: @curves gets precision, recall, F and E, the values
 * of @self adaptive F and E, MAE and both intersections over union. */
void gst_sod_sample_measure_thresholds (
    const GstSodSample *self, GstSodMeasures *measures);

gdouble gst_sod_sample_get_s_measure (const GstSodSample *self);

gboolean gst_sod_sample_get_weighted_f (const GstSodSample *self,
    GstSodScratch *scratch, gdouble *weighted_f, GError **error);

gboolean gst_sod_sample_get_boundary_f (const GstSodSample *self,
    GstSodScratch *scratch, gdouble *boundary_f, GError **error);

/* Mean squared change of the map from @previous_map to @map (codes over 255)
 * along the motion from @previous to @picture, all of one size; NaN where
 * nothing can be followed. */
gboolean gst_sod_get_warping_error (const GstSodPlane *picture,
    const GstSodPlane *previous, const GstSodPlane *map,
    const GstSodPlane *previous_map, GstSodScratch *scratch,
    gdouble *warping_error, GError **error);

G_END_DECLS
