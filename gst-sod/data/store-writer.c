/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Segments grow at their end only. A record counts once the system says that
 * it is on the disk; what is less is cut off again. */
#include <gst-sod/data/store-private.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gst-sod/data/picture-private.h>

/* A segment is at most this part of what a limit allows. */
#define PARTS 8

/* Raises what errno @code says of a file that could not be written. */
static gboolean
fail (const gchar *path, const gchar *what, gint code, GError **error)
{
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_SPACE,
        "%s: %s: %s; make room, or let the store keep less (gst-sod store "
        "prune, max-size, max-age)",
        path, what, g_strerror (code));
    return FALSE;
  }
  if (code == EACCES || code == EPERM || code == EROFS) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
        "%s: %s: %s; make it writable for this user", path, what,
        g_strerror (code));
    return FALSE;
  }
  gst_sod_file_error (path, what, code, error);
  return FALSE;
}

/* New names in a folder are safe once the folder is. */
static gboolean
sync_folder (const gchar *path, GError **error)
{
  gint file = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gint code = 0;

  if (file < 0 || fsync (file) != 0)
    code = errno;
  if (file >= 0)
    close (file);
  return code == 0 || code == EINVAL
         || fail (path, "cannot be synchronised", code, error);
}

gboolean
gst_sod_store_make_folder (const gchar *path, GError **error)
{
  g_autofree gchar *above = g_path_get_dirname (path);

  if (mkdir (path, 0777) == 0)
    return sync_folder (above, error);
  if (errno == ENOENT) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
        "%s: cannot be made: there is no folder %s; make that one, or name "
        "another",
        path, above);
    return FALSE;
  }
  return errno == EEXIST || fail (path, "cannot be made", errno, error);
}

static gboolean
write_all (gint file, const guint8 *data, gsize size, guint64 offset)
{
  while (size > 0) {
    gssize n = pwrite (file, data, size, (off_t) offset);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return FALSE;
    data += n;
    size -= (gsize) n;
    offset += (guint64) n;
  }
  return TRUE;
}

static GstSodSegment *
last_segment (GstSodStoreNode *node)
{
  return node->segments->len > 0
             ? g_ptr_array_index (node->segments, node->segments->len - 1)
             : NULL;
}

/* The next record goes to a new segment, or to what is left of this one. */
static void
seal (GstSodStoreNode *node)
{
  if (node->file >= 0)
    close (node->file);
  node->file = -1;
  node->is_unsynced = FALSE;
}

/* What the disk did not take may or may not be there: it is cut off, and only
 * what is found in the file is known from then on. */
static gboolean
sync_node (GstSodStoreNode *node, GError **error)
{
  GstSodSegment *segment = last_segment (node);
  gint code;

  if (!node->is_unsynced)
    return TRUE;
  if (fdatasync (node->file) == 0) {
    node->is_unsynced = FALSE;
    node->synced = segment->end;
    return TRUE;
  }
  code = errno;
  fail (segment->path, "cannot be synchronised", code, error);
  if (ftruncate (node->file, (off_t) node->synced) != 0)
    fsync (node->file);
  seal (node);
  gst_sod_store_node_reload (node, NULL);
  return FALSE;
}

gboolean
gst_sod_store_begin_segment (GstSodStoreNode *node, GError **error)
{
  GstSodSegment *last = last_segment (node);
  g_autoptr (GstSodSegment) segment =
      gst_sod_segment_new (node->folder, last != NULL ? last->index + 1 : 1);
  guint8 header[GST_SOD_SEGMENT_HEADER];
  gint64 now = g_get_real_time ();
  gint file, code = 0;

  if (!sync_node (node, error))
    return FALSE;
  seal (node);
  if (!gst_sod_store_make_folder (node->folder, error))
    return FALSE;
  file = open (segment->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0)
    return fail (segment->path, "cannot be made", errno, error);
  gst_sod_segment_header_pack (header, node->next_number, now);
  if (!write_all (file, header, sizeof (header), 0) || fsync (file) != 0)
    code = errno;
  if (code != 0 || !sync_folder (node->folder, error)) {
    close (file);
    unlink (segment->path);
    if (code != 0)
      fail (segment->path, "cannot be written", code, error);
    return FALSE;
  }
  segment->first = node->next_number;
  segment->created = now;
  segment->has_header = TRUE;
  segment->size = segment->end = GST_SOD_SEGMENT_HEADER;
  g_ptr_array_add (node->segments, g_steal_pointer (&segment));
  node->file = file;
  node->synced = GST_SOD_SEGMENT_HEADER;
  return TRUE;
}

