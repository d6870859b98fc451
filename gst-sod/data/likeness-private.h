/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/dataset-private.h>

G_BEGIN_DECLS

/* What a picture looks like, in 64 bits: of pictures that are scaled, coded
 * anew or a frame apart few bits differ. */
typedef struct
{
  guint64 bits;
  gboolean is_known; /* not of a picture without any contrast: such are all
                        alike and say nothing */
} GstSodLikeness;

/* Of 8-bit gray pixels, rows without padding. */
GstSodLikeness gst_sod_likeness_of_pixels (
    const guint8 *pixels, gint width, gint height);

/* Of a file, read at a part of its size where it is a JPEG. */
gboolean gst_sod_likeness_of_file (
    const gchar *path, GstSodLikeness *likeness, GError **error);

/* Of every frame, on @n_threads threads, 0 = one a processor.
 * (transfer full): one for each item */
GstSodLikeness *gst_sod_likeness_of_dataset (
    GstSodDataset *dataset, guint n_threads, GError **error);

/* How many bits differ, 65 where one is not known. */
static inline guint
gst_sod_likeness_distance (const GstSodLikeness *a, const GstSodLikeness *b)
{
  if (!a->is_known || !b->is_known)
    return 65;
  return (guint) __builtin_popcountll (a->bits ^ b->bits);
}

G_END_DECLS
