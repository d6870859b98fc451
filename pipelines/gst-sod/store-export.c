/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod store export: the frames worth labelling, for a labelling tool. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "progress.h"
#include "store.h"

/* Bits of a perceptual hash under which two frames teach the same. */
#define ALIKE 10

typedef struct
{
  gchar *to, *pick, *node, *model, *device;
  gdouble tolerance;
  gboolean json, quiet;
} Options;

typedef enum
{
  PICK_UNCERTAIN,
  PICK_NEWEST,
  PICK_ALL
} Pick;

typedef struct
{
  const Options *options;
  GstSodStoreSnapshot *snapshot;
  GstSodSamples *samples; /* the same */
  Pick pick;
  guint n_wanted;
  GstSodSession *session; /* NULL where no model is asked */
  gint frame_distance;    /* ms; 0: the network sees one frame */
  guint threshold;        /* code that the model's foreground is over */
  SodProgress *progress;  /* or NULL */
} Export;

static void
init (gpointer data)
{
  ((Options *) data)->tolerance = 1;
}

/* ---- what is asked for ---- */

static gboolean
parse_pick (Export *self, const gchar *text, GError **error)
{
  const gchar *colon = strchr (text, ':');
  guint64 n = 0;

  if (g_str_equal (text, "all")) {
    self->pick = PICK_ALL;
    self->n_wanted = G_MAXUINT;
    return TRUE;
  }
  if (colon != NULL
      && g_ascii_string_to_unsigned (colon + 1, 10, 1, G_MAXINT, &n, NULL)) {
    self->n_wanted = (guint) n;
    self->pick = PICK_UNCERTAIN;
    if (g_str_has_prefix (text, "uncertain:"))
      return TRUE;
    self->pick = PICK_NEWEST;
    if (g_str_has_prefix (text, "newest:"))
      return TRUE;
  }
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
      "--pick=%s: expected uncertain:N, newest:N or all", text);
  return FALSE;
}

static gboolean
load_model (Export *self, GError **error)
{
  const Options *options = self->options;
  g_autoptr (GstSodInstance) instance = NULL;
  g_autofree gchar *path = NULL;
  GstSodNetwork *network;

  if (g_strcmp0 (options->model, "none") == 0) {
    if (self->pick != PICK_UNCERTAIN)
      return TRUE;
    g_set_error_literal (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
        "--pick=uncertain asks a model, and --model=none leaves none");
    return FALSE;
  }
  path = gst_sod_network_find (options->model, error);
  if (path == NULL)
    return FALSE;
  instance = gst_sod_instance_get ("gst-sod-store",
      options->device != NULL ? options->device : "auto",
      GST_SOD_PRECISION_AUTO, 0, NULL, 1, error);
  if (instance == NULL || !gst_sod_instance_ensure (instance, path, error))
    return FALSE;
  self->session = gst_sod_session_new (instance, error);
  if (self->session == NULL)
    return FALSE;
  network = gst_sod_instance_get_network (instance);
  self->threshold = (guint) CLAMP (
      gst_sod_network_get_threshold (network) * 255 - 0.5, 0, 254);
  if (gst_sod_architecture_get_input_frames (
          gst_sod_network_get_architecture (network))
      > 1)
    self->frame_distance =
        (gint) MAX (1, gst_sod_network_get_frame_distance (network) / 1000000);
  return TRUE;
}

/* ---- the model's view ---- */

/* The map of a frame, at @width x @height. (transfer full) */
static GstSodImage *
infer (Export *self, guint sample, const GstSodImage *picture, gint width,
    gint height, GError **error)
{
  g_autoptr (GstSodImage) map = gst_sod_image_new_gray (width, height, error);
  g_autoptr (GstSodImage) before = NULL;
  guint neighbour;

  if (map == NULL)
    return NULL;
  gst_sod_session_reset (self->session);
  /* One that cannot be read is as good as none. */
  if (self->frame_distance > 0
      && gst_sod_samples_find_neighbour (
          self->samples, sample, self->frame_distance, &neighbour)
      && gst_sod_samples_read (self->samples, neighbour, &before, NULL, NULL)
      && !gst_sod_session_observe (self->session, before, -1, NULL, error))
    return NULL;
  return gst_sod_session_infer (self->session, picture, -1, map, NULL, error)
             ? g_steal_pointer (&map)
             : NULL;
}

