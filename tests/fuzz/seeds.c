/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-NAME --seeds FOLDER writes the inputs to start from and ends; without
 * it the program is libFuzzer's. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct
{
  const gchar *folder;
  guint n;
} Corpus;

static void
write_seed (gconstpointer data, gsize size, gpointer user_data)
{
  Corpus *corpus = user_data;
  g_autofree gchar *path =
      g_strdup_printf ("%s/seed-%03u", corpus->folder, corpus->n++);
  g_autoptr (GError) error = NULL;

  if (g_file_set_contents (path, data, (gssize) size, &error))
    return;
  fprintf (stderr, "%s\n", error->message);
  exit (1);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  Corpus corpus = { 0 };

  if (*argc != 3 || !g_str_equal ((*argv)[1], "--seeds"))
    return 0;
  corpus.folder = (*argv)[2];
  fuzz_seeds (write_seed, &corpus);
  exit (0);
}
