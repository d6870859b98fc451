/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/eval/scratch-private.h>

#include <gst-sod/core/error.h>

struct _GstSodScratch
{
  gpointer memory[GST_SOD_N_SCRATCH];
  gsize sizes[GST_SOD_N_SCRATCH];
};

GstSodScratch *
gst_sod_scratch_new (void)
{
  return g_new0 (GstSodScratch, 1);
}

void
gst_sod_scratch_free (GstSodScratch *self)
{
  for (guint i = 0; i < GST_SOD_N_SCRATCH; i++)
    g_free (self->memory[i]);
  g_free (self);
}

gpointer
gst_sod_scratch_take (GstSodScratch *self, GstSodScratchSlot slot, gsize n,
    gsize size, gboolean *grown, GError **error)
{
  gsize needed;

  if (grown != NULL)
    *grown = FALSE;
  if (!g_size_checked_mul (&needed, n, size))
    needed = G_MAXSIZE;
  if (needed <= self->sizes[slot] && self->memory[slot] != NULL)
    return self->memory[slot];

  g_clear_pointer (&self->memory[slot], g_free);
  self->sizes[slot] = 0;
  self->memory[slot] = g_try_malloc (MAX (needed, 1));
  if (self->memory[slot] == NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "no memory to measure an image: %" G_GSIZE_FORMAT
        " bytes are needed; use fewer threads or smaller images",
        needed);
    return NULL;
  }
  self->sizes[slot] = needed;
  if (grown != NULL)
    *grown = TRUE;
  return self->memory[slot];
}
