/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cuDNN 9 through its graph API: the one file that names it.
 *
 * What is asked for is described as a graph of operations: the convolution
 * and, for FORWARD, the bias and the rectifier. cuDNN's heuristic lists
 * engines for it, best first; those that the description forbids
 * (conv-desc.c) or that want too much workspace are passed over. */
#include <gst-sod/backend/cuda/gpu-private.h>

#include <gst-sod/backend/cuda/conv-desc-private.h>

#include <cudnn.h>
#include <stdbool.h>
#include <string.h>

#define MAX_CONFIGS 64 /* that a heuristic is asked for */
#define MAX_PLANS 3    /* of a graph that are given */
#define MAX_COMPILED 2 /* that are tried of those that are compiled */

/* ---- errors and handles ---- */

gint
gst_sod_cuda_dnn_version (void)
{
  return (gint) cudnnGetVersion ();
}

/* The one place where a status of cuDNN becomes an error. */
static gboolean
check (GstSodCudaDevice *device, cudnnStatus_t status, const gchar *call,
    GError **error)
{
  gchar detail[512] = "";
  GstSodError code = GST_SOD_ERROR_BACKEND;
  gsize length = strcspn (call, " ("); /* without the arguments */

  if (status == CUDNN_STATUS_SUCCESS)
    return TRUE;
  if (error == NULL)
    return FALSE;
  cudnnGetLastErrorString (detail, sizeof detail);
  if (CUDNN_STATUS_CATEGORY ((int) status) == CUDNN_STATUS_NOT_SUPPORTED)
    code = GST_SOD_ERROR_UNSUPPORTED;
  else if (status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED
           || status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED)
    code = GST_SOD_ERROR_NO_MEMORY;
  g_set_error (error, GST_SOD_ERROR, code,
      "cuDNN %zu on %s: %.*s answered \"%s\"%s%s; use device=cpu",
      cudnnGetVersion (), device->info.name, (int) length, call,
      cudnnGetErrorString (status), *detail != '\0' ? ": " : "", detail);
  return FALSE;
}

#define CHECK(device, call, error) check ((device), (call), #call, (error))

gpointer
gst_sod_cuda_dnn_open (
    GstSodCudaDevice *device, cudaStream_t stream, GError **error)
{
  cudnnHandle_t handle = NULL;

  if (!CHECK (device, cudnnCreate (&handle), error))
    return NULL;
  if (CHECK (device, cudnnSetStream (handle, stream), error))
    return handle;
  cudnnDestroy (handle);
  return NULL;
}

void
gst_sod_cuda_dnn_close (gpointer handle)
{
  if (handle != NULL)
    cudnnDestroy (handle);
}

/* ---- descriptors ---- */

/* A chain of calls that stops at the first that fails; what it made is
 * destroyed at its end. */
typedef struct
{
  GstSodCudaDevice *device;
  GPtrArray *made; /* of cudnnBackendDescriptor_t */
  GError **error;  /* NULL: why is of no interest */
  gboolean ok;
} Maker;

static void
destroy (gpointer descriptor)
{
  cudnnBackendDestroyDescriptor (descriptor);
}

static Maker
maker_new (GstSodCudaDevice *device, GError **error)
{
  return (
      Maker){ device, g_ptr_array_new_with_free_func (destroy), error, TRUE };
}

static cudnnBackendDescriptor_t
make (Maker *self, cudnnBackendDescriptorType_t type)
{
  cudnnBackendDescriptor_t descriptor = NULL;

  self->ok = self->ok
             && CHECK (self->device,
                 cudnnBackendCreateDescriptor (type, &descriptor), self->error);
  if (descriptor != NULL)
    g_ptr_array_add (self->made, descriptor);
  return descriptor;
}

/* The descriptor is the caller's from here on. */
static cudnnBackendDescriptor_t
keep (Maker *self, cudnnBackendDescriptor_t descriptor)
{
  guint index = 0;

  if (g_ptr_array_find (self->made, descriptor, &index))
    g_ptr_array_steal_index_fast (self->made, index);
  return descriptor;
}

