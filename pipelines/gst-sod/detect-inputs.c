/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What files, folders and patterns stand for, and what comes of each. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "detect.h"

/* What a folder is searched for. */
static const gchar *const picture_suffixes[] = { "jpg", "jpeg", "png", "bmp",
  "tif", "tiff", "webp", "pnm", "ppm", "pgm", NULL };
static const gchar *const video_suffixes[] = { "mp4", "m4v", "mov", "mkv",
  "webm", "avi", "mpg", "mpeg", "ts", "mts", "m2ts", "ogv", "ogg", "flv", "wmv",
  "3gp", "y4m", "gif", NULL };

typedef struct
{
  GPtrArray *inputs;
  GHashTable *paths;   /* of the inputs, absolute: nothing is taken twice */
  GHashTable *folders; /* "device inode" of those seen, and of the outputs */
} Search;

const gchar *
sod_kind_name (SodKind kind)
{
  static const gchar *const names[SOD_N_KINDS] = { "maps", "masks", "overlays",
    "cutouts", "json" };

  return names[kind];
}

static void
input_free (gpointer data)
{
  SodInput *self = data;

  g_free (self->path);
  g_free (self->name);
  g_free (self->reason);
  g_free (self);
}

/* Where the suffix of @name begins, its dot; its end where it has none. */
static const gchar *
find_suffix (const gchar *name)
{
  const gchar *slash = strrchr (name, '/');
  const gchar *base = slash != NULL ? slash + 1 : name;
  const gchar *dot = strrchr (base, '.');

  return dot != NULL && dot != base ? dot : name + strlen (name);
}

static gboolean
has_suffix (const gchar *name, const gchar *const *suffixes)
{
  const gchar *suffix = find_suffix (name);
  g_autofree gchar *lower = NULL;

  if (*suffix == '\0')
    return FALSE;
  lower = g_ascii_strdown (suffix + 1, -1);
  return g_strv_contains (suffixes, lower);
}

/* By its first bytes; by its name where they tell nothing. */
static gboolean
is_picture (const gchar *name, const guint8 *head, gsize length)
{
  static const gchar *const starts[] = { "\xff\xd8\xff", "\x89PNG", "BM", "II*",
    "MM", "P1", "P2", "P3", "P4", "P5", "P6" };

  for (guint i = 0; i < G_N_ELEMENTS (starts); i++) {
    gsize n = strlen (starts[i]);

    if (length >= n && memcmp (head, starts[i], n) == 0)
      return TRUE;
  }
  if (length >= 12 && memcmp (head, "RIFF", 4) == 0)
    return memcmp (head + 8, "WEBP", 4) == 0;
  return has_suffix (name, picture_suffixes);
}

static gchar *
look_at (SodInput *input)
{
  GStatBuf status;
  guint8 head[16];
  gssize length;
  gint fd;

  if (g_stat (input->path, &status) != 0)
    return g_strdup (g_strerror (errno));
  if (!S_ISREG (status.st_mode))
    return g_strdup ("neither a file nor a folder");
  if (status.st_size == 0)
    return g_strdup ("the file is empty");
  input->size = (guint64) status.st_size;
  input->changed =
      status.st_mtim.tv_sec * G_USEC_PER_SEC + status.st_mtim.tv_nsec / 1000;
  fd = g_open (input->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  length = fd >= 0 ? read (fd, head, sizeof head) : -1;
  if (length < 0) {
    gint reason = errno;

    if (fd >= 0)
      g_close (fd, NULL);
    return g_strdup (g_strerror (reason));
  }
  g_close (fd, NULL);
  input->is_picture = is_picture (input->path, head, (gsize) length);
  return NULL;
}

/* A name with .. in it would lead out of the output folder. */
static gboolean
leads_out (const gchar *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", -1);

  return g_strv_contains ((const gchar *const *) parts, "..");
}

/* Where the data of a JPEG's first scan begin; 0 where there is none. */
static gsize
find_scan (const guint8 *data, gsize length)
{
  gsize at = 2;

  while (at + 4 <= length && data[at] == 0xff) {
    guint8 marker = data[at + 1];

    if (marker == 0xff)
      at++;
    else if (marker == 0xda)
      return at + 2;
    else
      at += 2 + ((gsize) data[at + 2] << 8 | data[at + 3]);
  }
  return 0;
}

/* GStreamer's decoder makes up what is missing of a JPEG and says nothing. */
gboolean
sod_input_is_cut (const SodInput *input)
{
  g_autofree gchar *text = NULL;
  const guint8 *data;
  gsize length, at;

  if (!g_file_get_contents (input->path, &text, &length, NULL))
    return FALSE;
  data = (const guint8 *) text;
  if (length < 4 || memcmp (data, "\xff\xd8\xff", 3) != 0)
    return FALSE;
  at = find_scan (data, length);
  if (at == 0)
    return TRUE;
  for (; at + 1 < length; at++)
    if (data[at] == 0xff && data[at + 1] == 0xd9)
      return FALSE;
  return TRUE;
}

static void
add (Search *self, const gchar *path, const gchar *name, const gchar *reason)
{
  gchar *absolute = g_canonicalize_filename (path, NULL);
  SodInput *input;

  if (!g_hash_table_add (self->paths, absolute))
    return;
  input = g_new0 (SodInput, 1);
  input->path = g_strdup (path);
  input->name = leads_out (name) ? g_path_get_basename (name) : g_strdup (name);
  input->reason = reason != NULL ? g_strdup (reason) : look_at (input);
  g_ptr_array_add (self->inputs, input);
}

/* (transfer full) (nullable) */
static gchar *
identify (const gchar *path)
{
  GStatBuf status;

  if (g_stat (path, &status) != 0)
    return NULL;
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
      (guint64) status.st_dev, (guint64) status.st_ino);
}

