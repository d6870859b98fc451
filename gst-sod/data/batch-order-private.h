/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/random.h>

G_BEGIN_DECLS

/* The endless line of samples: one permutation of them an epoch. Thread-safe;
 * its permutations are made when they are needed. */
typedef struct _GstSodBatchOrder GstSodBatchOrder;

/* @samples: (transfer full): the @n > 0 that take part */
GstSodBatchOrder *gst_sod_batch_order_new (
    guint *samples, guint n, guint64 seed);
void gst_sod_batch_order_free (GstSodBatchOrder *self);

guint gst_sod_batch_order_get_n (const GstSodBatchOrder *self);

/* The sample at @place of the line, or, where @skip is more than 0, the one so
 * many further in its permutation, which goes round. */
guint gst_sod_batch_order_get (
    GstSodBatchOrder *self, guint64 place, guint skip);

/* Puts @random at the start of the numbers of @place. */
void gst_sod_batch_order_seed (
    const GstSodBatchOrder *self, guint64 place, GstSodRandom *random);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodBatchOrder, gst_sod_batch_order_free)

G_END_DECLS
