/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames and labels on their way to the disk. What costs time, coding and
 * hashing, is done before the lock is taken. */
#include <gst-sod/data/store.h>

#include <string.h>

#include <gst-sod/data/picture-private.h>
#include <gst-sod/data/store-private.h>

/* A record that is coded, but not numbered yet. */
typedef struct
{
  GstSodEntry record;
  GByteArray *picture, *label; /* coded; NULL = none */
} Coded;

static void
clear_coded (gpointer data)
{
  Coded *coded = data;

  g_clear_pointer (&coded->picture, g_byte_array_unref);
  g_clear_pointer (&coded->label, g_byte_array_unref);
}

gboolean
gst_sod_store_check_writable (GstSodStore *self, GError **error)
{
  if (!self->read_only)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
      "%s: was opened to read only; open it to write", self->path);
  return FALSE;
}

/* ---- coding ---- */

static gboolean
code_label (Coded *coded, const GstSodImage *label, GError **error)
{
  if (!gst_sod_store_check_label (label, (gint) coded->record.width,
          (gint) coded->record.height, error))
    return FALSE;
  coded->label = gst_sod_png_encode (label, error);
  if (coded->label == NULL)
    return FALSE;
  coded->record.label_size = coded->label->len;
  return TRUE;
}

static void
measure_likeness (Coded *coded, const GstSodRaster *rgb)
{
  GstSodRaster gray = *rgb;
  GstSodLikeness likeness;

  gray.pixels = g_memdup2 (rgb->pixels, (gsize) rgb->width * rgb->height * 3);
  gst_sod_raster_make_brightness (&gray);
  likeness = gst_sod_likeness_of_pixels (gray.pixels, gray.width, gray.height);
  g_free (gray.pixels);
  coded->record.likeness = likeness.bits;
  if (likeness.is_known)
    coded->record.flags |= GST_SOD_ENTRY_KNOWN_LIKENESS;
}

static gboolean
code_picture (Coded *coded, const GstSodImage *picture,
    GstSodStorePictureFormat format, guint quality, GError **error)
{
  GstSodRaster rgb = { 0 };
  gboolean owned;

  if (!gst_sod_raster_view_rgb (picture, &rgb, &owned, error))
    return FALSE;
  measure_likeness (coded, &rgb);
  if (format == GST_SOD_STORE_PICTURE_FORMAT_RAW) {
    gsize size = (gsize) rgb.width * rgb.height * 3;

    coded->record.picture_format = GST_SOD_ENTRY_PICTURE_RAW;
    coded->picture = g_byte_array_sized_new ((guint) size);
    g_byte_array_append (coded->picture, rgb.pixels, (guint) size);
  } else {
    coded->record.picture_format = GST_SOD_ENTRY_PICTURE_JPEG;
    coded->picture = gst_sod_jpeg_encode (&rgb, (gint) quality, error);
  }
  if (owned)
    g_free (rgb.pixels);
  if (coded->picture == NULL)
    return FALSE;
  coded->record.picture_size = coded->picture->len;
  return TRUE;
}

static gboolean
code_frame (GstSodStore *self, const GstSodStoreFrame *frame, Coded *coded,
    GError **error)
{
  GstSodEntry *record = &coded->record;
  GstSodStorePictureFormat format;
  guint quality;

  if (!gst_sod_store_check_node (frame->node, error))
    return FALSE;
  if (frame->source != NULL
      && strlen (frame->source) > GST_SOD_ENTRY_MAX_SOURCE) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "the source of a frame of %s has %" G_GSIZE_FORMAT
        " bytes, where %d are kept; give it a shorter name",
        frame->node, strlen (frame->source), GST_SOD_ENTRY_MAX_SOURCE);
    return FALSE;
  }
  if ((frame->wall_time != G_MININT64
          && !gst_sod_entry_time_is_sound (frame->wall_time))
      || (frame->stream_time != G_MININT64
          && !gst_sod_entry_time_is_sound (frame->stream_time))) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "a frame of %s is of a time more than 2^60 microseconds from zero; set "
        "its times, or leave them unset",
        frame->node);
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  format = self->picture_format;
  quality = self->jpeg_quality;
  g_mutex_unlock (&self->lock);
  record->kind = GST_SOD_ENTRY_FRAME;
  record->width = (guint32) frame->picture->width;
  record->height = (guint32) frame->picture->height;
  record->wall_time =
      frame->wall_time != G_MININT64 ? frame->wall_time : g_get_real_time ();
  record->stream_time =
      frame->stream_time != G_MININT64 ? frame->stream_time : record->wall_time;
  if (frame->source != NULL)
    strcpy (record->source, frame->source);
  if ((frame->label != NULL && !code_label (coded, frame->label, error))
      || !code_picture (coded, frame->picture, format, quality, error)) {
    g_prefix_error (error, "a frame of %s cannot be stored: ", frame->node);
    return FALSE;
  }
  return TRUE;
}

