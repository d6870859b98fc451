/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pages of runs: maps over time, and runs side by side. */
#include <string.h>

#include <gst-sod/core/error.h>
#include <gst-sod/train/run-record-private.h>
#include <gst-sod/train/training-report.h>

#define HASH "0123456789abcdef0123456789abcdef"
#define URI "data:image/png;base64,AAAA"

static guint
count (const gchar *page, const gchar *what)
{
  guint n = 0;

  for (const gchar *at = strstr (page, what); at != NULL;
       at = strstr (at + 1, what))
    n++;
  return n;
}

static gchar *
make_page (const gchar *record)
{
  g_autoptr (GError) error = NULL;
  gchar *page = gst_sod_training_report_to_html ("mine", record, &error);

  g_assert_no_error (error);
  return page;
}

/* ---- maps over time ---- */

static void
test_frames_stand_beside_their_maps (void)
{
  g_autofree gchar *page = make_page (
      "{\"maps\":[{\"node\":\"do<or\",\"frames\":["
      "{\"name\":\"a/1\",\"picture\":\"" URI "\",\"truth\":\"" URI "\"},"
      "{\"name\":\"a/2\",\"picture\":\"" URI "\",\"truth\":\"" URI "\"}],"
      "\"kept\":[{\"stage\":\"start\",\"step\":0,\"round\":0,\"max_f\":0.25,"
      "\"maps\":[\"" URI "\",\"" URI "\"]},{\"stage\":\"augment\",\"step\":30,"
      "\"round\":2,\"max_f\":0.5,\"maps\":[\"" URI "\",\"" URI "\"]}]}]}");

  g_assert_cmpuint (count (page, "<img "), ==, 8);
  g_assert_cmpuint (count (page, "alt=\"map\""), ==, 4);
  g_assert_nonnull (strstr (page, "do&lt;or"));
  g_assert_nonnull (
      strstr (page, "augment, round 2<br>step 30<br>max F 0.500"));
  g_assert_nonnull (strstr (page, "start<br>step 0<br>max F 0.250"));
}

/* A page loads nothing, whatever its record says; what is missing is a dash. */
static void
test_only_pictures_are_shown (void)
{
  static const gchar *const records[] = {
    "{\"maps\":[{\"node\":\"door\",\"frames\":[{\"name\":\"a\","
    "\"picture\":\"http://example.org/x.png\",\"truth\":7}],"
    "\"kept\":[{\"maps\":[\"javascript:x\"]},{\"maps\":[null]},{}]}]}",
    ("{\"maps\":[{\"node\":\"door\",\"frames\":[{\"name\":\"a\"}],"
     "\"kept\":[]}]}"),
    "{\"maps\":[1,{\"frames\":3}]}",
    "{\"maps\":{}}",
    "{}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (records); i++) {
    g_autofree gchar *page = make_page (records[i]);

    g_assert_cmpuint (count (page, "<img "), ==, 0);
    g_assert_null (strstr (page, "example.org"));
    g_assert_null (strstr (page, "javascript"));
    g_assert_true (g_str_has_suffix (page, "</main>\n"));
  }
}

static GstSodRunRecord *
make_record (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTrainingSettings) settings =
      gst_sod_training_settings_new (NULL, &error);

  g_assert_no_error (error);
  return gst_sod_run_record_new (settings);
}

static void
add_maps (GstSodRunRecord *record, const gchar *node, gint step)
{
  g_autoptr (GPtrArray) shown = g_ptr_array_new ();
  GstSodShownFrame frame = { (gchar *) "a/1", (gchar *) URI, (gchar *) URI,
    (gchar *) URI };
  JsonObject *when = json_object_new ();

  json_object_set_int_member (when, "step", step);
  g_ptr_array_add (shown, &frame);
  gst_sod_run_record_add_maps (record, node, shown, when);
}

