/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/batches.h>

G_BEGIN_DECLS

/* The network's input rule: of RGB in 0..1; before the first batch. */
void gst_sod_batches_set_normalisation (
    GstSodBatches *self, const gfloat mean[3], const gfloat std[3]);

G_END_DECLS
