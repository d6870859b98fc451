/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/cuda/staging-private.h>

#define ALIGNMENT 256

void
gst_sod_cuda_staging_init (GstSodCudaStaging *self, GstSodCudaQueue *queue)
{
  *self = (GstSodCudaStaging){ .queue = queue };
}

static void
drop (GstSodCudaStaging *self)
{
  GstSodCudaDevice *device = gst_sod_cuda_queue_get_device (self->queue);

  gst_sod_cuda_free_pinned (device, self->host);
  gst_sod_cuda_free (device, self->device);
  self->host = self->device = NULL;
  self->capacity = self->used = 0;
}

void
gst_sod_cuda_staging_clear (GstSodCudaStaging *self)
{
  if (self->queue != NULL)
    drop (self);
}

static gboolean
grow (GstSodCudaStaging *self, gsize capacity, GError **error)
{
  GstSodCudaDevice *device = gst_sod_cuda_queue_get_device (self->queue);

  drop (self);
  self->host = gst_sod_cuda_alloc_pinned (device, capacity, error);
  if (self->host != NULL)
    self->device = gst_sod_cuda_alloc (device, capacity, error);
  if (self->device == NULL) {
    drop (self);
    return FALSE;
  }
  self->capacity = capacity;
  return TRUE;
}

gboolean
gst_sod_cuda_staging_reserve (GstSodCudaStaging *self, gsize size, gsize round,
    gsize *offset, GError **error)
{
  if (size > G_MAXSSIZE / 2 || round > G_MAXSSIZE / 2) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "a picture of %" G_GSIZE_FORMAT
        " bytes cannot be addressed; use smaller frames",
        size);
    return FALSE;
  }
  size = (size + ALIGNMENT - 1) & ~(gsize) (ALIGNMENT - 1);
  round = (round + ALIGNMENT - 1) & ~(gsize) (ALIGNMENT - 1);
  if (size > self->capacity - self->used) {
    if (!gst_sod_cuda_wait (self->queue, error))
      return FALSE;
    self->used = 0;
    if (MAX (size, round) > self->capacity
        && !grow (self, MAX (size, round), error))
      return FALSE;
  }
  *offset = self->used;
  self->used += size;
  return TRUE;
}

void
gst_sod_cuda_staging_rewind (GstSodCudaStaging *self)
{
  self->used = 0;
}
