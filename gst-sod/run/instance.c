/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/run/instance-private.h>

#include <glib/gstdio.h>

/* Batch of an instance that nobody chose one for: alone, a stream has one
 * frame at a time; several that share wait for each other no longer than a
 * batch of four takes. */
#define PRIVATE_BATCH 1
#define SHARED_BATCH 4

/* What tells a file from the one that was put in its place. */
typedef struct
{
  guint64 device, inode, size;
  gint64 mtime; /* ns */
} FileIdentity;

struct _GstSodInstance
{
  GObject parent;

  /* set once */
  GstSodNetworkKind kind; /* of networks to be loaded */
  gchar *id;              /* NULL: private */
  gchar *device;
  GstSodPrecision precision; /* as asked for */
  gchar *cpu_affinity;
  guint batch_size;
  GstSodBackend *backend;
  GstSodExecutor *executor;

  GMutex loading; /* one load at a time; taken before lock */

  GMutex lock;           /* of what follows; held for moments only */
  gsize workspace_limit; /* bytes, of networks to be loaded */
  GstSodPacked *packed;
  gchar *path; /* file that packed came from, NULL where there is none */
  FileIdentity identity; /* of path when it was read */
};

G_DEFINE_TYPE (GstSodInstance, gst_sod_instance, G_TYPE_OBJECT)

/* Shared instances in use: id -> GWeakRef. */
static GMutex table_lock;
static GHashTable *table;

static void
free_entry (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

/* The instance called @id or NULL; table_lock held. */
static GstSodInstance *
find_shared (const gchar *id)
{
  GWeakRef *entry = table != NULL ? g_hash_table_lookup (table, id) : NULL;

  return entry != NULL ? g_weak_ref_get (entry) : NULL;
}

/* table_lock held. */
static void
share (GstSodInstance *self)
{
  GWeakRef *entry = g_new0 (GWeakRef, 1);

  if (table == NULL)
    table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_entry);
  g_weak_ref_init (entry, self);
  g_hash_table_replace (table, g_strdup (self->id), entry);
}

/* Drops the entry of @id unless somebody has made a new instance of it since
 * the last one died. */
static void
forget (const gchar *id)
{
  GstSodInstance *successor;

  g_mutex_lock (&table_lock);
  successor = find_shared (id);
  if (successor == NULL && table != NULL) {
    g_hash_table_remove (table, id);
    if (g_hash_table_size (table) == 0)
      g_clear_pointer (&table, g_hash_table_unref);
  }
  g_mutex_unlock (&table_lock);
  g_clear_object (&successor);
}

static void
gst_sod_instance_finalize (GObject *object)
{
  GstSodInstance *self = GST_SOD_INSTANCE (object);

  if (self->id != NULL)
    forget (self->id);
  g_clear_pointer (&self->packed, gst_sod_packed_unref);
  g_clear_object (&self->executor);
  g_free (self->id);
  g_free (self->device);
  g_free (self->cpu_affinity);
  g_free (self->path);
  g_mutex_clear (&self->loading);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (gst_sod_instance_parent_class)->finalize (object);
}

static void
gst_sod_instance_class_init (GstSodInstanceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_sod_instance_finalize;
}

static void
gst_sod_instance_init (GstSodInstance *self)
{
  g_mutex_init (&self->loading);
  g_mutex_init (&self->lock);
}

static gchar *
describe_settings (GstSodInstance *self)
{
  return g_strdup_printf (
      "device=%s precision=%s threads=%u cpu-affinity=%s batch-size=%u",
      self->device, gst_sod_precision_name (self->precision),
      gst_sod_executor_get_threads (self->executor),
      *self->cpu_affinity != '\0' ? self->cpu_affinity : "all",
      self->batch_size);
}

static gboolean
check_same_settings (
    GstSodInstance *there, GstSodInstance *wanted, GError **error)
{
  g_autofree gchar *has = NULL, *wants = NULL;

  if (there->executor == wanted->executor && there->backend == wanted->backend
      && there->precision == wanted->precision
      && there->batch_size == wanted->batch_size)
    return TRUE;
  has = describe_settings (there);
  wants = describe_settings (wanted);
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
      "model-instance-id \"%s\" is in use with %s, and was now asked for with "
      "%s; give all that share it the same settings, or this one another id",
      there->id, has, wants);
  return FALSE;
}

