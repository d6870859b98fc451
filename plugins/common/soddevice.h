/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/gst.h>

#include "sodenums.h"

G_BEGIN_DECLS

/* Which device an element's networks run on. */

/* Whether @error is one that another device might not have. */
gboolean sod_device_is_to_blame (const GError *error);

/* Whether what runs on @instance may go on with the CPU after @error, one that
 * a device has between two frames and that the CPU would not have. */
gboolean sod_device_may_fall_back (SodOnDeviceError on_device_error,
    GstSodInstance *instance, const GError *error);

/* Says so: @reason as a warning and with the device that it is now. */
void sod_device_tell_fall_back (GstElement *element, const gchar *asked,
    GstSodInstance *instance, const GError *reason);

/* Whether the user leaves it to the element: device=auto or none. */
gboolean sod_device_is_auto (const gchar *device);

/* Tells which device @asked came to be, and why where that is not what it might
 * have been (@reason, else NULL): in the log, and on the bus as element message
 * "sod-device" with the fields asked, device and, where there is one, reason;
 * announce() has backend and precision too. */
void sod_device_tell (GstElement *element, const gchar *asked,
    const gchar *device, const gchar *reason);
void sod_device_announce (GstElement *element, const gchar *asked,
    GstSodInstance *instance, const gchar *reason);

G_END_DECLS
