/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The camera's motion is taken out, what moves by itself stays. */
#include <gst-sod/core/align-private.h>
#include <gst-sod/core/random.h>

#include <math.h>

#define WIDTH 320
#define HEIGHT 192
#define N (WIDTH * HEIGHT)

/* A world of waves of many lengths, which may be looked at anywhere. */
#define N_WAVES 24

typedef struct
{
  gdouble x[N_WAVES], y[N_WAVES], phase[N_WAVES];
} World;

static World
make_world (guint64 seed)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, 1);
  World world;

  for (guint i = 0; i < N_WAVES; i++) {
    gdouble length = 16 * pow (1.2, i % 12), angle = 2 * G_PI * i * 0.381966;

    world.x[i] = 2 * G_PI / length * cos (angle);
    world.y[i] = 2 * G_PI / length * sin (angle);
    world.phase[i] = 2 * G_PI * gst_sod_random_uniform (random);
  }
  return world;
}

static gfloat
look (const World *world, gdouble x, gdouble y)
{
  gdouble sum = 0;

  for (guint i = 0; i < N_WAVES; i++)
    sum += sin (world->x[i] * x + world->y[i] * y + world->phase[i]);
  return (gfloat) (sum / 3);
}

/* Of what moves by itself: a square, by (x, y) from the picture's middle. */
#define SIDE 48

typedef struct
{
  gdouble shift[2], turn, scale; /* of the camera */
  gdouble object[2];             /* where the square is */
  gfloat gain;                   /* added to all values, as by exposure */
} View;

static gboolean
is_object (const View *view, gint x, gint y)
{
  return fabs (x - WIDTH / 2 - view->object[0]) < SIDE / 2
         && fabs (y - HEIGHT / 2 - view->object[1]) < SIDE / 2;
}

/* (3, HEIGHT, WIDTH) */
static gfloat *
take (const World *world, const World *object, const View *view)
{
  gfloat *picture = g_new (gfloat, 3 * N);

  for (gint y = 0; y < HEIGHT; y++) {
    for (gint x = 0; x < WIDTH; x++) {
      gdouble u = x - WIDTH / 2, v = y - HEIGHT / 2;
      gdouble c = cos (view->turn) * view->scale;
      gdouble s = sin (view->turn) * view->scale;
      gfloat value =
          object != NULL && is_object (view, x, y)
              ? look (object, u - view->object[0], v - view->object[1])
              : look (world, c * u - s * v + view->shift[0],
                  s * u + c * v + view->shift[1]);

      for (guint i = 0; i < 3; i++)
        picture[i * N + y * WIDTH + x] = value + view->gain;
    }
  }
  return picture;
}

/* Mean absolute value of @change, where it is seen, inside or outside of
 * what the object covers in either view. */
static gdouble
measure (
    const gfloat *change, const View *now, const View *before, gboolean inside)
{
  gdouble sum = 0;
  guint n = 0;

  for (gint y = 0; y < HEIGHT; y++) {
    for (gint x = 0; x < WIDTH; x++) {
      gboolean covered = is_object (now, x, y);
      gboolean near = covered || is_object (before, x, y);

      if (inside ? !covered : near)
        continue;
      sum += fabs (change[y * WIDTH + x]);
      n++;
    }
  }
  return sum / n;
}

static gfloat *
align (const gfloat *current, const gfloat *previous)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodAligner) aligner =
      gst_sod_aligner_new (WIDTH, HEIGHT, &error);
  gfloat *change = g_new (gfloat, 3 * N);

  g_assert_no_error (error);
  gst_sod_aligner_run (aligner, current, previous, change);
  for (guint i = 0; i < 3 * N; i++)
    g_assert_true (isfinite (change[i]));
  return change;
}

/* What the camera does alone leaves next to nothing. */
static void
test_camera (void)
{
  static const View before = { .scale = 1 };
  static const View cameras[] = {
    { { 0, 0 }, 0, 1, { 0, 0 }, 0 },
    { { 1.3, -0.7 }, 0, 1, { 0, 0 }, 0 },
    { { 9, 4 }, 0.02, 1.02, { 0, 0 }, 0 },
    { { -30, 6 }, -0.03, 0.97, { 0, 0 }, 0 },
    { { 60, -12 }, 0, 1, { 0, 0 }, 0 },
    { { 4, 2 }, 0.01, 1, { 0, 0 }, 0.2f },
  };
  World world = make_world (1);
  g_autofree gfloat *previous = take (&world, NULL, &before);

  for (guint i = 0; i < G_N_ELEMENTS (cameras); i++) {
    const View *now = &cameras[i];
    g_autofree gfloat *current = take (&world, NULL, now);
    g_autofree gfloat *change = align (current, previous);
    gdouble raw = 0, left = 0;

    for (guint j = 0; j < N; j++) {
      raw += fabs (current[j] - previous[j]) / N;
      left += fabs (change[j] + (change[j] != 0 ? now->gain : 0)) / N;
    }
    g_test_message ("camera %u: %.4f of %.4f is left", i, left, raw);
    g_assert_cmpfloat (left, <=, MAX (0.05 * raw, 0.02));
  }
}

