/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames, or labels, of a data set, one a time step. What is no buffer (gaps
 * for frames without a label, the names of sequences) is sent by a probe on the
 * source pad: there, unlike in create(), the segment has been sent. */
#include "soddatasetstream.h"

#include <gst/video/video.h>
#include <string.h>

#include <plugins/common/soderror.h>

GST_DEBUG_CATEGORY_STATIC (sod_dataset_stream_debug);
#define GST_CAT_DEFAULT sod_dataset_stream_debug

struct _SodDatasetStream
{
  GstPushSrc parent;

  gboolean is_label;
  GstPad *outlet; /* not a reference: the bin holds it longer than us */

  SodDatasetPlan *plan; /* under the object lock */

  /* of the streaming thread, or of a stopped or flushing element */
  SodDatasetPlan *playing;
  guint64 next; /* frame, counted over all epochs */
  guint64 epoch;
  guint *order; /* of that epoch, or NULL */
  guint item;   /* that was made last */
  gboolean starts_sequence;
  GstVideoInfo info;
  gboolean has_info;
};

G_DEFINE_FINAL_TYPE (SodDatasetStream, sod_dataset_stream, GST_TYPE_PUSH_SRC)

static gboolean
sod_dataset_stream_start (GstBaseSrc *src)
{
  SodDatasetStream *self = SOD_DATASET_STREAM (src);

  GST_OBJECT_LOCK (self);
  if (self->plan != NULL)
    self->playing = sod_dataset_plan_ref (self->plan);
  GST_OBJECT_UNLOCK (self);
  self->next = 0;
  self->has_info = FALSE;
  return self->playing != NULL;
}

static gboolean
sod_dataset_stream_stop (GstBaseSrc *src)
{
  SodDatasetStream *self = SOD_DATASET_STREAM (src);

  g_clear_pointer (&self->order, g_free);
  g_clear_pointer (&self->playing, sod_dataset_plan_unref);
  return TRUE;
}

static gboolean
sod_dataset_stream_is_seekable (GstBaseSrc *src)
{
  return TRUE;
}

static gboolean
sod_dataset_stream_do_seek (GstBaseSrc *src, GstSegment *segment)
{
  SodDatasetStream *self = SOD_DATASET_STREAM (src);

  if (segment->rate < 0 || self->playing == NULL)
    return FALSE;
  segment->time = segment->start;
  self->next = sod_dataset_plan_get_frame (self->playing, segment->position);
  return TRUE;
}

static void
sod_dataset_stream_get_times (
    GstBaseSrc *src, GstBuffer *buffer, GstClockTime *start, GstClockTime *end)
{
  *start = *end = GST_CLOCK_TIME_NONE;
  if (!gst_base_src_is_live (src))
    return;
  *start = GST_BUFFER_PTS (buffer);
  *end = *start + GST_BUFFER_DURATION (buffer);
}

/* Sizes are those of the pictures, and not known before they are read. */
static gboolean
sod_dataset_stream_negotiate (GstBaseSrc *src)
{
  return TRUE;
}

/* ---- queries ---- */

static gboolean
convert (SodDatasetStream *self, GstFormat from, gint64 value, GstFormat to,
    gint64 *result)
{
  *result = value;
  if (from == to || value == -1)
    return TRUE;
  if (from == GST_FORMAT_TIME && to == GST_FORMAT_DEFAULT)
    *result = (gint64) sod_dataset_plan_get_frame (
        self->playing, (GstClockTime) value);
  else if (from == GST_FORMAT_DEFAULT && to == GST_FORMAT_TIME)
    *result =
        (gint64) sod_dataset_plan_get_time (self->playing, (guint64) value);
  else
    return FALSE;
  return TRUE;
}

static gboolean
answer_duration (SodDatasetStream *self, GstQuery *query)
{
  guint64 n = sod_dataset_plan_get_n_frames (self->playing);
  GstFormat format;
  gint64 duration;

  gst_query_parse_duration (query, &format, NULL);
  if (n == G_MAXUINT64
      || !convert (self, GST_FORMAT_DEFAULT, (gint64) n, format, &duration))
    return FALSE;
  gst_query_set_duration (query, format, duration);
  return TRUE;
}

static gboolean
sod_dataset_stream_query (GstBaseSrc *src, GstQuery *query)
{
  SodDatasetStream *self = SOD_DATASET_STREAM (src);
  GstFormat from, to;
  gint64 value, result;

  if (self->playing != NULL) {
    switch (GST_QUERY_TYPE (query)) {
      case GST_QUERY_DURATION:
        return answer_duration (self, query);
      case GST_QUERY_CONVERT:
        gst_query_parse_convert (query, &from, &value, &to, NULL);
        if (!convert (self, from, value, to, &result))
          return FALSE;
        gst_query_set_convert (query, from, value, to, result);
        return TRUE;
      default:
        break;
    }
  }
  return GST_BASE_SRC_CLASS (sod_dataset_stream_parent_class)
      ->query (src, query);
}

