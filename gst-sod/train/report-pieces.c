/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small pieces of a page. */
#include <gst-sod/train/report-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/eval/report-private.h>

#define DIGEST_MIN 32   /* hexadecimal digits */
#define DIGEST_SHOWN 12 /* of them */

void
gst_sod_page_append_number (GString *page, gdouble value, const gchar *format)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isfinite (value))
    g_string_append (
        page, g_ascii_formatd (text, sizeof (text), format, value));
  else
    g_string_append (page, "–");
}

void
gst_sod_page_append_cell (GString *page, gdouble value, const gchar *format)
{
  g_string_append (page, "<td>");
  gst_sod_page_append_number (page, value, format);
  g_string_append (page, "</td>");
}

void
gst_sod_page_append_text_cell (GString *page, const gchar *text)
{
  g_string_append (page, "<td>");
  gst_sod_report_append_text (page, text);
  g_string_append (page, "</td>");
}

void
gst_sod_page_add_head (GString *page, const gchar *title)
{
  g_string_append (page,
      "<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n"
      "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
      "<link rel=icon href=\"data:,\">\n<title>");
  gst_sod_report_append_text (page, title);
  g_string_append (page, "</title>\n<style>");
  g_string_append (page, gst_sod_report_style);
  g_string_append (page, "</style>\n<main>\n<h1>");
  gst_sod_report_append_text (page, title);
  g_string_append (page, "</h1>\n");
}

/* Whether @text is hexadecimal digits and no fewer than hashes have. */
static gboolean
is_digest (const gchar *text)
{
  gsize n = strspn (text, "0123456789abcdef");

  return n >= DIGEST_MIN && text[n] == '\0';
}

/* So much of a digest as tells it from others; all of it is what a pointer on
 * it shows. */
static void
append_text (GString *page, const gchar *text)
{
  if (!is_digest (text)) {
    gst_sod_report_append_text (page, text);
    return;
  }
  g_string_append_printf (
      page, "<abbr title=%s>%.*s…</abbr>", text, DIGEST_SHOWN, text);
}

static void
append_plain (GString *page, JsonNode *node)
{
  g_autofree gchar *json = NULL;
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node)
                                            : G_TYPE_INVALID;

  if (type == G_TYPE_STRING) {
    append_text (page, json_node_get_string (node));
  } else if (type == G_TYPE_BOOLEAN) {
    g_string_append (page, json_node_get_boolean (node) ? "yes" : "no");
  } else if (isfinite (gst_sod_member_get_value (node))) {
    gst_sod_page_append_number (page, gst_sod_member_get_value (node), "%.6g");
  } else {
    json = json_to_string (node, FALSE);
    gst_sod_report_append_text (page, json);
  }
}

void
gst_sod_page_append_member (GString *page, JsonNode *node)
{
  JsonObjectIter iter;
  const gchar *name, *before = "";
  JsonNode *member;

  if (!JSON_NODE_HOLDS_OBJECT (node)) {
    append_plain (page, node);
    return;
  }
  json_object_iter_init_ordered (&iter, json_node_get_object (node));
  while (json_object_iter_next_ordered (&iter, &name, &member)) {
    g_string_append (page, before);
    gst_sod_report_append_text (page, name);
    g_string_append_c (page, ' ');
    append_plain (page, member);
    before = ", ";
  }
}
