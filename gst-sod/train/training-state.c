/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that a training needs to go on, as a checkpoint: networks of all nodes,
 * the state of the trainers at work, and the place in plan and data as JSON.
 *
 *   training              JSON: settings, nodes, stage, its state, the record
 *   network/NODE/...      what the node has
 *   best/NODE/...         what it runs, where that is another
 *   teacher/NODE/...      what the pseudo-labels of this round are made by
 *   learner/..., partner/...   trainers */
#include <gst-sod/train/training-state-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/nn/network-private.h>
#include <gst-sod/train/json-members-private.h>
#include <gst-sod/train/stage-private.h>

#define VERSION 1

/* Settings that a training may be resumed with others of. */
static const gchar *const free_keys[] = { "run.device", "run.threads",
  "run.max-time", "run.checkpoint-path", "run.checkpoint-interval",
  "data.reading-threads", "data.cache-size", "semi-supervised.memory-limit",
  NULL };

typedef struct
{
  const gchar *name;
  gsize offset;
} Field;

#define FIELD(name, member)                                                    \
  {                                                                            \
    name, G_STRUCT_OFFSET (GstSodStageState, member)                           \
  }

static const Field integers[] = {
  FIELD ("step", step),
  FIELD ("n-diverged", n_diverged),
  FIELD ("n-losses", n_losses),
  FIELD ("n-without-gain", n_without_gain),
  FIELD ("owes-score", owes_score),
  FIELD ("n-suspicions", n_suspicions),
};

static const Field numbers[] = {
  FIELD ("rate-scale", rate_scale),
  FIELD ("seconds", seconds),
  FIELD ("loss-sum", loss_sum),
  FIELD ("best-score", best_score),
  FIELD ("monitor-map", monitor.map),
  FIELD ("monitor-truth", monitor.truth),
  FIELD ("monitor-soft", monitor.soft),
  FIELD ("monitor-bit", monitor.bit),
};

/* ---- networks ---- */

static gboolean
put_metadata (GstSodCheckpoint *checkpoint, const gchar *prefix,
    GstSodNetwork *network, GError **error)
{
  g_autofree gchar *architecture =
      gst_sod_architecture_to_json (gst_sod_network_get_architecture (network));
  g_autofree gchar *name = g_strconcat (prefix, "/architecture", NULL);
  g_autofree gchar *name_of_rest = g_strconcat (prefix, "/metadata", NULL);
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree gchar *metadata = NULL;
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, gst_sod_network_get_metadata_table (network));
  while (g_hash_table_iter_next (&iter, &key, &value))
    json_object_set_string_member (object, key, value);
  metadata = gst_sod_training_json_line (object);
  return gst_sod_checkpoint_set_bytes (
             checkpoint, name, architecture, strlen (architecture), error)
         && gst_sod_checkpoint_set_bytes (
             checkpoint, name_of_rest, metadata, strlen (metadata), error);
}

static gboolean
put_network (GstSodCheckpoint *checkpoint, const gchar *role, const gchar *node,
    GstSodNetwork *network, GError **error)
{
  g_autofree gchar *prefix = g_strdup_printf ("%s/%s", role, node);
  GHashTableIter iter;
  gpointer key, value;

  if (network == NULL)
    return TRUE;
  if (!put_metadata (checkpoint, prefix, network, error))
    return FALSE;
  g_hash_table_iter_init (&iter, gst_sod_network_get_weights (network));
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    g_autofree gchar *name = g_strconcat (prefix, "/", key, NULL);

    if (!gst_sod_checkpoint_set_floats (checkpoint, name,
            gst_sod_tensor_peek_data (value),
            gst_sod_tensor_get_n_elements (value), error))
      return FALSE;
  }
  return TRUE;
}

static gchar *
get_text (const GstSodCheckpoint *checkpoint, const gchar *prefix,
    const gchar *name, GError **error)
{
  g_autofree gchar *full = g_strconcat (prefix, name, NULL);
  g_autoptr (GBytes) bytes =
      gst_sod_checkpoint_get_bytes (checkpoint, full, error);
  gsize size;
  const gchar *data;

  if (bytes == NULL)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  return g_strndup (data != NULL ? data : "", size);
}

