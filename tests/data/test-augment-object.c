/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frame before a still in which the object under the mask moved. */
#include <math.h>
#include <string.h>

#include <gst-sod/data/augment-private.h>

#define WIDTH 64
#define HEIGHT 48
#define N (WIDTH * HEIGHT)
#define LEFT 24 /* of the object, a square */
#define TOP 16
#define SIDE 16
#define SHIFT 0.2 /* of half a frame */

/* All red is the object's; the rest is a plane. */
static gboolean
is_object (gint x, gint y)
{
  return x >= LEFT && x < LEFT + SIDE && y >= TOP && y < TOP + SIDE;
}

static gdouble
get_green (gint x, gint y)
{
  return 2 * x + y;
}

static GstSodAugmentSource
make_source (void)
{
  g_autofree guint8 *rgb = g_malloc0 (3 * N), *mask = g_malloc0 (N);
  g_autoptr (GBytes) rgb_bytes = NULL, mask_bytes = NULL;
  GstSodAugmentSource source = { NULL };

  for (gint i = 0; i < N; i++) {
    gboolean inside = is_object (i % WIDTH, i / WIDTH);

    rgb[3 * i] = inside ? 200 : 0;
    rgb[3 * i + 1] = inside ? 0 : (guint8) get_green (i % WIDTH, i / WIDTH);
    mask[i] = inside ? 255 : 0;
  }
  rgb_bytes = g_bytes_new (rgb, 3 * N);
  mask_bytes = g_bytes_new (mask, N);
  source.image = gst_sod_image_new_rgb (WIDTH, HEIGHT, rgb_bytes, NULL);
  source.mask =
      gst_sod_image_new_gray_from_bytes (WIDTH, HEIGHT, mask_bytes, NULL);
  g_assert_nonnull (source.image);
  g_assert_nonnull (source.mask);
  return source;
}

static void
clear_source (GstSodAugmentSource *source)
{
  g_clear_pointer (&source->image, gst_sod_image_unref);
  g_clear_pointer (&source->mask, gst_sod_image_unref);
}

/* Both frames (6, HEIGHT, WIDTH), RGB in 0..255; @map as the mask lies now. */
static void
make (const GstSodAugmentSource *source, gdouble object, guint64 seed,
    gfloat *frames, gfloat *map)
{
  static const GstSodAugmentRule rule = { WIDTH, HEIGHT, 2,
    GST_SOD_SECOND_INPUT_FRAME, { 0, 0, 0 }, { 1, 1, 1 } };
  g_autoptr (GstSodAugmentation) augmentation =
      gst_sod_augmentation_new ("none", NULL);
  g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, 0);
  g_autoptr (GError) error = NULL;
  GstSodAugmentTarget target = { frames, map, NULL, NULL };
  GstSodWarpScratch scratch = { NULL };

  gst_sod_augmentation_set (augmentation, "object", object, &error);
  g_assert_no_error (error);
  gst_sod_augmentation_set (augmentation, "object-shift", SHIFT, &error);
  g_assert_no_error (error);
  gst_sod_augment (
      augmentation, &rule, source, random, &scratch, &target, &error);
  g_assert_no_error (error);
  gst_sod_warp_scratch_clear (&scratch);
  for (gint i = 0; i < 6 * N; i++)
    frames[i] *= 255;
}

/* How far the red of @frame (3, HEIGHT, WIDTH) lies from where the object is.
 */
static gdouble
get_distance (const gfloat *frame)
{
  gdouble sum = 0, x = 0, y = 0;

  for (gint i = 0; i < N; i++) {
    sum += frame[i];
    x += frame[i] * (i % WIDTH);
    y += frame[i] * (i / WIDTH);
  }
  /* Nothing of the object is lost, but at its edge, which is mixed twice. */
  g_assert_cmpfloat_with_epsilon (sum / (200 * SIDE * SIDE), 1, 0.1);
  return hypot (
      x / sum - LEFT - (SIDE - 1) / 2.0, y / sum - TOP - (SIDE - 1) / 2.0);
}

/* Where @frame has no red it shows the plane: as it is, or as it is filled in
 * where the object is now. */
static void
check_background (const gfloat *frame, guint *n_filled)
{
  for (gint i = 0; i < N; i++) {
    gint x = i % WIDTH, y = i / WIDTH;
    gboolean near = x >= LEFT - 2 && x < LEFT + SIDE + 2 && y >= TOP - 2
                    && y < TOP + SIDE + 2;

    if (frame[i] > 0)
      continue;
    g_assert_cmpfloat_with_epsilon (
        frame[N + i], get_green (x, y), near ? 24 : 1e-2);
    *n_filled += is_object (x, y);
  }
}

