/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-sodpublish
 * @title: sodpublish
 * @short_description: writes what sodbase found as JSON lines
 * @see_also: sodbase
 *
 * sodpublish writes one line of JSON for each frame that passes: its time, its
 * source, the model and the salient regions. docs/json-lines.md is the schema.
 * A frame without a map gets a line without a model. Frames pass untouched,
 * whatever memory they lie in.
 *
 * Each line is written at once and whole: when the disk is full, the file ends
 * with the last line that fitted, and the stream stops with an error that says
 * how many lines there are. At the end of the stream the file is synced to the
 * disk.
 *
 * With the standard output as location, `gst-launch-1.0 -q` keeps other lines
 * out of it.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! sodbase ! \
 *     sodpublish location=saliency.jsonl ! fakesink
 * ]| One line a frame into a file
 * |[
 * gst-launch-1.0 -q videotestsrc num-buffers=10 ! sodbase source-id=door ! \
 *     sodpublish ! fakesink
 * ]| To the standard output
 *
 * Since: 0.1
 */
#include <plugins/common/sodelements.h>

#include <gst-sod/gstsod.h>
#include <gst/base/gstbasetransform.h>

#include <plugins/common/soderror.h>
#include "sodlines.h"

GST_DEBUG_CATEGORY_STATIC (sod_publish_debug);
#define GST_CAT_DEFAULT sod_publish_debug

enum
{
  PROP_0,
  PROP_LOCATION,
  PROP_APPEND,
  PROP_SOURCE_ID,
  PROP_WALL_CLOCK,
  PROP_LINES
};

#define GST_TYPE_SOD_PUBLISH (gst_sod_publish_get_type ())
G_DECLARE_FINAL_TYPE (
    GstSodPublish, gst_sod_publish, GST, SOD_PUBLISH, GstBaseTransform)

struct _GstSodPublish
{
  GstBaseTransform parent;

  /* under the object lock */
  gchar *location;
  gboolean append;
  gchar *source_id;
  gboolean wall_clock;
  guint64 n_lines;

  /* of the streaming thread, or of a stopped element */
  SodLines *lines;
  gchar *id_asked;     /* source_id when the element started */
  gboolean tells_time; /* wall_clock when it did */
  gint width, height;
};

