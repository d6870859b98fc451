/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Losses and updates of weights on the device, against those that training on
 * the CPU uses. */
#include "../train/train-plan.h"
#include "device-support.h"

#include <gst-sod/train/loss-private.h>
#include <gst-sod/train/optimiser-private.h>

#include <math.h>
#include <string.h>

/* ---- losses ---- */

static const struct
{
  const gchar *name;
  GstSodCudaLoss loss;
  GstSodLossForm expected;
} losses[] = {
  { "bce", GST_SOD_CUDA_LOSS_BCE, { GST_SOD_LOSS_BCE, GST_SOD_LOSS_OPTIONS } },
  { "structure", GST_SOD_CUDA_LOSS_STRUCTURE,
      { GST_SOD_LOSS_STRUCTURE, GST_SOD_LOSS_OPTIONS } },
  { "structure-of-other-numbers", GST_SOD_CUDA_LOSS_STRUCTURE,
      { GST_SOD_LOSS_STRUCTURE, { 1.5, 101, 0 } } },
  { "l1", GST_SOD_CUDA_LOSS_L1, { GST_SOD_LOSS_L1, GST_SOD_LOSS_OPTIONS } },
  { "l1-gradient", GST_SOD_CUDA_LOSS_L1_GRADIENT,
      { GST_SOD_LOSS_L1_GRADIENT, GST_SOD_LOSS_OPTIONS } },
  { "l1-gradient-of-another-weight", GST_SOD_CUDA_LOSS_L1_GRADIENT,
      { GST_SOD_LOSS_L1_GRADIENT, { 0, 1, 0.75 } } },
};

/* The loss of a map of @width on the device. */
static GstSodCudaLossForm
make_form (guint index, gint64 width)
{
  const GstSodLossOptions *options = &losses[index].expected.options;

  return (GstSodCudaLossForm){
    .loss = losses[index].loss,
    .edge_weight = (gfloat) options->edge_weight,
    .radius = (gint) gst_sod_loss_options_get_radius (options, width),
    .gradient_weight = options->gradient_weight,
  };
}

/* A batch, on the host as (n, c, h, w) of f64 with the values of f32. */
typedef struct
{
  GstSodTensor *output, *target, *weights, *d_output;
  gdouble loss;
} Batch;

static GstSodTensor *
new_tensor (const gint64 *dims, guint64 seed, gboolean share)
{
  GstSodShape shape = gst_sod_shape_nchw (dims[0], dims[1], dims[2], dims[3]);
  g_autoptr (GError) error = NULL;
  GstSodTensor *tensor =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F64, &shape, &error);
  gsize n = gst_sod_tensor_get_n_elements (tensor);
  g_autofree gfloat *values = test_random (n, seed, 0, 2);
  gdouble *to = gst_sod_tensor_get_data (tensor);

  g_assert_no_error (error);
  for (gsize i = 0; i < n; i++)
    to[i] = share ? 1 / (1 + expf (-values[i])) : values[i];
  for (gsize i = 0; i < n; i++)
    to[i] = (gfloat) to[i];
  return tensor;
}

static void
batch_init (Batch *self, const gint64 *dims, gboolean weights)
{
  const gint64 of_weights[] = { dims[0], 1, dims[2], dims[3] };

  *self = (Batch){
    .output = new_tensor (dims, 1, FALSE),
    .target = new_tensor (dims, 2, TRUE),
    .weights = weights ? new_tensor (of_weights, 3, TRUE) : NULL,
    .d_output = new_tensor (dims, 4, FALSE),
  };
}

static void
batch_clear (Batch *self)
{
  g_clear_pointer (&self->output, gst_sod_tensor_unref);
  g_clear_pointer (&self->target, gst_sod_tensor_unref);
  g_clear_pointer (&self->weights, gst_sod_tensor_unref);
  g_clear_pointer (&self->d_output, gst_sod_tensor_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Batch, batch_clear)

static gpointer
put_tensor (TestDevice *device, const GstSodTensor *tensor)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTensor) narrow = NULL;

  if (tensor == NULL)
    return NULL;
  narrow = gst_sod_tensor_convert (tensor, GST_SOD_DTYPE_F32, &error);
  g_assert_no_error (error);
  return test_device_put (device, gst_sod_tensor_peek_data (narrow),
      gst_sod_tensor_get_size (narrow));
}

/* A dense view of @tensor's shape, and where @fill its values. */
static GstSodCudaView
put_view (TestDevice *device, const GstSodTensor *tensor, gboolean fill)
{
  const gint64 *dims = gst_sod_tensor_get_shape (tensor)->dims;
  GstSodCudaView view =
      test_device_view (device, GST_SOD_CUDA_F32, (gint) dims[0],
          (gint) dims[2], (gint) dims[3], (gint) dims[1], (gint) dims[1], 0);

  if (fill)
    gst_sod_cuda_kernel_from_planes (test_device_get_stream (device),
        put_tensor (device, tensor), view.c, &view);
  return view;
}

