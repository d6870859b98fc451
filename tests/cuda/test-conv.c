/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What cuDNN gets, computed without it, and the twin's convolution. */

#include <gst-sod/backend/cuda/conv-desc-private.h>
#include <gst-sod/backend/cuda/cuda-private.h>
#include <gst-sod/backend/cuda/host/host-private.h>
#include <gst-sod/backend/cuda/kernels-private.h>

#include <math.h>
#include <string.h>

static GstSodCudaConvDesc
make_desc (void)
{
  return (GstSodCudaConvDesc){ .pass = GST_SOD_CUDA_CONV_FORWARD,
    .type = GST_SOD_CUDA_F16,
    .n = 2,
    .c = 32,
    .h = 24,
    .w = 40,
    .k = 64,
    .kernel = 3,
    .stride = 1,
    .dilation = 2,
    .padding = 2,
    .x_stride = 96,
    .y_stride = 64,
    .bias = TRUE,
    .relu = TRUE };
}

static void
test_out (void)
{
  static const struct
  {
    gint kernel, stride, dilation, padding, in, out;
  } cases[] = {
    { 3, 1, 1, 1, 40, 40 },
    { 3, 1, 4, 4, 40, 40 },
    { 7, 2, 1, 3, 320, 160 },
    { 7, 2, 1, 3, 321, 161 },
    { 1, 1, 1, 0, 5, 5 },
    { 2, 2, 1, 0, 5, 2 },
    { 3, 1, 2, 0, 5, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstSodCudaConvDesc desc = { .kernel = cases[i].kernel,
      .stride = cases[i].stride,
      .dilation = cases[i].dilation,
      .padding = cases[i].padding };

    g_assert_cmpint (
        gst_sod_cuda_conv_out (&desc, cases[i].in), ==, cases[i].out);
  }
}

static void
assert_tensor (const GstSodCudaTensorDesc *tensor, const gint64 *dims,
    const gint64 *strides)
{
  g_assert_cmpmem (tensor->dims, 4 * sizeof *dims, dims, 4 * sizeof *dims);
  g_assert_cmpmem (
      tensor->strides, 4 * sizeof *strides, strides, 4 * sizeof *strides);
  g_assert_cmpint (tensor->alignment, ==, 16);
}

/* n, c, h, w with the channels innermost; pixels as far apart as is said, so
 * that a slice of a concatenation is a tensor like any other. */
static void
test_tensors (void)
{
  static const gint64 x_dims[] = { 2, 32, 24, 40 };
  static const gint64 x_strides[] = { 96 * 40 * 24, 1, 96 * 40, 96 };
  static const gint64 y_dims[] = { 2, 64, 24, 40 };
  static const gint64 y_strides[] = { 64 * 40 * 24, 1, 64 * 40, 64 };
  static const gint64 w_dims[] = { 64, 32, 3, 3 };
  static const gint64 w_strides[] = { 32 * 9, 1, 32 * 3, 32 };
  static const gint64 bias_dims[] = { 1, 64, 1, 1 };
  static const gint64 bias_strides[] = { 64, 1, 64, 64 };
  GstSodCudaConvDesc desc = make_desc ();
  GstSodCudaConvTensors tensors;

  gst_sod_cuda_conv_get_tensors (&desc, &tensors);
  assert_tensor (&tensors.x, x_dims, x_strides);
  assert_tensor (&tensors.y, y_dims, y_strides);
  assert_tensor (&tensors.w, w_dims, w_strides);
  assert_tensor (&tensors.bias, bias_dims, bias_strides);
  g_assert_cmpint (tensors.x.type, ==, GST_SOD_CUDA_F16);
  g_assert_cmpint (tensors.w.type, ==, GST_SOD_CUDA_F16);
  g_assert_cmpint (tensors.bias.type, ==, GST_SOD_CUDA_F32);
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpint (tensors.padding[i], ==, 2);
    g_assert_cmpint (tensors.stride[i], ==, 1);
    g_assert_cmpint (tensors.dilation[i], ==, 2);
  }
  g_assert_cmpuint (
      gst_sod_cuda_tensor_size (&tensors.x), ==, 2 * 2 * 96 * 40 * 24);
  g_assert_cmpuint (gst_sod_cuda_conv_n_weights (&desc), ==, 64 * 9 * 32);
}