static GHashTable *
get_metadata (
    const GstSodCheckpoint *checkpoint, const gchar *prefix, GError **error)
{
  g_autofree gchar *text = get_text (checkpoint, prefix, "/metadata", error);
  g_autofree gchar *what = g_strdup_printf ("\"%s/metadata\"", prefix);
  g_autoptr (JsonNode) node =
      text != NULL ? gst_sod_json_read_object (text, what, error) : NULL;
  g_autoptr (GHashTable) metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;

  if (node == NULL)
    return NULL;
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &name, &value)) {
    const GstSodJsonMember member = { name, GST_SOD_JSON_TEXT };

    if (!gst_sod_json_check_members (
            json_node_get_object (node), &member, 1, what, error))
      return NULL;
    g_hash_table_insert (
        metadata, g_strdup (name), g_strdup (json_node_get_string (value)));
  }
  return g_steal_pointer (&metadata);
}

/* The weights that a random network of the architecture has, with the values
 * of the checkpoint. */
static GHashTable *
get_weights (const GstSodCheckpoint *checkpoint, const gchar *prefix,
    GstSodArchitecture *architecture, GError **error)
{
  g_autoptr (GstSodNetwork) form =
      gst_sod_network_new_random (architecture, 0, error);
  g_autoptr (GHashTable) weights = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) gst_sod_tensor_unref);
  GHashTableIter iter;
  gpointer key, value;

  if (form == NULL)
    return NULL;
  g_hash_table_iter_init (&iter, gst_sod_network_get_weights (form));
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    g_autofree gchar *name = g_strconcat (prefix, "/", key, NULL);
    GstSodTensor *tensor = gst_sod_tensor_new_shaped (
        GST_SOD_DTYPE_F32, gst_sod_tensor_get_shape (value), error);

    if (tensor == NULL)
      return NULL;
    g_hash_table_insert (weights, g_strdup (key), tensor);
    if (!gst_sod_checkpoint_get_floats (checkpoint, name,
            gst_sod_tensor_get_data (tensor),
            gst_sod_tensor_get_n_elements (tensor), error))
      return NULL;
  }
  return g_steal_pointer (&weights);
}

/* *@network becomes what the checkpoint has; NULL where it has none. */
static gboolean
get_network (const GstSodCheckpoint *checkpoint, const gchar *role,
    const gchar *node, GstSodNetwork **network, GError **error)
{
  g_autofree gchar *prefix = g_strdup_printf ("%s/%s", role, node);
  g_autofree gchar *name = g_strconcat (prefix, "/architecture", NULL);
  g_autofree gchar *json = NULL;
  g_autoptr (GstSodArchitecture) architecture = NULL;
  g_autoptr (GHashTable) metadata = NULL;
  GHashTable *weights;

  g_clear_object (network);
  if (!gst_sod_checkpoint_has (checkpoint, name))
    return TRUE;
  json = get_text (checkpoint, prefix, "/architecture", error);
  if (json != NULL)
    architecture = gst_sod_architecture_new_from_json (json, error);
  if (architecture != NULL)
    metadata = get_metadata (checkpoint, prefix, error);
  if (metadata == NULL)
    return FALSE;
  weights = get_weights (checkpoint, prefix, architecture, error);
  if (weights == NULL)
    return FALSE;
  *network = gst_sod_network_new_from_weights (
      architecture, weights, g_steal_pointer (&metadata), error);
  return *network != NULL;
}

/* ---- the place ---- */

static void
set_number (JsonObject *object, const gchar *name, gdouble value)
{
  /* JSON has no NaN: what is not known is not there. */
  if (isfinite (value))
    json_object_set_double_member (object, name, value);
}

static gdouble
get_number (JsonObject *object, const gchar *name)
{
  return json_object_get_double_member_with_default (object, name, NAN);
}

static JsonObject *
describe_stage_state (const GstSodStageState *state)
{
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (integers); i++)
    json_object_set_int_member (object, integers[i].name,
        (gint64) G_STRUCT_MEMBER (guint64, state, integers[i].offset));
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    set_number (object, numbers[i].name,
        G_STRUCT_MEMBER (gdouble, state, numbers[i].offset));
  return object;
}

