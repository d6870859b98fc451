/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Launchers of the kernels in *.cu, compiled by nvcc for the module and by the
 * host's C++ compiler (a launch is then a loop over the grid) for the tests'
 * twin. Each queues its work on @stream, a cudaStream_t, and returns; callers
 * ask gst_sod_cuda_check() after each. `=` is written, `+=` added to. Views of
 * one call may be of different types unless said otherwise; arithmetic is f32
 * whatever the types. Any size: tails are handled. */
#include <gst-sod/backend/cuda/view-private.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- layouts (layout.cu) ---- */

/* Dense (n, c, h, w) f32 planes of @view's shape -> @view (=), channels from
 * planes' c on up to view->c are zeroed (padding); and back. @planes_c:
 * channels the planes have, at most view->c. */
void gst_sod_cuda_kernel_from_planes (void *stream, const float *planes,
    int planes_c, const GstSodCudaView *view);
void gst_sod_cuda_kernel_to_planes (
    void *stream, const GstSodCudaView *view, float *planes, int planes_c);
/* to = from: other types or strides, equal shapes (concat copies). */
void gst_sod_cuda_kernel_copy (
    void *stream, const GstSodCudaView *from, const GstSodCudaView *to);

/* Weights between (k, c, size, size) f32, as the library has them, and the
 * convolution's (k, big, big, pad_c) of @type: the kernel is centred in zeros
 * (big > size: the parallel stem as one), channels c .. pad_c are zero, and
 * its k rows are rows first_k .. first_k + k of the target. split() is the way
 * back, of gradients: f32 (=) from @type times @scale. */
void gst_sod_cuda_kernel_join_weights (void *stream, const float *weights,
    int k, int c, int size, void *target, GstSodCudaType type, int first_k,
    int big, int pad_c);
void gst_sod_cuda_kernel_split_weights (void *stream, const void *source,
    GstSodCudaType type, int first_k, int big, int pad_c, float *weights, int k,
    int c, int size, float scale);

/* ---- elementwise (elementwise.cu) ---- */

void gst_sod_cuda_kernel_relu (
    void *stream, const GstSodCudaView *x, const GstSodCudaView *y);
void gst_sod_cuda_kernel_sigmoid (
    void *stream, const GstSodCudaView *x, const GstSodCudaView *y);
void gst_sod_cuda_kernel_tanh (
    void *stream, const GstSodCudaView *x, const GstSodCudaView *y);
/* Gradients by the op's own output y: d_x = d_y * f'(y). */
void gst_sod_cuda_kernel_relu_backward (void *stream, const GstSodCudaView *y,
    const GstSodCudaView *d_y, const GstSodCudaView *d_x);
void gst_sod_cuda_kernel_sigmoid_backward (void *stream,
    const GstSodCudaView *y, const GstSodCudaView *d_y,
    const GstSodCudaView *d_x);
void gst_sod_cuda_kernel_tanh_backward (void *stream, const GstSodCudaView *y,
    const GstSodCudaView *d_y, const GstSodCudaView *d_x);
/* y = a + b. */
void gst_sod_cuda_kernel_add (void *stream, const GstSodCudaView *a,
    const GstSodCudaView *b, const GstSodCudaView *y);
/* y = relu? (x + bias[c]); in place where x and y are the same. */
void gst_sod_cuda_kernel_bias (void *stream, const GstSodCudaView *x,
    const float *bias, int relu, const GstSodCudaView *y);
/* d_bias[c] (=) = scale * sum of d_y over n, h, w; the same bytes every time.
 * @scratch: norm_scratch() bytes for @d_y. */
void gst_sod_cuda_kernel_bias_backward (void *stream, const GstSodCudaView *d_y,
    float scale, float *d_bias, void *scratch);

/* ---- convolutions (plain-conv.cu) ---- */

/* As gst_sod_cuda_conv_run() says, by plain sums: slow, and there for every
 * shape and type. Views that belong together are of one type, which is the
 * weights' (k, kernel, kernel, c) too; @bias: NULL or k values. */