/* f32 is f32; sums are f32 everywhere; determinism is an option. */
static void
test_allows (void)
{
  GstSodCudaConvDesc desc = make_desc ();
  const GstSodCudaConvNotes tensor_core = GST_SOD_CUDA_CONV_TENSOR_CORE;

  g_assert_true (gst_sod_cuda_conv_allows (&desc, 0));
  g_assert_true (gst_sod_cuda_conv_allows (&desc, tensor_core));
  g_assert_true (
      gst_sod_cuda_conv_allows (&desc, GST_SOD_CUDA_CONV_NONDETERMINISTIC));
  g_assert_false (
      gst_sod_cuda_conv_allows (&desc, GST_SOD_CUDA_CONV_REDUCED_SUMS));
  g_assert_false (
      gst_sod_cuda_conv_allows (&desc, GST_SOD_CUDA_CONV_DOWN_CONVERT));
  g_assert_false (
      gst_sod_cuda_conv_allows (&desc, GST_SOD_CUDA_CONV_ALL_NOTES));
  desc.deterministic = TRUE;
  g_assert_false (gst_sod_cuda_conv_allows (
      &desc, tensor_core | GST_SOD_CUDA_CONV_NONDETERMINISTIC));

  desc.type = GST_SOD_CUDA_F32;
  g_assert_true (gst_sod_cuda_conv_allows (&desc, 0));
  g_assert_false (gst_sod_cuda_conv_allows (&desc, tensor_core));
  desc.tf32 = TRUE;
  g_assert_true (gst_sod_cuda_conv_allows (
      &desc, tensor_core | GST_SOD_CUDA_CONV_DOWN_CONVERT));
}

static void
test_limit (void)
{
  GstSodCudaConvDesc desc = make_desc ();

  g_assert_cmpuint (
      gst_sod_cuda_conv_get_limit (&desc, (gsize) 1 << 37), ==, 1 << 29);
  g_assert_cmpuint (
      gst_sod_cuda_conv_get_limit (&desc, (gsize) 1 << 30), ==, 1 << 26);
  desc.workspace_limit = 4096;
  g_assert_cmpuint (
      gst_sod_cuda_conv_get_limit (&desc, (gsize) 1 << 37), ==, 4096);
}

/* Any field that differs is another convolution. */
static void
test_keys (void)
{
  GstSodCudaConvDesc a = make_desc (), b = make_desc ();
  gint *fields[] = { &b.n, &b.c, &b.h, &b.w, &b.k, &b.kernel, &b.stride,
    &b.dilation, &b.padding, &b.x_stride, &b.y_stride, &b.bias, &b.relu,
    &b.tf32, &b.deterministic };

  g_assert_true (gst_sod_cuda_conv_equal (&a, &b));
  g_assert_cmpuint (
      gst_sod_cuda_conv_hash (&a), ==, gst_sod_cuda_conv_hash (&b));
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    *fields[i] ^= 1;
    g_assert_false (gst_sod_cuda_conv_equal (&a, &b));
    *fields[i] ^= 1;
  }
  b.pass = GST_SOD_CUDA_CONV_DATA;
  g_assert_false (gst_sod_cuda_conv_equal (&a, &b));
  b = a;
  b.type = GST_SOD_CUDA_BF16;
  g_assert_false (gst_sod_cuda_conv_equal (&a, &b));
  b = a;
  b.workspace_limit = 1;
  g_assert_false (gst_sod_cuda_conv_equal (&a, &b));
}

static void
test_refusals (void)
{
  GstSodCudaDevice *device = gst_sod_cuda_device_get (0, NULL, NULL);
  GstSodCudaConvDesc cases[7];

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    cases[i] = make_desc ();
  cases[0].n = 0;
  cases[1].x_stride = 31;
  cases[2].y_stride = 63;
  cases[3].dilation = 20; /* a span of 41 over 24 + 4 rows */
  cases[4].n = 1 << 30;
  cases[5].h = cases[5].w = 1 << 16;
  cases[6].stride = 0;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (gst_sod_cuda_conv_new (device, &cases[i], &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, "device=cpu"));
  }
}

static void
test_names (void)
{
  GstSodCudaConvDesc desc = make_desc ();
  g_autofree gchar *text = gst_sod_cuda_conv_to_string (&desc);

  g_assert_cmpstr (text, ==,
      "forward 2x32x24x40 -> 64, 3x3 stride 1 dilation 2 padding 2 f16 bias "
      "relu");
}

/* ---- the twin ---- */

/* A value that depends on its place and is a multiple of 1/4. */
static gfloat
value_at (gsize i)
{
  return (gfloat) ((gint) (i * 7 % 13) - 6) / 4;
}

