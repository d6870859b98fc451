/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/split.h>

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include <gst-sod/core/random.h>
#include <gst-sod/data/likeness-private.h>

/* Stream of the numbers that splits are drawn with. */
#define RANDOM_STREAM 0x5b17

struct _GstSodSplit
{
  GObject parent;

  GstSodDataset *train, *test;

  /* how it was drawn */
  const gchar *method;
  gdouble fraction; /* -1 = none */
  guint64 seed;
  gboolean has_seed;
  gchar *list, *scenario;

  /* what the check found */
  gboolean checked;
  guint distance;
  guint n_shared, n_alike;
  gchar *shared;   /* a sequence that both have */
  gchar *alike[2]; /* paths of the most alike frames */
  guint alike_distance;
};

G_DEFINE_FINAL_TYPE (GstSodSplit, gst_sod_split, G_TYPE_OBJECT)

static void
gst_sod_split_init (GstSodSplit *self)
{
  self->fraction = -1;
  self->method = "given";
}

static void
gst_sod_split_finalize (GObject *object)
{
  GstSodSplit *self = GST_SOD_SPLIT (object);

  g_clear_object (&self->train);
  g_clear_object (&self->test);
  g_free (self->list);
  g_free (self->scenario);
  g_free (self->shared);
  g_free (self->alike[0]);
  g_free (self->alike[1]);
  G_OBJECT_CLASS (gst_sod_split_parent_class)->finalize (object);
}

static void
gst_sod_split_class_init (GstSodSplitClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_split_finalize;
}

/* ---- drawing ---- */

/* The items that are marked to the one side, the rest to the other. */
static GstSodSplit *
split_marked (
    GstSodDataset *dataset, const guint8 *in_train, const gchar *method)
{
  guint n = gst_sod_dataset_get_n_items (dataset);
  g_autofree guint *chosen = g_new (guint, n + 1);
  guint n_train = 0, n_test = 0;
  GstSodSplit *self = g_object_new (GST_SOD_TYPE_SPLIT, NULL);

  for (guint i = 0; i < n; i++) {
    if (in_train[i])
      chosen[n_train++] = i;
  }
  self->train = gst_sod_dataset_select_items (dataset, chosen, n_train);
  for (guint i = 0; i < n; i++) {
    if (!in_train[i])
      chosen[n_test++] = i;
  }
  self->test = gst_sod_dataset_select_items (dataset, chosen, n_test);
  self->method = method;
  return self;
}

static gboolean
check_fraction (gdouble fraction, GError **error)
{
  if (fraction > 0 && fraction <= 1)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "a fraction of a data set is more than 0 and at most 1, %g was asked for",
      fraction);
  return FALSE;
}

/**
 * gst_sod_split_new:
 * @train: what is learnt from
 * @test: what is tested on
 *
 * Makes a split of two data sets that were chosen elsewhere.
 *
 * Returns: (transfer full): the split, not checked yet
 *
 * Since: 0.1
 */
GstSodSplit *
gst_sod_split_new (GstSodDataset *train, GstSodDataset *test)
{
  GstSodSplit *self;

  g_return_val_if_fail (GST_SOD_IS_DATASET (train), NULL);
  g_return_val_if_fail (GST_SOD_IS_DATASET (test), NULL);

  self = g_object_new (GST_SOD_TYPE_SPLIT, NULL);
  self->train = g_object_ref (train);
  self->test = g_object_ref (test);
  return self;
}

typedef struct
{
  guint first, n;
} Unit;

/* What is never cut: sequences, and stills one by one. */
static GArray *
collect_units (GstSodDataset *dataset)
{
  GArray *units = g_array_new (FALSE, FALSE, sizeof (Unit));

  for (guint s = 0; s < gst_sod_dataset_get_n_sequences (dataset); s++) {
    const GstSodSequence *sequence = gst_sod_dataset_sequence (dataset, s);
    gboolean is_stills = sequence->name[0] == '\0';

    for (guint i = 0; i < (is_stills ? sequence->n_items : 1); i++) {
      Unit unit = { sequence->first + i, is_stills ? 1 : sequence->n_items };

      g_array_append_val (units, unit);
    }
  }
  return units;
}

/* Fisher and Yates. */
static void
shuffle (GArray *units, guint64 seed)
{
  g_autoptr (GstSodRandom) random = gst_sod_random_new (seed, RANDOM_STREAM);

  for (guint i = units->len; i > 1; i--) {
    guint other = gst_sod_random_below (random, i);
    Unit unit = g_array_index (units, Unit, i - 1);

    g_array_index (units, Unit, i - 1) = g_array_index (units, Unit, other);
    g_array_index (units, Unit, other) = unit;
  }
}

