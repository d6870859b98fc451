/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a training tells: scores, networks, warnings; and the checks of what it
 * is given to learn from. */
#include <gst-sod/train/stage-private.h>

#include <math.h>
#include <string.h>

/* Labels that are looked at before a training begins, evenly spread. */
#define N_CHECKED 32

gboolean
gst_sod_training_is_stopped (GstSodTraining *self, GError **error)
{
  if (!g_cancellable_is_cancelled (self->cancellable))
    return FALSE;
  g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED,
      "the training was stopped");
  return TRUE;
}

gchar *
gst_sod_training_json_line (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (node, object);
  return json_to_string (node, FALSE);
}

void
gst_sod_training_warn (GstSodTraining *self, const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  JsonObject *warning = json_object_new ();
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  json_object_set_string_member (warning, "text", text);
  json_object_set_int_member (warning, "stage", self->stage);
  gst_sod_run_record_add (self->record, "warnings", warning);
  g_signal_emit_by_name (self, "warning", text);
}

void
gst_sod_training_tell_progress (GstSodTraining *self, JsonObject *progress)
{
  g_autofree gchar *line = NULL;

  json_object_set_int_member (progress, "stage-number", self->stage + 1);
  json_object_set_int_member (progress, "n-stages", self->plan->len);
  json_object_set_double_member (
      progress, "done", gst_sod_training_get_done (self));
  line = gst_sod_training_json_line (progress);
  g_signal_emit_by_name (self, "progress", line);
}

void
gst_sod_training_tell_scores (
    GstSodTraining *self, const GstSodTrainingNode *node, JsonObject *scores)
{
  g_autofree gchar *line = gst_sod_training_json_line (scores);

  g_signal_emit_by_name (self, "scored", node->name, line);
}

void
gst_sod_training_offer (GstSodTraining *self, GstSodTrainingNode *node,
    GstSodNetwork *network, gdouble rank)
{
  gboolean better =
      isnan (rank) || isnan (node->best_score) || rank > node->best_score;

  if (better) {
    JsonObject *object = json_object_new ();

    g_mutex_lock (&self->lock);
    g_set_object (&node->best, network);
    g_mutex_unlock (&self->lock);
    node->best_score = rank;
    json_object_set_string_member (object, "node", node->name);
    json_object_set_string_member (
        object, "version", gst_sod_network_get_version (network));
    if (!isnan (rank))
      json_object_set_double_member (object, "score", rank);
    json_object_set_int_member (object, "stage", self->stage);
    gst_sod_run_record_add (self->record, "networks", object);
  }
  g_signal_emit_by_name (self, "network", node->name, network, rank, better);
}

/* What the network that was just scored says of the frames that are shown. */
static void
note_maps (GstSodTraining *self, const GstSodTrainingNode *node,
    const GstSodScores *scores)
{
  const GPtrArray *shown = gst_sod_scorer_get_shown (node->scorer);
  const GstSodStage *stage = self->current;
  JsonObject *when = json_object_new ();

  json_object_set_string_member (
      when, "stage", stage != NULL ? stage->plan.klass->name : "start");
  json_object_set_int_member (
      when, "round", stage != NULL ? stage->plan.round : 0);
  json_object_set_int_member (
      when, "step", stage != NULL ? (gint64) stage->state.step : 0);
  json_object_set_double_member (when, "max_f", scores->max_f);
  gst_sod_run_record_add_maps (self->record, node->name, shown, when);
}

gboolean
gst_sod_training_score (GstSodTraining *self, GstSodTrainingNode *node,
    GstSodNetwork *network, GstSodScores *scores, GError **error)
{
  if (node->scorer == NULL)
    node->scorer = gst_sod_scorer_new (self->settings, node->held_out, error);
  if (node->scorer == NULL
      || !gst_sod_scorer_run (
          node->scorer, network, self->cancellable, scores, error))
    return FALSE;
  note_maps (self, node, scores);
  return TRUE;
}

/* What @pick gives of each node, as one; NULL where it gives nothing. */
static GstSodSamples *
gather (GstSodTraining *self,
    GstSodSamples *(*pick) (const GstSodTrainingNode *node))
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint k = 0; k < self->nodes->len; k++) {
    GstSodSamples *part = pick (g_ptr_array_index (self->nodes, k));

    if (part != NULL)
      g_ptr_array_add (parts, part);
  }
  if (parts->len == 0)
    return NULL;
  return gst_sod_samples_new_mixture (
      (GstSodSamples *const *) parts->pdata, NULL, parts->len);
}

static GstSodSamples *
pick_labelled (const GstSodTrainingNode *node)
{
  return node->n_labelled > 0 ? gst_sod_samples_new_labelled (node->samples)
                              : NULL;
}

static GstSodSamples *
pick_held_out (const GstSodTrainingNode *node)
{
  return node->held_out != NULL ? gst_sod_samples_new_labelled (node->held_out)
                                : NULL;
}

