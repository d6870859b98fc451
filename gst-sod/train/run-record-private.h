/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/train/score-private.h>
#include <gst-sod/train/settings.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What a training did, as JSON that others can judge it by: settings, data,
 * the course of each stage, what became of pseudo-labels, versions.
 * Thread-safe. docs/training.md lists the members. */
typedef struct _GstSodRunRecord GstSodRunRecord;

GstSodRunRecord *gst_sod_run_record_new (GstSodTrainingSettings *settings);
void gst_sod_run_record_free (GstSodRunRecord *self);

gchar *gst_sod_run_record_to_json (GstSodRunRecord *self);
/* Goes on where the record @json was. */
gboolean gst_sod_run_record_load (
    GstSodRunRecord *self, const gchar *json, GError **error);
/* That were begun. */
guint gst_sod_run_record_count_stages (GstSodRunRecord *self);

/* Sets member @key of `notes`; @node: (transfer full). */
void gst_sod_run_record_set_note (
    GstSodRunRecord *self, const gchar *key, JsonNode *node);
/* Appends to the member @name, an array; @object: (transfer full). */
void gst_sod_run_record_add (
    GstSodRunRecord *self, const gchar *name, JsonObject *object);

/* The frames that a node was scored by and their maps, as `maps`; of many
 * scores a few, evenly spread, and the last. @shown: of GstSodShownFrame.
 * @when: (transfer full): what the network had learnt. */
void gst_sod_run_record_add_maps (GstSodRunRecord *self, const gchar *node,
    const GPtrArray *shown, JsonObject *when);

/* For what appends more than an object: @edit gets the member @name, an array,
 * while nobody else reads it. */
typedef void (*GstSodRunRecordEdit) (JsonArray *array, gpointer user_data);
void gst_sod_run_record_edit (GstSodRunRecord *self, const gchar *name,
    GstSodRunRecordEdit edit, gpointer user_data);

/* A stage has begun: what follows is of it. @node: whose network learns. */
void gst_sod_run_record_begin_stage (GstSodRunRecord *self, const gchar *name,
    guint phase, guint round, const gchar *node, guint64 n_steps);
void gst_sod_run_record_add_loss (
    GstSodRunRecord *self, guint64 step, gdouble loss);
/* @scores: with its `step`, (transfer full). */
void gst_sod_run_record_add_score (GstSodRunRecord *self, JsonObject *scores);
/* @how: "complete", or why it ended before. */
void gst_sod_run_record_end_stage (
    GstSodRunRecord *self, guint64 n_steps, gdouble seconds, const gchar *how);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstSodRunRecord, gst_sod_run_record_free)

G_END_DECLS
