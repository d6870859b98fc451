/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr, RTLD_NEXT */
#endif

#include "allocations.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
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

#define DEPTH 10

/* Where from, innermost first, and how often. */
typedef struct
{
  gpointer frames[DEPTH];
  gboolean vendor;
  guint n_frames, count;
} Site;

static gint counting;
static Allocations counts;
static Site sites[64];
static guint n_sites;

#if defined(__GLIBC__) && !defined(HAVE_SANITIZER)
#define CAN_COUNT 1

static GMutex lock; /* of sites and n_sites */

/* Stand before the C library's, for all libraries of the process; these are
 * its own names for them. */
#pragma GCC visibility push(default)
void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *memory, size_t size);
void *__libc_memalign (size_t alignment, size_t size);
int dnnl_primitive_execute (
    gconstpointer primitive, gpointer stream, int n_args, gconstpointer args);

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

/* Frames of this file come first. */
static void
note_site (gboolean vendor)
{
  Site site = { .vendor = vendor, .count = 1 };
  guint i;

  site.n_frames = (guint) MAX (0, backtrace (site.frames, DEPTH));
  g_mutex_lock (&lock);
  for (i = 0; i < n_sites; i++) {
    if (memcmp (sites[i].frames, site.frames, sizeof site.frames) == 0)
      break;
  }
  if (i < n_sites)
    sites[i].count++;
  else if (n_sites < G_N_ELEMENTS (sites))
    sites[n_sites++] = site;
  g_mutex_unlock (&lock);
}

static void
count (gconstpointer caller)
{
  if (!g_atomic_int_get (&counting))
    return;
  if (is_vendor (caller)) {
    g_atomic_int_inc (&counts.vendor);
    note_site (TRUE);
  } else {
    g_atomic_int_inc (&counts.own);
    note_site (FALSE);
  }
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

/* Stands before oneDNN's, to count the calls. */
int
dnnl_primitive_execute (
    gconstpointer primitive, gpointer stream, int n_args, gconstpointer args)
{
  int (*execute) (gconstpointer, gpointer, int, gconstpointer);

  if (g_atomic_int_get (&counting))
    g_atomic_int_inc (&counts.primitives);
  *(void **) &execute = dlsym (RTLD_NEXT, "dnnl_primitive_execute");
  return execute (primitive, stream, n_args, args);
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

/* With AVX2 and with AVX-512, but for bf16 with AMX. Only gcc builds them for
 * any CPU. */
gboolean
allocations_has_kernels (gboolean bf16)
{
#if defined(__x86_64__) && !defined(__clang__)
  const gchar *isa = g_getenv ("ONEDNN_MAX_CPU_ISA");
  gboolean limited = isa != NULL && !g_str_equal (isa, "DEFAULT");

  if (limited && g_str_equal (isa, "AVX2"))
    return !bf16 && __builtin_cpu_supports ("avx2");
  if (bf16)
    return __builtin_cpu_supports ("avx512bf16")
           && (limited || !__builtin_cpu_supports ("amx-bf16"));
  return __builtin_cpu_supports ("avx2");
#else
  return FALSE;
#endif
}

void
allocations_start (void)
{
  gpointer frame;

  backtrace (&frame, 1); /* takes memory when it is first called */
  counts = (Allocations){ 0 };
  n_sites = 0;
  g_atomic_int_set (&counting, TRUE);
}

Allocations
allocations_stop (void)
{
  g_atomic_int_set (&counting, FALSE);
  return counts;
}

static const gchar *
get_function (gconstpointer address)
{
  Dl_info info;

  if (dladdr (address, &info) == 0 || info.dli_sname == NULL)
    return NULL;
  return info.dli_sname;
}

static gboolean
passes_through (const Site *site, const gchar *function)
{
  for (guint i = 0; i < site->n_frames; i++) {
    if (g_strcmp0 (get_function (site->frames[i]), function) == 0)
      return TRUE;
  }
  return FALSE;
}

guint
allocations_count_in (const gchar *function, gboolean vendor)
{
  guint n = 0;

  for (guint i = 0; i < n_sites; i++) {
    if (sites[i].vendor == vendor && passes_through (&sites[i], function))
      n += sites[i].count;
  }
  return n;
}

/* Frames without a name are functions of a file's own. */
void
allocations_tell (void)
{
  for (guint i = 0; i < n_sites; i++) {
    g_autoptr (GString) text = g_string_new (NULL);

    for (guint k = 2; k < sites[i].n_frames; k++) {
      const gchar *name = get_function (sites[i].frames[k]);

      g_string_append_printf (text, " < %s", name != NULL ? name : "...");
    }
    g_test_message ("%u times%s", sites[i].count, text->str);
  }
}
