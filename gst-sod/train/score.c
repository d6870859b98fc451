/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/score-private.h>

#include <math.h>

#include <gst-sod/eval/evaluator.h>
#include <gst-sod/eval/report-private.h>
#include <gst-sod/run/instance.h>
#include <gst-sod/run/session.h>
#include <gst-sod/train/settings-private.h>

struct _GstSodScorer
{
  GstSodSamples *samples;
  GArray *frames; /* of guint: those that are looked at */
  GstSodInstance *instance;
  guint n_shown;    /* of those whose maps are kept for the report */
  GPtrArray *shown; /* of GstSodShownFrame */
};

/* Of what is kept for the report. */
#define SHOWN_WIDTH 112

/* A frame that has been read, and the one before it. */
typedef struct
{
  GstSodImage *image, *mask;
  GstSodImage *previous; /* NULL: there is none, or none is looked at */
} Frame;

static void
clear_frame (Frame *frame)
{
  g_clear_pointer (&frame->image, gst_sod_image_unref);
  g_clear_pointer (&frame->mask, gst_sod_image_unref);
  g_clear_pointer (&frame->previous, gst_sod_image_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Frame, clear_frame)

static void
free_shown (gpointer data)
{
  GstSodShownFrame *self = data;

  g_free (self->name);
  g_free (self->picture);
  g_free (self->truth);
  g_free (self->map);
  g_free (self);
}

/* At most @limit of the labelled ones, evenly spread; 0: all. */
static GArray *
choose_frames (GstSodSamples *samples, guint64 limit)
{
  g_autoptr (GArray) labelled = g_array_new (FALSE, FALSE, sizeof (guint));
  GArray *chosen = g_array_new (FALSE, FALSE, sizeof (guint));
  guint64 n;

  for (guint i = 0; i < gst_sod_samples_get_n_samples (samples); i++) {
    if (gst_sod_samples_is_labelled (samples, i))
      g_array_append_val (labelled, i);
  }
  n = limit == 0 ? labelled->len : MIN (limit, labelled->len);
  for (guint64 i = 0; i < n; i++)
    g_array_append_val (
        chosen, g_array_index (labelled, guint, i * labelled->len / n));
  return chosen;
}

GstSodScorer *
gst_sod_scorer_new (
    GstSodTrainingSettings *settings, GstSodSamples *held_out, GError **error)
{
  GstSodScorer *self;
  GstSodInstance *instance = gst_sod_instance_get (NULL,
      gst_sod_training_settings_peek (settings, "run.device"),
      GST_SOD_PRECISION_AUTO,
      (guint) gst_sod_training_settings_get_integer (settings, "run.threads"),
      NULL, 0, error);

  if (instance == NULL)
    return NULL;
  self = g_new0 (GstSodScorer, 1);
  self->instance = instance;
  self->samples = g_object_ref (held_out);
  self->frames =
      choose_frames (held_out, (guint64) gst_sod_training_settings_get_integer (
                                   settings, "score.limit"));
  self->shown = g_ptr_array_new_with_free_func (free_shown);
  self->n_shown = MIN (self->frames->len,
      (guint) gst_sod_training_settings_get_integer (settings, "score.maps"));
  if (self->frames->len > 0)
    return self;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "none of the %u frames that are held out has a label to judge by: hold "
      "out labelled ones, or none",
      gst_sod_samples_get_n_samples (held_out));
  gst_sod_scorer_free (self);
  return NULL;
}

void
gst_sod_scorer_free (GstSodScorer *self)
{
  g_object_unref (self->samples);
  g_array_unref (self->frames);
  g_ptr_array_unref (self->shown);
  g_object_unref (self->instance);
  g_free (self);
}

static gboolean
read_frame (GstSodScorer *self, GstSodNetwork *network, guint sample,
    Frame *frame, GError **error)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  gint distance = (gint) (gst_sod_network_get_frame_distance (network)
                          / G_GINT64_CONSTANT (1000000));
  guint neighbour;

  if (!gst_sod_samples_read (
          self->samples, sample, &frame->image, &frame->mask, error))
    return FALSE;
  if (gst_sod_architecture_get_input_frames (architecture) == 1
      || !gst_sod_samples_find_neighbour (
          self->samples, sample, distance, &neighbour))
    return TRUE;
  return gst_sod_samples_read (
      self->samples, neighbour, &frame->previous, NULL, error);
}

static gboolean
infer (GstSodSession *session, const Frame *frame, GstSodImage *map,
    GCancellable *cancellable, GError **error)
{
  gint64 distance = gst_sod_network_get_frame_distance (
      gst_sod_session_get_network (session));

  gst_sod_session_reset (session);
  if (frame->previous != NULL
      && !gst_sod_session_observe (
          session, frame->previous, 0, cancellable, error))
    return FALSE;
  return gst_sod_session_infer (
      session, frame->image, distance, map, cancellable, error);
}

/* ---- what the report shows ---- */

/* Which of the shown frames the one at @position is; n_shown: none. */
static guint
find_shown (const GstSodScorer *self, guint position)
{
  guint i = 0;

  while (i < self->n_shown
         && (guint64) i * self->frames->len / self->n_shown != position)
    i++;
  return i;
}

