/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

G_BEGIN_DECLS

/* What a back end that is a module of its own (libgstsod-cuda.so, opened by
 * the registry at run time) gives through the one symbol that it exports. The
 * module has the library's rooms below it linked in: nothing but what these
 * structs hold goes between the two, so both are of one build, which
 * @version says. */
#define GST_SOD_MODULE_SYMBOL "gst_sod_module"

/* A GPU, as `gst-sod info` tells it. Strings are the module's. */
typedef struct
{
  const gchar *name;
  gint major, minor; /* compute capability */
  gsize memory;      /* bytes */
} GstSodModuleDevice;

typedef struct
{
  const gchar *version; /* GST_SOD_VERSION of its build */
  const gchar *device;  /* "cuda" */

  /* How many devices can be used; 0 and GST_SOD_ERROR_DEVICE, with the reason
   * and the way out, where none can: no driver, one too old, no GPU, none
   * visible, no code for any of them. Never aborts. */
  guint (*count) (GError **error);

  /* The back end on device @index, owned by the module for good;
   * GST_SOD_ERROR_DEVICE. */
  GstSodBackend *(*get) (guint index, GError **error);

  gboolean (*describe) (
      guint index, GstSodModuleDevice *device, GError **error);

  /* The same in a context of the driver's that another library made on device
   * @index and that outlives all who use it (a CUcontext; NULL: the primary
   * one). */
  GstSodBackend *(*get_in) (guint index, gpointer context, GError **error);

  /* Versions of driver and libraries, one line; (transfer full). */
  gchar *(*describe_libraries) (void);

  /* Video in the memory of its devices (video/frame-memory-private.h); NULL
   * where it was built without. */
  const struct _GstSodFrameMemory *frames;
} GstSodModule;

typedef const GstSodModule *(*GstSodModuleFunc) (void);

/* The module for GPUs, opened by the first call and kept for good: looked for
 * in the folders of $GST_SOD_MODULE_PATH, in "gst-sod" beside the library and
 * where it was installed. GST_SOD_ERROR_DEVICE where there is none or it does
 * not load, saying why and what to do. Thread-safe. */
const GstSodModule *gst_sod_module_get (GError **error);

G_END_DECLS
