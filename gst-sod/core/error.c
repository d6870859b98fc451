/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/error.h>

G_DEFINE_QUARK (gst-sod-error-quark, gst_sod_error)
