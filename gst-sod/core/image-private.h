/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image.h>

G_BEGIN_DECLS

/* One component (R, G, B, gray, Y, Cb or Cr) of a picture.
 *
 * Sample (row, column) lies at data + row * stride + column * pixel_stride;
 * its code is the byte there, or (little-endian 16 bits >> shift) & mask where
 * sample_size is 2, with mask = (1 << depth) - 1.
 *
 * Where it sits: the centre of sample (row i, column j) is at the fractions
 * x = x_first + j * x_step, y = y_first + i * y_step of the picture's
 * rectangle (0 = left or top edge, 1 = right or bottom edge). For a plain
 * component of w columns x_first = 0.5 / w and x_step = 1 / w; chroma siting,
 * crop and the lines of one field are all said by these four numbers. */
typedef struct
{
  const guint8 *data;
  gint stride;        /* bytes, may be negative */
  gint pixel_stride;  /* bytes */
  gint width, height; /* samples */
  guint8 sample_size; /* bytes: 1 or 2 */
  guint8 depth, shift;
  gfloat x_first, x_step, y_first, y_step;
} GstSodComponent;

/* Whose memory the samples lie in. */
typedef enum
{
  GST_SOD_IMAGE_HOST,
  /* A device's: component.data are addresses there, which the host must not
   * follow. */
  GST_SOD_IMAGE_DEVICE
} GstSodImageMemory;

/* How codes become RGB: rgb[i] = clamp01 (sum_j matrix[i][j] * code[j] +
 * matrix[i][3]), full range, so a gray picture has three equal rows with one
 * non-zero column, and 8-bit RGB has 1 / 255 on the diagonal. */
struct _GstSodImage
{
  gatomicrefcount ref_count;
  gint width, height; /* pixels of the rectangle that is looked at */
  guint n_components; /* 1 or 3 */
  GstSodComponent components[3];
  gfloat matrix[3][4];
  guint8 *pixels; /* owned memory, or NULL where it is borrowed */

  GstSodImageMemory memory;
  guint device;     /* DEVICE: its number, N of "cuda:N" */
  gpointer context; /* DEVICE: that of the driver which the memory belongs to (a
                       CUcontext); NULL: the device's primary one */
};

/* A picture that borrows its samples: components and matrix are for the
 * caller to fill in, before every use if it likes. */
GstSodImage *gst_sod_image_new_borrowed (void);

/* A picture of full-range 8-bit RGB that owns @pixels, width * height * 3 bytes
 * without padding from g_malloc(); the size was checked before. */
GstSodImage *gst_sod_image_new_rgb_take (
    gint width, gint height, guint8 *pixels);

/* Makes component @index of @self plain: @width x @height samples with centres
 * at (j + 0.5) / width, (i + 0.5) / height, 8 bits, no shift. */
void gst_sod_image_set_component (GstSodImage *self, guint index,
    const guint8 *data, gint stride, gint pixel_stride, gint width,
    gint height);

/* Makes @self a borrowed writable 8-bit gray picture (a map to be filled). */
void gst_sod_image_set_gray (
    GstSodImage *self, guint8 *data, gint stride, gint width, gint height);

/* Matrix of full-range gray or RGB codes of @depth bits. */
void gst_sod_image_set_full_range (GstSodImage *self, guint depth);

/* Writable row @y of an 8-bit gray picture. */
static inline guint8 *
gst_sod_image_gray_row (GstSodImage *self, gint y)
{
  const GstSodComponent *gray = &self->components[0];

  return (guint8 *) gray->data + (gssize) y * gray->stride;
}

static inline guint
gst_sod_component_code (const GstSodComponent *self, gint row, gint column)
{
  const guint8 *sample = self->data + (gssize) row * self->stride
                         + (gssize) column * self->pixel_stride;

  if (self->sample_size == 1)
    return *sample;
  return (guint) (sample[0] | sample[1] << 8) >> self->shift
         & ((1u << self->depth) - 1);
}

G_END_DECLS
