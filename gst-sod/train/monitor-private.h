/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether maps hide information. A map that reconstructs the picture better
 * than the true label does, or a soft map that does so much better than its
 * 1-bit version, tells the reverse network more than what is salient
 * (Chu et al., "CycleGAN, a Master of Steganography", 2017).
 *
 * Sums over the steps of one window; all zero is an empty one. */
typedef struct
{
  gdouble map, truth; /* reconstruction errors on labelled frames */
  gdouble soft, bit;  /* of maps as they are, and of their 1-bit version */
} GstSodMonitor;

typedef enum
{
  GST_SOD_MONITOR_CLEAN = 0,
  GST_SOD_MONITOR_BEATS_TRUTH = 1 << 0,
  GST_SOD_MONITOR_USES_SHADES = 1 << 1
} GstSodMonitorVerdict;

void gst_sod_monitor_add_truth (
    GstSodMonitor *self, gdouble map_error, gdouble truth_error);
void gst_sod_monitor_add_shades (
    GstSodMonitor *self, gdouble soft_error, gdouble bit_error);

/* @gain: by which share soft maps may be better. */
GstSodMonitorVerdict gst_sod_monitor_judge (
    const GstSodMonitor *self, gdouble gain);

/* What was found, as a clause of a sentence. */
gchar *gst_sod_monitor_describe (const GstSodMonitor *self, gdouble gain);

/* map / truth and soft / bit; NaN where there is none. */
gdouble gst_sod_monitor_get_truth_ratio (const GstSodMonitor *self);
gdouble gst_sod_monitor_get_shades_ratio (const GstSodMonitor *self);

G_END_DECLS
