/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/nn/network-private.h>

G_BEGIN_DECLS

/* As gst_sod_network_new_from_file(), from bytes; @path names them in
 * messages. */
GstSodNetwork *gst_sod_network_new_from_bytes (
    GBytes *bytes, const gchar *path, GError **error);

G_END_DECLS
