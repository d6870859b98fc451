/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/gstsod.h>
#include <gst-sod/video/components-private.h>

#include <string.h>

/* A map of rows of text: '.' is 0, '1' to '9' are 25 times the digit. */
static GstSodMap *
new_map (gint width, gint height, const gchar *rows)
{
  g_autoptr (GstBuffer) pixels = NULL;
  gint stride = GST_ROUND_UP_4 (width);

  g_assert_cmpuint (strlen (rows), ==, width * height);
  pixels = gst_buffer_new_allocate (NULL, stride * height, NULL);
  gst_buffer_memset (pixels, 0, 255, -1);
  for (gint y = 0; y < height; y++) {
    for (gint x = 0; x < width; x++) {
      gchar c = rows[y * width + x];

      gst_buffer_memset (
          pixels, y * stride + x, c == '.' ? 0 : 25 * (c - '0'), 1);
    }
  }
  return gst_sod_map_new (pixels, width, height, NULL, NULL, NULL, 0, 0);
}

static GPtrArray *
find (GstSodRegionFinder *finder, gint width, gint height, const gchar *rows)
{
  g_autoptr (GstSodMap) map = new_map (width, height, rows);

  return gst_sod_region_finder_find (finder, map);
}

static void
assert_region (GPtrArray *regions, guint index, guint id, gdouble x, gdouble y,
    gdouble width, gdouble height)
{
  gdouble box[4];
  GstSodRegion *region;

  g_assert_cmpuint (index, <, regions->len);
  region = g_ptr_array_index (regions, index);
  gst_sod_region_get_box (region, &box[0], &box[1], &box[2], &box[3]);
  g_assert_cmpfloat_with_epsilon (box[0], x, 1e-9);
  g_assert_cmpfloat_with_epsilon (box[1], y, 1e-9);
  g_assert_cmpfloat_with_epsilon (box[2], width, 1e-9);
  g_assert_cmpfloat_with_epsilon (box[3], height, 1e-9);
  g_assert_cmpuint (gst_sod_region_get_id (region), ==, id);
}

static void
test_measures (void)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) regions = find (finder, 10, 4,
      ".........."
      ".68....9.."
      ".6........"
      "..........");
  const GstSodRegion *region;

  g_assert_cmpuint (regions->len, ==, 2);
  assert_region (regions, 0, 1, 0.1, 0.25, 0.2, 0.5);
  assert_region (regions, 1, 2, 0.7, 0.25, 0.1, 0.25);
  region = g_ptr_array_index (regions, 0);
  g_assert_cmpfloat_with_epsilon (
      gst_sod_region_get_area (region), 3 / 40.0, 1e-9);
  g_assert_cmpfloat_with_epsilon (
      gst_sod_region_get_score (region), 500 / 3.0 / 255, 1e-9);
}

static void
test_neighbours (void)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) corner = find (finder, 4, 3,
      "9..."
      ".9.9"
      "..9.");
  g_autoptr (GPtrArray) apart = find (finder, 4, 3,
      "9..."
      "..9."
      "9..9");
  g_autoptr (GPtrArray) fork = find (finder, 5, 3,
      "9.9.9"
      "9.9.9"
      "99999");
  g_autoptr (GPtrArray) spiral = find (finder, 5, 5,
      "99999"
      "....9"
      "999.9"
      "9...9"
      "99999");

  g_assert_cmpuint (corner->len, ==, 1);
  g_assert_cmpuint (apart->len, ==, 3);
  g_assert_cmpuint (fork->len, ==, 1);
  g_assert_cmpuint (spiral->len, ==, 1);
  g_assert_cmpfloat_with_epsilon (
      gst_sod_region_get_area (g_ptr_array_index (spiral, 0)), 17 / 25.0, 1e-9);
}

