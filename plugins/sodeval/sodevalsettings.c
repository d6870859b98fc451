/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodevalsettings.h"

#include <plugins/common/sodfields.h>

#define DEFAULT_SCHOOL GST_SOD_SCHOOL_PYSOD
#define DEFAULT_NAN GST_SOD_NAN_POLICY_MATCH
#define DEFAULT_RESIZE SOD_RESIZE_NONE
#define DEFAULT_TOLERANCE GST_MSECOND
#define MAX_THREADS 256

void
sod_eval_settings_install (GObjectClass *klass)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (klass, SOD_EVAL_PROP_SCHOOL,
      g_param_spec_enum ("school", "School",
          "Way of measuring; figures of different schools are never compared",
          GST_SOD_TYPE_SCHOOL, DEFAULT_SCHOOL, flags));
  g_object_class_install_property (klass, SOD_EVAL_PROP_NAN,
      g_param_spec_enum ("nan", "Undefined values",
          "What becomes of the mean where an image's measure is undefined",
          GST_SOD_TYPE_NAN_POLICY, DEFAULT_NAN, flags));
  g_object_class_install_property (klass, SOD_EVAL_PROP_LOCATION,
      g_param_spec_string ("location", "Location",
          "File that the measures are written to as JSON at the end of the "
          "stream; none = no file",
          NULL, flags));
  g_object_class_install_property (klass, SOD_EVAL_PROP_RESIZE,
      g_param_spec_enum ("resize", "Resize",
          "What to do with a map of another size than its truth",
          SOD_TYPE_RESIZE, DEFAULT_RESIZE, flags));
  g_object_class_install_property (klass, SOD_EVAL_PROP_INTERVAL,
      g_param_spec_uint ("interval", "Interval",
          "Post the measures so far every this many images; 0 = at the end "
          "only",
          0, G_MAXUINT, 0, flags));
  g_object_class_install_property (klass, SOD_EVAL_PROP_THREADS,
      g_param_spec_uint ("threads", "Threads",
          "Threads that measure; 0 = one a processor", 0, MAX_THREADS, 0,
          flags));
  g_object_class_install_property (klass, SOD_EVAL_PROP_TOLERANCE,
      g_param_spec_uint64 ("tolerance", "Tolerance",
          "How far apart, in ns, the running times of a map and its truth may "
          "be",
          0, GST_SECOND, DEFAULT_TOLERANCE, flags));
  g_object_class_install_property (klass, SOD_EVAL_PROP_MEASURES,
      g_param_spec_boxed ("measures", "Measures",
          "The measures that were posted last, as in the message",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

void
sod_eval_settings_init (SodEvalSettings *self)
{
  *self = (SodEvalSettings){ .school = DEFAULT_SCHOOL,
    .nan = DEFAULT_NAN,
    .resize = DEFAULT_RESIZE,
    .tolerance = DEFAULT_TOLERANCE };
}

void
sod_eval_settings_clear (SodEvalSettings *self)
{
  g_clear_pointer (&self->location, g_free);
}

void
sod_eval_settings_copy (SodEvalSettings *to, const SodEvalSettings *from)
{
  g_free (to->location);
  *to = *from;
  to->location = g_strdup (from->location);
}

static const SodField fields[] = {
  SOD_FIELD (SOD_EVAL_PROP_SCHOOL, SodEvalSettings, school),
  SOD_FIELD (SOD_EVAL_PROP_NAN, SodEvalSettings, nan),
  SOD_FIELD (SOD_EVAL_PROP_LOCATION, SodEvalSettings, location),
  SOD_FIELD (SOD_EVAL_PROP_RESIZE, SodEvalSettings, resize),
  SOD_FIELD (SOD_EVAL_PROP_INTERVAL, SodEvalSettings, interval),
  SOD_FIELD (SOD_EVAL_PROP_THREADS, SodEvalSettings, threads),
  SOD_FIELD (SOD_EVAL_PROP_TOLERANCE, SodEvalSettings, tolerance),
};

gboolean
sod_eval_settings_set (SodEvalSettings *self, guint id, const GValue *value)
{
  return sod_fields_set (fields, G_N_ELEMENTS (fields), self, id, value);
}

gboolean
sod_eval_settings_get (const SodEvalSettings *self, guint id, GValue *value)
{
  return sod_fields_get (fields, G_N_ELEMENTS (fields), self, id, value);
}
