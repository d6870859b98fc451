/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/batch-order-private.h>

#include <string.h>

/* Permutations that are kept: batches that are read ahead reach into the next
 * epochs where there are few samples. */
#define N_KEPT 4

/* Stream of the numbers that permutations are drawn with, before the epoch. */
#define RANDOM_STREAM ((guint64) 0xba7c << 32)

struct _GstSodBatchOrder
{
  guint *samples;
  guint n;
  guint64 seed;

  GMutex lock;
  guint *kept[N_KEPT]; /* permutation of the epoch, at epoch % N_KEPT */
  guint64 epochs[N_KEPT];
};

GstSodBatchOrder *
gst_sod_batch_order_new (guint *samples, guint n, guint64 seed)
{
  GstSodBatchOrder *self = g_new0 (GstSodBatchOrder, 1);

  self->samples = samples;
  self->n = n;
  self->seed = seed;
  g_mutex_init (&self->lock);
  return self;
}

void
gst_sod_batch_order_free (GstSodBatchOrder *self)
{
  for (guint i = 0; i < N_KEPT; i++)
    g_free (self->kept[i]);
  g_mutex_clear (&self->lock);
  g_free (self->samples);
  g_free (self);
}

guint
gst_sod_batch_order_get_n (const GstSodBatchOrder *self)
{
  return self->n;
}

/* Fisher and Yates. */
static guint *
permute (const GstSodBatchOrder *self, guint64 epoch)
{
  g_autoptr (GstSodRandom) random =
      gst_sod_random_new (self->seed, RANDOM_STREAM + epoch);
  guint *order = g_memdup2 (self->samples, self->n * sizeof (guint));

  for (guint i = self->n; i > 1; i--) {
    guint other = gst_sod_random_below (random, i);
    guint sample = order[i - 1];

    order[i - 1] = order[other];
    order[other] = sample;
  }
  return order;
}

guint
gst_sod_batch_order_get (GstSodBatchOrder *self, guint64 place, guint skip)
{
  guint64 epoch = place / self->n;
  guint index = (guint) ((place % self->n + skip) % self->n);
  guint slot = (guint) (epoch % N_KEPT), sample;

  g_mutex_lock (&self->lock);
  if (self->kept[slot] == NULL || self->epochs[slot] != epoch) {
    g_free (self->kept[slot]);
    self->kept[slot] = permute (self, epoch);
    self->epochs[slot] = epoch;
  }
  sample = self->kept[slot][index];
  g_mutex_unlock (&self->lock);
  return sample;
}

/* Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
 * 2014: neighbouring numbers become unlike each other. */
static guint64
mix (guint64 value)
{
  value = (value ^ value >> 30) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  value = (value ^ value >> 27) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return value ^ value >> 31;
}

void
gst_sod_batch_order_seed (
    const GstSodBatchOrder *self, guint64 place, GstSodRandom *random)
{
  guint64 step = G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  guint64 state = mix (self->seed + step * (2 * place + 1));

  gst_sod_random_set_state (
      random, state, mix (state + step * (2 * place + 2)));
}
