/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/data/store.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gst-sod/data/picture-private.h>
#include <gst-sod/data/store-private.h>
#include <gst-sod/enumtypes.h>

/* The file that makes a folder a store; who writes to it holds its lock. */
#define MARK_NAME "gst-sod-store"
#define MARK "gst-sod frame store, format 1\n"
#define HOLDER_NAME "writer"

#define DEFAULT_SEGMENT_SIZE ((guint64) 64 << 20)
#define DEFAULT_JPEG_QUALITY 92

enum
{
  PROP_MAX_SIZE = 1,
  PROP_MAX_NODE_SIZE,
  PROP_MAX_AGE,
  PROP_SEGMENT_SIZE,
  PROP_PICTURE_FORMAT,
  PROP_JPEG_QUALITY,
  PROP_THINNING,
  PROP_KEEP_NEIGHBOURS,
  PROP_SYNC_INTERVAL,
  N_PROPS
};

enum
{
  SIGNAL_DAMAGE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (GstSodStore, gst_sod_store, G_TYPE_OBJECT)

static void
gst_sod_store_init (GstSodStore *self)
{
  g_mutex_init (&self->lock);
  self->nodes =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_sod_store_node_free);
  self->lock_file = -1;
}

static void
gst_sod_store_finalize (GObject *object)
{
  GstSodStore *self = GST_SOD_STORE (object);

  if (!self->read_only)
    gst_sod_store_sync_nodes (self, NULL);
  g_ptr_array_unref (self->nodes);
  if (self->lock_file >= 0)
    close (self->lock_file);
  g_mutex_clear (&self->lock);
  g_free (self->path);
  G_OBJECT_CLASS (gst_sod_store_parent_class)->finalize (object);
}

static void
gst_sod_store_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstSodStore *self = GST_SOD_STORE (object);

  g_mutex_lock (&self->lock);
  switch (id) {
    case PROP_MAX_SIZE:
      self->max_size = g_value_get_uint64 (value);
      break;
    case PROP_MAX_NODE_SIZE:
      self->max_node_size = g_value_get_uint64 (value);
      break;
    case PROP_MAX_AGE:
      self->max_age = g_value_get_uint (value);
      self->next_age_check = 0;
      break;
    case PROP_SEGMENT_SIZE:
      self->segment_size = g_value_get_uint64 (value);
      break;
    case PROP_PICTURE_FORMAT:
      self->picture_format = g_value_get_enum (value);
      break;
    case PROP_JPEG_QUALITY:
      self->jpeg_quality = g_value_get_uint (value);
      break;
    case PROP_THINNING:
      self->thinning = g_value_get_uint (value);
      break;
    case PROP_KEEP_NEIGHBOURS:
      self->keep_neighbours = g_value_get_boolean (value);
      break;
    case PROP_SYNC_INTERVAL:
      self->sync_interval = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  g_mutex_unlock (&self->lock);
}

static void
gst_sod_store_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstSodStore *self = GST_SOD_STORE (object);

  g_mutex_lock (&self->lock);
  switch (id) {
    case PROP_MAX_SIZE:
      g_value_set_uint64 (value, self->max_size);
      break;
    case PROP_MAX_NODE_SIZE:
      g_value_set_uint64 (value, self->max_node_size);
      break;
    case PROP_MAX_AGE:
      g_value_set_uint (value, self->max_age);
      break;
    case PROP_SEGMENT_SIZE:
      g_value_set_uint64 (value, self->segment_size);
      break;
    case PROP_PICTURE_FORMAT:
      g_value_set_enum (value, self->picture_format);
      break;
    case PROP_JPEG_QUALITY:
      g_value_set_uint (value, self->jpeg_quality);
      break;
    case PROP_THINNING:
      g_value_set_uint (value, self->thinning);
      break;
    case PROP_KEEP_NEIGHBOURS:
      g_value_set_boolean (value, self->keep_neighbours);
      break;
    case PROP_SYNC_INTERVAL:
      g_value_set_uint (value, self->sync_interval);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  g_mutex_unlock (&self->lock);
}