/**
 * gst_sod_split_new_sequences:
 * @dataset: a data set
 * @fraction: how much of it to learn from, more than 0 and at most 1
 * @seed: which draw
 * @error: return location for an error
 *
 * Draws whole sequences (and stills one by one): @fraction of them, rounded,
 * at least one, to learn from, the rest to test on. The same data set, fraction
 * and seed give the same split on every machine.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a fraction out of range.
 *
 * Returns: (transfer full): the split, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodSplit *
gst_sod_split_new_sequences (
    GstSodDataset *dataset, gdouble fraction, guint64 seed, GError **error)
{
  g_autoptr (GArray) units = NULL;
  g_autofree guint8 *in_train = NULL;
  GstSodSplit *self;
  guint n;

  g_return_val_if_fail (GST_SOD_IS_DATASET (dataset), NULL);

  if (!check_fraction (fraction, error))
    return NULL;
  units = collect_units (dataset);
  shuffle (units, seed);
  n = MAX (1, (guint) floor (fraction * units->len + 0.5));
  in_train = g_new0 (guint8, gst_sod_dataset_get_n_items (dataset) + 1);
  for (guint i = 0; i < MIN (n, units->len); i++) {
    const Unit *unit = &g_array_index (units, Unit, i);

    memset (in_train + unit->first, 1, unit->n);
  }
  self = split_marked (dataset, in_train, "sequences");
  self->fraction = fraction;
  self->seed = seed;
  self->has_seed = TRUE;
  return self;
}

/**
 * gst_sod_split_new_prefix:
 * @dataset: a data set
 * @fraction: how much of each sequence, more than 0 and at most 1
 * @error: return location for an error
 *
 * Takes the first frames of each sequence: @fraction of them, rounded up, to
 * learn from, the rest of each to test on. Says how well a network learns a
 * camera, not how well it finds objects: gst_sod_split_check() calls it
 * leaking.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT for a fraction out of range.
 *
 * Returns: (transfer full): the split, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodSplit *
gst_sod_split_new_prefix (
    GstSodDataset *dataset, gdouble fraction, GError **error)
{
  g_autofree guint8 *in_train = NULL;
  GstSodSplit *self;

  g_return_val_if_fail (GST_SOD_IS_DATASET (dataset), NULL);

  if (!check_fraction (fraction, error))
    return NULL;
  in_train = g_new0 (guint8, gst_sod_dataset_get_n_items (dataset) + 1);
  for (guint s = 0; s < gst_sod_dataset_get_n_sequences (dataset); s++) {
    const GstSodSequence *sequence = gst_sod_dataset_sequence (dataset, s);

    /* 0.1 * 70 is a little more than 7. */
    memset (in_train + sequence->first, 1,
        (gsize) ceil (fraction * sequence->n_items - 1e-9));
  }
  self = split_marked (dataset, in_train, "prefix");
  self->fraction = fraction;
  return self;
}

static GstSodSplit *
split_off (GstSodDataset *dataset, GstSodDataset *train, const gchar *method)
{
  g_autoptr (GHashTable) chosen = g_hash_table_new (NULL, NULL);
  g_autofree guint8 *in_train = g_new0 (guint8, dataset->items->len + 1);

  for (guint i = 0; i < train->items->len; i++)
    g_hash_table_add (chosen, g_ptr_array_index (train->items, i));
  for (guint i = 0; i < dataset->items->len; i++)
    in_train[i] =
        g_hash_table_contains (chosen, g_ptr_array_index (dataset->items, i));
  return split_marked (dataset, in_train, method);
}

/**
 * gst_sod_split_new_list:
 * @dataset: a data set
 * @path: (type filename): a list file, as gst_sod_dataset_open() reads it
 * @error: return location for an error
 *
 * Takes what a list names to learn from, and the rest to test on.
 *
 * Errors: as gst_sod_dataset_select_list().
 *
 * Returns: (transfer full): the split, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodSplit *
gst_sod_split_new_list (
    GstSodDataset *dataset, const gchar *path, GError **error)
{
  g_autoptr (GstSodDataset) train =
      gst_sod_dataset_select_list (dataset, path, error);
  GstSodSplit *self;

  if (train == NULL)
    return NULL;
  self = split_off (dataset, train, "list");
  self->list = g_strdup (path);
  return self;
}

/**
 * gst_sod_split_new_scenario:
 * @dataset: a data set with scenarios
 * @scenario: one of them
 * @error: return location for an error
 *
 * Takes the sequences of a scenario to learn from, and the rest to test on.
 *
 * Errors: as gst_sod_dataset_select_scenario().
 *
 * Returns: (transfer full): the split, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodSplit *
gst_sod_split_new_scenario (
    GstSodDataset *dataset, const gchar *scenario, GError **error)
{
  g_autoptr (GstSodDataset) train =
      gst_sod_dataset_select_scenario (dataset, scenario, error);
  GstSodSplit *self;

  if (train == NULL)
    return NULL;
  self = split_off (dataset, train, "scenario");
  self->scenario = g_strdup (scenario);
  return self;
}

/**
 * gst_sod_split_get_train:
 * @self: a split
 *
 * Returns: (transfer none): what is learnt from
 *
 * Since: 0.1
 */
