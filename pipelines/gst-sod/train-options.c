/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What gst-sod train may be asked, and the settings that come of it: the
 * preset, then the file, then the options, each over what was there before. */
#include "train-options.h"

#include <string.h>

/* What makes no sense beside --compare, or NULL. */
static const gchar *
find_comparison_problem (
    const SodTrainOptions *options, gchar **words, gboolean has_data)
{
  if (words[0] == NULL || words[1] == NULL)
    return "--compare needs two runs or more: the folders that their --out "
           "named";
  if (has_data || options->store != NULL || options->resume || options->dry_run)
    return "--compare trains nothing: leave data sets, --resume and --dry-run "
           "away";
  return options->out == NULL ? "where is the page to go? Give --out" : NULL;
}

const gchar *
sod_train_options_find_problem (const SodTrainOptions *options, gchar **words)
{
  gboolean has_data = options->data.root != NULL || options->data.images != NULL
                      || options->data.layout != NULL;

  if (options->list_settings)
    return NULL;
  if (options->compare)
    return find_comparison_problem (options, words, has_data);
  if (words[0] != NULL && words[1] != NULL)
    return "one file of settings and data is read: give the rest as --setting";
  if (words[0] == NULL && !has_data && options->store == NULL)
    return "what is to be learnt from? Give a file with groups [data NAME], or "
           "--layout and --root, or --store";
  if (options->held_out != NULL && !has_data)
    return "--held-out is a set of the data set: give --layout and --root";
  if (options->out == NULL && !options->dry_run)
    return "where are the models to go? Give --out";
  if (options->dry_run && options->resume)
    return "--dry-run trains nothing: leave --resume away";
  if (options->max_time < 0)
    return "--max-time is in seconds";
  return NULL;
}

/* ---- settings ---- */

/* Takes the groups of data out of @file, into one of their own. */
static GKeyFile *
take_data (GKeyFile *file)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  GKeyFile *data = g_key_file_new ();

  for (guint i = 0; groups[i] != NULL; i++) {
    g_auto (GStrv) keys = g_key_file_get_keys (file, groups[i], NULL, NULL);

    if (!g_str_has_prefix (groups[i], "data "))
      continue;
    for (guint k = 0; keys != NULL && keys[k] != NULL; k++) {
      g_autofree gchar *value =
          g_key_file_get_value (file, groups[i], keys[k], NULL);

      g_key_file_set_value (data, groups[i], keys[k], value);
    }
    g_key_file_remove_group (file, groups[i], NULL);
  }
  return data;
}

static gboolean
load_file (GstSodTrainingSettings *settings, const gchar *path,
    GKeyFile **data_file, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree gchar *shown = g_filename_display_name (path);
  g_autofree gchar *text = NULL;

  if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
    g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
        "%s is a folder, where a file of settings was expected; a frame store "
        "is given with --store, a data set with --layout and --root",
        shown);
    return FALSE;
  }
  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, error)) {
    g_prefix_error (error, "%s: ", shown);
    return FALSE;
  }
  *data_file = take_data (file);
  text = g_key_file_to_data (file, NULL, NULL);
  return gst_sod_training_settings_load_string (settings, shown, text, error);
}

static gboolean
set_word (GstSodTrainingSettings *settings, const gchar *word, GError **error)
{
  const gchar *equals = strchr (word, '=');
  g_autofree gchar *key = NULL;

  if (equals == NULL) {
    g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
        "--setting is SECTION.KEY=VALUE, found \"%s\"; --list-settings shows "
        "them",
        word);
    return FALSE;
  }
  key = g_strndup (word, (gsize) (equals - word));
  return gst_sod_training_settings_set (settings, key, equals + 1, error);
}

static gboolean
set_options (GstSodTrainingSettings *settings, const SodTrainOptions *options,
    GError **error)
{
  g_autofree gchar *checkpoint =
      options->out != NULL ? g_build_filename (options->out, "checkpoint", NULL)
                           : g_strdup ("");
  g_autofree gchar *seed = g_strdup_printf ("%" G_GINT64_FORMAT, options->seed);
  gchar time[G_ASCII_DTOSTR_BUF_SIZE];

  for (guint i = 0; options->settings != NULL && options->settings[i] != NULL;
       i++) {
    if (!set_word (settings, options->settings[i], error))
      return FALSE;
  }
  if (options->seed >= 0
      && !gst_sod_training_settings_set (settings, "run.seed", seed, error))
    return FALSE;
  if (options->max_time > 0
      && !gst_sod_training_settings_set (settings, "run.max-time",
          g_ascii_dtostr (time, sizeof (time), options->max_time), error))
    return FALSE;
  return gst_sod_training_settings_set (
      settings, "run.checkpoint-path", checkpoint, error);
}