/* The loss's gradient times @scale is what came out. */
static void
check_gradient (TestDevice *device, const GstSodCudaView *view,
    const Batch *batch, gdouble scale)
{
  gsize n = test_view_n_elements (view);
  const gdouble *gradient = gst_sod_tensor_peek_data (batch->d_output);
  g_autofree gdouble *expected = g_new (gdouble, n);
  g_autofree gfloat *found = g_new (gfloat, n);
  gpointer planes = test_device_alloc (device, n * sizeof (gfloat));

  for (gsize i = 0; i < n; i++)
    expected[i] = scale * gradient[i];
  gst_sod_cuda_kernel_to_planes (
      test_device_get_stream (device), view, planes, view->c);
  test_device_get (device, planes, found, n * sizeof (gfloat));
  test_assert_close ("gradient", found, expected, n, 2e-6);
}

/* Each sample's share is its own loss divided by their number. */
static void
check_shares (const Batch *batch, const GstSodLossForm *form,
    const gdouble *found, gdouble scale)
{
  const gint64 *dims = gst_sod_tensor_get_shape (batch->output)->dims;
  GstSodShape shape = gst_sod_shape_nchw (1, dims[1], dims[2], dims[3]);
  GstSodShape of_weights = gst_sod_shape_nchw (1, 1, dims[2], dims[3]);
  gsize area = (gsize) (dims[2] * dims[3]), size = area * (gsize) dims[1];
  gdouble sum = 0;

  for (gint64 i = 0; i < dims[0]; i++) {
    gdouble *output = gst_sod_tensor_get_data (batch->output);
    gdouble *target = gst_sod_tensor_get_data (batch->target);
    gdouble *weights = batch->weights != NULL
                           ? gst_sod_tensor_get_data (batch->weights)
                           : NULL;
    g_autoptr (GstSodTensor) o = gst_sod_tensor_new_borrowed (
        GST_SOD_DTYPE_F64, &shape, output + i * size);
    g_autoptr (GstSodTensor) t = gst_sod_tensor_new_borrowed (
        GST_SOD_DTYPE_F64, &shape, target + i * size);
    g_autoptr (GstSodTensor) w =
        weights != NULL ? gst_sod_tensor_new_borrowed (
            GST_SOD_DTYPE_F64, &of_weights, weights + i * area)
                        : NULL;
    gdouble expected =
        gst_sod_loss_compute_threaded (form, o, t, w, NULL, 1, NULL)
        / (gdouble) dims[0];

    g_assert_cmpfloat_with_epsilon (found[i], expected, 2e-6 * expected);
    sum += found[i];
  }
  g_assert_cmpfloat_with_epsilon (sum, batch->loss, 2e-6 * batch->loss);
}

/* Batches of one block of threads and of several, of maps and of pictures. */
static void
test_loss_agrees (gconstpointer data)
{
  static const gint64 shapes[][4] = { { 2, 1, 11, 70 }, { 3, 1, 61, 320 },
    { 2, 3, 40, 96 }, { 1, 1, 1, 1 }, { 2, 2, 1, 33 } };
  const gfloat scale = 1024;
  guint index = GPOINTER_TO_UINT (data);

  for (guint i = 0; i < 2 * G_N_ELEMENTS (shapes); i++) {
    g_auto (TestDevice) device = { NULL };
    g_auto (Batch) batch = { NULL };
    g_autoptr (GError) error = NULL;
    gdouble shares[3];
    GstSodCudaLossForm form = make_form (index, shapes[i / 2][3]);
    GstSodCudaView output, d_output;
    gpointer there, scratch;

    test_device_init (&device);
    batch_init (&batch, shapes[i / 2], i % 2);
    batch.loss = gst_sod_loss_compute_threaded (&losses[index].expected,
        batch.output, batch.target, batch.weights, batch.d_output, 1, &error);
    g_assert_no_error (error);
    output = put_view (&device, batch.output, TRUE);
    d_output = put_view (&device, batch.output, FALSE);
    there = test_device_alloc (&device, sizeof (shares));
    scratch = test_device_alloc (
        &device, gst_sod_cuda_kernel_loss_scratch (form.loss, &output));
    gst_sod_cuda_kernel_loss (test_device_get_stream (&device), &form, &output,
        put_tensor (&device, batch.target), put_tensor (&device, batch.weights),
        scale, there, scratch, &d_output);
    test_device_check (&device, "loss");
    test_device_get (
        &device, there, shares, (gsize) shapes[i / 2][0] * sizeof (gdouble));
    check_shares (&batch, &losses[index].expected, shares, scale);
    check_gradient (&device, &d_output, &batch, (gdouble) scale);
  }
}

