/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/tensor-private.h>

G_BEGIN_DECLS

/* Where each of a plan's buffers lies in one block of memory. Buffers whose
 * lives do not meet share bytes; those of any two that do, do not. */
#define GST_SOD_ARENA_OWN G_MAXUINT /* alias_of: no alias */

typedef struct
{
  gsize size;      /* bytes; 0 takes no place */
  guint first_use; /* step that writes it */
  guint last_use;  /* last step that reads it, inclusive; G_MAXUINT: never
                      given to another buffer */

  /* A buffer that lies inside another one (an op that works in place, a
   * channel slice of a concatenation): that one's index and this one's place
   * in it. The memory then lives as long as either. Chains may be of any
   * length but never a ring. GST_SOD_ARENA_OWN otherwise. */
  guint alias_of;
  gsize alias_offset; /* bytes */

  gsize offset; /* written by gst_sod_arena_plan(): bytes from the start */
} GstSodArenaBuffer;

/* Fills in every offset, each a multiple of GST_SOD_ALIGNMENT (an alias: its
 * owner's plus alias_offset), and @total, the size of the block.
 * GST_SOD_ERROR_NO_MEMORY where that cannot be addressed. */
gboolean gst_sod_arena_plan (
    GstSodArenaBuffer *buffers, guint n_buffers, gsize *total, GError **error);

G_END_DECLS
