/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How fast a frame store takes frames of 640x360 (moving noise over a gradient,
 * about as large in JPEG as a camera's), each on the disk before the next, in
 * groups, or left to the system, and how fast a store is opened. Passes by
 * turns, the fastest of each kind counts.
 *
 * Usage: benchmark-store [FOLDER [PASSES]]: a folder on the disk in question,
 * by default a temporary one. */
#include <gst-sod/gstsod.h>

#include <glib/gstdio.h>

#define WIDTH 640
#define HEIGHT 360
#define N_FRAMES 64
#define GROUP 8

typedef struct
{
  const gchar *name;
  GstSodStorePictureFormat format;
  guint sync_interval; /* ms */
  guint group;
} Kind;

static const Kind kinds[] = {
  { "JPEG, each on the disk", GST_SOD_STORE_PICTURE_FORMAT_JPEG, 0, 1 },
  { "JPEG, groups of 8", GST_SOD_STORE_PICTURE_FORMAT_JPEG, 0, GROUP },
  { "JPEG, once a second", GST_SOD_STORE_PICTURE_FORMAT_JPEG, 1000, 1 },
  { "raw, each on the disk", GST_SOD_STORE_PICTURE_FORMAT_RAW, 0, 1 },
  { "raw, once a second", GST_SOD_STORE_PICTURE_FORMAT_RAW, 1000, 1 },
};

static GstSodImage *
make_frame (guint seed)
{
  gsize size = WIDTH * HEIGHT * 3;
  guint8 *pixels = g_malloc (size);
  g_autoptr (GBytes) bytes = NULL;
  guint state = seed * 2654435761u + 1;

  for (gsize i = 0; i < size; i++) {
    guint x = (guint) (i / 3 % WIDTH), y = (guint) (i / 3 / WIDTH);

    state = state * 1664525u + 1013904223u;
    pixels[i] = (guint8) ((x / 4 + y / 3 + seed * 8) % 224 + (state >> 28));
  }
  bytes = g_bytes_new_take (pixels, size);
  return gst_sod_image_new_rgb (WIDTH, HEIGHT, bytes, NULL);
}

static void
remove_below (const gchar *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *inner = g_build_filename (path, name, NULL);

    remove_below (inner);
  }
  g_remove (path);
}

/* Seconds for all frames; the last of them is on the disk in the end. */
static gdouble
run (const gchar *path, const Kind *kind, GstSodImage **pictures, gsize *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodStore) store =
      gst_sod_store_open (path, GST_SOD_STORE_FLAG_CREATE, &error);
  gint64 start;
  gboolean done = store != NULL;

  if (done)
    g_object_set (store, "picture-format", kind->format, "sync-interval",
        kind->sync_interval, NULL);
  start = g_get_monotonic_time ();
  for (guint i = 0; done && i < N_FRAMES; i += kind->group) {
    GstSodStoreFrame *frames[GROUP];

    for (guint j = 0; j < kind->group; j++)
      frames[j] = gst_sod_store_frame_new ("door", pictures[i + j]);
    done = gst_sod_store_append_frames (store, frames, kind->group, &error);
    for (guint j = 0; j < kind->group; j++)
      gst_sod_store_frame_unref (frames[j]);
  }
  done = done && gst_sod_store_sync (store, &error);
  if (!done) {
    g_printerr ("%s\n", error->message);
    return G_MAXDOUBLE;
  }
  *bytes = gst_sod_store_get_n_bytes (store) / N_FRAMES;
  return (gdouble) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
}

/* Raw frames of 8x8 are as fast to pass over as any. */
static void
time_opening (const gchar *path, guint passes)
{
  enum
  {
    N = 20000
  };
  g_autoptr (GstSodStore) store =
      gst_sod_store_open (path, GST_SOD_STORE_FLAG_CREATE, NULL);
  g_autofree guint8 *zeros = g_malloc0 (8 * 8 * 3);
  g_autoptr (GBytes) bytes = g_bytes_new (zeros, 8 * 8 * 3);
  g_autoptr (GstSodImage) picture = gst_sod_image_new_rgb (8, 8, bytes, NULL);
  gdouble best = G_MAXDOUBLE;

  g_object_set (store, "picture-format", GST_SOD_STORE_PICTURE_FORMAT_RAW,
      "sync-interval", 3600000, NULL);
  for (guint i = 0; i < N; i++)
    gst_sod_store_append (store, "door", picture, NULL, i, NULL, NULL);
  g_clear_object (&store);
  for (guint i = 0; i < passes; i++) {
    gint64 start = g_get_monotonic_time ();

    store = gst_sod_store_open (path, GST_SOD_STORE_FLAG_READ_ONLY, NULL);
    best = MIN (best, (gdouble) (g_get_monotonic_time () - start) / 1000);
    g_clear_object (&store);
  }
  g_print ("opening                 %8.1f ms for %d frames\n", best, N);
}

int
main (int argc, char **argv)
{
  g_autofree gchar *folder =
      argc > 1 ? g_build_filename (argv[1], "benchmark-store", NULL)
               : g_dir_make_tmp ("benchmark-store-XXXXXX", NULL);
  guint passes = argc > 2 ? (guint) g_ascii_strtoull (argv[2], NULL, 10) : 5;
  GstSodImage *pictures[N_FRAMES];
  gdouble best[G_N_ELEMENTS (kinds)];
  gsize bytes[G_N_ELEMENTS (kinds)] = { 0 };
  g_autofree gchar *path = g_build_filename (folder, "store", NULL);

  g_mkdir_with_parents (folder, 0777);
  for (guint i = 0; i < N_FRAMES; i++)
    pictures[i] = make_frame (i);
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    best[k] = G_MAXDOUBLE;
  for (guint i = 0; i < passes; i++) {
    for (guint k = 0; k < G_N_ELEMENTS (kinds); k++) {
      gdouble seconds = run (path, &kinds[k], pictures, &bytes[k]);

      best[k] = MIN (best[k], seconds);
      remove_below (path);
    }
  }
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    g_print ("%-22s %8.1f frames/s, %6" G_GSIZE_FORMAT " bytes each\n",
        kinds[k].name, N_FRAMES / best[k], bytes[k]);
  time_opening (path, passes);
  remove_below (folder);
  for (guint i = 0; i < N_FRAMES; i++)
    gst_sod_image_unref (pictures[i]);
  return 0;
}