GstSodTrainingSettings *
sod_train_options_make_settings (const SodTrainOptions *options, gchar **words,
    GKeyFile **data_file, GError **error)
{
  const gchar *preset = options->preset != NULL ? options->preset : "effective";
  g_autoptr (GstSodTrainingSettings) settings =
      gst_sod_training_settings_new (preset, error);

  *data_file = NULL;
  if (settings == NULL
      || (words[0] != NULL && !load_file (settings, words[0], data_file, error))
      || !set_options (settings, options, error)) {
    g_clear_pointer (data_file, g_key_file_unref);
    return NULL;
  }
  return g_steal_pointer (&settings);
}

/* ---- documents ---- */

#define OPTION(name, arg, field, text, value)                                  \
  {                                                                            \
    name, 0, G_OPTION_ARG_##arg, G_STRUCT_OFFSET (SodTrainOptions, field),     \
        text, value                                                            \
  }

const SodOption sod_train_options[] = {
  SOD_DATA_OPTIONS,
  OPTION ("held-out", FILENAME, held_out,
      "Set of the data set that networks are judged by and do not learn from",
      "NAME|FILE"),
  OPTION ("store", FILENAME, store,
      "Learn from this frame store: a network for each of its nodes", "DIR"),
  OPTION ("preset", STRING, preset,
      "Where all settings start from (effective); paper: as the paper "
      "prescribes",
      "effective|paper"),
  OPTION ("setting", STRING_ARRAY, settings,
      "Another value for a setting; may be given again", "SECTION.KEY=VALUE"),
  OPTION ("list-settings", NONE, list_settings,
      "Print the settings there are, with their values and what they do", NULL),
  OPTION ("seed", INT64, seed,
      "Of weights, order and augmentation, in the place of the settings'", "N"),
  OPTION ("start", FILENAME, start,
      "Model that base networks start from, a file or the name of one that is "
      "installed, or a folder with one for each node, as --out becomes; "
      "without it random weights",
      "FILE|NAME|DIR"),
  OPTION ("reverse", FILENAME, reverse,
      "Model that the reverse network starts from", "FILE|NAME"),
  OPTION ("out", FILENAME, out,
      "Folder for models, settings, record, report and checkpoint", "DIR"),
  OPTION ("resume", NONE, resume,
      "Go on from the checkpoint in --out, as if nothing had happened", NULL),
  OPTION ("dry-run", NONE, dry_run,
      "Say what it would take in time and memory, and train nothing", NULL),
  OPTION ("compare", NONE, compare,
      "Train nothing: write a page of the runs RUN... side by side into --out",
      NULL),
  OPTION ("max-time", DOUBLE, max_time, "End after so long", "SECONDS"),
  { .name = NULL },
};

const gchar sod_train_description[] =
    "Trains base networks, one for each node, and the reverse network through "
    "the three phases of the method: initialisation, augmented and "
    "semi-supervised (docs/training.md). With one node and run.last-phase=1 it "
    "is ordinary supervised training.\n"
    "\n"
    "  gst-sod train --layout davis --root DAVIS --set fit --held-out dev \\\n"
    "    --setting run.last-phase=1 --out mine\n"
    "  gst-sod train models/recipes/base.ini --out base\n"
    "  gst-sod train --store /var/lib/cameras --out models --max-time 3600\n"
    "  gst-sod train --compare --out side-by-side first second third\n"
    "\n"
    "A file has the settings as [section] and key=value, and what to learn "
    "from as groups [data NAME] with the keys layout, root, images, masks, "
    "set, scenarios and sparse as the options of these names, node (whose "
    "frames they are; scenario: a node for each), role (train or held-out), "
    "every (each Nth frame), repeat (how often they are there), labelled "
    "(share of whole "
    "sequences that keep their labels) and seed. Paths start at the file's "
    "folder; ${NAME} in them is a variable of the environment.\n"
    "\n"
    "Ctrl-C ends it after the step it is at and leaves a checkpoint; --resume "
    "goes on from there. --out gets NODE.safetensors, reverse.safetensors, "
    "settings.ini, run.json and index.html. --compare "
    "takes such folders and says in which settings they differ, what they "
    "score and what each gains over the first.";
