/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether errors have become larger than they were.
 *
 * The baseline is the mean of the first n_baseline errors. The running mean is
 * that of the errors so far until there are n_baseline of them, then an
 * exponential one of that length: mean += (error - mean) / n_baseline. Drift
 * begins when the running mean is over baseline * (1 + threshold), and ends
 * when it is no more than baseline * (1 + threshold / 2). */
typedef struct
{
  guint n_baseline;
  gdouble threshold;

  guint64 n;
  gdouble sum; /* of all errors */
  gdouble mean, baseline;
  gboolean drifts;
} SodDrift;

void sod_drift_reset (SodDrift *self, guint n_baseline, gdouble threshold);

/* TRUE where drift began or ended with this error. */
gboolean sod_drift_add (SodDrift *self, gdouble error);

/* Whether there is a baseline yet. */
gboolean sod_drift_is_ready (const SodDrift *self);

G_END_DECLS
