/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod data stats: what a data set consists of. */
#include <string.h>

#include "data-source.h"
#include "json.h"

typedef struct
{
  SodDataOptions data;
} Options;

/* Of some frames. */
typedef struct
{
  guint n, n_labelled, n_empty;
  gdouble least, most, sum; /* of the shares of foreground */
} Sums;

static Sums
sum_up (const SodDataFrame *frames, guint first, guint n)
{
  Sums sums = { .n = n, .least = 1 };

  for (guint i = first; i < first + n; i++) {
    if (frames[i].share < 0)
      continue;
    sums.n_labelled++;
    sums.n_empty += frames[i].share <= 0;
    sums.least = MIN (sums.least, frames[i].share);
    sums.most = MAX (sums.most, frames[i].share);
    sums.sum += frames[i].share;
  }
  return sums;
}

static gdouble
mean_of (const Sums *sums)
{
  return sums->n_labelled > 0 ? sums->sum / sums->n_labelled : 0.0;
}

/* "WIDTHxHEIGHT" -> how often. */
static GHashTable *
count_sizes (const SodDataFrame *frames, guint n)
{
  GHashTable *sizes =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < n; i++) {
    gchar *size = g_strdup_printf ("%dx%d", frames[i].width, frames[i].height);
    guint count = GPOINTER_TO_UINT (g_hash_table_lookup (sizes, size));

    g_hash_table_replace (sizes, size, GUINT_TO_POINTER (count + 1));
  }
  return sizes;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

static void
add_sums (GString *json, const Sums *sums)
{
  sod_json_integer (json, "empty_masks", sums->n_empty);
  sod_json_open (json, "foreground", '{');
  sod_json_number (json, "mean", mean_of (sums));
  sod_json_number (json, "least", sums->n_labelled > 0 ? sums->least : 0);
  sod_json_number (json, "most", sums->most);
  sod_json_close (json, '}');
}

static void
print_json (GstSodDataset *dataset, const SodDataFrame *frames)
{
  guint n = gst_sod_dataset_get_n_items (dataset);
  g_autoptr (GString) json = g_string_new ("{");
  g_autoptr (GHashTable) sizes = count_sizes (frames, n);
  g_autoptr (GList) names =
      g_list_sort (g_hash_table_get_keys (sizes), compare_names);
  Sums all = sum_up (frames, 0, n);

  sod_data_describe (dataset, json);
  add_sums (json, &all);
  sod_json_open (json, "sizes", '{');
  for (GList *at = names; at != NULL; at = at->next)
    sod_json_integer (json, at->data,
        GPOINTER_TO_UINT (g_hash_table_lookup (sizes, at->data)));
  sod_json_close (json, '}');
  sod_json_open (json, "by_sequence", '[');
  for (guint s = 0; s < gst_sod_dataset_get_n_sequences (dataset); s++) {
    guint first;
    guint n_items = gst_sod_dataset_get_sequence_range (dataset, s, &first);
    Sums sums = sum_up (frames, first, n_items);

    sod_json_open (json, NULL, '{');
    sod_json_string (
        json, "name", gst_sod_dataset_get_sequence_name (dataset, s));
    sod_json_string (
        json, "scenario", gst_sod_dataset_get_scenario (dataset, s));
    sod_json_integer (json, "frames", n_items);
    sod_json_integer (json, "labelled", sums.n_labelled);
    add_sums (json, &sums);
    sod_json_close (json, '}');
  }
  sod_json_close (json, ']');
  sod_json_close (json, '}');
  g_print ("%s\n", json->str);
}

static void
print_line (const gchar *name, const gchar *scenario, const Sums *sums)
{
  g_autofree gchar *shown = g_filename_display_name (name);

  g_print ("%-24s %7u %8u %6u %7.2f%% %7.2f%% %7.2f%%  %s\n", shown, sums->n,
      sums->n_labelled, sums->n_empty, 100 * mean_of (sums),
      sums->n_labelled > 0 ? 100 * sums->least : 0.0, 100 * sums->most,
      scenario != NULL ? scenario : "");
}

static void
print_text (GstSodDataset *dataset, const SodDataFrame *frames)
{
  guint n = gst_sod_dataset_get_n_items (dataset);
  g_autoptr (GHashTable) sizes = count_sizes (frames, n);
  g_autoptr (GList) names =
      g_list_sort (g_hash_table_get_keys (sizes), compare_names);
  Sums all = sum_up (frames, 0, n);

  g_print ("%-24s %7s %8s %6s %8s %8s %8s\n", "sequence", "frames", "labelled",
      "empty", "mean", "least", "most");
  for (guint s = 0; s < gst_sod_dataset_get_n_sequences (dataset); s++) {
    const gchar *name = gst_sod_dataset_get_sequence_name (dataset, s);
    guint first;
    guint n_items = gst_sod_dataset_get_sequence_range (dataset, s, &first);
    Sums sums = sum_up (frames, first, n_items);

    print_line (name[0] != '\0' ? name : "(stills)",
        gst_sod_dataset_get_scenario (dataset, s), &sums);
  }
  print_line ("all", NULL, &all);
  g_print ("mean, least and most: share of foreground\n");
  if (g_list_length (names) > 8) {
    g_print ("pictures are of %u sizes\n", g_list_length (names));
    return;
  }
  for (GList *at = names; at != NULL; at = at->next)
    g_print ("%u pictures of %s\n",
        GPOINTER_TO_UINT (g_hash_table_lookup (sizes, at->data)),
        (const gchar *) at->data);
}

static SodExit
run (gpointer data, gchar **words, GError **error)
{
  const Options *options = data;
  g_autoptr (GstSodDataset) dataset = NULL;
  SodExit status = SOD_EXIT_OK;
  SodDataFrame *frames;
  guint n;

  if (!sod_data_check_words (words, "data stats", error))
    return SOD_EXIT_REFUSED;
  dataset = sod_data_open (&options->data, FALSE, error);
  if (dataset == NULL)
    return SOD_EXIT_REFUSED;
  n = gst_sod_dataset_get_n_items (dataset);
  frames = sod_data_scan (dataset, options->data.quiet, &status);
  if (frames == NULL)
    return status;
  for (guint i = 0; i < n && status == SOD_EXIT_OK; i++) {
    if (frames[i].error == NULL)
      continue;
    g_propagate_error (error, g_steal_pointer (&frames[i].error));
    status = SOD_EXIT_REFUSED;
  }
  if (status == SOD_EXIT_OK && options->data.json)
    print_json (dataset, frames);
  else if (status == SOD_EXIT_OK)
    print_text (dataset, frames);
  sod_data_frames_free (frames, n);
  return status;
}

static const SodOption options[] = {
  SOD_DATA_OPTIONS,
  { NULL },
};

const SodCommand sod_command_data_stats = {
  .name = "data stats",
  .summary = "Counts a data set's frames, labels, sizes and foreground",
  .parameters = "",
  .description =
      "Every picture and mask is decoded. A file that cannot be read stops it: "
      "gst-sod data check names all of them.\n\n"
      "  gst-sod data stats --layout=davis --root=davis2016 --set=dev\n"
      "  gst-sod data stats --layout=duts --root=DUTS-TR --json\n",
  .options = options,
  .size = sizeof (Options),
  .run = run,
};
