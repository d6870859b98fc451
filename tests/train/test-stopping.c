/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A training that is cancelled returns within a second, whatever it is at, and
 * goes on from there. Frames take their time to be read, so that what is not
 * stopped goes on for seconds. */
#include "training-case.h"

#include <glib/gstdio.h>
#include <gst-sod/data/samples-private.h>

#include "train-plan.h"

#define TINY                                                                   \
  "{\"kind\":\"base\",\"preset\":\"custom\",\"input-size\":[48,32],"           \
  "\"input-frames\":1,\"widths\":[16,16,16,16],"                               \
  "\"encoder-dilations\":[[1,2],[1,2],[2,4]],"                                 \
  "\"decoder-dilations\":[[2,4],[1,2],[1,2]],\"skips\":true}"

/* ---- scenes on a slow disk ---- */

#define TEST_TYPE_SLOW_SCENES (slow_scenes_get_type ())
G_DECLARE_FINAL_TYPE (SlowScenes, slow_scenes, SLOW, SCENES, GObject)

/* What is waited for to cancel. */
typedef enum
{
  AT_READ,  /* of a frame */
  AT_LABEL, /* of a label alone */
  AT_HASH   /* once the file `path` is there */
} Moment;

struct _SlowScenes
{
  GObject parent;
  GstSodSamples *of;
  guint first; /* from which on they are slow */
  Moment moment;
  gulong delay; /* us, that one takes */
  guint left;   /* so many moments before it is cancelled */
  const gchar *path;
  GCancellable *cancellable;
  gint64 at;     /* us, when; 0: not yet */
  guint n_after; /* moments since */
};

static void slow_scenes_iface_init (GstSodSamplesInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SlowScenes, slow_scenes, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (GST_SOD_TYPE_SAMPLES, slow_scenes_iface_init))

static void
slow_scenes_finalize (GObject *object)
{
  SlowScenes *self = SLOW_SCENES (object);

  g_object_unref (self->of);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (slow_scenes_parent_class)->finalize (object);
}

static void
slow_scenes_class_init (SlowScenesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = slow_scenes_finalize;
}

static void
slow_scenes_init (SlowScenes *self)
{
  self->cancellable = g_cancellable_new ();
}

static void
pass (SlowScenes *self, Moment moment)
{
  if (moment != self->moment)
    return;
  if (self->at != 0)
    self->n_after++;
  else if (self->left-- == 1) {
    self->at = g_get_monotonic_time ();
    g_cancellable_cancel (self->cancellable);
  }
  g_usleep (self->delay);
}

static guint
get_n_samples (GstSodSamples *samples)
{
  return gst_sod_samples_get_n_samples (SLOW_SCENES (samples)->of);
}

static gboolean
is_labelled (GstSodSamples *samples, guint sample)
{
  return gst_sod_samples_is_labelled (SLOW_SCENES (samples)->of, sample);
}

static const gchar *
get_name (GstSodSamples *samples, guint sample)
{
  return gst_sod_samples_get_name (SLOW_SCENES (samples)->of, sample);
}

static gboolean
read_sample (GstSodSamples *samples, guint sample, GstSodImage **image,
    GstSodImage **mask, GError **error)
{
  SlowScenes *self = SLOW_SCENES (samples);

  if (sample >= self->first)
    pass (self, image != NULL ? AT_READ : AT_LABEL);
  return gst_sod_samples_read (self->of, sample, image, mask, error);
}

static gchar *
get_hash (GstSodSamples *samples)
{
  SlowScenes *self = SLOW_SCENES (samples);

  if (self->path != NULL && g_file_test (self->path, G_FILE_TEST_EXISTS))
    pass (self, AT_HASH);
  return gst_sod_samples_get_hash (self->of);
}

static void
slow_scenes_iface_init (GstSodSamplesInterface *iface)
{
  iface->get_n_samples = get_n_samples;
  iface->is_labelled = is_labelled;
  iface->get_name = get_name;
  iface->read = read_sample;
  iface->get_hash = get_hash;
}

/* Those from @first on are slow. */
static SlowScenes *
slow_scenes_new (guint n, guint n_labelled, guint first)
{
  SlowScenes *self = g_object_new (TEST_TYPE_SLOW_SCENES, NULL);

  self->of = scenes_new (n, n_labelled, 1, SCENES_GOOD);
  self->first = first;
  return self;
}

/* At the @left-th @moment, of which each takes @delay ms. */
static void
cancel_at (SlowScenes *self, Moment moment, guint left, guint delay)
{
  self->moment = moment;
  self->left = left;
  self->delay = delay * 1000;
}

/* ---- trainings of them ---- */

/* Node "a" of @samples, without a network to start from where @start is
 * FALSE. */
