/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How fast samples are made: reading and decoding, moving, colours, and whole
 * batches, at the two sizes that training runs at. Processor time of one
 * thread; passes by turns, the fastest counts.
 *
 * Usage: benchmark-batches [LAYOUT ROOT [SAMPLES [PASSES]]], by default
 * DUTS-TR below $SOD_DATA. */
#include <gst-sod/gstsod.h>

#include <time.h>

#include <gst-sod/data/batch-reader-private.h>

typedef struct
{
  GstSodSamples *samples;
  guint n;
  GstSodAugmentSource *sources; /* (n), decoded */
  GstSodAugmentRule rule;
  GstSodWarpScratch scratch;
  gfloat *memory;
} Bench;

static gdouble
processor_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gdouble) now.tv_sec + (gdouble) now.tv_nsec * 1e-9;
}

/* ms a sample */
static gdouble
time_augment (Bench *self, const GstSodAugmentation *augmentation)
{
  gsize n = (gsize) self->rule.width * self->rule.height;
  GstSodAugmentTarget target = { self->memory, self->memory + 3 * n,
    self->memory + 4 * n, NULL };
  g_autoptr (GstSodRandom) random = gst_sod_random_new (1, 1);
  gdouble start = processor_time ();

  for (guint i = 0; i < self->n; i++)
    gst_sod_augment (augmentation, &self->rule, &self->sources[i], random,
        &self->scratch, &target, NULL);
  return (processor_time () - start) * 1000 / self->n;
}

static gdouble
time_colour (Bench *self)
{
  gsize n = (gsize) self->rule.width * self->rule.height;
  GstSodColour colour = { { { 1.1f, 0, 0, 3 }, { 0, 0.9f, 0, 2 },
                              { 0.1f, 0, 1, -9 } },
    0, 1, { 0.5f, 0.5f, 0.5f }, { 0.25f, 0.25f, 0.25f } };
  gdouble start = processor_time ();

  for (guint i = 0; i < self->n; i++)
    gst_sod_colour_apply (&colour, self->memory, n);
  return (processor_time () - start) * 1000 / self->n;
}

static gdouble
time_reading (Bench *self)
{
  gdouble start = processor_time ();

  for (guint i = 0; i < self->n; i++) {
    gst_sod_augment_source_clear (&self->sources[i]);
    if (!gst_sod_samples_read (self->samples, i, &self->sources[i].image,
            &self->sources[i].mask, NULL))
      g_printerr (
          "%s cannot be read\n", gst_sod_samples_get_name (self->samples, i));
  }
  return (processor_time () - start) * 1000 / self->n;
}

/* Of whole batches on the caller's thread, in the second epoch. */
static gdouble
time_batches (Bench *self, guint64 cache_size)
{
  g_autoptr (GstSodBatches) batches = gst_sod_batches_new_sized (
      self->samples, self->rule.width, self->rule.height, 1, NULL);
  guint64 n;
  gdouble start = 0;

  g_object_set (batches, "threads", 0, "cache-size", cache_size, NULL);
  n = gst_sod_batches_get_n_per_epoch (batches);
  for (guint64 i = 0; i < 2 * n; i++) {
    g_autoptr (GstSodTensor) input = NULL;
    g_autoptr (GstSodTensor) target = NULL;

    if (i == n)
      start = processor_time ();
    gst_sod_batches_next (batches, &input, &target, NULL, NULL);
  }
  return (processor_time () - start) * 1000 / (gdouble) (n * 16);
}

