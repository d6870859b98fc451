/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gradients of weights. Products of pairs of bf16, of the CPU and their plain
 * twin, against what they are defined to be: tiles of all sizes, and what lies
 * beside the sums left as it is. The kernel around them against plain sums over
 * all pixels: windows of all kinds, and pictures of more and of fewer rows than
 * it keeps; and so the kernel of AMX and its plain twin. */
#include <gst-sod/backend/onednn/train-tiles-private.h>
#include <gst-sod/backend/onednn/train-weights-private.h>
#include <gst-sod/core/random.h>

#include <math.h>

#define N_ROWS 3
#define N_PAIRS 5
#define PIXEL 7 /* words between them */
#define ROW 70
#define MOST 48 /* sums */
#define TOLERANCE 1e-4

typedef struct
{
  guint16 source[N_ROWS * ROW + MOST][2];
  guint16 d_target[N_ROWS * N_PAIRS * SPAN][2];
  gfloat sums[(MOST + 1) * SPAN];
} Case;

static void
fill (guint16 (*pairs)[2], gsize n, GstSodRandom *random)
{
  for (gsize i = 0; i < 2 * n; i++)
    pairs[i / 2][i % 2] =
        gst_sod_f32_to_bf16 ((gfloat) gst_sod_random_normal (random));
}

static gdouble
expect (const Case *test, gint k, gint channel)
{
  gdouble sum = test->sums[k * SPAN + channel];

  for (gint i = 0; i < N_ROWS * N_PAIRS; i++) {
    gint at = i / N_PAIRS * ROW + i % N_PAIRS * PIXEL + k;

    for (gint half = 0; half < 2; half++)
      sum += (gdouble) gst_sod_bf16_to_f32 (test->source[at][half])
             * gst_sod_bf16_to_f32 (test->d_target[i * SPAN + channel][half]);
  }
  return sum;
}

static void
check (GstSodTrainAdd add, const Case *test, gint n)
{
  Case found = *test;
  GstSodTrainProducts products = {
    .source = (const gfloat *) found.source,
    .d_target = (const gfloat *) found.d_target,
    .pixel = PIXEL,
    .row = ROW,
    .n_rows = N_ROWS,
    .n = N_PAIRS,
    .sums = found.sums,
  };

  add (&products, n);
  for (gint i = 0; i < n * SPAN; i++)
    g_assert_cmpfloat (
        fabs (found.sums[i] - expect (test, i / SPAN, i % SPAN)), <, TOLERANCE);
  for (gint i = n * SPAN; i < (MOST + 1) * SPAN; i++)
    g_assert_cmpfloat (found.sums[i], ==, test->sums[i]);
}

static void
check_all (GstSodTrainAdd add)
{
  static const gint sizes[] = { 1, 3, 4, 7, 8, 9, 16, 21, 42, MOST };
  g_autoptr (GstSodRandom) random = gst_sod_random_new (1, 0);
  g_autofree Case *test = g_new0 (Case, 1);

  fill (test->source, G_N_ELEMENTS (test->source), random);
  fill (test->d_target, G_N_ELEMENTS (test->d_target), random);
  for (gsize i = 0; i < G_N_ELEMENTS (test->sums); i++)
    test->sums[i] = (gfloat) gst_sod_random_normal (random);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    check (add, test, sizes[i]);
}

static void
test_plain_pairs_are_right (void)
{
  check_all (gst_sod_train_add_pairs_plain);
}

static void
test_fast_pairs_are_right (void)
{
  if (gst_sod_train_get_add_pairs_fast () != NULL)
    check_all (gst_sod_train_get_add_pairs_fast ());
  else
    g_test_skip ("the CPU has no products of bf16");
}

/* ---- the kernel ---- */

typedef struct
{
  gint64 n, c, h, w, channels;
  gint size, stride, dilation, padding;
} Window;

static gint64
get_out (const Window *self, gint64 in)
{
  gint64 span = (gint64) self->dilation * (self->size - 1) + 1;

  return (in + 2 * self->padding - span) / self->stride + 1;
}

