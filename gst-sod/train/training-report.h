/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gst-sod/core/error.h>

G_BEGIN_DECLS

GST_SOD_API
gchar *gst_sod_training_report_to_html (
    const gchar *title, const gchar *record, GError **error);

GST_SOD_API
gboolean gst_sod_training_report_write (const gchar *title, const gchar *record,
    const gchar *folder, GError **error);

GST_SOD_API
gchar *gst_sod_training_report_compare (const gchar *const *titles,
    const gchar *const *records, guint n_runs, GError **error);

GST_SOD_API
gboolean gst_sod_training_report_write_comparison (const gchar *const *titles,
    const gchar *const *records, guint n_runs, const gchar *folder,
    GError **error);

G_END_DECLS