static void
measure (Bench *self, gint width, gint height, guint passes)
{
  static const gchar *presets[] = { "none", "paper", "effective" };
  gdouble times[G_N_ELEMENTS (presets)], colour = G_MAXDOUBLE;
  gdouble bare = G_MAXDOUBLE, cached = G_MAXDOUBLE;

  self->rule.width = width;
  self->rule.height = height;
  self->memory = g_new0 (gfloat, 5 * (gsize) width * height);
  for (guint k = 0; k < G_N_ELEMENTS (presets); k++)
    times[k] = G_MAXDOUBLE;
  for (guint i = 0; i < passes; i++) {
    for (guint k = 0; k < G_N_ELEMENTS (presets); k++) {
      g_autoptr (GstSodAugmentation) augmentation =
          gst_sod_augmentation_new (presets[k], NULL);

      times[k] = MIN (times[k], time_augment (self, augmentation));
    }
    colour = MIN (colour, time_colour (self));
    bare = MIN (bare, time_batches (self, 0));
    cached = MIN (cached, time_batches (self, G_MAXUINT64));
  }
  for (guint k = 0; k < G_N_ELEMENTS (presets); k++)
    g_print (
        "%dx%d augment %-9s %6.3f ms\n", width, height, presets[k], times[k]);
  g_print ("%dx%d of which colours    %6.3f ms\n", width, height, colour);
  g_print ("%dx%d batches, no cache   %6.3f ms: %.0f samples/s a core\n", width,
      height, bare, 1000 / bare);
  g_print ("%dx%d batches, all cached %6.3f ms: %.0f samples/s a core\n", width,
      height, cached, 1000 / cached);
  g_free (self->memory);
}

static GstSodSamples *
open_samples (int argc, char **argv, GError **error)
{
  const gchar *data = g_getenv ("SOD_DATA");
  const gchar *source = g_getenv ("SOD_SOURCE_DIR");
  g_autofree gchar *beside = g_build_filename (
      source != NULL ? source : ".", "..", "shared", "data", NULL);
  GstSodDatasetLayout layout = GST_SOD_DATASET_LAYOUT_DUTS;
  guint n = argc > 3 ? (guint) g_ascii_strtoull (argv[3], NULL, 10) : 320;
  g_autoptr (GstSodDataset) dataset = NULL;
  g_autofree guint *chosen = NULL;

  if (argc > 2 && !gst_sod_dataset_layout_from_name (argv[1], &layout, error))
    return NULL;
  dataset = gst_sod_dataset_open (layout,
      argc > 2 ? argv[2] : (data != NULL ? data : beside), NULL,
      GST_SOD_DATASET_FLAG_NONE, error);
  if (dataset == NULL)
    return NULL;
  n = MIN (n, gst_sod_dataset_get_n_items (dataset));
  chosen = g_new (guint, n);
  for (guint i = 0; i < n; i++)
    chosen[i] =
        (guint) ((guint64) i * gst_sod_dataset_get_n_items (dataset) / n);
  return gst_sod_samples_new_selection (GST_SOD_SAMPLES (dataset), chosen, n);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodSamples) samples = open_samples (argc, argv, &error);
  guint passes = argc > 4 ? (guint) g_ascii_strtoull (argv[4], NULL, 10) : 5;
  gdouble reading = G_MAXDOUBLE;
  Bench bench = { .rule = { .frames = 1,
                      .mean = { 0.485f, 0.456f, 0.406f },
                      .std = { 0.229f, 0.224f, 0.225f } } };

  if (samples == NULL) {
    g_printerr ("no footage: %s\n", error->message);
    return 77;
  }
  bench.samples = samples;
  bench.n = gst_sod_samples_get_n_samples (samples);
  bench.sources = g_new0 (GstSodAugmentSource, bench.n);
  for (guint i = 0; i < passes; i++)
    reading = MIN (reading, time_reading (&bench));
  g_print ("reading and decoding %.3f ms a sample\n", reading);
  measure (&bench, 160, 96, passes);
  measure (&bench, 320, 192, passes);
  for (guint i = 0; i < bench.n; i++)
    gst_sod_augment_source_clear (&bench.sources[i]);
  g_free (bench.sources);
  gst_sod_warp_scratch_clear (&bench.scratch);
  return 0;
}
