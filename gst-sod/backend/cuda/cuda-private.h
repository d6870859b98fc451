/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/cuda/device-private.h>

G_BEGIN_DECLS

/* The back end of one device: in the module on a GPU, in tests on the host's
 * twin of one. */
typedef struct
{
  GstSodBackend base;
  GstSodBackendClass klass; /* what base.klass is: its name is the device's */
  GstSodCudaDevice *device; /* owned by the device layer */
} GstSodCudaBackend;

/* The back end @name on @device; one object for each device, never freed.
 * Thread-safe. */
GstSodBackend *gst_sod_cuda_backend_get (
    const gchar *name, GstSodCudaDevice *device);

static inline GstSodCudaDevice *
gst_sod_cuda_backend_get_device (GstSodBackend *self)
{
  return ((GstSodCudaBackend *) self)->device;
}

/* As GstSodModule.frames; of video/cuda. */
const struct _GstSodFrameMemory *gst_sod_cuda_get_frame_memory (void);

/* Whether machine code for @archs, as "75;80;90", the last of which is there
 * as PTX too, runs on compute capability @major.@minor. */
gboolean gst_sod_cuda_archs_run (const gchar *archs, gint major, gint minor);

/* The type that activations of @precision have. */
GstSodCudaType gst_sod_cuda_type_of (GstSodPrecision precision);

G_END_DECLS
