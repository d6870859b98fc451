/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* preprocess: a picture becomes the network's input, row by row: its samples
 * filtered down the columns (contiguous bytes), then along the row, then colour
 * and normalisation straight into the layout that the network reads. */
#include <gst-sod/backend/onednn/picture-private.h>
#include <gst-sod/backend/onednn/simd-private.h>

#include <string.h>

GstSodOnednnPicture *
gst_sod_onednn_picture_new (void)
{
  return g_new0 (GstSodOnednnPicture, 1);
}

void
gst_sod_onednn_picture_free (GstSodOnednnPicture *self)
{
  for (guint i = 0; i < 3; i++) {
    gst_sod_onednn_taps_clear (&self->across[i]);
    gst_sod_onednn_taps_clear (&self->down[i]);
  }
  gst_sod_onednn_taps_clear (&self->map_across);
  gst_sod_onednn_taps_clear (&self->map_down);
  gst_sod_aligned_free (self->row);
  gst_sod_aligned_free (self->line);
  gst_sod_aligned_free (self->codes);
  gst_sod_aligned_free (self->rows);
  g_free (self);
}

gboolean
gst_sod_onednn_reserve (
    gfloat **buffer, gsize *capacity, gsize length, GError **error)
{
  if (length <= *capacity)
    return TRUE;
  gst_sod_aligned_free (*buffer);
  *capacity = 0;
  *buffer = gst_sod_aligned_alloc (length * sizeof (gfloat), error);
  if (*buffer == NULL)
    return FALSE;
  *capacity = length;
  return TRUE;
}

/* ---- groups of components ---- */

/* Components that lie interleaved in the same rows are filtered down together,
 * as one row of @length samples of @size bytes; component i of the group is
 * every @stride-th of them from @offsets[i] on. */
typedef struct
{
  const guint8 *data;
  gint length, size, stride;
  guint n, components[3];
  gint offsets[3];
} Group;

static gboolean
are_interleaved (const GstSodComponent *a, const GstSodComponent *b)
{
  gssize distance = b->data - a->data;

  return a->stride == b->stride && a->pixel_stride == b->pixel_stride
         && a->width == b->width && a->height == b->height
         && a->sample_size == b->sample_size && a->depth == b->depth
         && a->shift == b->shift && a->y_first == b->y_first
         && a->y_step == b->y_step && ABS (distance) < a->pixel_stride
         && distance % a->sample_size == 0;
}

/* The group of component @first and of those after it that belong to it;
 * @taken gets their bits. */
static void
group_init (Group *self, const GstSodImage *image, guint first, guint *taken)
{
  const GstSodComponent *leader = &image->components[first];
  const guint8 *end = leader->data;

  *self = (Group){ .data = leader->data, .size = leader->sample_size };
  for (guint i = first; i < image->n_components; i++) {
    const GstSodComponent *component = &image->components[i];

    if (i > first && (*taken & 1u << i || !are_interleaved (leader, component)))
      continue;
    *taken |= 1u << i;
    self->components[self->n++] = i;
    self->data = MIN (self->data, component->data);
    end = MAX (end, component->data);
  }
  self->stride = leader->pixel_stride / self->size;
  self->length = (leader->width - 1) * self->stride
                 + (gint) (end - self->data) / self->size + 1;
  for (guint i = 0; i < self->n; i++)
    self->offsets[i] =
        (gint) (image->components[self->components[i]].data - self->data)
        / self->size;
}

/* ---- down the columns ---- */

#define ROWS 4 /* at a time */

GST_SOD_ONEDNN_HOT static void
add_bytes (const guint8 *const rows[ROWS], const gfloat *weights, gint length,
    gboolean clear, gfloat *restrict out)
{
  const guint8 *restrict a = rows[0], *restrict b = rows[1];
  const guint8 *restrict c = rows[2], *restrict d = rows[3];
  gfloat w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3];

  if (clear) {
    for (gint i = 0; i < length; i++)
      out[i] = (w0 * a[i] + w1 * b[i]) + (w2 * c[i] + w3 * d[i]);
  } else {
    for (gint i = 0; i < length; i++)
      out[i] += (w0 * a[i] + w1 * b[i]) + (w2 * c[i] + w3 * d[i]);
  }
}