/* ---- one frame ---- */

/* The item of the next frame; whether a sequence starts with it. */
static void
choose_item (SodDatasetStream *self)
{
  GstSodDataset *dataset = sod_dataset_plan_get_dataset (self->playing);
  guint64 n = gst_sod_dataset_get_n_items (dataset);
  guint64 epoch = self->next / n;
  guint at = (guint) (self->next % n);
  guint sequence, first;

  if (self->order == NULL || epoch != self->epoch) {
    g_free (self->order);
    self->order = sod_dataset_plan_get_order (self->playing, epoch);
    self->epoch = epoch;
  }
  self->item = self->order[at];
  sequence = gst_sod_dataset_get_item_sequence (dataset, self->item);
  gst_sod_dataset_get_sequence_range (dataset, sequence, &first);
  self->starts_sequence =
      self->item == first
      || gst_sod_dataset_get_sequence_name (dataset, sequence)[0] == '\0';
}

static gboolean
set_size (SodDatasetStream *self, gint width, gint height)
{
  const SodDatasetSettings *settings =
      sod_dataset_plan_get_settings (self->playing);
  g_autoptr (GstCaps) caps = NULL;

  if (self->has_info && GST_VIDEO_INFO_WIDTH (&self->info) == width
      && GST_VIDEO_INFO_HEIGHT (&self->info) == height)
    return TRUE;
  gst_video_info_set_format (&self->info,
      self->is_label ? GST_VIDEO_FORMAT_GRAY8 : GST_VIDEO_FORMAT_RGB,
      (guint) width, (guint) height);
  GST_VIDEO_INFO_FPS_N (&self->info) = settings->rate_n;
  GST_VIDEO_INFO_FPS_D (&self->info) = settings->rate_d;
  self->has_info = TRUE;
  caps = gst_video_info_to_caps (&self->info);
  return gst_base_src_set_caps (GST_BASE_SRC (self), caps);
}

/* The samples, without a copy where rows lie as GStreamer wants them. */
static GstBuffer *
wrap (SodDatasetStream *self, GBytes *bytes, gint row)
{
  gint stride = GST_VIDEO_INFO_PLANE_STRIDE (&self->info, 0);
  gint height = GST_VIDEO_INFO_HEIGHT (&self->info);
  const guint8 *samples = g_bytes_get_data (bytes, NULL);
  GstBuffer *buffer;
  GstMapInfo map;

  if (stride == row)
    return gst_buffer_new_wrapped_bytes (bytes);
  buffer = gst_buffer_new_allocate (NULL, (gsize) stride * height, NULL);
  if (buffer == NULL || !gst_buffer_map (buffer, &map, GST_MAP_WRITE)) {
    gst_clear_buffer (&buffer);
    return NULL;
  }
  for (gint y = 0; y < height; y++) {
    memcpy (map.data + (gsize) y * stride, samples + (gsize) y * row, row);
    memset (map.data + (gsize) y * stride + row, 0, stride - row);
  }
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

/* (transfer full): the frame or the label of the item; a label that is missing
 * is an empty buffer. */
static GstBuffer *
read_item (SodDatasetStream *self, GError **error)
{
  GstSodDataset *dataset = sod_dataset_plan_get_dataset (self->playing);
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GBytes) bytes = NULL;
  GstBuffer *buffer = NULL;
  gint width, height;

  if (self->is_label
      && !sod_dataset_plan_has_label (self->playing, self->item)) {
    if (!gst_sod_picture_read_size (
            gst_sod_dataset_get_image_path (dataset, self->item), &width,
            &height, error))
      return NULL;
    if (set_size (self, width, height))
      buffer = gst_buffer_new ();
  } else {
    if (!gst_sod_dataset_read (dataset, self->item,
            self->is_label ? NULL : &image, self->is_label ? &image : NULL,
            error))
      return NULL;
    width = gst_sod_image_get_width (image);
    height = gst_sod_image_get_height (image);
    bytes = self->is_label ? gst_sod_image_get_gray (image)
                           : gst_sod_image_get_rgb (image);
    if (set_size (self, width, height))
      buffer = wrap (self, bytes, self->is_label ? width : 3 * width);
  }
  if (buffer == NULL)
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION,
        "%s of %dx%d pixels are not taken by what comes next; put videoconvert "
        "and videoscale in between",
        self->is_label ? "labels (GRAY8)" : "frames (RGB)", width, height);
  return buffer;
}

