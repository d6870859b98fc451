/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/ref-private.h>

#include <math.h>

/* Ioffe and Szegedy, "Batch Normalization" (2015): per channel,
 * y = weight * (x - mean) / sqrt (var + epsilon) + bias. */
#define MOMENTUM 0.1

enum
{
  WEIGHT,
  BIAS,
  RUNNING_MEAN,
  RUNNING_VAR
};

typedef struct
{
  gint64 n, c, plane; /* plane = h * w */
} Sizes;

static Sizes
get_sizes (const GstSodOpCall *call)
{
  const gint64 *dims = gst_sod_tensor_get_shape (call->output)->dims;

  return (Sizes){ dims[0], dims[1], dims[2] * dims[3] };
}

/* Mean and biased variance of channel @c of the batch x (n, c, h, w), in two
 * passes. */
static void
measure (
    const Sizes *s, const gdouble *x, gint64 c, gdouble *mean, gdouble *var)
{
  gdouble sum = 0, squares = 0;

  for (gint64 n = 0; n < s->n; n++) {
    for (gint64 i = 0; i < s->plane; i++)
      sum += x[(n * s->c + c) * s->plane + i];
  }
  *mean = sum / (s->n * s->plane);
  for (gint64 n = 0; n < s->n; n++) {
    for (gint64 i = 0; i < s->plane; i++) {
      gdouble d = x[(n * s->c + c) * s->plane + i] - *mean;

      squares += d * d;
    }
  }
  *var = squares / (s->n * s->plane);
}

/* Statistics that channel @c is normalised with. */
static void
get_statistics (const GstSodOpCall *call, const Sizes *s, gint64 c,
    gdouble *mean, gdouble *var)
{
  if (call->mode == GST_SOD_MODE_TRAIN) {
    measure (s, gst_sod_ref_read (call->inputs[0]), c, mean, var);
    return;
  }
  *mean = gst_sod_ref_read (call->params[RUNNING_MEAN])[c];
  *var = gst_sod_ref_read (call->params[RUNNING_VAR])[c];
}

/* The running variance is of the population, so unbiased: one value less. */
static void
update_running (const GstSodOpCall *call, const Sizes *s, gint64 c,
    gdouble mean, gdouble var)
{
  gdouble *running_mean = gst_sod_ref_write (call->params[RUNNING_MEAN]);
  gdouble *running_var = gst_sod_ref_write (call->params[RUNNING_VAR]);
  gdouble count = (gdouble) (s->n * s->plane);
  gdouble unbiased = var * count / MAX (count - 1, 1);

  running_mean[c] += MOMENTUM * (mean - running_mean[c]);
  running_var[c] += MOMENTUM * (unbiased - running_var[c]);
}

static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  Sizes s = get_sizes (call);
  const gdouble *x = gst_sod_ref_read (call->inputs[0]); /* (n, c, h, w) */
  const gdouble *weight = gst_sod_ref_read (call->params[WEIGHT]); /* (c) */
  const gdouble *bias = gst_sod_ref_read (call->params[BIAS]);     /* (c) */
  gdouble *y = gst_sod_ref_write (call->output); /* (n, c, h, w) */

  for (gint64 c = 0; c < s.c; c++) {
    gdouble mean, var, scale;

    get_statistics (call, &s, c, &mean, &var);
    if (call->mode == GST_SOD_MODE_TRAIN)
      update_running (call, &s, c, mean, var);
    scale = weight[c] / sqrt (var + call->attrs->epsilon);
    for (gint64 n = 0; n < s.n; n++) {
      gint64 at = (n * s.c + c) * s.plane;

      for (gint64 i = at; i < at + s.plane; i++)
        y[i] = (x[i] - mean) * scale + bias[c];
    }
  }
  return TRUE;
}

/* With x^ the normalised input: d_bias = sum d_y, d_weight = sum d_y * x^, and
 * d_x = weight / sqrt (var + epsilon) * (d_y - mean (d_y) - x^ * mean (d_y *
 * x^)), without both means where the statistics are constants. */
static void
backward_channel (const GstSodOpCall *call, const Sizes *s, gint64 c)
{
  const gdouble *x = gst_sod_ref_read (call->inputs[0]);  /* (n, c, h, w) */
  const gdouble *d_y = gst_sod_ref_read (call->d_output); /* (n, c, h, w) */
  gdouble weight = gst_sod_ref_read (call->params[WEIGHT])[c];
  gdouble *d_x; /* (n, c, h, w) */
  gdouble mean, var, inverse, sum = 0, sum_hat = 0;
  gdouble mean_d = 0, mean_hat = 0;

  get_statistics (call, s, c, &mean, &var);
  inverse = 1 / sqrt (var + call->attrs->epsilon);
  for (gint64 n = 0; n < s->n; n++) {
    gint64 at = (n * s->c + c) * s->plane;

    for (gint64 i = at; i < at + s->plane; i++) {
      sum += d_y[i];
      sum_hat += d_y[i] * (x[i] - mean) * inverse;
    }
  }
  if (call->d_params[WEIGHT] != NULL)
    gst_sod_ref_write (call->d_params[WEIGHT])[c] = sum_hat;
  if (call->d_params[BIAS] != NULL)
    gst_sod_ref_write (call->d_params[BIAS])[c] = sum;
  if (call->d_inputs[0] == NULL)
    return;
  d_x = gst_sod_ref_write (call->d_inputs[0]);
  if (call->mode == GST_SOD_MODE_TRAIN) {
    mean_d = sum / (s->n * s->plane);
    mean_hat = sum_hat / (s->n * s->plane);
  }
  for (gint64 n = 0; n < s->n; n++) {
    gint64 at = (n * s->c + c) * s->plane;

    for (gint64 i = at; i < at + s->plane; i++)
      d_x[i] = weight * inverse
               * (d_y[i] - mean_d - (x[i] - mean) * inverse * mean_hat);
  }
}

static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  Sizes s = get_sizes (call);

  for (gint64 c = 0; c < s.c; c++)
    backward_channel (call, &s, c);
  return TRUE;
}

GST_SOD_REF_DEFINE_KERNEL (batch_norm)
