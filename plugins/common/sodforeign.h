/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/* Frames that an element cannot read: it lets them in as far as their caps, and
 * then says what to do, which a link that fails does not. */

/* Whether @caps can be read; if not, @error says which element to put before
 * this one. */
gboolean sod_caps_check (
    const GstCaps *caps, GstCaps *supported, GError **error);

/* Whether frames of @caps should get as far as their caps event, which tells
 * the user what to do: those that cannot be read since they lie in a device's
 * memory or are single fields. */
gboolean sod_caps_is_foreign (const GstCaps *caps);

/* Makes of the answer to a caps query of a pad with @template, which is about
 * @readable frames, one that lets foreign frames in where upstream has no
 * others: linked, they tell more than a link that fails. */
void sod_caps_widen_answer (
    GstQuery *query, GstCaps *readable, GstCaps *template);

/* @readable with any memory: what the sink pad lets in as far as its caps.
 * (transfer full) */
GstCaps *sod_caps_make_template (GstCaps *readable);

G_END_DECLS
