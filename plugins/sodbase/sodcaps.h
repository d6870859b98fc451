/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/video/video.h>

#include <plugins/common/sodenums.h>

G_BEGIN_DECLS

/* What frames of @caps look like on the other side of an element that sends
 * @output; @supported are the frames that it reads. Maps are sent in system
 * memory, and in that of a device where @supported has GRAY8 there.
 * (transfer full) */
GstCaps *sod_caps_transform (SodOutput output, GstPadDirection direction,
    GstCaps *caps, GstCaps *supported);

/* Fixates @othercaps, what may be sent for frames of @caps: their size, and the
 * pixel aspect that keeps the picture's. (transfer full), takes @othercaps. */
GstCaps *sod_caps_fixate (SodOutput output, GstCaps *caps, GstCaps *othercaps);

/* @readable, and any frames in the memory of a GPU: what the source pad may
 * send on some machine. (transfer full) */
GstCaps *sod_caps_make_source_template (GstCaps *readable);

G_END_DECLS
