/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What disks and other programs do to a store. */
#define _GNU_SOURCE /* unshare() */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gst-sod/data/crc32c-private.h>
#include <gst-sod/data/store-private.h>

#include "store-support.h"
#include "support.h"

/* Of write_store(). */
#define FRAME_BYTES (GST_SOD_ENTRY_HEADER + 16 * 12 * 3)
#define RECORD(i) ((gsize) (GST_SOD_SEGMENT_HEADER + (i) *FRAME_BYTES))

static GstSodStore *
open_reader (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  GstSodStore *store =
      gst_sod_store_open (path, GST_SOD_STORE_FLAG_READ_ONLY, &error);

  g_assert_no_error (error);
  return store;
}

/* Samples of what write_store() wrote must be what it wrote. */
static guint
count_right (GstSodStore *store)
{
  g_autoptr (GstSodSamples) samples =
      gst_sod_store_snapshot (store, NULL, NULL);
  guint n = 0;

  for (guint i = 0; i < gst_sod_samples_get_n_samples (samples); i++) {
    g_autoptr (GstSodImage) image = NULL;
    guint number = 0;

    g_assert_cmpint (
        sscanf (gst_sod_samples_get_name (samples, i), "door/%u", &number), ==,
        1);
    if (gst_sod_samples_read (samples, i, &image, NULL, NULL)) {
      g_autoptr (GstSodImage) frame = make_frame (16, 12, number);

      assert_near (image, frame, 0);
      n++;
    }
  }
  return n;
}

/* The damages that verify() lists; the first one's offset. */
static guint
count_damaged (GstSodStore *store, gint64 *offset, const gchar *file)
{
  g_autofree gchar *text = gst_sod_store_verify (store, NULL, NULL);
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  JsonArray *damaged =
      json_object_get_array_member (json_node_get_object (root), "damaged");
  guint n = json_array_get_length (damaged);

  if (n > 0) {
    JsonObject *first = json_array_get_object_element (damaged, 0);

    *offset = json_object_get_int_member (first, "offset");
    g_assert_cmpstr (json_object_get_string_member (first, "file"), ==, file);
    g_assert_nonnull (json_object_get_string_member (first, "reason"));
  }
  return n;
}

typedef struct
{
  gchar *folder, *path, *segment;
  gchar *bytes; /* of the segment as it was */
  gsize size;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = scratch_new ();
  self->path = scratch_path (self->folder, "store");
  write_store (self->path, 6);
  self->segment = segment_path (self->path, "door", 1);
  g_assert_true (
      g_file_get_contents (self->segment, &self->bytes, &self->size, NULL));
  g_assert_cmpuint (self->size, ==, RECORD (6));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_free (self->bytes);
  g_free (self->segment);
  g_free (self->path);
  scratch_remove (self->folder);
}

/* ---- damage ---- */

static void
test_bit_flips (Fixture *self, gconstpointer data)
{
  for (gsize at = RECORD (2); at < RECORD (3); at++) {
    g_autofree gchar *flipped = g_memdup2 (self->bytes, self->size);
    g_autoptr (GstSodStore) store = NULL;
    gint64 offset = -1;

    flipped[at] ^= (gchar) (1 << (at * 5 % 8));
    write_bytes (self->segment, flipped, self->size);
    store = open_reader (self->path);
    g_assert_cmpuint (count_right (store), ==, 5);
    if (at < RECORD (2) + GST_SOD_ENTRY_HEADER)
      g_assert_cmpint (statistic (store, "damaged"), ==, 1);
    g_assert_cmpuint (count_damaged (store, &offset, self->segment), ==, 1);
    g_assert_cmpint (offset, ==, (gint64) RECORD (2));
  }
}

static void
test_segment_header (Fixture *self, gconstpointer data)
{
  for (gsize at = 0; at < GST_SOD_SEGMENT_HEADER; at++) {
    g_autofree gchar *flipped = g_memdup2 (self->bytes, self->size);
    g_autoptr (GstSodStore) store = NULL;

    flipped[at] ^= (gchar) (1 << (at % 8));
    write_bytes (self->segment, flipped, self->size);
    store = open_reader (self->path);
    g_assert_cmpuint (count_right (store), ==, 6);
    g_assert_cmpint (statistic (store, "damaged"), ==, 1);
  }
}

