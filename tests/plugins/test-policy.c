/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which frames get an inference, and what latency is answered, as numbers: no
 * pipeline, no clock. */
#include "plugins/sodbase/sodlatency.h"
#include "plugins/sodbase/sodschedule.h"

#define FRAME (40 * GST_MSECOND)

static SodSituation
on_time (guint index)
{
  return (SodSituation){
    .time = index * FRAME,
    .duration = FRAME,
    .now = index * FRAME,
    .policy = SOD_OVERLOAD_AUTO,
    .interval = 1,
  };
}

static SodSituation
late (guint index, SodOverload policy)
{
  SodSituation situation = on_time (index);

  situation.now += 10 * FRAME;
  situation.policy = policy;
  situation.live = TRUE;
  return situation;
}

static SodVerdict
decide (SodSchedule *schedule, SodSituation situation)
{
  SodVerdict verdict = sod_schedule_decide (schedule, &situation);

  if (verdict == SOD_VERDICT_INFER)
    sod_schedule_inferred (schedule, situation.time, TRUE);
  return verdict;
}

static void
test_late_means_past_all_latencies_and_a_frame (void)
{
  SodSituation situation = on_time (100);

  situation.upstream_latency = 30 * GST_MSECOND;
  situation.own_latency = 20 * GST_MSECOND;
  situation.now = situation.time + 90 * GST_MSECOND;
  g_assert_false (sod_situation_is_late (&situation));
  situation.now += 1;
  g_assert_true (sod_situation_is_late (&situation));
  situation.now = GST_CLOCK_TIME_NONE;
  g_assert_false (sod_situation_is_late (&situation));
  situation = late (1, SOD_OVERLOAD_AUTO);
  situation.time = GST_CLOCK_TIME_NONE;
  g_assert_false (sod_situation_is_late (&situation));
}

static void
test_interval_is_every_nth_frame (void)
{
  SodSchedule schedule;

  sod_schedule_reset (&schedule);
  for (guint i = 0; i < 12; i++) {
    SodSituation situation = on_time (i);

    situation.interval = 4;
    g_assert_cmpint (decide (&schedule, situation), ==,
        i % 4 == 0 ? SOD_VERDICT_INFER : SOD_VERDICT_REUSE);
  }
}

static void
test_policies_differ_for_late_frames_only (void)
{
  static const struct
  {
    SodOverload policy;
    gboolean live;
    SodVerdict verdict;
  } cases[] = {
    { SOD_OVERLOAD_AUTO, TRUE, SOD_VERDICT_REUSE },
    { SOD_OVERLOAD_AUTO, FALSE, SOD_VERDICT_INFER },
    { SOD_OVERLOAD_BLOCK, TRUE, SOD_VERDICT_INFER },
    { SOD_OVERLOAD_REUSE_LAST, FALSE, SOD_VERDICT_REUSE },
    { SOD_OVERLOAD_SKIP, FALSE, SOD_VERDICT_SKIP },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    SodSchedule schedule;
    SodSituation situation = late (1, cases[i].policy);

    sod_schedule_reset (&schedule);
    g_assert_cmpint (decide (&schedule, on_time (0)), ==, SOD_VERDICT_INFER);
    situation.live = cases[i].live;
    g_assert_cmpint (decide (&schedule, situation), ==, cases[i].verdict);
    g_assert_cmpint (decide (&schedule, on_time (2)), ==, SOD_VERDICT_INFER);
  }
}

static void
test_a_late_frame_with_nothing_to_reuse_is_inferred (void)
{
  SodSchedule schedule;
  SodSituation situation = late (1, SOD_OVERLOAD_REUSE_LAST);

  sod_schedule_reset (&schedule);
  g_assert_cmpint (decide (&schedule, late (0, SOD_OVERLOAD_REUSE_LAST)), ==,
      SOD_VERDICT_INFER);
  sod_schedule_inferred (&schedule, 0, FALSE);
  g_assert_cmpint (
      sod_schedule_decide (&schedule, &situation), ==, SOD_VERDICT_INFER);
}