typedef struct
{
  int kernel, stride, dilation, padding;
} GstSodCudaWindow;

void gst_sod_cuda_kernel_conv_forward (void *stream, const GstSodCudaView *x,
    const void *weights, const float *bias, int relu,
    const GstSodCudaWindow *window, const GstSodCudaView *y);
void gst_sod_cuda_kernel_conv_data (void *stream, const GstSodCudaView *d_y,
    const void *weights, const GstSodCudaWindow *window,
    const GstSodCudaView *d_x);
void gst_sod_cuda_kernel_conv_weights (void *stream, const GstSodCudaView *x,
    const GstSodCudaView *d_y, const GstSodCudaWindow *window, void *d_weights);

/* ---- pools and enlarging (pool.cu, upsample.cu) ---- */

/* Any size and stride without padding, as the ops max_pool and avg_pool. */
void gst_sod_cuda_kernel_max_pool (void *stream, const GstSodCudaView *x,
    int size, int stride, const GstSodCudaView *y);
void gst_sod_cuda_kernel_avg_pool (void *stream, const GstSodCudaView *x,
    int size, int stride, const GstSodCudaView *y);
/* d_x = (sum or 0) + the gradient; @sum may be NULL or d_x itself. The first
 * greatest of a window, in rows from the top left, takes max_pool's. */
void gst_sod_cuda_kernel_max_pool_backward (void *stream,
    const GstSodCudaView *x, const GstSodCudaView *d_y, int size, int stride,
    const GstSodCudaView *sum, const GstSodCudaView *d_x);
void gst_sod_cuda_kernel_avg_pool_backward (void *stream,
    const GstSodCudaView *d_y, int size, int stride, const GstSodCudaView *sum,
    const GstSodCudaView *d_x);

/* Bilinear, half-pixel centres, edge clamped, by an integer factor:
 * y = f (up (x) + skip); @skip may be NULL. */
typedef enum
{
  GST_SOD_CUDA_LINEAR,
  GST_SOD_CUDA_RELU,
  GST_SOD_CUDA_SIGMOID
} GstSodCudaActivation;
void gst_sod_cuda_kernel_upsample (void *stream, const GstSodCudaView *x,
    int scale, const GstSodCudaView *skip, GstSodCudaActivation activation,
    const GstSodCudaView *y);
/* d_x (=) */
void gst_sod_cuda_kernel_upsample_backward (void *stream,
    const GstSodCudaView *d_y, int scale, const GstSodCudaView *d_x);

/* ---- batch norm (norm.cu, norm-backward.cu) ---- */

/* Batch statistics of x over n, h, w -> saved[0 .. c) mean, saved[c .. 2c)
 * 1 / sqrt (variance + epsilon); running statistics move by @momentum towards
 * mean and unbiased variance, NULL: they stay. Then y = relu? (weight * (x -
 * mean) * rstd + bias). @scratch: norm_scratch() bytes. Sums in a fixed order:
 * the same bytes every time. */
size_t gst_sod_cuda_kernel_norm_scratch (const GstSodCudaView *x);
void gst_sod_cuda_kernel_norm_forward (void *stream, const GstSodCudaView *x,
    const float *weight, const float *bias, float epsilon, float momentum,
    float *running_mean, float *running_var, int relu, float *saved,
    void *scratch, const GstSodCudaView *y);
/* With the running statistics: saved gets them, y as above. */
void gst_sod_cuda_kernel_norm_frozen (void *stream, const GstSodCudaView *x,
    const float *weight, const float *bias, float epsilon,
    const float *running_mean, const float *running_var, int relu, float *saved,
    const GstSodCudaView *y);
/* @y: of relu, whose zeros stop the gradient; NULL without relu. d_weight and
 * d_bias (=), times @scale, NULL where frozen (then d_x takes the statistics
 * for constants). d_x may be d_y. */
void gst_sod_cuda_kernel_norm_backward (void *stream, const GstSodCudaView *x,
    const GstSodCudaView *y, const GstSodCudaView *d_y, const float *weight,
    const float *saved, float scale, float *d_weight, float *d_bias,
    void *scratch, const GstSodCudaView *d_x);

