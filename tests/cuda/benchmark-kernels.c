/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each kernel of the CUDA back end takes, both ways of training included,
 * beside the roofline: no kernel is quicker than the bytes that it must move at
 * the rate of a copy within the device's memory, nor than its operations at the
 * best rate that a large convolution of its type reached, both measured in the
 * same run. A share of 1 is as fast as that; more, where what it reads was
 * still in a cache. Exit status 77 without a device. */
#include "kernel-runs.h"

#include <json-glib/json-glib.h>

#define LAUNCHES 20 /* of a graph */
#define TURNS 7

static gchar *output;
static gboolean small;
static gint batch = 64;

static const GOptionEntry entries[] = {
  { "batch", 'b', 0, G_OPTION_ARG_INT, &batch, "samples at once (64)", "N" },
  { "small", 's', 0, G_OPTION_ARG_NONE, &small,
      "little shapes: whether it runs, not how fast", NULL },
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
      "where the rows go as JSON", "FILE" },
  { NULL },
};

static const gchar *const type_names[] = { "f32", "f16", "bf16" };

/* What this device does at best. */
typedef struct
{
  gdouble bandwidth;                   /* bytes a second */
  gdouble rates[GST_SOD_CUDA_N_TYPES]; /* operations a second */
} Roof;

/* ---- time ---- */

/* Seconds of one launch: the shortest turn of a graph of many, or of many
 * launches where there are no graphs. */
static gboolean
measure (
    KernelBench *bench, const KernelRun *run, gdouble *time, GError **error)
{
  GstSodCudaGraph *graph = NULL;
  gint64 best = G_MAXINT64;
  gboolean ok = TRUE;

  run->run (bench); /* what is set up once */
  ok = bench->error == NULL && gst_sod_cuda_wait (bench->queue, error)
       && gst_sod_cuda_graph_begin (bench->queue, error);
  for (guint i = 0; ok && i < LAUNCHES; i++)
    run->run (bench);
  ok = ok && gst_sod_cuda_graph_end (bench->queue, &graph, error);
  for (guint turn = 0; ok && turn <= TURNS; turn++) {
    gint64 start = g_get_monotonic_time ();

    if (graph != NULL)
      ok = gst_sod_cuda_graph_launch (graph, bench->queue, error);
    for (guint i = 0; graph == NULL && i < LAUNCHES; i++)
      run->run (bench);
    ok = ok && bench->error == NULL && gst_sod_cuda_wait (bench->queue, error);
    if (turn > 0)
      best = MIN (best, g_get_monotonic_time () - start);
  }
  g_clear_pointer (&graph, gst_sod_cuda_graph_free);
  if (bench->error != NULL) {
    g_clear_error (error);
    g_propagate_error (error, g_steal_pointer (&bench->error));
  }
  *time = (gdouble) MAX (best, 1) / 1e6 / LAUNCHES;
  return ok;
}

static void
copy_memory (KernelBench *bench)
{
  gsize size = (gsize) bench->n * bench->h * bench->w * bench->c
               * gst_sod_cuda_type_size (bench->type);

  if (bench->error == NULL)
    gst_sod_cuda_copy (
        bench->queue, bench->y.data, bench->x.data, size, &bench->error);
}

/* The best rate of a convolution of 256 channels, whichever pass. */
static gboolean
measure_rate (
    GstSodCudaDevice *device, GstSodCudaType type, Roof *roof, GError **error)
{
  const gint shape[] = { small ? 1 : batch, small ? 4 : 48, small ? 4 : 80,
    small ? 16 : 256 };
  g_auto (KernelBench) bench = { NULL };

  if (!kernel_bench_init (&bench, device, type, shape, error))
    return FALSE;
  for (guint i = 0; kernel_runs[i].name != NULL; i++) {
    const KernelRun *run = &kernel_runs[i];
    gdouble time;

    if (run->flops == NULL)
      continue;
    if (!measure (&bench, run, &time, error))
      return FALSE;
    roof->rates[type] = MAX (roof->rates[type], run->flops (&bench) / time);
  }
  return TRUE;
}

static gboolean
measure_roof (GstSodCudaDevice *device, Roof *roof, GError **error)
{
  static const KernelRun copy = { "copy", copy_memory, 2 };
  const gint shape[] = { 1, small ? 16 : 1024, small ? 16 : 1024, 64 };
  g_auto (KernelBench) bench = { NULL };
  gdouble time;

  *roof = (Roof){ 0 };
  if (!kernel_bench_init (&bench, device, GST_SOD_CUDA_F32, shape, error)
      || !measure (&bench, &copy, &time, error))
    return FALSE;
  roof->bandwidth = kernel_run_count_bytes (&copy, &bench) / time;
  for (guint i = 0; i < GST_SOD_CUDA_N_TYPES; i++) {
    if (!measure_rate (device, (GstSodCudaType) i, roof, error))
      return FALSE;
  }
  return TRUE;
}

/* ---- report ---- */

static void
add_number (JsonBuilder *builder, const gchar *name, gdouble value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_double_value (builder, value);
}

