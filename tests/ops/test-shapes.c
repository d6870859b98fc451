/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The shape rule of each op: what does not fit is refused, by name. */

#include <gst-sod/nn/op-private.h>

typedef struct
{
  const gchar *path;
  GstSodOpKind kind;
  GstSodOpAttrs attrs;
  guint n_inputs;
  GstSodShape inputs[3];
  GstSodError code;
  const gchar *message; /* part of it */
} Refusal;

#define NCHW(n, c, h, w)                                                       \
  {                                                                            \
    4,                                                                         \
    {                                                                          \
      n, c, h, w                                                               \
    }                                                                          \
  }

static const Refusal refusals[] = {
  { "/shapes/conv2d/rejects-an-input-smaller-than-its-kernel",
      GST_SOD_OP_CONV2D,
      { .channels = 4, .kernel = 7, .stride = 1, .dilation = 1 }, 1,
      { NCHW (1, 3, 6, 9) }, GST_SOD_ERROR_MISMATCH, "7x7" },
  { "/shapes/conv2d/rejects-an-input-smaller-than-its-dilated-kernel",
      GST_SOD_OP_CONV2D,
      { .channels = 4, .kernel = 3, .stride = 1, .dilation = 4 }, 1,
      { NCHW (1, 3, 8, 9) }, GST_SOD_ERROR_MISMATCH, "dilation 4" },
  { "/shapes/conv2d/rejects-a-stride-of-zero", GST_SOD_OP_CONV2D,
      { .channels = 4, .kernel = 3, .dilation = 1, .padding = 1 }, 1,
      { NCHW (1, 3, 8, 9) }, GST_SOD_ERROR_INVALID_ARGUMENT, "stride" },
  { "/shapes/conv2d/rejects-no-channels", GST_SOD_OP_CONV2D,
      { .kernel = 3, .stride = 1, .dilation = 1, .padding = 1 }, 1,
      { NCHW (1, 3, 8, 9) }, GST_SOD_ERROR_INVALID_ARGUMENT, "channels" },
  { "/shapes/conv2d/rejects-two-inputs", GST_SOD_OP_CONV2D,
      { .channels = 4, .kernel = 3, .stride = 1, .dilation = 1, .padding = 1 },
      2, { NCHW (1, 3, 8, 9), NCHW (1, 3, 8, 9) }, GST_SOD_ERROR_MISMATCH,
      "conv2d takes" },
  { "/shapes/relu/rejects-three-dimensions", GST_SOD_OP_RELU, { 0 }, 1,
      { { 3, { 3, 8, 9 } } }, GST_SOD_ERROR_MISMATCH, "3x8x9" },
  { "/shapes/relu/rejects-an-empty-input", GST_SOD_OP_RELU, { 0 }, 1,
      { NCHW (1, 0, 8, 9) }, GST_SOD_ERROR_MISMATCH, "1x0x8x9" },
  { "/shapes/batch-norm/rejects-no-input", GST_SOD_OP_BATCH_NORM,
      { .epsilon = 1e-5 }, 0, { NCHW (0, 0, 0, 0) }, GST_SOD_ERROR_MISMATCH,
      "batch_norm" },
  { "/shapes/max-pool/rejects-an-input-smaller-than-its-window",
      GST_SOD_OP_MAX_POOL, { .kernel = 2, .stride = 2 }, 1,
      { NCHW (1, 3, 1, 9) }, GST_SOD_ERROR_MISMATCH, "2x2" },
  { "/shapes/avg-pool/rejects-a-window-of-zero", GST_SOD_OP_AVG_POOL,
      { .stride = 2 }, 1, { NCHW (1, 3, 8, 9) }, GST_SOD_ERROR_INVALID_ARGUMENT,
      "kernel" },
  { "/shapes/upsample/rejects-a-factor-of-zero", GST_SOD_OP_UPSAMPLE, { 0 }, 1,
      { NCHW (1, 3, 8, 9) }, GST_SOD_ERROR_INVALID_ARGUMENT, "scale" },
  { "/shapes/upsample/rejects-a-sum-without-its-second-input",
      GST_SOD_OP_UPSAMPLE, { .scale = 2, .sum = TRUE }, 1,
      { NCHW (1, 3, 8, 9) }, GST_SOD_ERROR_MISMATCH, "2 inputs" },
  { "/shapes/upsample/rejects-a-sum-of-another-size", GST_SOD_OP_UPSAMPLE,
      { .scale = 2, .sum = TRUE }, 2,
      { NCHW (1, 3, 8, 9), NCHW (1, 3, 16, 17) }, GST_SOD_ERROR_MISMATCH,
      "1x3x16x17" },
  { "/shapes/concat/rejects-inputs-of-different-heights", GST_SOD_OP_CONCAT,
      { 0 }, 3, { NCHW (1, 3, 8, 9), NCHW (1, 5, 8, 9), NCHW (1, 3, 7, 9) },
      GST_SOD_ERROR_MISMATCH, "input 2 is 1x3x7x9" },
  { "/shapes/concat/rejects-inputs-of-different-batches", GST_SOD_OP_CONCAT,
      { 0 }, 2, { NCHW (1, 3, 8, 9), NCHW (2, 3, 8, 9) },
      GST_SOD_ERROR_MISMATCH, "2x3x8x9" },
  { "/shapes/add/rejects-inputs-of-different-shapes", GST_SOD_OP_ADD, { 0 }, 2,
      { NCHW (1, 3, 8, 9), NCHW (1, 4, 8, 9) }, GST_SOD_ERROR_MISMATCH,
      "1x4x8x9" },
  { "/shapes/add/rejects-a-single-input", GST_SOD_OP_ADD, { 0 }, 1,
      { NCHW (1, 3, 8, 9) }, GST_SOD_ERROR_MISMATCH, "add takes" },
};

