/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inference for one caller at a time. Nothing waits but what gives numbers
 * back: pictures are staged in page-locked memory, all work is queued, and from
 * the third pass on the whole network is one launch of a captured graph. */
#include <gst-sod/backend/cuda/picture-private.h>
#include <gst-sod/backend/cuda/plan-private.h>
#include <gst-sod/backend/cuda/staging-private.h>
#include <gst-sod/backend/stream-checks-private.h>

#include <string.h>

/* Passes that run launch by launch before one is captured: the libraries load
 * their code while they do. */
#define WARM_UP 1

typedef struct
{
  GstSodStream base;
  GstSodCudaPlan *plan;
  GstSodCudaQueue *queue;
  guint8 *arena;
  gpointer workspace;
  GstSodCudaView *views; /* one a value */

  guint n_passes;
  gboolean no_graph; /* there are none, or capturing one failed */
  GstSodCudaGraph *graph;

  GstSodCudaStaging in;  /* pictures and tensors */
  GstSodCudaStaging out; /* maps and values */

  /* Maps of all samples of a batch, which come with the first one that is
   * asked for; of this size, 0: there are none. */
  gint maps_width, maps_height;
  gsize maps; /* where in out */
} CudaStream;

static void
free_stream (GstSodStream *stream)
{
  CudaStream *self = (CudaStream *) stream;
  GstSodCudaDevice *device = self->plan->device;

  if (self->queue != NULL)
    gst_sod_cuda_wait (self->queue, NULL);
  gst_sod_cuda_staging_clear (&self->in);
  gst_sod_cuda_staging_clear (&self->out);
  gst_sod_cuda_graph_free (self->graph);
  g_clear_pointer (&self->queue, gst_sod_cuda_queue_free);
  gst_sod_cuda_free (device, self->arena);
  gst_sod_cuda_free (device, self->workspace);
  g_free (self->views);
  g_free (self);
}

/* Waits for all that was queued, after which staged memory is free. */
static gboolean
finish (CudaStream *self, GError **error)
{
  if (!gst_sod_cuda_wait (self->queue, error))
    return FALSE;
  gst_sod_cuda_staging_rewind (&self->in);
  gst_sod_cuda_staging_rewind (&self->out);
  return TRUE;
}

/* Room for what comes back; what came before is gone. */
static gboolean
reserve_out (CudaStream *self, gsize size, gsize *offset, GError **error)
{
  self->maps_width = self->maps_height = 0;
  return gst_sod_cuda_staging_reserve (&self->out, size, size, offset, error);
}

/* ---- execution ---- */

static gboolean
run_steps (CudaStream *self, GError **error)
{
  const GPtrArray *steps = self->plan->steps;

  for (guint i = 0; i < steps->len; i++) {
    const GstSodCudaStep *step = g_ptr_array_index (steps, i);

    if (!gst_sod_cuda_step_run (
            step, self->queue, self->views, self->workspace, error)) {
      g_prefix_error (error, "node %s: ", step->name);
      return FALSE;
    }
  }
  return TRUE;
}

/* Where a library's work cannot be captured, it goes on launch by launch. */
static void
capture (CudaStream *self)
{
  gboolean ok;

  self->no_graph = TRUE;
  if (!gst_sod_cuda_graph_begin (self->queue, NULL))
    return;
  ok = run_steps (self, NULL);
  ok = gst_sod_cuda_graph_end (self->queue, &self->graph, NULL) && ok;
  if (!ok)
    g_clear_pointer (&self->graph, gst_sod_cuda_graph_free);
}

static gboolean
execute (GstSodStream *stream, GError **error)
{
  CudaStream *self = (CudaStream *) stream;

  self->maps_width = self->maps_height = 0;
  if (self->n_passes < WARM_UP)
    self->n_passes++;
  else if (self->graph == NULL && !self->no_graph)
    capture (self);
  if (self->graph != NULL)
    return gst_sod_cuda_graph_launch (self->graph, self->queue, error);
  return run_steps (self, error);
}

/* ---- input ---- */

/* Channels of the input's sample @sample that @n_channels from picture @frame
 * on fill. */
