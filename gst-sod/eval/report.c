/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/eval/report-private.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#define PAGE_NAME "index.html"
#define JSON_NAME "measures.json"

G_DEFINE_FINAL_TYPE (GstSodReport, gst_sod_report, G_TYPE_OBJECT)

static void
fact_free (GstSodReportFact *fact)
{
  g_free (fact->key);
  g_free (fact->text);
  g_free (fact);
}

static void
entry_free (GstSodReportEntry *entry)
{
  g_free (entry->name);
  gst_sod_evaluation_unref (entry->evaluation);
  g_free (entry);
}

static void
gst_sod_report_finalize (GObject *object)
{
  GstSodReport *self = GST_SOD_REPORT (object);

  gst_sod_report_set_pair_func (self, NULL, NULL, NULL);
  g_free (self->title);
  g_free (self->published);
  g_ptr_array_unref (self->facts);
  g_ptr_array_unref (self->entries);
  G_OBJECT_CLASS (gst_sod_report_parent_class)->finalize (object);
}

static void
gst_sod_report_class_init (GstSodReportClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_report_finalize;
}

static void
gst_sod_report_init (GstSodReport *self)
{
  self->facts = g_ptr_array_new_with_free_func ((GDestroyNotify) fact_free);
  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) entry_free);
}

static void
add_entry (GstSodReport *self, const gchar *name, GstSodEvaluation *evaluation)
{
  GstSodReportEntry *entry = g_new0 (GstSodReportEntry, 1);

  entry->name = g_utf8_make_valid (name, -1);
  entry->evaluation = gst_sod_evaluation_ref (evaluation);
  g_ptr_array_add (self->entries, entry);
}

/**
 * gst_sod_report_new:
 * @title: what was measured, such as the name of a model
 * @evaluation: how good it is; for pictures of frames it must have kept them
 *
 * Starts a report.
 *
 * Returns: (transfer full): the report
 *
 * Since: 0.1
 */
GstSodReport *
gst_sod_report_new (const gchar *title, GstSodEvaluation *evaluation)
{
  GstSodReport *self;

  g_return_val_if_fail (title != NULL, NULL);
  g_return_val_if_fail (evaluation != NULL, NULL);

  self = g_object_new (GST_SOD_TYPE_REPORT, NULL);
  self->title = g_utf8_make_valid (title, -1);
  add_entry (self, title, evaluation);
  return self;
}

/**
 * gst_sod_report_get_evaluation:
 * @self: a report
 *
 * Returns: (transfer none): what is reported
 *
 * Since: 0.1
 */
GstSodEvaluation *
gst_sod_report_get_evaluation (GstSodReport *self)
{
  g_return_val_if_fail (GST_SOD_IS_REPORT (self), NULL);

  return gst_sod_report_get_entry (self, 0)->evaluation;
}

/**
 * gst_sod_report_add_fact:
 * @self: a report
 * @key: key in the JSON object, such as `split`, lower case with underscores;
 *   its words head a line of the page
 * @value: UTF-8
 *
 * Adds something that has to be known beside the figures.
 *
 * Since: 0.1
 */
void
gst_sod_report_add_fact (
    GstSodReport *self, const gchar *key, const gchar *value)
{
  GstSodReportFact *fact;

  g_return_if_fail (GST_SOD_IS_REPORT (self));
  g_return_if_fail (key != NULL && value != NULL);

  fact = g_new0 (GstSodReportFact, 1);
  fact->key = g_strdup (key);
  fact->text = g_utf8_make_valid (value, -1);
  g_ptr_array_add (self->facts, fact);
}

/**
 * gst_sod_report_add_count:
 * @self: a report
 * @key: as in gst_sod_report_add_fact()
 * @value: a number
 *
 * Adds a number that has to be known beside the figures.
 *
 * Since: 0.1
 */
void
gst_sod_report_add_count (GstSodReport *self, const gchar *key, guint64 value)
{
  GstSodReportFact *fact;

  g_return_if_fail (GST_SOD_IS_REPORT (self));
  g_return_if_fail (key != NULL);

  fact = g_new0 (GstSodReportFact, 1);
  fact->key = g_strdup (key);
  fact->count = value;
  g_ptr_array_add (self->facts, fact);
}

/**
 * gst_sod_report_add_floor:
 * @self: a report
 * @name: the name of the floor, see gst_sod_floor_new()
 * @evaluation: how good it is on the same images in the same school
 *
 * Adds a trivial predictor to compare with: what does not beat it has learnt
 * nothing.
 *
 * Since: 0.1
 */
void
gst_sod_report_add_floor (
    GstSodReport *self, const gchar *name, GstSodEvaluation *evaluation)
{
  g_return_if_fail (GST_SOD_IS_REPORT (self));
  g_return_if_fail (name != NULL && evaluation != NULL);
  g_return_if_fail (gst_sod_evaluation_get_school (evaluation)
                    == gst_sod_evaluation_get_school (
                        gst_sod_report_get_entry (self, 0)->evaluation));

  add_entry (self, name, evaluation);
}

/**
 * gst_sod_report_set_published:
 * @self: a report
 * @set: (nullable): `davis`, `fbms` or `vos`: published figures of its test
 *   set are shown where the school is the one that they were measured in;
 *   nothing is published here on other sets
 *
 * Says whose published figures may stand beside these.
 *
 * Since: 0.1
 */
void
gst_sod_report_set_published (GstSodReport *self, const gchar *set)
{
  g_return_if_fail (GST_SOD_IS_REPORT (self));

  g_free (self->published);
  self->published = g_strdup (set);
}

