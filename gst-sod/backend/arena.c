/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/arena-private.h>

/* An owner of memory with the life of all that lies in it. */
typedef struct
{
  guint index;
  gsize size, offset;
  guint first_use, last_use;
} Block;

static guint
find_owner (const GstSodArenaBuffer *buffers, guint index)
{
  while (buffers[index].alias_of != GST_SOD_ARENA_OWN)
    index = buffers[index].alias_of;
  return index;
}

static gsize
offset_in_owner (const GstSodArenaBuffer *buffers, guint index)
{
  gsize offset = 0;

  while (buffers[index].alias_of != GST_SOD_ARENA_OWN) {
    offset += buffers[index].alias_offset;
    index = buffers[index].alias_of;
  }
  return offset;
}

/* Largest first; among equals the one that is written first. */
static gint
compare_blocks (gconstpointer a, gconstpointer b)
{
  const Block *left = a, *right = b;

  if (left->size != right->size)
    return left->size > right->size ? -1 : 1;
  return (left->first_use > right->first_use)
         - (left->first_use < right->first_use);
}

static gboolean
lives_meet (const Block *a, const Block *b)
{
  return a->first_use <= b->last_use && b->first_use <= a->last_use;
}

/* The lowest gap below, between or above @placed[] (in order of offset) that
 * holds @block while it lives. */
static gboolean
place_block (GPtrArray *placed, Block *block)
{
  gsize offset = 0, end;
  guint at = 0;

  for (guint i = 0; i < placed->len; i++) {
    const Block *other = g_ptr_array_index (placed, i);

    if (!lives_meet (block, other))
      continue;
    if (other->offset >= offset && other->offset - offset >= block->size)
      break;
    offset = MAX (offset, other->offset + other->size);
  }
  if (!g_size_checked_add (&end, offset, block->size) || end > G_MAXSSIZE)
    return FALSE;
  block->offset = offset;
  while (at < placed->len
         && ((Block *) g_ptr_array_index (placed, at))->offset <= offset)
    at++;
  g_ptr_array_insert (placed, at, block);
  return TRUE;
}

static GArray *
collect_blocks (const GstSodArenaBuffer *buffers, guint n_buffers)
{
  GArray *blocks = g_array_sized_new (FALSE, TRUE, sizeof (Block), n_buffers);

  for (guint i = 0; i < n_buffers; i++) {
    Block block = { i, buffers[i].size, 0, G_MAXUINT, 0 };

    g_array_append_val (blocks, block);
  }
  for (guint i = 0; i < n_buffers; i++) {
    Block *owner = &g_array_index (blocks, Block, find_owner (buffers, i));

    owner->first_use = MIN (owner->first_use, buffers[i].first_use);
    owner->last_use = MAX (owner->last_use, buffers[i].last_use);
  }
  for (guint i = n_buffers; i-- > 0;) {
    Block *block = &g_array_index (blocks, Block, i);

    if (buffers[i].alias_of != GST_SOD_ARENA_OWN || block->size == 0)
      g_array_remove_index_fast (blocks, i);
  }
  return blocks;
}

gboolean
gst_sod_arena_plan (
    GstSodArenaBuffer *buffers, guint n_buffers, gsize *total, GError **error)
{
  g_autoptr (GArray) blocks = collect_blocks (buffers, n_buffers);
  g_autoptr (GPtrArray) placed = g_ptr_array_sized_new (blocks->len);

  *total = 0;
  for (guint i = 0; i < n_buffers; i++)
    buffers[i].offset = 0;
  for (guint i = 0; i < blocks->len; i++) {
    Block *block = &g_array_index (blocks, Block, i);

    block->size = (block->size + GST_SOD_ALIGNMENT - 1)
                  & ~(gsize) (GST_SOD_ALIGNMENT - 1);
  }
  g_array_sort (blocks, compare_blocks);
  for (guint i = 0; i < blocks->len; i++) {
    Block *block = &g_array_index (blocks, Block, i);

    if (!place_block (placed, block)) {
      g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
          "the activations of a plan (a buffer of %" G_GSIZE_FORMAT
          " bytes among them) do not fit into the address space; use a "
          "smaller input or batch",
          block->size);
      return FALSE;
    }
    buffers[block->index].offset = block->offset;
    *total = MAX (*total, block->offset + block->size);
  }
  for (guint i = 0; i < n_buffers; i++) {
    if (buffers[i].alias_of != GST_SOD_ARENA_OWN)
      buffers[i].offset = buffers[find_owner (buffers, i)].offset
                          + offset_in_owner (buffers, i);
  }
  return TRUE;
}
