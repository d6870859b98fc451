/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fuzz target without libFuzzer: its seeds, and seeded random changes to
 * them. What it may find is a crash, a critical or a sanitizer's report. */
#include "fuzz.h"

#include <string.h>

#include <gst-sod/core/random.h>

#define CHANGES 100 /* of each seed */

static void
add_seed (gconstpointer data, gsize size, gpointer user_data)
{
  g_ptr_array_add (user_data, g_bytes_new (data, size));
}

/* A byte, a cut, a repeated or a zeroed stretch. */
static void
change (GByteArray *input, GstSodRandom *random)
{
  guint at, length;

  if (input->len == 0)
    return;
  at = gst_sod_random_below (random, input->len);
  length = 1 + gst_sod_random_below (random, MIN (input->len - at, 64));
  switch (gst_sod_random_below (random, 5)) {
    case 0:
      g_byte_array_set_size (input, at);
      break;
    case 1: {
      g_autofree guint8 *copy = g_memdup2 (input->data + at, length);

      g_byte_array_append (input, copy, length);
      break;
    }
    case 2:
      g_byte_array_remove_range (input, at, length);
      break;
    case 3:
      memset (input->data + at, 0, length);
      break;
    default:
      input->data[at] = (guint8) gst_sod_random_below (random, 256);
  }
}

static GPtrArray *
list_seeds (void)
{
  GPtrArray *seeds =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  fuzz_seeds (add_seed, seeds);
  return seeds;
}

/* A copy at its exact length, so that reading on is seen by sanitizers. */
static void
run (gconstpointer data, gsize size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);

  LLVMFuzzerTestOneInput (copy, size);
}

static void
test_seeds (void)
{
  g_autoptr (GPtrArray) seeds = list_seeds ();

  g_assert_cmpuint (seeds->len, >, 0);
  for (guint i = 0; i < seeds->len; i++) {
    gsize size;
    gconstpointer data = g_bytes_get_data (g_ptr_array_index (seeds, i), &size);

    run (data, size);
  }
}

static void
test_changed_seeds (void)
{
  g_autoptr (GPtrArray) seeds = list_seeds ();
  g_autoptr (GstSodRandom) random = gst_sod_random_new (1, 0);

  for (guint i = 0; i < seeds->len * CHANGES; i++) {
    GBytes *seed = g_ptr_array_index (seeds, i / CHANGES);
    g_autoptr (GByteArray) input = g_byte_array_new ();
    guint n = 1 + gst_sod_random_below (random, 4);

    g_byte_array_append (
        input, g_bytes_get_data (seed, NULL), (guint) g_bytes_get_size (seed));
    while (n-- > 0)
      change (input, random);
    run (input->data, input->len);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fuzz/lives-through-its-seeds", test_seeds);
  g_test_add_func ("/fuzz/lives-through-changed-seeds", test_changed_seeds);
  return g_test_run ();
}
