/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks: the presets against the method and the reference weights, random
 * weights, the model that is shipped, and where the default is looked for. */
#include "scratch.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include <gst-sod/nn/network-private.h>

#define SUFFIX ".safetensors"

static GstSodNetwork *
new_random (const gchar *preset, guint input_frames, guint64 seed)
{
  g_autoptr (GstSodArchitecture) architecture = NULL;
  g_autoptr (GError) error = NULL;
  GstSodNetwork *network;

  architecture = gst_sod_architecture_new_preset (preset, input_frames, &error);
  g_assert_no_error (error);
  network = gst_sod_network_new_random (architecture, seed, &error);
  g_assert_no_error (error);
  return network;
}

typedef struct
{
  const gchar *preset;
  gdouble millions; /* of weights, as the method says */
  gdouble gigaflops;
  guint n_tensors;
  const gchar *reference; /* file with the same names and shapes */
} Preset;

static const Preset presets[] = {
  { "base", 0.77, 1.37, 77, "base.safetensors" },
  { "small", 0.20, 0.45, 77, "train_init.safetensors" },
  { "paper", 0.77, 1.37, 77, "base.safetensors" },
  { "reverse", 2.0, 5.55, 262, "reverse_init.safetensors" },
};

static void
test_size (gconstpointer data)
{
  const Preset *preset = data;
  g_autoptr (GstSodNetwork) network = new_random (preset->preset, 1, 0);
  g_auto (GStrv) names = gst_sod_network_list_tensors (network);

  g_assert_cmpfloat_with_epsilon (
      (gdouble) gst_sod_network_get_n_weights (network) / 1e6, preset->millions,
      0.02);
  g_assert_cmpfloat_with_epsilon (
      (gdouble) gst_sod_network_get_flops (network) / 1e9, preset->gigaflops,
      0.02);
  g_assert_cmpuint (g_strv_length (names), ==, preset->n_tensors);
}

static void
test_reference_names (gconstpointer data)
{
  const Preset *preset = data;
  g_autofree gchar *path = scratch_reference (preset->reference);
  g_autoptr (GstSodArchitecture) architecture = NULL;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GHashTable) tensors = NULL;
  g_autoptr (GError) error = NULL;

  if (path == NULL)
    return;
  gst_sod_safetensors_read (path, &tensors, NULL, &error);
  g_assert_no_error (error);
  architecture = gst_sod_architecture_new_preset (preset->preset, 1, &error);
  g_assert_no_error (error);
  network = gst_sod_network_new_from_weights (
      architecture, g_steal_pointer (&tensors), NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (network);
}

/* The second frame only makes the stem wider. */
static void
test_two_frames (void)
{
  g_autoptr (GstSodNetwork) one = new_random ("base", 1, 0);
  g_autoptr (GstSodNetwork) two = new_random ("base", 2, 0);
  guint64 stem = 3 * (16 * 3 * 3 + 8 * 5 * 5 + 8 * 7 * 7);

  g_assert_cmpuint (gst_sod_network_get_n_weights (two), ==,
      gst_sod_network_get_n_weights (one) + stem);
  g_assert_cmpuint (gst_sod_network_get_flops (two), ==,
      gst_sod_network_get_flops (one) + 2 * stem * 160 * 96);
  g_assert_cmpint (
      gst_sod_tensor_get_dim (
          gst_sod_network_get_tensor (two, "stem.k7.conv.weight"), 1),
      ==, 6);
}

#define MS G_GINT64_CONSTANT (1000000)

/* Kernels of one frame, and zeros for the frame before. */
static void
assert_widened (GstSodNetwork *one, GstSodNetwork *two, const gchar *name)
{
  GstSodTensor *from = gst_sod_network_get_tensor (one, name);
  GstSodTensor *to = gst_sod_network_get_tensor (two, name);
  gsize n = gst_sod_tensor_get_n_elements (from)
            / (gsize) gst_sod_tensor_get_dim (from, 0);
  const gfloat *narrow = gst_sod_tensor_peek_data (from);
  const gfloat *wide = gst_sod_tensor_peek_data (to);

  g_assert_cmpint (gst_sod_tensor_get_dim (from, 1), ==, 3);
  g_assert_cmpint (gst_sod_tensor_get_dim (to, 1), ==, 6);
  for (gint64 i = 0; i < gst_sod_tensor_get_dim (to, 0);
       i++, narrow += n, wide += 2 * n) {
    g_assert_cmpmem (wide, n * sizeof (gfloat), narrow, n * sizeof (gfloat));
    for (gsize j = n; j < 2 * n; j++)
      g_assert_cmpfloat (wide[j], ==, 0);
  }
}

