/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Step 1 of the paper's figure 2: "Generating pseudo-labels from unlabeled
 * data". Every unlabelled frame goes through all base networks, whosever frame
 * it is; what they say together is its label. */
#include <gst-sod/train/pseudo-teacher-private.h>

#include <math.h>

#include <gst-sod/run/ensemble.h>
#include <gst-sod/run/instance.h>
#include <gst-sod/run/session.h>

/* A base network at work. */
typedef struct
{
  GstSodSession *session;
  GstSodImage *map;
  gfloat *values; /* (h, w), 0..1 */
  gint distance;  /* ms to the frame before; 0: none is looked at */
} Teacher;

typedef struct
{
  GstSodTraining *training;
  GstSodSamples *samples; /* of all nodes */
  GArray *frames;         /* of guint: the unlabelled ones that are taken */
  gint width, height;     /* of maps */
  gsize n_pixels;
  GPtrArray *teachers; /* of Teacher */
  GArray *weights;     /* of gdouble, of teachers */
  gfloat *map, *confidence;
  GstSodPseudoLabels *labels;
  guint n_unreadable;
} Lesson;

static void
free_teacher (gpointer data)
{
  Teacher *self = data;

  g_clear_object (&self->session);
  g_clear_pointer (&self->map, gst_sod_image_unref);
  g_free (self->values);
  g_free (self);
}

static void
clear_lesson (Lesson *self)
{
  g_clear_pointer (&self->frames, g_array_unref);
  g_clear_pointer (&self->teachers, g_ptr_array_unref);
  g_clear_pointer (&self->weights, g_array_unref);
  g_clear_pointer (&self->map, g_free);
  g_clear_pointer (&self->confidence, g_free);
  g_clear_object (&self->labels);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Lesson, clear_lesson)

/* ---- who teaches ---- */

/* The networks as they are now; those that have learnt nothing do not teach. */
static void
appoint (GstSodTraining *self, guint round)
{
  if (self->teachers_round == round)
    return;
  for (guint k = 0; k < self->nodes->len; k++) {
    GstSodTrainingNode *node = g_ptr_array_index (self->nodes, k);

    g_clear_object (&node->teacher);
    if (node->knows)
      node->teacher = g_object_ref (node->network);
    node->teacher_score = node->score;
  }
  self->teachers_round = round;
}

static gint
find_distance (GstSodNetwork *network)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);

  if (gst_sod_architecture_get_input_frames (architecture) == 1)
    return 0;
  return (gint) (gst_sod_network_get_frame_distance (network)
                 / G_GINT64_CONSTANT (1000000));
}

static gboolean
add_teacher (Lesson *self, const GstSodTrainingNode *node, GError **error)
{
  GstSodTrainingSettings *settings = self->training->settings;
  Teacher *teacher = g_new0 (Teacher, 1);
  gdouble weight = isnan (node->teacher_score) ? 1 : node->teacher_score;
  g_autoptr (GstSodInstance) instance = gst_sod_instance_get (NULL,
      gst_sod_training_settings_peek (settings, "run.device"),
      GST_SOD_PRECISION_AUTO,
      (guint) gst_sod_training_settings_get_integer (settings, "run.threads"),
      NULL, 0, error);

  g_ptr_array_add (self->teachers, teacher);
  /* Of an error, less is better: its rank is under 0. */
  weight = weight < 0 ? 1 + weight : weight;
  weight = CLAMP (weight, 0.01, 1);
  g_array_append_val (self->weights, weight);
  teacher->distance = find_distance (node->teacher);
  teacher->values = g_new (gfloat, self->n_pixels);
  teacher->map = gst_sod_image_new_gray (self->width, self->height, error);
  if (instance == NULL || teacher->map == NULL
      || !gst_sod_instance_load (instance, node->teacher, error))
    return FALSE;
  teacher->session = gst_sod_session_new (instance, error);
  return teacher->session != NULL;
}

static gboolean
add_teachers (Lesson *self, GError **error)
{
  GPtrArray *nodes = self->training->nodes;

  self->teachers = g_ptr_array_new_with_free_func (free_teacher);
  self->weights = g_array_new (FALSE, FALSE, sizeof (gdouble));
  for (guint k = 0;
       k < nodes->len && self->teachers->len < GST_SOD_ENSEMBLE_MAX_MAPS; k++) {
    const GstSodTrainingNode *node = g_ptr_array_index (nodes, k);

    if (node->teacher != NULL && !add_teacher (self, node, error))
      return FALSE;
  }
  if (self->teachers->len > 0)
    return TRUE;
  g_set_error_literal (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "no base network has learnt anything that it could teach: begin with "
      "phase 1, or with networks to start from");
  return FALSE;
}

