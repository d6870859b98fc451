/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>

#include <plugins/common/sodenums.h>

G_BEGIN_DECLS

/* What frames of @caps look like on the other side of an element that sends
 * @output; @supported are the frames that it reads. (transfer full) */
GstCaps *sod_caps_transform (SodOutput output, GstPadDirection direction,
    GstCaps *caps, GstCaps *supported);

/* Fixates @othercaps, what may be sent for frames of @caps: their size, and the
 * pixel aspect that keeps the picture's. (transfer full), takes @othercaps. */
GstCaps *sod_caps_fixate (SodOutput output, GstCaps *caps, GstCaps *othercaps);

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

/* @readable with any memory. (transfer full) */
GstCaps *sod_caps_make_template (GstCaps *readable);

G_END_DECLS
