/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tiles of bf16 by AMX, filled by AVX-512. train-tiles-plain.c has their plain
 * twins. */
#include <gst-sod/backend/onednn/train-tiles-private.h>

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__)
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TARGET __attribute__ ((target ("avx512f,avx512bw,avx512vl,avx512dq")))
#define TARGET_TILES __attribute__ ((target ("amx-tile,amx-bf16")))

#define STEP GST_SOD_TRAIN_TILE_STEP
#define COLUMNS GST_SOD_TRAIN_TILE_COLUMNS
#define LINE 64 /* bytes of a tile's row */

/* ---- products ---- */

/* _tile_loadconfig() and _tile_loadd() don't tell the compiler all that they
 * read. */
#define BARRIER(data) __asm__ volatile("" ::"r"(data) : "memory")

/* What LDTILECFG reads. */
typedef struct
{
  guint8 palette, start_row;
  guint8 reserved[14];
  guint16 bytes[16]; /* of a row */
  guint8 rows[16];
} TileConfig;

/* The sums: tiles 0 to 3, of the first source's two and then the second's. The
 * source's tiles: 4 and 5. The target's: 6 and 7. */
TARGET_TILES static void
begin (gint n_rows)
{
  TileConfig config = { .palette = 1 };

  for (gint i = 0; i < 8; i++) {
    config.bytes[i] = LINE;
    config.rows[i] = (guint8) (i < 6 ? n_rows : STEP / 2);
  }
  BARRIER (&config);
  _tile_loadconfig (&config);
}

TARGET_TILES static void
end (void)
{
  _tile_release ();
}

#define MULTIPLY(n_sources, n_targets)                                         \
  TARGET_TILES static void multiply_##n_sources##_##n_targets (                \
      const GstSodTrainTiles *self)                                            \
  {                                                                            \
    const guint16 *first = self->lines,                                        \
                  *second = first + self->n_rows * self->length,               \
                  *pairs = self->pairs, *others = pairs + self->next_pairs;    \
    gfloat *sums = self->sums, *below = sums + self->next_sums;                \
    const gint64 length = self->length * (gint64) sizeof (guint16);            \
                                                                               \
    BARRIER (self);                                                            \
    _tile_loadd (0, sums, LINE);                                               \
    if (n_targets > 1)                                                         \
      _tile_loadd (1, sums + GST_SOD_TRAIN_TILE_SUMS, LINE);                   \
    if (n_sources > 1)                                                         \
      _tile_loadd (2, below, LINE);                                            \
    if (n_sources > 1 && n_targets > 1)                                        \
      _tile_loadd (3, below + GST_SOD_TRAIN_TILE_SUMS, LINE);                  \
    for (gint64 i = 0; i < self->n_steps; i++) {                               \
      _tile_loadd (4, first, length);                                          \
      _tile_loadd (6, pairs, LINE);                                            \
      _tile_dpbf16ps (0, 4, 6);                                                \
      if (n_sources > 1) {                                                     \
        _tile_loadd (5, second, length);                                       \
        _tile_dpbf16ps (2, 5, 6);                                              \
      }                                                                        \
      if (n_targets > 1) {                                                     \
        _tile_loadd (7, others, LINE);                                         \
        _tile_dpbf16ps (1, 4, 7);                                              \
      }                                                                        \
      if (n_sources > 1 && n_targets > 1)                                      \
        _tile_dpbf16ps (3, 5, 7);                                              \
      first += STEP;                                                           \
      second += STEP;                                                          \
      pairs += GST_SOD_TRAIN_TILE_PAIRS;                                       \
      others += GST_SOD_TRAIN_TILE_PAIRS;                                      \
    }                                                                          \
    _tile_stored (0, sums, LINE);                                              \
    if (n_targets > 1)                                                         \
      _tile_stored (1, sums + GST_SOD_TRAIN_TILE_SUMS, LINE);                  \
    if (n_sources > 1)                                                         \
      _tile_stored (2, below, LINE);                                           \
    if (n_sources > 1 && n_targets > 1)                                        \
      _tile_stored (3, below + GST_SOD_TRAIN_TILE_SUMS, LINE);                 \
    BARRIER (self);                                                            \
  }

MULTIPLY (1, 1)
MULTIPLY (1, 2)
MULTIPLY (2, 1)
MULTIPLY (2, 2)

static void
multiply (const GstSodTrainTiles *self)
{
  if (self->n_sources > 1 && self->n_targets > 1)
    multiply_2_2 (self);
  else if (self->n_sources > 1)
    multiply_2_1 (self);
  else if (self->n_targets > 1)
    multiply_1_2 (self);
  else
    multiply_1_1 (self);
}

/* ---- copies ---- */

/* Eight channels of pixels @x, @x + 8, @x + 16 and @x + 24; zeros from pixel @n
 * on. */
TARGET GST_SOD_ONEDNN_INLINE __m512i
load_four (const guint16 *from, gint64 pixel, gint64 x, gint64 n)
{
  __m512i four = _mm512_setzero_si512 ();

  from += x * pixel;
  if (x < n)
    four = _mm512_zextsi128_si512 (_mm_loadu_si128 ((const void *) from));
  if (x + 8 < n)
    four = _mm512_mask_broadcast_i64x2 (
        four, 0x0c, _mm_loadu_si128 ((const void *) (from + 8 * pixel)));
  if (x + 16 < n)
    four = _mm512_mask_broadcast_i64x2 (
        four, 0x30, _mm_loadu_si128 ((const void *) (from + 16 * pixel)));
  if (x + 24 < n)
    four = _mm512_mask_broadcast_i64x2 (
        four, 0xc0, _mm_loadu_si128 ((const void *) (from + 24 * pixel)));
  return four;
}

