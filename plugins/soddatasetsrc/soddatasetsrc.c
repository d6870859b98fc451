/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-soddatasetsrc
 * @title: soddatasetsrc
 * @short_description: plays a data set as frames and labels
 * @see_also: sodeval, sodbase
 *
 * soddatasetsrc plays the frames of a data set on the pad `frame` (RGB) and
 * their masks on the pad `label` (GRAY8, 0 or 255), each label at the time of
 * its frame. A frame without a mask has a GAP event in the place of its label.
 * Sizes may change from frame to frame, and the caps with them. Where a
 * sequence starts, the frame is marked as a discontinuity and a tag `title`
 * names the sequence; stills have neither name nor order.
 *
 * It plays as fast as it is let, or with `is-live=true` at `frame-rate`, like a
 * camera. It can be sought by time and by frame.
 *
 * `split` draws a part of the data set, `part` says which is played. With
 * `part=all` everything is, but only the drawn part has its labels: what a
 * camera with few labels gives. `split-description` says what was drawn.
 *
 * A pad that is not linked when the stream starts gives nothing.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -m soddatasetsrc name=d location=davis2016 set=dev \
 *     d.frame ! queue ! sodbase output=map ! \
 *     video/x-raw,format=GRAY8 ! e.prediction \
 *     d.label ! queue ! e.truth sodeval name=e
 * ]| Measures the default model on a set of DAVIS
 * |[
 * gst-launch-1.0 soddatasetsrc name=d location=DUTS-TR layout=duts \
 *     shuffle=true epochs=2 is-live=true frame-rate=2/1 \
 *     d.frame ! videoconvert ! autovideosink
 * ]| Shows stills, in another order each time
 *
 * Since: 0.1
 */
#include <plugins/common/sodelements.h>

#include <gst-sod/gstsod.h>
#include <gst/video/video.h>

#include "soddatasetplan.h"
#include "soddatasetstream.h"
#include <plugins/common/sodenums.h>
#include <plugins/common/soderror.h>
#include <plugins/common/sodfields.h>
#include <plugins/common/sodnumber.h>

GST_DEBUG_CATEGORY_STATIC (sod_dataset_src_debug);
#define GST_CAT_DEFAULT sod_dataset_src_debug

enum
{
  PROP_0,
  PROP_LOCATION,
  PROP_IMAGES,
  PROP_MASKS,
  PROP_LAYOUT,
  PROP_SET,
  PROP_SPARSE,
  PROP_SPLIT,
  PROP_PART,
  PROP_FRACTION,
  PROP_SCENARIO,
  PROP_SCENARIO_FILE,
  PROP_SEED,
  PROP_SHUFFLE,
  PROP_EPOCHS,
  PROP_FRAME_RATE,
  PROP_IS_LIVE,
  PROP_FRAMES,
  PROP_SPLIT_DESCRIPTION
};

#define GST_TYPE_SOD_DATASET_SRC (gst_sod_dataset_src_get_type ())
G_DECLARE_FINAL_TYPE (
    GstSodDatasetSrc, gst_sod_dataset_src, GST, SOD_DATASET_SRC, GstBin)

struct _GstSodDatasetSrc
{
  GstBin parent;

  SodDatasetStream *streams[2]; /* frame, label: children of the bin */

  /* under the object lock */
  SodDatasetSettings settings;
  guint64 n_frames;
  gchar *description;
};

G_DEFINE_FINAL_TYPE (GstSodDatasetSrc, gst_sod_dataset_src, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE (
    soddatasetsrc, "soddatasetsrc", GST_RANK_NONE, GST_TYPE_SOD_DATASET_SRC)

/* ---- starting and stopping ---- */

static void
set_plan (GstSodDatasetSrc *self, SodDatasetPlan *plan)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->streams); i++)
    sod_dataset_stream_set_plan (self->streams[i], plan);
  GST_OBJECT_LOCK (self);
  g_clear_pointer (&self->description, g_free);
  if (plan != NULL) {
    self->n_frames = sod_dataset_plan_get_n_frames (plan);
    self->description = g_strdup (sod_dataset_plan_get_description (plan));
  }
  GST_OBJECT_UNLOCK (self);
}

