/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Working memory of one thread that measures images, kept from image to
 * image; it grows to what the largest one takes. */
typedef struct _GstSodScratch GstSodScratch;

typedef enum
{
  GST_SOD_SCRATCH_MAP,
  GST_SOD_SCRATCH_TRUTH,
  GST_SOD_SCRATCH_RESIZED,
  GST_SOD_SCRATCH_RESIZE_ROWS,
  GST_SOD_SCRATCH_RESIZE_WEIGHTS,
  GST_SOD_SCRATCH_ABOVE,
  GST_SOD_SCRATCH_ROWS,
  GST_SOD_SCRATCH_NEAREST,
  GST_SOD_SCRATCH_IMPORTANCE,
  GST_SOD_SCRATCH_BLURRED,
  GST_SOD_SCRATCH_CONTOURS,
  GST_SOD_SCRATCH_PICTURE,
  GST_SOD_SCRATCH_PICTURE_RESIZED,
  GST_SOD_SCRATCH_PREVIOUS,
  GST_SOD_SCRATCH_PREVIOUS_RESIZED,
  GST_SOD_SCRATCH_PYRAMIDS,
  GST_SOD_SCRATCH_MOTION,
  GST_SOD_SCRATCH_PREVIOUS_MAP,
  GST_SOD_SCRATCH_PREVIOUS_MAP_RESIZED,
  GST_SOD_N_SCRATCH
} GstSodScratchSlot;

GstSodScratch *gst_sod_scratch_new (void);
void gst_sod_scratch_free (GstSodScratch *self);

/* At least @n elements of @size bytes in @slot, not cleared; what was there is
 * lost. @grown, where not NULL, says that the memory is new. NULL and
 * GST_SOD_ERROR_NO_MEMORY where there is none. */
gpointer gst_sod_scratch_take (GstSodScratch *self, GstSodScratchSlot slot,
    gsize n, gsize size, gboolean *grown, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodScratch, gst_sod_scratch_free)

G_END_DECLS