/* A label that is damaged leaves its frame unlabelled, or unreadable in its
 * label alone. */
static void
test_label_flips (Fixture *self, gconstpointer data)
{
  g_autoptr (GstSodStore) writer = open_store (self->path);
  g_autoptr (GstSodImage) label = make_label (16, 12, 5);
  g_autofree gchar *bytes = NULL;
  gsize size;

  g_assert_true (gst_sod_store_set_label (writer, "door/000003", label, NULL));
  g_clear_object (&writer);
  g_assert_true (g_file_get_contents (self->segment, &bytes, &size, NULL));
  for (gsize at = RECORD (6); at < size; at += 3) {
    g_autoptr (GstSodStore) store = NULL;
    gint64 offset = -1;

    bytes[at] ^= 0x10;
    write_bytes (self->segment, bytes, size);
    bytes[at] ^= 0x10;
    store = open_reader (self->path);
    g_assert_cmpuint (count_right (store), ==, 6);
    g_assert_cmpuint (count_damaged (store, &offset, self->segment), ==, 1);
    g_assert_cmpint (offset, ==, (gint64) RECORD (6));
  }
}

/* A writer that was killed leaves half of it: the frame is there, without a
 * label, and can be labelled again. */
static void
test_label_cuts (Fixture *self, gconstpointer data)
{
  g_autofree gchar *second = segment_path (self->path, "door", 2);
  g_autoptr (GstSodStore) writer = open_store (self->path);
  g_autoptr (GstSodImage) label = make_label (16, 12, 5);
  g_autofree gchar *bytes = NULL;
  gsize size;

  g_assert_true (gst_sod_store_set_label (writer, "door/000003", label, NULL));
  g_clear_object (&writer);
  g_assert_true (g_file_get_contents (self->segment, &bytes, &size, NULL));
  for (gsize cut = RECORD (6); cut < size; cut += 3) {
    write_bytes (self->segment, bytes, cut);
    g_remove (second);
    writer = open_store (self->path);
    g_assert_cmpuint (count_right (writer), ==, 6);
    g_assert_cmpint (statistic (writer, "labelled"), ==, 0);
    g_assert_true (
        gst_sod_store_set_label (writer, "door/000003", label, NULL));
    g_clear_object (&writer);
    writer = open_reader (self->path);
    g_assert_cmpint (statistic (writer, "labelled"), ==, 1);
    g_assert_cmpint (statistic (writer, "damaged"), ==, 0);
    g_assert_cmpuint (count_right (writer), ==, 6);
    g_clear_object (&writer);
  }
}

/* The writer cuts off what is left of a record, and no number is given twice
 * although the lost ones are unknown. */
static void
test_cuts (Fixture *self, gconstpointer data)
{
  for (gsize size = 0; size < self->size; size += 29) {
    guint n =
        size < RECORD (1) ? 0 : (guint) ((size - RECORD (0)) / FRAME_BYTES);
    g_autoptr (GstSodStore) store = NULL;
    g_autoptr (GstSodImage) frame = make_frame (16, 12, 99);
    g_autofree gchar *id = NULL;
    guint64 number;

    write_bytes (self->segment, self->bytes, size);
    store = open_reader (self->path);
    g_assert_cmpuint (count_right (store), ==, n);
    g_clear_object (&store);
    store = open_store (self->path);
    g_assert_cmpuint (count_right (store), ==, n);
    g_clear_object (&store);
    store = open_store (self->path);
    id = append (store, "door", frame, NULL, 0);
    number = g_ascii_strtoull (id + 5, NULL, 10);
    g_assert_cmpuint (number, >, n);
    if (size > RECORD (n))
      g_assert_cmpuint (number, >, n + 1);
    g_clear_object (&store);
    store = open_reader (self->path);
    g_assert_cmpint (statistic (store, "frames"), ==, n + 1);
    if (size >= GST_SOD_SEGMENT_HEADER)
      g_assert_cmpint (statistic (store, "damaged"), ==, 0);
    g_clear_object (&store);
    if (size != RECORD (n)) {
      g_autofree gchar *second = segment_path (self->path, "door", 2);

      g_assert_cmpint (g_remove (second), ==, 0);
    }
  }
}

