/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One sample: what is drawn, and what is done with it. */
#include <math.h>
#include <string.h>

#include <gst-sod/data/augment-private.h>

/* Highest quality of a JPEG file that is a loss at all. */
#define BEST_QUALITY 95

/* Luma of ITU-R BT.601. */
static const gfloat luma[3] = { 0.299f, 0.587f, 0.114f };

static gdouble
draw (GstSodRandom *random, gdouble min, gdouble max)
{
  return min + (max - min) * gst_sod_random_uniform (random);
}

/* Between -@most and @most. */
static gdouble
draw_around (GstSodRandom *random, gdouble most)
{
  return draw (random, -most, most);
}

static gboolean
draw_chance (GstSodRandom *random, gdouble chance)
{
  return gst_sod_random_uniform (random) < chance;
}

gint
gst_sod_augment_draw_distance (
    const GstSodAugmentation *self, GstSodRandom *random)
{
  gdouble min = self->values[GST_SOD_AUGMENT_DISTANCE_MIN];
  gdouble max = self->values[GST_SOD_AUGMENT_DISTANCE_MAX];

  return (gint) floor (draw (random, min, MAX (min, max)) + 0.5);
}

/* ---- where pixels go ---- */

/* In the network's input: things become larger by @scale, turn by @angle and
 * go by @shift, in halves of the input. */
typedef struct
{
  gdouble scale[2], shift[2], angle; /* radians */
} Motion;

/* A place of the input, from its centre: (x, y, 1). */
typedef struct
{
  gdouble x[3], y[3];
} Place;

static Motion
draw_motion (const GstSodAugmentation *self, GstSodRandom *random)
{
  const gdouble *values = self->values;
  gboolean moves = draw_chance (random, values[GST_SOD_AUGMENT_AFFINE]);
  gdouble min = log (values[GST_SOD_AUGMENT_SCALE_MIN]);
  gdouble max = log (values[GST_SOD_AUGMENT_SCALE_MAX]);
  gdouble scale = draw (random, min, MAX (min, max));
  gdouble aspect = draw_around (random, log1p (values[GST_SOD_AUGMENT_ASPECT]));
  gdouble angle = draw_around (random, values[GST_SOD_AUGMENT_ROTATION]);
  gdouble x = draw_around (random, values[GST_SOD_AUGMENT_SHIFT]);
  gdouble y = draw_around (random, values[GST_SOD_AUGMENT_SHIFT]);

  if (!moves)
    return (Motion){ { 1, 1 }, { 0, 0 }, 0 };
  return (Motion){ { exp (scale + aspect / 2), exp (scale - aspect / 2) },
    { x, y }, angle * G_PI / 180 };
}

/* How a still's other frame lies to it, or an object in it to what is behind
 * it: by as much as @values, of shift, scale and rotation, say. */
static Motion
draw_other (const gdouble *values, GstSodRandom *random)
{
  gdouble scale = 1 + draw_around (random, values[1]);
  gdouble angle = draw_around (random, values[2]);
  gdouble x = draw_around (random, values[0]);
  gdouble y = draw_around (random, values[0]);

  scale = MAX (scale, 0.1);
  return (Motion){ { scale, scale }, { x, y }, angle * G_PI / 180 };
}

static void
combine (gdouble *row, gdouble a, const gdouble *x, gdouble b, const gdouble *y,
    gdouble c)
{
  gdouble result[3];

  for (guint i = 0; i < 3; i++)
    result[i] = a * x[i] + b * y[i] + (i == 2 ? c : 0);
  memcpy (row, result, sizeof (result));
}

/* What @place shows once things have moved: back by the shift, the turn and
 * the scale. */
static void
move (Place *place, const Motion *motion, gint width, gint height)
{
  gdouble cosine = cos (motion->angle), sine = sin (motion->angle);
  gdouble x = -motion->shift[0] * width / 2;
  gdouble y = -motion->shift[1] * height / 2;
  Place old = *place;

  combine (place->x, cosine / motion->scale[0], old.x, sine / motion->scale[0],
      old.y, (cosine * x + sine * y) / motion->scale[0]);
  combine (place->y, -sine / motion->scale[1], old.x, cosine / motion->scale[1],
      old.y, (-sine * x + cosine * y) / motion->scale[1]);
}

/* Of a picture of @image's size. */
static GstSodWarp
make_warp (const Place *place, const GstSodAugmentRule *rule,
    const GstSodImage *image, gboolean reflects)
{
  gdouble across = (gdouble) image->width / rule->width;
  gdouble down = (gdouble) image->height / rule->height;
  gdouble half_x = (rule->width - 1) / 2.0, half_y = (rule->height - 1) / 2.0;
  GstSodWarp warp = { .reflects = reflects };

  for (guint i = 0; i < 3; i++) {
    warp.u[i] = place->x[i] * across;
    warp.v[i] = place->y[i] * down;
  }
  warp.u[2] +=
      (image->width - 1) / 2.0 - warp.u[0] * half_x - warp.u[1] * half_y;
  warp.v[2] +=
      (image->height - 1) / 2.0 - warp.v[0] * half_x - warp.v[1] * half_y;
  return warp;
}