GST_SOD_ONEDNN_HOT static void
add_pair (const guint8 *restrict a, const guint8 *restrict b, gfloat w0,
    gfloat w1, gint length, gfloat *restrict out)
{
  for (gint i = 0; i < length; i++)
    out[i] = w0 * a[i] + w1 * b[i];
}

/* Codes of more than 8 bits: little-endian. */
GST_SOD_ONEDNN_HOT static void
add_words (const guint8 *restrict row, gfloat weight, guint shift, guint mask,
    gint length, gboolean clear, gfloat *restrict out)
{
  for (gint i = 0; i < length; i++) {
    guint16 word;
    gfloat code;

    memcpy (&word, row + 2 * i, sizeof (word));
    code = (gfloat) (gint) (GUINT16_FROM_LE (word) >> shift & mask);
    out[i] = (clear ? 0 : out[i]) + weight * code;
  }
}

static void
filter_down_bytes (const Group *group, gssize stride,
    const GstSodOnednnTaps *taps, gint y, gfloat *out)
{
  const gfloat *weights = taps->weights + (gsize) y * taps->count;
  gint start = taps->starts[y];
  const guint8 *rows[ROWS];

  if (taps->count == 2) {
    gint next = MIN (start + 1, taps->n_in - 1);

    add_pair (group->data + start * stride, group->data + next * stride,
        weights[0], weights[1], group->length, out);
    return;
  }
  for (gint i = 0; i < taps->count; i += ROWS) {
    for (gint j = 0; j < ROWS; j++)
      rows[j] = group->data + MIN (start + i + j, taps->n_in - 1) * stride;
    if (i == 0 || start + i < taps->n_in)
      add_bytes (rows, weights + i, group->length, i == 0, out);
  }
}

/* Row @y of the output: every sample of the group. */
static void
filter_down (const GstSodImage *image, const Group *group,
    const GstSodOnednnTaps *taps, gint y, gfloat *out)
{
  const GstSodComponent *component = &image->components[group->components[0]];
  gint start = taps->starts[y];

  if (group->size == 1) {
    filter_down_bytes (group, component->stride, taps, y, out);
    return;
  }
  for (gint i = 0; i < taps->count && start + i < taps->n_in; i++)
    add_words (group->data + (gssize) (start + i) * component->stride,
        taps->weights[(gsize) y * taps->count + i], component->shift,
        (1u << component->depth) - 1, group->length, i == 0, out);
}

/* ---- along the rows ---- */

GST_SOD_ONEDNN_HOT static void
pick (const gfloat *restrict row, gint stride, gint n, gfloat *restrict line)
{
  switch (stride) {
    case 2:
      for (gint i = 0; i < n; i++)
        line[i] = row[2 * i];
      break;
    case 3:
      for (gint i = 0; i < n; i++)
        line[i] = row[3 * i];
      break;
    case 4:
      for (gint i = 0; i < n; i++)
        line[i] = row[4 * i];
      break;
    default:
      for (gint i = 0; i < n; i++)
        line[i] = row[i * stride];
  }
}

/* Every @stride-th of @row is a sample of component @index. */
static void
filter_across (GstSodOnednnPicture *self, const GstSodComponent *component,
    guint index, const gfloat *row, gint stride, gfloat *codes)
{
  const GstSodOnednnTaps *taps = &self->across[index];

  if (gst_sod_onednn_taps_want_line (taps, stride)) {
    pick (row, stride, component->width, self->line);
    row = self->line;
    stride = 1;
  }
  gst_sod_onednn_filter_row (taps, row, stride, codes);
}

/* ---- colour ---- */

/* Full-range colour and the network's normalisation of one row: per channel
 * clamp01 (sum_j matrix[j] * code[j] + matrix[3]) * scale + shift. */
