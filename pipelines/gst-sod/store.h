/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>

#include "command.h"

G_BEGIN_DECLS

/* Whether there are as many words as @what names, as "STORE DIR". */
gboolean sod_frames_check_words (
    gchar **words, const gchar *command, const gchar *what, GError **error);

/* Opens the store to read and looks at it. (transfer full) */
GstSodStoreSnapshot *sod_frames_open (
    const gchar *path, const gchar *node, GstSodStore **store, GError **error);

/* "10M", "2G" or a plain number; "90s", "12h", "7d". @option names it in the
 * error. */
gboolean sod_frames_parse_size (
    const gchar *text, const gchar *option, guint64 *bytes, GError **error);
gboolean sod_frames_parse_age (
    const gchar *text, const gchar *option, guint *seconds, GError **error);

/* The file name, without extension, that a frame has outside its store, and
 * back: "door/000123" <-> "door_000123". (transfer full); sod_frames_find_id()
 * gives NULL for what is no such name. */
gchar *sod_frames_make_file_name (const gchar *id);
gchar *sod_frames_find_id (const gchar *file_name);

/* ISO 8601, UTC. (transfer full) */
gchar *sod_frames_format_time (gint64 time);

G_END_DECLS