/* ---- what becomes of colours ---- */

static void
multiply_row (gfloat *row, gfloat factor)
{
  for (guint j = 0; j < 4; j++)
    row[j] *= factor;
}

/* Saturation, then cast, contrast and brightness, as one matrix. */
static void
draw_colour (
    const GstSodAugmentation *self, GstSodRandom *random, GstSodColour *colour)
{
  const gdouble *values = self->values;
  gboolean changes = draw_chance (random, values[GST_SOD_AUGMENT_COLOUR]);
  gdouble contrast = 1 + draw_around (random, values[GST_SOD_AUGMENT_CONTRAST]);
  gdouble brightness = draw_around (random, values[GST_SOD_AUGMENT_BRIGHTNESS]);
  gdouble saturation =
      1 + draw_around (random, values[GST_SOD_AUGMENT_SATURATION]);
  gboolean is_grey = draw_chance (random, values[GST_SOD_AUGMENT_GREY]);
  gdouble cast[3];

  for (guint i = 0; i < 3; i++)
    cast[i] = 1 + draw_around (random, values[GST_SOD_AUGMENT_CAST]);
  if (is_grey)
    saturation = 0;
  for (guint i = 0; i < 3; i++) {
    gfloat *row = colour->matrix[i];

    memset (row, 0, sizeof (colour->matrix[i]));
    row[i] = 1;
    if (!changes)
      continue;
    for (guint j = 0; j < 3; j++)
      row[j] = (gfloat) (saturation * row[j] + (1 - saturation) * luma[j]);
    multiply_row (row, (gfloat) (cast[i] * contrast));
    row[3] = (gfloat) (255 * (0.5 - 0.5 * contrast + brightness));
  }
}

static void
draw_noise (
    const GstSodAugmentation *self, GstSodRandom *random, GstSodColour *colour)
{
  gboolean has_noise =
      draw_chance (random, self->values[GST_SOD_AUGMENT_NOISE]);
  gdouble sigma =
      draw (random, 0, 255 * self->values[GST_SOD_AUGMENT_NOISE_SIGMA]);

  colour->noise = has_noise ? (gfloat) sigma : 0;
  colour->noise_seed = gst_sod_random_next (random);
}

/* 0: none */
static gint
draw_quality (const GstSodAugmentation *self, GstSodRandom *random)
{
  gboolean loses = draw_chance (random, self->values[GST_SOD_AUGMENT_JPEG]);
  gdouble worst = self->values[GST_SOD_AUGMENT_JPEG_QUALITY];
  gdouble quality = draw (random, worst, MAX (worst, BEST_QUALITY));

  return loses ? (gint) quality : 0;
}

/* ---- a sample ---- */

typedef struct
{
  gboolean reflects, still_reflects;
  gboolean moves_object; /* of a still */
  Place place, still, object;
  GstSodColour colour;
  gint quality;
} Draw;

static void
draw_all (Draw *drawn, const GstSodAugmentation *self,
    const GstSodAugmentRule *rule, GstSodRandom *random)
{
  gboolean flips = draw_chance (random, self->values[GST_SOD_AUGMENT_FLIP]);
  Motion motion = draw_motion (self, random);
  Motion still =
      draw_other (&self->values[GST_SOD_AUGMENT_STILL_SHIFT], random);
  Motion object;

  drawn->reflects = self->values[GST_SOD_AUGMENT_AFFINE] > 0;
  drawn->still_reflects = drawn->reflects
                          || self->values[GST_SOD_AUGMENT_STILL_SHIFT] > 0
                          || self->values[GST_SOD_AUGMENT_STILL_SCALE] > 0
                          || self->values[GST_SOD_AUGMENT_STILL_ROTATION] > 0
                          || self->values[GST_SOD_AUGMENT_OBJECT] > 0;
  drawn->place = (Place){ { 1, 0, 0 }, { 0, 1, 0 } };
  move (&drawn->place, &motion, rule->width, rule->height);
  if (flips)
    combine (drawn->place.x, -1, drawn->place.x, 0, drawn->place.y, 0);
  drawn->still = drawn->place;
  move (&drawn->still, &still, rule->width, rule->height);
  draw_colour (self, random, &drawn->colour);
  draw_noise (self, random, &drawn->colour);
  drawn->quality = draw_quality (self, random);
  drawn->moves_object =
      draw_chance (random, self->values[GST_SOD_AUGMENT_OBJECT]);
  object = draw_other (&self->values[GST_SOD_AUGMENT_OBJECT_SHIFT], random);
  drawn->object = drawn->still;
  move (&drawn->object, &object, rule->width, rule->height);
  memcpy (drawn->colour.mean, rule->mean, sizeof (rule->mean));
  memcpy (drawn->colour.std, rule->std, sizeof (rule->std));
}

