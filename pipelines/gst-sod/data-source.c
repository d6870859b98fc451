/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the data commands share: the data set and a look at all of it. */
#include "data-source.h"

#include <glib-unix.h>
#include <signal.h>

#include "json.h"
#include "progress.h"

#define TICK 100 /* ms */

gboolean
sod_data_check_words (gchar **words, const gchar *command, GError **error)
{
  if (words[0] == NULL)
    return TRUE;
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
      "%s takes options only; the data set follows --root", command);
  return FALSE;
}

static const gchar *
find_problem (const SodDataOptions *options)
{
  if ((options->images != NULL) != (options->masks != NULL))
    return "--images and --masks are two folders: give both";
  if (options->images != NULL && options->root != NULL)
    return "--images and --masks take the place of --root: give one or the "
           "other";
  if (options->images == NULL
      && (options->layout == NULL || options->root == NULL))
    return "which data set? Give --layout and --root, or --images and --masks";
  if (options->images != NULL && options->layout != NULL
      && !g_str_equal (options->layout, "pairs"))
    return "--images and --masks are for --layout=pairs";
  return NULL;
}

static GstSodDataset *
open_files (const SodDataOptions *options, const gchar *set, gboolean sparse,
    GError **error)
{
  GstSodDatasetFlags flags = sparse || options->sparse
                                 ? GST_SOD_DATASET_FLAG_SPARSE
                                 : GST_SOD_DATASET_FLAG_NONE;
  const gchar *problem = find_problem (options);
  GstSodDatasetLayout layout;

  if (problem != NULL) {
    g_set_error_literal (
        error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS, problem);
    return NULL;
  }
  if (options->images != NULL)
    return gst_sod_dataset_open_pairs (
        options->images, options->masks, set, flags, error);
  if (!gst_sod_dataset_layout_from_name (options->layout, &layout, error))
    return NULL;
  return gst_sod_dataset_open (layout, options->root, set, flags, error);
}

static GstSodDataset *
open_all (const SodDataOptions *options, const gchar *set, gboolean sparse,
    GError **error)
{
  g_autoptr (GstSodDataset) dataset = open_files (options, set, sparse, error);

  if (dataset == NULL || options->scenarios == NULL)
    return g_steal_pointer (&dataset);
  return gst_sod_dataset_add_scenarios (dataset, options->scenarios, error);
}

GstSodDataset *
sod_data_open (const SodDataOptions *options, gboolean sparse, GError **error)
{
  return open_all (options, options->set, sparse, error);
}

GstSodDataset *
sod_data_open_set (
    const SodDataOptions *options, const gchar *set, GError **error)
{
  return open_all (options, set, FALSE, error);
}

void
sod_data_describe (GstSodDataset *dataset, GString *json)
{
  g_autofree gchar *hash = gst_sod_dataset_get_hash (dataset);

  sod_json_string (json, "layout",
      gst_sod_dataset_layout_get_name (gst_sod_dataset_get_layout (dataset)));
  sod_json_string (json, "root", gst_sod_dataset_get_root (dataset));
  sod_json_string (json, "set", gst_sod_dataset_get_set (dataset));
  sod_json_string (json, "hash", hash);
  sod_json_integer (json, "frames", gst_sod_dataset_get_n_items (dataset));
  sod_json_integer (json, "labelled", gst_sod_dataset_get_n_labelled (dataset));
  sod_json_integer (
      json, "sequences", gst_sod_dataset_get_n_sequences (dataset));
}

/* ---- looking at all of it ---- */

typedef struct
{
  GstSodDataset *dataset;
  SodDataFrame *frames;
  guint n;
  gint next, n_done; /* atomic */
  gint stopped;      /* atomic */
  SodExit status;
} Scan;

/* The highest value of a mask that has no foreground: an index that was taken
 * for a brightness shows there. */
