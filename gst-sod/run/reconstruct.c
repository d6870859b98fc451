/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a reverse network makes of maps (the paper, III.C). */
#include <gst-sod/run/reconstruct-private.h>

#include <gst-sod/run/instance-private.h>
#include <gst-sod/run/resample-private.h>

struct _GstSodReconstructor
{
  GObject parent;

  GstSodInstance *instance;
  GstSodPacked *packed; /* of the last map */
  GstSodResampler resamplers[3];
  gfloat *rows; /* of the widest picture so far */
  gsize n_rows; /* elements of rows */
};

/* One map on its way through the executor. */
typedef struct
{
  const GstSodImage *map;
  GstSodTensor *image; /* (1, 3, h, w) in -1..1 */
} Work;

G_DEFINE_TYPE (GstSodReconstructor, gst_sod_reconstructor, G_TYPE_OBJECT)

static void
gst_sod_reconstructor_finalize (GObject *object)
{
  GstSodReconstructor *self = GST_SOD_RECONSTRUCTOR (object);

  for (guint i = 0; i < 3; i++)
    gst_sod_resampler_clear (&self->resamplers[i]);
  g_free (self->rows);
  g_clear_pointer (&self->packed, gst_sod_packed_unref);
  g_clear_object (&self->instance);
  G_OBJECT_CLASS (gst_sod_reconstructor_parent_class)->finalize (object);
}

static void
gst_sod_reconstructor_class_init (GstSodReconstructorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_reconstructor_finalize;
}

static void
gst_sod_reconstructor_init (GstSodReconstructor *self)
{
}

/**
 * gst_sod_reconstructor_new:
 * @instance: an instance of gst_sod_instance_new_reverse() with a network
 *   loaded
 * @error: return location for an error
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT where @instance has no network yet.
 *
 * Returns: (transfer full): the reconstructor, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodReconstructor *
gst_sod_reconstructor_new (GstSodInstance *instance, GError **error)
{
  GstSodReconstructor *self;
  GstSodPacked *packed;

  g_return_val_if_fail (GST_SOD_IS_INSTANCE (instance), NULL);
  g_return_val_if_fail (
      gst_sod_instance_get_kind (instance) == GST_SOD_NETWORK_REVERSE, NULL);

  packed = gst_sod_instance_ref_packed (instance);
  if (packed == NULL) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "the instance has no network for the reconstructor to run; load one "
        "with gst_sod_instance_ensure() first");
    return NULL;
  }
  self = g_object_new (GST_SOD_TYPE_RECONSTRUCTOR, NULL);
  self->instance = g_object_ref (instance);
  self->packed = packed;
  return self;
}

/* ---- the network ---- */

/* Executor's thread. */
static gboolean
infer (gpointer key, gpointer *items, guint n_items, GError **error)
{
  GstSodStream *stream = gst_sod_packed_get_stream (key, 1);
  Work *work = items[0];

  if (!stream->klass->write_image (stream, 0, 0, work->map, error)
      || !stream->klass->execute (stream, error))
    return FALSE;
  work->image = stream->klass->read_value (
      stream, gst_sod_packed_get_output (key), error);
  return work->image != NULL;
}

/* Takes up the network that the instance has now, and gives what it imagines;
 * (transfer full). */
static GstSodTensor *
run (GstSodReconstructor *self, const GstSodImage *map,
    GCancellable *cancellable, GError **error)
{
  GstSodExecutor *executor = gst_sod_instance_get_executor (self->instance);
  Work work = { .map = map };

  if (map->n_components != 1 || map->width < 1 || map->height < 1) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "a map is a gray picture of at least 1x1 pixels, this one has %u "
        "components and %dx%d; convert it to GRAY8",
        map->n_components, map->width, map->height);
    return NULL;
  }
  gst_sod_packed_unref (self->packed);
  self->packed = gst_sod_instance_ref_packed (self->instance);
  if (!gst_sod_executor_run (
          executor, infer, self->packed, &work, 1, cancellable, error)) {
    g_clear_pointer (&work.image, gst_sod_tensor_unref);
    return NULL;
  }
  return work.image;
}

static gboolean
reserve_rows (GstSodReconstructor *self, gsize n, GError **error)
{
  if (n <= self->n_rows)
    return TRUE;
  g_free (self->rows);
  self->rows = g_try_new (gfloat, n);
  self->n_rows = self->rows != NULL ? n : 0;
  if (self->rows != NULL)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "no memory for rows of %" G_GSIZE_FORMAT " numbers; use smaller pictures",
      n);
  return FALSE;
}

