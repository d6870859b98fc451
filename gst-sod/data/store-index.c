/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a store holds, found by going through its segments. */
#include <gst-sod/data/store-private.h>

#include <stdio.h>
#include <string.h>

#define MAX_NODE 64

GstSodStoreNode *
gst_sod_store_node_new (const gchar *store, const gchar *name)
{
  GstSodStoreNode *self = g_new0 (GstSodStoreNode, 1);

  self->name = g_strdup (name);
  self->folder = g_build_filename (store, name, NULL);
  self->segments =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_segment_unref);
  self->frames = g_array_new (FALSE, FALSE, sizeof (GstSodStoredFrame));
  self->next_number = 1;
  self->next_sequence = 1;
  self->file = -1;
  return self;
}

gboolean
gst_sod_store_check_node (const gchar *name, GError **error)
{
  gsize length = strlen (name);

  if (length >= 1 && length <= MAX_NODE && name[0] != '.'
      && strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-") == length)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "a node of a store cannot be called \"%s\": 1 to %d of A-Z a-z 0-9 . _ - "
      "are allowed, the first no dot",
      name, MAX_NODE);
  return FALSE;
}

gchar *
gst_sod_store_make_id (const gchar *node, guint64 number)
{
  return g_strdup_printf ("%s/%06" G_GUINT64_FORMAT, node, number);
}

gboolean
gst_sod_store_parse_id (
    const gchar *id, gchar **node, guint64 *number, GError **error)
{
  const gchar *slash = strrchr (id, '/');

  if (slash != NULL && slash != id
      && g_ascii_string_to_unsigned (
          slash + 1, 10, 1, G_MAXUINT64, number, NULL)) {
    *node = g_strndup (id, (gsize) (slash - id));
    return TRUE;
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "\"%s\" is no frame of a store, which are called NODE/NUMBER; gst-sod "
      "store list shows them",
      id);
  return FALSE;
}

/* ---- frames ---- */

/* Where the frame @number is, or would be put. */
static guint
position_of (const GstSodStoreNode *node, guint64 number)
{
  const GstSodStoredFrame *frames =
      (const GstSodStoredFrame *) (gpointer) node->frames->data;
  guint low = 0, high = node->frames->len;

  if (high > 0 && frames[high - 1].number < number)
    return high;
  while (low < high) {
    guint middle = low + (high - low) / 2;

    if (frames[middle].number < number)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

GstSodStoredFrame *
gst_sod_store_node_find (GstSodStoreNode *node, guint64 number)
{
  guint position = position_of (node, number);
  GstSodStoredFrame *frame;

  if (position == node->frames->len)
    return NULL;
  frame = &g_array_index (node->frames, GstSodStoredFrame, position);
  return frame->number == number ? frame : NULL;
}

static void
add_frame (GstSodStoreNode *node, GstSodSegment *segment,
    const GstSodEntry *record, guint64 offset)
{
  guint position = position_of (node, record->number);
  GstSodStoredFrame frame = {
    .number = record->number,
    .wall_time = record->wall_time,
    .stream_time = record->stream_time,
    .segment = segment,
    .offset = offset,
    .size = gst_sod_entry_get_size (record),
    .crc = record->payload_crc,
    .sequence = record->sequence,
    .width = record->width,
    .height = record->height,
    .likeness = { record->likeness,
        (record->flags & GST_SOD_ENTRY_KNOWN_LIKENESS) != 0 },
    .is_neighbour = (record->flags & GST_SOD_ENTRY_NEIGHBOUR) != 0,
  };

  if (record->label_size > 0) {
    frame.label_segment = segment;
    frame.label_offset = offset;
    frame.label_size = frame.size;
    frame.label_crc = record->payload_crc;
  }
  /* What was carried over from an old segment takes its place. */
  if (position < node->frames->len
      && g_array_index (node->frames, GstSodStoredFrame, position).number
             == record->number)
    g_array_index (node->frames, GstSodStoredFrame, position) = frame;
  else
    g_array_insert_val (node->frames, position, frame);
  node->next_number = MAX (node->next_number, record->number + 1);
  node->next_sequence = MAX (node->next_sequence, record->sequence + 1);
  if (!frame.is_neighbour)
    node->recent[node->n_recent++ % GST_SOD_STORE_RECENT] = frame.likeness;
}

void
gst_sod_store_node_add (GstSodStoreNode *node, GstSodSegment *segment,
    const GstSodEntry *record, guint64 offset)
{
  GstSodStoredFrame *frame;

  if (record->kind == GST_SOD_ENTRY_FRAME) {
    add_frame (node, segment, record, offset);
    return;
  }
  frame = gst_sod_store_node_find (node, record->number);
  if (frame == NULL || frame->width != record->width
      || frame->height != record->height) {
    node->n_orphans++;
    return;
  }
  frame->label_segment = segment;
  frame->label_offset = offset;
  frame->label_size = gst_sod_entry_get_size (record);
  frame->label_crc = record->payload_crc;
}

void
gst_sod_store_node_drop (GstSodStoreNode *node, guint segment)
{
  const GstSodSegment *dropped = g_ptr_array_index (node->segments, segment);
  guint n = 0;

  for (guint i = 0; i < node->frames->len; i++) {
    GstSodStoredFrame *frame =
        &g_array_index (node->frames, GstSodStoredFrame, i);

    if (frame->segment == dropped)
      continue;
    if (frame->label_segment == dropped)
      frame->label_segment = NULL;
    g_array_index (node->frames, GstSodStoredFrame, n++) = *frame;
  }
  g_array_set_size (node->frames, n);
  g_ptr_array_remove_index (node->segments, segment);
}

guint64
gst_sod_store_node_get_size (const GstSodStoreNode *node)
{
  guint64 size = 0;

  for (guint i = 0; i < node->segments->len; i++)
    size += ((GstSodSegment *) g_ptr_array_index (node->segments, i))->size;
  return size;
}

/* ---- segments ---- */

typedef struct
{
  GstSodStoreNode *node;
  GstSodSegment *segment;
} Adding;

static void
add_record (const GstSodEntry *record, guint64 offset, gpointer user_data)
{
  Adding *adding = user_data;

  gst_sod_store_node_add (adding->node, adding->segment, record, offset);
}

static gboolean
scan (GstSodStoreNode *node, GstSodSegment *segment, GError **error)
{
  Adding adding = { node, segment };

  if (!gst_sod_segment_scan (segment, add_record, &adding, error))
    return FALSE;
  if (segment->has_header)
    node->next_number = MAX (node->next_number, segment->first);
  return TRUE;
}

static gint
compare_numbers (gconstpointer a, gconstpointer b)
{
  guint left = *(const guint *) a, right = *(const guint *) b;

  return left < right ? -1 : left > right;
}

/* Indices of the segments in the folder, in order. (transfer full) */
static GArray *
list_segments (const gchar *folder, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &cause);
  GArray *indices;
  const gchar *name;

  if (dir == NULL) {
    g_set_error (error, GST_SOD_ERROR,
        g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOENT)
            ? GST_SOD_ERROR_NOT_FOUND
            : GST_SOD_ERROR_IO,
        "%s: cannot be read: %s; make the store readable for this user", folder,
        cause->message);
    return NULL;
  }
  indices = g_array_new (FALSE, FALSE, sizeof (guint));
  while ((name = g_dir_read_name (dir)) != NULL) {
    guint index = gst_sod_segment_parse_name (name);

    if (index > 0)
      g_array_append_val (indices, index);
  }
  g_array_sort (indices, compare_numbers);
  return indices;
}