/**
 * gst_sod_report_set_pair_func:
 * @self: a report
 * @read: (nullable) (scope notified) (closure user_data) (destroy destroy):
 *   reads what is shown; %NULL: the page has no pictures of frames
 * @user_data: for @read
 * @destroy: (nullable): frees @user_data
 *
 * Says where the pictures of the page come from.
 *
 * Since: 0.1
 */
void
gst_sod_report_set_pair_func (GstSodReport *self, GstSodReportPairFunc read,
    gpointer user_data, GDestroyNotify destroy)
{
  g_return_if_fail (GST_SOD_IS_REPORT (self));

  if (self->destroy != NULL)
    self->destroy (self->user_data);
  self->read = read;
  self->user_data = user_data;
  self->destroy = destroy;
}

/* ---- JSON ---- */

/* (transfer full): what the evaluation says of itself. */
static JsonNode *
parse_evaluation (GstSodEvaluation *evaluation)
{
  g_autofree gchar *json = gst_sod_evaluation_to_json (evaluation);
  JsonNode *node = json_from_string (json, NULL);

  g_assert (node != NULL && JSON_NODE_HOLDS_OBJECT (node));
  return node;
}

static void
add_facts (JsonObject *object, const GstSodReport *self)
{
  for (guint i = 0; i < self->facts->len; i++) {
    const GstSodReportFact *fact = g_ptr_array_index (self->facts, i);

    if (fact->text != NULL)
      json_object_set_string_member (object, fact->key, fact->text);
    else
      json_object_set_int_member (object, fact->key, (gint64) fact->count);
  }
}

static void
copy_member (JsonObject *from, const gchar *name, JsonNode *member, gpointer to)
{
  if (!json_object_has_member (to, name))
    json_object_set_member (to, name, json_node_copy (member));
}

static void
copy_scalar (JsonObject *from, const gchar *name, JsonNode *member, gpointer to)
{
  if (!JSON_NODE_HOLDS_OBJECT (member) && !JSON_NODE_HOLDS_ARRAY (member))
    copy_member (from, name, member, to);
}

static void
add_floors (JsonObject *object, const GstSodReport *self)
{
  JsonObject *floors;

  if (self->entries->len < 2)
    return;
  floors = json_object_new ();
  json_object_set_object_member (object, "floors", floors);
  for (guint i = 1; i < self->entries->len; i++) {
    const GstSodReportEntry *entry = gst_sod_report_get_entry (self, i);
    g_autoptr (JsonNode) node = parse_evaluation (entry->evaluation);
    JsonObject *floor = json_object_new ();

    json_object_foreach_member (
        json_node_get_object (node), copy_scalar, floor);
    json_object_set_object_member (floors, entry->name, floor);
  }
}

/**
 * gst_sod_report_to_json:
 * @self: a report
 *
 * Writes everything but the pictures as one JSON object: the facts and counts
 * that were added, `floors`, and the members that
 * gst_sod_evaluation_to_json() writes.
 *
 * Returns: (transfer full): the object, with a line's end
 *
 * Since: 0.1
 */
gchar *
gst_sod_report_to_json (GstSodReport *self)
{
  g_autoptr (JsonNode) evaluation = NULL;
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (JsonObject) object = NULL;
  g_autofree gchar *json = NULL;

  g_return_val_if_fail (GST_SOD_IS_REPORT (self), NULL);

  object = json_object_new ();
  json_object_set_string_member (object, "title", self->title);
  add_facts (object, self);
  evaluation =
      parse_evaluation (gst_sod_report_get_entry (self, 0)->evaluation);
  json_object_foreach_member (
      json_node_get_object (evaluation), copy_scalar, object);
  add_floors (object, self);
  json_object_foreach_member (
      json_node_get_object (evaluation), copy_member, object);
  root = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (root, object);
  json = json_to_string (root, FALSE);
  return g_strconcat (json, "\n", NULL);
}

/* ---- files ---- */

static gboolean
write_file (const gchar *folder, const gchar *name, const gchar *content,
    GError **error)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) reason = NULL;

  if (g_file_set_contents (path, content, -1, &reason))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
      "the report cannot be written: %s; choose a folder that may be written "
      "to, on a disk with room",
      reason->message);
  return FALSE;
}

/**
 * gst_sod_report_write:
 * @self: a report
 * @folder: (type filename): where to; made where it is missing
 * @error: return location for an error
 *
 * Writes the page as `index.html` and the JSON object as `measures.json`, each
 * whole or not at all.
 *
 * Errors: %GST_SOD_ERROR_IO where a file or the folder cannot be written,
 * those of gst_sod_report_to_html().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_report_write (GstSodReport *self, const gchar *folder, GError **error)
{
  g_autofree gchar *html = NULL;
  g_autofree gchar *json = NULL;

  g_return_val_if_fail (GST_SOD_IS_REPORT (self), FALSE);
  g_return_val_if_fail (folder != NULL, FALSE);

  if (g_mkdir_with_parents (folder, 0777) != 0) {
    gint code = errno;

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_IO,
        "the folder %s for the report cannot be made: %s; choose another",
        folder, g_strerror (code));
    return FALSE;
  }
  html = gst_sod_report_to_html (self, error);
  if (html == NULL)
    return FALSE;
  json = gst_sod_report_to_json (self);
  return write_file (folder, PAGE_NAME, html, error)
         && write_file (folder, JSON_NAME, json, error);
}
