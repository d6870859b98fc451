/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/onednn/plan-private.h>

typedef struct
{
  gchar *name;
  DnnlDesc desc; /* NULL where a kernel has a layout of its own */
  gpointer memory;
  gsize size;
} Packed;

struct _GstSodOnednnStore
{
  gatomicrefcount ref_count;
  GMutex lock;
  GPtrArray *packed; /* of Packed */
};

static void
packed_free (gpointer data)
{
  Packed *self = data;

  g_free (self->name);
  compat_desc_free (self->desc);
  gst_sod_aligned_free (self->memory);
  g_free (self);
}

GstSodOnednnStore *
gst_sod_onednn_store_new (void)
{
  GstSodOnednnStore *self = g_new0 (GstSodOnednnStore, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->packed = g_ptr_array_new_with_free_func (packed_free);
  return self;
}

GstSodOnednnStore *
gst_sod_onednn_store_ref (GstSodOnednnStore *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
gst_sod_onednn_store_unref (GstSodOnednnStore *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->packed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

gsize
gst_sod_onednn_store_get_size (GstSodOnednnStore *self)
{
  gsize size = 0;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->packed->len; i++)
    size += ((Packed *) g_ptr_array_index (self->packed, i))->size;
  g_mutex_unlock (&self->lock);
  return size;
}

static Packed *
find (GstSodOnednnStore *self, const gchar *name, DnnlConstDesc desc)
{
  for (guint i = 0; i < self->packed->len; i++) {
    Packed *packed = g_ptr_array_index (self->packed, i);

    if (g_str_equal (packed->name, name)
        && (packed->desc == NULL) == (desc == NULL)
        && (desc == NULL || dnnl_memory_desc_equal (packed->desc, desc)))
      return packed;
  }
  return NULL;
}

/* Dense f32 descriptor of @tensor: a convolution's (o, i, h, w) or (c). */
static gboolean
describe_dense (const GstSodTensor *tensor, DnnlDesc *desc, GError **error)
{
  const GstSodShape *shape = gst_sod_tensor_get_shape (tensor);

  return GST_SOD_ONEDNN_CHECK (
      compat_desc_new (desc, (int) shape->n_dims, shape->dims, dnnl_f32,
          shape->n_dims == 1 ? dnnl_x : dnnl_oihw),
      error);
}

static Packed *
pack (dnnl_engine_t engine, const gchar *name, const GstSodTensor *tensor,
    DnnlConstDesc desc, GError **error)
{
  Packed *packed = g_new0 (Packed, 1);
  DnnlDesc dense = NULL;
  gboolean ok;

  packed->name = g_strdup (name);
  packed->size = dnnl_memory_desc_get_size (desc);
  packed->memory = gst_sod_aligned_alloc (packed->size, error);
  ok = packed->memory != NULL
       && GST_SOD_ONEDNN_CHECK (compat_desc_copy (&packed->desc, desc), error)
       && describe_dense (tensor, &dense, error)
       && gst_sod_onednn_reorder (engine, dense,
           gst_sod_tensor_peek_data (tensor), desc, packed->memory, error);
  compat_desc_free (dense);
  if (ok)
    return packed;
  packed_free (packed);
  return NULL;
}

gpointer
gst_sod_onednn_store_get (GstSodOnednnStore *self, dnnl_engine_t engine,
    const gchar *name, const GstSodTensor *tensor, DnnlConstDesc desc,
    GError **error)
{
  Packed *packed;

  g_mutex_lock (&self->lock);
  packed = find (self, name, desc);
  if (packed == NULL) {
    packed = pack (engine, name, tensor, desc, error);
    if (packed != NULL)
      g_ptr_array_add (self->packed, packed);
  }
  g_mutex_unlock (&self->lock);
  return packed != NULL ? packed->memory : NULL;
}

gpointer
gst_sod_onednn_store_make (GstSodOnednnStore *self, const gchar *name,
    gsize size, GstSodOnednnPack func, gconstpointer data, GError **error)
{
  gpointer memory = NULL;
  Packed *packed;

  g_mutex_lock (&self->lock);
  packed = find (self, name, NULL);
  if (packed == NULL)
    memory = gst_sod_aligned_alloc (size, error);
  if (memory != NULL) {
    packed = g_new0 (Packed, 1);
    packed->name = g_strdup (name);
    packed->size = size;
    packed->memory = memory;
    func (data, memory);
    g_ptr_array_add (self->packed, packed);
  }
  g_mutex_unlock (&self->lock);
  return packed != NULL ? packed->memory : NULL;
}
