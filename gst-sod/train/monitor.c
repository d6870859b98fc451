/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/train/monitor-private.h>

#include <math.h>

void
gst_sod_monitor_add_truth (
    GstSodMonitor *self, gdouble map_error, gdouble truth_error)
{
  self->map += map_error;
  self->truth += truth_error;
}

void
gst_sod_monitor_add_shades (
    GstSodMonitor *self, gdouble soft_error, gdouble bit_error)
{
  self->soft += soft_error;
  self->bit += bit_error;
}

gdouble
gst_sod_monitor_get_truth_ratio (const GstSodMonitor *self)
{
  return self->truth > 0 ? self->map / self->truth : NAN;
}

gdouble
gst_sod_monitor_get_shades_ratio (const GstSodMonitor *self)
{
  return self->bit > 0 ? self->soft / self->bit : NAN;
}

GstSodMonitorVerdict
gst_sod_monitor_judge (const GstSodMonitor *self, gdouble gain)
{
  GstSodMonitorVerdict verdict = GST_SOD_MONITOR_CLEAN;

  /* Comparisons with NaN are false: nothing seen is nothing found. */
  if (gst_sod_monitor_get_truth_ratio (self) < 1)
    verdict |= GST_SOD_MONITOR_BEATS_TRUTH;
  if (gst_sod_monitor_get_shades_ratio (self) < 1 - gain)
    verdict |= GST_SOD_MONITOR_USES_SHADES;
  return verdict;
}

gchar *
gst_sod_monitor_describe (const GstSodMonitor *self, gdouble gain)
{
  GstSodMonitorVerdict verdict = gst_sod_monitor_judge (self, gain);
  GString *text = g_string_new (NULL);

  if (verdict & GST_SOD_MONITOR_BEATS_TRUTH)
    g_string_append_printf (text,
        "maps reconstruct better than labels (error %.3f of theirs, 1 or more "
        "was expected)",
        gst_sod_monitor_get_truth_ratio (self));
  if (verdict & GST_SOD_MONITOR_USES_SHADES)
    g_string_append_printf (text,
        "%ssoft maps reconstruct better than black and white ones (error %.3f "
        "of theirs, %.3f or more was expected)",
        text->len > 0 ? ", and " : "", gst_sod_monitor_get_shades_ratio (self),
        1 - gain);
  return g_string_free (text, FALSE);
}
