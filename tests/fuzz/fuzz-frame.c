/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Video buffers: format, size, strides, offsets, crop, interlacing and bytes
 * are the input's. What can be looked at is looked at to its last code, drawn
 * on, searched for regions and recorded. Buffers end at a page that may not be
 * touched, so that GstVideo's own reading on is seen too. */
#include "fuzz.h"

#include <gst-sod/gstsod.h>
#include <gst-sod/core/image-private.h>

#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA (1 << 20)

/* GStreamer makes GLib's table of quarks grow, which leaves the table's first
 * block behind, and only an unwinder ten times as slow tells that block from a
 * leak. Leaks are looked for by tests/video, and here where ASAN_OPTIONS is
 * detect_leaks=1:fast_unwind_on_malloc=0 with tests/leaks.supp. */
__attribute__ ((visibility ("default"))) const char *__asan_default_options (
    void);

const char *
__asan_default_options (void)
{
  return "detect_leaks=0";
}

/* The input, a byte at a time; zeros after its end. */
typedef struct
{
  const uint8_t *data;
  gsize size;
} Input;

static guint8
take (Input *input)
{
  if (input->size == 0)
    return 0;
  input->size--;
  return *input->data++;
}

/* Mostly small, sometimes anything. */
static gint
take_number (Input *input)
{
  guint8 first = take (input);

  if (first < 0xf0)
    return (gint8) first;
  return (gint) ((guint) take (input) << 24 | take (input) << 16
                 | take (input) << 8 | take (input));
}

