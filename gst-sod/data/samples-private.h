/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/samples.h>

G_BEGIN_DECLS

/* What each function of samples.h asks of an object; all are to be there, and
 * called from any thread. */
struct _GstSodSamplesInterface
{
  GTypeInterface parent;

  guint (*get_n_samples) (GstSodSamples *self);
  gboolean (*is_labelled) (GstSodSamples *self, guint sample);
  const gchar *(*get_name) (GstSodSamples *self, guint sample);
  /* @image and @mask may be NULL; where not, they hold NULL. */
  gboolean (*read) (GstSodSamples *self, guint sample, GstSodImage **image,
      GstSodImage **mask, GError **error);
  gboolean (*find_neighbour) (
      GstSodSamples *self, guint sample, gint distance, guint *neighbour);
  gchar *(*get_hash) (GstSodSamples *self);
};

G_END_DECLS
