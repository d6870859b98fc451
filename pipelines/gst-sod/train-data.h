/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>

G_BEGIN_DECLS

/* A node of the training: frames to learn from and frames held out. */
typedef struct
{
  gchar *name;
  GPtrArray *parts;    /* of GstSodSamples, at least one */
  GArray *repeats;     /* gdouble, one a part: how often it is there */
  GPtrArray *held_out; /* of GstSodSamples */
} SodTrainNode;

/* What there is to learn from, node by node in the order of their names'
 * first appearance. */
typedef struct _SodTrainData SodTrainData;

SodTrainData *sod_train_data_new (void);
void sod_train_data_free (SodTrainData *self);

/* Adds frames to the node @name, which is made where there is none of the
 * name. @repeat: how often each of them is there. */
void sod_train_data_add (SodTrainData *self, const gchar *name,
    GstSodSamples *samples, gdouble repeat);
void sod_train_data_add_held_out (
    SodTrainData *self, const gchar *name, GstSodSamples *samples);

/* Takes the groups "data NAME" out of @file, which @path names, and adds what
 * they say:
 *
 *   layout, root, images, masks, set, scenarios, sparse   as the options
 *   node       whose frames these are (base); "scenario": a node a scenario
 *   role       train (default) or held-out
 *   every      each Nth frame of a sequence (1)
 *   repeat     how often the frames are there (1)
 *   labelled   share of whole sequences that keep their labels (1)
 *   seed       which of them (0)
 *
 * Paths are taken from the file's folder; ${NAME} in them is the variable of
 * the environment. */
gboolean sod_train_data_add_file (
    SodTrainData *self, GKeyFile *file, const gchar *path, GError **error);

/* A node for each node of the store in @path; of ten labelled frames and more
 * the last fifth is held out, see gst_sod_samples_divide(). */
gboolean sod_train_data_add_store (
    SodTrainData *self, const gchar *path, GError **error);

guint sod_train_data_get_n_nodes (const SodTrainData *self);
const SodTrainNode *sod_train_data_get_node (
    const SodTrainData *self, guint node);

/* All of a node's frames as one, and those held out; (transfer full). The
 * second is NULL where nothing is held out. */
GstSodSamples *sod_train_node_get_samples (const SodTrainNode *node);
GstSodSamples *sod_train_node_get_held_out (const SodTrainNode *node);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SodTrainData, sod_train_data_free)

G_END_DECLS
