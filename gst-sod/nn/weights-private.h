/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/nn/architecture-private.h>

G_BEGIN_DECLS

/* A weight or running statistic that an architecture's graph has. */
typedef struct
{
  gchar *name;
  GstSodShape shape;
  GstSodOpKind kind;
  gchar *suffix; /* "weight", "bias", "running_mean", "running_var" */
  gboolean trainable;
} GstSodWeightSpec;

/* Of GstSodWeightSpec, in the order of the graph's nodes; (transfer full). */
GPtrArray *gst_sod_weights_list (
    const GstSodArchitecture *architecture, GError **error);

/* Type and shape of a value of the table that gst_sod_weights_match() looks
 * at: a tensor, or what a file's header says of one. */
typedef const GstSodShape *(*GstSodWeightDescribeFunc) (
    gconstpointer value, GstSodDType *dtype);

/* Whether @table (name -> value) has exactly the tensors of @specs, f32, each
 * in its shape; GST_SOD_ERROR_MISMATCH names the first that differs. */
gboolean gst_sod_weights_match (GPtrArray *specs, GHashTable *table,
    GstSodWeightDescribeFunc describe, GError **error);

/* No NaN, no infinity, no variance below zero; GST_SOD_ERROR_FORMAT names
 * tensor and index. The tensors are those of @specs. */
gboolean gst_sod_weights_check_values (
    GPtrArray *specs, GHashTable *weights, GError **error);

/* SHA-256, in hexadecimal, of the tensors' bytes in the order of
 * gst_sod_safetensors_sort_names(): of the data part of a file that
 * gst_sod_safetensors_write() makes of them. (transfer full) */
gchar *gst_sod_weights_hash (GHashTable *weights);

/* Convolutions: normal with variance 2 / (fan in) (He et al. 2015), biases 0;
 * batch norm: weight 1, bias 0, mean 0, variance 1. The same @seed gives the
 * same weights on every machine. (transfer full) */
GHashTable *gst_sod_weights_new_random (
    GPtrArray *specs, guint64 seed, GError **error);

G_END_DECLS