/* Fills in an instance whose back end and device are chosen. */
static gboolean
set_up (GstSodInstance *self, GstSodPrecision precision, guint threads,
    const gchar *cpu_affinity, guint batch_size, GError **error)
{
  if (precision != GST_SOD_PRECISION_AUTO
      && !self->backend->klass->check_precision (
          self->backend, precision, error))
    return FALSE;
  self->executor =
      gst_sod_executor_get (self->device, threads, cpu_affinity, error);
  self->precision = precision;
  self->cpu_affinity = g_strdup (cpu_affinity != NULL ? cpu_affinity : "");
  self->batch_size = batch_size;
  return self->executor != NULL;
}

GstSodInstance *
gst_sod_instance_new_on (GstSodBackend *backend, GstSodPrecision precision,
    guint threads, guint batch_size, GError **error)
{
  g_autoptr (GstSodInstance) self = g_object_new (GST_SOD_TYPE_INSTANCE, NULL);

  self->backend = backend;
  self->device = g_strdup (backend->klass->device);
  if (!set_up (self, precision, threads, NULL, batch_size, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* The instance for @wanted (taken), whose back end and device are chosen. */
static GstSodInstance *
find_or_share (GstSodInstance *wanted, const gchar *id, GError **error)
{
  GstSodInstance *there;
  gboolean same = TRUE;

  g_mutex_lock (&table_lock);
  there = find_shared (id);
  if (there == NULL) {
    wanted->id = g_strdup (id);
    share (wanted);
  } else {
    same = check_same_settings (there, wanted, error);
  }
  g_mutex_unlock (&table_lock);
  if (there == NULL)
    return wanted;
  g_object_unref (wanted);
  if (!same)
    g_clear_object (&there);
  return there;
}

/**
 * gst_sod_instance_get_in_context:
 * @id: (nullable): as in gst_sod_instance_get()
 * @device: (nullable): as in gst_sod_instance_get(); a GPU where @context is
 *   not %NULL
 * @context: (nullable): a context of the driver's that another library made on
 *   the GPU (a `CUcontext`) and that outlives the program's use of the library;
 *   %NULL for one of the library's own
 * @precision: as in gst_sod_instance_get()
 * @threads: as in gst_sod_instance_get()
 * @cpu_affinity: (nullable): as in gst_sod_instance_get()
 * @batch_size: as in gst_sod_instance_get()
 * @error: return location for an error
 *
 * As gst_sod_instance_get(), for networks that read pictures where the other
 * library has put them: memory of one context is not seen from another. An @id
 * is in use in one context only. Thread-safe.
 *
 * Errors: as gst_sod_instance_get().
 *
 * Returns: (transfer full): the instance, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodInstance *
gst_sod_instance_get_in_context (const gchar *id, const gchar *device,
    gpointer context, GstSodPrecision precision, guint threads,
    const gchar *cpu_affinity, guint batch_size, GError **error)
{
  g_autoptr (GstSodInstance) wanted = NULL;

  if (id != NULL && *id == '\0')
    id = NULL;
  if (device == NULL)
    device = "auto";
  if (batch_size > GST_SOD_PACKED_MAX_BATCH) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_INVALID_ARGUMENT,
        "a batch of %u frames was asked for, the most is %d; 0 chooses",
        batch_size, GST_SOD_PACKED_MAX_BATCH);
    return NULL;
  }
  if (batch_size == 0)
    batch_size = id != NULL ? SHARED_BATCH : PRIVATE_BATCH;
  wanted = g_object_new (GST_SOD_TYPE_INSTANCE, NULL);
  wanted->backend = context == NULL ? gst_sod_backend_for_device (
                        device, &wanted->device, error)
                                    : gst_sod_backend_for_context (device,
                                        context, &wanted->device, error);
  if (wanted->backend == NULL
      || !set_up (wanted, precision, threads, cpu_affinity, batch_size, error))
    return NULL;
  if (id == NULL)
    return g_steal_pointer (&wanted);
  return find_or_share (g_steal_pointer (&wanted), id, error);
}

/**
 * gst_sod_instance_get:
 * @id: (nullable): name under which users in this process share the instance;
 *   %NULL or empty for one of the caller's own
 * @device: (nullable): "auto", "cpu", "cuda" or "cuda:N"; %NULL means "auto"
 * @precision: arithmetic to run networks in; %GST_SOD_PRECISION_AUTO takes the
 *   best that the device has
 * @threads: how many threads one forward pass uses, 0 = one for each processor
 * @cpu_affinity: (nullable): processors to keep to, as "0,2-3"; %NULL or empty
 *   for all
 * @batch_size: the most frames of different sessions that run as one batch, 1
 *   to 64; 0 = 1 where @id is %NULL, else 4
 * @error: return location for an error
 *
 * Makes an instance, without a network yet, or finds the one that is in use
 * under @id. An @id is free again as soon as its last user is gone.
 * Thread-safe.
 *
 * Errors: %GST_SOD_ERROR_INVALID_ARGUMENT where @id is in use with other
 * settings or a setting is out of range, %GST_SOD_ERROR_DEVICE where the device
 * is not there, %GST_SOD_ERROR_UNSUPPORTED where it has no such precision, and
 * those of gst_sod_executor_get().
 *
 * Returns: (transfer full): the instance, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodInstance *
gst_sod_instance_get (const gchar *id, const gchar *device,
    GstSodPrecision precision, guint threads, const gchar *cpu_affinity,
    guint batch_size, GError **error)
{
  return gst_sod_instance_get_in_context (
      id, device, NULL, precision, threads, cpu_affinity, batch_size, error);
}

/**
 * gst_sod_instance_new_reverse:
 * @device: (nullable): as in gst_sod_instance_get()
 * @precision: as in gst_sod_instance_get()
 * @threads: as in gst_sod_instance_get()
 * @cpu_affinity: (nullable): as in gst_sod_instance_get()
 * @error: return location for an error
 *
 * Makes an instance for networks of kind %GST_SOD_NETWORK_REVERSE, without one
 * yet: what a #GstSodReconstructor works on. Its executor is that of every
 * instance with the same device, threads and affinity. Thread-safe.
 *
 * Errors: as gst_sod_instance_get().
 *
 * Returns: (transfer full): the instance, or %NULL with @error set
 *
 * Since: 0.1
 */
GstSodInstance *
gst_sod_instance_new_reverse (const gchar *device, GstSodPrecision precision,
    guint threads, const gchar *cpu_affinity, GError **error)
{
  g_autoptr (GstSodInstance) self = NULL;

  self = gst_sod_instance_get (
      NULL, device, precision, threads, cpu_affinity, 1, error);
  if (self != NULL)
    gst_sod_instance_set_kind (self, GST_SOD_NETWORK_REVERSE);
  return g_steal_pointer (&self);
}

/**
 * gst_sod_instance_set_workspace_limit:
 * @self: an instance
 * @limit: bytes, 0 = as the back end likes
 *
 * Says how much memory beside that of its layers a network may take on a GPU
 * for faster algorithms; counts for the networks that are loaded from then on.
 * Under a limit that no algorithm keeps to, loading fails with
 * %GST_SOD_ERROR_UNSUPPORTED. The CPU has no such memory. Thread-safe.
 *
 * Since: 0.1
 */
void
gst_sod_instance_set_workspace_limit (GstSodInstance *self, guint64 limit)
{
  g_return_if_fail (GST_SOD_IS_INSTANCE (self));

  g_mutex_lock (&self->lock);
  self->workspace_limit = MIN (limit, G_MAXSIZE);
  g_mutex_unlock (&self->lock);
}

/* All zero where @path cannot be looked at: reading it will say why. */
static FileIdentity
identify (const gchar *path)
{
  GStatBuf status;

  if (g_stat (path, &status) != 0)
    return (FileIdentity){ 0 };
  return (FileIdentity){
    .device = status.st_dev,
    .inode = status.st_ino,
    .size = (guint64) status.st_size,
    .mtime = status.st_mtim.tv_sec * G_GINT64_CONSTANT (1000000000)
             + status.st_mtim.tv_nsec,
  };
}

static gboolean
is_same_file (const FileIdentity *a, const FileIdentity *b)
{
  return a->device == b->device && a->inode == b->inode && a->size == b->size
         && a->mtime == b->mtime;
}

static void
refuse_kind (GstSodInstance *self, const gchar *name, GError **error)
{
  if (self->kind == GST_SOD_NETWORK_BASE)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "%s: a base network (frame to saliency map) was expected, this is a "
        "reverse network (map to image); use one of kind base",
        name);
  else
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "%s: a reverse network (saliency map to image) was expected, this is "
        "a base network (frame to map); use one of kind reverse, such as "
        "\"gst-sod train\" makes beside the base networks",
        name);
}

/* loading is held; @path and @identity are NULL for a network of no file. */
static gboolean
load (GstSodInstance *self, GstSodNetwork *network, const gchar *path,
    const FileIdentity *identity, GError **error)
{
  GstSodArchitecture *architecture = gst_sod_network_get_architecture (network);
  GstSodPackedLimits limits = {
    .threads = gst_sod_executor_get_threads (self->executor),
    .batch = self->batch_size,
  };
  g_autoptr (GstSodPacked) packed = NULL;
  GstSodPacked *before;

  if (gst_sod_architecture_get_kind (architecture) != self->kind) {
    refuse_kind (
        self, path != NULL ? path : gst_sod_network_get_id (network), error);
    return FALSE;
  }
  g_mutex_lock (&self->lock);
  limits.workspace = self->workspace_limit;
  g_mutex_unlock (&self->lock);
  packed = gst_sod_packed_new (
      network, self->backend, self->precision, &limits, error);
  if (packed == NULL) {
    g_prefix_error (
        error, "%s: ", path != NULL ? path : gst_sod_network_get_id (network));
    return FALSE;
  }

  g_mutex_lock (&self->lock);
  before = self->packed;
  self->packed = g_steal_pointer (&packed);
  g_free (self->path);
  self->path = g_strdup (path);
  if (identity != NULL)
    self->identity = *identity;
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&before, gst_sod_packed_unref);
  return TRUE;
}

