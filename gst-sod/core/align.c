/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The camera's motion between two pictures: an affine one, found from coarse to
 * fine by Gauss-Newton steps (Lucas and Kanade, "An iterative image
 * registration technique", 1981) in which pixels that do not follow count
 * little (Odobez and Bouthemy, "Robust multiresolution estimation of parametric
 * motion models", 1995): things that move by themselves are such. */
#include <gst-sod/core/align-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/core/error.h>
#include <gst-sod/core/hot-private.h>

#define MAX_LEVELS 8
#define SMALLEST 8 /* pixels along the shorter side of the coarsest level */
#define N_PARAMETERS 6
#define BLOCK 32 /* columns that are looked at together */

/* Differences that are noise, in the input's unit, a standard deviation of all
 * pictures' values. */
#define NOISE 0.03f

/* What no camera does between two frames: a larger shift, in parts of the
 * width, or turn or scale. */
#define MAX_SHIFT 0.3
#define MAX_TURN 0.3

/* Pixel (x, y), from the centre, shows the place x + u[0] + u[1] x + u[2] y,
 * y + v[0] + v[1] x + v[2] y of the other picture. */
typedef struct
{
  gdouble u[3], v[3];
} Affine;

/* Grey values, smaller by 2 from level to level; that of level 0 is half as
 * wide as the pictures. */
typedef struct
{
  gint width, height;
  gfloat *current, *previous;
  gfloat *across, *down; /* gradient of current */
} Level;

/* What one row shows of the other picture. */
typedef struct
{
  gint32 *first; /* (width): sample to the upper left */
  gfloat *right_share, *bottom_share;
  gfloat *seen;   /* 1 inside the picture, 0 outside */
  gint32 *begins; /* (n): columns at which a run begins, and the width */
  gint n;
} Places;

struct _GstSodAligner
{
  gint width, height;
  guint n_levels;
  Level levels[MAX_LEVELS];
  Places places; /* (width) each */
  gfloat *row;   /* (width): what one row shows */
  gfloat *memory, *moved;
};

GstSodAligner *
gst_sod_aligner_new (gint width, gint height, GError **error)
{
  GstSodAligner *self = g_new0 (GstSodAligner, 1);
  gsize n = 0, n_row = (gsize) width;
  gfloat *at;

  self->width = width;
  self->height = height;
  for (gint w = width / 2, h = height / 2;
       self->n_levels < MAX_LEVELS && MIN (w, h) >= SMALLEST; w /= 2, h /= 2) {
    self->levels[self->n_levels++] = (Level){ .width = w, .height = h };
    n += 4 * (gsize) w * h;
  }
  self->memory = g_try_malloc_n (
      n + 6 * n_row + 1 + 3 * (gsize) width * height, sizeof (gfloat));
  if (self->memory == NULL) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "no memory to align pictures of %dx%d pixels; take smaller ones", width,
        height);
    gst_sod_aligner_free (self);
    return NULL;
  }
  self->row = self->memory;
  self->places = (Places){ (gint32 *) (self->row + n_row),
    self->row + 2 * n_row, self->row + 3 * n_row, self->row + 4 * n_row,
    (gint32 *) (self->row + 5 * n_row) };
  self->moved = self->row + 6 * n_row + 1;
  at = self->moved + 3 * (gsize) width * height;
  for (guint i = 0; i < self->n_levels; i++) {
    Level *level = &self->levels[i];
    gsize size = (gsize) level->width * level->height;

    level->current = at;
    level->previous = at + size;
    level->across = at + 2 * size;
    level->down = at + 3 * size;
    at += 4 * size;
  }
  return self;
}

void
gst_sod_aligner_free (GstSodAligner *self)
{
  g_free (self->memory);
  g_free (self);
}

/* ---- pictures ---- */

/* The mean of the colours of 2x2 pixels. */
GST_SOD_HOT static void
shrink_colours (const gfloat *restrict rgb, gint width, gint height,
    gint to_width, gint to_height, gfloat *restrict to)
{
  gsize n = (gsize) width * height;

  for (gint y = 0; y < to_height; y++) {
    const gfloat *a = rgb + (gsize) 2 * y * width, *b = a + width;

    for (gint x = 0; x < to_width; x++) {
      gfloat sum = 0;

      for (guint c = 0; c < 3; c++) {
        gsize i = c * n + 2 * (gsize) x;

        sum += a[i] + a[i + 1] + b[i] + b[i + 1];
      }
      to[(gsize) y * to_width + x] = sum / 12;
    }
  }
}

