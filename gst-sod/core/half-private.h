/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* IEEE 754 binary16 and back, rounded to nearest even, with subnormal numbers,
 * infinities and what is no number. */

static inline gfloat
gst_sod_f16_to_f32 (guint16 value)
{
  guint32 sign = (guint32) (value & 0x8000u) << 16;
  guint32 magnitude = value & 0x7fffu;
  union
  {
    guint32 u;
    gfloat f;
  } bits, bias = { .u = 113u << 23 }; /* 2^-14 */

  if (magnitude >= 0x7c00u) { /* infinite, or no number */
    bits.u = sign | 0x7f800000u | (magnitude & 0x3ffu) << 13;
  } else if (magnitude >= 0x400u) {
    bits.u = sign | ((magnitude << 13) + (112u << 23));
  } else { /* subnormal: exact in f32 */
    bits.u = (magnitude << 13) + (113u << 23);
    bits.f -= bias.f;
    bits.u |= sign;
  }
  return bits.f;
}

static inline guint16
gst_sod_f32_to_f16 (gfloat value)
{
  union
  {
    gfloat f;
    guint32 u;
  } bits = { .f = value }, magic = { .u = 126u << 23 }; /* 2^-1 */
  guint16 sign = (guint16) (bits.u >> 16 & 0x8000u);

  bits.u &= 0x7fffffffu;
  if (bits.u > 0x7f800000u)
    return sign | 0x7e00u;
  if (bits.u >= 0x477ff000u) /* 65520 and above round to infinity */
    return sign | 0x7c00u;
  if (bits.u < 113u << 23) { /* below 2^-14: the adder rounds */
    bits.f += magic.f;
    return sign | (guint16) (bits.u - magic.u);
  }
  bits.u += 0xfffu + (bits.u >> 13 & 1u);
  return sign | (guint16) ((bits.u - (112u << 23)) >> 13);
}

G_END_DECLS
