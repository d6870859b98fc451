/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contours (DAVIS), change along the motion, maps at another size. */
#include "pictures.h"

#include <gst-sod/eval/sample-private.h>
#include <math.h>

static void
assert_near (gdouble got, gdouble expected)
{
  if (!(fabs (got - expected) <= 1e-12))
    g_error ("%.17g is not %.17g", got, expected);
}

/* A disk and a box in the corner; for the truth, an ellipse and another. */
static GstSodImage *
new_shapes (gint width, gint height, gboolean truth)
{
  GstSodImage *image = gst_sod_image_new_gray (width, height, NULL);
  gint radius = height / 4 + (truth ? 2 : 0);

  for (gint y = 0; y < height; y++) {
    for (gint x = 0; x < width; x++) {
      gint dx = x - width / 3 - (truth ? 3 : 0);
      gint dy = y - height / 3 - (truth ? 1 : 0);
      gboolean box = truth ? x > width - 9 && y > height - 20
                           : x > width - 12 && y > height - 15;
      gboolean round = dx * dx + (truth ? 2 : 1) * dy * dy <= radius * radius;

      gst_sod_image_gray_row (image, y)[x] = round || box ? 255 : 0;
    }
  }
  return image;
}

/* Values of the DAVIS 2017 evaluation (its db_eval_boundary, db_eval_iou). */
static void
test_davis_values (void)
{
  static const struct
  {
    gint width, height;
    gdouble f, j;
  } cases[] = {
    { 120, 90, 0.3316582914572864, 0.7114427860696517 },
    { 200, 130, 0.24511545293072823, 0.7246664774340051 },
    { 854, 480, 0.3250949553308725, 0.7217707489102578 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstSodImage) map =
        new_shapes (cases[i].width, cases[i].height, FALSE);
    g_autoptr (GstSodImage) truth =
        new_shapes (cases[i].width, cases[i].height, TRUE);

    assert_near (
        measure (GST_SOD_SCHOOL_DAVIS, map, truth, GST_SOD_MEASURE_BOUNDARY_F),
        cases[i].f);
    assert_near (
        measure (GST_SOD_SCHOOL_DAVIS, map, truth, GST_SOD_MEASURE_IOU),
        cases[i].j);
  }
}

/* 300x400 has a diagonal of 500: contours match up to 4 pixels away. */
static void
test_boundary_radius (void)
{
  g_autoptr (GstSodImage) truth =
      draw_box (new_constant (400, 300, 0), 100, 0, 200, 300, 255);

  for (gint shift = 0; shift <= 8; shift++) {
    g_autoptr (GstSodImage) map = draw_box (
        new_constant (400, 300, 0), 100 + shift, 0, 200 + shift, 300, 255);

    assert_near (
        measure (GST_SOD_SCHOOL_DAVIS, map, truth, GST_SOD_MEASURE_BOUNDARY_F),
        shift <= 4 ? 1 : 0);
  }
}

static void
test_boundary_of_nothing (void)
{
  g_autoptr (GstSodImage) empty = new_constant (70, 50, 0);
  g_autoptr (GstSodImage) box =
      draw_box (new_constant (70, 50, 0), 10, 10, 30, 30, 255);

  assert_near (
      measure (GST_SOD_SCHOOL_DAVIS, empty, empty, GST_SOD_MEASURE_BOUNDARY_F),
      1);
  assert_near (
      measure (GST_SOD_SCHOOL_DAVIS, empty, empty, GST_SOD_MEASURE_IOU), 1);
  assert_near (
      measure (GST_SOD_SCHOOL_DAVIS, empty, box, GST_SOD_MEASURE_BOUNDARY_F),
      0);
  assert_near (
      measure (GST_SOD_SCHOOL_DAVIS, box, empty, GST_SOD_MEASURE_BOUNDARY_F),
      0);
}

/* A textured background and an object of another texture at @x0, 40. */
static GstSodImage *
new_scene (gint width, gint height, gint x0)
{
  GstSodImage *image = new_blob (width, height, -1000, 0, 1, 90, 3);
  g_autoptr (GstSodImage) object = new_blob (48, 48, 24, 24, 40, 60, 4);

  for (gint y = 0; y < 48; y++)
    memcpy (gst_sod_image_gray_row (image, y + 40) + x0,
        gst_sod_image_gray_row (object, y), 48);
  return image;
}

static GstSodMeasures *
measure_second (GstSodImage *pictures[2], GstSodImage *maps[2])
{
  g_autoptr (GstSodEvaluator) evaluator =
      gst_sod_evaluator_new (GST_SOD_SCHOOL_PYSOD, 2);
  g_autoptr (GstSodEvaluation) evaluation = NULL;
  g_autoptr (GError) error = NULL;

  gst_sod_evaluator_set_keep_images (evaluator, TRUE);
  for (gint i = 0; i < 2; i++) {
    g_autoptr (GstSodPair) pair =
        gst_sod_pair_new (maps[i], maps[i], pictures[i]);

    g_assert_true (gst_sod_evaluator_add (evaluator, "s", "i", pair, &error));
    g_assert_no_error (error);
  }
  evaluation = gst_sod_evaluator_finish (evaluator, &error);
  g_assert_no_error (error);
  return gst_sod_evaluation_get_image (evaluation, 1);
}