static void
test_widened (void)
{
  g_autoptr (GstSodNetwork) one = new_random ("small", 1, 3);
  g_autoptr (GstSodNetwork) two = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = gst_sod_network_list_tensors (one);
  guint n_wide = 0;

  two = gst_sod_network_new_two_frames (
      one, GST_SOD_SECOND_INPUT_ALIGNED_DIFFERENCE, 125 * MS, &error);
  g_assert_no_error (error);
  g_assert_cmpint (gst_sod_network_get_frame_distance (two), ==, 125 * MS);
  g_assert_cmpint (gst_sod_network_get_second_input (two), ==,
      GST_SOD_SECOND_INPUT_ALIGNED_DIFFERENCE);
  g_assert_cmpint (
      gst_sod_network_get_second_input (one), ==, GST_SOD_SECOND_INPUT_FRAME);
  g_assert_cmpuint (gst_sod_architecture_get_input_frames (
                        gst_sod_network_get_architecture (two)),
      ==, 2);
  g_assert_cmpstr (
      gst_sod_network_get_id (two), ==, gst_sod_network_get_id (one));
  for (guint i = 0; names[i] != NULL; i++) {
    GstSodTensor *a = gst_sod_network_get_tensor (one, names[i]);
    GstSodTensor *b = gst_sod_network_get_tensor (two, names[i]);

    if (gst_sod_tensor_get_size (a) == gst_sod_tensor_get_size (b)) {
      g_assert_cmpmem (gst_sod_tensor_peek_data (a),
          gst_sod_tensor_get_size (a), gst_sod_tensor_peek_data (b),
          gst_sod_tensor_get_size (b));
      continue;
    }
    assert_widened (one, two, names[i]);
    n_wide++;
  }
  g_assert_cmpuint (n_wide, ==, 3);
}

static void
test_not_widened (void)
{
  static const struct
  {
    const gchar *preset, *says;
    guint frames;
  } cases[] = { { "small", "base one of 2", 2 },
    { "reverse", "reverse one of 1", 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstSodNetwork) network =
        new_random (cases[i].preset, cases[i].frames, 1);
    g_autoptr (GError) error = NULL;

    g_assert_null (gst_sod_network_new_two_frames (
        network, GST_SOD_SECOND_INPUT_FRAME, 42 * MS, &error));
    scratch_expect (
        error, GST_SOD_ERROR_MISMATCH, cases[i].says, cases[i].preset);
  }
}

static void
test_deterministic (void)
{
  g_autoptr (GstSodNetwork) a = new_random ("small", 1, 5);
  g_autoptr (GstSodNetwork) b = new_random ("small", 1, 5);
  g_autoptr (GstSodNetwork) c = new_random ("small", 1, 6);

  g_assert_cmpstr (
      gst_sod_network_get_version (a), ==, gst_sod_network_get_version (b));
  g_assert_cmpstr (
      gst_sod_network_get_version (a), !=, gst_sod_network_get_version (c));
  /* Known since 0.1: the same on every machine. */
  g_assert_cmpstr (gst_sod_network_get_version (a), ==, "5a741a7ddd23");
  g_assert_cmpstr (gst_sod_network_get_id (a), ==, "small-random");
}

static void
test_he_normal (void)
{
  g_autoptr (GstSodNetwork) network = new_random ("base", 1, 1);
  GstSodTensor *tensor =
      gst_sod_network_get_tensor (network, "enc.2.1.conv.weight");
  const gfloat *values = gst_sod_tensor_peek_data (tensor);
  gsize n = gst_sod_tensor_get_n_elements (tensor);
  gdouble sum = 0.0, sum_squares = 0.0;
  gdouble variance = 2.0 / (128 * 3 * 3);

  g_assert_cmpuint (n, ==, 128 * 128 * 3 * 3);
  for (gsize i = 0; i < n; i++) {
    sum += values[i];
    sum_squares += (gdouble) values[i] * values[i];
  }
  /* Five standard errors of a mean and of a variance. */
  g_assert_cmpfloat (
      fabs (sum / (gdouble) n), <, 5 * sqrt (variance / (gdouble) n));
  g_assert_cmpfloat_with_epsilon (
      sum_squares / (gdouble) n / variance, 1.0, 5 * sqrt (2.0 / (gdouble) n));
}

