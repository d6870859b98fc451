/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/gst.h>

#include "sodlabels.h"

G_BEGIN_DECLS

/* A camera, to which two pads belong, and what came from it. */
typedef struct
{
  gatomicrefcount ref_count;
  guint index;
  GMutex name_lock;
  gchar *name; /* that the user gave; NULL: node-INDEX */

  /* under the element's lock */
  SodLabels *labels;           /* NULL in a stopped element */
  gchar *title;                /* of the stream that plays */
  GstClockTime labelled_until; /* where the labels are */
  gboolean labels_silent;      /* none came for a while; until one does */
  gboolean gave_up;            /* likewise on frames */
  gboolean warned;             /* of a label that will not do */
  guint64 n_frames, n_labelled, n_late, n_refused, n_thinned;
  guint64 n_lost; /* labels, of SodLabels that are gone */
} SodTrainerNode;

SodTrainerNode *sod_trainer_node_new (guint index);
SodTrainerNode *sod_trainer_node_ref (SodTrainerNode *self);
void sod_trainer_node_unref (SodTrainerNode *self);

/* From any thread. (transfer full) */
gchar *sod_trainer_node_get_name (SodTrainerNode *self);

/* Counters from 0; @labels: (transfer full) (nullable). */
void sod_trainer_node_reset (SodTrainerNode *self, SodLabels *labels);

/* Adds the counters to the fields of @stats. */
void sod_trainer_node_describe (
    const SodTrainerNode *self, GstStructure *stats);

/* frame_%u or label_%u; the property `node` names the node of both. */
#define SOD_TYPE_TRAINER_PAD (sod_trainer_pad_get_type ())
G_DECLARE_FINAL_TYPE (SodTrainerPad, sod_trainer_pad, SOD, TRAINER_PAD, GstPad)

struct _SodTrainerPad
{
  GstPad parent;
  SodTrainerNode *node;
  gboolean is_label;

  /* of the streaming thread */
  GstSegment segment;
  GstSodFrameReader *reader;

  /* under the element's lock */
  gboolean flushing, ended, gone;
};

SodTrainerPad *sod_trainer_pad_new (GstPadTemplate *template, const gchar *name,
    SodTrainerNode *node, gboolean is_label);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SodTrainerNode, sod_trainer_node_unref)

G_END_DECLS
