/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of pairs of bf16, of the CPU and their plain twin, against what they
 * are defined to be: tiles of all sizes, and what lies beside the sums left as
 * it is. */
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func (
      "/onednn/weights/plain-pairs-are-right", test_plain_pairs_are_right);
  g_test_add_func (
      "/onednn/weights/fast-pairs-are-right", test_fast_pairs_are_right);
  return g_test_run ();
}
