/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One JSON object a frame; docs/json-lines.md is the schema.
 *
 * Objects are put together here, since json-glib writes 17 digits of every
 * number; strings are escaped by json-glib. */
#include <gst-sod/data/record.h>

#include <json-glib/json-glib.h>
#include <math.h>

/* Raised when a field goes or changes its meaning, not when one is added. */
#define SCHEMA 1

typedef struct
{
  guint id;
  gdouble x, y, width, height, area, score;
} Region;

struct _GstSodRecord
{
  gchar *source_id;
  gint width, height;
  gint64 pts; /* ns, -1 = none */
  gint64 wall_clock;
  gboolean has_wall_clock;

  gboolean has_map;
  gchar *model_id;
  gchar *model_version;
  gint64 age;
  gdouble score;
  gboolean warm_up, reused;
  gdouble reconstruction_error; /* -1: not measured */
  gdouble disagreement;         /* -1: not measured */

  GArray *regions; /* of Region */
};

G_DEFINE_BOXED_TYPE (
    GstSodRecord, gst_sod_record, gst_sod_record_copy, gst_sod_record_free)

static void
write_string (GString *json, const gchar *text)
{
  g_autofree gchar *valid = NULL;
  g_autofree gchar *quoted = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (text == NULL) {
    g_string_append (json, "null");
    return;
  }
  valid = g_utf8_make_valid (text, -1);
  node = json_node_init_string (json_node_alloc (), valid);
  quoted = json_to_string (node, FALSE);
  g_string_append (json, quoted);
}

/* Six digits behind the point: a tenth of a pixel of the largest frame. */
static void
write_number (GString *json, gdouble number)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];
  gchar *end;

  if (!isfinite (number)) {
    g_string_append (json, "null");
    return;
  }
  number = CLAMP (number, -1e9, 1e9);
  g_ascii_formatd (text, sizeof (text), "%.6f", number);
  for (end = text; *end != '\0'; end++)
    ;
  while (end[-1] == '0')
    *--end = '\0';
  if (end[-1] == '.')
    *--end = '\0';
  g_string_append (json, g_strcmp0 (text, "-0") == 0 ? "0" : text);
}

static void
write_boolean (GString *json, gboolean value)
{
  g_string_append (json, value ? "true" : "false");
}

/* ISO 8601 with microseconds, always UTC: sorts as text. */
static void
write_time (GString *json, gint64 microseconds)
{
  gint64 seconds = microseconds / G_USEC_PER_SEC;
  gint64 rest = microseconds % G_USEC_PER_SEC;
  g_autoptr (GDateTime) time = NULL;

  if (rest < 0) {
    rest += G_USEC_PER_SEC;
    seconds--;
  }
  time = g_date_time_new_from_unix_utc (seconds);
  if (time == NULL) {
    g_string_append (json, "null");
    return;
  }
  g_string_append_printf (json, "\"%04d-%02d-%02dT%02d:%02d:%02d.%06dZ\"",
      g_date_time_get_year (time), g_date_time_get_month (time),
      g_date_time_get_day_of_month (time), g_date_time_get_hour (time),
      g_date_time_get_minute (time), g_date_time_get_second (time),
      (gint) rest);
}

/* ns; what is below 0 is not known. */
static void
write_duration (GString *json, gint64 duration)
{
  if (duration < 0)
    g_string_append (json, "null");
  else
    g_string_append_printf (json, "%" G_GINT64_FORMAT, duration);
}

/* A field that is there only where something was measured. */
static void
write_measure (GString *json, const gchar *name, gdouble value)
{
  if (value < 0)
    return;
  g_string_append_printf (json, ",\"%s\":", name);
  write_number (json, value);
}