/* ---- what is taught ---- */

static void
read_rule (GstSodTrainingSettings *settings, GstSodPseudoRule *rule)
{
  *rule = (GstSodPseudoRule){
    .confident = gst_sod_training_settings_is (
        settings, "semi-supervised.pseudo-labels", "confident"),
    .min_confidence = gst_sod_training_settings_get_number (
        settings, "semi-supervised.min-confidence"),
    .min_area = gst_sod_training_settings_get_number (
        settings, "semi-supervised.min-area"),
    .max_area = gst_sod_training_settings_get_number (
        settings, "semi-supervised.max-area"),
  };
}

static void
choose_size (GstSodTraining *self, GstSodArchitecture *architecture,
    GstSodPseudoRoom *room)
{
  gint width = (gint) gst_sod_training_settings_get_integer (
      self->settings, "data.width");
  gint height = (gint) gst_sod_training_settings_get_integer (
      self->settings, "data.height");

  room->width =
      width > 0 ? width : gst_sod_architecture_get_input_width (architecture);
  room->height = height > 0
                     ? height
                     : gst_sod_architecture_get_input_height (architecture);
}

void
gst_sod_training_find_pseudo_room (GstSodTraining *self,
    GstSodArchitecture *architecture, GstSodPseudoRoom *room)
{
  gsize limit = (gsize) gst_sod_training_settings_get_integer (
                    self->settings, "semi-supervised.memory-limit")
                << 20;
  GstSodPseudoRule rule;
  gsize size;

  read_rule (self->settings, &rule);
  choose_size (self, architecture, room);
  size = gst_sod_pseudo_labels_get_size (room->width, room->height, &rule);
  if (self->n_unlabelled * size > limit) {
    room->width /= 2;
    room->height /= 2;
    size = gst_sod_pseudo_labels_get_size (room->width, room->height, &rule);
  }
  room->n_frames =
      (guint) MIN ((gsize) self->n_unlabelled, MAX (1, limit / size));
  room->size = room->n_frames * size;
}

/* All unlabelled frames, or as many as there is room for. */
static void
choose_frames (Lesson *self)
{
  const GstSodTrainingNode *first =
      g_ptr_array_index (self->training->nodes, 0);
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (guint));
  guint n = gst_sod_samples_get_n_samples (self->samples);
  GstSodPseudoRoom room;

  for (guint i = 0; i < n; i++) {
    if (!gst_sod_samples_is_labelled (self->samples, i))
      g_array_append_val (all, i);
  }
  gst_sod_training_find_pseudo_room (
      self->training, gst_sod_network_get_architecture (first->network), &room);
  self->width = room.width;
  self->height = room.height;
  for (gsize i = 0; i < room.n_frames; i++)
    g_array_append_val (
        self->frames, g_array_index (all, guint, i * all->len / room.n_frames));
  if (room.n_frames < all->len)
    gst_sod_training_warn (self->training,
        "phase 3: %u of %u unlabelled frames are taken, for more there is no "
        "room: raise semi-supervised.memory-limit",
        self->frames->len, all->len);
}

static gboolean
look (Lesson *self, Teacher *teacher, guint sample, const GstSodImage *image,
    GError **error)
{
  GCancellable *cancellable = self->training->cancellable;
  gint64 time = (gint64) teacher->distance * 1000000;
  guint neighbour;

  gst_sod_session_reset (teacher->session);
  if (teacher->distance > 0
      && gst_sod_samples_find_neighbour (
          self->samples, sample, teacher->distance, &neighbour)) {
    g_autoptr (GstSodImage) previous = NULL;

    if (!gst_sod_samples_read (self->samples, neighbour, &previous, NULL, error)
        || !gst_sod_session_observe (
            teacher->session, previous, 0, cancellable, error))
      return FALSE;
  }
  return gst_sod_session_infer (
      teacher->session, image, time, teacher->map, cancellable, error);
}

static void
take_values (Teacher *teacher, gsize n_pixels)
{
  g_autoptr (GBytes) bytes = gst_sod_image_get_gray (teacher->map);
  const guint8 *codes = g_bytes_get_data (bytes, NULL);

  for (gsize i = 0; i < n_pixels; i++)
    teacher->values[i] = (gfloat) codes[i] / 255;
}

