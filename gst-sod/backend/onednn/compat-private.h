/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* oneDNN 2.6 (Debian 12) and 3.x under one set of calls: the only place that
 * knows which is which. 2.x describes an operation in a struct of its own and
 * then makes a primitive descriptor of it; 3.x does both in one call, and its
 * memory descriptors are opaque. */
#pragma once

#include <glib.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <string.h>

G_BEGIN_DECLS

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t DnnlDesc; /* owned */
typedef const_dnnl_memory_desc_t DnnlConstDesc;
#else
typedef dnnl_memory_desc_t *DnnlDesc; /* owned */
typedef const dnnl_memory_desc_t *DnnlConstDesc;
#endif

/* ---- memory descriptors ---- */

static inline void
compat_desc_free (DnnlDesc desc)
{
#if DNNL_VERSION_MAJOR >= 3
  if (desc != NULL)
    dnnl_memory_desc_destroy (desc);
#else
  g_free (desc);
#endif
}

/* oneDNN's dims are longer than ours. */
static inline void
compat_set_dims (dnnl_dims_t to, const gint64 *dims, int n_dims)
{
  for (int i = 0; i < DNNL_MAX_NDIMS; i++)
    to[i] = i < n_dims ? dims[i] : 0;
}

static inline dnnl_status_t
compat_desc_new (DnnlDesc *desc, int n_dims, const gint64 *dims,
    dnnl_data_type_t type, dnnl_format_tag_t tag)
{
  dnnl_dims_t all;

  compat_set_dims (all, dims, n_dims);
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_create_with_tag (desc, n_dims, all, type, tag);
#else
  *desc = g_new0 (dnnl_memory_desc_t, 1);
  return dnnl_memory_desc_init_by_tag (*desc, n_dims, all, type, tag);
#endif
}

static inline dnnl_status_t
compat_desc_copy (DnnlDesc *desc, DnnlConstDesc from)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_clone (desc, from);
#else
  *desc = g_new0 (dnnl_memory_desc_t, 1);
  **desc = *from;
  return dnnl_success;
#endif
}

/* The part of @parent, of four dimensions, of @dims from @offsets on. */
static inline dnnl_status_t
compat_desc_new_part (DnnlDesc *desc, DnnlConstDesc parent, const gint64 *dims,
    const gint64 *offsets)
{
  dnnl_dims_t size, start;

  compat_set_dims (size, dims, 4);
  compat_set_dims (start, offsets, 4);
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_create_submemory (desc, parent, size, start);
#else
  *desc = g_new0 (dnnl_memory_desc_t, 1);
  return dnnl_memory_desc_init_submemory (*desc, parent, size, start);
#endif
}

/* ---- attributes ---- */

static inline dnnl_status_t
compat_append_eltwise (dnnl_post_ops_t ops, dnnl_alg_kind_t alg)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_post_ops_append_eltwise (ops, alg, 0, 0);
#else
  return dnnl_post_ops_append_eltwise (ops, 1, alg, 0, 0);
#endif
}

static inline dnnl_status_t
compat_append_sum (dnnl_post_ops_t ops)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_post_ops_append_sum (ops, 1, 0, dnnl_data_type_undef);
#else
  return dnnl_post_ops_append_sum (ops, 1);
#endif
}

/* ---- primitive descriptors ---- */

/* What a convolution or a pool is, forward and backward; @bias may be NULL,
 * @kernel is a pool's. Dilations are oneDNN's: 0 is dense. */
typedef struct
{
  dnnl_alg_kind_t alg;
  DnnlConstDesc src, weights, bias, dst;
  dnnl_dims_t kernel, strides, dilates, padding_l, padding_r;
} CompatWindow;

static inline dnnl_status_t
compat_conv_forward (dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    dnnl_prop_kind_t prop, const CompatWindow *w, const_dnnl_primitive_attr_t a)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_convolution_forward_primitive_desc_create (pd, engine, prop,
      w->alg, w->src, w->weights, w->bias, w->dst, w->strides, w->dilates,
      w->padding_l, w->padding_r, a);
#else
  dnnl_convolution_desc_t desc;
  dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init (&desc,
      prop, w->alg, w->src, w->weights, w->bias, w->dst, w->strides, w->dilates,
      w->padding_l, w->padding_r);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (pd, &desc, a, engine, NULL);
#endif
}

static inline dnnl_status_t
compat_conv_backward_data (dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    const CompatWindow *w, const_dnnl_primitive_desc_t hint,
    const_dnnl_primitive_attr_t a)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_convolution_backward_data_primitive_desc_create (pd, engine,
      w->alg, w->src, w->weights, w->dst, w->strides, w->dilates, w->padding_l,
      w->padding_r, hint, a);
#else
  dnnl_convolution_desc_t desc;
  dnnl_status_t status = dnnl_dilated_convolution_backward_data_desc_init (
      &desc, w->alg, w->src, w->weights, w->dst, w->strides, w->dilates,
      w->padding_l, w->padding_r);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (pd, &desc, a, engine, hint);