/**
 * gst_sod_instance_load:
 * @self: an instance
 * @network: a network of kind %GST_SOD_NETWORK_BASE, or of
 *   %GST_SOD_NETWORK_REVERSE where gst_sod_instance_new_reverse() made @self
 * @error: return location for an error
 *
 * Compiles @network for the instance's device on the calling thread, which
 * takes a while, and then puts it in the place of the one before: every
 * session takes it up with its next frame, none stops. A network of another
 * input size or number of frames is as good as any. On failure the one before
 * stays. Thread-safe.
 *
 * Errors: %GST_SOD_ERROR_MISMATCH for a network of another kind,
 * %GST_SOD_ERROR_UNSUPPORTED for one that the device cannot run,
 * %GST_SOD_ERROR_NO_MEMORY, %GST_SOD_ERROR_BACKEND.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_instance_load (
    GstSodInstance *self, GstSodNetwork *network, GError **error)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (GST_SOD_IS_INSTANCE (self), FALSE);
  g_return_val_if_fail (GST_SOD_IS_NETWORK (network), FALSE);

  locker = g_mutex_locker_new (&self->loading);
  return load (self, network, NULL, NULL, error);
}

static gboolean
has_file (GstSodInstance *self, const gchar *path, const FileIdentity *identity)
{
  gboolean has;

  g_mutex_lock (&self->lock);
  has = self->packed != NULL && g_strcmp0 (self->path, path) == 0
        && is_same_file (&self->identity, identity);
  g_mutex_unlock (&self->lock);
  return has;
}

/**
 * gst_sod_instance_ensure:
 * @self: an instance
 * @path: (type filename): a model file
 * @error: return location for an error
 *
 * Makes @path the network of the instance: reads it and does what
 * gst_sod_instance_load() does, unless the network there came from @path
 * through this function and the file is still the same (a model that was
 * written in its place is read). Users who share an instance all call this when
 * they start, and the file is read once; calls at the same time wait for each
 * other. Thread-safe.
 *
 * Errors: those of gst_sod_network_new_from_file() and gst_sod_instance_load().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 0.1
 */
