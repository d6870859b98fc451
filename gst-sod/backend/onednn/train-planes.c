/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the caller's memory and a training plan's. */
#include <gst-sod/backend/onednn/train-simd-private.h>

/* ---- activations ---- */

typedef struct
{
  const gfloat *from; /* (c, plane) */
  gpointer to;        /* (plane, c) */
  gint64 c, plane;
  gboolean bf16;
} Sample;

/* A frame. Counts of channels that are known are a quarter of the time. */
GST_SOD_ONEDNN_INLINE void
write_threes (const Sample *self, gint64 first, gint64 last, gboolean bf16)
{
  const gfloat *restrict red = self->from;
  const gfloat *restrict green = red + self->plane;
  const gfloat *restrict blue = green + self->plane;

  if (bf16) {
    guint16 *restrict to = self->to;

    for (gint64 p = first; p < last; p++) {
      to[3 * p] = gst_sod_f32_to_bf16 (red[p]);
      to[3 * p + 1] = gst_sod_f32_to_bf16 (green[p]);
      to[3 * p + 2] = gst_sod_f32_to_bf16 (blue[p]);
    }
  } else {
    gfloat *restrict to = self->to;

    for (gint64 p = first; p < last; p++) {
      to[3 * p] = red[p];
      to[3 * p + 1] = green[p];
      to[3 * p + 2] = blue[p];
    }
  }
}

/* Two channels' bf16, the one that comes first in memory first. */
GST_SOD_ONEDNN_INLINE guint32
make_pair (const gfloat *from, gint64 plane, gint64 p)
{
  guint32 first = gst_sod_f32_to_bf16 (from[p]);
  guint32 second = gst_sod_f32_to_bf16 (from[plane + p]);

  return G_BYTE_ORDER == G_LITTLE_ENDIAN ? first | second << 16
                                         : first << 16 | second;
}

/* Two frames in bf16, as three pairs of channels. */
GST_SOD_ONEDNN_INLINE void
write_pairs (const Sample *self, gint64 first, gint64 last)
{
  const gfloat *restrict from = self->from;
  guint32 *restrict to = self->to;
  gint64 plane = self->plane;

  for (gint64 p = first; p < last; p++) {
    to[3 * p] = make_pair (from, plane, p);
    to[3 * p + 1] = make_pair (from + 2 * plane, plane, p);
    to[3 * p + 2] = make_pair (from + 4 * plane, plane, p);
  }
}

GST_SOD_ONEDNN_INLINE void
write_ones (const Sample *self, gint64 first, gint64 last)
{
  const gfloat *restrict from = self->from;
  guint16 *restrict to = self->to;

  for (gint64 p = first; p < last; p++)
    to[p] = gst_sod_f32_to_bf16 (from[p]);
}

GST_SOD_ONEDNN_INLINE void
write_pixels_of (const Sample *self, gint64 first, gint64 last, gboolean bf16)
{
  if (self->c == 3) {
    write_threes (self, first, last, bf16);
    return;
  }
  if (bf16 && self->c == 6) {
    write_pairs (self, first, last);
    return;
  }
  if (bf16 && self->c == 1) {
    write_ones (self, first, last);
    return;
  }
  for (gint64 p = first; p < last; p++) {
    for (gint64 i = 0; i < self->c; i++)
      element_store (
          self->from[i * self->plane + p], self->to, p * self->c + i, bf16);
  }
}

GST_SOD_TRAIN_DEFINE_HOT (write_pixels, write_pixels_of, Sample)

/* One channel, f32: as it is. */
static void
copy_pixels (gconstpointer data, gint64 first, gint64 last)
{
  const Sample *self = data;

  memcpy ((gfloat *) self->to + first, self->from + first,
      (gsize) (last - first) * sizeof (gfloat));
}

void
gst_sod_train_write_sample (const gfloat *from, gint64 c, gint64 plane,
    gpointer to, dnnl_data_type_t type, gint threads)
{
  Sample self = { from, to, c, plane, type == dnnl_bf16 };

  gst_sod_onednn_run_rows (
      c == 1 && !self.bf16 ? copy_pixels : write_pixels, &self, plane, threads);
}

