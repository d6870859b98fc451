/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/align-private.h>
#include <gst-sod/core/image-private.h>
#include <gst-sod/core/random.h>
#include <gst-sod/core/types.h>
#include <gst-sod/data/augmentation-private.h>

G_BEGIN_DECLS

/* ---- moving pixels: augment-warp.c ---- */

/* Samples of one component: (height, width) of the source. */
typedef struct
{
  const guint8 *data;
  gint stride, pixel_stride; /* bytes */
} GstSodWarpPlane;

/* Red, green, blue, mask, weights. */
#define GST_SOD_WARP_MAX_PLANES 5

/* Pixel (x, y) of what is made shows the place u[0] * x + u[1] * y + u[2],
 * v[0] * x + v[1] * y + v[2] of the source, both counted in pixels from the
 * centre of the first one. Turns are less than a quarter: u[0] and v[1] are
 * not 0. */
typedef struct
{
  gdouble u[3], v[3];
  gboolean reflects; /* what is outside is a reflection; else the edge */
} GstSodWarp;

/* Memory that one thread warps in, grown when needed; and of the layers of a
 * still whose object moved. */
typedef struct
{
  gfloat *memory, *layers;
  gsize n_floats, n_layers;
  GstSodAligner *aligner; /* of (width, height), or NULL */
  gint width, height;
} GstSodWarpScratch;

void gst_sod_warp_scratch_clear (GstSodWarpScratch *scratch);

/* @planes of @source_width x @source_height to @to of @width x @height, 0 to
 * 255; the triangle filter of the input rule, antialiased where it shrinks. */
gboolean gst_sod_warp (const GstSodWarp *warp, const GstSodWarpPlane *planes,
    guint n_planes, gint source_width, gint source_height, gint width,
    gint height, gfloat *const *to, GstSodWarpScratch *scratch, GError **error);

/* A component of 8 bits. */
static inline GstSodWarpPlane
gst_sod_warp_get_plane (const GstSodImage *image, guint component)
{
  const GstSodComponent *from = &image->components[component];

  return (GstSodWarpPlane){ from->data, from->stride, from->pixel_stride };
}

/* ---- objects that move: augment-object.c ---- */

/* What @mask (height, width), 0 to 255, hides of @rgb (3, height, width)
 * becomes what is seen around it. @memory: of gst_sod_inpaint_get_n_floats().
 */
void gst_sod_inpaint (
    gfloat *rgb, const gfloat *mask, gint width, gint height, gfloat *memory);
gsize gst_sod_inpaint_get_n_floats (gint width, gint height);

/* Lays what @mask (n), 0 to 255, shows of @from (3, n) over @rgb (3, n). */
void gst_sod_composite (
    gfloat *rgb, const gfloat *from, const gfloat *mask, gsize n);

/* ---- changing colours: augment-colour.c ---- */

typedef struct
{
  gfloat matrix[3][4]; /* of RGB in 0..255 and 1 */
  gfloat noise;        /* standard deviation, of 255; 0: none */
  guint32 noise_seed;
  gfloat mean[3], std[3]; /* of the input rule, RGB in 0..1 */
} GstSodColour;

/* @rgb, (3, n) in 0..255, becomes a network's input, or stays RGB in 0..1
 * where mean is 0 and std 1. */
void gst_sod_colour_apply (const GstSodColour *colour, gfloat *rgb, gsize n);

/* @image (3, height / 2, width / 2) in -1..1 = @input (3, height, width) by
 * @colour's rule, averaged over 2 x 2. */
void gst_sod_colour_halve (const GstSodColour *colour, const gfloat *input,
    gint height, gint width, gfloat *image);

/* @values = CLAMP (@values / 255, 0, 1) */
void gst_sod_colour_scale_map (gfloat *values, gsize n);

/* ---- a sample: augment.c ---- */

/* Shape of what is made, and the network's input rule. */
typedef struct
{
  gint width, height;
  guint frames; /* 1 or 2 */
  GstSodSecondInput second_input;
  gfloat mean[3], std[3];
} GstSodAugmentRule;

/* What a frame came with; only @image must be there. */
typedef struct
{
  GstSodImage *image;
  GstSodImage *previous; /* NULL: the image is a still */
  GstSodImage *mask, *weights;
} GstSodAugmentSource;

/* Where to write. */
typedef struct
{
  gfloat *input;   /* (3 * frames, height, width) */
  gfloat *map;     /* (1, height, width), 0..1; 0 without a mask */
  gfloat *weights; /* (1, height, width), 0..1; 0 without a mask; left alone
                      where there is one without weights; NULL: none */
  gfloat *image;   /* (3, height / 2, width / 2), -1..1; NULL: none */
} GstSodAugmentTarget;

/* How far back the other frame lies, ms: the first number that a sample's
 * @random is asked for. */
gint gst_sod_augment_draw_distance (
    const GstSodAugmentation *self, GstSodRandom *random);

/* Asks @random always for as many numbers. */
gboolean gst_sod_augment (const GstSodAugmentation *self,
    const GstSodAugmentRule *rule, const GstSodAugmentSource *source,
    GstSodRandom *random, GstSodWarpScratch *scratch,
    const GstSodAugmentTarget *target, GError **error);

/* Whether mask and weights have the image's size; GST_SOD_ERROR_MISMATCH. */
gboolean gst_sod_augment_check (
    const GstSodAugmentSource *source, GError **error);

/* Image, mask and weights become @width x @height; see augment-shrink.c. */
gboolean gst_sod_augment_shrink (GstSodAugmentSource *source, gint width,
    gint height, GstSodWarpScratch *scratch, GError **error);

/* ---- losses of JPEG: augment-jpeg.c ---- */

/* @image, 8-bit RGB, through JPEG. (transfer full) */
GstSodImage *gst_sod_augment_jpeg (
    const GstSodImage *image, gint quality, GError **error);

G_END_DECLS
