/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/samples.h>

G_BEGIN_DECLS

/* What is behind the public functions, which check their arguments. All of it
 * is thread-safe, and answers the same at every call.
 *
 * A neighbour may be a sample beyond get_n_samples(): a frame that is looked
 * back at, but not itself trained from. get_name() and read() take what
 * find_neighbour() gave. */
struct _GstSodSamplesInterface
{
  GTypeInterface parent;

  guint (*get_n_samples) (GstSodSamples *self);
  gboolean (*is_labelled) (GstSodSamples *self, guint sample);
  const gchar *(*get_name) (GstSodSamples *self, guint sample);

  /* NULL: all are stills. */
  guint (*get_sequence) (GstSodSamples *self, guint sample);

  /* @image and @mask may be NULL; where not, they hold NULL. 8-bit RGB; gray,
   * 0..255, left NULL for the unlabelled; of one size. */
  gboolean (*read) (GstSodSamples *self, guint sample, GstSodImage **image,
      GstSodImage **mask, GError **error);

  /* How much each pixel of the mask counts, gray of the mask's size, 255 = in
   * full; @weights holds NULL and stays so where all do. NULL: all always
   * do. */
  gboolean (*read_weights) (
      GstSodSamples *self, guint sample, GstSodImage **weights, GError **error);

  /* NULL: there are none. */
  gboolean (*find_neighbour) (
      GstSodSamples *self, guint sample, gint distance, guint *neighbour);

  gchar *(*get_hash) (GstSodSamples *self);
};

G_END_DECLS