GST_SOD_HOT static void
shrink (const gfloat *restrict from, gint width, gint to_width, gint to_height,
    gfloat *restrict to)
{
  for (gint y = 0; y < to_height; y++) {
    const gfloat *a = from + (gsize) 2 * y * width, *b = a + width;

    for (gint x = 0; x < to_width; x++)
      to[(gsize) y * to_width + x] =
          (a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1]) / 4;
  }
}

/* Central differences; 0 at the border. */
GST_SOD_HOT static void
differentiate (const gfloat *restrict from, gint width, gint height,
    gfloat *restrict across, gfloat *restrict down)
{
  memset (across, 0, (gsize) width * height * sizeof (gfloat));
  memset (down, 0, (gsize) width * height * sizeof (gfloat));
  for (gint y = 1; y + 1 < height; y++) {
    const gfloat *row = from + (gsize) y * width;

    for (gint x = 1; x + 1 < width; x++) {
      across[(gsize) y * width + x] = (row[x + 1] - row[x - 1]) / 2;
      down[(gsize) y * width + x] = (row[x + width] - row[x - width]) / 2;
    }
  }
}

static void
build (GstSodAligner *self, const gfloat *current, const gfloat *previous)
{
  for (guint i = 0; i < self->n_levels; i++) {
    Level *to = &self->levels[i];

    if (i == 0) {
      shrink_colours (current, self->width, self->height, to->width, to->height,
          to->current);
      shrink_colours (previous, self->width, self->height, to->width,
          to->height, to->previous);
    } else {
      const Level *from = &self->levels[i - 1];

      shrink (from->current, from->width, to->width, to->height, to->current);
      shrink (from->previous, from->width, to->width, to->height, to->previous);
    }
    differentiate (to->current, to->width, to->height, to->across, to->down);
  }
}

/* Where row @y looks when the camera's motion is @motion. */
GST_SOD_HOT static void
place_row (gint width, gint height, const Affine *motion, gint y,
    gint32 *restrict first, gfloat *restrict right_share,
    gfloat *restrict bottom_share, gfloat *restrict seen)
{
  gfloat half_x = (gfloat) (width - 1) / 2, half_y = (gfloat) (height - 1) / 2;
  gfloat v = (gfloat) y - half_y;
  gfloat start_x = half_x + (gfloat) motion->u[0] + (gfloat) motion->u[2] * v;
  gfloat start_y =
      half_y + (gfloat) motion->v[0] + (1 + (gfloat) motion->v[2]) * v;
  gfloat step_x = 1 + (gfloat) motion->u[1], step_y = (gfloat) motion->v[1];
  gfloat last_x = (gfloat) (width - 1), last_y = (gfloat) (height - 1);

  for (gint x = 0; x < width; x++) {
    gfloat u = (gfloat) x - half_x;
    gfloat at_x = start_x + step_x * u, at_y = start_y + step_y * u;
    gfloat in_x = at_x < 0 ? 0 : at_x > last_x ? last_x : at_x;
    gfloat in_y = at_y < 0 ? 0 : at_y > last_y ? last_y : at_y;
    gint left = (gint) in_x, top = (gint) in_y;

    left = left > width - 2 ? width - 2 : left;
    top = top > height - 2 ? height - 2 : top;
    first[x] = top * width + left;
    right_share[x] = in_x - (gfloat) left;
    bottom_share[x] = in_y - (gfloat) top;
    seen[x] = in_x == at_x && in_y == at_y ? 1 : 0;
  }
}

/* Columns that look at samples side by side are runs: since no camera turns or
 * zooms much, a row has few. Returns how many, @begins (n + 1). */
