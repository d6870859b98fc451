/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

/* The training plans of a network: one for each size of batch, of which the
 * last few are kept. */
typedef struct
{
  GstSodBackend *backend;
  GstSodGraph *graph; /* up to what the loss is taken of */
  guint threads;
  GstSodPrecision precision; /* as asked for */
  GPtrArray *streams;        /* the one used last is the first */
  gsize max_kept;            /* bytes of all but that one, together */
  /* What plans are compiled in: AUTO before the first. */
  GstSodPrecision used;
  gchar *reason; /* why that is not what was asked for; NULL: it is */
} GstSodEngine;

/* Cuts @network's graph: logits of a base network, image of a reverse one. */
void gst_sod_engine_init (GstSodEngine *self, GstSodNetwork *network,
    GstSodBackend *backend, guint threads);
void gst_sod_engine_clear (GstSodEngine *self);

/* Holds from the next plan on. */
void gst_sod_engine_set_precision (
    GstSodEngine *self, GstSodPrecision precision);

/* Runs the batch @input, f32 (n, c, h, w), forward and returns the output.
 * @weights and @gradients: as GstSodStreamClass.bind() says. */
GstSodTensor *gst_sod_engine_forward (GstSodEngine *self,
    const GstSodTensor *input, GHashTable *weights, GHashTable *gradients,
    GError **error);

/* Back through what the last forward pass left; @d_input: as the input,
 * written, or NULL. */
gboolean gst_sod_engine_backward (GstSodEngine *self,
    const GstSodTensor *d_output, GstSodTensor *d_input, GError **error);

G_END_DECLS
