/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights, gradients and the optimiser's state that stay on the device, and the
 * update that they get. */
#include <gst-sod/backend/cuda/masters-private.h>

#include <math.h>
#include <string.h>

#include <gst-sod/backend/cuda/cuda-private.h>

#define ALIGNMENT 256 /* of each array, bytes */
#define VALUES 4      /* params begin at multiples of it */

/* Dynamic scaling of the loss (Micikevicius et al. 2018, 3.2): halved where a
 * gradient is too large for f16, doubled when none was for a while. */
#define FIRST_SCALE 65536.0f
#define LAST_SCALE 16777216.0f
#define N_GOOD 2000

static void
free_masters (GstSodMasters *masters)
{
  gst_sod_cuda_masters_free ((GstSodCudaMasters *) masters);
}

void
gst_sod_cuda_masters_free (GstSodCudaMasters *self)
{
  if (self->queue != NULL)
    gst_sod_cuda_queue_free (self->queue);
  if (self->memory != NULL)
    gst_sod_cuda_free (self->device, self->memory);
  if (self->found_norm != NULL)
    gst_sod_cuda_free_pinned (self->device, self->found_norm);
  g_hash_table_unref (self->places);
  g_free (self->offsets);
  g_free (self->sizes);
  g_free (self);
}

/* ---- values ---- */

static gfloat *
get_array (const GstSodCudaMasters *self, GstSodMastersPart part)
{
  switch (part) {
    case GST_SOD_MASTERS_WEIGHTS:
      return self->arrays.weights;
    case GST_SOD_MASTERS_AVERAGES:
      return self->arrays.averages;
    case GST_SOD_MASTERS_MOMENTS_1:
    case GST_SOD_MASTERS_MOMENTS_2:
      return self->arrays.moments[part - GST_SOD_MASTERS_MOMENTS_1];
    default:
      return self->arrays.gradients;
  }
}

/* Statistics have neither moments nor gradients. */
static gboolean
has_part (const GstSodCudaMasters *self, GstSodMastersPart part, guint index)
{
  return part == GST_SOD_MASTERS_WEIGHTS || part == GST_SOD_MASTERS_AVERAGES
         || self->offsets[index] < self->arrays.n_trained;
}

static gboolean
store (GstSodMasters *masters, GstSodMastersPart part, guint index,
    const gfloat *values, GError **error)
{
  GstSodCudaMasters *self = (GstSodCudaMasters *) masters;

  g_return_val_if_fail (has_part (self, part, index), FALSE);

  return gst_sod_cuda_upload (self->queue,
      get_array (self, part) + self->offsets[index], values,
      self->sizes[index] * sizeof (gfloat), error);
}

static gboolean
fetch (GstSodMasters *masters, GstSodMastersPart part, guint index,
    gfloat *values, GError **error)
{
  GstSodCudaMasters *self = (GstSodCudaMasters *) masters;

  g_return_val_if_fail (has_part (self, part, index), FALSE);

  return gst_sod_cuda_download (self->queue, values,
             get_array (self, part) + self->offsets[index],
             self->sizes[index] * sizeof (gfloat), error)
         && gst_sod_cuda_wait (self->queue, error);
}

gsize
gst_sod_cuda_masters_find (
    const GstSodCudaMasters *self, const gchar *name, gsize n)
{
  guint place = GPOINTER_TO_UINT (g_hash_table_lookup (self->places, name));

  if (place == 0 || self->sizes[place - 1] != n)
    return G_MAXSIZE;
  return self->offsets[place - 1];
}

/* ---- passes ---- */

static gsize
count_statistics (const GstSodCudaMasters *self)
{
  return (self->arrays.n - self->arrays.n_trained) * sizeof (gfloat);
}

gboolean
gst_sod_cuda_masters_begin_pass (GstSodCudaMasters *self, GError **error)
{
  if (self->kept)
    return TRUE;
  self->kept = TRUE;
  return gst_sod_cuda_copy (self->queue, self->statistics,
      self->arrays.weights + self->arrays.n_trained, count_statistics (self),
      error);
}

