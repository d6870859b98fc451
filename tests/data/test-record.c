/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/gstsod.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <locale.h>
#include <math.h>
#include <string.h>

static GstSodRecord *
new_record (void)
{
  GstSodRecord *record = gst_sod_record_new ("gate", 640, 360);

  gst_sod_record_set_pts (record, G_GINT64_CONSTANT (40000000123));
  gst_sod_record_set_wall_clock (
      record, G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC + 1234);
  gst_sod_record_set_map (record, "base", "3", 80000000, 0.875, FALSE, TRUE);
  gst_sod_record_add_region (
      record, 7, 0.1, 0.25, 1 / 3.0, 0.5, 0.0123456789, 0.9);
  return record;
}

/* The example of docs/json-lines.md is this record's line. */
static void
test_line (void)
{
  g_autoptr (GstSodRecord) record = new_record ();
  g_autofree gchar *json = gst_sod_record_to_json (record);
  g_autofree gchar *path = g_build_filename (
      g_getenv ("SOD_SOURCE_DIR"), "docs", "json-lines.md", NULL);
  g_autofree gchar *text = NULL;
  g_auto (GStrv) blocks = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  blocks = g_strsplit (text, "```", 3);
  g_assert_true (g_str_has_prefix (blocks[1], "json\n"));
  g_assert_cmpstr (json, ==, g_strstrip (blocks[1] + strlen ("json\n")));
}

static void
test_empty (void)
{
  g_autoptr (GstSodRecord) record = gst_sod_record_new (NULL, 1, 1);
  g_autofree gchar *json = gst_sod_record_to_json (record);

  g_assert_cmpstr (json, ==,
      "{\"schema\":1,\"source_id\":null,\"pts\":null,\"time\":null,"
      "\"width\":1,\"height\":1,\"model\":null,\"map\":null,"
      "\"regions\":[]}");
}

static void
test_parses (void)
{
  g_autoptr (GstSodRecord) record = new_record ();
  g_autofree gchar *json = gst_sod_record_to_json (record);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_from_string (json, &error);
  JsonObject *object, *region, *box;
  JsonArray *regions;

  g_assert_no_error (error);
  object = json_node_get_object (node);
  g_assert_cmpint (json_object_get_int_member (object, "pts"), ==, 40000000123);
  regions = json_object_get_array_member (object, "regions");
  g_assert_cmpuint (json_array_get_length (regions), ==, 1);
  region = json_array_get_object_element (regions, 0);
  g_assert_cmpint (json_object_get_int_member (region, "id"), ==, 7);
  box = json_object_get_object_member (region, "box");
  g_assert_cmpfloat_with_epsilon (
      json_object_get_double_member (box, "width"), 1 / 3.0, 5e-7);
}

static void
test_strings (void)
{
  static const gchar *names[] = { "", "a \"b\" \\c\\ /", "line\nfeed\r\t\b\f",
    "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x88", "\x01\x1f\x7f",
    "{\"a\":[1,2]}", "\xe2\x80\xa8 and \xe2\x80\xa9" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GstSodRecord) record = gst_sod_record_new (names[i], 1, 1);
    g_autofree gchar *json = NULL;
    g_autoptr (GError) error = NULL;
    g_autoptr (JsonNode) node = NULL;

    gst_sod_record_set_map (record, names[i], names[i], 0, 0, FALSE, FALSE);
    json = gst_sod_record_to_json (record);
    g_assert_null (strchr (json, '\n'));
    node = json_from_string (json, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (json_object_get_string_member (
                         json_node_get_object (node), "source_id"),
        ==, names[i]);
  }
}

static void
test_not_utf8 (void)
{
  g_autoptr (GstSodRecord) record = gst_sod_record_new ("caf\xe9 \xff", 1, 1);
  g_autofree gchar *json = gst_sod_record_to_json (record);
  g_autoptr (JsonNode) node = json_from_string (json, NULL);

  g_assert_true (g_utf8_validate (json, -1, NULL));
  g_assert_nonnull (node);
  g_assert_true (g_str_has_prefix (
      json_object_get_string_member (json_node_get_object (node), "source_id"),
      "caf"));
}

/* A German locale in a folder of its own, where none is installed. */
static gboolean
make_locale (const gchar *folder)
{
  g_autofree gchar *path = g_build_filename (folder, "de_DE.UTF-8", NULL);
  const gchar *words[] = { "localedef", "-i", "de_DE", "-f", "UTF-8",
    "--no-archive", path, NULL };

  g_setenv ("LOCPATH", folder, TRUE);
  return g_spawn_sync (NULL, (gchar **) words, NULL,
             G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL
                 | G_SPAWN_STDERR_TO_DEV_NULL,
             NULL, NULL, NULL, NULL, NULL, NULL)
         && setlocale (LC_ALL, "de_DE.UTF-8") != NULL;
}

