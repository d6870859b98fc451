/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Losses: values worked out by hand, gradients against finite differences. */
#include "train-plan.h"

#include <math.h>

#include <gst-sod/train/loss-private.h>

#define STEP 1e-6

static void
squash (GstSodTensor *tensor)
{
  gdouble *values = gst_sod_tensor_get_data (tensor);

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++)
    values[i] = 1 / (1 + exp (-3 * values[i]));
}

static gdouble
compute (GstSodLoss loss, const GstSodTensor *output,
    const GstSodTensor *target, const GstSodTensor *weights,
    GstSodTensor *d_output)
{
  g_autoptr (GError) error = NULL;
  gdouble value =
      gst_sod_loss_compute (loss, output, target, weights, d_output, &error);

  g_assert_no_error (error);
  return value;
}

static void
test_gradients_are_differences (gconstpointer data)
{
  GstSodLoss loss = *(const GstSodLoss *) data;
  GstSodShape shape = gst_sod_shape_nchw (2, 1, 11, 70);
  g_autoptr (GstSodTensor) output =
      train_tensor_new_random (GST_SOD_DTYPE_F64, &shape, 1);
  g_autoptr (GstSodTensor) target =
      train_tensor_new_random (GST_SOD_DTYPE_F64, &shape, 2);
  g_autoptr (GstSodTensor) d_output =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F64, &shape, NULL);
  gdouble *values = gst_sod_tensor_get_data (output);

  squash (target);
  g_assert_cmpfloat (compute (loss, output, target, NULL, d_output), >, 0);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (output); i += 7) {
    gdouble before = values[i], plus, minus, found;

    values[i] = before + STEP;
    plus = compute (loss, output, target, NULL, NULL);
    values[i] = before - STEP;
    minus = compute (loss, output, target, NULL, NULL);
    values[i] = before;
    found = train_tensor_get (d_output, i);
    g_assert_cmpfloat (found, !=, 0);
    g_assert_cmpfloat_with_epsilon (found, (plus - minus) / (2 * STEP), 1e-9);
  }
}

/* The same with other numbers in it. */
static gdouble
compute_with (GstSodLoss loss, GstSodLossOptions options,
    const GstSodTensor *output, const GstSodTensor *target,
    GstSodTensor *d_output)
{
  GstSodLossForm form = { loss, options };
  g_autoptr (GError) error = NULL;
  gdouble value = gst_sod_loss_compute_threaded (
      &form, output, target, NULL, d_output, 1, &error);

  g_assert_no_error (error);
  return value;
}

/* A new (1, 1, h, w) f64 tensor of @values. */
static GstSodTensor *
new_map (gint64 height, gint64 width, const gdouble *values)
{
  GstSodShape shape = gst_sod_shape_nchw (1, 1, height, width);
  GstSodTensor *tensor =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F64, &shape, NULL);
  gdouble *to = gst_sod_tensor_get_data (tensor);

  for (gint64 i = 0; i < height * width; i++)
    to[i] = values[i];
  return tensor;
}

static GstSodTensor *
narrow (const GstSodTensor *tensor)
{
  return gst_sod_tensor_convert (tensor, GST_SOD_DTYPE_F32, NULL);
}

static void
test_cross_entropy_of_two_pixels (void)
{
  g_autoptr (GstSodTensor) output =
      new_map (1, 2, (const gdouble[]){ 2, -1000 });
  g_autoptr (GstSodTensor) target = new_map (1, 2, (const gdouble[]){ 1, 1 });

  g_assert_cmpfloat_with_epsilon (
      compute (GST_SOD_LOSS_BCE, output, target, NULL, NULL),
      (log (1 + exp (-2)) + 1000) / 2, 1e-9);
}

/* Two rows of 32 pixels, whose left half is salient; @weight: of their columns.
 */
