/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/video/regions.h>

G_BEGIN_DECLS

/* Edges in fractions of the frame. */
typedef struct
{
  gdouble left, top, right, bottom;
} GstSodBox;

struct _GstSodRegion
{
  guint id;
  GstSodBox box;
  gdouble area;  /* share of the frame */
  gdouble score; /* 0..1 */
};

/* Orders regions in a GPtrArray by falling area, then by identity. */
gint gst_sod_region_compare (gconstpointer a, gconstpointer b);

G_END_DECLS