static gboolean
find_input (CudaStream *self, guint sample, guint frame, gint n_channels,
    GstSodCudaView *view, GError **error)
{
  const GstSodExecutable *base = &self->plan->base;
  gsize size = gst_sod_cuda_type_size (self->plan->type);
  gsize first = (gsize) frame * gst_sod_executable_get_picture_channels (base);

  if (!gst_sod_executable_check_place (base, sample, frame, n_channels, error))
    return FALSE;
  *view = self->views[self->plan->graph->input];
  view->data =
      (guint8 *) view->data
      + ((gsize) sample * view->h * view->w * view->stride + first) * size;
  view->n = 1;
  view->c = n_channels;
  return TRUE;
}

/* Bytes that all pictures of the input take, if each takes @size. */
static gsize
round_size (const CudaStream *self, gsize size)
{
  const GstSodExecutable *base = &self->plan->base;
  gsize n = (gsize) (base->input.dims[0] * base->input.dims[1]
                     / gst_sod_executable_get_picture_channels (base));

  return size < G_MAXSSIZE / 2 / n ? size * n : size;
}

/* Copies of the host's samples, on their way to the device; @picture is made to
 * read those. */
static gboolean
stage_picture (CudaStream *self, const GstSodImage *image,
    GstSodCudaPicture *picture, GError **error)
{
  GstSodCudaSpans spans;
  gsize offset;

  if (!gst_sod_cuda_picture_find_spans (image, &spans, error)
      || !gst_sod_cuda_staging_reserve (
          &self->in, spans.size, round_size (self, spans.size), &offset, error))
    return FALSE;
  gst_sod_cuda_spans_copy (&spans, self->in.host + offset);
  gst_sod_cuda_picture_move (picture, image, &spans, self->in.device + offset);
  return gst_sod_cuda_upload (self->queue, self->in.device + offset,
      self->in.host + offset, spans.size, error);
}

static gboolean
check_image (CudaStream *self, const GstSodImage *image, GError **error)
{
  GstSodCudaDevice *device = self->plan->device;

  return gst_sod_executable_check_device (&self->plan->base, image,
      gst_sod_cuda_device_get_index (device),
      gst_sod_cuda_device_get_context (device), error);
}

/* Queues what makes @view of @image: one that lies on the device stays as it is
 * until this is done. */
static gboolean
read_picture (CudaStream *self, const GstSodImage *image,
    const GstSodCudaView *view, GError **error)
{
  GstSodCudaPicture picture;

  if (!check_image (self, image, error)
      || !gst_sod_cuda_picture_init (
          &picture, image, &self->plan->rule, view->c, error)
      || (image->memory == GST_SOD_IMAGE_HOST
          && !stage_picture (self, image, &picture, error)))
    return FALSE;
  gst_sod_cuda_kernel_preprocess (
      gst_sod_cuda_queue_get_stream (self->queue), &picture, view);
  return gst_sod_cuda_check (self->queue, "preprocess", error);
}

static gboolean
write_image (GstSodStream *stream, guint sample, guint frame,
    const GstSodImage *image, GError **error)
{
  CudaStream *self = (CudaStream *) stream;
  GstSodCudaView view;

  return find_input (self, sample, frame,
             gst_sod_executable_get_picture_channels (&self->plan->base), &view,
             error)
         && read_picture (self, image, &view, error);
}

static gboolean
write_tensor (GstSodStream *stream, guint sample, guint frame,
    const GstSodTensor *tensor, GError **error)
{
  CudaStream *self = (CudaStream *) stream;
  gsize size = gst_sod_tensor_get_size (tensor), offset;
  gint channels;
  GstSodCudaView view;

  if (!gst_sod_executable_check_tensor (
          &self->plan->base, tensor, frame, error))
    return FALSE;
  channels = (gint) gst_sod_tensor_get_dim (tensor, 0);
  if (!find_input (self, sample, frame, channels, &view, error)
      || !gst_sod_cuda_staging_reserve (
          &self->in, size, round_size (self, size), &offset, error))
    return FALSE;
  memcpy (self->in.host + offset, gst_sod_tensor_peek_data (tensor), size);
  if (!gst_sod_cuda_upload (self->queue, self->in.device + offset,
          self->in.host + offset, size, error))
    return FALSE;
  gst_sod_cuda_kernel_from_planes (gst_sod_cuda_queue_get_stream (self->queue),
      (const gfloat *) (self->in.device + offset), channels, &view);
  return gst_sod_cuda_check (self->queue, "from_planes", error);
}

