/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/training-private.h>

#include <gst-sod/core/json-check-private.h>

#include <math.h>
#include <string.h>

enum
{
  SIGNAL_PROGRESS,
  SIGNAL_SCORED,
  SIGNAL_WARNING,
  SIGNAL_NETWORK,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (GstSodTraining, gst_sod_training, G_TYPE_OBJECT)

static void
free_node (gpointer data)
{
  GstSodTrainingNode *node = data;

  g_free (node->name);
  g_free (node->parent);
  g_clear_object (&node->samples);
  g_clear_object (&node->held_out);
  g_clear_object (&node->network);
  g_clear_object (&node->best);
  g_clear_object (&node->teacher);
  g_clear_pointer (&node->scorer, gst_sod_scorer_free);
  g_free (node);
}

static GstSodTrainingNode *
make_node (const gchar *name)
{
  GstSodTrainingNode *node = g_new0 (GstSodTrainingNode, 1);

  node->name = g_strdup (name);
  node->best_score = NAN;
  node->score = node->teacher_score = NAN;
  return node;
}

static void
gst_sod_training_finalize (GObject *object)
{
  GstSodTraining *self = GST_SOD_TRAINING (object);

  g_ptr_array_unref (self->nodes);
  free_node (self->reverse);
  g_clear_object (&self->all_labelled);
  g_clear_object (&self->all_held_out);
  g_clear_object (&self->all);
  g_clear_object (&self->pseudo_labels);
  g_clear_pointer (&self->plan, g_array_unref);
  g_clear_pointer (&self->record, gst_sod_run_record_free);
  g_clear_object (&self->settings);
  g_ptr_array_unref (self->requests);
  g_clear_pointer (&self->saved, gst_sod_checkpoint_free);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  G_OBJECT_CLASS (gst_sod_training_parent_class)->finalize (object);
}

static void
install_signals (GType type)
{
  /**
   * GstSodTraining::progress:
   * @self: a training
   * @progress: a JSON object in one line: `phase`, `round`, `stage`, `node`,
   *   `step`, `n-steps`, `epoch`, `loss`, `rate`, `width`, `height`,
   *   `frames-per-second`, `time-left` (seconds of this stage),
   *   `stage-number` (from 1), `n-stages`, `done` (0..1, of all stages)
   *
   * Emitted at most four times a second while networks learn, and after the
   * last step of a stage.
   *
   * Since: 0.1
   */
  signals[SIGNAL_PROGRESS] = g_signal_new ("progress", type, G_SIGNAL_RUN_LAST,
      0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  /**
   * GstSodTraining::scored:
   * @self: a training
   * @node: whose network was scored; "reverse" for the reverse network
   * @measures: a JSON object in one line: `phase`, `round`, `step` and for base
   *   networks `school`, `max_f`, `mean_f`, `mae`, `iou`, `frames`; for the
   *   reverse network `reconstruction`
   *
   * Emitted after held-out frames were scored.
   *
   * Since: 0.1
   */
  signals[SIGNAL_SCORED] = g_signal_new ("scored", type, G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  /**
   * GstSodTraining::warning:
   * @self: a training
   * @text: what is not as it should be, in one sentence
   *
   * Emitted where the training goes on, but something should be looked at.
   *
   * Since: 0.1
   */
  signals[SIGNAL_WARNING] = g_signal_new ("warning", type, G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  /**
   * GstSodTraining::network:
   * @self: a training
   * @node: whose network it is; "reverse" for the reverse network
   * @network: the network
   * @score: of "score.measure" on held-out frames, such that more is better;
   *   NaN where nothing is held out
   * @better: whether it beats what the node ran before, or nothing is held out
   *
   * Emitted with each network that could run from now on: after each score, and
   * at the end of each stage.
   *
   * Since: 0.1
   */
  signals[SIGNAL_NETWORK] = g_signal_new ("network", type, G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 4, G_TYPE_STRING, GST_SOD_TYPE_NETWORK,
      G_TYPE_DOUBLE, G_TYPE_BOOLEAN);
}

static void
gst_sod_training_class_init (GstSodTrainingClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_training_finalize;
  install_signals (G_TYPE_FROM_CLASS (klass));
}

static void
gst_sod_training_init (GstSodTraining *self)
{
  self->nodes = g_ptr_array_new_with_free_func (free_node);
  self->requests = g_ptr_array_new ();
  self->reverse = make_node ("reverse");
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
}

static GstSodTrainingNode *
find_node (GstSodTraining *self, const gchar *name)
{
  for (guint i = 0; i < self->nodes->len; i++) {
    GstSodTrainingNode *node = g_ptr_array_index (self->nodes, i);

    if (g_str_equal (node->name, name))
      return node;
  }
  return NULL;
}

/* ---- set-up ---- */

/**
 * gst_sod_training_new:
 * @settings: all choices; a copy is kept
 * @error: return location for an error
 *
 * Makes a training without nodes.
 *
 * Errors: none as yet.
 *
 * Returns: (transfer full): the training, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodTraining *
gst_sod_training_new (GstSodTrainingSettings *settings, GError **error)
{
  GstSodTraining *self;

  g_return_val_if_fail (GST_SOD_IS_TRAINING_SETTINGS (settings), NULL);

  self = g_object_new (GST_SOD_TYPE_TRAINING, NULL);
  self->settings = gst_sod_training_settings_copy (settings);
  self->record = gst_sod_run_record_new (self->settings);
  return self;
}

static gboolean
check_kind (GstSodNetwork *network, GstSodNetworkKind kind, const gchar *name,
    GError **error)
{
  GstSodArchitecture *architecture;

  if (network == NULL)
    return TRUE;
  architecture = gst_sod_network_get_architecture (network);
  if (gst_sod_architecture_get_kind (architecture) == kind)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "%s starts from a %s network, \"%s\" is a %s one", name,
      kind == GST_SOD_NETWORK_BASE ? "base" : "reverse",
      gst_sod_network_get_id (network),
      kind == GST_SOD_NETWORK_BASE ? "reverse" : "base");
  return FALSE;
}

static void
give_start (GstSodTrainingNode *node, GstSodNetwork *start)
{
  g_clear_pointer (&node->parent, g_free);
  if (start != NULL)
    node->parent = g_strdup (gst_sod_network_get_version (start));
  g_set_object (&node->network, start);
  node->knows = start != NULL;
}

static gboolean
check_name (GstSodTraining *self, const gchar *name, GError **error)
{
  if (*name == '\0' || strchr (name, '/') != NULL
      || g_str_equal (name, "reverse")) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "\"%s\" cannot name a node: a name has a letter, no slash and is not "
        "\"reverse\"",
        name);
    return FALSE;
  }
  if (find_node (self, name) != NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "there is a node \"%s\" already: give each another name", name);
    return FALSE;
  }
  return TRUE;
}

/**
 * gst_sod_training_add_node:
 * @self: a training that does not run yet
 * @name: of the node: of files and messages, no slash in it
 * @samples: its frames, some of them with labels
 * @held_out: (nullable): frames with labels that are not learnt from, by which
 *   networks are judged; %NULL: they are not judged
 * @start: (nullable): the base network to start from; %NULL: random weights of
 *   "base.architecture"
 * @error: return location for an error
 *
 * Adds an edge node.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a name that will not do,
 * %GST_SOD_ERROR_MISMATCH for a @start that is no base network.
 *
 * Returns: %TRUE, or %FALSE with @error set and no node added
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_add_node (GstSodTraining *self, const gchar *name,
    GstSodSamples *samples, GstSodSamples *held_out, GstSodNetwork *start,
    GError **error)
{
  GstSodTrainingNode *node;

  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), FALSE);
  g_return_val_if_fail (name != NULL && G_IS_OBJECT (samples), FALSE);
  g_return_val_if_fail (held_out == NULL || G_IS_OBJECT (held_out), FALSE);
  g_return_val_if_fail (start == NULL || GST_SOD_IS_NETWORK (start), FALSE);

  if (!check_name (self, name, error)
      || !check_kind (start, GST_SOD_NETWORK_BASE, name, error))
    return FALSE;
  node = make_node (name);
  g_set_object (&node->samples, samples);
  g_set_object (&node->held_out, held_out);
  give_start (node, start);
  g_ptr_array_add (self->nodes, node);
  return TRUE;
}

/**
 * gst_sod_training_set_reverse:
 * @self: a training that does not run yet
 * @start: the reverse network to start from
 * @error: return location for an error
 *
 * Without it the reverse network starts from random weights of
 * "reverse.architecture".
 *
 * Errors: %GST_SOD_ERROR_MISMATCH for a @start that is no reverse network.
 *
 * Returns: %TRUE, or %FALSE with @error set and nothing changed
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_set_reverse (
    GstSodTraining *self, GstSodNetwork *start, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), FALSE);
  g_return_val_if_fail (GST_SOD_IS_NETWORK (start), FALSE);

  if (!check_kind (start, GST_SOD_NETWORK_REVERSE, "reverse", error))
    return FALSE;
  give_start (self->reverse, start);
  return TRUE;
}

/**
 * gst_sod_training_set_note:
 * @self: a training
 * @key: what it is about, as "split"
 * @json: any JSON value
 * @error: return location for an error
 *
 * Puts something that only the caller knows into the record of the run, as
 * member of `notes`.
 *
 * Errors: %GST_SOD_ERROR_FORMAT where @json is none, nested deeper than six
 * levels, or has a member twice: a checkpoint could not be read back.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_training_set_note (
    GstSodTraining *self, const gchar *key, const gchar *json, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree gchar *nested = NULL; /* as deep as in the record */
  JsonNode *node;

  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), FALSE);
  g_return_val_if_fail (key != NULL && json != NULL, FALSE);

  nested = g_strdup_printf ("[[%s]]", json);
  node = gst_sod_json_check (nested, strlen (nested), &failure)
             ? json_from_string (json, &failure)
             : NULL;
  if (node == NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "note \"%s\" of a training is JSON: %s", key,
        failure != NULL ? failure->message : "it is empty");
    return FALSE;
  }
  gst_sod_run_record_set_note (self->record, key, node);
  self->up_to_date = FALSE;
  return TRUE;
}