static void
read_stage_state (JsonObject *object, GstSodStageState *state)
{
  for (guint i = 0; i < G_N_ELEMENTS (integers); i++)
    G_STRUCT_MEMBER (guint64, state, integers[i].offset) =
        (guint64) json_object_get_int_member_with_default (
            object, integers[i].name, 0);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    G_STRUCT_MEMBER (gdouble, state, numbers[i].offset) =
        get_number (object, numbers[i].name);
}

static JsonObject *
describe_node (GstSodTrainingNode *node)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", node->name);
  json_object_set_boolean_member (object, "knows", node->knows);
  set_number (object, "best-score", node->best_score);
  set_number (object, "score", node->score);
  set_number (object, "teacher-score", node->teacher_score);
  if (node->samples != NULL) {
    g_autofree gchar *hash = gst_sod_samples_get_hash (node->samples);

    json_object_set_string_member (object, "hash", hash);
  }
  return object;
}

/* A stage that had nothing to learn from has none. */
static gboolean
has_learner (const GstSodStage *stage)
{
  return stage != NULL && stage->learner != NULL;
}

static gchar *
describe_place (GstSodTraining *self)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autofree gchar *settings =
      gst_sod_training_settings_to_string (self->settings);
  g_autofree gchar *record = gst_sod_run_record_to_json (self->record);
  JsonArray *nodes = json_array_new ();

  json_object_set_int_member (object, "version", VERSION);
  json_object_set_string_member (object, "settings", settings);
  json_object_set_string_member (object, "record", record);
  for (guint k = 0; k < self->nodes->len; k++)
    json_array_add_object_element (
        nodes, describe_node (g_ptr_array_index (self->nodes, k)));
  json_array_add_object_element (nodes, describe_node (self->reverse));
  json_object_set_array_member (object, "nodes", nodes);
  json_object_set_int_member (object, "stage", self->stage);
  set_number (object, "seconds", self->seconds);
  json_object_set_int_member (object, "teachers-round", self->teachers_round);
  if (has_learner (self->current)) {
    json_object_set_object_member (
        object, "state", describe_stage_state (&self->current->state));
    set_number (object, "stage-seconds", self->current->seconds);
  }
  return gst_sod_training_json_line (object);
}

/* ---- capture ---- */

static gboolean
put_node (
    GstSodCheckpoint *checkpoint, GstSodTrainingNode *node, GError **error)
{
  return put_network (checkpoint, "network", node->name, node->network, error)
         && (node->best == node->network
             || put_network (checkpoint, "best", node->name, node->best, error))
         && put_network (
             checkpoint, "teacher", node->name, node->teacher, error);
}

static gboolean
put_stage (
    GstSodCheckpoint *checkpoint, const GstSodStage *stage, GError **error)
{
  if (!has_learner (stage))
    return TRUE;
  return gst_sod_trainer_write_state (
             stage->learner, checkpoint, "learner", error)
         && (stage->partner == NULL
             || gst_sod_trainer_write_state (
                 stage->partner, checkpoint, "partner", error))
         && put_network (checkpoint, "best", "+stage", stage->best, error);
}

GstSodCheckpoint *
gst_sod_training_capture (GstSodTraining *self, GError **error)
{
  g_autoptr (GstSodCheckpoint) checkpoint = gst_sod_checkpoint_new ();
  g_autofree gchar *place = describe_place (self);

  if (!gst_sod_checkpoint_set_bytes (
          checkpoint, "training", place, strlen (place), error))
    return NULL;
  for (guint k = 0; k < self->nodes->len; k++) {
    if (!put_node (checkpoint, g_ptr_array_index (self->nodes, k), error))
      return NULL;
  }
  if (!put_node (checkpoint, self->reverse, error)
      || !put_stage (checkpoint, self->current, error))
    return NULL;
  return g_steal_pointer (&checkpoint);
}

/* ---- and back ---- */

/* Of a stage at work. What is not known is not there; its rate is. */
static gboolean
check_stage_state (JsonObject *place, GError **error)
{
  static const GstSodJsonMember needed = { "rate-scale", GST_SOD_JSON_NUMBER };
  JsonObject *state = json_object_get_object_member (place, "state");

  for (guint i = 0; i < G_N_ELEMENTS (integers); i++) {
    const GstSodJsonMember member = { integers[i].name, GST_SOD_JSON_COUNT,
      TRUE };

    if (!gst_sod_json_check_members (
            state, &member, 1, "the checkpoint's stage", error))
      return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    const GstSodJsonMember member = { numbers[i].name, GST_SOD_JSON_NUMBER,
      TRUE };

    if (!gst_sod_json_check_members (
            state, &member, 1, "the checkpoint's stage", error))
      return FALSE;
  }
  return gst_sod_json_check_members (
      state, &needed, 1, "the checkpoint's stage", error);
}