#endif
}

static inline gboolean
compat_impl_has (const_dnnl_primitive_desc_t pd, const char *part)
{
  const char *name = NULL;

  dnnl_primitive_desc_query (pd, dnnl_query_impl_info_str, 0, (void *) &name);
  return name != NULL && strstr (name, part) != NULL;
}

/* The first implementation whose name does not hold @avoid, NULL for any. */
static inline dnnl_status_t
compat_conv_backward_weights (dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    const CompatWindow *w, const_dnnl_primitive_desc_t hint,
    const_dnnl_primitive_attr_t a, const char *avoid)
{
#if DNNL_VERSION_MAJOR >= 3
  dnnl_status_t status =
      dnnl_convolution_backward_weights_primitive_desc_create (pd, engine,
          w->alg, w->src, w->weights, w->bias, w->dst, w->strides, w->dilates,
          w->padding_l, w->padding_r, hint, a);

  while (
      status == dnnl_success && avoid != NULL && compat_impl_has (*pd, avoid))
    status = dnnl_primitive_desc_next_impl (*pd);
  return status;
#else
  dnnl_convolution_desc_t desc;
  dnnl_primitive_desc_iterator_t iterator = NULL;
  dnnl_status_t status = dnnl_dilated_convolution_backward_weights_desc_init (
      &desc, w->alg, w->src, w->weights, w->bias, w->dst, w->strides,
      w->dilates, w->padding_l, w->padding_r);

  if (status == dnnl_success)
    status =
        dnnl_primitive_desc_iterator_create (&iterator, &desc, a, engine, hint);
  while (status == dnnl_success) {
    *pd = dnnl_primitive_desc_iterator_fetch (iterator);
    if (avoid == NULL || !compat_impl_has (*pd, avoid))
      break;
    dnnl_primitive_desc_destroy (*pd);
    *pd = NULL;
    status = dnnl_primitive_desc_iterator_next (iterator);
  }
  if (iterator != NULL)
    dnnl_primitive_desc_iterator_destroy (iterator);
  return status == dnnl_iterator_ends ? dnnl_unimplemented : status;
#endif
}

static inline dnnl_status_t
compat_pool_forward (dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    dnnl_prop_kind_t prop, const CompatWindow *w, const_dnnl_primitive_attr_t a)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_pooling_forward_primitive_desc_create (pd, engine, prop, w->alg,
      w->src, w->dst, w->strides, w->kernel, w->dilates, w->padding_l,
      w->padding_r, a);
#else
  dnnl_pooling_desc_t desc;
  dnnl_status_t status = dnnl_pooling_forward_desc_init (&desc, prop, w->alg,
      w->src, w->dst, w->strides, w->kernel, w->padding_l, w->padding_r);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (pd, &desc, a, engine, NULL);
#endif
}

static inline dnnl_status_t
compat_pool_backward (dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    const CompatWindow *w, const_dnnl_primitive_desc_t hint)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_pooling_backward_primitive_desc_create (pd, engine, w->alg,
      w->src, w->dst, w->strides, w->kernel, w->dilates, w->padding_l,
      w->padding_r, hint, NULL);
#else
  dnnl_pooling_desc_t desc;
  dnnl_status_t status = dnnl_pooling_backward_desc_init (&desc, w->alg, w->src,
      w->dst, w->strides, w->kernel, w->padding_l, w->padding_r);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (pd, &desc, NULL, engine, hint);
#endif
}

static inline dnnl_status_t
compat_eltwise_forward (dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    dnnl_prop_kind_t prop, dnnl_alg_kind_t alg, DnnlConstDesc data,
    const_dnnl_primitive_attr_t a)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_eltwise_forward_primitive_desc_create (
      pd, engine, prop, alg, data, data, 0, 0, a);
#else
  dnnl_eltwise_desc_t desc;
  dnnl_status_t status =
      dnnl_eltwise_forward_desc_init (&desc, prop, alg, data, 0, 0);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (pd, &desc, a, engine, NULL);
#endif
}

static inline dnnl_status_t
compat_eltwise_backward (dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    dnnl_alg_kind_t alg, DnnlConstDesc data, const_dnnl_primitive_desc_t hint)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_eltwise_backward_primitive_desc_create (
      pd, engine, alg, data, data, data, 0, 0, hint, NULL);
#else
  dnnl_eltwise_desc_t desc;
  dnnl_status_t status =
      dnnl_eltwise_backward_desc_init (&desc, alg, data, data, 0, 0);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (pd, &desc, NULL, engine, hint);
#endif
}

static inline dnnl_status_t
compat_batch_norm_forward (dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    dnnl_prop_kind_t prop, DnnlConstDesc data, float epsilon, unsigned flags,
    const_dnnl_primitive_attr_t a)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_batch_normalization_forward_primitive_desc_create (
      pd, engine, prop, data, data, epsilon, flags, a);
