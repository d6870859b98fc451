/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/session.h>

#include <gst-sod/core/align-private.h>
#include <gst-sod/run/history-private.h>
#include <gst-sod/run/instance-private.h>

#include <time.h>

/* ns, of the last inference */
typedef struct
{
  gint64 preprocess, network, postprocess;
} Timings;

struct _GstSodSession
{
  GObject parent;

  GstSodInstance *instance;
  GstSodPacked *packed;   /* of the last frame */
  GstSodHistory *history; /* NULL where the network looks at one frame */
  GstSodAligner *aligner; /* NULL where it is given no aligned difference */
  GstSodTensor *change;   /* (3, h, w): that difference, or NULL */
  gboolean warm_up;
  Timings timings;
};

/* One frame on its way through the executor. */
typedef struct
{
  const GstSodImage *frame;
  GstSodImage *map;             /* NULL: only to be remembered */
  GstSodTensor *current;        /* (3, h, w) to fill, NULL: one frame */
  const GstSodTensor *previous; /* (3, h, w) or NULL: current twice */
  GstSodAligner *aligner; /* of previous to current, into change; or NULL */
  GstSodTensor *change;
  Timings timings;
  GError *error; /* of this frame alone; the others of its batch go on */
} Work;

G_DEFINE_TYPE (GstSodSession, gst_sod_session, G_TYPE_OBJECT)

static gint64
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (gint64) t.tv_sec * G_GINT64_CONSTANT (1000000000) + t.tv_nsec;
}

/* What the network is given beside the frame, which is there. */
static const GstSodTensor *
make_second (const Work *work)
{
  const GstSodTensor *previous =
      work->previous != NULL ? work->previous : work->current;

  if (work->aligner == NULL)
    return previous;
  gst_sod_aligner_run (work->aligner, gst_sod_tensor_peek_data (work->current),
      gst_sod_tensor_peek_data (previous),
      gst_sod_tensor_get_data (work->change));
  return work->change;
}

static gboolean
write_input (
    GstSodStream *stream, guint sample, const Work *work, GError **error)
{
  const GstSodStreamClass *klass = stream->klass;

  if (work->current == NULL)
    return klass->write_image (stream, sample, 0, work->frame, error);
  return klass->preprocess (stream, work->frame, work->current, error)
         && klass->write_tensor (stream, sample, 0, work->current, error)
         && klass->write_tensor (stream, sample, 1, make_second (work), error);
}

/* Executor's thread: one batch of frames, of as many sessions. */
static gboolean
infer_batch (gpointer key, gpointer *items, guint n_items, GError **error)
{
  GstSodStream *stream = gst_sod_packed_get_stream (key, n_items);
  gint64 start, end;

  for (guint i = 0; i < n_items; i++) {
    Work *work = items[i];

    start = now ();
    write_input (stream, i, work, &work->error);
    work->timings.preprocess = now () - start;
  }
  start = now ();
  if (!stream->klass->execute (stream, error))
    return FALSE;
  end = now ();
  for (guint i = 0; i < n_items; i++) {
    Work *work = items[i];

    work->timings.network = end - start;
    if (work->error != NULL)
      continue;
    work->timings.postprocess = now ();
    stream->klass->read_map (stream, i, work->map, &work->error);
    work->timings.postprocess = now () - work->timings.postprocess;
  }
  return TRUE;
}

/* Executor's thread: frames to be remembered only. */
static gboolean
observe_batch (gpointer key, gpointer *items, guint n_items, GError **error)
{
  GstSodStream *stream = gst_sod_packed_get_stream (key, 1);

  for (guint i = 0; i < n_items; i++) {
    Work *work = items[i];

    stream->klass->preprocess (
        stream, work->frame, work->current, &work->error);
  }
  return TRUE;
}

/* Whether frames preprocessed for one network serve the other. */
static gboolean
have_same_input (GstSodNetwork *a, GstSodNetwork *b)
{
  const GstSodInputRule *rule_a = gst_sod_network_get_input_rule (a);
  const GstSodInputRule *rule_b = gst_sod_network_get_input_rule (b);
  GstSodArchitecture *architecture_a = gst_sod_network_get_architecture (a);
  GstSodArchitecture *architecture_b = gst_sod_network_get_architecture (b);

  for (guint i = 0; i < 3; i++) {
    if (rule_a->mean[i] != rule_b->mean[i] || rule_a->std[i] != rule_b->std[i])
      return FALSE;
  }
  if (rule_a->second_input != rule_b->second_input)
    return FALSE;
  return gst_sod_architecture_get_input_frames (architecture_a)
             == gst_sod_architecture_get_input_frames (architecture_b)
         && gst_sod_architecture_get_input_width (architecture_a)
                == gst_sod_architecture_get_input_width (architecture_b)
         && gst_sod_architecture_get_input_height (architecture_a)
                == gst_sod_architecture_get_input_height (architecture_b);
}

