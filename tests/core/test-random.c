/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/random.h>

#include <math.h>

static void
test_known_numbers (void)
{
  /* First numbers of the PCG32 demonstration program, seed 42, stream 54. */
  const guint32 expected[] = { 0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293,
    0xbfa4784b, 0xcbed606e };
  g_autoptr (GstSodRandom) random = gst_sod_random_new (42, 54);

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmphex (gst_sod_random_next (random), ==, expected[i]);
}

static void
test_state_round_trip (void)
{
  g_autoptr (GstSodRandom) a = gst_sod_random_new (1, 2);
  g_autoptr (GstSodRandom) b = gst_sod_random_new (3, 4);
  g_autoptr (GstSodRandom) copy = NULL;
  guint64 state, increment;

  for (guint i = 0; i < 100; i++)
    gst_sod_random_normal (a);
  gst_sod_random_get_state (a, &state, &increment);
  gst_sod_random_set_state (b, state, increment);
  copy = gst_sod_random_copy (a);
  for (guint i = 0; i < 100; i++) {
    guint32 next = gst_sod_random_next (a);

    g_assert_cmpuint (next, ==, gst_sod_random_next (b));
    g_assert_cmpuint (next, ==, gst_sod_random_next (copy));
  }
}

static void
test_moments (void)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (7, 0);
  gdouble uniform = 0, normal = 0, square = 0;
  const guint n = 200000;

  for (guint i = 0; i < n; i++) {
    gdouble u = gst_sod_random_uniform (random);
    gdouble x = gst_sod_random_normal (random);

    g_assert_true (u >= 0 && u < 1);
    uniform += u / n;
    normal += x / n;
    square += x * x / n;
  }
  g_assert_cmpfloat_with_epsilon (uniform, 0.5, 0.005);
  g_assert_cmpfloat_with_epsilon (normal, 0, 0.01);
  g_assert_cmpfloat_with_epsilon (square, 1, 0.02);
}

static void
test_below_reaches_every_value (void)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (9, 9);
  guint counts[7] = { 0 };

  for (guint i = 0; i < 70000; i++)
    counts[gst_sod_random_below (random, 7)]++;
  for (guint i = 0; i < 7; i++)
    g_assert_cmpfloat_with_epsilon (counts[i], 10000, 500);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/random/next/is-pcg32", test_known_numbers);
  g_test_add_func (
      "/random/state/goes-on-after-restore", test_state_round_trip);
  g_test_add_func ("/random/moments", test_moments);
  g_test_add_func (
      "/random/below/reaches-every-value", test_below_reaches_every_value);
  return g_test_run ();
}
