/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "soddatasetplan.h"

/* Streams of random numbers: one an epoch behind the library's own. */
#define FIRST_STREAM 0x10000

struct _SodDatasetPlan
{
  gatomicrefcount ref_count;
  SodDatasetSettings settings;
  GstSodDataset *dataset;
  GHashTable *labelled; /* paths of pictures, or NULL = all that have masks */
  gchar *description;
};

void
sod_dataset_settings_copy (
    SodDatasetSettings *out, const SodDatasetSettings *settings)
{
  *out = *settings;
  out->location = g_strdup (settings->location);
  out->images = g_strdup (settings->images);
  out->masks = g_strdup (settings->masks);
  out->set = g_strdup (settings->set);
  out->scenario = g_strdup (settings->scenario);
  out->scenario_file = g_strdup (settings->scenario_file);
}

void
sod_dataset_settings_clear (SodDatasetSettings *settings)
{
  g_clear_pointer (&settings->location, g_free);
  g_clear_pointer (&settings->images, g_free);
  g_clear_pointer (&settings->masks, g_free);
  g_clear_pointer (&settings->set, g_free);
  g_clear_pointer (&settings->scenario, g_free);
  g_clear_pointer (&settings->scenario_file, g_free);
}

static GstSodDataset *
open_dataset (const SodDatasetSettings *settings, GError **error)
{
  GstSodDatasetFlags flags = settings->sparse ? GST_SOD_DATASET_FLAG_SPARSE
                                              : GST_SOD_DATASET_FLAG_NONE;

  if (settings->images != NULL && settings->masks != NULL)
    return gst_sod_dataset_open_pairs (
        settings->images, settings->masks, settings->set, flags, error);
  if (settings->location != NULL)
    return gst_sod_dataset_open (
        settings->layout, settings->location, settings->set, flags, error);
  g_set_error_literal (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
      "there is no data set to read: set location to its folder, or images and "
      "masks to two folders");
  return NULL;
}

/* The file that was named, or scenarios.csv in the data set or beside it.
 * (transfer full) (nullable) */
static gchar *
find_scenarios (const SodDatasetSettings *settings)
{
  g_autofree gchar *inside = NULL;
  g_autofree gchar *beside = NULL;
  const gchar *root =
      settings->location != NULL ? settings->location : settings->images;

  if (settings->scenario_file != NULL)
    return g_strdup (settings->scenario_file);
  inside = g_build_filename (root, "scenarios.csv", NULL);
  if (g_file_test (inside, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&inside);
  beside = g_build_filename (root, "..", "scenarios.csv", NULL);
  return g_file_test (beside, G_FILE_TEST_EXISTS) ? g_steal_pointer (&beside)
                                                  : NULL;
}

static gboolean
choose_scenario (SodDatasetPlan *self, GError **error)
{
  g_autofree gchar *path = NULL;
  g_autoptr (GstSodDataset) known = NULL;
  g_autoptr (GstSodDataset) chosen = NULL;

  if (self->settings.scenario == NULL)
    return TRUE;
  path = find_scenarios (&self->settings);
  if (path == NULL) {
    g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        "the scenario %s is asked for, but there is no scenarios.csv in the "
        "data set or beside it: set scenario-file",
        self->settings.scenario);
    return FALSE;
  }
  known = gst_sod_dataset_add_scenarios (self->dataset, path, error);
  if (known == NULL)
    return FALSE;
  chosen =
      gst_sod_dataset_select_scenario (known, self->settings.scenario, error);
  if (chosen == NULL)
    return FALSE;
  g_set_object (&self->dataset, chosen);
  return TRUE;
}

static void
mark_labelled (SodDatasetPlan *self, GstSodDataset *train)
{
  self->labelled =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < gst_sod_dataset_get_n_items (train); i++)
    g_hash_table_add (
        self->labelled, g_strdup (gst_sod_dataset_get_image_path (train, i)));
}

static gboolean
draw_split (SodDatasetPlan *self, GError **error)
{
  const SodDatasetSettings *settings = &self->settings;
  g_autoptr (GstSodSplit) split = NULL;
  GstSodDataset *played;

  if (settings->split == SOD_SPLIT_METHOD_NONE)
    return TRUE;
  if (settings->split == SOD_SPLIT_METHOD_PREFIX)
    split = gst_sod_split_new_prefix (self->dataset, settings->fraction, error);
  else
    split = gst_sod_split_new_sequences (
        self->dataset, settings->fraction, settings->seed, error);
  if (split == NULL)
    return FALSE;
  self->description = gst_sod_split_to_json (split);
  played = settings->part == SOD_SPLIT_PART_TEST
               ? gst_sod_split_get_test (split)
               : gst_sod_split_get_train (split);
  if (settings->part == SOD_SPLIT_PART_ALL)
    mark_labelled (self, played);
  else
    g_set_object (&self->dataset, played);
  return TRUE;
}