static void
clear_aligner (GstSodSession *self)
{
  g_clear_pointer (&self->aligner, gst_sod_aligner_free);
  g_clear_pointer (&self->change, gst_sod_tensor_unref);
}

/* What @network's second input takes; on failure the session keeps what it has.
 */
static gboolean
prepare_aligner (GstSodSession *self, GstSodNetwork *network, GError **error)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  gint width = gst_sod_architecture_get_input_width (architecture);
  gint height = gst_sod_architecture_get_input_height (architecture);
  GstSodShape shape = { 3, { 3, height, width } };
  g_autoptr (GstSodAligner) aligner = NULL;
  GstSodTensor *change = NULL;

  if (gst_sod_architecture_get_input_frames (architecture) > 1
      && gst_sod_network_get_second_input (network)
             == GST_SOD_SECOND_INPUT_ALIGNED_DIFFERENCE) {
    aligner = gst_sod_aligner_new (width, height, error);
    if (aligner == NULL)
      return FALSE;
    change = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, error);
    if (change == NULL)
      return FALSE;
  }
  clear_aligner (self);
  self->aligner = g_steal_pointer (&aligner);
  self->change = change;
  return TRUE;
}

/* Makes @packed (transfer full) the session's; on failure it keeps the one
 * before. */
static gboolean
adopt (GstSodSession *self, GstSodPacked *packed, GError **error)
{
  g_autoptr (GstSodPacked) next = packed;
  GstSodNetwork *network = gst_sod_packed_get_network (packed);
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  g_autoptr (GstSodHistory) history = NULL;

  if (self->packed == NULL
      || !have_same_input (
          gst_sod_packed_get_network (self->packed), network)) {
    if (gst_sod_architecture_get_input_frames (architecture) > 1) {
      history = gst_sod_history_new (
          gst_sod_architecture_get_input_height (architecture),
          gst_sod_architecture_get_input_width (architecture), error);
      if (history == NULL)
        return FALSE;
    }
    if (!prepare_aligner (self, network, error))
      return FALSE;
    g_clear_pointer (&self->history, gst_sod_history_free);
    self->history = g_steal_pointer (&history);
  }
  g_clear_pointer (&self->packed, gst_sod_packed_unref);
  self->packed = g_steal_pointer (&next);
  return TRUE;
}

/* Takes up the network that the instance has now. */
static gboolean
follow_instance (GstSodSession *self, GError **error)
{
  GstSodPacked *packed = gst_sod_instance_ref_packed (self->instance);

  if (packed == self->packed) {
    gst_sod_packed_unref (packed);
    return TRUE;
  }
  return adopt (self, packed, error);
}

static void
gst_sod_session_finalize (GObject *object)
{
  GstSodSession *self = GST_SOD_SESSION (object);

  g_clear_pointer (&self->history, gst_sod_history_free);
  clear_aligner (self);
  g_clear_pointer (&self->packed, gst_sod_packed_unref);
  g_clear_object (&self->instance);
  G_OBJECT_CLASS (gst_sod_session_parent_class)->finalize (object);
}

static void
gst_sod_session_class_init (GstSodSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_session_finalize;
}

static void
gst_sod_session_init (GstSodSession *self)
{
}