/* Flood fill, the plain way. */
static guint
count_by_flood (
    const guint8 *pixels, gint width, gint height, guint cutoff, guint64 *sum)
{
  g_autofree guint8 *seen = g_malloc0 (width * height);
  g_autofree gint *stack = g_new (gint, width * height);
  guint count = 0;

  for (gint start = 0; start < width * height; start++) {
    gint depth = 0;

    if (seen[start] || pixels[start] < cutoff)
      continue;
    count++;
    seen[start] = 1;
    stack[depth++] = start;
    while (depth > 0) {
      gint at = stack[--depth];

      *sum += pixels[at];
      for (gint k = 0; k < 9; k++) {
        gint x = at % width + k % 3 - 1, y = at / width + k / 3 - 1;

        if (x < 0 || y < 0 || x >= width || y >= height || seen[y * width + x]
            || pixels[y * width + x] < cutoff)
          continue;
        seen[y * width + x] = 1;
        stack[depth++] = y * width + x;
      }
    }
  }
  return count;
}

static void
test_random (void)
{
  g_autoptr (GstSodComponents) components = gst_sod_components_new ();
  g_autoptr (GRand) random = g_rand_new_with_seed (3);

  for (guint round = 0; round < 400; round++) {
    gint width = g_rand_int_range (random, 1, 40);
    gint height = g_rand_int_range (random, 1, 40);
    g_autofree guint8 *pixels = g_malloc (width * height);
    guint cutoff = g_rand_int_range (random, 0, 256);
    guint64 expected_sum = 0, sum = 0;
    const GstSodBlob *blobs;
    guint n_blobs;

    for (gint i = 0; i < width * height; i++)
      pixels[i] = g_rand_int_range (random, 0, 256);
    blobs = gst_sod_components_find (
        components, pixels, width, width, height, cutoff, NULL, &n_blobs);
    g_assert_cmpuint (n_blobs, ==,
        count_by_flood (pixels, width, height, cutoff, &expected_sum));
    for (guint i = 0; i < n_blobs; i++)
      sum += blobs[i].sum;
    g_assert_cmpuint (sum, ==, expected_sum);
  }
}

static void
test_threshold (void)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) none = NULL;
  static const gchar rows[] = "246.";
  static const struct
  {
    gdouble threshold;
    gdouble width;
  } cases[] = { { 0, 1 }, { 50 / 255.0, 0.75 }, { 51 / 255.0, 0.5 },
    { 100 / 255.0, 0.5 }, { 0.5, 0.25 }, { 150 / 255.0, 0.25 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) regions = NULL;

    gst_sod_region_finder_reset (finder);
    gst_sod_region_finder_set_threshold (finder, cases[i].threshold);
    regions = find (finder, 4, 1, rows);
    assert_region (regions, 0, i + 1,
        i < 1   ? 0
        : i < 2 ? 0
        : i < 4 ? 0.25
                : 0.5,
        0, cases[i].width, 1);
  }
  gst_sod_region_finder_set_threshold (finder, 1);
  none = find (finder, 4, 1, rows);
  g_assert_cmpuint (none->len, ==, 0);
}

static void
test_min_area (void)
{
  static const gchar rows[] = "999.99.9";
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) all = find (finder, 8, 1, rows);
  g_autoptr (GPtrArray) two = NULL, one = NULL;

  g_assert_cmpuint (all->len, ==, 3);
  gst_sod_region_finder_set_min_area (finder, 0.25);
  two = find (finder, 8, 1, rows);
  g_assert_cmpuint (two->len, ==, 2);
  gst_sod_region_finder_set_min_area (finder, 0.26);
  one = find (finder, 8, 1, rows);
  g_assert_cmpuint (one->len, ==, 1);
  assert_region (one, 0, 1, 0, 0, 3 / 8.0, 1);
}

/* Two objects that cross the frame; the second map has them in another order
 * of size. */
