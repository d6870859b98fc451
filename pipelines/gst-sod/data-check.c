/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod data check: reads all of a data set and names what is wrong. */
#include "data-source.h"
#include "json.h"

typedef struct
{
  SodDataOptions data;
} Options;

/* What is wrong with each frame, as sentences that name it. */
static void
find_problems (GstSodDataset *dataset, const SodDataFrame *frames,
    gboolean masks_are_due, GPtrArray *problems, guint *n_empty)
{
  for (guint i = 0; i < gst_sod_dataset_get_n_items (dataset); i++) {
    const gchar *path = gst_sod_dataset_get_image_path (dataset, i);
    g_autofree gchar *shown = g_filename_display_name (path);

    if (frames[i].error != NULL)
      g_ptr_array_add (problems, g_strdup (frames[i].error->message));
    else if (masks_are_due && !gst_sod_dataset_is_labelled (dataset, i))
      g_ptr_array_add (problems,
          g_strdup_printf ("%s: has no mask; add it, or use --sparse", shown));
    else if (frames[i].brightest > 0)
      g_ptr_array_add (problems,
          g_strdup_printf ("%s: its mask has no foreground (more than 128), "
                           "but values up to %u: are they indices? Convert "
                           "them to 0 and 255",
              shown, frames[i].brightest));
    else if (frames[i].share == 0)
      (*n_empty)++;
  }
}

static void
print_json (GstSodDataset *dataset, const GPtrArray *problems, guint n_empty)
{
  g_autoptr (GString) json = g_string_new ("{");

  sod_data_describe (dataset, json);
  sod_json_integer (json, "empty_masks", n_empty);
  sod_json_open (json, "problems", '[');
  for (guint i = 0; i < problems->len; i++)
    sod_json_string (json, NULL, g_ptr_array_index (problems, i));
  sod_json_close (json, ']');
  sod_json_close (json, '}');
  g_print ("%s\n", json->str);
}

static void
print_text (GstSodDataset *dataset, const GPtrArray *problems, guint n_empty)
{
  for (guint i = 0; i < problems->len; i++)
    g_print ("%s\n", (const gchar *) g_ptr_array_index (problems, i));
  g_print ("%u frames in %u sequences, %u of them labelled, %u of these with "
           "an empty mask: %u problems\n",
      gst_sod_dataset_get_n_items (dataset),
      gst_sod_dataset_get_n_sequences (dataset),
      gst_sod_dataset_get_n_labelled (dataset), n_empty, problems->len);
}

/* Where the strict list fails, the list without masks tells of the rest. */
static GstSodDataset *
open_dataset (const Options *options, gboolean *masks_are_due, GError **error)
{
  g_autoptr (GError) strict = NULL;
  GstSodDataset *dataset = sod_data_open (&options->data, FALSE, &strict);

  if (dataset != NULL || options->data.sparse
      || !g_error_matches (strict, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND)) {
    if (dataset == NULL)
      g_propagate_error (error, g_steal_pointer (&strict));
    return dataset;
  }
  *masks_are_due = TRUE;
  return sod_data_open (&options->data, TRUE, error);
}

static SodExit
run (gpointer data, gchar **words, GError **error)
{
  const Options *options = data;
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  gboolean masks_are_due = FALSE;
  SodDataFrame *frames;
  guint n_empty = 0;
  SodExit status;

  if (!sod_data_check_words (words, "data check", error))
    return SOD_EXIT_REFUSED;
  dataset = open_dataset (options, &masks_are_due, error);
  if (dataset == NULL)
    return SOD_EXIT_REFUSED;
  frames = sod_data_scan (dataset, options->data.quiet, &status);
  if (frames == NULL)
    return status;
  find_problems (dataset, frames, masks_are_due, problems, &n_empty);
  if (options->data.json)
    print_json (dataset, problems, n_empty);
  else
    print_text (dataset, problems, n_empty);
  sod_data_frames_free (frames, gst_sod_dataset_get_n_items (dataset));
  return problems->len > 0 ? SOD_EXIT_SOME_FAILED : SOD_EXIT_OK;
}

static const SodOption options[] = {
  SOD_DATA_OPTIONS,
  { NULL },
};

const SodCommand sod_command_data_check = {
  .name = "data check",
  .summary = "Reads all of a data set and names what is wrong with it",
  .parameters = "",
  .description =
      "Every picture and mask is decoded: missing, cut-off and empty files, "
      "masks of another size and masks that hold indices are named, each with "
      "its path and the way out. An empty mask is a label and is counted.\n\n"
      "  gst-sod data check --layout=davis --root=davis2016\n"
      "  gst-sod data check --images=frames --masks=masks --json\n",
  .options = options,
  .size = sizeof (Options),
  .run = run,
};