/* FALSE for a folder that was here before: links may lead in circles. */
static gboolean
enter (GHashTable *folders, const gchar *path)
{
  gchar *identity = identify (path);

  return identity != NULL && g_hash_table_add (folders, identity);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* (transfer full) */
static GPtrArray *
list (const gchar *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  GPtrArray *names;
  const gchar *name;

  if (dir == NULL)
    return NULL;
  names = g_ptr_array_new_with_free_func (g_free);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (*name != '.')
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare);
  return names;
}

/* @name: of @folder, "" for one that names are relative to. */
static void
walk (Search *self, const gchar *folder, const gchar *name)
{
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GError) error = NULL;

  if (!enter (self->folders, folder))
    return;
  names = list (folder, &error);
  if (names == NULL) {
    add (self, folder, *name != '\0' ? name : folder, error->message);
    return;
  }
  for (guint i = 0; i < names->len; i++) {
    const gchar *entry = g_ptr_array_index (names, i);
    g_autofree gchar *path = g_build_filename (folder, entry, NULL);
    g_autofree gchar *below =
        *name != '\0' ? g_build_filename (name, entry, NULL) : g_strdup (entry);

    if (g_file_test (path, G_FILE_TEST_IS_DIR))
      walk (self, path, below);
    else if (has_suffix (entry, picture_suffixes)
             || has_suffix (entry, video_suffixes))
      add (self, path, below, NULL);
  }
}

/* How much of @pattern is a folder without wildcards, its slash included. */
static gsize
fixed_part (const gchar *pattern)
{
  gsize wild = strcspn (pattern, "*?[\\");

  while (wild > 0 && pattern[wild - 1] != '/')
    wild--;
  return wild;
}

static void
expand (Search *self, const gchar *pattern)
{
  gsize fixed = fixed_part (pattern);
  glob_t found;

  if (glob (pattern, 0, NULL, &found) != 0) {
    add (self, pattern, pattern,
        strpbrk (pattern, "*?[") != NULL ? "nothing is called so"
                                         : "no such file");
    return;
  }
  for (gsize i = 0; i < found.gl_pathc; i++) {
    const gchar *path = found.gl_pathv[i];

    if (g_file_test (path, G_FILE_TEST_IS_DIR))
      walk (self, path, path + fixed);
    else
      add (self, path, path + fixed, NULL);
  }
  globfree (&found);
}