static guint8
find_brightest (const gchar *path)
{
  g_autoptr (GstSodImage) image =
      path != NULL ? gst_sod_picture_read_gray (path, NULL) : NULL;
  g_autoptr (GBytes) bytes = NULL;
  const guint8 *values;
  guint8 brightest = 0;
  gsize n;

  if (image == NULL)
    return 0;
  bytes = gst_sod_image_get_gray (image);
  values = g_bytes_get_data (bytes, &n);
  for (gsize i = 0; i < n; i++)
    brightest = MAX (brightest, values[i]);
  return brightest;
}

static gdouble
share_of (const GstSodImage *mask)
{
  g_autoptr (GBytes) bytes = gst_sod_image_get_gray (mask);
  gsize n, count = 0;
  const guint8 *values = g_bytes_get_data (bytes, &n);

  for (gsize i = 0; i < n; i++)
    count += values[i] != 0;
  return (gdouble) count / (gdouble) n;
}

static void
look_at (Scan *self, guint item)
{
  SodDataFrame *frame = &self->frames[item];
  g_autoptr (GstSodImage) image = NULL;
  g_autoptr (GstSodImage) mask = NULL;

  frame->share = -1;
  if (!gst_sod_dataset_read (self->dataset, item, &image, &mask, &frame->error))
    return;
  frame->width = gst_sod_image_get_width (image);
  frame->height = gst_sod_image_get_height (image);
  if (mask == NULL)
    return;
  frame->share = share_of (mask);
  if (frame->share <= 0)
    frame->brightest =
        find_brightest (gst_sod_dataset_get_mask_path (self->dataset, item));
}

static gpointer
work (gpointer data)
{
  Scan *self = data;

  while (!g_atomic_int_get (&self->stopped)) {
    guint item = (guint) g_atomic_int_add (&self->next, 1);

    if (item >= self->n)
      break;
    look_at (self, item);
    g_atomic_int_inc (&self->n_done);
  }
  return NULL;
}

static gboolean
interrupt (gpointer data)
{
  ((Scan *) data)->status = SOD_EXIT_INTERRUPTED;
  g_atomic_int_set (&((Scan *) data)->stopped, 1);
  return G_SOURCE_CONTINUE;
}

static gboolean
terminate (gpointer data)
{
  interrupt (data);
  ((Scan *) data)->status = SOD_EXIT_TERMINATED;
  return G_SOURCE_CONTINUE;
}

static gboolean
wake (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Shows the bar and hears signals until all is read. */
static void
wait_for_work (Scan *self, gboolean quiet)
{
  SodProgress *progress = quiet ? NULL : sod_progress_new ("frames");
  guint sources[] = { g_timeout_add (TICK, wake, NULL),
    g_unix_signal_add (SIGINT, interrupt, self),
    g_unix_signal_add (SIGTERM, terminate, self) };

  while (!g_atomic_int_get (&self->stopped)
         && (guint) g_atomic_int_get (&self->n_done) < self->n) {
    guint done = (guint) g_atomic_int_get (&self->n_done);

    g_main_context_iteration (NULL, TRUE);
    if (progress != NULL)
      sod_progress_show (
          progress, (gdouble) done / MAX (self->n, 1), done, NULL);
  }
  g_clear_pointer (&progress, sod_progress_free);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
}

SodDataFrame *
sod_data_scan (GstSodDataset *dataset, gboolean quiet, SodExit *status)
{
  Scan scan = { .dataset = dataset };
  guint n_threads = g_get_num_processors ();
  g_autofree GThread **threads = g_new (GThread *, n_threads);

  scan.n = gst_sod_dataset_get_n_items (dataset);
  scan.frames = g_new0 (SodDataFrame, scan.n + 1);
  for (guint i = 0; i < n_threads; i++)
    threads[i] = g_thread_new ("read", work, &scan);
  wait_for_work (&scan, quiet);
  for (guint i = 0; i < n_threads; i++)
    g_thread_join (threads[i]);
  *status = scan.status;
  if (scan.status == SOD_EXIT_OK)
    return scan.frames;
  sod_data_frames_free (scan.frames, scan.n);
  return NULL;
}

void
sod_data_frames_free (SodDataFrame *frames, guint n)
{
  for (guint i = 0; i < n; i++)
    g_clear_error (&frames[i].error);
  g_free (frames);
}
