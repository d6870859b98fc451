/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

#define GST_SOD_PARAM_MOMENTS 2

/* A master weight or running statistic, f32, with all that belongs to it. */
typedef struct
{
  gchar *name;
  gsize n;                /* elements */
  GstSodTensor *weight;   /* of the table that plans are bound to */
  GstSodTensor *gradient; /* likewise; NULL for running statistics */
  gboolean decays;        /* weight decay holds for it: a convolution's */
  gfloat *moments[GST_SOD_PARAM_MOMENTS]; /* of the optimiser; NULL likewise */
  gfloat *average;                        /* moving average of the weight */
  gfloat *sum; /* of gradients of earlier passes; NULL: there were none yet */
} GstSodParam;

/* What one thread does at a time: so few values that all that belongs to them
 * stays in its cache. */
typedef struct
{
  GstSodParam *param;
  gsize begin, n;
  gdouble squares; /* the sum of those of its gradients, of norms */
} GstSodParamPiece;

/* What a trainer owns of a network, in the order of the graph's nodes. The
 * same order of all sums, so that they round the same on every run. */
typedef struct
{
  GPtrArray *list;       /* of GstSodParam */
  GArray *pieces;        /* of GstSodParamPiece: all of them, in order */
  gsize n_values;        /* in all of them */
  GHashTable *weights;   /* name -> GstSodTensor: all */
  GHashTable *gradients; /* name -> GstSodTensor: those that are trained */
  GHashTable *averages;  /* name -> GstSodTensor: over the averages */
  /* These on the device, where the back end keeps them there: then what lies
   * here is what gst_sod_params_fetch() found. NULL: there are none. */
  GstSodMasters *masters;
  /* Since the last update, where there are none: */
  guint n_passes;     /* back */
  GArray *statistics; /* running ones before it; NULL: nothing ran since */
} GstSodParams;

/* Copies of @network's weights, everything else 0, averages as the weights. */
GstSodParams *gst_sod_params_new (GstSodNetwork *network, GError **error);
void gst_sod_params_free (GstSodParams *self);

/* Euclidean norm of all gradients as one vector; the same bytes whatever the
 * number of threads (0: as many as OpenMP likes). */
gdouble gst_sod_params_gradient_norm (GstSodParams *self, guint threads);

/* sum += gradient, before the next pass writes its own there. */
void gst_sod_params_put_gradients_by (GstSodParams *self);
/* gradient = (sum + gradient) / @n_passes; sum = 0 */
void gst_sod_params_take_mean (GstSodParams *self, guint n_passes);
/* sum = 0 */
void gst_sod_params_drop_gradients (GstSodParams *self);

/* ---- masters ---- */

/* Gives masters the values that lie here, if @backend has any. */
gboolean gst_sod_params_open_masters (
    GstSodParams *self, GstSodBackend *backend, GError **error);
/* Both without effect where there are none. */
gboolean gst_sod_params_store (GstSodParams *self, GError **error);
gboolean gst_sod_params_fetch (GstSodParams *self, GError **error);

/* ---- the passes of a step, and its end (optimiser.h) ---- */

/* Before a network that learns runs forward, and before it runs back. */
void gst_sod_params_begin_pass (GstSodParams *self);
void gst_sod_params_begin_backward (GstSodParams *self);

/* Drops the passes since the last update, and what they did to the running
 * statistics. */
void gst_sod_params_discard (GstSodParams *self);

/* name -> new tensor with the weights, or their averages; (transfer full). */
GHashTable *gst_sod_params_copy (
    const GstSodParams *self, gboolean average, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodParams, gst_sod_params_free)

G_END_DECLS
