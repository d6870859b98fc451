/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/tensor-private.h>

G_BEGIN_DECLS

/* The frames that a two-frame network may look back at, preprocessed, each
 * (3, h, w) f32, in a fixed amount of memory. Not thread-safe. */
typedef struct _GstSodHistory GstSodHistory;

GstSodHistory *gst_sod_history_new (gint height, gint width, GError **error);
void gst_sod_history_free (GstSodHistory *self);

/* Forgets all frames. */
void gst_sod_history_clear (GstSodHistory *self);

/* A frame of @time (ns, or -1: next in order) comes. Returns where its content
 * goes, and in @previous the frame nearest to @distance ns before it, NULL
 * where there is none. Nothing is remembered until commit(). */
GstSodTensor *gst_sod_history_begin (GstSodHistory *self, gint64 time,
    gint64 distance, const GstSodTensor **previous);

/* The content of the frame begun last is there. */
void gst_sod_history_commit (GstSodHistory *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodHistory, gst_sod_history_free)

G_END_DECLS