static GstSodCudaView
view_trained (const GstSodCudaMasters *self, gfloat *values)
{
  return (GstSodCudaView){
    .data = values,
    .type = GST_SOD_CUDA_F32,
    .n = 1,
    .h = 1,
    .w = (gint) (self->arrays.n_trained / VALUES),
    .c = VALUES,
    .stride = VALUES,
  };
}

/* @to = sums + gradients */
static gboolean
add_gradients (GstSodCudaMasters *self, gfloat *to, GError **error)
{
  GstSodCudaView a = view_trained (self, self->sums);
  GstSodCudaView b = view_trained (self, self->arrays.gradients);
  GstSodCudaView y = view_trained (self, to);

  gst_sod_cuda_kernel_add (
      gst_sod_cuda_queue_get_stream (self->queue), &a, &b, &y);
  return gst_sod_cuda_check (self->queue, "add", error);
}

gboolean
gst_sod_cuda_masters_begin_backward (
    GstSodCudaMasters *self, gboolean scaled, GError **error)
{
  gsize size = self->arrays.n_trained * sizeof (gfloat);
  guint n = self->n_passes++;

  self->scaled = self->scaled || scaled;
  if (n == 0)
    return TRUE;
  if (n == 1)
    return gst_sod_cuda_copy (
        self->queue, self->sums, self->arrays.gradients, size, error);
  return add_gradients (self, self->sums, error);
}

static void
begin_anew (GstSodCudaMasters *self)
{
  self->n_passes = 0;
  self->kept = FALSE;
  self->scaled = FALSE;
}

static gboolean
discard (GstSodMasters *masters, GError **error)
{
  GstSodCudaMasters *self = (GstSodCudaMasters *) masters;
  gboolean kept = self->kept;

  begin_anew (self);
  return !kept
         || (gst_sod_cuda_copy (self->queue,
                 self->arrays.weights + self->arrays.n_trained,
                 self->statistics, count_statistics (self), error)
             && gst_sod_cuda_wait (self->queue, error));
}

/* ---- updates ---- */

static gboolean
queue_update (GstSodCudaMasters *self, const GstSodMastersUpdate *update,
    gfloat gradient_scale, GError **error)
{
  GstSodCudaUpdate step = {
    .adamw = update->adamw,
    .learning_rate = (gfloat) update->learning_rate,
    .momentum = (gfloat) update->momentum,
    .weight_decay = (gfloat) update->weight_decay,
    .clip_norm = (gfloat) update->clip_norm,
    .gradient_scale = gradient_scale,
    .step = update->step,
    .average_share = (gfloat) update->average_share,
  };

  gst_sod_cuda_kernel_update (gst_sod_cuda_queue_get_stream (self->queue),
      &self->arrays, &step, self->norm, self->scratch);
  return gst_sod_cuda_check (self->queue, "update", error)
         && gst_sod_cuda_download (
             self->queue, self->found_norm, self->norm, sizeof (gdouble), error)
         && gst_sod_cuda_wait (self->queue, error);
}

/* Whether the loss was scaled up and now is less. */
static gboolean
adapt_scale (GstSodCudaMasters *self, gboolean good)
{
  if (!self->scaled)
    return FALSE;
  if (!good && self->loss_scale > 1) {
    self->loss_scale /= 2;
    self->n_good = 0;
    return TRUE;
  }
  if (good && ++self->n_good >= N_GOOD) {
    self->loss_scale = MIN (2 * self->loss_scale, LAST_SCALE);
    self->n_good = 0;
  }
  return FALSE;
}

static gboolean
update_all (GstSodMasters *masters, const GstSodMastersUpdate *update,
    GstSodMastersResult *result, GError **error)
{
  GstSodCudaMasters *self = (GstSodCudaMasters *) masters;
  gfloat share;

  g_return_val_if_fail (self->n_passes > 0, FALSE);

  share = 1.0f / (gfloat) self->n_passes;
  if (self->n_passes > 1
      && !add_gradients (self, self->arrays.gradients, error))
    return FALSE;
  if (!queue_update (self, update, share, error))
    return FALSE;
  result->norm = *self->found_norm;
  result->rescaled = adapt_scale (self, isfinite (result->norm));
  if (!isfinite (result->norm))
    return discard (masters, error);
  begin_anew (self);
  return TRUE;
}

/* ---- opening ---- */