static gboolean
measure (Export *self, guint sample, gdouble *score, GError **error)
{
  g_autoptr (GstSodImage) picture = NULL;
  g_autoptr (GstSodImage) map = NULL;
  gint width, height;

  /* What is damaged is not worth labelling. */
  *score = NAN;
  if (!gst_sod_samples_read (self->samples, sample, &picture, NULL, NULL))
    return TRUE;
  gst_sod_session_get_map_size (self->session, &width, &height);
  map = infer (self, sample, picture, width, height, error);
  if (map == NULL)
    return FALSE;
  *score = gst_sod_store_measure_uncertainty (map);
  return TRUE;
}

static void
show (Export *self, guint i, guint n, const gchar *what)
{
  if (self->progress != NULL)
    sod_progress_show (self->progress, (gdouble) i / n, i, what);
}

/* What each frame is worth, the unlabelled ones. (transfer full) */
static gdouble *
rate (Export *self, guint n, GError **error)
{
  g_autofree gdouble *scores = g_new (gdouble, n + 1);

  for (guint i = 0; i < n; i++) {
    scores[i] = NAN;
    if (self->pick == PICK_ALL)
      scores[i] = -(gdouble) i;
    else if (gst_sod_samples_is_labelled (self->samples, i))
      continue;
    else if (self->pick == PICK_NEWEST)
      scores[i] =
          (gdouble) gst_sod_store_snapshot_get_wall_time (self->snapshot, i);
    else if (!measure (self, i, &scores[i], error))
      return NULL;
    if (self->pick == PICK_UNCERTAIN)
      show (self, i + 1, n, "looking for doubt");
  }
  return g_steal_pointer (&scores);
}

/* ---- writing ---- */

static gboolean
write_frame (
    Export *self, GstSodAnnotationWriter *writer, guint sample, GError **error)
{
  g_autofree gchar *name = sod_frames_make_file_name (
      gst_sod_samples_get_name (self->samples, sample));
  g_autoptr (GstSodImage) picture = NULL;
  g_autoptr (GstSodImage) mask = NULL;
  gboolean is_label;

  if (!gst_sod_samples_read (self->samples, sample, &picture, &mask, error))
    return FALSE;
  is_label = mask != NULL;
  if (!is_label && self->session != NULL) {
    mask = infer (self, sample, picture, gst_sod_image_get_width (picture),
        gst_sod_image_get_height (picture), error);
    if (mask == NULL)
      return FALSE;
  }
  g_object_set (writer, "threshold", is_label ? 128 : self->threshold,
      "tolerance", is_label ? 0.0 : self->options->tolerance, "min-area",
      is_label ? 0.0 : 16.0, NULL);
  return gst_sod_annotation_writer_add (writer, name, picture, mask, error);
}

/* How many could be written; the others are named. */
static guint
write_frames (Export *self, GstSodAnnotationWriter *writer,
    const guint *samples, gsize n, const gdouble *scores, GString *json)
{
  guint n_written = 0;

  sod_json_open (json, "frames", '[');
  for (gsize i = 0; i < n; i++) {
    const gchar *id = gst_sod_samples_get_name (self->samples, samples[i]);
    g_autoptr (GError) failure = NULL;

    if (!write_frame (self, writer, samples[i], &failure)) {
      g_printerr ("%s\n", failure->message);
      continue;
    }
    n_written++;
    sod_json_open (json, NULL, '{');
    sod_json_string (json, "id", id);
    if (self->pick == PICK_UNCERTAIN)
      sod_json_number (json, "uncertainty", scores[samples[i]]);
    sod_json_close (json, '}');
    show (self, (guint) i + 1, (guint) n, "writing");
  }
  sod_json_close (json, ']');
  return n_written;
}