static void
test_identity (void)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) a = find (finder, 10, 1, "999....99.");
  g_autoptr (GPtrArray) b = find (finder, 10, 1, ".99..9999.");
  g_autoptr (GPtrArray) c = find (finder, 10, 1, "..99.9....");

  assert_region (a, 0, 1, 0, 0, 0.3, 1);
  assert_region (a, 1, 2, 0.7, 0, 0.2, 1);
  assert_region (b, 0, 2, 0.5, 0, 0.4, 1);
  assert_region (b, 1, 1, 0.1, 0, 0.2, 1);
  assert_region (c, 0, 1, 0.2, 0, 0.2, 1);
  assert_region (c, 1, 2, 0.5, 0, 0.1, 1);
}

/* One object falls apart: the greater overlap keeps the identity, the other
 * part gets a new one. */
static void
test_greatest_overlap (void)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) whole = find (finder, 10, 1, "99999999..");
  g_autoptr (GPtrArray) parts = find (finder, 10, 1, "99.99999..");

  assert_region (whole, 0, 1, 0, 0, 0.8, 1);
  assert_region (parts, 0, 1, 0.3, 0, 0.5, 1);
  assert_region (parts, 1, 2, 0, 0, 0.2, 1);
}

/* The lists of two finders that see the same are the same. */
static void
test_list_is_filled_anew (void)
{
  static const gchar *const frames[] = { "99.....9", "9.9.9.9.", "........",
    "..9999..", "9......." };
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GstSodRegionFinder) twin = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) list = find (finder, 8, 1, "9.9.9.9.");
  g_autoptr (GPtrArray) start = find (twin, 8, 1, "9.9.9.9.");

  g_assert_cmpuint (list->len, ==, start->len);
  for (guint i = 0; i < G_N_ELEMENTS (frames); i++) {
    g_autoptr (GstSodMap) map = new_map (8, 1, frames[i]);
    g_autoptr (GPtrArray) fresh = find (twin, 8, 1, frames[i]);

    gst_sod_region_finder_find_into (finder, map, list);
    g_assert_cmpuint (list->len, ==, fresh->len);
    for (guint k = 0; k < list->len; k++) {
      const GstSodRegion *region = g_ptr_array_index (fresh, k);
      gdouble x, y, width, height;

      gst_sod_region_get_box (region, &x, &y, &width, &height);
      assert_region (
          list, k, gst_sod_region_get_id (region), x, y, width, height);
    }
  }
}

static void
test_missed (void)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  guint id = 1;

  for (guint missed = 4; missed <= 6; missed++) {
    g_autoptr (GPtrArray) before = find (finder, 4, 1, "99..");
    g_autoptr (GPtrArray) after = NULL;

    assert_region (before, 0, id, 0, 0, 0.5, 1);
    for (guint i = 0; i < missed; i++) {
      g_autoptr (GPtrArray) none = find (finder, 4, 1, "....");

      g_assert_cmpuint (none->len, ==, 0);
    }
    if (missed > 5)
      id = 2;
    after = find (finder, 4, 1, ".99.");
    assert_region (after, 0, id, 0.25, 0, 0.5, 1);
  }
}

static void
test_reset (void)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) before = find (finder, 4, 1, "99..");
  g_autoptr (GPtrArray) after = NULL;

  assert_region (before, 0, 1, 0, 0, 0.5, 1);
  gst_sod_region_finder_reset (finder);
  after = find (finder, 4, 1, "99..");
  assert_region (after, 0, 2, 0, 0, 0.5, 1);
}

static void
test_polygons (void)
{
  static const gchar rows[] = "9999999999"
                              "9999999999"
                              "9999999999"
                              "9999999999";
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) left = NULL, hole = NULL, all = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (gst_sod_region_finder_set_roi (
      finder, " 0,0 0.3,0 0.3,1 0,1 ; 0.8,0.5 1,0.5 1,1 0.8,1;", &error));
  g_assert_no_error (error);
  left = find (finder, 10, 4, rows);
  g_assert_cmpuint (left->len, ==, 2);
  assert_region (left, 0, 1, 0, 0, 0.3, 1);
  assert_region (left, 1, 2, 0.8, 0.5, 0.2, 0.5);

  g_assert_true (gst_sod_region_finder_set_ignore (
      finder, "0.1,0 0.2,0 0.2,1 0.1,1", NULL));
  hole = find (finder, 10, 4, rows);
  g_assert_cmpuint (hole->len, ==, 3);

  g_assert_true (gst_sod_region_finder_set_roi (finder, NULL, NULL));
  g_assert_true (gst_sod_region_finder_set_ignore (finder, "", NULL));
  all = find (finder, 10, 4, rows);
  g_assert_cmpuint (all->len, ==, 1);
  assert_region (
      all, 0, gst_sod_region_get_id (g_ptr_array_index (all, 0)), 0, 0, 1, 1);
}

