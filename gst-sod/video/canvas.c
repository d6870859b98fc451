/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/video/canvas-private.h>

#include <math.h>

/* Inverts the colour part of the codes -> RGB matrix. A gray format shows the
 * luma of a colour. */
static void
invert (gfloat m[3][4], guint n_components, gdouble inverse[3][4])
{
  gdouble det = 0;

  if (n_components == 1) {
    inverse[0][0] = 0.299 / m[0][0];
    inverse[0][1] = 0.587 / m[0][0];
    inverse[0][2] = 0.114 / m[0][0];
    inverse[0][3] = -m[0][3] / m[0][0];
    return;
  }
  for (guint i = 0; i < 3; i++)
    det += (gdouble) m[0][i]
           * ((gdouble) m[1][(i + 1) % 3] * m[2][(i + 2) % 3]
               - (gdouble) m[1][(i + 2) % 3] * m[2][(i + 1) % 3]);
  for (guint i = 0; i < 3; i++) {
    inverse[i][3] = 0;
    for (guint j = 0; j < 3; j++) {
      guint r = (j + 1) % 3, s = (j + 2) % 3;
      guint c = (i + 1) % 3, d = (i + 2) % 3;

      inverse[i][j] =
          ((gdouble) m[r][c] * m[s][d] - (gdouble) m[r][d] * m[s][c]) / det;
      inverse[i][3] -= inverse[i][j] * m[j][3];
    }
  }
}

void
gst_sod_canvas_init (GstSodCanvas *self, const GstSodFrameFormat *format)
{
  gfloat matrix[3][4];

  self->n_components = format->layout.n_components;
  gst_sod_layout_get_matrix (&format->plain, matrix);
  invert (matrix, self->n_components, self->inverse);
  self->alpha = g_new (guint8, format->info.width);
  self->codes = g_new (guint16, format->info.width);
}

void
gst_sod_canvas_clear (GstSodCanvas *self)
{
  g_clear_pointer (&self->alpha, g_free);
  g_clear_pointer (&self->codes, g_free);
}

void
gst_sod_canvas_set_frame (GstSodCanvas *self, const GstSodFrameFormat *format,
    const GstVideoFrame *frame, const GstSodRectangle *rectangle)
{
  self->width = rectangle->width;
  self->height = rectangle->height;
  gst_sod_frame_format_describe (
      format, frame, rectangle, -1, self->components);
}

guint16
gst_sod_canvas_get_code (
    const GstSodCanvas *self, guint index, const GstSodColour *colour)
{
  const gdouble *row = self->inverse[index];
  gdouble code =
      row[0] * colour->r + row[1] * colour->g + row[2] * colour->b + row[3];
  gdouble largest = (1u << self->components[index].depth) - 1;

  return (guint16) (CLAMP (code, 0, largest) + 0.5);
}

/* Rounded (from * (255 - alpha) + to * alpha) / 255. */
static inline guint
mix (guint from, guint to, guint alpha)
{
  return (from * (255 - alpha) + to * alpha + 127) / 255;
}

/* The same for bytes, exactly, within 16 bits. */
static inline guint8
mix_bytes (guint8 from, guint16 to, guint8 alpha)
{
  guint16 sum = (guint16) (from * (255 - alpha) + to * alpha + 128);

  return (guint8) ((guint16) (sum + (sum >> 8)) >> 8);
}

/* Blocks of a known length, for the compiler to vectorise. */
static void
blend_bytes (guint8 *restrict row, const guint16 *restrict codes,
    const guint8 *restrict alpha, gint count)
{
  gint x = 0;

  for (; x + 16 <= count; x += 16) {
    for (gint k = 0; k < 16; k++)
      row[x + k] = mix_bytes (row[x + k], codes[x + k], alpha[x + k]);
  }
  for (; x < count; x++)
    row[x] = mix_bytes (row[x], codes[x], alpha[x]);
}

