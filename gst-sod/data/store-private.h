/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/likeness-private.h>
#include <gst-sod/data/store-segment-private.h>
#include <gst-sod/data/store.h>

G_BEGIN_DECLS

struct _GstSodStoreFrame
{
  gatomicrefcount ref_count;
  gchar *node;
  GstSodImage *picture;
  GstSodImage *label;            /* or NULL */
  gchar *source;                 /* or NULL */
  gint64 wall_time, stream_time; /* microseconds, G_MININT64 = unset */
  gboolean discontinuity;
  gchar *id; /* once it was appended */
};

/* A frame that a store has. */
typedef struct
{
  guint64 number;
  gint64 wall_time, stream_time;
  GstSodSegment *segment;       /* borrowed: the node's or the snapshot's */
  guint64 offset;               /* of its record */
  guint64 size;                 /* of its record, bytes */
  GstSodSegment *label_segment; /* where its label is; NULL: it has none */
  guint64 label_offset;         /* its own where the label came with it */
  guint64 label_size;           /* of the record that has it */
  guint32 crc, label_crc;       /* of what those records hold */
  guint32 sequence;
  guint32 width, height;
  GstSodLikeness likeness;
  gboolean is_neighbour; /* kept for the frame after it alone */
} GstSodStoredFrame;

/* Whether a frame is one of those that are counted and trained from. */
static inline gboolean
gst_sod_stored_frame_is_shown (const GstSodStoredFrame *self)
{
  return !self->is_neighbour || self->label_segment != NULL;
}

/* What was kept of late; a frame that is like one of them is thinned out. */
#define GST_SOD_STORE_RECENT 16

/* The frames of one camera: a folder of segments. */
typedef struct
{
  gchar *name;
  gchar *folder;
  GPtrArray *segments; /* of GstSodSegment, oldest first */
  GArray *frames;      /* of GstSodStoredFrame, by number */
  guint64 next_number;
  guint32 next_sequence;
  gint64 last_stream_time;        /* of the frame that came last, kept or not */
  gboolean goes_on;               /* one came since the store was opened */
  gboolean pending_discontinuity; /* the next frame begins a sequence */
  GstSodEntry last;               /* the last frame, where it was thinned out */
  GByteArray *last_picture;       /* and is to be kept with the next; or NULL */
  guint n_orphans;                /* labels whose frame is gone */
  GstSodLikeness recent[GST_SOD_STORE_RECENT];
  guint n_recent; /* written into the ring, ever */

  gint file;            /* of the last segment, to write; -1 = none yet */
  gboolean is_unsynced; /* it holds what may not be on the disk */
  guint64 synced;       /* its bytes that are */
} GstSodStoreNode;

struct _GstSodStore
{
  GObject parent;

  gchar *path;
  gboolean read_only;
  gint lock_file; /* -1 where it is read only */

  GMutex lock;      /* of everything below */
  GPtrArray *nodes; /* of GstSodStoreNode, by name */
  gint64 last_sync; /* monotonic */
  guint64 n_thinned;

  guint64 max_size, max_node_size, segment_size;
  guint max_age;         /* seconds */
  gint64 next_age_check; /* monotonic */
  GstSodStorePictureFormat picture_format;
  guint jpeg_quality;
  guint thinning;
  gboolean keep_neighbours;
  guint sync_interval;
};

/* Says that verify() found damage. */
void gst_sod_store_emit_damage (GstSodStore *self, const gchar *file,
    guint64 offset, guint64 size, const gchar *reason);

/* ---- the index (store-index.c); all under the lock ---- */

GstSodStoreNode *gst_sod_store_node_new (const gchar *store, const gchar *name);
void gst_sod_store_node_free (GstSodStoreNode *node);

/* Reads what came since it was read last. */
gboolean gst_sod_store_refresh (GstSodStore *self, GError **error);

/* Forgets what is known of a node and reads it anew. */
gboolean gst_sod_store_node_reload (GstSodStoreNode *node, GError **error);

/* Notes a record at @offset of @segment. */
void gst_sod_store_node_add (GstSodStoreNode *node, GstSodSegment *segment,
    const GstSodEntry *record, guint64 offset);

GstSodStoreNode *gst_sod_store_find_node (GstSodStore *self, const gchar *name);

/* NULL where there is no such frame. */
GstSodStoredFrame *gst_sod_store_node_find (
    GstSodStoreNode *node, guint64 number);

/* Forgets what the segment held; the caller removes its file. */
void gst_sod_store_node_drop (GstSodStoreNode *node, guint segment);

guint64 gst_sod_store_node_get_size (const GstSodStoreNode *node);

gboolean gst_sod_store_check_node (const gchar *name, GError **error);

/* "door/000123" <-> "door", 123 */
gchar *gst_sod_store_make_id (const gchar *node, guint64 number);
gboolean gst_sod_store_parse_id (
    const gchar *id, gchar **node, guint64 *number, GError **error);

/* ---- writing (store-writer.c); all under the lock ---- */

/* GST_SOD_ERROR_UNSUPPORTED where the store was opened to read only. */
gboolean gst_sod_store_check_writable (GstSodStore *self, GError **error);

/* A folder, made where it is missing, with its name safe on the disk. */
gboolean gst_sod_store_make_folder (const gchar *path, GError **error);

/* Adds a packed record to the node's last segment or a new one; on failure the
 * file is as before. */
gboolean gst_sod_store_write (GstSodStore *self, GstSodStoreNode *node,
    const GstSodEntry *record, const GByteArray *bytes, GError **error);

/* Cuts off what was not written whole before, where the store is opened to
 * write. */
gboolean gst_sod_store_node_mend (GstSodStoreNode *node, GError **error);

gboolean gst_sod_store_sync_nodes (GstSodStore *self, GError **error);

/* A new segment for the node; the last one is left as it is. */
gboolean gst_sod_store_begin_segment (GstSodStoreNode *node, GError **error);

/* Frees room until the limits hold with @n_more bytes more in @node; adds what
 * became free to @n_bytes, if that is not NULL. (store-limits.c) */
gboolean gst_sod_store_make_room (GstSodStore *self,
    const GstSodStoreNode *node, guint64 n_more, guint64 *n_bytes,
    GError **error);

/* ---- pictures (store-picture.c) ---- */

gboolean gst_sod_store_decode_picture (const GstSodEntry *record,
    const guint8 *payload, GstSodImage **image, GError **error);
gboolean gst_sod_store_decode_label (const GstSodEntry *record,
    const guint8 *payload, GstSodImage **mask, GError **error);

/* Why a label of a frame of @width x @height cannot be stored. */
gboolean gst_sod_store_check_label (
    const GstSodImage *label, gint width, gint height, GError **error);

G_END_DECLS