/* A thing that moves against the camera stands out. */
static void
test_object (void)
{
  static const View before = { .scale = 1, .object = { -20, 5 } };
  static const View views[] = {
    { { 0, 0 }, 0, 1, { -16, 5 }, 0 },
    { { 12, -5 }, 0.01, 1.01, { -20, 5 }, 0 }, /* followed by the camera */
    { { -20, 3 }, 0, 1, { 10, -10 }, 0 },
  };
  World world = make_world (2), object = make_world (3);
  g_autofree gfloat *previous = take (&world, &object, &before);

  for (guint i = 0; i < G_N_ELEMENTS (views); i++) {
    g_autofree gfloat *current = take (&world, &object, &views[i]);
    g_autofree gfloat *change = align (current, previous);
    gdouble inside = measure (change, &views[i], &before, TRUE);
    gdouble outside = measure (change, &views[i], &before, FALSE);

    g_test_message ("view %u: %.3f inside, %.3f outside", i, inside, outside);
    g_assert_cmpfloat (inside, >, 5 * outside);
    g_assert_cmpfloat (inside, >, 0.2);
  }
}

/* Where nothing tells how the camera moved it is taken not to have. */
static void
test_flat (void)
{
  g_autofree gfloat *current = g_new0 (gfloat, 3 * N);
  g_autofree gfloat *previous = g_new (gfloat, 3 * N);
  g_autofree gfloat *change = NULL;

  for (guint i = 0; i < 3 * N; i++)
    previous[i] = 1.5f;
  change = align (current, previous);
  for (guint i = 0; i < 3 * N; i++)
    g_assert_cmpfloat (change[i], ==, 1.5f);
}

/* Two pictures that have nothing in common: whatever comes out is finite, as
 * align() asserts, and no larger than a difference can be. */
static void
test_strangers (void)
{
  static const View view = { .scale = 1 };

  for (guint64 seed = 0; seed < 4; seed++) {
    World a = make_world (10 + seed), b = make_world (20 + seed);
    g_autofree gfloat *current = take (&a, NULL, &view);
    g_autofree gfloat *previous = take (&b, NULL, &view);
    g_autofree gfloat *change = align (current, previous);

    for (guint i = 0; i < 3 * N; i++)
      g_assert_cmpfloat (fabsf (change[i]), <=, 2 * N_WAVES / 3.0);
  }
}

/* Pictures of any size, the result in the place of the one before. */
static void
test_sizes (void)
{
  static const gint sizes[][2] = { { 2, 2 }, { 2, 64 }, { 16, 16 }, { 18, 34 },
    { 160, 96 }, { 321, 17 } };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    gint width = sizes[i][0], height = sizes[i][1];
    gsize n = 3 * (gsize) width * height;
    g_autofree gfloat *current = g_new (gfloat, n);
    g_autofree gfloat *previous = g_new (gfloat, n);
    g_autofree gfloat *change = g_new (gfloat, n);
    g_autoptr (GError) error = NULL;
    g_autoptr (GstSodAligner) aligner =
        gst_sod_aligner_new (width, height, &error);

    g_assert_no_error (error);
    for (gsize j = 0; j < n; j++) {
      current[j] = sinf ((gfloat) j / 5);
      previous[j] = cosf ((gfloat) j / 5);
    }
    gst_sod_aligner_run (aligner, current, previous, change);
    gst_sod_aligner_run (aligner, current, previous, previous);
    g_assert_cmpmem (
        previous, n * sizeof (gfloat), change, n * sizeof (gfloat));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/align/camera", test_camera);
  g_test_add_func ("/align/object-that-moves", test_object);
  g_test_add_func ("/align/flat", test_flat);
  g_test_add_func ("/align/strangers", test_strangers);
  g_test_add_func ("/align/sizes", test_sizes);
  return g_test_run ();
}