static void
install_limits (GObjectClass *object_class, GParamFlags flags)
{
  /**
   * GstSodStore:max-size:
   *
   * Bytes that the store may take; 0 = as many as there are. Before it grows
   * larger the oldest segments go, labelled frames last.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_MAX_SIZE,
      g_param_spec_uint64 ("max-size", "Maximum size",
          "Bytes that the store may take (0 = no limit)", 0, G_MAXUINT64, 0,
          flags));
  /**
   * GstSodStore:max-node-size:
   *
   * Bytes that one node may take; 0 = as many as there are.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_MAX_NODE_SIZE,
      g_param_spec_uint64 ("max-node-size", "Maximum size of a node",
          "Bytes that one node may take (0 = no limit)", 0, G_MAXUINT64, 0,
          flags));
  /**
   * GstSodStore:max-age:
   *
   * Seconds after which unlabelled frames go, by their wall time, up to an
   * eighth later; 0 = they stay. Labelled ones stay.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_MAX_AGE,
      g_param_spec_uint ("max-age", "Maximum age",
          "Seconds after which unlabelled frames go (0 = they stay)", 0,
          G_MAXUINT, 0, flags));
  /**
   * GstSodStore:segment-size:
   *
   * Bytes after which a new file is begun: what is freed at once. Where a limit
   * is set, at most an eighth of it counts.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_SEGMENT_SIZE,
      g_param_spec_uint64 ("segment-size", "Segment size",
          "Bytes after which a new file is begun", 4096, (guint64) 1 << 40,
          DEFAULT_SEGMENT_SIZE, flags));
}

static void
install_frames (GObjectClass *object_class, GParamFlags flags)
{
  /**
   * GstSodStore:picture-format:
   *
   * How frames that are appended are kept.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_PICTURE_FORMAT,
      g_param_spec_enum ("picture-format", "Picture format",
          "How frames are kept", GST_SOD_TYPE_STORE_PICTURE_FORMAT,
          GST_SOD_STORE_PICTURE_FORMAT_JPEG, flags));
  /**
   * GstSodStore:jpeg-quality:
   *
   * Quality of JPEG pictures, as libjpeg has it.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_JPEG_QUALITY,
      g_param_spec_uint ("jpeg-quality", "JPEG quality",
          "Quality of JPEG pictures", 1, 100, DEFAULT_JPEG_QUALITY, flags));
  /**
   * GstSodStore:thinning:
   *
   * An unlabelled frame is left out where its perceptual hash differs in fewer
   * than this many of 64 bits from one of the last 16 that its node kept; 0 =
   * all are kept.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_THINNING,
      g_param_spec_uint ("thinning", "Thinning",
          "Bits under which a frame is a near-duplicate (0 = keep all)", 0, 64,
          0, flags));
  /**
   * GstSodStore:keep-neighbours:
   *
   * Whether the frame just before a kept one is kept although it was thinned
   * out: a network of two frames looks back at it. It is no sample of its own,
   * but gst_sod_samples_find_neighbour() finds it.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_KEEP_NEIGHBOURS,
      g_param_spec_boolean ("keep-neighbours", "Keep neighbours",
          "Keep the frame before each kept one, too", FALSE, flags));
  /**
   * GstSodStore:sync-interval:
   *
   * Milliseconds that frames may wait for the disk. 0: each is on it when its
   * append returns. More: an append that comes so late after the last
   * synchronisation waits for the disk, others don't; a power cut loses the
   * frames since then, the end of the program none.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_SYNC_INTERVAL,
      g_param_spec_uint ("sync-interval", "Synchronisation interval",
          "Milliseconds that frames may wait for the disk (0 = none)", 0,
          G_MAXUINT, 0, flags));
  /**
   * GstSodStore::damage:
   * @self: the store
   * @file: (type filename): a segment's file
   * @offset: first byte that is no sound record
   * @size: how many such bytes
   * @reason: what is wrong
   *
   * gst_sod_store_verify() found damage; emitted on its caller's thread.
   *
   * Since: 0.1
   */
  signals[SIGNAL_DAMAGE] = g_signal_new ("damage", GST_SOD_TYPE_STORE,
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 4, G_TYPE_STRING,
      G_TYPE_UINT64, G_TYPE_UINT64, G_TYPE_STRING);
}

static void
gst_sod_store_class_init (GstSodStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS;

  object_class->set_property = gst_sod_store_set_property;
  object_class->get_property = gst_sod_store_get_property;
  object_class->finalize = gst_sod_store_finalize;
  install_limits (object_class, flags);
  install_frames (object_class, flags);
}