static void
check_half_a_map (const gdouble *weight, GstSodLossOptions options)
{
  gdouble logits[64], truth[64];
  gdouble expected, sum = 0, entropy = 0, both = 0, either = 0;
  g_autoptr (GstSodTensor) output = NULL, target = NULL;
  g_autoptr (GstSodTensor) n_output = NULL, n_target = NULL;

  for (guint i = 0; i < 64; i++) {
    logits[i] = i % 32 < 20 ? 1 : -2;
    truth[i] = i % 32 < 16 ? 1 : 0;
  }
  for (guint i = 0; i < 64; i++) {
    gdouble p = 1 / (1 + exp (-logits[i])), w = weight[i % 32];

    sum += w;
    entropy -= w * log (truth[i] > 0 ? p : 1 - p);
    both += w * p * truth[i];
    either += w * (p + truth[i] - p * truth[i]);
  }
  output = new_map (2, 32, logits);
  target = new_map (2, 32, truth);
  expected = entropy / sum + 1 - (both + 1) / (either + 1);
  g_assert_cmpfloat_with_epsilon (
      compute_with (GST_SOD_LOSS_STRUCTURE, options, output, target, NULL),
      expected, 1e-12);
  n_output = narrow (output);
  n_target = narrow (target);
  g_assert_cmpfloat_with_epsilon (
      compute_with (GST_SOD_LOSS_STRUCTURE, options, n_output, n_target, NULL),
      expected, 1e-6);
}

/* 32 pixels wide: the neighbourhood is 3x3, and zeros lie around the map. The
 * mean of 9 is 4/9 in the left corners, 6/9 along the left, 4/9 left of the
 * edge and 2/9 right of it. */
static void
weigh_in_threes (gdouble edge_weight, gdouble *weight)
{
  for (guint x = 0; x < 32; x++) {
    gdouble mean = x >= 17             ? 0
                   : x == 16           ? 2. / 9
                   : x == 0 || x == 15 ? 4. / 9
                                       : 6. / 9;

    weight[x] = 1 + edge_weight * fabs (mean - (x < 16 ? 1 : 0));
  }
}

static void
test_structure_loss_of_half_a_map (void)
{
  GstSodLossOptions options = GST_SOD_LOSS_OPTIONS;
  gdouble weight[32];

  weigh_in_threes (5, weight);
  check_half_a_map (weight, options);
}

/* Without a weight all pixels count the same, and so they do in a window of
 * one. */
static void
test_structure_loss_has_an_edge_weight (void)
{
  GstSodLossOptions options = GST_SOD_LOSS_OPTIONS;
  gdouble weight[32];

  options.edge_weight = 2.5;
  weigh_in_threes (2.5, weight);
  check_half_a_map (weight, options);
  options.edge_weight = 0;
  weigh_in_threes (0, weight);
  g_assert_cmpfloat (weight[15], ==, 1);
  check_half_a_map (weight, options);
  options.edge_weight = 2.5;
  options.edge_window = 1;
  check_half_a_map (weight, options);
}

/* Of 41 pixels in a map 320 wide half is 20, in one 32 wide 2: the mean is of 5
 * columns and of both rows in 5. */
static void
test_structure_loss_has_a_window (void)
{
  static const gdouble near_left[] = { 3, 4, 5 };
  static const gdouble around_edge[] = { 4, 3, 2, 1 }; /* from column 14 */
  GstSodLossOptions options = GST_SOD_LOSS_OPTIONS;
  gdouble weight[32];

  options.edge_window = 41;
  for (guint x = 0; x < 32; x++) {
    gdouble columns = x < 3     ? near_left[x]
                      : x < 14  ? 5
                      : x <= 17 ? around_edge[x - 14]
                                : 0;

    weight[x] = 1 + 5 * fabs (2 * columns / 25 - (x < 16 ? 1 : 0));
  }
  check_half_a_map (weight, options);
  /* 59 is 29, which is 2.9 here, rounded down. */
  options.edge_window = 59;
  check_half_a_map (weight, options);
}

static void
test_window_grows_with_the_map (void)
{
  GstSodLossOptions options = GST_SOD_LOSS_OPTIONS;

  g_assert_cmpint (gst_sod_loss_options_get_radius (&options, 320), ==, 15);
  g_assert_cmpint (gst_sod_loss_options_get_radius (&options, 160), ==, 7);
  g_assert_cmpint (gst_sod_loss_options_get_radius (&options, 640), ==, 30);
  g_assert_cmpint (gst_sod_loss_options_get_radius (&options, 16), ==, 0);
  options.edge_window = 639;
  g_assert_cmpint (gst_sod_loss_options_get_radius (&options, 320), ==, 319);
  options.edge_window = 1;
  g_assert_cmpint (gst_sod_loss_options_get_radius (&options, 8192), ==, 0);
}

