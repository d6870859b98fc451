/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/batch-queue-private.h>

#include <gst-sod/core/parallel-private.h>
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
  GstSodBatchSource source; /* the order is owned */
  GPtrArray *threads;       /* of GThread */
  guint team; /* that makes batches once asked for; 0: threads do */

  GMutex lock;
  GCond work;    /* there is something to do, or to stop for */
  GCond done;    /* a batch is done, or never will be; one's item is read */
  guint64 first; /* batch that is asked for next */
  guint64 next;  /* place that is made next; with a team, that is read */
  Slot *slots;   /* (depth), of batch b at b % depth */
  GstSodBatchItem *items; /* (depth * batch_size), of place p likewise */
  GPtrArray *tensors;     /* all that there are; the free ones are ours alone */
  GPtrArray *workers;     /* those that nobody uses */
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

/* With the lock held, as to give it back. */
static GstSodBatchWorker *
take_worker (GstSodBatchQueue *self)
{
  if (self->workers->len == 0)
    return gst_sod_batch_worker_new ();
  return g_ptr_array_steal_index_fast (self->workers, self->workers->len - 1);
}

static Slot *
get_slot (GstSodBatchQueue *self, guint64 place)
{
  return &self->slots[place / self->settings.batch_size % self->settings.depth];
}

static GstSodBatchItem *
get_item (GstSodBatchQueue *self, guint64 place)
{
  guint64 n = (guint64) self->settings.batch_size * self->settings.depth;

  return &self->items[place % n];
}

/* With the lock held: whether the next place is one that is looked after by
 * now. */
static gboolean
is_within (GstSodBatchQueue *self)
{
  guint64 batch = self->next / self->settings.batch_size;

  return self->error == NULL && batch < self->first + self->settings.depth;
}

/* With the lock held: whether there is a sample to make, and which. */
static gboolean
claim (GstSodBatchQueue *self, guint64 *place)
{
  Slot *slot = get_slot (self, self->next);

  if (!is_within (self))
    return FALSE;
  if (!slot->is_open && !open_slot (self, slot, &self->error)) {
    g_cond_broadcast (&self->done);
    return FALSE;
  }
  *place = self->next++;
  return TRUE;
}

/* With the lock held, but for the work itself: makes the sample at @place. */
static void
work (GstSodBatchQueue *self, guint64 place)
{
  guint index = (guint) (place % self->settings.batch_size);
  Slot *slot = get_slot (self, place);
  GstSodBatchItem *item = get_item (self, place);
  GstSodAugmentTarget target = { get_part (slot->batch.input, index),
    get_part (slot->batch.map, index), get_part (slot->batch.weights, index),
    get_part (slot->batch.images, index) };
  GstSodBatchWorker *worker = take_worker (self);
  gboolean is_made;
  GError *error = NULL;

  item->state = GST_SOD_BATCH_ITEM_TAKEN;
  g_mutex_unlock (&self->lock);
  is_made = gst_sod_batch_item_make (
      item, &self->source, place, worker, &target, &error);
  g_mutex_lock (&self->lock);
  item->state = GST_SOD_BATCH_ITEM_MADE;
  g_ptr_array_add (self->workers, worker);
  slot->is_plain = slot->is_plain && item->is_plain;
  if (!is_made && self->error == NULL)
    self->error = g_steal_pointer (&error);
  g_clear_error (&error);
  if (++slot->n_done == self->settings.batch_size || self->error != NULL)
    g_cond_broadcast (&self->done);
}

/* ---- threads ---- */

