/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The losses of one plane in f32, sixteen pixels at a time, with sums in f64:
 * loss-bce.c, loss-structure.c and loss-l1-gradient.c say what they are. */
#include <gst-sod/train/loss-private.h>

#include <gst-sod/train/lanes-private.h>

/* ---- logits ---- */

/* Probability and cross-entropy of sixteen logits: with s = exp (-|x|) the one
 * is 1 or s over 1 + s, and the other has log (1 + s), which is a series of
 * s / (2 + s). One division serves both. */
GST_SOD_HOT_INLINE GstSodLanes
judge (GstSodLanes x, GstSodLanes t, GstSodLanes *entropy)
{
  GstSodLanes zero = { 0 }, one = gst_sod_lanes_fill (1);
  GstSodLanes small = gst_sod_lanes_exp (-gst_sod_lanes_abs (x));
  GstSodLanes share = 1 / ((1 + small) * (2 + small));

  *entropy = gst_sod_lanes_select (x > 0, x, zero) - x * t
             + gst_sod_lanes_log1p (small * (1 + small) * share);
  return gst_sod_lanes_select (x >= 0, one, small) * (2 + small) * share;
}

GST_SOD_HOT_INLINE GstSodLanes
load_weights (const GstSodLossPlane *plane, gint64 i, gint64 n)
{
  return plane->weights == NULL ? gst_sod_lanes_fill (1)
                                : gst_sod_lanes_load (plane->weights + i, n);
}

GST_SOD_HOT gdouble
gst_sod_loss_bce_plane (const GstSodLossPlane *plane)
{
  gint64 n = plane->height * plane->width;
  gfloat share = 1 / ((gfloat) plane->n_planes * (gfloat) n);
  GstSodSum sum = { 0 };

  for (gint64 i = 0; i < n; i += GST_SOD_LANES) {
    GstSodLanes x = gst_sod_lanes_load (plane->output + i, n - i);
    GstSodLanes t = gst_sod_lanes_load (plane->target + i, n - i);
    GstSodLanes w = load_weights (plane, i, n - i), entropy;
    GstSodLanes p = judge (x, t, &entropy);

    if (n - i < GST_SOD_LANES) {
      GstSodLanes rest = { 0 };

      gst_sod_lanes_store ((gfloat *) &rest, w * entropy, n - i);
      gst_sod_sum_add (&sum, rest);
    } else {
      gst_sod_sum_add (&sum, w * entropy);
    }
    gst_sod_lanes_store (plane->d_output + i, share * w * (p - t), n - i);
  }
  return gst_sod_sum_total (&sum) / ((gdouble) plane->n_planes * (gdouble) n);
}

/* ---- the structure loss ---- */

/* Row @y of @target, or NULL where there is none. */
GST_SOD_HOT_INLINE const gfloat *
find_row (const GstSodLossPlane *plane, gint64 y)
{
  return y >= 0 && y < plane->height ? plane->target + y * plane->width : NULL;
}

/* Sums of columns: @entering rows count, those @leaving do no longer. */
GST_SOD_HOT_INLINE void
move_on (gdouble *restrict columns, const gfloat *restrict entering,
    const gfloat *restrict leaving, gint64 width)
{
  if (entering != NULL && leaving != NULL) {
    for (gint64 x = 0; x < width; x++)
      columns[x] += (gdouble) entering[x] - (gdouble) leaving[x];
  } else if (entering != NULL) {
    for (gint64 x = 0; x < width; x++)
      columns[x] += (gdouble) entering[x];
  } else if (leaving != NULL) {
    for (gint64 x = 0; x < width; x++)
      columns[x] -= (gdouble) leaving[x];
  }
}

/* sums[x] = columns[0] + ... + columns[x]. Returns the last. */
GST_SOD_HOT_INLINE gdouble
add_up (const gdouble *restrict columns, gint64 width, gdouble *restrict sums)
{
  GstSodWide before = { 0 };
  gint64 x = 0;
  gdouble sum;

  for (; x + GST_SOD_WIDE <= width; x += GST_SOD_WIDE) {
    GstSodWide wide;

    memcpy (&wide, columns + x, sizeof wide);
    gst_sod_wide_add_up (&wide, &before);
    memcpy (sums + x, &wide, sizeof wide);
  }
  sum = before[0];
  for (; x < width; x++) {
    sum += columns[x];
    sums[x] = sum;
  }
  return sum;
}