GST_SOD_HOT static gint
find_runs (const gint32 *restrict first, gint width, gint32 *restrict begins)
{
  gint n = 1;

  begins[0] = 0;
  for (gint begin = 1; begin < width; begin += BLOCK) {
    gint end = MIN (begin + BLOCK, width);
    gint32 jumps = 0;

    for (gint x = begin; x < end; x++)
      jumps |= first[x] ^ (first[x - 1] + 1);
    for (gint x = begin; jumps != 0 && x < end; x++) {
      if (first[x] != first[x - 1] + 1)
        begins[n++] = x;
    }
  }
  begins[n] = width;
  return n;
}

static void
look (Places *places, gint width, gint height, const Affine *motion, gint y)
{
  place_row (width, height, motion, y, places->first, places->right_share,
      places->bottom_share, places->seen);
  places->n = find_runs (places->first, width, places->begins);
}

/* to[i]: between samples i and i + 1 of @upper and @lower. */
GST_SOD_HOT static void
sample_run (const gfloat *restrict upper, const gfloat *restrict lower,
    const gfloat *restrict right_share, const gfloat *restrict bottom_share,
    gint n, gfloat *restrict to)
{
  for (gint i = 0; i < n; i++) {
    gfloat above = upper[i] + right_share[i] * (upper[i + 1] - upper[i]);
    gfloat below = lower[i] + right_share[i] * (lower[i + 1] - lower[i]);

    to[i] = above + bottom_share[i] * (below - above);
  }
}

/* @to (width): what a row shows of @from (height, width). */
static void
sample_row (const gfloat *from, gint width, const Places *places, gfloat *to)
{
  for (gint i = 0; i < places->n; i++) {
    gint begin = places->begins[i];
    const gfloat *upper = from + places->first[begin];

    sample_run (upper, upper + width, places->right_share + begin,
        places->bottom_share + begin, places->begins[i + 1] - begin,
        to + begin);
  }
}

/* ---- motion ---- */

/* Sums over a picture, of which the normal equations are made. */
typedef struct
{
  gdouble matrix[N_PARAMETERS][N_PARAMETERS], vector[N_PARAMETERS];
  gdouble weight, error, deviation; /* sums of w, w e, w |e| */
} Sums;

enum
{
  SUM_XX, /* gx gx, then times x, x x; likewise the next two */
  SUM_XY = SUM_XX + 3,
  SUM_YY = SUM_XY + 3,
  SUM_XE = SUM_YY + 3, /* gx e, then times x */
  SUM_YE = SUM_XE + 2,
  SUM_W = SUM_YE + 2, /* w, w e, w |e| */
  N_SUMS = SUM_W + 3
};

#define LANES 16

/* What sum_row() sums over. */
typedef struct
{
  const gfloat *current, *moved, *seen, *across, *down;
  gfloat half, bias;
  gfloat factor; /* 1 over the difference that counts a quarter */
} Row;

/* @n pixels from @begin on, each into sums of its own. */
GST_SOD_HOT_INLINE void
sum_lanes (const Row *row, gint begin, gint n, gfloat lanes[N_SUMS][LANES])
{
  for (gint i = 0; i < n; i++) {
    gint at = begin + i;
    gfloat x = (gfloat) at - row->half;
    gfloat e = row->moved[at] - row->current[at] - row->bias;
    gfloat r = e * row->factor;
    gfloat share = 1 / (1 + r * r); /* Geman and McClure's */
    gfloat w = share * share * row->seen[at];
    gfloat gx = row->across[at], gy = row->down[at];
    gfloat wx = w * gx, wy = w * gy;

    lanes[SUM_XX][i] += wx * gx;
    lanes[SUM_XX + 1][i] += wx * gx * x;
    lanes[SUM_XX + 2][i] += wx * gx * x * x;
    lanes[SUM_XY][i] += wx * gy;
    lanes[SUM_XY + 1][i] += wx * gy * x;
    lanes[SUM_XY + 2][i] += wx * gy * x * x;
    lanes[SUM_YY][i] += wy * gy;
    lanes[SUM_YY + 1][i] += wy * gy * x;
    lanes[SUM_YY + 2][i] += wy * gy * x * x;
    lanes[SUM_XE][i] += wx * e;
    lanes[SUM_XE + 1][i] += wx * e * x;
    lanes[SUM_YE][i] += wy * e;
    lanes[SUM_YE + 1][i] += wy * e * x;
    lanes[SUM_W][i] += w;
    lanes[SUM_W + 1][i] += w * e;
    lanes[SUM_W + 2][i] += w * fabsf (e);
  }
}