static gpointer
run_maker (gpointer data)
{
  GstSodBatchQueue *self = data;

  g_mutex_lock (&self->lock);
  while (!self->is_stopping) {
    guint64 place;

    if (claim (self, &place))
      work (self, place);
    else
      g_cond_wait (&self->work, &self->lock);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* With the lock held: whether there is a sample to read, and which. Some are
 * with the team by now. */
static gboolean
claim_unread (GstSodBatchQueue *self, guint64 *place)
{
  for (; is_within (self); self->next++) {
    if (self->next / self->settings.batch_size < self->first
        || get_item (self, self->next)->state != GST_SOD_BATCH_ITEM_UNREAD)
      continue;
    *place = self->next++;
    return TRUE;
  }
  return FALSE;
}

/* With the lock held, but for the reading itself. What cannot be read is left
 * to the team, which then says so. */
static void
read_ahead (GstSodBatchQueue *self, guint64 place)
{
  GstSodBatchItem *item = get_item (self, place);
  GstSodBatchWorker *worker = take_worker (self);
  gboolean is_read;

  item->state = GST_SOD_BATCH_ITEM_READING;
  g_mutex_unlock (&self->lock);
  is_read = gst_sod_batch_item_read (item, &self->source, place, worker, NULL);
  g_mutex_lock (&self->lock);
  item->state = is_read ? GST_SOD_BATCH_ITEM_READ : GST_SOD_BATCH_ITEM_UNREAD;
  g_ptr_array_add (self->workers, worker);
  g_cond_broadcast (&self->done);
}

static gpointer
run_reader (gpointer data)
{
  GstSodBatchQueue *self = data;

  g_mutex_lock (&self->lock);
  while (!self->is_stopping) {
    guint64 place;

    if (claim_unread (self, &place))
      read_ahead (self, place);
    else
      g_cond_wait (&self->work, &self->lock);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* ---- the team ---- */

typedef struct
{
  GstSodBatchQueue *queue;
  GCancellable *cancellable;
} Team;

static void
make_piece (gpointer data, guint index)
{
  const Team *team = data;
  GstSodBatchQueue *self = team->queue;
  guint64 place;
  const GstSodBatchItem *item;

  g_mutex_lock (&self->lock);
  place = self->first * self->settings.batch_size + index;
  item = get_item (self, place);
  while (item->state == GST_SOD_BATCH_ITEM_READING && self->error == NULL
         && !g_cancellable_is_cancelled (team->cancellable))
    g_cond_wait (&self->done, &self->lock);
  if ((item->state == GST_SOD_BATCH_ITEM_UNREAD
          || item->state == GST_SOD_BATCH_ITEM_READ)
      && self->error == NULL && !g_cancellable_is_cancelled (team->cancellable))
    work (self, place);
  g_mutex_unlock (&self->lock);
}

/* With the lock held, but for the work: FALSE where it is not done. What was
 * cancelled goes on where it was. */
static gboolean
make_together (GstSodBatchQueue *self, Slot *slot, GCancellable *cancellable)
{
  Team team = { self, cancellable };

  if (self->error != NULL
      || (!slot->is_open && !open_slot (self, slot, &self->error)))
    return FALSE;
  g_mutex_unlock (&self->lock);
  gst_sod_run_pieces (
      make_piece, &team, self->settings.batch_size, G_MAXSIZE, self->team);
  g_mutex_lock (&self->lock);
  return self->error == NULL && slot->n_done == self->settings.batch_size;
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
  self->source = (GstSodBatchSource){ .reader = settings->reader,
    .order = order,
    .augmentation = self->settings.augmentation,
    .rule = &self->settings.rule };
  self->first = first;
  self->next = first * settings->batch_size;
  self->slots = g_new0 (Slot, settings->depth);
  self->items =
      g_new0 (GstSodBatchItem, (gsize) settings->depth * settings->batch_size);
  self->tensors =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_tensor_unref);
  self->workers = g_ptr_array_new_with_free_func (
      (GDestroyNotify) gst_sod_batch_worker_free);
  self->team = settings->team;
  g_mutex_init (&self->lock);
  g_cond_init (&self->work);
  g_cond_init (&self->done);
  self->threads = g_ptr_array_new ();
  for (guint i = 0; i < settings->threads; i++) {
    GThread *thread = g_thread_try_new (
        "sod-batches", settings->team > 0 ? run_reader : run_maker, self, NULL);

    if (thread != NULL)
      g_ptr_array_add (self->threads, thread);
  }
  /* Without any, whoever asks for a batch makes it. */
  if (self->threads->len == 0)
    self->team = MAX (self->team, 1);
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
  for (guint i = 0; i < self->settings.depth * self->settings.batch_size; i++)
    gst_sod_augment_source_clear (&self->items[i].source);
  g_free (self->items);
  g_ptr_array_unref (self->workers);
  g_ptr_array_unref (self->tensors);
  gst_sod_batch_order_free (self->source.order);
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
  while (self->error == NULL && !g_cancellable_is_cancelled (cancellable)
         && slot->n_done != self->settings.batch_size)
    g_cond_wait (&self->done, &self->lock);
  return self->error == NULL && !g_cancellable_is_cancelled (cancellable);
}

/* Samples whose weights are all 1 have them written where others have not. */
static void
fill_weights (GstSodBatchQueue *self, const Slot *slot)
{
  guint64 place = self->first * self->settings.batch_size;
  gsize n = (gsize) self->settings.rule.width * self->settings.rule.height;

  for (guint i = 0; i < self->settings.batch_size; i++) {
    gfloat *weights = get_part (slot->batch.weights, i);

    for (gsize j = 0; j < n && get_item (self, place + i)->is_plain; j++)
      weights[j] = 1;
  }
}

/* The first batch, whose slot another may have then. */
static void
take_slot (GstSodBatchQueue *self, Slot *slot, GstSodBatch *batch)
{
  guint64 place = self->first * self->settings.batch_size;

  *batch = slot->batch;
  if (slot->is_plain)
    g_clear_pointer (&batch->weights, gst_sod_tensor_unref);
  else
    fill_weights (self, slot);
  *slot = (Slot){ { NULL } };
  for (guint i = 0; i < self->settings.batch_size; i++)
    get_item (self, place + i)->state = GST_SOD_BATCH_ITEM_UNREAD;
  self->first++;
  g_cond_broadcast (&self->work);
}

gboolean
gst_sod_batch_queue_next (GstSodBatchQueue *self, GCancellable *cancellable,
    GstSodBatch *batch, GError **error)
{
  gulong handler = 0;
  gboolean is_done;
  Slot *slot;

  if (cancellable != NULL)
    handler =
        g_cancellable_connect (cancellable, G_CALLBACK (wake), self, NULL);
  g_mutex_lock (&self->lock);
  slot = &self->slots[self->first % self->settings.depth];
  is_done = self->team > 0 ? make_together (self, slot, cancellable)
                           : wait_for (self, slot, cancellable);
  if (is_done) {
    take_slot (self, slot, batch);
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
