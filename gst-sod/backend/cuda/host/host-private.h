/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/cuda/device-private.h>

G_BEGIN_DECLS

/* The twin of a GPU that tests run on: the device layer on the host's memory,
 * where every launch has run when it returns. There are two such devices. As a
 * module, environment variables set what these functions set. */
#define GST_SOD_CUDA_HOST_N_DEVICES 2

/* The back end "cuda-host" on device 0. */
GstSodBackend *gst_sod_cuda_host_backend (void);

/* Bytes that all devices may hand out together, the pinned ones apart; 0: as
 * many as there are. $GST_SOD_CUDA_HOST_MEMORY */
void gst_sod_cuda_host_set_memory (gsize limit);

/* After @n more calls that queue work, every call says that the device is
 * lost, until this is called again; 0: never. $GST_SOD_CUDA_HOST_LOST_AFTER */
void gst_sod_cuda_host_lose_after (guint n);

/* Bytes that are handed out now, pinned ones too, and the most of a device's
 * that there were. */
gsize gst_sod_cuda_host_get_used (void);
gsize gst_sod_cuda_host_get_peak (void);

/* Whether the device answers: for the files of this folder. */
gboolean gst_sod_cuda_host_work (const gchar *what, GError **error);

G_END_DECLS
