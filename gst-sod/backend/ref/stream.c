/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/picture-private.h>
#include <gst-sod/backend/ref/plan-private.h>
#include <gst-sod/backend/stream-checks-private.h>

#include <string.h>

typedef struct
{
  GstSodStream base;
  GstSodRefPlan *plan;
  guint8 *arena;
  GstSodTensor **values; /* one a value of the graph, in the arena */

  /* pictures */
  gdouble *frame; /* (channels, h, w) of one picture */
  gdouble *row;   /* of the widest component so far */
  gsize row_length;
} RefStream;

static void
free_stream (GstSodStream *stream)
{
  RefStream *self = (RefStream *) stream;

  for (guint i = 0; i < gst_sod_graph_n_values (self->plan->graph); i++)
    g_clear_pointer (&self->values[i], gst_sod_tensor_unref);
  g_free (self->values);
  gst_sod_aligned_free (self->arena);
  gst_sod_aligned_free (self->frame);
  g_free (self->row);
  g_free (self);
}

/* Channels of @n_channels from @frame on of sample @sample of the input:
 * (n_channels, h, w); NULL and GST_SOD_ERROR_INVALID_ARGUMENT where there are
 * none. */
static gdouble *
find_input (
    RefStream *self, guint sample, guint frame, gint n_channels, GError **error)
{
  const gint64 *dims = self->plan->base.input.dims;
  gint64 first = (gint64) frame
                 * gst_sod_executable_get_picture_channels (&self->plan->base);
  gdouble *input = gst_sod_ref_write (self->values[self->plan->graph->input]);

  if (gst_sod_executable_check_place (
          &self->plan->base, sample, frame, n_channels, error))
    return input + (sample * dims[1] + first) * dims[2] * dims[3];
  return NULL;
}

static gboolean
reserve_row (RefStream *self, gsize length, GError **error)
{
  if (length <= self->row_length)
    return TRUE;
  g_free (self->row);
  self->row = g_try_new (gdouble, length);
  self->row_length = self->row != NULL ? length : 0;
  if (self->row != NULL)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
      "no memory for a row of %" G_GSIZE_FORMAT " samples; use smaller frames",
      length);
  return FALSE;
}

static gboolean
read_picture (
    RefStream *self, const GstSodImage *image, gdouble *planes, GError **error)
{
  const gint64 *dims = self->plan->base.input.dims;
  GstSodRefPicture picture = {
    .image = image,
    .rule = &self->plan->rule,
    .channels = gst_sod_executable_get_picture_channels (&self->plan->base),
    .height = (gint) dims[2],
    .width = (gint) dims[3],
  };
  gint widest = 0;

  if (!gst_sod_executable_check_host (&self->plan->base, image, error))
    return FALSE;
  for (guint i = 0; i < image->n_components; i++)
    widest = MAX (widest, image->components[i].width);
  if (!reserve_row (self, widest, error))
    return FALSE;
  picture.row = self->row;
  return gst_sod_ref_preprocess (&picture, planes, error);
}

static gboolean
write_image (GstSodStream *stream, guint sample, guint frame,
    const GstSodImage *image, GError **error)
{
  RefStream *self = (RefStream *) stream;
  gdouble *planes = find_input (self, sample, frame,
      gst_sod_executable_get_picture_channels (&self->plan->base), error);

  return planes != NULL && read_picture (self, image, planes, error);
}

static gboolean
write_tensor (GstSodStream *stream, guint sample, guint frame,
    const GstSodTensor *tensor, GError **error)
{
  RefStream *self = (RefStream *) stream;
  const gfloat *from = gst_sod_tensor_peek_data (tensor);
  gsize n = gst_sod_tensor_get_n_elements (tensor);
  gdouble *to;

  if (!gst_sod_executable_check_tensor (
          &self->plan->base, tensor, frame, error))
    return FALSE;
  to = find_input (
      self, sample, frame, (gint) gst_sod_tensor_get_dim (tensor, 0), error);
  if (to == NULL)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    to[i] = from[i];
  return TRUE;
}

