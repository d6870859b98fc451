/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/parallel-private.h>

/* Less than this many values are done before another thread has woken up. */
#define MIN_VALUES 65536

void
gst_sod_run_pieces (GstSodPieceFunc func, gpointer data, guint n_pieces,
    gsize n_values, guint threads)
{
  if (threads == 1 || n_pieces == 1 || n_values < MIN_VALUES) {
    for (guint i = 0; i < n_pieces; i++)
      func (data, i);
  } else if (threads == 0) {
#pragma omp parallel for schedule(dynamic)
    for (guint i = 0; i < n_pieces; i++)
      func (data, i);
  } else {
#pragma omp parallel for num_threads(threads) schedule(dynamic)
    for (guint i = 0; i < n_pieces; i++)
      func (data, i);
  }
}
