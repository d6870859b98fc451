/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What gst-sod train learns from: the groups "data NAME" of its file. */
#include "train-data.h"

#include <string.h>

#include "command.h"

#define GROUP "data "
#define BY_SCENARIO "scenario"

struct _SodTrainData
{
  GPtrArray *nodes; /* of SodTrainNode */
};

static void
free_node (gpointer data)
{
  SodTrainNode *node = data;

  g_free (node->name);
  g_ptr_array_unref (node->parts);
  g_array_unref (node->repeats);
  g_ptr_array_unref (node->held_out);
  g_free (node);
}

SodTrainData *
sod_train_data_new (void)
{
  SodTrainData *self = g_new0 (SodTrainData, 1);

  self->nodes = g_ptr_array_new_with_free_func (free_node);
  return self;
}

void
sod_train_data_free (SodTrainData *self)
{
  g_ptr_array_unref (self->nodes);
  g_free (self);
}

guint
sod_train_data_get_n_nodes (const SodTrainData *self)
{
  return self->nodes->len;
}

const SodTrainNode *
sod_train_data_get_node (const SodTrainData *self, guint node)
{
  return g_ptr_array_index (self->nodes, node);
}

/* ---- nodes ---- */

static SodTrainNode *
ensure_node (SodTrainData *self, const gchar *name)
{
  SodTrainNode *node;

  for (guint i = 0; i < self->nodes->len; i++) {
    node = g_ptr_array_index (self->nodes, i);
    if (g_str_equal (node->name, name))
      return node;
  }
  node = g_new0 (SodTrainNode, 1);
  node->name = g_strdup (name);
  node->parts = g_ptr_array_new_with_free_func (g_object_unref);
  node->repeats = g_array_new (FALSE, FALSE, sizeof (gdouble));
  node->held_out = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (self->nodes, node);
  return node;
}

void
sod_train_data_add (SodTrainData *self, const gchar *name,
    GstSodSamples *samples, gdouble repeat)
{
  SodTrainNode *node = ensure_node (self, name);

  g_ptr_array_add (node->parts, g_object_ref (samples));
  g_array_append_val (node->repeats, repeat);
}

void
sod_train_data_add_held_out (
    SodTrainData *self, const gchar *name, GstSodSamples *samples)
{
  g_ptr_array_add (ensure_node (self, name)->held_out, g_object_ref (samples));
}

GstSodSamples *
sod_train_node_get_samples (const SodTrainNode *node)
{
  if (node->parts->len == 0)
    return NULL;
  return gst_sod_samples_new_mixture (
      (GstSodSamples *const *) node->parts->pdata,
      (const gdouble *) (gconstpointer) node->repeats->data, node->parts->len);
}

GstSodSamples *
sod_train_node_get_held_out (const SodTrainNode *node)
{
  if (node->held_out->len == 0)
    return NULL;
  return gst_sod_samples_new_mixture (
      (GstSodSamples *const *) node->held_out->pdata, NULL,
      node->held_out->len);
}

/* ---- a group of the file ---- */

/* What a group says. */
typedef struct
{
  GKeyFile *file;
  const gchar *group, *path;
  GstSodDatasetLayout layout;
  gchar *root, *images, *masks, *set, *scenarios;
  gchar *node;
  gboolean sparse, held_out;
  gint every;
  gdouble repeat, labelled;
  guint64 seed;
} Group;

static void
clear_group (Group *self)
{
  g_free (self->root);
  g_free (self->images);
  g_free (self->masks);
  g_free (self->set);
  g_free (self->scenarios);
  g_free (self->node);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Group, clear_group)

static gboolean refuse (const Group *self, GError **error, const gchar *format,
    ...) G_GNUC_PRINTF (3, 4);

static gboolean
refuse (const Group *self, GError **error, const gchar *format, ...)
{
  g_autofree gchar *shown = g_filename_display_name (self->path);
  g_autofree gchar *problem = NULL;
  va_list arguments;

  va_start (arguments, format);
  problem = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
      "%s, group [%s]: %s", shown, self->group, problem);
  return FALSE;
}