static void
assert_all (GstSodNetwork *network, const gchar *name, gfloat value)
{
  GstSodTensor *tensor = gst_sod_network_get_tensor (network, name);
  const gfloat *values;

  g_assert_nonnull (tensor);
  values = gst_sod_tensor_peek_data (tensor);
  for (gsize i = 0; i < gst_sod_tensor_get_n_elements (tensor); i++)
    g_assert_cmpfloat (values[i], ==, value);
}

static void
test_identity_norm (void)
{
  g_autoptr (GstSodNetwork) network = new_random ("base", 1, 1);

  assert_all (network, "dec.1.0.bn.weight", 1.0f);
  assert_all (network, "dec.1.0.bn.bias", 0.0f);
  assert_all (network, "dec.1.0.bn.running_mean", 0.0f);
  assert_all (network, "dec.1.0.bn.running_var", 1.0f);
  assert_all (network, "out.bias", 0.0f);
  g_assert_null (gst_sod_network_get_tensor (network, "dec.1.0.bn"));
}

static gchar *
shipped (const gchar *name)
{
  return g_build_filename (g_getenv ("SOD_SOURCE_DIR"), "models", name, NULL);
}

/* Names of the models that there are, without their suffix; (transfer full). */
static GPtrArray *
list_shipped (void)
{
  g_autofree gchar *folder = shipped ("");
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) files = g_dir_open (folder, 0, &error);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const gchar *file;

  g_assert_no_error (error);
  while ((file = g_dir_read_name (files)) != NULL) {
    if (g_str_has_suffix (file, SUFFIX))
      g_ptr_array_add (
          names, g_strndup (file, strlen (file) - strlen (SUFFIX)));
  }
  g_assert_cmpuint (names->len, >=, 2);
  return names;
}