/* x (1, 3, 2), of three channels four apart, 2 x 1 x 1 weights and a bias: the
 * channels between the slices are left alone. */
static void
test_slices (void)
{
  GstSodCudaDevice *device = gst_sod_cuda_device_get (0, NULL, NULL);
  GstSodCudaConvDesc desc = { .n = 1,
    .c = 3,
    .h = 3,
    .w = 2,
    .k = 2,
    .kernel = 1,
    .stride = 1,
    .dilation = 1,
    .x_stride = 4,
    .y_stride = 8,
    .bias = TRUE,
    .relu = TRUE };
  g_autoptr (GError) error = NULL;
  GstSodCudaQueue *queue = gst_sod_cuda_queue_new (device, &error);
  GstSodCudaConv *conv = gst_sod_cuda_conv_new (device, &desc, &error);
  gfloat *x = gst_sod_cuda_alloc (device, 24 * sizeof *x, &error);
  gfloat *w = gst_sod_cuda_alloc (device, 6 * sizeof *w, &error);
  gfloat *bias = gst_sod_cuda_alloc (device, 2 * sizeof *bias, &error);
  gfloat *y = gst_sod_cuda_alloc (device, 48 * sizeof *y, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < 24; i++)
    x[i] = value_at (i);
  for (guint i = 0; i < 6; i++)
    w[i] = value_at (i + 5);
  bias[0] = 0.5f;
  bias[1] = -0.25f;
  g_assert_true (
      gst_sod_cuda_conv_run (conv, queue, x, w, bias, y, NULL, &error));
  for (guint pixel = 0; pixel < 6; pixel++) {
    for (guint k = 0; k < 8; k++) {
      gfloat sum = k < 2 ? bias[k] : 0;

      for (guint c = 0; k < 2 && c < 3; c++)
        sum += x[pixel * 4 + c] * w[k * 3 + c];
      if (k < 2)
        g_assert_cmpfloat (y[pixel * 8 + k], ==, MAX (sum, 0));
      else
        g_assert_true (isnan (y[pixel * 8 + k]));
    }
  }
  g_assert_false (
      gst_sod_cuda_conv_run (conv, queue, x + 1, w, bias, y, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_BACKEND);
  gst_sod_cuda_conv_free (conv);
  gst_sod_cuda_queue_free (queue);
  gst_sod_cuda_free (device, x);
  gst_sod_cuda_free (device, w);
  gst_sod_cuda_free (device, bias);
  gst_sod_cuda_free (device, y);
  g_assert_cmpuint (gst_sod_cuda_host_get_used (), ==, 0);
}

/* ---- the ways round the library ---- */

/* Memory of one convolution, filled from @values; what is written stays apart
 * by which way it is computed. */
typedef struct
{
  gpointer x, w, y;
  gfloat *bias;
} Operands;

static gpointer
take_values (GstSodCudaDevice *device, GstSodCudaQueue *queue,
    GstSodCudaType type, gsize n, gsize seed)
{
  g_autofree gfloat *planes = g_new (gfloat, n);
  gpointer memory =
      gst_sod_cuda_alloc (device, n * gst_sod_cuda_type_size (type), NULL);
  GstSodCudaView view = { memory, type, 1, 1, (gint) n, 1, 1 };

  for (gsize i = 0; i < n; i++)
    planes[i] = value_at (i + seed);
  gst_sod_cuda_kernel_from_planes (
      gst_sod_cuda_queue_get_stream (queue), planes, 1, &view);
  return memory;
}

static Operands
take_operands (GstSodCudaDevice *device, GstSodCudaQueue *queue,
    const GstSodCudaConvDesc *desc)
{
  GstSodCudaConvTensors tensors;

  gst_sod_cuda_conv_get_tensors (desc, &tensors);
  return (Operands){
    .x = take_values (device, queue, desc->type,
        (gsize) (tensors.x.dims[0] * tensors.x.strides[0]), 3),
    .y = take_values (device, queue, desc->type,
        (gsize) (tensors.y.dims[0] * tensors.y.strides[0]), 5),
    .w = take_values (
        device, queue, desc->type, gst_sod_cuda_conv_n_weights (desc), 1),
    .bias = take_values (device, queue, GST_SOD_CUDA_F32, desc->k, 2),
  };
}

static void
free_operands (GstSodCudaDevice *device, Operands *self)
{
  gst_sod_cuda_free (device, self->x);
  gst_sod_cuda_free (device, self->w);
  gst_sod_cuda_free (device, self->y);
  gst_sod_cuda_free (device, self->bias);
}

static void
run_plain (const GstSodCudaConvDesc *desc, GstSodCudaQueue *queue,
    const Operands *operands)
{
  GstSodCudaView x = { operands->x, desc->type, desc->n, desc->h, desc->w,
    desc->c, desc->x_stride };
  GstSodCudaView y = { operands->y, desc->type, desc->n,
    gst_sod_cuda_conv_out (desc, desc->h),
    gst_sod_cuda_conv_out (desc, desc->w), desc->k, desc->y_stride };
  GstSodCudaWindow window = { desc->kernel, desc->stride, desc->dilation,
    desc->padding };
  gpointer stream = gst_sod_cuda_queue_get_stream (queue);

  if (desc->pass == GST_SOD_CUDA_CONV_DATA)
    gst_sod_cuda_kernel_conv_data (stream, &y, operands->w, &window, &x);
  else if (desc->pass == GST_SOD_CUDA_CONV_WEIGHTS)
    gst_sod_cuda_kernel_conv_weights (stream, &x, &y, &window, operands->w);
  else
    gst_sod_cuda_kernel_conv_forward (stream, &x, operands->w,
        desc->bias ? operands->bias : NULL, desc->relu, &window, &y);
}

/* By the twin's own convolution on dense copies. */
static void
run_dense (const GstSodCudaConvDesc *desc, GstSodCudaQueue *queue,
    const Operands *operands)
{
  GstSodCudaDevice *device = gst_sod_cuda_queue_get_device (queue);
  g_autoptr (GError) error = NULL;
  GstSodCudaConvDense dense;
  GstSodCudaConvDenseMemory memory;
  GstSodCudaConv *conv;
  gpointer workspace;

  g_assert_cmpint (gst_sod_cuda_conv_dense_init (&dense, desc), ==,
      desc->x_stride != desc->c || desc->y_stride != desc->k);
  g_assert_cmpint (dense.inner.x_stride, ==, desc->c);
  g_assert_cmpint (dense.inner.y_stride, ==, desc->k);
  conv = gst_sod_cuda_conv_new (device, &dense.inner, &error);
  workspace = gst_sod_cuda_alloc (device, dense.size, &error);
  memory = gst_sod_cuda_conv_dense_place (
      &dense, operands->x, operands->y, workspace);
  g_assert_true (gst_sod_cuda_conv_dense_before (
      &dense, queue, operands->x, operands->y, &memory, &error));
  g_assert_true (gst_sod_cuda_conv_run (conv, queue, memory.x, operands->w,
      operands->bias, memory.y, memory.workspace, &error));
  g_assert_true (gst_sod_cuda_conv_dense_after (
      &dense, queue, operands->x, operands->y, &memory, &error));
  g_assert_no_error (error);
  gst_sod_cuda_free (device, workspace);
  gst_sod_cuda_conv_free (conv);
}

typedef void (*Way) (const GstSodCudaConvDesc *desc, GstSodCudaQueue *queue,
    const Operands *operands);

/* Products are multiples of 1/16 and sums are small, so that f32 is exact in
 * whatever order: all of the memory is the same, between the slices too. */
static void
compare_ways (const GstSodCudaConvDesc *desc, Way way)
{
  GstSodCudaDevice *device = gst_sod_cuda_device_get (0, NULL, NULL);
  g_autoptr (GError) error = NULL;
  GstSodCudaQueue *queue = gst_sod_cuda_queue_new (device, &error);
  GstSodCudaConv *conv = gst_sod_cuda_conv_new (device, desc, &error);
  Operands a = take_operands (device, queue, desc);
  Operands b = take_operands (device, queue, desc);
  GstSodCudaConvTensors tensors;
  gsize size = gst_sod_cuda_type_size (desc->type);

  g_assert_no_error (error);
  gst_sod_cuda_conv_get_tensors (desc, &tensors);
  g_assert_true (
      gst_sod_cuda_conv_run (conv, queue, a.x, a.w, a.bias, a.y, NULL, &error));
  way (desc, queue, &b);
  g_assert_cmpmem (a.x, gst_sod_cuda_tensor_size (&tensors.x), b.x,
      gst_sod_cuda_tensor_size (&tensors.x));
  g_assert_cmpmem (a.y, gst_sod_cuda_tensor_size (&tensors.y), b.y,
      gst_sod_cuda_tensor_size (&tensors.y));
  g_assert_cmpmem (a.w, gst_sod_cuda_conv_n_weights (desc) * size, b.w,
      gst_sod_cuda_conv_n_weights (desc) * size);
  free_operands (device, &a);
  free_operands (device, &b);
  gst_sod_cuda_conv_free (conv);
  gst_sod_cuda_queue_free (queue);
}

static void
test_ways (void)
{
  static const GstSodCudaConvDesc shapes[] = {
    { .n = 1,
        .c = 3,
        .h = 5,
        .w = 7,
        .k = 5,
        .kernel = 3,
        .stride = 1,
        .dilation = 1,
        .padding = 1,
        .x_stride = 3,
        .y_stride = 5 },
    { .n = 2,
        .c = 8,
        .h = 9,
        .w = 6,
        .k = 16,
        .kernel = 3,
        .stride = 1,
        .dilation = 2,
        .padding = 2,
        .x_stride = 24,
        .y_stride = 16 },
    { .n = 1,
        .c = 10,
        .h = 12,
        .w = 11,
        .k = 9,
        .kernel = 7,
        .stride = 2,
        .dilation = 1,
        .padding = 3,
        .x_stride = 10,
        .y_stride = 32 },
    { .n = 2,
        .c = 17,
        .h = 4,
        .w = 5,
        .k = 1,
        .kernel = 1,
        .stride = 3,
        .dilation = 1,
        .padding = 0,
        .x_stride = 20,
        .y_stride = 8 },
    { .n = 1,
        .c = 4,
        .h = 6,
        .w = 6,
        .k = 4,
        .kernel = 2,
        .stride = 2,
        .dilation = 3,
        .padding = 1,
        .x_stride = 4,
        .y_stride = 4 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    for (guint type = 0; type < GST_SOD_CUDA_N_TYPES; type++) {
      for (guint pass = 0; pass < 3; pass++) {
        GstSodCudaConvDesc desc = shapes[i];

        desc.type = (GstSodCudaType) type;
        desc.pass = (GstSodCudaConvPass) pass;
        desc.bias = pass == GST_SOD_CUDA_CONV_FORWARD && i % 2 == 0;
        desc.relu = pass == GST_SOD_CUDA_CONV_FORWARD && i % 3 != 1;
        compare_ways (&desc, run_plain);
        compare_ways (&desc, run_dense);
      }
    }
  }
  g_assert_cmpuint (gst_sod_cuda_host_get_used (), ==, 0);
}

/* ---- which GPU code runs on ---- */

static void
test_architectures (void)
{
  static const gchar *const archs = "75;80;86;89;90";
  static const struct
  {
    gint major, minor;
    gboolean runs;
  } cases[] = { { 7, 0, FALSE }, { 7, 2, FALSE }, { 7, 5, TRUE },
    { 8, 0, TRUE }, { 8, 6, TRUE }, { 8, 7, TRUE }, { 8, 9, TRUE },
    { 9, 0, TRUE }, { 10, 0, TRUE }, { 12, 1, TRUE }, { 6, 1, FALSE } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (
        gst_sod_cuda_archs_run (archs, cases[i].major, cases[i].minor), ==,
        cases[i].runs);
  g_assert_false (gst_sod_cuda_archs_run ("86", 8, 0));
  g_assert_true (gst_sod_cuda_archs_run ("80", 8, 6));
  g_assert_true (gst_sod_cuda_archs_run ("80", 9, 0));
  g_assert_false (gst_sod_cuda_archs_run ("90", 8, 9));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cuda/conv/sizes-of-what-comes-out", test_out);
  g_test_add_func ("/cuda/conv/tensors-are-channels-last", test_tensors);
  g_test_add_func ("/cuda/conv/precision-says-what-is-allowed", test_allows);
  g_test_add_func ("/cuda/conv/workspace-has-a-limit", test_limit);
  g_test_add_func ("/cuda/conv/every-field-counts", test_keys);
  g_test_add_func ("/cuda/conv/refuses-what-no-library-does", test_refusals);
  g_test_add_func ("/cuda/conv/names-itself", test_names);
  g_test_add_func ("/cuda/conv/reads-and-writes-slices", test_slices);
  g_test_add_func ("/cuda/conv/plain-sums-and-copies-are-the-same", test_ways);
  g_test_add_func (
      "/cuda/code-runs-on-what-it-was-made-for", test_architectures);
  return g_test_run ();
}
