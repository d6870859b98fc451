/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/nn/weights-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/core/random.h>
#include <gst-sod/nn/safetensors-private.h>

static void
free_spec (gpointer data)
{
  GstSodWeightSpec *self = data;

  g_free (self->name);
  g_free (self->suffix);
  g_free (self);
}

static void
append_spec (const GstSodNode *node, guint index, const GstSodOpParam *param,
    const gchar *full_name, const GstSodShape *shape, gpointer data)
{
  GPtrArray *specs = data;
  GstSodWeightSpec *spec = g_new0 (GstSodWeightSpec, 1);

  spec->name = g_strdup (full_name);
  spec->shape = *shape;
  spec->kind = node->kind;
  spec->suffix = g_strdup (param->suffix);
  spec->trainable = param->trainable;
  g_ptr_array_add (specs, spec);
}

GPtrArray *
gst_sod_weights_list (const GstSodArchitecture *architecture, GError **error)
{
  g_autoptr (GstSodGraph) graph = gst_sod_architecture_build (architecture);
  GstSodShape input = gst_sod_shape_nchw (1,
      gst_sod_architecture_get_input_channels (architecture),
      architecture->input_height, architecture->input_width);
  g_autofree GstSodShape *shapes =
      gst_sod_graph_infer_shapes (graph, &input, error);
  GPtrArray *specs;

  if (shapes == NULL)
    return NULL;
  specs = g_ptr_array_new_with_free_func (free_spec);
  gst_sod_graph_foreach_param (graph, shapes, append_spec, specs);
  return specs;
}

static gboolean
match_one (const GstSodWeightSpec *spec, GHashTable *table,
    GstSodWeightDescribeFunc describe, GError **error)
{
  g_autofree gchar *expected = gst_sod_shape_to_string (&spec->shape);
  g_autofree gchar *found = NULL;
  gconstpointer value = g_hash_table_lookup (table, spec->name);
  const GstSodShape *shape;
  GstSodDType dtype;

  if (value == NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "tensor '%s' (%s) is missing: the weights are of another architecture",
        spec->name, expected);
    return FALSE;
  }
  shape = describe (value, &dtype);
  if (dtype != GST_SOD_DTYPE_F32) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "tensor '%s' is %s; weights are kept as f32", spec->name,
        gst_sod_dtype_name (dtype));
    return FALSE;
  }
  if (!gst_sod_shape_equal (shape, &spec->shape)) {
    found = gst_sod_shape_to_string (shape);
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "tensor '%s' has the shape %s, the architecture asks for %s",
        spec->name, found, expected);
    return FALSE;
  }
  return TRUE;
}

static gboolean
has_spec (GPtrArray *specs, const gchar *name)
{
  for (guint i = 0; i < specs->len; i++) {
    const GstSodWeightSpec *spec = g_ptr_array_index (specs, i);

    if (g_str_equal (spec->name, name))
      return TRUE;
  }
  return FALSE;
}

gboolean
gst_sod_weights_match (GPtrArray *specs, GHashTable *table,
    GstSodWeightDescribeFunc describe, GError **error)
{
  GHashTableIter iter;
  gpointer name;

  for (guint i = 0; i < specs->len; i++) {
    if (!match_one (g_ptr_array_index (specs, i), table, describe, error))
      return FALSE;
  }
  if (g_hash_table_size (table) == specs->len)
    return TRUE;
  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &name, NULL)) {
    if (!has_spec (specs, name))
      break;
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "tensor '%s' is not one of the %u that the architecture asks for",
      (const gchar *) name, specs->len);
  return FALSE;
}

/* The exponent is all ones in infinities and NaN; told by the bits, since
 * compilers may be allowed to assume that there are none. */
static gboolean
is_finite (gfloat value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof (bits));
  return (bits & 0x7f800000u) != 0x7f800000u;
}

static gboolean
check_values (
    const GstSodWeightSpec *spec, const GstSodTensor *tensor, GError **error)
{
  const gfloat *values = gst_sod_tensor_peek_data (tensor);
  gboolean is_variance = g_str_equal (spec->suffix, "running_var");
  gsize n = gst_sod_tensor_get_n_elements (tensor);

  for (gsize i = 0; i < n; i++) {
    if (is_finite (values[i]) && !(is_variance && values[i] < 0.0f))
      continue;
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "tensor '%s' holds %g at index %" G_GSIZE_FORMAT ", %s was expected",
        spec->name, (gdouble) values[i], i,
        is_variance ? "a variance of 0 or more" : "a finite number");
    return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_weights_check_values (
    GPtrArray *specs, GHashTable *weights, GError **error)
{
  for (guint i = 0; i < specs->len; i++) {
    const GstSodWeightSpec *spec = g_ptr_array_index (specs, i);

    if (!check_values (spec, g_hash_table_lookup (weights, spec->name), error))
      return FALSE;
  }
  return TRUE;
}

gchar *
gst_sod_weights_hash (GHashTable *weights)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GPtrArray) names = gst_sod_safetensors_sort_names (weights);

  for (guint i = 0; i < names->len; i++) {
    const GstSodTensor *tensor =
        g_hash_table_lookup (weights, g_ptr_array_index (names, i));

    g_checksum_update (checksum, gst_sod_tensor_peek_data (tensor),
        (gssize) gst_sod_tensor_get_size (tensor));
  }
  return g_strdup (g_checksum_get_string (checksum));
}

static void
fill (GstSodTensor *tensor, gfloat value)
{
  gfloat *values = gst_sod_tensor_get_data (tensor);

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++)
    values[i] = value;
}

static void
fill_normal (GstSodTensor *tensor, GstSodRandom *random)
{
  const GstSodShape *shape = gst_sod_tensor_get_shape (tensor);
  gdouble fan_in = 1.0;
  gdouble deviation;
  gfloat *values = gst_sod_tensor_get_data (tensor); /* (c_out, c_in, k, k) */

  for (guint i = 1; i < shape->n_dims; i++)
    fan_in *= (gdouble) shape->dims[i];
  deviation = sqrt (2.0 / fan_in);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++)
    values[i] = (gfloat) (deviation * gst_sod_random_normal (random));
}

static void
initialise (
    GstSodTensor *tensor, const GstSodWeightSpec *spec, GstSodRandom *random)
{
  gboolean is_weight = g_str_equal (spec->suffix, "weight");

  if (is_weight && spec->kind == GST_SOD_OP_CONV2D)
    fill_normal (tensor, random);
  else if (is_weight || g_str_equal (spec->suffix, "running_var"))
    fill (tensor, 1.0f);
}

GHashTable *
gst_sod_weights_new_random (GPtrArray *specs, guint64 seed, GError **error)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, 0);
  g_autoptr (GHashTable) weights = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) gst_sod_tensor_unref);

  for (guint i = 0; i < specs->len; i++) {
    const GstSodWeightSpec *spec = g_ptr_array_index (specs, i);
    GstSodTensor *tensor =
        gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &spec->shape, error);

    if (tensor == NULL)
      return NULL;
    initialise (tensor, spec, random);
    g_hash_table_insert (weights, g_strdup (spec->name), tensor);
  }
  return g_steal_pointer (&weights);
}
