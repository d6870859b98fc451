/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What the members of an object that comes from outside must be, before they
 * are asked for. */
typedef enum
{
  GST_SOD_JSON_TEXT,
  GST_SOD_JSON_FLAG,
  GST_SOD_JSON_COUNT,  /* whole, from 0 to G_MAXINT */
  GST_SOD_JSON_NUMBER, /* finite */
  GST_SOD_JSON_LIST,
  GST_SOD_JSON_OBJECT,
  GST_SOD_JSON_OBJECTS /* a list of them */
} GstSodJsonKind;

typedef struct
{
  const gchar *name;
  GstSodJsonKind kind;
  gboolean optional;
} GstSodJsonMember;

/* One JSON object, safe to read; NULL and GST_SOD_ERROR_FORMAT, which says
 * @what, where it is none. */
JsonNode *gst_sod_json_read_object (
    const gchar *text, const gchar *what, GError **error);

/* Others than @members are let through. GST_SOD_ERROR_FORMAT. */
gboolean gst_sod_json_check_members (JsonObject *object,
    const GstSodJsonMember *members, guint n_members, const gchar *what,
    GError **error);

G_END_DECLS
