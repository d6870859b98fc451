/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodtrainerpad.h"

/* ---- a node ---- */

SodTrainerNode *
sod_trainer_node_new (guint index)
{
  SodTrainerNode *self = g_new0 (SodTrainerNode, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->name_lock);
  self->index = index;
  return self;
}

SodTrainerNode *
sod_trainer_node_ref (SodTrainerNode *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
sod_trainer_node_unref (SodTrainerNode *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->labels, sod_labels_free);
  g_mutex_clear (&self->name_lock);
  g_free (self->name);
  g_free (self->title);
  g_free (self);
}

gchar *
sod_trainer_node_get_name (SodTrainerNode *self)
{
  gchar *name = NULL;

  g_mutex_lock (&self->name_lock);
  if (self->name != NULL && *self->name != '\0')
    name = g_strdup (self->name);
  g_mutex_unlock (&self->name_lock);
  return name != NULL ? name : g_strdup_printf ("node-%u", self->index);
}

static void
set_name (SodTrainerNode *self, const GValue *value)
{
  g_mutex_lock (&self->name_lock);
  g_free (self->name);
  self->name = g_value_dup_string (value);
  g_mutex_unlock (&self->name_lock);
}

void
sod_trainer_node_reset (SodTrainerNode *self, SodLabels *labels)
{
  g_clear_pointer (&self->labels, sod_labels_free);
  g_clear_pointer (&self->title, g_free);
  self->labels = labels;
  self->labelled_until = GST_CLOCK_TIME_NONE;
  self->labels_silent = self->gave_up = self->warned = FALSE;
  self->n_frames = self->n_labelled = self->n_late = self->n_refused = 0;
  self->n_thinned = self->n_lost = 0;
}

static void
add (GstStructure *stats, const gchar *name, guint64 n)
{
  guint64 before = 0;

  gst_structure_get_uint64 (stats, name, &before);
  gst_structure_set (stats, name, G_TYPE_UINT64, before + n, NULL);
}

void
sod_trainer_node_describe (const SodTrainerNode *self, GstStructure *stats)
{
  guint64 n_waiting =
      self->labels != NULL ? sod_labels_get_n_waiting (self->labels) : 0;
  guint64 n_lost =
      self->labels != NULL ? sod_labels_get_n_lost (self->labels) : 0;

  add (stats, "frames", self->n_frames);
  add (stats, "labelled", self->n_labelled);
  add (stats, "unlabelled", self->n_frames - self->n_labelled);
  add (stats, "late-labels", self->n_late);
  add (stats, "labels-without-frame", self->n_lost + n_lost + n_waiting);
  add (stats, "labels-refused", self->n_refused);
  add (stats, "thinned", self->n_thinned);
}

/* ---- a pad ---- */

enum
{
  PROP_0,
  PROP_NODE
};

G_DEFINE_FINAL_TYPE (SodTrainerPad, sod_trainer_pad, GST_TYPE_PAD)

static void
sod_trainer_pad_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_NODE)
    set_name (SOD_TRAINER_PAD (object)->node, value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
sod_trainer_pad_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_NODE)
    g_value_take_string (
        value, sod_trainer_node_get_name (SOD_TRAINER_PAD (object)->node));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
sod_trainer_pad_finalize (GObject *object)
{
  SodTrainerPad *self = SOD_TRAINER_PAD (object);

  g_clear_object (&self->reader);
  g_clear_pointer (&self->node, sod_trainer_node_unref);
  G_OBJECT_CLASS (sod_trainer_pad_parent_class)->finalize (object);
}

static void
sod_trainer_pad_class_init (SodTrainerPadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = sod_trainer_pad_set_property;
  object_class->get_property = sod_trainer_pad_get_property;
  object_class->finalize = sod_trainer_pad_finalize;
  g_object_class_install_property (object_class, PROP_NODE,
      g_param_spec_string ("node", "Node",
          "Name of the node (camera) that the frames and labels of this number "
          "are of: 1 to 64 of A-Z a-z 0-9 . _ -, the first no dot; none = "
          "node-N. To be set before they come",
          NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
              | GST_PARAM_MUTABLE_READY));
}

static void
sod_trainer_pad_init (SodTrainerPad *self)
{
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
}

SodTrainerPad *
sod_trainer_pad_new (GstPadTemplate *template, const gchar *name,
    SodTrainerNode *node, gboolean is_label)
{
  SodTrainerPad *self =
      g_object_new (SOD_TYPE_TRAINER_PAD, "name", name, "direction",
          GST_PAD_TEMPLATE_DIRECTION (template), "template", template, NULL);

  self->node = sod_trainer_node_ref (node);
  self->is_label = is_label;
  return self;
}
