/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backends.h"

void
test_add_for_backends (
    const gchar *room, const BackendTest *tests, guint n_tests)
{
  for (GstSodBackend *const *backend = gst_sod_backend_list ();
       *backend != NULL; backend++) {
    for (guint i = 0; i < n_tests; i++) {
      g_autofree gchar *path = g_strdup_printf (
          "/%s/%s/%s", room, (*backend)->klass->name, tests[i].name);

      g_test_add_data_func (path, *backend, tests[i].func);
    }
  }
}
