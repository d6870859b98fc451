/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Marks hot plain C that compilers vectorise: where they can, they build the
 * function for several instruction sets and pick one when the program starts;
 * the plain build is the twin that every other CPU runs. Not under sanitizers,
 * which run before the choice can be made. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__)             \
    && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)                   \
    && !defined(__SANITIZE_THREAD__)
#define GST_SOD_HOT                                                            \
  __attribute__ ((                                                             \
      target_clones ("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define GST_SOD_HOT
#endif
