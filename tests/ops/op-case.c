/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "op-case.h"

#include <gst-sod/core/random.h>

#include <math.h>

/* ---- the cases ---- */

static void
free_case (gpointer data)
{
  OpCase *op_case = data;

  g_free (op_case->name);
  g_free (op_case);
}

/* @label says what the shape of the first input does not. */
static void
add_case (GPtrArray *cases, GstSodOpKind kind, const GstSodOpAttrs *attrs,
    GstSodMode mode, const GstSodShape *inputs, guint n_inputs,
    const gchar *label)
{
  g_autofree gchar *shape = gst_sod_shape_to_string (&inputs[0]);
  g_autoptr (GError) error = NULL;
  OpCase *op_case = g_new0 (OpCase, 1);

  op_case->kind = kind;
  if (attrs != NULL)
    op_case->attrs = *attrs;
  op_case->mode = mode;
  op_case->n_inputs = n_inputs;
  for (guint i = 0; i < n_inputs; i++)
    op_case->inputs[i] = inputs[i];
  op_case->name =
      g_strdup_printf ("%s/%s%s", gst_sod_op_get (kind)->name, shape, label);
  gst_sod_op_infer (
      kind, &op_case->attrs, inputs, n_inputs, &op_case->output, &error);
  g_assert_no_error (error);
  g_ptr_array_add (cases, op_case);
}

static void
add_conv (GPtrArray *cases, const GstSodShape *input, gint channels,
    gint kernel, gint stride, gint dilation, gboolean bias, gboolean relu)
{
  GstSodOpAttrs attrs = {
    .channels = channels,
    .kernel = kernel,
    .stride = stride,
    .dilation = dilation,
    .padding = dilation * (kernel - 1) / 2,
    .bias = bias,
    .relu = relu,
  };
  g_autofree gchar *label =
      g_strdup_printf ("-to-%d-kernel-%d-stride-%d-dilation-%d%s%s", channels,
          kernel, stride, dilation, bias ? "-bias" : "", relu ? "-relu" : "");

  add_case (
      cases, GST_SOD_OP_CONV2D, &attrs, GST_SOD_MODE_INFER, input, 1, label);
}

static void
add_convs (GPtrArray *cases)
{
  static const gint channels[] = { 1, 3, 16, 17, 33 };
  static const gint dilations[] = { 1, 2, 4 };
  GstSodShape point = gst_sod_shape_nchw (2, 3, 1, 1);
  GstSodShape wide = gst_sod_shape_nchw (1, 64, 12, 20);
  GstSodShape odd = gst_sod_shape_nchw (1, 16, 9, 13);
  guint n = 0;

  for (gint kernel = 1; kernel <= 7; kernel += 2) {
    for (gint stride = 1; stride <= 2; stride++) {
      for (guint i = 0; i < (kernel == 1 ? 1 : G_N_ELEMENTS (dilations));
           i++, n++) {
        GstSodShape input =
            gst_sod_shape_nchw (1 + n % 2, channels[n % 5], 9, 13);

        add_conv (cases, &input, channels[(n + n / 5 + 2) % 5], kernel, stride,
            dilations[i], n % 3 == 0, FALSE);
      }
    }
  }
  add_conv (cases, &point, 16, 3, 1, 4, TRUE, FALSE);
  add_conv (cases, &point, 5, 1, 2, 1, FALSE, FALSE);
  add_conv (cases, &wide, 32, 3, 1, 2, FALSE, FALSE);
  add_conv (cases, &wide, 32, 3, 1, 2, TRUE, TRUE);
  add_conv (cases, &odd, 17, 5, 2, 1, FALSE, TRUE);
}

/* Sizes that every op without channels of its own meets. */
static const GstSodShape shapes[] = {
  { 4, { 1, 1, 1, 1 } },
  { 4, { 2, 3, 7, 5 } },
  { 4, { 1, 16, 6, 10 } },
  { 4, { 3, 17, 4, 9 } },
  { 4, { 1, 33, 11, 2 } },
};