SodDatasetPlan *
sod_dataset_plan_new (const SodDatasetSettings *settings, GError **error)
{
  SodDatasetPlan *self = g_new0 (SodDatasetPlan, 1);

  g_atomic_ref_count_init (&self->ref_count);
  sod_dataset_settings_copy (&self->settings, settings);
  self->dataset = open_dataset (settings, error);
  if (self->dataset != NULL && choose_scenario (self, error)
      && draw_split (self, error)) {
    if (gst_sod_dataset_get_n_items (self->dataset) > 0)
      return self;
    g_set_error_literal (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        "no frame is left: the split takes all of them to the other part; set "
        "another fraction or part");
  }
  sod_dataset_plan_unref (self);
  return NULL;
}

SodDatasetPlan *
sod_dataset_plan_ref (SodDatasetPlan *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
sod_dataset_plan_unref (SodDatasetPlan *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  sod_dataset_settings_clear (&self->settings);
  g_clear_object (&self->dataset);
  g_clear_pointer (&self->labelled, g_hash_table_unref);
  g_free (self->description);
  g_free (self);
}

guint64
sod_dataset_plan_get_n_frames (const SodDatasetPlan *self)
{
  guint64 n = gst_sod_dataset_get_n_items (self->dataset);

  return self->settings.epochs > 0 ? n * self->settings.epochs : G_MAXUINT64;
}

GstSodDataset *
sod_dataset_plan_get_dataset (const SodDatasetPlan *self)
{
  return self->dataset;
}

typedef struct
{
  guint first, n;
} Run;

/* Sequences, and stills one by one. */
static GArray *
collect_runs (GstSodDataset *dataset)
{
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (Run));

  for (guint s = 0; s < gst_sod_dataset_get_n_sequences (dataset); s++) {
    guint first;
    guint n = gst_sod_dataset_get_sequence_range (dataset, s, &first);
    gboolean is_stills =
        gst_sod_dataset_get_sequence_name (dataset, s)[0] == '\0';

    for (guint i = 0; i < (is_stills ? n : 1); i++) {
      Run run = { first + i, is_stills ? 1 : n };

      g_array_append_val (runs, run);
    }
  }
  return runs;
}

/* Fisher and Yates. */
static void
shuffle (GArray *runs, guint64 seed, guint64 epoch)
{
  g_autoptr (GstSodRandom) random =
      gst_sod_random_new (seed, FIRST_STREAM + epoch);

  for (guint i = runs->len; i > 1; i--) {
    guint other = gst_sod_random_below (random, i);
    Run run = g_array_index (runs, Run, i - 1);

    g_array_index (runs, Run, i - 1) = g_array_index (runs, Run, other);
    g_array_index (runs, Run, other) = run;
  }
}

guint *
sod_dataset_plan_get_order (const SodDatasetPlan *self, guint64 epoch)
{
  g_autoptr (GArray) runs = collect_runs (self->dataset);
  guint *order = g_new (guint, gst_sod_dataset_get_n_items (self->dataset));
  guint n = 0;

  if (self->settings.shuffle)
    shuffle (runs, self->settings.seed, epoch);
  for (guint i = 0; i < runs->len; i++) {
    const Run *run = &g_array_index (runs, Run, i);

    for (guint j = 0; j < run->n; j++)
      order[n++] = run->first + j;
  }
  return order;
}

gboolean
sod_dataset_plan_has_label (const SodDatasetPlan *self, guint item)
{
  if (!gst_sod_dataset_is_labelled (self->dataset, item))
    return FALSE;
  return self->labelled == NULL
         || g_hash_table_contains (self->labelled,
             gst_sod_dataset_get_image_path (self->dataset, item));
}

GstClockTime
sod_dataset_plan_get_time (const SodDatasetPlan *self, guint64 n)
{
  return gst_util_uint64_scale (
      n, GST_SECOND * self->settings.rate_d, (guint64) self->settings.rate_n);
}

guint64
sod_dataset_plan_get_frame (const SodDatasetPlan *self, GstClockTime time)
{
  return gst_util_uint64_scale_round (time, (guint64) self->settings.rate_n,
      GST_SECOND * self->settings.rate_d);
}

const SodDatasetSettings *
sod_dataset_plan_get_settings (const SodDatasetPlan *self)
{
  return &self->settings;
}

const gchar *
sod_dataset_plan_get_description (const SodDatasetPlan *self)
{
  return self->description;
}
