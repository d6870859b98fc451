/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

/* A harness that is torn down where it goes out of scope, with the messages
 * on its element's bus, which hold the element. */
typedef GstHarness TestHarness;
void test_harness_free (TestHarness *harness);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestHarness, test_harness_free)

/* An element that goes out of scope with the messages on its bus. */
typedef GstElement TestElement;
void test_element_free (TestElement *element);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestElement, test_element_free)

/* Starts GLib's tests and GStreamer, and loads the elements of the build and
 * those of GStreamer that the tests use. */
void test_start (int *argc, char ***argv);

/* Runs them and removes what they made. */
int test_finish (void);

/* A file of this name in a folder of this run. (transfer full) */
gchar *test_path (const gchar *name);

/* A model file of random weights, input 32x16; of another seed, another
 * version. (transfer full) */
gchar *test_model (guint64 seed, guint input_frames);

/* A model file of random weights of kind reverse, image 32x16. */
gchar *test_reverse_model (guint64 seed);

/* A model file that one inference of takes some tenths of a second. */
gchar *test_slow_model (void);

/* An element of a factory with a bus of its own. (transfer full) */
GstElement *test_element (
    const gchar *factory, const gchar *first, ...) G_GNUC_NULL_TERMINATED;

/* sodbase with test_model (1, 1) in a harness, started, properties set
 * before. (transfer full) */
GstHarness *test_sodbase (const gchar *first, ...);

/* The next message of @type on the element's bus, waiting up to 5 s where
 * @wait; NULL where there is none. (transfer full) */
GstMessage *test_pop_message (
    GstElement *element, GstMessageType type, gboolean wait);

/* The next element message but for "sod-device", which every start brings. */
GstMessage *test_pop_report (GstElement *element, gboolean wait);

/* Exactly one error message is there, this one, and its text holds @text, in
 * which "*" stands for anything. */
void test_assert_error (
    GstElement *element, GQuark domain, gint code, const gchar *text);
void test_assert_no_error (GstElement *element);

/* A frame of @info with a pattern that @seed moves; without padding and
 * metas. (transfer full) */
GstBuffer *test_frame (const GstVideoInfo *info, guint seed, GstClockTime pts);

/* Caps with 25 frames a second. (transfer full) */
GstCaps *test_caps (const gchar *format, gint width, gint height);

/* Sets the caps of the harness's source to these. */
void test_set_caps (
    GstHarness *harness, const gchar *format, gint width, gint height);

/* Pushes frame @seed of the caps last set and gives what comes out, NULL where
 * nothing does. (transfer full) */
GstBuffer *test_push (GstHarness *harness, guint seed, GstClockTime pts);

/* A counter of the stats of sodbase. */
guint64 test_stat (GstElement *element, const gchar *name);

/* The map that the model at @path makes of @buffer, through the library alone.
 * (transfer full), GRAY8 without padding. */
GBytes *test_expected_map (const gchar *path, GstBuffer *buffer,
    const GstVideoInfo *info, gint width, gint height);

/* Likewise in f32, for elements that were told to take that. */
GBytes *test_expected_map_f32 (const gchar *path, GstBuffer *buffer,
    const GstVideoInfo *info, gint width, gint height);

/* Codes of a GRAY8 frame, rows put together. (transfer full) */
GBytes *test_gray_pixels (GstBuffer *buffer, gint width, gint height);
