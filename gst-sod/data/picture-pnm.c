/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PGM and PPM, text (P2, P3) and binary (P5, P6): what FBMS-59 keeps its truth
 * in. Values are scaled to 0..255, rounded. */
#include <gst-sod/data/picture-private.h>

#include <string.h>

typedef struct
{
  const guint8 *data;
  gsize size, position;
} Scanner;

static gboolean
fail (GError **error, const gchar *what)
{
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "is a broken or cut-off PGM or PPM file (%s); fetch it again or take it "
      "out of the set",
      what);
  return FALSE;
}

static void
skip_space (Scanner *self)
{
  gboolean comment = FALSE;

  for (; self->position < self->size; self->position++) {
    guint8 c = self->data[self->position];

    if (c == '#')
      comment = TRUE;
    else if (c == '\n' || c == '\r')
      comment = FALSE;
    else if (!comment && !g_ascii_isspace (c))
      break;
  }
}

static gboolean
scan_number (Scanner *self, guint *value)
{
  gsize start;

  skip_space (self);
  start = self->position;
  *value = 0;
  while (self->position < self->size
         && g_ascii_isdigit (self->data[self->position])) {
    *value = *value * 10 + self->data[self->position++] - '0';
    if (*value > 1u << 24)
      return FALSE;
  }
  return self->position > start;
}

static gboolean
scan_sample (Scanner *self, gboolean is_text, guint max, guint *value)
{
  gsize bytes = max > 255 ? 2 : 1;

  if (is_text)
    return scan_number (self, value);
  if (self->size - self->position < bytes)
    return FALSE;
  *value = self->data[self->position++];
  if (bytes == 2)
    *value = *value << 8 | self->data[self->position++];
  return TRUE;
}

static gboolean
read_samples (Scanner *self, gboolean is_text, guint max, gsize n,
    guint8 *samples, GError **error)
{
  for (gsize i = 0; i < n; i++) {
    guint value;

    if (!scan_sample (self, is_text, max, &value))
      return fail (error, "it ends early");
    if (value > max)
      return fail (error, "a value above the maximum that it names");
    samples[i] = (guint8) ((value * 255 + max / 2) / max);
  }
  return TRUE;
}

/* R, G and B of what was read as gray. */
static gboolean
spread (GstSodRaster *raster, GError **error)
{
  gsize n = (gsize) raster->width * raster->height;
  g_autofree guint8 *gray = g_steal_pointer (&raster->pixels);

  if (!gst_sod_raster_allocate (raster, (guint) raster->width,
          (guint) raster->height, GST_SOD_PIXELS_RGB, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    memset (raster->pixels + 3 * i, gray[i], 3);
  return TRUE;
}

static gboolean
decode (
    Scanner *self, GstSodPixels wanted, GstSodRaster *raster, GError **error)
{
  guint8 kind = self->data[1];
  gboolean is_rgb = kind == '3' || kind == '6';
  gboolean is_text = kind == '2' || kind == '3';
  guint width, height, max;

  self->position = 2;
  if (!scan_number (self, &width) || !scan_number (self, &height)
      || !scan_number (self, &max) || max == 0 || max > 65535)
    return fail (error, "no sound width, height and maximum");
  self->position++; /* the one white space before binary samples */
  self->position = MIN (self->position, self->size);
  if (wanted == GST_SOD_PIXELS_SIZE)
    return gst_sod_raster_allocate (raster, width, height, wanted, error);
  if (!gst_sod_raster_allocate (raster, width, height,
          is_rgb ? GST_SOD_PIXELS_RGB : GST_SOD_PIXELS_GRAY, error)
      || !read_samples (self, is_text, max,
          (gsize) width * height * (is_rgb ? 3 : 1), raster->pixels, error))
    return FALSE;
  if (is_rgb && wanted != GST_SOD_PIXELS_RGB)
    return gst_sod_raster_make_gray (raster, 0, error);
  return is_rgb || wanted != GST_SOD_PIXELS_RGB || spread (raster, error);
}

gboolean
gst_sod_pnm_decode (const guint8 *data, gsize size, GstSodPixels wanted,
    GstSodRaster *raster, GError **error)
{
  Scanner scanner = { data, size, 0 };

  if (decode (&scanner, wanted, raster, error))
    return TRUE;
  g_clear_pointer (&raster->pixels, g_free);
  return FALSE;
}
