/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Allocations of the whole process between start and stop: ours and GLib's,
 * and apart from them those that oneDNN and what it is written on (C++ and
 * OpenMP, of which we have none) make. G_SLICE=always-malloc keeps GLib from
 * hiding any. */
typedef struct
{
  gint own, vendor;
  gint primitives; /* that oneDNN executed */
} Allocations;

/* oneDNN puts the arguments of each call into a table that it allocates, an
 * entry at a time, and binds its functions: dnnl_primitive_execute() leaves no
 * choice, so all that can be asked for is few primitives. */
#define MOST_IN_A_PRIMITIVE 10

/* FALSE where the C library's allocator cannot be stood before: not glibc, or
 * a sanitizer is there already. Nothing is counted then. */
gboolean allocations_can_count (void);

/* Whether the plans of the base networks for this CPU, and for what
 * ONEDNN_MAX_CPU_ISA leaves of it, are all kernels of our own. */
gboolean allocations_has_kernels (gboolean bf16);

void allocations_start (void);
Allocations allocations_stop (void);

/* Of those that were counted last, the vendor's or the others, how many were
 * made in this exported function or what it calls. */
guint allocations_count_in (const gchar *function, gboolean vendor);

/* Lists the call sites among the test's messages. */
void allocations_tell (void);
