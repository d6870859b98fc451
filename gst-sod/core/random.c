/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/random.h>

#include <math.h>

struct _GstSodRandom
{
  guint64 state;
  guint64 increment; /* odd; chooses the stream */
};

G_DEFINE_BOXED_TYPE (
    GstSodRandom, gst_sod_random, gst_sod_random_copy, gst_sod_random_free)

/**
 * gst_sod_random_new:
 * @seed: where in the stream to start
 * @stream: which of 2^63 independent streams
 *
 * Makes a generator.
 *
 * Returns: (transfer full): the generator
 *
 * Since: 0.1
 */
GstSodRandom *
gst_sod_random_new (guint64 seed, guint64 stream)
{
  GstSodRandom *self = g_new0 (GstSodRandom, 1);

  self->increment = stream << 1 | 1u;
  gst_sod_random_next (self);
  self->state += seed;
  gst_sod_random_next (self);
  return self;
}

/**
 * gst_sod_random_copy:
 * @self: a generator
 *
 * Returns: (transfer full): a generator that goes on with the same numbers
 *
 * Since: 0.1
 */
GstSodRandom *
gst_sod_random_copy (const GstSodRandom *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_memdup2 (self, sizeof (*self));
}

/**
 * gst_sod_random_free:
 * @self: (transfer full): a generator
 *
 * Since: 0.1
 */
void
gst_sod_random_free (GstSodRandom *self)
{
  g_free (self);
}

/**
 * gst_sod_random_next:
 * @self: a generator
 *
 * Returns: the next number, uniform over 32 bits
 *
 * Since: 0.1
 */
guint32
gst_sod_random_next (GstSodRandom *self)
{
  guint64 old = self->state;
  guint32 xorshifted = (guint32) ((old >> 18 ^ old) >> 27);
  guint rotation = (guint) (old >> 59);

  self->state = old * 6364136223846793005ULL + self->increment;
  return xorshifted >> rotation | xorshifted << (-rotation & 31);
}

/**
 * gst_sod_random_below:
 * @self: a generator
 * @bound: 1 or more
 *
 * Returns: an unbiased integer from 0 to @bound - 1
 *
 * Since: 0.1
 */
guint32
gst_sod_random_below (GstSodRandom *self, guint32 bound)
{
  guint32 threshold, value;

  g_return_val_if_fail (bound > 0, 0);

  threshold = -bound % bound;
  do
    value = gst_sod_random_next (self);
  while (value < threshold);
  return value % bound;
}

/**
 * gst_sod_random_uniform:
 * @self: a generator
 *
 * Returns: a number in [0, 1) with 53 random bits
 *
 * Since: 0.1
 */
gdouble
gst_sod_random_uniform (GstSodRandom *self)
{
  guint64 high = gst_sod_random_next (self) >> 5;
  guint64 low = gst_sod_random_next (self) >> 6;

  return (gdouble) (high << 26 | low) * 0x1p-53;
}

/**
 * gst_sod_random_normal:
 * @self: a generator
 *
 * Returns: a number of the standard normal distribution (Box and Muller 1958,
 *   the cosine branch, so that a call always takes the same count of numbers)
 *
 * Since: 0.1
 */
gdouble
gst_sod_random_normal (GstSodRandom *self)
{
  gdouble radius = sqrt (-2.0 * log (1.0 - gst_sod_random_uniform (self)));

  return radius * cos (2.0 * G_PI * gst_sod_random_uniform (self));
}

/**
 * gst_sod_random_get_state:
 * @self: a generator
 * @state: (out): position
 * @increment: (out): stream
 *
 * Reads the whole state, for a checkpoint.
 *
 * Since: 0.1
 */
void
gst_sod_random_get_state (
    const GstSodRandom *self, guint64 *state, guint64 *increment)
{
  *state = self->state;
  *increment = self->increment;
}

/**
 * gst_sod_random_set_state:
 * @self: a generator
 * @state: as gst_sod_random_get_state() gave it
 * @increment: as gst_sod_random_get_state() gave it
 *
 * Goes on where the checkpoint was taken.
 *
 * Since: 0.1
 */
void
gst_sod_random_set_state (GstSodRandom *self, guint64 state, guint64 increment)
{
  self->state = state;
  self->increment = increment | 1u;
}
