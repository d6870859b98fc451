/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batch norm (Ioffe and Szegedy 2015) and ReLU as one: per channel,
 * y = max (0, (x - mean) * scale + bias), scale = weight / sqrt (var +
 * epsilon).
 *
 * The batch is walked twice each way. Forward: sums of x and x^2, counted from
 * the first pixel's value so that nothing is lost where the mean is large; then
 * y. Backward, with g = d_y where y > 0: sums of g and g * (x - mean); then
 * d_x = scale * (g - mean (g) - (x - mean) / (var + epsilon) *
 * mean (g * (x - mean))). Threads have equal shares of the pixels and their
 * sums are added in their order, so that one count gives the same bytes.
 *
 * The maximum of 2x2 pixels that follows is taken in the same walk, and its
 * gradient given back in both of the way back, a window at a time: which of the
 * four was the largest is as plain from x, since where none is over zero no
 * gradient passes. */
#include <gst-sod/backend/onednn/train-simd-private.h>

#include <math.h>

#define MOMENTUM 0.1f
#define BLOCK 64 /* pixels whose sums are kept in f32 */
#define WINDOWS (BLOCK / 4)

/* Rows of what the forward pass leaves for the backward one. */
enum
{
  SCALE,
  BIAS,
  MEAN,
  INVERSE, /* 1 / sqrt (var + epsilon) */
  N_USED
};

typedef struct
{
  gint64 n_pixels, c;
  gint threads;
  gboolean bf16, frozen;
  gconstpointer x, d_y; /* d_y may be NULL with a pool */
  gint64 x_pitch, d_y_pitch;
  gpointer y; /* or d_x */
  gint64 y_pitch;
  gpointer pooled; /* or its gradient; NULL: no pool */
  gint64 pooled_pitch;
  gint64 rows, w;         /* of all samples, even */
  gfloat *used;           /* (N_USED, c) */
  gdouble *sums;          /* (threads, 2, c) */
  gfloat *mean_g, *slope; /* (c), backward */
} Norm;

gsize
gst_sod_train_norm_scratch (gint64 channels, gint threads)
{
  return (gsize) channels
         * ((gsize) threads * 2 * sizeof (gdouble) + 2 * sizeof (gfloat));
}

/* Sums of one block of pixels. */
typedef struct
{
  Span first, second;
} Sums;

GST_SOD_ONEDNN_INLINE void
add_sums (const Norm *self, const Sums *sums, gint64 thread, gint64 c,
    const gint wide, gboolean bf16)
{
  gdouble *to = self->sums + thread * 2 * self->c + c;
  gfloat first[SPAN], second[SPAN];

  span_write (&sums->first, first, wide, bf16);
  span_write (&sums->second, second, wide, bf16);
  for (gint i = 0; i < wide; i++) {
    to[i] += first[i];
    to[self->c + i] += second[i];
  }
}

/* What the forward pass normalised with, of some channels. */
typedef struct
{
  Span scale, bias, mean;
} Used;

GST_SOD_ONEDNN_INLINE void
load_used (
    const Norm *self, gint64 c, const gint wide, gboolean bf16, Used *used)
{
  span_read (&used->scale, self->used + SCALE * self->c + c, wide, bf16);
  span_read (&used->bias, self->used + BIAS * self->c + c, wide, bf16);
  span_read (&used->mean, self->used + MEAN * self->c + c, wide, bf16);
}

/* ---- forward ---- */

GST_SOD_ONEDNN_INLINE void
measure_block (const Norm *self, gint64 thread, gint64 first, gint64 last,
    gint64 c, const gint wide, gboolean bf16)
{
  Sums sums = { { { { 0 } } }, { { { 0 } } } };
  Span origin;

  span_load (&origin, self->x, c, wide, bf16);
  for (gint64 p = first; p < last; p++) {
    Span x;

    span_load (&x, self->x, p * self->x_pitch + c, wide, bf16);
    for (gint k = 0; k < SPAN_VECTORS (wide); k++) {
      x.v[k] -= origin.v[k];
      sums.first.v[k] += x.v[k];
      sums.second.v[k] += x.v[k] * x.v[k];
    }
  }
  add_sums (self, &sums, thread, c, wide, bf16);
}

