/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/error.h>

GQuark
gst_sod_error_quark (void)
{
  return g_quark_from_static_string ("gst-sod-error-quark");
}
