/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>

#include "sodengine.h"

G_BEGIN_DECLS

/* From a stream of buffers to maps and regions. One thread at a time. */
typedef struct _SodAnalyser SodAnalyser;

/* Works on @engine, which has to outlive it. */
SodAnalyser *sod_analyser_new (
    SodEngine *engine, const SodSettings *settings, GError **error);
void sod_analyser_free (SodAnalyser *self);

/* What becomes a region from the next frame on, and what maps say their source
 * is; on failure what is wrong stays as it was. */
gboolean sod_analyser_set_settings (
    SodAnalyser *self, const SodSettings *settings, GError **error);

/* Frames to come: what they are, whether they lie in the memory of the engine's
 * device, and the same of their maps, whose size is 0 x 0 where it is to be the
 * network's. */
typedef struct
{
  GstVideoInfo info;
  gboolean on_device;
  gint map_width, map_height;
  gboolean map_on_device;
} SodFormat;

gboolean sod_analyser_set_format (
    SodAnalyser *self, const SodFormat *format, GError **error);

/* What comes next has nothing to do with what was before. */
void sod_analyser_reset (SodAnalyser *self);

/* Tells what is in @buffer, which came at the running time @time. Its map is
 * written into @pixels, which may then carry the map, or else (NULL) into a
 * buffer of the analyser's own. (transfer full) */
GstSodMap *sod_analyser_infer (SodAnalyser *self, GstBuffer *buffer,
    GstClockTime time, GstBuffer *pixels, GCancellable *cancellable,
    GError **error);

/* The map of the last inference for a frame that came @age later.
 * (transfer full) */
GstSodMap *sod_analyser_reuse (
    SodAnalyser *self, const GstSodMap *last, GstClockTime age);

/* The regions (GstSodRegion) that the last inference found. */
GPtrArray *sod_analyser_get_regions (SodAnalyser *self);

/* Shows a frame that gets no map of its own. */
gboolean sod_analyser_observe (SodAnalyser *self, GstBuffer *buffer,
    GstClockTime time, GCancellable *cancellable, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SodAnalyser, sod_analyser_free)

G_END_DECLS
