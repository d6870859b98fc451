/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-sodtrainer
 * @title: sodtrainer
 * @short_description: learns from the streams of cameras
 * @see_also: sodbase, soddatasetsrc, sodeval
 *
 * sodtrainer gathers frames and labels of one or more nodes (cameras), trains
 * a network for each through the phases of docs/training.md, and publishes what
 * is better than what runs. A node has two pads of one number: `frame_%u` takes
 * its video, of any raw format and size, and `label_%u` its masks, GRAY8 of the
 * frames' size, foreground brighter than 128. A node without labels, or with
 * labels for some frames, is as welcome: a missing label, or a gap in the place
 * of one, makes an unlabelled frame. The pads' property `node` names the node.
 *
 * ## Frames and labels
 * A frame is on the disk, in the #GstSodStore in the folder `store`, before its
 * buffer is let go. This goes before everything else: a pad that is faster than
 * the disk is held up, no frame is dropped, the training has a thread of lower
 * priority, and no camera waits for another. Put a leaky queue before a pad
 * where a live source would rather lose frames. A full disk is an error,
 * RESOURCE/NO_SPACE_LEFT, and what was stored before is kept.
 *
 * A label belongs to the frame of the same time: by a
 * #GstReferenceTimestampMeta of one clock (equal caps), where both have one,
 * else by running time, up to `tolerance`. A label may come before or after its
 * frame: up to 32 wait for theirs, then their pad is held up, unless no frame
 * comes for `label-wait`; and each of the last 256 frames of a node can still
 * get one. Only where `store-thinning` may drop frames without labels does a
 * frame wait for its label, up to `label-wait`; let both branches have a queue
 * then. A label of another size or range than its frame's is refused with a
 * warning.
 *
 * ## Trainings
 * `trigger` says when one begins; at the end of all streams (`eos`) the element
 * trains to the end and posts EOS then. With the other triggers a training
 * learns from what the store holds at its beginning, while frames go on coming;
 * EOS waits for the one under way. The signals `train` and `stop` begin and end
 * one at any time, and `add-label` labels a frame that is stored. `preset`, the
 * file `settings` and the other properties say how; a property goes before the
 * file, the file before the preset.
 *
 * `validation-share` of the labelled frames of a node, whole sequences or the
 * end of one, is held out. A network is published as `model-save-path` when it
 * scores better on them than the model there, or else that of
 * `model-load-path`, or always with `force-publish=true`. Training starts from
 * that model too, or from random weights. A file is replaced at once or not at
 * all, so that a running `sodbase model-file=... model-reload=true` takes it up
 * between two frames. The reverse network is published as of a node `reverse`,
 * where it reconstructs what all nodes hold out better than the one there.
 *
 * Where nothing is held out, with `validation-share=0`, with too few labelled
 * frames or none, networks cannot be judged, and each is published. Where one
 * takes the place of a model that ran a warning says so, once a training and
 * node, unless `force-publish=true` says that this is meant.
 *
 * Beside what a training has published lie `settings.ini`, all settings that it
 * ran with, and `run.json`, its record, as `gst-sod train` writes them; a file
 * that `settings` names stays as it is.
 *
 * With `checkpoint-path` a training that was cut short, even by a power cut,
 * goes on with the frames that it began with when the element plays again with
 * the same store (without `store` none can go on, and a warning says so); in
 * such a run `trigger=eos` begins no other. Frames that came
 * since are learnt from by the next.
 *
 * A stop, a flush after the end of the streams and PAUSED to READY end a
 * training within a second, with its checkpoint written.
 *
 * ## Messages
 * Progress messages with code `training` carry `phase`, `round`, `stage`,
 * `node`, `step`, `n-steps`, `loss`, `rate`, `frames-per-second`, `time-left`
 * (s, of the present stage alone, not of all that follow), `done` (of the whole
 * training, 0 to 1) and `percent` (the same). Element messages:
 * `sod-trainer-scored` (`node`, `measures`: JSON), `sod-trainer-published`
 * (`node`, `path`, `id`, `version`, `score`, `forced`), `sod-trainer-refused`
 * (`node`, `score`) and `sod-trainer-done` (`result`: finished, stopped or
 * failed; `record`: JSON of the run). The pad `src`, which need not be linked,
 * says the same in lines of JSON, each with a member `event`: started,
 * progress, scored, published, warning, finished, stopped, failed.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -m soddatasetsrc name=d location=davis2016 set=dev \
 *     d.frame ! queue ! t.frame_0 d.label ! queue ! t.label_0 \
 *     sodtrainer name=t store=frames trigger=action
 * ]| Gathers the frames of a data set, to be learnt from later
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=50 is-live=true ! tee name=c \
 *     c. ! queue ! sodbase ! sodoverlay ! videoconvert ! autovideosink \
 *     c. ! queue leaky=downstream ! sodtrainer store=frames trigger=action \
 *     store-thinning=8 frame_0::node=door
 * ]| Gathers what a camera sees beside the detection
 *
 * Since: 0.1
 */
