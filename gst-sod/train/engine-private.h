/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

/* The training plan of a network for the batches that come: compiled anew
 * where their size changes. */
typedef struct
{
  GstSodBackend *backend;
  GstSodGraph *graph; /* up to what the loss is taken of */
  guint threads;
  GstSodStream *stream; /* NULL before the first batch */
} GstSodEngine;

/* Cuts @network's graph: logits of a base network, image of a reverse one. */
void gst_sod_engine_init (GstSodEngine *self, GstSodNetwork *network,
    GstSodBackend *backend, guint threads);
void gst_sod_engine_clear (GstSodEngine *self);

/* Runs the batch @input, f32 (n, c, h, w), forward and returns the output.
 * @weights and @gradients: as GstSodStreamClass.bind() says. */
GstSodTensor *gst_sod_engine_forward (GstSodEngine *self,
    const GstSodTensor *input, GHashTable *weights, GHashTable *gradients,
    GError **error);

G_END_DECLS