static void
describe (const Window *self, gboolean bf16, GstSodTrainStep *step)
{
  GstSodTrainArg arg = { .type = bf16 ? dnnl_bf16 : dnnl_f32 };

  *step = (GstSodTrainStep){
    .n = self->n,
    .c = self->c,
    .h = self->h,
    .w = self->w,
    .big_h = get_out (self, self->h),
    .big_w = get_out (self, self->w),
    .channels = self->channels,
    .size = self->size,
    .stride = self->stride,
    .dilation = self->dilation,
    .padding = self->padding,
    .args = g_array_new (FALSE, TRUE, sizeof (GstSodTrainArg)),
  };
  g_array_append_val (step->args, arg);
}

/* @values: what a bf16 can hold; returns them in the kernel's type. */
static gpointer
new_values (gsize n, gboolean bf16, GstSodRandom *random, gfloat **values)
{
  gpointer data = gst_sod_aligned_alloc (n * sizeof (gfloat), NULL);

  *values = g_new (gfloat, n);
  for (gsize i = 0; i < n; i++) {
    guint16 value =
        gst_sod_f32_to_bf16 ((gfloat) gst_sod_random_normal (random));

    (*values)[i] = gst_sod_bf16_to_f32 (value);
    if (bf16)
      ((guint16 *) data)[i] = value;
    else
      ((gfloat *) data)[i] = (*values)[i];
  }
  return data;
}

/* Of output channel @o, input channel @i and tap (@v, @u). */
static gdouble
sum_up (const Window *self, const gfloat *source, const gfloat *d_target,
    gint64 o, gint64 i, gint v, gint u)
{
  const gint64 out_h = get_out (self, self->h), out_w = get_out (self, self->w);
  gdouble sum = 0;

  for (gint64 row = 0; row < self->n * out_h; row++) {
    gint64 y = row % out_h * self->stride - self->padding + v * self->dilation;

    for (gint64 col = 0; y >= 0 && y < self->h && col < out_w; col++) {
      gint64 x = col * self->stride - self->padding + u * self->dilation;

      if (x >= 0 && x < self->w)
        sum +=
            (gdouble) d_target[(row * out_w + col) * self->channels + o]
            * source[((row / out_h * self->h + y) * self->w + x) * self->c + i];
    }
  }
  return sum;
}

/* @funcs: of tiles, or NULL. */
static gsize
get_scratch (const GstSodTrainStep *step, gint threads,
    const GstSodTrainTileFuncs *funcs)
{
  return funcs != NULL ? gst_sod_train_tiles_scratch (step, threads)
                       : gst_sod_train_direct_scratch (step, threads);
}

static void
check_kernel (const Window *self, gboolean bf16, gint threads,
    const GstSodTrainTileFuncs *funcs)
{
  const gint64 taps = (gint64) self->size * self->size;
  const gint64 n_products =
      self->n * get_out (self, self->h) * get_out (self, self->w);
  /* f32 sums lose more the longer they are. */
  const gdouble tolerance = MAX (1e-3, 2e-5 * sqrt ((gdouble) n_products));
  g_autoptr (GstSodRandom) random = gst_sod_random_new (2, 0);
  g_autofree gfloat *source = NULL, *d_target = NULL;
  g_autofree gfloat *found = g_new (gfloat, self->channels * self->c * taps);
  const GstSodTrainRun run = { threads, FALSE };
  GstSodTrainStep step;
  gpointer memory[4];

  describe (self, bf16, &step);
  memory[0] = new_values (
      (gsize) (self->n * self->h * self->w * self->c), bf16, random, &source);
  memory[1] =
      new_values ((gsize) (self->n * step.big_h * step.big_w * self->channels),
          bf16, random, &d_target);
  memory[2] = gst_sod_aligned_alloc (get_scratch (&step, threads, funcs), NULL);
  /* Whatever was there before: no number. */
  memset (memory[2], 0xff, get_scratch (&step, threads, funcs));
  memory[3] = found;
  if (funcs != NULL)
    gst_sod_train_tiles_run (funcs, &step, memory, &run);
  else
    gst_sod_train_kernel_conv_weights (&step, memory, &run);
  for (gint64 at = 0; at < self->channels * self->c * taps; at++) {
    gint64 o = at / taps / self->c, i = at / taps % self->c, tap = at % taps;
    gdouble expected = sum_up (self, source, d_target, o, i,
        (gint) tap / self->size, (gint) tap % self->size);

    g_assert_cmpfloat (fabs (found[at] - expected), <, tolerance);
  }
  for (gint i = 0; i < 3; i++)
    gst_sod_aligned_free (memory[i]);
  g_array_unref (step.args);
}

