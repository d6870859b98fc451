/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>
#include <gst-sod/gstsod.h>

#include "sodsettings.h"

G_BEGIN_DECLS

/* The model at work for one sodbase: an instance on the device that was chosen
 * or, where that fails and the user allows it, on the CPU, and a session on it.
 * Warnings go to the bus as the element's. One thread at a time where nothing
 * else is said. */
typedef struct _SodEngine SodEngine;

/* @device: what gst_sod_device_resolve() made of the setting, @reason: why, or
 * NULL; @frames: the memory of the device, open, or NULL. */
SodEngine *sod_engine_new (GstElement *element, const SodSettings *settings,
    const gchar *device, const gchar *reason, GstSodDeviceFrames *frames,
    GError **error);
void sod_engine_free (SodEngine *self);

/* The memory that pictures may lie in besides the host's; NULL on the CPU. */
GstSodDeviceFrames *sod_engine_get_frames (SodEngine *self);

/* Goes on with the CPU after @cause, which it takes, with a warning on the bus:
 * pictures have to lie in the host's memory from then on. FALSE, with @cause or
 * what came of it in @error, where it is not the device that failed, the user
 * does not want it or the CPU cannot do it either. */
gboolean sod_engine_fall_back (SodEngine *self, GError *cause, GError **error);

/* As the session's functions of these names. */
gboolean sod_engine_infer (SodEngine *self, const GstSodImage *frame,
    GstClockTime time, GstSodImage *map, GCancellable *cancellable,
    GError **error);
gboolean sod_engine_observe (SodEngine *self, const GstSodImage *frame,
    GstClockTime time, GCancellable *cancellable, GError **error);

/* Whether frames that get no inference have to be shown to the engine. */
gboolean sod_engine_looks_back (SodEngine *self);

GstSodSession *sod_engine_get_session (SodEngine *self);

/* Takes up the network of another file (NULL: the default) between two frames,
 * as soon as it is loaded. Then the element posts "sod-model-updated" and emits
 * "model-updated"; on failure it posts "sod-model-failed" and a warning, and
 * the network before stays. Of several that come at once the last counts. Any
 * thread. */
void sod_engine_request (SodEngine *self, const gchar *path);

/* Adds model, device, back end and precision. Any thread. */
void sod_engine_describe (SodEngine *self, GstStructure *stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SodEngine, sod_engine_free)

G_END_DECLS