/* A row of w = 1 + @edge |mean of t around - t|. @sums: of the columns in
 * reach, added up from the left; each end stands on as far as @radius beyond.
 */
GST_SOD_HOT_INLINE void
weigh_row (const gfloat *restrict target, const gdouble *restrict before,
    const gdouble *restrict up_to, gfloat *restrict weights, gint64 width,
    gdouble scale, gfloat edge)
{
  for (gint64 x = 0; x < width; x++) {
    gfloat mean = (gfloat) ((up_to[x] - before[x]) * scale);

    weights[x] = 1 + edge * __builtin_fabsf (mean - target[x]);
  }
}

/* w of the plane into d_output. @columns: room for the sums of width columns,
 * then for width + 2 * radius + 1 sums of those. */
GST_SOD_HOT_INLINE void
weigh (const GstSodLossPlane *plane, gdouble *columns)
{
  gint64 width = plane->width;
  gint64 radius = gst_sod_loss_options_get_radius (plane->options, width);
  gfloat edge = (gfloat) plane->options->edge_weight;
  gint64 side = 2 * radius + 1;
  gdouble *sums = columns + width;
  gdouble scale = 1 / ((gdouble) side * (gdouble) side);

  for (gint64 x = 0; x < width; x++)
    columns[x] = 0;
  for (gint64 i = 0; i <= radius; i++)
    sums[i] = 0;
  for (gint64 y = 0; y < radius; y++)
    move_on (columns, find_row (plane, y), NULL, width);
  for (gint64 y = 0; y < plane->height; y++) {
    gdouble sum;

    move_on (columns, find_row (plane, y + radius),
        find_row (plane, y - radius - 1), width);
    sum = add_up (columns, width, sums + radius + 1);
    for (gint64 i = 0; i < radius; i++)
      sums[radius + 1 + width + i] = sum;
    weigh_row (plane->target + y * width, sums, sums + side,
        plane->d_output + y * width, width, scale, edge);
  }
}

typedef struct
{
  gdouble weight, counted, entropy, both, either; /* sums over a plane */
} Sums;

/* w lies in d_output; beyond its end it is 0, and so is all that it counts. */
GST_SOD_HOT_INLINE Sums
sum_up (const GstSodLossPlane *plane)
{
  gint64 n = plane->height * plane->width;
  GstSodSum weight = { 0 }, counted = { 0 }, entropies = { 0 }, both = { 0 },
            either = { 0 };

  for (gint64 i = 0; i < n; i += GST_SOD_LANES) {
    GstSodLanes x = gst_sod_lanes_load (plane->output + i, n - i);
    GstSodLanes t = gst_sod_lanes_load (plane->target + i, n - i);
    GstSodLanes w = gst_sod_lanes_load (plane->d_output + i, n - i), entropy;
    GstSodLanes p = judge (x, t, &entropy);

    gst_sod_sum_add (&weight, w);
    if (plane->weights != NULL) {
      w *= load_weights (plane, i, n - i);
      gst_sod_sum_add (&counted, w);
    }
    gst_sod_sum_add (&entropies, w * entropy);
    gst_sod_sum_add (&both, w * p * t);
    gst_sod_sum_add (&either, w * (p + t - p * t));
  }
  return (Sums){ gst_sod_sum_total (&weight),
    gst_sod_sum_total (plane->weights != NULL ? &counted : &weight),
    gst_sod_sum_total (&entropies), gst_sod_sum_total (&both),
    gst_sod_sum_total (&either) };
}

GST_SOD_HOT static gdouble
compute_structure (const GstSodLossPlane *plane, gdouble *room)
{
  gint64 n = plane->height * plane->width;
  gdouble n_planes = (gdouble) plane->n_planes, both, either, share;
  gfloat of_entropy, of_both, of_either;
  Sums sums;

  weigh (plane, room);
  sums = sum_up (plane);
  both = sums.both + 1;
  either = sums.either + 1;
  share = sums.counted / sums.weight;
  of_entropy = (gfloat) (1 / (sums.weight * n_planes));
  /* d (-both / either): of p t, and of p (1 - t) */
  of_both = (gfloat) (-share / (either * n_planes));
  of_either = (gfloat) (share * both / (either * either * n_planes));
  for (gint64 i = 0; i < n; i += GST_SOD_LANES) {
    GstSodLanes x = gst_sod_lanes_load (plane->output + i, n - i);
    GstSodLanes t = gst_sod_lanes_load (plane->target + i, n - i);
    GstSodLanes w = gst_sod_lanes_load (plane->d_output + i, n - i), entropy;
    GstSodLanes p = judge (x, t, &entropy);
    GstSodLanes d_iou = of_both * t + of_either * (1 - t);

    w *= load_weights (plane, i, n - i);
    gst_sod_lanes_store (plane->d_output + i,
        w * (of_entropy * (p - t) + d_iou * p * (1 - p)), n - i);
  }
  return (sums.entropy / sums.weight + share * (1 - both / either)) / n_planes;
}