/* The scores of which a record keeps the maps of node @index. */
static GArray *
list_kept (GstSodRunRecord *record, guint index)
{
  g_autofree gchar *json = gst_sod_run_record_to_json (record);
  g_autoptr (JsonNode) root = json_from_string (json, NULL);
  JsonObject *node = json_array_get_object_element (
      json_object_get_array_member (json_node_get_object (root), "maps"),
      index);
  JsonArray *kept = json_object_get_array_member (node, "kept");
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (guint i = 0; i < json_array_get_length (kept); i++) {
    JsonObject *one = json_array_get_object_element (kept, i);
    gint64 number = json_object_get_int_member (one, "score");

    g_assert_cmpint (json_object_get_int_member (one, "step"), ==, number * 10);
    g_array_append_val (numbers, number);
  }
  return numbers;
}

/* However many scores: few maps, evenly spread, the first and the last. */
static void
test_few_of_many_scores_are_kept (void)
{
  g_autoptr (GstSodRunRecord) record = make_record ();

  for (gint i = 0; i < 300; i++) {
    g_autoptr (GArray) kept = NULL;
    gint64 stride;

    add_maps (record, "door", i * 10);
    kept = list_kept (record, 0);
    g_assert_cmpuint (kept->len, >=, MIN ((guint) i + 1, 6));
    g_assert_cmpuint (kept->len, <=, 12);
    g_assert_cmpint (g_array_index (kept, gint64, 0), ==, 0);
    g_assert_cmpint (g_array_index (kept, gint64, kept->len - 1), ==, i);
    stride = kept->len > 2 ? g_array_index (kept, gint64, 1) : 1;
    for (guint k = 0; k + 1 < kept->len; k++)
      g_assert_cmpint (g_array_index (kept, gint64, k), ==, k * stride);
  }
}

static void
test_nodes_are_kept_apart (void)
{
  g_autoptr (GstSodRunRecord) record = make_record ();
  g_autoptr (GArray) door = NULL;
  g_autoptr (GArray) yard = NULL;

  add_maps (record, "door", 0);
  add_maps (record, "yard", 0);
  add_maps (record, "door", 10);
  door = list_kept (record, 0);
  yard = list_kept (record, 1);
  g_assert_cmpuint (door->len, ==, 2);
  g_assert_cmpuint (yard->len, ==, 1);
}

/* ---- side by side ---- */

#define RUN(rate, seed, hash, a, b)                                            \
  "{\"settings\":{\"run.seed\":" seed ",\"base.learning-rate\":" rate          \
  ",\"base.loss\":\"bce\",\"run.checkpoint-path\":\"" rate seed "\"},"         \
  "\"nodes\":[{\"name\":\"door\",\"held-out\":{\"hash\":\"" hash "\"}},"       \
  "{\"name\":\"yard\",\"held-out\":{\"hash\":\"y\"}}],"                        \
  "\"stages\":[{\"node\":\"door\",\"steps\":7,\"seconds\":2,\"scores\":["      \
  "{\"max_f\":0.01,\"mae\":0.5},{\"max_f\":" a ",\"mae\":0.25}]},"             \
  "{\"node\":\"yard\",\"steps\":5,\"seconds\":1,\"scores\":[{\"max_f\":" b     \
  ",\"mae\":0.75}]},{\"node\":\"reverse\",\"scores\":["                        \
  "{\"reconstruction\":0.3}]}]}"

static gchar *
compare (const gchar *const *records, guint n)
{
  static const gchar *const titles[] = { "first", "sec<ond", "third" };
  g_autoptr (GError) error = NULL;
  gchar *page = gst_sod_training_report_compare (titles, records, n, &error);

  g_assert_no_error (error);
  return page;
}

