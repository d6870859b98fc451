/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices on the CUDA runtime, which is linked in and finds the driver when it
 * is first called: without one, the module loads and says so. */
#include <gst-sod/backend/cuda/gpu-private.h>

#include <gst-sod/backend/cuda/cuda-private.h>

#include <cuda.h>
#include <string.h>

#define VERSION_FORMAT "%d.%d"
#define VERSION_ARGS(version) (version) / 1000, (version) % 1000 / 10

/* ---- errors ---- */

/* Errors after which a context does nothing any more. */
static gboolean
is_final (cudaError_t status)
{
  switch (status) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContextIsDestroyed:
    case cudaErrorDevicesUnavailable:
    case cudaErrorDeviceUninitialized:
    case cudaErrorMpsConnectionFailed:
    case cudaErrorMpsServerNotReady:
    case cudaErrorSystemNotReady:
    case cudaErrorUnknown:
      return TRUE;
    default:
      return FALSE;
  }
}

static void
set_error (GstSodCudaDevice *device, cudaError_t status, const gchar *call,
    GError **error)
{
  const gchar *name = device != NULL ? device->info.name : "the GPU";
  gsize length = strcspn (call, " ("); /* without the arguments */

  if (status == cudaErrorNoKernelImageForDevice)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "the CUDA back end has no code for %s (compute capability %d.%d): it "
        "was built for %s; build it with -Dcuda-arch=%d%d, or use device=cpu",
        name, device != NULL ? device->info.major : 0,
        device != NULL ? device->info.minor : 0, GST_SOD_CUDA_ARCHS,
        device != NULL ? device->info.major : 0,
        device != NULL ? device->info.minor : 0);
  else if (status == cudaErrorMemoryAllocation)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_NO_MEMORY,
        "no memory on %s for %.*s; use a smaller input or batch, or device=cpu",
        name, (int) length, call);
  else if (device != NULL && g_atomic_int_get (&device->lost))
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "%s is lost: %.*s answered \"%s\" (%s); restart the program or use "
        "device=cpu",
        name, (int) length, call, cudaGetErrorString (status),
        cudaGetErrorName (status));
  else
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_BACKEND,
        "CUDA on %s: %.*s answered \"%s\" (%s); use device=cpu", name,
        (int) length, call, cudaGetErrorString (status),
        cudaGetErrorName (status));
}

gboolean
gst_sod_cuda_ok (GstSodCudaDevice *device, cudaError_t status,
    const gchar *call, GError **error)
{
  if (status == cudaSuccess)
    return TRUE;
  /* The last error is kept for whoever asks next: it is told here. */
  cudaGetLastError ();
  if (device != NULL && is_final (status))
    g_atomic_int_set (&device->lost, TRUE);
  set_error (device, status, call, error);
  return FALSE;
}

/* ---- which there are ---- */

const gchar *
gst_sod_cuda_layer_name (void)
{
  return "cuda";
}

static void
set_error_no_driver (GError **error)
{
  int driver = 0, runtime = 0;

  cudaDriverGetVersion (&driver);
  cudaRuntimeGetVersion (&runtime);
  if (driver == 0)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "there is no NVIDIA driver (libcuda.so.1) on this machine; install one "
        "for CUDA " VERSION_FORMAT " or newer",
        VERSION_ARGS (runtime));
  else
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "the NVIDIA driver is too old: it knows CUDA " VERSION_FORMAT
        ", the CUDA back end needs " VERSION_FORMAT "; install a newer driver",
        VERSION_ARGS (driver), VERSION_ARGS (runtime));
}

static void
set_error_no_device (cudaError_t status, GError **error)
{
  const gchar *visible = g_getenv ("CUDA_VISIBLE_DEVICES");

  if (status != cudaSuccess && status != cudaErrorNoDevice)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "the NVIDIA driver gives no GPU: \"%s\" (%s); see what nvidia-smi says",
        cudaGetErrorString (status), cudaGetErrorName (status));
  else if (visible != NULL)
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "no GPU is visible: CUDA_VISIBLE_DEVICES is \"%s\"; name one there or "
        "unset it",
        visible);
  else
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "the NVIDIA driver sees no GPU; see what nvidia-smi says");
}

static gboolean
has_code (guint index, GError **error)
{
  int major = 0, minor = 0;

  if (!GST_SOD_CUDA_CHECK (NULL,
          cudaDeviceGetAttribute (
              &major, cudaDevAttrComputeCapabilityMajor, (int) index),
          error)
      || !GST_SOD_CUDA_CHECK (NULL,
          cudaDeviceGetAttribute (
              &minor, cudaDevAttrComputeCapabilityMinor, (int) index),
          error))
    return FALSE;
  if (gst_sod_cuda_archs_run (GST_SOD_CUDA_ARCHS, major, minor))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
      "the CUDA back end has no code for GPU %u (compute capability %d.%d): it "
      "was built for %s; build it with -Dcuda-arch=%d%d",
      index, major, minor, GST_SOD_CUDA_ARCHS, major, minor);
  return FALSE;
}