GstSodDataset *
gst_sod_split_get_train (GstSodSplit *self)
{
  g_return_val_if_fail (GST_SOD_IS_SPLIT (self), NULL);

  return self->train;
}

/**
 * gst_sod_split_get_test:
 * @self: a split
 *
 * Returns: (transfer none): what is tested on
 *
 * Since: 0.1
 */
GstSodDataset *
gst_sod_split_get_test (GstSodSplit *self)
{
  g_return_val_if_fail (GST_SOD_IS_SPLIT (self), NULL);

  return self->test;
}

/* ---- checking ---- */

static void
find_shared_sequences (GstSodSplit *self)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->train->sequences->len; i++)
    g_hash_table_add (names, gst_sod_dataset_sequence (self->train, i)->name);
  self->n_shared = 0;
  g_clear_pointer (&self->shared, g_free);
  for (guint i = 0; i < self->test->sequences->len; i++) {
    const gchar *name = gst_sod_dataset_sequence (self->test, i)->name;

    if (name[0] == '\0' || !g_hash_table_contains (names, name))
      continue;
    if (self->n_shared++ == 0)
      self->shared = g_strdup (name);
  }
}

/* Counts the frames to test on that look like one to learn from. */
static gboolean
find_alike (GstSodSplit *self, GError **error)
{
  g_autofree GstSodLikeness *train =
      gst_sod_likeness_of_dataset (self->train, 0, error);
  g_autofree GstSodLikeness *test =
      train != NULL ? gst_sod_likeness_of_dataset (self->test, 0, error) : NULL;
  guint best_train = 0, best_test = 0;

  if (test == NULL)
    return FALSE;
  self->n_alike = 0;
  self->alike_distance = 65;
  for (guint i = 0; i < self->test->items->len; i++) {
    guint nearest = 65, at = 0;

    for (guint j = 0; j < self->train->items->len; j++) {
      guint distance = gst_sod_likeness_distance (&test[i], &train[j]);

      if (distance < nearest) {
        nearest = distance;
        at = j;
      }
    }
    self->n_alike += nearest <= self->distance;
    if (nearest < self->alike_distance) {
      self->alike_distance = nearest;
      best_train = at;
      best_test = i;
    }
  }
  g_clear_pointer (&self->alike[0], g_free);
  g_clear_pointer (&self->alike[1], g_free);
  if (self->n_alike > 0) {
    self->alike[0] =
        g_strdup (gst_sod_dataset_item (self->train, best_train)->image);
    self->alike[1] =
        g_strdup (gst_sod_dataset_item (self->test, best_test)->image);
  }
  return TRUE;
}

static void
refuse (GstSodSplit *self, GError **error)
{
  g_autoptr (GString) text =
      g_string_new ("the split leaks its test into its training: ");

  if (self->n_shared > 0) {
    g_autofree gchar *shown = g_filename_display_name (self->shared);

    g_string_append_printf (
        text, "%u sequences are in both (%s)", self->n_shared, shown);
  }
  if (self->n_alike > 0) {
    g_autofree gchar *a = g_filename_display_name (self->alike[0]);
    g_autofree gchar *b = g_filename_display_name (self->alike[1]);

    g_string_append_printf (text,
        "%s%u frames to test on look like one to learn from (%s and %s: %u of "
        "64 bits differ, %u or fewer count as alike)",
        self->n_shared > 0 ? ", and " : "", self->n_alike, a, b,
        self->alike_distance, self->distance);
  }
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "%s; split by whole sequences, or force it, and the result is marked as "
      "leaking",
      text->str);
}

/**
 * gst_sod_split_check:
 * @self: a split
 * @distance: bits of 64 in which the perceptual hashes of near-identical
 *   frames may differ, 0 to 64; %GST_SOD_SPLIT_DISTANCE is right for frames of
 *   one video and for stills that were scaled or coded anew
 * @force: whether a leaking split passes, marked as such
 * @error: return location for an error
 *
 * Looks whether what is tested on was learnt from: sequences that are in both,
 * and frames that look alike. Reads every picture, on all processors; frames
 * without contrast are left out, as they all look alike.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH for a split that leaks, with an example of
 * each kind, unless forced; what reading a picture raises.
 *
 * Returns: whether the split may be used; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_split_check (
    GstSodSplit *self, guint distance, gboolean force, GError **error)
{
  g_return_val_if_fail (GST_SOD_IS_SPLIT (self), FALSE);
  g_return_val_if_fail (distance <= 64, FALSE);

  self->checked = FALSE;
  self->distance = distance;
  find_shared_sequences (self);
  if (!find_alike (self, error))
    return FALSE;
  self->checked = TRUE;
  if (!gst_sod_split_is_leaking (self) || force)
    return TRUE;
  refuse (self, error);
  return FALSE;
}

/**
 * gst_sod_split_is_checked:
 * @self: a split
 *
 * Returns: whether gst_sod_split_check() looked at it
 *
 * Since: 0.1
 */