/* A star that crosses itself: the even-odd rule leaves its middle out. */
static void
test_even_odd (void)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) regions = NULL;
  g_autofree gchar *rows = g_strnfill (90 * 90, '9');
  gdouble area = 0;

  g_assert_true (gst_sod_region_finder_set_roi (finder,
      "0,0 1,0 1,1 0,1 0,0 0.25,0.25 0.75,0.25 0.75,0.75 0.25,0.75 "
      "0.25,0.25",
      NULL));
  regions = find (finder, 90, 90, rows);
  for (guint i = 0; i < regions->len; i++)
    area += gst_sod_region_get_area (g_ptr_array_index (regions, i));
  g_assert_cmpfloat_with_epsilon (area, 0.75, 0.03);
}

static void
test_bad_polygons (void)
{
  static const gchar *bad[] = { "0,0 1,0", "0,0 1,0 1.1,1", "0,0 1,0 -0.1,1",
    "0,0 1,0 nan,1", "0,0 1,0 1", "0,0 1,0 1,", "a", "0,0 1,0 1,1; 0,0",
    "0 0 1 0 1 1", "0,0 1,0 inf,1", "0;0", "0,0 1,0 1,1 x", "0,0 1,0 1\xff,1" };
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) kept = NULL;

  g_assert_true (
      gst_sod_region_finder_set_roi (finder, "0,0 0.5,0 0.5,1 0,1", NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (gst_sod_region_finder_set_roi (finder, bad[i], &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
    g_assert_true (g_str_has_prefix (error->message, "roi: "));
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
  }
  kept = find (finder, 4, 1, "9999");
  assert_region (kept, 0, 1, 0, 0, 0.5, 1);
}

/* Salt and pepper: the largest stay, the time stays bounded. */
static void
test_noise (void)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autofree gchar *rows = g_strnfill (100 * 100, '.');
  g_autoptr (GPtrArray) regions = NULL;

  for (gint y = 0; y < 100; y += 2) {
    for (gint x = 0; x < 100; x += 2)
      rows[y * 100 + x] = '9';
  }
  rows[51 * 100 + 50] = '9';
  regions = find (finder, 100, 100, rows);
  g_assert_cmpuint (regions->len, ==, 256);
  g_assert_cmpfloat_with_epsilon (
      gst_sod_region_get_area (g_ptr_array_index (regions, 0)), 3e-4, 1e-9);
}

static void
test_buffer (void)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) regions = find (finder, 10, 1, "99...999..");
  g_autoptr (GPtrArray) found = NULL, none = NULL;
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 1, NULL);
  GstVideoRegionOfInterestMeta *meta;
  gpointer state = NULL;

  none = gst_sod_buffer_get_regions (buffer, 100, 50);
  g_assert_cmpuint (none->len, ==, 0);
  gst_buffer_add_video_region_of_interest_meta (buffer, "face", 0, 0, 5, 5);
  gst_sod_buffer_add_regions (buffer, 100, 50, regions);
  while ((meta = (GstVideoRegionOfInterestMeta *)
                 gst_buffer_iterate_meta_filtered (buffer, &state,
                     GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))
         != NULL) {
    if (meta->id != 1)
      continue;
    g_assert_cmpstr (g_quark_to_string (meta->roi_type), ==, "salient-object");
    g_assert_cmpuint (meta->x, ==, 50);
    g_assert_cmpuint (meta->y, ==, 0);
    g_assert_cmpuint (meta->w, ==, 30);
    g_assert_cmpuint (meta->h, ==, 50);
  }
  found = gst_sod_buffer_get_regions (buffer, 100, 50);
  g_assert_cmpuint (found->len, ==, 2);
  assert_region (found, 0, 1, 0.5, 0, 0.3, 1);
  assert_region (found, 1, 2, 0, 0, 0.2, 1);
  g_assert_cmpfloat (gst_sod_region_get_area (g_ptr_array_index (found, 0)), ==,
      gst_sod_region_get_area (g_ptr_array_index (regions, 0)));
  g_assert_cmpfloat (gst_sod_region_get_score (g_ptr_array_index (found, 0)),
      ==, gst_sod_region_get_score (g_ptr_array_index (regions, 0)));
}