static void
set (Maker *self, cudnnBackendDescriptor_t descriptor,
    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
    gint64 n, const void *values)
{
  self->ok = self->ok
             && CHECK (self->device,
                 cudnnBackendSetAttribute (descriptor, name, type, n, values),
                 self->error);
}

static void
set_int64 (Maker *self, cudnnBackendDescriptor_t descriptor,
    cudnnBackendAttributeName_t name, gint64 value)
{
  int64_t number = value;

  set (self, descriptor, name, CUDNN_TYPE_INT64, 1, &number);
}

static void
set_float (Maker *self, cudnnBackendDescriptor_t descriptor,
    cudnnBackendAttributeName_t name, float value)
{
  set (self, descriptor, name, CUDNN_TYPE_FLOAT, 1, &value);
}

static void
set_descriptor (Maker *self, cudnnBackendDescriptor_t descriptor,
    cudnnBackendAttributeName_t name, cudnnBackendDescriptor_t value)
{
  set (self, descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

static void
set_data_type (Maker *self, cudnnBackendDescriptor_t descriptor,
    cudnnBackendAttributeName_t name, cudnnDataType_t value)
{
  set (self, descriptor, name, CUDNN_TYPE_DATA_TYPE, 1, &value);
}

static void
finalize (Maker *self, cudnnBackendDescriptor_t descriptor)
{
  self->ok =
      self->ok
      && CHECK (self->device, cudnnBackendFinalize (descriptor), self->error);
}

/* ---- what is asked for, as cuDNN's graph ---- */

/* Names of the graph's tensors in a variant pack. */
enum
{
  UID_X = 1,
  UID_W,
  UID_BIAS,
  UID_Y,
  UID_SUM,   /* of the convolution, before the bias: never in memory */
  UID_BIASED /* with the bias, before the rectifier: never in memory */
};

static cudnnDataType_t
data_type (GstSodCudaType type)
{
  switch (type) {
    case GST_SOD_CUDA_F16:
      return CUDNN_DATA_HALF;
    case GST_SOD_CUDA_BF16:
      return CUDNN_DATA_BFLOAT16;
    default:
      return CUDNN_DATA_FLOAT;
  }
}

static cudnnBackendDescriptor_t
make_tensor (Maker *self, const GstSodCudaTensorDesc *tensor, gint64 uid,
    bool is_virtual)
{
  cudnnBackendDescriptor_t it = make (self, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  int64_t dims[4], strides[4];

  for (guint i = 0; i < 4; i++) {
    dims[i] = tensor->dims[i];
    strides[i] = tensor->strides[i];
  }
  set_data_type (
      self, it, CUDNN_ATTR_TENSOR_DATA_TYPE, data_type (tensor->type));
  set (self, it, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, dims);
  set (self, it, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides);
  set_int64 (self, it, CUDNN_ATTR_TENSOR_UNIQUE_ID, uid);
  set_int64 (self, it, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, tensor->alignment);
  if (is_virtual)
    set (self, it, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1,
        &is_virtual);
  finalize (self, it);
  return it;
}

/* As y, in f32, and never in memory. */
static cudnnBackendDescriptor_t
make_between (Maker *self, const GstSodCudaConvTensors *tensors, gint64 uid)
{
  GstSodCudaTensorDesc tensor = tensors->y;

  tensor.type = GST_SOD_CUDA_F32;
  return make_tensor (self, &tensor, uid, true);
}

static cudnnBackendDescriptor_t
make_convolution (Maker *self, const GstSodCudaConvTensors *tensors)
{
  cudnnBackendDescriptor_t it =
      make (self, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  int64_t padding[2], stride[2], dilation[2];

  for (guint i = 0; i < 2; i++) {
    padding[i] = tensors->padding[i];
    stride[i] = tensors->stride[i];
    dilation[i] = tensors->dilation[i];
  }
  set_data_type (self, it, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
  set (self, it, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE,
      1, &mode);
  set_int64 (self, it, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 2);
  set (self, it, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2,
      padding);
  set (self, it, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2,
      padding);
  set (self, it, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2,
      stride);
  set (self, it, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2,
      dilation);
  finalize (self, it);
  return it;
}

/* Attributes of the operation of each pass. */
typedef struct
{
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t conv, x, w, y, alpha, beta;
} PassNames;

static const PassNames pass_names[] = {
  [GST_SOD_CUDA_CONV_FORWARD] = { CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA },
  [GST_SOD_CUDA_CONV_DATA] = { CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA },
  [GST_SOD_CUDA_CONV_WEIGHTS] = { CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
      CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA },
};

static cudnnBackendDescriptor_t
make_conv_operation (Maker *self, GstSodCudaConvPass pass,
    const GstSodCudaConvTensors *tensors, cudnnBackendDescriptor_t y)
{
  const PassNames *names = &pass_names[pass];
  cudnnBackendDescriptor_t x = make_tensor (self, &tensors->x, UID_X, false);
  cudnnBackendDescriptor_t w = make_tensor (self, &tensors->w, UID_W, false);
  cudnnBackendDescriptor_t conv = make_convolution (self, tensors);
  cudnnBackendDescriptor_t it = make (self, names->type);

  set_descriptor (self, it, names->conv, conv);
  set_descriptor (self, it, names->x, x);
  set_descriptor (self, it, names->w, w);
  set_descriptor (self, it, names->y, y);
  set_float (self, it, names->alpha, 1);
  set_float (self, it, names->beta, 0);
  finalize (self, it);
  return it;
}

/* y = mode (x, b); @b: NULL where @mode takes one. */
static cudnnBackendDescriptor_t
make_pointwise (Maker *self, cudnnPointwiseMode_t mode,
    cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t b,
    cudnnBackendDescriptor_t y)
{
  cudnnBackendDescriptor_t what =
      make (self, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  cudnnBackendDescriptor_t it =
      make (self, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);

  set (self, what, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1,
      &mode);
  set_data_type (self, what, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
  finalize (self, what);
  set_descriptor (self, it, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, what);
  set_descriptor (self, it, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
  if (b != NULL)
    set_descriptor (self, it, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b);
  set_descriptor (self, it, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
  finalize (self, it);
  return it;
}

/* The convolution, and what follows it where @fused. */
static cudnnBackendDescriptor_t
make_graph (Maker *self, const GstSodCudaConvDesc *desc, cudnnHandle_t handle,
    gboolean fused)
{
  cudnnBackendDescriptor_t operations[3], y, from, to, it;
  GstSodCudaConvTensors tensors;
  gboolean bias = fused && desc->bias, relu = fused && desc->relu;
  guint n = 0;

  gst_sod_cuda_conv_get_tensors (desc, &tensors);
  y = make_tensor (self, &tensors.y, UID_Y, false);
  to = bias || relu ? make_between (self, &tensors, UID_SUM) : y;
  operations[n++] = make_conv_operation (self, desc->pass, &tensors, to);
  from = to;
  if (bias) {
    to = relu ? make_between (self, &tensors, UID_BIASED) : y;
    operations[n++] = make_pointwise (self, CUDNN_POINTWISE_ADD, from,
        make_tensor (self, &tensors.bias, UID_BIAS, false), to);
    from = to;
  }
  if (relu)
    operations[n++] =
        make_pointwise (self, CUDNN_POINTWISE_RELU_FWD, from, NULL, y);
  it = make (self, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  set (self, it, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
      n, operations);
  set (self, it, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1,
      &handle);
  finalize (self, it);
  return it;
}

/* ---- engines ---- */

static GstSodCudaConvNotes
translate_note (cudnnBackendNumericalNote_t note)
{
  switch (note) {
    case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
      return GST_SOD_CUDA_CONV_TENSOR_CORE;
    case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
      return GST_SOD_CUDA_CONV_DOWN_CONVERT;
    case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
      return GST_SOD_CUDA_CONV_REDUCED_SUMS;
    case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
      return GST_SOD_CUDA_CONV_NONDETERMINISTIC;
    case CUDNN_NUMERICAL_NOTE_FFT:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13:
      return GST_SOD_CUDA_CONV_TRANSFORMED;
    default:
      return 0;
  }
}

/* Of an engine; everything is forbidden where it does not tell. */
static GstSodCudaConvNotes
read_notes (cudnnBackendDescriptor_t engine)
{
  cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
  int64_t n = 0;
  GstSodCudaConvNotes all = 0;

  if (cudnnBackendGetAttribute (engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
          CUDNN_TYPE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &n, notes)
      != CUDNN_STATUS_SUCCESS)
    return GST_SOD_CUDA_CONV_ALL_NOTES;
  for (int64_t i = 0; i < MIN (n, CUDNN_NUMERICAL_NOTE_TYPE_COUNT); i++)
    all |= translate_note (notes[i]);
  return all;
}

/* Whether a plan of the engine is compiled when it is made: a second each. */
static gboolean
is_compiled (cudnnBackendDescriptor_t engine)
{
  cudnnBackendBehaviorNote_t notes[CUDNN_BEHAVIOR_NOTE_TYPE_COUNT];
  int64_t n = 0;

  if (cudnnBackendGetAttribute (engine, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE,
          CUDNN_TYPE_BEHAVIOR_NOTE, CUDNN_BEHAVIOR_NOTE_TYPE_COUNT, &n, notes)
      != CUDNN_STATUS_SUCCESS)
    return FALSE;
  for (int64_t i = 0; i < MIN (n, CUDNN_BEHAVIOR_NOTE_TYPE_COUNT); i++) {
    if (notes[i] == CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION)
      return TRUE;
  }
  return FALSE;
}

/* The configurations that a heuristic lists, best first, @maker's. */
static guint
list_configs (Maker *maker, cudnnBackendDescriptor_t graph,
    cudnnBackendHeurMode_t mode, cudnnBackendDescriptor_t *configs)
{
  cudnnBackendDescriptor_t it =
      make (maker, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  int64_t n = 0, given = 0;

  set_descriptor (maker, it, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  set (maker, it, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  finalize (maker, it);
  maker->ok = maker->ok
              && CHECK (maker->device,
                  cudnnBackendGetAttribute (it, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                      CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &n, NULL),
                  maker->error);
  if (!maker->ok || n <= 0)
    return 0;
  n = MIN (n, MAX_CONFIGS);
  for (int64_t i = 0; i < n; i++)
    configs[i] = make (maker, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  maker->ok = maker->ok
              && CHECK (maker->device,
                  cudnnBackendGetAttribute (it, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                      CUDNN_TYPE_BACKEND_DESCRIPTOR, n, &given, configs),
                  maker->error);
  return maker->ok ? (guint) MIN (n, given) : 0;
}

void
gst_sod_cuda_dnn_plan_free (gpointer plan)
{
  GstSodCudaDnnPlan *self = plan;

  if (self->plan != NULL)
    destroy (self->plan);
  if (self->config != NULL)
    destroy (self->config);
  g_free (self->name);
  g_free (self);
}

static gchar *
name_plan (cudnnBackendDescriptor_t engine, const GstSodCudaConvDesc *desc,
    const GstSodCudaDnnPlan *plan)
{
  int64_t n = 0, index = -1;

  cudnnBackendGetAttribute (
      engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &n, &index);
  return g_strdup_printf ("cudnn:engine%" G_GINT64_FORMAT "%s%s%s",
      (gint64) index, plan->fused && desc->bias ? "+bias" : "",
      plan->fused && desc->relu ? "+relu" : "",
      plan->compiled ? ",compiled" : "");
}

/* Whether @plan, of @config, could be made and stays within @limit. */
static gboolean
make_plan (Maker *maker, cudnnHandle_t handle, cudnnBackendDescriptor_t config,
    gsize limit, cudnnBackendDescriptor_t plan, gsize *workspace)
{
  int64_t n = 0, size = -1;

  set (maker, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1,
      &handle);
  set_descriptor (maker, plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
  finalize (maker, plan);
  if (!maker->ok
      || cudnnBackendGetAttribute (plan,
             CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &n,
             &size)
             != CUDNN_STATUS_SUCCESS
      || size < 0 || (gsize) size > limit)
    return FALSE;
  *workspace = (gsize) size;
  return TRUE;
}

/* How many plans that are compiled may still be tried. */
typedef struct
{
  Maker maker; /* of the graph and the configurations */
  guint n_compiled;
} Search;

/* A plan of @config, or NULL where that is forbidden, takes too long to make or
 * does not work here. */
static GstSodCudaDnnPlan *
try_config (Search *search, const GstSodCudaDnnQuery *query,
    cudnnBackendDescriptor_t config)
{
  Maker own = maker_new (query->device, NULL);
  cudnnBackendDescriptor_t engine =
      make (&own, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  cudnnBackendDescriptor_t plan =
      make (&own, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  GstSodCudaDnnPlan *self = NULL;
  gboolean compiled, ok;
  gsize workspace = 0;
  int64_t n = 0;

  ok = own.ok
       && cudnnBackendGetAttribute (config, CUDNN_ATTR_ENGINECFG_ENGINE,
              CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &n, &engine)
              == CUDNN_STATUS_SUCCESS
       && gst_sod_cuda_conv_allows (query->desc, read_notes (engine));
  compiled = ok && is_compiled (engine);
  if (compiled && search->n_compiled > 0)
    search->n_compiled--;
  else if (compiled)
    ok = FALSE;
  if (ok
      && make_plan (
          &own, query->handle, config, query->limit, plan, &workspace)) {
    self = g_new0 (GstSodCudaDnnPlan, 1);
    self->config = keep (&search->maker, config);
    self->plan = keep (&own, plan);
    self->fused = query->fused;
    self->compiled = compiled;
    self->workspace = workspace;
    self->name = name_plan (engine, query->desc, self);
  }
  g_ptr_array_unref (own.made);
  return self;
}

/* Those of one heuristic. */
static void
try_mode (const GstSodCudaDnnQuery *query, cudnnBackendHeurMode_t mode,
    GPtrArray *plans, GError **error)
{
  cudnnBackendDescriptor_t configs[MAX_CONFIGS], graph;
  Search search = { maker_new (query->device, error),
    query->compile ? MAX_COMPILED : 0 };
  Maker *maker = &search.maker;
  guint n, most = plans->len + MAX_PLANS;

  graph = make_graph (maker, query->desc, query->handle, query->fused);
  n = maker->ok ? list_configs (maker, graph, mode, configs) : 0;
  for (guint i = 0; i < n && plans->len < most; i++) {
    GstSodCudaDnnPlan *plan = try_config (&search, query, configs[i]);

    if (plan == NULL)
      continue;
    if (plan->compiled)
      search.n_compiled = 0; /* one is enough */
    g_ptr_array_add (plans, plan);
  }
  g_ptr_array_unref (maker->made);
}

void
gst_sod_cuda_dnn_find (
    const GstSodCudaDnnQuery *query, GPtrArray *plans, GError **error)
{
  g_autoptr (GError) reason = NULL;
  guint before = plans->len;

  try_mode (query, CUDNN_HEUR_MODE_A, plans, &reason);
  if (plans->len > before)
    return;
  g_clear_error (&reason);
  try_mode (query, CUDNN_HEUR_MODE_FALLBACK, plans, &reason);
  if (plans->len == before && reason != NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
}

/* ---- running ---- */

gboolean
gst_sod_cuda_dnn_run (GstSodCudaDevice *device, const GstSodCudaDnnPlan *self,
    gpointer handle, const GstSodCudaDnnMemory *memory, GError **error)
{
  Maker maker = maker_new (device, error);
  cudnnBackendDescriptor_t pack =
      make (&maker, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  int64_t uids[] = { UID_X, UID_W, UID_Y, UID_BIAS };
  void *pointers[] = { memory->x, memory->w, memory->y, memory->bias };
  void *workspace = memory->workspace;
  gint64 n = memory->bias != NULL ? 4 : 3;
  gboolean ok;

  set (&maker, pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR,
      n, pointers);
  set (&maker, pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, n,
      uids);
  set (&maker, pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1,
      &workspace);
  finalize (&maker, pack);
  ok = maker.ok
       && CHECK (device, cudnnBackendExecute (handle, self->plan, pack), error);
  g_ptr_array_unref (maker.made);
  return ok;
}
