/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/nn/architecture-private.h>
#include <gst-sod/nn/network.h>

G_BEGIN_DECLS

/* How pixels become the network's input: part of the model file, so that a
 * model is always fed as it was trained (design: Geometry and time). */
typedef struct
{
  gfloat mean[3]; /* of RGB in 0..1 */
  gfloat std[3];
  gint64 frame_distance; /* ns, between the two frames of a two-frame model */
  GstSodSecondInput second_input;
} GstSodInputRule;

/* Name and version of the only rule there is: the frame stretched to the
 * input; antialiased triangle filter when shrinking, bilinear when
 * enlarging. */
#define GST_SOD_INPUT_RULE "stretch-triangle"
#define GST_SOD_INPUT_RULE_VERSION 1

/* @weights: name -> GstSodTensor (f32), (transfer full); every tensor the
 * graph asks for must be there with its shape, and no other; @metadata: string
 * -> string, (transfer full) (nullable). Sets GST_SOD_ERROR_MISMATCH. */
GstSodNetwork *gst_sod_network_new_from_weights (
    GstSodArchitecture *architecture, GHashTable *weights, GHashTable *metadata,
    GError **error);

/* @network's weights, which it shares, with other @metadata: string -> string,
 * (transfer full). */
GstSodNetwork *gst_sod_network_new_with_metadata (
    GstSodNetwork *network, GHashTable *metadata, GError **error);

/* @network, of two frames, that is given another @second_input, so many ns
 * before: its weights, name, threshold and lineage. (transfer full) */
GstSodNetwork *gst_sod_network_new_with_second_input (GstSodNetwork *network,
    GstSodSecondInput second_input, gint64 frame_distance, GError **error);

/* Both stay owned by the network. */
const GstSodGraph *gst_sod_network_get_graph (GstSodNetwork *self);
GHashTable *gst_sod_network_get_weights (GstSodNetwork *self);
GHashTable *gst_sod_network_get_metadata_table (GstSodNetwork *self);
const GstSodInputRule *gst_sod_network_get_input_rule (GstSodNetwork *self);

G_END_DECLS
