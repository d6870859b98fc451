/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* memmem() */
#include <gst-sod/data/store-segment-private.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gst-sod/data/crc32c-private.h>
#include <gst-sod/data/picture-private.h>

/* Bytes that are looked through at a time for the next record. */
#define WINDOW 65536

GstSodSegment *
gst_sod_segment_new (const gchar *folder, guint index)
{
  GstSodSegment *self = g_new0 (GstSodSegment, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->path = g_strdup_printf ("%s/%08u.sod", folder, index);
  self->index = index;
  g_mutex_init (&self->lock);
  self->file = -1;
  self->oldest = G_MAXINT64;
  self->newest = G_MININT64;
  self->damages = g_array_new (FALSE, FALSE, sizeof (GstSodDamage));
  return self;
}

GstSodSegment *
gst_sod_segment_ref (GstSodSegment *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
gst_sod_segment_unref (GstSodSegment *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->file >= 0)
    close (self->file);
  g_mutex_clear (&self->lock);
  g_array_unref (self->damages);
  g_free (self->path);
  g_free (self);
}

guint
gst_sod_segment_parse_name (const gchar *name)
{
  guint index;
  gint length = 0;

  if (strspn (name, "0123456789") != 8
      || sscanf (name, "%8u.sod%n", &index, &length) != 1 || length != 12
      || name[12] != '\0')
    return 0;
  return index;
}

static gboolean
fail (GstSodSegment *self, const gchar *what, gint code, GError **error)
{
  gst_sod_file_error (self->path, what, code, error);
  return FALSE;
}

/* Opens the file, or finds it open; others may use it at the same time. */
static gboolean
acquire (GstSodSegment *self, GError **error)
{
  gint code = 0;

  g_mutex_lock (&self->lock);
  if (self->file < 0) {
    self->file = open (self->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    code = errno;
  }
  if (self->file >= 0) {
    self->n_users++;
    code = 0;
  }
  g_mutex_unlock (&self->lock);
  return code == 0 || fail (self, "cannot be opened", code, error);
}

/* A store has more files than a process may have open. */
static void
release (GstSodSegment *self)
{
  g_mutex_lock (&self->lock);
  if (--self->n_users == 0 && !self->is_pinned) {
    close (self->file);
    self->file = -1;
  }
  g_mutex_unlock (&self->lock);
}

gboolean
gst_sod_segment_pin (GstSodSegment *self, GError **error)
{
  if (!acquire (self, error))
    return FALSE;
  self->is_pinned = TRUE;
  release (self);
  return TRUE;
}

/* As much as there is of @size bytes; -1 with errno set. */
static gssize
read_at (GstSodSegment *self, guint8 *data, gsize size, guint64 offset)
{
  gsize done = 0;

  while (done < size) {
    gssize n =
        pread (self->file, data + done, size - done, (off_t) (offset + done));

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -1;
    if (n == 0)
      break;
    done += (gsize) n;
  }
  return (gssize) done;
}

/* ---- scanning ---- */

/* Where the next record may begin, from @offset on; the file's size where none
 * does, or only the first bytes of its magic. */
static gboolean
find_magic (GstSodSegment *self, guint64 offset, guint64 *found, GError **error)
{
  g_autofree guint8 *window = g_malloc (WINDOW);

  while (offset < self->size) {
    gssize n =
        read_at (self, window, MIN (WINDOW, self->size - offset), offset);
    const guint8 *at;

    if (n < 0)
      return fail (self, "cannot be read", errno, error);
    at = memmem (
        window, (gsize) n, gst_sod_entry_magic, GST_SOD_ENTRY_MAGIC_SIZE);
    if (at != NULL) {
      *found = offset + (guint64) (at - window);
      return TRUE;
    }
    if (n < WINDOW)
      break;
    offset += WINDOW - (GST_SOD_ENTRY_MAGIC_SIZE - 1);
  }
  *found = self->size;
  return TRUE;
}

static void
add_damage (
    GstSodSegment *self, guint64 offset, guint64 end, const gchar *reason)
{
  GstSodDamage damage = { offset, end - offset, reason };

  g_array_append_val (self->damages, damage);
}

static gboolean
read_segment_header (GstSodSegment *self, GError **error)
{
  guint8 header[GST_SOD_SEGMENT_HEADER];
  gssize n = read_at (self, header, sizeof (header), 0);

  if (n < 0)
    return fail (self, "cannot be read", errno, error);
  self->has_header = gst_sod_segment_header_parse (
      header, (gsize) n, &self->first, &self->created);
  if (self->has_header)
    self->end = GST_SOD_SEGMENT_HEADER;
  return TRUE;
}

static gboolean
look_at_size (GstSodSegment *self, GError **error)
{
  struct stat status;

  if (fstat (self->file, &status) != 0)
    return fail (self, "cannot be looked at", errno, error);
  if (!S_ISREG (status.st_mode)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
        "%s: is no regular file; take it out of the store", self->path);
    return FALSE;
  }
  self->size = (guint64) status.st_size;
  return TRUE;
}

typedef struct
{
  guint64 offset;      /* where a record is expected */
  guint64 bad_from;    /* first byte of the damage before it */
  gboolean is_bad;     /* there is such a damage */
  gboolean is_torn;    /* which may be a record that was not written whole */
  const gchar *reason; /* of the damage */
} Scan;

static void
mark_bad (Scan *scan, gboolean is_torn, const gchar *reason)
{
  if (!scan->is_bad) {
    scan->bad_from = scan->offset;
    scan->reason = reason;
    scan->is_torn = is_torn;
  }
  scan->is_bad = TRUE;
}

static void
accept (GstSodSegment *self, Scan *scan, const GstSodEntry *record)
{
  if (scan->is_bad)
    add_damage (self, scan->bad_from, scan->offset, scan->reason);
  scan->is_bad = FALSE;
  if (record->kind == GST_SOD_ENTRY_FRAME) {
    self->n_frames++;
    self->oldest = MIN (self->oldest, record->wall_time);
    self->newest = MAX (self->newest, record->wall_time);
  }
  scan->offset += gst_sod_entry_get_size (record);
  self->end = scan->offset;
}

static gboolean
scan_record (GstSodSegment *self, Scan *scan, GstSodSegmentFunc func,
    gpointer user_data, GError **error)
{
  guint8 head[GST_SOD_ENTRY_MAX_HEADER];
  guint64 left = self->size - scan->offset, next = scan->offset + 1;
  GstSodEntry record;
  gssize n =
      read_at (self, head, (gsize) MIN (sizeof (head), left), scan->offset);

  if (n < 0)
    return fail (self, "cannot be read", errno, error);
  switch (gst_sod_entry_parse (head, (gsize) n, &record)) {
    case GST_SOD_PARSED_GOOD:
      if (gst_sod_entry_get_size (&record) <= left) {
        func (&record, scan->offset, user_data);
        accept (self, scan, &record);
        return TRUE;
      }
      mark_bad (scan, TRUE, "the record is cut off");
      next = scan->offset + gst_sod_entry_get_header_size (&record);
      break;
    case GST_SOD_PARSED_SHORT:
      mark_bad (scan, (gsize) n == left, "the record's header is cut off");
      break;
    default:
      mark_bad (scan, FALSE, "no record begins here, or its header is damaged");
      break;
  }
  return find_magic (self, next, &scan->offset, error);
}

static gboolean
scan_open (GstSodSegment *self, GstSodSegmentFunc func, gpointer user_data,
    GError **error)
{
  Scan scan = { 0 };

  if (!look_at_size (self, error))
    return FALSE;
  if (self->end == 0 && !read_segment_header (self, error))
    return FALSE;
  scan.offset = self->end;
  if (self->end == 0 && self->size > 0) {
    mark_bad (&scan, self->size < GST_SOD_SEGMENT_HEADER,
        "the segment's header is damaged");
    if (!find_magic (self, 0, &scan.offset, error))
      return FALSE;
  }
  while (scan.offset < self->size) {
    if (!scan_record (self, &scan, func, user_data, error))
      return FALSE;
  }
  self->is_torn = scan.is_bad && scan.is_torn;
  self->has_tail_damage = scan.is_bad && !scan.is_torn;
  return TRUE;
}

gboolean
gst_sod_segment_scan (GstSodSegment *self, GstSodSegmentFunc func,
    gpointer user_data, GError **error)
{
  gboolean done;

  if (!acquire (self, error))
    return FALSE;
  done = scan_open (self, func, user_data, error);
  release (self);
  return done;
}

guint
gst_sod_segment_get_n_damages (const GstSodSegment *self)
{
  return self->damages->len + (self->has_tail_damage ? 1 : 0);
}

/* ---- reading ---- */

gboolean
gst_sod_segment_sync (GstSodSegment *self, GError **error)
{
  gint code = 0;

  if (!acquire (self, error))
    return FALSE;
  if (fdatasync (self->file) != 0)
    code = errno;
  release (self);
  /* A file system that is mounted to be read only has nothing to write. */
  return code == 0 || code == EROFS || code == EINVAL
         || fail (self, "cannot be synchronised", code, error);
}

static gboolean
damaged (GstSodSegment *self, guint64 offset, const gchar *what, GError **error)
{
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "%s: the record at byte %" G_GUINT64_FORMAT
      " is damaged (%s); gst-sod store verify lists all that are",
      self->path, offset, what);
  return FALSE;
}

