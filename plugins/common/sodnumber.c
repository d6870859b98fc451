/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodnumber.h"

#include <gst-sod/gstsod.h>

/* To others a GParamSpecDouble with its range: gst-inspect-1.0 shows it, and
 * control bindings scale to it. */
typedef struct
{
  GParamSpecDouble parent;
  gdouble least; /* the default apart */
} SodNumberSpec;

static gboolean
leave_value (GParamSpec *pspec, GValue *value)
{
  return FALSE;
}

static void
init_class (gpointer klass, gpointer data)
{
  G_PARAM_SPEC_CLASS (klass)->value_validate = leave_value;
}

static GType
get_spec_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_type_register_static_simple (G_TYPE_PARAM_DOUBLE,
                   "SodNumberSpec", sizeof (GParamSpecClass), init_class,
                   sizeof (SodNumberSpec), NULL, 0));
  return type;
}

GParamSpec *
sod_number_spec (const gchar *name, const gchar *nick, const gchar *blurb,
    gdouble least, gdouble most, gdouble standard, GParamFlags flags)
{
  SodNumberSpec *self =
      g_param_spec_internal (get_spec_type (), name, nick, blurb, flags);

  self->parent.minimum = MIN (least, standard);
  self->parent.maximum = most;
  self->parent.default_value = standard;
  self->least = least;
  return G_PARAM_SPEC (self);
}

gboolean
sod_number_check (
    GstElement *element, const gchar *property, gdouble value, GError **error)
{
  const SodNumberSpec *self = (SodNumberSpec *) g_object_class_find_property (
      G_OBJECT_GET_CLASS (element), property);
  const GParamSpecDouble *spec = &self->parent;

  if ((value >= self->least && value <= spec->maximum)
      || value == spec->default_value)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "%s: %s is %g, out of its range; set %s to %g to %g or leave it at its "
      "default, %g",
      GST_OBJECT_NAME (element), property, value, property, self->least,
      spec->maximum, spec->default_value);
  return FALSE;
}
