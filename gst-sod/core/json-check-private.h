/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/error.h>

G_BEGIN_DECLS

/* Deepest nesting of objects and arrays that gst_sod_json_check() lets
 * through; what is read needs six. */
#define GST_SOD_JSON_MAX_DEPTH 8

/* Whether @text is one JSON value (RFC 8259) that is safe to give to
 * json-glib, which recurses without limit, keeps the last of two equal keys
 * and wraps integers around: UTF-8 without NUL, nested no deeper than
 * GST_SOD_JSON_MAX_DEPTH, no key twice in one object (compared after
 * unescaping), no escaped NUL or lone surrogate, integers of at most 18
 * digits. GST_SOD_ERROR_FORMAT names the byte. */
gboolean gst_sod_json_check (const gchar *text, gsize length, GError **error);

G_END_DECLS