static gboolean
read_open (GstSodSegment *self, guint64 offset, GstSodEntry *record,
    guint8 **payload, GError **error)
{
  guint8 head[GST_SOD_ENTRY_MAX_HEADER];
  g_autofree guint8 *data = NULL;
  gsize size;
  gssize n;

  n = read_at (self, head, sizeof (head), offset);
  if (n < 0)
    return fail (self, "cannot be read", errno, error);
  if (gst_sod_entry_parse (head, (gsize) n, record) != GST_SOD_PARSED_GOOD)
    return damaged (self, offset, "its header", error);
  size = (gsize) (record->picture_size + record->label_size);
  data = g_try_malloc (size);
  if (data == NULL)
    return fail (self, "a record cannot be read", ENOMEM, error);
  n = read_at (
      self, data, size, offset + gst_sod_entry_get_header_size (record));
  if (n < 0)
    return fail (self, "cannot be read", errno, error);
  if ((gsize) n < size)
    return damaged (self, offset, "it is cut off", error);
  if (gst_sod_crc32c (0, data, size) != record->payload_crc)
    return damaged (self, offset, "its checksum is wrong", error);
  *payload = g_steal_pointer (&data);
  return TRUE;
}

gboolean
gst_sod_segment_read (GstSodSegment *self, guint64 offset, GstSodEntry *record,
    guint8 **payload, GError **error)
{
  gboolean done;

  if (!acquire (self, error))
    return FALSE;
  done = read_open (self, offset, record, payload, error);
  release (self);
  return done;
}