static void
test_l1_of_four_pixels (void)
{
  g_autoptr (GstSodTensor) output =
      new_map (2, 2, (const gdouble[]){ 1, 2, 3, 4 });
  g_autoptr (GstSodTensor) target =
      new_map (2, 2, (const gdouble[]){ 0, 0, 0, 0 });

  g_assert_cmpfloat_with_epsilon (
      compute (GST_SOD_LOSS_L1_GRADIENT, output, target, NULL, NULL),
      10. / 4 + 0.1 * (1 + 2), 1e-12);
}

/* The pull of a pixel that is too bright by itself, and by that to its right
 * and below: 1/4 and of each pair 1/2 of the weight. */
static void
test_l1_has_a_gradient_weight (void)
{
  GstSodLossOptions options = GST_SOD_LOSS_OPTIONS;
  g_autoptr (GstSodTensor) output =
      new_map (2, 2, (const gdouble[]){ 1, 2, 3, 4 });
  g_autoptr (GstSodTensor) target =
      new_map (2, 2, (const gdouble[]){ 0, 0, 0, 0 });
  g_autoptr (GstSodTensor) n_output = narrow (output);
  g_autoptr (GstSodTensor) n_target = narrow (target);
  g_autoptr (GstSodTensor) d_output = narrow (output);

  options.gradient_weight = 0.75;
  g_assert_cmpfloat_with_epsilon (
      compute_with (GST_SOD_LOSS_L1_GRADIENT, options, output, target, NULL),
      2.5 + 0.75 * 3, 1e-12);
  g_assert_cmpfloat_with_epsilon (compute_with (GST_SOD_LOSS_L1_GRADIENT,
                                      options, n_output, n_target, d_output),
      2.5 + 0.75 * 3, 1e-6);
  g_assert_cmpfloat_with_epsilon (
      train_tensor_get (d_output, 0), 0.25 - 0.75, 1e-6);
  g_assert_cmpfloat_with_epsilon (
      train_tensor_get (d_output, 3), 0.25 + 0.75, 1e-6);
  options.gradient_weight = 0;
  g_assert_cmpfloat (
      compute_with (GST_SOD_LOSS_L1_GRADIENT, options, output, target, NULL),
      ==, compute (GST_SOD_LOSS_L1, output, target, NULL, NULL));
}

/* Halves halve, zeros silence, and gradients stay differences. */
static void
test_weights_count_pixels (gconstpointer data)
{
  GstSodLoss loss = *(const GstSodLoss *) data;
  GstSodShape shape = gst_sod_shape_nchw (2, 1, 11, 70);
  g_autoptr (GstSodTensor) output =
      train_tensor_new_random (GST_SOD_DTYPE_F64, &shape, 1);
  g_autoptr (GstSodTensor) target =
      train_tensor_new_random (GST_SOD_DTYPE_F64, &shape, 2);
  g_autoptr (GstSodTensor) weights =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F64, &shape, NULL);
  g_autoptr (GstSodTensor) d_output =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F64, &shape, NULL);
  gdouble *weight = gst_sod_tensor_get_data (weights);
  gdouble *values = gst_sod_tensor_get_data (output);
  gsize n = gst_sod_tensor_get_n_elements (output);
  gdouble whole;

  squash (target);
  whole = compute (loss, output, target, NULL, NULL);
  for (gsize i = 0; i < n; i++)
    weight[i] = 0.5;
  g_assert_cmpfloat_with_epsilon (
      compute (loss, output, target, weights, NULL), whole / 2, 0.01 * whole);
  for (gsize i = 0; i < n; i++)
    weight[i] = i % 5 == 0 ? 0 : 0.2 * (gdouble) (i % 5);
  compute (loss, output, target, weights, d_output);
  for (gsize i = 0; i < n; i += 7) {
    gdouble before = values[i], plus, minus;

    values[i] = before + STEP;
    plus = compute (loss, output, target, weights, NULL);
    values[i] = before - STEP;
    minus = compute (loss, output, target, weights, NULL);
    values[i] = before;
    g_assert_cmpfloat_with_epsilon (
        train_tensor_get (d_output, i), (plus - minus) / (2 * STEP), 1e-9);
    if (weight[i] == 0)
      g_assert_cmpfloat (train_tensor_get (d_output, i), ==, 0);
  }
}