/* A variable that is not set is left as it stands, and is not found then. */
static gchar *
expand (const gchar *text)
{
  GString *out = g_string_new (NULL);
  const gchar *end;

  while (*text != '\0') {
    end = g_str_has_prefix (text, "${") ? strchr (text, '}') : NULL;
    if (end != NULL) {
      g_autofree gchar *name = g_strndup (text + 2, (gsize) (end - text) - 2);
      const gchar *value = g_getenv (name);

      if (value != NULL) {
        g_string_append (out, value);
        text = end + 1;
        continue;
      }
    }
    g_string_append_c (out, *text++);
  }
  return g_string_free (out, FALSE);
}

/* (transfer full) (nullable) */
static gchar *
get_text (const Group *self, const gchar *key)
{
  return g_key_file_get_string (self->file, self->group, key, NULL);
}

/* From the file's folder on. (transfer full) (nullable) */
static gchar *
get_path (const Group *self, const gchar *key)
{
  g_autofree gchar *text = get_text (self, key);
  g_autofree gchar *path = text != NULL ? expand (text) : NULL;
  g_autofree gchar *folder = g_path_get_dirname (self->path);

  if (path == NULL || g_path_is_absolute (path))
    return g_steal_pointer (&path);
  return g_build_filename (folder, path, NULL);
}

/* The name of a set of the layout's, else a list file. */
static gchar *
get_set (const Group *self)
{
  g_autofree gchar *text = get_text (self, "set");

  if (text == NULL || strchr (text, G_DIR_SEPARATOR) == NULL)
    return g_steal_pointer (&text);
  return get_path (self, "set");
}

static gboolean
get_number (const Group *self, const gchar *key, gdouble least, gdouble most,
    gdouble *value, GError **error)
{
  g_autofree gchar *text = get_text (self, key);
  gchar *end = NULL;
  gdouble number;

  if (text == NULL)
    return TRUE;
  number = g_ascii_strtod (text, &end);
  if (end == text || *end != '\0' || !(number >= least && number <= most))
    return refuse (self, error, "%s is a number from %g to %g, found \"%s\"",
        key, least, most, text);
  *value = number;
  return TRUE;
}

static gboolean
get_flag (const Group *self, const gchar *key, gboolean *value, GError **error)
{
  g_autofree gchar *text = get_text (self, key);

  if (text == NULL)
    return TRUE;
  if (!g_str_equal (text, "yes") && !g_str_equal (text, "no"))
    return refuse (self, error, "%s is yes or no, found \"%s\"", key, text);
  *value = g_str_equal (text, "yes");
  return TRUE;
}

static gboolean
check_keys (const Group *self, GError **error)
{
  static const gchar *const known[] = { "layout", "root", "images", "masks",
    "set", "scenarios", "sparse", "node", "role", "every", "repeat", "labelled",
    "seed", NULL };
  g_auto (GStrv) keys =
      g_key_file_get_keys (self->file, self->group, NULL, NULL);
  g_autofree gchar *all = g_strjoinv (", ", (gchar **) known);

  for (guint i = 0; keys != NULL && keys[i] != NULL; i++) {
    if (!g_strv_contains (known, keys[i]))
      return refuse (
          self, error, "there is no key %s; there are %s", keys[i], all);
  }
  return TRUE;
}

static gboolean
read_role (Group *self, GError **error)
{
  g_autofree gchar *role = get_text (self, "role");

  if (role != NULL && !g_str_equal (role, "train")
      && !g_str_equal (role, "held-out"))
    return refuse (
        self, error, "role is train or held-out, found \"%s\"", role);
  self->held_out = g_strcmp0 (role, "held-out") == 0;
  return TRUE;
}

