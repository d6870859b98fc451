/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "networks.h"

#include <glib/gstdio.h>
#include <string.h>

static GstSodInstance *
get (const gchar *id, GstSodPrecision precision, guint threads, guint batch)
{
  g_autoptr (GError) error = NULL;
  GstSodInstance *instance =
      gst_sod_instance_get (id, "cpu", precision, threads, NULL, batch, &error);

  g_assert_no_error (error);
  return instance;
}

static void
test_shared (void)
{
  g_autoptr (GstSodInstance) a = get ("door", GST_SOD_PRECISION_F32, 2, 0);
  g_autoptr (GstSodInstance) b = get ("door", GST_SOD_PRECISION_F32, 2, 4);
  g_autoptr (GstSodInstance) c = get ("yard", GST_SOD_PRECISION_F32, 2, 0);

  g_assert_true (a == b);
  g_assert_true (a != c);
  g_assert_true (
      gst_sod_instance_get_executor (a) == gst_sod_instance_get_executor (c));
  g_assert_cmpstr (gst_sod_instance_get_device (a), ==, "cpu");
  g_assert_cmpstr (gst_sod_instance_get_backend (a), ==,
      gst_sod_backend_for_device ("cpu", NULL, NULL)->klass->name);
}

static void
test_private (void)
{
  g_autoptr (GstSodInstance) a = get (NULL, GST_SOD_PRECISION_F32, 1, 0);
  g_autoptr (GstSodInstance) b = get (NULL, GST_SOD_PRECISION_F32, 1, 0);
  g_autoptr (GstSodInstance) c = get ("", GST_SOD_PRECISION_F32, 1, 0);

  g_assert_true (a != b && b != c && a != c);
}

