/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of a checkpoint: whole after kills, cuts, flipped bits and full
 * disks, or clear about what is wrong. */
#define _GNU_SOURCE /* unshare() */

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gst-sod/core/random.h>
#include <gst-sod/nn/safetensors-private.h>
#include <gst-sod/train/trainer-private.h>
#include <gst-sod/train/training.h>

#include "train-plan.h"

#define N_VALUES 5000
#define N_KILLS 40

static const gchar *program;

typedef struct
{
  gchar *folder;
  gchar *path; /* "FOLDER/run.checkpoint", nothing there yet */
} Scratch;

static void
set_up (Scratch *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("gst-sod-checkpoint-XXXXXX", NULL);
  self->path = g_build_filename (self->folder, "run.checkpoint", NULL);
}

static void
remove_files (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    g_assert_cmpint (g_remove (path), ==, 0);
  }
}

static void
tear_down (Scratch *self, gconstpointer data)
{
  remove_files (self->folder);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->path);
}

static guint
count_files (const gchar *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* Generation @number: the number as text, and as every value. */
static gboolean
write_number (const gchar *path, guint number, gsize n, GError **error)
{
  g_autoptr (GstSodCheckpoint) checkpoint = gst_sod_checkpoint_new ();
  g_autofree gchar *text = g_strdup_printf ("%u", number);
  g_autofree gfloat *values = g_new (gfloat, n);

  for (gsize i = 0; i < n; i++)
    values[i] = (gfloat) number;
  return gst_sod_checkpoint_set_bytes (
             checkpoint, "number", text, strlen (text), error)
         && gst_sod_checkpoint_set_floats (
             checkpoint, "values", values, n, error)
         && gst_sod_checkpoint_write (checkpoint, path, error);
}

static void
put_number (const gchar *path, guint number, gsize n)
{
  g_autoptr (GError) error = NULL;

  write_number (path, number, n, &error);
  g_assert_no_error (error);
}

/* The generation that is found, which must be whole. */
static guint
read_number (const gchar *path, gsize n, gboolean *older)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodCheckpoint) checkpoint =
      gst_sod_checkpoint_read (path, older, &error);
  g_autofree gfloat *values = g_new (gfloat, n);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree gchar *text = NULL;
  guint number;

  g_assert_no_error (error);
  bytes = gst_sod_checkpoint_get_bytes (checkpoint, "number", &error);
  g_assert_no_error (error);
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  number = (guint) g_ascii_strtoull (text, NULL, 10);
  gst_sod_checkpoint_get_floats (checkpoint, "values", values, n, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat (values[i], ==, (gfloat) number);
  return number;
}

/* ---- damage ---- */

/* Without a care for the disk: thousands of times. */
static void
overwrite (const gchar *path, const gchar *content, gsize size)
{
  FILE *file = g_fopen (path, "w");

  g_assert_cmpuint (fwrite (content, 1, size, file), ==, size);
  g_assert_cmpint (fclose (file), ==, 0);
}

static void
expect_damage (const gchar *path, const gchar *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_checkpoint_read (path, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, path));
  if (part != NULL)
    g_assert_nonnull (strstr (error->message, part));
}

static void
test_cut (Scratch *self, gconstpointer data)
{
  g_autofree gchar *previous = g_strconcat (self->path, "~", NULL);
  g_autofree gchar *content = NULL;
  gsize size, header;
  guint64 length;

  put_number (self->path, 1, 20);
  put_number (self->path, 2, 20);
  g_assert_true (g_file_get_contents (self->path, &content, &size, NULL));
  memcpy (&length, content, sizeof length);
  header = sizeof length + (gsize) length;
  g_assert_cmpuint (header, <, size);
  for (gsize i = 0; i < size; i++) {
    gboolean older = FALSE;

    overwrite (self->path, content, i);
    g_assert_cmpuint (read_number (self->path, 20, &older), ==, 1);
    g_assert_true (older);
  }
  /* And with nothing beside it. */
  g_assert_cmpint (g_remove (previous), ==, 0);
  for (gsize i = 0; i < size; i++) {
    overwrite (self->path, content, i);
    expect_damage (self->path, NULL);
  }
}

