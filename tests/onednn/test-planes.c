/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batches on their way into training plans, and outputs on their way out. */
#include <gst-sod/backend/onednn/train-private.h>
#include <gst-sod/core/random.h>
#include <gst-sod/core/tensor-private.h>

#include <math.h>

#define MAX_CHANNELS 7
#define MAX_PLANE 1003
#define SPARE 8 /* elements behind what is written */

typedef struct
{
  gfloat planes[MAX_CHANNELS * MAX_PLANE], back[MAX_CHANNELS * MAX_PLANE];
  gfloat f32[MAX_CHANNELS * MAX_PLANE + SPARE];
  guint16 bf16[MAX_CHANNELS * MAX_PLANE + SPARE];
} Memory;

/* Each pixel's channels side by side, rounded as the one function does. */
static void
check_pixels (const Memory *memory, gint64 c, gint64 plane, gboolean bf16)
{
  for (gint64 i = 0; i < c * plane; i++) {
    gfloat value = memory->planes[i % c * plane + i / c];

    if (bf16)
      g_assert_cmpuint (memory->bf16[i], ==, gst_sod_f32_to_bf16 (value));
    else
      g_assert_cmpmem (&memory->f32[i], 4, &value, 4);
  }
  for (gint64 i = c * plane; i < c * plane + SPARE; i++) {
    g_assert_cmpfloat (memory->f32[i], ==, 7);
    g_assert_cmpuint (memory->bf16[i], ==, 7);
  }
}

static void
check_way (Memory *memory, gint64 c, gint64 plane, gboolean bf16, gint threads)
{
  gpointer pixels = bf16 ? (gpointer) memory->bf16 : memory->f32;
  dnnl_data_type_t type = bf16 ? dnnl_bf16 : dnnl_f32;

  for (guint i = 0; i < G_N_ELEMENTS (memory->f32); i++) {
    memory->f32[i] = 7;
    memory->bf16[i] = 7;
  }
  gst_sod_train_write_sample (memory->planes, c, plane, pixels, type, threads);
  check_pixels (memory, c, plane, bf16);
  gst_sod_train_read_planes (pixels, type, 1, c, plane, memory->back, threads);
  for (gint64 i = 0; i < c * plane; i++) {
    gfloat value = memory->planes[i];

    if (bf16)
      value = gst_sod_bf16_to_f32 (gst_sod_f32_to_bf16 (value));
    g_assert_true (
        memory->back[i] == value || (isnan (memory->back[i]) && isnan (value)));
  }
}

static void
test_pixels (void)
{
  static const gint64 sizes[] = { 1, 5, 16, 64, MAX_PLANE };
  g_autoptr (GstSodRandom) random = gst_sod_random_new (3, 1);
  g_autofree Memory *memory = g_new0 (Memory, 1);

  for (guint i = 0; i < G_N_ELEMENTS (memory->planes); i++)
    memory->planes[i] = (gfloat) (gst_sod_random_normal (random) * 3);
  memory->planes[0] = INFINITY;
  memory->planes[2] = NAN;
  memory->planes[3] = -0.0f;
  memory->planes[4] = 3.4028235e38f; /* rounds to infinity */
  for (gint64 c = 1; c <= MAX_CHANNELS; c++) {
    for (guint i = 0; i < G_N_ELEMENTS (sizes) * 4; i++)
      check_way (memory, c, sizes[i / 4], i % 2 == 1, 1 + (gint) i / 2 % 2);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/onednn/planes/become-pixels-and-back", test_pixels);
  return g_test_run ();
}
