/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/image-private.h>
#include <gst-sod/nn/architecture-private.h>

/* Values that another framework computed, in the folder beside $SOD_DATA
 * (by default shared/ beside the source). */

/* Path of @name, or NULL, and then the test is skipped with the reason. */
gchar *golden_find (const gchar *name);

/* name -> GstSodTensor of a file there; NULL as golden_find(). */
GHashTable *golden_read (const gchar *name);

/* Sample @index of an (n, c, h, w) f32 tensor as (c, h, w). */
GstSodTensor *golden_sample (const GstSodTensor *tensor, gint64 index);

/* Channels [first, first + n) of an (n, c, h, w) f32 tensor. */
GstSodTensor *golden_channels (
    const GstSodTensor *tensor, gint64 first, gint64 n);

/* An RGB picture from a PNG file; NULL as golden_find(). */
GstSodImage *golden_picture (const gchar *name);
