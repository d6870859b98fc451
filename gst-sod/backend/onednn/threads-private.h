/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* oneDNN runs on GNU OpenMP, whose runtime is linked here whatever compiler
 * builds this: another runtime's count would not be oneDNN's. */
#ifdef _OPENMP
#include <omp.h>
#else
extern void omp_set_num_threads (int n_threads);
extern int omp_get_max_threads (void);
#endif

/* Sets the calling thread's count; 0 leaves it. Returns what it was. */
static inline gint
gst_sod_onednn_set_threads (gint n_threads)
{
  gint before = omp_get_max_threads ();

  if (n_threads > 0 && n_threads != before)
    omp_set_num_threads (n_threads);
  return before;
}

G_END_DECLS
