/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gst-sod info: what this machine can do. */
#include <gst-sod/gstsod.h>
#include <gst/gst.h>

#include <string.h>
#include <sys/utsname.h>

#include "command.h"
#include "json.h"

typedef struct
{
  gboolean json;
} Options;

/* What the arithmetic of networks gains by, as /proc/cpuinfo has it. */
static const struct
{
  const gchar *flag, *name;
} features[] = {
  { "avx2", "AVX2" },
  { "fma", "FMA" },
  { "avx512f", "AVX-512" },
  { "avx512_bf16", "AVX-512 BF16" },
  { "avx512_vnni", "AVX-512 VNNI" },
  { "avx_vnni", "AVX VNNI" },
  { "amx_tile", "AMX" },
  { "amx_bf16", "AMX BF16" },
  { "amx_int8", "AMX INT8" },
  { "asimd", "NEON" },
  { "asimddp", "NEON dot product" },
  { "bf16", "NEON BF16" },
  { "i8mm", "NEON int8 matrix" },
  { "sve", "SVE" },
};

typedef struct
{
  gchar *model, *architecture;
  gchar **flags; /* as the kernel names them */
  guint64 memory, available;
  GVariant *devices;
} Machine;

static void
machine_clear (Machine *self)
{
  g_free (self->model);
  g_free (self->architecture);
  g_strfreev (self->flags);
  g_clear_pointer (&self->devices, g_variant_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Machine, machine_clear)

/* What stands behind the first line "@key : ..." of @text; (transfer full)
 * (nullable) */
static gchar *
find_value (const gchar *text, const gchar *key)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++) {
    gchar *colon = strchr (lines[i], ':');

    if (colon == NULL)
      continue;
    *colon = '\0';
    if (g_str_equal (g_strchomp (lines[i]), key))
      return g_strdup (g_strstrip (colon + 1));
  }
  return NULL;
}

/* Bytes of a line of /proc/meminfo, which counts in kB. */
static guint64
find_bytes (const gchar *text, const gchar *key)
{
  g_autofree gchar *value = find_value (text, key);

  return value != NULL ? g_ascii_strtoull (value, NULL, 10) * 1024 : 0;
}

static void
look (Machine *self)
{
  g_autofree gchar *cpu = NULL, *memory = NULL, *flags = NULL;
  struct utsname names;

  if (uname (&names) == 0)
    self->architecture = g_strdup (names.machine);
  if (g_file_get_contents ("/proc/cpuinfo", &cpu, NULL, NULL)) {
    self->model = find_value (cpu, "model name");
    flags = find_value (cpu, "flags");
    if (flags == NULL)
      flags = find_value (cpu, "Features");
  }
  self->flags = g_strsplit (flags != NULL ? flags : "", " ", -1);
  if (g_file_get_contents ("/proc/meminfo", &memory, NULL, NULL)) {
    self->memory = find_bytes (memory, "MemTotal");
    self->available = find_bytes (memory, "MemAvailable");
  }
  self->devices = gst_sod_devices_describe ();
}

static gboolean
has_feature (const Machine *self, const gchar *flag)
{
  return g_strv_contains ((const gchar *const *) self->flags, flag);
}

/* ---- JSON ---- */

static void
add_text (
    GString *json, const gchar *name, GVariant *dictionary, const gchar *key)
{
  const gchar *text;

  if (g_variant_lookup (dictionary, key, "&s", &text))
    sod_json_string (json, name, text);
}

static void
add_backend (GString *json, GVariant *backend)
{
  g_autoptr (GVariant) precisions = g_variant_lookup_value (
      backend, "precisions", G_VARIANT_TYPE_STRING_ARRAY);
  guint64 memory;

  sod_json_open (json, NULL, '{');
  add_text (json, "device", backend, "device");
  add_text (json, "backend", backend, "backend");
  add_text (json, "name", backend, "name");
  add_text (json, "compute_capability", backend, "compute-capability");
  if (g_variant_lookup (backend, "memory", "t", &memory))
    sod_json_integer (json, "memory", memory);
  add_text (json, "precision", backend, "precision");
  sod_json_open (json, "precisions", '[');
  for (gsize i = 0; i < g_variant_n_children (precisions); i++) {
    g_autoptr (GVariant) precision = g_variant_get_child_value (precisions, i);

    sod_json_string (json, NULL, g_variant_get_string (precision, NULL));
  }
  sod_json_close (json, ']');
  add_text (json, "libraries", backend, "libraries");
  sod_json_close (json, '}');
}

/* The back end that @device means, best first in the list. */
static GVariant *
find_backend (GVariant *backends, const gchar *device)
{
  for (gsize i = 0; i < g_variant_n_children (backends); i++) {
    g_autoptr (GVariant) backend = g_variant_get_child_value (backends, i);
    const gchar *name = NULL;

    g_variant_lookup (backend, "device", "&s", &name);
    if (g_strcmp0 (name, device) == 0)
      return g_steal_pointer (&backend);
  }
  return NULL;
}

static void
add_choice (GString *json, GVariant *devices, GVariant *backends)
{
  g_autoptr (GVariant) backend = NULL;
  const gchar *device = NULL;

  g_variant_lookup (devices, "auto", "&s", &device);
  backend = find_backend (backends, device);
  sod_json_open (json, "auto", '{');
  sod_json_string (json, "device", device);
  if (backend != NULL) {
    add_text (json, "backend", backend, "backend");
    add_text (json, "precision", backend, "precision");
  }
  add_text (json, "reason", devices, "auto-reason");
  sod_json_close (json, '}');
}