static const GstSodMastersClass masters_class = {
  .free = free_masters,
  .store = store,
  .fetch = fetch,
  .update = update_all,
  .discard = discard,
};

/* Values of the specs that are @trained, or are not, from @n on; returns where
 * they end. */
static gsize
place (GstSodCudaMasters *self, const GstSodMastersSpec *specs,
    gboolean trained, gsize n)
{
  for (guint i = 0; i < self->n_specs; i++) {
    if (specs[i].trained != trained)
      continue;
    self->offsets[i] = n;
    self->sizes[i] = specs[i].n;
    n += (specs[i].n + VALUES - 1) / VALUES * VALUES;
    g_hash_table_insert (
        self->places, g_strdup (specs[i].name), GUINT_TO_POINTER (i + 1));
  }
  return n;
}

/* @size bytes at *@total, which goes on behind them; NULL base: only that. */
static gpointer
take (guint8 *memory, gsize *total, gsize size)
{
  gsize at = *total;

  *total += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  return memory != NULL ? memory + at : NULL;
}

/* Gives each array its place; returns the size of all. */
static gsize
divide_memory (GstSodCudaMasters *self)
{
  GstSodCudaParams *arrays = &self->arrays;
  gsize all = arrays->n * sizeof (gfloat);
  gsize trained = arrays->n_trained * sizeof (gfloat);
  gsize total = 0;

  arrays->weights = take (self->memory, &total, all);
  arrays->averages = take (self->memory, &total, all);
  arrays->gradients = take (self->memory, &total, trained);
  arrays->moments[0] = take (self->memory, &total, trained);
  arrays->moments[1] = take (self->memory, &total, trained);
  arrays->decays = take (self->memory, &total, arrays->n_trained);
  self->sums = take (self->memory, &total, trained);
  self->statistics = take (self->memory, &total, all - trained);
  self->norm = take (self->memory, &total, sizeof (gdouble));
  self->scratch =
      take (self->memory, &total, gst_sod_cuda_kernel_update_scratch (arrays));
  return total;
}

static gboolean
upload_decays (
    GstSodCudaMasters *self, const GstSodMastersSpec *specs, GError **error)
{
  g_autofree guint8 *decays = g_new0 (guint8, self->arrays.n_trained + 1);

  for (guint i = 0; i < self->n_specs; i++) {
    if (specs[i].trained && specs[i].decays)
      memset (decays + self->offsets[i], 1, specs[i].n);
  }
  return gst_sod_cuda_upload (self->queue, (gpointer) self->arrays.decays,
             decays, self->arrays.n_trained, error)
         && gst_sod_cuda_wait (self->queue, error);
}

static gboolean
take_memory (
    GstSodCudaMasters *self, const GstSodMastersSpec *specs, GError **error)
{
  gsize size = divide_memory (self);

  self->queue = gst_sod_cuda_queue_new (self->device, error);
  if (self->queue == NULL)
    return FALSE;
  self->memory = gst_sod_cuda_alloc (self->device, size, error);
  if (self->memory == NULL)
    return FALSE;
  self->found_norm =
      gst_sod_cuda_alloc_pinned (self->device, sizeof (gdouble), error);
  if (self->found_norm == NULL)
    return FALSE;
  divide_memory (self);
  return gst_sod_cuda_clear (self->queue, self->memory, size, error)
         && upload_decays (self, specs, error);
}

GstSodMasters *
gst_sod_cuda_open_masters (GstSodBackend *backend,
    const GstSodMastersSpec *specs, guint n_specs, GError **error)
{
  GstSodCudaMasters *self = g_new0 (GstSodCudaMasters, 1);

  self->base.klass = &masters_class;
  self->device = gst_sod_cuda_backend_get_device (backend);
  self->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->n_specs = n_specs;
  self->offsets = g_new0 (gsize, n_specs + 1);
  self->sizes = g_new0 (gsize, n_specs + 1);
  self->loss_scale = FIRST_SCALE;
  self->arrays.n_trained = place (self, specs, TRUE, 0);
  self->arrays.n = place (self, specs, FALSE, self->arrays.n_trained);
  if (take_memory (self, specs, error))
    return &self->base;
  gst_sod_cuda_masters_free (self);
  return NULL;
}