static void
add_text (JsonBuilder *builder, const gchar *name, const gchar *text)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, text);
}

static void
report (JsonBuilder *builder, const KernelBench *bench, const KernelRun *run,
    const Roof *roof, gdouble time)
{
  gdouble bytes = kernel_run_count_bytes (run, bench);
  gdouble flops = run->flops != NULL ? run->flops (bench) : 0;
  gdouble limit =
      MAX (bytes / roof->bandwidth, flops / roof->rates[bench->type]);
  g_autofree gchar *shape =
      g_strdup_printf ("%dx%dx%dx%d", bench->n, bench->h, bench->w, bench->c);

  g_print ("%10.2f us %9.1f GB/s %8.2f TFLOP/s %6.2f  %-4s %-16s %s\n",
      time * 1e6, bytes / time / 1e9, flops / time / 1e12, limit / time,
      type_names[bench->type], shape, run->name);
  json_builder_begin_object (builder);
  add_text (builder, "kernel", run->name);
  add_text (builder, "type", type_names[bench->type]);
  add_text (builder, "shape", shape);
  add_number (builder, "microseconds", time * 1e6);
  add_number (builder, "bytes", bytes);
  add_number (builder, "flops", flops);
  add_number (builder, "roof-microseconds", limit * 1e6);
  add_number (builder, "share", limit / time);
  json_builder_end_object (builder);
}

static gboolean
measure_all (KernelBench *bench, const KernelRun *runs, const Roof *roof,
    JsonBuilder *builder, GError **error)
{
  for (const KernelRun *run = runs; run->name != NULL; run++) {
    gdouble time;

    if (!measure (bench, run, &time, error)) {
      g_prefix_error (error, "%s: ", run->name);
      return FALSE;
    }
    report (builder, bench, run, roof, time);
  }
  return TRUE;
}

static gboolean
measure_types (GstSodCudaDevice *device, const gint shape[4], const Roof *roof,
    JsonBuilder *builder, GError **error)
{
  for (guint i = 0; i < GST_SOD_CUDA_N_TYPES; i++) {
    g_auto (KernelBench) bench = { NULL };

    if (!kernel_bench_init (&bench, device, (GstSodCudaType) i, shape, error)
        || !measure_all (&bench, kernel_runs, roof, builder, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
measure_once (GstSodCudaDevice *device, const Roof *roof, JsonBuilder *builder,
    GError **error)
{
  g_auto (KernelBench) bench = { NULL };

  return kernel_bench_init_once (&bench, device, small, error)
         && measure_all (&bench, kernel_runs_once, roof, builder, error);
}

/* Large maps of few channels, small ones of many. */
static gboolean
run (GstSodCudaDevice *device, JsonBuilder *builder, GError **error)
{
  const gint shapes[][4] = { { batch, 192, 320, 16 }, { batch, 48, 80, 64 },
    { batch, 12, 20, 256 } };
  const gint little[][4] = { { 2, 6, 10, 16 } };
  guint n = small ? G_N_ELEMENTS (little) : G_N_ELEMENTS (shapes);
  Roof roof;

  if (!measure_roof (device, &roof, error))
    return FALSE;
  g_print ("%s: a copy moves %.0f GB/s; the best convolution: f32 %.1f, f16 "
           "%.1f, bf16 %.1f TFLOP/s\n",
      gst_sod_cuda_device_get_info (device)->name, roof.bandwidth / 1e9,
      roof.rates[GST_SOD_CUDA_F32] / 1e12, roof.rates[GST_SOD_CUDA_F16] / 1e12,
      roof.rates[GST_SOD_CUDA_BF16] / 1e12);
  add_text (builder, "device", gst_sod_cuda_device_get_info (device)->name);
  add_number (builder, "copy-bytes-per-second", roof.bandwidth);
  json_builder_set_member_name (builder, "rows");
  json_builder_begin_array (builder);
  for (guint i = 0; i < n; i++) {
    if (!measure_types (
            device, small ? little[i] : shapes[i], &roof, builder, error))
      return FALSE;
  }
  if (!measure_once (device, &roof, builder, error))
    return FALSE;
  json_builder_end_array (builder);
  return TRUE;
}

static gboolean
write_rows (JsonBuilder *builder, GError **error)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree gchar *text = json_to_string (root, TRUE);

  return output == NULL || g_file_set_contents (output, text, -1, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("- time of each kernel on the first device");
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (GError) error = NULL;
  GstSodCudaDevice *device;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || batch < 1) {
    g_printerr ("benchmark-kernels: %s\n",
        error != NULL ? error->message : "--batch takes 1 or more");
    return 1;
  }
  device = gst_sod_cuda_device_count (&error) > 0
               ? gst_sod_cuda_device_get (0, NULL, &error)
               : NULL;
  if (device == NULL) {
    g_printerr ("benchmark-kernels: %s\n", error->message);
    return 77;
  }
  json_builder_begin_object (builder);
  if (run (device, builder, &error)) {
    json_builder_end_object (builder);
    if (write_rows (builder, &error))
      return 0;
  }
  g_printerr ("benchmark-kernels: %s\n", error->message);
  return 1;
}
