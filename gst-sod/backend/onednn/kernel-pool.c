/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The encoder's 2x2 maximum. oneDNN 2.6 takes three times as long with AVX-512
 * and fifteen with AVX2. */
#include <gst-sod/backend/onednn/plan-private.h>
#include <gst-sod/backend/onednn/simd-private.h>

/* The source as planes (h, w, block), one for each sample and block of
 * channels. */
typedef struct
{
  gconstpointer source;
  gpointer target;
  gint64 h, w, block;
  gboolean bf16;
} Pool;

/* @top and @bottom: two rows (2 * n, block); @out: (n, block). */
GST_SOD_ONEDNN_HOT static void
pool_f32 (const gfloat *restrict top, const gfloat *restrict bottom, gint64 n,
    gint64 block, gfloat *restrict out)
{
  for (gint64 x = 0; x < n; x++) {
    for (gint64 c = 0; c < block; c++) {
      gfloat a = MAX (top[c], top[c + block]);
      gfloat b = MAX (bottom[c], bottom[c + block]);

      out[c] = MAX (a, b);
    }
    top += 2 * block;
    bottom += 2 * block;
    out += block;
  }
}

/* A bf16 is ordered as a 16-bit integer once the negative ones' bits below the
 * sign are turned over; that is its own inverse. */
GST_SOD_ONEDNN_INLINE gint16
to_order (gint16 bits)
{
  return (gint16) (bits ^ (bits >> 15 & 0x7fff));
}

/* @lanes channels at a time: known when it is compiled, so that they fill
 * vectors whatever their number is. */
GST_SOD_ONEDNN_INLINE void
pool_lanes (const gint16 *restrict top, const gint16 *restrict bottom, gint64 n,
    gint64 block, const gint64 lanes, gint16 *restrict out)
{
  for (gint64 x = 0; x < n; x++) {
    for (gint64 first = 0; first < block; first += lanes) {
      for (gint64 c = first; c < first + lanes; c++) {
        gint16 a = to_order (top[c]), b = to_order (top[c + block]);
        gint16 d = to_order (bottom[c]), e = to_order (bottom[c + block]);
        gint16 upper = MAX (a, b), lower = MAX (d, e);

        out[c] = to_order (MAX (upper, lower));
      }
    }
    top += 2 * block;
    bottom += 2 * block;
    out += block;
  }
}

GST_SOD_ONEDNN_HOT static void
pool_bf16 (const gint16 *restrict top, const gint16 *restrict bottom, gint64 n,
    gint64 block, gint16 *restrict out)
{
  if (block % 32 == 0)
    pool_lanes (top, bottom, n, block, 32, out);
  else if (block % 8 == 0)
    pool_lanes (top, bottom, n, block, 8, out);
  else
    pool_lanes (top, bottom, n, block, 1, out);
}

static void
pool_rows (gconstpointer data, gint64 first, gint64 last)
{
  const Pool *self = data;
  gint64 out_h = self->h / 2, out_w = self->w / 2;

  for (gint64 i = first; i < last; i++) {
    gint64 row = i / out_h * self->h + 2 * (i % out_h);
    gint64 in = row * self->w * self->block;
    gint64 next = in + self->w * self->block;
    gint64 out = i * out_w * self->block;

    if (self->bf16)
      pool_bf16 ((const gint16 *) self->source + in,
          (const gint16 *) self->source + next, out_w, self->block,
          (gint16 *) self->target + out);
    else
      pool_f32 ((const gfloat *) self->source + in,
          (const gfloat *) self->source + next, out_w, self->block,
          (gfloat *) self->target + out);
  }
}

void
gst_sod_onednn_kernel_max_pool2 (
    const GstSodOnednnStep *step, gpointer const *memory, gint threads)
{
  gint64 block = gst_sod_onednn_step_get_block (step);
  Pool pool = { memory[0], memory[1], step->h, step->w, block,
    step->type == dnnl_bf16 };

  gst_sod_onednn_run_rows (
      pool_rows, &pool, step->n * (step->c / block) * (step->h / 2), threads);
}
