/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod store list and store stats: what a store holds. */
#include "json.h"
#include "store.h"

typedef struct
{
  gchar *node;
  gboolean labelled, unlabelled;
  gboolean json;
} Options;

/* ---- list ---- */

static gboolean
is_wanted (const Options *options, GstSodSamples *samples, guint sample)
{
  gboolean labelled = gst_sod_samples_is_labelled (samples, sample);

  return (!options->labelled || labelled)
         && (!options->unlabelled || !labelled);
}

static void
list_json (GstSodStoreSnapshot *snapshot, guint sample)
{
  GstSodSamples *samples = GST_SOD_SAMPLES (snapshot);
  g_autoptr (GString) json = g_string_new ("{");
  g_autofree gchar *time = sod_frames_format_time (
      gst_sod_store_snapshot_get_wall_time (snapshot, sample));
  g_autofree gchar *stream = g_strdup_printf ("%" G_GINT64_FORMAT,
      gst_sod_store_snapshot_get_stream_time (snapshot, sample));
  gint width, height;

  gst_sod_store_snapshot_get_size (snapshot, sample, &width, &height);
  sod_json_string (json, "id", gst_sod_samples_get_name (samples, sample));
  sod_json_string (json, "time", time);
  sod_json_raw (json, "stream_time_us", stream);
  sod_json_integer (json, "sequence",
      gst_sod_store_snapshot_get_node_sequence (snapshot, sample));
  sod_json_integer (json, "width", (guint64) width);
  sod_json_integer (json, "height", (guint64) height);
  sod_json_integer (
      json, "bytes", gst_sod_store_snapshot_get_n_bytes (snapshot, sample));
  sod_json_boolean (
      json, "labelled", gst_sod_samples_is_labelled (samples, sample));
  sod_json_close (json, '}');
  g_print ("%s\n", json->str);
}

static void
list_text (GstSodStoreSnapshot *snapshot, guint sample)
{
  GstSodSamples *samples = GST_SOD_SAMPLES (snapshot);
  g_autofree gchar *time = sod_frames_format_time (
      gst_sod_store_snapshot_get_wall_time (snapshot, sample));
  g_autofree gchar *size = NULL;
  gint width, height;

  gst_sod_store_snapshot_get_size (snapshot, sample, &width, &height);
  size = g_strdup_printf ("%dx%d", width, height);
  g_print ("%-24s %s %9s %8" G_GUINT64_FORMAT " %s\n",
      gst_sod_samples_get_name (samples, sample), time, size,
      gst_sod_store_snapshot_get_n_bytes (snapshot, sample),
      gst_sod_samples_is_labelled (samples, sample) ? "labelled" : "-");
}

static SodExit
run_list (gpointer data, gchar **words, GError **error)
{
  const Options *options = data;
  g_autoptr (GstSodStoreSnapshot) snapshot = NULL;
  guint n;

  if (!sod_frames_check_words (words, "store list", "STORE", error))
    return SOD_EXIT_REFUSED;
  snapshot = sod_frames_open (words[0], options->node, NULL, error);
  if (snapshot == NULL)
    return SOD_EXIT_REFUSED;
  n = gst_sod_samples_get_n_samples (GST_SOD_SAMPLES (snapshot));
  for (guint i = 0; i < n; i++) {
    if (!is_wanted (options, GST_SOD_SAMPLES (snapshot), i))
      continue;
    if (options->json)
      list_json (snapshot, i);
    else
      list_text (snapshot, i);
  }
  return SOD_EXIT_OK;
}

/* ---- stats ---- */

/* Of frames that follow one another. */
static void
print_node (GstSodStoreSnapshot *snapshot, guint first, guint end)
{
  guint n_labelled = 0;
  guint64 n_bytes = 0;
  g_autofree gchar *oldest = sod_frames_format_time (
      gst_sod_store_snapshot_get_wall_time (snapshot, first));
  g_autofree gchar *newest = sod_frames_format_time (
      gst_sod_store_snapshot_get_wall_time (snapshot, end - 1));
  g_autofree gchar *size = NULL;

  for (guint i = first; i < end; i++) {
    n_labelled +=
        gst_sod_samples_is_labelled (GST_SOD_SAMPLES (snapshot), i) ? 1 : 0;
    n_bytes += gst_sod_store_snapshot_get_n_bytes (snapshot, i);
  }
  size = g_format_size (n_bytes);
  g_print ("%-24s %8u %8u %10s  %s  %s\n",
      gst_sod_store_snapshot_get_node (snapshot, first), end - first,
      n_labelled, size, oldest, newest);
}

