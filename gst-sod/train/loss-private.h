/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>
#include <gst-sod/train/loss.h>

G_BEGIN_DECLS

/* A loss, and the numbers in it. */
typedef struct
{
  GstSodLoss loss;
  GstSodLossOptions options;
} GstSodLossForm;

/* What the options are unless somebody says otherwise. */
#define GST_SOD_LOSS_EDGE_WEIGHT 5.0
#define GST_SOD_LOSS_EDGE_WINDOW 31
#define GST_SOD_LOSS_GRADIENT_WEIGHT 0.1
#define GST_SOD_LOSS_OPTIONS                                                   \
  {                                                                            \
    GST_SOD_LOSS_EDGE_WEIGHT, GST_SOD_LOSS_EDGE_WINDOW,                        \
        GST_SOD_LOSS_GRADIENT_WEIGHT                                           \
  }

/* As gst_sod_loss_compute() with the options of @form, over @threads samples at
 * a time (0: as many as OpenMP likes); the same bytes whatever their number. */
gdouble gst_sod_loss_compute_threaded (const GstSodLossForm *form,
    const GstSodTensor *output, const GstSodTensor *target,
    const GstSodTensor *weights, GstSodTensor *d_output, guint threads,
    GError **error);

/* ---- f64: to be read beside the formulas, and what f32 is held against ----
 */

/* One batch: all arrays (n, c, height, width), f64, but for the weights. */
typedef struct
{
  const GstSodLossOptions *options;
  gint64 n, c, height, width;
  const gdouble *output, *target;
  const gdouble *weights; /* (n, 1, height, width), 0 or more; or NULL */
  gdouble *d_output;      /* written (=) */
} GstSodLossBatch;

/* Each loss, in a file of its own: returns the loss and writes its
 * gradient. */
gdouble gst_sod_loss_bce (const GstSodLossBatch *batch);
gdouble gst_sod_loss_structure (const GstSodLossBatch *batch);
gdouble gst_sod_loss_l1_gradient (const GstSodLossBatch *batch);
gdouble gst_sod_loss_l1 (const GstSodLossBatch *batch);

/* The weights of the pixels of plane @plane, (height, width), or NULL. */
static inline const gdouble *
gst_sod_loss_plane_weights (const GstSodLossBatch *batch, gint64 plane)
{
  return batch->weights == NULL
             ? NULL
             : batch->weights + plane / batch->c * batch->height * batch->width;
}

/* -log of the probability that a logit gives to @target in 0..1, in the form
 * that neither overflows nor cancels. */
gdouble gst_sod_loss_logit_entropy (gdouble logit, gdouble target);
gdouble gst_sod_loss_sigmoid (gdouble logit);

/* ---- f32: what training runs on ---- */

/* One plane of a batch: all arrays (height, width). */
typedef struct
{
  const GstSodLossOptions *options;
  gint64 n_planes; /* of the batch, whose mean the loss is */
  gint64 height, width;
  const gfloat *output, *target;
  const gfloat *weights; /* or NULL */
  gfloat *d_output;      /* written (=), and on the way there used otherwise */
} GstSodLossPlane;

/* The plane's part of the loss; sums are f64. */
gdouble gst_sod_loss_bce_plane (const GstSodLossPlane *plane);
gdouble gst_sod_loss_structure_plane (const GstSodLossPlane *plane);
gdouble gst_sod_loss_l1_gradient_plane (const GstSodLossPlane *plane);
gdouble gst_sod_loss_l1_plane (const GstSodLossPlane *plane);

G_END_DECLS
