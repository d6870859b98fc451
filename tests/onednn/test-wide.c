/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernels for AVX-512 and their plain twins against what they are defined
 * to be, in f32 and bf16: odd sizes, remainders of
 * pixels and of channels, strides, dilations. What lies around the samples is
 * no number, so that whoever reads it shows. */
#include <gst-sod/backend/backend-private.h>
#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/core/random.h>

#include <math.h>
#include <string.h>

#define AROUND 64 /* samples before and after */

typedef struct
{
  gint n, h, w, c, channels;
  gint size, stride, dilation, padding;
  gboolean relu;
} Window;

/* Samples, as they are stored and as numbers. */
typedef struct
{
  gsize n;
  gboolean bf16;
  guint8 *memory;
  gpointer stored;
  gfloat *values;
} Samples;

static gfloat
read_sample (gconstpointer stored, gboolean bf16, gsize index)
{
  return bf16 ? gst_sod_bf16_to_f32 (((const guint16 *) stored)[index])
              : ((const gfloat *) stored)[index];
}

static void
write_sample (gpointer stored, gboolean bf16, gsize index, gfloat value)
{
  if (bf16)
    ((guint16 *) stored)[index] = gst_sod_f32_to_bf16 (value);
  else
    ((gfloat *) stored)[index] = value;
}

/* @n numbers, or none where there is no @random. */
static Samples
new_samples (gsize n, gboolean bf16, GstSodRandom *random)
{
  gsize size = bf16 ? sizeof (guint16) : sizeof (gfloat);
  Samples self = { .n = n, .bf16 = bf16, .values = g_new (gfloat, n) };

  self.memory = gst_sod_aligned_alloc ((n + 2 * AROUND) * size, NULL);
  self.stored = self.memory + AROUND * size;
  for (gsize i = 0; i < n + 2 * AROUND; i++)
    write_sample (self.memory, bf16, i, NAN);
  for (gsize i = 0; i < n; i++) {
    if (random != NULL)
      write_sample (
          self.stored, bf16, i, (gfloat) gst_sod_random_normal (random) / 2);
    self.values[i] = read_sample (self.stored, bf16, i);
  }
  return self;
}

static void
samples_clear (Samples *self)
{
  gst_sod_aligned_free (self->memory);
  g_free (self->values);
}

/* Nothing was written beside the samples. */
static void
check_around (const Samples *self)
{
  for (gsize i = 0; i < AROUND; i++) {
    g_assert_true (isnan (read_sample (self->memory, self->bf16, i)));
    g_assert_true (isnan (read_sample (self->stored, self->bf16, self->n + i)));
  }
}

/* The nearest of bf16 is half a unit of its last place away at most. */
static void
check_sample (const Samples *self, gsize index, gdouble expected)
{
  gdouble rounding = self->bf16 ? fabs (expected) / 256 : 0;

  g_assert_cmpfloat (
      fabs (read_sample (self->stored, self->bf16, index) - expected), <=,
      rounding + 2e-5);
}

/* ---- convolution ---- */

/* As it is defined: (h, w, c) and (c, size, size). */
static gdouble
convolve_one (const Window *test, const gfloat *source, const gfloat *weights,
    gdouble sum, gint y, gint x)
{
  for (gint v = 0; v < test->size; v++) {
    for (gint u = 0; u < test->size; u++) {
      gint row = y * test->stride - test->padding + v * test->dilation;
      gint column = x * test->stride - test->padding + u * test->dilation;

      for (gint i = 0; i < test->c && row >= 0 && row < test->h && column >= 0
                       && column < test->w;
           i++)
        sum += (gdouble) source[(row * test->w + column) * test->c + i]
               * weights[(i * test->size + v) * test->size + u];
    }
  }
  return test->relu && sum < 0 ? 0 : sum;
}

static GstSodOnednnStep
new_step (const Window *test, gboolean bf16)
{
  gint lost = test->dilation * (test->size - 1) - 2 * test->padding;

  return (GstSodOnednnStep){
    .n = test->n,
    .c = test->c,
    .h = test->h,
    .w = test->w,
    .size = test->size,
    .stride = test->stride,
    .dilation = test->dilation,
    .padding = test->padding,
    .channels = test->channels,
    .out_h = (test->h - lost - 1) / test->stride + 1,
    .out_w = (test->w - lost - 1) / test->stride + 1,
    .relu = test->relu,
    .layout = GST_SOD_ONEDNN_NHWC,
    .type = bf16 ? dnnl_bf16 : dnnl_f32,
  };
}

/* What a convolution reads and writes; @weights' numbers are as rounded. */
typedef struct
{
  Samples source, weights, target;
  gfloat *bias; /* (channels), or NULL */
  gpointer packed;
} Data;

