/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>
#include <gst/gst.h>

#include "sodtrainerjob.h"
#include "sodtrainerlines.h"
#include "sodtrainerpad.h"
#include "sodtrainersettings.h"

G_BEGIN_DECLS

#define GST_TYPE_SOD_TRAINER (gst_sod_trainer_element_get_type ())
G_DECLARE_FINAL_TYPE (GstSodTrainerElement, gst_sod_trainer_element, GST,
    SOD_TRAINER_ELEMENT, GstElement)

struct _GstSodTrainerElement
{
  GstElement parent;

  SodTrainerSettings settings; /* under the object lock */
  SodTrainerLines *lines;      /* on the pad src */

  /* Set when the element starts, gone when it has stopped. */
  SodTrainerSettings asked;
  GstSodStore *store;
  gchar *temporary; /* folder of a store that is not to stay */

  /* Never held while anything is stored, told or waited for but the cond. */
  GMutex lock;
  GCond cond;
  GPtrArray *nodes; /* of SodTrainerNode */
  GPtrArray *pads;  /* of SodTrainerPad, not owned */
  gboolean started; /* between start and stop */
  gboolean stopping;
  gboolean failed; /* an error was posted */
  gboolean playing;
  gboolean finishing; /* all streams have ended */
  gboolean told;      /* so was EOS */
  guint32 seqnum;     /* of the EOS that came last */

  SodTrainerJob *job;
  gboolean running;     /* the job is not done */
  gboolean cancelled;   /* it was asked to end */
  gboolean resumed;     /* a training that was cut short goes on in this run */
  guint64 n_since;      /* frames since the last training began */
  gint64 last_begun;    /* monotonic time */
  GHashTable *networks; /* node -> the last network that it was offered */
  GstSodTrainingProgress *progress;
  gdouble score; /* NAN: not known */
  guint64 n_trainings, n_published, n_refused;
  guint64 n_added; /* labels of frames that were stored, by add-label */
};

/* sodtrainerstore.c: the store; where it is refused, what was begun is closed
 * by the second. */
gboolean sod_trainer_open_store (GstSodTrainerElement *self, GError **error);
void sod_trainer_close_store (GstSodTrainerElement *self);

/* sodtrainerinput.c: the pads frame_%u and label_%u. */
GstFlowReturn sod_trainer_chain_frame (
    GstPad *pad, GstObject *parent, GstBuffer *buffer);
GstFlowReturn sod_trainer_chain_label (
    GstPad *pad, GstObject *parent, GstBuffer *buffer);
gboolean sod_trainer_sink_event (
    GstPad *pad, GstObject *parent, GstEvent *event);

/* The mask in the file @path, for a frame that is stored. */
gboolean sod_trainer_add_label (
    GstSodTrainerElement *self, const gchar *id, const gchar *path);

/* sodtrainerrun.c: trainings; those marked (locked) are called with the lock,
 * which they may let go for a while. */
void sod_trainer_check_end (GstSodTrainerElement *self);     /* (locked) */
void sod_trainer_check_trigger (GstSodTrainerElement *self); /* (locked) */
gboolean sod_trainer_begin (GstSodTrainerElement *self);     /* (locked) */
void sod_trainer_cancel (GstSodTrainerElement *self);        /* (locked) */
void sod_trainer_fail (GstSodTrainerElement *self, const GError *error);
void sod_trainer_set_playing (GstSodTrainerElement *self, gboolean playing);
guint sod_trainer_publish_all (GstSodTrainerElement *self);

/* sodtrainertell.c: what is told, never under the lock. */
void sod_trainer_tell (GstSodTrainerElement *self, GstStructure *structure);
void sod_trainer_tell_line (
    GstSodTrainerElement *self, const gchar *event, const gchar *json);
void sod_trainer_tell_progress (GstSodTrainerElement *self,
    GstProgressType type, const GstSodTrainingProgress *progress,
    const gchar *text);
GstStructure *sod_trainer_get_stats (GstSodTrainerElement *self);
/* Whether the device of @settings is there; tells which one it is. */
gboolean sod_trainer_check_device (GstSodTrainerElement *self,
    GstSodTrainingSettings *settings, GError **error);

G_END_DECLS
