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
 * sums are added in their order, so that one count gives the same bytes. */
#include <gst-sod/backend/onednn/train-simd-private.h>

#include <math.h>

#define MOMENTUM 0.1f
#define BLOCK 64 /* pixels whose sums are kept in f32 */
#define WIDE 2   /* Lanes at a time */

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
  gconstpointer x, d_y;
  gint64 x_pitch, d_y_pitch;
  gpointer y; /* or d_x */
  gint64 y_pitch;
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

/* Of @wide Lanes from channel @c on: the sums of one block. */
typedef struct
{
  Lanes first[WIDE], second[WIDE];
} Sums;

GST_SOD_ONEDNN_INLINE void
add_sums (
    const Norm *self, const Sums *sums, gint64 thread, gint64 c, gint wide)
{
  gdouble *to = self->sums + thread * 2 * self->c + c;

  for (gint i = 0; i < wide; i++) {
    for (gint l = 0; l < LANES; l++) {
      to[i * LANES + l] += sums->first[i][l];
      to[self->c + i * LANES + l] += sums->second[i][l];
    }
  }
}

GST_SOD_ONEDNN_INLINE void
load_row (const gfloat *row, gint64 c, gint wide, Lanes *lanes)
{
  memcpy (lanes, row + c, (gsize) wide * sizeof (*lanes));
}

/* ---- forward ---- */

GST_SOD_ONEDNN_INLINE void
measure_block (const Norm *self, gint64 thread, gint64 first, gint64 last,
    gint64 c, gint wide, gboolean bf16)
{
  Sums sums = { { { 0 } }, { { 0 } } };
  Lanes origin[WIDE];

  for (gint i = 0; i < wide; i++)
    lanes_load (&origin[i], self->x, c + i * LANES, bf16);
  for (gint64 p = first; p < last; p++) {
    for (gint i = 0; i < wide; i++) {
      Lanes x;

      lanes_load (&x, self->x, p * self->x_pitch + c + i * LANES, bf16);
      x -= origin[i];
      sums.first[i] += x;
      sums.second[i] += x * x;
    }
  }
  add_sums (self, &sums, thread, c, wide);
}

GST_SOD_ONEDNN_INLINE void
normalise_block (const Norm *self, gint64 thread, gint64 first, gint64 last,
    gint64 c, gint wide, gboolean bf16)
{
  Lanes scale[WIDE], bias[WIDE], mean[WIDE];

  load_row (self->used + SCALE * self->c, c, wide, scale);
  load_row (self->used + BIAS * self->c, c, wide, bias);
  load_row (self->used + MEAN * self->c, c, wide, mean);
  for (gint64 p = first; p < last; p++) {
    for (gint i = 0; i < wide; i++) {
      Lanes x, y;

      lanes_load (&x, self->x, p * self->x_pitch + c + i * LANES, bf16);
      y = (x - mean[i]) * scale[i] + bias[i];
      x = y;
      lanes_gate (&y, &x);
      lanes_store (&y, self->y, p * self->y_pitch + c + i * LANES, bf16);
    }
  }
}

/* ---- backward ---- */

/* g and x - mean. */
GST_SOD_ONEDNN_INLINE void
load_gradient (const Norm *self, gint64 p, gint64 c, gboolean bf16,
    const Lanes *scale, const Lanes *bias, const Lanes *mean, Lanes *g,
    Lanes *x)
{
  Lanes y;

  lanes_load (x, self->x, p * self->x_pitch + c, bf16);
  lanes_load (g, self->d_y, p * self->d_y_pitch + c, bf16);
  *x -= *mean;
  y = *x * *scale + *bias;
  lanes_gate (g, &y);
}

GST_SOD_ONEDNN_INLINE void
measure_gradient_block (const Norm *self, gint64 thread, gint64 first,
    gint64 last, gint64 c, gint wide, gboolean bf16)
{
  Sums sums = { { { 0 } }, { { 0 } } };
  Lanes scale[WIDE], bias[WIDE], mean[WIDE];

  load_row (self->used + SCALE * self->c, c, wide, scale);
  load_row (self->used + BIAS * self->c, c, wide, bias);
  load_row (self->used + MEAN * self->c, c, wide, mean);
  for (gint64 p = first; p < last; p++) {
    for (gint i = 0; i < wide; i++) {
      Lanes g, x;

      load_gradient (
          self, p, c + i * LANES, bf16, &scale[i], &bias[i], &mean[i], &g, &x);
      sums.first[i] += g;
      sums.second[i] += g * x;
    }
  }
  add_sums (self, &sums, thread, c, wide);
}

