/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the file of a model that was trained here says of how it came about. */
#include <gst-sod/train/stage-private.h>

#include <gst-sod/nn/network-private.h>

/* The stages in which the node's network has learnt, up to the present one. */
static JsonArray *
describe_phases (GstSodTraining *self, const GstSodTrainingNode *node)
{
  JsonArray *phases = json_array_new ();

  for (guint i = 0; i < self->plan->len && i <= self->stage; i++) {
    const GstSodStagePlan *plan =
        &g_array_index (self->plan, GstSodStagePlan, i);
    JsonObject *phase;

    if (plan->node != node)
      continue;
    phase = json_object_new ();
    json_object_set_string_member (phase, "name", plan->klass->name);
    json_object_set_int_member (phase, "phase", plan->phase);
    json_object_set_int_member (phase, "round", plan->round);
    json_array_add_object_element (phases, phase);
  }
  return phases;
}

static void
add_data (JsonArray *data, const GstSodTrainingNode *node)
{
  g_autofree gchar *hash = gst_sod_samples_get_hash (node->samples);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", node->name);
  json_object_set_string_member (object, "hash", hash);
  json_object_set_int_member (
      object, "images", gst_sod_samples_get_n_samples (node->samples));
  json_object_set_int_member (object, "labelled", node->n_labelled);
  json_array_add_object_element (data, object);
}

/* A node's own frames; from phase 2 on, the reverse network brings in those of
 * all others, as it does its own from the start. */
static JsonArray *
describe_data (GstSodTraining *self, const GstSodStagePlan *plan)
{
  JsonArray *data = json_array_new ();

  for (guint k = 0; k < self->nodes->len; k++) {
    const GstSodTrainingNode *node = g_ptr_array_index (self->nodes, k);

    if (node == plan->node || plan->node == self->reverse || plan->phase > 1)
      add_data (data, node);
  }
  return data;
}

static gchar *
describe_lineage (GstSodTraining *self, const GstSodStagePlan *plan)
{
  g_autoptr (JsonObject) lineage = json_object_new ();
  JsonArray *parents = json_array_new ();

  if (plan->node->parent != NULL)
    json_array_add_string_element (parents, plan->node->parent);
  json_object_set_array_member (lineage, "parents", parents);
  json_object_set_array_member (
      lineage, "phases", describe_phases (self, plan->node));
  json_object_set_array_member (lineage, "data", describe_data (self, plan));
  json_object_set_string_member (lineage, "preset",
      gst_sod_training_settings_peek (self->settings, "run.preset"));
  json_object_set_int_member (lineage, "seed",
      gst_sod_training_settings_get_integer (self->settings, "run.seed"));
  return gst_sod_training_json_line (lineage);
}

static gchar *
describe_scores (const GstSodScores *scores)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_ARRAY);
  g_autoptr (JsonArray) list = json_array_new ();
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "set", "held out from training");
  json_object_set_int_member (object, "images", (gint64) scores->n_frames);
  json_object_set_string_member (
      object, "protocol", "pysod; truth at its own size");
  json_object_set_double_member (object, "max-f", scores->max_f);
  json_object_set_double_member (object, "mean-f", scores->mean_f);
  json_object_set_double_member (object, "mae", scores->mae);
  json_object_set_double_member (object, "j", scores->iou);
  json_array_add_object_element (list, object);
  json_node_set_array (node, list);
  return json_to_string (node, FALSE);
}

GstSodNetwork *
gst_sod_training_sign (GstSodTraining *self, const GstSodStagePlan *plan,
    GstSodNetwork *network, const GstSodScores *scores, GError **error)
{
  static const gchar *const kept[] = { "input-rule", "threshold", "name" };
  GHashTable *metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    g_hash_table_insert (metadata, g_strdup (kept[i]),
        g_strdup (gst_sod_network_get_metadata (network, kept[i])));
  /* One that began here is named after its node. */
  if (plan->node->parent == NULL)
    g_hash_table_replace (
        metadata, g_strdup ("name"), g_strdup (plan->node->name));
  g_hash_table_insert (
      metadata, g_strdup ("lineage"), describe_lineage (self, plan));
  if (scores != NULL && scores->n_frames > 0 && scores->reconstruction == 0)
    g_hash_table_insert (
        metadata, g_strdup ("scores"), describe_scores (scores));
  return gst_sod_network_new_with_metadata (network, metadata, error);
}
