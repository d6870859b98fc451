/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include <gst-sod/data/shapes-private.h>

G_BEGIN_DECLS

/* A file of annotations as JSON: checked before json-glib sees it.
 * (transfer full): an object */
JsonNode *gst_sod_annotation_read_json (const gchar *path, GError **error);

/* Members of the wrong kind are missing. */
JsonArray *gst_sod_annotation_get_array (JsonObject *object, const gchar *name);
JsonObject *gst_sod_annotation_get_object (
    JsonObject *object, const gchar *name);
const gchar *gst_sod_annotation_get_string (
    JsonObject *object, const gchar *name);
gboolean gst_sod_annotation_get_number (
    JsonObject *object, const gchar *name, gdouble *value);
/* The finite number at @index. */
gboolean gst_sod_annotation_get_element (
    JsonArray *array, guint index, gdouble *value);

/* Raises GST_SOD_ERROR_FORMAT: "PATH: WHAT; export it again". */
gboolean gst_sod_annotation_fail (
    const gchar *path, const gchar *what, GError **error);

/* The picture that the annotations at @path call @name: beside them, in a
 * folder images beside them, or the same one folder up. (transfer full):
 * NULL with @error set where there is none */
gchar *gst_sod_annotation_find_image (
    const gchar *path, const gchar *name, GError **error);

/* An item for the picture @name; the folders in @name are its sequence.
 * (transfer full) */
GstSodItem *gst_sod_annotation_new_item (const gchar *image, const gchar *name);

/* @root itself where it is a file, else the one file in it, or in its folder
 * annotations, that ends in @extension. (transfer full) */
gchar *gst_sod_annotation_find_file (
    const gchar *root, const gchar *extension, GError **error);

G_END_DECLS