gdouble
gst_sod_loss_structure_plane (const GstSodLossPlane *plane)
{
  gint64 radius =
      gst_sod_loss_options_get_radius (plane->options, plane->width);
  g_autofree gdouble *room = g_new (gdouble, 2 * plane->width + 2 * radius + 1);

  return compute_structure (plane, room);
}

/* ---- images ---- */

/* Of @n pairs of pixels, @step apart: @share times the sum of weighted
 * |difference of e|, and its gradient added. */
GST_SOD_HOT_INLINE void
add_pairs (const GstSodLossPlane *plane, gint64 from, gint64 n, gint64 step,
    gfloat share, GstSodSum *sum)
{
  for (gint64 i = from; i < from + n; i += GST_SOD_LANES) {
    gint64 left = from + n - i;
    gfloat *d = plane->d_output + i;
    GstSodLanes a = gst_sod_lanes_load (plane->output + i, left)
                    - gst_sod_lanes_load (plane->target + i, left);
    GstSodLanes b = gst_sod_lanes_load (plane->output + i + step, left)
                    - gst_sod_lanes_load (plane->target + i + step, left);
    GstSodLanes w = gst_sod_lanes_min (
        load_weights (plane, i, left), load_weights (plane, i + step, left));
    GstSodLanes pull = share * w * gst_sod_lanes_sign (b - a);

    gst_sod_sum_add (sum, w * gst_sod_lanes_abs (b - a));
    gst_sod_lanes_store (d, gst_sod_lanes_load (d, left) - pull, left);
    gst_sod_lanes_store (
        d + step, gst_sod_lanes_load (d + step, left) + pull, left);
  }
}

/* The sum of weighted |e| times @share, and its gradient. */
GST_SOD_HOT_INLINE gdouble
compute_absolute (const GstSodLossPlane *plane, gdouble share)
{
  gint64 n = plane->height * plane->width;
  GstSodSum sum = { 0 };

  for (gint64 i = 0; i < n; i += GST_SOD_LANES) {
    GstSodLanes e = gst_sod_lanes_load (plane->output + i, n - i)
                    - gst_sod_lanes_load (plane->target + i, n - i);
    GstSodLanes w = load_weights (plane, i, n - i);

    gst_sod_sum_add (&sum, w * gst_sod_lanes_abs (e));
    gst_sod_lanes_store (plane->d_output + i,
        (gfloat) share * w * gst_sod_lanes_sign (e), n - i);
  }
  return share * gst_sod_sum_total (&sum);
}

GST_SOD_HOT gdouble
gst_sod_loss_l1_plane (const GstSodLossPlane *plane)
{
  return compute_absolute (
      plane, 1
                 / ((gdouble) plane->n_planes
                     * (gdouble) (plane->height * plane->width)));
}

GST_SOD_HOT gdouble
gst_sod_loss_l1_gradient_plane (const GstSodLossPlane *plane)
{
  gint64 height = plane->height, width = plane->width, n = height * width;
  gdouble planes = (gdouble) plane->n_planes;
  gdouble share = 1 / (planes * (gdouble) n);
  gdouble weight = plane->options->gradient_weight;
  gdouble across = 0, down = 0, here;
  GstSodSum right = { 0 }, below = { 0 };

  if (width > 1)
    across = weight / (planes * (gdouble) (height * (width - 1)));
  if (height > 1)
    down = weight / (planes * (gdouble) ((height - 1) * width));
  here = compute_absolute (plane, share);
  for (gint64 y = 0; y < height; y++)
    add_pairs (plane, y * width, width - 1, 1, (gfloat) across, &right);
  add_pairs (plane, 0, n - width, width, (gfloat) down, &below);
  return here + across * gst_sod_sum_total (&right)
         + down * gst_sod_sum_total (&below);
}