GST_SOD_ONEDNN_INLINE void
normalise_block (const Norm *self, gint64 thread, gint64 first, gint64 last,
    gint64 c, const gint wide, gboolean bf16)
{
  Used used;

  load_used (self, c, wide, bf16, &used);
  for (gint64 p = first; p < last; p++) {
    Span y;

    span_load (&y, self->x, p * self->x_pitch + c, wide, bf16);
    for (gint k = 0; k < SPAN_VECTORS (wide); k++) {
      SpanLanes x =
          (y.v[k] - used.mean.v[k]) * used.scale.v[k] + used.bias.v[k];

      y.v[k] = x;
      span_gate (&y.v[k], &x);
    }
    span_store (&y, self->y, p * self->y_pitch + c, wide, bf16);
  }
}

/* ---- backward ---- */

/* g and x - mean. */
GST_SOD_ONEDNN_INLINE void
load_gradient (const Norm *self, gint64 p, gint64 c, const Used *used,
    const gint wide, gboolean bf16, Span *g, Span *x)
{
  span_load (x, self->x, p * self->x_pitch + c, wide, bf16);
  span_load (g, self->d_y, p * self->d_y_pitch + c, wide, bf16);
  for (gint k = 0; k < SPAN_VECTORS (wide); k++) {
    SpanLanes y;

    x->v[k] -= used->mean.v[k];
    y = x->v[k] * used->scale.v[k] + used->bias.v[k];
    span_gate (&g->v[k], &y);
  }
}

GST_SOD_ONEDNN_INLINE void
measure_gradient_block (const Norm *self, gint64 thread, gint64 first,
    gint64 last, gint64 c, const gint wide, gboolean bf16)
{
  Sums sums = { { { { 0 } } }, { { { 0 } } } };
  Used used;

  load_used (self, c, wide, bf16, &used);
  for (gint64 p = first; p < last; p++) {
    Span g, x;

    load_gradient (self, p, c, &used, wide, bf16, &g, &x);
    for (gint k = 0; k < SPAN_VECTORS (wide); k++) {
      sums.first.v[k] += g.v[k];
      sums.second.v[k] += g.v[k] * x.v[k];
    }
  }
  add_sums (self, &sums, thread, c, wide, bf16);
}

GST_SOD_ONEDNN_INLINE void
differentiate_block (const Norm *self, gint64 thread, gint64 first, gint64 last,
    gint64 c, const gint wide, gboolean bf16)
{
  Span mean_g, slope;
  Used used;

  load_used (self, c, wide, bf16, &used);
  span_read (&mean_g, self->mean_g + c, wide, bf16);
  span_read (&slope, self->slope + c, wide, bf16);
  for (gint64 p = first; p < last; p++) {
    Span g, x;

    load_gradient (self, p, c, &used, wide, bf16, &g, &x);
    for (gint k = 0; k < SPAN_VECTORS (wide); k++)
      g.v[k] = used.scale.v[k] * (g.v[k] - mean_g.v[k] - x.v[k] * slope.v[k]);
    span_store (&g, self->y, p * self->y_pitch + c, wide, bf16);
  }
}

/* ---- walks ---- */

/* Pixels of threads [@first, @last), a block at a time, which stays in the
 * cache while its channels are gone through. Who measures begins at the end,
 * which the step before left in the cache, and leaves there the beginning for
 * who comes next. */