/* All samples of a tensor that lies channels last. */
typedef struct
{
  gconstpointer from; /* (n, plane, c) */
  gfloat *to;         /* (n, c, plane) */
  gint64 c, plane;
  gboolean bf16;
} Planes;

GST_SOD_ONEDNN_INLINE void
read_planes_of (const Planes *self, gint64 first, gint64 last, gboolean bf16)
{
  const gint64 plane = self->plane, c = self->c;

  for (gint64 i = first; i < last; i++) {
    const gint64 at = i / c * c * plane + i % c;
    gfloat *restrict to = self->to + i * plane;

    if (c == 1) {
      for (gint64 p = 0; p < plane; p++)
        to[p] = element_load (self->from, at + p, bf16);
      continue;
    }
    for (gint64 p = 0; p < plane; p++)
      to[p] = element_load (self->from, at + p * c, bf16);
  }
}

GST_SOD_TRAIN_DEFINE_HOT (read_planes, read_planes_of, Planes)

void
gst_sod_train_read_planes (gconstpointer from, dnnl_data_type_t type, gint64 n,
    gint64 c, gint64 plane, gfloat *to, gint threads)
{
  Planes self = { from, to, c, plane, type == dnnl_bf16 };

  gst_sod_onednn_run_rows (read_planes, &self, n * c, threads);
}

/* The pixels of views that lie between are dense. */
void
gst_sod_train_kernel_from_planes (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  const gfloat *from = memory[0]; /* (n, c, h, w) */
  Pixels to = pixels_get (step, memory, 1);
  gint64 plane = step->h * step->w;

  for (gint64 i = 0; i < step->n; i++)
    gst_sod_train_write_sample (from + i * step->c * plane, step->c, plane,
        (guint8 *) to.data
            + i * step->c * plane * (to.bf16 ? sizeof (guint16) : 4),
        to.bf16 ? dnnl_bf16 : dnnl_f32, run->threads);
}

void
gst_sod_train_kernel_to_planes (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  Pixels from = pixels_get (step, memory, 0);

  gst_sod_train_read_planes (from.data, from.bf16 ? dnnl_bf16 : dnnl_f32,
      step->n, step->c, step->h * step->w, memory[1], run->threads);
}

/* ---- weights of a unit's parts ---- */

/* Row (@o, @i, @y) of a part's kernel within that of the whole, whose first
 * channel of the part is @first. */
static gint64
find_row (const GstSodTrainStep *step, guint part, gint64 first, gint64 row)
{
  gint64 size = step->sizes[part], margin = (step->size - size) / 2;
  gint64 y = row % size, i = row / size; /* i: channels out and in */

  return ((first * step->c_in + i) * step->size + y + margin) * step->size
         + margin;
}

void
gst_sod_train_kernel_join (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run)
{
  gfloat *whole = memory[step->n_parts]; /* (co, ci, size, size) */
  gint64 channels = 0;

  for (guint part = 0; part < step->n_parts; part++)
    channels += step->parts[part];
  memset (whole, 0,
      (gsize) (channels * step->c_in * step->size * step->size)
          * sizeof (*whole));
  channels = 0;
  for (guint part = 0; part < step->n_parts; part++) {
    const gfloat *from = memory[part]; /* (parts[part], ci, size, size) */
    gint64 size = step->sizes[part];

    for (gint64 row = 0; row < step->parts[part] * step->c_in * size; row++)
      memcpy (whole + find_row (step, part, channels, row), from + row * size,
          (gsize) size * sizeof (*whole));
    channels += step->parts[part];
  }
}

void
gst_sod_train_kernel_split (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run)
{
  const gfloat *whole = memory[step->n_parts]; /* (co, ci, size, size) */
  gint64 channels = 0;

  for (guint part = 0; part < step->n_parts; part++) {
    gfloat *to = memory[part]; /* (parts[part], ci, size, size) */
    gint64 size = step->sizes[part];

    for (gint64 row = 0; row < step->parts[part] * step->c_in * size; row++)
      memcpy (to + row * size, whole + find_row (step, part, channels, row),
          (gsize) size * sizeof (*to));
    channels += step->parts[part];
  }
}