/**
 * gst_sod_session_new:
 * @instance: an instance with a network loaded
 * @error: return location for an error
 *
 * Opens a session for one stream of frames.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT where @instance has no network yet,
 * %GST_SOD_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the session, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodSession *
gst_sod_session_new (GstSodInstance *instance, GError **error)
{
  g_autoptr (GstSodSession) self = NULL;
  GstSodPacked *packed;

  g_return_val_if_fail (GST_SOD_IS_INSTANCE (instance), NULL);
  g_return_val_if_fail (
      gst_sod_instance_get_kind (instance) == GST_SOD_NETWORK_BASE, NULL);

  packed = gst_sod_instance_ref_packed (instance);
  if (packed == NULL) {
    g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "the instance has no network for the session to run; load one with "
        "gst_sod_instance_ensure() first");
    return NULL;
  }
  self = g_object_new (GST_SOD_TYPE_SESSION, NULL);
  self->instance = g_object_ref (instance);
  if (!adopt (self, packed, error))
    return NULL;
  return g_steal_pointer (&self);
}

static gboolean
check_frame (const GstSodImage *frame, GError **error)
{
  if (frame->width >= 1 && frame->height >= 1
      && (frame->n_components == 1 || frame->n_components == 3))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "a frame has 1 or 3 components and at least 1x1 pixels, this one has %u "
      "and %dx%d",
      frame->n_components, frame->width, frame->height);
  return FALSE;
}

static gboolean
check_map (const GstSodImage *map, GError **error)
{
  const GstSodComponent *gray = &map->components[0];

  if (map->n_components == 1 && gray->sample_size == 1 && gray->depth == 8
      && gray->shift == 0 && gray->pixel_stride == 1 && gray->width >= 1
      && gray->height >= 1)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "a map is written into an 8-bit gray picture of at least 1x1 pixels, "
      "this one has %u components of %u bits and %dx%d; use "
      "gst_sod_image_new_gray()",
      map->n_components, gray->depth, gray->width, gray->height);
  return FALSE;
}

static gboolean
submit (GstSodSession *self, GstSodExecutorFunc func, Work *work,
    GCancellable *cancellable, GError **error)
{
  GstSodExecutor *executor = gst_sod_instance_get_executor (self->instance);

  if (!gst_sod_executor_run (executor, func, self->packed, work,
          gst_sod_packed_get_max_batch (self->packed), cancellable, error)) {
    g_clear_error (&work->error);
    return FALSE;
  }
  if (work->error != NULL) {
    g_propagate_error (error, work->error);
    return FALSE;
  }
  if (self->history != NULL)
    gst_sod_history_commit (self->history);
  return TRUE;
}

static void
look_back (GstSodSession *self, gint64 time, Work *work)
{
  GstSodNetwork *network = gst_sod_packed_get_network (self->packed);

  if (self->history != NULL)
    work->current = gst_sod_history_begin (self->history, time,
        gst_sod_network_get_input_rule (network)->frame_distance,
        &work->previous);
  work->aligner = self->aligner;
  work->change = self->change;
}

/**
 * gst_sod_session_infer:
 * @self: a session
 * @frame: a picture of any size, with 1 or 3 components
 * @time: when @frame was taken, ns, on any clock that does not go back; -1
 *   where that is not known
 * @map: an 8-bit gray picture of any size, which gets the saliency of the
 *   frame: 0 for background to 255 for salient
 * @cancellable: (nullable): takes the frame back while it waits for its turn
 * @error: return location for an error
 *
 * Finds what is salient in @frame: stretches it to the network's input (an
 * antialiased triangle filter when shrinking, bilinear when enlarging), runs
 * the network that the instance has now, and resizes its map to @map. Frames
 * that other sessions of the instance submit at the same time may run in one
 * batch with it; that changes nothing in the map but rounding.
 *
 * A network of two frames (the paper's network with the frame before as three
 * more channels) also looks at the frame, among those that were given to this
 * function and gst_sod_session_observe() before, that is nearest to its frame
 * distance (gst_sod_network_get_frame_distance()) before @time; where @time is
 * -1, at the one given last. Where there is none (at the start, after
 * gst_sod_session_reset(), when the time goes back or more than 8 frame
 * distances pass between two frames, when a network of another input was
 * loaded), it looks at @frame twice, and gst_sod_session_get_warm_up() says so.
 * Where its second input is %GST_SOD_SECOND_INPUT_ALIGNED_DIFFERENCE it is
 * given what moved from that frame to @frame by itself, nothing where there is
 * none. A frame with the time of the one before takes its place.
 *
 * Takes no memory from the heap but after a network of another input was
 * loaded. On failure @map is undefined and the session is as before.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a picture of the wrong kind,
 * %GST_SOD_ERROR_CANCELLED, %GST_SOD_ERROR_NO_MEMORY, %GST_SOD_ERROR_DEVICE,
 * %GST_SOD_ERROR_BACKEND.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_session_infer (GstSodSession *self, const GstSodImage *frame,
    gint64 time, GstSodImage *map, GCancellable *cancellable, GError **error)
{
  Work work = { .frame = frame, .map = map };

  g_return_val_if_fail (GST_SOD_IS_SESSION (self), FALSE);
  g_return_val_if_fail (frame != NULL, FALSE);
  g_return_val_if_fail (map != NULL, FALSE);

  if (!check_frame (frame, error) || !check_map (map, error)
      || !follow_instance (self, error))
    return FALSE;
  look_back (self, time, &work);
  if (!submit (self, infer_batch, &work, cancellable, error))
    return FALSE;
  self->warm_up = self->history != NULL && work.previous == NULL;
  self->timings = work.timings;
  return TRUE;
}

/**
 * gst_sod_session_observe:
 * @self: a session
 * @frame: a picture of any size, with 1 or 3 components
 * @time: as in gst_sod_session_infer()
 * @cancellable: (nullable): takes the frame back while it waits for its turn
 * @error: return location for an error
 *
 * Remembers a frame that no map is wanted of, so that a network of two frames
 * can look back at it. Does nothing where the network looks at one.
 *
 * Errors: as gst_sod_session_infer().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_session_observe (GstSodSession *self, const GstSodImage *frame,
    gint64 time, GCancellable *cancellable, GError **error)
{
  Work work = { .frame = frame };

  g_return_val_if_fail (GST_SOD_IS_SESSION (self), FALSE);
  g_return_val_if_fail (frame != NULL, FALSE);

  if (!check_frame (frame, error) || !follow_instance (self, error))
    return FALSE;
  if (self->history == NULL)
    return TRUE;
  look_back (self, time, &work);
  return submit (self, observe_batch, &work, cancellable, error);
}

/**
 * gst_sod_session_reset:
 * @self: a session
 *
 * Forgets the frames seen so far: what comes next is another scene (a
 * discontinuity, a seek, other caps).
 *
 * Since: 0.1
 */