/* ---- output ---- */

/* What is queued for self->out at @offset, once it is done. */
static gconstpointer
fetch (CudaStream *self, gsize offset, gsize size, GError **error)
{
  if (!gst_sod_cuda_download (self->queue, self->out.host + offset,
          self->out.device + offset, size, error)
      || !finish (self, error))
    return NULL;
  return self->out.host + offset;
}

/* @view as dense f32 planes, into @to. */
static gboolean
fetch_planes (CudaStream *self, const GstSodCudaView *view, gsize offset,
    gsize size, gpointer to, GError **error)
{
  gconstpointer planes;

  gst_sod_cuda_kernel_to_planes (gst_sod_cuda_queue_get_stream (self->queue),
      view, (gfloat *) (self->out.device + offset), view->c);
  if (!gst_sod_cuda_check (self->queue, "to_planes", error))
    return FALSE;
  planes = fetch (self, offset, size, error);
  if (planes == NULL)
    return FALSE;
  memcpy (to, planes, size);
  return TRUE;
}

/* Through an f32 picture of the network's size, beside which the planes that
 * are made of it lie. */
static gboolean
preprocess (GstSodStream *stream, const GstSodImage *image,
    GstSodTensor *tensor, GError **error)
{
  CudaStream *self = (CudaStream *) stream;
  const GstSodExecutable *base = &self->plan->base;
  gsize size = gst_sod_tensor_get_size (tensor), offset;
  GstSodCudaView view = {
    .type = GST_SOD_CUDA_F32,
    .n = 1,
    .h = (gint) base->input.dims[2],
    .w = (gint) base->input.dims[3],
    .c = gst_sod_executable_get_picture_channels (base),
    .stride = gst_sod_executable_get_picture_channels (base),
  };

  if (!gst_sod_executable_check_tensor (base, tensor, 1, error)
      || !reserve_out (self, 2 * size, &offset, error))
    return FALSE;
  view.data = self->out.device + offset;
  return read_picture (self, image, &view, error)
         && fetch_planes (self, &view, offset + size, size,
             gst_sod_tensor_get_data (tensor), error);
}

static gboolean
postprocess (CudaStream *self, guint sample, guint8 *codes, gint stride,
    const GstSodImage *map, GError **error)
{
  GstSodCudaView view = self->views[self->plan->graph->output];

  view.data = (guint8 *) view.data
              + (gsize) sample * view.h * view.w * view.stride
                    * gst_sod_cuda_type_size (view.type);
  view.n = 1;
  gst_sod_cuda_kernel_postprocess (gst_sod_cuda_queue_get_stream (self->queue),
      &view, codes, stride, map->width, map->height);
  return gst_sod_cuda_check (self->queue, "postprocess", error);
}

/* Maps of samples @first to @first + @n - 1, each of @size bytes, one after the
 * other; NULL on error. */
static const guint8 *
fetch_maps (CudaStream *self, guint first, guint n, gsize size,
    const GstSodImage *map, GError **error)
{
  gsize offset, total;

  if (!g_size_checked_mul (&total, size, n))
    total = G_MAXSIZE; /* is refused */
  if (!reserve_out (self, total, &offset, error))
    return NULL;
  for (guint i = 0; i < n; i++) {
    if (!postprocess (self, first + i, self->out.device + offset + i * size,
            map->width, map, error))
      return NULL;
  }
  return fetch (self, offset, total, error);
}

/* Of a batch the first map that is asked for brings the others along: they are
 * mostly of one size, and waiting once for all is quicker. */
static const guint8 *
find_map (
    CudaStream *self, guint sample, const GstSodImage *map, GError **error)
{
  guint n = (guint) self->plan->base.output.dims[0];
  gsize size = (gsize) map->width * map->height;
  const guint8 *codes;

  if (self->maps_width == map->width && self->maps_height == map->height)
    return self->out.host + self->maps + sample * size;
  if (sample > 0 || n == 1)
    return fetch_maps (self, sample, 1, size, map, error);
  codes = fetch_maps (self, 0, n, size, map, error);
  if (codes == NULL)
    return NULL;
  self->maps_width = map->width;
  self->maps_height = map->height;
  self->maps = (gsize) (codes - self->out.host);
  return codes;
}

