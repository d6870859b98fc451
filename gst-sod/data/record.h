/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst-sod/core/error.h>

G_BEGIN_DECLS

#define GST_SOD_TYPE_RECORD (gst_sod_record_get_type ())

/**
 * GstSodRecord:
 *
 * What was found in one frame, as one JSON object: what sodpublish writes a
 * line of. docs/json-lines.md is the schema. Not thread-safe.
 *
 * Since: 0.1
 */
typedef struct _GstSodRecord GstSodRecord;

GST_SOD_API
GType gst_sod_record_get_type (void);

GST_SOD_API
GstSodRecord *gst_sod_record_new (
    const gchar *source_id, gint width, gint height);

GST_SOD_API
GstSodRecord *gst_sod_record_copy (const GstSodRecord *self);

GST_SOD_API
void gst_sod_record_free (GstSodRecord *self);

/* ns from the start of the stream; -1 where the frame has none. */
GST_SOD_API
void gst_sod_record_set_pts (GstSodRecord *self, gint64 pts);

/* us since the epoch, UTC */
GST_SOD_API
void gst_sod_record_set_wall_clock (GstSodRecord *self, gint64 microseconds);

/* Says that the frame has a map: its model, its age (ns) and its mean. */
GST_SOD_API
void gst_sod_record_set_map (GstSodRecord *self, const gchar *model_id,
    const gchar *model_version, gint64 age, gdouble score, gboolean warm_up,
    gboolean reused);

/* What was measured of the map; -1 = nothing. */
GST_SOD_API
void gst_sod_record_set_reconstruction_error (
    GstSodRecord *self, gdouble error);

GST_SOD_API
void gst_sod_record_set_disagreement (GstSodRecord *self, gdouble disagreement);

/* Box, area and score in fractions; id as the region finder gave it. */
GST_SOD_API
void gst_sod_record_add_region (GstSodRecord *self, guint id, gdouble x,
    gdouble y, gdouble width, gdouble height, gdouble area, gdouble score);

/* One line without line feed; (transfer full). */
GST_SOD_API
gchar *gst_sod_record_to_json (const GstSodRecord *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodRecord, gst_sod_record_free)

G_END_DECLS
