/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/batch-reader-private.h>

/* What is kept of a sample. */
typedef struct
{
  GstSodAugmentSource source; /* without the frame before it */
  gboolean has_label;         /* mask and weights were asked for */
  gboolean is_small;          /* it was made smaller */
  gsize size;
} Entry;

struct _GstSodBatchReader
{
  GstSodSamples *samples;

  GMutex lock;
  GHashTable *entries; /* sample -> Entry */
  gsize size, limit;   /* bytes */
  gint width, height;  /* of large frames, 0: as they are */
  GHashTable *unreadable;
  GPtrArray *warnings; /* NULL: none */
};

void
gst_sod_augment_source_clear (GstSodAugmentSource *source)
{
  g_clear_pointer (&source->image, gst_sod_image_unref);
  g_clear_pointer (&source->previous, gst_sod_image_unref);
  g_clear_pointer (&source->mask, gst_sod_image_unref);
  g_clear_pointer (&source->weights, gst_sod_image_unref);
}

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  gst_sod_augment_source_clear (&entry->source);
  g_free (entry);
}

GstSodBatchReader *
gst_sod_batch_reader_new (GstSodSamples *samples)
{
  GstSodBatchReader *self = g_new0 (GstSodBatchReader, 1);

  self->samples = g_object_ref (samples);
  self->entries = g_hash_table_new_full (NULL, NULL, NULL, free_entry);
  self->unreadable = g_hash_table_new (NULL, NULL);
  g_mutex_init (&self->lock);
  return self;
}

void
gst_sod_batch_reader_free (GstSodBatchReader *self)
{
  g_hash_table_unref (self->entries);
  g_hash_table_unref (self->unreadable);
  g_clear_pointer (&self->warnings, g_ptr_array_unref);
  g_mutex_clear (&self->lock);
  g_object_unref (self->samples);
  g_free (self);
}

GstSodSamples *
gst_sod_batch_reader_get_samples (GstSodBatchReader *self)
{
  return self->samples;
}

void
gst_sod_batch_reader_set_limit (GstSodBatchReader *self, gsize limit)
{
  g_mutex_lock (&self->lock);
  self->limit = limit;
  if (self->size > limit) {
    g_hash_table_remove_all (self->entries);
    self->size = 0;
  }
  g_mutex_unlock (&self->lock);
}

/* ---- decoded pictures ---- */

static GstSodImage *
ref_image (GstSodImage *image)
{
  return image != NULL ? gst_sod_image_ref (image) : NULL;
}

static GstSodAugmentSource
ref_source (const GstSodAugmentSource *source)
{
  return (GstSodAugmentSource){ .image = ref_image (source->image),
    .mask = ref_image (source->mask),
    .weights = ref_image (source->weights) };
}

static gsize
measure (const GstSodAugmentSource *source)
{
  gsize n = (gsize) source->image->width * source->image->height;

  return sizeof (Entry) + 3 * sizeof (GstSodImage)
         + n
               * (3 + (source->mask != NULL ? 1 : 0)
                   + (source->weights != NULL ? 1 : 0));
}

static gboolean
is_large (const GstSodBatchReader *self, const GstSodAugmentSource *source)
{
  return self->width > 0 && source->image->width > self->width * 3 / 2
         && source->image->height > self->height * 3 / 2;
}

/* Whether it is not what reading it again would give. */
static gboolean
is_outdated (gpointer key, gpointer value, gpointer data)
{
  GstSodBatchReader *self = data;
  const Entry *entry = value;

  if (!entry->is_small && !is_large (self, &entry->source))
    return FALSE;
  self->size -= entry->size;
  return TRUE;
}

void
gst_sod_batch_reader_set_size (GstSodBatchReader *self, gint width, gint height)
{
  g_mutex_lock (&self->lock);
  if (width != self->width || height != self->height) {
    self->width = width;
    self->height = height;
    g_hash_table_foreach_remove (self->entries, is_outdated, self);
  }
  g_mutex_unlock (&self->lock);
}