static GstFlowReturn
sod_dataset_stream_create (GstPushSrc *src, GstBuffer **out)
{
  SodDatasetStream *self = SOD_DATASET_STREAM (src);
  GstSegment *segment = &GST_BASE_SRC (src)->segment;
  g_autoptr (GError) error = NULL;
  GstClockTime time = sod_dataset_plan_get_time (self->playing, self->next);
  GstBuffer *buffer;

  if (self->next >= sod_dataset_plan_get_n_frames (self->playing)
      || (GST_CLOCK_TIME_IS_VALID (segment->stop) && time >= segment->stop)
      || !gst_pad_is_linked (self->outlet))
    return GST_FLOW_EOS;
  choose_item (self);
  buffer = read_item (self, &error);
  if (buffer == NULL) {
    if (GST_PAD_IS_FLUSHING (GST_BASE_SRC_PAD (src)))
      return GST_FLOW_FLUSHING;
    sod_element_error (GST_ELEMENT (self), error);
    return GST_FLOW_ERROR;
  }
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) =
      sod_dataset_plan_get_time (self->playing, self->next + 1) - time;
  GST_BUFFER_OFFSET (buffer) = self->next;
  GST_BUFFER_OFFSET_END (buffer) = self->next + 1;
  if (self->starts_sequence)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  if (gst_buffer_get_size (buffer) == 0)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  self->next++;
  *out = buffer;
  return GST_FLOW_OK;
}

/* ---- what is no buffer ---- */

static void
send_title (SodDatasetStream *self, GstPad *pad)
{
  GstSodDataset *dataset = sod_dataset_plan_get_dataset (self->playing);
  guint sequence = gst_sod_dataset_get_item_sequence (dataset, self->item);
  const gchar *name = gst_sod_dataset_get_sequence_name (dataset, sequence);
  g_autofree gchar *title = NULL;

  if (name[0] == '\0')
    return;
  title = g_filename_display_name (name);
  gst_pad_push_event (
      pad, gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, title, NULL)));
}

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  SodDatasetStream *self = SOD_DATASET_STREAM (data);
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  GstEvent *gap;

  if (self->starts_sequence)
    send_title (self, pad);
  if (gst_buffer_get_size (buffer) > 0)
    return GST_PAD_PROBE_OK;
  gap =
      gst_event_new_gap (GST_BUFFER_PTS (buffer), GST_BUFFER_DURATION (buffer));
  gst_pad_push_event (pad, gap);
  return GST_PAD_PROBE_DROP;
}

/* ---- the object ---- */

static void
sod_dataset_stream_finalize (GObject *object)
{
  SodDatasetStream *self = SOD_DATASET_STREAM (object);

  g_clear_pointer (&self->plan, sod_dataset_plan_unref);
  G_OBJECT_CLASS (sod_dataset_stream_parent_class)->finalize (object);
}

static void
sod_dataset_stream_init (SodDatasetStream *self)
{
  GstBaseSrc *src = GST_BASE_SRC (self);

  gst_base_src_set_format (src, GST_FORMAT_TIME);
  gst_pad_add_probe (
      GST_BASE_SRC_PAD (src), GST_PAD_PROBE_TYPE_BUFFER, on_buffer, self, NULL);
}

static void
sod_dataset_stream_class_init (SodDatasetStreamClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *src_class = GST_BASE_SRC_CLASS (klass);
  g_autoptr (GstCaps) caps =
      gst_caps_from_string (GST_VIDEO_CAPS_MAKE ("{ RGB, GRAY8 }"));

  G_OBJECT_CLASS (klass)->finalize = sod_dataset_stream_finalize;
  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_element_class_set_static_metadata (element_class, "Data set stream",
      "Source/Video", "Frames or labels of a data set", "The gst-sod authors");

  src_class->start = sod_dataset_stream_start;
  src_class->stop = sod_dataset_stream_stop;
  src_class->is_seekable = sod_dataset_stream_is_seekable;
  src_class->do_seek = sod_dataset_stream_do_seek;
  src_class->negotiate = sod_dataset_stream_negotiate;
  src_class->get_times = sod_dataset_stream_get_times;
  src_class->query = sod_dataset_stream_query;
  GST_PUSH_SRC_CLASS (klass)->create = sod_dataset_stream_create;

  GST_DEBUG_CATEGORY_INIT (sod_dataset_stream_debug, "soddatasetstream", 0,
      "frames or labels of a data set");
}

GstElement *
sod_dataset_stream_new (const gchar *name, gboolean is_label)
{
  SodDatasetStream *self =
      g_object_new (SOD_TYPE_DATASET_STREAM, "name", name, NULL);

  self->is_label = is_label;
  return GST_ELEMENT (self);
}

void
sod_dataset_stream_set_outlet (SodDatasetStream *self, GstPad *outlet)
{
  self->outlet = outlet;
}

void
sod_dataset_stream_set_plan (SodDatasetStream *self, SodDatasetPlan *plan)
{
  SodDatasetPlan *old;

  GST_OBJECT_LOCK (self);
  old = self->plan;
  self->plan = plan != NULL ? sod_dataset_plan_ref (plan) : NULL;
  GST_OBJECT_UNLOCK (self);
  if (old != NULL)
    sod_dataset_plan_unref (old);
  if (plan != NULL)
    gst_base_src_set_live (
        GST_BASE_SRC (self), sod_dataset_plan_get_settings (plan)->live);
}