/* ---- pictures (picture.cu) ---- */

/* GstSodImage with its samples in device memory. */
typedef struct
{
  const uint8_t *data;
  int stride, pixel_stride; /* bytes; stride may be negative */
  int width, height;        /* samples */
  int sample_size, depth, shift;
  float x_first, x_step, y_first, y_step;
} GstSodCudaComponent;

typedef struct
{
  int n_components; /* 1 or 3 */
  GstSodCudaComponent components[3];
  float matrix[3][4];
  float mean[3], std[3];
  int gray; /* one channel in 0..1, neither mean nor std */
} GstSodCudaPicture;

/* The rule of preprocess() (ref/picture.c): antialiased triangle filter when
 * shrinking, bilinear when enlarging. @view: sample's rows, (1, h, w, 3 or 1),
 * written; channels beyond are left. One kernel. */
void gst_sod_cuda_kernel_preprocess (
    void *stream, const GstSodCudaPicture *picture, const GstSodCudaView *view);
/* One-channel view of one sample in 0..1 -> 8-bit gray, round to nearest, of
 * width x height, by the same filters. */
void gst_sod_cuda_kernel_postprocess (void *stream, const GstSodCudaView *map,
    uint8_t *gray, int stride, int width, int height);

/* ---- training (loss.cu, optimiser.cu) ---- */

/* Losses as docs/training.md defines them; output and d_output f32 dense
 * views, target f32 planes of the same shape, pixel weights NULL or (n, h, w).
 * losses[n] (=): each sample's share, their sum is the loss; d_output (=) is
 * its gradient times @scale. @scratch: loss_scratch() bytes. */
typedef enum
{
  GST_SOD_CUDA_LOSS_BCE,
  GST_SOD_CUDA_LOSS_STRUCTURE,
  GST_SOD_CUDA_LOSS_L1,
  GST_SOD_CUDA_LOSS_L1_GRADIENT
} GstSodCudaLoss;
/* A loss with the numbers in it. */
typedef struct
{
  GstSodCudaLoss loss;
  float edge_weight;      /* structure: how much more an edge weighs */
  int radius;             /* structure: half the side of a neighbourhood */
  double gradient_weight; /* l1-gradient: of the differences */
} GstSodCudaLossForm;
size_t gst_sod_cuda_kernel_loss_scratch (
    GstSodCudaLoss loss, const GstSodCudaView *output);
void gst_sod_cuda_kernel_loss (void *stream, const GstSodCudaLossForm *form,
    const GstSodCudaView *output, const float *target, const float *weights,
    float scale, double *losses, void *scratch, const GstSodCudaView *d_output);

/* All master weights, gradients, moments and averages of a network lie one
 * after the other in four arrays of n values; running statistics after the
 * trained ones: values [0, n_trained) are updated, all n are averaged.
 * decays: a bit a value block, see optimiser.cu. */
typedef struct
{
  float *weights, *gradients, *moments[2], *averages;
  const uint8_t *decays; /* 1 a value of [0, n_trained) */
  size_t n, n_trained;
} GstSodCudaParams;

typedef struct
{
  int adamw; /* else SGD with momentum */
  float learning_rate, momentum, weight_decay;
  float clip_norm;      /* 0: none */
  float gradient_scale; /* what gradients are multiplied with first */
  uint64_t step;        /* from 0 */
  float average_share;  /* average += share * (weight - average) */
} GstSodCudaUpdate;

/* norm[0] (=): the Euclidean norm of gradients * gradient_scale; then, unless
 * it is not finite, one launch updates everything. @scratch: update_scratch()
 * bytes. */
size_t gst_sod_cuda_kernel_update_scratch (const GstSodCudaParams *params);
void gst_sod_cuda_kernel_update (void *stream, const GstSodCudaParams *params,
    const GstSodCudaUpdate *update, double *norm, void *scratch);

#ifdef __cplusplus
}
#endif