#define DEFINE_WALK(name, from_end)                                            \
  GST_SOD_ONEDNN_INLINE void walk_##name (                                     \
      const Norm *self, gint64 first, gint64 last, gboolean bf16)              \
  {                                                                            \
    for (gint64 t = first; t < last; t++) {                                    \
      gint64 start = self->n_pixels * t / self->threads;                       \
      gint64 end = self->n_pixels * (t + 1) / self->threads;                   \
      gint64 n = (end - start + BLOCK - 1) / BLOCK;                            \
                                                                               \
      for (gint64 i = 0; i < n; i++) {                                         \
        gint64 p = start + (from_end ? n - 1 - i : i) * BLOCK;                 \
        gint64 stop = MIN (p + BLOCK, end);                                    \
                                                                               \
        SPAN_EACH (                                                            \
            self->c, c, SPAN, name##_block (self, t, p, stop, c, wide, bf16)); \
      }                                                                        \
    }                                                                          \
  }                                                                            \
  GST_SOD_TRAIN_DEFINE_HOT (name, walk_##name, Norm)

DEFINE_WALK (measure, TRUE)
DEFINE_WALK (normalise, FALSE)
DEFINE_WALK (measure_gradient, TRUE)
DEFINE_WALK (differentiate, FALSE)

/* ---- with the pool ---- */

/* Four pixels, two by two. */
typedef struct
{
  gint64 at[4]; /* pixels, in rows */
  Span x[4], g[4];
} Window;

/* @row counts windows. */
GST_SOD_ONEDNN_INLINE void
load_window (const Norm *self, gint64 row, gint64 x, gint64 c, const gint wide,
    gboolean bf16, Window *window)
{
  window->at[0] = 2 * (row * self->w + x);
  window->at[1] = window->at[0] + 1;
  window->at[2] = window->at[0] + self->w;
  window->at[3] = window->at[2] + 1;
#pragma GCC unroll 4
  for (gint i = 0; i < 4; i++)
    span_load (
        &window->x[i], self->x, window->at[i] * self->x_pitch + c, wide, bf16);
}

GST_SOD_ONEDNN_INLINE void
normalise_window (Window *window, const Used *used, const gint k)
{
#pragma GCC unroll 4
  for (gint i = 0; i < 4; i++) {
    SpanLanes y = (window->x[i].v[k] - used->mean.v[k]) * used->scale.v[k]
                  + used->bias.v[k];

    window->x[i].v[k] = y;
    span_gate (&window->x[i].v[k], &y);
  }
}

GST_SOD_ONEDNN_INLINE void
normalise_windows_block (const Norm *self, gint64 thread, gint64 row,
    gint64 first, gint64 last, gint64 c, const gint wide, gboolean bf16)
{
  Used used;

  load_used (self, c, wide, bf16, &used);
  for (gint64 x = first; x < last; x++) {
    gint64 pooled = (row * (self->w / 2) + x) * self->pooled_pitch + c;
    Window window;
    Span best;

    load_window (self, row, x, c, wide, bf16, &window);
    normalise_window (&window, &used, 0);
    span_largest (window.x, 0, &best.v[0]);
    if (SPAN_VECTORS (wide) > 1) {
      normalise_window (&window, &used, 1);
      span_largest (window.x, 1, &best.v[1]);
    }
    /* What follows reads the maxima; the decoder reads these, when in f32 they
     * have left the caches anyway. */
#pragma GCC unroll 4
    for (gint i = 0; i < 4; i++) {
      if (bf16)
        span_store (&window.x[i], self->y, window.at[i] * self->y_pitch + c,
            wide, bf16);
      else
        span_stream (&window.x[i], self->y, window.at[i] * self->y_pitch + c,
            wide, bf16);
    }
    span_store (&best, self->pooled, pooled, wide, bf16);
  }
  if (!bf16)
    span_drain ();
}

/* g and x - mean of the four; @pooled: the pool's gradient. */
GST_SOD_ONEDNN_INLINE void
share_window (
    Window *window, const Used *used, const Span *pooled, const gint k)
{
  SpanLanes shares[4];
  Span y[4];

#pragma GCC unroll 4
  for (gint i = 0; i < 4; i++) {
    window->x[i].v[k] -= used->mean.v[k];
    y[i].v[k] = window->x[i].v[k] * used->scale.v[k] + used->bias.v[k];
  }
  span_share (y, k, &pooled->v[k], shares);
#pragma GCC unroll 4
  for (gint i = 0; i < 4; i++) {
    window->g[i].v[k] += shares[i];
    span_gate (&window->g[i].v[k], &y[i].v[k]);
  }
}

GST_SOD_ONEDNN_INLINE void
load_gradients (const Norm *self, gint64 row, gint64 x, gint64 c,
    const Used *used, const gint wide, gboolean bf16, Window *window)
{
  gint64 at = (row * (self->w / 2) + x) * self->pooled_pitch + c;
  Span pooled;

  load_window (self, row, x, c, wide, bf16, window);
  span_load (&pooled, self->pooled, at, wide, bf16);
#pragma GCC unroll 4
  for (gint i = 0; i < 4; i++) {
    window->g[i].v[0] = window->g[i].v[1] = (SpanLanes){ 0 };
    if (self->d_y != NULL)
      span_load (&window->g[i], self->d_y, window->at[i] * self->d_y_pitch + c,
          wide, bf16);
  }
  share_window (window, used, &pooled, 0);
  if (SPAN_VECTORS (wide) > 1)
    share_window (window, used, &pooled, 1);
}

GST_SOD_ONEDNN_INLINE void
measure_windows_block (const Norm *self, gint64 thread, gint64 row,
    gint64 first, gint64 last, gint64 c, const gint wide, gboolean bf16)
{
  Sums sums = { { { { 0 } } }, { { { 0 } } } };
  Used used;

  load_used (self, c, wide, bf16, &used);
  for (gint64 x = first; x < last; x++) {
    Window window;

    load_gradients (self, row, x, c, &used, wide, bf16, &window);
#pragma GCC unroll 4
    for (gint i = 0; i < 4; i++) {
      for (gint k = 0; k < SPAN_VECTORS (wide); k++) {
        sums.first.v[k] += window.g[i].v[k];
        sums.second.v[k] += window.g[i].v[k] * window.x[i].v[k];
      }
    }
  }
  add_sums (self, &sums, thread, c, wide, bf16);
}

GST_SOD_ONEDNN_INLINE void
differentiate_windows_block (const Norm *self, gint64 thread, gint64 row,
    gint64 first, gint64 last, gint64 c, const gint wide, gboolean bf16)
{
  Span mean_g, slope;
  Used used;

  load_used (self, c, wide, bf16, &used);
  span_read (&mean_g, self->mean_g + c, wide, bf16);
  span_read (&slope, self->slope + c, wide, bf16);
  for (gint64 x = first; x < last; x++) {
    Window window;

    load_gradients (self, row, x, c, &used, wide, bf16, &window);
#pragma GCC unroll 4
    for (gint i = 0; i < 4; i++) {
      for (gint k = 0; k < SPAN_VECTORS (wide); k++)
        window.g[i].v[k] =
            used.scale.v[k]
            * (window.g[i].v[k] - mean_g.v[k] - window.x[i].v[k] * slope.v[k]);
      span_store (
          &window.g[i], self->y, window.at[i] * self->y_pitch + c, wide, bf16);
    }
  }
}

/* Likewise by rows of windows, some of a row at a time. */
#define DEFINE_WINDOW_WALK(name, from_end)                                     \
  GST_SOD_ONEDNN_INLINE void walk_##name (                                     \
      const Norm *self, gint64 first, gint64 last, gboolean bf16)              \
  {                                                                            \
    for (gint64 t = first; t < last; t++) {                                    \
      gint64 start = self->rows / 2 * t / self->threads;                       \
      gint64 end = self->rows / 2 * (t + 1) / self->threads;                   \
                                                                               \
      for (gint64 i = start; i < end; i++) {                                   \
        gint64 row = from_end ? end - 1 - (i - start) : i;                     \
                                                                               \
        for (gint64 x = 0; x < self->w / 2; x += WINDOWS) {                    \
          gint64 stop = MIN (x + WINDOWS, self->w / 2);                        \
                                                                               \
          SPAN_EACH (self->c, c, SPAN,                                         \
              name##_block (self, t, row, x, stop, c, wide, bf16));            \
        }                                                                      \
      }                                                                        \
    }                                                                          \
  }                                                                            \
  GST_SOD_TRAIN_DEFINE_HOT (name, walk_##name, Norm)

DEFINE_WINDOW_WALK (normalise_windows, FALSE)
DEFINE_WINDOW_WALK (measure_windows, TRUE)
DEFINE_WINDOW_WALK (differentiate_windows, FALSE)

static void
walk (Norm *self, GstSodOnednnRows func)
{
  gst_sod_onednn_run_rows (func, self, self->threads, self->threads);
}

/* The threads' sums, added into the first one's. */
static void
sum_up (Norm *self, GstSodOnednnRows func)
{
  memset (self->sums, 0,
      (gsize) self->threads * 2 * (gsize) self->c * sizeof (*self->sums));
  walk (self, func);
  for (gint t = 1; t < self->threads; t++) {
    const gdouble *from = self->sums + t * 2 * self->c;

    for (gint64 i = 0; i < 2 * self->c; i++)
      self->sums[i] += from[i];
  }
}

/* ---- channels ---- */

/* What channel @channel of the batch is normalised with; the running variance
 * is of the population, so unbiased: one value less. */
static void
get_statistics (const Norm *self, gint64 channel, gfloat *running_mean,
    gfloat *running_var, gdouble *mean, gdouble *var)
{
  gdouble count = (gdouble) self->n_pixels;
  gdouble offset;

  if (self->frozen) {
    *mean = *running_mean;
    *var = *running_var;
    return;
  }
  offset = self->sums[channel] / count;
  *mean = element_load (self->x, channel, self->bf16) + offset;
  *var = MAX (self->sums[self->c + channel] / count - offset * offset, 0);
  *running_mean += MOMENTUM * ((gfloat) *mean - *running_mean);
  *running_var +=
      MOMENTUM * ((gfloat) (*var * count / MAX (count - 1, 1)) - *running_var);
}

static void
set_used (const Norm *self, const GstSodTrainStep *step, gpointer const *memory)
{
  gint64 channel = 0;

  for (guint part = 0; part < step->n_parts; part++) {
    const gfloat *weight = memory[4 * part]; /* (parts[part]) */
    const gfloat *bias = memory[4 * part + 1];
    gfloat *running_mean = memory[4 * part + 2];
    gfloat *running_var = memory[4 * part + 3];

    for (gint64 i = 0; i < step->parts[part]; i++, channel++) {
      gdouble mean, var, inverse;

      get_statistics (
          self, channel, running_mean + i, running_var + i, &mean, &var);
      inverse = 1 / sqrt (var + step->epsilon);
      self->used[SCALE * self->c + channel] = (gfloat) (weight[i] * inverse);
      self->used[BIAS * self->c + channel] = bias[i];
      self->used[MEAN * self->c + channel] = (gfloat) mean;
      self->used[INVERSE * self->c + channel] = (gfloat) inverse;
    }
  }
}

/* What the second walk takes, and the gradients of weight and bias. */
static void
set_gradients (
    const Norm *self, const GstSodTrainStep *step, gpointer const *memory)
{
  gint64 channel = 0;

  for (guint part = 0; part < step->n_parts; part++) {
    gfloat *d_weight = memory[2 * part]; /* (parts[part]) */
    gfloat *d_bias = memory[2 * part + 1];

    for (gint64 i = 0; i < step->parts[part]; i++, channel++) {
      gdouble inverse = self->used[INVERSE * self->c + channel];
      gdouble sum = self->sums[channel];
      gdouble slope = self->sums[self->c + channel] * inverse;

      d_weight[i] = (gfloat) slope;
      d_bias[i] = (gfloat) sum;
      self->mean_g[channel] = (gfloat) (sum / (gdouble) self->n_pixels);
      self->slope[channel] =
          (gfloat) (slope * inverse / (gdouble) self->n_pixels);
    }
  }
}

static Norm
begin (const GstSodTrainStep *step, gpointer scratch, gfloat *used,
    const GstSodTrainRun *run)
{
  Norm self = {
    .n_pixels = step->n * step->h * step->w,
    .rows = step->n * step->h,
    .w = step->w,
    .c = step->c,
    .threads = MAX (run->threads, 1),
    .frozen = run->frozen,
    .used = used,
    .sums = scratch,
  };

  self.mean_g = (gfloat *) (self.sums + self.threads * 2 * self.c);
  self.slope = self.mean_g + self.c;
  return self;
}

static void
set_pooled (Norm *self, const GstSodTrainStep *step, gpointer const *memory)
{
  Pixels pooled = pixels_get (step, memory, 2);

  self->pooled = pooled.data;
  self->pooled_pitch = pooled.pitch;
}

void
gst_sod_train_kernel_norm (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run)
{
  Norm self = begin (step, memory[4], memory[3], run);
  Pixels x = pixels_get (step, memory, 0), y = pixels_get (step, memory, 1);

  self.bf16 = x.bf16;
  self.x = x.data;
  self.x_pitch = x.pitch;
  self.y = y.data;
  self.y_pitch = y.pitch;
  set_pooled (&self, step, memory);
  if (!run->frozen)
    sum_up (&self, measure);
  set_used (&self, step, memory + 5);
  walk (&self, self.pooled != NULL ? normalise_windows : normalise);
}

void
gst_sod_train_kernel_norm_backward (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  Norm self = begin (step, memory[5], memory[4], run);
  Pixels x = pixels_get (step, memory, 0), d_y = pixels_get (step, memory, 1);
  Pixels d_x = pixels_get (step, memory, 3);

  self.bf16 = x.bf16;
  self.x = x.data;
  self.x_pitch = x.pitch;
  self.d_y = d_y.data;
  self.d_y_pitch = d_y.pitch;
  self.y = d_x.data;
  self.y_pitch = d_x.pitch;
  set_pooled (&self, step, memory);
  if (run->frozen) {
    memset (self.mean_g, 0, 2 * (gsize) self.c * sizeof (gfloat));
  } else {
    sum_up (&self, self.pooled != NULL ? measure_windows : measure_gradient);
    set_gradients (&self, step, memory + 6);
  }
  walk (&self, self.pooled != NULL ? differentiate_windows : differentiate);
}
