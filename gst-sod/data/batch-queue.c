/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/batch-queue-private.h>

#include <gst-sod/core/tensor-private.h>

/* A batch in the making. */
typedef struct
{
  GstSodBatch batch;
  gboolean is_open;  /* its tensors are there */
  gboolean is_plain; /* all weights so far are 1 */
  guint n_done;
} Slot;

struct _GstSodBatchQueue
{
  GstSodBatchSettings settings;
  GstSodBatchOrder *order;
  GPtrArray *threads; /* of GThread */

  GMutex lock;
  GCond work;         /* there is something to do, or to stop for */
  GCond done;         /* a batch is done, or never will be */
  guint64 first;      /* batch that is asked for next */
  guint64 next;       /* place that is made next */
  Slot *slots;        /* (depth), of batch b at b % depth */
  GPtrArray *tensors; /* all that there are; the free ones are ours alone */
  GError *error;
  gboolean is_stopping;
};

void
gst_sod_batch_clear (GstSodBatch *batch)
{
  g_clear_pointer (&batch->input, gst_sod_tensor_unref);
  g_clear_pointer (&batch->map, gst_sod_tensor_unref);
  g_clear_pointer (&batch->weights, gst_sod_tensor_unref);
  g_clear_pointer (&batch->images, gst_sod_tensor_unref);
}

/* ---- memory ---- */

/* One that nobody holds any more, or a new one. (transfer full) */
static GstSodTensor *
take_tensor (
    GstSodBatchQueue *self, gint64 c, gint64 h, gint64 w, GError **error)
{
  GstSodShape shape = gst_sod_shape_nchw (self->settings.batch_size, c, h, w);
  GstSodTensor *tensor;

  for (guint i = 0; i < self->tensors->len; i++) {
    tensor = g_ptr_array_index (self->tensors, i);
    if (gst_sod_tensor_is_mine (tensor)
        && gst_sod_shape_equal (gst_sod_tensor_get_shape (tensor), &shape))
      return gst_sod_tensor_ref (tensor);
  }
  tensor = gst_sod_tensor_new_shaped (GST_SOD_DTYPE_F32, &shape, error);
  if (tensor == NULL)
    return NULL;
  g_ptr_array_add (self->tensors, gst_sod_tensor_ref (tensor));
  return tensor;
}

static gboolean
open_slot (GstSodBatchQueue *self, Slot *slot, GError **error)
{
  const GstSodAugmentRule *rule = &self->settings.rule;
  gint64 h = rule->height, w = rule->width;
  GstSodBatch *batch = &slot->batch;

  slot->is_open = TRUE;
  slot->is_plain = TRUE;
  slot->n_done = 0;
  batch->input = take_tensor (self, 3 * (gint64) rule->frames, h, w, error);
  if (batch->input == NULL)
    return FALSE;
  batch->map = take_tensor (self, 1, h, w, error);
  if (batch->map == NULL)
    return FALSE;
  batch->weights = take_tensor (self, 1, h, w, error);
  if (batch->weights == NULL)
    return FALSE;
  if (self->settings.target == GST_SOD_BATCH_TARGET_MAP)
    return TRUE;
  batch->images = take_tensor (self, 3, h / 2, w / 2, error);
  return batch->images != NULL;
}

static gfloat *
get_part (GstSodTensor *tensor, guint index)
{
  gfloat *data;

  if (tensor == NULL)
    return NULL;
  data = gst_sod_tensor_get_data (tensor);
  return data
         + gst_sod_tensor_get_n_elements (tensor)
               / (gsize) gst_sod_tensor_get_dim (tensor, 0) * index;
}

/* ---- making samples ---- */

/* What a thread has of its own. */
typedef struct
{
  GstSodRandom *random;
  GstSodWarpScratch scratch;
} Worker;

