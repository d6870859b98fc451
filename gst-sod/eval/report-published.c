/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures that others published, as they did: methods of video saliency on the
 * test sets. Not every paper says how it averages; benchmarks of video saliency
 * do it per sequence, so they stand beside that school and no other. */
#include <gst-sod/eval/report-private.h>

static const GstSodPublished published[] = {
  { "SAGM (2015)", "davis", .515, .676, .103 },
  { "SAGM (2015)", "fbms", .564, .659, .161 },
  { "SAGM (2015)", "vos", .482, .619, .172 },
  { "GFVM (2015)", "davis", .569, .687, .103 },
  { "GFVM (2015)", "fbms", .571, .651, .160 },
  { "GFVM (2015)", "vos", .506, .615, .162 },
  { "DLVS (2018)", "davis", .708, .794, .061 },
  { "DLVS (2018)", "fbms", .759, .794, .091 },
  { "DLVS (2018)", "vos", .675, .760, .099 },
  { "PDBM (2018)", "davis", .855, .882, .028 },
  { "PDBM (2018)", "fbms", .821, .851, .064 },
  { "PDBM (2018)", "vos", .742, .818, .078 },
  { "SSAV (2019)", "davis", .861, .893, .028 },
  { "SSAV (2019)", "fbms", .865, .879, .040 },
  { "SSAV (2019)", "vos", .742, .819, .073 },
  { "RCRNet+NER (2019), 20% of the truth", "davis", .859, .884, .028 },
  { "RCRNet+NER (2019), 20% of the truth", "fbms", .861, .870, .054 },
  { "RCRNet+NER (2019), 20% of the truth", "vos", .856, .872, .049 },
  { "HFAN-S (2022), with flow", "davis", .929, .934, .009 },
  { "HFAN-M (2022), with flow", "davis", .935, .938, .008 },
};

const GstSodPublished *
gst_sod_published_get (gsize *n)
{
  *n = G_N_ELEMENTS (published);
  return published;
}

const gchar *
gst_sod_published_get_set_name (const gchar *set)
{
  static const gchar *const names[][2] = { { "davis", "DAVIS-2016 val" },
    { "fbms", "FBMS-59 test" }, { "vos", "VOS test" } };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    if (g_strcmp0 (set, names[i][0]) == 0)
      return names[i][1];
  }
  return NULL;
}
