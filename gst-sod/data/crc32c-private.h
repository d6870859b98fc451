/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* CRC-32C of what @crc is of, followed by @data; 0 to begin with. */
guint32 gst_sod_crc32c (guint32 crc, gconstpointer data, gsize size);

G_END_DECLS
