/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/cuda/device-private.h>
#include <gst-sod/backend/cuda/kernels-private.h>

/* What kernels are timed on: tensors of one shape and type, and all that goes
 * with them. Contents are zero: no kernel here takes longer for others. */
typedef struct
{
  GstSodCudaDevice *device;
  GstSodCudaQueue *queue;
  GPtrArray *memory; /* of device memory */
  GError *error;     /* the first; nothing is done after it */
  GstSodCudaType type;
  gint n, h, w, c;

  GstSodCudaView x, y, d_x, d_y; /* (n, h, w, c) */
  GstSodCudaView half;           /* (n, h / 2, w / 2, c) */
  gfloat *planes;                /* (n, c, h, w) */
  gfloat *channels[5];           /* (2, c) */
  gpointer scratch;
  GstSodCudaConv *convs[3]; /* 3x3 to as many channels, by their pass */
  gpointer weights, workspace;

  /* of a kernel that comes in one size */
  GstSodCudaPicture picture;
  GstSodCudaParams params;
  gdouble *sums;
} KernelBench;

/* One kernel, or the launches that make one operation. */
typedef struct
{
  const gchar *name;
  void (*run) (KernelBench *bench);
  /* What it cannot do without: reads and writes of whole tensors of the bench's
   * type, of f32 planes of the same shape, and other bytes; and operations. */
  gdouble tensors, planes;
  gdouble (*bytes) (const KernelBench *bench);
  gdouble (*flops) (const KernelBench *bench);
} KernelRun;

/* Of tensors of any type and shape; of tensors that have one. Their last one
 * has no name. */
extern const KernelRun kernel_runs[];
extern const KernelRun kernel_runs_once[];

/* FALSE and @error where the device has not the memory. */
gboolean kernel_bench_init (KernelBench *self, GstSodCudaDevice *device,
    GstSodCudaType type, const gint shape[4], GError **error);
/* The picture, maps and weights of kernel_runs_once; @small: little ones. */
gboolean kernel_bench_init_once (KernelBench *self, GstSodCudaDevice *device,
    gboolean small, GError **error);
void kernel_bench_clear (KernelBench *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KernelBench, kernel_bench_clear)

gdouble kernel_run_count_bytes (const KernelRun *run, const KernelBench *bench);
