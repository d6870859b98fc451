/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The batch to come, brought to the device while the one before is learnt. It
 * has memory of its own there: a captured pass reads one place. */
#include <gst-sod/backend/cuda/train-stream-private.h>

#include <string.h>

static GstSodTensor *
ref_or_null (const GstSodTensor *tensor)
{
  return tensor != NULL ? gst_sod_tensor_ref ((GstSodTensor *) tensor) : NULL;
}

void
gst_sod_cuda_train_drop_ahead (GstSodCudaTrainStream *self)
{
  const GstSodTensor *tensors[] = { self->ahead.input, self->ahead.target,
    self->ahead.weights };

  for (guint i = 0; i < G_N_ELEMENTS (tensors); i++) {
    if (tensors[i] != NULL)
      gst_sod_tensor_unref ((GstSodTensor *) tensors[i]);
  }
  self->ahead = (GstSodLearnBatch){ NULL };
}

void
gst_sod_cuda_train_clear_ahead (GstSodCudaTrainStream *self)
{
  GstSodCudaDevice *device = self->plan->device;

  gst_sod_cuda_train_drop_ahead (self);
  g_clear_pointer (&self->copies, gst_sod_cuda_queue_free);
  if (self->ahead_memory != NULL)
    gst_sod_cuda_free (device, self->ahead_memory);
  if (self->ahead_pinned != NULL)
    gst_sod_cuda_free_pinned (device, self->ahead_pinned);
  self->ahead_memory = self->ahead_pinned = NULL;
}

/* What of a batch lies where. */
typedef struct
{
  const GstSodTensor *tensor; /* or NULL */
  gfloat *pass, *there, *here;
} Part;

static void
list_parts (const GstSodCudaTrainStream *self, const GstSodLearnBatch *batch,
    Part parts[3])
{
  parts[0] = (Part){ batch->input, self->there.input, self->ahead_there.input,
    self->ahead_here.input };
  parts[1] = (Part){ batch->target, self->there.output,
    self->ahead_there.output, self->ahead_here.output };
  parts[2] = (Part){ batch->weights, self->there.weights,
    self->ahead_there.weights, self->ahead_here.weights };
}

gboolean
gst_sod_cuda_train_take_ahead (GstSodCudaTrainStream *self,
    const GstSodLearnBatch *batch, gboolean *taken, GError **error)
{
  GstSodCudaQueue *queue = gst_sod_cuda_train_get_queue (self);
  Part parts[3];

  *taken = self->ahead.input == batch->input
           && self->ahead.target == batch->target
           && self->ahead.weights == batch->weights;
  gst_sod_cuda_train_drop_ahead (self);
  if (self->copies != NULL && !gst_sod_cuda_wait (self->copies, error))
    return FALSE;
  if (!*taken)
    return TRUE;
  list_parts (self, batch, parts);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    if (parts[i].tensor != NULL
        && !gst_sod_cuda_copy (queue, parts[i].pass, parts[i].there,
            gst_sod_tensor_get_size (parts[i].tensor), error))
      return FALSE;
  }
  /* The input is there, whatever was written here before. */
  for (gint64 i = 0; i < self->plan->base.input.dims[0]; i++)
    self->is_unsent[i] = FALSE;
  /* Before the next one takes the place. */
  return gst_sod_cuda_wait (queue, error);
}

static gboolean
ensure_memory (GstSodCudaTrainStream *self)
{
  const GstSodCudaTrainPlan *plan = self->plan;
  gsize size =
      gst_sod_cuda_train_divide_planes (plan, NULL, &self->ahead_there);

  if (self->copies != NULL)
    return TRUE;
  self->ahead_memory = gst_sod_cuda_alloc (plan->device, size, NULL);
  if (self->ahead_memory != NULL)
    self->ahead_pinned = gst_sod_cuda_alloc_pinned (plan->device, size, NULL);
  if (self->ahead_pinned != NULL)
    self->copies = gst_sod_cuda_queue_new (plan->device, NULL);
  if (self->copies == NULL)
    gst_sod_cuda_train_clear_ahead (self);
  return self->copies != NULL;
}

/* What goes wrong here is told by who waits for the pass, or is done anew. */
void
gst_sod_cuda_train_bring_ahead (
    GstSodCudaTrainStream *self, const GstSodLearnBatch *batch)
{
  Part parts[3];

  if (batch->input == NULL
      || !gst_sod_cuda_train_check_batch (self, batch, NULL)
      || !ensure_memory (self))
    return;
  gst_sod_cuda_train_divide_planes (
      self->plan, self->ahead_memory, &self->ahead_there);
  gst_sod_cuda_train_divide_planes (
      self->plan, self->ahead_pinned, &self->ahead_here);
  list_parts (self, batch, parts);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    gsize size;

    if (parts[i].tensor == NULL)
      continue;
    size = gst_sod_tensor_get_size (parts[i].tensor);
    memcpy (parts[i].here, gst_sod_tensor_peek_data (parts[i].tensor), size);
    if (!gst_sod_cuda_upload (
            self->copies, parts[i].there, parts[i].here, size, NULL))
      return;
  }
  self->ahead = (GstSodLearnBatch){ ref_or_null (batch->input),
    ref_or_null (batch->target), ref_or_null (batch->weights) };
}