static gboolean
read_layout (Group *self, GError **error)
{
  g_autofree gchar *layout = get_text (self, "layout");

  self->root = get_path (self, "root");
  self->images = get_path (self, "images");
  self->masks = get_path (self, "masks");
  self->set = get_set (self);
  self->scenarios = get_path (self, "scenarios");
  if (self->images != NULL && self->masks != NULL && self->root == NULL)
    return TRUE;
  if (layout == NULL || self->root == NULL || self->images != NULL
      || self->masks != NULL)
    return refuse (self, error,
        "which data set? Give layout and root, or images and masks");
  return gst_sod_dataset_layout_from_name (layout, &self->layout, error);
}

static gboolean
read_group (Group *self, GError **error)
{
  gdouble every = 1, seed = 0;

  self->labelled = self->repeat = 1;
  self->node = get_text (self, "node");
  if (self->node == NULL)
    self->node = g_strdup ("base");
  if (!check_keys (self, error) || !read_role (self, error)
      || !read_layout (self, error)
      || !get_flag (self, "sparse", &self->sparse, error)
      || !get_number (self, "every", 1, G_MAXINT, &every, error)
      || !get_number (self, "repeat", 1e-6, 1e6, &self->repeat, error)
      || !get_number (self, "labelled", 0, 1, &self->labelled, error)
      || !get_number (self, "seed", 0, G_MAXUINT32, &seed, error))
    return FALSE;
  self->every = (gint) every;
  self->seed = (guint64) seed;
  if (g_str_equal (self->node, BY_SCENARIO) && self->scenarios == NULL)
    return refuse (self, error,
        "node=scenario needs scenarios, the table of lines "
        "SEQUENCE,SCENARIO");
  return TRUE;
}

/* ---- its data set ---- */

/* Each Nth frame of each sequence; (transfer full). */
static GstSodDataset *
thin (GstSodDataset *dataset, guint every)
{
  g_autoptr (GArray) items = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < gst_sod_dataset_get_n_sequences (dataset); i++) {
    guint first, n = gst_sod_dataset_get_sequence_range (dataset, i, &first);

    for (guint at = first; at < first + n; at += every)
      g_array_append_val (items, at);
  }
  return gst_sod_dataset_select_items (
      dataset, (const guint *) (gconstpointer) items->data, items->len);
}

static GstSodDataset *
open_dataset (const Group *self, GError **error)
{
  GstSodDatasetFlags flags =
      self->sparse ? GST_SOD_DATASET_FLAG_SPARSE : GST_SOD_DATASET_FLAG_NONE;
  g_autoptr (GstSodDataset) all =
      self->images != NULL ? gst_sod_dataset_open_pairs (
          self->images, self->masks, self->set, flags, error)
                           : gst_sod_dataset_open (self->layout, self->root,
                               self->set, flags, error);
  g_autoptr (GstSodDataset) told = NULL;

  if (all == NULL)
    return NULL;
  told = self->scenarios != NULL
             ? gst_sod_dataset_add_scenarios (all, self->scenarios, error)
             : g_object_ref (all);
  return told != NULL ? thin (told, (guint) self->every) : NULL;
}

/* Some of whose labels are hidden; (transfer full). */
static GstSodSamples *
hide_labels (const Group *self, GstSodDataset *dataset, GError **error)
{
  if (self->labelled >= 1)
    return GST_SOD_SAMPLES (g_object_ref (dataset));
  return gst_sod_samples_new_labelled_fraction (GST_SOD_SAMPLES (dataset),
      self->labelled, GST_SOD_LABEL_DRAW_SEQUENCES, self->seed, error);
}

static gboolean
add_samples (SodTrainData *self, const Group *group, const gchar *node,
    GstSodDataset *dataset, GError **error)
{
  g_autoptr (GstSodSamples) samples = NULL;

  if (group->held_out) {
    sod_train_data_add_held_out (self, node, GST_SOD_SAMPLES (dataset));
    return TRUE;
  }
  samples = hide_labels (group, dataset, error);
  if (samples == NULL)
    return FALSE;
  sod_train_data_add (self, node, samples, group->repeat);
  return TRUE;
}

