/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Where a struct of settings has the value of property @id. The member is of
 * the property's type: gchar * (owned), gboolean, guint, guint64, gdouble, or
 * an enum. */
typedef struct
{
  guint id;
  gsize offset;
} SodField;

#define SOD_FIELD(id, type, member)                                            \
  {                                                                            \
    id, G_STRUCT_OFFSET (type, member)                                         \
  }

/* Puts @value into its field of @settings; FALSE where @id is none of the
 * @n_fields. */
gboolean sod_fields_set (const SodField *fields, guint n_fields,
    gpointer settings, guint id, const GValue *value);

/* The other way. */
gboolean sod_fields_get (const SodField *fields, guint n_fields,
    gconstpointer settings, guint id, GValue *value);

G_END_DECLS
