/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Takes the camera's motion out of two pictures of one size: finds the affine
 * motion that most of them shares and moves the earlier over the later, in a
 * fixed amount of memory. Not thread-safe. */
typedef struct _GstSodAligner GstSodAligner;

/* NULL, with @error set, where there is no memory. */
GstSodAligner *gst_sod_aligner_new (gint width, gint height, GError **error);
void gst_sod_aligner_free (GstSodAligner *self);

/* @change (3, height, width) = @previous moved - @current, of the same shape;
 * 0 where @previous does not show what @current does. @change may be
 * @previous. */
void gst_sod_aligner_run (GstSodAligner *self, const gfloat *current,
    const gfloat *previous, gfloat *change);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodAligner, gst_sod_aligner_free)

G_END_DECLS
