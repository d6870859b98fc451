/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/run/passes-private.h>

G_BEGIN_DECLS

/* One pass over a program: the new graph grows while the old one is read. A
 * pass says of each node whether it takes earlier nodes into itself and what
 * stands there instead; everything else is copied. */
typedef struct
{
  const GstSodGraph *from;
  GstSodGraph *to;
  GHashTable *weights; /* of the new program; starts as those of the old */
  GstSodValue *values; /* old value -> new; NO_VALUE where it is gone */
  guint *readers;      /* old value -> how many read it; the output counts */
  const GstSodNode **makers; /* old value -> its node; NULL for the input */
} GstSodRewrite;

typedef struct
{
  /* Whether @node takes some of its makers into itself; the values of theirs
   * that vanish (at most GST_SOD_MAX_INPUTS) are written to @gone. */
  guint (*match) (
      const GstSodRewrite *self, const GstSodNode *node, GstSodValue *gone);

  /* Adds to the new graph what stands for @node and what it took. */
  gboolean (*emit) (
      GstSodRewrite *self, const GstSodNode *node, GError **error);
} GstSodRewriteRule;

/* Applies @rule to every node it matches and makes the result @program's; on
 * failure @program is as it was. */
gboolean gst_sod_program_rewrite (
    GstSodProgram *program, const GstSodRewriteRule *rule, GError **error);

/* The node that makes @value if it is a @kind and nobody but one reader wants
 * its result; else NULL. */
const GstSodNode *gst_sod_rewrite_sole_maker (
    const GstSodRewrite *self, GstSodValue value, GstSodOpKind kind);

/* Adds a node that reads the old values @inputs and makes the old value
 * @output. */
void gst_sod_rewrite_add (GstSodRewrite *self, GstSodOpKind kind,
    const gchar *name, const GstSodOpAttrs *attrs, const GstSodValue *inputs,
    guint n_inputs, GstSodValue output);

/* "@node.@suffix" of the new program's weights: read, (transfer none), an f32
 * tensor or NULL and GST_SOD_ERROR_MISMATCH; replaced, @tensor (transfer
 * full); dropped. */
const GstSodTensor *gst_sod_rewrite_get_weight (const GstSodRewrite *self,
    const gchar *node, const gchar *suffix, GError **error);
void gst_sod_rewrite_set_weight (GstSodRewrite *self, const gchar *node,
    const gchar *suffix, GstSodTensor *tensor);
void gst_sod_rewrite_drop_weight (
    GstSodRewrite *self, const gchar *node, const gchar *suffix);

G_END_DECLS
