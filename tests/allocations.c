/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif

#include "allocations.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAVE_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAVE_SANITIZER 1
#endif

static gint counting;
static Allocations counts;

#if defined(__GLIBC__) && !defined(HAVE_SANITIZER)
#define CAN_COUNT 1

/* Stand before the C library's, for all libraries of the process; these are
 * its own names for them. */
#pragma GCC visibility push(default)
void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *memory, size_t size);
void *__libc_memalign (size_t alignment, size_t size);

/* We link no C++ and no OpenMP of our own. */
static gboolean
is_vendor (gconstpointer caller)
{
  static const gchar *const libraries[] = { "libdnnl", "libstdc++", "libgomp" };
  Dl_info info;

  if (dladdr (caller, &info) == 0 || info.dli_fname == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (libraries); i++) {
    if (strstr (info.dli_fname, libraries[i]) != NULL)
      return TRUE;
  }
  return FALSE;
}

static void
count (gconstpointer caller)
{
  if (g_atomic_int_get (&counting))
    g_atomic_int_inc (is_vendor (caller) ? &counts.vendor : &counts.own);
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
#else
#define CAN_COUNT 0
#endif

gboolean
allocations_can_count (void)
{
  return CAN_COUNT;
}

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
