/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* preprocess and postprocess: pictures to tensors and back, the exact rule. */

#include <gst-sod/backend/ref/picture-private.h>

#include <math.h>

/* Height of the triangle over sample @index. */
static gdouble
triangle (const GstSodRefTaps *taps, gint index)
{
  return MAX (1 - fabs (index - taps->position) / taps->width, 0);
}

GstSodRefTaps
gst_sod_ref_taps (gint out, gint n_out, gint n_in, gdouble first, gdouble step)
{
  GstSodRefTaps taps = {
    .position = ((out + 0.5) / n_out - first) / step,
    .width = MAX (1 / (n_out * step), 1),
  };
  gint last;

  /* Beyond the outermost samples the edge is repeated; a triangle of several
   * samples only has to reach one. */
  if (taps.width == 1)
    taps.position = CLAMP (taps.position, 0, n_in - 1);
  taps.position = CLAMP (taps.position, -0.5, n_in - 0.5);
  taps.first = MAX ((gint) ceil (taps.position - taps.width), 0);
  last = MIN ((gint) floor (taps.position + taps.width), n_in - 1);
  taps.count = last - taps.first + 1;
  for (gint i = taps.first; i <= last; i++)
    taps.total += triangle (&taps, i);
  return taps;
}

gdouble
gst_sod_ref_tap_weight (const GstSodRefTaps *taps, gint index)
{
  return triangle (taps, index) / taps->total;
}

static gdouble
filter_row (const gdouble *row, const GstSodRefTaps *taps)
{
  gdouble sum = 0;

  for (gint j = taps->first; j < taps->first + taps->count; j++)
    sum += gst_sod_ref_tap_weight (taps, j) * row[j];
  return sum;
}

/* Output row @y of one component's codes: (width). */
static void
resample_codes (const GstSodRefPicture *picture,
    const GstSodComponent *component, gint y, gdouble *codes)
{
  gdouble *row = picture->row;
  GstSodRefTaps v = gst_sod_ref_taps (y, picture->height, component->height,
      component->y_first, component->y_step);

  for (gint j = 0; j < component->width; j++)
    row[j] = 0;
  for (gint i = v.first; i < v.first + v.count; i++) {
    gdouble weight = gst_sod_ref_tap_weight (&v, i);

    for (gint j = 0; j < component->width; j++)
      row[j] += weight * gst_sod_component_code (component, i, j);
  }
  for (gint x = 0; x < picture->width; x++) {
    GstSodRefTaps u = gst_sod_ref_taps (x, picture->width, component->width,
        component->x_first, component->x_step);

    codes[x] = filter_row (row, &u);
  }
}

/* Full-range R, G or B (@index) of codes. */
static gdouble
to_rgb (const GstSodImage *image, guint index, const gdouble *codes)
{
  gdouble value = image->matrix[index][3];

  for (guint i = 0; i < image->n_components; i++)
    value += image->matrix[index][i] * codes[i];
  return CLAMP (value, 0, 1);
}

/* Row @y of the planes holds codes; they become what the network reads. */
static void
convert_row (const GstSodRefPicture *picture, gint y, gdouble *planes)
{
  const GstSodImage *image = picture->image;
  const GstSodInputRule *rule = picture->rule;
  gsize plane = (gsize) picture->height * picture->width;
  gdouble *at = planes + (gsize) y * picture->width;

  for (gint x = 0; x < picture->width; x++, at++) {
    gdouble codes[3] = { at[0] };

    if (picture->channels == 1) {
      at[0] = to_rgb (image, 0, codes);
      continue;
    }
    for (guint i = 1; i < image->n_components; i++)
      codes[i] = at[i * plane];
    for (guint i = 0; i < 3; i++)
      at[i * plane] = (to_rgb (image, i, codes) - rule->mean[i]) / rule->std[i];
  }
}

gboolean
gst_sod_ref_preprocess (
    const GstSodRefPicture *picture, gdouble *planes, GError **error)
{
  const GstSodImage *image = picture->image;

  if (picture->channels == 1 && image->n_components != 1) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the network takes a gray picture, one of %u components was given; "
        "convert it to gray",
        image->n_components);
    return FALSE;
  }
  for (gint y = 0; y < picture->height; y++) {
    for (guint i = 0; i < image->n_components; i++)
      resample_codes (picture, &image->components[i], y,
          planes + ((gsize) i * picture->height + y) * picture->width);
    convert_row (picture, y, planes);
  }
  return TRUE;
}

void
gst_sod_ref_postprocess (const gdouble *values, gint height, gint width,
    gdouble *row, GstSodImage *map)
{
  for (gint y = 0; y < map->height; y++) {
    guint8 *to = gst_sod_image_gray_row (map, y);
    GstSodRefTaps v =
        gst_sod_ref_taps (y, map->height, height, 0.5 / height, 1.0 / height);

    for (gint j = 0; j < width; j++)
      row[j] = 0;
    for (gint i = v.first; i < v.first + v.count; i++) {
      gdouble weight = gst_sod_ref_tap_weight (&v, i);

      for (gint j = 0; j < width; j++)
        row[j] += weight * values[(gsize) i * width + j];
    }
    for (gint x = 0; x < map->width; x++) {
      GstSodRefTaps u =
          gst_sod_ref_taps (x, map->width, width, 0.5 / width, 1.0 / width);

      to[x] = (guint8) (CLAMP (filter_row (row, &u), 0, 1) * 255 + 0.5);
    }
  }
}