static gboolean
start (GstSodDatasetSrc *self)
{
  SodDatasetSettings settings;
  SodDatasetPlan *plan = NULL;
  g_autoptr (GError) error = NULL;

  GST_OBJECT_LOCK (self);
  sod_dataset_settings_copy (&settings, &self->settings);
  GST_OBJECT_UNLOCK (self);
  if (sod_number_check (
          GST_ELEMENT (self), "fraction", settings.fraction, &error))
    plan = sod_dataset_plan_new (&settings, &error);
  sod_dataset_settings_clear (&settings);
  if (plan == NULL) {
    sod_element_error (GST_ELEMENT (self), error);
    return FALSE;
  }
  set_plan (self, plan);
  GST_INFO_OBJECT (self, "%u frames, %u of them labelled",
      gst_sod_dataset_get_n_items (sod_dataset_plan_get_dataset (plan)),
      gst_sod_dataset_get_n_labelled (sod_dataset_plan_get_dataset (plan)));
  sod_dataset_plan_unref (plan);
  return TRUE;
}

static GstStateChangeReturn
gst_sod_dataset_src_change_state (GstElement *element, GstStateChange change)
{
  GstSodDatasetSrc *self = GST_SOD_DATASET_SRC (element);
  GstStateChangeReturn result;

  if (change == GST_STATE_CHANGE_READY_TO_PAUSED && !start (self))
    return GST_STATE_CHANGE_FAILURE;
  result = GST_ELEMENT_CLASS (gst_sod_dataset_src_parent_class)
               ->change_state (element, change);
  if (change == GST_STATE_CHANGE_PAUSED_TO_READY)
    set_plan (self, NULL);
  return result;
}

/* A bin sends seeks to its sinks; here they are for both sources. */
static gboolean
gst_sod_dataset_src_send_event (GstElement *element, GstEvent *event)
{
  GstSodDatasetSrc *self = GST_SOD_DATASET_SRC (element);
  gboolean done = TRUE;

  if (GST_EVENT_TYPE (event) != GST_EVENT_SEEK)
    return GST_ELEMENT_CLASS (gst_sod_dataset_src_parent_class)
        ->send_event (element, event);
  for (guint i = 0; i < G_N_ELEMENTS (self->streams); i++)
    done &= gst_element_send_event (
        GST_ELEMENT (self->streams[i]), gst_event_ref (event));
  gst_event_unref (event);
  return done;
}

/* ---- properties ---- */

static const SodField fields[] = {
  SOD_FIELD (PROP_LOCATION, SodDatasetSettings, location),
  SOD_FIELD (PROP_IMAGES, SodDatasetSettings, images),
  SOD_FIELD (PROP_MASKS, SodDatasetSettings, masks),
  SOD_FIELD (PROP_LAYOUT, SodDatasetSettings, layout),
  SOD_FIELD (PROP_SET, SodDatasetSettings, set),
  SOD_FIELD (PROP_SPARSE, SodDatasetSettings, sparse),
  SOD_FIELD (PROP_SPLIT, SodDatasetSettings, split),
  SOD_FIELD (PROP_PART, SodDatasetSettings, part),
  SOD_FIELD (PROP_FRACTION, SodDatasetSettings, fraction),
  SOD_FIELD (PROP_SCENARIO, SodDatasetSettings, scenario),
  SOD_FIELD (PROP_SCENARIO_FILE, SodDatasetSettings, scenario_file),
  SOD_FIELD (PROP_SEED, SodDatasetSettings, seed),
  SOD_FIELD (PROP_SHUFFLE, SodDatasetSettings, shuffle),
  SOD_FIELD (PROP_EPOCHS, SodDatasetSettings, epochs),
  SOD_FIELD (PROP_IS_LIVE, SodDatasetSettings, live),
};