/* STEP pixels from @x on. In each quarter of eight vectors: eight pixels by
 * eight channels, turned by three rounds of unpacking. */
TARGET GST_SOD_ONEDNN_INLINE void
transpose_step (const guint16 *from, gint64 pixel, gint64 x, gint64 n,
    guint16 *to, gint64 length)
{
  __m512i a[8], b[8];

  for (gint i = 0; i < 8; i++)
    a[i] = load_four (from, pixel, x + i, n);
  for (gint i = 0; i < 4; i++) {
    b[i] = _mm512_unpacklo_epi16 (a[2 * i], a[2 * i + 1]);
    b[4 + i] = _mm512_unpackhi_epi16 (a[2 * i], a[2 * i + 1]);
  }
  for (gint half = 0; half < 2; half++) {
    for (gint i = 0; i < 2; i++) {
      const __m512i *two = &b[4 * half + 2 * i];

      a[4 * half + i] = _mm512_unpacklo_epi32 (two[0], two[1]);
      a[4 * half + 2 + i] = _mm512_unpackhi_epi32 (two[0], two[1]);
    }
  }
  for (gint i = 0; i < 4; i++) {
    _mm512_storeu_si512 (to + 2 * i * length + x,
        _mm512_unpacklo_epi64 (a[2 * i], a[2 * i + 1]));
    _mm512_storeu_si512 (to + (2 * i + 1) * length + x,
        _mm512_unpackhi_epi64 (a[2 * i], a[2 * i + 1]));
  }
}

TARGET static void
transpose (const guint16 *from, gint64 pixel, gint64 n, gint64 n_columns,
    guint16 *to, gint64 length)
{
  gint64 x = 0;

  for (; x + STEP <= n; x += STEP)
    transpose_step (from, pixel, x, G_MAXINT64, to, length);
  for (; x < n_columns; x += STEP)
    transpose_step (from, pixel, x, n, to, length);
}

/* Channels in @mask of two pixels; @right NULL: zeros. */
TARGET GST_SOD_ONEDNN_INLINE void
pair_two_tiles (const guint16 *left, const guint16 *right, __mmask32 mask,
    guint16 *to, gint64 next)
{
  __m512i low = _mm512_setzero_si512 (), high = low;

  if (left != NULL)
    low = _mm512_maskz_loadu_epi16 (mask, left);
  if (right != NULL)
    high = _mm512_maskz_loadu_epi16 (mask, right);
  _mm512_store_si512 (to, _mm512_unpacklo_epi16 (low, high));
  _mm512_store_si512 (to + next, _mm512_unpackhi_epi16 (low, high));
}

TARGET GST_SOD_ONEDNN_INLINE void
pair_tile (
    const guint16 *left, const guint16 *right, __mmask16 mask, guint16 *to)
{
  __m512i low = _mm512_setzero_si512 (), high = low;

  if (left != NULL)
    low = _mm512_cvtepu16_epi32 (_mm256_maskz_loadu_epi16 (mask, left));
  if (right != NULL)
    high = _mm512_cvtepu16_epi32 (_mm256_maskz_loadu_epi16 (mask, right));
  _mm512_store_si512 (to, _mm512_or_si512 (low, _mm512_slli_epi32 (high, 16)));
}

TARGET static void
pair (const guint16 *from, gint64 pixel, gint64 n, gint64 n_columns,
    gint n_channels, guint16 *to, gint64 next)
{
  const __mmask32 mask =
      (__mmask32) ((G_GUINT64_CONSTANT (1) << n_channels) - 1);
  const guint16 *end = from + n * pixel;

  for (gint64 x = 0; x < n_columns; x += 2, to += 2 * COLUMNS) {
    const guint16 *left = from + x * pixel, *right = left + pixel;

    left = left < end ? left : NULL;
    right = right < end ? right : NULL;
    if (n_channels > COLUMNS)
      pair_two_tiles (left, right, mask, to, next);
    else
      pair_tile (left, right, (__mmask16) mask, to);
  }
}

/* Of as many vectors as lines the values of each. */
TARGET static void
split_lines (const guint16 *from, const GstSodTrainSplit *split, gint64 n,
    guint16 *to, gint64 length)
{
  const gint period = split->period;

  for (gint line = 0; line < period; line++) {
    const guint32 *masks = split->masks[line];
    __m512i index = _mm512_loadu_si512 (split->at[line]);

    for (gint64 x = 0; x < n; x += STEP) {
      __m512i values = _mm512_setzero_si512 ();

      for (gint i = 0; i < period; i++)
        values = _mm512_mask_permutexvar_epi16 (values, masks[i], index,
            _mm512_loadu_si512 (from + x * period + i * STEP));
      _mm512_storeu_si512 (to + line * length + x, values);
    }
  }
}

/* ---- what the system allows ---- */

#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA 18

/* Linux lets a process have tiles when it asks. */
static gboolean
are_allowed (void)
{
  static gsize answer;

  if (g_once_init_enter (&answer)) {
    glong refused =
        syscall (SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA);

    g_once_init_leave (&answer, refused == 0 ? 1 : 2);
  }
  return answer == 1;
}

const GstSodTrainTileFuncs *
gst_sod_train_tiles_get_fast (void)
{
  static const GstSodTrainTileFuncs funcs = { begin, end, multiply, transpose,
    pair, split_lines };

  return compat_has_amx () && are_allowed () ? &funcs : NULL;
}

#else

const GstSodTrainTileFuncs *
gst_sod_train_tiles_get_fast (void)
{
  return NULL;
}

#endif