static void
test_moves (void)
{
  GstSodAugmentSource source = make_source ();
  g_autofree gfloat *frames = g_new (gfloat, 6 * N);
  g_autofree gfloat *map = g_new (gfloat, N);
  gdouble furthest = 0;
  guint n_filled = 0;

  for (guint64 seed = 1; seed <= 20; seed++) {
    gdouble distance;

    make (&source, 1, seed, frames, map);
    /* The frame itself, and its map, stay. */
    for (gint i = 0; i < N; i++) {
      gboolean inside = is_object (i % WIDTH, i / WIDTH);

      g_assert_cmpfloat (map[i], ==, inside ? 1 : 0);
      g_assert_cmpfloat_with_epsilon (frames[i], inside ? 200 : 0, 1e-3);
    }
    distance = get_distance (frames + 3 * N);
    g_assert_cmpfloat (
        distance, <=, hypot (SHIFT * WIDTH / 2, SHIFT * HEIGHT / 2) + 0.1);
    furthest = MAX (furthest, distance);
    check_background (frames + 3 * N, &n_filled);
  }
  g_test_message ("up to %g pixels, %u pixels filled in", furthest, n_filled);
  g_assert_cmpfloat (furthest, >, SHIFT * WIDTH / 4);
  g_assert_cmpuint (n_filled, >, 20 * SIDE);
  clear_source (&source);
}

/* Both frames are one where objects do not move, or where there is no mask that
 * says what an object is. */
static void
test_stays (void)
{
  GstSodAugmentSource source = make_source ();
  g_autofree gfloat *frames = g_new (gfloat, 6 * N);
  g_autofree gfloat *map = g_new (gfloat, N);

  make (&source, 0, 1, frames, map);
  g_assert_cmpmem (
      frames, 3 * N * sizeof (gfloat), frames + 3 * N, 3 * N * sizeof (gfloat));
  g_clear_pointer (&source.mask, gst_sod_image_unref);
  make (&source, 1, 1, frames, map);
  g_assert_cmpmem (
      frames, 3 * N * sizeof (gfloat), frames + 3 * N, 3 * N * sizeof (gfloat));
  clear_source (&source);
}

/* A mask of everything leaves nothing to fill in from; odd sizes have pixels
 * that share their four with no other. */
static void
test_fill_extremes (void)
{
  static const gint sizes[][2] = { { 1, 1 }, { 7, 5 }, { 33, 1 } };

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    gint width = sizes[s][0], height = sizes[s][1];
    gsize n = (gsize) width * height;
    g_autofree gfloat *memory =
        g_new (gfloat, gst_sod_inpaint_get_n_floats (width, height));
    g_autofree gfloat *rgb = g_new (gfloat, 3 * n), *mask = g_new (gfloat, n);

    for (gint all = 0; all < 2; all++) {
      for (gsize i = 0; i < n; i++)
        mask[i] = all || i >= n / 2 + 1 ? 255 : 0;
      for (gsize i = 0; i < 3 * n; i++)
        rgb[i] = mask[i % n] > 0 ? 250 : 100;
      gst_sod_inpaint (rgb, mask, width, height, memory);
      /* What no hole is next to is seen. */
      for (gsize i = 0; i < 3 * n; i++)
        g_assert_cmpfloat_with_epsilon (
            rgb[i], all || n <= 2 ? rgb[0] : 100, 1e-3);
    }
  }
}

/* Whether the object covers a pixel of @mask (height, width) or a neighbour. */
static gboolean
is_hidden (const gfloat *mask, gint width, gint height, gint x, gint y)
{
  for (gint v = MAX (y - 1, 0); v <= MIN (y + 1, height - 1); v++)
    for (gint u = MAX (x - 1, 0); u <= MIN (x + 1, width - 1); u++)
      if (mask[v * width + u] > 1)
        return TRUE;
  return FALSE;
}

/* What is seen stays as it is, and what is filled in lies between. */
static void
check_fill (gint width, gint height, GstSodRandom *random)
{
  gsize n = (gsize) width * height;
  g_autofree gfloat *memory =
      g_new (gfloat, gst_sod_inpaint_get_n_floats (width, height));
  g_autofree gfloat *rgb = g_new (gfloat, 3 * n), *mask = g_new0 (gfloat, n);
  g_autofree gfloat *before = NULL;
  guint n_seen = 0;

  for (gsize i = 0; i < 3 * n; i++)
    rgb[i] = (gfloat) (100 + 50 * gst_sod_random_uniform (random));
  for (guint i = 0; i < 1 + n / 40; i++)
    mask[gst_sod_random_below (random, (guint32) n)] = 1 + 200.0f * (i % 2);
  for (gint i = 0; i < (gint) n; i++) {
    gboolean hidden = is_hidden (mask, width, height, i % width, i / width);

    n_seen += !hidden;
    for (gsize c = 0; hidden && c < 3; c++)
      rgb[c * n + i] = 9999;
  }
  if (n_seen == 0)
    return;
  before = g_memdup2 (rgb, 3 * n * sizeof (gfloat));
  gst_sod_inpaint (rgb, mask, width, height, memory);
  for (gsize i = 0; i < 3 * n; i++) {
    if (before[i] < 9999)
      g_assert_cmpfloat (rgb[i], ==, before[i]);
    else
      g_assert_true (rgb[i] > 99.99f && rgb[i] < 150.01f);
  }
}

static void
test_fill_between (void)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (5, 1);

  for (gint width = 1; width < 40; width++)
    for (gint height = 1; height < 9; height++)
      check_fill (width, height, random);
  check_fill (161, 97, random);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/augment/object/moves", test_moves);
  g_test_add_func ("/augment/object/stays", test_stays);
  g_test_add_func ("/augment/object/fill-extremes", test_fill_extremes);
  g_test_add_func ("/augment/object/fill-lies-between", test_fill_between);
  return g_test_run ();
}
