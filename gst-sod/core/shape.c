/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/shape-private.h>

gboolean
gst_sod_shape_equal (const GstSodShape *a, const GstSodShape *b)
{
  if (a->n_dims != b->n_dims)
    return FALSE;
  for (guint i = 0; i < a->n_dims; i++) {
    if (a->dims[i] != b->dims[i])
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_shape_count (const GstSodShape *shape, gsize *count)
{
  gsize total = 1;

  for (guint i = 0; i < shape->n_dims; i++) {
    if (shape->dims[i] < 0
        || !g_size_checked_mul (&total, total, (gsize) shape->dims[i]))
      return FALSE;
  }
  if (total > G_MAXSSIZE / sizeof (gdouble))
    return FALSE;
  *count = total;
  return TRUE;
}

gchar *
gst_sod_shape_to_string (const GstSodShape *shape)
{
  GString *text = g_string_new (shape->n_dims == 0 ? "scalar" : NULL);

  for (guint i = 0; i < shape->n_dims; i++)
    g_string_append_printf (
        text, "%s%" G_GINT64_FORMAT, i > 0 ? "x" : "", shape->dims[i]);
  return g_string_free (text, FALSE);
}

gsize
gst_sod_dtype_size (GstSodDType dtype)
{
  switch (dtype) {
    case GST_SOD_DTYPE_F64:
      return 8;
    case GST_SOD_DTYPE_F32:
    case GST_SOD_DTYPE_S32:
      return 4;
    case GST_SOD_DTYPE_F16:
    case GST_SOD_DTYPE_BF16:
      return 2;
    case GST_SOD_DTYPE_U8:
    case GST_SOD_DTYPE_S8:
      return 1;
  }
  g_return_val_if_reached (0);
}

const gchar *
gst_sod_dtype_name (GstSodDType dtype)
{
  static const gchar *const names[] = { "f32", "f64", "f16", "bf16", "u8", "s8",
    "s32" };

  g_return_val_if_fail ((guint) dtype < G_N_ELEMENTS (names), NULL);
  return names[dtype];
}

const gchar *
gst_sod_precision_name (GstSodPrecision precision)
{
  static const gchar *const names[] = { "auto", "f32", "bf16", "f16", "int8",
    "tf32" };

  g_return_val_if_fail ((guint) precision < G_N_ELEMENTS (names), NULL);
  return names[precision];
}