static gboolean
teach_frame (Lesson *self, guint sample, GstSodImage *image, GError **error)
{
  g_autofree const gfloat **maps = g_new (const gfloat *, self->teachers->len);
  gboolean confident = gst_sod_training_settings_is (
      self->training->settings, "semi-supervised.pseudo-labels", "confident");

  for (guint k = 0; k < self->teachers->len; k++) {
    Teacher *teacher = g_ptr_array_index (self->teachers, k);

    if (!look (self, teacher, sample, image, error))
      return FALSE;
    take_values (teacher, self->n_pixels);
    maps[k] = teacher->values;
  }
  gst_sod_ensemble_combine (
      confident ? GST_SOD_ENSEMBLE_CONFIDENT : GST_SOD_ENSEMBLE_AVERAGE, maps,
      (const gdouble *) (gconstpointer) self->weights->data,
      self->teachers->len, self->n_pixels, self->map, self->confidence, NULL);
  gst_sod_pseudo_labels_add (self->labels, sample,
      gst_sod_image_get_width (image), gst_sod_image_get_height (image),
      self->map, self->confidence);
  return TRUE;
}

static void
tell (Lesson *self, guint done)
{
  JsonObject *object;

  if (done % 64 != 0 && done != self->frames->len)
    return;
  object = json_object_new ();
  json_object_set_int_member (object, "phase", 3);
  json_object_set_int_member (object, "round", self->training->teachers_round);
  json_object_set_string_member (object, "stage", "pseudo-label");
  json_object_set_string_member (object, "node", "all");
  json_object_set_int_member (object, "step", done);
  json_object_set_int_member (object, "n-steps", self->frames->len);
  gst_sod_training_tell_progress (self->training, object);
  json_object_unref (object);
}

/* A frame that cannot be read is left out, and counted. */
static gboolean
teach (Lesson *self, GError **error)
{
  for (guint i = 0; i < self->frames->len; i++) {
    guint sample = g_array_index (self->frames, guint, i);
    g_autoptr (GstSodImage) image = NULL;

    if (gst_sod_training_is_stopped (self->training, error))
      return FALSE;
    if (!gst_sod_samples_read (self->samples, sample, &image, NULL, NULL))
      self->n_unreadable++;
    else if (!teach_frame (self, sample, image, error))
      return FALSE;
    tell (self, i + 1);
  }
  return TRUE;
}

static void
note (const Lesson *self, guint round)
{
  const GstSodPseudoCounts *counts =
      gst_sod_pseudo_labels_get_counts (self->labels);
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "round", round);
  json_object_set_int_member (object, "teachers", self->teachers->len);
  json_object_set_int_member (object, "frames", self->frames->len);
  json_object_set_int_member (object, "accepted", counts->n_accepted);
  json_object_set_int_member (object, "refused-unsure", counts->n_unsure);
  json_object_set_int_member (object, "refused-area", counts->n_wrong_area);
  json_object_set_int_member (object, "unreadable", self->n_unreadable);
  json_object_set_int_member (object, "width", self->width);
  json_object_set_int_member (object, "height", self->height);
  gst_sod_run_record_add (self->training->record, "pseudo-labels", object);
  if (counts->n_accepted == 0)
    gst_sod_training_warn (self->training,
        "phase 3, round %u: none of %u pseudo-labels was accepted (%u unsure, "
        "%u of an unlikely area): networks learn from real labels alone",
        round, counts->n_frames, counts->n_unsure, counts->n_wrong_area);
}

GstSodSamples *
gst_sod_training_get_pseudo_labels (
    GstSodTraining *self, guint round, GError **error)
{
  g_auto (Lesson) lesson = { .training = self };
  GstSodPseudoRule rule;
  gboolean anew = self->teachers_round != round;

  if (self->pseudo_labels != NULL && self->pseudo_round == round)
    return self->pseudo_labels;
  g_clear_object (&self->pseudo_labels);
  appoint (self, round);
  read_rule (self->settings, &rule);
  lesson.samples = gst_sod_training_get_all (self);
  lesson.frames = g_array_new (FALSE, FALSE, sizeof (guint));
  choose_frames (&lesson);
  lesson.n_pixels = (gsize) lesson.width * (gsize) lesson.height;
  lesson.map = g_new (gfloat, lesson.n_pixels);
  lesson.confidence = g_new (gfloat, lesson.n_pixels);
  lesson.labels = gst_sod_pseudo_labels_new (
      lesson.samples, lesson.width, lesson.height, &rule);
  if (!add_teachers (&lesson, error) || !teach (&lesson, error)) {
    /* What was not taught to the end is not noted: that is to come. */
    if (anew)
      self->teachers_round = 0;
    return NULL;
  }
  if (anew)
    note (&lesson, round);
  self->pseudo_labels = GST_SOD_SAMPLES (g_steal_pointer (&lesson.labels));
  self->pseudo_round = round;
  return self->pseudo_labels;
}
