/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/gstsod.h>

#include "command.h"

G_BEGIN_DECLS

/* The options that say which data set, at the start of a command's own. */
typedef struct
{
  gchar *layout, *root, *images, *masks, *set, *scenarios;
  gboolean sparse;
  gboolean json;
  gboolean quiet;
} SodDataOptions;

#define SOD_DATA_OPTION(name, arg, field, text, value)                         \
  {                                                                            \
    name, 0, G_OPTION_ARG_##arg, G_STRUCT_OFFSET (SodDataOptions, field),      \
        text, value                                                            \
  }

#define SOD_DATA_OPTIONS                                                       \
  SOD_DATA_OPTION ("layout", STRING, layout, "How the files lie",              \
      "davis|vos|fbms|davsod|duts|ucsd|pairs|coco|cvat|labelme"),              \
      SOD_DATA_OPTION ("root", FILENAME, root,                                 \
          "Folder of the data set, or its file of annotations", "DIR"),        \
      SOD_DATA_OPTION ("images", FILENAME, images,                             \
          "Folder of pictures, in the place of --root", "DIR"),                \
      SOD_DATA_OPTION ("masks", FILENAME, masks,                               \
          "Folder of their masks, with --images", "DIR"),                      \
      SOD_DATA_OPTION ("set", FILENAME, set,                                   \
          "Name of a list of the data set, or a list file (default: "          \
          "everything)",                                                       \
          "NAME|FILE"),                                                        \
      SOD_DATA_OPTION ("scenarios", FILENAME, scenarios,                       \
          "Table of lines SEQUENCE,SCENARIO", "FILE"),                         \
      SOD_DATA_OPTION ("sparse", NONE, sparse,                                 \
          "Frames without a mask are unlabelled, not wrong", NULL),            \
      SOD_DATA_OPTION ("json", NONE, json, "Print one JSON object", NULL),     \
      SOD_DATA_OPTION ("quiet", NONE, quiet, "Show no progress", NULL)

/* Opens it; @sparse beside the option. (transfer full) */
GstSodDataset *sod_data_open (
    const SodDataOptions *options, gboolean sparse, GError **error);

/* The same with another set. (transfer full) */
GstSodDataset *sod_data_open_set (
    const SodDataOptions *options, const gchar *set, GError **error);

/* Refuses words behind the options of @command. */
gboolean sod_data_check_words (
    gchar **words, const gchar *command, GError **error);

/* Members layout, root, set and hash. */
void sod_data_describe (GstSodDataset *dataset, GString *json);

/* What was seen of a frame. */
typedef struct
{
  gint width, height;
  gdouble share;    /* of foreground, 0..1; -1 = unlabelled or unread */
  guint8 brightest; /* of a mask without foreground: its highest value */
  GError *error;
} SodDataFrame;

/* Reads every frame, on all processors, with a bar. NULL after Ctrl-C, with
 * what to exit with in @status. Of n_items, freed by sod_data_frames_free(). */
SodDataFrame *sod_data_scan (
    GstSodDataset *dataset, gboolean quiet, SodExit *status);
void sod_data_frames_free (SodDataFrame *frames, guint n);

G_END_DECLS