/* ---- what came of it ---- */

/**
 * gst_sod_training_get_settings:
 * @self: a training
 *
 * Returns: (transfer none): its settings; they do not change any more
 *
 * Since: 0.1
 */
GstSodTrainingSettings *
gst_sod_training_get_settings (GstSodTraining *self)
{
  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), NULL);

  return self->settings;
}

/**
 * gst_sod_training_list_nodes:
 * @self: a training
 *
 * Returns: (transfer full) (array zero-terminated=1): names of the nodes, in
 *   the order in which they were added
 *
 * Since: 0.1
 */
gchar **
gst_sod_training_list_nodes (GstSodTraining *self)
{
  gchar **names;

  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), NULL);

  names = g_new0 (gchar *, self->nodes->len + 1);
  for (guint i = 0; i < self->nodes->len; i++)
    names[i] = g_strdup (
        ((GstSodTrainingNode *) g_ptr_array_index (self->nodes, i))->name);
  return names;
}

static GstSodNetwork *
get_network (GstSodTraining *self, const GstSodTrainingNode *node)
{
  GstSodNetwork *network;

  g_mutex_lock (&self->lock);
  network = node->network != NULL ? g_object_ref (node->network) : NULL;
  g_mutex_unlock (&self->lock);
  return network;
}

/**
 * gst_sod_training_get_network:
 * @self: a training
 * @node: name of a node
 *
 * Returns: (transfer full) (nullable): the node's base network as the last
 *   stage that is over left it, or %NULL where there is none or no such node
 *
 * Since: 0.1
 */
GstSodNetwork *
gst_sod_training_get_network (GstSodTraining *self, const gchar *node)
{
  const GstSodTrainingNode *found;

  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), NULL);
  g_return_val_if_fail (node != NULL, NULL);

  found = find_node (self, node);
  return found != NULL ? get_network (self, found) : NULL;
}

/**
 * gst_sod_training_get_reverse:
 * @self: a training
 *
 * Returns: (transfer full) (nullable): the reverse network as the last stage
 *   that is over left it, or %NULL where there is none
 *
 * Since: 0.1
 */
GstSodNetwork *
gst_sod_training_get_reverse (GstSodTraining *self)
{
  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), NULL);

  return get_network (self, self->reverse);
}

/**
 * gst_sod_training_to_json:
 * @self: a training
 *
 * Returns: (transfer full): the record of the run so far: a JSON object with
 *   settings, data, the course of each stage, pseudo-labels, warnings and
 *   versions
 *
 * Since: 0.1
 */
gchar *
gst_sod_training_to_json (GstSodTraining *self)
{
  g_return_val_if_fail (GST_SOD_IS_TRAINING (self), NULL);

  return gst_sod_run_record_to_json (self->record);
}