static void
test_runs_stand_side_by_side (void)
{
  static const gchar *const records[] = {
    RUN ("0.5", "1", "x", "0.500", "0.700"),
    RUN ("0.25", "1", "x", "0.600", "0.650"),
    RUN ("0.5", "1", "x", "0.400", "0.400"),
  };
  g_autofree gchar *page = compare (records, 3);

  /* What is the same in all is not told. */
  g_assert_nonnull (strstr (page, "<th>base.learning-rate</th>"));
  g_assert_null (strstr (page, "run.seed"));
  g_assert_null (strstr (page, "base.loss"));
  g_assert_null (strstr (page, "run.checkpoint-path"));
  g_assert_nonnull (strstr (page,
      "<tr><td>first</td><td>0.600</td><td>–</td><td>0.500</td><td>12</td>"
      "<td>3</td><td>0.5</td></tr>"));
  g_assert_nonnull (strstr (page,
      "<tr><td>sec&lt;ond</td><td>0.625</td><td>+0.025</td><td>0.500</td>"
      "<td>12</td><td>3</td><td>0.25</td></tr>"));
  g_assert_nonnull (strstr (page, "<td>0.400</td><td>-0.200</td>"));
  g_assert_nonnull (strstr (page,
      "<tr><td>yard</td><td>0.700</td><td>0.650</td><td>0.400</td>"
      "<td></td></tr>"));
  g_assert_null (strstr (page, "reverse"));
}

/* A node that was judged by other frames says nothing of a gain. */
static void
test_other_frames_are_no_gain (void)
{
  static const gchar *const records[] = {
    RUN ("0.5", "1", "x", "0.500", "0.700"),
    RUN ("0.5", "2", "z", "0.900", "0.750"),
  };
  g_autofree gchar *page = compare (records, 2);

  g_assert_nonnull (strstr (page, "<td>0.825</td><td>+0.050</td>"));
  g_assert_nonnull (
      strstr (page, "<tr><td>door</td><td>0.500</td><td>0.900</td>"
                    "<td>not the same frames are held out</td></tr>"));
  g_assert_cmpuint (count (page, "not the same frames"), ==, 1);
}

static void
test_what_is_missing_is_a_dash (void)
{
  static const gchar *const records[] = { "{}",
    RUN ("0.5", "1", "x", "0.500", "0.700") };
  g_autofree gchar *page = compare (records, 2);

  g_assert_nonnull (
      strstr (page, "<tr><td>first</td><td>–</td><td>–</td><td>–</td>"));
  g_assert_nonnull (strstr (page, "<td>0.600</td><td>–</td>"));
  g_assert_nonnull (strstr (page, "<td>door</td><td>–</td><td>0.500</td>"));
}

