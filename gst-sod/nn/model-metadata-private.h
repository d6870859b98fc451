/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/nn/network-private.h>

G_BEGIN_DECLS

/* The `__metadata__` of a model file: string -> string, nested values as JSON
 * in a string (docs/model-format.md lists the keys). */

#define GST_SOD_MODEL_FORMAT "gst-sod"
#define GST_SOD_MODEL_FORMAT_VERSION 1
#define GST_SOD_MODEL_THRESHOLD 0.5
#define GST_SOD_MODEL_FRAME_DISTANCE_MS 42 /* one frame of film */

#define GST_SOD_MODEL_KEY_HASH "weights-sha256"

typedef struct
{
  const gchar *id; /* owned by the table */
  gdouble threshold;
  GstSodInputRule input_rule;
} GstSodModelInfo;

/* The architecture that @metadata of a file describes, once format, version
 * and kind are known to be ours. GST_SOD_ERROR_MISMATCH or _FORMAT. */
GstSodArchitecture *gst_sod_model_metadata_get_architecture (
    GHashTable *metadata, GError **error);

/* Gives @metadata the keys that follow from @architecture and @hash, replacing
 * what is there, and defaults for the others. */
void gst_sod_model_metadata_complete (GHashTable *metadata,
    const GstSodArchitecture *architecture, const gchar *hash);

/* @input_rule, JSON that was read and found good, with another second input and
 * frame distance (ns); (transfer full). */
gchar *gst_sod_model_metadata_set_second_input (
    const gchar *input_rule, GstSodSecondInput second_input, gint64 distance);

/* Reads and checks every key that the library uses. */
gboolean gst_sod_model_metadata_read (GHashTable *metadata,
    const GstSodArchitecture *architecture, GstSodModelInfo *info,
    GError **error);

G_END_DECLS