static GstSodTraining *
make_training (const gchar *const *more, gpointer samples, gpointer held_out,
    gboolean start)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodTrainingSettings) settings = training_case_settings (more);
  GstSodTraining *training = gst_sod_training_new (settings, &error);
  g_autoptr (GstSodNetwork) base =
      start ? train_network_new_tiny (GST_SOD_NETWORK_BASE, 1) : NULL;
  g_autoptr (GstSodNetwork) reverse =
      train_network_new_tiny (GST_SOD_NETWORK_REVERSE, 2);

  g_assert_no_error (error);
  gst_sod_training_set_reverse (training, reverse, &error);
  g_assert_no_error (error);
  gst_sod_training_add_node (training, "a", GST_SOD_SAMPLES (samples),
      held_out != NULL ? GST_SOD_SAMPLES (held_out) : NULL, base, &error);
  g_assert_no_error (error);
  return training;
}

static void
assert_stops_at_once (GstSodTraining *training, SlowScenes *scenes)
{
  g_autoptr (GError) error = NULL;
  gdouble seconds;

  g_assert_false (gst_sod_training_run (training, scenes->cancellable, &error));
  seconds =
      (gdouble) (g_get_monotonic_time () - scenes->at) / G_TIME_SPAN_SECOND;
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED);
  g_assert_cmpint (scenes->at, >, 0);
  g_test_message ("stopped after %.2f s", seconds);
  g_assert_cmpfloat (seconds, <, 1);
}

/* On a fast disk, to its end. */
static void
go_on (GstSodTraining *training, SlowScenes *scenes)
{
  scenes->delay = 0;
  training_case_run (training);
}

static guint
count_noted (GstSodTraining *training, const gchar *member)
{
  g_autoptr (JsonNode) record = training_case_record (training);
  JsonObject *object = json_node_get_object (record);

  return json_object_has_member (object, member) ? json_array_get_length (
             json_object_get_array_member (object, member))
                                                 : 0;
}

/* ---- before the first step ---- */

static void
test_while_labels_are_looked_at (void)
{
  g_autoptr (SlowScenes) scenes = slow_scenes_new (60, 60, 0);
  g_autoptr (GstSodTraining) training =
      make_training (NULL, scenes, NULL, TRUE);

  cancel_at (scenes, AT_LABEL, 3, 50);
  assert_stops_at_once (training, scenes);
  go_on (training, scenes);
}

/* The first node's start is judged by then, and not again. */
static void
test_while_starts_are_judged (void)
{
  static const gchar *const brief[] = { "base.steps", "2", NULL };
  g_autoptr (GstSodSamples) samples = scenes_new (8, 8, 1, SCENES_GOOD);
  g_autoptr (GstSodSamples) held_out = scenes_new (4, 4, 2, SCENES_GOOD);
  g_autoptr (SlowScenes) scenes = slow_scenes_new (300, 300, 0);
  g_autoptr (GstSodTraining) training =
      make_training (brief, samples, held_out, TRUE);
  g_autoptr (GstSodNetwork) start =
      train_network_new_tiny (GST_SOD_NETWORK_BASE, 3);
  g_autoptr (GError) error = NULL;

  gst_sod_training_add_node (
      training, "b", samples, GST_SOD_SAMPLES (scenes), start, &error);
  g_assert_no_error (error);
  cancel_at (scenes, AT_READ, 5, 10);
  assert_stops_at_once (training, scenes);
  g_assert_cmpuint (count_noted (training, "starts"), ==, 1);
  go_on (training, scenes);
  g_assert_cmpuint (count_noted (training, "starts"), ==, 2);
}

static void
test_while_the_reverse_start_is_judged (void)
{
  static const gchar *const brief[] = { "base.steps", "2", "reverse.steps", "2",
    "run.reverse", "yes", "base.architecture", TINY, NULL };
  g_autoptr (GstSodSamples) samples = scenes_new (8, 8, 1, SCENES_GOOD);
  g_autoptr (SlowScenes) scenes = slow_scenes_new (200, 200, 0);
  g_autoptr (GstSodTraining) training =
      make_training (brief, samples, scenes, FALSE);

  cancel_at (scenes, AT_READ, 5, 20);
  assert_stops_at_once (training, scenes);
  g_assert_cmpuint (count_noted (training, "starts"), ==, 0);
  go_on (training, scenes);
  g_assert_cmpuint (count_noted (training, "starts"), ==, 1);
}

/* ---- later on ---- */

static void
test_while_a_batch_is_read (void)
{
  static const gchar *const brief[] = { "base.steps", "2", "data.batch-size",
    "8", NULL };
  g_autoptr (SlowScenes) scenes = slow_scenes_new (16, 16, 0);
  g_autoptr (GstSodTraining) training =
      make_training (brief, scenes, NULL, TRUE);

  cancel_at (scenes, AT_READ, 2, 300);
  assert_stops_at_once (training, scenes);
  go_on (training, scenes);
}

