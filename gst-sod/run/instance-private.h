/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/run/instance.h>
#include <gst-sod/run/packed-private.h>

G_BEGIN_DECLS

/* What is loaded now; (transfer full), NULL before the first load. */
GstSodPacked *gst_sod_instance_ref_packed (GstSodInstance *self);

GstSodExecutor *gst_sod_instance_get_executor (GstSodInstance *self);

G_END_DECLS