static void
test_kernel_meets_all_pixels (gconstpointer data)
{
  static const Window windows[] = {
    { 2, 16, 9, 11, 32, 3, 1, 1, 1 },
    { 3, 32, 6, 10, 32, 3, 1, 4, 4 },   /* fewer rows than the window spans */
    { 1, 16, 3, 5, 64, 3, 1, 2, 2 },    /* less than a round */
    { 2, 16, 21, 100, 32, 3, 1, 2, 2 }, /* many rounds, and a last one */
    { 2, 3, 20, 75, 32, 7, 1, 1, 3 },   /* pictures; odd width */
    { 2, 3, 21, 31, 32, 5, 2, 1, 2 },   /* strides */
    { 2, 16, 17, 200, 32, 3, 2, 2, 2 }, { 1, 32, 7, 7, 32, 1, 1, 1, 0 },
    { 1, 16, 8, 9, 32, 3, 1, 1, 0 }, /* nothing beside it */
  };
  const gboolean bf16 = GPOINTER_TO_INT (data);

  for (gsize i = 0; i < G_N_ELEMENTS (windows); i++) {
    for (gint threads = 1; threads <= 3; threads++)
      check_kernel (&windows[i], bf16, threads, NULL);
  }
}

/* ---- tiles ---- */

static void
check_tiles (const GstSodTrainTileFuncs *funcs)
{
  static const Window windows[] = {
    { 2, 16, 9, 11, 32, 3, 1, 1, 1 },   /* odd width */
    { 3, 32, 6, 10, 32, 3, 1, 4, 4 },   /* fewer rows than the window spans */
    { 1, 64, 3, 5, 64, 3, 1, 2, 2 },    /* less than a step */
    { 1, 32, 60, 200, 64, 3, 1, 2, 2 }, /* several chunks */
    { 2, 24, 13, 40, 24, 3, 1, 1, 1 },  /* columns of the target left over */
    { 2, 48, 11, 20, 16, 3, 1, 2, 2 },  /* one tile of the target */
    { 2, 40, 5, 33, 72, 3, 1, 1, 1 },   /* lines, too, left over */
    { 1, 8, 7, 7, 1, 1, 1, 1, 0 },      /* one channel */
    { 1, 16, 9, 17, 100, 5, 1, 1, 2 },  /* a part of a lane left over */
    { 2, 3, 20, 75, 32, 7, 1, 1, 3 },   /* pictures */
    { 2, 3, 64, 160, 32, 7, 2, 1, 3 },  /* strides, several chunks */
    { 2, 3, 21, 31, 32, 5, 2, 1, 2 },   /* of odd sizes */
    { 2, 1, 33, 64, 32, 7, 2, 1, 3 },   /* maps */
    { 1, 6, 18, 50, 48, 7, 2, 1, 3 },   /* two frames */
    { 1, 3, 20, 40, 16, 3, 3, 2, 2 },   /* strides and dilation */
    { 1, 5, 8, 9, 32, 3, 1, 1, 0 },     /* nothing beside it */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (windows); i++) {
    for (gint threads = 1; threads <= 3; threads++)
      check_kernel (&windows[i], TRUE, threads, funcs);
  }
}

static void
test_plain_tiles_meet_all_pixels (void)
{
  check_tiles (gst_sod_train_tiles_get_plain ());
}

static void
test_fast_tiles_meet_all_pixels (void)
{
  if (gst_sod_train_tiles_get_fast () != NULL)
    check_tiles (gst_sod_train_tiles_get_fast ());
  else
    g_test_skip ("the CPU has no AMX");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/onednn/weights/plain-pairs-are-right", test_plain_pairs_are_right);
  g_test_add_func (
      "/onednn/weights/fast-pairs-are-right", test_fast_pairs_are_right);
  g_test_add_data_func ("/onednn/weights/kernel/f32", GINT_TO_POINTER (FALSE),
      test_kernel_meets_all_pixels);
  g_test_add_data_func ("/onednn/weights/kernel/bf16", GINT_TO_POINTER (TRUE),
      test_kernel_meets_all_pixels);
  g_test_add_func (
      "/onednn/weights/tiles/plain", test_plain_tiles_meet_all_pixels);
  g_test_add_func (
      "/onednn/weights/tiles/fast", test_fast_tiles_meet_all_pixels);
  return g_test_run ();
}