/* The same maps, a box that has moved by 6 pixels, with an object that has
 * moved as far, with one that has moved the other way and with a still one. */
static void
test_warping_error_follows_the_motion (void)
{
  g_autoptr (GstSodImage) before = new_scene (200, 140, 60);
  g_autoptr (GstSodImage) after = new_scene (200, 140, 66);
  g_autoptr (GstSodImage) map_before =
      draw_box (new_constant (200, 140, 0), 60, 40, 108, 88, 255);
  g_autoptr (GstSodImage) map_after =
      draw_box (new_constant (200, 140, 0), 66, 40, 114, 88, 255);
  GstSodImage *maps[2] = { map_before, map_after };
  GstSodImage *moving[2] = { before, after };
  GstSodImage *still[2] = { before, before };
  GstSodImage *away[2] = { after, before };
  g_autoptr (GstSodMeasures) with = measure_second (moving, maps);
  g_autoptr (GstSodMeasures) without = measure_second (still, maps);
  g_autoptr (GstSodMeasures) against = measure_second (away, maps);
  gdouble followed = gst_sod_measures_get (with, GST_SOD_MEASURE_WARPING_ERROR);
  gdouble missed =
      gst_sod_measures_get (without, GST_SOD_MEASURE_WARPING_ERROR);
  gdouble opposed =
      gst_sod_measures_get (against, GST_SOD_MEASURE_WARPING_ERROR);

  /* Still pictures: the two columns of 6 x 48 pixels that changed. */
  assert_near (missed, 2 * 6 * 48 / (200.0 * 140.0));
  g_assert_cmpfloat (followed, <, missed / 4);
  g_assert_cmpfloat (opposed, >, missed * 1.5);
}

static void
test_warping_error_of_flicker (void)
{
  g_autoptr (GstSodImage) scene = new_scene (64, 96, 8);
  g_autoptr (GstSodImage) dark = new_constant (64, 96, 51);
  g_autoptr (GstSodImage) light = new_constant (64, 96, 102);
  GstSodImage *pictures[2] = { scene, scene };
  GstSodImage *maps[2] = { dark, light };
  g_autoptr (GstSodMeasures) measures = measure_second (pictures, maps);

  assert_near (gst_sod_measures_get (measures, GST_SOD_MEASURE_WARPING_ERROR),
      0.2 * 0.2);
}

static void
test_warping_error_needs_pictures (void)
{
  g_autoptr (GstSodImage) map = new_constant (64, 96, 51);
  GstSodImage *pictures[2] = { NULL, map };
  GstSodImage *maps[2] = { map, map };
  g_autoptr (GstSodMeasures) measures = measure_second (pictures, maps);

  g_assert_true (
      isnan (gst_sod_measures_get (measures, GST_SOD_MEASURE_WARPING_ERROR)));
}

static void
check_resize (gint from, gint to, const guint8 *codes, const guint8 *expected)
{
  g_autoptr (GstSodScratch) scratch = gst_sod_scratch_new ();

  /* Along rows and along columns. */
  for (gint axis = 0; axis < 2; axis++) {
    GstSodPlane plane = { codes, axis == 0 ? from : 1, axis == 0 ? from : 1,
      axis == 0 ? 1 : from };
    GstSodPlane resized = { .width = axis == 0 ? to : 1,
      .height = axis == 0 ? 1 : to };

    g_assert_true (gst_sod_plane_resize (
        &resized, &plane, GST_SOD_SCRATCH_RESIZED, scratch, NULL));
    g_assert_cmpmem (resized.data, to, expected, to);
  }
}

static void
test_resize (void)
{
  static const guint8 two[] = { 0, 200 };
  static const guint8 doubled[] = { 0, 50, 150, 200 };
  static const guint8 six[] = { 0, 0, 120, 120, 240, 240 };
  static const guint8 halved[] = { 17, 120, 223 };

  check_resize (2, 4, two, doubled);
  check_resize (2, 2, two, two);
  check_resize (6, 3, six, halved);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add_func ("/eval/" name, test)
  ADD ("davis/values-of-its-own-evaluation", test_davis_values);
  ADD ("davis/contours-match-within-a-share-of-the-diagonal",
      test_boundary_radius);
  ADD ("davis/nothing-found-of-nothing-is-right", test_boundary_of_nothing);
  ADD ("warping-error/follows-the-motion",
      test_warping_error_follows_the_motion);
  ADD ("warping-error/is-the-mean-squared-flicker",
      test_warping_error_of_flicker);
  ADD ("warping-error/needs-pictures", test_warping_error_needs_pictures);
  ADD ("resize/bilinear-with-half-pixel-centres", test_resize);
#undef ADD
  return g_test_run ();
}
