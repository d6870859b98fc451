/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backends.h"
#include "networks.h"

#include <string.h>

static GstSodPacked *
pack (GstSodBackend *backend, GstSodNetwork *network, guint max_batch)
{
  g_autoptr (GError) error = NULL;
  GstSodPackedLimits limits = { .threads = 1, .batch = max_batch };
  GstSodPacked *packed = gst_sod_packed_new (
      network, backend, GST_SOD_PRECISION_F32, &limits, &error);

  g_assert_no_error (error);
  return packed;
}

static gint64
batch_for (GstSodPacked *packed, guint n)
{
  return gst_sod_packed_get_stream (packed, n)->executable->input.dims[0];
}

static void
test_batches (gconstpointer backend)
{
  g_autoptr (GstSodNetwork) network = test_network_random (32, 16, 1, 1);
  g_autoptr (GstSodPacked) six = pack ((GstSodBackend *) backend, network, 6);
  g_autoptr (GstSodPacked) one = pack ((GstSodBackend *) backend, network, 1);
  static const gint64 expected[] = { 1, 2, 4, 4, 6, 6 };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpint (batch_for (six, i + 1), ==, expected[i]);
  g_assert_cmpuint (gst_sod_packed_get_max_batch (six), ==, 6);
  g_assert_cmpint (batch_for (one, 1), ==, 1);
  g_assert_cmpuint (gst_sod_packed_get_max_batch (one), ==, 1);
  g_assert_cmpint (gst_sod_packed_get_executable (six)->input.dims[0], ==, 1);
  g_assert_true (gst_sod_packed_get_network (six) == network);
}

/* What is compiled is the prepared graph: one step for the stem, none for
 * batch norm. */
static void
test_is_prepared (gconstpointer backend)
{
  g_autoptr (GstSodNetwork) network = test_network_random (32, 16, 1, 1);
  g_autoptr (GstSodPacked) packed =
      pack ((GstSodBackend *) backend, network, 1);
  GstSodExecutable *executable = gst_sod_packed_get_executable (packed);
  g_auto (GStrv) steps = executable->klass->describe (executable);
  g_autofree gchar *all = g_strjoinv ("\n", steps);

  g_assert_nonnull (strstr (all, "enc.0.0.conv"));
  g_assert_null (strstr (all, ".bn "));
  g_assert_null (strstr (all, ".relu "));
  g_assert_null (strstr (all, "stem.k3"));
}

static void
test_auto_precision (gconstpointer data)
{
  GstSodBackend *backend = (GstSodBackend *) data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodNetwork) network = test_network_random (32, 16, 1, 1);
  GstSodPackedLimits limits = { .threads = 1, .batch = 1 };
  g_autoptr (GstSodPacked) packed = gst_sod_packed_new (
      network, backend, GST_SOD_PRECISION_AUTO, &limits, &error);

  g_assert_no_error (error);
  g_assert_cmpint (gst_sod_packed_get_precision (packed), ==,
      backend->klass->best_precision (backend));
}

/* A precision that was named is never swapped for another. */
static void
test_missing_precision (gconstpointer backend)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodNetwork) network = test_network_random (32, 16, 1, 1);
  GstSodPackedLimits limits = { .threads = 1, .batch = 1 };

  g_assert_null (gst_sod_packed_new (network, (GstSodBackend *) backend,
      GST_SOD_PRECISION_INT8, &limits, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "precision=auto"));
}

static void
test_keeps_network (gconstpointer backend)
{
  GstSodNetwork *network = test_network_random (32, 16, 1, 1);
  GstSodPacked *packed = pack ((GstSodBackend *) backend, network, 2);

  g_object_add_weak_pointer (G_OBJECT (network), (gpointer *) &network);
  g_object_unref (network);
  g_assert_nonnull (network);
  gst_sod_packed_unref (packed);
  g_assert_null (network);
}

int
main (int argc, char **argv)
{
  static const BackendTest tests[] = {
    { "the-smallest-batch-that-holds-all-is-taken", test_batches },
    { "batch-norm-is-folded-and-the-stem-is-one", test_is_prepared },
    { "auto-is-the-best-precision", test_auto_precision },
    { "a-missing-precision-is-an-error", test_missing_precision },
    { "holds-its-network-until-the-last-user-is-gone", test_keeps_network },
  };

  g_test_init (&argc, &argv, NULL);
  test_add_for_backends ("packed", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
