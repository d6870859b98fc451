/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod data split: draws what to learn from and what to test on, and looks
 * whether the one leaks into the other. */
#include <glib/gstdio.h>
#include <string.h>

#include "data-source.h"

typedef struct
{
  SodDataOptions data;
  gchar *method;
  gdouble fraction;
  gint64 seed;
  gchar *list, *scenario, *test;
  gint distance;
  gboolean no_check, force;
  gchar *out;
} Options;

static void
init (gpointer data)
{
  Options *options = data;

  options->fraction = 0.8;
  options->distance = GST_SOD_SPLIT_DISTANCE;
}

static const gchar *
find_problem (const Options *options)
{
  const gchar *method = options->method;

  if (method == NULL)
    return "how is it to be split? Give --method";
  if (g_str_equal (method, "list") && options->list == NULL)
    return "--method=list needs --list, what to learn from";
  if (g_str_equal (method, "scenario")
      && (options->scenario == NULL || options->data.scenarios == NULL))
    return "--method=scenario needs --scenario and --scenarios, the table of "
           "them";
  if (g_str_equal (method, "sets") && options->test == NULL)
    return "--method=sets needs --set, what to learn from, and --test, what to "
           "test on";
  if (options->distance < 0 || options->distance > 64)
    return "--distance is 0 to 64 bits";
  if (options->no_check && options->force)
    return "--force is for the check: leave --no-check away";
  return NULL;
}

static GstSodSplit *
make_split (const Options *options, GstSodDataset *dataset, GError **error)
{
  const gchar *method = options->method;
  g_autoptr (GstSodDataset) test = NULL;

  if (g_str_equal (method, "sequences"))
    return gst_sod_split_new_sequences (
        dataset, options->fraction, (guint64) options->seed, error);
  if (g_str_equal (method, "prefix"))
    return gst_sod_split_new_prefix (dataset, options->fraction, error);
  if (g_str_equal (method, "list"))
    return gst_sod_split_new_list (dataset, options->list, error);
  if (g_str_equal (method, "scenario"))
    return gst_sod_split_new_scenario (dataset, options->scenario, error);
  if (g_str_equal (method, "sets")) {
    test = sod_data_open_set (&options->data, options->test, error);
    return test != NULL ? gst_sod_split_new (dataset, test) : NULL;
  }
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
      "there is no method %s: it is sequences, prefix, list, scenario or sets",
      method);
  return NULL;
}

/* ---- lists ---- */

static gboolean
write_list (GstSodDataset *dataset, const gchar *folder, const gchar *name,
    GError **error)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < gst_sod_dataset_get_n_items (dataset); i++) {
    guint sequence = gst_sod_dataset_get_item_sequence (dataset, i);
    const gchar *above = gst_sod_dataset_get_sequence_name (dataset, sequence);
    const gchar *frame = gst_sod_dataset_get_item_name (dataset, i);

    if (strpbrk (above, "\r\n") != NULL || strpbrk (frame, "\r\n") != NULL) {
      g_autofree gchar *shown =
          g_filename_display_name (gst_sod_dataset_get_image_path (dataset, i));

      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED,
          "%s: a list has a line for each name, and this one holds a line "
          "feed; rename it",
          shown);
      return FALSE;
    }
    g_string_append_printf (
        text, "%s%s%s\n", above, above[0] != '\0' ? "/" : "", frame);
  }
  return g_file_set_contents (path, text->str, (gssize) text->len, error);
}

static gboolean
write_lists (const Options *options, GstSodSplit *split, GError **error)
{
  g_autofree gchar *json = NULL;
  g_autofree gchar *path = NULL;

  if (options->out == NULL)
    return TRUE;
  if (g_mkdir_with_parents (options->out, 0777) != 0) {
    g_autofree gchar *shown = g_filename_display_name (options->out);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
        "%s: the folder cannot be made; name another with --out", shown);
    return FALSE;
  }
  json = gst_sod_split_to_json (split);
  path = g_build_filename (options->out, "split.json", NULL);
  return write_list (
             gst_sod_split_get_train (split), options->out, "train.txt", error)
         && write_list (
             gst_sod_split_get_test (split), options->out, "test.txt", error)
         && g_file_set_contents (path, json, -1, error);
}