void
gst_sod_store_emit_damage (GstSodStore *self, const gchar *file, guint64 offset,
    guint64 size, const gchar *reason)
{
  g_signal_emit (self, signals[SIGNAL_DAMAGE], 0, file, offset, size, reason);
}

/* ---- opening ---- */

static gboolean
is_empty_folder (const gchar *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);

  return dir != NULL && g_dir_read_name (dir) == NULL;
}

static gboolean
create (const gchar *path, const gchar *mark, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (!gst_sod_store_make_folder (path, error))
    return FALSE;
  if (!is_empty_folder (path)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
        "%s: is no frame store and not empty, so none is made of it; name a "
        "new folder",
        path);
    return FALSE;
  }
  if (g_file_set_contents_full (mark, MARK, -1,
          G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666,
          &cause))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR,
      g_error_matches (cause, G_FILE_ERROR, G_FILE_ERROR_NOSPC)
          ? GST_SOD_ERROR_NO_SPACE
          : GST_SOD_ERROR_IO,
      "%s: no store can be made: %s", path, cause->message);
  return FALSE;
}

static gboolean
check_mark (const gchar *path, const gchar *mark, GError **error)
{
  g_autoptr (GBytes) bytes = gst_sod_file_read (mark, 4096, error);

  if (bytes == NULL)
    return FALSE;
  if (g_bytes_get_size (bytes) == strlen (MARK)
      && memcmp (g_bytes_get_data (bytes, NULL), MARK, strlen (MARK)) == 0)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "%s: the file " MARK_NAME " in it names a format that this version does "
      "not know; use a newer one",
      path);
  return FALSE;
}

static gboolean
find_mark (const gchar *path, GstSodStoreFlags flags, GError **error)
{
  g_autofree gchar *mark = g_build_filename (path, MARK_NAME, NULL);

  if (g_file_test (mark, G_FILE_TEST_EXISTS))
    return check_mark (path, mark, error);
  if ((flags & GST_SOD_STORE_FLAG_CREATE) != 0)
    return create (path, mark, error);
  if (g_file_test (path, G_FILE_TEST_IS_DIR) && access (path, R_OK | X_OK) != 0)
    gst_sod_file_error (path, "cannot be looked into", errno, error);
  else
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND,
        "%s: is no frame store (it has no file " MARK_NAME "); check the path",
        path);
  return FALSE;
}

/* What the writer said of itself. (transfer full) */
static gchar *
read_holder (const gchar *path)
{
  gchar *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL)
      || g_strstrip (text)[0] == '\0' || !g_utf8_validate (text, -1, NULL)) {
    g_free (text);
    return g_strdup ("another process");
  }
  return text;
}

/* The kernel lets go of the lock when the process ends, however it ends. */
static gboolean
take_lock (GstSodStore *self, GError **error)
{
  g_autofree gchar *path = g_build_filename (self->path, HOLDER_NAME, NULL);
  g_autofree gchar *text = NULL;
  const gchar *program = g_get_prgname ();

  self->lock_file = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (self->lock_file < 0) {
    g_set_error (error, GST_SOD_ERROR,
        errno == ENOSPC || errno == EDQUOT ? GST_SOD_ERROR_NO_SPACE
                                           : GST_SOD_ERROR_IO,
        "%s: cannot be opened to write: %s; make the store writable for this "
        "user, or open it to read only",
        path, g_strerror (errno));
    return FALSE;
  }
  if (flock (self->lock_file, LOCK_EX | LOCK_NB) != 0) {
    g_autofree gchar *holder = read_holder (path);

    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_BUSY,
        "%s: is written to by %s; end that, or open the store to read only",
        self->path, holder);
    return FALSE;
  }
  text = g_strdup_printf ("process %d (%s)\n", (gint) getpid (),
      program != NULL ? program : "no name");
  /* Who holds it is for the message only: a full disk does not matter. */
  if (ftruncate (self->lock_file, 0) != 0
      || pwrite (self->lock_file, text, strlen (text), 0) < 0)
    errno = 0;
  return TRUE;
}