typedef struct
{
  gfloat matrix[4];
  gfloat scale, shift;
} Conversion;

/* Element @x of the row. */
GST_SOD_ONEDNN_INLINE gfloat
convert (const Conversion *self, gfloat a, gfloat b, gfloat c)
{
  const gfloat *m = self->matrix;
  gfloat value = m[0] * a + m[1] * b + m[2] * c + m[3];

  return CLAMP (value, 0.0f, 1.0f) * self->scale + self->shift;
}

/* Not a NaN: rounding to nearest even is all there is to it. */
GST_SOD_ONEDNN_INLINE guint16
round_to_bf16 (gfloat value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof (bits));
  return (guint16) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

GST_SOD_ONEDNN_HOT static void
convert_f32 (const Conversion *conversion, const gfloat *restrict codes,
    gint width, gint64 pixel, gfloat *restrict out)
{
  const Conversion self = *conversion;
  const gfloat *a = codes, *b = codes + width, *c = codes + 2 * width;

  for (gint x = 0; x < width; x++)
    out[x * pixel] = convert (&self, a[x], b[x], c[x]);
}

GST_SOD_ONEDNN_HOT static void
convert_bf16 (const Conversion *conversion, const gfloat *restrict codes,
    gint width, gint64 pixel, guint16 *restrict out)
{
  const Conversion self = *conversion;
  const gfloat *a = codes, *b = codes + width, *c = codes + 2 * width;

  for (gint x = 0; x < width; x++)
    out[x * pixel] = round_to_bf16 (convert (&self, a[x], b[x], c[x]));
}

/* All three channels, interleaved: stores of neighbours are vectors. */
GST_SOD_ONEDNN_HOT static void
convert_rgb_f32 (const Conversion conversions[3], const gfloat *restrict codes,
    gint width, gfloat *restrict out)
{
  const Conversion r = conversions[0], g = conversions[1], b = conversions[2];
  const gfloat *i = codes, *j = codes + width, *k = codes + 2 * width;

  for (gint x = 0; x < width; x++) {
    out[3 * x] = convert (&r, i[x], j[x], k[x]);
    out[3 * x + 1] = convert (&g, i[x], j[x], k[x]);
    out[3 * x + 2] = convert (&b, i[x], j[x], k[x]);
  }
}

GST_SOD_ONEDNN_HOT static void
convert_rgb_bf16 (const Conversion conversions[3], const gfloat *restrict codes,
    gint width, guint16 *restrict out)
{
  const Conversion r = conversions[0], g = conversions[1], b = conversions[2];
  const gfloat *i = codes, *j = codes + width, *k = codes + 2 * width;

  for (gint x = 0; x < width; x++) {
    out[3 * x] = round_to_bf16 (convert (&r, i[x], j[x], k[x]));
    out[3 * x + 1] = round_to_bf16 (convert (&g, i[x], j[x], k[x]));
    out[3 * x + 2] = round_to_bf16 (convert (&b, i[x], j[x], k[x]));
  }
}

static void
conversion_init (Conversion *self, const GstSodImage *image,
    const GstSodInputRule *rule, gint channels, gint channel)
{
  *self = (Conversion){ .scale = 1 };
  for (guint i = 0; i < image->n_components; i++)
    self->matrix[i] = image->matrix[channel][i];
  self->matrix[3] = image->matrix[channel][3];
  if (channels == 3) {
    self->scale = 1 / rule->std[channel];
    self->shift = -rule->mean[channel] / rule->std[channel];
  }
}

static void
write_row (const Conversion *conversions, const GstSodOnednnTarget *target,
    gint y, const gfloat *codes)
{
  if (target->channels == 3 && target->channel == 1 && target->pixel == 3) {
    if (target->bf16)
      convert_rgb_bf16 (conversions, codes, target->width,
          (guint16 *) target->data + y * target->row);
    else
      convert_rgb_f32 (conversions, codes, target->width,
          (gfloat *) target->data + y * target->row);
    return;
  }
  for (gint i = 0; i < target->channels; i++) {
    gint64 offset = i * target->channel + y * target->row;

    if (target->bf16)
      convert_bf16 (&conversions[i], codes, target->width, target->pixel,
          (guint16 *) target->data + offset);
    else
      convert_f32 (&conversions[i], codes, target->width, target->pixel,
          (gfloat *) target->data + offset);
  }
}

