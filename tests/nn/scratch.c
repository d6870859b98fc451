/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scratch.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NOBODY 65534

void
scratch_set_up (Scratch *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("gst-sod-test-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = g_build_filename (self->folder, "model.safetensors", NULL);
}

void
scratch_tear_down (Scratch *self, gconstpointer data)
{
  GDir *dir = g_dir_open (self->folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (self->folder, name, NULL);

    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_dir_close (dir);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->path);
  g_free (self->folder);
}

GBytes *
scratch_bytes (const gchar *header, gsize data_size)
{
  GByteArray *bytes = g_byte_array_new ();
  guint64 length = strlen (header);
  gsize start = sizeof (length) + length;

  g_byte_array_append (bytes, (const guint8 *) &length, sizeof (length));
  g_byte_array_append (bytes, (const guint8 *) header, (guint) length);
  g_byte_array_set_size (bytes, (guint) (start + data_size));
  if (data_size > 0)
    memset (bytes->data + start, 0, data_size);
  return g_byte_array_free_to_bytes (bytes);
}

void
scratch_write (Scratch *self, GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  FILE *file = g_fopen (self->path, "wb");

  g_assert_nonnull (file);
  if (size > 0)
    g_assert_cmpuint (fwrite (data, 1, size, file), ==, size);
  g_assert_cmpint (fclose (file), ==, 0);
}

GBytes *
scratch_read (Scratch *self)
{
  g_autoptr (GError) error = NULL;
  gchar *data;
  gsize size;

  g_file_get_contents (self->path, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

gsize
scratch_header_end (GBytes *bytes)
{
  guint64 length;

  memcpy (&length, g_bytes_get_data (bytes, NULL), sizeof (length));
  return sizeof (length) + (gsize) length;
}

void
scratch_expect (
    const GError *error, gint code, const gchar *path, const gchar *part)
{
  g_assert_error (error, GST_SOD_ERROR, code);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (strstr (error->message, path) == NULL)
    g_error ("the message does not name %s: %s", path, error->message);
  if (part != NULL && strstr (error->message, part) == NULL)
    g_error ("the message does not say '%s': %s", part, error->message);
}

gboolean
scratch_drop_rights (Scratch *self)
{
  if (geteuid () != 0)
    return TRUE;
  g_assert_cmpint (g_chmod (self->folder, 0755), ==, 0);
  if (seteuid (NOBODY) == 0) {
    g_test_message ("as user %d", NOBODY);
    return TRUE;
  }
  g_test_skip ("root that may not change its user id");
  return FALSE;
}

void
scratch_restore_rights (void)
{
  if (getuid () != 0)
    return;
  g_assert_cmpint (seteuid (0), ==, 0);
  prctl (PR_SET_DUMPABLE, 1); /* the leak checker attaches to us */
}

guint
scratch_count (Scratch *self)
{
  GDir *dir = g_dir_open (self->folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  g_dir_close (dir);
  return n;
}

gchar *
scratch_reference (const gchar *name)
{
  const gchar *data = g_getenv ("SOD_DATA");
  const gchar *source = g_getenv ("SOD_SOURCE_DIR");
  g_autofree gchar *path = NULL;

  if (data != NULL)
    path = g_build_filename (data, "..", "reference", name, NULL);
  else
    path = g_build_filename (
        source != NULL ? source : ".", "..", "shared", "reference", name, NULL);
  if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return g_steal_pointer (&path);
  g_test_skip_printf (
      "no %s: set SOD_DATA to the folder beside reference/", path);
  return NULL;
}

static const gchar tiny[] =
    "{\"kind\":\"base\",\"preset\":\"tiny\",\"input-size\":[32,16],"
    "\"input-frames\":1,\"widths\":[8,8,8,8],"
    "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"
    "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}";

GstSodNetwork *
scratch_new_tiny (guint64 seed)
{
  g_autoptr (GstSodArchitecture) architecture = NULL;
  g_autoptr (GError) error = NULL;
  GstSodNetwork *network;

  architecture = gst_sod_architecture_new_from_json (tiny, &error);
  g_assert_no_error (error);
  network = gst_sod_network_new_random (architecture, seed, &error);
  g_assert_no_error (error);
  return network;
}

void
scratch_save_tiny (Scratch *self)
{
  g_autoptr (GstSodNetwork) network = scratch_new_tiny (1);
  g_autoptr (GError) error = NULL;

  gst_sod_network_save (network, self->path, &error);
  g_assert_no_error (error);
}