static guint8 *
get_arena (void)
{
  static guint8 *arena;

  if (arena == NULL) {
    arena = mmap (NULL, ARENA + 65536, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true (arena != MAP_FAILED);
    g_assert_cmpint (mprotect (arena + ARENA, 65536, PROT_NONE), ==, 0);
  }
  return arena;
}

static void
take_info (Input *input, GstVideoInfo *info)
{
  static const GstVideoInterlaceMode modes[] = {
    GST_VIDEO_INTERLACE_MODE_PROGRESSIVE,
    GST_VIDEO_INTERLACE_MODE_INTERLEAVED,
    GST_VIDEO_INTERLACE_MODE_MIXED,
    GST_VIDEO_INTERLACE_MODE_FIELDS,
    GST_VIDEO_INTERLACE_MODE_ALTERNATE,
  };
  guint n_formats;
  const GstVideoFormat *formats = gst_video_formats_raw (&n_formats);
  GstVideoFormat format = formats[take (input) % n_formats];
  gint width = 1 + take (input) % 80, height = 1 + take (input) % 48;

  g_assert_true (gst_video_info_set_interlaced_format (
      info, format, modes[take (input) % 8 % 5], width, height));
  info->colorimetry.range = take (input) % 3;
  info->colorimetry.matrix = take (input) % 7;
  info->chroma_site = take (input) % 16;
}

static void
take_metas (Input *input, GstBuffer *buffer, GstVideoInfo *info)
{
  guint8 which = take (input);
  GstVideoCropMeta *crop;
  GstVideoMeta *meta;

  if ((which & 1) != 0) {
    meta = gst_buffer_add_video_meta_full (buffer, 0,
        GST_VIDEO_INFO_FORMAT (info), info->width, info->height,
        GST_VIDEO_INFO_N_PLANES (info), info->offset, info->stride);
    for (guint i = 0; i < meta->n_planes; i++) {
      meta->offset[i] += take_number (input);
      meta->stride[i] =
          (gint) ((guint) meta->stride[i] + (guint) take_number (input));
    }
    meta->width += take_number (input);
    meta->height += take_number (input);
    meta->n_planes += take (input) == 1;
  }
  if ((which & 2) != 0) {
    crop = gst_buffer_add_video_crop_meta (buffer);
    crop->x = take_number (input);
    crop->y = take_number (input);
    crop->width = take_number (input);
    crop->height = take_number (input);
  }
  if ((which & 4) != 0)
    GST_BUFFER_FLAG_SET (buffer, GST_VIDEO_BUFFER_FLAG_TFF);
  if ((which & 8) != 0)
    GST_BUFFER_FLAG_SET (buffer, GST_VIDEO_BUFFER_FLAG_INTERLACED);
}

/* A buffer of about the size that @info says, filled from the input. */
static GstBuffer *
take_buffer (Input *input, const GstVideoInfo *info)
{
  gint64 wanted = (gint64) info->size + take_number (input);
  gsize size = (gsize) CLAMP (wanted, 0, ARENA);
  guint8 *pixels = get_arena () + ARENA - size;

  for (gsize i = 0; i < size; i++)
    pixels[i] =
        input->size == 0 ? (guint8) (i * 7) : input->data[i % input->size];
  return gst_buffer_new_wrapped_full (0, pixels, size, 0, size, NULL, NULL);
}

static GstSodMap *
take_map (Input *input)
{
  gint width = 1 + take (input) % 40, height = 1 + take (input) % 40;
  gint stride = GST_ROUND_UP_4 (width);
  g_autoptr (GstBuffer) pixels =
      gst_buffer_new_allocate (NULL, (gsize) stride * height, NULL);
  GstMapInfo map;

  g_assert_true (gst_buffer_map (pixels, &map, GST_MAP_WRITE));
  for (gsize i = 0; i < map.size; i++)
    map.data[i] = input->size == 0 ? 0 : input->data[i % input->size];
  gst_buffer_unmap (pixels, &map);
  return gst_sod_map_new (
      pixels, width, height, "source", "model", "1", GST_SOD_MAP_FLAG_NONE, 0);
}

static void
sum_codes (const GstSodImage *image)
{
  guint64 sum = 0, most = 0;

  g_assert_cmpint (image->width, >, 0);
  g_assert_cmpint (image->height, >, 0);
  for (guint i = 0; i < image->n_components; i++) {
    const GstSodComponent *component = &image->components[i];

    g_assert_cmpint (component->width, >, 0);
    g_assert_cmpint (component->height, >, 0);
    g_assert_cmpfloat (component->x_step, >, 0);
    most += (guint64) component->width * component->height * G_MAXUINT16;
    for (gint y = 0; y < component->height; y++) {
      for (gint x = 0; x < component->width; x++)
        sum += gst_sod_component_code (component, y, x);
    }
  }
  g_assert_cmpuint (sum, <=, most);
}

static gboolean
look (const GstVideoInfo *info, GstBuffer *buffer)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodFrameReader) reader =
      gst_sod_frame_reader_new (info, &error);
  const GstSodImage *image = NULL;

  g_assert_true ((reader == NULL) == (error != NULL));
  if (reader != NULL)
    image = gst_sod_frame_reader_map (reader, buffer, &error);
  if (image == NULL) {
    g_assert_nonnull (error);
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
    return FALSE;
  }
  sum_codes (image);
  gst_sod_frame_reader_unmap (reader);
  return TRUE;
}

static GPtrArray *
find (Input *input, const GstSodMap *map)
{
  g_autoptr (GstSodRegionFinder) finder = gst_sod_region_finder_new ();
  gsize wanted = take (input);
  gsize length = MIN (wanted, input->size);
  g_autofree gchar *polygons = g_strndup ((const gchar *) input->data, length);

  gst_sod_region_finder_set_roi (finder, polygons, NULL);
  gst_sod_region_finder_set_threshold (finder, take (input) / 255.0);
  return gst_sod_region_finder_find (finder, map);
}

static void
record (GPtrArray *regions, Input *input)
{
  g_autofree gchar *name =
      g_strndup ((const gchar *) input->data, MIN (input->size, 64));
  g_autoptr (GstSodRecord) to = gst_sod_record_new (name, 1, 1);
  g_autofree gchar *json = NULL;
  g_autoptr (JsonNode) node = NULL;