static GstSodSamples *
pick_all (const GstSodTrainingNode *node)
{
  return g_object_ref (node->samples);
}

GstSodSamples *
gst_sod_training_get_all_labelled (GstSodTraining *self)
{
  if (self->all_labelled == NULL)
    self->all_labelled = gather (self, pick_labelled);
  return self->all_labelled;
}

GstSodSamples *
gst_sod_training_get_all_held_out (GstSodTraining *self)
{
  if (self->all_held_out == NULL)
    self->all_held_out = gather (self, pick_held_out);
  return self->all_held_out;
}

GstSodSamples *
gst_sod_training_get_all (GstSodTraining *self)
{
  if (self->all == NULL)
    self->all = gather (self, pick_all);
  return self->all;
}

/* ---- what it is given ---- */

static JsonObject *
describe_samples (GstSodSamples *samples)
{
  JsonObject *object = json_object_new ();
  g_autofree gchar *hash = gst_sod_samples_get_hash (samples);

  json_object_set_int_member (
      object, "frames", gst_sod_samples_get_n_samples (samples));
  json_object_set_int_member (
      object, "labelled", gst_sod_samples_get_n_labelled (samples));
  json_object_set_string_member (object, "hash", hash);
  return object;
}

void
gst_sod_training_note_nodes (GstSodTraining *self)
{
  for (guint k = 0; k < self->nodes->len; k++) {
    GstSodTrainingNode *node = g_ptr_array_index (self->nodes, k);
    JsonObject *object = json_object_new ();

    json_object_set_string_member (object, "name", node->name);
    json_object_set_object_member (
        object, "samples", describe_samples (node->samples));
    if (node->held_out != NULL)
      json_object_set_object_member (
          object, "held-out", describe_samples (node->held_out));
    json_object_set_string_member (
        object, "start", gst_sod_network_get_version (node->network));
    json_object_set_boolean_member (object, "start-is-random", !node->knows);
    gst_sod_run_record_add (self->record, "nodes", object);
  }
}

/* What a label looks like, over the labels that were looked at. */
typedef struct
{
  guint n, n_black, n_unreadable;
  guint level; /* the brightest pixel of all */
} LabelCheck;

static guint
find_brightest (const GstSodImage *mask)
{
  g_autoptr (GBytes) pixels = gst_sod_image_get_gray (mask);
  gsize size;
  const guint8 *values = g_bytes_get_data (pixels, &size);
  guint brightest = 0;

  for (gsize i = 0; i < size; i++)
    brightest = MAX (brightest, values[i]);
  return brightest;
}

static void
check_label (GstSodTrainingNode *node, guint sample, LabelCheck *check)
{
  g_autoptr (GstSodImage) mask = NULL;
  guint brightest;

  if (!gst_sod_samples_read (node->samples, sample, NULL, &mask, NULL)
      || mask == NULL) {
    check->n_unreadable++;
    return;
  }
  brightest = find_brightest (mask);
  check->n++;
  check->n_black += brightest < 128 ? 1 : 0;
  check->level = MAX (check->level, brightest);
}

static gboolean
judge_labels (GstSodTraining *self, const GstSodTrainingNode *node,
    const LabelCheck *check, GError **error)
{
  if (check->n > 0 && check->n_black == check->n) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "node %s: %u of %u labels were looked at, and nothing in them is "
        "salient (the brightest pixel is %u, over 127 of 255 was expected): "
        "masks hold 0 and 255",
        node->name, check->n, node->n_labelled, check->level);
    return FALSE;
  }
  if (check->n_black > 0)
    gst_sod_training_warn (self,
        "node %s: nothing is salient in %u of %u labels that were looked at",
        node->name, check->n_black, check->n);
  if (check->n_unreadable > 0)
    gst_sod_training_warn (self,
        "node %s: %u of %u labels that were looked at cannot be read",
        node->name, check->n_unreadable, check->n + check->n_unreadable);
  return TRUE;
}

gboolean
gst_sod_training_check_labels (
    GstSodTraining *self, GstSodTrainingNode *node, GError **error)
{
  guint stride = MAX (1, node->n_labelled / N_CHECKED);
  guint n = gst_sod_samples_get_n_samples (node->samples), seen = 0;
  LabelCheck check = { 0 };

  if (node->n_labelled == 0) {
    gst_sod_training_warn (self,
        "node %s: none of its %u frames has a label: its network learns only "
        "from what others say, in the semi-supervised phase",
        node->name, n);
    return TRUE;
  }
  for (guint i = 0; i < n; i++) {
    if (!gst_sod_samples_is_labelled (node->samples, i) || seen++ % stride != 0)
      continue;
    if (gst_sod_training_is_stopped (self, error))
      return FALSE;
    check_label (node, i, &check);
  }
  return judge_labels (self, node, &check, error);
}