GST_SOD_ONEDNN_INLINE void
differentiate_block (const Norm *self, gint64 thread, gint64 first, gint64 last,
    gint64 c, gint wide, gboolean bf16)
{
  Lanes scale[WIDE], bias[WIDE], mean[WIDE], mean_g[WIDE], slope[WIDE];

  load_row (self->used + SCALE * self->c, c, wide, scale);
  load_row (self->used + BIAS * self->c, c, wide, bias);
  load_row (self->used + MEAN * self->c, c, wide, mean);
  load_row (self->mean_g, c, wide, mean_g);
  load_row (self->slope, c, wide, slope);
  for (gint64 p = first; p < last; p++) {
    for (gint i = 0; i < wide; i++) {
      Lanes g, x;

      load_gradient (
          self, p, c + i * LANES, bf16, &scale[i], &bias[i], &mean[i], &g, &x);
      g = scale[i] * (g - mean_g[i] - x * slope[i]);
      lanes_store (&g, self->y, p * self->y_pitch + c + i * LANES, bf16);
    }
  }
}

/* ---- walks ---- */

/* Pixels of threads [@first, @last), a block at a time, which stays in the
 * cache while its channels are gone through. */
#define DEFINE_WALK(name)                                                      \
  GST_SOD_ONEDNN_INLINE void walk_##name (                                     \
      const Norm *self, gint64 first, gint64 last, gboolean bf16)              \
  {                                                                            \
    for (gint64 t = first; t < last; t++) {                                    \
      gint64 end = self->n_pixels * (t + 1) / self->threads;                   \
                                                                               \
      for (gint64 p = self->n_pixels * t / self->threads; p < end;             \
           p += BLOCK) {                                                       \
        gint64 stop = MIN (p + BLOCK, end);                                    \
        gint64 c = 0;                                                          \
                                                                               \
        for (; c + WIDE * LANES <= self->c; c += WIDE * LANES)                 \
          name##_block (self, t, p, stop, c, WIDE, bf16);                      \
        for (; c < self->c; c += LANES)                                        \
          name##_block (self, t, p, stop, c, 1, bf16);                         \
      }                                                                        \
    }                                                                          \
  }                                                                            \
  GST_SOD_TRAIN_DEFINE_HOT (name, walk_##name, Norm)

DEFINE_WALK (measure)
DEFINE_WALK (normalise)
DEFINE_WALK (measure_gradient)
DEFINE_WALK (differentiate)

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

void
gst_sod_train_kernel_norm (const GstSodTrainStep *step, gpointer const *memory,
    const GstSodTrainRun *run)
{
  Norm self = begin (step, memory[3], memory[2], run);
  Pixels x = pixels_get (step, memory, 0), y = pixels_get (step, memory, 1);

  self.bf16 = x.bf16;
  self.x = x.data;
  self.x_pitch = x.pitch;
  self.y = y.data;
  self.y_pitch = y.pitch;
  if (!run->frozen)
    sum_up (&self, measure);
  set_used (&self, step, memory + 4);
  walk (&self, normalise);
}

void
gst_sod_train_kernel_norm_backward (const GstSodTrainStep *step,
    gpointer const *memory, const GstSodTrainRun *run)
{
  Norm self = begin (step, memory[4], memory[3], run);
  Pixels x = pixels_get (step, memory, 0), d_y = pixels_get (step, memory, 1);
  Pixels d_x = pixels_get (step, memory, 2);

  self.bf16 = x.bf16;
  self.x = x.data;
  self.x_pitch = x.pitch;
  self.d_y = d_y.data;
  self.d_y_pitch = d_y.pitch;
  self.y = d_x.data;
  self.y_pitch = d_x.pitch;
  if (run->frozen) {
    memset (self.mean_g, 0, 2 * (gsize) self.c * sizeof (gfloat));
  } else {
    sum_up (&self, measure_gradient);
    set_gradients (&self, step, memory + 5);
  }
  walk (&self, differentiate);
}
