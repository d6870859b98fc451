/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/batches.h>
#include <gst-sod/nn/network.h>

G_BEGIN_DECLS

GST_SOD_API
GstSodBatches *gst_sod_batches_new (
    GstSodSamples *samples, GstSodNetwork *network, GError **error);

G_END_DECLS
