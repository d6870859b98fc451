/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps to regions. An identity belongs to a track: the box that a region had
 * last. Each update gives tracks to regions one to one, the pairs that overlap
 * most first. */
#include <gst-sod/video/regions-private.h>
#include <gst-sod/video/components-private.h>
#include <gst-sod/video/map-private.h>
#include <gst-sod/video/polygons-private.h>

#include <math.h>
#include <string.h>

/* Only the largest are kept: a map of noise must not cost a quadratic time. */
#define MAX_REGIONS 256

/* Updates that an identity outlives its region, a sixth of a second of video.
 */
#define MAX_MISSED 5

typedef struct
{
  guint id;
  GstSodBox box;
  guint missed; /* updates since it was seen */
  gboolean taken;
} Track;

typedef struct
{
  guint track, region;
  gdouble overlap;
} Pair;

struct _GstSodRegionFinder
{
  GObject parent_instance;
  gdouble threshold, min_area;
  gchar *roi_text, *ignore_text;
  GstSodPolygons *roi, *ignore;

  guint8 *mask; /* mask_width x mask_height, or NULL: all of the frame */
  gint mask_width, mask_height;
  GstSodComponents *components;
  GArray *tracks;   /* of Track */
  GArray *pairs;    /* of Pair */
  GPtrArray *spare; /* regions that were taken out of a list */
  guint last_id;
};

G_DEFINE_FINAL_TYPE (GstSodRegionFinder, gst_sod_region_finder, G_TYPE_OBJECT)

static void
drop_mask (GstSodRegionFinder *self)
{
  g_clear_pointer (&self->mask, g_free);
  self->mask_width = self->mask_height = 0;
}

static void
gst_sod_region_finder_finalize (GObject *object)
{
  GstSodRegionFinder *self = GST_SOD_REGION_FINDER (object);

  drop_mask (self);
  g_clear_pointer (&self->roi, gst_sod_polygons_free);
  g_clear_pointer (&self->ignore, gst_sod_polygons_free);
  g_free (self->roi_text);
  g_free (self->ignore_text);
  gst_sod_components_free (self->components);
  g_array_unref (self->tracks);
  g_array_unref (self->pairs);
  g_ptr_array_unref (self->spare);
  G_OBJECT_CLASS (gst_sod_region_finder_parent_class)->finalize (object);
}

static void
gst_sod_region_finder_class_init (GstSodRegionFinderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_region_finder_finalize;
}

static void
gst_sod_region_finder_init (GstSodRegionFinder *self)
{
  self->threshold = 0.5;
  self->components = gst_sod_components_new ();
  self->tracks = g_array_new (FALSE, FALSE, sizeof (Track));
  self->pairs = g_array_new (FALSE, FALSE, sizeof (Pair));
  self->spare =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_region_free);
}

/* The mask of the polygons at the map's size, made when either changes. */
static const guint8 *
get_mask (GstSodRegionFinder *self, gint width, gint height)
{
  gsize size = (gsize) width * height;

  if (self->roi == NULL && self->ignore == NULL)
    return NULL;
  if (self->mask_width == width && self->mask_height == height)
    return self->mask;
  drop_mask (self);
  self->mask = g_malloc (size);
  self->mask_width = width;
  self->mask_height = height;
  memset (self->mask, self->roi == NULL ? 1 : 0, size);
  if (self->roi != NULL)
    gst_sod_polygons_fill (self->roi, self->mask, width, height, 1);
  if (self->ignore != NULL)
    gst_sod_polygons_fill (self->ignore, self->mask, width, height, 0);
  return self->mask;
}

static void
fill_region (GstSodRegion *region, const GstSodBlob *blob, const GstSodMap *map)
{
  gint width = gst_sod_map_get_width (map);
  gint height = gst_sod_map_get_height (map);
  gdouble x, y, w, h;

  gst_sod_map_get_rectangle (map, &x, &y, &w, &h);
  region->id = 0;
  region->box.left = x + w * blob->left / width;
  region->box.right = x + w * (blob->right + 1) / width;
  region->box.top = y + h * blob->top / height;
  region->box.bottom = y + h * (blob->bottom + 1) / height;
  region->area = w * h * blob->count / ((gdouble) width * height);
  region->score = (gdouble) blob->sum / blob->count / 255;
}

/* Takes regions out of @regions until @n are left. */
static void
shorten (GstSodRegionFinder *self, GPtrArray *regions, guint n)
{
  while (regions->len > n)
    g_ptr_array_add (
        self->spare, g_ptr_array_steal_index_fast (regions, regions->len - 1));
}

static void
add_region (GstSodRegionFinder *self, GPtrArray *regions,
    const GstSodBlob *blob, const GstSodMap *map)
{
  GPtrArray *spare = self->spare;
  GstSodRegion *region =
      spare->len > 0 ? g_ptr_array_steal_index_fast (spare, spare->len - 1)
                     : g_new (GstSodRegion, 1);

  fill_region (region, blob, map);
  g_ptr_array_add (regions, region);
}

