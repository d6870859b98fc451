/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <gst-sod/data/folder-private.h>

GstSodItem *
gst_sod_item_new (
    gchar *sequence, const gchar *name, const gchar *image, const gchar *mask)
{
  GstSodItem *self = g_atomic_rc_box_new0 (GstSodItem);

  self->sequence = g_ref_string_acquire (sequence);
  self->name = g_strdup (name);
  self->full_name = sequence[0] != '\0'
                        ? g_strdup_printf ("%s/%s", sequence, name)
                        : g_strdup (name);
  self->image = g_strdup (image);
  self->mask = g_strdup (mask);
  return self;
}

GstSodItem *
gst_sod_item_ref (GstSodItem *item)
{
  return g_atomic_rc_box_acquire (item);
}

static void
clear (gpointer item)
{
  GstSodItem *self = item;

  g_ref_string_release (self->sequence);
  g_free (self->name);
  g_free (self->full_name);
  g_free (self->image);
  g_free (self->mask);
  if (self->free_truth != NULL)
    self->free_truth (self->truth);
}

void
gst_sod_item_unref (GstSodItem *item)
{
  g_atomic_rc_box_release_full (item, clear);
}

gboolean
gst_sod_item_is_labelled (const GstSodItem *item)
{
  return item->mask != NULL || item->read_mask != NULL;
}

GPtrArray *
gst_sod_items_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_item_unref);
}

gint
gst_sod_item_compare (gconstpointer a, gconstpointer b)
{
  const GstSodItem *left = *(GstSodItem *const *) a;
  const GstSodItem *right = *(GstSodItem *const *) b;
  gint order = left->sequence == right->sequence
                   ? 0
                   : gst_sod_name_compare (left->sequence, right->sequence);

  if (order == 0)
    order = gst_sod_name_compare (left->name, right->name);
  return order != 0 ? order : strcmp (left->image, right->image);
}
