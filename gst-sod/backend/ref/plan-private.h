/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/arena-private.h>
#include <gst-sod/backend/ref/ref-private.h>

G_BEGIN_DECLS

/* An executable of the reference back end: the graph's nodes in their order,
 * one kernel each, every value an f64 tensor (n, c, h, w) in one arena. */
typedef struct
{
  GstSodExecutable base;
  GstSodGraph *graph;
  GstSodInputRule rule;
  GHashTable *weights;        /* name -> GstSodTensor, f64; may be shared */
  GstSodShape *shapes;        /* one a value */
  GstSodArenaBuffer *buffers; /* one a value */
  GstSodTensor **params;      /* GST_SOD_MAX_PARAMS a node, of weights */
} GstSodRefPlan;

GstSodExecutable *gst_sod_ref_compile (GstSodBackend *backend,
    const GstSodCompileRequest *request, GError **error);
GstSodStream *gst_sod_ref_open (GstSodExecutable *executable, GError **error);

G_END_DECLS