static gboolean
read_map (GstSodStream *stream, guint sample, GstSodImage *map, GError **error)
{
  CudaStream *self = (CudaStream *) stream;
  const guint8 *codes;

  if (!gst_sod_executable_check_map (&self->plan->base, sample, error)
      || !check_image (self, map, error))
    return FALSE;
  if (map->memory == GST_SOD_IMAGE_DEVICE)
    return postprocess (self, sample, gst_sod_image_gray_row (map, 0),
               map->components[0].stride, map, error)
           && finish (self, error);
  codes = find_map (self, sample, map, error);
  if (codes == NULL)
    return FALSE;
  for (gint y = 0; y < map->height; y++)
    memcpy (gst_sod_image_gray_row (map, y), codes + (gsize) y * map->width,
        map->width);
  return TRUE;
}

static gboolean
is_kept (const GstSodCudaPlan *self, GstSodValue value)
{
  return value < gst_sod_graph_n_values (self->graph)
         && !self->values[value].fused
         && self->places[value].last_use == G_MAXUINT;
}

static GstSodTensor *
read_value (GstSodStream *stream, GstSodValue value, GError **error)
{
  CudaStream *self = (CudaStream *) stream;
  g_autoptr (GstSodTensor) tensor = NULL;
  gsize size, offset;

  if (!is_kept (self->plan, value)) {
    gst_sod_set_error_not_kept (value, error);
    return NULL;
  }
  tensor = gst_sod_tensor_new_shaped (
      GST_SOD_DTYPE_F32, &self->plan->shapes[value], error);
  if (tensor == NULL)
    return NULL;
  size = gst_sod_tensor_get_size (tensor);
  if (!reserve_out (self, size, &offset, error)
      || !fetch_planes (self, &self->views[value], offset, size,
          gst_sod_tensor_get_data (tensor), error))
    return NULL;
  return g_steal_pointer (&tensor);
}

/* ---- opening ---- */

static const GstSodStreamClass stream_class = {
  .free = free_stream,
  .write_image = write_image,
  .write_tensor = write_tensor,
  .preprocess = preprocess,
  .execute = execute,
  .read_map = read_map,
  .read_value = read_value,
};

static void
set_views (CudaStream *self)
{
  const GstSodCudaPlan *plan = self->plan;
  guint n = gst_sod_graph_n_values (plan->graph);

  self->views = g_new0 (GstSodCudaView, n);
  for (guint i = 0; i < n; i++) {
    const GstSodCudaValue *value = &plan->values[i];

    self->views[i] = (GstSodCudaView){
      .data = self->arena + plan->places[i].offset,
      .type = value->type,
      .n = value->n,
      .h = value->h,
      .w = value->w,
      .c = value->c,
      .stride = value->stride,
    };
  }
}

/* The input is zero until it is written, and so are channels that only fill
 * up. */
static gboolean
take_memory (CudaStream *self, GError **error)
{
  const GstSodExecutable *base = &self->plan->base;

  self->arena =
      gst_sod_cuda_alloc (self->plan->device, base->arena_size, error);
  if (self->arena == NULL
      || !gst_sod_cuda_clear (
          self->queue, self->arena, base->arena_size, error))
    return FALSE;
  if (base->workspace_size == 0)
    return TRUE;
  self->workspace =
      gst_sod_cuda_alloc (self->plan->device, base->workspace_size, error);
  return self->workspace != NULL;
}

GstSodStream *
gst_sod_cuda_plan_open (GstSodExecutable *executable, GError **error)
{
  CudaStream *self = g_new0 (CudaStream, 1);

  self->base.klass = &stream_class;
  self->plan = (GstSodCudaPlan *) executable;
  self->no_graph = !gst_sod_cuda_has_graphs (self->plan->device);
  self->queue = gst_sod_cuda_queue_new (self->plan->device, error);
  if (self->queue == NULL || !take_memory (self, error)) {
    free_stream (&self->base);
    return NULL;
  }
  gst_sod_cuda_staging_init (&self->in, self->queue);
  gst_sod_cuda_staging_init (&self->out, self->queue);
  set_views (self);
  return &self->base;
}
