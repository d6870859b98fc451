/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a reverse network is trained with: mean |o - t|, alone or + w (mean
 * |dx o - dx t| + mean |dy o - dy t|), dx and dy the first differences and w
 * the gradient weight (after Mathieu et al., "Deep multi-scale video prediction
 * beyond mean square error", 2016, section 3.3, which takes differences of
 * |dx| and |dy|). */
#include <gst-sod/train/loss-private.h>

#include <math.h>

static gdouble
sign (gdouble value)
{
  return (value > 0) - (value < 0);
}

/* What pixel @i of plane @plane weighs. */
static gdouble
weigh (const GstSodLossBatch *batch, gint64 plane, gint64 i)
{
  const gdouble *weights = gst_sod_loss_plane_weights (batch, plane);

  return weights == NULL ? 1 : weights[i];
}

/* The gradient weight times the mean |e[i + step] - e[i]| over the @n_rows x
 * @n_columns pixels of each plane that have such a neighbour, e = o - t; 0
 * where there is none. A pair weighs as its lighter pixel. Adds its
 * gradient. */
static gdouble
differences (
    const GstSodLossBatch *batch, gint64 n_rows, gint64 n_columns, gint64 step)
{
  gint64 area = batch->height * batch->width;
  gint64 n_planes = batch->n * batch->c;
  gint64 count = n_planes * n_rows * n_columns;
  gdouble scale = batch->options->gradient_weight / (gdouble) MAX (count, 1);
  gdouble sum = 0;

  for (gint64 row = 0; row < n_planes * n_rows; row++) {
    gint64 plane = row / n_rows, y = row % n_rows;

    for (gint64 x = 0; x < n_columns; x++) {
      gint64 at = y * batch->width + x;
      gint64 a = plane * area + at, b = a + step;
      gdouble error = (batch->output[b] - batch->target[b])
                      - (batch->output[a] - batch->target[a]);
      gdouble weight =
          MIN (weigh (batch, plane, at), weigh (batch, plane, at + step));

      sum += weight * fabs (error);
      batch->d_output[b] += scale * weight * sign (error);
      batch->d_output[a] -= scale * weight * sign (error);
    }
  }
  return scale * sum;
}

gdouble
gst_sod_loss_l1 (const GstSodLossBatch *batch)
{
  gint64 area = batch->height * batch->width;
  gint64 n = batch->n * batch->c * area;
  gdouble sum = 0;

  for (gint64 i = 0; i < n; i++) {
    gdouble error = batch->output[i] - batch->target[i];
    gdouble weight = weigh (batch, i / area, i % area);

    sum += weight * fabs (error);
    batch->d_output[i] = weight * sign (error) / (gdouble) n;
  }
  return sum / (gdouble) n;
}

gdouble
gst_sod_loss_l1_gradient (const GstSodLossBatch *batch)
{
  gdouble sum = gst_sod_loss_l1 (batch);

  if (batch->width > 1)
    sum += differences (batch, batch->height, batch->width - 1, 1);
  if (batch->height > 1)
    sum += differences (batch, batch->height - 1, batch->width, batch->width);
  return sum;
}
