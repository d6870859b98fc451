/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodensemblesettings.h"

#define PLAYING                                                                \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

#define DEFAULT_TOLERANCE (10 * GST_MSECOND)
#define DEFAULT_MESSAGE_INTERVAL GST_SECOND

void
sod_ensemble_settings_init (SodEnsembleSettings *self)
{
  *self = (SodEnsembleSettings){
    .method = GST_SOD_ENSEMBLE_AVERAGE,
    .output = SOD_ENSEMBLE_OUTPUT_MAP,
    .on_missing = SOD_ON_MISSING_SKIP,
    .tolerance = DEFAULT_TOLERANCE,
    .message_interval = DEFAULT_MESSAGE_INTERVAL,
  };
}

void
sod_ensemble_settings_install_properties (GObjectClass *klass)
{
  g_object_class_install_property (klass, SOD_ENSEMBLE_PROP_METHOD,
      g_param_spec_enum ("method", "Method",
          "How maps become one; average is the paper's",
          GST_SOD_TYPE_ENSEMBLE_METHOD, GST_SOD_ENSEMBLE_AVERAGE, PLAYING));
  g_object_class_install_property (klass, SOD_ENSEMBLE_PROP_OUTPUT,
      g_param_spec_enum ("output", "Output", "What is sent for each time",
          SOD_TYPE_ENSEMBLE_OUTPUT, SOD_ENSEMBLE_OUTPUT_MAP, PLAYING));
  g_object_class_install_property (klass, SOD_ENSEMBLE_PROP_ON_MISSING,
      g_param_spec_enum ("on-missing", "On missing",
          "What to do where a pad has no map of a time: it has one of a later "
          "time only, it announced a gap or, in a live pipeline, its map has "
          "not come within the latency. A pad whose stream has ended counts "
          "no more, whatever this says",
          SOD_TYPE_ON_MISSING, SOD_ON_MISSING_SKIP, PLAYING));
  g_object_class_install_property (klass, SOD_ENSEMBLE_PROP_TOLERANCE,
      g_param_spec_uint64 ("tolerance", "Tolerance",
          "Maps whose running times differ by this much at most belong "
          "together, ns",
          0, G_MAXINT64, DEFAULT_TOLERANCE, PLAYING));
  g_object_class_install_property (klass, SOD_ENSEMBLE_PROP_MESSAGE_INTERVAL,
      g_param_spec_uint64 ("message-interval", "Message interval",
          "Least running time between two element messages, ns; 0 = one a map",
          0, G_MAXUINT64, DEFAULT_MESSAGE_INTERVAL, PLAYING));
  g_object_class_install_property (klass, SOD_ENSEMBLE_PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Since the start: maps sent (outputs), times left out (incomplete), "
          "sums over the pads of used, held, missing, late, dropped, gaps; of "
          "the last "
          "map and as mean: disagreement and confidence",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

gboolean
sod_ensemble_settings_set (
    SodEnsembleSettings *self, guint id, const GValue *value)
{
  switch (id) {
    case SOD_ENSEMBLE_PROP_METHOD:
      self->method = g_value_get_enum (value);
      break;
    case SOD_ENSEMBLE_PROP_OUTPUT:
      self->output = g_value_get_enum (value);
      break;
    case SOD_ENSEMBLE_PROP_ON_MISSING:
      self->on_missing = g_value_get_enum (value);
      break;
    case SOD_ENSEMBLE_PROP_TOLERANCE:
      self->tolerance = g_value_get_uint64 (value);
      break;
    case SOD_ENSEMBLE_PROP_MESSAGE_INTERVAL:
      self->message_interval = g_value_get_uint64 (value);
      break;
    default:
      return FALSE;
  }
  return TRUE;
}

gboolean
sod_ensemble_settings_get (
    const SodEnsembleSettings *self, guint id, GValue *value)
{
  switch (id) {
    case SOD_ENSEMBLE_PROP_METHOD:
      g_value_set_enum (value, self->method);
      break;
    case SOD_ENSEMBLE_PROP_OUTPUT:
      g_value_set_enum (value, self->output);
      break;
    case SOD_ENSEMBLE_PROP_ON_MISSING:
      g_value_set_enum (value, self->on_missing);
      break;
    case SOD_ENSEMBLE_PROP_TOLERANCE:
      g_value_set_uint64 (value, self->tolerance);
      break;
    case SOD_ENSEMBLE_PROP_MESSAGE_INTERVAL:
      g_value_set_uint64 (value, self->message_interval);
      break;
    default:
      return FALSE;
  }
  return TRUE;
}
