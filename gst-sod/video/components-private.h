/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A connected component: its pixels' bounds (inclusive), number and sum. */
typedef struct
{
  gint left, top, right, bottom;
  guint64 count;
  guint64 sum; /* of codes */
} GstSodBlob;

/* Finds connected components (8 neighbours) of 8-bit pictures; its memory is
 * kept from picture to picture. */
typedef struct _GstSodComponents GstSodComponents;

GstSodComponents *gst_sod_components_new (void);

void gst_sod_components_free (GstSodComponents *self);

/* Looks at the pixels of code @cutoff and over whose @mask (width x height
 * bytes without padding, or NULL) is not 0. Returns the components, in no
 * order that means anything; they belong to @self and last until the next
 * call. */
const GstSodBlob *gst_sod_components_find (GstSodComponents *self,
    const guint8 *pixels, gint stride, gint width, gint height, guint cutoff,
    const guint8 *mask, guint *n_blobs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodComponents, gst_sod_components_free)

G_END_DECLS
