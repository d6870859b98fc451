/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

/* A weight for every param of @graph at input @shape: name -> f32 tensor, from
 * @seed; statistics of batch norm are positive and far from trivial. */
GHashTable *test_random_weights (
    const GstSodGraph *graph, const GstSodShape *shape, guint64 seed);

/* An f32 tensor of @shape, normally distributed. */
GstSodTensor *test_random_tensor (const GstSodShape *shape, guint64 seed);

/* Every value of @graph, one op of the ref back end after the other, in f64;
 * value -> GstSodTensor. */
GPtrArray *test_evaluate (
    const GstSodGraph *graph, GHashTable *weights, const GstSodTensor *input);

/* Largest absolute difference, and fails where shapes differ. */
gdouble test_max_difference (const GstSodTensor *a, const GstSodTensor *b);

/* Largest absolute value. */
gdouble test_max_abs (const GstSodTensor *tensor);
