/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Counts the allocations of the process while frames go through a session: ours
 * and GLib's, and apart from them those of a vendor's library, which oneDNN
 * makes for the arguments of every primitive that it executes. Runs with
 * G_SLICE=always-malloc, so that GLib hides none. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif

#include "networks.h"

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
static gint n_allocations, n_vendor;

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
    g_atomic_int_inc (is_vendor (caller) ? &n_vendor : &n_allocations);
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

static void
test_counter (void)
{
  gpointer volatile memory;

  if (!CAN_COUNT) {
    g_test_skip ("the C library's allocator cannot be stood before: not glibc, "
                 "or a sanitizer is there already");
    return;
  }
  n_allocations = 0;
  g_atomic_int_set (&counting, TRUE);
  memory = g_malloc (10);
  memory = g_realloc (memory, 1000);
  g_free (memory);
  memory = gst_sod_aligned_alloc (10, NULL);
  gst_sod_aligned_free (memory);
  g_atomic_int_set (&counting, FALSE);
  g_assert_cmpint (n_allocations, ==, 3);
}

/* Allocations of @n frames of 30 ms, each preceded by one that is only
 * observed. */
static guint
count_frames (GstSodSession *session, const GstSodImage *frame,
    GstSodImage *map, GCancellable *cancellable, gint64 *time, guint n)
{
  GError *error = NULL;

  n_allocations = n_vendor = 0;
  g_atomic_int_set (&counting, TRUE);
  for (guint i = 0; i < n; i++) {
    *time += 15000000;
    gst_sod_session_observe (session, frame, *time, cancellable, &error);
    *time += 15000000;
    gst_sod_session_infer (session, frame, *time, map, cancellable, &error);
  }
  g_atomic_int_set (&counting, FALSE);
  g_assert_no_error (error);
  return (guint) n_allocations;
}

static void
test_frames (gconstpointer data)
{
  GstSodBackend *backend = (GstSodBackend *) data;

  if (!CAN_COUNT) {
    g_test_skip ("allocations cannot be counted here");
    return;
  }
  for (guint frames = 1; frames <= 2; frames++) {
    g_autoptr (GstSodNetwork) network = test_network_random (64, 48, frames, 1);
    g_autoptr (GstSodInstance) instance = test_instance (backend, network, 1);
    g_autoptr (GstSodSession) session = test_session (instance);
    g_autoptr (GstSodImage) frame = test_picture_scene (333, 123, 1);
    g_autoptr (GstSodImage) map = test_map (333, 123);
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();
    gint64 time = 0;
    guint n;

    count_frames (session, frame, map, cancellable, &time, 5);
    n = count_frames (session, frame, map, cancellable, &time, 20);
    g_test_message ("%s, %u frames: %u allocations in 20 inferences, and %d of "
                    "its vendor's library",
        backend->klass->name, frames, n, n_vendor);
    g_assert_cmpuint (n, ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/allocations/the-counter-counts", test_counter);
  for (GstSodBackend *const *backend = gst_sod_backend_list ();
       *backend != NULL; backend++) {
    g_autofree gchar *path = g_strdup_printf (
        "/allocations/%s/none-a-frame", (*backend)->klass->name);

    g_test_add_data_func (path, *backend, test_frames);
  }
  return g_test_run ();
}