static gboolean
make_of (GstSodBatchQueue *self, Worker *worker, guint64 place, guint sample,
    const GstSodAugmentTarget *target, gboolean *is_plain, GError **error)
{
  const GstSodBatchSettings *settings = &self->settings;
  GstSodAugmentSource source;
  gboolean done;
  gint distance;

  gst_sod_batch_order_seed (self->order, place, worker->random);
  distance =
      gst_sod_augment_draw_distance (settings->augmentation, worker->random);
  done = gst_sod_batch_reader_read (settings->reader, sample,
             settings->rule.frames > 1 ? distance : 0, &source,
             &worker->scratch, error)
         && gst_sod_augment (settings->augmentation, &settings->rule, &source,
             worker->random, &worker->scratch, target, error);
  *is_plain = source.mask != NULL && source.weights == NULL;
  gst_sod_augment_source_clear (&source);
  return done;
}

/* The sample at @place, or the next that can be read. */
static gboolean
make (GstSodBatchQueue *self, Worker *worker, guint64 place,
    const GstSodAugmentTarget *target, gboolean *is_plain, GError **error)
{
  guint n = gst_sod_batch_order_get_n (self->order);
  GstSodBatchReader *reader = self->settings.reader;

  for (guint skip = 0; skip < n; skip++) {
    guint sample = gst_sod_batch_order_get (self->order, place, skip);
    g_autoptr (GError) reason = NULL;

    if (gst_sod_batch_reader_is_unreadable (reader, sample))
      continue;
    if (make_of (self, worker, place, sample, target, is_plain, &reason))
      return TRUE;
    if (g_error_matches (reason, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY)) {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
    gst_sod_batch_reader_set_unreadable (reader, sample, reason);
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
      "none of the %u samples can be read; the warnings say why", n);
  return FALSE;
}

/* With the lock held: whether there is a sample to make, and which. */
static gboolean
claim (GstSodBatchQueue *self, guint64 *place, Slot **slot)
{
  guint64 batch = self->next / self->settings.batch_size;

  if (self->error != NULL || batch >= self->first + self->settings.depth)
    return FALSE;
  *slot = &self->slots[batch % self->settings.depth];
  if (!(*slot)->is_open && !open_slot (self, *slot, &self->error)) {
    g_cond_broadcast (&self->done);
    return FALSE;
  }
  *place = self->next++;
  return TRUE;
}

/* With the lock held, but for the work itself. */
static void
work (GstSodBatchQueue *self, Worker *worker, guint64 place, Slot *slot)
{
  guint index = (guint) (place % self->settings.batch_size);
  GstSodAugmentTarget target = { get_part (slot->batch.input, index),
    get_part (slot->batch.map, index), get_part (slot->batch.weights, index),
    get_part (slot->batch.images, index) };
  gboolean is_plain = TRUE, is_made;
  GError *error = NULL;

  g_mutex_unlock (&self->lock);
  is_made = make (self, worker, place, &target, &is_plain, &error);
  g_mutex_lock (&self->lock);
  slot->is_plain = slot->is_plain && is_plain;
  if (!is_made && self->error == NULL)
    self->error = g_steal_pointer (&error);
  g_clear_error (&error);
  if (++slot->n_done == self->settings.batch_size || self->error != NULL)
    g_cond_broadcast (&self->done);
}

static void
init_worker (Worker *worker)
{
  *worker = (Worker){ .random = gst_sod_random_new (0, 0) };
}

static void
clear_worker (Worker *worker)
{
  gst_sod_random_free (worker->random);
  gst_sod_warp_scratch_clear (&worker->scratch);
}

static gpointer
run_thread (gpointer data)
{
  GstSodBatchQueue *self = data;
  Worker worker;

  init_worker (&worker);
  g_mutex_lock (&self->lock);
  while (!self->is_stopping) {
    guint64 place;
    Slot *slot;

    if (claim (self, &place, &slot))
      work (self, &worker, place, slot);
    else
      g_cond_wait (&self->work, &self->lock);
  }
  g_mutex_unlock (&self->lock);
  clear_worker (&worker);
  return NULL;
}

/* ---- the queue ---- */

GstSodBatchQueue *
gst_sod_batch_queue_new (
    const GstSodBatchSettings *settings, GstSodBatchOrder *order, guint64 first)
{
  GstSodBatchQueue *self = g_new0 (GstSodBatchQueue, 1);

  self->settings = *settings;
  self->settings.augmentation =
      gst_sod_augmentation_copy (settings->augmentation);
  self->order = order;
  self->first = first;
  self->next = first * settings->batch_size;
  self->slots = g_new0 (Slot, settings->depth);
  self->tensors =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_tensor_unref);
  g_mutex_init (&self->lock);
  g_cond_init (&self->work);
  g_cond_init (&self->done);
  self->threads = g_ptr_array_new ();
  for (guint i = 0; i < settings->threads; i++) {
    GThread *thread = g_thread_try_new ("sod-batches", run_thread, self, NULL);

    /* Without any, whoever asks for a batch makes it. */
    if (thread != NULL)
      g_ptr_array_add (self->threads, thread);
  }
  return self;
}

