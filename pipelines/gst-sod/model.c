/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod model info and model verify: what a model file is, and whether it is
 * whole. */
#include <gst-sod/gstsod.h>

#include "command.h"
#include "json.h"

typedef struct
{
  gboolean json;
} Options;

static gboolean
too_many (GError **error, const gchar *problem)
{
  g_set_error_literal (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS, problem);
  return FALSE;
}

/* Of the file's bytes. (transfer full) (nullable) */
static gchar *
hash_file (const gchar *path)
{
  g_autofree gchar *bytes = NULL;
  gsize size;

  if (!g_file_get_contents (path, &bytes, &size, NULL))
    return NULL;
  return g_compute_checksum_for_data (
      G_CHECKSUM_SHA256, (const guchar *) bytes, size);
}

/* What the model file says of itself, in the order of its documentation. */
static const gchar *const facts[] = { "input-rule", "quantisation", "scores",
  "lineage", "creator", "weights-sha256" };

/* What a network of two frames is given beside the frame. */
static const gchar *
get_second_input (GstSodNetwork *network)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (GST_SOD_TYPE_SECOND_INPUT);

  return g_enum_get_value (
      klass, (gint) gst_sod_network_get_second_input (network))
      ->value_nick;
}

static void
print_json (GstSodNetwork *network, const gchar *path)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  g_autofree gchar *hash = hash_file (path);
  g_autofree gchar *design = gst_sod_architecture_to_json (architecture);
  g_autoptr (GString) json = g_string_new ("{");

  sod_json_string (json, "path", path);
  sod_json_string (json, "sha256", hash);
  sod_json_string (json, "id", gst_sod_network_get_id (network));
  sod_json_string (json, "version", gst_sod_network_get_version (network));
  sod_json_raw (json, "architecture", design);
  sod_json_integer (json, "weights", gst_sod_network_get_n_weights (network));
  sod_json_integer (json, "flops", gst_sod_network_get_flops (network));
  sod_json_number (json, "threshold", gst_sod_network_get_threshold (network));
  sod_json_number (json, "frame_distance_ms",
      (gdouble) gst_sod_network_get_frame_distance (network) / 1e6);
  sod_json_string (json, "second_input", get_second_input (network));
  sod_json_open (json, "metadata", '{');
  for (guint i = 0; i < G_N_ELEMENTS (facts); i++) {
    const gchar *value = gst_sod_network_get_metadata (network, facts[i]);

    if (value != NULL)
      sod_json_string (json, facts[i], value);
  }
  sod_json_close (json, '}');
  sod_json_close (json, '}');
  g_print ("%s\n", json->str);
}

static void
print_input (GstSodNetwork *network)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  guint frames = gst_sod_architecture_get_input_frames (architecture);

  g_print ("  input      %u frame(s) of %dx%d\n", frames,
      gst_sod_architecture_get_input_width (architecture),
      gst_sod_architecture_get_input_height (architecture));
  if (frames > 1)
    g_print ("  second     %s, %.0f ms before\n", get_second_input (network),
        (gdouble) gst_sod_network_get_frame_distance (network) / 1e6);
}

static void
print_text (GstSodNetwork *network, const gchar *path)
{
  g_autofree gchar *shown = g_filename_display_name (path);
  g_autofree gchar *hash = hash_file (path);

  g_print ("%s\n  id         %s, version %s\n  sha256     %s\n", shown,
      gst_sod_network_get_id (network), gst_sod_network_get_version (network),
      hash != NULL ? hash : "");
  print_input (network);
  g_print ("  weights    %" G_GUINT64_FORMAT "\n  operations %.3f G a frame\n"
           "  threshold  %.3f\n",
      gst_sod_network_get_n_weights (network),
      (gdouble) gst_sod_network_get_flops (network) / 1e9,
      gst_sod_network_get_threshold (network));
  for (guint i = 0; i < G_N_ELEMENTS (facts); i++) {
    const gchar *value = gst_sod_network_get_metadata (network, facts[i]);

    if (value != NULL)
      g_print ("  %-10s %s\n", facts[i], value);
  }
}

static SodExit
run_info (gpointer data, gchar **words, GError **error)
{
  const Options *options = data;
  g_autofree gchar *path = NULL;
  g_autoptr (GstSodNetwork) network = NULL;

  if (words[0] != NULL && words[1] != NULL) {
    too_many (error, "model info takes one file");
    return SOD_EXIT_REFUSED;
  }
  path = gst_sod_network_find (words[0], error);
  if (path == NULL)
    return SOD_EXIT_REFUSED;
  network = gst_sod_network_new_from_file (path, error);
  if (network == NULL)
    return SOD_EXIT_REFUSED;
  if (options->json)
    print_json (network, path);
  else
    print_text (network, path);
  return SOD_EXIT_OK;
}

/* Whether the file is sound, and why not. */
static gboolean
verify (const gchar *name, GString *json, gboolean as_json)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *path = gst_sod_network_find (name, &error);
  g_autoptr (GstSodNetwork) network =
      path != NULL ? gst_sod_network_new_from_file (path, &error) : NULL;
  g_autofree gchar *shown = g_filename_display_name (name);
  g_autofree gchar *hash = network != NULL ? hash_file (path) : NULL;

  sod_json_open (json, NULL, '{');
  sod_json_string (json, "path", path != NULL ? path : name);
  sod_json_boolean (json, "sound", network != NULL);
  if (network != NULL)
    sod_json_string (json, "sha256", hash);
  else
    sod_json_string (json, "reason", error->message);
  sod_json_close (json, '}');
  if (!as_json && network != NULL)
    g_print ("%s: sound, sha256 %s\n", shown, hash != NULL ? hash : "");
  else if (!as_json)
    g_printerr ("%s\n", error->message);
  return network != NULL;
}

static SodExit
run_verify (gpointer data, gchar **words, GError **error)
{
  const Options *options = data;
  g_autoptr (GString) json = g_string_new ("[");
  guint n_bad = 0;

  if (words[0] == NULL) {
    too_many (error, "which model files?");
    return SOD_EXIT_REFUSED;
  }
  for (guint i = 0; words[i] != NULL; i++)
    n_bad += !verify (words[i], json, options->json);
  sod_json_close (json, ']');
  if (options->json)
    g_print ("%s\n", json->str);
  return n_bad > 0 ? SOD_EXIT_SOME_FAILED : SOD_EXIT_OK;
}

static const SodOption options[] = {
  { "json", 0, G_OPTION_ARG_NONE, G_STRUCT_OFFSET (Options, json), "Print JSON",
      NULL },
  { NULL },
};

const SodCommand sod_command_model_info = {
  .name = "model info",
  .summary = "Tells what a model file holds",
  .parameters = "[FILE]",
  .description =
      "Its name, network, size, threshold, scores and lineage, as the file "
      "says, and its SHA-256. Without a file: of the default model.\n\n"
      "  gst-sod model info\n"
      "  gst-sod model info door.safetensors --json\n",
  .options = options,
  .size = sizeof (Options),
  .run = run_info,
};

const SodCommand sod_command_model_verify = {
  .name = "model verify",
  .summary = "Looks whether model files are whole and sound",
  .parameters = "FILE...",
  .description =
      "Reads every length, shape and weight, as an element does before it "
      "takes a model up: what passes here is loaded there.\n\n"
      "  gst-sod model verify models/*.safetensors\n"
      "  gst-sod model verify door.safetensors --json\n",
  .options = options,
  .size = sizeof (Options),
  .run = run_verify,
};