static void
test_refusal (gconstpointer user_data)
{
  const Refusal *refusal = user_data;
  g_autoptr (GError) error = NULL;
  GstSodShape output;

  g_assert_false (gst_sod_op_infer (refusal->kind, &refusal->attrs,
      refusal->inputs, refusal->n_inputs, &output, &error));
  g_assert_error (error, GST_SOD_ERROR, (gint) refusal->code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, refusal->message));
}

/* What fits, with sizes that do not divide. */
typedef struct
{
  const gchar *path;
  GstSodOpKind kind;
  GstSodOpAttrs attrs;
  guint n_inputs;
  GstSodShape inputs[3];
  GstSodShape output;
} Fit;

static const Fit fits[] = {
  { "/shapes/conv2d/halves-an-odd-size-upwards", GST_SOD_OP_CONV2D,
      { .channels = 4, .kernel = 3, .stride = 2, .dilation = 1, .padding = 1 },
      1, { NCHW (2, 3, 9, 12) }, NCHW (2, 4, 5, 6) },
  { "/shapes/conv2d/keeps-the-size-when-padding-fills-the-dilated-kernel",
      GST_SOD_OP_CONV2D,
      { .channels = 4, .kernel = 7, .stride = 1, .dilation = 4, .padding = 12 },
      1, { NCHW (2, 3, 1, 1) }, NCHW (2, 4, 1, 1) },
  { "/shapes/max-pool/drops-what-does-not-fill-a-window", GST_SOD_OP_MAX_POOL,
      { .kernel = 2, .stride = 2 }, 1, { NCHW (1, 3, 7, 10) },
      NCHW (1, 3, 3, 5) },
  { "/shapes/upsample/multiplies-both-sides", GST_SOD_OP_UPSAMPLE,
      { .scale = 3 }, 1, { NCHW (1, 3, 7, 10) }, NCHW (1, 3, 21, 30) },
  { "/shapes/concat/adds-channels-up", GST_SOD_OP_CONCAT, { 0 }, 3,
      { NCHW (2, 1, 7, 10), NCHW (2, 33, 7, 10), NCHW (2, 16, 7, 10) },
      NCHW (2, 50, 7, 10) },
};

static void
test_fit (gconstpointer user_data)
{
  const Fit *fit = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *found = NULL, *expected = NULL;
  GstSodShape output;

  gst_sod_op_infer (
      fit->kind, &fit->attrs, fit->inputs, fit->n_inputs, &output, &error);
  g_assert_no_error (error);
  found = gst_sod_shape_to_string (&output);
  expected = gst_sod_shape_to_string (&fit->output);
  g_assert_cmpstr (found, ==, expected);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    g_test_add_data_func (refusals[i].path, &refusals[i], test_refusal);
  for (guint i = 0; i < G_N_ELEMENTS (fits); i++)
    g_test_add_data_func (fits[i].path, &fits[i], test_fit);
  return g_test_run ();
}
