/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "eval-source.h"

struct _SodEvalSource
{
  GstSodDataset *dataset;
  gboolean is_maps;    /* an item's picture is the truth, its mask the map */
  gboolean has_stills; /* images without a sequence */

  GstSodInstance *instance;
  gint distance;         /* ms to the frame before; 0: none is looked at */
  GAsyncQueue *sessions; /* of GstSodSession, those nobody uses */

  GPtrArray *floors; /* of GstSodFloor, by sequence; NULL where none is asked */
  GArray *ranks;     /* guint by item: its place among the labelled ones */
  GHashTable *items; /* "sequence/name" -> item */
  GCancellable *cancellable;
};

/* An image on its way to an evaluator. */
typedef struct
{
  SodEvalSource *source;
  guint item;
  gint *n_done;
} Job;

/* The truths of one sequence, for a floor. */
typedef struct
{
  SodEvalSource *source;
  GArray *items; /* guint: those that are labelled */
} Truths;

/* ---- names ---- */

/* (transfer full) (nullable): NULL for stills */
static gchar *
get_sequence (SodEvalSource *self, guint item)
{
  const gchar *name = gst_sod_dataset_get_sequence_name (
      self->dataset, gst_sod_dataset_get_item_sequence (self->dataset, item));

  return name[0] != '\0' ? g_filename_display_name (name) : NULL;
}

/* (transfer full) */
static gchar *
get_name (SodEvalSource *self, guint item)
{
  return g_filename_display_name (
      gst_sod_dataset_get_item_name (self->dataset, item));
}

static gchar *
make_key (const gchar *sequence, const gchar *name)
{
  return g_strconcat (sequence != NULL ? sequence : "", "/", name, NULL);
}

/* ---- making ---- */

static void
index_items (SodEvalSource *self)
{
  guint n = gst_sod_dataset_get_n_items (self->dataset);
  guint last = G_MAXUINT, rank = 0;

  self->ranks = g_array_sized_new (FALSE, TRUE, sizeof (guint), n);
  self->items = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < n; i++) {
    guint sequence = gst_sod_dataset_get_item_sequence (self->dataset, i);
    g_autofree gchar *sequence_name = get_sequence (self, i);
    g_autofree gchar *name = get_name (self, i);

    self->has_stills |= sequence_name == NULL;
    rank = sequence == last ? rank : 0;
    last = sequence;
    g_array_append_val (self->ranks, rank);
    rank += gst_sod_dataset_is_labelled (self->dataset, i);
    g_hash_table_insert (
        self->items, make_key (sequence_name, name), GUINT_TO_POINTER (i));
  }
}

SodEvalSource *
sod_eval_source_new_maps (const gchar *maps, const gchar *truths,
    GCancellable *cancellable, GError **error)
{
  g_autoptr (SodEvalSource) self = g_new0 (SodEvalSource, 1);

  /* Every truth must have its map: listed as a picture, which must have a
   * mask. */
  self->is_maps = TRUE;
  self->dataset = gst_sod_dataset_open_pairs (
      truths, maps, NULL, GST_SOD_DATASET_FLAG_NONE, error);
  if (self->dataset == NULL) {
    g_prefix_error (error,
        "each truth in --gt needs its map in --pred, which is called mask "
        "here: ");
    return NULL;
  }
  self->cancellable = g_object_ref (cancellable);
  index_items (self);
  return g_steal_pointer (&self);
}

SodEvalSource *
sod_eval_source_new_model (
    GstSodDataset *dataset, GstSodInstance *instance, GCancellable *cancellable)
{
  SodEvalSource *self = g_new0 (SodEvalSource, 1);
  g_autoptr (GstSodNetwork) network = NULL;

  self->dataset = g_object_ref (dataset);
  self->cancellable = g_object_ref (cancellable);
  self->sessions = g_async_queue_new_full (g_object_unref);
  index_items (self);
  if (instance == NULL)
    return self;
  self->instance = g_object_ref (instance);
  network = gst_sod_instance_get_network (instance);
  if (gst_sod_architecture_get_input_frames (
          gst_sod_network_get_architecture (network))
      > 1)
    self->distance =
        (gint) MAX (1, gst_sod_network_get_frame_distance (network) / 1000000);
  return self;
}

