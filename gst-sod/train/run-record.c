/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/run-record-private.h>

#include <gst-sod/config.h>
#include <gst-sod/train/json-members-private.h>
#include <gst-sod/train/settings-private.h>

#define VERSION 1

static const gchar *const lists[] = { "nodes", "starts", "stages",
  "pseudo-labels", "networks", "monitor", "warnings", "maps" };

struct _GstSodRunRecord
{
  GMutex lock;
  JsonObject *root;
};

/* Numbers as numbers, so that a reader need not parse them again. */
static JsonObject *
describe_settings (GstSodTrainingSettings *settings)
{
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < gst_sod_n_settings; i++) {
    const GstSodSetting *setting = &gst_sod_settings[i];

    if (setting->type == GST_SOD_SETTING_INTEGER)
      json_object_set_int_member (object, setting->key,
          gst_sod_training_settings_get_integer (settings, setting->key));
    else if (setting->type == GST_SOD_SETTING_NUMBER)
      json_object_set_double_member (object, setting->key,
          gst_sod_training_settings_get_number (settings, setting->key));
    else
      json_object_set_string_member (object, setting->key,
          gst_sod_training_settings_peek (settings, setting->key));
  }
  return object;
}

static JsonObject *
describe_versions (void)
{
  JsonObject *object = json_object_new ();
  g_autofree gchar *glib = g_strdup_printf (
      "%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);

  json_object_set_string_member (object, "gst-sod", GST_SOD_VERSION);
  json_object_set_string_member (object, "glib", glib);
  json_object_set_string_member (object, "json-glib", JSON_VERSION_S);
  return object;
}

GstSodRunRecord *
gst_sod_run_record_new (GstSodTrainingSettings *settings)
{
  GstSodRunRecord *self = g_new0 (GstSodRunRecord, 1);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree gchar *time = g_date_time_format_iso8601 (now);

  g_mutex_init (&self->lock);
  self->root = json_object_new ();
  json_object_set_int_member (self->root, "version", VERSION);
  json_object_set_string_member (self->root, "started", time);
  json_object_set_object_member (
      self->root, "settings", describe_settings (settings));
  json_object_set_object_member (self->root, "versions", describe_versions ());
  json_object_set_object_member (self->root, "notes", json_object_new ());
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    json_object_set_array_member (self->root, lists[i], json_array_new ());
  return self;
}

void
gst_sod_run_record_free (GstSodRunRecord *self)
{
  json_object_unref (self->root);
  g_mutex_clear (&self->lock);
  g_free (self);
}

gchar *
gst_sod_run_record_to_json (GstSodRunRecord *self)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  gchar *json;

  g_mutex_lock (&self->lock);
  json_node_set_object (node, self->root);
  json = json_to_string (node, TRUE);
  g_mutex_unlock (&self->lock);
  return json;
}

/* What is added to must be there; a list that an older version did not make is
 * made when it is. */
static gboolean
check_record (JsonObject *record, GError **error)
{
  static const GstSodJsonMember of_stage[] = {
    { "losses", GST_SOD_JSON_LIST },
    { "scores", GST_SOD_JSON_LIST },
  };
  GstSodJsonMember members[G_N_ELEMENTS (lists) + 1] = {
    { "notes", GST_SOD_JSON_OBJECT },
  };
  JsonArray *stages;

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    members[i + 1] = (GstSodJsonMember){ lists[i], GST_SOD_JSON_OBJECTS,
      g_str_equal (lists[i], "maps") };
  if (!gst_sod_json_check_members (
          record, members, G_N_ELEMENTS (members), "the record", error))
    return FALSE;
  stages = json_object_get_array_member (record, "stages");
  for (guint i = 0; i < json_array_get_length (stages); i++) {
    if (!gst_sod_json_check_members (json_array_get_object_element (stages, i),
            of_stage, G_N_ELEMENTS (of_stage), "a stage of the record", error))
      return FALSE;
  }
  return TRUE;
}

