/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/cuda/host/host-private.h>

#include <gst-sod/backend/cuda/cuda-private.h>

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 256 /* of memory; the block's header takes as much */
#define MARKED ((gsize) 256 << 20) /* bytes that are marked as not written */

struct _GstSodCudaDevice
{
  guint index;
  gpointer context;
  GstSodCudaInfo info;
};

struct _GstSodCudaQueue
{
  GstSodCudaDevice *device;
};

typedef struct
{
  gsize size;
  gboolean pinned;
} Header;

static GMutex lock; /* of all that follows */
static GPtrArray *devices;
static gsize memory_limit, used, pinned, peak;
static guint calls_left; /* 0: as many as wanted */
static gboolean lost;

/* ---- what tests set ---- */

static guint64
read_variable (const gchar *name)
{
  const gchar *text = g_getenv (name);

  return text != NULL ? g_ascii_strtoull (text, NULL, 10) : 0;
}

void
gst_sod_cuda_host_set_memory (gsize limit)
{
  g_mutex_lock (&lock);
  memory_limit = limit;
  g_mutex_unlock (&lock);
}

void
gst_sod_cuda_host_lose_after (guint n)
{
  g_mutex_lock (&lock);
  calls_left = n;
  lost = FALSE;
  g_mutex_unlock (&lock);
}

gsize
gst_sod_cuda_host_get_used (void)
{
  gsize result;

  g_mutex_lock (&lock);
  result = used + pinned;
  g_mutex_unlock (&lock);
  return result;
}

gsize
gst_sod_cuda_host_get_peak (void)
{
  gsize result;

  g_mutex_lock (&lock);
  result = peak;
  g_mutex_unlock (&lock);
  return result;
}

gboolean
gst_sod_cuda_host_work (const gchar *what, GError **error)
{
  gboolean ok;

  g_mutex_lock (&lock);
  if (calls_left > 0 && --calls_left == 0)
    lost = TRUE;
  ok = !lost;
  g_mutex_unlock (&lock);
  if (!ok)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "the twin of a GPU is lost, as it was told to be, at %s; use "
        "device=cpu",
        what);
  return ok;
}

/* ---- devices ---- */

const gchar *
gst_sod_cuda_layer_name (void)
{
  return "cuda-host";
}

guint
gst_sod_cuda_device_count (GError **error)
{
  return GST_SOD_CUDA_HOST_N_DEVICES;
}

static GstSodCudaDevice *
find_device (guint index, gpointer context)
{
  GstSodCudaDevice *self;

  if (devices == NULL) {
    devices = g_ptr_array_new ();
    memory_limit = read_variable ("GST_SOD_CUDA_HOST_MEMORY");
    calls_left = (guint) read_variable ("GST_SOD_CUDA_HOST_LOST_AFTER");
  }
  for (guint i = 0; i < devices->len; i++) {
    self = g_ptr_array_index (devices, i);
    if (self->index == index && self->context == context)
      return self;
  }
  self = g_new0 (GstSodCudaDevice, 1);
  self->index = index;
  self->context = context;
  self->info = (GstSodCudaInfo){
    .name = "twin of a GPU on the host",
    .major = 9,
    .memory = memory_limit != 0 ? memory_limit : (gsize) 1 << 34,
    .n_processors = 1,
  };
  g_ptr_array_add (devices, self);
  return self;
}

GstSodCudaDevice *
gst_sod_cuda_device_get (guint index, gpointer context, GError **error)
{
  GstSodCudaDevice *self;

  if (index >= GST_SOD_CUDA_HOST_N_DEVICES) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "there is no GPU %u: there are %d, from 0", index,
        GST_SOD_CUDA_HOST_N_DEVICES);
    return NULL;
  }
  g_mutex_lock (&lock);
  self = find_device (index, context);
  g_mutex_unlock (&lock);
  return self;
}

const GstSodCudaInfo *
gst_sod_cuda_device_get_info (GstSodCudaDevice *self)
{
  return &self->info;
}

guint
gst_sod_cuda_device_get_index (GstSodCudaDevice *self)
{
  return self->index;
}

gpointer
gst_sod_cuda_device_get_context (GstSodCudaDevice *self)
{
  return self->context;
}

gchar *
gst_sod_cuda_describe_libraries (void)
{
  return g_strdup ("twin of a GPU on the host");
}

GstSodBackend *
gst_sod_cuda_host_backend (void)
{
  return gst_sod_cuda_backend_get (
      gst_sod_cuda_layer_name (), gst_sod_cuda_device_get (0, NULL, NULL));
}

/* ---- memory ---- */

static gboolean
account (gsize size, gboolean is_pinned, GError **error)
{
  gboolean ok = TRUE;
  gsize available = 0;

  g_mutex_lock (&lock);
  if (is_pinned) {
    pinned += size;
  } else if (memory_limit != 0
             && (used > memory_limit || size > memory_limit - used)) {
    ok = FALSE;
    available = memory_limit - MIN (used, memory_limit);
  } else {
    used += size;
    peak = MAX (peak, used);
  }
  g_mutex_unlock (&lock);
  if (!ok)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "no memory on the GPU: %" G_GSIZE_FORMAT
        " bytes were asked for, %" G_GSIZE_FORMAT
        " are free; use a smaller input or batch, or device=cpu",
        size, available);
  return ok;
}

