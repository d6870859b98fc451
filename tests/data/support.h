/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>

/* A folder of this run, removed by scratch_remove(), and paths in it. */
gchar *scratch_new (void);
void scratch_remove (gchar *folder);

/* Makes the folders above it. (transfer full) */
gchar *scratch_path (const gchar *folder, const gchar *name);

void write_bytes (const gchar *path, gconstpointer data, gsize size);
void write_text (const gchar *path, const gchar *text);

/* A picture of a pattern that @seed moves; quality 95. */
void write_jpeg (const gchar *path, gint width, gint height, guint seed);

/* What write_png() puts into a file. */
typedef struct
{
  gint colour_type, depth; /* as libpng has them */
  gint width, height;
  const guint8 *samples; /* rows as libpng takes them, without padding */
  const guint8 *palette; /* 3 bytes a colour */
  gint n_colours;
} Png;
void write_png (const gchar *path, const Png *png);

/* An 8-bit gray mask: a box of 255 in the left @share / 4 of the picture. */
void write_mask (const gchar *path, gint width, gint height, gint share);

/* The pixel of a gray picture. */
guint8 gray_at (const GstSodImage *image, gint x, gint y);

/* How many pixels of a mask are foreground; every other must be 0. */
guint count_foreground (const GstSodImage *mask);

/* @error is of @code and its message holds each of the strings. */
void assert_error (GError *error, gint code, ...) G_GNUC_NULL_TERMINATED;

/* A file below $SOD_DATA, or NULL after g_test_skip(). (transfer full) */
gchar *find_data (const gchar *name);

/* DAVIS in miniature: sequences a, b, ... of @n_frames frames of 32x24 with
 * masks, each sequence and frame with a picture of its own. */
void write_davis (const gchar *root, guint n_sequences, guint n_frames);
