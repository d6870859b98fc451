/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/cuda/picture-private.h>

#include <string.h>

#define ALIGNMENT 256

/* Bytes of @component, from its lowest address on. */
static const guint8 *
find_bytes (const GstSodComponent *component, gsize *size)
{
  gint64 down = (gint64) (component->height - 1) * component->stride;
  gint64 across = (gint64) (component->width - 1) * component->pixel_stride;

  *size = (gsize) (ABS (down) + ABS (across) + component->sample_size);
  return component->data + MIN (down, 0) + MIN (across, 0);
}

/* Joins [@first, @first + @size) with what it meets. */
static void
add_span (GstSodCudaSpans *self, const guint8 *first, gsize size)
{
  const guint8 *end = first + size;

  for (guint i = 0; i < self->n;) {
    const guint8 *other = self->spans[i].first;
    const guint8 *other_end = other + self->spans[i].size;

    if (other > end || first > other_end) {
      i++;
      continue;
    }
    first = MIN (first, other);
    end = MAX (end, other_end);
    self->spans[i] = self->spans[--self->n];
  }
  self->spans[self->n].first = first;
  self->spans[self->n].size = (gsize) (end - first);
  self->n++;
}

gboolean
gst_sod_cuda_picture_find_spans (
    const GstSodImage *image, GstSodCudaSpans *spans, GError **error)
{
  *spans = (GstSodCudaSpans){ 0 };
  for (guint i = 0; i < image->n_components; i++) {
    const GstSodComponent *component = &image->components[i];
    const guint8 *first;
    gsize size;

    if (component->width < 1 || component->height < 1) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
          "component %u of the picture has %dx%d samples; a picture has one "
          "at least",
          i, component->width, component->height);
      return FALSE;
    }
    first = find_bytes (component, &size);
    add_span (spans, first, size);
  }
  for (guint i = 0; i < spans->n; i++) {
    spans->spans[i].offset = spans->size;
    spans->size +=
        (spans->spans[i].size + ALIGNMENT - 1) & ~(gsize) (ALIGNMENT - 1);
  }
  return TRUE;
}

void
gst_sod_cuda_spans_copy (const GstSodCudaSpans *self, guint8 *to)
{
  for (guint i = 0; i < self->n; i++)
    memcpy (
        to + self->spans[i].offset, self->spans[i].first, self->spans[i].size);
}

gboolean
gst_sod_cuda_picture_init (GstSodCudaPicture *self, const GstSodImage *image,
    const GstSodInputRule *rule, gint channels, GError **error)
{
  if (channels == 1 && image->n_components != 1) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the network takes a gray picture, one of %u components was given; "
        "convert it to gray",
        image->n_components);
    return FALSE;
  }
  *self = (GstSodCudaPicture){
    .n_components = (gint) image->n_components,
    .gray = channels == 1,
  };
  for (guint i = 0; i < image->n_components; i++) {
    const GstSodComponent *from = &image->components[i];

    self->components[i] = (GstSodCudaComponent){
      .data = from->data,
      .stride = from->stride,
      .pixel_stride = from->pixel_stride,
      .width = from->width,
      .height = from->height,
      .sample_size = from->sample_size,
      .depth = from->depth,
      .shift = from->shift,
      .x_first = from->x_first,
      .x_step = from->x_step,
      .y_first = from->y_first,
      .y_step = from->y_step,
    };
  }
  memcpy (self->matrix, image->matrix, sizeof self->matrix);
  memcpy (self->mean, rule->mean, sizeof self->mean);
  memcpy (self->std, rule->std, sizeof self->std);
  return TRUE;
}

void
gst_sod_cuda_picture_move (GstSodCudaPicture *self, const GstSodImage *image,
    const GstSodCudaSpans *spans, const guint8 *copy)
{
  for (guint i = 0; i < image->n_components; i++) {
    const guint8 *data = image->components[i].data;

    for (guint j = 0; j < spans->n; j++) {
      const guint8 *first = spans->spans[j].first;

      if (data >= first && data < first + spans->spans[j].size)
        self->components[i].data =
            copy + spans->spans[j].offset + (data - first);
    }
  }
}