void
gst_sod_session_reset (GstSodSession *self)
{
  g_return_if_fail (GST_SOD_IS_SESSION (self));

  if (self->history != NULL)
    gst_sod_history_clear (self->history);
}

/**
 * gst_sod_session_get_warm_up:
 * @self: a session
 *
 * Returns: %TRUE where the last map comes from a network of two frames that had
 *   no earlier one to look at, and is less sure for it
 *
 * Since: 0.1
 */
gboolean
gst_sod_session_get_warm_up (GstSodSession *self)
{
  g_return_val_if_fail (GST_SOD_IS_SESSION (self), FALSE);

  return self->warm_up;
}

/**
 * gst_sod_session_get_network:
 * @self: a session
 *
 * Returns: (transfer none): the network that made the last map (before the
 *   first: that the session was opened with); valid until the session is used
 *   again
 *
 * Since: 0.1
 */
GstSodNetwork *
gst_sod_session_get_network (GstSodSession *self)
{
  g_return_val_if_fail (GST_SOD_IS_SESSION (self), NULL);

  return gst_sod_packed_get_network (self->packed);
}

/**
 * gst_sod_session_get_map_size:
 * @self: a session
 * @width: (out) (optional): columns
 * @height: (out) (optional): rows
 *
 * The size of the maps that the network of gst_sod_session_get_network() makes,
 * before they are resized to the picture they are written into.
 *
 * Since: 0.1
 */
void
gst_sod_session_get_map_size (GstSodSession *self, gint *width, gint *height)
{
  const GstSodShape *output; /* (1, 1, h, w) */

  g_return_if_fail (GST_SOD_IS_SESSION (self));

  output = &gst_sod_packed_get_executable (self->packed)->output;
  if (width != NULL)
    *width = (gint) output->dims[3];
  if (height != NULL)
    *height = (gint) output->dims[2];
}

/**
 * gst_sod_session_get_timings:
 * @self: a session
 * @preprocess: (out) (optional): ns from the frame to the network's input
 * @network: (out) (optional): ns of the forward pass, of the whole batch
 * @postprocess: (out) (optional): ns from the network's output to the map
 *
 * How long the parts of the last gst_sod_session_infer() took on the executor;
 * 0 before the first. Waiting for a turn is not among them.
 *
 * Since: 0.1
 */
void
gst_sod_session_get_timings (GstSodSession *self, gint64 *preprocess,
    gint64 *network, gint64 *postprocess)
{
  g_return_if_fail (GST_SOD_IS_SESSION (self));

  if (preprocess != NULL)
    *preprocess = self->timings.preprocess;
  if (network != NULL)
    *network = self->timings.network;
  if (postprocess != NULL)
    *postprocess = self->timings.postprocess;
}