static SodExit
export_frames (Export *self, const gchar *folder, GError **error)
{
  guint n = gst_sod_samples_get_n_samples (self->samples);
  GstSodDatasetLayout layout;
  g_autoptr (GstSodAnnotationWriter) writer = NULL;
  g_autofree gdouble *scores = NULL;
  g_autofree guint *samples = NULL;
  g_autoptr (GString) json = g_string_new ("{");
  guint n_written;
  gsize n_picked;

  if (!gst_sod_dataset_layout_from_name (
          self->options->to != NULL ? self->options->to : "coco", &layout,
          error))
    return SOD_EXIT_REFUSED;
  writer = gst_sod_annotation_writer_new (layout, folder, error);
  if (writer == NULL || !load_model (self, error))
    return SOD_EXIT_REFUSED;
  scores = rate (self, n, error);
  if (scores == NULL)
    return SOD_EXIT_REFUSED;
  samples = gst_sod_store_snapshot_pick (self->snapshot, scores, n,
      self->pick == PICK_ALL ? 0 : ALIKE, self->n_wanted, &n_picked);
  n_written = write_frames (self, writer, samples, n_picked, scores, json);
  if (!gst_sod_annotation_writer_finish (writer, error))
    return SOD_EXIT_REFUSED;
  sod_json_integer (json, "exported", n_written);
  sod_json_integer (json, "failed", n_picked - n_written);
  sod_json_string (json, "folder", folder);
  sod_json_close (json, '}');
  g_clear_pointer (&self->progress, sod_progress_free);
  if (self->options->json)
    g_print ("%s\n", json->str);
  else
    g_print ("%u of %u frames in %s\n", n_written, n, folder);
  return n_written < n_picked ? SOD_EXIT_SOME_FAILED : SOD_EXIT_OK;
}

static SodExit
run (gpointer data, gchar **words, GError **error)
{
  const Options *options = data;
  g_autoptr (GstSodStoreSnapshot) snapshot = NULL;
  Export self = { .options = options };
  SodExit status;

  if (!sod_frames_check_words (words, "store export", "STORE DIR", error)
      || !parse_pick (
          &self, options->pick != NULL ? options->pick : "uncertain:50", error))
    return SOD_EXIT_REFUSED;
  snapshot = sod_frames_open (words[0], options->node, NULL, error);
  if (snapshot == NULL)
    return SOD_EXIT_REFUSED;
  self.snapshot = snapshot;
  self.samples = GST_SOD_SAMPLES (snapshot);
  if (!options->quiet)
    self.progress = sod_progress_new ("frames");
  status = export_frames (&self, words[1], error);
  g_clear_pointer (&self.progress, sod_progress_free);
  g_clear_object (&self.session);
  return status;
}

#define OPTION(name, arg, field, text, value)                                  \
  {                                                                            \
    name, 0, G_OPTION_ARG_##arg, G_STRUCT_OFFSET (Options, field), text, value \
  }

static const SodOption options[] = {
  OPTION ("to", STRING, to, "Which tool's files to write (coco)",
      "coco|cvat|labelme"),
  OPTION ("pick", STRING, pick,
      "uncertain:N: the N unlabelled frames that the model is least sure of "
      "(default, 50); newest:N; all: the labelled ones too",
      "PICK"),
  OPTION ("node", STRING, node, "Only the frames of one node", "NAME"),
  OPTION ("model", FILENAME, model,
      "Whose maps are proposed: a file, the name of a model that is installed "
      "(default: base), or none",
      "FILE|NAME|none"),
  OPTION (
      "device", STRING, device, "Where the model runs (auto)", "auto|cpu|cuda"),
  OPTION ("tolerance", DOUBLE, tolerance,
      "Pixels that a proposed polygon may lie beside the map's edge (1)", "N"),
  OPTION ("json", NONE, json, "Print one JSON object", NULL),
  OPTION ("quiet", NONE, quiet, "Show no progress", NULL),
  { NULL },
};

const SodCommand sod_command_store_export = {
  .name = "store export",
  .summary = "Takes out the frames that are worth labelling",
  .parameters = "STORE DIR",
  .description =
      "Writes pictures and, around what the model finds in them, polygons to "
      "be mended in a labelling tool; gst-sod store import-labels brings them "
      "back. Of near-identical frames one is taken. A frame's uncertainty is "
      "the mean of 1 - |2p - 1| over its map plus the standard deviation. A "
      "picture NODE_NUMBER.jpg is the frame NODE/NUMBER: the name must stay. "
      "Labelled frames (with --pick=all) bring their labels.\n\n"
      "  gst-sod store export frames todo --to cvat --pick uncertain:100\n"
      "  gst-sod store export frames all --to labelme --pick all --model "
      "none\n",
  .options = options,
  .size = sizeof (Options),
  .init = init,
  .run = run,
};