static void
test_garbage (Fixture *self, gconstpointer data)
{
  g_autofree gchar *second = segment_path (self->path, "door", 2);
  g_autofree gchar *garbage = g_malloc (100000);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autoptr (GstSodStore) store = NULL;
  g_autoptr (GstSodImage) frame = make_frame (16, 12, 7);
  g_autofree gchar *id = NULL;
  g_autofree gchar *kept = NULL;
  gint64 offset;
  gsize size;

  for (guint i = 0; i < 100000; i++)
    garbage[i] = (gchar) g_rand_int (random);
  /* Much of it looks like the beginning of a record. */
  for (guint i = 0; i < 100000; i += 100)
    memcpy (garbage + i, gst_sod_entry_magic, GST_SOD_ENTRY_MAGIC_SIZE);
  write_bytes (second, garbage, 100000);
  store = open_store (self->path);
  g_assert_cmpuint (count_right (store), ==, 6);
  g_assert_cmpint (statistic (store, "damaged"), ==, 1);
  g_assert_cmpuint (count_damaged (store, &offset, second), ==, 1);
  id = append (store, "door", frame, NULL, 0);
  g_assert_true (g_file_get_contents (second, &kept, &size, NULL));
  g_assert_cmpmem (kept, size, garbage, 100000);
  g_clear_object (&store);
  store = open_reader (self->path);
  g_assert_cmpint (statistic (store, "frames"), ==, 7);
}

/* A header whose checksum is right, but not what it says. */
static void
test_huge_claims (Fixture *self, gconstpointer data)
{
  static const struct
  {
    guint at, n_bytes;
  } fields[] = { { 52, 4 }, { 56, 4 }, { 60, 4 }, { 64, 8 }, { 72, 8 },
    { 88, 4 }, { 24, 8 }, { 32, 8 }, { 40, 8 }, { 48, 4 }, { 18, 2 },
    { 20, 4 } };

  for (guint i = 0; i < 3 * G_N_ELEMENTS (fields); i++) {
    g_autofree gchar *wrong = g_memdup2 (self->bytes, self->size);
    gchar *header = wrong + RECORD (2);
    g_autoptr (GstSodStore) store = NULL;
    g_autoptr (GstSodSamples) samples = NULL;
    g_autoptr (GError) error = NULL;
    guint n_bytes = fields[i / 3].n_bytes;
    guint32 crc;
    g_autofree gchar *report = NULL;

    memset (header + fields[i / 3].at, 0xff, n_bytes);
    if (i % 3 > 0)
      header[fields[i / 3].at + n_bytes - 1] = i % 3 == 1 ? 0x7f : 0x00;
    crc = GUINT32_TO_LE (
        gst_sod_crc32c (0, header + 12, GST_SOD_ENTRY_HEADER - 12));
    memcpy (header + 8, &crc, 4);
    write_bytes (self->segment, wrong, self->size);
    store = open_reader (self->path);
    samples = gst_sod_store_snapshot (store, NULL, NULL);
    g_assert_cmpuint (count_readable (samples), >=, 5);
    report = gst_sod_store_verify (store, NULL, &error);
    g_assert_no_error (error);
  }
}

static void
test_other_files (Fixture *self, gconstpointer data)
{
  g_autofree gchar *folder = segment_path (self->path, "door", 7);
  g_autofree gchar *odd = g_build_filename (self->path, "door", "x.sod", NULL);
  g_autoptr (GError) error = NULL;

  write_text (odd, "x");
  g_clear_object (&(GstSodStore *){ open_reader (self->path) });
  g_assert_cmpint (g_mkdir (folder, 0755), ==, 0);
  g_assert_null (
      gst_sod_store_open (self->path, GST_SOD_STORE_FLAG_READ_ONLY, &error));
  assert_error (error, GST_SOD_ERROR_IO, folder, "regular", NULL);
}