/* @image to the three planes from @rgb on, and with it what there is of mask
 * and weights, @grays, to @to_grays. */
static gboolean
warp_image (const GstSodAugmentRule *rule, const GstSodWarp *warp,
    GstSodImage *image, GstSodImage *const grays[2], gfloat *const to_grays[2],
    gfloat *rgb, GstSodWarpScratch *scratch, GError **error)
{
  gsize n = (gsize) rule->width * rule->height;
  GstSodWarpPlane planes[GST_SOD_WARP_MAX_PLANES];
  gfloat *to[GST_SOD_WARP_MAX_PLANES];
  guint n_planes = 3;

  for (guint i = 0; i < 3; i++) {
    planes[i] = gst_sod_warp_get_plane (image, i);
    to[i] = rgb + i * n;
  }
  for (guint i = 0; i < 2 && grays != NULL; i++) {
    if (grays[i] == NULL || to_grays[i] == NULL)
      continue;
    planes[n_planes] = gst_sod_warp_get_plane (grays[i], 0);
    to[n_planes++] = to_grays[i];
  }
  return gst_sod_warp (warp, planes, n_planes, image->width, image->height,
      rule->width, rule->height, to, scratch, error);
}

static gboolean
check_size (const GstSodImage *image, const GstSodImage *other,
    const gchar *what, GError **error)
{
  if (other == NULL
      || (other->width == image->width && other->height == image->height))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "%s %dx%d pixels, the picture %dx%d; make them one size, or take the "
      "frame out",
      what, other->width, other->height, image->width, image->height);
  return FALSE;
}

gboolean
gst_sod_augment_check (const GstSodAugmentSource *source, GError **error)
{
  return check_size (source->image, source->mask, "the mask has", error)
         && check_size (
             source->image, source->weights, "the mask's weights have", error);
}

/* Without a mask nothing counts. */
static void
finish_map (const GstSodAugmentSource *source,
    const GstSodAugmentTarget *target, gsize n)
{
  if (source->mask == NULL) {
    memset (target->map, 0, n * sizeof (gfloat));
    if (target->weights != NULL)
      memset (target->weights, 0, n * sizeof (gfloat));
    return;
  }
  gst_sod_colour_scale_map (target->map, n);
  if (target->weights != NULL && source->weights != NULL)
    gst_sod_colour_scale_map (target->weights, n);
}

/* The still as it lay a frame before. */
static gboolean
warp_still (const Draw *drawn, const GstSodAugmentRule *rule,
    const GstSodAugmentSource *source, const Place *place, gfloat *mask,
    gfloat *rgb, GstSodWarpScratch *scratch, GError **error)
{
  GstSodImage *grays[2] = { source->mask, NULL };
  gfloat *to_grays[2] = { mask, NULL };
  GstSodWarp warp =
      make_warp (place, rule, source->image, drawn->still_reflects);

  return warp_image (
      rule, &warp, source->image, grays, to_grays, rgb, scratch, error);
}

/* Memory for an object, two masks and what inpainting takes. */
static gboolean
take_layers (
    const GstSodAugmentRule *rule, GstSodWarpScratch *scratch, GError **error)
{
  gsize n = 5 * (gsize) rule->width * rule->height
            + gst_sod_inpaint_get_n_floats (rule->width, rule->height);

  if (n <= scratch->n_layers)
    return TRUE;
  g_free (scratch->layers);
  scratch->layers = g_try_malloc_n (n, sizeof (gfloat));
  scratch->n_layers = scratch->layers != NULL ? n : 0;
  if (scratch->layers != NULL)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "no memory to move objects in pictures of %dx%d pixels; take smaller "
      "ones",
      rule->width, rule->height);
  return FALSE;
}

/* The object under the mask lay elsewhere in front of what is behind it. */
static gboolean
move_object (const Draw *drawn, const GstSodAugmentRule *rule,
    const GstSodAugmentSource *source, gfloat *rgb, GstSodWarpScratch *scratch,
    GError **error)
{
  gsize n = (gsize) rule->width * rule->height;
  gfloat *object, *mask, *hidden;

  if (!take_layers (rule, scratch, error))
    return FALSE;
  object = scratch->layers;
  mask = object + 3 * n;
  hidden = mask + n;
  if (!warp_still (
          drawn, rule, source, &drawn->still, hidden, rgb, scratch, error)
      || !warp_still (
          drawn, rule, source, &drawn->object, mask, object, scratch, error))
    return FALSE;
  gst_sod_inpaint (rgb, hidden, rule->width, rule->height, hidden + n);
  gst_sod_composite (rgb, object, mask, n);
  return TRUE;
}