/* ---- the image ---- */

static gboolean
check_rgb (const GstSodImage *image, GError **error)
{
  gboolean fits =
      image->n_components == 3 && image->width >= 1 && image->height >= 1;

  for (guint i = 0; fits && i < 3; i++) {
    const GstSodComponent *one = &image->components[i];

    fits = one->sample_size == 1 && one->depth == 8
           && one->width == image->width && one->height == image->height;
  }
  if (!fits)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "an image is written into an 8-bit RGB picture of at least 1x1 "
        "pixels, this one has %u components and %dx%d",
        image->n_components, image->width, image->height);
  return fits;
}

/* @values: (3, h, w) */
static gboolean
write_image (GstSodReconstructor *self, const gfloat *values, gint height,
    gint width, GstSodImage *image, GError **error)
{
  GstSodResampler *resampler = &self->resamplers[0];

  if (!reserve_rows (self, image->width, error)
      || !gst_sod_resampler_prepare_plane (
          resampler, width, height, image->width, image->height, error))
    return FALSE;
  for (guint i = 0; i < 3; i++) {
    const GstSodComponent *to = &image->components[i];

    for (gint y = 0; y < image->height; y++) {
      gst_sod_resampler_read_plane_row (
          resampler, values + (gsize) i * height * width, y, self->rows);
      gst_sod_codes_from_signed (self->rows, image->width,
          (guint8 *) to->data + (gssize) y * to->stride, to->pixel_stride);
    }
  }
  return TRUE;
}

/**
 * gst_sod_reconstructor_imagine:
 * @self: a reconstructor
 * @map: a gray picture of any size
 * @image: an 8-bit RGB picture of any size, such as gst_sod_image_new_rgb()
 *   makes, which gets the image
 * @cancellable: (nullable): takes the map back while it waits for its turn
 * @error: return location for an error
 *
 * Shows what the reverse network imagines of @map: stretches it to the
 * network's input as frames are, runs the network that the instance has now,
 * and resizes its image, which has half the size of its input, to @image.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a picture of the wrong kind,
 * %GST_SOD_ERROR_CANCELLED, %GST_SOD_ERROR_NO_MEMORY, %GST_SOD_ERROR_DEVICE,
 * %GST_SOD_ERROR_BACKEND.
 *
 * Returns: %TRUE, or %FALSE with @error set and @image undefined
 *
 * Since: 0.1
 */
gboolean
gst_sod_reconstructor_imagine (GstSodReconstructor *self,
    const GstSodImage *map, GstSodImage *image, GCancellable *cancellable,
    GError **error)
{
  g_autoptr (GstSodTensor) imagined = NULL; /* (1, 3, h, w) */

  g_return_val_if_fail (GST_SOD_IS_RECONSTRUCTOR (self), FALSE);
  g_return_val_if_fail (map != NULL && image != NULL, FALSE);

  if (!check_rgb (image, error))
    return FALSE;
  imagined = run (self, map, cancellable, error);
  return imagined != NULL
         && write_image (self, gst_sod_tensor_peek_data (imagined),
             (gint) gst_sod_tensor_get_dim (imagined, 2),
             (gint) gst_sod_tensor_get_dim (imagined, 3), image, error);
}

/* ---- the difference ---- */

/* Row @y of @frame at the size that the resamplers are prepared for: R, G and B
 * in 0..1. */
static void
read_rgb_row (GstSodReconstructor *self, const GstSodImage *frame, gint y,
    gfloat *const *codes, gfloat *const *rgb)
{
  for (guint i = 0; i < frame->n_components; i++)
    gst_sod_resampler_read_row (
        &self->resamplers[i], &frame->components[i], y, codes[i]);
  gst_sod_codes_to_rgb (
      frame, (const gfloat *const *) codes, self->resamplers[0].x.to, rgb);
}

/* Mean of abs (values - frame at half of the size of the network's input, in
 * -1..1); @values: (3, h, w), the input has (2h, 2w). */