static Data
new_data (const Window *test, const GstSodOnednnStep *step)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (5, 0);
  gboolean bf16 = step->type == dnnl_bf16;
  gsize n = (gsize) (test->c * test->size * test->size * test->channels);
  Data self = {
    .source = new_samples (
        (gsize) (test->n * test->h * test->w * test->c), bf16, random),
    .weights = new_samples (n, bf16, random),
    .target = new_samples (
        (gsize) (step->n * step->out_h * step->out_w * step->channels), bf16,
        NULL),
    .packed = gst_sod_aligned_alloc (
        gst_sod_onednn_kernel_wide_packed_size (step), NULL),
  };

  if (test->c % 2 == 0) {
    self.bias = g_new (gfloat, test->channels);
    for (gint i = 0; i < test->channels; i++)
      self.bias[i] = (gfloat) gst_sod_random_normal (random);
  }
  gst_sod_onednn_kernel_wide_pack (
      step, self.weights.values, self.bias, self.packed);
  return self;
}

static void
data_clear (Data *self)
{
  samples_clear (&self->source);
  samples_clear (&self->weights);
  samples_clear (&self->target);
  gst_sod_aligned_free (self->packed);
  g_free (self->bias);
}

static void
run (GstSodOnednnKernel kernel, const GstSodOnednnStep *step, Data *data,
    gint threads)
{
  gpointer memory[] = { data->source.stored, data->packed, data->target.stored,
    gst_sod_aligned_alloc (
        gst_sod_onednn_kernel_wide_scratch (step, threads), NULL) };

  for (gsize i = 0; i < data->target.n; i++)
    write_sample (data->target.stored, data->target.bf16, i, NAN);
  kernel (step, memory, threads);
  gst_sod_aligned_free (memory[3]);
  check_around (&data->target);
}

static void
check_convolution (
    const Window *test, const GstSodOnednnStep *step, const Data *data)
{
  gsize taps = (gsize) (test->size * test->size * test->c);

  for (gint64 i = 0; i < step->n * step->out_h * step->out_w; i++) {
    gint64 n = i / (step->out_h * step->out_w);
    gint y = (gint) (i / step->out_w % step->out_h);

    for (gint o = 0; o < test->channels; o++)
      check_sample (&data->target, (gsize) (i * test->channels + o),
          convolve_one (test,
              data->source.values + n * test->h * test->w * test->c,
              data->weights.values + o * (gint64) taps,
              data->bias != NULL ? data->bias[o] : 0, y,
              (gint) (i % step->out_w)));
  }
}

static void
test_convolves_in (const Window *test, gboolean bf16)
{
  const GstSodOnednnStep step = new_step (test, bf16);
  Data data = new_data (test, &step);

  g_assert_true (gst_sod_onednn_kernel_wide_fits (&step));
  for (gint threads = 1; threads <= 3; threads++) {
    run (gst_sod_onednn_kernel_wide, &step, &data, threads);
    check_convolution (test, &step, &data);
  }
  run (gst_sod_onednn_kernel_wide_plain, &step, &data, 2);
  check_convolution (test, &step, &data);
  data_clear (&data);
}

static void
test_convolves (gconstpointer data)
{
  const Window *test = data;

  for (gint bf16 = 0; bf16 < 2; bf16++) {
    g_test_message ("%s: %s", bf16 ? "bf16" : "f32",
        gst_sod_onednn_kernel_wide_is_fast (bf16 ? dnnl_bf16 : dnnl_f32)
            ? "AVX-512 and the plain twin"
            : "the plain twin alone: this CPU has no better one");
    test_convolves_in (test, bf16);
  }
}

static void
test_refuses (void)
{
  GstSodOnednnStep step =
      new_step (&(Window){ 1, 9, 9, 9, 16, 3, 1, 1, 1, FALSE }, FALSE);

  g_assert_true (gst_sod_onednn_kernel_wide_fits (&step));
  step.type = dnnl_bf16; /* pairs of channels */
  g_assert_false (gst_sod_onednn_kernel_wide_fits (&step));
  step.c = 10;
  g_assert_true (gst_sod_onednn_kernel_wide_fits (&step));
  step.type = dnnl_s8;
  g_assert_false (gst_sod_onednn_kernel_wide_fits (&step));
  step.type = dnnl_f32;
  step.layout = GST_SOD_ONEDNN_NCHW16C;
  g_assert_false (gst_sod_onednn_kernel_wide_fits (&step));
  step.layout = GST_SOD_ONEDNN_NHWC;
  step.c = 3; /* a picture's taps are not side by side */
  step.dilation = 2;
  g_assert_false (gst_sod_onednn_kernel_wide_fits (&step));
}