static void
unaccount (gsize size, gboolean is_pinned)
{
  g_mutex_lock (&lock);
  if (is_pinned)
    pinned -= size;
  else
    used -= size;
  g_mutex_unlock (&lock);
}

static gpointer
take (gsize size, gboolean is_pinned, GError **error)
{
  guint8 *block = NULL;

  if (size == 0 || !account (size, is_pinned, error))
    return NULL;
  if (size <= G_MAXSSIZE - 2 * ALIGNMENT)
    block = aligned_alloc (ALIGNMENT,
        ((size + ALIGNMENT - 1) & ~(gsize) (ALIGNMENT - 1)) + ALIGNMENT);
  if (block == NULL) {
    unaccount (size, is_pinned);
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "no memory on the twin of a GPU: %" G_GSIZE_FORMAT
        " bytes were asked for; use a smaller input or batch",
        size);
    return NULL;
  }
  *(Header *) block = (Header){ size, is_pinned };
  /* No number in any of the types: what is read before it is written shows.
   * Not all of a block so large that it may only be meant to lie far apart. */
  memset (block + ALIGNMENT, 0xff, MIN (size, MARKED));
  return block + ALIGNMENT;
}

static void
give_back (gpointer memory)
{
  const Header *header;

  if (memory == NULL)
    return;
  header = (const Header *) ((guint8 *) memory - ALIGNMENT);
  unaccount (header->size, header->pinned);
  free ((gpointer) header);
}

gpointer
gst_sod_cuda_alloc (GstSodCudaDevice *self, gsize size, GError **error)
{
  return take (size, FALSE, error);
}

void
gst_sod_cuda_free (GstSodCudaDevice *self, gpointer memory)
{
  give_back (memory);
}

gpointer
gst_sod_cuda_alloc_pinned (GstSodCudaDevice *self, gsize size, GError **error)
{
  return take (size, TRUE, error);
}

void
gst_sod_cuda_free_pinned (GstSodCudaDevice *self, gpointer memory)
{
  give_back (memory);
}

/* ---- queues ---- */

GstSodCudaQueue *
gst_sod_cuda_queue_new (GstSodCudaDevice *device, GError **error)
{
  GstSodCudaQueue *self;

  if (!gst_sod_cuda_host_work ("making a queue", error))
    return NULL;
  self = g_new0 (GstSodCudaQueue, 1);
  self->device = device;
  return self;
}

void
gst_sod_cuda_queue_free (GstSodCudaQueue *self)
{
  g_free (self);
}

GstSodCudaDevice *
gst_sod_cuda_queue_get_device (GstSodCudaQueue *self)
{
  return self->device;
}

gpointer
gst_sod_cuda_queue_get_stream (GstSodCudaQueue *self)
{
  return self;
}

static gboolean
move (gpointer to, gconstpointer from, gsize size, const gchar *what,
    GError **error)
{
  if (!gst_sod_cuda_host_work (what, error))
    return FALSE;
  if (size > 0)
    memmove (to, from, size);
  return TRUE;
}

gboolean
gst_sod_cuda_upload (GstSodCudaQueue *self, gpointer device, gconstpointer host,
    gsize size, GError **error)
{
  return move (device, host, size, "an upload", error);
}

gboolean
gst_sod_cuda_download (GstSodCudaQueue *self, gpointer host,
    gconstpointer device, gsize size, GError **error)
{
  return move (host, device, size, "a download", error);
}

gboolean
gst_sod_cuda_copy (GstSodCudaQueue *self, gpointer to, gconstpointer from,
    gsize size, GError **error)
{
  return move (to, from, size, "a copy", error);
}

gboolean
gst_sod_cuda_clear (
    GstSodCudaQueue *self, gpointer memory, gsize size, GError **error)
{
  if (!gst_sod_cuda_host_work ("clearing memory", error))
    return FALSE;
  if (size > 0)
    memset (memory, 0, size);
  return TRUE;
}

gboolean
gst_sod_cuda_wait (GstSodCudaQueue *self, GError **error)
{
  return gst_sod_cuda_host_work ("waiting", error);
}

gboolean
gst_sod_cuda_check (GstSodCudaQueue *self, const gchar *what, GError **error)
{
  return gst_sod_cuda_host_work (what, error);
}

/* ---- graphs: none, work runs at once ---- */

gboolean
gst_sod_cuda_has_graphs (GstSodCudaDevice *self)
{
  return FALSE;
}

gboolean
gst_sod_cuda_graph_begin (GstSodCudaQueue *queue, GError **error)
{
  return TRUE;
}

gboolean
gst_sod_cuda_graph_end (
    GstSodCudaQueue *queue, GstSodCudaGraph **graph, GError **error)
{
  *graph = NULL;
  return TRUE;
}

gboolean
gst_sod_cuda_graph_launch (
    GstSodCudaGraph *self, GstSodCudaQueue *queue, GError **error)
{
  g_assert_not_reached ();
}

void
gst_sod_cuda_graph_free (GstSodCudaGraph *self)
{
}
