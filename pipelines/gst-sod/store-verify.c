/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod store verify and store prune: whether a store is whole, and making it
 * smaller. */
#include "json.h"
#include "store.h"

typedef struct
{
  gchar *max_size, *max_node_size, *max_age;
  gboolean json;
} Options;

/* ---- verify ---- */

typedef struct
{
  gboolean json;
  guint n;
} Damages;

static void
note_damage (GstSodStore *store, const gchar *file, guint64 offset,
    guint64 size, const gchar *reason, gpointer user_data)
{
  Damages *damages = user_data;
  g_autofree gchar *shown = g_filename_display_name (file);

  damages->n++;
  if (!damages->json)
    g_print ("%s: byte %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT
             " bytes: %s\n",
        shown, offset, size, reason);
}

static SodExit
run_verify (gpointer data, gchar **words, GError **error)
{
  const Options *options = data;
  g_autoptr (GstSodStore) store = NULL;
  g_autofree gchar *json = NULL;
  Damages damages = { options->json, 0 };

  if (!sod_frames_check_words (words, "store verify", "STORE", error))
    return SOD_EXIT_REFUSED;
  store = gst_sod_store_open (words[0], GST_SOD_STORE_FLAG_READ_ONLY, error);
  if (store == NULL)
    return SOD_EXIT_REFUSED;
  g_signal_connect (store, "damage", G_CALLBACK (note_damage), &damages);
  json = gst_sod_store_verify (store, NULL, error);
  if (json == NULL)
    return SOD_EXIT_REFUSED;
  if (options->json)
    g_print ("%s\n", json);
  else if (damages.n == 0)
    g_print ("%s: sound\n", words[0]);
  return damages.n > 0 ? SOD_EXIT_SOME_FAILED : SOD_EXIT_OK;
}

/* ---- prune ---- */

static gboolean
set_limits (GstSodStore *store, const Options *options, GError **error)
{
  guint64 size = 0, node_size = 0;
  guint age = 0;

  if (options->max_size == NULL && options->max_node_size == NULL
      && options->max_age == NULL) {
    g_set_error_literal (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
        "prune to what? --max-size, --max-node-size or --max-age");
    return FALSE;
  }
  if ((options->max_size != NULL
          && !sod_frames_parse_size (
              options->max_size, "max-size", &size, error))
      || (options->max_node_size != NULL
          && !sod_frames_parse_size (
              options->max_node_size, "max-node-size", &node_size, error))
      || (options->max_age != NULL
          && !sod_frames_parse_age (options->max_age, "max-age", &age, error)))
    return FALSE;
  g_object_set (store, "max-size", size, "max-node-size", node_size, "max-age",
      age, NULL);
  return TRUE;
}

static SodExit
run_prune (gpointer data, gchar **words, GError **error)
{
  const Options *options = data;
  g_autoptr (GstSodStore) store = NULL;
  g_autoptr (GString) json = g_string_new ("{");
  g_autofree gchar *freed = NULL;
  g_autofree gchar *left = NULL;
  guint64 n_bytes;

  if (!sod_frames_check_words (words, "store prune", "STORE", error))
    return SOD_EXIT_REFUSED;
  store = gst_sod_store_open (words[0], GST_SOD_STORE_FLAG_NONE, error);
  if (store == NULL || !set_limits (store, options, error)
      || !gst_sod_store_prune (store, &n_bytes, error))
    return SOD_EXIT_REFUSED;
  sod_json_integer (json, "freed", n_bytes);
  sod_json_integer (json, "bytes", gst_sod_store_get_n_bytes (store));
  sod_json_close (json, '}');
  freed = g_format_size (n_bytes);
  left = g_format_size (gst_sod_store_get_n_bytes (store));
  if (options->json)
    g_print ("%s\n", json->str);
  else
    g_print ("%s freed, %s left\n", freed, left);
  return SOD_EXIT_OK;
}

#define OPTION(name, arg, field, text, value)                                  \
  {                                                                            \
    name, 0, G_OPTION_ARG_##arg, G_STRUCT_OFFSET (Options, field), text, value \
  }

static const SodOption verify_options[] = {
  OPTION ("json", NONE, json, "Print one JSON object", NULL),
  { NULL },
};

static const SodOption prune_options[] = {
  OPTION ("max-size", STRING, max_size, "What the store may take", "BYTES"),
  OPTION ("max-node-size", STRING, max_node_size, "What each node may take",
      "BYTES"),
  OPTION ("max-age", STRING, max_age,
      "How old frames may be that are not labelled", "TIME"),
  OPTION ("json", NONE, json, "Print one JSON object", NULL),
  { NULL },
};

const SodCommand sod_command_store_verify = {
  .name = "store verify",
  .summary = "Reads all of a store and names what is damaged",
  .parameters = "STORE",
  .description =
      "Checks and decodes every record. Damage is named with file and byte; "
      "everything else is whole and is used. A store may be verified while "
      "something writes to it: a record that is being written then may be "
      "named.\n\n"
      "  gst-sod store verify frames\n"
      "  gst-sod store verify frames --json\n",
  .options = verify_options,
  .size = sizeof (Options),
  .run = run_verify,
};

const SodCommand sod_command_store_prune = {
  .name = "store prune",
  .summary = "Gives up the oldest frames of a store",
  .parameters = "STORE",
  .description =
      "Files go whole, the oldest first. Labelled frames are carried over into "
      "newer files, and go only where nothing else is left. The newest file of "
      "a node stays, but for its age.\n\n"
      "  gst-sod store prune frames --max-size 20G\n"
      "  gst-sod store prune frames --max-age 7d\n",
  .options = prune_options,
  .size = sizeof (Options),
  .run = run_prune,
};