/* Every bit that says something: the header's padding does not. */
static void
test_flipped (Scratch *self, gconstpointer data)
{
  g_autofree gchar *content = NULL;
  gsize size;
  guint n_found = 0;

  put_number (self->path, 1, 20);
  put_number (self->path, 2, 20);
  g_assert_true (g_file_get_contents (self->path, &content, &size, NULL));
  for (gsize i = 0; i < 8 * size; i += 3) {
    gboolean older = FALSE;
    guint number;

    content[i / 8] ^= (gchar) (1 << i % 8);
    overwrite (self->path, content, size);
    content[i / 8] ^= (gchar) (1 << i % 8);
    number = read_number (self->path, 20, &older);
    g_assert_cmpuint (number, ==, older ? 1 : 2);
    n_found += older;
  }
  g_assert_cmpuint (n_found, >, 8 * size / 3 - 200);
}

static void
test_no_checkpoint (Scratch *self, gconstpointer data)
{
  g_autoptr (GHashTable) tensors = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  GstSodShape shape = { 1, { 1, 0, 0, 0 } };
  g_autoptr (GstSodTensor) tensor =
      gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, NULL);

  g_assert_null (gst_sod_checkpoint_read (self->path, NULL, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND);
  g_hash_table_insert (tensors, (gpointer) "a", tensor);
  g_assert_true (gst_sod_safetensors_write (self->path, tensors, NULL, NULL));
  expect_damage (self->path, "no checkpoint");
}

/* A writer killed before its renames, and what lies there damaged since. */
static void
test_new_file_counts (Scratch *self, gconstpointer data)
{
  g_autofree gchar *waiting = g_strconcat (self->path, ".new", NULL);
  gboolean older = FALSE;

  put_number (self->path, 1, 20);
  put_number (self->path, 2, 20);
  put_number (waiting, 3, 20);
  g_assert_cmpuint (read_number (self->path, 20, &older), ==, 2);
  g_assert_true (g_file_set_contents (self->path, "?", 1, NULL));
  g_assert_cmpuint (read_number (self->path, 20, &older), ==, 3);
  g_assert_true (older);
}

/* Killed between its renames; the next one is refused by the disk. */
static void
test_new_file_survives_a_failure (Scratch *self, gconstpointer data)
{
  g_autofree gchar *waiting = g_strconcat (self->path, ".new", NULL);
  struct rlimit before;
  void (*handler) (int) = signal (SIGXFSZ, SIG_IGN);

  put_number (self->path, 1, 20);
  put_number (self->path, 2, 20);
  g_assert_cmpint (g_rename (self->path, waiting), ==, 0);
  g_assert_cmpuint (read_number (self->path, 20, NULL), ==, 2);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_cmpint (
      setrlimit (RLIMIT_FSIZE, &(struct rlimit){ 9000, before.rlim_max }), ==,
      0);
  g_assert_false (write_number (self->path, 3, N_VALUES, NULL));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  signal (SIGXFSZ, handler);
  g_assert_cmpuint (read_number (self->path, 20, NULL), ==, 2);
}

/* ---- whether there is one ---- */

static void
move (const gchar *from, const gchar *to)
{
  g_assert_cmpint (g_rename (from, to), ==, 0);
}

/* What a reader takes counts, and nothing else does. */
static void
test_exists (Scratch *self, gconstpointer data)
{
  static const gchar *const suffixes[] = { ".new", "~", ".new.a1B2c3",
    ".frames", "~~" };

  g_assert_false (gst_sod_training_checkpoint_exists (self->path));
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree gchar *other = g_strconcat (self->path, suffixes[i], NULL);

    put_number (self->path, i, 20);
    g_assert_true (gst_sod_training_checkpoint_exists (self->path));
    move (self->path, other);
    g_assert_true (gst_sod_training_checkpoint_exists (self->path) == (i < 2));
    if (i < 2)
      g_assert_cmpuint (read_number (self->path, 20, NULL), ==, i);
    g_assert_cmpint (g_remove (other), ==, 0);
  }
}

/* Killed between its renames: there are the new one and the one before. */
static void
test_exists_between_renames (Scratch *self, gconstpointer data)
{
  g_autofree gchar *waiting = g_strconcat (self->path, ".new", NULL);
  g_autofree gchar *previous = g_strconcat (self->path, "~", NULL);
  gboolean older = FALSE;

  put_number (previous, 1, 20);
  put_number (waiting, 2, 20);
  g_assert_false (g_file_test (self->path, G_FILE_TEST_EXISTS));
  g_assert_true (gst_sod_training_checkpoint_exists (self->path));
  g_assert_cmpuint (read_number (self->path, 20, &older), ==, 2);
  g_assert_true (older);
}

