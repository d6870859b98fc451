/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What C and CUDA C share: no GLib here. */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum
{
  GST_SOD_CUDA_F32,
  GST_SOD_CUDA_F16,
  GST_SOD_CUDA_BF16,
  GST_SOD_CUDA_N_TYPES
} GstSodCudaType;

static inline size_t
gst_sod_cuda_type_size (GstSodCudaType type)
{
  return type == GST_SOD_CUDA_F32 ? 4 : 2;
}

/* An activation in device memory, channels innermost: element (n, y, x, c) is
 * at data + ((n * h + y) * w + x) * stride + c. A slice of the channels of a
 * larger tensor is a view too: that is how concatenations are free. */
typedef struct
{
  void *data;
  GstSodCudaType type;
  int n, h, w, c;
  int stride; /* elements from pixel to pixel, at least c */
} GstSodCudaView;

#ifdef __cplusplus
}
#endif