static void
remove_folder (const gchar *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree gchar *inside = g_build_filename (path, name, NULL);

    remove_folder (inside);
  }
  g_remove (path);
}

/* Where a decimal comma rules, JSON still wants a point. */
static void
test_locale (void)
{
  g_autoptr (GstSodRecord) record = new_record ();
  g_autofree gchar *plain = gst_sod_record_to_json (record);
  g_autofree gchar *folder = g_dir_make_tmp ("gst-sod-locale-XXXXXX", NULL);
  g_autofree gchar *json = NULL;

  if (setlocale (LC_ALL, "de_DE.UTF-8") == NULL && !make_locale (folder)) {
    g_test_skip ("no locale with a decimal comma: apt install locales");
  } else {
    g_assert_cmpstr (localeconv ()->decimal_point, ==, ",");
    json = gst_sod_record_to_json (record);
    g_assert_cmpstr (json, ==, plain);
  }
  setlocale (LC_ALL, "C");
  remove_folder (folder);
}

static void
test_odd_numbers (void)
{
  g_autoptr (GstSodRecord) record = gst_sod_record_new ("", 1, 1);
  g_autofree gchar *json = NULL;
  g_autoptr (JsonNode) node = NULL;

  gst_sod_record_set_wall_clock (record, G_MAXINT64);
  gst_sod_record_add_region (
      record, G_MAXUINT, NAN, INFINITY, -INFINITY, -1e-9, 1e300, -0.5);
  json = gst_sod_record_to_json (record);
  node = json_from_string (json, NULL);
  g_assert_nonnull (node);
  g_assert_nonnull (strstr (json,
      "{\"id\":4294967295,\"box\":{\"x\":null,\"y\":null,\"width\":null,"
      "\"height\":0},\"area\":1000000000,\"score\":-0.5}"));
  g_assert_nonnull (strstr (json, "\"time\":null"));
}

static void
test_before_1970 (void)
{
  g_autoptr (GstSodRecord) record = gst_sod_record_new ("", 1, 1);
  g_autofree gchar *json = NULL;

  gst_sod_record_set_wall_clock (record, -1);
  json = gst_sod_record_to_json (record);
  g_assert_nonnull (strstr (json, "\"1969-12-31T23:59:59.999999Z\""));
}

/* What was not measured has no field; nor has a frame without a map. */
static void
test_measures (void)
{
  g_autoptr (GstSodRecord) record = new_record ();
  g_autoptr (GstSodRecord) bare = gst_sod_record_new ("", 1, 1);
  g_autofree gchar *none = gst_sod_record_to_json (record);
  g_autofree gchar *both = NULL, *other = NULL;

  g_assert_null (strstr (none, "reconstruction_error"));
  g_assert_null (strstr (none, "disagreement"));
  gst_sod_record_set_reconstruction_error (record, 0.25);
  gst_sod_record_set_disagreement (record, 0);
  both = gst_sod_record_to_json (record);
  g_assert_nonnull (strstr (
      both, ",\"reconstruction_error\":0.25,\"disagreement\":0},\"regions\""));
  gst_sod_record_set_disagreement (bare, 0.5);
  other = gst_sod_record_to_json (bare);
  g_assert_null (strstr (other, "disagreement"));
}

static void
test_copy (void)
{
  g_autoptr (GstSodRecord) record = new_record ();
  g_autoptr (GstSodRecord) copy = gst_sod_record_copy (record);
  g_autofree gchar *before = gst_sod_record_to_json (record);
  g_autofree gchar *after = NULL;

  gst_sod_record_add_region (record, 1, 0, 0, 0, 0, 0, 0);
  gst_sod_record_set_map (record, "other", "4", 0, 0, TRUE, FALSE);
  after = gst_sod_record_to_json (copy);
  g_assert_cmpstr (before, ==, after);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record/line/is-as-documented", test_line);
  g_test_add_func ("/record/line/unknown-is-null", test_empty);
  g_test_add_func ("/record/line/parses", test_parses);
  g_test_add_func ("/record/map/measures-are-optional", test_measures);
  g_test_add_func ("/record/strings/come-back", test_strings);
  g_test_add_func ("/record/strings/are-made-utf8", test_not_utf8);
  g_test_add_func ("/record/numbers/ignore-the-locale", test_locale);
  g_test_add_func ("/record/numbers/not-finite-is-null", test_odd_numbers);
  g_test_add_func ("/record/time/before-1970", test_before_1970);
  g_test_add_func ("/record/copy/is-its-own", test_copy);
  return g_test_run ();
}
