/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/nn/network.h>
#include <gst-sod/nn/safetensors-private.h>

/* A folder of its own for each test, and files in it. */
typedef struct
{
  gchar *folder;
  gchar *path; /* "FOLDER/model.safetensors", nothing there yet */
} Scratch;

void scratch_set_up (Scratch *self, gconstpointer data);
void scratch_tear_down (Scratch *self, gconstpointer data);

/* Length, @header, then @data_size zeros. */
GBytes *scratch_bytes (const gchar *header, gsize data_size);
void scratch_write (Scratch *self, GBytes *bytes);

/* The content of path. */
GBytes *scratch_read (Scratch *self);
gsize scratch_header_end (GBytes *bytes); /* where the data begins */

/* @error is of @code, names @path and says @part (nullable). */
void scratch_expect (
    const GError *error, gint code, const gchar *path, const gchar *part);

/* Permission bits do not bind root: where the test runs as root, the calls in
 * between are made as nobody. FALSE after g_test_skip() where that fails. */
gboolean scratch_drop_rights (Scratch *self);
void scratch_restore_rights (void);

/* Counts the files in the folder. */
guint scratch_count (Scratch *self);

/* A network of a few kilobytes, so that every byte can be tried, and one of
 * seed 1 saved to path. */
GstSodNetwork *scratch_new_tiny (guint64 seed);
void scratch_save_tiny (Scratch *self);

/* "FOLDER/NAME" of the reference weights and golden values, which are not part
 * of the project; NULL after g_test_skip() where they are absent. */
gchar *scratch_reference (const gchar *name);
