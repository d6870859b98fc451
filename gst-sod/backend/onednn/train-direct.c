/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions of a training plan on the kernel that plans for inference have
 * (kernel-conv.c), each with the weights packed anew: f32, channels last. The
 * gradient of a convolution's source is a convolution, too: of the target's
 * gradient with the kernel turned by half a turn and its channels swapped. */
#include <gst-sod/backend/onednn/train-simd-private.h>

#define WIDTH GST_SOD_ONEDNN_CONV_BLOCK

/* ---- weights ---- */

typedef struct
{
  const gfloat *from; /* (co, ci, taps) */
  gfloat *to;
  gint64 c_in, c_out, taps;
} Pack;

/* Blocks of the target's channels: (co / 16, taps, ci, 16). */
static void
pack_blocks (gconstpointer data, gint64 first, gint64 last)
{
  const Pack *self = data;

  for (gint64 block = first; block < last; block++) {
    gfloat *to = self->to + block * self->taps * self->c_in * WIDTH;

    for (gint64 tap = 0; tap < self->taps; tap++) {
      const gfloat *from =
          self->from + block * WIDTH * self->c_in * self->taps + tap;

      for (gint64 i = 0; i < self->c_in; i++, to += WIDTH) {
        for (gint64 o = 0; o < WIDTH; o++)
          to[o] = from[(o * self->c_in + i) * self->taps];
      }
    }
  }
}

/* Blocks of the source's channels: (ci / 16, taps, co, 16), the taps from the
 * last one on. */
static void
pack_turned_blocks (gconstpointer data, gint64 first, gint64 last)
{
  const Pack *self = data;

  for (gint64 block = first; block < last; block++) {
    gfloat *to = self->to + block * self->taps * self->c_out * WIDTH;

    for (gint64 tap = self->taps; tap-- > 0;) {
      const gfloat *from = self->from + block * WIDTH * self->taps + tap;

      for (gint64 o = 0; o < self->c_out; o++, to += WIDTH) {
        for (gint64 i = 0; i < WIDTH; i++)
          to[i] = from[(o * self->c_in + i) * self->taps];
      }
    }
  }
}

static Pack
begin_pack (const GstSodTrainStep *step, gpointer const *memory)
{
  return (Pack){ memory[0], memory[1], step->c_in, step->channels,
    step->size * step->size };
}

void
gst_sod_train_kernel_pack (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run)
{
  Pack self = begin_pack (step, memory);

  gst_sod_onednn_run_rows (
      pack_blocks, &self, self.c_out / WIDTH, run->threads);
}

void
gst_sod_train_kernel_pack_turned (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  Pack self = begin_pack (step, memory);

  gst_sod_onednn_run_rows (
      pack_turned_blocks, &self, self.c_in / WIDTH, run->threads);
}

/* ---- convolution ---- */

void
gst_sod_train_direct_describe (
    const GstSodTrainStep *step, GstSodOnednnStep *convolution)
{
  *convolution = (GstSodOnednnStep){
    .n = step->n,
    .c = step->c,
    .h = step->h,
    .w = step->w,
    .size = step->size,
    .stride = step->stride,
    .dilation = step->dilation,
    .padding = step->padding,
    .channels = step->channels,
    .out_h = step->big_h,
    .out_w = step->big_w,
    .layout = GST_SOD_ONEDNN_NHWC,
    .type = dnnl_f32,
  };
}

void
gst_sod_train_kernel_conv (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run)
{
  gpointer args[] = { memory[0], memory[1], NULL, memory[2], memory[3] };
  GstSodOnednnStep convolution;

  gst_sod_train_direct_describe (step, &convolution);
  gst_sod_onednn_kernel_conv (&convolution, args, run->threads);
}
