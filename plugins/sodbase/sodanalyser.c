/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodanalyser.h"

#include <plugins/common/sodbuffers.h>

struct _SodAnalyser
{
  SodEngine *engine;
  GstSodRegionFinder *finder;
  GstSodMapPool *maps;
  GPtrArray *regions; /* of the last map */
  gchar *source_id;
  gdouble threshold;
  gchar *roi, *ignore; /* as given last, right or wrong */

  SodFormat format;
  GstSodFrameReader *reader;

  GstSodMapWriter *writer; /* of maps of this size: */
  gint width, height;
  GstBufferPool *pool; /* from the first map on that needs it */
};

SodAnalyser *
sod_analyser_new (
    SodEngine *engine, const SodSettings *settings, GError **error)
{
  g_autoptr (SodAnalyser) self = g_new0 (SodAnalyser, 1);

  self->finder = gst_sod_region_finder_new ();
  self->maps = gst_sod_map_pool_new ();
  self->regions =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_region_free);
  if (!sod_analyser_set_settings (self, settings, error))
    return NULL;
  self->engine = engine;
  return g_steal_pointer (&self);
}

static void
drop_pool (SodAnalyser *self)
{
  if (self->pool != NULL)
    gst_buffer_pool_set_active (self->pool, FALSE);
  gst_clear_object (&self->pool);
}

void
sod_analyser_free (SodAnalyser *self)
{
  drop_pool (self);
  g_clear_object (&self->writer);
  g_clear_object (&self->reader);
  g_clear_object (&self->finder);
  g_clear_object (&self->maps);
  g_ptr_array_unref (self->regions);
  g_free (self->source_id);
  g_free (self->roi);
  g_free (self->ignore);
  g_free (self);
}

/* Takes @value over; FALSE where it is what was there. */
static gboolean
replace_string (gchar **field, const gchar *value)
{
  if (g_strcmp0 (*field, value) == 0)
    return FALSE;
  g_free (*field);
  *field = g_strdup (value);
  return TRUE;
}

gboolean
sod_analyser_set_settings (
    SodAnalyser *self, const SodSettings *settings, GError **error)
{
  replace_string (&self->source_id, settings->source_id);
  self->threshold = settings->threshold;
  gst_sod_region_finder_set_min_area (self->finder, settings->min_area);
  if (replace_string (&self->roi, settings->roi)
      && !gst_sod_region_finder_set_roi (self->finder, settings->roi, error))
    return FALSE;
  return !replace_string (&self->ignore, settings->ignore)
         || gst_sod_region_finder_set_ignore (
             self->finder, settings->ignore, error);
}

/* Where frames are read and maps written: on the engine's device, or by the
 * host where they do not lie there or it has none. */
static GstSodDeviceFrames *
find_memory (SodAnalyser *self, gboolean on_device)
{
  return on_device ? sod_engine_get_frames (self->engine) : NULL;
}

static gboolean
make_reader (SodAnalyser *self, GError **error)
{
  g_clear_object (&self->reader);
  self->reader = gst_sod_frame_reader_new_on (
      &self->format.info, find_memory (self, self->format.on_device), error);
  return self->reader != NULL;
}

gboolean
sod_analyser_set_format (
    SodAnalyser *self, const SodFormat *format, GError **error)
{
  self->format = *format;
  g_clear_object (&self->writer);
  return make_reader (self, error);
}

void
sod_analyser_reset (SodAnalyser *self)
{
  gst_sod_session_reset (sod_engine_get_session (self->engine));
  gst_sod_region_finder_reset (self->finder);
}

/* The network's size changes with the network. */
static gboolean
follow_map_size (SodAnalyser *self, GError **error)
{
  gint width = self->format.map_width, height = self->format.map_height;

  if (width == 0 || height == 0)
    gst_sod_session_get_map_size (
        sod_engine_get_session (self->engine), &width, &height);
  if (self->writer != NULL && width == self->width && height == self->height)
    return TRUE;

  drop_pool (self);
  g_clear_object (&self->writer);
  self->writer = gst_sod_map_writer_new_on (
      width, height, find_memory (self, self->format.map_on_device), error);
  self->width = width;
  self->height = height;
  return self->writer != NULL;
}

/* (transfer full) */
static GstBuffer *
acquire_pixels (SodAnalyser *self, GError **error)
{
  GstBuffer *pixels = NULL;

  if (self->pool == NULL)
    self->pool =
        sod_buffer_pool_new (gst_sod_map_writer_get_size (self->writer));
  if (self->pool == NULL
      || gst_buffer_pool_acquire_buffer (self->pool, &pixels, NULL)
             != GST_FLOW_OK) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "no memory for a map of %dx%d pixels", self->width, self->height);
    return NULL;
  }
  return pixels;
}

