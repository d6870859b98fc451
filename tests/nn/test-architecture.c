/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/nn/architecture-private.h>

#include <string.h>

static GstSodArchitecture *
make_preset (const gchar *preset, guint input_frames)
{
  g_autoptr (GError) error = NULL;
  GstSodArchitecture *architecture =
      gst_sod_architecture_new_preset (preset, input_frames, &error);

  g_assert_no_error (error);
  return architecture;
}

static void
test_json_round_trip (void)
{
  static const struct
  {
    const gchar *preset;
    guint input_frames;
  } cases[] = { { "base", 1 }, { "base", 2 }, { "small", 1 }, { "paper", 2 },
    { "reverse", 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GstSodArchitecture) made =
        make_preset (cases[i].preset, cases[i].input_frames);
    g_autofree gchar *json = gst_sod_architecture_to_json (made);
    g_autoptr (GstSodArchitecture) read =
        gst_sod_architecture_new_from_json (json, &error);
    g_autofree gchar *again = NULL;

    g_assert_no_error (error);
    again = gst_sod_architecture_to_json (read);
    g_assert_cmpstr (json, ==, again);
    g_assert_cmpint (gst_sod_architecture_get_kind (read), ==, made->kind);
    g_assert_cmpuint (gst_sod_architecture_get_input_frames (read), ==,
        cases[i].input_frames);
  }
}

static void
test_preset_refusals (void)
{
  static const struct
  {
    const gchar *preset;
    guint input_frames;
  } cases[] = { { "huge", 1 }, { "base", 0 }, { "base", 3 }, { "reverse", 2 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (gst_sod_architecture_new_preset (
        cases[i].preset, cases[i].input_frames, &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
    g_assert_nonnull (strstr (error->message, cases[i].preset));
  }
}

/* base's JSON with one piece replaced, and what the message must name. */
static const struct
{
  const gchar *from, *to, *names;
} breakages[] = {
  { "\"kind\":\"base\"", "\"kind\":\"wide\"", "kind" },
  { "\"kind\":\"base\",", "", "kind" },
  { "\"input-size\":[320,192]", "\"input-size\":[320,190]", "input-size" },
  { "\"input-size\":[320,192]", "\"input-size\":[320]", "input-size" },
  { "\"input-size\":[320,192]", "\"input-size\":[99999984,192]", "input-size" },
  { "\"input-frames\":1", "\"input-frames\":1.5", "input-frames" },
  { "\"input-frames\":1", "\"input-frames\":3", "input-frames" },
  { "[32,64,96,128]", "[32,64,96]", "widths" },
  { "[32,64,96,128]", "[32,64,96,128,128]", "widths" },
  { "[32,64,96,128]", "[32,64,96,-128]", "widths" },
  { "[32,64,96,128]", "[32,64,96,\"x\"]", "widths" },
  { "[32,64,96,128]", "{}", "widths" },
  { "[[1,2],[1,2],[2,4]]", "[[0,2],[1,2],[2,4]]", "encoder-dilations" },
  { "[[1,2],[1,2],[2,4]]", "[[[[[[[[[[[[1]]]]]]]]]]]]", "architecture" },
  { "\"skips\":true", "\"skips\":1", "skips" },
  { "\"skips\":true", "\"skips\":true,\"skips\":false", "already has" },
};

static void
test_json_refusals (void)
{
  g_autoptr (GstSodArchitecture) base = make_preset ("base", 1);
  g_autofree gchar *json = gst_sod_architecture_to_json (base);

  for (guint i = 0; i < G_N_ELEMENTS (breakages); i++) {
    g_autoptr (GString) broken = g_string_new (json);
    g_autoptr (GError) error = NULL;

    g_assert_cmpuint (
        g_string_replace (broken, breakages[i].from, breakages[i].to, 1), ==,
        1);
    g_assert_null (gst_sod_architecture_new_from_json (broken->str, &error));
    g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, breakages[i].names));
  }
}

/* Channels of the value called @label, for an input of @input. */
static gint64
channels_of (
    const GstSodGraph *graph, const GstSodShape *shapes, const gchar *label)
{
  GstSodValue value = gst_sod_graph_find (graph, label);

  g_assert_cmpuint (value, !=, GST_SOD_NO_VALUE);
  return shapes[value].dims[1];
}

static void
test_reverse_channels (void)
{
  static const gint expected[] = { 32, 48, 96, 112, 128, 128, 96 };
  g_autoptr (GstSodArchitecture) reverse = make_preset ("reverse", 1);
  g_autoptr (GstSodGraph) graph = gst_sod_architecture_build (reverse);
  GstSodShape input = gst_sod_shape_nchw (4, 1, 96, 160);
  g_autoptr (GError) error = NULL;
  g_autofree GstSodShape *shapes =
      gst_sod_graph_infer_shapes (graph, &input, &error);
  GstSodShape image = gst_sod_shape_nchw (4, 3, 48, 80);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    g_autofree gchar *label = g_strdup_printf ("trans.%u", i);

    g_assert_cmpint (channels_of (graph, shapes, label), ==, expected[i]);
  }
  g_assert_true (gst_sod_shape_equal (&shapes[graph->output], &image));
  g_assert_cmpuint (gst_sod_graph_find (graph, "image"), ==, graph->output);
}

static guint
count_nodes (const GstSodGraph *graph, GstSodOpKind kind)
{
  guint n = 0;

  for (guint i = 0; i < graph->nodes->len; i++)
    n += gst_sod_graph_node (graph, i)->kind == kind;
  return n;
}

static void
test_paper_has_no_skips (void)
{
  g_autoptr (GstSodArchitecture) paper = make_preset ("paper", 1);
  g_autoptr (GstSodArchitecture) base = make_preset ("base", 1);
  g_autoptr (GstSodGraph) without = gst_sod_architecture_build (paper);
  g_autoptr (GstSodGraph) with = gst_sod_architecture_build (base);

  g_assert_cmpuint (count_nodes (without, GST_SOD_OP_ADD), ==, 0);
  g_assert_cmpuint (count_nodes (with, GST_SOD_OP_ADD), ==, 3);
  /* Three in the first layer, six in each half, one at the end. */
  g_assert_cmpuint (count_nodes (with, GST_SOD_OP_CONV2D), ==, 16);
}

static void
test_odd_inputs_are_refused (void)
{
  g_autoptr (GstSodArchitecture) base = make_preset ("base", 1);
  g_autoptr (GstSodGraph) graph = gst_sod_architecture_build (base);
  GstSodShape input = gst_sod_shape_nchw (1, 3, 190, 320);
  g_autoptr (GError) error = NULL;

  g_assert_null (gst_sod_graph_infer_shapes (graph, &input, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "multiple of 16"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/architecture/json/round-trip", test_json_round_trip);
  g_test_add_func (
      "/architecture/json/refusals-name-the-field", test_json_refusals);
  g_test_add_func ("/architecture/preset/refusals", test_preset_refusals);
  g_test_add_func (
      "/architecture/reverse/channels-of-the-method", test_reverse_channels);
  g_test_add_func ("/architecture/paper/has-no-skips", test_paper_has_no_skips);
  g_test_add_func ("/architecture/base/refuses-inputs-it-cannot-join",
      test_odd_inputs_are_refused);
  return g_test_run ();
}