static void
blend_words (const GstSodComponent *to, guint8 *row, const guint16 *codes,
    const guint8 *alpha, gint first, gint end)
{
  guint mask = (1u << to->depth) - 1;

  for (gint x = first; x < end; x++) {
    guint8 *sample = row + (gssize) x * to->pixel_stride;
    guint word = sample[0] | sample[1] << 8;
    guint code = mix (word >> to->shift & mask, codes[x], alpha[x]);

    /* Other components may share the word. */
    word = (word & ~(mask << to->shift)) | code << to->shift;
    sample[0] = (guint8) word;
    sample[1] = (guint8) (word >> 8);
  }
}

void
gst_sod_canvas_blend (
    GstSodCanvas *self, guint index, gint y, gint first, gint end)
{
  const GstSodComponent *to = &self->components[index];
  guint8 *row = (guint8 *) to->data + (gssize) y * to->stride;
  const guint16 *codes = self->codes;
  const guint8 *alpha = self->alpha;

  if (to->sample_size == 2) {
    blend_words (to, row, codes, alpha, first, end);
  } else if (to->pixel_stride == 1) {
    blend_bytes (row + first, codes + first, alpha + first, end - first);
  } else {
    gint step = to->pixel_stride;

    for (gint x = first; x < end; x++)
      row[(gssize) x * step] =
          mix_bytes (row[(gssize) x * step], codes[x], alpha[x]);
  }
}

void
gst_sod_canvas_blend_code (
    GstSodCanvas *self, guint index, gint y, gint first, gint end, guint16 code)
{
  for (gint x = first; x < end; x++)
    self->codes[x] = code;
  gst_sod_canvas_blend (self, index, y, first, end);
}

guint
gst_sod_canvas_get_group_end (const GstSodCanvas *self, guint first)
{
  const GstSodComponent *a = &self->components[first];
  guint end = first + 1;

  for (; end < self->n_components; end++) {
    const GstSodComponent *b = &self->components[end];

    if (a->width != b->width || a->height != b->height
        || a->x_first != b->x_first || a->x_step != b->x_step
        || a->y_first != b->y_first || a->y_step != b->y_step)
      break;
  }
  return end;
}

/* Which samples of an axis a stretch of the canvas touches. */
static void
find_samples (gdouble from, gdouble to, gfloat position, gfloat step,
    gint count, gint *first, gint *end)
{
  *first = CLAMP ((gint) floor ((from - position) / step + 0.5), 0, count);
  *end = CLAMP ((gint) ceil ((to - position) / step + 0.5), *first, count);
}

/* How much of sample @k the stretch covers, 0..1. */
static gdouble
get_cover (gdouble from, gdouble to, gfloat position, gfloat step, gint k)
{
  gdouble start = position + ((gdouble) k - 0.5) * step;
  gdouble common = MIN (to, start + step) - MAX (from, start);

  return CLAMP (common / step, 0, 1);
}

void
gst_sod_canvas_fill (GstSodCanvas *self, gdouble left, gdouble top,
    gdouble right, gdouble bottom, const GstSodColour *colour, gdouble alpha)
{
  left /= self->width;
  right /= self->width;
  top /= self->height;
  bottom /= self->height;
  for (guint i = 0; i < self->n_components; i++) {
    const GstSodComponent *to = &self->components[i];
    guint16 code = gst_sod_canvas_get_code (self, i, colour);
    gint first, end, first_row, end_row;

    find_samples (
        left, right, to->x_first, to->x_step, to->width, &first, &end);
    find_samples (
        top, bottom, to->y_first, to->y_step, to->height, &first_row, &end_row);
    for (gint y = first_row; y < end_row; y++) {
      gdouble cover =
          255 * alpha * get_cover (top, bottom, to->y_first, to->y_step, y);

      for (gint x = first; x < end; x++)
        self->alpha[x] =
            (guint8) (cover
                          * get_cover (left, right, to->x_first, to->x_step, x)
                      + 0.5);
      gst_sod_canvas_blend_code (self, i, y, first, end, code);
    }
  }
}
