/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sodreversesettings.h"

G_BEGIN_DECLS

/* The reverse network at work for one sodreverse. One thread at a time where
 * nothing else is said. */
typedef struct _SodReverseEngine SodReverseEngine;

SodReverseEngine *sod_reverse_engine_new (
    GstElement *element, const SodReverseSettings *settings, GError **error);
void sod_reverse_engine_free (SodReverseEngine *self);

GstSodReconstructor *sod_reverse_engine_get_reconstructor (
    SodReverseEngine *self);

/* As the reconstructor's functions of these names; a device that fails is
 * replaced by the CPU, with a warning on the bus, where the settings allow. */
gboolean sod_reverse_engine_imagine (SodReverseEngine *self,
    const GstSodImage *map, GstSodImage *image, GCancellable *cancellable,
    GError **error);
gboolean sod_reverse_engine_measure (SodReverseEngine *self,
    const GstSodImage *map, const GstSodImage *frame, gdouble *difference,
    GCancellable *cancellable, GError **error);

/* Takes up the network of another file (NULL: the default) between two frames,
 * as soon as it is loaded, and posts "sod-model-updated"; on failure
 * "sod-model-failed" and a warning, and the network before stays. Any thread.
 */
void sod_reverse_engine_request (SodReverseEngine *self, const gchar *path);

/* Adds model, device, back end and precision. Any thread. */
void sod_reverse_engine_describe (SodReverseEngine *self, GstStructure *stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SodReverseEngine, sod_reverse_engine_free)

G_END_DECLS