static gboolean
load (GstSodStore *self, GError **error)
{
  if (!self->read_only && !take_lock (self, error))
    return FALSE;
  if (!gst_sod_store_refresh (self, error))
    return FALSE;
  for (guint i = 0; !self->read_only && i < self->nodes->len; i++) {
    if (!gst_sod_store_node_mend (g_ptr_array_index (self->nodes, i), error))
      return FALSE;
  }
  self->last_sync = g_get_monotonic_time ();
  return TRUE;
}

/**
 * gst_sod_store_open:
 * @path: (type filename): the store's folder
 * @flags: to read or to write, and whether to make it
 * @error: return location for an error
 *
 * Opens a store and finds what it holds: only the headers of records are read.
 * A damaged record is skipped and counted (gst_sod_store_get_statistics()), all
 * others are kept. Opened to write, the beginning of a record at the end of a
 * file, which a killed program or a power cut leaves, is cut off.
 *
 * Errors: %GST_SOD_ERROR_NOT_FOUND, %GST_SOD_ERROR_IO, %GST_SOD_ERROR_FORMAT
 * for a folder that is something else, %GST_SOD_ERROR_BUSY where another
 * process writes to it, which the message names, %GST_SOD_ERROR_NO_SPACE.
 *
 * Returns: (transfer full): the store, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodStore *
gst_sod_store_open (const gchar *path, GstSodStoreFlags flags, GError **error)
{
  g_autoptr (GstSodStore) self = NULL;

  g_return_val_if_fail (path != NULL && path[0] != '\0', NULL);
  g_return_val_if_fail ((flags & GST_SOD_STORE_FLAG_READ_ONLY) == 0
                            || (flags & GST_SOD_STORE_FLAG_CREATE) == 0,
      NULL);

  if (!find_mark (path, flags, error))
    return NULL;
  self = g_object_new (GST_SOD_TYPE_STORE, NULL);
  self->path = g_strdup (path);
  self->read_only = (flags & GST_SOD_STORE_FLAG_READ_ONLY) != 0;
  if (!load (self, error)) {
    self->read_only = TRUE;
    return NULL;
  }
  return g_steal_pointer (&self);
}

/**
 * gst_sod_store_get_path:
 * @self: a store
 *
 * Returns: (type filename): its folder
 *
 * Since: 0.1
 */
const gchar *
gst_sod_store_get_path (GstSodStore *self)
{
  g_return_val_if_fail (GST_SOD_IS_STORE (self), NULL);

  return self->path;
}

/**
 * gst_sod_store_sync:
 * @self: a store
 * @error: return location for an error
 *
 * Waits until everything that was appended is on the disk. With a
 * #GstSodStore:sync-interval of 0 it is already.
 *
 * Errors: %GST_SOD_ERROR_NO_SPACE, %GST_SOD_ERROR_IO: frames since the last
 * synchronisation may be lost.
 *
 * Returns: whether it is; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_store_sync (GstSodStore *self, GError **error)
{
  gboolean done;

  g_return_val_if_fail (GST_SOD_IS_STORE (self), FALSE);

  g_mutex_lock (&self->lock);
  done = gst_sod_store_sync_nodes (self, error);
  g_mutex_unlock (&self->lock);
  return done;
}

/**
 * gst_sod_store_prune:
 * @self: a store that was opened to write
 * @n_bytes: (out) (optional): how many bytes became free
 * @error: return location for an error
 *
 * Gives up frames until #GstSodStore:max-size, #GstSodStore:max-node-size and
 * #GstSodStore:max-age hold, as appending does by itself. Snapshots that were
 * taken before keep what they show.
 *
 * Errors: %GST_SOD_ERROR_IO, %GST_SOD_ERROR_NO_SPACE where labelled frames
 * cannot be carried over into another segment,
 * %GST_SOD_ERROR_UNSUPPORTED for a store that was opened to read only.
 *
 * Returns: whether it could be done; if not, @error is set
 *
 * Since: 0.1
 */
gboolean
gst_sod_store_prune (GstSodStore *self, guint64 *n_bytes, GError **error)
{
  guint64 n = 0;
  gboolean done;

  g_return_val_if_fail (GST_SOD_IS_STORE (self), FALSE);

  if (!gst_sod_store_check_writable (self, error))
    return FALSE;
  g_mutex_lock (&self->lock);
  done = gst_sod_store_make_room (self, NULL, 0, &n, error);
  g_mutex_unlock (&self->lock);
  if (n_bytes != NULL)
    *n_bytes = n;
  return done;
}
