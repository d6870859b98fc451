/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library sees of the module: one symbol. */
#include <gst-sod/backend/cuda/cuda-private.h>
#include <gst-sod/backend/module-private.h>

#include <gst-sod/config.h>

static GstSodBackend *
get_backend_in (guint index, gpointer context, GError **error)
{
  GstSodCudaDevice *device = gst_sod_cuda_device_get (index, context, error);

  return device != NULL
             ? gst_sod_cuda_backend_get (gst_sod_cuda_layer_name (), device)
             : NULL;
}

static GstSodBackend *
get_backend (guint index, GError **error)
{
  return get_backend_in (index, NULL, error);
}

static gboolean
describe (guint index, GstSodModuleDevice *device, GError **error)
{
  GstSodCudaDevice *found = gst_sod_cuda_device_get (index, NULL, error);
  const GstSodCudaInfo *info;

  if (found == NULL)
    return FALSE;
  info = gst_sod_cuda_device_get_info (found);
  *device = (GstSodModuleDevice){
    .name = info->name,
    .major = info->major,
    .minor = info->minor,
    .memory = info->memory,
  };
  return TRUE;
}

const GstSodModule *gst_sod_module (void);

__attribute__ ((visibility ("default"))) const GstSodModule *
gst_sod_module (void)
{
  static GstSodModule module = {
    .version = GST_SOD_VERSION,
    .device = "cuda",
    .count = gst_sod_cuda_device_count,
    .get = get_backend,
    .get_in = get_backend_in,
    .describe = describe,
    .describe_libraries = gst_sod_cuda_describe_libraries,
  };

  module.frames = gst_sod_cuda_get_frame_memory ();
  return &module;
}