/* Forgets segments that another process has removed. */
static void
drop_missing (GstSodStoreNode *node, const GArray *indices)
{
  guint at = 0;

  for (guint i = 0; i < node->segments->len;) {
    const GstSodSegment *segment = g_ptr_array_index (node->segments, i);

    while (at < indices->len
           && g_array_index (indices, guint, at) < segment->index)
      at++;
    if (at < indices->len
        && g_array_index (indices, guint, at) == segment->index)
      i++;
    else
      gst_sod_store_node_drop (node, i);
  }
}

/* Scans the segment that was the last one again, and those that are new. */
static gboolean
refresh_node (GstSodStoreNode *node, GError **error)
{
  g_autoptr (GArray) indices = list_segments (node->folder, error);
  guint last = 0;

  if (indices == NULL)
    return FALSE;
  drop_missing (node, indices);
  if (node->segments->len > 0) {
    GstSodSegment *segment =
        g_ptr_array_index (node->segments, node->segments->len - 1);

    last = segment->index;
    if (!scan (node, segment, error))
      return FALSE;
  }
  for (guint i = 0; i < indices->len; i++) {
    guint index = g_array_index (indices, guint, i);
    g_autoptr (GstSodSegment) segment = NULL;
    g_autoptr (GError) cause = NULL;

    if (index <= last)
      continue;
    segment = gst_sod_segment_new (node->folder, index);
    g_ptr_array_add (node->segments, gst_sod_segment_ref (segment));
    if (scan (node, segment, &cause))
      continue;
    /* Its turn to be removed came between the two looks. */
    gst_sod_store_node_drop (node, node->segments->len - 1);
    if (!g_error_matches (cause, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND)) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
gst_sod_store_node_reload (GstSodStoreNode *node, GError **error)
{
  g_ptr_array_set_size (node->segments, 0);
  g_array_set_size (node->frames, 0);
  memset (node->recent, 0, sizeof (node->recent));
  node->n_orphans = 0;
  return refresh_node (node, error);
}

/* ---- nodes ---- */

GstSodStoreNode *
gst_sod_store_find_node (GstSodStore *self, const gchar *name)
{
  for (guint i = 0; i < self->nodes->len; i++) {
    GstSodStoreNode *node = g_ptr_array_index (self->nodes, i);

    if (strcmp (node->name, name) == 0)
      return node;
  }
  return NULL;
}

static gint
compare_nodes (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(GstSodStoreNode *const *) a)->name,
      (*(GstSodStoreNode *const *) b)->name);
}

gboolean
gst_sod_store_refresh (GstSodStore *self, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GDir) dir = g_dir_open (self->path, 0, &cause);
  const gchar *name;

  if (dir == NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
        "%s: the store cannot be read: %s; make it readable for this user",
        self->path, cause->message);
    return FALSE;
  }
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (self->path, name, NULL);

    if (gst_sod_store_check_node (name, NULL)
        && gst_sod_store_find_node (self, name) == NULL
        && g_file_test (path, G_FILE_TEST_IS_DIR))
      g_ptr_array_add (self->nodes, gst_sod_store_node_new (self->path, name));
  }
  g_ptr_array_sort (self->nodes, compare_nodes);
  for (guint i = 0; i < self->nodes->len; i++) {
    if (!refresh_node (g_ptr_array_index (self->nodes, i), error))
      return FALSE;
  }
  return TRUE;
}