static void
test_while_it_scores (void)
{
  static const gchar *const brief[] = { "base.steps", "2", "base.architecture",
    TINY, NULL };
  g_autoptr (GstSodSamples) samples = scenes_new (8, 8, 1, SCENES_GOOD);
  g_autoptr (SlowScenes) scenes = slow_scenes_new (300, 300, 0);
  g_autoptr (GstSodTraining) training =
      make_training (brief, samples, scenes, FALSE);
  g_autoptr (JsonNode) record = NULL;

  cancel_at (scenes, AT_READ, 5, 10);
  assert_stops_at_once (training, scenes);
  go_on (training, scenes);
  record = training_case_record (training);
  g_assert_cmpint (
      json_object_get_int_member (training_case_stage (record, 0), "steps"), ==,
      2);
}

/* Then its stage begins anew, from the file too. */
static void
test_while_it_makes_pseudo_labels (void)
{
  g_autofree gchar *folder = g_dir_make_tmp ("sod-training-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  const gchar *const brief[] = { "base.steps", "4", "reverse.steps", "4",
    "augmented.steps", "4", "semi-supervised.steps", "4",
    "semi-supervised.distill-steps", "4", "semi-supervised.min-confidence", "0",
    "semi-supervised.min-area", "0", "run.last-phase", "3", "run.rounds", "1",
    "augmented.unlabelled", "no", "run.checkpoint-path", path, NULL };
  g_autoptr (SlowScenes) scenes = slow_scenes_new (308, 8, 8);
  g_autoptr (GstSodTraining) training =
      make_training (brief, scenes, NULL, TRUE);
  g_autoptr (GstSodTraining) other = make_training (brief, scenes, NULL, TRUE);
  g_autoptr (GError) error = NULL;

  cancel_at (scenes, AT_READ, 5, 10);
  assert_stops_at_once (training, scenes);
  g_assert_cmpuint (count_noted (training, "pseudo-labels"), ==, 0);
  gst_sod_training_resume (other, path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (
      count_noted (other, "stages"), ==, count_noted (training, "stages"));
  go_on (training, scenes);
  go_on (other, scenes);
  training_case_assert_same (training, other);
  g_assert_cmpuint (count_noted (training, "pseudo-labels"), ==, 1);
  g_assert_cmpuint (count_noted (other, "pseudo-labels"), ==, 1);
  gst_sod_training_checkpoint_remove (path, NULL);
  g_rmdir (folder);
}

/* ---- checkpoints ---- */

static gdouble
time_write (GstSodTraining *training, const gchar *path)
{
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  gst_sod_training_checkpoint (training, path, &error);
  g_assert_no_error (error);
  return (gdouble) (g_get_monotonic_time () - start) / G_TIME_SPAN_SECOND;
}

/* It is written to its end, and not once more. Of a network of the size that
 * is shipped; how long that takes is the disk's. */
static void
test_while_a_checkpoint_is_written (void)
{
  g_autofree gchar *folder = g_dir_make_tmp ("sod-training-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "checkpoint", NULL);
  g_autofree gchar *another = g_build_filename (folder, "another", NULL);
  const gchar *const large[] = { "base.architecture", "base", "base.steps", "3",
    "run.checkpoint-path", path, "run.checkpoint-interval", "0", NULL };
  g_autoptr (SlowScenes) scenes = slow_scenes_new (16, 16, 0);
  g_autoptr (GstSodTraining) training =
      make_training (large, scenes, NULL, FALSE);
  g_autoptr (GstSodTraining) other = make_training (large, scenes, NULL, FALSE);
  g_autoptr (GError) error = NULL;
  gdouble seconds;

  cancel_at (scenes, AT_HASH, 1, 0);
  scenes->path = path;
  g_assert_false (gst_sod_training_run (training, scenes->cancellable, &error));
  seconds =
      (gdouble) (g_get_monotonic_time () - scenes->at) / G_TIME_SPAN_SECOND;
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpuint (scenes->n_after, ==, 0);
  g_test_message ("stopped after %.2f s", seconds);
  g_assert_cmpfloat (seconds - time_write (training, another), <, 1);
  gst_sod_training_resume (other, path, &error);
  g_assert_no_error (error);
  training_case_run (training);
  training_case_run (other);
  training_case_assert_same (training, other);
  gst_sod_training_checkpoint_remove (path, NULL);
  gst_sod_training_checkpoint_remove (another, NULL);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/stopping/" name, function)
  ADD ("while-labels-are-looked-at", test_while_labels_are_looked_at);
  ADD ("while-starts-are-judged", test_while_starts_are_judged);
  ADD ("while-the-reverse-start-is-judged",
      test_while_the_reverse_start_is_judged);
  ADD ("while-a-batch-is-read", test_while_a_batch_is_read);
  ADD ("while-it-scores", test_while_it_scores);
  ADD ("while-it-makes-pseudo-labels", test_while_it_makes_pseudo_labels);
  ADD ("while-a-checkpoint-is-written", test_while_a_checkpoint_is_written);
#undef ADD
  return g_test_run ();
}