static gboolean
preprocess (GstSodStream *stream, const GstSodImage *image,
    GstSodTensor *tensor, GError **error)
{
  RefStream *self = (RefStream *) stream;
  gfloat *to = gst_sod_tensor_get_data (tensor);
  gsize n = gst_sod_tensor_get_n_elements (tensor);

  if (!gst_sod_executable_check_tensor (&self->plan->base, tensor, 1, error)
      || !read_picture (self, image, self->frame, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    to[i] = (gfloat) self->frame[i];
  return TRUE;
}

static gboolean
execute (GstSodStream *stream, GError **error)
{
  RefStream *self = (RefStream *) stream;
  GstSodRefPlan *plan = self->plan;
  GstSodOpParam params[GST_SOD_MAX_PARAMS];
  const GstSodTensor *inputs[GST_SOD_MAX_INPUTS];

  for (guint i = 0; i < plan->graph->nodes->len; i++) {
    const GstSodNode *node = gst_sod_graph_node (plan->graph, i);
    const GstSodOpKernel *kernel =
        plan->base.backend->klass->op (plan->base.backend, node->kind);
    GstSodOpCall call = {
      .attrs = &node->attrs,
      .mode = GST_SOD_MODE_INFER,
      .n_inputs = node->n_inputs,
      .inputs = inputs,
      .params = plan->params + i * GST_SOD_MAX_PARAMS,
      .n_params = gst_sod_op_get (node->kind)->params (&node->attrs, params),
      .output = self->values[node->output],
      .threads = 1,
    };

    for (guint j = 0; j < node->n_inputs; j++)
      inputs[j] = self->values[node->inputs[j]];
    if (!kernel->forward (&call, error)) {
      g_prefix_error (error, "node %s: ", node->name);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
read_map (GstSodStream *stream, guint sample, GstSodImage *map, GError **error)
{
  RefStream *self = (RefStream *) stream;
  const gint64 *dims = self->plan->base.output.dims;
  const gdouble *values =
      gst_sod_ref_read (self->values[self->plan->graph->output]);

  if (!gst_sod_executable_check_map (&self->plan->base, sample, error)
      || !gst_sod_executable_check_host (&self->plan->base, map, error))
    return FALSE;
  if (!reserve_row (self, dims[3], error))
    return FALSE;
  gst_sod_ref_postprocess (values + sample * dims[2] * dims[3], (gint) dims[2],
      (gint) dims[3], self->row, map);
  return TRUE;
}

static GstSodTensor *
read_value (GstSodStream *stream, GstSodValue value, GError **error)
{
  RefStream *self = (RefStream *) stream;

  if (value < gst_sod_graph_n_values (self->plan->graph)
      && self->plan->buffers[value].last_use == G_MAXUINT)
    return gst_sod_tensor_convert (
        self->values[value], GST_SOD_DTYPE_F32, error);
  gst_sod_set_error_not_kept (value, error);
  return NULL;
}

static const GstSodStreamClass stream_class = {
  .free = free_stream,
  .write_image = write_image,
  .write_tensor = write_tensor,
  .preprocess = preprocess,
  .execute = execute,
  .read_map = read_map,
  .read_value = read_value,
};

GstSodStream *
gst_sod_ref_open (GstSodExecutable *executable, GError **error)
{
  GstSodRefPlan *plan = (GstSodRefPlan *) executable;
  guint n = gst_sod_graph_n_values (plan->graph);
  RefStream *self = g_new0 (RefStream, 1);

  self->base.klass = &stream_class;
  self->plan = plan;
  self->values = g_new0 (GstSodTensor *, n);
  self->arena = gst_sod_aligned_alloc (executable->arena_size, error);
  if (self->arena != NULL)
    self->frame = gst_sod_aligned_alloc (executable->workspace_size, error);
  if (self->frame == NULL) {
    free_stream (&self->base);
    return NULL;
  }
  memset (self->arena, 0, executable->arena_size);
  for (guint i = 0; i < n; i++)
    self->values[i] = gst_sod_tensor_new_borrowed (GST_SOD_DTYPE_F64,
        &plan->shapes[i], self->arena + plan->buffers[i].offset);
  return &self->base;
}
