/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which school measures what, and how everything is called in JSON. */
#include <gst-sod/eval/measures-private.h>
#include <gst-sod/eval/school.h>

#define BIT(measure) (1u << GST_SOD_MEASURE_##measure)

#define IMAGE_MEASURES                                                         \
  (BIT (MAX_F) | BIT (MEAN_F) | BIT (ADAPTIVE_F) | BIT (S_MEASURE)             \
      | BIT (MAX_E) | BIT (MEAN_E) | BIT (ADAPTIVE_E) | BIT (WEIGHTED_F)       \
      | BIT (MAE) | BIT (IOU) | BIT (ADAPTIVE_IOU) | BIT (WARPING_ERROR))

static const struct
{
  const gchar *name;
  guint measures; /* BIT of each */
  guint curves;   /* 1 << curve of each */
} schools[] = {
  [GST_SOD_SCHOOL_PYSOD] = { "pysod", IMAGE_MEASURES, 0xf },
  [GST_SOD_SCHOOL_DAVSOD] = { "davsod", IMAGE_MEASURES, 0xf },
  [GST_SOD_SCHOOL_PAPER_F] = { "paper-f",
      BIT (MAX_F) | BIT (MEAN_F) | BIT (ADAPTIVE_F) | BIT (MAE)
          | BIT (WARPING_ERROR),
      1 << GST_SOD_CURVE_PRECISION | 1 << GST_SOD_CURVE_RECALL
          | 1 << GST_SOD_CURVE_F },
  [GST_SOD_SCHOOL_DAVIS] = { "davis",
      BIT (IOU) | BIT (BOUNDARY_F) | BIT (WARPING_ERROR), 0 },
};

static const gchar *const measure_keys[GST_SOD_N_MEASURES] = {
  [GST_SOD_MEASURE_MAX_F] = "max_f",
  [GST_SOD_MEASURE_MEAN_F] = "mean_f",
  [GST_SOD_MEASURE_ADAPTIVE_F] = "adaptive_f",
  [GST_SOD_MEASURE_S_MEASURE] = "s_measure",
  [GST_SOD_MEASURE_MAX_E] = "max_e",
  [GST_SOD_MEASURE_MEAN_E] = "mean_e",
  [GST_SOD_MEASURE_ADAPTIVE_E] = "adaptive_e",
  [GST_SOD_MEASURE_WEIGHTED_F] = "weighted_f",
  [GST_SOD_MEASURE_MAE] = "mae",
  [GST_SOD_MEASURE_IOU] = "iou",
  [GST_SOD_MEASURE_ADAPTIVE_IOU] = "adaptive_iou",
  [GST_SOD_MEASURE_BOUNDARY_F] = "boundary_f",
  [GST_SOD_MEASURE_WARPING_ERROR] = "warping_error",
};

static const gchar *const curve_keys[GST_SOD_N_CURVES] = {
  [GST_SOD_CURVE_PRECISION] = "precision",
  [GST_SOD_CURVE_RECALL] = "recall",
  [GST_SOD_CURVE_F] = "f",
  [GST_SOD_CURVE_E] = "e",
};

/**
 * gst_sod_school_get_name:
 * @school: a school
 *
 * Returns: its name on command lines and in JSON: `pysod`, `davsod`,
 *   `paper-f` or `davis`
 *
 * Since: 0.1
 */
const gchar *
gst_sod_school_get_name (GstSodSchool school)
{
  g_return_val_if_fail (school < G_N_ELEMENTS (schools), NULL);

  return schools[school].name;
}

/**
 * gst_sod_school_from_name:
 * @name: a name as gst_sod_school_get_name() gives it
 * @school: (out): the school
 * @error: return location for an error
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a name that no school has.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_school_from_name (
    const gchar *name, GstSodSchool *school, GError **error)
{
  g_return_val_if_fail (name != NULL && school != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (schools); i++) {
    if (g_str_equal (name, schools[i].name)) {
      *school = i;
      return TRUE;
    }
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "no school of measures is called \"%s\": it is one of pysod, davsod, "
      "paper-f and davis",
      name);
  return FALSE;
}

/**
 * gst_sod_school_has:
 * @school: a school
 * @measure: a measure
 *
 * Returns: whether @school knows @measure; what it doesn't know is neither
 *   computed nor written, so that schools are not mixed
 *
 * Since: 0.1
 */
gboolean
gst_sod_school_has (GstSodSchool school, GstSodMeasure measure)
{
  g_return_val_if_fail (school < G_N_ELEMENTS (schools), FALSE);
  g_return_val_if_fail (measure < GST_SOD_N_MEASURES, FALSE);

  return (schools[school].measures >> measure & 1) != 0;
}

/**
 * gst_sod_school_has_curve:
 * @school: a school
 * @curve: a curve
 *
 * Returns: whether @school knows @curve
 *
 * Since: 0.1
 */
gboolean
gst_sod_school_has_curve (GstSodSchool school, GstSodCurve curve)
{
  g_return_val_if_fail (school < G_N_ELEMENTS (schools), FALSE);
  g_return_val_if_fail (curve < GST_SOD_N_CURVES, FALSE);

  return (schools[school].curves >> curve & 1) != 0;
}

/**
 * gst_sod_measure_get_key:
 * @measure: a measure
 *
 * Returns: its key in JSON: `max_f`, `mean_f`, `adaptive_f`, `s_measure`,
 *   `max_e`, `mean_e`, `adaptive_e`, `weighted_f`, `mae`, `iou`,
 *   `adaptive_iou`, `boundary_f` or `warping_error`
 *
 * Since: 0.1
 */
const gchar *
gst_sod_measure_get_key (GstSodMeasure measure)
{
  g_return_val_if_fail (measure < GST_SOD_N_MEASURES, NULL);

  return measure_keys[measure];
}

/**
 * gst_sod_measure_from_key:
 * @key: a key as gst_sod_measure_get_key() gives it
 * @measure: (out): the measure
 * @error: return location for an error
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a key that no measure has.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_measure_from_key (
    const gchar *key, GstSodMeasure *measure, GError **error)
{
  g_autofree gchar *keys = NULL;

  g_return_val_if_fail (key != NULL && measure != NULL, FALSE);

  for (guint i = 0; i < GST_SOD_N_MEASURES; i++) {
    if (g_str_equal (key, measure_keys[i])) {
      *measure = i;
      return TRUE;
    }
  }
  keys = gst_sod_measure_list_keys ();
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "no measure is called \"%s\": it is one of %s", key, keys);
  return FALSE;
}

gchar *
gst_sod_measure_list_keys (void)
{
  GString *keys = g_string_new (measure_keys[0]);

  for (guint i = 1; i < GST_SOD_N_MEASURES; i++)
    g_string_append_printf (keys, " %s", measure_keys[i]);
  return g_string_free (keys, FALSE);
}

/**
 * gst_sod_curve_get_key:
 * @curve: a curve
 *
 * Returns: its key in JSON: `precision`, `recall`, `f` or `e`
 *
 * Since: 0.1
 */
const gchar *
gst_sod_curve_get_key (GstSodCurve curve)
{
  g_return_val_if_fail (curve < GST_SOD_N_CURVES, NULL);

  return curve_keys[curve];
}
