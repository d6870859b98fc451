/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/batches.h>

#include "scene-samples.h"

/* Digest of @n batches from the position on. (transfer full) */
gchar *digest (GstSodBatches *batches, guint n);

/* The number of the plain sample that fills place @n of an input. */
guint number_of (const GstSodTensor *input, gint64 n);

/* Without augmentation, 16 x 8 pixels. */
GstSodBatches *new_plain (SceneSamples *scenes, guint frames, guint batch_size);