/* The f32 loss against the f64 one, on logits or images of size @spread, and
 * the same bytes on any number of threads. */
static void
compare_types (GstSodLoss loss, const GstSodShape *shape, gdouble spread)
{
  g_autoptr (GstSodTensor) output =
      train_tensor_new_random (GST_SOD_DTYPE_F64, shape, 1);
  g_autoptr (GstSodTensor) target =
      train_tensor_new_random (GST_SOD_DTYPE_F64, shape, 2);
  GstSodShape map =
      gst_sod_shape_nchw (shape->dims[0], 1, shape->dims[2], shape->dims[3]);
  g_autoptr (GstSodTensor) weights =
      train_tensor_new_random (GST_SOD_DTYPE_F64, &map, 3);
  g_autoptr (GstSodTensor) d_output =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F64, shape, NULL);
  g_autoptr (GstSodTensor) d_narrow =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, shape, NULL);
  g_autoptr (GstSodTensor) d_threaded =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, shape, NULL);
  g_autoptr (GstSodTensor) n_output = NULL, n_target = NULL, n_weights = NULL;
  gdouble *values = gst_sod_tensor_get_data (output);
  GstSodLossForm form = { loss, GST_SOD_LOSS_OPTIONS };
  /* The gradient of a difference is its sign, which rounding may turn. */
  gdouble bound = loss >= GST_SOD_LOSS_L1_GRADIENT ? 2e-3 : 1e-6;

  squash (target);
  squash (weights);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (output); i++)
    values[i] *= spread;
  /* Both of what f32 can hold: nothing but the arithmetic differs. */
  n_output = narrow (output);
  n_target = narrow (target);
  n_weights = narrow (weights);
  g_clear_pointer (&output, gst_sod_tensor_unref);
  output = gst_sod_tensor_convert (n_output, GST_SOD_DTYPE_F64, NULL);
  g_clear_pointer (&target, gst_sod_tensor_unref);
  target = gst_sod_tensor_convert (n_target, GST_SOD_DTYPE_F64, NULL);
  for (guint weighted = 0; weighted < 2; weighted++) {
    GstSodTensor *wide = weighted ? weights : NULL;
    GstSodTensor *thin = weighted ? n_weights : NULL;
    gdouble expected = compute (loss, output, target, wide, d_output);
    gdouble found = compute (loss, n_output, n_target, thin, d_narrow);

    g_assert_cmpfloat_with_epsilon (
        found, expected, 1e-6 * MAX (1, fabs (expected)));
    g_assert_cmpfloat (train_tensor_error (d_narrow, d_output), <, bound);
    g_assert_cmpfloat (
        compute (loss, n_output, n_target, thin, NULL), ==, found);
    g_assert_cmpfloat (gst_sod_loss_compute_threaded (&form, n_output, n_target,
                           thin, d_threaded, 2, NULL),
        ==, found);
    g_assert_cmpmem (gst_sod_tensor_peek_data (d_threaded),
        gst_sod_tensor_get_size (d_threaded),
        gst_sod_tensor_peek_data (d_narrow),
        gst_sod_tensor_get_size (d_narrow));
  }
}

static void
test_f32_is_the_same_but_for_rounding (gconstpointer data)
{
  GstSodLoss loss = *(const GstSodLoss *) data;
  guint c = loss >= GST_SOD_LOSS_L1_GRADIENT ? 3 : 1;
  GstSodShape shapes[] = {
    gst_sod_shape_nchw (2, c, 16, 32), gst_sod_shape_nchw (3, c, 11, 70),
    gst_sod_shape_nchw (1, c, 1, 1), gst_sod_shape_nchw (1, c, 5, 3),
    gst_sod_shape_nchw (3, c, 128, 192), /* enough for two threads */
  };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    compare_types (loss, &shapes[i], 1);
    compare_types (loss, &shapes[i], 1e-4);
    compare_types (loss, &shapes[i], 200);
  }
}

/* What diverged must be seen to. */
static void
test_what_is_no_number_stays_so (gconstpointer data)
{
  GstSodLoss loss = *(const GstSodLoss *) data;
  GstSodShape shape = gst_sod_shape_nchw (1, 1, 8, 24);
  g_autoptr (GstSodTensor) output =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, NULL);
  g_autoptr (GstSodTensor) target =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, NULL);
  gfloat *values = gst_sod_tensor_get_data (output);

  values[77] = NAN;
  g_assert_true (isnan (compute (loss, output, target, NULL, NULL)));
  values[77] = INFINITY;
  g_assert_false (isfinite (compute (loss, output, target, NULL, NULL)));
}

