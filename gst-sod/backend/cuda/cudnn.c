/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions on cuDNN: the one file that names it. */
#include <gst-sod/backend/cuda/gpu-private.h>

#include <cudnn.h>
#include <string.h>

gint
gst_sod_cuda_dnn_version (void)
{
  return (gint) cudnnGetVersion ();
}

/* ---- handles ---- */

/* The one place where a status of cuDNN becomes an error. */
static gboolean
check (GstSodCudaDevice *device, cudnnStatus_t status, const gchar *call,
    GError **error)
{
  gchar detail[512] = "";
  GstSodError code = GST_SOD_ERROR_BACKEND;
  gsize length = strcspn (call, " ("); /* without the arguments */

  if (status == CUDNN_STATUS_SUCCESS)
    return TRUE;
  cudnnGetLastErrorString (detail, sizeof detail);
  if (CUDNN_STATUS_CATEGORY (status) == CUDNN_STATUS_NOT_SUPPORTED)
    code = GST_SOD_ERROR_UNSUPPORTED;
  else if (status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED
           || status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED)
    code = GST_SOD_ERROR_NO_MEMORY;
  g_set_error (error, GST_SOD_ERROR, code,
      "cuDNN %zu on %s: %.*s answered \"%s\"%s%s", cudnnGetVersion (),
      device->info.name, (int) length, call, cudnnGetErrorString (status),
      *detail != '\0' ? ": " : "", detail);
  return FALSE;
}

#define CHECK(device, call, error) check ((device), (call), #call, (error))

gpointer
gst_sod_cuda_dnn_open (
    GstSodCudaDevice *device, cudaStream_t stream, GError **error)
{
  cudnnHandle_t handle = NULL;

  if (!CHECK (device, cudnnCreate (&handle), error))
    return NULL;
  if (CHECK (device, cudnnSetStream (handle, stream), error))
    return handle;
  cudnnDestroy (handle);
  return NULL;
}

void
gst_sod_cuda_dnn_close (gpointer handle)
{
  if (handle != NULL)
    cudnnDestroy (handle);
}