/* ---- appending, under the lock ---- */

static GstSodStoreNode *
get_node (GstSodStore *self, const gchar *name)
{
  GstSodStoreNode *node = gst_sod_store_find_node (self, name);
  guint at = 0;

  if (node != NULL)
    return node;
  node = gst_sod_store_node_new (self->path, name);
  while (at < self->nodes->len
         && strcmp (
                ((GstSodStoreNode *) g_ptr_array_index (self->nodes, at))->name,
                name)
                < 0)
    at++;
  g_ptr_array_insert (self->nodes, (gint) at, node);
  return node;
}

static gboolean
is_near_duplicate (const GstSodStore *self, const GstSodStoreNode *node,
    const GstSodEntry *record)
{
  GstSodLikeness likeness = { record->likeness,
    (record->flags & GST_SOD_ENTRY_KNOWN_LIKENESS) != 0 };

  if (self->thinning == 0 || record->label_size > 0)
    return FALSE;
  for (guint i = 0; i < GST_SOD_STORE_RECENT; i++) {
    if (gst_sod_likeness_distance (&likeness, &node->recent[i])
        < self->thinning)
      return TRUE;
  }
  return FALSE;
}

static void
number_record (GstSodStoreNode *node, GstSodEntry *record)
{
  record->number = node->next_number;
  if (node->pending_discontinuity) {
    record->flags |= GST_SOD_ENTRY_DISCONTINUITY;
    record->sequence = node->next_sequence;
  } else {
    record->sequence = node->next_sequence - 1;
  }
}

static gboolean
write_record (
    GstSodStore *self, GstSodStoreNode *node, Coded *coded, GError **error)
{
  g_autoptr (GByteArray) bytes = gst_sod_entry_pack (&coded->record,
      coded->picture != NULL ? coded->picture->data : NULL,
      coded->label != NULL ? coded->label->data : NULL);
  GstSodSegment *segment;

  if (!gst_sod_store_make_room (self, node, bytes->len, NULL, error)
      || !gst_sod_store_write (self, node, &coded->record, bytes, error))
    return FALSE;
  segment = g_ptr_array_index (node->segments, node->segments->len - 1);
  gst_sod_store_node_add (
      node, segment, &coded->record, segment->end - bytes->len);
  return TRUE;
}

/* The frame is left out, but may be the neighbour of the next. */
static void
leave_out (GstSodStore *self, GstSodStoreNode *node, Coded *coded)
{
  self->n_thinned++;
  g_clear_pointer (&node->last_picture, g_byte_array_unref);
  if (!self->keep_neighbours)
    return;
  node->last = coded->record;
  node->last.flags |= GST_SOD_ENTRY_NEIGHBOUR;
  node->last_picture = g_steal_pointer (&coded->picture);
}

static gboolean
keep (GstSodStore *self, GstSodStoreNode *node, Coded *coded, GError **error)
{
  if (node->next_number > GST_SOD_ENTRY_MAX_NUMBER) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "%s: no number is left for another frame: a record with the greatest "
        "one was put there; begin a new store",
        node->folder);
    return FALSE;
  }
  number_record (node, &coded->record);
  if (!write_record (self, node, coded, error))
    return FALSE;
  node->pending_discontinuity = FALSE;
  return TRUE;
}

