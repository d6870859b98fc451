/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saving a model: whatever happens, the file before or the file after, whole.
 */
#include "scratch.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gst-sod/core/random.h>

static void
expect_not_saved (
    GstSodNetwork *network, const gchar *path, gint code, const gchar *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gst_sod_network_save (network, path, &error));
  scratch_expect (error, code, path, part);
}

static void
test_save_nowhere (Scratch *self, gconstpointer data)
{
  g_autofree gchar *below = g_build_filename (self->folder, "a", "b", NULL);
  g_autoptr (GstSodNetwork) network = scratch_new_tiny (2);

  expect_not_saved (network, below, GST_SOD_ERROR_NOT_FOUND, "No such file");
  expect_not_saved (network, self->folder, GST_SOD_ERROR_IO, "is a directory");
  g_assert_cmpint (mkfifo (self->path, 0600), ==, 0);
  expect_not_saved (network, self->path, GST_SOD_ERROR_IO, "no regular file");
  g_assert_cmpuint (scratch_count (self), ==, 1);
}

static void
test_save_unwritable (Scratch *self, gconstpointer data)
{
  g_autoptr (GstSodNetwork) network = scratch_new_tiny (2);
  g_autoptr (GBytes) before = NULL;
  g_autoptr (GBytes) after = NULL;

  scratch_save_tiny (self);
  before = scratch_read (self);
  g_assert_cmpint (g_chmod (self->folder, 0555), ==, 0);
  if (scratch_drop_rights (self)) {
    expect_not_saved (
        network, self->path, GST_SOD_ERROR_IO, "Permission denied");
    scratch_restore_rights ();
  }
  g_assert_cmpint (g_chmod (self->folder, 0700), ==, 0);
  after = scratch_read (self);
  g_assert_true (g_bytes_equal (before, after));
  g_assert_cmpuint (scratch_count (self), ==, 1);
}

/* A write that fails after some thousand bytes, as on a full disk: the limit
 * on the size of files makes one without filling any. */
static void
test_save_full (Scratch *self, gconstpointer data)
{
  g_autoptr (GstSodNetwork) network = scratch_new_tiny (2);
  g_autoptr (GBytes) before = NULL;
  g_autoptr (GBytes) after = NULL;
  struct rlimit limit, small;
  void (*handler) (int);

  scratch_save_tiny (self);
  before = scratch_read (self);
  handler = signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  small = limit;
  small.rlim_cur = 10000;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  expect_not_saved (network, self->path, GST_SOD_ERROR_IO, "writing");
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  signal (SIGXFSZ, handler);
  after = scratch_read (self);
  g_assert_true (g_bytes_equal (before, after));
  g_assert_cmpuint (scratch_count (self), ==, 1);
}

/* What the child of the next test does until it is killed. */
static void
write_forever (const gchar *path)
{
  alarm (10); /* where the parent is gone */
  for (guint64 seed = 0;; seed = 1 - seed) {
    g_autoptr (GstSodNetwork) network = scratch_new_tiny (seed);

    for (guint i = 0; i < 10; i++)
      gst_sod_network_save (network, path, NULL);
  }
}

static const gchar *program;

static void
test_kill_while_saving (Scratch *self, gconstpointer data)
{
  const gchar *argv[] = { program, "--write", self->path, NULL };
  g_autoptr (GstSodRandom) random = gst_sod_random_new (9, 0);

  scratch_save_tiny (self);
  for (guint i = 0; i < 10; i++) {
    g_autoptr (GSubprocess) writer = NULL;
    g_autoptr (GstSodNetwork) network = NULL;
    g_autoptr (GError) error = NULL;

    writer = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_NONE, &error);
    g_assert_no_error (error);
    g_usleep (50000 + gst_sod_random_below (random, 50000));
    g_subprocess_force_exit (writer);
    g_subprocess_wait (writer, NULL, &error);
    g_assert_no_error (error);
    g_assert_true (g_subprocess_get_if_signaled (writer));
    network = gst_sod_network_new_from_file (self->path, &error);
    g_assert_no_error (error);
  }
}

static void
add (const gchar *name, void (*func) (Scratch *, gconstpointer))
{
  g_test_add (name, Scratch, NULL, scratch_set_up, func, scratch_tear_down);
}

int
main (int argc, char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "--write"))
    write_forever (argv[2]);
  program = argv[0];
  g_test_init (&argc, &argv, NULL);
  add ("/model-save/refuses-what-is-no-place", test_save_nowhere);
  add ("/model-save/keeps-the-old-in-a-read-only-folder", test_save_unwritable);
  add ("/model-save/keeps-the-old-on-a-full-disk", test_save_full);
  add ("/model-save/is-whole-after-a-kill", test_kill_while_saving);
  return g_test_run ();
}