static void
write_map (GString *json, const GstSodRecord *self)
{
  if (!self->has_map) {
    g_string_append (json, ",\"model\":null,\"map\":null");
    return;
  }
  g_string_append (json, ",\"model\":{\"id\":");
  write_string (json, self->model_id);
  g_string_append (json, ",\"version\":");
  write_string (json, self->model_version);
  g_string_append (json, "},\"map\":{\"age\":");
  write_duration (json, self->age);
  g_string_append (json, ",\"score\":");
  write_number (json, self->score);
  g_string_append (json, ",\"warm_up\":");
  write_boolean (json, self->warm_up);
  g_string_append (json, ",\"reused\":");
  write_boolean (json, self->reused);
  write_measure (json, "reconstruction_error", self->reconstruction_error);
  write_measure (json, "disagreement", self->disagreement);
  g_string_append_c (json, '}');
}

static void
write_region (GString *json, const Region *region)
{
  g_string_append_printf (json, "{\"id\":%u,\"box\":{\"x\":", region->id);
  write_number (json, region->x);
  g_string_append (json, ",\"y\":");
  write_number (json, region->y);
  g_string_append (json, ",\"width\":");
  write_number (json, region->width);
  g_string_append (json, ",\"height\":");
  write_number (json, region->height);
  g_string_append (json, "},\"area\":");
  write_number (json, region->area);
  g_string_append (json, ",\"score\":");
  write_number (json, region->score);
  g_string_append_c (json, '}');
}

/**
 * gst_sod_record_new:
 * @source_id: (nullable): name of the camera or file
 * @width: width of the frame, pixels
 * @height: height of the frame, pixels
 *
 * Makes the record of a frame in which nothing was found yet.
 *
 * Returns: (transfer full): the record
 *
 * Since: 0.1
 */
GstSodRecord *
gst_sod_record_new (const gchar *source_id, gint width, gint height)
{
  GstSodRecord *self = g_new0 (GstSodRecord, 1);

  self->source_id = g_strdup (source_id);
  self->width = width;
  self->height = height;
  self->pts = -1;
  self->reconstruction_error = self->disagreement = -1;
  self->regions = g_array_new (FALSE, FALSE, sizeof (Region));
  return self;
}

/**
 * gst_sod_record_copy:
 * @self: a record
 *
 * Returns: (transfer full): a copy of it
 *
 * Since: 0.1
 */
GstSodRecord *
gst_sod_record_copy (const GstSodRecord *self)
{
  GstSodRecord *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_memdup2 (self, sizeof (*self));
  copy->source_id = g_strdup (self->source_id);
  copy->model_id = g_strdup (self->model_id);
  copy->model_version = g_strdup (self->model_version);
  copy->regions = g_array_copy (self->regions);
  return copy;
}

/**
 * gst_sod_record_free:
 * @self: (transfer full): a record
 *
 * Frees a record.
 *
 * Since: 0.1
 */
void
gst_sod_record_free (GstSodRecord *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->source_id);
  g_free (self->model_id);
  g_free (self->model_version);
  g_array_unref (self->regions);
  g_free (self);
}

/**
 * gst_sod_record_set_pts:
 * @self: a record
 * @pts: presentation time of the frame, ns; -1 where it has none
 *
 * Sets the frame's time in its stream.
 *
 * Since: 0.1
 */
void
gst_sod_record_set_pts (GstSodRecord *self, gint64 pts)
{
  g_return_if_fail (self != NULL);

  self->pts = pts;
}

/**
 * gst_sod_record_set_wall_clock:
 * @self: a record
 * @microseconds: us since 1970-01-01 00:00 UTC, as g_get_real_time() tells it
 *
 * Sets the time of day at which the frame was seen.
 *
 * Since: 0.1
 */
void
gst_sod_record_set_wall_clock (GstSodRecord *self, gint64 microseconds)
{
  g_return_if_fail (self != NULL);

  self->wall_clock = microseconds;
  self->has_wall_clock = TRUE;
}

