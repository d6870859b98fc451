/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/cuda/device-private.h>
#include <gst-sod/backend/cuda/kernels-private.h>

G_BEGIN_DECLS

/* A network's parameters on the device, with all that belongs to them, each
 * kind in one array: first those that are trained, then the running
 * statistics, each at a multiple of 16 bytes with zeros between. */
typedef struct
{
  GstSodMasters base;
  GstSodCudaDevice *device;
  GstSodCudaQueue *queue; /* of everything that is done with them: streams
                             that are bound to them queue here too */
  GHashTable *places;     /* name -> index + 1 */
  guint n_specs;
  gsize *offsets; /* one a spec: of its first value */
  gsize *sizes;   /* one a spec: values */

  guint8 *memory; /* of all arrays */
  GstSodCudaParams arrays;
  gfloat *sums;        /* (n_trained): gradients of earlier passes */
  gfloat *statistics;  /* (n - n_trained): as they were before the passes */
  gdouble *norm;       /* (1) */
  gpointer scratch;    /* of the update */
  gdouble *found_norm; /* (1), pinned */

  /* Since the last update: */
  guint n_passes; /* back */
  gboolean kept;  /* statistics are */
  gboolean scaled;
  /* What the loss is multiplied with before an f16 pass back, and how many
   * updates went well since it was changed. */
  gfloat loss_scale;
  guint n_good;
} GstSodCudaMasters;

/* The back end's open_masters(). */
GstSodMasters *gst_sod_cuda_open_masters (GstSodBackend *backend,
    const GstSodMastersSpec *specs, guint n_specs, GError **error);
void gst_sod_cuda_masters_free (GstSodCudaMasters *self);

/* Of the first value of @name; G_MAXSIZE where there is none with @n. */
gsize gst_sod_cuda_masters_find (
    const GstSodCudaMasters *self, const gchar *name, gsize n);

/* Before a pass of the next update runs forward, and before it runs back.
 * @scaled: by the loss scale. */
gboolean gst_sod_cuda_masters_begin_pass (
    GstSodCudaMasters *self, GError **error);
gboolean gst_sod_cuda_masters_begin_backward (
    GstSodCudaMasters *self, gboolean scaled, GError **error);

G_END_DECLS