static gboolean
check_place (JsonObject *place, GError **error)
{
  static const GstSodJsonMember members[] = {
    { "settings", GST_SOD_JSON_TEXT },
    { "record", GST_SOD_JSON_TEXT },
    { "nodes", GST_SOD_JSON_OBJECTS },
    { "stage", GST_SOD_JSON_COUNT },
    { "seconds", GST_SOD_JSON_NUMBER },
    { "teachers-round", GST_SOD_JSON_COUNT },
    { "state", GST_SOD_JSON_OBJECT, TRUE },
    { "stage-seconds", GST_SOD_JSON_NUMBER, TRUE },
  };
  static const GstSodJsonMember of_node[] = {
    { "name", GST_SOD_JSON_TEXT },
    { "knows", GST_SOD_JSON_FLAG },
    { "hash", GST_SOD_JSON_TEXT, TRUE },
    { "best-score", GST_SOD_JSON_NUMBER, TRUE },
    { "score", GST_SOD_JSON_NUMBER, TRUE },
    { "teacher-score", GST_SOD_JSON_NUMBER, TRUE },
  };
  JsonArray *nodes;

  if (!gst_sod_json_check_members (place, members, G_N_ELEMENTS (members),
          "the checkpoint's place", error))
    return FALSE;
  nodes = json_object_get_array_member (place, "nodes");
  for (guint i = 0; i < json_array_get_length (nodes); i++) {
    if (!gst_sod_json_check_members (json_array_get_object_element (nodes, i),
            of_node, G_N_ELEMENTS (of_node), "a node of the checkpoint", error))
      return FALSE;
  }
  return !json_object_has_member (place, "state")
         || check_stage_state (place, error);
}

static JsonNode *
get_place (const GstSodCheckpoint *checkpoint, GError **error)
{
  static const GstSodJsonMember version = { "version", GST_SOD_JSON_COUNT };
  g_autofree gchar *text = get_text (checkpoint, "training", "", error);
  g_autoptr (JsonNode) node = NULL;
  JsonObject *place;

  if (text == NULL)
    return NULL;
  node = gst_sod_json_read_object (text, "the checkpoint's place", error);
  if (node == NULL)
    return NULL;
  place = json_node_get_object (node);
  if (!gst_sod_json_check_members (place, &version, 1, "the checkpoint", NULL)
      || json_object_get_int_member (place, "version") != VERSION) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "the checkpoint is not of a training that this version knows: use the "
        "version of gst-sod that wrote it");
    return NULL;
  }
  return check_place (place, error) ? g_steal_pointer (&node) : NULL;
}

gboolean
gst_sod_training_is_in_stage (
    GstSodTraining *self, const GstSodCheckpoint *checkpoint)
{
  g_autoptr (JsonNode) place = get_place (checkpoint, NULL);
  JsonObject *object = place != NULL ? json_node_get_object (place) : NULL;

  return object != NULL && json_object_has_member (object, "state")
         && json_object_get_int_member (object, "stage") == self->stage;
}

gboolean
gst_sod_training_restore_stage (
    GstSodTraining *self, const GstSodCheckpoint *checkpoint, GError **error)
{
  g_autoptr (JsonNode) place = get_place (checkpoint, error);
  GstSodStage *stage = self->current;
  JsonObject *object;

  if (place == NULL)
    return FALSE;
  object = json_node_get_object (place);
  g_assert (json_object_has_member (object, "state"));
  read_stage_state (
      json_object_get_object_member (object, "state"), &stage->state);
  stage->seconds = json_object_get_double_member_with_default (
      object, "stage-seconds", stage->seconds);
  if (!gst_sod_trainer_read_state (stage->learner, checkpoint, "learner", error)
      || (stage->partner != NULL
          && !gst_sod_trainer_read_state (
              stage->partner, checkpoint, "partner", error))
      || !get_network (checkpoint, "best", "+stage", &stage->best, error))
    return FALSE;
  gst_sod_stage_seek (stage);
  return TRUE;
}

