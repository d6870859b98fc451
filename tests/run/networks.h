/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image-private.h>
#include <gst-sod/run/instance-private.h>
#include <gst-sod/run/session.h>

/* Small base networks that say what they were given. */

/* Its map is @level (1 to 254) everywhere, whatever it sees; so is its id. */
GstSodNetwork *test_network_constant (
    gint width, gint height, guint input_frames, guint level);

/* Its map tells the brightness of the frame before: test_previous_level(). */
GstSodNetwork *test_network_previous (gint width, gint height);

/* What that one makes of a uniform gray of @code. */
guint test_previous_level (guint code);

/* Untrained, with maps that depend on the whole picture. */
GstSodNetwork *test_network_random (
    gint width, gint height, guint input_frames, guint64 seed);

/* @width x @height pixels of one gray. */
GstSodImage *test_picture_gray (gint width, gint height, guint code);

/* A generated scene: a bright disc over a gradient, placed by @seed. */
GstSodImage *test_picture_scene (gint width, gint height, guint seed);

GstSodImage *test_map (gint width, gint height);

/* The level of a map that has one everywhere; fails where it has several. */
guint test_map_level (const GstSodImage *map);

/* Largest difference of two maps of one size, levels. */
guint test_map_difference (const GstSodImage *a, const GstSodImage *b);

/* An instance of one's own on @backend with @network loaded. */
GstSodInstance *test_instance (
    GstSodBackend *backend, GstSodNetwork *network, guint batch_size);

GstSodSession *test_session (GstSodInstance *instance);
