/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* List files: what a set consists of, one line an item or a sequence. */
#include <gst-sod/data/folder-private.h>

#include <string.h>

#define MAX_LIST ((gsize) 256 << 20)

/* What a line may name, and the items that it then means: 1 + the index of the
 * first of them. The items are sorted, so those of a sequence follow one
 * another. */
typedef struct
{
  GPtrArray *items;
  GHashTable *frames, *sequences; /* key -> 1 + index */
} Index;

static const gchar *
below (const gchar *path, const gchar *root)
{
  gsize n = strlen (root);

  while (n > 0 && root[n - 1] == '/')
    n--;
  if (strncmp (path, root, n) != 0 || path[n] != '/')
    return path;
  path += n;
  while (*path == '/')
    path++;
  return path;
}

static void
add_key (GHashTable *table, gchar *key, guint index)
{
  if (!g_hash_table_contains (table, key))
    g_hash_table_insert (table, key, GUINT_TO_POINTER (index + 1));
  else
    g_free (key);
}

static void
index_fill (Index *self, GPtrArray *items, const gchar *root)
{
  self->items = items;
  self->frames = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->sequences =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < items->len; i++) {
    const GstSodItem *item = g_ptr_array_index (items, i);
    const gchar *image = below (item->image, root);

    add_key (self->frames, g_strdup (image), i);
    if (item->sequence[0] == '\0') {
      add_key (self->frames, g_strdup (item->name), i);
      add_key (self->frames, g_path_get_basename (image), i);
    } else {
      add_key (
          self->frames, g_strconcat (item->sequence, "/", item->name, NULL), i);
      add_key (self->sequences, g_strdup (item->sequence), i);
    }
  }
}

static void
index_clear (Index *self)
{
  g_hash_table_unref (self->frames);
  g_hash_table_unref (self->sequences);
}

/* Marks what @key names. */
static gboolean
mark (const Index *self, const gchar *key, guint8 *wanted)
{
  guint first;

  while (*key == '/')
    key++;
  first = GPOINTER_TO_UINT (g_hash_table_lookup (self->sequences, key));
  if (first > 0) {
    const GstSodItem *item = g_ptr_array_index (self->items, first - 1);

    for (guint i = first - 1; i < self->items->len; i++) {
      const GstSodItem *other = g_ptr_array_index (self->items, i);

      if (strcmp (other->sequence, item->sequence) != 0)
        break;
      wanted[i] = 1;
    }
    return TRUE;
  }
  first = GPOINTER_TO_UINT (g_hash_table_lookup (self->frames, key));
  if (first == 0)
    return FALSE;
  wanted[first - 1] = 1;
  return TRUE;
}

/* The whole line, or the first of the two paths on it. */
static gboolean
mark_line (const Index *self, gchar *line, guint8 *wanted)
{
  gchar *second;

  if (mark (self, line, wanted))
    return TRUE;
  second = strstr (line, " /");
  if (second == NULL)
    second = strchr (line, ' ');
  if (second == NULL)
    second = strchr (line, '\t');
  if (second == NULL)
    return FALSE;
  *second = '\0';
  return mark (self, line, wanted);
}

static gboolean
unknown_line (
    const gchar *path, guint number, const gchar *line, GError **error)
{
  g_autofree gchar *shown = g_filename_display_name (path);
  g_autofree gchar *what = g_filename_display_name (line);

  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
      "%s: line %u names \"%s\", which is neither a sequence nor a frame of "
      "the set; check the list and the root folder",
      shown, number, what);
  return FALSE;
}

static gboolean
mark_lines (const Index *self, const gchar *path, gchar *text, guint8 *wanted,
    GError **error)
{
  guint number = 0, n_found = 0;

  while (text != NULL) {
    gchar *line = text;

    text = strchr (line, '\n');
    if (text != NULL)
      *text++ = '\0';
    number++;
    g_strchomp (line);
    if (line[0] == '\0' || line[0] == '#')
      continue;
    if (!mark_line (self, line, wanted))
      return unknown_line (path, number, line, error);
    n_found++;
  }
  if (n_found == 0) {
    g_autofree gchar *shown = g_filename_display_name (path);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "%s: the list names nothing; it needs a line for each sequence or "
        "frame",
        shown);
  }
  return n_found > 0;
}

GPtrArray *
gst_sod_list_file_select (
    GPtrArray *items, const gchar *root, const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = gst_sod_file_read (path, MAX_LIST, error);
  g_autofree gchar *text = NULL;
  g_autofree guint8 *wanted = NULL;
  GPtrArray *chosen = NULL;
  Index index;

  if (bytes == NULL)
    return NULL;
  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  wanted = g_new0 (guint8, items->len + 1);
  index_fill (&index, items, root);
  if (mark_lines (&index, path, text, wanted, error)) {
    chosen = gst_sod_items_new ();
    for (guint i = 0; i < items->len; i++) {
      if (wanted[i])
        g_ptr_array_add (
            chosen, gst_sod_item_ref (g_ptr_array_index (items, i)));
    }
  }
  index_clear (&index);
  return chosen;
}
