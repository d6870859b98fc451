/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodfields.h"

/* Enums are stored as g_value_get_enum() gives them. */
G_STATIC_ASSERT (sizeof (GstState) == sizeof (gint));

static gpointer
find (const SodField *fields, guint n_fields, gconstpointer settings, guint id)
{
  for (guint i = 0; i < n_fields; i++) {
    if (fields[i].id == id)
      return (guint8 *) settings + fields[i].offset;
  }
  return NULL;
}

static void
take_string (gchar **field, const GValue *value)
{
  g_free (*field);
  *field = g_value_dup_string (value);
}

gboolean
sod_fields_set (const SodField *fields, guint n_fields, gpointer settings,
    guint id, const GValue *value)
{
  gpointer field = find (fields, n_fields, settings, id);

  if (field == NULL)
    return FALSE;
  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value))) {
    case G_TYPE_STRING:
      take_string (field, value);
      return TRUE;
    case G_TYPE_ENUM:
      *(gint *) field = g_value_get_enum (value);
      return TRUE;
    case G_TYPE_BOOLEAN:
      *(gboolean *) field = g_value_get_boolean (value);
      return TRUE;
    case G_TYPE_UINT:
      *(guint *) field = g_value_get_uint (value);
      return TRUE;
    case G_TYPE_UINT64:
      *(guint64 *) field = g_value_get_uint64 (value);
      return TRUE;
    case G_TYPE_DOUBLE:
      *(gdouble *) field = g_value_get_double (value);
      return TRUE;
    default:
      return FALSE;
  }
}

gboolean
sod_fields_get (const SodField *fields, guint n_fields, gconstpointer settings,
    guint id, GValue *value)
{
  gconstpointer field = find (fields, n_fields, settings, id);

  if (field == NULL)
    return FALSE;
  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value))) {
    case G_TYPE_STRING:
      g_value_set_string (value, *(gchar *const *) field);
      return TRUE;
    case G_TYPE_ENUM:
      g_value_set_enum (value, *(const gint *) field);
      return TRUE;
    case G_TYPE_BOOLEAN:
      g_value_set_boolean (value, *(const gboolean *) field);
      return TRUE;
    case G_TYPE_UINT:
      g_value_set_uint (value, *(const guint *) field);
      return TRUE;
    case G_TYPE_UINT64:
      g_value_set_uint64 (value, *(const guint64 *) field);
      return TRUE;
    case G_TYPE_DOUBLE:
      g_value_set_double (value, *(const gdouble *) field);
      return TRUE;
    default:
      return FALSE;
  }
}