/* ---- opening ---- */

static void
test_two_writers (Fixture *self, gconstpointer data)
{
  g_autoptr (GstSodStore) first = open_store (self->path);
  g_autoptr (GstSodStore) second = NULL;
  g_autofree gchar *holder = g_strdup_printf ("process %d", (gint) getpid ());
  g_autoptr (GError) error = NULL;

  g_assert_null (
      gst_sod_store_open (self->path, GST_SOD_STORE_FLAG_NONE, &error));
  assert_error (error, GST_SOD_ERROR_BUSY, self->path, holder, NULL);
  g_clear_object (&first);
  second = open_store (self->path);
}

static void
test_no_store (Fixture *self, gconstpointer data)
{
  g_autofree gchar *missing = scratch_path (self->folder, "missing");
  g_autofree gchar *below = g_build_filename (missing, "store", NULL);
  g_autofree gchar *mark = g_build_filename (self->path, "gst-sod-store", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_store_open (missing, GST_SOD_STORE_FLAG_NONE, &error));
  assert_error (error, GST_SOD_ERROR_NOT_FOUND, missing, NULL);
  g_clear_error (&error);
  g_assert_null (gst_sod_store_open (below, GST_SOD_STORE_FLAG_CREATE, &error));
  assert_error (
      error, GST_SOD_ERROR_NOT_FOUND, below, "no folder", missing, NULL);
  g_clear_error (&error);
  g_assert_null (
      gst_sod_store_open (self->folder, GST_SOD_STORE_FLAG_CREATE, &error));
  assert_error (error, GST_SOD_ERROR_FORMAT, "not empty", NULL);
  g_clear_error (&error);
  write_text (mark, "gst-sod frame store, format 2\n");
  g_assert_null (
      gst_sod_store_open (self->path, GST_SOD_STORE_FLAG_READ_ONLY, &error));
  assert_error (error, GST_SOD_ERROR_FORMAT, "newer", NULL);
}

/* Runs @func in a child, which ends with 0 where all is well, or 77 where it
 * cannot do what is asked. */
static gint
run_child (void (*func) (Fixture *self), Fixture *self)
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
open_without_permission (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  if (geteuid () == 0 && setuid (65534) != 0)
    _exit (77);
  g_assert_null (
      gst_sod_store_open (self->path, GST_SOD_STORE_FLAG_NONE, &error));
  assert_error (error, GST_SOD_ERROR_IO, self->path, "ermission", NULL);
  g_clear_error (&error);
  g_assert_null (
      gst_sod_store_open (self->path, GST_SOD_STORE_FLAG_READ_ONLY, &error));
  assert_error (error, GST_SOD_ERROR_IO, self->path, "ermission", NULL);
}

static void
test_no_permission (Fixture *self, gconstpointer data)
{
  gint status;

  g_assert_cmpint (g_chmod (self->folder, 0755), ==, 0);
  g_assert_cmpint (g_chmod (self->path, 0), ==, 0);
  status = run_child (open_without_permission, self);
  g_assert_cmpint (g_chmod (self->path, 0755), ==, 0);
  if (status == 77)
    g_test_skip ("no other user may be taken here");
  else
    g_assert_cmpint (status, ==, 0);
}

/* ---- a full disk ---- */

/* Appends until there is no room; how many were stored. */
static guint
fill (GstSodStore *store, guint from)
{
  for (guint i = from;; i++) {
    g_autoptr (GstSodImage) frame = make_frame (16, 12, i);
    g_autoptr (GError) error = NULL;

    if (gst_sod_store_append (
            store, "door", frame, NULL, i * 40000, NULL, &error))
      continue;
    assert_error (error, GST_SOD_ERROR_NO_SPACE, "make room", NULL);
    return i - from;
  }
}

static GstSodStore *
open_raw (const gchar *path)
{
  GstSodStore *store = open_store (path);

  g_object_set (
      store, "picture-format", GST_SOD_STORE_PICTURE_FORMAT_RAW, NULL);
  return store;
}

