/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* postprocess: the network's map as an 8-bit picture of any size. Along the
 * rows first, since the network's are the fewer, then down the columns. */
#include <gst-sod/backend/onednn/picture-private.h>
#include <gst-sod/backend/onednn/simd-private.h>

#include <string.h>

/* Clamped and rounded to nearest; what is no number is 0. */
GST_SOD_ONEDNN_INLINE guint8
to_code (gfloat value)
{
  gfloat share = value > 0.0f ? MIN (value, 1.0f) : 0.0f;

  return (guint8) (gint) (share * 255.0f + 0.5f);
}

GST_SOD_ONEDNN_HOT static void
blend_pair (const gfloat *restrict a, const gfloat *restrict b, gfloat w0,
    gfloat w1, gint width, guint8 *restrict out)
{
  for (gint x = 0; x < width; x++)
    out[x] = to_code (w0 * a[x] + w1 * b[x]);
}

GST_SOD_ONEDNN_HOT static void
blend_many (const gfloat *restrict rows, gint stride, const gfloat *weights,
    gint n_rows, gint width, guint8 *restrict out)
{
  for (gint x = 0; x < width; x++) {
    gfloat sum = 0;

    for (gint i = 0; i < n_rows; i++)
      sum += weights[i] * rows[(gsize) i * stride + x];
    out[x] = to_code (sum);
  }
}

gboolean
gst_sod_onednn_picture_write (GstSodOnednnPicture *self, const gfloat *values,
    gint height, gint width, GstSodImage *map, GError **error)
{
  GstSodOnednnTaps *across = &self->map_across, *down = &self->map_down;
  gint out_width = map->width;

  if (!gst_sod_onednn_taps_set (
          across, out_width, width, 0.5f / width, 1.0f / width, error)
      || !gst_sod_onednn_taps_set (
          down, map->height, height, 0.5f / height, 1.0f / height, error)
      || !gst_sod_onednn_reserve (
          &self->rows, &self->rows_capacity, (gsize) height * out_width, error)
      || !gst_sod_onednn_reserve (&self->row, &self->row_capacity,
          width + gst_sod_onednn_taps_slack (across, 1), error))
    return FALSE;
  memset (self->row + width, 0,
      gst_sod_onednn_taps_slack (across, 1) * sizeof (gfloat));
  for (gint y = 0; y < height; y++) {
    /* In a row that is longer, since taps may pass its end. */
    memcpy (self->row, values + (gsize) y * width, width * sizeof (gfloat));
    gst_sod_onednn_filter_row (
        across, self->row, 1, self->rows + (gsize) y * out_width);
  }
  for (gint y = 0; y < map->height; y++) {
    const gfloat *weights = down->weights + (gsize) y * down->count;
    const gfloat *first = self->rows + (gsize) down->starts[y] * out_width;
    gint n_rows = MIN (down->count, height - down->starts[y]);
    guint8 *out = gst_sod_image_gray_row (map, y);

    if (n_rows == 1)
      blend_pair (first, first, weights[0], 0, out_width, out);
    else if (n_rows == 2)
      blend_pair (
          first, first + out_width, weights[0], weights[1], out_width, out);
    else
      blend_many (first, out_width, weights, n_rows, out_width, out);
  }
  return TRUE;
}
