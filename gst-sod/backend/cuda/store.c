/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/cuda/plan-private.h>

typedef struct
{
  gchar *name;
  GstSodCudaType type;
  gint rows, columns;
  gpointer memory;
  gsize size;
} Packed;

struct _GstSodCudaStore
{
  gatomicrefcount ref_count;
  GstSodCudaDevice *device;
  GMutex lock;            /* of what follows */
  GPtrArray *packed;      /* of Packed */
  GstSodCudaQueue *queue; /* made by the first use */
};

GstSodCudaStore *
gst_sod_cuda_store_new (GstSodCudaDevice *device)
{
  GstSodCudaStore *self = g_new0 (GstSodCudaStore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->device = device;
  self->packed = g_ptr_array_new ();
  return self;
}

GstSodCudaStore *
gst_sod_cuda_store_ref (GstSodCudaStore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
packed_free (GstSodCudaStore *store, Packed *self)
{
  g_free (self->name);
  gst_sod_cuda_free (store->device, self->memory);
  g_free (self);
}

void
gst_sod_cuda_store_unref (GstSodCudaStore *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < self->packed->len; i++)
    packed_free (self, g_ptr_array_index (self->packed, i));
  g_ptr_array_unref (self->packed);
  g_clear_pointer (&self->queue, gst_sod_cuda_queue_free);
  g_mutex_clear (&self->lock);
  g_free (self);
}

gsize
gst_sod_cuda_store_get_size (GstSodCudaStore *self)
{
  gsize size = 0;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->packed->len; i++)
    size += ((Packed *) g_ptr_array_index (self->packed, i))->size;
  g_mutex_unlock (&self->lock);
  return size;
}

static Packed *
find (GstSodCudaStore *self, const Packed *wanted)
{
  for (guint i = 0; i < self->packed->len; i++) {
    Packed *packed = g_ptr_array_index (self->packed, i);

    if (g_str_equal (packed->name, wanted->name) && packed->type == wanted->type
        && packed->rows == wanted->rows && packed->columns == wanted->columns)
      return packed;
  }
  return NULL;
}

/* From dense f32 @planes in device memory. */
static gboolean
join (GstSodCudaStore *self, const Packed *packed, const GstSodShape *shape,
    const gfloat *planes, GError **error)
{
  gint size = (gint) shape->dims[2];

  gst_sod_cuda_kernel_join_weights (gst_sod_cuda_queue_get_stream (self->queue),
      planes, (gint) shape->dims[0], (gint) shape->dims[1], size,
      packed->memory, packed->type, 0, size, packed->columns);
  return gst_sod_cuda_check (self->queue, "join_weights", error)
         && gst_sod_cuda_wait (self->queue, error);
}

static gboolean
fill (GstSodCudaStore *self, const Packed *packed, const GstSodTensor *tensor,
    GError **error)
{
  const GstSodShape *shape = gst_sod_tensor_get_shape (tensor);
  gconstpointer data = gst_sod_tensor_peek_data (tensor);
  gsize size = gst_sod_tensor_get_size (tensor);
  gpointer planes;
  gboolean ok;

  if (!gst_sod_cuda_clear (self->queue, packed->memory, packed->size, error))
    return FALSE;
  if (shape->n_dims == 1)
    return gst_sod_cuda_upload (self->queue, packed->memory, data, size, error)
           && gst_sod_cuda_wait (self->queue, error);
  planes = gst_sod_cuda_alloc (self->device, size, error);
  ok = planes != NULL
       && gst_sod_cuda_upload (self->queue, planes, data, size, error)
       && join (self, packed, shape, planes, error);
  gst_sod_cuda_free (self->device, planes);
  return ok;
}

static Packed *
pack (GstSodCudaStore *self, const Packed *wanted, const GstSodTensor *tensor,
    GError **error)
{
  const GstSodShape *shape = gst_sod_tensor_get_shape (tensor);
  Packed *packed = g_memdup2 (wanted, sizeof *wanted);

  packed->name = g_strdup (wanted->name);
  packed->size = (gsize) wanted->rows * sizeof (gfloat);
  if (shape->n_dims > 1)
    packed->size = (gsize) wanted->rows * wanted->columns * shape->dims[2]
                   * shape->dims[3] * gst_sod_cuda_type_size (wanted->type);
  if (self->queue == NULL)
    self->queue = gst_sod_cuda_queue_new (self->device, error);
  if (self->queue != NULL)
    packed->memory = gst_sod_cuda_alloc (self->device, packed->size, error);
  if (packed->memory != NULL && fill (self, packed, tensor, error))
    return packed;
  packed_free (self, packed);
  return NULL;
}

gpointer
gst_sod_cuda_store_get (GstSodCudaStore *self, const gchar *name,
    const GstSodTensor *tensor, GstSodCudaType type, gint rows, gint columns,
    GError **error)
{
  Packed wanted = { (gchar *) name, type, rows, columns, NULL, 0 };
  Packed *packed;

  g_mutex_lock (&self->lock);
  packed = find (self, &wanted);
  if (packed == NULL) {
    packed = pack (self, &wanted, tensor, error);
    if (packed != NULL)
      g_ptr_array_add (self->packed, packed);
  }
  g_mutex_unlock (&self->lock);
  return packed != NULL ? packed->memory : NULL;
}
