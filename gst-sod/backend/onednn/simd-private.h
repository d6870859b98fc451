/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/hot-private.h>

#define GST_SOD_ONEDNN_HOT GST_SOD_HOT
#define GST_SOD_ONEDNN_CAN_PERMUTE GST_SOD_HOT_CAN_PERMUTE
#define GST_SOD_ONEDNN_INLINE GST_SOD_HOT_INLINE