/* ---- updates ---- */

/* All values of a small network in four arrays, on the device. */
typedef struct
{
  TestDevice device;
  GstSodParams *params;
  gsize n, n_trained;
  GstSodCudaParams there;
  gpointer norm, scratch;
} Weights;

typedef const gfloat *(*GetValues) (const GstSodParam *param);

static const gfloat *
get_weight (const GstSodParam *param)
{
  return gst_sod_tensor_peek_data (param->weight);
}

static const gfloat *
get_average (const GstSodParam *param)
{
  return param->average;
}

static const gfloat *
get_mean (const GstSodParam *param)
{
  return param->moments[0];
}

static const gfloat *
get_square (const GstSodParam *param)
{
  return param->moments[1];
}

/* One array of all params' values, those that are trained first; zeros where
 * there are none. */
static gfloat *
gather (const Weights *self, GetValues get)
{
  gfloat *values = g_new0 (gfloat, self->n), *to = values;

  for (guint pass = 0; pass < 2; pass++) {
    for (guint i = 0; i < self->params->list->len; i++) {
      const GstSodParam *param = g_ptr_array_index (self->params->list, i);
      const gfloat *from = get (param);

      if ((param->gradient != NULL) != (pass == 0))
        continue;
      for (gsize j = 0; from != NULL && j < param->n; j++)
        to[j] = from[j];
      to += param->n;
    }
  }
  return values;
}

static guint8 *
gather_decays (const Weights *self)
{
  guint8 *decays = g_new0 (guint8, self->n), *to = decays;

  for (guint i = 0; i < self->params->list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (self->params->list, i);

    if (param->gradient == NULL)
      continue;
    memset (to, param->decays ? 1 : 0, param->n);
    to += param->n;
  }
  return decays;
}

static gpointer
put_gathered (Weights *self, GetValues get)
{
  g_autofree gfloat *values = gather (self, get);

  return test_device_put (&self->device, values, self->n * sizeof (gfloat));
}

static void
weights_init (Weights *self)
{
  g_autoptr (GstSodNetwork) network =
      train_network_new_tiny (GST_SOD_NETWORK_BASE, 1);
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *decays = NULL;

  *self = (Weights){ .params = gst_sod_params_new (network, &error) };
  g_assert_no_error (error);
  test_device_init (&self->device);
  for (guint i = 0; i < self->params->list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (self->params->list, i);

    self->n += param->n;
    self->n_trained += param->gradient != NULL ? param->n : 0;
  }
  decays = gather_decays (self);
  self->there = (GstSodCudaParams){
    .weights = put_gathered (self, get_weight),
    .gradients = test_device_alloc (&self->device, self->n * sizeof (gfloat)),
    .moments = { put_gathered (self, get_mean),
        put_gathered (self, get_square) },
    .averages = put_gathered (self, get_average),
    .decays = test_device_put (&self->device, decays, self->n),
    .n = self->n,
    .n_trained = self->n_trained,
  };
  self->norm = test_device_alloc (&self->device, sizeof (gdouble));
  self->scratch = test_device_alloc (
      &self->device, gst_sod_cuda_kernel_update_scratch (&self->there));
}