G_DEFINE_FINAL_TYPE (GstSodPublish, gst_sod_publish, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (
    sodpublish, "sodpublish", GST_RANK_NONE, GST_TYPE_SOD_PUBLISH)

static gboolean
fail (GstSodPublish *self, const GError *error)
{
  sod_element_error (GST_ELEMENT (self), error);
  return FALSE;
}

static gboolean
gst_sod_publish_start (GstBaseTransform *trans)
{
  GstSodPublish *self = GST_SOD_PUBLISH (trans);
  g_autofree gchar *location = NULL;
  g_autoptr (GError) error = NULL;
  gboolean append;

  GST_OBJECT_LOCK (self);
  location = g_strdup (self->location);
  append = self->append;
  g_free (self->id_asked);
  self->id_asked = g_strdup (self->source_id);
  self->tells_time = self->wall_clock;
  self->n_lines = 0;
  GST_OBJECT_UNLOCK (self);

  self->lines = sod_lines_open (location, append, &error);
  return self->lines != NULL || fail (self, error);
}

static gboolean
gst_sod_publish_stop (GstBaseTransform *trans)
{
  g_clear_pointer (&GST_SOD_PUBLISH (trans)->lines, sod_lines_close);
  return TRUE;
}

static gboolean
gst_sod_publish_set_caps (GstBaseTransform *trans, GstCaps *in, GstCaps *out)
{
  GstSodPublish *self = GST_SOD_PUBLISH (trans);
  GstStructure *structure = gst_caps_get_structure (in, 0);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text = NULL;

  if (gst_structure_get_int (structure, "width", &self->width)
      && gst_structure_get_int (structure, "height", &self->height))
    return TRUE;
  text = gst_caps_to_string (in);
  error = g_error_new (GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "the caps of the frames do not say their width and height: %s; set them "
      "where the frames come from",
      text);
  return fail (self, error);
}

/* ---- one frame ---- */

static void
add_map (GstSodRecord *record, const GstSodMap *map)
{
  GstSodMapFlags flags = gst_sod_map_get_flags (map);
  GstClockTime age = gst_sod_map_get_age (map);

  gst_sod_record_set_map (record, gst_sod_map_get_model_id (map),
      gst_sod_map_get_model_version (map),
      GST_CLOCK_TIME_IS_VALID (age) ? (gint64) age : -1,
      gst_sod_map_get_score (map), (flags & GST_SOD_MAP_FLAG_WARM_UP) != 0,
      (flags & GST_SOD_MAP_FLAG_REUSED) != 0);
}

static void
add_measures (GstSodRecord *record, GstBuffer *buffer)
{
  gdouble value;

  if (gst_sod_buffer_get_reconstruction_error (buffer, &value))
    gst_sod_record_set_reconstruction_error (record, value);
  if (gst_sod_buffer_get_disagreement (buffer, &value))
    gst_sod_record_set_disagreement (record, value);
}

static void
add_region (GstSodRecord *record, const GstSodRegion *region)
{
  gdouble x, y, width, height;

  gst_sod_region_get_box (region, &x, &y, &width, &height);
  gst_sod_record_add_region (record, gst_sod_region_get_id (region), x, y,
      width, height, gst_sod_region_get_area (region),
      gst_sod_region_get_score (region));
}

/* The user's name for the source goes first, then the one that came along. */
static const gchar *
choose_source_id (GstSodPublish *self, const GstSodMap *map)
{
  const gchar *id = self->id_asked;

  if (id == NULL && map != NULL)
    id = gst_sod_map_get_source_id (map);
  return id != NULL ? id : GST_OBJECT_NAME (self);
}

/* (transfer full) */
static GstSodRecord *
make_record (GstSodPublish *self, GstBuffer *buffer)
{
  GstSodMap *map = gst_sod_buffer_get_map (buffer);
  GstClockTime time =
      gst_segment_to_stream_time (&GST_BASE_TRANSFORM (self)->segment,
          GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  g_autoptr (GPtrArray) regions = NULL;
  GstSodRecord *record;

  record = gst_sod_record_new (
      choose_source_id (self, map), self->width, self->height);
  gst_sod_record_set_pts (
      record, GST_CLOCK_TIME_IS_VALID (time) ? (gint64) time : -1);
  if (self->tells_time)
    gst_sod_record_set_wall_clock (record, g_get_real_time ());
  if (map != NULL)
    add_map (record, map);
  add_measures (record, buffer);
  regions = gst_sod_buffer_get_regions (buffer, self->width, self->height);
  for (guint i = 0; i < regions->len; i++)
    add_region (record, g_ptr_array_index (regions, i));
  return record;
}

static GstFlowReturn
gst_sod_publish_transform_ip (GstBaseTransform *trans, GstBuffer *buffer)
{
  GstSodPublish *self = GST_SOD_PUBLISH (trans);
  g_autoptr (GstSodRecord) record = make_record (self, buffer);
  g_autofree gchar *line = gst_sod_record_to_json (record);
  g_autoptr (GError) error = NULL;

  if (!sod_lines_write (self->lines, line, &error)) {
    fail (self, error);
    return GST_FLOW_ERROR;
  }
  GST_OBJECT_LOCK (self);
  self->n_lines = sod_lines_get_count (self->lines);
  GST_OBJECT_UNLOCK (self);
  return GST_FLOW_OK;
}

static gboolean
gst_sod_publish_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstSodPublish *self = GST_SOD_PUBLISH (trans);
  g_autoptr (GError) error = NULL;

  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS
      && !sod_lines_sync (self->lines, &error))
    fail (self, error);
  return GST_BASE_TRANSFORM_CLASS (gst_sod_publish_parent_class)
      ->sink_event (trans, event);
}