/* Frames of one segment go together when they are too old. */
static gboolean
is_full (const GstSodStore *self, const GstSodSegment *segment, gsize n_more)
{
  gint64 span = (gint64) self->max_age * G_USEC_PER_SEC / PARTS;
  guint64 size = self->segment_size;

  if (self->max_size > 0)
    size = MIN (size, self->max_size / PARTS);
  if (self->max_node_size > 0)
    size = MIN (size, self->max_node_size / PARTS);
  return segment->end > GST_SOD_SEGMENT_HEADER
         && (segment->end + n_more > size
             || (self->max_age > 0
                 && g_get_real_time () - segment->created > span));
}

/* Opens the last segment to write, or begins a new one where there is none,
 * where the last is full or has damage: a record that was cut off in its middle
 * would reach over what comes after it. */
static gboolean
open_segment (
    GstSodStore *self, GstSodStoreNode *node, gsize n_more, GError **error)
{
  GstSodSegment *last = last_segment (node);

  if (last == NULL || !last->has_header || last->size != last->end
      || last->damages->len > 0 || is_full (self, last, n_more))
    return gst_sod_store_begin_segment (node, error);
  if (node->file >= 0)
    return TRUE;
  node->file = open (last->path, O_WRONLY | O_CLOEXEC);
  node->synced = last->end;
  return node->file >= 0 || fail (last->path, "cannot be opened", errno, error);
}

/* Takes back what was written behind the last sound record; where not even
 * that can be done, the segment is left as it is. */
static void
take_back (GstSodStoreNode *node)
{
  GstSodSegment *segment = last_segment (node);

  if (ftruncate (node->file, (off_t) segment->end) == 0) {
    segment->size = segment->end;
    return;
  }
  segment->size = segment->end + 1;
  seal (node);
}

gboolean
gst_sod_store_write (GstSodStore *self, GstSodStoreNode *node,
    const GstSodEntry *record, const GByteArray *bytes, GError **error)
{
  GstSodSegment *segment;
  guint64 offset;

  if (!open_segment (self, node, bytes->len, error))
    return FALSE;
  segment = last_segment (node);
  offset = segment->end;
  if (!write_all (node->file, bytes->data, bytes->len, offset)) {
    gint code = errno;

    take_back (node);
    return fail (segment->path, "a record cannot be written", code, error);
  }
  segment->end = segment->size = offset + bytes->len;
  node->is_unsynced = TRUE;
  if (record->kind == GST_SOD_ENTRY_FRAME) {
    segment->n_frames++;
    segment->oldest = MIN (segment->oldest, record->wall_time);
    segment->newest = MAX (segment->newest, record->wall_time);
  }
  return TRUE;
}

gboolean
gst_sod_store_sync_nodes (GstSodStore *self, GError **error)
{
  for (guint i = 0; i < self->nodes->len; i++) {
    if (!sync_node (g_ptr_array_index (self->nodes, i), error))
      return FALSE;
  }
  self->last_sync = g_get_monotonic_time ();
  return TRUE;
}

gboolean
gst_sod_store_node_mend (GstSodStoreNode *node, GError **error)
{
  GstSodSegment *segment = last_segment (node);
  gint file, code = 0;

  if (segment == NULL || segment->size == segment->end)
    return TRUE;
  /* Numbers that the lost bytes may have had are not given again: a label that
   * was drawn for one of them must find no other frame. */
  node->next_number +=
      (segment->size - segment->end) / GST_SOD_ENTRY_HEADER + 1;
  if (!segment->is_torn || !segment->has_header)
    return TRUE;
  file = open (segment->path, O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return fail (segment->path, "cannot be opened", errno, error);
  if (ftruncate (file, (off_t) segment->end) != 0 || fsync (file) != 0)
    code = errno;
  close (file);
  if (code != 0)
    return fail (segment->path, "cannot be mended", code, error);
  segment->size = segment->end;
  segment->is_torn = FALSE;
  /* Its header keeps the number. Where there is no room, that must do which
   * the next one has. */
  gst_sod_store_begin_segment (node, NULL);
  return TRUE;
}

void
gst_sod_store_node_free (GstSodStoreNode *node)
{
  if (node->file >= 0)
    close (node->file);
  g_clear_pointer (&node->last_picture, g_byte_array_unref);
  g_ptr_array_unref (node->segments);
  g_array_unref (node->frames);
  g_free (node->name);
  g_free (node->folder);
  g_free (node);
}
