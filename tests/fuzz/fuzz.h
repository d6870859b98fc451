/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* What fuzz-NAME.c defines. seeds.c makes a libFuzzer program of it where
 * -Dfuzzing=true, and replay.c a test of some thousand inputs elsewhere. */

/* Does to @data what the library does to what comes from outside. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Gives @add the inputs to start from: good ones, of each kind. */
typedef void (*FuzzSeedFunc) (
    gconstpointer data, gsize size, gpointer user_data);
void fuzz_seeds (FuzzSeedFunc add, gpointer user_data);

/* Of libFuzzer: called before anything else. */
int LLVMFuzzerInitialize (int *argc, char ***argv);