static void
add_pointwise (GPtrArray *cases)
{
  GstSodOpAttrs norm = { .epsilon = 1e-5 };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    GstSodShape pair[2] = { shapes[i], shapes[i] };

    add_case (
        cases, GST_SOD_OP_RELU, NULL, GST_SOD_MODE_INFER, &shapes[i], 1, "");
    add_case (
        cases, GST_SOD_OP_SIGMOID, NULL, GST_SOD_MODE_INFER, &shapes[i], 1, "");
    add_case (
        cases, GST_SOD_OP_TANH, NULL, GST_SOD_MODE_INFER, &shapes[i], 1, "");
    add_case (
        cases, GST_SOD_OP_ADD, NULL, GST_SOD_MODE_INFER, pair, 2, "-twice");
    add_case (cases, GST_SOD_OP_BATCH_NORM, &norm, GST_SOD_MODE_INFER,
        &shapes[i], 1, "-running-statistics");
    if (i > 0)
      add_case (cases, GST_SOD_OP_BATCH_NORM, &norm, GST_SOD_MODE_TRAIN,
          &shapes[i], 1, "-batch-statistics");
  }
}

static void
add_pools (GPtrArray *cases)
{
  static const gint windows[][2] = { { 2, 2 }, { 3, 2 }, { 3, 1 }, { 1, 1 } };
  GstSodShape inputs[] = {
    gst_sod_shape_nchw (2, 3, 7, 5),
    gst_sod_shape_nchw (1, 16, 6, 10),
    gst_sod_shape_nchw (1, 33, 4, 9),
  };

  for (guint i = 0; i < G_N_ELEMENTS (windows); i++) {
    GstSodOpAttrs attrs = { .kernel = windows[i][0], .stride = windows[i][1] };
    g_autofree gchar *label =
        g_strdup_printf ("-kernel-%d-stride-%d", attrs.kernel, attrs.stride);

    for (guint j = 0; j < G_N_ELEMENTS (inputs); j++) {
      add_case (cases, GST_SOD_OP_MAX_POOL, &attrs, GST_SOD_MODE_INFER,
          &inputs[j], 1, label);
      add_case (cases, GST_SOD_OP_AVG_POOL, &attrs, GST_SOD_MODE_INFER,
          &inputs[j], 1, label);
    }
  }
}

static void
add_upsamples (GPtrArray *cases)
{
  for (gint scale = 1; scale <= 4; scale++) {
    for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
      GstSodOpAttrs attrs = { .scale = scale };
      GstSodShape inputs[2] = { shapes[i], shapes[i] };
      g_autofree gchar *label = g_strdup_printf ("-by-%d", scale);
      g_autofree gchar *sum = g_strdup_printf ("-by-%d-sum", scale);
      g_autofree gchar *both = g_strdup_printf ("-by-%d-sum-relu", scale);

      add_case (cases, GST_SOD_OP_UPSAMPLE, &attrs, GST_SOD_MODE_INFER, inputs,
          1, label);
      if (scale != 2)
        continue;
      inputs[1].dims[2] *= scale;
      inputs[1].dims[3] *= scale;
      attrs.sum = TRUE;
      add_case (cases, GST_SOD_OP_UPSAMPLE, &attrs, GST_SOD_MODE_INFER, inputs,
          2, sum);
      attrs.relu = TRUE;
      add_case (cases, GST_SOD_OP_UPSAMPLE, &attrs, GST_SOD_MODE_INFER, inputs,
          2, both);
    }
  }
}

