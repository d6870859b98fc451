/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/gst.h>

#include "sodpairer.h"

G_BEGIN_DECLS

/* What sodeval's messages hold. (transfer full) */
GstStructure *sod_eval_describe (
    GstSodEvaluation *evaluation, const SodPairCounts *counts, gboolean final);

/* The same and more as JSON, into the file @location. */
gboolean sod_eval_write_json (const gchar *location, const gchar *title,
    GstSodEvaluation *evaluation, const SodPairCounts *counts, GError **error);

G_END_DECLS