static void
print_json (const Machine *self)
{
  g_autoptr (GString) json = g_string_new ("{");
  g_autoptr (GVariant) backends = g_variant_lookup_value (
      self->devices, "backends", G_VARIANT_TYPE ("aa{sv}"));
  g_autofree gchar *gstreamer = gst_version_string ();

  sod_json_string (json, "version", SOD_VERSION);
  sod_json_string (json, "gstreamer", gstreamer);
  sod_json_open (json, "cpu", '{');
  if (self->model != NULL)
    sod_json_string (json, "model", self->model);
  sod_json_string (json, "architecture", self->architecture);
  sod_json_integer (json, "processors", g_get_num_processors ());
  sod_json_open (json, "features", '{');
  for (guint i = 0; i < G_N_ELEMENTS (features); i++)
    sod_json_boolean (
        json, features[i].flag, has_feature (self, features[i].flag));
  sod_json_close (json, '}');
  sod_json_close (json, '}');
  sod_json_integer (json, "memory", self->memory);
  sod_json_integer (json, "memory_available", self->available);
  sod_json_open (json, "backends", '[');
  for (gsize i = 0; i < g_variant_n_children (backends); i++) {
    g_autoptr (GVariant) backend = g_variant_get_child_value (backends, i);

    add_backend (json, backend);
  }
  sod_json_close (json, ']');
  add_choice (json, self->devices, backends);
  sod_json_close (json, '}');
  g_print ("%s\n", json->str);
}

/* ---- text ---- */

static const gchar *
get_text (GVariant *dictionary, const gchar *key)
{
  const gchar *text = NULL;

  g_variant_lookup (dictionary, key, "&s", &text);
  return text;
}

static void
print_cpu (const Machine *self)
{
  g_autoptr (GString) has = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (features); i++) {
    if (has_feature (self, features[i].flag))
      g_string_append_printf (
          has, "%s%s", has->len > 0 ? ", " : "", features[i].name);
  }
  g_print ("cpu      %s, %u processors%s%s\n",
      self->model != NULL ? self->model : self->architecture,
      g_get_num_processors (), has->len > 0 ? ": " : "", has->str);
  g_print ("memory   %.1f GB, %.1f GB of them free\n",
      (gdouble) self->memory / 1e9, (gdouble) self->available / 1e9);
}

static void
print_backend (GVariant *backend)
{
  g_autofree const gchar **precisions = NULL;
  g_autofree gchar *joined = NULL;
  guint64 memory;

  g_variant_lookup (backend, "precisions", "^a&s", &precisions);
  joined = g_strjoinv (", ", (gchar **) precisions);
  g_print ("%-8s back end %s", get_text (backend, "device"),
      get_text (backend, "backend"));
  if (get_text (backend, "name") != NULL
      && g_variant_lookup (backend, "memory", "t", &memory))
    g_print (" on %s (compute capability %s, %.1f GB)",
        get_text (backend, "name"), get_text (backend, "compute-capability"),
        (gdouble) memory / 1e9);
  g_print (": %s", joined);
  if (get_text (backend, "libraries") != NULL)
    g_print ("; %s", get_text (backend, "libraries"));
  g_print ("\n");
}

static void
print_text (const Machine *self)
{
  g_autoptr (GVariant) backends = g_variant_lookup_value (
      self->devices, "backends", G_VARIANT_TYPE ("aa{sv}"));
  const gchar *device = get_text (self->devices, "auto");
  const gchar *reason = get_text (self->devices, "auto-reason");
  g_autoptr (GVariant) chosen = find_backend (backends, device);
  g_autofree gchar *gstreamer = gst_version_string ();

  g_print ("gst-sod  " SOD_VERSION ", %s\n", gstreamer);
  print_cpu (self);
  for (gsize i = 0; i < g_variant_n_children (backends); i++) {
    g_autoptr (GVariant) backend = g_variant_get_child_value (backends, i);

    print_backend (backend);
  }
  g_print ("auto     %s, back end %s, precision %s%s%s\n", device,
      get_text (chosen, "backend"), get_text (chosen, "precision"),
      reason != NULL ? "\n         no GPU: " : "",
      reason != NULL ? reason : "");
}

static SodExit
run (gpointer data, gchar **words, GError **error)
{
  const Options *options = data;
  g_auto (Machine) machine = { 0 };

  if (words[0] != NULL) {
    g_set_error_literal (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_WORDS,
        "info takes options only");
    return SOD_EXIT_REFUSED;
  }
  look (&machine);
  if (options->json)
    print_json (&machine);
  else
    print_text (&machine);
  return SOD_EXIT_OK;
}

static const SodOption options[] = {
  { "json", 0, G_OPTION_ARG_NONE, G_STRUCT_OFFSET (Options, json), "Print JSON",
      NULL },
  { NULL },
};

const SodCommand sod_command_info = {
  .name = "info",
  .summary = "Tells what this machine can do",
  .parameters = "",
  .description =
      "The processor and what its arithmetic has, memory, GPUs, the back ends "
      "that networks run on with their libraries and precisions, and the "
      "device and precision that device=auto takes; where that is no GPU, why "
      "not and what to do.\n\n"
      "  gst-sod info\n"
      "  gst-sod info --json\n",
  .options = options,
  .size = sizeof (Options),
  .run = run,
};
