/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/dataset.h>

#include <string.h>

#include <gst-sod/data/dataset-private.h>

#define MAX_SCENARIOS ((gsize) 64 << 20)

static GstSodDataset *
select_array (GstSodDataset *self, GPtrArray *items)
{
  g_autoptr (GHashTable) scenarios = gst_sod_dataset_collect_scenarios (self);
  GstSodDataset *selected = gst_sod_dataset_new_take (
      self->layout, self->root, self->set, items, scenarios);

  selected->frame_rate = self->frame_rate;
  return selected;
}

/**
 * gst_sod_dataset_select_items:
 * @self: a data set
 * @items: (array length=n_items): which frames; their order does not matter,
 *   and one that is there twice counts once
 * @n_items: how many
 *
 * Makes a data set of some of the frames. Nothing is copied.
 *
 * Returns: (transfer full): the data set
 *
 * Since: 0.1
 */
GstSodDataset *
gst_sod_dataset_select_items (
    GstSodDataset *self, const guint *items, gsize n_items)
{
  g_autofree guint8 *wanted = NULL;
  GPtrArray *chosen;

  g_return_val_if_fail (GST_SOD_IS_DATASET (self), NULL);
  g_return_val_if_fail (items != NULL || n_items == 0, NULL);

  wanted = g_new0 (guint8, self->items->len + 1);
  for (gsize i = 0; i < n_items; i++) {
    g_return_val_if_fail (items[i] < self->items->len, NULL);
    wanted[items[i]] = 1;
  }
  chosen = gst_sod_items_new ();
  for (guint i = 0; i < self->items->len; i++) {
    if (wanted[i])
      g_ptr_array_add (
          chosen, gst_sod_item_ref (g_ptr_array_index (self->items, i)));
  }
  return select_array (self, chosen);
}

/**
 * gst_sod_dataset_select_list:
 * @self: a data set
 * @path: (type filename): a list file, as gst_sod_dataset_open() reads it
 * @error: return location for an error
 *
 * Makes a data set of the frames that a list names.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND for a list that is missing or names what is
 * not in @self, %GST_SOD_ERROR_IO, %GST_SOD_ERROR_FORMAT for an empty list.
 *
 * Returns: (transfer full): the data set, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodDataset *
gst_sod_dataset_select_list (
    GstSodDataset *self, const gchar *path, GError **error)
{
  GPtrArray *chosen;

  g_return_val_if_fail (GST_SOD_IS_DATASET (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);

  chosen = gst_sod_list_file_select (self->items, self->root, path, error);
  return chosen != NULL ? select_array (self, chosen) : NULL;
}

static gboolean
parse_scenarios (
    GHashTable *scenarios, const gchar *path, gchar *text, GError **error)
{
  guint number = 0;

  while (text != NULL) {
    gchar *line = text;
    gchar *comma;

    text = strchr (line, '\n');
    if (text != NULL)
      *text++ = '\0';
    number++;
    g_strchomp (line);
    if (line[0] == '\0'
        || (number == 1 && strcmp (line, "sequence,scenario") == 0))
      continue;
    comma = strrchr (line, ',');
    if (comma == NULL || comma == line || comma[1] == '\0') {
      g_autofree gchar *shown = g_filename_display_name (path);

      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
          "%s: line %u is not \"SEQUENCE,SCENARIO\"; mend it", shown, number);
      return FALSE;
    }
    *comma = '\0';
    g_hash_table_insert (
        scenarios, g_strdup (line), g_ref_string_new (comma + 1));
  }
  return TRUE;
}

/**
 * gst_sod_dataset_add_scenarios:
 * @self: a data set
 * @path: (type filename): a file of lines `SEQUENCE,SCENARIO`, which may begin
 *   with the line `sequence,scenario`
 * @error: return location for an error
 *
 * Makes a data set of the same frames that knows the scenarios of its
 * sequences. Sequences that the file does not name have none.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND, %GST_SOD_ERROR_IO, %GST_SOD_ERROR_FORMAT.
 *
 * Returns: (transfer full): the data set, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodDataset *
gst_sod_dataset_add_scenarios (
    GstSodDataset *self, const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GHashTable) scenarios = NULL;
  g_autofree gchar *text = NULL;
  GstSodDataset *named;

  g_return_val_if_fail (GST_SOD_IS_DATASET (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);

  bytes = gst_sod_file_read (path, MAX_SCENARIOS, error);
  if (bytes == NULL)
    return NULL;
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  scenarios = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ref_string_release);
  if (!parse_scenarios (scenarios, path, text, error))
    return NULL;
  named = gst_sod_dataset_new_take (self->layout, self->root, self->set,
      g_ptr_array_ref (self->items), scenarios);
  named->frame_rate = self->frame_rate;
  return named;
}

/**
 * gst_sod_dataset_select_scenario:
 * @self: a data set with scenarios
 * @scenario: one of them
 * @error: return location for an error
 *
 * Makes a data set of the sequences of one scenario.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND where no sequence has it.
 *
 * Returns: (transfer full): the data set, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodDataset *
gst_sod_dataset_select_scenario (
    GstSodDataset *self, const gchar *scenario, GError **error)
{
  g_autoptr (GPtrArray) chosen = NULL;

  g_return_val_if_fail (GST_SOD_IS_DATASET (self), NULL);
  g_return_val_if_fail (scenario != NULL, NULL);

  chosen = gst_sod_items_new ();
  for (guint i = 0; i < self->sequences->len; i++) {
    const GstSodSequence *sequence = gst_sod_dataset_sequence (self, i);

    if (g_strcmp0 (sequence->scenario, scenario) != 0)
      continue;
    for (guint j = 0; j < sequence->n_items; j++)
      g_ptr_array_add (chosen, gst_sod_item_ref (g_ptr_array_index (
                                   self->items, sequence->first + j)));
  }
  if (chosen->len == 0) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
        "no sequence is of the scenario \"%s\"; look at the scenario file",
        scenario);
    return NULL;
  }
  return select_array (self, g_steal_pointer (&chosen));
}