static void
add_concats (GPtrArray *cases)
{
  static const gint64 channels[][4] = { { 16, 16, 0 }, { 1, 3, 17 },
    { 33, 16, 1, 16 }, { 5, 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (channels); i++) {
    GstSodShape inputs[4];
    g_autoptr (GString) label = g_string_new (NULL);
    guint n = 0;

    for (; n < 4 && channels[i][n] > 0; n++) {
      inputs[n] = gst_sod_shape_nchw (2, channels[i][n], 5, 7);
      if (n > 0)
        g_string_append_printf (
            label, "-and-%" G_GINT64_FORMAT, channels[i][n]);
    }
    add_case (cases, GST_SOD_OP_CONCAT, NULL, GST_SOD_MODE_INFER, inputs, n,
        label->str);
  }
}

GPtrArray *
op_case_list (void)
{
  GPtrArray *cases = g_ptr_array_new_with_free_func (free_case);

  add_convs (cases);
  add_pointwise (cases);
  add_pools (cases);
  add_upsamples (cases);
  add_concats (cases);
  return cases;
}

gboolean
op_case_has_backward (const OpCase *self)
{
  return !self->attrs.relu && !self->attrs.sum;
}

/* ---- what goes in ---- */

/* Below 2^-17, f16 has not the bits. */
static gdouble
round_to_halves (gdouble value)
{
  if (fabs (value) < 0x1p-17)
    return 0;
  return gst_sod_bf16_to_f32 (gst_sod_f32_to_bf16 ((gfloat) value));
}

static GstSodTensor *
new_random (const GstSodShape *shape, GstSodRandom *random, gdouble scale,
    gdouble offset)
{
  g_autoptr (GError) error = NULL;
  GstSodTensor *tensor =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F64, shape, &error);
  gdouble *values;

  g_assert_no_error (error);
  values = gst_sod_tensor_get_data (tensor);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++)
    values[i] =
        round_to_halves (gst_sod_random_normal (random) * scale + offset);
  return tensor;
}

/* Away from relu's kink, which no finite difference may straddle. */
static void
push_from_zero (GstSodTensor *tensor)
{
  gdouble *values = gst_sod_tensor_get_data (tensor);

  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++) {
    if (fabs (values[i]) < 0.125)
      values[i] = copysign (0.125, values[i]);
  }
}

/* No two values of a window are equal or near: steps of 7 and 13 modulo 61
 * meet nowhere within a few rows and columns. */
static void
spread_values (GstSodTensor *tensor)
{
  const gint64 *dims = gst_sod_tensor_get_shape (tensor)->dims;
  gdouble *values = gst_sod_tensor_get_data (tensor);

  for (gint64 p = 0; p < dims[0] * dims[1]; p++) {
    for (gint64 i = 0; i < dims[2]; i++) {
      for (gint64 j = 0; j < dims[3]; j++)
        *values++ = (gdouble) ((5 * p + 7 * i + 13 * j) % 61 - 30) / 16;
    }
  }
}

void
op_data_init (OpData *self, const OpCase *op_case)
{
  const GstSodOp *op = gst_sod_op_get (op_case->kind);
  g_autoptr (GstSodRandom) random =
      gst_sod_random_new (17, g_str_hash (op_case->name));

  *self = (OpData){ .op_case = op_case };
  for (guint i = 0; i < op_case->n_inputs; i++) {
    self->inputs[i] = new_random (&op_case->inputs[i], random, 1, 0.25);
    if (op_case->kind == GST_SOD_OP_RELU)
      push_from_zero (self->inputs[i]);
    if (op_case->kind == GST_SOD_OP_MAX_POOL)
      spread_values (self->inputs[i]);
  }
  self->n_params = op->params (&op_case->attrs, self->param_infos);
  for (guint i = 0; i < self->n_params; i++) {
    GstSodShape shape = op->param_shape (&op_case->attrs, op_case->inputs, i);

    self->params[i] = new_random (&shape, random, 0.5, 0);
    if (g_str_equal (self->param_infos[i].suffix, "running_var"))
      push_from_zero (self->params[i]);
    for (gint64 j = 0; g_str_equal (self->param_infos[i].suffix, "running_var")
                       && j < shape.dims[0];
         j++) {
      gdouble *variance = gst_sod_tensor_get_data (self->params[i]);

      variance[j] = fabs (variance[j]);
    }
  }
  self->d_output = new_random (&op_case->output, random, 1, 0);
}

static void
clear_tensors (GstSodTensor **tensors, guint n)
{
  for (guint i = 0; i < n; i++)
    g_clear_pointer (&tensors[i], gst_sod_tensor_unref);
}