static void
weights_clear (Weights *self)
{
  test_device_clear (&self->device);
  g_clear_pointer (&self->params, gst_sod_params_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Weights, weights_clear)

/* The same gradients on both sides. */
static void
set_gradients (Weights *self, guint64 seed)
{
  g_autofree gfloat *values = test_random (self->n_trained, seed, 0, 0.1);
  g_autoptr (GError) error = NULL;
  const gfloat *from = values;

  for (guint i = 0; i < self->params->list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (self->params->list, i);

    if (param->gradient == NULL)
      continue;
    memcpy (gst_sod_tensor_get_data (param->gradient), from,
        param->n * sizeof (gfloat));
    from += param->n;
  }
  gst_sod_cuda_upload (self->device.queue, self->there.gradients, values,
      self->n_trained * sizeof (gfloat), &error);
  g_assert_no_error (error);
  gst_sod_cuda_wait (self->device.queue, &error);
  g_assert_no_error (error);
}

static void
check_values (
    Weights *self, const gchar *what, gconstpointer there, GetValues get)
{
  g_autofree gfloat *found = g_new (gfloat, self->n);
  g_autofree gfloat *values = gather (self, get);
  g_autofree gdouble *expected = g_new (gdouble, self->n);

  test_device_get (&self->device, there, found, self->n * sizeof (gfloat));
  for (gsize i = 0; i < self->n; i++)
    expected[i] = values[i];
  test_assert_close (what, found, expected, self->n, 5e-7);
}

static gdouble
run_update (Weights *self, const GstSodCudaUpdate *update)
{
  gdouble norm;

  gst_sod_cuda_kernel_update (test_device_get_stream (&self->device),
      &self->there, update, self->norm, self->scratch);
  test_device_check (&self->device, "update");
  test_device_get (&self->device, self->norm, &norm, sizeof (norm));
  return norm;
}

/* Five steps, half of them clipped; gradients come 8 times too large, as loss
 * scaling makes them. */
static void
test_update_agrees (gconstpointer data)
{
  GstSodOptimiser optimiser = GPOINTER_TO_UINT (data);
  g_auto (Weights) weights = { { NULL } };

  weights_init (&weights);
  for (guint i = 0; i < 5; i++) {
    GstSodUpdate expected = {
      .optimiser = optimiser,
      .learning_rate = 0.01,
      .momentum = 0.9,
      .weight_decay = 0.2,
      .step = i,
      .average_share = i == 3 ? 0 : 0.25,
    };
    GstSodCudaUpdate update = {
      .adamw = optimiser == GST_SOD_OPTIMISER_ADAMW,
      .learning_rate = 0.01f,
      .momentum = 0.9f,
      .weight_decay = 0.2f,
      .clip_norm = i % 2 ? 0.5f : 0,
      .gradient_scale = 0.125f,
      .step = i,
      .average_share = i == 3 ? 0 : 0.25f,
    };
    gdouble norm;

    set_gradients (&weights, i + 1);
    norm = gst_sod_params_gradient_norm (weights.params, 1) / 8;
    g_assert_cmpfloat (norm, >, 0.5);
    expected.scale = 0.125 * (i % 2 ? 0.5 / norm : 1);
    gst_sod_params_update (weights.params, &expected, 1);
    g_assert_cmpfloat_with_epsilon (
        run_update (&weights, &update), norm, 1e-6 * norm);
    check_values (&weights, "weights", weights.there.weights, get_weight);
    check_values (&weights, "averages", weights.there.averages, get_average);
    check_values (&weights, "moments", weights.there.moments[0], get_mean);
    check_values (&weights, "squares", weights.there.moments[1], get_square);
  }
}

/* One gradient that is not finite: the norm tells, and everything stays. */
static void
test_what_is_not_finite_changes_nothing (gconstpointer data)
{
  static const gfloat values[] = { INFINITY, -INFINITY, NAN };
  const GstSodCudaUpdate update = {
    .adamw = GPOINTER_TO_UINT (data),
    .learning_rate = 0.01f,
    .momentum = 0.9f,
    .clip_norm = 1,
    .gradient_scale = 1,
    .average_share = 0.5f,
  };
  g_auto (Weights) weights = { { NULL } };

  weights_init (&weights);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autoptr (GError) error = NULL;

    set_gradients (&weights, 1);
    gst_sod_cuda_upload (weights.device.queue,
        weights.there.gradients + weights.n_trained - 1, &values[i],
        sizeof (gfloat), &error);
    g_assert_no_error (error);
    g_assert_false (isfinite (run_update (&weights, &update)));
    check_values (&weights, "weights", weights.there.weights, get_weight);
    check_values (&weights, "averages", weights.there.averages, get_average);
    check_values (&weights, "moments", weights.there.moments[0], get_mean);
  }
}

int
main (int argc, char *argv[])
{
  g_autofree gchar *reason = test_device_find_reason ();

  g_test_init (&argc, &argv, NULL);
  if (reason != NULL) {
    g_print ("1..0 # SKIP %s\n", reason);
    return 0;
  }
  for (guint i = 0; i < G_N_ELEMENTS (losses); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/train/loss/%s-agrees-with-the-host", losses[i].name);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_loss_agrees);
  }
  g_test_add_data_func ("/train/update/adamw-agrees-with-the-host",
      GUINT_TO_POINTER (GST_SOD_OPTIMISER_ADAMW), test_update_agrees);
  g_test_add_data_func ("/train/update/sgd-agrees-with-the-host",
      GUINT_TO_POINTER (GST_SOD_OPTIMISER_SGD), test_update_agrees);
  g_test_add_data_func ("/train/update/adamw-without-a-finite-norm",
      GUINT_TO_POINTER (1), test_what_is_not_finite_changes_nothing);
  g_test_add_data_func ("/train/update/sgd-without-a-finite-norm",
      GUINT_TO_POINTER (0), test_what_is_not_finite_changes_nothing);
  return g_test_run ();
}
