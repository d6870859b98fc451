/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "soderror.h"

#include <gst-sod/gstsod.h>

typedef struct
{
  GQuark domain;
  gint code;
} MessageCode;

static MessageCode
message_code_of_sod_error (gint code)
{
  switch (code) {
    case GST_SOD_ERROR_NOT_FOUND:
    case GST_SOD_ERROR_DEVICE:
      return (MessageCode){ GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND };
    case GST_SOD_ERROR_IO:
      return (MessageCode){ GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ };
    case GST_SOD_ERROR_FORMAT:
    case GST_SOD_ERROR_MISMATCH:
      return (MessageCode){ GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT };
    case GST_SOD_ERROR_UNSUPPORTED:
    case GST_SOD_ERROR_BACKEND:
      return (MessageCode){ GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT };
    case GST_SOD_ERROR_BUSY:
      return (MessageCode){ GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY };
    case GST_SOD_ERROR_NO_SPACE:
    case GST_SOD_ERROR_NO_MEMORY:
      return (
          MessageCode){ GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT };
    case GST_SOD_ERROR_INVALID_ARGUMENT:
      return (MessageCode){ GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS };
    default:
      return (MessageCode){ GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED };
  }
}

/* Errors of files keep what GIO says of them; one that is already GStreamer's
 * passes as it is. */
static MessageCode
message_code (const GError *error)
{
  if (error->domain == GST_SOD_ERROR)
    return message_code_of_sod_error (error->code);
  if (error->domain == GST_RESOURCE_ERROR || error->domain == GST_STREAM_ERROR
      || error->domain == GST_CORE_ERROR || error->domain == GST_LIBRARY_ERROR)
    return (MessageCode){ error->domain, error->code };
  return (MessageCode){ GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED };
}

/* gst-launch prints the text but not the details, so the text is the whole
 * message and the details only say it for programs. */
static void
post (GstElement *element, GstMessageType type, const GError *error,
    const gchar *consequence)
{
  MessageCode code = message_code (error);
  gchar *text = consequence != NULL
                    ? g_strdup_printf ("%s; %s", error->message, consequence)
                    : g_strdup (error->message);
  gchar *debug = g_strdup_printf (
      "%s error %d", g_quark_to_string (error->domain), error->code);
  GstStructure *details = gst_structure_new ("sod-error", "domain",
      G_TYPE_STRING, g_quark_to_string (error->domain), "code", G_TYPE_INT,
      error->code, NULL);

  gst_element_message_full_with_details (element, type, code.domain, code.code,
      text, debug, __FILE__, GST_FUNCTION, __LINE__, details);
}

void
sod_element_error (GstElement *element, const GError *error)
{
  post (element, GST_MESSAGE_ERROR, error, NULL);
}

void
sod_element_warning (
    GstElement *element, const GError *error, const gchar *consequence)
{
  post (element, GST_MESSAGE_WARNING, error, consequence);
}