/* Makes @regions the regions of @map without identities, largest first. */
static void
list_regions (
    GstSodRegionFinder *self, const GstSodMap *map, GPtrArray *regions)
{
  gint width = gst_sod_map_get_width (map);
  gint height = gst_sod_map_get_height (map);
  guint cutoff = (guint) ceil (self->threshold * 255 - 1e-6);
  const GstSodBlob *blobs;
  GstSodMapView view;
  guint n_blobs;

  shorten (self, regions, 0);
  if (!gst_sod_map_view_open (&view, map))
    return;
  blobs = gst_sod_components_find (self->components, view.data, view.stride,
      width, height, cutoff, get_mask (self, width, height), &n_blobs);
  gst_sod_map_view_close (&view);
  for (guint i = 0; i < n_blobs; i++) {
    if (blobs[i].count >= self->min_area * width * height)
      add_region (self, regions, &blobs[i], map);
  }
  g_ptr_array_sort (regions, gst_sod_region_compare);
  shorten (self, regions, MAX_REGIONS);
}

static gdouble
measure (const GstSodBox *box)
{
  return MAX (0, box->right - box->left) * MAX (0, box->bottom - box->top);
}

/* Intersection over union. */
static gdouble
measure_overlap (const GstSodBox *a, const GstSodBox *b)
{
  GstSodBox both = { MAX (a->left, b->left), MAX (a->top, b->top),
    MIN (a->right, b->right), MIN (a->bottom, b->bottom) };
  gdouble common = measure (&both);

  return common <= 0 ? 0 : common / (measure (a) + measure (b) - common);
}

static gint
compare_pairs (gconstpointer a, gconstpointer b)
{
  const Pair *x = a, *y = b;

  if (x->overlap != y->overlap)
    return x->overlap > y->overlap ? -1 : 1;
  if (x->track != y->track)
    return x->track < y->track ? -1 : 1;
  return (x->region > y->region) - (x->region < y->region);
}

static void
list_pairs (GstSodRegionFinder *self, GPtrArray *regions)
{
  g_array_set_size (self->pairs, 0);
  for (guint t = 0; t < self->tracks->len; t++) {
    const Track *track = &g_array_index (self->tracks, Track, t);

    for (guint r = 0; r < regions->len; r++) {
      const GstSodRegion *region = g_ptr_array_index (regions, r);
      Pair pair = { t, r, measure_overlap (&track->box, &region->box) };

      if (pair.overlap > 0)
        g_array_append_val (self->pairs, pair);
    }
  }
  g_array_sort (self->pairs, compare_pairs);
}

static void
continue_tracks (GstSodRegionFinder *self, GPtrArray *regions)
{
  for (guint t = 0; t < self->tracks->len; t++) {
    Track *track = &g_array_index (self->tracks, Track, t);

    track->taken = FALSE;
    track->missed++;
  }
  list_pairs (self, regions);
  for (guint k = 0; k < self->pairs->len; k++) {
    const Pair *pair = &g_array_index (self->pairs, Pair, k);
    Track *track = &g_array_index (self->tracks, Track, pair->track);
    GstSodRegion *region = g_ptr_array_index (regions, pair->region);

    if (track->taken || region->id != 0)
      continue;
    track->taken = TRUE;
    track->missed = 0;
    track->box = region->box;
    region->id = track->id;
  }
}

static void
start_tracks (GstSodRegionFinder *self, GPtrArray *regions)
{
  for (guint t = self->tracks->len; t > 0; t--) {
    if (g_array_index (self->tracks, Track, t - 1).missed > MAX_MISSED)
      g_array_remove_index_fast (self->tracks, t - 1);
  }
  for (guint r = 0; r < regions->len; r++) {
    GstSodRegion *region = g_ptr_array_index (regions, r);
    Track track = { .box = region->box };

    if (region->id != 0)
      continue;
    region->id = track.id = ++self->last_id;
    g_array_append_val (self->tracks, track);
  }
}

/**
 * gst_sod_region_finder_new:
 *
 * Makes a finder with a threshold of 0.5, no least area and all of the frame
 * of interest.
 *
 * Returns: (transfer full): the finder
 *
 * Since: 0.1
 */
GstSodRegionFinder *
gst_sod_region_finder_new (void)
{
  return g_object_new (GST_SOD_TYPE_REGION_FINDER, NULL);
}

/**
 * gst_sod_region_finder_set_threshold:
 * @self: a finder
 * @threshold: 0 to 1, share of 255
 *
 * Sets the code of a map at or over which a pixel is salient.
 *
 * Since: 0.1
 */
void
gst_sod_region_finder_set_threshold (
    GstSodRegionFinder *self, gdouble threshold)
{
  g_return_if_fail (GST_SOD_IS_REGION_FINDER (self));
  g_return_if_fail (threshold >= 0 && threshold <= 1);

  self->threshold = threshold;
}