static gboolean
compare (GstSodReconstructor *self, const gfloat *values, gint height,
    gint width, const GstSodImage *frame, gdouble *difference, GError **error)
{
  gfloat *codes[3], *upper[3], *lower[3];
  gsize row = 2 * (gsize) width;
  gdouble sum = 0;

  if (!reserve_rows (self, 9 * row, error))
    return FALSE;
  for (guint i = 0; i < 3; i++) {
    codes[i] = self->rows + i * row;
    upper[i] = self->rows + (3 + i) * row;
    lower[i] = self->rows + (6 + i) * row;
  }
  for (guint i = 0; i < frame->n_components; i++) {
    if (!gst_sod_resampler_prepare (&self->resamplers[i], &frame->components[i],
            2 * width, 2 * height, error))
      return FALSE;
  }
  for (gint y = 0; y < height; y++) {
    read_rgb_row (self, frame, 2 * y, codes, upper);
    read_rgb_row (self, frame, 2 * y + 1, codes, lower);
    for (guint i = 0; i < 3; i++)
      sum += gst_sod_sum_difference (
          values + ((gsize) i * height + y) * width, upper[i], lower[i], width);
  }
  *difference = sum / (3.0 * height * width);
  return TRUE;
}

/**
 * gst_sod_reconstructor_measure:
 * @self: a reconstructor
 * @map: a gray picture of any size: the map of @frame
 * @frame: a picture of any size, with 1 or 3 components
 * @difference: (out): mean difference, 0 to 2
 * @cancellable: (nullable): takes the map back while it waits for its turn
 * @error: return location for an error
 *
 * Tells how well @map explains @frame: the L1 part of the reverse network's
 * loss, mean (abs (o - t)) over colours and pixels, where o is what the network
 * imagines of @map and t is @frame, stretched to the network's input as
 * gst_sod_session_infer() does, averaged to half of that size, in -1 to 1. 0
 * where the network sees the frame in its map; a map or a scene that is not
 * like those it was trained on has a larger one. Differences of one camera can
 * be compared, those of different scenes cannot.
 *
 * Errors: as gst_sod_reconstructor_imagine().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_reconstructor_measure (GstSodReconstructor *self,
    const GstSodImage *map, const GstSodImage *frame, gdouble *difference,
    GCancellable *cancellable, GError **error)
{
  g_autoptr (GstSodTensor) imagined = NULL; /* (1, 3, h, w) */

  g_return_val_if_fail (GST_SOD_IS_RECONSTRUCTOR (self), FALSE);
  g_return_val_if_fail (map != NULL && frame != NULL, FALSE);
  g_return_val_if_fail (difference != NULL, FALSE);

  if (frame->width < 1 || frame->height < 1
      || (frame->n_components != 1 && frame->n_components != 3)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "a frame has 1 or 3 components and at least 1x1 pixels, this one has "
        "%u and %dx%d",
        frame->n_components, frame->width, frame->height);
    return FALSE;
  }
  imagined = run (self, map, cancellable, error);
  return imagined != NULL
         && compare (self, gst_sod_tensor_peek_data (imagined),
             (gint) gst_sod_tensor_get_dim (imagined, 2),
             (gint) gst_sod_tensor_get_dim (imagined, 3), frame, difference,
             error);
}

/**
 * gst_sod_reconstructor_get_network:
 * @self: a reconstructor
 *
 * Returns: (transfer none): the network that ran last (before the first: that
 *   the reconstructor was made with); valid until the reconstructor is used
 *   again
 *
 * Since: 0.1
 */
GstSodNetwork *
gst_sod_reconstructor_get_network (GstSodReconstructor *self)
{
  g_return_val_if_fail (GST_SOD_IS_RECONSTRUCTOR (self), NULL);

  return gst_sod_packed_get_network (self->packed);
}

/**
 * gst_sod_reconstructor_get_image_size:
 * @self: a reconstructor
 * @width: (out) (optional): columns
 * @height: (out) (optional): rows
 *
 * The size of what the network of gst_sod_reconstructor_get_network() imagines,
 * before it is resized.
 *
 * Since: 0.1
 */
void
gst_sod_reconstructor_get_image_size (
    GstSodReconstructor *self, gint *width, gint *height)
{
  const GstSodShape *output; /* (1, 3, h, w) */

  g_return_if_fail (GST_SOD_IS_RECONSTRUCTOR (self));

  output = &gst_sod_packed_get_executable (self->packed)->output;
  if (width != NULL)
    *width = (gint) output->dims[3];
  if (height != NULL)
    *height = (gint) output->dims[2];
}