static void
test_a_frame_a_second_is_inferred_however_late (void)
{
  SodSchedule schedule;
  guint inferred = 0;

  sod_schedule_reset (&schedule);
  for (guint i = 0; i < 100; i++)
    inferred +=
        decide (&schedule, late (i, SOD_OVERLOAD_SKIP)) == SOD_VERDICT_INFER;
  g_assert_cmpuint (inferred, ==, 4);
}

static void
test_maps_are_kept_where_they_may_be_reused (void)
{
  SodSituation situation = on_time (0);

  g_assert_false (sod_situation_may_reuse (&situation));
  situation.live = TRUE;
  g_assert_true (sod_situation_may_reuse (&situation));
  situation.policy = SOD_OVERLOAD_SKIP;
  g_assert_false (sod_situation_may_reuse (&situation));
  situation.interval = 2;
  g_assert_true (sod_situation_may_reuse (&situation));
}

static gboolean
add_window (SodLatency *latency, GstClockTime elapsed)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < SOD_LATENCY_WINDOW; i++) {
    g_assert_false (changed);
    changed = sod_latency_add (latency, elapsed);
  }
  return changed;
}

static void
test_latency_is_the_percentile_of_the_first_30_frames (void)
{
  SodLatency latency = { 0 };

  sod_latency_init (&latency);
  sod_latency_reset (&latency);
  for (guint i = 1; i < 30; i++)
    g_assert_false (sod_latency_add (&latency, i * GST_MSECOND));
  g_assert_cmpuint (sod_latency_get_answer (&latency), ==, 0);
  g_assert_true (sod_latency_add (&latency, 30 * GST_MSECOND));
  /* by nearest rank the 29th of 30 */
  g_assert_cmpuint (sod_latency_get_answer (&latency), ==, 29 * GST_MSECOND);
  g_assert_cmpuint (
      sod_latency_get_percentile (&latency, 50), ==, 15 * GST_MSECOND);
  sod_latency_clear (&latency);
}

static void
test_latency_is_raised_by_more_than_a_fifth_only (void)
{
  SodLatency latency = { 0 };

  sod_latency_init (&latency);
  sod_latency_reset (&latency);
  g_assert_true (add_window (&latency, 10 * GST_MSECOND));
  g_assert_false (add_window (&latency, 12 * GST_MSECOND));
  g_assert_cmpuint (sod_latency_get_answer (&latency), ==, 10 * GST_MSECOND);
  g_assert_true (add_window (&latency, 13 * GST_MSECOND));
  g_assert_false (add_window (&latency, 5 * GST_MSECOND));
  g_assert_cmpuint (sod_latency_get_answer (&latency), ==, 13 * GST_MSECOND);
  sod_latency_reset (&latency);
  g_assert_cmpuint (sod_latency_get_answer (&latency), ==, 0);
  g_assert_cmpuint (sod_latency_get_percentile (&latency, 95), ==, 0);
  sod_latency_clear (&latency);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);

  g_test_add_func ("/policy/late-means-past-all-latencies-and-a-frame",
      test_late_means_past_all_latencies_and_a_frame);
  g_test_add_func (
      "/policy/interval-is-every-nth-frame", test_interval_is_every_nth_frame);
  g_test_add_func ("/policy/policies-differ-for-late-frames-only",
      test_policies_differ_for_late_frames_only);
  g_test_add_func ("/policy/a-late-frame-with-nothing-to-reuse-is-inferred",
      test_a_late_frame_with_nothing_to_reuse_is_inferred);
  g_test_add_func ("/policy/a-frame-a-second-is-inferred-however-late",
      test_a_frame_a_second_is_inferred_however_late);
  g_test_add_func ("/policy/maps-are-kept-where-they-may-be-reused",
      test_maps_are_kept_where_they_may_be_reused);
  g_test_add_func ("/policy/latency-is-the-percentile-of-the-first-30-frames",
      test_latency_is_the_percentile_of_the_first_30_frames);
  g_test_add_func ("/policy/latency-is-raised-by-more-than-a-fifth-only",
      test_latency_is_raised_by_more_than_a_fifth_only);
  return g_test_run ();
}
