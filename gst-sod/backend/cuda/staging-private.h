/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/cuda/device-private.h>

G_BEGIN_DECLS

/* A block of page-locked memory of the host with a block of the device's of
 * the same size: what goes from one to the other lies at the same place in
 * both, so that copies wait for nothing. A place is given out until the queue
 * was waited for. One user at a time. */
typedef struct
{
  GstSodCudaQueue *queue; /* not owned */
  guint8 *host, *device;
  gsize capacity, used;
} GstSodCudaStaging;

void gst_sod_cuda_staging_init (
    GstSodCudaStaging *self, GstSodCudaQueue *queue);
void gst_sod_cuda_staging_clear (GstSodCudaStaging *self);

/* Room for @size bytes at @offset, a multiple of 256. Where there is none
 * left, waits for the queue, and grows if there never was enough for @round
 * bytes, what a caller expects to stage before it waits. */
gboolean gst_sod_cuda_staging_reserve (GstSodCudaStaging *self, gsize size,
    gsize round, gsize *offset, GError **error);

/* The queue was waited for: all room is free again. */
void gst_sod_cuda_staging_rewind (GstSodCudaStaging *self);

G_END_DECLS
