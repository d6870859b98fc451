/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a segment file begins with. */
#define GST_SOD_SEGMENT_HEADER 64

/* A record's header without the source's name behind it, and with one of the
 * greatest length. docs/store.md lists the fields. */
#define GST_SOD_ENTRY_HEADER 96
#define GST_SOD_ENTRY_MAX_SOURCE 255
#define GST_SOD_ENTRY_MAX_HEADER                                               \
  (GST_SOD_ENTRY_HEADER + GST_SOD_ENTRY_MAX_SOURCE)

/* More in one record is damage. */
#define GST_SOD_ENTRY_MAX_PART ((guint64) 1 << 30)

/* Frames of a node are numbered from 1 on. */
#define GST_SOD_ENTRY_MAX_NUMBER ((guint64) 1 << 60)

/* Microseconds: sums and differences of such times do not overflow. */
#define GST_SOD_ENTRY_MAX_TIME ((gint64) 1 << 60)
gboolean gst_sod_entry_time_is_sound (gint64 time);

/* Every record begins with these eight bytes. */
#define GST_SOD_ENTRY_MAGIC_SIZE 8
extern const guint8 gst_sod_entry_magic[GST_SOD_ENTRY_MAGIC_SIZE];

typedef enum
{
  GST_SOD_ENTRY_FRAME = 1, /* a picture, perhaps with its label */
  GST_SOD_ENTRY_LABEL = 2  /* a label of the frame that has its number */
} GstSodEntryKind;

typedef enum
{
  GST_SOD_ENTRY_PICTURE_NONE = 0, /* of a label */
  GST_SOD_ENTRY_PICTURE_JPEG = 1,
  GST_SOD_ENTRY_PICTURE_RAW = 2 /* RGB, rows from the top, no padding */
} GstSodEntryPicture;

typedef enum
{
  GST_SOD_ENTRY_DISCONTINUITY = 1 << 0, /* nothing before it is its neighbour */
  GST_SOD_ENTRY_KNOWN_LIKENESS = 1 << 1,
  GST_SOD_ENTRY_NEIGHBOUR = 1 << 2 /* kept for the frame after it alone */
} GstSodEntryFlags;

typedef struct
{
  guint16 kind;
  guint32 flags;
  guint64 number; /* of the frame, in its node; never given twice */
  gint64 wall_time, stream_time; /* microseconds; wall: since 1970 */
  guint32 sequence;
  guint32 width, height;
  guint32 picture_format;
  guint64 picture_size, label_size; /* bytes behind the header */
  guint64 likeness;
  guint32 source_size;
  guint32 payload_crc;                        /* of picture and label */
  gchar source[GST_SOD_ENTRY_MAX_SOURCE + 1]; /* UTF-8 */
} GstSodEntry;

typedef enum
{
  GST_SOD_PARSED_GOOD,
  GST_SOD_PARSED_BAD,
  GST_SOD_PARSED_SHORT /* a good beginning, but not the whole header */
} GstSodParsed;

/* The header at the start of @data, of which GST_SOD_ENTRY_MAX_HEADER bytes
 * suffice. What it says of sizes is within limits where it is good. */
GstSodParsed gst_sod_entry_parse (
    const guint8 *data, gsize size, GstSodEntry *record);

/* Bytes of the whole record, and of its header. */
guint64 gst_sod_entry_get_size (const GstSodEntry *record);
gsize gst_sod_entry_get_header_size (const GstSodEntry *record);

/* The record as it lies in a file; @picture may be NULL where its size is 0,
 * and so may @label. Sets payload_crc. (transfer full) */
GByteArray *gst_sod_entry_pack (
    GstSodEntry *record, const guint8 *picture, const guint8 *label);

/* The header of a segment whose frames are numbered from @first on. */
void gst_sod_segment_header_pack (
    guint8 header[GST_SOD_SEGMENT_HEADER], guint64 first, gint64 wall_time);
gboolean gst_sod_segment_header_parse (
    const guint8 *data, gsize size, guint64 *first, gint64 *wall_time);

G_END_DECLS