/**
 * gst_sod_region_finder_set_min_area:
 * @self: a finder
 * @min_area: 0 to 1, share of the frame
 *
 * Sets the least area of a region; smaller ones are left out.
 *
 * Since: 0.1
 */
void
gst_sod_region_finder_set_min_area (GstSodRegionFinder *self, gdouble min_area)
{
  g_return_if_fail (GST_SOD_IS_REGION_FINDER (self));
  g_return_if_fail (min_area >= 0 && min_area <= 1);

  self->min_area = min_area;
}

/* Settings are often handed over again with every frame: only a change costs
 * anything. */
static gboolean
set_polygons (GstSodRegionFinder *self, GstSodPolygons **to, gchar **to_text,
    const gchar *text, const gchar *what, GError **error)
{
  g_autoptr (GstSodPolygons) polygons = NULL;

  if (g_strcmp0 (*to_text, text) == 0)
    return TRUE;
  polygons = gst_sod_polygons_parse (text == NULL ? "" : text, what, error);
  if (polygons == NULL)
    return FALSE;
  g_clear_pointer (to, gst_sod_polygons_free);
  if (gst_sod_polygons_get_count (polygons) > 0)
    *to = g_steal_pointer (&polygons);
  g_free (*to_text);
  *to_text = g_strdup (text);
  drop_mask (self);
  return TRUE;
}

/**
 * gst_sod_region_finder_set_roi:
 * @self: a finder
 * @polygons: (nullable): "x,y x,y x,y; x,y ...": corners in fractions of the
 *   frame, polygons apart by semicolons; %NULL or empty for all of the frame
 * @error: return location for an error
 *
 * Sets the parts of the frame in which pixels are looked at: those whose
 * centres are inside a polygon (even-odd rule).
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT where a coordinate is not a number
 * of 0 to 1 or a polygon has less than three corners; the finder is then left
 * as it was.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_region_finder_set_roi (
    GstSodRegionFinder *self, const gchar *polygons, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_REGION_FINDER (self), FALSE);

  return set_polygons (
      self, &self->roi, &self->roi_text, polygons, "roi", error);
}

/**
 * gst_sod_region_finder_set_ignore:
 * @self: a finder
 * @polygons: (nullable): as for gst_sod_region_finder_set_roi(); %NULL or
 *   empty for none
 * @error: return location for an error
 *
 * Sets the parts of the frame in which pixels are passed over, also where they
 * are of interest.
 *
 * Errors: as gst_sod_region_finder_set_roi().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_region_finder_set_ignore (
    GstSodRegionFinder *self, const gchar *polygons, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_REGION_FINDER (self), FALSE);

  return set_polygons (
      self, &self->ignore, &self->ignore_text, polygons, "ignore", error);
}

/**
 * gst_sod_region_finder_find:
 * @self: a finder
 * @map: the map of the next frame
 *
 * Finds the regions of a frame, at most 256 of them. A region whose box
 * overlaps that of a region of the last frames (up to five updates back) has
 * its identity; where several do, the greatest overlaps (intersection over
 * union) win.
 *
 * Returns: (transfer full) (element-type GstSodRegion): the regions, largest
 *   first; empty where there is none
 *
 * Since: 0.1
 */
GPtrArray *
gst_sod_region_finder_find (GstSodRegionFinder *self, const GstSodMap *map)
{
  GPtrArray *regions;

  g_return_val_if_fail (GST_SOD_IS_REGION_FINDER (self), NULL);
  g_return_val_if_fail (map != NULL, NULL);

  regions =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_region_free);
  gst_sod_region_finder_find_into (self, map, regions);
  return regions;
}

/**
 * gst_sod_region_finder_find_into:
 * @self: a finder
 * @map: the map of the next frame
 * @regions: (element-type GstSodRegion): a list that
 *   gst_sod_region_finder_find() returned earlier; the regions of @map take the
 *   place of those that it holds
 *
 * As gst_sod_region_finder_find(), without a list of its own for each frame:
 * a frame with no more regions than one before costs no memory.
 *
 * Since: 0.1
 */
void
gst_sod_region_finder_find_into (
    GstSodRegionFinder *self, const GstSodMap *map, GPtrArray *regions)
{
  g_return_if_fail (GST_SOD_IS_REGION_FINDER (self));
  g_return_if_fail (map != NULL);
  g_return_if_fail (regions != NULL);

  list_regions (self, map, regions);
  continue_tracks (self, regions);
  start_tracks (self, regions);
}

/**
 * gst_sod_region_finder_reset:
 * @self: a finder
 *
 * Forgets the regions of earlier frames, as after a seek. Identities that were
 * given before are not given again.
 *
 * Since: 0.1
 */
void
gst_sod_region_finder_reset (GstSodRegionFinder *self)
{
  g_return_if_fail (GST_SOD_IS_REGION_FINDER (self));

  g_array_set_size (self->tracks, 0);
}
