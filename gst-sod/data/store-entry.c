/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of a store, all numbers little-endian. The checksum of a header is
 * its own, so that lengths can be trusted without reading what they skip. */
#include <gst-sod/data/store-entry-private.h>

#include <string.h>

#include <gst-sod/data/crc32c-private.h>

#define VERSION 1
#define MAX_SIDE 65536

/* The first is no UTF-8, and after FF D8 or 89 PNG nothing looks like it. */
const guint8 gst_sod_entry_magic[GST_SOD_ENTRY_MAGIC_SIZE] = { 0xd5, 'S', 'O',
  'D', 'r', 'e', 'c', '\n' };

static const guint8 segment_magic[8] = { 0xd5, 'S', 'O', 'D', 's', 'e', 'g',
  '\n' };

/* Where fields lie in a header. */
enum
{
  AT_HEADER_CRC = 8, /* of everything behind it in the header */
  AT_PAYLOAD_CRC = 12,
  AT_VERSION = 16,
  AT_KIND = 18,
  AT_FLAGS = 20,
  AT_NUMBER = 24,
  AT_WALL_TIME = 32,
  AT_STREAM_TIME = 40,
  AT_SEQUENCE = 48,
  AT_WIDTH = 52,
  AT_HEIGHT = 56,
  AT_PICTURE_FORMAT = 60,
  AT_PICTURE_SIZE = 64,
  AT_LABEL_SIZE = 72,
  AT_LIKENESS = 80,
  AT_SOURCE_SIZE = 88,

  AT_SEGMENT_FIRST = AT_NUMBER
};

static void
put (guint8 *at, guint64 value, guint n_bytes)
{
  for (guint i = 0; i < n_bytes; i++)
    at[i] = (guint8) (value >> (8 * i));
}

static guint64
get (const guint8 *at, guint n_bytes)
{
  guint64 value = 0;

  for (guint i = 0; i < n_bytes; i++)
    value |= (guint64) at[i] << (8 * i);
  return value;
}

gboolean
gst_sod_entry_time_is_sound (gint64 time)
{
  return time >= -GST_SOD_ENTRY_MAX_TIME && time <= GST_SOD_ENTRY_MAX_TIME;
}

static gboolean
is_sound (const GstSodEntry *record)
{
  if (record->width < 1 || record->width > MAX_SIDE || record->height < 1
      || record->height > MAX_SIDE
      || record->picture_size > GST_SOD_ENTRY_MAX_PART
      || record->label_size > GST_SOD_ENTRY_MAX_PART || record->number < 1
      || record->number > GST_SOD_ENTRY_MAX_NUMBER
      || !gst_sod_entry_time_is_sound (record->wall_time)
      || !gst_sod_entry_time_is_sound (record->stream_time))
    return FALSE;
  switch (record->kind) {
    case GST_SOD_ENTRY_LABEL:
      return record->picture_format == GST_SOD_ENTRY_PICTURE_NONE
             && record->picture_size == 0 && record->label_size > 0;
    case GST_SOD_ENTRY_FRAME:
      if (record->picture_format == GST_SOD_ENTRY_PICTURE_RAW)
        return record->picture_size
               == (guint64) record->width * record->height * 3;
      return record->picture_format == GST_SOD_ENTRY_PICTURE_JPEG
             && record->picture_size > 0;
    default:
      return FALSE;
  }
}

static void
unpack (const guint8 *data, GstSodEntry *record)
{
  record->kind = (guint16) get (data + AT_KIND, 2);
  record->flags = (guint32) get (data + AT_FLAGS, 4);
  record->number = get (data + AT_NUMBER, 8);
  record->wall_time = (gint64) get (data + AT_WALL_TIME, 8);
  record->stream_time = (gint64) get (data + AT_STREAM_TIME, 8);
  record->sequence = (guint32) get (data + AT_SEQUENCE, 4);
  record->width = (guint32) get (data + AT_WIDTH, 4);
  record->height = (guint32) get (data + AT_HEIGHT, 4);
  record->picture_format = (guint32) get (data + AT_PICTURE_FORMAT, 4);
  record->picture_size = get (data + AT_PICTURE_SIZE, 8);
  record->label_size = get (data + AT_LABEL_SIZE, 8);
  record->likeness = get (data + AT_LIKENESS, 8);
  record->payload_crc = (guint32) get (data + AT_PAYLOAD_CRC, 4);
}