static gboolean
add_scenarios (SodTrainData *self, const Group *group, GstSodDataset *dataset,
    GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < gst_sod_dataset_get_n_sequences (dataset); i++) {
    const gchar *scenario = gst_sod_dataset_get_scenario (dataset, i);
    g_autoptr (GstSodDataset) part = NULL;

    if (scenario == NULL || !g_hash_table_add (seen, (gpointer) scenario))
      continue;
    part = gst_sod_dataset_select_scenario (dataset, scenario, error);
    if (part == NULL)
      return FALSE;
    if (!add_samples (self, group, scenario, part, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_group (SodTrainData *self, Group *group, GError **error)
{
  g_autoptr (GstSodDataset) dataset = NULL;

  if (!read_group (group, error))
    return FALSE;
  dataset = open_dataset (group, error);
  if (dataset == NULL) {
    g_prefix_error (error, "group [%s]: ", group->group);
    return FALSE;
  }
  if (g_str_equal (group->node, BY_SCENARIO))
    return add_scenarios (self, group, dataset, error);
  return add_samples (self, group, group->node, dataset, error);
}

gboolean
sod_train_data_add_file (
    SodTrainData *self, GKeyFile *file, const gchar *path, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);

  for (guint i = 0; groups[i] != NULL; i++) {
    g_auto (Group) group = { .file = file, .group = groups[i], .path = path };

    if (!g_str_has_prefix (groups[i], GROUP))
      continue;
    if (!add_group (self, &group, error))
      return FALSE;
    g_key_file_remove_group (file, groups[i], NULL);
  }
  return TRUE;
}

/* ---- a store ---- */

/* Of a node's labelled frames in the order of time, the last are held out. */
#define HELD_OUT_SHARE 0.2
#define LEAST_TO_HOLD_OUT 10

/* "node" of "node/000123"; (transfer full) */
static gchar *
get_node_name (GstSodSamples *samples, guint sample)
{
  const gchar *name = gst_sod_samples_get_name (samples, sample);
  const gchar *slash = strrchr (name, '/');

  return g_strndup (
      name, slash != NULL ? (gsize) (slash - name) : strlen (name));
}

static void
add_store_node (SodTrainData *self, const gchar *name, GstSodSamples *samples)
{
  g_autoptr (GstSodSamples) train = NULL, late = NULL, held_out = NULL;
  guint n_labelled = gst_sod_samples_get_n_labelled (samples);

  gst_sod_samples_divide (samples,
      n_labelled < LEAST_TO_HOLD_OUT ? 0 : HELD_OUT_SHARE, &train, &late);
  sod_train_data_add (self, name, train, 1);
  if (late == NULL)
    return;
  held_out = gst_sod_samples_new_labelled (late);
  sod_train_data_add_held_out (self, name, held_out);
}

gboolean
sod_train_data_add_store (SodTrainData *self, const gchar *path, GError **error)
{
  g_autoptr (GstSodStore) store =
      gst_sod_store_open (path, GST_SOD_STORE_FLAG_READ_ONLY, error);
  g_autoptr (GstSodSamples) all =
      store != NULL ? gst_sod_store_snapshot (store, NULL, error) : NULL;
  g_autoptr (GHashTable) seen =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint n = all != NULL ? gst_sod_samples_get_n_samples (all) : 0;

  if (all == NULL)
    return FALSE;
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *node = get_node_name (all, i);
    g_autoptr (GstSodSamples) samples = NULL;

    if (g_hash_table_contains (seen, node))
      continue;
    samples = gst_sod_store_snapshot (store, node, error);
    if (samples == NULL)
      return FALSE;
    add_store_node (self, node, samples);
    g_hash_table_add (seen, g_steal_pointer (&node));
  }
  return TRUE;
}