static void
fill_tmpfs (Fixture *self)
{
  g_autofree gchar *disk = scratch_path (self->folder, "disk");
  g_autofree gchar *path = g_build_filename (disk, "store", NULL);
  g_autofree gchar *ballast = g_build_filename (disk, "ballast", NULL);
  g_autofree gchar *zeros = g_malloc0 (40000);
  g_autoptr (GstSodStore) store = NULL;
  guint n;

  if (unshare (geteuid () == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0
      || mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
      || g_mkdir (disk, 0755) != 0
      || mount ("none", disk, "tmpfs", 0, "size=200k") != 0)
    _exit (77);
  write_bytes (ballast, zeros, 40000);
  store = open_raw (path);
  n = fill (store, 1);
  g_assert_cmpuint (n, >, 100);
  g_assert_cmpuint (count_right (store), ==, n);
  g_assert_cmpuint (fill (store, n + 1), ==, 0);
  /* Nothing is lost, and it goes on once there is room. */
  g_clear_object (&store);
  store = open_raw (path);
  g_assert_cmpuint (count_right (store), ==, n);
  g_assert_cmpint (g_remove (ballast), ==, 0);
  n += fill (store, n + 1);
  g_assert_cmpuint (n, >, 150);
  g_assert_cmpuint (count_right (store), ==, n);
  g_clear_object (&store);
  store = open_reader (path);
  g_assert_cmpint (statistic (store, "damaged"), ==, 0);
  g_assert_cmpuint (count_right (store), ==, n);
}

static void
test_full_disk (Fixture *self, gconstpointer data)
{
  gint status = run_child (fill_tmpfs, self);

  if (status == 77)
    g_test_skip ("no file system may be mounted here");
  else
    g_assert_cmpint (status, ==, 0);
}

/* The same where a file may not grow: half a record is written, then no more.
 */
static void
fill_limited (Fixture *self)
{
  g_autofree gchar *path = scratch_path (self->folder, "limited");
  g_autoptr (GstSodStore) store = open_raw (path);
  const struct rlimit limit = { RECORD (9) + FRAME_BYTES / 2, RLIM_INFINITY };
  const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
  g_autofree gchar *segment = segment_path (path, "door", 1);
  struct stat status;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  g_assert_cmpuint (fill (store, 1), ==, 9);
  g_assert_cmpint (stat (segment, &status), ==, 0);
  g_assert_cmpuint ((gsize) status.st_size, ==, RECORD (9));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &none), ==, 0);
  for (guint i = 10; i < 13; i++) {
    g_autoptr (GstSodImage) frame = make_frame (16, 12, i);
    g_autofree gchar *id = append (store, "door", frame, NULL, i * 40000);
  }
  g_assert_cmpuint (count_right (store), ==, 12);
}

static void
test_full_file (Fixture *self, gconstpointer data)
{
  g_assert_cmpint (run_child (fill_limited, self), ==, 0);
}

/* ---- power cuts ---- */

/* The store's calls of it end here: what is on the disk is what was there at
 * the last one that worked. */
static guint n_syncs;
static guint64 synced_size;
static gboolean sync_fails;
int fdatasync (int file);

int
fdatasync (int file)
{
  struct stat status;

  if (sync_fails) {
    errno = EIO;
    return -1;
  }
  n_syncs++;
  g_assert_cmpint (fstat (file, &status), ==, 0);
  synced_size = (guint64) status.st_size;
  return (int) syscall (SYS_fdatasync, file);
}

/* A power cut takes away what was not synchronised: nothing of what append()
 * has said to be stored. */
static void
test_power_cut (Fixture *self, gconstpointer data)
{
  g_autofree gchar *path = scratch_path (self->folder, "powerless");
  g_autofree gchar *segment = segment_path (path, "door", 1);

  for (guint i = 1; i <= 5; i++) {
    g_autoptr (GstSodStore) store = open_raw (path);
    g_autoptr (GstSodImage) frame = make_frame (16, 12, i);
    g_autofree gchar *id = append (store, "door", frame, NULL, 0);
    guint64 size = synced_size;

    g_clear_object (&store);
    g_assert_cmpint (truncate (segment, (off_t) size), ==, 0);
    store = open_reader (path);
    g_assert_cmpuint (count_right (store), ==, i);
  }
}