static gboolean
append_coded (
    GstSodStore *self, GstSodStoreFrame *frame, Coded *coded, GError **error)
{
  GstSodStoreNode *node = get_node (self, frame->node);
  Coded before = { 0 };
  gboolean done;

  /* A sequence goes on while its time grows. */
  if (frame->discontinuity || !node->goes_on
      || coded->record.stream_time <= node->last_stream_time) {
    node->pending_discontinuity = TRUE;
    g_clear_pointer (&node->last_picture, g_byte_array_unref);
  }
  node->goes_on = TRUE;
  node->last_stream_time = coded->record.stream_time;
  if (is_near_duplicate (self, node, &coded->record)) {
    leave_out (self, node, coded);
    return TRUE;
  }
  before.record = node->last;
  before.picture = g_steal_pointer (&node->last_picture);
  done = (before.picture == NULL || keep (self, node, &before, error))
         && keep (self, node, coded, error);
  clear_coded (&before);
  return done;
}

static gboolean
sync_when_due (GstSodStore *self, GError **error)
{
  gint64 interval = (gint64) self->sync_interval * 1000;

  return (interval > 0 && g_get_monotonic_time () - self->last_sync < interval)
         || gst_sod_store_sync_nodes (self, error);
}

/* Frames before the one that fails are kept, and say so by their ids. */
static gboolean
append_all (GstSodStore *self, GstSodStoreFrame *const *frames, Coded *coded,
    gsize n_frames, GError **error)
{
  GError **where = error;
  gboolean done = TRUE;
  gsize n;

  for (n = 0; n < n_frames; n++) {
    done = append_coded (self, frames[n], &coded[n], error);
    if (!done)
      break;
  }
  if (!done)
    where = NULL;
  if (!sync_when_due (self, where))
    return FALSE;
  for (gsize i = 0; i < n; i++) {
    if (coded[i].record.number > 0)
      frames[i]->id =
          gst_sod_store_make_id (frames[i]->node, coded[i].record.number);
  }
  return done;
}

/**
 * gst_sod_store_append_frames:
 * @self: a store that was opened to write
 * @frames: (array length=n_frames): frames, of any nodes
 * @n_frames: how many
 * @error: return location for an error
 *
 * Appends several frames and waits for the disk once: faster than one by one.
 * Where it fails, those frames are stored that have an id then.
 *
 * Errors: as gst_sod_store_append().
 *
 * Returns: whether all are stored (or thinned out); if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_store_append_frames (GstSodStore *self, GstSodStoreFrame *const *frames,
    gsize n_frames, GError **error)
{
  g_autoptr (GArray) coded = NULL;
  gboolean done = TRUE;

  g_return_val_if_fail (GST_SOD_IS_STORE (self), FALSE);
  g_return_val_if_fail (frames != NULL || n_frames == 0, FALSE);

  if (!gst_sod_store_check_writable (self, error))
    return FALSE;
  coded = g_array_sized_new (FALSE, TRUE, sizeof (Coded), (guint) n_frames);
  g_array_set_clear_func (coded, clear_coded);
  g_array_set_size (coded, (guint) n_frames);
  for (gsize i = 0; i < n_frames; i++) {
    g_clear_pointer (&frames[i]->id, g_free);
    if (!code_frame (self, frames[i], &g_array_index (coded, Coded, i), error))
      return FALSE;
  }
  g_mutex_lock (&self->lock);
  done = append_all (
      self, frames, (Coded *) (gpointer) coded->data, n_frames, error);
  g_mutex_unlock (&self->lock);
  return done;
}

/**
 * gst_sod_store_append:
 * @self: a store that was opened to write
 * @node: which node (camera) the frame is of: 1 to 64 of A-Z a-z 0-9 . _ -, the
 *   first no dot
 * @frame: any picture; it is stored as 8-bit RGB
 * @label: (nullable): its mask: 8-bit gray of the frame's size, foreground
 *   brighter than 128
 * @time: stream time, microseconds from any zero; see
 *   gst_sod_store_frame_set_stream_time()
 * @id: (out) (optional) (nullable): what the store calls the frame, as
 *   `door/000123`; %NULL where it is a near-duplicate and was left out
 * @error: return location for an error
 *
 * Appends a frame. It is on the disk when this returns, unless
 * #GstSodStore:sync-interval says otherwise. Older frames go where a limit
 * asks for it. What was stored before is never harmed by a failure, and
 * appending goes on once its reason is gone.
 *
 * Errors: %GST_SOD_ERROR_NO_SPACE for a full disk, %GST_SOD_ERROR_IO,
 * %GST_SOD_ERROR_MISMATCH for a label of another size or one of 0 and 1,
 * %GST_SOD_ERROR_INVALID_ARGUMENT for a name that no node can have,
 * %GST_SOD_ERROR_UNSUPPORTED for a store that was opened to read only.
 *
 * Returns: whether it is stored (or thinned out); if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_store_append (GstSodStore *self, const gchar *node, GstSodImage *frame,
    GstSodImage *label, gint64 time, gchar **id, GError **error)
{
  g_autoptr (GstSodStoreFrame) entry = NULL;
  gboolean done;

  g_return_val_if_fail (GST_SOD_IS_STORE (self), FALSE);
  g_return_val_if_fail (node != NULL && frame != NULL, FALSE);

  entry = gst_sod_store_frame_new (node, frame);
  gst_sod_store_frame_set_label (entry, label);
  gst_sod_store_frame_set_stream_time (entry, time);
  done = gst_sod_store_append_frames (self, &entry, 1, error);
  if (id != NULL)
    *id = g_steal_pointer (&entry->id);
  return done;
}

/* ---- labels ---- */