/* What is found in a crop lies in the crop. */
static void
test_cropped_buffer (void)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) regions = find (finder, 2, 1, ".9");
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 1, NULL);
  GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);
  GstVideoRegionOfInterestMeta *meta;

  crop->x = 10;
  crop->y = 20;
  crop->width = 40;
  crop->height = 16;
  gst_sod_buffer_add_regions (buffer, 100, 50, regions);
  meta = gst_buffer_get_video_region_of_interest_meta_id (buffer, 1);
  g_assert_nonnull (meta);
  g_assert_cmpuint (meta->x, ==, 30);
  g_assert_cmpuint (meta->y, ==, 20);
  g_assert_cmpuint (meta->w, ==, 20);
  g_assert_cmpuint (meta->h, ==, 16);
  found = gst_sod_buffer_get_regions (buffer, 100, 50);
  assert_region (found, 0, 1, 0.5, 0, 0.5, 1);
}

/* A region thinner than a pixel still has one. */
static void
test_tiny_frame (void)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  g_autoptr (GPtrArray) regions = find (finder, 10, 1, "9.9......9");
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 1, NULL);

  gst_sod_buffer_add_regions (buffer, 1, 1, regions);
  for (gint id = 1; id <= 3; id++) {
    GstVideoRegionOfInterestMeta *meta =
        gst_buffer_get_video_region_of_interest_meta_id (buffer, id);

    g_assert_cmpuint (meta->x, ==, 0);
    g_assert_cmpuint (meta->w, ==, 1);
    g_assert_cmpuint (meta->h, ==, 1);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/regions/measures/box-area-and-score", test_measures);
  g_test_add_func ("/regions/components/touch-at-corners", test_neighbours);
  g_test_add_func ("/regions/components/as-by-flood-fill", test_random);
  g_test_add_func ("/regions/threshold/includes-its-own-code", test_threshold);
  g_test_add_func ("/regions/min-area/leaves-smaller-ones-out", test_min_area);
  g_test_add_func ("/regions/id/follows-moving-objects", test_identity);
  g_test_add_func (
      "/regions/id/goes-to-the-greatest-overlap", test_greatest_overlap);
  g_test_add_func ("/regions/list/is-filled-anew", test_list_is_filled_anew);
  g_test_add_func ("/regions/id/survives-five-missed-frames", test_missed);
  g_test_add_func ("/regions/id/is-not-given-again-after-reset", test_reset);
  g_test_add_func ("/regions/polygons/roi-and-ignore", test_polygons);
  g_test_add_func ("/regions/polygons/even-odd", test_even_odd);
  g_test_add_func ("/regions/polygons/bad-ones-are-refused", test_bad_polygons);
  g_test_add_func ("/regions/noise/is-bounded", test_noise);
  g_test_add_func ("/regions/buffer/reads-back", test_buffer);
  g_test_add_func ("/regions/buffer/crop-moves-boxes", test_cropped_buffer);
  g_test_add_func ("/regions/buffer/no-box-is-empty", test_tiny_frame);
  return g_test_run ();
}