static void
add_windows (void)
{
  static const Window windows[] = {
    { 1, 1, 1, 8, 16, 3, 1, 1, 1, FALSE },
    { 1, 2, 3, 16, 32, 3, 1, 2, 2, TRUE },
    { 2, 3, 5, 8, 8, 3, 1, 1, 1, TRUE },
    { 1, 4, 6, 10, 40, 3, 1, 4, 4, FALSE },
    { 1, 5, 7, 24, 24, 3, 1, 1, 1, TRUE },
    { 1, 6, 11, 16, 48, 3, 1, 2, 2, TRUE },
    { 3, 5, 12, 8, 33, 3, 1, 4, 4, FALSE },
    { 1, 12, 20, 32, 96, 3, 1, 4, 4, TRUE },
    { 2, 7, 29, 16, 72, 3, 1, 6, 6, FALSE },
    { 1, 4, 40, 32, 64, 3, 1, 2, 2, TRUE },
    { 1, 9, 23, 8, 17, 5, 1, 2, 4, FALSE },
    { 1, 3, 31, 8, 32, 3, 1, 12, 12, FALSE },
    { 1, 8, 13, 16, 16, 1, 1, 1, 0, TRUE },
    { 1, 8, 26, 16, 16, 3, 1, 1, 0, FALSE },
    { 1, 9, 24, 8, 32, 3, 2, 1, 1, TRUE },
    { 1, 11, 47, 8, 20, 3, 3, 2, 2, TRUE },
    { 1, 16, 14, 3, 16, 7, 2, 1, 3, TRUE },
    { 2, 17, 63, 3, 32, 7, 2, 1, 3, FALSE },
    { 1, 16, 32, 6, 24, 7, 2, 1, 3, TRUE },
    { 1, 9, 9, 1, 16, 7, 1, 1, 3, FALSE },
    { 1, 6, 44, 1, 1, 3, 1, 1, 0, FALSE },
    { 1, 5, 21, 5, 32, 5, 1, 1, 2, TRUE },
    /* whose last word would reach over the source */
    { 1, 5, 42, 3, 16, 3, 1, 1, 0, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (windows); i++) {
    const Window *test = &windows[i];
    g_autofree gchar *path = g_strdup_printf (
        "/wide/conv/%dx%dx%dx%d-to-%d-kernel-%d-stride-%d-dilation-%d-"
        "padding-%d/is-the-sum",
        test->n, test->h, test->w, test->c, test->channels, test->size,
        test->stride, test->dilation, test->padding);

    g_test_add_data_func (path, test, test_convolves);
  }
  g_test_add_func ("/wide/conv/refuses-what-it-cannot-do", test_refuses);
}

/* ---- to one channel ---- */

static void
run_to_one (GstSodOnednnKernel kernel, const Window *test, gboolean bf16)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (6, 0);
  const GstSodOnednnStep step = new_step (test, bf16);
  gsize taps = (gsize) (test->size * test->size);
  Samples source = new_samples (
      (gsize) (test->n * test->h * test->w * test->c), bf16, random);
  Samples weights =
      new_samples (taps * (gsize) test->c, FALSE, random); /* (c, k, k) */
  Samples packed =
      new_samples (taps * (gsize) test->c, FALSE, random); /* (k, k, c) */
  Samples target =
      new_samples ((gsize) (step.n * step.out_h * step.out_w), FALSE, NULL);
  gfloat bias = 0.25f;
  gpointer memory[] = { source.stored, packed.stored, &bias, target.stored };

  for (gsize i = 0; i < packed.n; i++)
    write_sample (packed.stored, FALSE, i,
        weights.values[i % (gsize) test->c * taps + i / (gsize) test->c]);
  kernel (&step, memory, 2);
  check_around (&target);
  for (gint64 i = 0; i < (gint64) target.n; i++) {
    gint64 n = i / (step.out_h * step.out_w);

    check_sample (&target, (gsize) i,
        convolve_one (test, source.values + n * test->h * test->w * test->c,
            weights.values, bias, (gint) (i / step.out_w % step.out_h),
            (gint) (i % step.out_w)));
  }
  samples_clear (&source);
  samples_clear (&weights);
  samples_clear (&packed);
  samples_clear (&target);
}

static void
test_convolves_to_one (gconstpointer data)
{
  for (gint bf16 = 0; bf16 < 2; bf16++) {
    run_to_one (gst_sod_onednn_kernel_conv_to_one, data, bf16);
    run_to_one (gst_sod_onednn_kernel_conv_to_one_plain, data, bf16);
  }
}