static gboolean
check_settings (GstSodTraining *self, JsonObject *place, GError **error)
{
  g_autoptr (GstSodTrainingSettings) settings =
      gst_sod_training_settings_new (NULL, NULL);

  if (!gst_sod_training_settings_load_string (settings, "the checkpoint",
          json_object_get_string_member_with_default (place, "settings", ""),
          error))
    return FALSE;
  for (guint i = 0; i < gst_sod_n_settings; i++) {
    const gchar *key = gst_sod_settings[i].key;
    const gchar *here = gst_sod_training_settings_peek (self->settings, key);
    const gchar *there = gst_sod_training_settings_peek (settings, key);

    if (g_strv_contains (free_keys, key) || g_str_equal (here, there))
      continue;
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the checkpoint was made with %s = %s, it is %s now: resume with the "
        "settings it was made with, or begin anew",
        key, there, here);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_node (
    const GstSodTrainingNode *node, JsonObject *described, GError **error)
{
  const gchar *name =
      json_object_get_string_member_with_default (described, "name", "");
  const gchar *hash =
      json_object_get_string_member_with_default (described, "hash", "");
  g_autofree gchar *here =
      node->samples != NULL ? gst_sod_samples_get_hash (node->samples) : NULL;

  if (!g_str_equal (name, node->name)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the checkpoint has a node \"%s\" where there is \"%s\" now: add the "
        "same nodes in the same order",
        name, node->name);
    return FALSE;
  }
  if (here != NULL && !g_str_equal (here, hash)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "node %s: its frames are not those of the checkpoint (hash %.12s, "
        "%.12s was expected): resume with the same data, or begin anew",
        node->name, here, hash);
    return FALSE;
  }
  return TRUE;
}

static gboolean
restore_node (GstSodTrainingNode *node, JsonObject *described,
    const GstSodCheckpoint *checkpoint, GError **error)
{
  if (!check_node (node, described, error))
    return FALSE;
  node->knows = json_object_get_boolean_member (described, "knows");
  node->best_score = get_number (described, "best-score");
  node->score = get_number (described, "score");
  node->teacher_score = get_number (described, "teacher-score");
  if (!get_network (checkpoint, "network", node->name, &node->network, error)
      || !get_network (checkpoint, "best", node->name, &node->best, error)
      || !get_network (
          checkpoint, "teacher", node->name, &node->teacher, error))
    return FALSE;
  if (node->best == NULL && !isnan (node->best_score))
    g_set_object (&node->best, node->network);
  return TRUE;
}

gboolean
gst_sod_training_restore (
    GstSodTraining *self, const GstSodCheckpoint *checkpoint, GError **error)
{
  g_autoptr (JsonNode) place = get_place (checkpoint, error);
  JsonObject *object;
  JsonArray *nodes;
  guint n = self->nodes->len;

  if (place == NULL)
    return FALSE;
  object = json_node_get_object (place);
  nodes = json_object_get_array_member (object, "nodes");
  if (!check_settings (self, object, error))
    return FALSE;
  if (json_array_get_length (nodes) != n + 1) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the checkpoint has %u nodes, there are %u now: add the same nodes",
        json_array_get_length (nodes) - 1, n);
    return FALSE;
  }
  for (guint k = 0; k <= n; k++) {
    GstSodTrainingNode *node =
        k < n ? g_ptr_array_index (self->nodes, k) : self->reverse;

    if (!restore_node (
            node, json_array_get_object_element (nodes, k), checkpoint, error))
      return FALSE;
  }
  self->stage = (guint) json_object_get_int_member (object, "stage");
  self->seconds = json_object_get_double_member (object, "seconds");
  self->teachers_round =
      (guint) json_object_get_int_member (object, "teachers-round");
  if (!gst_sod_run_record_load (self->record,
          json_object_get_string_member (object, "record"), error))
    return FALSE;
  if (!json_object_has_member (object, "state")
      || gst_sod_run_record_count_stages (self->record) > 0)
    return TRUE;
  g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "the checkpoint is in a stage that its record does not know");
  return FALSE;
}
