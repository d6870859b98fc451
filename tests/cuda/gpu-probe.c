/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the module for GPUs finds on this machine, as a JSON object on the
 * standard output. Exit status 77 where it finds nothing that it can use: the
 * reason is on the standard error. */
#include <gst-sod/backend/module-private.h>

#include <json-glib/json-glib.h>

static gboolean
build_devices (JsonBuilder *builder, const GstSodModule *module, GError **error)
{
  guint n = module->count (error);

  json_builder_set_member_name (builder, "devices");
  json_builder_begin_array (builder);
  for (guint i = 0; i < n; i++) {
    g_autoptr (GError) reason = NULL;
    GstSodModuleDevice device;

    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "index");
    json_builder_add_int_value (builder, i);
    if (module->describe (i, &device, &reason)) {
      json_builder_set_member_name (builder, "name");
      json_builder_add_string_value (builder, device.name);
      json_builder_set_member_name (builder, "major");
      json_builder_add_int_value (builder, device.major);
      json_builder_set_member_name (builder, "minor");
      json_builder_add_int_value (builder, device.minor);
      json_builder_set_member_name (builder, "memory");
      json_builder_add_int_value (builder, (gint64) device.memory);
    } else {
      json_builder_set_member_name (builder, "error");
      json_builder_add_string_value (builder, reason->message);
    }
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  return n > 0;
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  const GstSodModule *module = gst_sod_module_get (&error);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree gchar *text = NULL;
  gboolean usable = FALSE;

  json_builder_begin_object (builder);
  if (module != NULL) {
    g_autofree gchar *libraries = module->describe_libraries ();

    json_builder_set_member_name (builder, "libraries");
    json_builder_add_string_value (builder, libraries);
    usable = build_devices (builder, module, &error);
  }
  json_builder_set_member_name (builder, "error");
  if (usable)
    json_builder_add_null_value (builder);
  else
    json_builder_add_string_value (builder, error->message);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  g_print ("%s\n", text);
  if (!usable)
    g_printerr ("%s\n", error->message);
  return usable ? 0 : 77;
}
