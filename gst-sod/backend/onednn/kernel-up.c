/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Enlarging to twice the size and adding the skip, of a plan for inference: as
 * train-up.c, but so many channels at a time that bf16 fills a vector of
 * AVX-512 once it is f32. */
#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/backend/onednn/simd-private.h>

#include <string.h>

#define LANES 16
#define NEAR 0.75f
#define FAR 0.25f

typedef gfloat Lanes __attribute__ ((vector_size (LANES * sizeof (gfloat))));
typedef guint32 Words __attribute__ ((vector_size (LANES * sizeof (guint32))));
typedef guint16 Halves __attribute__ ((vector_size (LANES * sizeof (guint16))));

typedef struct
{
  gconstpointer source;  /* (n, h, w, c) */
  gconstpointer summand; /* (n, 2 * h, 2 * w, c), or NULL */
  gpointer target;       /* likewise; may be the summand */
  gint64 c, h, w;
} Up;

/* @at: in samples. By address: vectors passed by value depend on the
 * instruction set. */
GST_SOD_ONEDNN_INLINE void
load (gconstpointer data, gint64 at, gboolean bf16, Lanes *lanes)
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

/* A sample of the row between @near and @far, the source's. */
GST_SOD_ONEDNN_INLINE void
mix (const Up *self, gint64 near, gint64 far, gboolean bf16, Lanes *mixed)
{
  Lanes other;

  load (self->source, near, bf16, mixed);
  load (self->source, far, bf16, &other);
  *mixed = NEAR * *mixed + FAR * other;
}

/* bf16 is rounded to the nearest, to even between two. */
GST_SOD_ONEDNN_INLINE void
put (const Up *self, gint64 at, gboolean bf16, const Lanes *value)
{
  Lanes sum = *value;

  if (self->summand != NULL) {
    load (self->summand, at, bf16, &sum);
    sum += *value;
  }
  if (bf16) {
    Halves halves;
    Words words;

    memcpy (&words, &sum, sizeof (words));
    words += 0x7fff + (words >> 16 & 1);
    halves = __builtin_convertvector(words >> 16, Halves);
    memcpy ((guint16 *) self->target + at, &halves, sizeof (halves));
  } else {
    memcpy ((gfloat *) self->target + at, &sum, sizeof (sum));
  }
}

GST_SOD_ONEDNN_INLINE void
enlarge_row (const Up *self, gint64 row, gboolean bf16)
{
  gint64 y = row % (2 * self->h), start = row / (2 * self->h) * self->h;
  gint64 near = y / 2;
  gint64 far = y % 2 == 0 ? MAX (near - 1, 0) : MIN (near + 1, self->h - 1);

  near = (start + near) * self->w * self->c;
  far = (start + far) * self->w * self->c;
  for (gint64 c = 0; c < self->c; c += LANES) {
    gint64 to = 2 * row * self->w * self->c + c;
    Lanes before, here, after;

    mix (self, near + c, far + c, bf16, &here);
    before = here;
    for (gint64 x = 0; x < self->w; x++, to += 2 * self->c) {
      gint64 next = MIN (x + 1, self->w - 1) * self->c + c;
      Lanes left, right;

      mix (self, near + next, far + next, bf16, &after);
      left = NEAR * here + FAR * before;
      right = NEAR * here + FAR * after;
      put (self, to, bf16, &left);
      put (self, to + self->c, bf16, &right);
      before = here;
      here = after;
    }
  }
}

GST_SOD_ONEDNN_HOT static void
enlarge_f32 (const Up *self, gint64 first, gint64 last)
{
  for (gint64 row = first; row < last; row++)
    enlarge_row (self, row, FALSE);
}

GST_SOD_ONEDNN_HOT static void
enlarge_bf16 (const Up *self, gint64 first, gint64 last)
{
  for (gint64 row = first; row < last; row++)
    enlarge_row (self, row, TRUE);
}

static void
enlarge_rows_f32 (gconstpointer data, gint64 first, gint64 last)
{
  enlarge_f32 (data, first, last);
}

static void
enlarge_rows_bf16 (gconstpointer data, gint64 first, gint64 last)
{
  enlarge_bf16 (data, first, last);
}

static void
enlarge (const GstSodOnednnStep *step, gconstpointer source,
    gconstpointer summand, gpointer target, gint threads)
{
  Up up = { source, summand, target, step->c, step->h, step->w };

  if (step->c % LANES != 0)
    gst_sod_onednn_enlarge_few (step, source, summand, target, threads);
  else
    gst_sod_onednn_run_rows (
        step->type == dnnl_bf16 ? enlarge_rows_bf16 : enlarge_rows_f32, &up,
        step->n * 2 * step->h, threads);
}

void
gst_sod_onednn_kernel_up2 (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads)
{
  enlarge (step, memory[0], NULL, memory[1], threads);
}

void
gst_sod_onednn_kernel_up2_add (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads)
{
  enlarge (step, memory[0], memory[1], memory[2], threads);
}
