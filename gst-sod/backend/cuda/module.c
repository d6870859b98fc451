/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library sees of the module: one symbol. */
#include <gst-sod/backend/cuda/cuda-private.h>
#include <gst-sod/backend/module-private.h>

#include <gst-sod/config.h>

static GstSodBackend *
get_backend (guint index, GError **error)
{
  GstSodCudaDevice *device = gst_sod_cuda_device_get (index, NULL, error);

  return device != NULL
             ? gst_sod_cuda_backend_get (gst_sod_cuda_layer_name (), device)
             : NULL;
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
  static const GstSodModule module = {
    .version = GST_SOD_VERSION,
    .device = "cuda",
    .count = gst_sod_cuda_device_count,
    .get = get_backend,
    .describe = describe,
    .describe_libraries = gst_sod_cuda_describe_libraries,
  };

  return &module;
}