static void
test_remove (Scratch *self, gconstpointer data)
{
  static const gchar *const suffixes[] = { ".new", ".new.a1B2c3", ".frames" };
  g_autofree gchar *stranger = g_strconcat (self->path, ".frames", NULL);
  g_autoptr (GError) error = NULL;

  put_number (self->path, 1, 20);
  put_number (self->path, 2, 20);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree gchar *other = g_strconcat (self->path, suffixes[i], NULL);

    g_assert_true (g_file_set_contents (other, "x", 1, NULL));
  }
  g_assert_cmpuint (count_files (self->folder), ==, 5);
  for (guint i = 0; i < 2; i++) {
    gst_sod_training_checkpoint_remove (self->path, &error);
    g_assert_no_error (error);
    g_assert_false (gst_sod_training_checkpoint_exists (self->path));
    g_assert_cmpuint (count_files (self->folder), ==, 1);
  }
  g_assert_true (g_file_test (stranger, G_FILE_TEST_EXISTS));
  g_assert_false (gst_sod_training_checkpoint_remove (self->folder, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO);
  g_assert_nonnull (strstr (error->message, self->folder));
}

/* ---- where it cannot be written ---- */

static void
test_no_place (Scratch *self, gconstpointer data)
{
  g_autofree gchar *nowhere =
      g_build_filename (self->folder, "none", "a", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (write_number (nowhere, 1, 20, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (write_number (self->folder, 1, 20, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO);
  g_assert_cmpuint (count_files (self->folder), ==, 0);
}

/* Those of a killed writer go, a stranger's stay. */
static void
test_leftovers (Scratch *self, gconstpointer data)
{
  static const gchar *const names[] = { "run.checkpoint.new",
    "run.checkpoint.new.a1B2c3", "run.checkpoint.newer",
    "run.checkpoint.new.weights", "run.check", "other.new" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = g_build_filename (self->folder, names[i], NULL);

    g_assert_true (g_file_set_contents (path, "x", 1, NULL));
  }
  put_number (self->path, 1, 20);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = g_build_filename (self->folder, names[i], NULL);

    g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS) == (i >= 2));
  }
}

/* Runs @func in a child, which ends with 0 where all is well, or 77 where it
 * cannot do what is asked. */
static gint
run_child (void (*func) (const Scratch *self), const Scratch *self)
{
  gint status;
  pid_t child = fork ();

  g_assert_cmpint (child, >=, 0);
  if (child == 0) {
    func (self);
    _exit (0);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

static void
fill_tmpfs (const Scratch *self)
{
  g_autofree gchar *disk = g_build_filename (self->folder, "disk", NULL);
  g_autofree gchar *path = g_build_filename (disk, "run", NULL);
  g_autoptr (GError) error = NULL;

  if (unshare (geteuid () == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0
      || mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
      || g_mkdir (disk, 0755) != 0)
    _exit (77);
  if (mount ("none", disk, "tmpfs", 0, "size=200k") != 0) {
    g_rmdir (disk);
    _exit (77);
  }
  put_number (path, 1, N_VALUES);
  put_number (path, 2, N_VALUES);
  /* Two of 20 kB and one of 400. */
  g_assert_false (write_number (path, 3, 20 * N_VALUES, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_cmpuint (read_number (path, N_VALUES, NULL), ==, 2);
  g_assert_cmpuint (count_files (disk), ==, 2);
  put_number (path, 4, N_VALUES);
  g_assert_cmpuint (read_number (path, N_VALUES, NULL), ==, 4);
  umount2 (disk, MNT_DETACH);
  g_rmdir (disk);
}

static void
test_full_disk (Scratch *self, gconstpointer data)
{
  gint status = run_child (fill_tmpfs, self);

  if (status == 77)
    g_test_skip ("no file system may be mounted here");
  else
    g_assert_cmpint (status, ==, 0);
}

static void
fill_limited (const Scratch *self)
{
  const struct rlimit limit = { 9000, RLIM_INFINITY };
  g_autoptr (GError) error = NULL;

  signal (SIGXFSZ, SIG_IGN);
  put_number (self->path, 1, 20);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  g_assert_false (write_number (self->path, 2, N_VALUES, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO);
  g_assert_cmpuint (read_number (self->path, 20, NULL), ==, 1);
  g_assert_cmpuint (count_files (self->folder), ==, 1);
}

static void
test_full_file (Scratch *self, gconstpointer data)
{
  g_assert_cmpint (run_child (fill_limited, self), ==, 0);
}

/* ---- kills ---- */

/* Writes for ever, and says each number once it is safe. */
static void
write_until_killed (const gchar *path, guint number)
{
  alarm (20); /* where the parent is gone */
  for (;; number++) {
    put_number (path, number, N_VALUES);
    if (write (STDOUT_FILENO, &number, sizeof number) < 0)
      _exit (1);
  }
}

/* Whether @writer said another @number. */
static gboolean
hear (GSubprocess *writer, guint *number)
{
  GInputStream *said = g_subprocess_get_stdout_pipe (writer);
  g_autoptr (GError) error = NULL;
  gsize size;
  guint next;

  g_input_stream_read_all (said, &next, sizeof next, &size, NULL, &error);
  g_assert_no_error (error);
  if (size < sizeof next)
    return FALSE;
  *number = next;
  return TRUE;
}

static void
test_kill (Scratch *self, gconstpointer data)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (9, 0);
  guint number = 0, n_written = 0;

  put_number (self->path, 0, N_VALUES);
  for (guint i = 0; i < N_KILLS; i++) {
    g_autofree gchar *from = g_strdup_printf ("%u", number + 1);
    const gchar *argv[] = { program, "--write", self->path, from, NULL };
    g_autoptr (GSubprocess) writer = NULL;
    g_autoptr (GError) error = NULL;
    guint said, found;

    writer = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
    g_assert_no_error (error);
    /* However long it took to start, it writes when it is killed. */
    g_assert_true (hear (writer, &said));
    g_usleep (gst_sod_random_below (random, 20000));
    g_subprocess_force_exit (writer);
    while (hear (writer, &said))
      continue;
    g_subprocess_wait (writer, NULL, &error);
    g_assert_no_error (error);
    g_assert_true (g_subprocess_get_if_signaled (writer));
    found = read_number (self->path, N_VALUES, NULL);
    g_assert_cmpuint (found, >=, said);
    g_assert_cmpuint (found, <=, said + 1);
    n_written += found - number;
    number = found;
  }
  g_test_message ("%u kills among %u writes", N_KILLS, n_written);
  g_assert_cmpuint (n_written, >, 0);
}

/* ---- a trainer's part ---- */

static void
test_refuses_a_rate_that_is_none (void)
{
  g_autoptr (GstSodNetwork) network =
      train_network_new_tiny (GST_SOD_NETWORK_BASE, 1);
  g_autoptr (GstSodTrainer) trainer =
      gst_sod_trainer_new (network, "cpu", 1, NULL);
  g_autoptr (GstSodCheckpoint) checkpoint = gst_sod_checkpoint_new ();
  g_autoptr (GError) error = NULL;

  gst_sod_trainer_set_rate_scale (trainer, NAN);
  g_assert_true (
      gst_sod_trainer_write_state (trainer, checkpoint, "base", NULL));
  g_assert_false (
      gst_sod_trainer_read_state (trainer, checkpoint, "base", &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT);
  g_clear_error (&error);
  gst_sod_checkpoint_set_bytes (checkpoint, "base/position", "abc", 3, NULL);
  g_assert_false (
      gst_sod_trainer_read_state (trainer, checkpoint, "base", &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
}

static void
add (const gchar *name, void (*func) (Scratch *, gconstpointer))
{
  g_test_add (name, Scratch, NULL, set_up, func, tear_down);
}

int
main (int argc, char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "--write"))
    write_until_killed (argv[2], (guint) g_ascii_strtoull (argv[3], NULL, 10));
  program = argv[0];
  g_test_init (&argc, &argv, NULL);
  add ("/checkpoint/cut-anywhere-leaves-the-one-before", test_cut);
  add ("/checkpoint/flipped-bits-leave-the-one-before", test_flipped);
  add ("/checkpoint/is-known-from-other-files", test_no_checkpoint);
  add ("/checkpoint/takes-one-that-waits-for-its-place", test_new_file_counts);
  add ("/checkpoint/keeps-one-that-waits-for-its-place",
      test_new_file_survives_a_failure);
  add ("/checkpoint/exists-where-a-reader-finds-it", test_exists);
  add ("/checkpoint/exists-between-two-renames", test_exists_between_renames);
  add ("/checkpoint/remove-leaves-nothing-to-resume", test_remove);
  add ("/checkpoint/refuses-what-is-no-place", test_no_place);
  add ("/checkpoint/removes-leftovers-and-nothing-else", test_leftovers);
  add ("/checkpoint/keeps-the-old-on-a-full-disk", test_full_disk);
  add ("/checkpoint/keeps-the-old-where-a-file-may-not-grow", test_full_file);
  add ("/checkpoint/is-whole-after-every-kill", test_kill);
  g_test_add_func ("/checkpoint/refuses-a-rate-that-is-none",
      test_refuses_a_rate_that_is_none);
  return g_test_run ();
}
