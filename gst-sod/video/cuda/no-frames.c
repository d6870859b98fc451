/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In the place of frames.c where GStreamer's CUDA library is not there. */
#include <gst-sod/backend/cuda/cuda-private.h>

const struct _GstSodFrameMemory *
gst_sod_cuda_get_frame_memory (void)
{
  return NULL;
}