static void
gst_sod_dataset_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstSodDatasetSrc *self = GST_SOD_DATASET_SRC (object);
  SodDatasetSettings *settings = &self->settings;

  GST_OBJECT_LOCK (self);
  if (id == PROP_FRAME_RATE) {
    settings->rate_n = gst_value_get_fraction_numerator (value);
    settings->rate_d = gst_value_get_fraction_denominator (value);
  } else if (!sod_fields_set (
                 fields, G_N_ELEMENTS (fields), settings, id, value)) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_sod_dataset_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstSodDatasetSrc *self = GST_SOD_DATASET_SRC (object);
  const SodDatasetSettings *settings = &self->settings;

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_FRAME_RATE:
      gst_value_set_fraction (value, settings->rate_n, settings->rate_d);
      break;
    case PROP_FRAMES:
      g_value_set_uint64 (value, self->n_frames);
      break;
    case PROP_SPLIT_DESCRIPTION:
      g_value_set_string (value, self->description);
      break;
    default:
      if (!sod_fields_get (fields, G_N_ELEMENTS (fields), settings, id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
static const GParamFlags settable =
    G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

static void
install_place (GObjectClass *klass)
{
  g_object_class_install_property (klass, PROP_LOCATION,
      g_param_spec_string ("location", "Location",
          "Root folder of the data set, or its file of annotations", NULL,
          settable));
  g_object_class_install_property (klass, PROP_IMAGES,
      g_param_spec_string ("images", "Images",
          "Folder of pictures, with masks: in the place of location", NULL,
          settable));
  g_object_class_install_property (klass, PROP_MASKS,
      g_param_spec_string ("masks", "Masks",
          "Folder of masks whose names match those of images", NULL, settable));
  g_object_class_install_property (klass, PROP_LAYOUT,
      g_param_spec_enum ("layout", "Layout",
          "How the files of the data set lie", GST_SOD_TYPE_DATASET_LAYOUT,
          GST_SOD_DATASET_LAYOUT_DAVIS, settable));
  g_object_class_install_property (klass, PROP_SET,
      g_param_spec_string ("set", "Set",
          "Name of a list of the data set, or a list file; none = everything",
          NULL, settable));
  g_object_class_install_property (klass, PROP_SPARSE,
      g_param_spec_boolean ("sparse", "Sparse",
          "Take frames without a mask as unlabelled also where the layout has "
          "a mask for each",
          FALSE, settable));
}

static void
install_split (GObjectClass *klass)
{
  g_object_class_install_property (klass, PROP_SPLIT,
      g_param_spec_enum ("split", "Split", "How the fraction is drawn",
          SOD_TYPE_SPLIT_METHOD, SOD_SPLIT_METHOD_NONE, settable));
  g_object_class_install_property (klass, PROP_PART,
      g_param_spec_enum ("part", "Part", "What of the split is played",
          SOD_TYPE_SPLIT_PART, SOD_SPLIT_PART_TRAIN, settable));
  g_object_class_install_property (klass, PROP_FRACTION,
      sod_number_spec ("fraction", "Fraction",
          "Share of the data set that is drawn", 0, 1, 1, settable));
  g_object_class_install_property (klass, PROP_SCENARIO,
      g_param_spec_string ("scenario", "Scenario",
          "Play the sequences of this scenario only", NULL, settable));
  g_object_class_install_property (klass, PROP_SCENARIO_FILE,
      g_param_spec_string ("scenario-file", "Scenario file",
          "Lines SEQUENCE,SCENARIO; none = scenarios.csv in the data set or "
          "beside it",
          NULL, settable));
  g_object_class_install_property (klass, PROP_SPLIT_DESCRIPTION,
      g_param_spec_string ("split-description", "Split description",
          "What was drawn, as JSON; none where nothing was", NULL, readable));
}

static void
install_order (GObjectClass *klass)
{
  g_object_class_install_property (klass, PROP_SEED,
      g_param_spec_uint64 ("seed", "Seed", "Of the split and of the order", 0,
          G_MAXUINT64, 0, settable));
  g_object_class_install_property (klass, PROP_SHUFFLE,
      g_param_spec_boolean ("shuffle", "Shuffle",
          "Draw the order of the sequences, or of stills, in each epoch anew",
          FALSE, settable));
  g_object_class_install_property (klass, PROP_EPOCHS,
      g_param_spec_uint ("epochs", "Epochs",
          "How often everything is played; 0 = without end", 0, G_MAXUINT, 1,
          settable));
  g_object_class_install_property (klass, PROP_FRAME_RATE,
      gst_param_spec_fraction ("frame-rate", "Frame rate",
          "Frames a second of the time stamps", 1, G_MAXINT, G_MAXINT, 1, 25, 1,
          settable));
  g_object_class_install_property (klass, PROP_IS_LIVE,
      g_param_spec_boolean ("is-live", "Is live",
          "Play at the frame rate, like a camera, instead of as fast as "
          "possible",
          FALSE, settable));
  g_object_class_install_property (klass, PROP_FRAMES,
      g_param_spec_uint64 ("frames", "Frames",
          "How many frames the stream has, known once it is paused", 0,
          G_MAXUINT64, 0, readable));
}

/* ---- the object ---- */

static void
gst_sod_dataset_src_finalize (GObject *object)
{
  GstSodDatasetSrc *self = GST_SOD_DATASET_SRC (object);

  sod_dataset_settings_clear (&self->settings);
  g_free (self->description);
  G_OBJECT_CLASS (gst_sod_dataset_src_parent_class)->finalize (object);
}

static void
add_stream (GstSodDatasetSrc *self, guint index, const gchar *name)
{
  GstElement *stream = sod_dataset_stream_new (name, index == 1);
  GstPadTemplate *template =
      gst_element_class_get_pad_template (GST_ELEMENT_GET_CLASS (self), name);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (stream, "src");
  GstPad *outlet;

  gst_bin_add (GST_BIN (self), stream);
  outlet = gst_ghost_pad_new_from_template (name, pad, template);
  gst_element_add_pad (GST_ELEMENT (self), outlet);
  self->streams[index] = SOD_DATASET_STREAM (stream);
  sod_dataset_stream_set_outlet (self->streams[index], outlet);
}

static void
gst_sod_dataset_src_init (GstSodDatasetSrc *self)
{
  self->settings.layout = GST_SOD_DATASET_LAYOUT_DAVIS;
  self->settings.fraction = 1;
  self->settings.epochs = 1;
  self->settings.rate_n = 25;
  self->settings.rate_d = 1;
  gst_bin_set_suppressed_flags (
      GST_BIN (self), GST_ELEMENT_FLAG_SOURCE | GST_ELEMENT_FLAG_SINK);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
  add_stream (self, 0, "frame");
  add_stream (self, 1, "label");
}

static void
gst_sod_dataset_src_class_init (GstSodDatasetSrcClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  g_autoptr (GstCaps) frames =
      gst_caps_from_string (GST_VIDEO_CAPS_MAKE ("RGB"));
  g_autoptr (GstCaps) labels =
      gst_caps_from_string (GST_VIDEO_CAPS_MAKE ("GRAY8"));

  object_class->set_property = gst_sod_dataset_src_set_property;
  object_class->get_property = gst_sod_dataset_src_get_property;
  object_class->finalize = gst_sod_dataset_src_finalize;
  install_place (object_class);
  install_split (object_class);
  install_order (object_class);

  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("frame", GST_PAD_SRC, GST_PAD_ALWAYS, frames));
  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("label", GST_PAD_SRC, GST_PAD_ALWAYS, labels));
  gst_element_class_set_static_metadata (element_class, "Data set source",
      "Source/Video", "Plays a data set as frames and labels",
      "The gst-sod authors");
  element_class->change_state = gst_sod_dataset_src_change_state;
  element_class->send_event = gst_sod_dataset_src_send_event;

  GST_DEBUG_CATEGORY_INIT (
      sod_dataset_src_debug, "soddatasetsrc", 0, "data set source");
}