static void
test_mismatch (void)
{
  g_autoptr (GstSodInstance) door = get ("door", GST_SOD_PRECISION_F32, 2, 0);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (door);
  g_assert_null (gst_sod_instance_get (
      "door", "cpu", GST_SOD_PRECISION_F32, 1, NULL, 0, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "\"door\""));
  g_assert_nonnull (strstr (error->message, "threads=2"));
  g_assert_nonnull (strstr (error->message, "threads=1"));
  g_clear_error (&error);
  g_assert_null (gst_sod_instance_get (
      "door", "cpu", GST_SOD_PRECISION_AUTO, 2, NULL, 0, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (gst_sod_instance_get (
      "door", "cpu", GST_SOD_PRECISION_F32, 2, NULL, 8, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
}

static void
test_id_is_free_again (void)
{
  GstSodInstance *a = get ("door", GST_SOD_PRECISION_F32, 2, 0);

  g_object_add_weak_pointer (G_OBJECT (a), (gpointer *) &a);
  g_object_unref (a);
  g_assert_null (a);
  a = get ("door", GST_SOD_PRECISION_F32, 1, 8);
  g_object_unref (a);
}

static gpointer
get_and_drop (gpointer data)
{
  for (guint i = 0; i < 2000; i++) {
    GstSodInstance *instance = get ("storm", GST_SOD_PRECISION_F32, 1, 0);

    g_object_unref (instance);
  }
  return NULL;
}

static void
test_threads_race_for_an_id (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("race", get_and_drop, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
test_bad_settings (void)
{
  static const struct
  {
    const gchar *device;
    const gchar *affinity;
    GstSodPrecision precision;
    guint threads, batch;
    gint code;
    const gchar *text;
  } bad[] = {
    { "tpu", NULL, GST_SOD_PRECISION_AUTO, 0, 0, GST_SOD_ERROR_INVALID_ARGUMENT,
        "tpu" },
    { "cpu", "no", GST_SOD_PRECISION_AUTO, 0, 0, GST_SOD_ERROR_INVALID_ARGUMENT,
        "cpu-affinity" },
    { "cpu", NULL, GST_SOD_PRECISION_AUTO, 9999, 0,
        GST_SOD_ERROR_INVALID_ARGUMENT, "9999" },
    { "cpu", NULL, GST_SOD_PRECISION_AUTO, 1, 65,
        GST_SOD_ERROR_INVALID_ARGUMENT, "65" },
    { "cpu", NULL, GST_SOD_PRECISION_F16, 1, 0, GST_SOD_ERROR_UNSUPPORTED,
        "precision=auto" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (gst_sod_instance_get (NULL, bad[i].device, bad[i].precision,
        bad[i].threads, bad[i].affinity, bad[i].batch, &error));
    g_assert_error (error, GST_SOD_ERROR, bad[i].code);
    g_assert_nonnull (strstr (error->message, bad[i].text));
  }
}

static void
test_load (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodInstance) instance =
      get (NULL, GST_SOD_PRECISION_AUTO, 1, 0);
  g_autoptr (GstSodNetwork) first = test_network_constant (32, 16, 1, 80);
  g_autoptr (GstSodNetwork) second = test_network_constant (16, 32, 2, 90);
  g_autoptr (GstSodNetwork) loaded = NULL;

  g_assert_null (gst_sod_instance_get_network (instance));
  g_assert_cmpint (
      gst_sod_instance_get_precision (instance), ==, GST_SOD_PRECISION_AUTO);
  g_assert_null (gst_sod_session_new (instance, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  g_assert_true (gst_sod_instance_load (instance, first, &error));
  loaded = gst_sod_instance_get_network (instance);
  g_assert_true (loaded == first);
  g_assert_cmpint (
      gst_sod_instance_get_precision (instance), !=, GST_SOD_PRECISION_AUTO);
  g_assert_true (gst_sod_instance_load (instance, second, &error));
  g_set_object (&loaded, NULL);
  loaded = gst_sod_instance_get_network (instance);
  g_assert_true (loaded == second);
}

static void
test_reverse_is_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodInstance) instance =
      get (NULL, GST_SOD_PRECISION_AUTO, 1, 0);
  g_autoptr (GstSodNetwork) base = test_network_constant (32, 16, 1, 80);
  g_autoptr (GstSodArchitecture) architecture =
      gst_sod_architecture_new_preset ("reverse", 1, NULL);
  g_autoptr (GstSodNetwork) reverse =
      gst_sod_network_new_random (architecture, 1, NULL);
  g_autoptr (GstSodNetwork) loaded = NULL;

  g_assert_true (gst_sod_instance_load (instance, base, NULL));
  g_assert_false (gst_sod_instance_load (instance, reverse, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  loaded = gst_sod_instance_get_network (instance);
  g_assert_true (loaded == base);
}

static gchar *
save (GstSodNetwork *network, const gchar *folder, const gchar *name)
{
  g_autoptr (GError) error = NULL;
  gchar *path = g_build_filename (folder, name, NULL);

  gst_sod_network_save (network, path, &error);
  g_assert_no_error (error);
  return path;
}

typedef struct
{
  GstSodInstance *instance;
  const gchar *path;
} Ensurer;

static gpointer
ensure (gpointer data)
{
  Ensurer *ensurer = data;
  g_autoptr (GError) error = NULL;

  gst_sod_instance_ensure (ensurer->instance, ensurer->path, &error);
  g_assert_no_error (error);
  return gst_sod_instance_get_network (ensurer->instance);
}

static void
test_ensure (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *folder = g_dir_make_tmp ("sod-XXXXXX", NULL);
  g_autoptr (GstSodInstance) instance =
      get (NULL, GST_SOD_PRECISION_AUTO, 1, 0);
  g_autoptr (GstSodNetwork) network = test_network_constant (32, 16, 1, 80);
  g_autofree gchar *path = save (network, folder, "a.safetensors");
  g_autofree gchar *other = save (network, folder, "b.safetensors");
  Ensurer ensurer = { instance, path };
  GThread *threads[4];
  GstSodNetwork *seen[4], *again;

  /* at the same time: one load */
  for (guint i = 0; i < 4; i++)
    threads[i] = g_thread_new ("ensure", ensure, &ensurer);
  for (guint i = 0; i < 4; i++)
    seen[i] = g_thread_join (threads[i]);
  for (guint i = 0; i < 4; i++) {
    g_assert_true (seen[i] == seen[0]);
    g_object_unref (seen[i]);
  }
  /* a broken file: what was there stays */
  g_assert_false (gst_sod_instance_ensure (instance, folder, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  again = ensure (&ensurer);
  g_assert_true (again == seen[0]);
  g_object_unref (again);
  /* a model written in its place: read, as a trainer publishes it */
  gst_sod_network_save (network, path, &error);
  again = ensure (&ensurer);
  g_assert_true (again != seen[0]);
  g_object_unref (again);
  /* another path: another network */
  ensurer.path = other;
  again = ensure (&ensurer);
  g_assert_true (again != seen[0]);
  g_object_unref (again);
  /* what was loaded from no file is replaced */
  g_assert_true (gst_sod_instance_load (instance, network, NULL));
  again = ensure (&ensurer);
  g_assert_true (again != network);
  g_object_unref (again);

  g_unlink (path);
  g_unlink (other);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/instance/one-id-is-one-instance", test_shared);
  g_test_add_func ("/instance/no-id-is-private", test_private);
  g_test_add_func ("/instance/other-settings-are-refused", test_mismatch);
  g_test_add_func (
      "/instance/an-id-is-free-after-its-last-user", test_id_is_free_again);
  g_test_add_func (
      "/instance/threads-race-for-an-id", test_threads_race_for_an_id);
  g_test_add_func ("/instance/bad-settings-are-named", test_bad_settings);
  g_test_add_func ("/instance/load-replaces", test_load);
  g_test_add_func (
      "/instance/a-reverse-network-is-refused", test_reverse_is_refused);
  g_test_add_func ("/instance/ensure-loads-once", test_ensure);
  return g_test_run ();
}