guint
gst_sod_cuda_device_count (GError **error)
{
  g_autoptr (GError) reason = NULL;
  int n = 0;
  cudaError_t status = cudaGetDeviceCount (&n);

  cudaGetLastError ();
  if (status == cudaErrorInsufficientDriver) {
    set_error_no_driver (error);
    return 0;
  }
  if (status != cudaSuccess || n <= 0) {
    set_error_no_device (status, error);
    return 0;
  }
  for (guint i = 0; i < (guint) n; i++) {
    g_clear_error (&reason);
    if (has_code (i, &reason))
      return (guint) n;
  }
  g_propagate_error (error, g_steal_pointer (&reason));
  return 0;
}

/* ---- one ---- */

/* The driver's function, without linking to its library. */
static gpointer
find_driver_function (const gchar *name)
{
  enum cudaDriverEntryPointQueryResult result;
  void *function = NULL;

  if (cudaGetDriverEntryPointByVersion (
          name, &function, CUDA_VERSION, cudaEnableDefault, &result)
          != cudaSuccess
      || result != cudaDriverEntryPointSuccess)
    return NULL;
  return function;
}

/* cuCtxSetCurrent() */
typedef CUresult (*SetCurrent) (CUcontext context);

gboolean
gst_sod_cuda_device_enter (GstSodCudaDevice *self, GError **error)
{
  if (g_atomic_int_get (&self->lost)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "%s is lost after an earlier error; restart the program or use "
        "device=cpu",
        self->info.name);
    return FALSE;
  }
  if (self->context == NULL)
    return GST_SOD_CUDA_CHECK (self, cudaSetDevice ((int) self->index), error);
  if (self->set_current != NULL
      && ((SetCurrent) self->set_current) (self->context) == CUDA_SUCCESS)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
      "the CUDA context that was shared with the network's back end on %s "
      "cannot be used; use memory of the system, or device=cpu",
      self->info.name);
  return FALSE;
}

static gboolean
read_info (GstSodCudaDevice *self, GError **error)
{
  struct cudaDeviceProp properties;

  if (!GST_SOD_CUDA_CHECK (
          NULL, cudaGetDeviceProperties (&properties, (int) self->index), error)
      || !GST_SOD_CUDA_CHECK (
          NULL, cudaDriverGetVersion (&self->info.driver), error)
      || !GST_SOD_CUDA_CHECK (
          NULL, cudaRuntimeGetVersion (&self->info.runtime), error))
    return FALSE;
  g_strlcpy (self->info.name, properties.name, sizeof self->info.name);
  self->info.major = properties.major;
  self->info.minor = properties.minor;
  self->info.memory = properties.totalGlobalMem;
  self->info.n_processors = properties.multiProcessorCount;
  self->info.cudnn = gst_sod_cuda_dnn_version ();
  return TRUE;
}

static GstSodCudaDevice *
open_device (guint index, gpointer context, GError **error)
{
  GstSodCudaDevice *self = g_new0 (GstSodCudaDevice, 1);

  self->index = index;
  self->context = context;
  if (context != NULL)
    self->set_current = find_driver_function ("cuCtxSetCurrent");
  g_mutex_init (&self->conv_lock);
  if (has_code (index, error) && read_info (self, error)
      && gst_sod_cuda_device_enter (self, error))
    return self;
  g_mutex_clear (&self->conv_lock);
  g_free (self);
  return NULL;
}

static GstSodCudaDevice *
find_device (GPtrArray *devices, guint index, gpointer context)
{
  for (guint i = 0; i < devices->len; i++) {
    GstSodCudaDevice *self = g_ptr_array_index (devices, i);

    if (self->index == index && self->context == context)
      return self;
  }
  return NULL;
}

GstSodCudaDevice *
gst_sod_cuda_device_get (guint index, gpointer context, GError **error)
{
  static GMutex lock;
  static GPtrArray *devices;
  guint n = gst_sod_cuda_device_count (error);
  GstSodCudaDevice *self;

  if (n == 0)
    return NULL;
  if (index >= n) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_DEVICE,
        "there is no GPU %u: there %s %u, from 0", index, n == 1 ? "is" : "are",
        n);
    return NULL;
  }
  g_mutex_lock (&lock);
  if (devices == NULL)
    devices = g_ptr_array_new ();
  self = find_device (devices, index, context);
  if (self == NULL) {
    self = open_device (index, context, error);
    if (self != NULL)
      g_ptr_array_add (devices, self);
  }
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
  int driver = 0, runtime = 0, cudnn = gst_sod_cuda_dnn_version ();

  cudaDriverGetVersion (&driver);
  cudaRuntimeGetVersion (&runtime);
  if (driver == 0)
    return g_strdup_printf ("CUDA " VERSION_FORMAT
                            " (no driver), cuDNN %d.%d.%d",
        VERSION_ARGS (runtime), cudnn / 10000, cudnn % 10000 / 100,
        cudnn % 100);
  return g_strdup_printf ("CUDA " VERSION_FORMAT " (driver for " VERSION_FORMAT
                          "), cuDNN %d.%d.%d",
      VERSION_ARGS (runtime), VERSION_ARGS (driver), cudnn / 10000,
      cudnn % 10000 / 100, cudnn % 100);
}