static void
test_what_cannot_be_compared_is_an_error (void)
{
  static const gchar *const titles[] = { "first", "second" };
  static const gchar *const bad[] = { "{}", "[1]" };
  g_autoptr (GError) one = NULL;
  g_autoptr (GError) broken = NULL;

  g_assert_null (gst_sod_training_report_compare (titles, bad, 1, &one));
  g_assert_error (one, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_assert_null (gst_sod_training_report_compare (titles, bad, 2, &broken));
  g_assert_error (broken, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT);
  g_assert_nonnull (strstr (broken->message, "second"));
}

/* ---- what each phase gained ---- */

#define SCORE(max_f, mae) "{\"max_f\":" max_f ",\"mae\":" mae "}"
#define STAGE(name, phase, round, node, scores, more)                          \
  "{\"name\":\"" name "\",\"phase\":" phase ",\"round\":" round                \
  ",\"node\":\"" node "\",\"scores\":[" scores "]" more "}"
#define GAINS(settings, starts, stages)                                        \
  "{\"settings\":{" settings "},\"starts\":[" starts "],\"stages\":[" stages   \
  "]}"

static void
expect_row (const gchar *page, const gchar *row)
{
  g_autofree gchar *whole = g_strdup_printf ("<tr>%s</tr>\n", row);

  if (strstr (page, whole) == NULL)
    g_test_message ("no %s in %s", row, page);
  g_assert_nonnull (strstr (page, whole));
}

static void
test_each_phase_has_its_gain (void)
{
  g_autofree gchar *page = make_page (GAINS ("",
      "{\"node\":\"do<or\",\"max_f\":0.25,\"mae\":0.5},"
      "{\"node\":\"reverse\",\"reconstruction\":0.3}",
      STAGE ("initialise", "1", "0", "do<or",
          SCORE ("0.9", "0.1") "," SCORE ("0.5", "0.375"),
          "") "," STAGE ("initialise", "1", "0", "yard", SCORE ("0.25", "0.5"),
          "") "," STAGE ("initialise", "1", "0", "reverse",
          "{\"reconstruction\":0.3}", "") "," STAGE ("augment", "2", "1",
          "do<or", SCORE ("0.625", "0.25"), "") "," STAGE ("augment", "2", "1",
          "yard", SCORE ("0.125", "0.75"), "")));

  expect_row (page, "<td>do&lt;or</td><td>–</td><td>–</td><td>start</td>"
                    "<td>0.250</td><td>–</td><td>0.500</td><td>–</td>");
  expect_row (page, "<td>do&lt;or</td><td>1</td><td>–</td><td>initialise</td>"
                    "<td>0.500</td><td>+0.250</td><td>0.375</td>"
                    "<td>-0.125</td>");
  expect_row (page, "<td>yard</td><td>1</td><td>–</td><td>initialise</td>"
                    "<td>0.250</td><td>–</td><td>0.500</td><td>–</td>");
  expect_row (page, "<td>do&lt;or</td><td>2</td><td>1</td><td>augment</td>"
                    "<td>0.625</td><td>+0.125</td><td>0.250</td>"
                    "<td>-0.125</td>");
  expect_row (page, "<td>mean</td><td>1</td><td>–</td><td>initialise</td>"
                    "<td>0.375</td><td>+0.250</td><td>0.438</td>"
                    "<td>-0.125</td>");
  expect_row (page, "<td>mean</td><td>2</td><td>1</td><td>augment</td>"
                    "<td>0.375</td><td>+0.000</td><td>0.500</td>"
                    "<td>+0.062</td>");
  g_assert_null (strstr (page, "<td>reverse</td><td>1</td>"));
  g_assert_null (strstr (page, "<td>reverse</td><td>–</td>"));
}

/* A stage that was not judged says so; one that was stopped left what was. */
static void
test_gains_that_are_not_known (void)
{
  g_autofree gchar *page = make_page (GAINS ("", "",
      STAGE ("initialise", "1", "0", "door", SCORE ("0.5", "0.25"),
          "") "," STAGE ("augment", "2", "1", "door", SCORE ("0.1", "0.9"),
          ",\"end\":\"stopped by the monitor\"") "," STAGE ("distill", "3", "1",
          "door", "", "")));

  expect_row (page, "<td>door</td><td>2</td><td>1</td><td>augment</td>"
                    "<td>0.500</td><td>+0.000</td><td>0.250</td>"
                    "<td>+0.000</td>");
  expect_row (page, "<td>door</td><td>3</td><td>1</td><td>distill</td>"
                    "<td>–</td><td>–</td><td>–</td><td>–</td>");
  g_assert_null (strstr (page, "<td>mean</td>"));
}

/* With run.keep=best a stage leaves the best that was known. */
static void
test_gains_of_the_best (void)
{
  g_autofree gchar *page =
      make_page (GAINS ("\"run.keep\":\"best\",\"score.measure\":\"mae\"", "",
          STAGE ("initialise", "1", "0", "door",
              SCORE ("0.25", "0.125") "," SCORE ("0.5", "0.25"),
              "") "," STAGE ("augment", "2", "1", "door", SCORE ("0.9", "0.5"),
              "")));

  expect_row (page, "<td>door</td><td>1</td><td>–</td><td>initialise</td>"
                    "<td>0.250</td><td>–</td><td>0.125</td><td>–</td>");
  expect_row (page, "<td>door</td><td>2</td><td>1</td><td>augment</td>"
                    "<td>0.250</td><td>+0.000</td><td>0.125</td>"
                    "<td>+0.000</td>");
}

static void
test_no_gains_where_nothing_is_held_out (void)
{
  static const gchar *const records[] = { "{}",
    GAINS ("", "",
        STAGE ("initialise", "1", "0", "door", "", "") "," STAGE (
            "initialise", "1", "0", "reverse", "{\"reconstruction\":0.3}", "")),
    "{\"starts\":[{}],\"stages\":[{\"scores\":3},{\"scores\":[{}]}]}" };

  for (guint i = 0; i < G_N_ELEMENTS (records); i++) {
    g_autofree gchar *page = make_page (records[i]);

    g_assert_null (strstr (page, "What each phase gained"));
  }
}

/* ---- the record's members ---- */

static void
test_members_are_shown_by_name (void)
{
  g_autofree gchar *page = make_page (
      "{\"nodes\":[{\"name\":\"do<or\",\"samples\":{\"frames\":86,"
      "\"hash\":\"7d<60\",\"more\":[1]},\"start-is-random\":true}]}");

  g_assert_nonnull (strstr (page, "<td>do&lt;or</td>"
                                  "<td>frames 86, hash 7d&lt;60, more [1]</td>"
                                  "<td>yes</td>"));
}

/* A warning is a sentence, and no row of a table is that wide. */
static void
test_sentences_are_broken (void)
{
  g_autofree gchar *page = make_page (
      "{\"warnings\":[{\"text\":\"one <word> more than would stand in a line "
      "of it\",\"stage\":2,\"path\":\"" HASH HASH
      "\",\"what\":\"a few words\"}]}");

  g_assert_nonnull (
      strstr (page, "<td class=text>one &lt;word&gt; more than would stand in "
                    "a line of it</td><td>2</td>"));
  g_assert_cmpuint (count (page, "class=text"), ==, 1);
}

/* A hash is as wide as a table of its own. */
static void
test_hashes_are_shown_in_part (void)
{
  g_autofree gchar *page =
      make_page ("{\"nodes\":[{\"name\":\"decade\",\"hash\":\"" HASH
                 "\",\"path\":\"" HASH "/x\"}]}");

  g_assert_nonnull (strstr (page,
      "<td>decade</td><td><abbr title=" HASH ">0123456789ab…</abbr></td>"
      "<td>" HASH "/x</td>"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/train/report/maps/frames-stand-beside-them",
      test_frames_stand_beside_their_maps);
  g_test_add_func (
      "/train/report/maps/only-pictures", test_only_pictures_are_shown);
  g_test_add_func ("/train/report/maps/few-of-many-scores",
      test_few_of_many_scores_are_kept);
  g_test_add_func ("/train/report/maps/a-node-each", test_nodes_are_kept_apart);
  g_test_add_func (
      "/train/report/compare/side-by-side", test_runs_stand_side_by_side);
  g_test_add_func (
      "/train/report/compare/other-frames", test_other_frames_are_no_gain);
  g_test_add_func (
      "/train/report/compare/missing-members", test_what_is_missing_is_a_dash);
  g_test_add_func (
      "/train/report/compare/errors", test_what_cannot_be_compared_is_an_error);
  g_test_add_func (
      "/train/report/gains/of-each-phase", test_each_phase_has_its_gain);
  g_test_add_func (
      "/train/report/gains/not-known", test_gains_that_are_not_known);
  g_test_add_func ("/train/report/gains/of-the-best", test_gains_of_the_best);
  g_test_add_func ("/train/report/gains/nothing-held-out",
      test_no_gains_where_nothing_is_held_out);
  g_test_add_func (
      "/train/report/members/by-name", test_members_are_shown_by_name);
  g_test_add_func (
      "/train/report/members/hashes", test_hashes_are_shown_in_part);
  g_test_add_func (
      "/train/report/members/sentences", test_sentences_are_broken);
  return g_test_run ();
}
