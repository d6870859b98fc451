/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/batch-queue-private.h>

G_BEGIN_DECLS

struct _GstSodBatches
{
  GObject parent;

  GstSodBatchReader *reader;
  GstSodBatchSettings settings; /* but for reader and augmentation */
  GstSodAugmentation *augmentation;
  guint64 seed, cache_size;
  gboolean labelled_only;
  GCancellable *cancellable;

  guint64 position;        /* batch that next() gives */
  GstSodBatchQueue *queue; /* NULL: not started */
};

/* What was made ahead is thrown away. */
void gst_sod_batches_stop (GstSodBatches *self);

/* The network's input rule: of RGB in 0..1; before the first batch. */
void gst_sod_batches_set_normalisation (
    GstSodBatches *self, const gfloat mean[3], const gfloat std[3]);

/* Has batches made by @team threads of the arithmetic at once, when they are
 * asked for, and only pictures read ahead; 0: threads of their own make them
 * ahead. Changes no batch. */
void gst_sod_batches_set_team (GstSodBatches *self, guint team);

G_END_DECLS