void
sod_eval_source_free (SodEvalSource *self)
{
  g_clear_pointer (&self->floors, g_ptr_array_unref);
  g_clear_pointer (&self->sessions, g_async_queue_unref);
  g_clear_object (&self->instance);
  g_clear_object (&self->dataset);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->ranks, g_array_unref);
  g_clear_pointer (&self->items, g_hash_table_unref);
  g_free (self);
}

GstSodDataset *
sod_eval_source_get_dataset (SodEvalSource *self)
{
  return self->dataset;
}

gboolean
sod_eval_source_has_stills (SodEvalSource *self)
{
  return self->has_stills;
}

guint
sod_eval_source_get_n_images (SodEvalSource *self)
{
  return gst_sod_dataset_get_n_labelled (self->dataset);
}

/* ---- reading ---- */

static GstSodImage *
read_truth (SodEvalSource *self, guint item, GError **error)
{
  GstSodImage *truth = NULL;

  if (self->is_maps)
    return gst_sod_picture_read_mask (
        gst_sod_dataset_get_image_path (self->dataset, item), error);
  gst_sod_dataset_read (self->dataset, item, NULL, &truth, error);
  return truth;
}

/* As GstSodFloorTruthFunc. */
static GstSodImage *
read_floor_truth (guint frame, gpointer data, GError **error)
{
  const Truths *truths = data;

  return read_truth (
      truths->source, g_array_index (truths->items, guint, frame), error);
}

static void
truths_free (gpointer data)
{
  Truths *truths = data;

  g_array_unref (truths->items);
  g_free (truths);
}

/* (transfer full): that of one sequence. */
static GstSodFloor *
make_floor (
    SodEvalSource *self, guint sequence, const gchar *name, GError **error)
{
  Truths *truths = g_new0 (Truths, 1);
  guint first, n;

  n = gst_sod_dataset_get_sequence_range (self->dataset, sequence, &first);
  truths->source = self;
  truths->items = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint item = first; item < first + n; item++) {
    if (gst_sod_dataset_is_labelled (self->dataset, item))
      g_array_append_val (truths->items, item);
  }
  return gst_sod_floor_new (
      name, truths->items->len, read_floor_truth, truths, truths_free, error);
}

gboolean
sod_eval_source_set_floor (
    SodEvalSource *self, const gchar *floor, GError **error)
{
  g_autoptr (GPtrArray) floors = NULL;

  g_clear_pointer (&self->floors, g_ptr_array_unref);
  if (floor == NULL)
    return TRUE;
  if (!gst_sod_floor_check (floor, self->has_stills, error))
    return FALSE;
  floors = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < gst_sod_dataset_get_n_sequences (self->dataset); i++) {
    GstSodFloor *of_sequence = make_floor (self, i, floor, error);

    if (of_sequence == NULL)
      return FALSE;
    g_ptr_array_add (floors, of_sequence);
  }
  self->floors = g_steal_pointer (&floors);
  return TRUE;
}

static GstSodImage *
predict_floor (SodEvalSource *self, guint item, GError **error)
{
  guint sequence = gst_sod_dataset_get_item_sequence (self->dataset, item);

  return gst_sod_floor_predict (g_ptr_array_index (self->floors, sequence),
      g_array_index (self->ranks, guint, item), error);
}

/* A session that looks back as far as sodbase does in a stream of the data
 * set's frame rate. */
static GstSodSession *
take_session (SodEvalSource *self, guint item, GError **error)
{
  g_autoptr (GstSodSession) session = g_async_queue_try_pop (self->sessions);
  g_autoptr (GstSodImage) before = NULL;
  guint neighbour;

  if (session == NULL)
    session = gst_sod_session_new (self->instance, error);
  if (session == NULL || self->distance == 0)
    return g_steal_pointer (&session);
  gst_sod_session_reset (session);
  if (gst_sod_samples_find_neighbour (
          GST_SOD_SAMPLES (self->dataset), item, self->distance, &neighbour)
      && (!gst_sod_dataset_read (self->dataset, neighbour, &before, NULL, error)
          || !gst_sod_session_observe (
              session, before, -1, self->cancellable, error)))
    return NULL;
  return g_steal_pointer (&session);
}

