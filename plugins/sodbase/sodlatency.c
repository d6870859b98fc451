/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodlatency.h"

#include <stdlib.h>
#include <string.h>

void
sod_latency_init (SodLatency *self)
{
  g_mutex_init (&self->lock);
}

void
sod_latency_clear (SodLatency *self)
{
  g_mutex_clear (&self->lock);
}

void
sod_latency_reset (SodLatency *self)
{
  g_mutex_lock (&self->lock);
  self->n_measured = 0;
  self->answer = self->upstream = 0;
  self->knows_upstream = self->live = FALSE;
  g_mutex_unlock (&self->lock);
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  GstClockTime first = *(const GstClockTime *) a;
  GstClockTime second = *(const GstClockTime *) b;

  return first < second ? -1 : first > second;
}

/* By nearest rank; under the lock. */
static GstClockTime
get_percentile (const SodLatency *self, guint percent)
{
  GstClockTime sorted[SOD_LATENCY_WINDOW];
  guint n = (guint) MIN (self->n_measured, SOD_LATENCY_WINDOW);

  if (n == 0)
    return 0;
  memcpy (sorted, self->window, n * sizeof sorted[0]);
  qsort (sorted, n, sizeof sorted[0], compare_times);
  return sorted[(n * percent + 99) / 100 - 1];
}

GstClockTime
sod_latency_get_percentile (SodLatency *self, guint percent)
{
  GstClockTime time;

  g_mutex_lock (&self->lock);
  time = get_percentile (self, percent);
  g_mutex_unlock (&self->lock);
  return time;
}

gboolean
sod_latency_add (SodLatency *self, GstClockTime elapsed)
{
  gboolean changed = FALSE;

  g_mutex_lock (&self->lock);
  self->window[self->n_measured % SOD_LATENCY_WINDOW] = elapsed;
  self->n_measured++;
  if (self->n_measured % SOD_LATENCY_WINDOW == 0) {
    GstClockTime p95 = get_percentile (self, 95);

    changed = p95 > self->answer + self->answer / 5;
    if (changed)
      self->answer = p95;
  }
  g_mutex_unlock (&self->lock);
  return changed;
}

GstClockTime
sod_latency_get_answer (SodLatency *self)
{
  GstClockTime answer;

  g_mutex_lock (&self->lock);
  answer = self->answer;
  g_mutex_unlock (&self->lock);
  return answer;
}

gboolean
sod_latency_answer_query (SodLatency *self, GstPad *sink, GstQuery *query)
{
  GstClockTime least, most, own;
  gboolean live;

  if (!gst_pad_peer_query (sink, query))
    return FALSE;
  gst_query_parse_latency (query, &live, &least, &most);
  g_mutex_lock (&self->lock);
  self->knows_upstream = TRUE;
  self->live = live;
  self->upstream = least;
  own = self->answer;
  g_mutex_unlock (&self->lock);
  if (GST_CLOCK_TIME_IS_VALID (most))
    most += own;
  gst_query_set_latency (query, live, least + own, most);
  return TRUE;
}

void
sod_latency_ask_upstream (SodLatency *self, GstPad *sink)
{
  g_autoptr (GstQuery) query = NULL;
  GstClockTime least;
  gboolean known, live;

  g_mutex_lock (&self->lock);
  known = self->knows_upstream;
  self->knows_upstream = TRUE;
  g_mutex_unlock (&self->lock);
  if (known)
    return;

  query = gst_query_new_latency ();
  if (!gst_pad_peer_query (sink, query))
    return;
  gst_query_parse_latency (query, &live, &least, NULL);
  g_mutex_lock (&self->lock);
  self->live = live;
  self->upstream = least;
  g_mutex_unlock (&self->lock);
}

void
sod_latency_describe (SodLatency *self, SodSituation *situation)
{
  g_mutex_lock (&self->lock);
  situation->live = self->live;
  situation->upstream_latency = self->upstream;
  situation->own_latency = self->answer;
  g_mutex_unlock (&self->lock);
}