static void
print_stats (GstSodStore *store, GstSodStoreSnapshot *snapshot)
{
  guint n = gst_sod_samples_get_n_samples (GST_SOD_SAMPLES (snapshot));
  g_autofree gchar *size = g_format_size (gst_sod_store_get_n_bytes (store));
  guint n_damaged = gst_sod_store_get_n_damaged (store);

  g_print ("%-24s %8s %8s %10s  %-20s  %s\n", "node", "frames", "labelled",
      "size", "oldest", "newest");
  for (guint first = 0, i = 1; first < n; i++) {
    if (i < n
        && g_str_equal (gst_sod_store_snapshot_get_node (snapshot, i),
            gst_sod_store_snapshot_get_node (snapshot, first)))
      continue;
    print_node (snapshot, first, i);
    first = i;
  }
  g_print ("%u frames, %u labelled, %s on the disk\n", n,
      gst_sod_samples_get_n_labelled (GST_SOD_SAMPLES (snapshot)), size);
  if (n_damaged > 0)
    g_print ("%u damaged (gst-sod store verify names them)\n", n_damaged);
}

static SodExit
run_stats (gpointer data, gchar **words, GError **error)
{
  const Options *options = data;
  g_autoptr (GstSodStoreSnapshot) snapshot = NULL;
  g_autoptr (GstSodStore) store = NULL;
  g_autofree gchar *json = NULL;

  if (!sod_frames_check_words (words, "store stats", "STORE", error))
    return SOD_EXIT_REFUSED;
  snapshot = sod_frames_open (words[0], NULL, &store, error);
  if (snapshot == NULL)
    return SOD_EXIT_REFUSED;
  if (!options->json) {
    print_stats (store, snapshot);
    return SOD_EXIT_OK;
  }
  json = gst_sod_store_get_statistics (store, error);
  if (json == NULL)
    return SOD_EXIT_REFUSED;
  g_print ("%s\n", json);
  return SOD_EXIT_OK;
}

#define OPTION(name, arg, field, text, value)                                  \
  {                                                                            \
    name, 0, G_OPTION_ARG_##arg, G_STRUCT_OFFSET (Options, field), text, value \
  }

static const SodOption list_options[] = {
  OPTION ("node", STRING, node, "Only the frames of one node", "NAME"),
  OPTION ("labelled", NONE, labelled, "Only labelled frames", NULL),
  OPTION ("unlabelled", NONE, unlabelled, "Only unlabelled frames", NULL),
  OPTION ("json", NONE, json, "Print a JSON object a line", NULL),
  { NULL },
};

static const SodOption stats_options[] = {
  OPTION ("json", NONE, json, "Print one JSON object", NULL),
  { NULL },
};

const SodCommand sod_command_store_list = {
  .name = "store list",
  .summary = "Lists the frames of a store",
  .parameters = "STORE",
  .description =
      "A line a frame: what it is called, when it was taken (UTC), its size in "
      "pixels and bytes, and whether it is labelled. A store may be read while "
      "something writes to it.\n\n"
      "  gst-sod store list frames --node door\n"
      "  gst-sod store list frames --unlabelled --json\n",
  .options = list_options,
  .size = sizeof (Options),
  .run = run_list,
};

const SodCommand sod_command_store_stats = {
  .name = "store stats",
  .summary = "Counts what a store holds",
  .parameters = "STORE",
  .description =
      "Frames, labels, bytes and times of each node, and how many stretches "
      "of its files are no records (any more).\n\n"
      "  gst-sod store stats frames\n"
      "  gst-sod store stats frames --json\n",
  .options = stats_options,
  .size = sizeof (Options),
  .run = run_stats,
};