/* The script that made it and our writer agree on every byte. */
static void
check_shipped (Scratch *self, const gchar *name)
{
  g_autofree gchar *file = g_strconcat (name, SUFFIX, NULL);
  g_autofree gchar *path = shipped (file);
  g_autofree gchar *content = NULL;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) saved = NULL;
  gsize size;

  network = gst_sod_network_new_from_file (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (gst_sod_network_get_id (network), ==, name);
  g_assert_cmpfloat (gst_sod_network_get_threshold (network), ==, 0.5);
  g_assert_cmpint (gst_sod_architecture_get_kind (
                       gst_sod_network_get_architecture (network)),
      ==,
      g_str_equal (name, "reverse") ? GST_SOD_NETWORK_REVERSE
                                    : GST_SOD_NETWORK_BASE);
  g_assert_nonnull (gst_sod_network_get_metadata (network, "lineage"));
  g_assert_nonnull (gst_sod_network_get_metadata (network, "scores"));
  gst_sod_network_save (network, self->path, &error);
  g_assert_no_error (error);
  saved = scratch_read (self);
  g_file_get_contents (path, &content, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (
      content, size, g_bytes_get_data (saved, NULL), g_bytes_get_size (saved));
}

static void
test_shipped (Scratch *self, gconstpointer data)
{
  g_autoptr (GPtrArray) names = list_shipped ();

  for (guint i = 0; i < names->len; i++)
    check_shipped (self, g_ptr_array_index (names, i));
}

static void
check_card (const gchar *name)
{
  g_autofree gchar *file = g_strconcat (name, SUFFIX, NULL);
  g_autofree gchar *path = shipped (file);
  g_autofree gchar *card_file = g_strconcat (name, ".md", NULL);
  g_autofree gchar *card_path = shipped (card_file);
  g_autofree gchar *content = NULL;
  g_autofree gchar *card = NULL;
  g_autofree gchar *hash = NULL;
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (path, &content, &size, &error);
  g_assert_no_error (error);
  g_file_get_contents (card_path, &card, NULL, &error);
  g_assert_no_error (error);
  hash = g_compute_checksum_for_data (
      G_CHECKSUM_SHA256, (const guchar *) content, size);
  g_assert_nonnull (strstr (card, hash));
  network = gst_sod_network_new_from_file (path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (card, gst_sod_network_get_version (network)));
}

static void
test_card (void)
{
  g_autoptr (GPtrArray) names = list_shipped ();

  for (guint i = 0; i < names->len; i++)
    check_card (g_ptr_array_index (names, i));
}

/* The file holds the reference's numbers, to the bit. */
static void
assert_has_weights (const gchar *path, const gchar *reference)
{
  g_autoptr (GstSodNetwork) network = NULL;
  g_autoptr (GHashTable) tensors = NULL;
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer name, tensor;

  network = gst_sod_network_new_from_file (path, &error);
  g_assert_no_error (error);
  gst_sod_safetensors_read (reference, &tensors, NULL, &error);
  g_assert_no_error (error);
  g_hash_table_iter_init (&iter, tensors);
  while (g_hash_table_iter_next (&iter, &name, &tensor)) {
    GstSodTensor *ours = gst_sod_network_get_tensor (network, name);

    g_assert_nonnull (ours);
    g_assert_cmpmem (gst_sod_tensor_peek_data (ours),
        gst_sod_tensor_get_size (ours), gst_sod_tensor_peek_data (tensor),
        gst_sod_tensor_get_size (tensor));
  }
}

/* Needs numpy, as the script does. */
static void
test_script (Scratch *self, gconstpointer data)
{
  g_autofree gchar *reference = scratch_reference ("base.safetensors");
  g_autofree gchar *folder = NULL;
  g_autofree gchar *script = shipped ("convert-reference.py");
  g_autoptr (GError) error = NULL;
  const gchar *numpy[] = { "/usr/bin/python3", "-c", "import numpy", NULL };
  const gchar *argv[] = { "/usr/bin/python3", NULL, NULL, self->path, NULL };
  gint status = 0;

  if (reference == NULL)
    return;
  if (!g_spawn_sync (NULL, (gchar **) numpy, NULL, G_SPAWN_STDERR_TO_DEV_NULL,
          NULL, NULL, NULL, NULL, &status, NULL)
      || status != 0) {
    g_test_skip ("no python3 with numpy: apt install python3-numpy");
    return;
  }
  folder = g_path_get_dirname (reference);
  argv[1] = script;
  argv[2] = folder;
  g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
      NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  assert_has_weights (self->path, reference);
}

static void
test_find_default (Scratch *self, gconstpointer data)
{
  g_autofree gchar *list = g_strconcat ("/nowhere/at/all:", self->folder, NULL);
  g_autofree gchar *wanted =
      g_build_filename (self->folder, "base.safetensors", NULL);
  g_autofree gchar *user = g_build_filename (
      g_get_user_data_dir (), "gst-sod", "models", "base.safetensors", NULL);
  g_autofree gchar *before = g_strdup (g_getenv ("GST_SOD_MODEL_PATH"));
  g_autofree gchar *found = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("GST_SOD_MODEL_PATH", list, TRUE);
  found = gst_sod_network_find_default (&error);
  if (found == NULL) {
    scratch_expect (error, GST_SOD_ERROR_NOT_FOUND, wanted, user);
    scratch_expect (error, GST_SOD_ERROR_NOT_FOUND,
        "/nowhere/at/all/base.safetensors", "model-file");
    g_clear_error (&error);
  }
  g_free (g_steal_pointer (&found));
  g_assert_true (g_file_set_contents (wanted, "x", 1, NULL));
  found = gst_sod_network_find_default (&error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, wanted);
  if (before != NULL)
    g_setenv ("GST_SOD_MODEL_PATH", before, TRUE);
}

static void
test_find (Scratch *self, gconstpointer data)
{
  static const gchar *const names[] = { "mine", "mine.safetensors" };
  static const gchar *const none[] = { NULL, "" };
  g_autofree gchar *list = g_strconcat ("/nowhere/at/all:", self->folder, NULL);
  g_autofree gchar *wanted =
      g_build_filename (self->folder, "mine.safetensors", NULL);
  g_autofree gchar *base =
      g_build_filename (self->folder, "base.safetensors", NULL);
  g_autofree gchar *before = g_strdup (g_getenv ("GST_SOD_MODEL_PATH"));
  g_autofree gchar *here = g_get_current_dir ();
  g_autofree gchar *path = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("GST_SOD_MODEL_PATH", list, TRUE);
  g_assert_null (gst_sod_network_find ("mine", &error));
  scratch_expect (error, GST_SOD_ERROR_NOT_FOUND, "mine: there is", wanted);
  scratch_expect (error, GST_SOD_ERROR_NOT_FOUND, "model-file", "default");
  g_assert_true (g_file_set_contents (wanted, "x", 1, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *found = gst_sod_network_find (names[i], NULL);

    g_assert_cmpstr (found, ==, wanted);
  }
  g_assert_true (g_file_set_contents (base, "x", 1, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (none); i++) {
    g_autofree gchar *found = gst_sod_network_find (none[i], NULL);

    g_assert_cmpstr (found, ==, base);
  }
  path = gst_sod_network_find ("./mine", NULL); /* a path, though of nothing */
  g_assert_cmpstr (path, ==, "./mine");

  /* What lies in the working folder goes first, unless it is a folder. */
  g_assert_cmpint (g_chdir (self->folder), ==, 0);
  g_assert_cmpint (g_mkdir ("mine", 0700), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *found = gst_sod_network_find (names[i], NULL);

    g_assert_cmpstr (found, ==, i == 0 ? wanted : names[i]);
  }
  g_assert_cmpint (g_rmdir ("mine"), ==, 0);
  g_assert_cmpint (g_chdir (here), ==, 0);
  if (before != NULL)
    g_setenv ("GST_SOD_MODEL_PATH", before, TRUE);
}

/* main() has made a folder of the test the user's data folder. */
static void
test_find_user (void)
{
  g_autofree gchar *folder =
      g_build_filename (g_get_user_data_dir (), "gst-sod", "models", NULL);
  g_autofree gchar *parent = g_path_get_dirname (folder);
  g_autofree gchar *wanted =
      g_build_filename (folder, "base.safetensors", NULL);
  g_autofree gchar *before = g_strdup (g_getenv ("GST_SOD_MODEL_PATH"));
  g_autofree gchar *found = NULL;
  g_autoptr (GError) error = NULL;

  g_unsetenv ("GST_SOD_MODEL_PATH");
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (wanted, "x", 1, NULL));
  found = gst_sod_network_find_default (&error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, wanted);
  if (before != NULL)
    g_setenv ("GST_SOD_MODEL_PATH", before, TRUE);
  g_assert_cmpint (g_remove (wanted), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_assert_cmpint (g_rmdir (parent), ==, 0);
}

static void
add_presets (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (presets); i++) {
    g_autofree gchar *size = g_strdup_printf (
        "/network/preset/%s/has-the-size-of-the-method", presets[i].preset);
    g_autofree gchar *names =
        g_strdup_printf ("/network/preset/%s/has-the-tensors-of-the-reference",
            presets[i].preset);

    g_test_add_data_func (size, &presets[i], test_size);
    g_test_add_data_func (names, &presets[i], test_reference_names);
  }
}

int
main (int argc, char **argv)
{
  g_autofree gchar *user_data = g_dir_make_tmp ("gst-sod-test-XXXXXX", NULL);
  gint status;

  g_setenv ("XDG_DATA_HOME", user_data, TRUE); /* GLib reads it once */
  g_test_init (&argc, &argv, NULL);
  add_presets ();
  g_test_add_func ("/network/two-frames-only-widen-the-stem", test_two_frames);
  g_test_add_func ("/network/two-frames-out-of-one", test_widened);
  g_test_add_func ("/network/two-frames-only-out-of-a-base-network-of-one",
      test_not_widened);
  g_test_add_func (
      "/network/random/depends-on-the-seed-alone", test_deterministic);
  g_test_add_func ("/network/random/has-the-variance-of-he", test_he_normal);
  g_test_add_func (
      "/network/random/norms-are-the-identity", test_identity_norm);
  g_test_add ("/network/shipped/loads-and-saves-to-the-same-bytes", Scratch,
      NULL, scratch_set_up, test_shipped, scratch_tear_down);
  g_test_add_func ("/network/shipped/has-the-hash-on-its-card", test_card);
  g_test_add ("/network/reference/script-keeps-every-bit", Scratch, NULL,
      scratch_set_up, test_script, scratch_tear_down);
  g_test_add ("/network/default/is-looked-for-in-a-list-of-folders", Scratch,
      NULL, scratch_set_up, test_find_default, scratch_tear_down);
  g_test_add_func (
      "/network/default/is-looked-for-in-the-user-s-data", test_find_user);
  g_test_add ("/network/named/is-looked-for-where-the-default-is", Scratch,
      NULL, scratch_set_up, test_find, scratch_tear_down);
  status = g_test_run ();
  g_rmdir (user_data);
  return status;
}
