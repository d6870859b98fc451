/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* dladdr() */
#include "counter.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static gint counting;
static Allocations counts;

/* Stand before the C library's, for all libraries of the process; these are
 * its own names for them. */
#pragma GCC visibility push(default)
void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *memory, size_t size);
void *__libc_memalign (size_t alignment, size_t size);

static void
count (gconstpointer caller)
{
  Dl_info info;
  gboolean vendor;

  if (!g_atomic_int_get (&counting))
    return;
  vendor = dladdr (caller, &info) != 0 && info.dli_fname != NULL
           && (strstr (info.dli_fname, "/libstdc++.") != NULL
               || strstr (info.dli_fname, "/libdnnl.") != NULL);
  g_atomic_int_inc (vendor ? &counts.vendor : &counts.own);
}

void *
malloc (size_t size)
{
  count (__builtin_return_address (0));
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  count (__builtin_return_address (0));
  return __libc_calloc (n, size);
}

void *
realloc (void *memory, size_t size)
{
  count (__builtin_return_address (0));
  return __libc_realloc (memory, size);
}

void *
memalign (size_t alignment, size_t size)
{
  count (__builtin_return_address (0));
  return __libc_memalign (alignment, size);
}

void *
aligned_alloc (size_t alignment, size_t size)
{
  count (__builtin_return_address (0));
  return __libc_memalign (alignment, size);
}

int
posix_memalign (void **memory, size_t alignment, size_t size)
{
  count (__builtin_return_address (0));
  *memory = __libc_memalign (alignment, size);
  return *memory != NULL ? 0 : ENOMEM;
}
#pragma GCC visibility pop

void
allocations_start (void)
{
  counts = (Allocations){ 0, 0 };
  g_atomic_int_set (&counting, TRUE);
}

Allocations
allocations_stop (void)
{
  g_atomic_int_set (&counting, FALSE);
  return counts;
}