#include "sodtrainer.h"

#include <gst/video/video.h>
#include <math.h>
#include <string.h>

#include "sodtrainerfiles.h"
#include <plugins/common/sodelements.h>
#include <plugins/common/soderror.h>

GST_DEBUG_CATEGORY (sod_trainer_debug);
#define GST_CAT_DEFAULT sod_trainer_debug

static void implement_child_proxy (GstChildProxyInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstSodTrainerElement, gst_sod_trainer_element,
    GST_TYPE_ELEMENT,
    G_IMPLEMENT_INTERFACE (GST_TYPE_CHILD_PROXY, implement_child_proxy))
GST_ELEMENT_REGISTER_DEFINE (
    sodtrainer, "sodtrainer", GST_RANK_NONE, GST_TYPE_SOD_TRAINER)

/* ---- start and stop ---- */

static const gchar *
get_text (GstSodTrainerElement *self, guint id)
{
  return sod_trainer_settings_get_string (&self->asked, id);
}

/* What would only be found out after hours. */
static gboolean
check_settings (GstSodTrainerElement *self, GError **error)
{
  const gchar *load = get_text (self, SOD_TRAINER_PROP_MODEL_LOAD_PATH);
  g_autoptr (GstSodTrainingSettings) settings = NULL;
  g_autofree gchar *file = NULL;

  if (sod_trainer_settings_check (&self->asked, GST_ELEMENT (self), error))
    settings = sod_trainer_settings_make (&self->asked, error);
  if (settings == NULL || !sod_trainer_check_device (self, settings, error))
    return FALSE;
  if (load == NULL || strstr (load, "%s") != NULL)
    return TRUE;
  file = gst_sod_network_find (load, NULL);
  if (file != NULL && g_file_test (file, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      "there is no model %s to start from; set model-load-path to one, or to "
      "none for random weights",
      load);
  return FALSE;
}

/* Likewise. Once the store is open, which may be one of the folders. */
static gboolean
make_folders (GstSodTrainerElement *self, GError **error)
{
  const gchar *save = get_text (self, SOD_TRAINER_PROP_MODEL_SAVE_PATH);
  const gchar *checkpoint = get_text (self, SOD_TRAINER_PROP_CHECKPOINT_PATH);

  return (save == NULL || sod_file_make_folder ("model-save-path", save, error))
         && (checkpoint == NULL
             || sod_file_make_folder ("checkpoint-path", checkpoint, error));
}

static SodLabels *
make_labels (GstSodTrainerElement *self)
{
  return sod_labels_new (
      g_value_get_uint64 (&self->asked.values[SOD_TRAINER_PROP_TOLERANCE]));
}

static void
reset (GstSodTrainerElement *self)
{
  self->stopping = self->failed = self->playing = FALSE;
  self->finishing = self->told = FALSE;
  self->running = self->cancelled = self->resumed = FALSE;
  self->seqnum = GST_SEQNUM_INVALID;
  self->n_since = self->n_trainings = self->n_published = self->n_refused = 0;
  self->n_added = 0;
  self->last_begun = g_get_monotonic_time ();
  self->score = NAN;
  for (guint i = 0; i < self->nodes->len; i++)
    sod_trainer_node_reset (
        g_ptr_array_index (self->nodes, i), make_labels (self));
  for (guint i = 0; i < self->pads->len; i++) {
    SodTrainerPad *pad = g_ptr_array_index (self->pads, i);

    pad->flushing = pad->ended = FALSE;
  }
  self->started = TRUE;
}

static gboolean
start (GstSodTrainerElement *self)
{
  g_autoptr (GError) error = NULL;

  GST_OBJECT_LOCK (self);
  sod_trainer_settings_copy (&self->asked, &self->settings);
  GST_OBJECT_UNLOCK (self);
  if (!check_settings (self, &error) || !sod_trainer_open_store (self, &error)
      || !make_folders (self, &error)) {
    sod_trainer_close_store (self);
    sod_element_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  reset (self);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* The first line lets a sink on the pad src preroll. */
static void
tell_start (GstSodTrainerElement *self)
{
  g_autofree gchar *store =
      sod_trainer_lines_quote (gst_sod_store_get_path (self->store));
  g_autofree gchar *json = g_strdup_printf ("{\"store\":%s}", store);

  sod_trainer_tell_line (self, "started", json);
}

static void
set_stopping (GstSodTrainerElement *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  sod_trainer_cancel (self);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
stop (GstSodTrainerElement *self)
{
  SodTrainerJob *job;

  g_mutex_lock (&self->lock);
  while (self->running && self->job == NULL)
    g_cond_wait (&self->cond, &self->lock);
  job = g_steal_pointer (&self->job);
  g_mutex_unlock (&self->lock);
  if (job != NULL) {
    sod_trainer_job_join (job);
    sod_trainer_job_unref (job);
  }

  g_mutex_lock (&self->lock);
  self->started = FALSE;
  g_hash_table_remove_all (self->networks);
  for (guint i = 0; i < self->nodes->len; i++) {
    SodTrainerNode *node = g_ptr_array_index (self->nodes, i);

    g_clear_pointer (&node->labels, sod_labels_free);
  }
  g_mutex_unlock (&self->lock);
  sod_trainer_close_store (self);
}

static GstStateChangeReturn
gst_sod_trainer_element_change_state (
    GstElement *element, GstStateChange transition)
{
  GstSodTrainerElement *self = GST_SOD_TRAINER_ELEMENT (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    sod_trainer_set_playing (self, FALSE);
  else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    set_stopping (self);

  result = GST_ELEMENT_CLASS (gst_sod_trainer_element_parent_class)
               ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED
      && result != GST_STATE_CHANGE_FAILURE)
    tell_start (self);
  else if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING)
    sod_trainer_set_playing (self, TRUE);
  else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY
           || transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    stop (self);
  return result;
}

/* ---- signals ---- */

static gboolean
train (GstSodTrainerElement *self)
{
  gboolean begun;

  g_mutex_lock (&self->lock);
  begun = sod_trainer_begin (self);
  g_mutex_unlock (&self->lock);
  return begun;
}

static gboolean
stop_training (GstSodTrainerElement *self)
{
  gboolean running;

  g_mutex_lock (&self->lock);
  running = self->running;
  if (running)
    sod_trainer_cancel (self);
  g_mutex_unlock (&self->lock);
  return running;
}

/* The job may be done meanwhile, and another begin. */
static gboolean
checkpoint (GstSodTrainerElement *self)
{
  g_autoptr (GError) error = NULL;
  SodTrainerJob *job;
  gboolean done;

  g_mutex_lock (&self->lock);
  job = self->running && self->job != NULL ? sod_trainer_job_ref (self->job)
                                           : NULL;
  g_mutex_unlock (&self->lock);
  if (job == NULL)
    return FALSE;
  done = sod_trainer_job_checkpoint (job, &error);
  if (!done)
    sod_element_warning (
        GST_ELEMENT (self), error, "there is no checkpoint of this moment");
  sod_trainer_job_unref (job);
  return done;
}

/* ---- pads ---- */

static gboolean
answer_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return gst_pad_query_default (pad, parent, query);
  gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  gst_query_add_allocation_meta (query, GST_VIDEO_CROP_META_API_TYPE, NULL);
  return TRUE;
}

/* With the lock. (transfer none) */
static SodTrainerNode *
get_node (GstSodTrainerElement *self, guint index)
{
  SodTrainerNode *node;

  for (guint i = 0; i < self->nodes->len; i++) {
    node = g_ptr_array_index (self->nodes, i);
    if (node->index == index)
      return node;
  }
  node = sod_trainer_node_new (index);
  sod_trainer_node_reset (node, self->started ? make_labels (self) : NULL);
  g_ptr_array_add (self->nodes, node);
  return node;
}

/* With the lock: the first number that no pad of this kind has. */
static guint
choose_index (GstSodTrainerElement *self, gboolean is_label)
{
  guint index = 0;

  for (guint i = 0; i < self->pads->len; i++) {
    const SodTrainerPad *pad = g_ptr_array_index (self->pads, i);

    if (pad->is_label == is_label && pad->node->index >= index)
      index = pad->node->index + 1;
  }
  return index;
}

static gboolean
parse_index (const gchar *name, guint *index)
{
  const gchar *number = name != NULL ? strchr (name, '_') : NULL;
  guint64 value;

  if (number == NULL
      || !g_ascii_string_to_unsigned (
          number + 1, 10, 0, G_MAXUINT - 1, &value, NULL))
    return FALSE;
  *index = (guint) value;
  return TRUE;
}

static GstPad *
gst_sod_trainer_element_request_new_pad (GstElement *element,
    GstPadTemplate *template, const gchar *name, const GstCaps *caps)
{
  GstSodTrainerElement *self = GST_SOD_TRAINER_ELEMENT (element);
  gboolean is_label =
      g_str_has_prefix (GST_PAD_TEMPLATE_NAME_TEMPLATE (template), "label");
  g_autofree gchar *full = NULL;
  SodTrainerPad *pad;
  guint index;

  g_mutex_lock (&self->lock);
  if (!parse_index (name, &index))
    index = choose_index (self, is_label);
  full = g_strdup_printf ("%s_%u", is_label ? "label" : "frame", index);
  pad = sod_trainer_pad_new (template, full, get_node (self, index), is_label);
  g_ptr_array_add (self->pads, pad);
  g_mutex_unlock (&self->lock);

  gst_pad_set_chain_function (GST_PAD (pad),
      is_label ? sod_trainer_chain_label : sod_trainer_chain_frame);
  gst_pad_set_event_function (GST_PAD (pad), sod_trainer_sink_event);
  gst_pad_set_query_function (GST_PAD (pad), answer_query);
  gst_pad_set_active (GST_PAD (pad), TRUE);
  if (!gst_element_add_pad (element, GST_PAD (pad))) {
    g_mutex_lock (&self->lock);
    g_ptr_array_remove_fast (self->pads, pad);
    g_mutex_unlock (&self->lock);
    return NULL;
  }
  gst_child_proxy_child_added (
      GST_CHILD_PROXY (self), G_OBJECT (pad), GST_PAD_NAME (pad));
  return GST_PAD (pad);
}

/* What came from a node stays in the store; a node that nothing came from is
 * forgotten with its last pad. The pad keeps its number until its name is free
 * again: another may be asked for meanwhile. */
static void
gst_sod_trainer_element_release_pad (GstElement *element, GstPad *gst_pad)
{
  GstSodTrainerElement *self = GST_SOD_TRAINER_ELEMENT (element);
  SodTrainerPad *pad = g_object_ref (SOD_TRAINER_PAD (gst_pad));
  gboolean wanted;

  g_mutex_lock (&self->lock);
  pad->gone = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
  gst_pad_set_active (gst_pad, FALSE);
  gst_child_proxy_child_removed (
      GST_CHILD_PROXY (self), G_OBJECT (pad), GST_PAD_NAME (pad));
  gst_element_remove_pad (element, gst_pad);

  g_mutex_lock (&self->lock);
  g_ptr_array_remove (self->pads, pad);
  wanted = pad->node->n_frames > 0;
  for (guint i = 0; i < self->pads->len; i++)
    wanted |= ((SodTrainerPad *) g_ptr_array_index (self->pads, i))->node
              == pad->node;
  if (!wanted)
    g_ptr_array_remove (self->nodes, pad->node);
  sod_trainer_check_end (self);
  g_mutex_unlock (&self->lock);
  g_object_unref (pad);
}

static GObject *
get_child (GstChildProxy *proxy, guint index)
{
  GstSodTrainerElement *self = GST_SOD_TRAINER_ELEMENT (proxy);
  GObject *pad = NULL;

  g_mutex_lock (&self->lock);
  if (index < self->pads->len)
    pad = g_object_ref (g_ptr_array_index (self->pads, index));
  g_mutex_unlock (&self->lock);
  return pad;
}

static guint
count_children (GstChildProxy *proxy)
{
  GstSodTrainerElement *self = GST_SOD_TRAINER_ELEMENT (proxy);
  guint n;

  g_mutex_lock (&self->lock);
  n = self->pads->len;
  g_mutex_unlock (&self->lock);
  return n;
}

static void
implement_child_proxy (GstChildProxyInterface *iface)
{
  iface->get_child_by_index = get_child;
  iface->get_children_count = count_children;
}

/* ---- the object ---- */

static void
gst_sod_trainer_element_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstSodTrainerElement *self = GST_SOD_TRAINER_ELEMENT (object);

  GST_OBJECT_LOCK (self);
  if (!sod_trainer_settings_set (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_sod_trainer_element_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstSodTrainerElement *self = GST_SOD_TRAINER_ELEMENT (object);

  if (id == SOD_TRAINER_PROP_STATS) {
    g_value_take_boxed (value, sod_trainer_get_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  if (!sod_trainer_settings_get (&self->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_sod_trainer_element_finalize (GObject *object)
{
  GstSodTrainerElement *self = GST_SOD_TRAINER_ELEMENT (object);

  sod_trainer_settings_clear (&self->settings);
  sod_trainer_settings_clear (&self->asked);
  sod_trainer_lines_free (self->lines);
  g_ptr_array_unref (self->nodes);
  g_ptr_array_unref (self->pads);
  g_hash_table_unref (self->networks);
  g_clear_pointer (&self->progress, gst_sod_training_progress_free);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  G_OBJECT_CLASS (gst_sod_trainer_element_parent_class)->finalize (object);
}

static void
gst_sod_trainer_element_init (GstSodTrainerElement *self)
{
  GstPad *src = gst_pad_new_from_template (
      gst_element_get_pad_template (GST_ELEMENT (self), "src"), "src");

  sod_trainer_settings_init (&self->settings, G_OBJECT_GET_CLASS (self));
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->nodes =
      g_ptr_array_new_with_free_func ((GDestroyNotify) sod_trainer_node_unref);
  self->pads = g_ptr_array_new ();
  self->networks =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->score = NAN;
  self->lines = sod_trainer_lines_new (src);
  gst_element_add_pad (GST_ELEMENT (self), src);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
}

static void
install_signal (
    GObjectClass *klass, const gchar *name, GCallback handler, GType returned)
{
  g_signal_new_class_handler (name, G_OBJECT_CLASS_TYPE (klass),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, handler, NULL, NULL, NULL, returned,
      0);
}

static void
install_signals (GObjectClass *klass)
{
  /**
   * GstSodTrainerElement::train:
   * @self: the element, paused or playing
   *
   * Begins a training, or goes on with one that was stopped.
   *
   * Returns: whether one begins: none does while another runs
   *
   * Since: 0.1
   */
  install_signal (klass, "train", G_CALLBACK (train), G_TYPE_BOOLEAN);
  /**
   * GstSodTrainerElement::stop:
   * @self: the element
   *
   * Ends the training within a second.
   *
   * Returns: whether one ran
   *
   * Since: 0.1
   */
  install_signal (klass, "stop", G_CALLBACK (stop_training), G_TYPE_BOOLEAN);
  /**
   * GstSodTrainerElement::checkpoint:
   * @self: the element
   *
   * Saves the training in checkpoint-path now.
   *
   * Returns: whether it is saved
   *
   * Since: 0.1
   */
  install_signal (klass, "checkpoint", G_CALLBACK (checkpoint), G_TYPE_BOOLEAN);
  /**
   * GstSodTrainerElement::publish:
   * @self: the element
   *
   * Publishes the networks that were learnt last, whatever they score.
   *
   * Returns: how many were published
   *
   * Since: 0.1
   */
  install_signal (
      klass, "publish", G_CALLBACK (sod_trainer_publish_all), G_TYPE_UINT);
  /**
   * GstSodTrainerElement::add-label:
   * @self: the element, paused or playing
   * @id: what the store calls a frame, as `door/000123`
   * @path: a file with its mask
   *
   * Labels a frame that is stored, for the trainings that begin from now on.
   *
   * Returns: whether it is stored; if not, a warning says why
   *
   * Since: 0.1
   */
  g_signal_new_class_handler ("add-label", G_OBJECT_CLASS_TYPE (klass),
      G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK (sod_trainer_add_label),
      NULL, NULL, NULL, G_TYPE_BOOLEAN, 2, G_TYPE_STRING, G_TYPE_STRING);
}

static void
add_template (GstElementClass *klass, const gchar *name, GstCaps *caps)
{
  gst_element_class_add_pad_template (
      klass, gst_pad_template_new_with_gtype (name, GST_PAD_SINK,
                 GST_PAD_REQUEST, caps, SOD_TYPE_TRAINER_PAD));
}

static void
gst_sod_trainer_element_class_init (GstSodTrainerElementClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  g_autoptr (GstCaps) frames = gst_sod_frame_reader_get_caps ();
  g_autoptr (GstCaps) labels =
      gst_caps_from_string (GST_VIDEO_CAPS_MAKE ("GRAY8"));
  g_autoptr (GstCaps) lines = gst_caps_from_string (SOD_TRAINER_LINES_CAPS);

  object_class->set_property = gst_sod_trainer_element_set_property;
  object_class->get_property = gst_sod_trainer_element_get_property;
  object_class->finalize = gst_sod_trainer_element_finalize;
  sod_trainer_settings_install (object_class);
  install_signals (object_class);

  element_class->change_state = gst_sod_trainer_element_change_state;
  element_class->request_new_pad = gst_sod_trainer_element_request_new_pad;
  element_class->release_pad = gst_sod_trainer_element_release_pad;
  add_template (element_class, "frame_%u", frames);
  add_template (element_class, "label_%u", labels);
  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, lines));
  gst_element_class_set_static_metadata (element_class, "Saliency trainer",
      "Sink/Video", "Learns from the streams of cameras, publishes models",
      "The gst-sod authors");
  gst_type_mark_as_plugin_api (SOD_TYPE_TRAINER_PAD, 0);

  GST_DEBUG_CATEGORY_INIT (
      sod_trainer_debug, "sodtrainer", 0, "saliency trainer");
}