void
gst_sod_batch_queue_free (GstSodBatchQueue *self)
{
  g_mutex_lock (&self->lock);
  self->is_stopping = TRUE;
  g_cond_broadcast (&self->work);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < self->threads->len; i++)
    g_thread_join (g_ptr_array_index (self->threads, i));
  g_ptr_array_unref (self->threads);
  for (guint i = 0; i < self->settings.depth; i++)
    gst_sod_batch_clear (&self->slots[i].batch);
  g_free (self->slots);
  g_ptr_array_unref (self->tensors);
  gst_sod_batch_order_free (self->order);
  gst_sod_augmentation_free (self->settings.augmentation);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->work);
  g_cond_clear (&self->done);
  g_free (self);
}

static void
wake (GCancellable *cancellable, gpointer data)
{
  GstSodBatchQueue *self = data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->done);
  g_mutex_unlock (&self->lock);
}

/* With the lock held: until @slot is done, FALSE where it never will be. */
static gboolean
wait_for (GstSodBatchQueue *self, const Slot *slot, GCancellable *cancellable)
{
  Worker worker;

  init_worker (&worker);
  while (self->error == NULL && !g_cancellable_is_cancelled (cancellable)
         && !(slot->is_open && slot->n_done == self->settings.batch_size)) {
    guint64 place;
    Slot *claimed;

    if (self->threads->len > 0)
      g_cond_wait (&self->done, &self->lock);
    else if (claim (self, &place, &claimed))
      work (self, &worker, place, claimed);
  }
  clear_worker (&worker);
  return self->error == NULL && !g_cancellable_is_cancelled (cancellable);
}

static void
take_slot (Slot *slot, GstSodBatch *batch)
{
  *batch = slot->batch;
  if (slot->is_plain)
    g_clear_pointer (&batch->weights, gst_sod_tensor_unref);
  *slot = (Slot){ { NULL } };
}

gboolean
gst_sod_batch_queue_next (GstSodBatchQueue *self, GCancellable *cancellable,
    GstSodBatch *batch, GError **error)
{
  gulong handler = 0;
  gboolean is_done;

  if (cancellable != NULL)
    handler =
        g_cancellable_connect (cancellable, G_CALLBACK (wake), self, NULL);
  g_mutex_lock (&self->lock);
  is_done = wait_for (
      self, &self->slots[self->first % self->settings.depth], cancellable);
  if (is_done) {
    take_slot (&self->slots[self->first % self->settings.depth], batch);
    self->first++;
    g_cond_broadcast (&self->work);
  } else if (self->error != NULL) {
    g_propagate_error (error, g_error_copy (self->error));
  } else {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED,
        "reading batch %" G_GUINT64_FORMAT " was cancelled", self->first);
  }
  g_mutex_unlock (&self->lock);
  g_cancellable_disconnect (cancellable, handler);
  return is_done;
}
