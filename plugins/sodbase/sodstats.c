/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodstats.h"

void
sod_stats_count_gap (SodStats *self)
{
  self->frames++;
  self->gaps++;
}

void
sod_stats_count_frame (SodStats *self, SodVerdict verdict, gboolean is_late)
{
  self->frames++;
  self->reused += verdict == SOD_VERDICT_REUSE;
  self->skipped += verdict == SOD_VERDICT_SKIP;
  self->late += is_late;
}

void
sod_stats_count_inference (
    SodStats *self, GstSodSession *session, GstClockTime elapsed)
{
  gint64 preprocess, network, postprocess;

  gst_sod_session_get_timings (session, &preprocess, &network, &postprocess);
  self->inferences++;
  self->warm_up += gst_sod_session_get_warm_up (session);
  self->preprocess += preprocess;
  self->network += network;
  self->postprocess += postprocess;
  self->rest += MAX ((gint64) elapsed - preprocess - network - postprocess, 0);
}

static guint64
mean (gint64 sum, guint64 n)
{
  return n != 0 ? (guint64) sum / n : 0;
}

GstStructure *
sod_stats_to_structure (const SodStats *self)
{
  guint64 n = self->inferences;

  return gst_structure_new ("sodbase-stats", "frames", G_TYPE_UINT64,
      self->frames, "inferences", G_TYPE_UINT64, n, "reused", G_TYPE_UINT64,
      self->reused, "skipped", G_TYPE_UINT64, self->skipped, "gaps",
      G_TYPE_UINT64, self->gaps, "late", G_TYPE_UINT64, self->late, "warm-up",
      G_TYPE_UINT64, self->warm_up, "buffer-allocations", G_TYPE_UINT64,
      self->allocations, "preprocess-time", G_TYPE_UINT64,
      mean (self->preprocess, n), "network-time", G_TYPE_UINT64,
      mean (self->network, n), "postprocess-time", G_TYPE_UINT64,
      mean (self->postprocess, n), "element-time", G_TYPE_UINT64,
      mean (self->rest, n), NULL);
}
