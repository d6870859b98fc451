/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/tensor-private.h>

#include <gst-sod/core/half-private.h>
#include <math.h>
#include <string.h>

struct _GstSodTensor
{
  gatomicrefcount ref_count;
  GstSodDType dtype;
  GstSodShape shape;
  gsize n_elements;
  gpointer data;
  gboolean borrowed;
};

G_DEFINE_BOXED_TYPE (
    GstSodTensor, gst_sod_tensor, gst_sod_tensor_ref, gst_sod_tensor_unref)

gpointer
gst_sod_aligned_alloc (gsize size, GError **error)
{
  gpointer memory = NULL;

  if (posix_memalign (&memory, GST_SOD_ALIGNMENT, MAX (size, 1)) != 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "%" G_GSIZE_FORMAT " bytes could not be allocated; use a smaller "
        "input, batch or model",
        size);
    return NULL;
  }
  return memory;
}

void
gst_sod_aligned_free (gpointer memory)
{
  free (memory);
}

static GstSodTensor *
alloc_tensor (GstSodDType dtype, const GstSodShape *shape, GError **error)
{
  g_autofree gchar *text = NULL;
  GstSodTensor *self;
  gpointer data;
  gsize count;

  if (!gst_sod_shape_count (shape, &count)) {
    text = gst_sod_shape_to_string (shape);
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "a tensor of shape %s cannot be addressed; sizes are 0 or more and "
        "their product fits into memory",
        text);
    return NULL;
  }
  data = gst_sod_aligned_alloc (count * gst_sod_dtype_size (dtype), error);
  if (data == NULL)
    return NULL;
  self = g_new0 (GstSodTensor, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->dtype = dtype;
  self->shape = *shape;
  self->n_elements = count;
  self->data = data;
  return self;
}

GstSodTensor *
gst_sod_tensor_new_shaped (
    GstSodDType dtype, const GstSodShape *shape, GError **error)
{
  GstSodTensor *self = alloc_tensor (dtype, shape, error);

  if (self != NULL)
    memset (self->data, 0, gst_sod_tensor_get_size (self));
  return self;
}

GstSodTensor *
gst_sod_tensor_new_borrowed (
    GstSodDType dtype, const GstSodShape *shape, gpointer data)
{
  GstSodTensor *self;
  gsize count;

  if (!gst_sod_shape_count (shape, &count))
    g_return_val_if_reached (NULL);
  self = g_new0 (GstSodTensor, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->dtype = dtype;
  self->shape = *shape;
  self->n_elements = count;
  self->data = data;
  self->borrowed = TRUE;
  return self;
}

static gboolean
read_dims (const gint64 *dims, guint n_dims, GstSodShape *shape, GError **error)
{
  if (n_dims > GST_SOD_MAX_DIMS) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "a tensor has at most %d dimensions, %u were given", GST_SOD_MAX_DIMS,
        n_dims);
    return FALSE;
  }
  *shape = (GstSodShape){ .n_dims = n_dims };
  for (guint i = 0; i < n_dims; i++)
    shape->dims[i] = dims[i];
  return TRUE;
}