static void
add_to_one (void)
{
  static const Window windows[] = {
    { 1, 1, 1, 8, 1, 3, 1, 1, 1, FALSE },
    { 2, 3, 7, 16, 1, 3, 1, 1, 1, FALSE },
    { 1, 4, 8, 24, 1, 3, 1, 1, 1, FALSE },
    { 1, 5, 27, 32, 1, 3, 1, 1, 1, FALSE },
    { 3, 4, 19, 40, 1, 3, 1, 1, 0, FALSE },
    { 1, 6, 18, 16, 1, 3, 1, 1, 2, FALSE },
    { 1, 9, 21, 8, 1, 3, 1, 2, 2, FALSE },
    { 1, 7, 20, 24, 1, 5, 1, 1, 2, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (windows); i++) {
    const Window *test = &windows[i];
    g_autofree gchar *path = g_strdup_printf (
        "/wide/to-one/%dx%dx%dx%d-kernel-%d-dilation-%d-padding-%d/is-the-sum",
        test->n, test->h, test->w, test->c, test->size, test->dilation,
        test->padding);

    g_test_add_data_func (path, test, test_convolves_to_one);
  }
}

/* ---- enlarging ---- */

typedef struct
{
  gint n, c, h, w;
  gboolean sum, in_place;
} Enlargement;

/* Where output @i of @n samples twice as many lies. */
static void
locate (gint i, gint n, gint *first, gint *second, gdouble *share)
{
  gdouble position = (i + 0.5) / 2 - 0.5;
  gint below = (gint) floor (position);

  *share = position - below;
  *first = MAX (below, 0);
  *second = MIN (below + 1, n - 1);
}

static gdouble
enlarge_one (
    const Enlargement *test, const gfloat *source, gint y, gint x, gint c)
{
  gint rows[2], columns[2];
  gdouble down, right, sum = 0;

  locate (y, test->h, &rows[0], &rows[1], &down);
  locate (x, test->w, &columns[0], &columns[1], &right);
  for (gint i = 0; i < 4; i++)
    sum += (i / 2 == 0 ? 1 - down : down) * (i % 2 == 0 ? 1 - right : right)
           * source[(rows[i / 2] * test->w + columns[i % 2]) * test->c + c];
  return sum;
}

static void
test_enlarges_in (const Enlargement *test, gboolean bf16)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (7, 0);
  gsize n = (gsize) (test->n * test->c * test->h * test->w);
  Samples source = new_samples (n, bf16, random);
  Samples skip = new_samples (4 * n, bf16, test->sum ? random : NULL);
  Samples other = new_samples (4 * n, bf16, NULL);
  Samples *target = test->in_place ? &skip : &other;
  gpointer three[] = { source.stored, skip.stored, target->stored };
  gpointer two[] = { source.stored, target->stored };
  GstSodOnednnStep step = { .n = test->n,
    .c = test->c,
    .h = test->h,
    .w = test->w,
    .scale = 2,
    .layout = GST_SOD_ONEDNN_NHWC,
    .type = bf16 ? dnnl_bf16 : dnnl_f32 };

  if (test->sum)
    gst_sod_onednn_kernel_up2_add (&step, three, 2);
  else
    gst_sod_onednn_kernel_up2 (&step, two, 2);
  check_around (target);
  for (gsize i = 0; i < 4 * n; i++) {
    gsize pixel = i / (gsize) test->c, w = (gsize) (2 * test->w);
    gsize sample = pixel / (w * (gsize) (2 * test->h));
    gdouble expected =
        enlarge_one (test, source.values + sample * (n / (gsize) test->n),
            (gint) (pixel / w) % (2 * test->h), (gint) (pixel % w),
            (gint) (i % (gsize) test->c));

    check_sample (target, i, expected + (test->sum ? skip.values[i] : 0));
  }
  samples_clear (&source);
  samples_clear (&skip);
  samples_clear (&other);
}

static void
test_enlarges (gconstpointer data)
{
  test_enlarges_in (data, FALSE);
  test_enlarges_in (data, TRUE);
}

static void
add_enlargements (void)
{
  static const Enlargement cases[] = {
    { 1, 16, 1, 1, TRUE, FALSE },
    { 2, 8, 3, 5, TRUE, TRUE },
    { 1, 24, 2, 9, TRUE, TRUE },
    { 1, 32, 5, 4, TRUE, TRUE },
    { 3, 48, 2, 3, TRUE, FALSE },
    { 2, 32, 3, 7, FALSE, FALSE },
    { 1, 40, 4, 3, FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Enlargement *test = &cases[i];
    g_autofree gchar *path =
        g_strdup_printf ("/wide/up2/%dx%dx%dx%d%s/is-bilinear", test->n,
            test->c, test->h, test->w, test->sum ? "-and-skip" : "");

    g_test_add_data_func (path, test, test_enlarges);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_windows ();
  add_to_one ();
  add_enlargements ();
  return g_test_run ();
}
