/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod store import-labels: what a labelling tool made, back into the
 * store. */
#include <string.h>

#include "json.h"
#include "store.h"

typedef struct
{
  gchar *from;
  gboolean json;
} Options;

typedef struct
{
  GstSodStore *store;
  GstSodSamples *samples;
  GHashTable *by_name; /* id -> sample + 1 */
  guint n_imported, n_unchanged, n_unlabelled;
  GString *failures; /* elements of a JSON array */
  guint n_failed;
} Import;

static void
fail (Import *self, const gchar *name, const gchar *reason)
{
  self->n_failed++;
  g_printerr ("%s: %s\n", name, reason);
  sod_json_open (self->failures, NULL, '{');
  sod_json_string (self->failures, "name", name);
  sod_json_string (self->failures, "reason", reason);
  sod_json_close (self->failures, '}');
}

/* Whether the store has this very label already. */
static gboolean
is_there (Import *self, const gchar *id, GstSodImage *mask)
{
  guint sample = GPOINTER_TO_UINT (g_hash_table_lookup (self->by_name, id));
  g_autoptr (GstSodImage) label = NULL;
  g_autoptr (GBytes) old = NULL;
  g_autoptr (GBytes) new = NULL;

  if (sample == 0
      || !gst_sod_samples_read (self->samples, sample - 1, NULL, &label, NULL)
      || label == NULL)
    return FALSE;
  old = gst_sod_image_get_gray (label);
  new = gst_sod_image_get_gray (mask);
  return g_bytes_equal (old, new);
}

/* @error: why there is no @mask */
static void
take (Import *self, const gchar *name, GstSodImage *mask, const GError *error)
{
  g_autofree gchar *id = sod_frames_find_id (name);
  g_autofree gchar *shown = g_filename_display_name (name);
  g_autoptr (GError) failure = NULL;

  if (id == NULL)
    fail (self, shown,
        "its name is not that of a frame, NODE_NUMBER; keep the names that "
        "gst-sod store export gives");
  else if (mask == NULL)
    fail (self, shown, error->message);
  else if (is_there (self, id, mask))
    self->n_unchanged++;
  else if (gst_sod_store_set_label (self->store, id, mask, &failure))
    self->n_imported++;
  else
    fail (self, shown, failure->message);
}

/* ---- polygons ---- */

static gboolean
ends_in (const gchar *path, const gchar *extension)
{
  g_autofree gchar *lower = g_ascii_strdown (path, -1);

  return g_str_has_suffix (lower, extension);
}

static gboolean
holds (const gchar *folder, const gchar *extension)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    if (ends_in (name, extension))
      return TRUE;
  }
  return FALSE;
}

/* The tool that the files are of, as --from names it. */
static const gchar *
guess (const gchar *path)
{
  g_autofree gchar *inner = g_build_filename (path, "annotations", NULL);

  if (ends_in (path, ".xml") || holds (path, ".xml") || holds (inner, ".xml"))
    return "cvat";
  if (ends_in (path, ".json") || holds (inner, ".json"))
    return "coco";
  if (holds (path, ".jpg") && holds (path, ".json"))
    return "labelme";
  return holds (path, ".json") ? "coco" : "masks";
}

static gboolean
import_polygons (
    Import *self, const gchar *from, const gchar *path, GError **error)
{
  GstSodDatasetLayout layout;
  g_autoptr (GstSodDataset) dataset = NULL;

  if (!gst_sod_dataset_layout_from_name (from, &layout, error))
    return FALSE;
  dataset = gst_sod_dataset_open (
      layout, path, NULL, GST_SOD_DATASET_FLAG_SPARSE, error);
  if (dataset == NULL)
    return FALSE;
  for (guint i = 0; i < gst_sod_dataset_get_n_items (dataset); i++) {
    g_autoptr (GstSodImage) mask = NULL;
    g_autoptr (GError) failure = NULL;

    if (!gst_sod_dataset_is_labelled (dataset, i)) {
      self->n_unlabelled++;
      continue;
    }
    gst_sod_dataset_read (dataset, i, NULL, &mask, &failure);
    take (self, gst_sod_dataset_get_item_name (dataset, i), mask, failure);
  }
  return TRUE;
}

/* ---- pictures of masks ---- */

static gint
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar *const *) a, *(gchar *const *) b);
}

