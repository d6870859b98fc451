/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/eval/report.h>

G_BEGIN_DECLS

typedef struct
{
  gchar *key;
  gchar *text; /* NULL: a count */
  guint64 count;
} GstSodReportFact;

/* An evaluation under a name: what is reported, or a floor. */
typedef struct
{
  gchar *name;
  GstSodEvaluation *evaluation;
} GstSodReportEntry;

struct _GstSodReport
{
  GObject parent;

  gchar *title;
  GPtrArray *facts;   /* of GstSodReportFact */
  GPtrArray *entries; /* of GstSodReportEntry, the one reported first */
  gchar *published;   /* set whose published figures are shown, or NULL */

  GstSodReportPairFunc read;
  gpointer user_data;
  GDestroyNotify destroy;
};

static inline const GstSodReportEntry *
gst_sod_report_get_entry (const GstSodReport *self, guint index)
{
  return g_ptr_array_index (self->entries, index);
}

/* ---- parts of the page ---- */

/* Worst, best and strips of frames; nothing where nothing can be read. */
gboolean gst_sod_report_add_frames (
    const GstSodReport *self, GString *page, GError **error);

/* Text as HTML has it. */
void gst_sod_report_append_text (GString *page, const gchar *text);

/* The sheet of styles. */
extern const gchar gst_sod_report_style[];

/* ---- published figures ---- */

typedef struct
{
  const gchar *method;
  const gchar *set; /* as gst_sod_report_set_published() */
  gdouble max_f, s_measure, mae;
} GstSodPublished;

/* The school that they stand beside. */
#define GST_SOD_PUBLISHED_SCHOOL GST_SOD_SCHOOL_DAVSOD

const GstSodPublished *gst_sod_published_get (gsize *n);

/* How literature calls the set; NULL where nothing is published on it. */
const gchar *gst_sod_published_get_set_name (const gchar *set);

/* ---- drawings ---- */

/* Colour of entry @index as "#rrggbb". */
const gchar *gst_sod_plot_get_color (guint index);

/* Precision over recall of all entries, or one curve over its thresholds, as
 * an <svg> element; ids in it begin with @prefix. */
gchar *gst_sod_plot_precision_recall (
    const GstSodReport *report, const gchar *prefix, GError **error);
gchar *gst_sod_plot_curve (const GstSodReport *report, GstSodCurve curve,
    const gchar *prefix, GError **error);

/* ---- pictures ---- */

/* @image at most @max_width wide, as the URI of a PNG. */
gchar *gst_sod_picture_to_uri (
    const GstSodImage *image, gint max_width, GError **error);

/* The pairs, in columns of @width: picture (where there is one), map and truth
 * below each other; as the URI of one PNG. */
gchar *gst_sod_pictures_to_strip_uri (GstSodPair *const *pairs, guint n_pairs,
    gint width, gint *strip_width, gint *strip_height, GError **error);

G_END_DECLS