  for (guint i = 0; i < regions->len; i++) {
    const GstSodRegion *region = g_ptr_array_index (regions, i);
    gdouble x, y, width, height;

    gst_sod_region_get_box (region, &x, &y, &width, &height);
    gst_sod_record_add_region (to, gst_sod_region_get_id (region), x, y, width,
        height, gst_sod_region_get_area (region),
        gst_sod_region_get_score (region));
  }
  json = gst_sod_record_to_json (to);
  node = json_from_string (json, NULL);
  g_assert_nonnull (node);
}

static void
draw (Input *input, const GstVideoInfo *info, GstBuffer *buffer,
    const GstSodMap *map, GPtrArray *regions)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodOverlay) overlay = gst_sod_overlay_new (info, &error);
  GstVideoFrame frame;

  if (overlay == NULL)
    return;
  if (!gst_sod_overlay_check_buffer (overlay, buffer, &error)) {
    g_assert_nonnull (error);
    return;
  }
  g_assert_true (gst_video_frame_map (&frame, info, buffer, GST_MAP_READWRITE));
  gst_sod_overlay_set_style (overlay, take (input) % 16);
  gst_sod_overlay_set_colormap (overlay, take (input) % 4);
  gst_sod_overlay_set_threshold (overlay, take (input) / 255.0);
  if (!gst_sod_overlay_draw (overlay, &frame, map, regions, &error))
    g_assert_nonnull (error);
  gst_video_frame_unmap (&frame);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Input input = { data, size };
  g_autoptr (GstBuffer) buffer = NULL;
  g_autoptr (GstSodMap) map = NULL;
  g_autoptr (GPtrArray) regions = NULL, again = NULL;
  GstVideoInfo info;

  gst_init (NULL, NULL);
  take_info (&input, &info);
  buffer = take_buffer (&input, &info);
  take_metas (&input, buffer, &info);
  if (!look (&info, buffer))
    return 0;
  map = take_map (&input);
  regions = find (&input, map);
  record (regions, &input);
  draw (&input, &info, buffer, map, regions);
  gst_sod_buffer_add_map (buffer, map);
  gst_sod_buffer_add_regions (buffer, info.width, info.height, regions);
  again = gst_sod_buffer_get_regions (buffer, info.width, info.height);
  g_assert_cmpuint (again->len, ==, regions->len);
  return 0;
}

/* Every format, every second one with strides and a crop of its own. */
void
fuzz_seeds (FuzzSeedFunc add, gpointer user_data)
{
  static const guint8 crop[] = { 1, 2, 9, 5 };
  static const guint8 rest[] = { 19, 11, 23, '0', ',', '0', ' ', '1', ',', '0',
    ' ', '1', ',', '1', ';', '0', '.', '5', ',', '1', ' ', '0', ',', '1', ' ',
    '1', 128, 15, 0, 128, 200, 100, 255, 0, 17, 250, 130 };
  guint n_formats;
  const GstVideoFormat *formats;

  gst_init (NULL, NULL);
  formats = gst_video_formats_raw (&n_formats);
  for (guint i = 0; i < n_formats; i++) {
    guint n_planes = gst_video_format_get_info (formats[i])->n_planes;
    g_autoptr (GByteArray) seed = g_byte_array_new ();
    guint8 head[] = { (guint8) i, (guint8) (11 + i % 7), (guint8) (8 + i % 5),
      (guint8) (i % 3), 1, 3, 2, 0, i % 2 == 0 ? 4 : 15 };
    guint8 meta[2 * GST_VIDEO_MAX_PLANES + 3] = { 0 };

    g_byte_array_append (seed, head, sizeof (head));
    if (i % 2 != 0) {
      g_byte_array_append (seed, meta, 2 * n_planes + 3);
      g_byte_array_append (seed, crop, sizeof (crop));
    }
    g_byte_array_append (seed, rest, sizeof (rest));
    add (seed->data, seed->len, user_data);
  }
}