gboolean
gst_sod_split_is_checked (GstSodSplit *self)
{
  g_return_val_if_fail (GST_SOD_IS_SPLIT (self), FALSE);

  return self->checked;
}

/**
 * gst_sod_split_is_leaking:
 * @self: a split
 *
 * Returns: whether the check found a leak; %FALSE before it
 *
 * Since: 0.1
 */
gboolean
gst_sod_split_is_leaking (GstSodSplit *self)
{
  g_return_val_if_fail (GST_SOD_IS_SPLIT (self), FALSE);

  return self->checked && (self->n_shared > 0 || self->n_alike > 0);
}

/* ---- JSON ---- */

static void
add_string (JsonBuilder *builder, const gchar *key, const gchar *value)
{
  g_autofree gchar *shown = g_filename_display_name (value);

  json_builder_set_member_name (builder, key);
  json_builder_add_string_value (builder, shown);
}

static void
add_side (JsonBuilder *builder, const gchar *key, GstSodDataset *dataset)
{
  g_autofree gchar *hash = gst_sod_dataset_get_hash (dataset);

  json_builder_set_member_name (builder, key);
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "frames");
  json_builder_add_int_value (builder, gst_sod_dataset_get_n_items (dataset));
  json_builder_set_member_name (builder, "labelled");
  json_builder_add_int_value (
      builder, gst_sod_dataset_get_n_labelled (dataset));
  json_builder_set_member_name (builder, "sequences");
  json_builder_begin_array (builder);
  for (guint i = 0; i < dataset->sequences->len; i++) {
    const gchar *name = gst_sod_dataset_sequence (dataset, i)->name;
    g_autofree gchar *shown = g_filename_display_name (name);

    if (name[0] != '\0')
      json_builder_add_string_value (builder, shown);
  }
  json_builder_end_array (builder);
  add_string (builder, "hash", hash);
  json_builder_end_object (builder);
}

static void
add_check (JsonBuilder *builder, GstSodSplit *self)
{
  json_builder_set_member_name (builder, "leaking");
  if (self->checked)
    json_builder_add_boolean_value (builder, gst_sod_split_is_leaking (self));
  else
    json_builder_add_null_value (builder);
  if (!self->checked)
    return;
  json_builder_set_member_name (builder, "shared_sequences");
  json_builder_add_int_value (builder, self->n_shared);
  json_builder_set_member_name (builder, "alike_frames");
  json_builder_add_int_value (builder, self->n_alike);
  json_builder_set_member_name (builder, "alike_distance");
  json_builder_add_int_value (builder, self->distance);
}

/**
 * gst_sod_split_to_json:
 * @self: a split
 *
 * Writes what results need to name a split: `method`, `fraction`, `seed`,
 * `list` or `scenario`, `train` and `test` with `frames`, `labelled`,
 * `sequences` and `hash` (gst_sod_dataset_get_hash()), and `leaking`: null
 * before the check, then true or false with `shared_sequences`, `alike_frames`
 * and `alike_distance`.
 *
 * Returns: (transfer full): a JSON object in one line
 *
 * Since: 0.1
 */
gchar *
gst_sod_split_to_json (GstSodSplit *self)
{
  g_autoptr (JsonBuilder) builder = NULL;
  g_autoptr (JsonNode) root = NULL;

  g_return_val_if_fail (GST_SOD_IS_SPLIT (self), NULL);

  builder = json_builder_new ();
  json_builder_begin_object (builder);
  add_string (builder, "method", self->method);
  if (self->fraction >= 0) {
    json_builder_set_member_name (builder, "fraction");
    json_builder_add_double_value (builder, self->fraction);
  }
  if (self->has_seed) {
    json_builder_set_member_name (builder, "seed");
    json_builder_add_int_value (builder, (gint64) self->seed);
  }
  if (self->list != NULL)
    add_string (builder, "list", self->list);
  if (self->scenario != NULL)
    add_string (builder, "scenario", self->scenario);
  add_side (builder, "train", self->train);
  add_side (builder, "test", self->test);
  add_check (builder, self);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}
