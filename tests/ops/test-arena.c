/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/arena-private.h>
#include <gst-sod/core/random.h>

static gsize
plan (GstSodArenaBuffer *buffers, guint n)
{
  g_autoptr (GError) error = NULL;
  gsize total = 0;

  gst_sod_arena_plan (buffers, n, &total, &error);
  g_assert_no_error (error);
  return total;
}

static gboolean
overlap (const GstSodArenaBuffer *a, const GstSodArenaBuffer *b)
{
  return a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

static gboolean
lives_meet (const GstSodArenaBuffer *a, const GstSodArenaBuffer *b)
{
  return a->first_use <= b->last_use && b->first_use <= a->last_use;
}

static void
test_reuses_dead_memory (void)
{
  GstSodArenaBuffer buffers[] = {
    { 1000, 0, 1, GST_SOD_ARENA_OWN },
    { 1000, 1, 2, GST_SOD_ARENA_OWN },
    { 1000, 2, 3, GST_SOD_ARENA_OWN },
    { 1000, 3, 4, GST_SOD_ARENA_OWN },
  };

  g_assert_cmpuint (plan (buffers, G_N_ELEMENTS (buffers)), ==, 2 * 1024);
}

static void
test_never_reuses_what_is_kept (void)
{
  GstSodArenaBuffer buffers[] = {
    { 64, 0, G_MAXUINT, GST_SOD_ARENA_OWN },
    { 64, 1, G_MAXUINT, GST_SOD_ARENA_OWN },
    { 64, 9, 9, GST_SOD_ARENA_OWN },
  };

  g_assert_cmpuint (plan (buffers, G_N_ELEMENTS (buffers)), ==, 3 * 64);
}

static void
test_aliases_lie_in_their_owner_and_keep_it_alive (void)
{
  GstSodArenaBuffer buffers[] = {
    { 256, 0, 1, GST_SOD_ARENA_OWN },
    { 128, 1, 2, 0, 128 },            /* a slice of the first */
    { 64, 2, 4, 1, 64 },              /* a slice of that */
    { 256, 3, 3, GST_SOD_ARENA_OWN }, /* meets the slice of the slice */
  };

  g_assert_cmpuint (plan (buffers, G_N_ELEMENTS (buffers)), ==, 512);
  g_assert_cmpuint (buffers[1].offset, ==, buffers[0].offset + 128);
  g_assert_cmpuint (buffers[2].offset, ==, buffers[0].offset + 192);
  g_assert_false (overlap (&buffers[3], &buffers[2]));
}

static void
test_random_plans_never_overlap (void)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (5, 0);

  for (guint trial = 0; trial < 100; trial++) {
    GstSodArenaBuffer buffers[40];
    gsize sum = 0, total;

    for (guint i = 0; i < G_N_ELEMENTS (buffers); i++) {
      guint first = gst_sod_random_below (random, 30);

      buffers[i] = (GstSodArenaBuffer){
        .size = gst_sod_random_below (random, 5000),
        .first_use = first,
        .last_use = first + gst_sod_random_below (random, 6),
        .alias_of = GST_SOD_ARENA_OWN,
      };
      sum += (buffers[i].size + 63) / 64 * 64;
    }
    total = plan (buffers, G_N_ELEMENTS (buffers));
    g_assert_cmpuint (total, <=, sum);
    for (guint i = 0; i < G_N_ELEMENTS (buffers); i++) {
      g_assert_cmpuint (buffers[i].offset % GST_SOD_ALIGNMENT, ==, 0);
      g_assert_cmpuint (buffers[i].offset + buffers[i].size, <=, total);
      for (guint j = 0; j < i; j++)
        g_assert_false (lives_meet (&buffers[i], &buffers[j])
                        && overlap (&buffers[i], &buffers[j]));
    }
  }
}

static void
test_refuses_what_cannot_be_addressed (void)
{
  g_autoptr (GError) error = NULL;
  GstSodArenaBuffer buffers[] = {
    { G_MAXSSIZE / 2, 0, 1, GST_SOD_ARENA_OWN },
    { G_MAXSSIZE / 2, 0, 1, GST_SOD_ARENA_OWN },
    { G_MAXSSIZE / 2, 1, 1, GST_SOD_ARENA_OWN },
  };
  gsize total;

  g_assert_false (
      gst_sod_arena_plan (buffers, G_N_ELEMENTS (buffers), &total, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY);
}

static void
test_nothing_takes_no_memory (void)
{
  GstSodArenaBuffer empty = { 0, 0, 1, GST_SOD_ARENA_OWN };

  g_assert_cmpuint (plan (NULL, 0), ==, 0);
  g_assert_cmpuint (plan (&empty, 1), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/arena/reuses-dead-memory", test_reuses_dead_memory);
  g_test_add_func (
      "/arena/never-reuses-what-is-kept", test_never_reuses_what_is_kept);
  g_test_add_func ("/arena/aliases-lie-in-their-owner-and-keep-it-alive",
      test_aliases_lie_in_their_owner_and_keep_it_alive);
  g_test_add_func (
      "/arena/random-plans-never-overlap", test_random_plans_never_overlap);
  g_test_add_func ("/arena/refuses-what-cannot-be-addressed",
      test_refuses_what_cannot_be_addressed);
  g_test_add_func (
      "/arena/nothing-takes-no-memory", test_nothing_takes_no_memory);
  return g_test_run ();
}
