/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* A property of @least to @most, or @standard, its default, which may lie
 * under that range and then stands for something of its own. The object takes
 * any number and checks it when it makes use of it: GObject would warn on a
 * terminal and keep what was there before. (transfer floating) */
GParamSpec *sod_number_spec (const gchar *name, const gchar *nick,
    const gchar *blurb, gdouble least, gdouble most, gdouble standard,
    GParamFlags flags);

/* Whether @value may be that of such a @property of @element; the error names
 * both, and what would do. */
gboolean sod_number_check (
    GstElement *element, const gchar *property, gdouble value, GError **error);

G_END_DECLS
