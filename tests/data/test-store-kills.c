/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kill -9 leaves of a store: all that a writer has said to be stored. */
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-support.h"
#include "support.h"

#define N_KILLS 12

/* A writer: goes on for ever, and says each thing once it is stored. @n: what
 * was said before it began. */
typedef void (*Writer) (const gchar *path, guint n, gint out);

typedef struct
{
  gchar *folder, *path;
  GPtrArray *said; /* lines of all writers so far */
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = scratch_new ();
  self->path = scratch_path (self->folder, "store");
  self->said = g_ptr_array_new_with_free_func (g_free);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_ptr_array_unref (self->said);
  g_free (self->path);
  scratch_remove (self->folder);
}

static void
say (gint out, const gchar *what)
{
  g_autofree gchar *line = g_strdup_printf ("%s\n", what);

  if (write (out, line, strlen (line)) < 0)
    _exit (1);
}

/* Kills a writer after 15 to 60 ms, and hears what it said until then. */
static void
kill_one (Fixture *self, Writer writer, GRand *random)
{
  gint ends[2];
  pid_t child;
  FILE *in;
  gchar line[64];

  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    writer (self->path, self->said->len, ends[1]);
  close (ends[1]);
  g_usleep ((gulong) g_rand_int_range (random, 15000, 60000));
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  in = fdopen (ends[0], "r");
  while (fgets (line, sizeof (line), in) != NULL)
    g_ptr_array_add (self->said, g_strdup (g_strchomp (line)));
  fclose (in);
}

/* All frames that are there can be read. (transfer full) */
static GstSodSamples *
look (const gchar *path)
{
  g_autoptr (GstSodStore) store = open_store (path);
  GstSodSamples *samples = gst_sod_store_snapshot (store, NULL, NULL);

  g_assert_cmpint (statistic (store, "damaged"), ==, 0);
  g_assert_cmpuint (
      count_readable (samples), ==, gst_sod_samples_get_n_samples (samples));
  return samples;
}

/* ---- frames ---- */

static void
append_until_killed (const gchar *path, guint n, gint out)
{
  g_autoptr (GstSodStore) store = open_store (path);

  g_object_set (
      store, "picture-format", GST_SOD_STORE_PICTURE_FORMAT_RAW, NULL);
  for (guint i = 0;; i++) {
    g_autoptr (GstSodImage) frame = make_frame (48, 40, i);
    g_autoptr (GstSodImage) label = make_label (48, 40, (gint) (i % 40) + 1);
    g_autofree gchar *id = append (
        store, i % 3 == 0 ? "gate" : "door", frame, i % 2 ? label : NULL, i);

    say (out, id);
  }
}

static guint
count_found (GPtrArray *said, GstSodSamples *samples)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  guint n = 0;

  for (guint i = 0; i < said->len; i++)
    g_hash_table_add (names, g_ptr_array_index (said, i));
  for (guint i = 0; i < gst_sod_samples_get_n_samples (samples); i++)
    n += g_hash_table_contains (names, gst_sod_samples_get_name (samples, i));
  return n;
}

static void
test_frames (Fixture *self, gconstpointer data)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);

  g_clear_object (&(GstSodStore *){ open_store (self->path) });
  for (guint i = 0; i < N_KILLS; i++) {
    g_autoptr (GstSodSamples) samples = NULL;

    kill_one (self, append_until_killed, random);
    samples = look (self->path);
    g_assert_cmpuint (count_found (self->said, samples), ==, self->said->len);
  }
  g_assert_cmpuint (self->said->len, >, N_KILLS);
}

/* ---- labels that come late ---- */

#define N_FRAMES 6
#define WIDTH 16
#define HEIGHT 12

/* Label @step goes to the frames in turn, never as the frame's last one. */
static gint
columns_of (guint step)
{
  return (gint) (step % (WIDTH - 1)) + 1;
}

static void
label_until_killed (const gchar *path, guint n, gint out)
{
  g_autoptr (GstSodStore) store = open_store (path);

  for (guint step = n;; step++) {
    g_autoptr (GstSodImage) label =
        make_label (WIDTH, HEIGHT, columns_of (step));
    g_autofree gchar *id = g_strdup_printf ("door/%06u", step % N_FRAMES + 1);
    g_autoptr (GError) error = NULL;

    gst_sod_store_set_label (store, id, label, &error);
    g_assert_no_error (error);
    say (out, id);
  }
}

/* The columns of a frame's label; 0: it has none. */
static gint
read_columns (GstSodSamples *samples, guint sample)
{
  g_autoptr (GstSodImage) frame = NULL;
  g_autoptr (GstSodImage) label = NULL;
  g_autoptr (GError) error = NULL;

  gst_sod_samples_read (samples, sample, &frame, &label, &error);
  g_assert_no_error (error);
  return label != NULL ? (gint) count_foreground (label) / HEIGHT : 0;
}

/* After @n labels were said to be stored: each frame has the last of its own,
 * or the one that was on its way. */
static void
assert_labels (GstSodSamples *samples, guint n)
{
  g_assert_cmpuint (gst_sod_samples_get_n_samples (samples), ==, N_FRAMES);
  for (guint i = 0; i < N_FRAMES; i++) {
    guint next = n + (i + N_FRAMES - n % N_FRAMES) % N_FRAMES;
    gint last = next >= N_FRAMES ? columns_of (next - N_FRAMES) : 0;
    gint found = read_columns (samples, i);

    if (next > n || found != columns_of (next))
      g_assert_cmpint (found, ==, last);
  }
}

static void
test_labels (Fixture *self, gconstpointer data)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (4);

  write_store (self->path, N_FRAMES);
  for (guint i = 0; i < N_KILLS; i++) {
    g_autoptr (GstSodSamples) samples = NULL;

    kill_one (self, label_until_killed, random);
    samples = look (self->path);
    assert_labels (samples, self->said->len);
  }
  g_test_message ("%u kills among %u labels", (guint) N_KILLS, self->said->len);
  g_assert_cmpuint (self->said->len, >, N_KILLS);
}

#define ADD(name, func)                                                        \
  g_test_add ("/store/kill/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  use_memory ();
  g_test_init (&argc, &argv, NULL);
  ADD ("every-frame-acknowledged-is-there", test_frames);
  ADD ("every-label-acknowledged-is-there", test_labels);
  return g_test_run ();
}