void
op_data_clear (OpData *self)
{
  clear_tensors (self->inputs, G_N_ELEMENTS (self->inputs));
  clear_tensors (self->params, G_N_ELEMENTS (self->params));
  clear_tensors (&self->d_output, 1);
}

/* ---- what comes out ---- */

void
op_result_clear (OpResult *self)
{
  clear_tensors (&self->output, 1);
  clear_tensors (self->params, G_N_ELEMENTS (self->params));
  clear_tensors (self->d_inputs, G_N_ELEMENTS (self->d_inputs));
  clear_tensors (self->d_params, G_N_ELEMENTS (self->d_params));
}

static GstSodTensor *
convert (const GstSodTensor *tensor, GstSodDType dtype)
{
  g_autoptr (GError) error = NULL;
  GstSodTensor *converted;

  if (tensor == NULL)
    return NULL;
  converted = gst_sod_tensor_convert (tensor, dtype, &error);
  g_assert_no_error (error);
  return converted;
}

/* Of @dtype, every element 7: what is not written shows. */
static GstSodTensor *
new_dirty (const GstSodShape *shape, GstSodDType dtype)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTensor) wide =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F64, shape, &error);
  gdouble *values;

  g_assert_no_error (error);
  values = gst_sod_tensor_get_data (wide);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (wide); i++)
    values[i] = 7;
  return convert (wide, dtype);
}

static void
widen (GstSodTensor **to, GstSodTensor *const *from, guint n)
{
  for (guint i = 0; i < n; i++)
    to[i] = convert (from[i], GST_SOD_DTYPE_F64);
}

static GstSodDType
param_dtype (const OpCase *op_case, GstSodDType dtype)
{
  gboolean half = dtype == GST_SOD_DTYPE_BF16 || dtype == GST_SOD_DTYPE_F16;

  return op_case->kind == GST_SOD_OP_BATCH_NORM && half ? GST_SOD_DTYPE_F32
                                                        : dtype;
}

gboolean
op_data_run (const OpData *self, GstSodBackend *backend, GstSodDType dtype,
    OpGradients gradients, OpResult *result, GError **error)
{
  const OpCase *op_case = self->op_case;
  const GstSodOpKernel *kernel = backend->klass->op (backend, op_case->kind);
  GstSodDType params_dtype = param_dtype (op_case, dtype);
  OpData given = { .op_case = op_case };
  OpResult own = { NULL };
  GstSodOpCall call = {
    .attrs = &op_case->attrs,
    .mode = op_case->mode,
    .n_inputs = op_case->n_inputs,
    .inputs = (const GstSodTensor *const *) given.inputs,
    .params = own.params,
    .n_params = self->n_params,
    .d_inputs = own.d_inputs,
    .d_params = own.d_params,
    .threads = 1,
  };
  gboolean ok;

  for (guint i = 0; i < op_case->n_inputs; i++) {
    given.inputs[i] = convert (self->inputs[i], dtype);
    if (gradients & OP_D_INPUTS)
      own.d_inputs[i] = new_dirty (&op_case->inputs[i], dtype);
  }
  for (guint i = 0; i < self->n_params; i++) {
    own.params[i] = convert (self->params[i], params_dtype);
    if ((gradients & OP_D_PARAMS) && self->param_infos[i].trainable)
      own.d_params[i] =
          new_dirty (gst_sod_tensor_get_shape (self->params[i]), params_dtype);
  }
  call.output = own.output = new_dirty (&op_case->output, dtype);
  given.d_output = convert (self->d_output, dtype);
  ok = kernel->forward (&call, error);
  call.d_output = given.d_output;
  if (ok && gradients != OP_FORWARD_ONLY)
    ok = kernel->backward (&call, error);
  if (ok) {
    widen (&result->output, &own.output, 1);
    widen (result->params, own.params, self->n_params);
    widen (result->d_inputs, own.d_inputs, op_case->n_inputs);
    widen (result->d_params, own.d_params, self->n_params);
  }
  op_data_clear (&given);
  op_result_clear (&own);
  return ok;
}
