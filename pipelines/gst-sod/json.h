/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* JSON that is put together in one line. A member or an element is led by a
 * comma where one is due; @name is NULL in an array. Numbers do not depend on
 * the locale; text that is no UTF-8 is made so. */
void sod_json_string (GString *json, const gchar *name, const gchar *value);
void sod_json_integer (GString *json, const gchar *name, guint64 value);
/* Nine digits behind the point at most; null where it is not finite. */
void sod_json_number (GString *json, const gchar *name, gdouble value);
void sod_json_boolean (GString *json, const gchar *name, gboolean value);
/* @bracket: { or [; closed by } or ] */
void sod_json_open (GString *json, const gchar *name, gchar bracket);
void sod_json_close (GString *json, gchar bracket);
/* What is JSON already, such as a model's architecture. */
void sod_json_raw (GString *json, const gchar *name, const gchar *value);

G_END_DECLS