/**
 * gst_sod_tensor_new:
 * @dtype: type of the elements
 * @dims: (array length=n_dims): sizes, outermost first, each 0 or more
 * @n_dims: number of dimensions, 0 to 4
 * @error: return location for an error
 *
 * Makes a tensor whose elements are all zero.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for sizes that cannot be addressed,
 * %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the tensor, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodTensor *
gst_sod_tensor_new (
    GstSodDType dtype, const gint64 *dims, guint n_dims, GError **error)
{
  GstSodShape shape;

  g_return_val_if_fail (dims != NULL || n_dims == 0, NULL);

  if (!read_dims (dims, n_dims, &shape, error))
    return NULL;
  return gst_sod_tensor_new_shaped (dtype, &shape, error);
}

/**
 * gst_sod_tensor_new_from_bytes:
 * @dtype: type of the elements
 * @dims: (array length=n_dims): sizes, outermost first, each 0 or more
 * @n_dims: number of dimensions, 0 to 4
 * @bytes: the elements in the machine's byte order, innermost dimension
 *   fastest; copied once
 * @error: return location for an error
 *
 * Makes a tensor that holds a copy of @bytes.
 *
 * Errors: as gst_sod_tensor_new(), and %GST_SOD_ERROR_MISMATCH where @bytes is
 * not exactly as long as the shape says.
 *
 * Returns: (transfer full): the tensor, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodTensor *
gst_sod_tensor_new_from_bytes (GstSodDType dtype, const gint64 *dims,
    guint n_dims, GBytes *bytes, GError **error)
{
  g_autofree gchar *text = NULL;
  GstSodShape shape;
  GstSodTensor *self;
  gsize count;

  g_return_val_if_fail (dims != NULL || n_dims == 0, NULL);
  g_return_val_if_fail (bytes != NULL, NULL);

  if (!read_dims (dims, n_dims, &shape, error))
    return NULL;
  if (gst_sod_shape_count (&shape, &count)
      && g_bytes_get_size (bytes) != count * gst_sod_dtype_size (dtype)) {
    text = gst_sod_shape_to_string (&shape);
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "a %s tensor of shape %s takes %" G_GSIZE_FORMAT
        " bytes, %" G_GSIZE_FORMAT " were given",
        gst_sod_dtype_name (dtype), text, count * gst_sod_dtype_size (dtype),
        g_bytes_get_size (bytes));
    return NULL;
  }
  self = alloc_tensor (dtype, &shape, error);
  if (self != NULL && g_bytes_get_size (bytes) > 0)
    memcpy (self->data, g_bytes_get_data (bytes, NULL),
        gst_sod_tensor_get_size (self));
  return self;
}

/**
 * gst_sod_tensor_ref:
 * @self: a tensor
 *
 * Takes a reference. Thread-safe.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
GstSodTensor *
gst_sod_tensor_ref (GstSodTensor *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * gst_sod_tensor_unref:
 * @self: (transfer full): a tensor
 *
 * Gives a reference back; the last one frees the memory. Thread-safe.
 *
 * Since: 0.1
 */
void
gst_sod_tensor_unref (GstSodTensor *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (!self->borrowed)
    gst_sod_aligned_free (self->data);
  g_free (self);
}

/**
 * gst_sod_tensor_get_dtype:
 * @self: a tensor
 *
 * Returns: the type of the elements
 *
 * Since: 0.1
 */
GstSodDType
gst_sod_tensor_get_dtype (const GstSodTensor *self)
{
  g_return_val_if_fail (self != NULL, GST_SOD_DTYPE_F32);

  return self->dtype;
}

/**
 * gst_sod_tensor_get_n_dims:
 * @self: a tensor
 *
 * Returns: the number of dimensions, 0 to 4
 *
 * Since: 0.1
 */
guint
gst_sod_tensor_get_n_dims (const GstSodTensor *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->shape.n_dims;
}

/**
 * gst_sod_tensor_get_dim:
 * @self: a tensor
 * @index: a dimension, 0 is the outermost
 *
 * Returns: the size of dimension @index
 *
 * Since: 0.1
 */
gint64
gst_sod_tensor_get_dim (const GstSodTensor *self, guint index)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (index < self->shape.n_dims, 0);

  return self->shape.dims[index];
}

/**
 * gst_sod_tensor_get_n_elements:
 * @self: a tensor
 *
 * Returns: the product of the sizes, 1 for a scalar
 *
 * Since: 0.1
 */
gsize
gst_sod_tensor_get_n_elements (const GstSodTensor *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_elements;
}

/**
 * gst_sod_tensor_get_bytes:
 * @self: a tensor
 *
 * Copies the elements out, innermost dimension fastest, in the machine's byte
 * order.
 *
 * Returns: (transfer full): one copy of the elements
 *
 * Since: 0.1
 */
