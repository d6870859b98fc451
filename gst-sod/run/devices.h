/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/error.h>
#include <gst-sod/core/types.h>

G_BEGIN_DECLS

GST_SOD_API
gchar *gst_sod_device_resolve (
    const gchar *device, gchar **reason, GError **error);

GST_SOD_API
GVariant *gst_sod_devices_describe (void);

G_END_DECLS