static gboolean
import_masks (Import *self, const gchar *path, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const gchar *name;

  if (dir == NULL)
    return FALSE;
  while ((name = g_dir_read_name (dir)) != NULL) {
    if (ends_in (name, ".png"))
      g_ptr_array_add (names, g_strdup (name));
  }
  g_ptr_array_sort (names, compare);
  for (guint i = 0; i < names->len; i++) {
    const gchar *file = g_ptr_array_index (names, i);
    g_autofree gchar *whole = g_build_filename (path, file, NULL);
    g_autofree gchar *stem = g_strndup (file, strlen (file) - 4);
    g_autoptr (GError) failure = NULL;
    g_autoptr (GstSodImage) mask = gst_sod_picture_read_mask (whole, &failure);

    take (self, stem, mask, failure);
  }
  if (names->len > 0)
    return TRUE;
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
      "%s: has neither annotations of COCO, CVAT or LabelMe nor PNG masks",
      path);
  return FALSE;
}

static void
print (const Import *self, gboolean as_json)
{
  g_autoptr (GString) json = g_string_new ("{");

  if (!as_json) {
    g_print ("%u labels imported, %u unchanged, %u frames unlabelled, %u "
             "failed\n",
        self->n_imported, self->n_unchanged, self->n_unlabelled,
        self->n_failed);
    return;
  }
  sod_json_integer (json, "imported", self->n_imported);
  sod_json_integer (json, "unchanged", self->n_unchanged);
  sod_json_integer (json, "unlabelled", self->n_unlabelled);
  sod_json_raw (json, "failed", self->failures->str);
  sod_json_close (json, '}');
  g_print ("%s\n", json->str);
}

static SodExit
run (gpointer data, gchar **words, GError **error)
{
  const Options *options = data;
  g_autoptr (GstSodStore) store = NULL;
  g_autoptr (GstSodSamples) samples = NULL;
  g_autoptr (GHashTable) by_name = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GString) failures = g_string_new ("[");
  Import self = { .by_name = by_name, .failures = failures };
  const gchar *from;
  gboolean done;

  if (!sod_frames_check_words (
          words, "store import-labels", "STORE DIR", error))
    return SOD_EXIT_REFUSED;
  store = gst_sod_store_open (words[0], GST_SOD_STORE_FLAG_NONE, error);
  samples = store != NULL ? gst_sod_store_snapshot (store, NULL, error) : NULL;
  if (samples == NULL)
    return SOD_EXIT_REFUSED;
  self.store = store;
  self.samples = samples;
  for (guint i = 0; i < gst_sod_samples_get_n_samples (samples); i++)
    g_hash_table_insert (by_name,
        (gpointer) gst_sod_samples_get_name (samples, i),
        GUINT_TO_POINTER (i + 1));
  from = options->from != NULL ? options->from : guess (words[1]);
  done = g_str_equal (from, "masks")
             ? import_masks (&self, words[1], error)
             : import_polygons (&self, from, words[1], error);
  if (!done)
    return SOD_EXIT_REFUSED;
  sod_json_close (failures, ']');
  print (&self, options->json);
  return self.n_failed > 0 ? SOD_EXIT_SOME_FAILED : SOD_EXIT_OK;
}

static const SodOption options[] = {
  { "from", 0, G_OPTION_ARG_STRING, G_STRUCT_OFFSET (Options, from),
      "Whose files they are (default: what they look like)",
      "coco|cvat|labelme|masks" },
  { "json", 0, G_OPTION_ARG_NONE, G_STRUCT_OFFSET (Options, json),
      "Print one JSON object", NULL },
  { NULL },
};

const SodCommand sod_command_store_import_labels = {
  .name = "store import-labels",
  .summary = "Brings labels back into a store",
  .parameters = "STORE DIR",
  .description =
      "Reads what a labelling tool made of an exported folder, or a folder of "
      "PNG masks NODE_NUMBER.png, and stores it as the labels of those frames. "
      "The tool's file of annotations belongs into the exported folder, in the "
      "place of the one there, or is named itself. A label that the store has "
      "already is left alone, so the command may be run again. Polygons that "
      "were proposed and not touched become labels too: delete what was not "
      "looked at.\n\n"
      "  gst-sod store import-labels frames todo\n"
      "  gst-sod store import-labels frames todo/instances.json --json\n",
  .options = options,
  .size = sizeof (Options),
  .run = run,
};