/* The device is gone: what lies in its memory is read by the host, as far as it
 * still can. */
static gboolean
fall_back (SodAnalyser *self, GError *cause, GError **error)
{
  if (!sod_engine_fall_back (self->engine, cause, error))
    return FALSE;
  g_clear_object (&self->writer);
  return make_reader (self, error) && follow_map_size (self, error);
}

static gboolean
try_to_write_map (SodAnalyser *self, GstBuffer *buffer, GstClockTime time,
    GstBuffer *pixels, GCancellable *cancellable, GError **error)
{
  const GstSodImage *picture;
  GstSodImage *map;
  gboolean done = FALSE;

  picture = gst_sod_frame_reader_map (self->reader, buffer, error);
  if (picture == NULL)
    return FALSE;
  map = gst_sod_map_writer_map (self->writer, pixels, error);
  if (map != NULL) {
    done =
        sod_engine_infer (self->engine, picture, time, map, cancellable, error);
    gst_sod_map_writer_unmap (self->writer);
  }
  gst_sod_frame_reader_unmap (self->reader);
  return done;
}

static gboolean
write_map (SodAnalyser *self, GstBuffer *buffer, GstClockTime time,
    GstBuffer *pixels, GCancellable *cancellable, GError **error)
{
  GError *cause = NULL;

  return try_to_write_map (self, buffer, time, pixels, cancellable, &cause)
         || (fall_back (self, cause, error)
             && try_to_write_map (
                 self, buffer, time, pixels, cancellable, error));
}

/* Of the @pixels that the analyser has for itself or, where those are NULL, of
 * the @output. */
static GstSodMap *
make_map (SodAnalyser *self, GstBuffer *pixels, GstBuffer *output)
{
  GstSodSession *session = sod_engine_get_session (self->engine);
  GstSodNetwork *network = gst_sod_session_get_network (session);
  GstSodMapFlags flags = gst_sod_session_get_warm_up (session)
                             ? GST_SOD_MAP_FLAG_WARM_UP
                             : GST_SOD_MAP_FLAG_NONE;

  gst_sod_map_pool_set_origin (self->maps, self->source_id,
      gst_sod_network_get_id (network), gst_sod_network_get_version (network));
  if (pixels != NULL)
    return gst_sod_map_pool_make (
        self->maps, pixels, self->width, self->height, flags);
  return gst_sod_map_pool_make_sharing (
      self->maps, output, self->width, self->height, flags);
}

static void
find_regions (SodAnalyser *self, const GstSodMap *map)
{
  gdouble threshold = self->threshold;

  if (threshold < 0)
    threshold = gst_sod_network_get_threshold (
        gst_sod_session_get_network (sod_engine_get_session (self->engine)));
  gst_sod_region_finder_set_threshold (self->finder, threshold);
  gst_sod_region_finder_find_into (self->finder, map, self->regions);
}

GstSodMap *
sod_analyser_infer (SodAnalyser *self, GstBuffer *buffer, GstClockTime time,
    GstBuffer *pixels, GCancellable *cancellable, GError **error)
{
  g_autoptr (GstBuffer) kept = NULL;
  GstSodMap *map;

  if (!follow_map_size (self, error))
    return NULL;
  if (pixels == NULL) {
    kept = acquire_pixels (self, error);
    if (kept == NULL)
      return NULL;
  }
  if (!write_map (self, buffer, time, pixels != NULL ? pixels : kept,
          cancellable, error))
    return NULL;

  map = make_map (self, kept, pixels);
  find_regions (self, map);
  return map;
}

GstSodMap *
sod_analyser_reuse (SodAnalyser *self, const GstSodMap *last, GstClockTime age)
{
  return gst_sod_map_pool_make_reused (self->maps, last, age);
}

GPtrArray *
sod_analyser_get_regions (SodAnalyser *self)
{
  return self->regions;
}

static gboolean
try_to_observe (SodAnalyser *self, GstBuffer *buffer, GstClockTime time,
    GCancellable *cancellable, GError **error)
{
  const GstSodImage *picture;
  gboolean done;

  picture = gst_sod_frame_reader_map (self->reader, buffer, error);
  if (picture == NULL)
    return FALSE;
  done = sod_engine_observe (self->engine, picture, time, cancellable, error);
  gst_sod_frame_reader_unmap (self->reader);
  return done;
}

gboolean
sod_analyser_observe (SodAnalyser *self, GstBuffer *buffer, GstClockTime time,
    GCancellable *cancellable, GError **error)
{
  GError *cause = NULL;

  return !sod_engine_looks_back (self->engine)
         || try_to_observe (self, buffer, time, cancellable, &cause)
         || (fall_back (self, cause, error)
             && try_to_observe (self, buffer, time, cancellable, error));
}