static gboolean
warp_previous (const Draw *drawn, const GstSodAugmentRule *rule,
    const GstSodAugmentSource *source, gfloat *rgb, GstSodWarpScratch *scratch,
    GError **error)
{
  GstSodWarp warp;

  if (source->previous == NULL && source->mask != NULL && drawn->moves_object)
    return move_object (drawn, rule, source, rgb, scratch, error);
  if (source->previous == NULL)
    return warp_still (
        drawn, rule, source, &drawn->still, NULL, rgb, scratch, error);
  warp = make_warp (&drawn->place, rule, source->previous, drawn->reflects);
  return warp_image (
      rule, &warp, source->previous, NULL, NULL, rgb, scratch, error);
}

/* @second, the frame before @input, becomes their aligned difference. */
static gboolean
align (const GstSodAugmentRule *rule, const gfloat *input, gfloat *second,
    GstSodWarpScratch *scratch, GError **error)
{
  if (scratch->width != rule->width || scratch->height != rule->height)
    g_clear_pointer (&scratch->aligner, gst_sod_aligner_free);
  if (scratch->aligner == NULL)
    scratch->aligner = gst_sod_aligner_new (rule->width, rule->height, error);
  if (scratch->aligner == NULL)
    return FALSE;
  scratch->width = rule->width;
  scratch->height = rule->height;
  gst_sod_aligner_run (scratch->aligner, input, second, second);
  return TRUE;
}

/* What the network is given beside @input. */
static gboolean
make_second (const Draw *drawn, const GstSodAugmentRule *rule,
    const GstSodAugmentSource *source, const gfloat *input, gfloat *second,
    GstSodWarpScratch *scratch, GError **error)
{
  GstSodColour colour = drawn->colour;

  if (!warp_previous (drawn, rule, source, second, scratch, error))
    return FALSE;
  colour.noise_seed = ~colour.noise_seed;
  gst_sod_colour_apply (&colour, second, (gsize) rule->width * rule->height);
  return rule->second_input == GST_SOD_SECOND_INPUT_FRAME
         || align (rule, input, second, scratch, error);
}

/* @source as it is drawn: through JPEG once, however often it is moved. */
static gboolean
lose (const Draw *drawn, const GstSodAugmentRule *rule,
    const GstSodAugmentSource *source, GstSodImage **image,
    GstSodImage **previous, GError **error)
{
  if (drawn->quality == 0)
    return TRUE;
  *image = gst_sod_augment_jpeg (source->image, drawn->quality, error);
  if (*image == NULL)
    return FALSE;
  if (rule->frames == 1 || source->previous == NULL)
    return TRUE;
  *previous = gst_sod_augment_jpeg (source->previous, drawn->quality, error);
  return *previous != NULL;
}

static gboolean
make_all (const Draw *drawn, const GstSodAugmentRule *rule,
    const GstSodAugmentSource *source, GstSodWarpScratch *scratch,
    const GstSodAugmentTarget *target, GError **error)
{
  gsize n = (gsize) rule->width * rule->height;
  GstSodImage *grays[2] = { source->mask,
    source->mask != NULL ? source->weights : NULL };
  gfloat *to_grays[2] = { target->map, target->weights };
  GstSodWarp warp =
      make_warp (&drawn->place, rule, source->image, drawn->reflects);

  if (!warp_image (rule, &warp, source->image, grays, to_grays, target->input,
          scratch, error))
    return FALSE;
  finish_map (source, target, n);
  gst_sod_colour_apply (&drawn->colour, target->input, n);
  if (target->image != NULL)
    gst_sod_colour_halve (&drawn->colour, target->input, rule->height,
        rule->width, target->image);
  return rule->frames == 1
         || make_second (drawn, rule, source, target->input,
             target->input + 3 * n, scratch, error);
}

gboolean
gst_sod_augment (const GstSodAugmentation *self, const GstSodAugmentRule *rule,
    const GstSodAugmentSource *source, GstSodRandom *random,
    GstSodWarpScratch *scratch, const GstSodAugmentTarget *target,
    GError **error)
{
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GstSodImage) previous = NULL;
  GstSodAugmentSource own = *source;
  Draw drawn;

  draw_all (&drawn, self, rule, random);
  if (!gst_sod_augment_check (source, error)
      || !lose (&drawn, rule, source, &image, &previous, error))
    return FALSE;
  if (image != NULL)
    own.image = image;
  if (previous != NULL)
    own.previous = previous;
  return make_all (&drawn, rule, &own, scratch, target, error);
}