/* ---- what is told ---- */

static void
print_side (const gchar *name, GstSodDataset *dataset)
{
  g_autofree gchar *hash = gst_sod_dataset_get_hash (dataset);

  g_print ("%-6s %6u frames, %6u labelled, %4u sequences  %.16s\n", name,
      gst_sod_dataset_get_n_items (dataset),
      gst_sod_dataset_get_n_labelled (dataset),
      gst_sod_dataset_get_n_sequences (dataset), hash);
}

static void
tell (const Options *options, GstSodSplit *split)
{
  g_autofree gchar *json = gst_sod_split_to_json (split);

  if (options->data.json) {
    g_print ("%s\n", json);
    return;
  }
  print_side ("train", gst_sod_split_get_train (split));
  print_side ("test", gst_sod_split_get_test (split));
  if (!gst_sod_split_is_checked (split))
    g_print ("not checked for leaks\n");
  else if (gst_sod_split_is_leaking (split))
    g_print ("LEAKING: results on it prove nothing\n");
  else
    g_print ("no leak\n");
}

static SodExit
run (gpointer data, gchar **words, GError **error)
{
  const Options *options = data;
  const gchar *problem = find_problem (options);
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GstSodSplit) split = NULL;

  if (!sod_data_check_words (words, "data split", error))
    return SOD_EXIT_REFUSED;
  if (problem != NULL) {
    g_set_error_literal (
        error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS, problem);
    return SOD_EXIT_REFUSED;
  }
  dataset = sod_data_open (&options->data, FALSE, error);
  split = dataset != NULL ? make_split (options, dataset, error) : NULL;
  if (split == NULL
      || (!options->no_check
          && !gst_sod_split_check (
              split, (guint) options->distance, options->force, error))
      || !write_lists (options, split, error))
    return SOD_EXIT_REFUSED;
  tell (options, split);
  return SOD_EXIT_OK;
}

#define OPTION(name, arg, field, text, value)                                  \
  {                                                                            \
    name, 0, G_OPTION_ARG_##arg, G_STRUCT_OFFSET (Options, field), text, value \
  }

static const SodOption options[] = {
  SOD_DATA_OPTIONS,
  OPTION ("method", STRING, method,
      "Draw whole sequences, the start of each, what a list names, a scenario, "
      "or take two sets as they are",
      "sequences|prefix|list|scenario|sets"),
  OPTION ("fraction", DOUBLE, fraction,
      "Share to learn from, 0 to 1 (default: 0.8)", "SHARE"),
  OPTION ("seed", INT64, seed, "Which draw (default: 0)", "N"),
  OPTION ("list", FILENAME, list, "What to learn from", "FILE"),
  OPTION ("scenario", STRING, scenario, "What to learn from", "NAME"),
  OPTION (
      "test", FILENAME, test, "The set to test on, with --set", "NAME|FILE"),
  OPTION ("distance", INT, distance,
      "Bits of 64 in which frames that look alike may differ (default: 8)",
      "BITS"),
  OPTION ("no-check", NONE, no_check, "Do not look for leaks", NULL),
  OPTION ("force", NONE, force, "Take a leaking split, and mark it", NULL),
  OPTION ("out", FILENAME, out,
      "Write train.txt, test.txt and split.json there", "DIR"),
  { NULL },
};

const SodCommand sod_command_data_split = {
  .name = "data split",
  .summary = "Splits a data set, and refuses a split whose test leaks",
  .parameters = "",
  .description =
      "A split leaks where a sequence is in both parts, or a frame to test on "
      "looks like one to learn from. Such a split is refused; --force takes it "
      "and marks it. The same data set, fraction and seed give the same split "
      "everywhere.\n\n"
      "  gst-sod data split --layout=davis --root=davis2016 "
      "--method=sequences --fraction=0.8 --seed=1 --out=split\n"
      "  gst-sod data split --layout=duts --root=DUTS-TR --method=sets "
      "--set=fit --test=dev --json\n",
  .options = options,
  .size = sizeof (Options),
  .init = init,
  .run = run,
};