GstSodParsed
gst_sod_entry_parse (const guint8 *data, gsize size, GstSodEntry *record)
{
  if (memcmp (data, gst_sod_entry_magic, MIN (size, GST_SOD_ENTRY_MAGIC_SIZE))
      != 0)
    return GST_SOD_PARSED_BAD;
  if (size < GST_SOD_ENTRY_HEADER)
    return GST_SOD_PARSED_SHORT;
  record->source_size = (guint32) get (data + AT_SOURCE_SIZE, 4);
  if (get (data + AT_VERSION, 2) != VERSION
      || record->source_size > GST_SOD_ENTRY_MAX_SOURCE)
    return GST_SOD_PARSED_BAD;
  if (size < GST_SOD_ENTRY_HEADER + record->source_size)
    return GST_SOD_PARSED_SHORT;
  if (gst_sod_crc32c (0, data + AT_PAYLOAD_CRC,
          GST_SOD_ENTRY_HEADER + record->source_size - AT_PAYLOAD_CRC)
      != get (data + AT_HEADER_CRC, 4))
    return GST_SOD_PARSED_BAD;
  unpack (data, record);
  memcpy (record->source, data + GST_SOD_ENTRY_HEADER, record->source_size);
  record->source[record->source_size] = '\0';
  return is_sound (record)
                 && g_utf8_validate (
                     record->source, (gssize) record->source_size, NULL)
             ? GST_SOD_PARSED_GOOD
             : GST_SOD_PARSED_BAD;
}

gsize
gst_sod_entry_get_header_size (const GstSodEntry *record)
{
  return GST_SOD_ENTRY_HEADER + record->source_size;
}

guint64
gst_sod_entry_get_size (const GstSodEntry *record)
{
  return gst_sod_entry_get_header_size (record) + record->picture_size
         + record->label_size;
}

GByteArray *
gst_sod_entry_pack (
    GstSodEntry *record, const guint8 *picture, const guint8 *label)
{
  GByteArray *out;
  guint8 header[GST_SOD_ENTRY_HEADER] = { 0 };
  guint32 crc;

  record->source_size = (guint32) strlen (record->source);
  record->payload_crc = gst_sod_crc32c (0, picture, record->picture_size);
  record->payload_crc =
      gst_sod_crc32c (record->payload_crc, label, record->label_size);
  memcpy (header, gst_sod_entry_magic, GST_SOD_ENTRY_MAGIC_SIZE);
  put (header + AT_PAYLOAD_CRC, record->payload_crc, 4);
  put (header + AT_VERSION, VERSION, 2);
  put (header + AT_KIND, record->kind, 2);
  put (header + AT_FLAGS, record->flags, 4);
  put (header + AT_NUMBER, record->number, 8);
  put (header + AT_WALL_TIME, (guint64) record->wall_time, 8);
  put (header + AT_STREAM_TIME, (guint64) record->stream_time, 8);
  put (header + AT_SEQUENCE, record->sequence, 4);
  put (header + AT_WIDTH, record->width, 4);
  put (header + AT_HEIGHT, record->height, 4);
  put (header + AT_PICTURE_FORMAT, record->picture_format, 4);
  put (header + AT_PICTURE_SIZE, record->picture_size, 8);
  put (header + AT_LABEL_SIZE, record->label_size, 8);
  put (header + AT_LIKENESS, record->likeness, 8);
  put (header + AT_SOURCE_SIZE, record->source_size, 4);
  crc = gst_sod_crc32c (
      0, header + AT_PAYLOAD_CRC, GST_SOD_ENTRY_HEADER - AT_PAYLOAD_CRC);
  crc = gst_sod_crc32c (crc, record->source, record->source_size);
  put (header + AT_HEADER_CRC, crc, 4);
  out = g_byte_array_sized_new ((guint) gst_sod_entry_get_size (record));
  g_byte_array_append (out, header, GST_SOD_ENTRY_HEADER);
  g_byte_array_append (
      out, (const guint8 *) record->source, record->source_size);
  if (record->picture_size > 0)
    g_byte_array_append (out, picture, (guint) record->picture_size);
  if (record->label_size > 0)
    g_byte_array_append (out, label, (guint) record->label_size);
  return out;
}

void
gst_sod_segment_header_pack (
    guint8 header[GST_SOD_SEGMENT_HEADER], guint64 first, gint64 wall_time)
{
  memset (header, 0, GST_SOD_SEGMENT_HEADER);
  memcpy (header, segment_magic, sizeof (segment_magic));
  put (header + AT_VERSION, VERSION, 2);
  put (header + AT_SEGMENT_FIRST, first, 8);
  put (header + AT_WALL_TIME, (guint64) wall_time, 8);
  put (header + AT_HEADER_CRC,
      gst_sod_crc32c (
          0, header + AT_PAYLOAD_CRC, GST_SOD_SEGMENT_HEADER - AT_PAYLOAD_CRC),
      4);
}

gboolean
gst_sod_segment_header_parse (
    const guint8 *data, gsize size, guint64 *first, gint64 *wall_time)
{
  if (size < GST_SOD_SEGMENT_HEADER
      || memcmp (data, segment_magic, sizeof (segment_magic)) != 0
      || get (data + AT_VERSION, 2) != VERSION
      || get (data + AT_HEADER_CRC, 4)
             != gst_sod_crc32c (0, data + AT_PAYLOAD_CRC,
                 GST_SOD_SEGMENT_HEADER - AT_PAYLOAD_CRC))
    return FALSE;
  *first = MIN (get (data + AT_SEGMENT_FIRST, 8), GST_SOD_ENTRY_MAX_NUMBER + 1);
  *wall_time = (gint64) get (data + AT_WALL_TIME, 8);
  return TRUE;
}
