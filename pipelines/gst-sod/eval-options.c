/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What gst-sod eval may be asked. */
#include "eval-options.h"

const gchar *
sod_eval_options_find_problem (const SodEvalOptions *options)
{
  gboolean folders = options->pred != NULL || options->gt != NULL;
  gboolean files = options->images != NULL || options->masks != NULL;

  if (folders && options->gt == NULL)
    return "--pred needs --gt, the folder of the truths";
  if (folders && options->pred == NULL && options->floor == NULL)
    return "--gt needs --pred, the folder of the maps";
  if (folders && (options->model != NULL || options->layout != NULL))
    return "--pred and --gt are two folders; --model and --layout are for a "
           "data set: give one or the other";
  if (!folders && options->layout == NULL)
    return "what is to be measured? Give --pred and --gt, or --layout and "
           "--root of a data set";
  if (options->pred != NULL && options->floor != NULL)
    return "--floor takes the place of the maps: leave --pred away";
  if (options->model != NULL && options->floor != NULL)
    return "--floor takes the place of the model: leave --model away";
  if (!folders && files && (options->images == NULL || options->masks == NULL))
    return "--images and --masks are two folders: give both";
  if (!folders && !files && options->root == NULL)
    return "--layout needs --root, the folder of the data set";
  if (files && g_strcmp0 (options->layout, "pairs") != 0)
    return "--images and --masks are for --layout=pairs";
  if (folders && (options->fraction != 0 || options->train != NULL))
    return "--fraction and --train split a data set: give --layout";
  if (options->fraction < 0 || options->fraction >= 1)
    return "--fraction is over 0 and under 1";
  if (options->fraction != 0 && options->train != NULL)
    return "--fraction draws both parts, --train names one: give one of them";
  if (options->threads < 0 || options->threads > 256)
    return "--threads is 0 (one a processor) to 256";
  return NULL;
}

#define OPTION(name, arg, field, text, value)                                  \
  {                                                                            \
    name, 0, G_OPTION_ARG_##arg, G_STRUCT_OFFSET (SodEvalOptions, field),      \
        text, value                                                            \
  }

const SodOption sod_eval_options[] = {
  OPTION ("pred", FILENAME, pred,
      "Folder of maps; those of one stem with "
      "their truth in --gt belong together",
      "DIR"),
  OPTION (
      "gt", FILENAME, gt, "Folder of truths: foreground is over 128", "DIR"),
  OPTION ("resize", NONE, resize,
      "Scale maps of another size to that of their truth, instead of stopping",
      NULL),
  OPTION ("model", FILENAME, model,
      "Model to run on the data set, a file or the name of one that is "
      "installed; without it base",
      "FILE|NAME"),
  OPTION ("layout", STRING, layout, "How the data set lies",
      "davis|duts|vos|fbms|davsod|ucsd|pairs|coco|cvat|labelme"),
  OPTION ("root", FILENAME, root, "Folder of the data set", "DIR"),
  OPTION ("images", FILENAME, images, "Folder of pictures, with --layout=pairs",
      "DIR"),
  OPTION (
      "masks", FILENAME, masks, "Folder of truths, with --layout=pairs", "DIR"),
  OPTION ("set", FILENAME, set,
      "Set of the data set, such as dev, or a file that lists sequences or "
      "frames; without it everything",
      "NAME|FILE"),
  OPTION ("fraction", DOUBLE, fraction,
      "Measure the rest of a split by whole sequences whose training part has "
      "this share",
      "F"),
  OPTION ("seed", INT64, seed, "Which draw --fraction makes (0)", "N"),
  OPTION ("train", FILENAME, train,
      "What the model learnt from: refused where it shares a sequence or "
      "near-identical frames with what is measured",
      "NAME|FILE"),
  OPTION ("force", NONE, force,
      "Measure in spite of a leak, and mark the result as leaking", NULL),
  OPTION ("floor", STRING, floor,
      "Measure a trivial predictor instead: zero, centre, first, mean, or "
      "nearest:F, which knows a share F of the truths",
      "NAME"),
  OPTION ("school", STRING, school,
      "Way of measuring (pysod); figures of different schools are not "
      "comparable",
      "pysod|davsod|paper-f|davis"),
  OPTION ("nan", STRING, nan,
      "match: a mean with an undefined value is undefined (default); skip: "
      "those images are left out of it",
      "match|skip"),
  OPTION ("report", FILENAME, report,
      "Also write a page with floors, curves and frames into this folder",
      "DIR"),
  OPTION (
      "device", STRING, device, "Where the model runs (auto)", "auto|cpu|cuda"),
  OPTION ("precision", STRING, precision,
      "Arithmetic of the model (f32, so that figures are the same anywhere)",
      "auto|f32|bf16|f16|int8"),
  OPTION ("threads", INT, threads,
      "Threads that read and measure (0: one a "
      "processor); no figure depends on it",
      "N"),
  OPTION ("json", NONE, json, "Print one JSON object instead of a table", NULL),
  OPTION ("quiet", NONE, quiet, "No progress", NULL),
  { .name = NULL },
};

const gchar sod_eval_description[] =
    "Holds maps against their truth and tells F-, E- and S-measure, weighted "
    "F, MAE and IoU as the field defines them, in the school that is asked "
    "for (docs/measures.md). The maps are files, or made by a model while it "
    "is measured: its 8-bit map is scaled to the size of the truth.\n"
    "\n"
    "  gst-sod eval --pred maps/ --gt masks/\n"
    "  gst-sod eval --layout davis --root DAVIS --set val --json\n"
    "  gst-sod eval --model my.safetensors --layout davis --root DAVIS \\\n"
    "    --set dev --report out/\n"
    "\n"
    "A floor is what can be had without any model; one that does not beat "
    "floors has learnt nothing:\n"
    "\n"
    "  gst-sod eval --floor nearest:0.1 --layout davis --root DAVIS --set "
    "dev\n"
    "\n"
    "Each truth must have its map and each map its truth, of one size; "
    "frames that are unlabelled in the data set are left out and counted."
    "\n\n"
    "With --train the split is checked for leaks: neighbouring frames are "
    "near copies, and a model that has seen them proves nothing:\n"
    "\n"
    "  gst-sod eval --layout davis --root DAVIS --set dev --train fit";