gboolean
gst_sod_run_record_load (
    GstSodRunRecord *self, const gchar *json, GError **error)
{
  g_autoptr (JsonNode) node =
      gst_sod_json_read_object (json, "the record of a run", error);

  if (node == NULL || !check_record (json_node_get_object (node), error))
    return FALSE;
  g_mutex_lock (&self->lock);
  json_object_unref (self->root);
  self->root = json_node_dup_object (node);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

guint
gst_sod_run_record_count_stages (GstSodRunRecord *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = json_array_get_length (
      json_object_get_array_member (self->root, "stages"));
  g_mutex_unlock (&self->lock);
  return n;
}

void
gst_sod_run_record_set_note (
    GstSodRunRecord *self, const gchar *key, JsonNode *node)
{
  g_mutex_lock (&self->lock);
  json_object_set_member (
      json_object_get_object_member (self->root, "notes"), key, node);
  g_mutex_unlock (&self->lock);
}

void
gst_sod_run_record_add (
    GstSodRunRecord *self, const gchar *name, JsonObject *object)
{
  g_mutex_lock (&self->lock);
  json_array_add_object_element (
      json_object_get_array_member (self->root, name), object);
  g_mutex_unlock (&self->lock);
}

void
gst_sod_run_record_edit (GstSodRunRecord *self, const gchar *name,
    GstSodRunRecordEdit edit, gpointer user_data)
{
  g_mutex_lock (&self->lock);
  /* A record that was made before there was such a member. */
  if (!json_object_has_member (self->root, name))
    json_object_set_array_member (self->root, name, json_array_new ());
  edit (json_object_get_array_member (self->root, name), user_data);
  g_mutex_unlock (&self->lock);
}

/* ---- the course of a stage ---- */

static JsonObject *
last_stage (GstSodRunRecord *self)
{
  JsonArray *stages = json_object_get_array_member (self->root, "stages");
  guint n = json_array_get_length (stages);

  g_assert (n > 0);
  return json_array_get_object_element (stages, n - 1);
}

void
gst_sod_run_record_begin_stage (GstSodRunRecord *self, const gchar *name,
    guint phase, guint round, const gchar *node, guint64 n_steps)
{
  JsonObject *stage = json_object_new ();

  json_object_set_string_member (stage, "name", name);
  json_object_set_int_member (stage, "phase", phase);
  json_object_set_int_member (stage, "round", round);
  json_object_set_string_member (stage, "node", node);
  json_object_set_int_member (stage, "planned-steps", (gint64) n_steps);
  json_object_set_array_member (stage, "losses", json_array_new ());
  json_object_set_array_member (stage, "scores", json_array_new ());
  gst_sod_run_record_add (self, "stages", stage);
}

void
gst_sod_run_record_add_loss (GstSodRunRecord *self, guint64 step, gdouble loss)
{
  JsonArray *point = json_array_new ();

  json_array_add_int_element (point, (gint64) step);
  json_array_add_double_element (point, loss);
  g_mutex_lock (&self->lock);
  json_array_add_array_element (
      json_object_get_array_member (last_stage (self), "losses"), point);
  g_mutex_unlock (&self->lock);
}

void
gst_sod_run_record_add_score (GstSodRunRecord *self, JsonObject *scores)
{
  g_mutex_lock (&self->lock);
  json_array_add_object_element (
      json_object_get_array_member (last_stage (self), "scores"), scores);
  g_mutex_unlock (&self->lock);
}

void
gst_sod_run_record_end_stage (
    GstSodRunRecord *self, guint64 n_steps, gdouble seconds, const gchar *how)
{
  JsonObject *stage;

  g_mutex_lock (&self->lock);
  stage = last_stage (self);
  json_object_set_int_member (stage, "steps", (gint64) n_steps);
  json_object_set_double_member (stage, "seconds", seconds);
  json_object_set_string_member (stage, "end", how);
  g_mutex_unlock (&self->lock);
}