GBytes *
gst_sod_tensor_get_bytes (const GstSodTensor *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_bytes_new (self->data, gst_sod_tensor_get_size (self));
}

const GstSodShape *
gst_sod_tensor_get_shape (const GstSodTensor *self)
{
  return &self->shape;
}

gpointer
gst_sod_tensor_get_data (GstSodTensor *self)
{
  return self->data;
}

gconstpointer
gst_sod_tensor_peek_data (const GstSodTensor *self)
{
  return self->data;
}

gboolean
gst_sod_tensor_is_mine (const GstSodTensor *self)
{
  return g_atomic_ref_count_compare (&((GstSodTensor *) self)->ref_count, 1);
}

gsize
gst_sod_tensor_get_size (const GstSodTensor *self)
{
  return self->n_elements * gst_sod_dtype_size (self->dtype);
}

static gdouble
load_element (const GstSodTensor *self, gsize i)
{
  switch (self->dtype) {
    case GST_SOD_DTYPE_F32:
      return ((const gfloat *) self->data)[i];
    case GST_SOD_DTYPE_F64:
      return ((const gdouble *) self->data)[i];
    case GST_SOD_DTYPE_F16:
      return gst_sod_f16_to_f32 (((const guint16 *) self->data)[i]);
    case GST_SOD_DTYPE_BF16:
      return gst_sod_bf16_to_f32 (((const guint16 *) self->data)[i]);
    default:
      g_return_val_if_reached (0);
  }
}

/* @value as f32, its last bit set where that is not all of it: it then rounds
 * to fewer bits as @value itself does, and not twice. */
static gfloat
round_to_odd (gdouble value)
{
  union
  {
    gfloat f;
    guint32 u;
  } bits = { .f = (gfloat) value };

  if (isfinite (value) && bits.f != value) {
    if (fabs ((gdouble) bits.f) > fabs (value))
      bits.u--;
    bits.u |= 1;
  }
  return bits.f;
}

static void
store_element (GstSodTensor *self, gsize i, gdouble value)
{
  switch (self->dtype) {
    case GST_SOD_DTYPE_F32:
      ((gfloat *) self->data)[i] = (gfloat) value;
      break;
    case GST_SOD_DTYPE_F64:
      ((gdouble *) self->data)[i] = value;
      break;
    case GST_SOD_DTYPE_F16:
      ((guint16 *) self->data)[i] = gst_sod_f32_to_f16 (round_to_odd (value));
      break;
    case GST_SOD_DTYPE_BF16:
      ((guint16 *) self->data)[i] = gst_sod_f32_to_bf16 (round_to_odd (value));
      break;
    default:
      g_return_if_reached ();
  }
}

static gboolean
is_float (GstSodDType dtype)
{
  return dtype == GST_SOD_DTYPE_F32 || dtype == GST_SOD_DTYPE_F64
         || dtype == GST_SOD_DTYPE_F16 || dtype == GST_SOD_DTYPE_BF16;
}

GstSodTensor *
gst_sod_tensor_convert (
    const GstSodTensor *self, GstSodDType dtype, GError **error)
{
  GstSodTensor *converted;

  if (!is_float (self->dtype) || !is_float (dtype)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
        "a %s tensor cannot be converted to %s; f32, f64, f16 and bf16 "
        "can",
        gst_sod_dtype_name (self->dtype), gst_sod_dtype_name (dtype));
    return NULL;
  }
  converted = alloc_tensor (dtype, &self->shape, error);
  if (converted == NULL)
    return NULL;
  if (dtype == self->dtype) {
    memcpy (converted->data, self->data, gst_sod_tensor_get_size (self));
    return converted;
  }
  for (gsize i = 0; i < self->n_elements; i++)
    store_element (converted, i, load_element (self, i));
  return converted;
}