GST_SOD_HOT static void
sum_row (const Row *row, gint width, gfloat *sums)
{
  gfloat lanes[N_SUMS][LANES];
  gint begin = 0;

  memset (lanes, 0, sizeof (lanes));
  for (; begin + LANES <= width; begin += LANES)
    sum_lanes (row, begin, LANES, lanes);
  sum_lanes (row, begin, width - begin, lanes);
  for (guint j = 0; j < N_SUMS; j++) {
    sums[j] = 0;
    for (guint i = 0; i < LANES; i++)
      sums[j] += lanes[j][i];
  }
}

/* Row @y, from the centre, of the normal equations. */
static void
add_row (Sums *sums, const gfloat *row, gdouble y)
{
  static const guint pairs[2][2] = { { SUM_XX, SUM_XY }, { SUM_XY, SUM_YY } };

  for (guint a = 0; a < 2; a++) {
    const gfloat *e = &row[a == 0 ? SUM_XE : SUM_YE];

    for (guint b = 0; b < 2; b++) {
      const gfloat *s = &row[pairs[a][b]];
      gdouble (*m)[N_PARAMETERS] = &sums->matrix[3 * a];
      guint j = 3 * b;

      m[0][j] += s[0];
      m[0][j + 1] += s[1];
      m[0][j + 2] += s[0] * y;
      m[1][j] += s[1];
      m[1][j + 1] += s[2];
      m[1][j + 2] += s[1] * y;
      m[2][j] += s[0] * y;
      m[2][j + 1] += s[1] * y;
      m[2][j + 2] += s[0] * y * y;
    }
    sums->vector[3 * a] += e[0];
    sums->vector[3 * a + 1] += e[1];
    sums->vector[3 * a + 2] += e[0] * y;
  }
  sums->weight += row[SUM_W];
  sums->error += row[SUM_W + 1];
  sums->deviation += row[SUM_W + 2];
}

static void
sum_up (GstSodAligner *self, const Level *level, const Affine *motion,
    gfloat bias, gfloat scale, Sums *sums)
{
  Places *places = &self->places;

  *sums = (Sums){ 0 };
  for (gint y = 0; y < level->height; y++) {
    gsize at = (gsize) y * level->width;
    gfloat row[N_SUMS];

    look (places, level->width, level->height, motion, y);
    sample_row (level->previous, level->width, places, self->row);
    sum_row (&(Row){ level->current + at, self->row, places->seen,
                 level->across + at, level->down + at,
                 (gfloat) (level->width - 1) / 2, bias, 1 / scale },
        level->width, row);
    add_row (sums, row, y - (level->height - 1) / 2.0);
  }
}

/* vector = matrix^-1 vector by Cholesky's factors; FALSE where pictures are too
 * flat for that. */
static gboolean
solve (Sums *sums)
{
  gdouble (*m)[N_PARAMETERS] = sums->matrix;
  gdouble *b = sums->vector;

  for (guint i = 0; i < N_PARAMETERS; i++) {
    gdouble limit = m[i][i] * 1e-6;

    for (guint j = 0; j <= i; j++) {
      gdouble sum = m[i][j];

      for (guint k = 0; k < j; k++)
        sum -= m[i][k] * m[j][k];
      if (i != j)
        m[i][j] = sum / m[j][j];
      else if (sum > limit)
        m[i][i] = sqrt (sum);
      else
        return FALSE;
    }
  }
  for (guint i = 0; i < N_PARAMETERS; i++) {
    for (guint k = 0; k < i; k++)
      b[i] -= m[i][k] * b[k];
    b[i] /= m[i][i];
  }
  for (guint i = N_PARAMETERS; i-- > 0;) {
    for (guint k = i + 1; k < N_PARAMETERS; k++)
      b[i] -= m[k][i] * b[k];
    b[i] /= m[i][i];
  }
  return TRUE;
}

