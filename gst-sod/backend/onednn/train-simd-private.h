/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/backend/onednn/simd-private.h>
#include <gst-sod/backend/onednn/train-private.h>

#include <string.h>

G_BEGIN_DECLS

/* LANES channels of a pixel as f32, whatever they are stored as. By address:
 * vectors passed by value depend on the instruction set. */
#define LANES GST_SOD_TRAIN_LANES

typedef gfloat Lanes __attribute__ ((vector_size (LANES * sizeof (gfloat))));
typedef gint32 Masks __attribute__ ((vector_size (LANES * sizeof (gint32))));
typedef guint32 Words __attribute__ ((vector_size (LANES * sizeof (guint32))));
typedef guint16 Halves __attribute__ ((vector_size (LANES * sizeof (guint16))));

/* @at: in elements. */
GST_SOD_ONEDNN_INLINE void
lanes_load (Lanes *lanes, gconstpointer data, gint64 at, gboolean bf16)
{
  if (bf16) {
    Halves halves;
    Words words;

    memcpy (&halves, (const guint16 *) data + at, sizeof (halves));
    words = __builtin_convertvector(halves, Words) << 16;
    memcpy (lanes, &words, sizeof (*lanes));
  } else {
    memcpy (lanes, (const gfloat *) data + at, sizeof (*lanes));
  }
}

/* Rounds to nearest even. What is no number stays none as long as it was made
 * by arithmetic. */
GST_SOD_ONEDNN_INLINE void
lanes_store (const Lanes *lanes, gpointer data, gint64 at, gboolean bf16)
{
  if (bf16) {
    Halves halves;
    Words words;

    memcpy (&words, lanes, sizeof (words));
    words += 0x7fff + (words >> 16 & 1);
    halves = __builtin_convertvector(words >> 16, Halves);
    memcpy ((guint16 *) data + at, &halves, sizeof (halves));
  } else {
    memcpy ((gfloat *) data + at, lanes, sizeof (*lanes));
  }
}

/* Zero where @condition is not over zero. */
GST_SOD_ONEDNN_INLINE void
lanes_gate (Lanes *lanes, const Lanes *condition)
{
  Masks mask = *condition > 0, bits;

  memcpy (&bits, lanes, sizeof (bits));
  bits &= mask;
  memcpy (lanes, &bits, sizeof (bits));
}

/* The larger of both; @lanes of equals. */
GST_SOD_ONEDNN_INLINE void
lanes_max (Lanes *lanes, const Lanes *other)
{
  Masks mask = *other > *lanes, mine, theirs;

  memcpy (&mine, lanes, sizeof (mine));
  memcpy (&theirs, other, sizeof (theirs));
  mine = (mine & ~mask) | (theirs & mask);
  memcpy (lanes, &mine, sizeof (mine));
}

GST_SOD_ONEDNN_INLINE gfloat
element_load (gconstpointer data, gint64 at, gboolean bf16)
{
  return bf16 ? gst_sod_bf16_to_f32 (((const guint16 *) data)[at])
              : ((const gfloat *) data)[at];
}

GST_SOD_ONEDNN_INLINE void
element_store (gfloat value, gpointer data, gint64 at, gboolean bf16)
{
  if (bf16)
    ((guint16 *) data)[at] = gst_sod_f32_to_bf16 (value);
  else
    ((gfloat *) data)[at] = value;
}

/* Pixels of an argument. */
typedef struct
{
  gpointer data; /* NULL where there is none */
  gint64 pitch;
  gboolean bf16;
} Pixels;

static inline Pixels
pixels_get (const GstSodTrainStep *step, gpointer const *memory, guint index)
{
  const GstSodTrainArg *arg = gst_sod_train_step_arg (step, index);

  return (Pixels){ memory[index], arg->pitch, arg->type == dnnl_bf16 };
}

/* Builds @name twice, of the inline function @of, whose last parameter tells
 * the type. */
#define GST_SOD_TRAIN_DEFINE_HOT(name, of, Type)                               \
  GST_SOD_ONEDNN_HOT static void name##_f32 (                                  \
      const Type *self, gint64 first, gint64 last)                             \
  {                                                                            \
    of (self, first, last, FALSE);                                             \
  }                                                                            \
  GST_SOD_ONEDNN_HOT static void name##_bf16 (                                 \
      const Type *self, gint64 first, gint64 last)                             \
  {                                                                            \
    of (self, first, last, TRUE);                                              \
  }                                                                            \
  static void name (gconstpointer data, gint64 first, gint64 last)             \
  {                                                                            \
    const Type *self = data;                                                   \
                                                                               \
    if (self->bf16)                                                            \
      name##_bf16 (self, first, last);                                         \
    else                                                                       \
      name##_f32 (self, first, last);                                          \
  }

G_END_DECLS
