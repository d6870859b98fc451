/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/samples.h>

G_BEGIN_DECLS

/* What may be wrong with generated scenes. */
typedef enum
{
  SCENES_GOOD,
  SCENES_BLACK, /* labels in which nothing is salient */
  SCENES_NONE,  /* no labels at all */
  SCENES_ODD    /* every second label has another size than its frame */
} ScenesFault;

/* @n generated frames of 64x48, a bright disc on a gradient, placed by @seed
 * and the frame's number; the first @n_labelled have a label. */
GstSodSamples *scenes_new (
    guint n, guint n_labelled, guint64 seed, ScenesFault fault);

G_END_DECLS