static void
test_sync_interval (Fixture *self, gconstpointer data)
{
  g_autoptr (GstSodStore) store = open_raw (self->path);
  guint before = n_syncs;

  for (guint i = 7; i < 12; i++) {
    g_autoptr (GstSodImage) frame = make_frame (16, 12, i);
    g_autofree gchar *id = append (store, "door", frame, NULL, i * 40000);
  }
  g_assert_cmpuint (n_syncs - before, ==, 5);
  g_object_set (store, "sync-interval", 3600000, NULL);
  before = n_syncs;
  for (guint i = 12; i < 17; i++) {
    g_autoptr (GstSodImage) frame = make_frame (16, 12, i);
    g_autofree gchar *id = append (store, "door", frame, NULL, i * 40000);
  }
  g_assert_cmpuint (n_syncs - before, ==, 0);
  g_assert_true (gst_sod_store_sync (store, NULL));
  g_assert_cmpuint (n_syncs - before, ==, 1);
  g_assert_cmpuint (synced_size, ==, RECORD (16));
}

static void
test_failing_sync (Fixture *self, gconstpointer data)
{
  g_autoptr (GstSodStore) store = open_raw (self->path);
  g_autoptr (GstSodImage) seventh = make_frame (16, 12, 7);
  g_autoptr (GstSodImage) label = make_label (16, 12, 7);
  g_autofree gchar *id = NULL;
  g_autoptr (GError) error = NULL;

  sync_fails = TRUE;
  g_assert_false (
      gst_sod_store_append (store, "door", seventh, NULL, 0, &id, &error));
  g_assert_null (id);
  assert_error (error, GST_SOD_ERROR_IO, self->segment, "synchronised", NULL);
  g_clear_error (&error);
  g_assert_false (
      gst_sod_store_set_label (store, "door/000002", label, &error));
  assert_error (error, GST_SOD_ERROR_IO, self->segment, NULL);
  sync_fails = FALSE;
  g_assert_cmpint (statistic (store, "frames"), ==, 6);
  g_assert_cmpint (statistic (store, "labelled"), ==, 0);
  id = append (store, "door", seventh, NULL, 0);
  g_assert_cmpint (statistic (store, "frames"), ==, 7);
  g_clear_object (&store);
  store = open_reader (self->path);
  g_assert_cmpint (statistic (store, "frames"), ==, 7);
  g_assert_cmpint (statistic (store, "damaged"), ==, 0);
}

#define ADD(name, func)                                                        \
  g_test_add ("/store/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  use_memory ();
  g_test_init (&argc, &argv, NULL);
  ADD ("damage/a-flipped-bit-costs-one-record", test_bit_flips);
  ADD ("damage/of-a-segment-header-costs-nothing", test_segment_header);
  ADD ("damage/of-a-label-leaves-the-frame", test_label_flips);
  ADD ("damage/cut-anywhere-a-label-leaves-the-frame", test_label_cuts);
  ADD ("damage/cut-anywhere-keeps-what-is-before", test_cuts);
  ADD ("damage/garbage-is-passed-over", test_garbage);
  ADD ("damage/claims-are-not-believed", test_huge_claims);
  ADD ("damage/other-files-are-left-alone", test_other_files);
  ADD ("open/second-writer-is-told-of-the-first", test_two_writers);
  ADD ("open/what-is-no-store-is-refused", test_no_store);
  ADD ("open/without-permission-says-so", test_no_permission);
  ADD ("full/disk-loses-nothing", test_full_disk);
  ADD ("full/half-a-record-is-taken-back", test_full_file);
  ADD ("power/everything-acknowledged-is-on-the-disk", test_power_cut);
  ADD ("sync/interval-groups-them", test_sync_interval);
  ADD ("sync/failure-takes-back-what-it-was-for", test_failing_sync);
  return g_test_run ();
}
