/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/train/loss-private.h>
#include <gst-sod/train/params-private.h>

G_BEGIN_DECLS

/* The training plans of a network: one for each size of batch, of which the
 * last few are kept. */
typedef struct
{
  GstSodBackend *backend;
  GstSodGraph *graph; /* up to what the loss is taken of */
  guint threads;
  GstSodPrecision precision; /* as asked for */
  gboolean deterministic;
  GPtrArray *streams;        /* the one used last is the first */
  GstSodStopFunc is_stopped; /* asked in passes; NULL: nobody stops them */
  gpointer stop_data;
  gsize max_kept; /* bytes of all but that one, together */
  /* The output's gradient: kept, since new memory is paged in anew. */
  GstSodTensor *d_output;
  /* What plans are compiled in: AUTO before the first. */
  GstSodPrecision used;
  gchar *reason; /* why that is not what was asked for; NULL: it is */
} GstSodEngine;

/* Cuts @network's graph: logits of a base network, image of a reverse one. */
void gst_sod_engine_init (GstSodEngine *self, GstSodNetwork *network,
    GstSodBackend *backend, guint threads);
void gst_sod_engine_clear (GstSodEngine *self);

/* Both hold from the next plan on. */
void gst_sod_engine_set_precision (
    GstSodEngine *self, GstSodPrecision precision);
void gst_sod_engine_set_deterministic (
    GstSodEngine *self, gboolean deterministic);

/* What a pass makes of the parameters. */
typedef enum
{
  GST_SOD_ENGINE_LEARNS, /* batch statistics, gradients */
  GST_SOD_ENGINE_FROZEN, /* running statistics, nothing changes */
  GST_SOD_ENGINE_AVERAGE /* likewise, of the moving averages */
} GstSodEngineUse;

/* Runs the batch @input, f32 (n, c, h, w), forward and returns the output. */
GstSodTensor *gst_sod_engine_forward (GstSodEngine *self,
    const GstSodTensor *input, GstSodParams *params, GstSodEngineUse use,
    GError **error);

/* Back through what the last forward pass left; @d_input: as the input,
 * written, or NULL. */
gboolean gst_sod_engine_backward (GstSodEngine *self,
    const GstSodTensor *d_output, GstSodTensor *d_input, GError **error);

/* Forward, loss and backward: on the device in one where it has that, else by
 * the parts. @next: of the call to come, or NULL where that is not known. NaN
 * with @error set; else the loss, and where that is no number, the passes since
 * the last update are to be discarded. */
gdouble gst_sod_engine_learn (GstSodEngine *self, const GstSodLossForm *loss,
    const GstSodLearnBatch *batch, const GstSodLearnBatch *next,
    GstSodParams *params, GError **error);

G_END_DECLS
