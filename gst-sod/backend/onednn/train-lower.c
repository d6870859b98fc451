/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the values of a training plan lie. */
#include <gst-sod/backend/onednn/train-private.h>

/* What a convolution without a norm gives, and what follows it, is f32: the
 * network's output. */
static dnnl_data_type_t
get_type (const GstSodTrainBuilder *self, const GstSodTrainNode *node)
{
  if (node->kind == GST_SOD_TRAIN_CONV)
    return dnnl_f32;
  if (node->kind == GST_SOD_TRAIN_UNIT)
    return self->type;
  return self->views[node->inputs[0]].type;
}

/* Kernels take whole lanes, convolutions read dense values, and only units
 * read the input. */
static gboolean
check_node (GstSodTrainBuilder *self, const GstSodTrainNode *node)
{
  const GstSodTrainPlan *plan = self->plan;
  gint64 channels = plan->shapes[node->output].dims[1];
  gboolean is_tail = get_type (self, node) != self->type;
  gboolean has_weights =
      node->kind == GST_SOD_TRAIN_UNIT || node->kind == GST_SOD_TRAIN_CONV;
  /* Those that take any number of channels, of either type. */
  gboolean has_few = node->kind == GST_SOD_TRAIN_CONV
                     || node->kind == GST_SOD_TRAIN_TANH
                     || (node->kind == GST_SOD_TRAIN_UP && node->n_inputs == 1);

  for (guint i = 0; i < node->n_inputs; i++) {
    GstSodValue input = node->inputs[i];

    if (node->kind != GST_SOD_TRAIN_UNIT && input == plan->graph->input)
      return FALSE;
    if (self->views[input].type
        != (has_weights ? self->type : self->views[node->inputs[0]].type))
      return FALSE;
    if (node->kind == GST_SOD_TRAIN_CONCAT
        && plan->shapes[input].dims[1] % GST_SOD_TRAIN_LANES != 0)
      return FALSE;
    for (guint j = 0; j < i; j++) {
      if (node->inputs[j] == input)
        return FALSE;
    }
  }
  if (is_tail && !has_few)
    return FALSE;
  return channels % GST_SOD_TRAIN_LANES == 0 || has_few;
}

/* Whether a unit before node @index makes @value. */
static gboolean
is_of_unit (const GstSodTrainBuilder *self, guint index, GstSodValue value)
{
  for (guint i = index; i-- > 0;) {
    const GstSodTrainNode *node = gst_sod_train_nodes_get (self->nodes, i);

    if (node->kind != GST_SOD_TRAIN_DEAD && node->output == value)
      return node->kind == GST_SOD_TRAIN_UNIT;
  }
  return FALSE;
}

/* Values that nothing but one concatenation reads lie in it. */
static void
place_in_concat (
    GstSodTrainBuilder *self, guint index, const GstSodTrainNode *concat)
{
  gint64 first = 0;

  for (guint i = 0; i < concat->n_inputs; i++) {
    GstSodValue input = concat->inputs[i];

    if (self->n_readers[input] == 1 && is_of_unit (self, index, input)) {
      self->views[input] = self->views[concat->output];
      self->views[input].first = first;
    }
    first += self->plan->shapes[input].dims[1];
  }
}

static gboolean
place_values (GstSodTrainBuilder *self)
{
  const GstSodTrainPlan *plan = self->plan;
  GstSodValue input = plan->graph->input;

  for (guint i = 0; i < self->nodes->len; i++) {
    const GstSodTrainNode *node = gst_sod_train_nodes_get (self->nodes, i);

    if (node->kind == GST_SOD_TRAIN_DEAD)
      continue;
    for (guint j = 0; j < node->n_inputs; j++)
      self->n_readers[node->inputs[j]]++;
  }
  self->views[input] =
      gst_sod_train_add_view (self, &plan->shapes[input], self->type);
  for (guint i = 0; i < self->nodes->len; i++) {
    const GstSodTrainNode *node = gst_sod_train_nodes_get (self->nodes, i);

    if (node->kind == GST_SOD_TRAIN_DEAD)
      continue;
    self->views[node->output] = gst_sod_train_add_view (
        self, &plan->shapes[node->output], get_type (self, node));
    if (!check_node (self, node))
      return FALSE;
    if (node->kind == GST_SOD_TRAIN_CONCAT)
      place_in_concat (self, i, node);
  }
  return TRUE;
}

const GstSodTrainNode *
gst_sod_train_find_pool (GstSodTrainBuilder *self, const GstSodTrainNode *unit)
{
  const gint64 *dims = self->plan->shapes[unit->output].dims;

  if (unit->kind != GST_SOD_TRAIN_UNIT || dims[2] % 2 != 0 || dims[3] % 2 != 0)
    return NULL;
  for (guint i = 0; i < self->nodes->len; i++) {
    const GstSodTrainNode *node = gst_sod_train_nodes_get (self->nodes, i);

    for (guint j = 0; j < node->n_inputs; j++) {
      if (node->kind != GST_SOD_TRAIN_DEAD && node->inputs[j] == unit->output)
        return node->kind == GST_SOD_TRAIN_MAX_POOL ? node : NULL;
    }
  }
  return NULL;
}

gboolean
gst_sod_train_is_taken_in (
    GstSodTrainBuilder *self, const GstSodTrainNode *pool)
{
  for (guint i = 0; i < self->nodes->len; i++) {
    if (gst_sod_train_find_pool (self, gst_sod_train_nodes_get (self->nodes, i))
        == pool)
      return TRUE;
  }
  return FALSE;
}

gboolean
gst_sod_train_lower (GstSodTrainBuilder *self)
{
  self->nodes = gst_sod_train_nodes_new (self->request, self->plan->shapes);
  return self->nodes != NULL && place_values (self);
}
