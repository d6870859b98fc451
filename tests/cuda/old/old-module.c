/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A module of another build, which the registry must not use. */

#include <gst-sod/backend/module-private.h>

const GstSodModule *gst_sod_module (void);

__attribute__ ((visibility ("default"))) const GstSodModule *
gst_sod_module (void)
{
  static const GstSodModule module = { .version = "0.0.0", .device = "cuda" };

  return &module;
}
