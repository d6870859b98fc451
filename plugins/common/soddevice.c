/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "soddevice.h"

#include "soderror.h"

GST_DEBUG_CATEGORY_STATIC (sod_device_debug);
#define GST_CAT_DEFAULT sod_device_debug

gboolean
sod_device_is_to_blame (const GError *error)
{
  return g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE)
         || g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_BACKEND)
         || g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_UNSUPPORTED)
         || g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY);
}

gboolean
sod_device_may_fall_back (SodOnDeviceError on_device_error,
    GstSodInstance *instance, const GError *error)
{
  return on_device_error == SOD_ON_DEVICE_ERROR_FALLBACK
         && !g_str_equal (gst_sod_instance_get_device (instance), "cpu")
         && (g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE)
             || g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_BACKEND)
             || g_error_matches (
                 error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY));
}

gboolean
sod_device_is_auto (const gchar *device)
{
  return device == NULL || g_str_equal (device, "auto");
}

/* @more: (transfer full) (nullable): fields to be told too */
static void
tell (GstElement *element, const gchar *asked, const gchar *device,
    const gchar *reason, GstStructure *more)
{
  GstStructure *structure =
      more != NULL ? more : gst_structure_new_empty ("sod-device");
  g_autofree gchar *text = NULL;

  GST_DEBUG_CATEGORY_INIT (
      sod_device_debug, "soddevice", 0, "devices that elements run on");
  gst_structure_set (structure, "asked", G_TYPE_STRING,
      asked != NULL ? asked : "auto", "device", G_TYPE_STRING, device, NULL);
  if (reason != NULL)
    gst_structure_set (structure, "reason", G_TYPE_STRING, reason, NULL);
  text = gst_structure_to_string (structure);
  GST_INFO_OBJECT (element, "%s", text);
  gst_element_post_message (
      element, gst_message_new_element (GST_OBJECT (element), structure));
}

void
sod_device_tell (GstElement *element, const gchar *asked, const gchar *device,
    const gchar *reason)
{
  tell (element, asked, device, reason, NULL);
}

void
sod_device_announce (GstElement *element, const gchar *asked,
    GstSodInstance *instance, const gchar *reason)
{
  g_autoptr (GEnumClass) precisions = g_type_class_ref (GST_SOD_TYPE_PRECISION);
  GEnumValue *precision =
      g_enum_get_value (precisions, gst_sod_instance_get_precision (instance));

  tell (element, asked, gst_sod_instance_get_device (instance), reason,
      gst_structure_new ("sod-device", "backend", G_TYPE_STRING,
          gst_sod_instance_get_backend (instance), "precision", G_TYPE_STRING,
          precision->value_nick, NULL));
}

void
sod_device_tell_fall_back (GstElement *element, const gchar *asked,
    GstSodInstance *instance, const GError *reason)
{
  sod_element_warning (
      element, reason, "going on with the CPU (on-device-error=fallback)");
  sod_device_announce (element, asked, instance, reason->message);
}
