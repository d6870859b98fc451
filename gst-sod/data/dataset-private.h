/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/dataset.h>
#include <gst-sod/data/picture-private.h>

G_BEGIN_DECLS

typedef struct _GstSodItem GstSodItem;

/* Makes the mask of an item whose mask is no plain picture: the regions of
 * FBMS-59, drawn shapes. The size is that of the item's picture; a mask file
 * of another is found out by the caller. */
typedef gboolean (*GstSodMaskFunc) (const GstSodItem *item, gint width,
    gint height, GstSodRaster *raster, GError **error);

/* One frame. Shared by the data sets that were selected from one another. */
struct _GstSodItem
{
  gchar *sequence;  /* GRefString, "" for a still */
  gchar *name;      /* of the frame: file name without extension */
  gchar *full_name; /* SEQUENCE/NAME; NAME for a still */
  gchar *image;     /* path */
  gchar *mask;      /* path, or NULL where no file of its own is the mask */

  GstSodMaskFunc read_mask; /* NULL: a mask file is a plain picture */
  gpointer truth;           /* of read_mask, freed by free_truth */
  GDestroyNotify free_truth;
};

/* Strings are copied but for @sequence, a GRefString that is referenced;
 * @mask may be NULL. (transfer full) */
GstSodItem *gst_sod_item_new (
    gchar *sequence, const gchar *name, const gchar *image, const gchar *mask);
GstSodItem *gst_sod_item_ref (GstSodItem *item);
void gst_sod_item_unref (GstSodItem *item);
gboolean gst_sod_item_is_labelled (const GstSodItem *item);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodItem, gst_sod_item_unref)

typedef struct
{
  gchar *name; /* GRefString */
  guint first, n_items;
  gchar *scenario; /* GRefString or NULL */
} GstSodSequence;

struct _GstSodDataset
{
  GObject parent;

  GstSodDatasetLayout layout;
  gchar *root, *set;
  GPtrArray *items;  /* of GstSodItem */
  GArray *sequences; /* of GstSodSequence */
  guint n_labelled;
  gdouble frame_rate; /* of its sequences, frames/s */
};

/* The interface GstSodSamples of a data set. */
void gst_sod_dataset_init_samples (gpointer iface, gpointer data);

/* Takes @items, which are sorted (gst_sod_item_compare()); @scenarios of
 * GRefString by the names of sequences, or NULL. (transfer full) */
GstSodDataset *gst_sod_dataset_new_take (GstSodDatasetLayout layout,
    const gchar *root, const gchar *set, GPtrArray *items,
    GHashTable *scenarios);

/* Scenarios by sequences, both belonging to @self. (transfer full) */
GHashTable *gst_sod_dataset_collect_scenarios (GstSodDataset *self);

/* An empty array of items. (transfer full) */
GPtrArray *gst_sod_items_new (void);

/* Order of sequences, then of frames, of pointers to items. */
gint gst_sod_item_compare (gconstpointer a, gconstpointer b);

static inline GstSodSequence *
gst_sod_dataset_sequence (GstSodDataset *self, guint sequence)
{
  return &g_array_index (self->sequences, GstSodSequence, sequence);
}

static inline const GstSodItem *
gst_sod_dataset_item (GstSodDataset *self, guint item)
{
  return g_ptr_array_index (self->items, item);
}

/* What a layout's reader is asked for, and what it answers. */
typedef struct
{
  const gchar *root;
  const gchar *images, *masks; /* of pairs, may be NULL */
  const gchar *set;            /* may be NULL */
  gboolean sparse;

  GPtrArray *items;      /* of GstSodItem, to be filled, in any order */
  gboolean set_is_taken; /* the set was a folder: no list is looked for */
  gchar *list_folder;    /* where lists lie besides root, or NULL */
} GstSodListing;

typedef gboolean (*GstSodListFunc) (GstSodListing *listing, GError **error);

gboolean gst_sod_list_davis (GstSodListing *listing, GError **error);
gboolean gst_sod_list_vos (GstSodListing *listing, GError **error);
gboolean gst_sod_list_ucsd (GstSodListing *listing, GError **error);
gboolean gst_sod_list_davsod (GstSodListing *listing, GError **error);
gboolean gst_sod_list_duts (GstSodListing *listing, GError **error);
gboolean gst_sod_list_fbms (GstSodListing *listing, GError **error);
gboolean gst_sod_list_coco (GstSodListing *listing, GError **error);
gboolean gst_sod_list_cvat (GstSodListing *listing, GError **error);
gboolean gst_sod_list_labelme (GstSodListing *listing, GError **error);
gboolean gst_sod_list_pairs (GstSodListing *listing, GError **error);

/* Keeps the items of a list file: lines with a sequence, a frame
 * ("SEQUENCE/FRAME", or the name of a still) or a picture's path, or, as DAVIS
 * has it, the paths of a picture and its mask. (transfer container) */
GPtrArray *gst_sod_list_file_select (
    GPtrArray *items, const gchar *root, const gchar *path, GError **error);

G_END_DECLS