static gboolean
is_possible (const Affine *motion, gint width)
{
  return fabs (motion->u[0]) < MAX_SHIFT * width
         && fabs (motion->v[0]) < MAX_SHIFT * width
         && fabs (motion->u[1]) < MAX_TURN && fabs (motion->u[2]) < MAX_TURN
         && fabs (motion->v[1]) < MAX_TURN && fabs (motion->v[2]) < MAX_TURN;
}

/* The mean difference, each no more than @most, of where @previous is shifted
 * by (@u, @v) to, whole pixels. */
static gfloat
compare (const Level *level, gint u, gint v, gfloat most)
{
  gint left = MAX (0, -u), right = MIN (level->width, level->width - u);
  gint top = MAX (0, -v), bottom = MIN (level->height, level->height - v);
  gfloat sum = 0;

  for (gint y = top; y < bottom; y++) {
    const gfloat *a = level->current + (gsize) y * level->width;
    const gfloat *b = level->previous + (gsize) (y + v) * level->width + u;

    for (gint x = left; x < right; x++)
      sum += MIN (fabsf (a[x] - b[x]), most);
  }
  return sum / (gfloat) ((right - left) * (bottom - top));
}

/* Steps of Gauss and Newton find what is near: the shift to begin with is the
 * best of all that a camera may have made, at the coarsest size. */
static void
search (const Level *level, Affine *motion)
{
  gint most = MAX (1, level->width / 4);
  gfloat least = G_MAXFLOAT;

  for (gint v = -most / 2; v <= most / 2; v++) {
    for (gint u = -most; u <= most; u++) {
      /* Of shifts that are as good the smallest. */
      gfloat cost =
          compare (level, u, v, 0.5f) + 1e-3f * (gfloat) (ABS (u) + ABS (v));

      if (cost < least) {
        least = cost;
        motion->u[0] = u;
        motion->v[0] = v;
      }
    }
  }
}

#define COARSE_STEPS 8
#define FINE_STEPS 3

static Affine
estimate (GstSodAligner *self)
{
  Affine motion = { { 0 }, { 0 } };
  gfloat bias = 0, scale = 0.5f;

  for (guint i = self->n_levels; i-- > 0;) {
    const Level *level = &self->levels[i];
    guint n_steps = i + 1 == self->n_levels ? COARSE_STEPS : FINE_STEPS;

    motion.u[0] *= 2;
    motion.v[0] *= 2;
    if (i + 1 == self->n_levels)
      search (level, &motion);
    for (guint step = 0; step < n_steps; step++) {
      Sums sums;

      sum_up (self, level, &motion, bias, scale, &sums);
      if (!solve (&sums))
        return (Affine){ { 0 }, { 0 } };
      for (guint k = 0; k < 3; k++) {
        motion.u[k] -= sums.vector[k];
        motion.v[k] -= sums.vector[3 + k];
      }
      if (!is_possible (&motion, level->width))
        return (Affine){ { 0 }, { 0 } };
      bias += (gfloat) (sums.error / sums.weight);
      scale = MAX (NOISE, 3 * (gfloat) (sums.deviation / sums.weight));
    }
  }
  motion.u[0] *= 2;
  motion.v[0] *= 2;
  return motion;
}

GST_SOD_HOT static void
subtract_row (const gfloat *restrict moved, const gfloat *restrict seen,
    const gfloat *restrict current, gint width, gfloat *restrict to)
{
  for (gint x = 0; x < width; x++)
    to[x] = (moved[x] - current[x]) * seen[x];
}

void
gst_sod_aligner_run (GstSodAligner *self, const gfloat *current,
    const gfloat *previous, gfloat *change)
{
  gsize n = (gsize) self->width * self->height;
  gfloat *to = change != previous ? change : self->moved;
  Places *places = &self->places;
  Affine motion;

  build (self, current, previous);
  motion = estimate (self);
  for (gint y = 0; y < self->height; y++) {
    look (places, self->width, self->height, &motion, y);
    for (guint c = 0; c < 3; c++) {
      gsize at = c * n + (gsize) y * self->width;

      sample_row (previous + c * n, self->width, places, self->row);
      subtract_row (
          self->row, places->seen, current + at, self->width, to + at);
    }
  }
  if (to != change)
    memcpy (change, to, 3 * n * sizeof (gfloat));
}