/* The map as the network makes it, rounded to 8 bits. */
static GstSodImage *
infer (
    SodEvalSource *self, guint item, const GstSodImage *picture, GError **error)
{
  g_autoptr (GstSodSession) session = take_session (self, item, error);
  g_autoptr (GstSodImage) map = NULL;
  gint width, height;

  if (session == NULL)
    return NULL;
  gst_sod_session_get_map_size (session, &width, &height);
  map = gst_sod_image_new_gray (width, height, error);
  if (map == NULL
      || !gst_sod_session_infer (
          session, picture, -1, map, self->cancellable, error))
    return NULL;
  g_async_queue_push (self->sessions, g_steal_pointer (&session));
  return g_steal_pointer (&map);
}

static GstSodPair *
read_files (SodEvalSource *self, guint item, GError **error)
{
  g_autoptr (GstSodImage) truth = read_truth (self, item, error);
  g_autoptr (GstSodImage) map = NULL;

  if (truth == NULL)
    return NULL;
  map = self->floors != NULL
            ? predict_floor (self, item, error)
            : gst_sod_picture_read_gray (
                gst_sod_dataset_get_mask_path (self->dataset, item), error);
  return map != NULL ? gst_sod_pair_new (map, truth, NULL) : NULL;
}

/* The picture is read where a model looks at it or @with_picture. */
static GstSodPair *
read_pair (
    SodEvalSource *self, guint item, gboolean with_picture, GError **error)
{
  g_autoptr (GstSodImage) picture = NULL;
  g_autoptr (GstSodImage) truth = NULL;
  g_autoptr (GstSodImage) map = NULL;

  if (g_cancellable_is_cancelled (self->cancellable)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED, "interrupted");
    return NULL;
  }
  if (self->is_maps || (self->floors != NULL && !with_picture))
    return read_files (self, item, error);
  if (!gst_sod_dataset_read (self->dataset, item, &picture, &truth, error))
    return NULL;
  map = self->floors != NULL ? predict_floor (self, item, error)
                             : infer (self, item, picture, error);
  if (map == NULL)
    return NULL;
  return gst_sod_pair_new (map, truth, with_picture ? picture : NULL);
}

/* ---- measuring ---- */

/* As GstSodPairLoadFunc. */
static GstSodPair *
load (gpointer data, GError **error)
{
  Job *job = data;
  GstSodPair *pair;

  pair = read_pair (job->source, job->item,
      !job->source->has_stills && job->source->floors == NULL, error);
  if (pair != NULL)
    g_atomic_int_inc (job->n_done);
  return pair;
}

static gboolean
add (SodEvalSource *self, GstSodEvaluator *evaluator, guint item, gint *n_done,
    GError **error)
{
  g_autofree gchar *sequence = get_sequence (self, item);
  g_autofree gchar *name = get_name (self, item);
  Job *job = g_new0 (Job, 1);

  *job = (Job){ self, item, n_done };
  return gst_sod_evaluator_add_loader (
      evaluator, sequence, name, load, job, g_free, error);
}

GstSodEvaluation *
sod_eval_source_evaluate (SodEvalSource *self, GstSodEvaluator *evaluator,
    gint *n_done, GError **error)
{
  for (guint i = 0; i < gst_sod_dataset_get_n_items (self->dataset); i++) {
    if (gst_sod_dataset_is_labelled (self->dataset, i)
        && !add (self, evaluator, i, n_done, error))
      return NULL;
  }
  return gst_sod_evaluator_finish (evaluator, error);
}

GstSodPair *
sod_eval_source_read_pair (
    const gchar *sequence, const gchar *name, gpointer source, GError **error)
{
  SodEvalSource *self = source;
  g_autofree gchar *key = make_key (sequence, name);
  gpointer item;

  if (g_hash_table_lookup_extended (self->items, key, NULL, &item))
    return read_pair (self, GPOINTER_TO_UINT (item), TRUE, error);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
      "there is no image %s any more", key);
  return NULL;
}
