/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/eval/measures-private.h>
#include <gst-sod/eval/pair.h>
#include <gst-sod/eval/scratch-private.h>

G_BEGIN_DECLS

/* How a pair is measured. */
typedef struct
{
  GstSodSchool school;
  gboolean resize; /* maps to the size of their truth */
} GstSodPairRule;

/* Everything that the school knows of @self. @previous is the pair of the
 * frame before or NULL; where both have a picture, the change along the motion
 * is measured too. */
GstSodMeasures *gst_sod_pair_measure (GstSodPair *self, GstSodPair *previous,
    const GstSodPairRule *rule, GstSodScratch *scratch, GError **error);

G_END_DECLS
