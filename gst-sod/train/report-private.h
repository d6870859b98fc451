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

G_END_DECLS