GPtrArray *
sod_inputs_collect (gchar **words, gchar *const *outputs)
{
  Search search = {
    .inputs = g_ptr_array_new_with_free_func (input_free),
    .paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
  };
  g_autoptr (GHashTable) targets =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < SOD_N_KINDS; i++)
    if (outputs[i] != NULL) {
      enter (targets, outputs[i]);
      enter (search.folders, outputs[i]);
    }
  for (; *words != NULL; words++) {
    g_autofree gchar *identity = identify (*words);

    if (identity != NULL && g_hash_table_contains (targets, identity)) {
      add (&search, *words, *words,
          "outputs go into it; give them a folder of their own");
    } else if (g_file_test (*words, G_FILE_TEST_IS_DIR)) {
      walk (&search, *words, "");
    } else if (g_file_test (*words, G_FILE_TEST_EXISTS)) {
      g_autofree gchar *name = g_path_get_basename (*words);

      add (&search, *words, name, NULL);
    } else {
      expand (&search, *words);
    }
  }
  g_hash_table_unref (search.paths);
  g_hash_table_unref (search.folders);
  return search.inputs;
}

/* ---- outputs ---- */

gboolean
sod_input_fills_folder (const SodInput *input, SodKind kind)
{
  return !input->is_picture && kind != SOD_KIND_OVERLAYS
         && kind != SOD_KIND_LINES;
}

gchar *
sod_input_name_output (const SodInput *input, SodKind kind)
{
  g_autofree gchar *stem = g_strndup (
      input->name, (gsize) (find_suffix (input->name) - input->name));
  const gchar *suffix = ".png";

  if (kind == SOD_KIND_LINES)
    suffix = ".jsonl";
  else if (!input->is_picture)
    suffix = kind == SOD_KIND_OVERLAYS ? ".mp4" : "";
  return g_strconcat (stem, suffix, NULL);
}

static gboolean
refuse (GError **error, const SodInput *a, const SodInput *b, const gchar *path)
{
  g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
      "%s and %s would both be written to %s; nothing was written. Give the "
      "folder that holds both, whose folders are then kept apart, or name one "
      "of them otherwise",
      a->path, b->path, path);
  return FALSE;
}

/* @owners: output -> input; @folders: those of them that hold a video. */
static gboolean
claim (GHashTable *owners, GHashTable *inputs, SodInput *input,
    const gchar *path, GError **error)
{
  SodInput *other = g_hash_table_lookup (owners, path);

  if (other != NULL)
    return refuse (error, other, input, path);
  if (g_hash_table_contains (inputs, path)) {
    g_set_error (error, SOD_USAGE_ERROR, SOD_USAGE_ERROR_REFUSED,
        "the output of %s would be written over the input %s; nothing was "
        "written. Give another output folder",
        input->path, path);
    return FALSE;
  }
  g_hash_table_insert (owners, g_strdup (path), input);
  return TRUE;
}

/* Whether @path lies in the folder that a video's pictures go to. */
static gboolean
check_parents (
    GHashTable *folders, SodInput *input, const gchar *path, GError **error)
{
  g_autofree gchar *parent = g_path_get_dirname (path);

  while (!g_str_equal (parent, "/")) {
    SodInput *other = g_hash_table_lookup (folders, parent);
    gchar *next;

    if (other != NULL)
      return refuse (error, other, input, parent);
    next = g_path_get_dirname (parent);
    g_free (parent);
    parent = next;
  }
  return TRUE;
}

static gchar *
locate (const SodInput *input, const gchar *folder, SodKind kind)
{
  g_autofree gchar *name = sod_input_name_output (input, kind);
  g_autofree gchar *path = g_build_filename (folder, name, NULL);

  return g_canonicalize_filename (path, NULL);
}

gboolean
sod_inputs_check (GPtrArray *inputs, gchar *const *outputs, GError **error)
{
  g_autoptr (GHashTable) owners =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) folders =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) taken =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < inputs->len; i++) {
    SodInput *input = g_ptr_array_index (inputs, i);

    g_hash_table_add (taken, g_canonicalize_filename (input->path, NULL));
  }
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < inputs->len * SOD_N_KINDS; i++) {
      SodInput *input = g_ptr_array_index (inputs, i / SOD_N_KINDS);
      SodKind kind = i % SOD_N_KINDS;
      g_autofree gchar *path = NULL;

      if (outputs[kind] == NULL || input->reason != NULL)
        continue;
      path = locate (input, outputs[kind], kind);
      if (pass == 1) {
        if (!check_parents (folders, input, path, error))
          return FALSE;
        continue;
      }
      if (!claim (owners, taken, input, path, error))
        return FALSE;
      if (sod_input_fills_folder (input, kind))
        g_hash_table_insert (folders, g_steal_pointer (&path), input);
    }
  return TRUE;
}