/* Size of the frame that is called @id, whose node is @name. */
static gboolean
look_up (GstSodStore *self, const gchar *id, const gchar *name, guint64 number,
    GstSodEntry *record, GError **error)
{
  GstSodStoreNode *node = gst_sod_store_find_node (self, name);
  GstSodStoredFrame *frame =
      node != NULL ? gst_sod_store_node_find (node, number) : NULL;

  if (frame == NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
        "%s: has no frame %s; it was never there or is gone since (gst-sod "
        "store list shows what there is)",
        self->path, id);
    return FALSE;
  }
  record->kind = GST_SOD_ENTRY_LABEL;
  record->number = number;
  record->wall_time = g_get_real_time ();
  record->stream_time = frame->stream_time;
  record->sequence = frame->sequence;
  record->width = frame->width;
  record->height = frame->height;
  return TRUE;
}

/**
 * gst_sod_store_set_label:
 * @self: a store that was opened to write
 * @id: what the store calls the frame, as `door/000123`
 * @label: its mask: 8-bit gray of the frame's size, foreground brighter than
 *   128
 * @error: return location for an error
 *
 * Labels a frame that was stored before, or labels it anew. The label is on the
 * disk when this returns.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND for a frame that the store does not have,
 * else as gst_sod_store_append().
 *
 * Returns: whether it is stored; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_store_set_label (
    GstSodStore *self, const gchar *id, GstSodImage *label, GError **error)
{
  g_autofree gchar *name = NULL;
  Coded coded = { 0 };
  guint64 number;
  gboolean done;

  g_return_val_if_fail (GST_SOD_IS_STORE (self), FALSE);
  g_return_val_if_fail (id != NULL && label != NULL, FALSE);

  if (!gst_sod_store_check_writable (self, error)
      || !gst_sod_store_parse_id (id, &name, &number, error))
    return FALSE;
  g_mutex_lock (&self->lock);
  done = look_up (self, id, name, number, &coded.record, error);
  g_mutex_unlock (&self->lock);
  if (!done || !code_label (&coded, label, error)) {
    if (done)
      g_prefix_error (error, "%s: ", id);
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  done = look_up (self, id, name, number, &coded.record, error)
         && write_record (
             self, gst_sod_store_find_node (self, name), &coded, error)
         && gst_sod_store_sync_nodes (self, error);
  g_mutex_unlock (&self->lock);
  clear_coded (&coded);
  return done;
}