gboolean
gst_sod_instance_ensure (
    GstSodInstance *self, const gchar *path, GError **error)
{
  g_autoptr (GMutexLocker) locker = NULL;
  g_autoptr (GstSodNetwork) network = NULL;
  FileIdentity identity;

  g_return_val_if_fail (GST_SOD_IS_INSTANCE (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  locker = g_mutex_locker_new (&self->loading);
  identity = identify (path); /* before reading: older is safe, newer is not */
  if (has_file (self, path, &identity))
    return TRUE;
  network = gst_sod_network_new_from_file (path, error);
  if (network == NULL)
    return FALSE;
  return load (self, network, path, &identity, error);
}

/**
 * gst_sod_instance_get_network:
 * @self: an instance
 *
 * Thread-safe.
 *
 * Returns: (transfer full) (nullable): the network loaded last, or %NULL before
 *   the first
 *
 * Since: 0.1
 */
GstSodNetwork *
gst_sod_instance_get_network (GstSodInstance *self)
{
  g_autoptr (GstSodPacked) packed = NULL;

  g_return_val_if_fail (GST_SOD_IS_INSTANCE (self), NULL);

  packed = gst_sod_instance_ref_packed (self);
  if (packed == NULL)
    return NULL;
  return g_object_ref (gst_sod_packed_get_network (packed));
}

/**
 * gst_sod_instance_get_precision:
 * @self: an instance
 *
 * Thread-safe.
 *
 * Returns: the precision that the loaded network runs in; before the first, the
 *   one that was asked for
 *
 * Since: 0.1
 */
GstSodPrecision
gst_sod_instance_get_precision (GstSodInstance *self)
{
  g_autoptr (GstSodPacked) packed = NULL;

  g_return_val_if_fail (GST_SOD_IS_INSTANCE (self), GST_SOD_PRECISION_AUTO);

  packed = gst_sod_instance_ref_packed (self);
  return packed != NULL ? gst_sod_packed_get_precision (packed)
                        : self->precision;
}

/**
 * gst_sod_instance_get_device:
 * @self: an instance
 *
 * Returns: the device that was chosen: "cpu" or "cuda:N"
 *
 * Since: 0.1
 */
const gchar *
gst_sod_instance_get_device (GstSodInstance *self)
{
  g_return_val_if_fail (GST_SOD_IS_INSTANCE (self), NULL);

  return self->device;
}

/**
 * gst_sod_instance_get_backend:
 * @self: an instance
 *
 * Returns: the name of the back end that was chosen: "onednn", "cuda" or "ref"
 *
 * Since: 0.1
 */
const gchar *
gst_sod_instance_get_backend (GstSodInstance *self)
{
  g_return_val_if_fail (GST_SOD_IS_INSTANCE (self), NULL);

  return self->backend->klass->name;
}

GstSodPacked *
gst_sod_instance_ref_packed (GstSodInstance *self)
{
  GstSodPacked *packed;

  g_mutex_lock (&self->lock);
  packed = self->packed != NULL ? gst_sod_packed_ref (self->packed) : NULL;
  g_mutex_unlock (&self->lock);
  return packed;
}

GstSodNetworkKind
gst_sod_instance_get_kind (GstSodInstance *self)
{
  return self->kind;
}

void
gst_sod_instance_set_kind (GstSodInstance *self, GstSodNetworkKind kind)
{
  self->kind = kind;
}

GstSodExecutor *
gst_sod_instance_get_executor (GstSodInstance *self)
{
  return self->executor;
}
