/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The one way of a GError onto the bus: as the element's error message. */
void sod_element_error (GstElement *element, const GError *error);

/* As a warning, where the element goes on; @consequence is a sentence that
 * says how: "the model before stays in use". */
void sod_element_warning (
    GstElement *element, const GError *error, const gchar *consequence);

G_END_DECLS