#else
  dnnl_batch_normalization_desc_t desc;
  dnnl_status_t status = dnnl_batch_normalization_forward_desc_init (
      &desc, prop, data, epsilon, flags);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (pd, &desc, a, engine, NULL);
#endif
}

/* 2.x counts the shift among the inputs of the gradient, which do not read it;
 * 3.x refuses it. */
#define COMPAT_BATCH_NORM_BACKWARD_TAKES_SHIFT (DNNL_VERSION_MAJOR < 3)

static inline dnnl_status_t
compat_batch_norm_backward (dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    DnnlConstDesc data, float epsilon, unsigned flags,
    const_dnnl_primitive_desc_t hint)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_batch_normalization_backward_primitive_desc_create (
      pd, engine, dnnl_backward, data, data, data, epsilon, flags, hint, NULL);
#else
  dnnl_batch_normalization_desc_t desc;
  dnnl_status_t status = dnnl_batch_normalization_backward_desc_init (
      &desc, dnnl_backward, data, data, epsilon, flags);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (pd, &desc, NULL, engine, hint);
#endif
}

/* Bilinear, half-pixel centres; the factors follow from the shapes. */
static inline dnnl_status_t
compat_resampling_forward (dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    dnnl_prop_kind_t prop, DnnlConstDesc src, DnnlConstDesc dst,
    const_dnnl_primitive_attr_t a)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_resampling_forward_primitive_desc_create (
      pd, engine, prop, dnnl_resampling_linear, NULL, src, dst, a);
#else
  dnnl_resampling_desc_t desc;
  dnnl_status_t status = dnnl_resampling_forward_desc_init (
      &desc, prop, dnnl_resampling_linear, NULL, src, dst);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (pd, &desc, a, engine, NULL);
#endif
}

static inline dnnl_status_t
compat_resampling_backward (dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    DnnlConstDesc src, DnnlConstDesc dst, const_dnnl_primitive_desc_t hint)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_resampling_backward_primitive_desc_create (
      pd, engine, dnnl_resampling_linear, NULL, src, dst, hint, NULL);
#else
  dnnl_resampling_desc_t desc;
  dnnl_status_t status = dnnl_resampling_backward_desc_init (
      &desc, dnnl_resampling_linear, NULL, src, dst);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (pd, &desc, NULL, engine, hint);
#endif
}

static inline dnnl_status_t
compat_add (dnnl_primitive_desc_t *pd, dnnl_engine_t engine, DnnlConstDesc data,
    const_dnnl_primitive_attr_t a)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_binary_primitive_desc_create (
      pd, engine, dnnl_binary_add, data, data, data, a);
#else
  dnnl_binary_desc_t desc;
  dnnl_status_t status =
      dnnl_binary_desc_init (&desc, dnnl_binary_add, data, data, data);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (pd, &desc, a, engine, NULL);
#endif
}

/* Along the channels. */
static inline dnnl_status_t
compat_concat (dnnl_primitive_desc_t *pd, dnnl_engine_t engine, int n,
    const DnnlConstDesc *src, DnnlConstDesc dst, const_dnnl_primitive_attr_t a)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_concat_primitive_desc_create (pd, engine, dst, n, 1, src, a);
#else
  g_autofree dnnl_memory_desc_t *descs = g_new (dnnl_memory_desc_t, n);

  for (int i = 0; i < n; i++)
    descs[i] = *src[i];
  return dnnl_concat_primitive_desc_create (pd, dst, n, 1, descs, a, engine);
#endif
}

/* What the CPU, or ONEDNN_MAX_CPU_ISA, gives: bf16 products in hardware. */
static inline gboolean
compat_has_bf16 (void)
{
#if defined(__x86_64__) || defined(__i386__)
  dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa ();

  return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
#else
  return FALSE;
#endif
}

/* AVX-512, or what of it has AMX beside it. */
static inline gboolean
compat_has_avx512 (void)
{
#if defined(__x86_64__) || defined(__i386__)
  return (dnnl_get_effective_cpu_isa () & dnnl_cpu_isa_avx512_core)
         == dnnl_cpu_isa_avx512_core;
#else
  return FALSE;
#endif
}

static inline gboolean
compat_has_amx (void)
{
#if defined(__x86_64__) || defined(__i386__)
  return (dnnl_get_effective_cpu_isa () & dnnl_cpu_isa_avx512_core_amx)
         == dnnl_cpu_isa_avx512_core_amx;
#else
  return FALSE;
#endif
}

/* AVX2 and no more. */
static inline gboolean
compat_is_avx2 (void)
{
#if defined(__x86_64__) || defined(__i386__)
  dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa ();

  return (isa & dnnl_cpu_isa_avx2) == dnnl_cpu_isa_avx2
         && (isa & dnnl_cpu_isa_avx512_core) != dnnl_cpu_isa_avx512_core;
#else
  return FALSE;
#endif
}

G_END_DECLS