/* Frames come in the order of their positions. */
static gboolean
keep_shown (GstSodScorer *self, guint position, const Frame *frame,
    const GstSodImage *map, GError **error)
{
  guint index = find_shown (self, position);
  guint sample = g_array_index (self->frames, guint, position);
  GstSodShownFrame *shown;

  if (index == self->n_shown)
    return TRUE;
  if (index == self->shown->len) {
    shown = g_new0 (GstSodShownFrame, 1);
    g_ptr_array_add (self->shown, shown);
    shown->name = g_strdup (gst_sod_samples_get_name (self->samples, sample));
    shown->picture = gst_sod_picture_to_uri (frame->image, SHOWN_WIDTH, error);
    shown->truth = shown->picture != NULL ? gst_sod_picture_to_uri (
                       frame->mask, SHOWN_WIDTH, error)
                                          : NULL;
    if (shown->truth == NULL)
      return FALSE;
  }
  shown = g_ptr_array_index (self->shown, index);
  g_free (shown->map);
  shown->map = gst_sod_picture_to_uri (map, SHOWN_WIDTH, error);
  return shown->map != NULL;
}

const GPtrArray *
gst_sod_scorer_get_shown (const GstSodScorer *self)
{
  return self->shown;
}

/* ---- scores ---- */

/* Hands the map of one frame to @evaluator. */
static gboolean
score_frame (GstSodScorer *self, GstSodSession *session,
    GstSodEvaluator *evaluator, guint position, GCancellable *cancellable,
    GError **error)
{
  guint sample = g_array_index (self->frames, guint, position);
  g_auto (Frame) frame = { NULL };
  g_autoptr (GstSodImage) map = NULL;
  g_autoptr (GstSodPair) pair = NULL;

  if (!read_frame (
          self, gst_sod_session_get_network (session), sample, &frame, error))
    return FALSE;
  map = gst_sod_image_new_gray (gst_sod_image_get_width (frame.mask),
      gst_sod_image_get_height (frame.mask), error);
  if (map == NULL || !infer (session, &frame, map, cancellable, error)
      || !keep_shown (self, position, &frame, map, error))
    return FALSE;
  pair = gst_sod_pair_new (map, frame.mask, NULL);
  return gst_sod_evaluator_add (evaluator, NULL,
      gst_sod_samples_get_name (self->samples, sample), pair, error);
}

gboolean
gst_sod_scorer_run (GstSodScorer *self, GstSodNetwork *network,
    GCancellable *cancellable, GstSodScores *scores, GError **error)
{
  g_autoptr (GstSodSession) session = NULL;
  g_autoptr (GstSodEvaluator) evaluator =
      gst_sod_evaluator_new (GST_SOD_SCHOOL_PYSOD, 0);
  g_autoptr (GstSodEvaluation) evaluation = NULL;
  g_autoptr (GstSodMeasures) set = NULL;

  gst_sod_evaluator_set_nan_policy (evaluator, GST_SOD_NAN_POLICY_SKIP);
  if (!gst_sod_instance_load (self->instance, network, error))
    return FALSE;
  session = gst_sod_session_new (self->instance, error);
  for (guint i = 0; session != NULL && i < self->frames->len; i++) {
    if (g_cancellable_is_cancelled (cancellable)) {
      g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED,
          "the training was stopped");
      return FALSE;
    }
    if (!score_frame (self, session, evaluator, i, cancellable, error))
      return FALSE;
  }
  if (session != NULL)
    evaluation = gst_sod_evaluator_finish (evaluator, error);
  if (evaluation == NULL)
    return FALSE;
  set = gst_sod_evaluation_get_set (evaluation);
  scores->max_f = gst_sod_measures_get (set, GST_SOD_MEASURE_MAX_F);
  scores->mean_f = gst_sod_measures_get (set, GST_SOD_MEASURE_MEAN_F);
  scores->mae = gst_sod_measures_get (set, GST_SOD_MEASURE_MAE);
  scores->iou = gst_sod_measures_get (set, GST_SOD_MEASURE_IOU);
  scores->n_frames = gst_sod_evaluation_get_n_images (evaluation);
  return TRUE;
}

gdouble
gst_sod_scores_get_rank (
    const GstSodScores *self, GstSodTrainingSettings *settings)
{
  static const gchar *const key = "score.measure";

  if (self->n_frames == 0)
    return NAN;
  if (self->reconstruction > 0)
    return -self->reconstruction;
  if (gst_sod_training_settings_is (settings, key, "mean_f"))
    return self->mean_f;
  if (gst_sod_training_settings_is (settings, key, "iou"))
    return self->iou;
  if (gst_sod_training_settings_is (settings, key, "mae"))
    return -self->mae;
  return self->max_f;
}

JsonObject *
gst_sod_scores_to_json (const GstSodScores *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "frames", (gint64) self->n_frames);
  if (self->reconstruction > 0) {
    json_object_set_double_member (
        object, "reconstruction", self->reconstruction);
    return object;
  }
  json_object_set_string_member (object, "school", "pysod");
  json_object_set_double_member (object, "max_f", self->max_f);
  json_object_set_double_member (object, "mean_f", self->mean_f);
  json_object_set_double_member (object, "mae", self->mae);
  json_object_set_double_member (object, "iou", self->iou);
  return object;
}
