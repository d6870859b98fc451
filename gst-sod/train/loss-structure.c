/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The structure loss of F3Net (Wei et al., 2020, section 3.3), with the
 * cross-entropy weighted pixel by pixel as the paper writes it (its code takes
 * the mean first). With w = 1 + g |mean of t around - t|, g the edge weight,
 * and p = sigmoid (x), for each map
 *
 *   sum w bce (x, t) / sum w + 1 - (sum w p t + 1) / (sum w (p + t - p t) + 1),
 *
 * and the mean over the maps.
 *
 * Where pixels have weights u, each term counts u times in its sum; what
 * divides the entropies stays sum w, and the second term counts as the mean of
 * u: of a map of half weights both are halved. */
#include <gst-sod/train/loss-private.h>

#include <math.h>

/* Sums over [i - radius, i + radius] of @n values that are @stride apart,
 * zeros beyond the ends; @sums: n + 1 values of room. */
static void
sum_around (const gdouble *from, gdouble *to, gint64 n, gint64 stride,
    gint64 radius, gdouble *sums)
{
  sums[0] = 0;
  for (gint64 i = 0; i < n; i++)
    sums[i + 1] = sums[i] + from[i * stride];
  for (gint64 i = 0; i < n; i++)
    to[i * stride] = sums[MIN (i + radius + 1, n)] - sums[MAX (i - radius, 0)];
}

/* w of one map, (height, width); @sums: room for a longest side and one. */
static void
weigh (const GstSodLossBatch *batch, const gdouble *target, gdouble *weights,
    gdouble *sums)
{
  gint64 radius =
      gst_sod_loss_options_get_radius (batch->options, batch->width);
  gdouble area = (gdouble) ((2 * radius + 1) * (2 * radius + 1));

  for (gint64 y = 0; y < batch->height; y++)
    sum_around (target + y * batch->width, weights + y * batch->width,
        batch->width, 1, radius, sums);
  for (gint64 x = 0; x < batch->width; x++)
    sum_around (
        weights + x, weights + x, batch->height, batch->width, radius, sums);
  for (gint64 i = 0; i < batch->height * batch->width; i++)
    weights[i] =
        1 + batch->options->edge_weight * fabs (weights[i] / area - target[i]);
}

typedef struct
{
  gdouble weight, counted, entropy, both, either; /* sums over a map */
} Sums;

/* @counts: u, or NULL. */
static Sums
sum_up (const gdouble *output, const gdouble *target, const gdouble *weights,
    const gdouble *counts, gint64 n)
{
  Sums sums = { 0 };

  for (gint64 i = 0; i < n; i++) {
    gdouble p = gst_sod_loss_sigmoid (output[i]), t = target[i];
    gdouble w = counts == NULL ? weights[i] : weights[i] * counts[i];

    sums.weight += weights[i];
    sums.counted += w;
    sums.entropy += w * gst_sod_loss_logit_entropy (output[i], t);
    sums.both += w * p * t;
    sums.either += w * (p + t - p * t);
  }
  return sums;
}

static gdouble
compute_map (const GstSodLossBatch *batch, gint64 plane, const gdouble *weights)
{
  gint64 n = batch->height * batch->width;
  const gdouble *output = batch->output + plane * n; /* (h, w) */
  const gdouble *target = batch->target + plane * n; /* (h, w) */
  const gdouble *counts = gst_sod_loss_plane_weights (batch, plane);
  gdouble *d_output = batch->d_output + plane * n; /* (h, w) */
  Sums sums = sum_up (output, target, weights, counts, n);
  gdouble both = sums.both + 1, either = sums.either + 1;
  gdouble share = sums.counted / sums.weight;

  for (gint64 i = 0; i < n; i++) {
    gdouble p = gst_sod_loss_sigmoid (output[i]), t = target[i];
    gdouble w = counts == NULL ? weights[i] : weights[i] * counts[i];
    gdouble d_iou =
        -share * w * (t * either - both * (1 - t)) / (either * either);

    d_output[i] = (w * (p - t) / sums.weight + d_iou * p * (1 - p))
                  / (gdouble) (batch->n * batch->c);
  }
  return sums.entropy / sums.weight + share * (1 - both / either);
}

gdouble
gst_sod_loss_structure (const GstSodLossBatch *batch)
{
  gint64 n = batch->height * batch->width;
  gint64 n_planes = batch->n * batch->c;
  g_autofree gdouble *weights = g_new (gdouble, n);
  g_autofree gdouble *sums =
      g_new (gdouble, MAX (batch->height, batch->width) + 1);
  gdouble sum = 0;

  for (gint64 i = 0; i < n_planes; i++) {
    weigh (batch, batch->target + i * n, weights, sums);
    sum += compute_map (batch, i, weights);
  }
  return sum / (gdouble) n_planes;
}
