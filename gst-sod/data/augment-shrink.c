/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames that are much larger than what is made of them, made smaller once. */
#include <string.h>

#include <gst-sod/data/augment-private.h>

/* @from (height, width), 0..255, to every @step-th byte from @to on. */
static void
round_plane (const gfloat *from, gsize n, gint step, guint8 *to)
{
  for (gsize i = 0; i < n; i++)
    to[i * (gsize) step] = (guint8) (CLAMP (from[i], 0, 255) + 0.5f);
}

static GstSodImage *
make_rgb (const gfloat *planes, gint width, gint height)
{
  gsize n = (gsize) width * height;
  guint8 *pixels = g_malloc (3 * n);

  for (guint i = 0; i < 3; i++)
    round_plane (planes + i * n, n, 3, pixels + i);
  return gst_sod_image_new_rgb_take (width, height, pixels);
}

/* Replaces @image, if there is one, by one of the next plane. */
static gboolean
replace_gray (GstSodImage **image, gint width, gint height,
    const gfloat **planes, GError **error)
{
  gsize n = (gsize) width * height;
  GstSodImage *small;

  if (*image == NULL)
    return TRUE;
  small = gst_sod_image_new_gray (width, height, error);
  if (small == NULL)
    return FALSE;
  round_plane (*planes, n, 1, gst_sod_image_gray_row (small, 0));
  *planes += n;
  gst_sod_image_unref (*image);
  *image = small;
  return TRUE;
}

gboolean
gst_sod_augment_shrink (GstSodAugmentSource *source, gint width, gint height,
    GstSodWarpScratch *scratch, GError **error)
{
  gdouble across = (gdouble) source->image->width / width;
  gdouble down = (gdouble) source->image->height / height;
  GstSodWarp warp = { { across, 0, (across - 1) / 2 },
    { 0, down, (down - 1) / 2 } };
  gsize n = (gsize) width * height;
  GstSodImage *images[] = { source->image, source->image, source->image,
    source->mask, source->weights };
  GstSodWarpPlane planes[GST_SOD_WARP_MAX_PLANES];
  gfloat *to[GST_SOD_WARP_MAX_PLANES];
  g_autofree gfloat *memory = g_new (gfloat, GST_SOD_WARP_MAX_PLANES * n);
  const gfloat *grays = memory + 3 * n;
  guint n_planes = 0;

  for (guint i = 0; i < GST_SOD_WARP_MAX_PLANES; i++) {
    if (images[i] == NULL)
      continue;
    planes[n_planes] = gst_sod_warp_get_plane (images[i], i < 3 ? i : 0);
    to[n_planes] = memory + n_planes * n;
    n_planes++;
  }
  if (!gst_sod_augment_check (source, error)
      || !gst_sod_warp (&warp, planes, n_planes, source->image->width,
          source->image->height, width, height, to, scratch, error)
      || !replace_gray (&source->mask, width, height, &grays, error)
      || !replace_gray (&source->weights, width, height, &grays, error))
    return FALSE;
  gst_sod_image_unref (source->image);
  source->image = make_rgb (memory, width, height);
  return TRUE;
}