/* ---- the whole ---- */

static gboolean
prepare (GstSodOnednnPicture *self, const GstSodImage *image,
    const GstSodOnednnTarget *target, GError **error)
{
  gsize longest = 0, line = 0;

  for (guint i = 0; i < image->n_components; i++) {
    const GstSodComponent *c = &image->components[i];
    gsize stride = c->pixel_stride / c->sample_size;

    if (!gst_sod_onednn_taps_set (&self->across[i], target->width, c->width,
            c->x_first, c->x_step, error)
        || !gst_sod_onednn_taps_set (&self->down[i], target->height, c->height,
            c->y_first, c->y_step, error))
      return FALSE;
    longest = MAX (longest,
        c->width * stride
            + gst_sod_onednn_taps_slack (&self->across[i], (gint) stride));
    line =
        MAX (line, c->width + gst_sod_onednn_taps_slack (&self->across[i], 1));
  }
  if (!gst_sod_onednn_reserve (&self->row, &self->row_capacity, longest, error)
      || !gst_sod_onednn_reserve (
          &self->line, &self->line_capacity, line, error)
      || !gst_sod_onednn_reserve (&self->codes, &self->codes_capacity,
          3 * (gsize) target->width, error))
    return FALSE;
  /* Samples past the end are read with a weight of 0, and codes that a picture
   * lacks too: no NaN may lie there. */
  memset (self->row, 0, longest * sizeof (gfloat));
  memset (self->line, 0, line * sizeof (gfloat));
  memset (self->codes, 0, 3 * (gsize) target->width * sizeof (gfloat));
  return TRUE;
}

gboolean
gst_sod_onednn_picture_read (GstSodOnednnPicture *self,
    const GstSodImage *image, const GstSodInputRule *rule,
    const GstSodOnednnTarget *target, GError **error)
{
  Conversion conversions[3];
  Group groups[3];
  guint n_groups = 0, taken = 0;

  if (target->channels == 1 && image->n_components != 1) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "the network takes a gray picture, one of %u components was given; "
        "convert it to gray",
        image->n_components);
    return FALSE;
  }
  if (!prepare (self, image, target, error))
    return FALSE;
  for (gint i = 0; i < target->channels; i++)
    conversion_init (&conversions[i], image, rule, target->channels, i);
  for (guint i = 0; i < image->n_components; i++) {
    if (!(taken & 1u << i))
      group_init (&groups[n_groups++], image, i, &taken);
  }
  for (gint y = 0; y < target->height; y++) {
    for (guint i = 0; i < n_groups; i++) {
      filter_down (image, &groups[i], &self->down[groups[i].components[0]], y,
          self->row);
      for (guint j = 0; j < groups[i].n; j++) {
        guint component = groups[i].components[j];

        filter_across (self, &image->components[component], component,
            self->row + groups[i].offsets[j], groups[i].stride,
            self->codes + (gsize) component * target->width);
      }
    }
    write_row (conversions, target, y, self->codes);
  }
  return TRUE;
}

void
gst_sod_onednn_target_write (
    const GstSodOnednnTarget *self, const gfloat *planes)
{
  for (gint c = 0; c < self->channels; c++) {
    for (gint y = 0; y < self->height; y++) {
      for (gint x = 0; x < self->width; x++) {
        gint64 at = c * self->channel + y * self->row + x * self->pixel;
        gfloat value = planes[((gsize) c * self->height + y) * self->width + x];

        if (self->bf16)
          ((guint16 *) self->data)[at] = gst_sod_f32_to_bf16 (value);
        else
          ((gfloat *) self->data)[at] = value;
      }
    }
  }
}
