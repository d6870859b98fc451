/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "soddrift.h"

void
sod_drift_reset (SodDrift *self, guint n_baseline, gdouble threshold)
{
  *self = (SodDrift){ .n_baseline = n_baseline, .threshold = threshold };
}

gboolean
sod_drift_is_ready (const SodDrift *self)
{
  return self->n >= self->n_baseline;
}

gboolean
sod_drift_add (SodDrift *self, gdouble error)
{
  gboolean drifted = self->drifts;
  gdouble margin;

  self->n++;
  self->sum += error;
  self->mean +=
      (error - self->mean) / (gdouble) MIN (self->n, self->n_baseline);
  if (self->n == self->n_baseline)
    self->baseline = self->mean;
  if (!sod_drift_is_ready (self))
    return FALSE;
  margin = drifted ? self->threshold / 2 : self->threshold;
  self->drifts = self->mean > self->baseline * (1 + margin);
  return self->drifts != drifted;
}
