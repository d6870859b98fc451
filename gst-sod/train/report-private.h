/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* A line of a drawing: points in the order of x. */
typedef struct
{
  gchar *name;
  GArray *points; /* of gdouble: x, y, x, y, ... */
} GstSodTrainingLine;

/* The lines as an <svg> element with axes that hold them all; NULL where none
 * has two points. */
gchar *gst_sod_training_plot (GPtrArray *lines, const gchar *x_label);

/* Colour of line @index as "#rrggbb". */
const gchar *gst_sod_training_plot_color (guint index);

/* The first and the last loss of a stage; NaN where there is none. */
void gst_sod_curve_find_ends (JsonObject *stage, gdouble *first, gdouble *last);

/* ---- members, of which any may be missing ---- */

/* Of that type, else NULL. */
JsonNode *gst_sod_members_get (
    JsonObject *object, const gchar *name, JsonNodeType type);
/* "" where there is none. */
const gchar *gst_sod_members_get_text (JsonObject *object, const gchar *name);
/* NaN where there is none. */
gdouble gst_sod_members_get_number (JsonObject *object, const gchar *name);
gdouble gst_sod_member_get_value (JsonNode *node);
/* (transfer full): of JsonObject; of elements that are none nothing. */
GPtrArray *gst_sod_members_get_objects (JsonObject *object, const gchar *name);

/* ---- pieces of a page ---- */

/* Up to its heading; "</main>" is the caller's. */
void gst_sod_page_add_head (GString *page, const gchar *title);
/* A dash where it is not finite. */
void gst_sod_page_append_number (
    GString *page, gdouble value, const gchar *format);
void gst_sod_page_append_cell (
    GString *page, gdouble value, const gchar *format);
void gst_sod_page_append_text_cell (GString *page, const gchar *text);
/* Text as it is, numbers with six digits, yes or no; of an object its members
 * by name; anything else as JSON. */
void gst_sod_page_append_member (GString *page, JsonNode *node);

/* ---- parts of the page of a run; @stages: of JsonObject ---- */

void gst_sod_page_add_stages (GString *page, GPtrArray *stages);
/* Held-out scores after each phase beside those before; nothing where nothing
 * was held out. */
void gst_sod_page_add_gains (GString *page, JsonObject *record);
void gst_sod_page_add_curves (GString *page, GPtrArray *stages);
/* Held-out frames with the network's map at each score that was kept. */
void gst_sod_page_add_maps (GString *page, JsonObject *record);
/* Objects that have the same members, as a table of them. */
void gst_sod_page_add_objects (
    GString *page, JsonObject *record, const gchar *name, const gchar *heading);
void gst_sod_page_add_facts (
    GString *page, JsonObject *record, const gchar *name, const gchar *heading);

/* ---- runs side by side; @runs: of JsonObject ---- */

void gst_sod_page_add_comparison (
    GString *page, const gchar *const *titles, GPtrArray *runs);

G_END_DECLS