static gboolean
find (GstSodBatchReader *self, guint sample, gboolean wants_label,
    GstSodAugmentSource *source)
{
  const Entry *entry;
  gboolean found;

  g_mutex_lock (&self->lock);
  entry = g_hash_table_lookup (self->entries, GUINT_TO_POINTER (sample));
  found = entry != NULL && (entry->has_label || !wants_label);
  if (found)
    *source = ref_source (&entry->source);
  g_mutex_unlock (&self->lock);
  return found;
}

static void
keep (GstSodBatchReader *self, guint sample, gboolean has_label,
    gboolean is_small, const GstSodAugmentSource *source)
{
  gpointer key = GUINT_TO_POINTER (sample);
  gsize size = measure (source);
  Entry *old;

  g_mutex_lock (&self->lock);
  old = g_hash_table_lookup (self->entries, key);
  if (old != NULL && !old->has_label && has_label) {
    self->size -= old->size;
    g_hash_table_remove (self->entries, key);
    old = NULL;
  }
  if (old == NULL && size <= self->limit && self->size <= self->limit - size) {
    Entry *entry = g_new (Entry, 1);

    *entry = (Entry){ ref_source (source), has_label, is_small, size };
    g_hash_table_insert (self->entries, key, entry);
    self->size += size;
  }
  g_mutex_unlock (&self->lock);
}

/* ---- reading ---- */

/* Sizes are set while nobody reads. */
static gboolean
read_frame (GstSodBatchReader *self, guint sample, gboolean wants_label,
    GstSodAugmentSource *source, GstSodWarpScratch *scratch, GError **error)
{
  gboolean is_small;

  if (find (self, sample, wants_label, source))
    return TRUE;
  if (!gst_sod_samples_read (self->samples, sample, &source->image,
          wants_label ? &source->mask : NULL, error))
    return FALSE;
  if (source->mask != NULL
      && !gst_sod_samples_read_weights (
          self->samples, sample, &source->weights, error))
    return FALSE;
  is_small = is_large (self, source);
  if (is_small
      && !gst_sod_augment_shrink (
          source, self->width, self->height, scratch, error))
    return FALSE;
  keep (self, sample, wants_label, is_small, source);
  return TRUE;
}

gboolean
gst_sod_batch_reader_read (GstSodBatchReader *self, guint sample, gint distance,
    GstSodAugmentSource *source, GstSodWarpScratch *scratch, GError **error)
{
  GstSodAugmentSource before = { NULL };
  guint neighbour;

  *source = before;
  if (!read_frame (self, sample, TRUE, source, scratch, error))
    return FALSE;
  if (distance == 0
      || !gst_sod_samples_find_neighbour (
          self->samples, sample, distance, &neighbour))
    return TRUE;
  if (!read_frame (self, neighbour, FALSE, &before, scratch, error))
    return FALSE;
  source->previous = g_steal_pointer (&before.image);
  gst_sod_augment_source_clear (&before);
  return TRUE;
}

/* ---- what cannot be read ---- */

gboolean
gst_sod_batch_reader_is_unreadable (GstSodBatchReader *self, guint sample)
{
  gboolean is_unreadable;

  g_mutex_lock (&self->lock);
  is_unreadable =
      g_hash_table_contains (self->unreadable, GUINT_TO_POINTER (sample));
  g_mutex_unlock (&self->lock);
  return is_unreadable;
}

void
gst_sod_batch_reader_set_unreadable (
    GstSodBatchReader *self, guint sample, const GError *error)
{
  g_mutex_lock (&self->lock);
  if (g_hash_table_add (self->unreadable, GUINT_TO_POINTER (sample))) {
    if (self->warnings == NULL)
      self->warnings = g_ptr_array_new_with_free_func (g_free);
    g_ptr_array_add (self->warnings,
        g_strdup_printf ("%s is left out, another takes its place: %s",
            gst_sod_samples_get_name (self->samples, sample), error->message));
  }
  g_mutex_unlock (&self->lock);
}

guint
gst_sod_batch_reader_get_n_unreadable (GstSodBatchReader *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = g_hash_table_size (self->unreadable);
  g_mutex_unlock (&self->lock);
  return n;
}

GPtrArray *
gst_sod_batch_reader_take_warnings (GstSodBatchReader *self)
{
  GPtrArray *warnings;

  g_mutex_lock (&self->lock);
  warnings = g_steal_pointer (&self->warnings);
  g_mutex_unlock (&self->lock);
  return warnings;
}
