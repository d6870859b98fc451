/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/train/pseudo-label-private.h>
#include <gst-sod/train/training-private.h>

G_BEGIN_DECLS

/* The pseudo-labels of @round, owned by the training: made once, by the base
 * networks as they are when they are first asked for, and kept until those of
 * another round are. Where they do not fit into "semi-supervised.memory-limit"
 * maps are kept at half the size, and then fewer frames are taken, evenly
 * spread. A training that is resumed makes them again with the same networks,
 * which its checkpoint has. */
GstSodSamples *gst_sod_training_get_pseudo_labels (
    GstSodTraining *self, guint round, GError **error);

/* What there is room for. */
typedef struct
{
  gint width, height; /* of maps */
  guint n_frames;     /* of those without a label */
  gsize size;         /* bytes that their labels take at most */
} GstSodPseudoRoom;

/* For maps of the input of @architecture, a base network's, or of half of it.
 */
void gst_sod_training_find_pseudo_room (GstSodTraining *self,
    GstSodArchitecture *architecture, GstSodPseudoRoom *room);

G_END_DECLS