static void
test_refuses_tensors_that_do_not_fit (void)
{
  g_autoptr (GstSodTensor) output = new_map (1, 2, (const gdouble[]){ 1, 2 });
  g_autoptr (GstSodTensor) target = new_map (2, 1, (const gdouble[]){ 1, 2 });
  g_autoptr (GError) error = NULL;

  g_assert_true (isnan (gst_sod_loss_compute (
      GST_SOD_LOSS_BCE, output, target, NULL, NULL, &error)));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
}

int
main (int argc, char **argv)
{
  static const GstSodLoss bce = GST_SOD_LOSS_BCE;
  static const GstSodLoss structure = GST_SOD_LOSS_STRUCTURE;
  static const GstSodLoss l1 = GST_SOD_LOSS_L1_GRADIENT;
  static const GstSodLoss plain = GST_SOD_LOSS_L1;

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/train/losses/bce/gradient-is-the-difference", &bce,
      test_gradients_are_differences);
  g_test_add_data_func ("/train/losses/structure/gradient-is-the-difference",
      &structure, test_gradients_are_differences);
  g_test_add_data_func ("/train/losses/l1-gradient/gradient-is-the-difference",
      &l1, test_gradients_are_differences);
  g_test_add_data_func ("/train/losses/bce/weights-count-pixels", &bce,
      test_weights_count_pixels);
  g_test_add_data_func ("/train/losses/structure/weights-count-pixels",
      &structure, test_weights_count_pixels);
  g_test_add_data_func ("/train/losses/l1-gradient/weights-count-pixels", &l1,
      test_weights_count_pixels);
  g_test_add_func (
      "/train/losses/bce/two-pixels", test_cross_entropy_of_two_pixels);
  g_test_add_func (
      "/train/losses/structure/half-a-map", test_structure_loss_of_half_a_map);
  g_test_add_func ("/train/losses/structure/has-an-edge-weight",
      test_structure_loss_has_an_edge_weight);
  g_test_add_func (
      "/train/losses/structure/has-a-window", test_structure_loss_has_a_window);
  g_test_add_func ("/train/losses/structure/window-grows-with-the-map",
      test_window_grows_with_the_map);
  g_test_add_func (
      "/train/losses/l1-gradient/four-pixels", test_l1_of_four_pixels);
  g_test_add_func ("/train/losses/l1-gradient/has-a-gradient-weight",
      test_l1_has_a_gradient_weight);
  g_test_add_data_func ("/train/losses/bce/f32-is-the-same-but-for-rounding",
      &bce, test_f32_is_the_same_but_for_rounding);
  g_test_add_data_func (
      "/train/losses/structure/f32-is-the-same-but-for-rounding", &structure,
      test_f32_is_the_same_but_for_rounding);
  g_test_add_data_func (
      "/train/losses/l1-gradient/f32-is-the-same-but-for-rounding", &l1,
      test_f32_is_the_same_but_for_rounding);
  g_test_add_data_func ("/train/losses/bce/what-is-no-number-stays-so", &bce,
      test_what_is_no_number_stays_so);
  g_test_add_data_func ("/train/losses/structure/what-is-no-number-stays-so",
      &structure, test_what_is_no_number_stays_so);
  g_test_add_data_func ("/train/losses/l1-gradient/what-is-no-number-stays-so",
      &l1, test_what_is_no_number_stays_so);
  g_test_add_data_func ("/train/losses/l1/gradient-is-the-difference", &plain,
      test_gradients_are_differences);
  g_test_add_data_func ("/train/losses/l1/weights-count-pixels", &plain,
      test_weights_count_pixels);
  g_test_add_data_func ("/train/losses/l1/f32-is-the-same-but-for-rounding",
      &plain, test_f32_is_the_same_but_for_rounding);
  g_test_add_data_func ("/train/losses/l1/what-is-no-number-stays-so", &plain,
      test_what_is_no_number_stays_so);
  g_test_add_func ("/train/losses/refuses-tensors-that-do-not-fit",
      test_refuses_tensors_that_do_not_fit);
  return g_test_run ();
}