/**
 * gst_sod_record_set_map:
 * @self: a record
 * @model_id: (nullable): name of the model
 * @model_version: (nullable): version of the model
 * @age: ns between the frame that the map was made of and this one; -1 where
 *   frames have no times to tell it by
 * @score: mean of the map over its salient pixels, 0 to 1
 * @warm_up: whether a two-frame network saw this frame twice
 * @reused: whether the map is that of an earlier frame
 *
 * Says that the frame has a map, and which.
 *
 * Since: 0.1
 */
void
gst_sod_record_set_map (GstSodRecord *self, const gchar *model_id,
    const gchar *model_version, gint64 age, gdouble score, gboolean warm_up,
    gboolean reused)
{
  g_return_if_fail (self != NULL);

  self->has_map = TRUE;
  g_free (self->model_id);
  self->model_id = g_strdup (model_id);
  g_free (self->model_version);
  self->model_version = g_strdup (model_version);
  self->age = age;
  self->score = score;
  self->warm_up = warm_up;
  self->reused = reused;
}

/**
 * gst_sod_record_set_reconstruction_error:
 * @self: a record
 * @error: how far the picture that a reverse network imagines from the map is
 *   from the frame, 0 to 2; -1 where that was not measured
 *
 * Says how well the map explains the frame; written where the frame has a map.
 *
 * Since: 0.1
 */
void
gst_sod_record_set_reconstruction_error (GstSodRecord *self, gdouble error)
{
  g_return_if_fail (self != NULL);

  self->reconstruction_error = error;
}

/**
 * gst_sod_record_set_disagreement:
 * @self: a record
 * @disagreement: how far the maps disagree that the map was made of, 0 to 1; -1
 *   where that was not measured
 *
 * Says how far an ensemble disagrees; written where the frame has a map.
 *
 * Since: 0.1
 */
void
gst_sod_record_set_disagreement (GstSodRecord *self, gdouble disagreement)
{
  g_return_if_fail (self != NULL);

  self->disagreement = disagreement;
}

/**
 * gst_sod_record_add_region:
 * @self: a record
 * @id: identity of the region
 * @x: left edge of its box, fraction of the frame's width
 * @y: top edge, fraction of the frame's height
 * @width: width of its box, fraction of the frame's width
 * @height: height of its box, fraction of the frame's height
 * @area: area of its pixels, share of the frame
 * @score: mean of the map over its pixels, 0 to 1
 *
 * Adds a region after those that were added before.
 *
 * Since: 0.1
 */
void
gst_sod_record_add_region (GstSodRecord *self, guint id, gdouble x, gdouble y,
    gdouble width, gdouble height, gdouble area, gdouble score)
{
  Region region = { id, x, y, width, height, area, score };

  g_return_if_fail (self != NULL);

  g_array_append_val (self->regions, region);
}

/**
 * gst_sod_record_to_json:
 * @self: a record
 *
 * Writes the record as a JSON object (docs/json-lines.md), in one line, in
 * UTF-8 whatever the strings hold, with numbers rounded to six digits behind
 * the point, whatever the locale.
 *
 * Returns: (transfer full): the object, without a line feed
 *
 * Since: 0.1
 */
gchar *
gst_sod_record_to_json (const GstSodRecord *self)
{
  GString *json;

  g_return_val_if_fail (self != NULL, NULL);

  json = g_string_sized_new (256 + 160 * self->regions->len);
  g_string_append_printf (json, "{\"schema\":%d,\"source_id\":", SCHEMA);
  write_string (json, self->source_id);
  g_string_append (json, ",\"pts\":");
  write_duration (json, self->pts);
  g_string_append (json, ",\"time\":");
  if (self->has_wall_clock)
    write_time (json, self->wall_clock);
  else
    g_string_append (json, "null");
  g_string_append_printf (
      json, ",\"width\":%d,\"height\":%d", self->width, self->height);
  write_map (json, self);
  g_string_append (json, ",\"regions\":[");
  for (guint i = 0; i < self->regions->len; i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    write_region (json, &g_array_index (self->regions, Region, i));
  }
  g_string_append (json, "]}");
  return g_string_free (json, FALSE);
}