/* ---- the object ---- */

static void
gst_sod_publish_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstSodPublish *self = GST_SOD_PUBLISH (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LOCATION:
      g_free (self->location);
      self->location = g_value_dup_string (value);
      break;
    case PROP_APPEND:
      self->append = g_value_get_boolean (value);
      break;
    case PROP_SOURCE_ID:
      g_free (self->source_id);
      self->source_id = g_value_dup_string (value);
      break;
    case PROP_WALL_CLOCK:
      self->wall_clock = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_sod_publish_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstSodPublish *self = GST_SOD_PUBLISH (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LOCATION:
      g_value_set_string (value, self->location);
      break;
    case PROP_APPEND:
      g_value_set_boolean (value, self->append);
      break;
    case PROP_SOURCE_ID:
      g_value_set_string (value, self->source_id);
      break;
    case PROP_WALL_CLOCK:
      g_value_set_boolean (value, self->wall_clock);
      break;
    case PROP_LINES:
      g_value_set_uint64 (value, self->n_lines);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_sod_publish_finalize (GObject *object)
{
  GstSodPublish *self = GST_SOD_PUBLISH (object);

  g_free (self->location);
  g_free (self->source_id);
  g_free (self->id_asked);
  G_OBJECT_CLASS (gst_sod_publish_parent_class)->finalize (object);
}

static void
gst_sod_publish_init (GstSodPublish *self)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);

  GST_SOD_PUBLISH (trans)->wall_clock = TRUE;
  gst_base_transform_set_passthrough (trans, TRUE);
  gst_base_transform_set_qos_enabled (trans, FALSE);
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (klass, PROP_LOCATION,
      g_param_spec_string ("location", "Location",
          "File that the lines are written to; none or \"-\" = the standard "
          "output",
          NULL, flags));
  g_object_class_install_property (klass, PROP_APPEND,
      g_param_spec_boolean ("append", "Append",
          "Keep what the file holds and write after it, instead of emptying it",
          FALSE, flags));
  g_object_class_install_property (klass, PROP_SOURCE_ID,
      g_param_spec_string ("source-id", "Source id",
          "Name of the stream in the lines; none = the one that sodbase gave "
          "it, or else this element's name",
          NULL, flags));
  g_object_class_install_property (klass, PROP_WALL_CLOCK,
      g_param_spec_boolean ("wall-clock", "Wall clock",
          "Say in each line when it was written; without it, the same frames "
          "give the same lines",
          TRUE, flags));
  g_object_class_install_property (klass, PROP_LINES,
      g_param_spec_uint64 ("lines", "Lines",
          "How many lines were written since the start", 0, G_MAXUINT64, 0,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
gst_sod_publish_class_init (GstSodPublishClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);
  g_autoptr (GstCaps) caps = gst_caps_from_string ("video/x-raw(ANY)");

  object_class->set_property = gst_sod_publish_set_property;
  object_class->get_property = gst_sod_publish_get_property;
  object_class->finalize = gst_sod_publish_finalize;
  install_properties (object_class);

  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_element_class_set_static_metadata (element_class, "Saliency publisher",
      "Generic/Metadata", "Writes maps' facts and regions as JSON lines",
      "The gst-sod authors");

  trans_class->start = gst_sod_publish_start;
  trans_class->stop = gst_sod_publish_stop;
  trans_class->set_caps = gst_sod_publish_set_caps;
  trans_class->sink_event = gst_sod_publish_sink_event;
  trans_class->transform_ip = gst_sod_publish_transform_ip;

  GST_DEBUG_CATEGORY_INIT (
      sod_publish_debug, "sodpublish", 0, "saliency publisher");
}
