/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be chosen, and what the presets choose: `paper` is what the paper
 * prescribes (section III) and, where it is silent, the plainest choice;
 * `effective` is what we found to work. */
#include <gst-sod/train/settings-private.h>

#define LARGE 1e15

#define INTEGER(key, min, max, effective, paper, text)                         \
  {                                                                            \
    key, GST_SOD_SETTING_INTEGER, NULL, min, max, 1, effective, paper, text    \
  }
/* min, min + step, ... */
#define STEPPED(key, min, max, step, effective, paper, text)                   \
  {                                                                            \
    key, GST_SOD_SETTING_INTEGER, NULL, min, max, step, effective, paper, text \
  }
#define NUMBER(key, min, max, effective, paper, text)                          \
  {                                                                            \
    key, GST_SOD_SETTING_NUMBER, NULL, min, max, 0, effective, paper, text     \
  }
#define FLAG(key, effective, paper, text)                                      \
  {                                                                            \
    key, GST_SOD_SETTING_FLAG, "yes|no", 0, 0, 0, effective, paper, text       \
  }
#define WORD(key, words, effective, paper, text)                               \
  {                                                                            \
    key, GST_SOD_SETTING_WORD, words, 0, 0, 0, effective, paper, text          \
  }
#define TEXT(key, effective, paper, text)                                      \
  {                                                                            \
    key, GST_SOD_SETTING_TEXT, NULL, 0, 0, 0, effective, paper, text           \
  }

#define CHANGES(key, effective, paper, text)                                   \
  {                                                                            \
    key, GST_SOD_SETTING_CHANGES, NULL, 0, 0, 0, effective, paper, text        \
  }

const GstSodSetting gst_sod_settings[] = {
  WORD ("run.preset", "effective|paper", "effective", "paper",
      "where all other keys start from"),
  INTEGER ("run.seed", 0, LARGE, "1", "1",
      "of weights, order, augmentation and noise"),
  TEXT ("run.device", "auto", "auto", "auto, cpu, cuda or cuda:N"),
  INTEGER ("run.threads", 0, 1024, "0", "0",
      "of the arithmetic; 0: as many as the back end likes"),
  WORD ("run.precision", "auto|f32|bf16|f16|tf32", "auto", "f32",
      "of the arithmetic; master weights are always f32"),
  INTEGER ("run.first-phase", 1, 3, "1", "1",
      "1 initialisation, 2 augmented, 3 semi-supervised"),
  INTEGER ("run.last-phase", 1, 3, "3", "3", "where it ends"),
  INTEGER ("run.rounds", 1, 1000, "3", "1",
      "of the augmented and the semi-supervised phase"),
  NUMBER ("run.max-time", 0, LARGE, "0", "0",
      "seconds in which all of it is done; 0: any"),
  TEXT ("run.checkpoint-path", "", "", "file of the checkpoint; empty: none"),
  NUMBER ("run.checkpoint-interval", 0, LARGE, "300", "300",
      "seconds between checkpoints"),
  WORD ("run.reverse", "auto|yes|no", "auto", "auto",
      "whether there is a reverse network; auto: where a later phase follows"),
  WORD ("run.keep", "last|best", "last", "last",
      "what a stage leaves: its last network, or the best by score.measure"),

  STEPPED ("data.width", 0, 8192, 16, "0", "0",
      "of the input, a multiple of 16; 0: the network's own, 320"),
  STEPPED ("data.height", 0, 8192, 16, "0", "0",
      "of the input, a multiple of 16; 0: the network's own, 192"),
  STEPPED ("data.small-width", 16, 8192, 16, "160", "160",
      "of the input while it is small, a multiple of 16"),
  STEPPED ("data.small-height", 16, 8192, 16, "96", "96",
      "of the input while it is small, a multiple of 16"),
  NUMBER ("data.small-share", 0, 1, "0.9", "0",
      "of each stage's steps, at its start, that are taken small"),
  INTEGER ("data.batch-size", 1, 4096, "16", "16", "frames in a batch"),
  INTEGER ("data.accumulate", 1, 4096, "1", "1", "batches in a step"),
  WORD ("data.augmentation", "effective|paper|none", "effective", "paper",
      "paper: mirrored at random; effective: also moved, scaled, turned, "
      "coloured and noisy"),
  CHANGES ("data.augmentation-changes", "", "",
      "to that: name=value with spaces between them, names and ranges as "
      "gst_sod_augmentation_set() has them; empty: none"),
  INTEGER ("data.reading-threads", 0, 256, "1", "1",
      "that read ahead, and augment where the arithmetic leaves processors; 0: "
      "its threads do both between the steps"),
  INTEGER ("data.cache-size", 0, 1048576, "512", "512",
      "MiB of decoded pictures that are kept"),

  WORD ("score.measure", "max_f|mean_f|iou|mae", "max_f", "max_f",
      "of held-out frames, that says which network is better"),
  INTEGER ("score.interval", 1, 1000000, "1", "1",
      "epochs between scores of held-out frames"),
  INTEGER ("score.limit", 0, LARGE, "0", "0",
      "held-out frames that are looked at, evenly spread; 0: all"),
  INTEGER ("score.maps", 0, 16, "3", "3",
      "held-out frames of a node that the report shows with their maps"),

  TEXT ("base.architecture", "base", "paper",
      "of nodes that start from random weights: base, small, paper or JSON"),
  INTEGER ("base.input-frames", 1, 2, "1", "1",
      "that base networks see at once; a start that sees one is widened to 2"),
  WORD ("base.second-input", "frame|aligned-difference", "aligned-difference",
      "frame",
      "of two frames: the frame before as it is, or moved onto the frame and "
      "the frame taken off"),
  INTEGER ("base.frame-distance", 1, 10000, "125", "42",
      "of two frames, ms, when the network runs"),
  WORD ("base.loss", "structure|bce", "structure", "bce",
      "binary cross-entropy, alone or weighted at edges, with IoU"),
  NUMBER ("base.edge-weight", 0, 1000, "5", "5",
      "of structure: how much more an edge weighs; 0: all pixels the same"),
  STEPPED ("base.edge-window", 1, 639, 2, "31", "31",
      "of structure: side of what lies around a pixel, in a map 320 wide; it "
      "grows with the map: 31 is 15 in one 160 wide"),
  WORD ("base.optimiser", "adamw|sgd", "adamw", "sgd", "of base networks"),
  NUMBER ("base.learning-rate", 0, 100, "1.5e-3", "1e-3", "largest rate"),
  NUMBER ("base.momentum", 0, 0.9999, "0.9", "0.9", "of sgd"),
  NUMBER ("base.weight-decay", 0, 1, "2e-2", "0", "of convolutions' weights"),
  INTEGER (
      "base.warm-up", 0, LARGE, "200", "0", "steps over which the rate rises"),
  WORD ("base.decay", "poly|none", "poly", "none",
      "poly: the rate falls as (1 - progress)^decay-power; none: it stays"),
  NUMBER ("base.decay-power", 0, 10, "0.9", "0.9",
      "of poly: 1 is a straight line, under 1 it falls late, over 1 early"),
  NUMBER ("base.clip-norm", 0, LARGE, "1", "0",
      "largest norm of the gradient; 0: any"),
  NUMBER ("base.average-decay", 0, 0.999999, "0.999", "0",
      "of the moving average of the weights; 0: the last weights are kept"),
  NUMBER ("base.epochs", 0, LARGE, "15", "200", "of the initialisation"),
  INTEGER ("base.steps", 0, LARGE, "0", "0",
      "of the initialisation; 0: base.epochs tells"),
  INTEGER ("base.patience", 0, LARGE, "0", "10",
      "scores without a gain after which it ends; 0: it goes on"),

  TEXT ("reverse.architecture", "reverse", "reverse",
      "of the reverse network that starts from random weights, or JSON"),
  STEPPED ("reverse.growth", 0, 1024, 8, "0", "0",
      "channels that a layer of its dense blocks adds; 0: the architecture's "
      "own, 16"),
  WORD ("reverse.loss", "l1-gradient|l1", "l1-gradient", "l1",
      "absolute difference, alone or with that of the gradient"),
  NUMBER ("reverse.gradient-weight", 0, 1000, "0.1", "0.1",
      "of l1-gradient: of the gradient's difference beside the other"),
  WORD ("reverse.optimiser", "adamw|sgd", "adamw", "sgd",
      "of the reverse network"),
  NUMBER ("reverse.learning-rate", 0, 100, "1.5e-3", "1e-3", "largest rate"),
  NUMBER ("reverse.momentum", 0, 0.9999, "0.9", "0.9", "of sgd"),
  NUMBER (
      "reverse.weight-decay", 0, 1, "2e-2", "0", "of convolutions' weights"),
  INTEGER ("reverse.warm-up", 0, LARGE, "200", "0",
      "steps over which the rate rises"),
  WORD ("reverse.decay", "poly|none", "poly", "none",
      "poly: the rate falls as (1 - progress)^decay-power; none: it stays"),
  NUMBER ("reverse.decay-power", 0, 10, "0.9", "0.9",
      "of poly: 1 is a straight line, under 1 it falls late, over 1 early"),
  NUMBER ("reverse.clip-norm", 0, LARGE, "1", "0",
      "largest norm of the gradient; 0: any"),
  NUMBER ("reverse.average-decay", 0, 0.999999, "0.999", "0",
      "of the moving average of the weights; 0: the last weights are kept"),
  NUMBER ("reverse.epochs", 0, LARGE, "5", "200", "of the initialisation"),
  INTEGER ("reverse.steps", 0, LARGE, "0", "0",
      "of the initialisation; 0: reverse.epochs tells"),
  INTEGER ("reverse.patience", 0, LARGE, "0", "10",
      "scores without a gain after which it ends; 0: it goes on"),
  FLAG ("reverse.degrade", "yes", "no",
      "learns from maps degraded as those of the augmented phase are"),

  FLAG ("augmented.freeze-reverse", "yes", "no",
      "the reverse network teaches and does not learn"),
  WORD ("augmented.phase2-loss", "supervised+reconstruction|reconstruction",
      "supervised+reconstruction", "reconstruction", "what is made small"),
  NUMBER (
      "augmented.lambda", 0, LARGE, "0.5", "1", "weight of the reconstruction"),
  NUMBER ("augmented.ramp", 0, 1, "0.5", "0",
      "share of the steps over which that weight rises from 0"),
  FLAG ("augmented.margin", "yes", "no",
      "a map is not rewarded for reconstructing better than the label does"),
  FLAG ("augmented.unlabelled", "no", "no",
      "frames without labels are reconstructed too, without a margin"),
  NUMBER ("augmented.noise", 0, 10, "0.1", "0",
      "standard deviation of what is added to a map"),
  FLAG ("augmented.pool", "yes", "no", "maps are averaged over 2x2 pixels"),
  NUMBER ("augmented.binarise", 0, 1, "0.5", "0",
      "share of the steps in which maps are made black and white"),
  NUMBER ("augmented.learning-rate", 0, 100, "3e-4", "1e-3", "largest rate"),
  INTEGER ("augmented.warm-up", 0, LARGE, "50", "0",
      "steps over which the rate rises"),
  NUMBER ("augmented.epochs", 0, LARGE, "2", "20", "of a round"),
  INTEGER ("augmented.steps", 0, LARGE, "0", "0",
      "of a round; 0: augmented.epochs tells"),
  INTEGER ("augmented.patience", 0, LARGE, "0", "3",
      "scores without a gain after which it ends; 0: it goes on"),
  WORD ("augmented.monitor", "stop|warn|off", "stop", "warn",
      "what is done about information hidden in maps"),
  INTEGER ("augmented.monitor-interval", 1, LARGE, "20", "20",
      "steps of which the monitor judges the mean"),
  INTEGER ("augmented.monitor-patience", 1, LARGE, "3", "3",
      "such judgements in a row before the phase is stopped"),
  NUMBER ("augmented.monitor-gain", 0, 1, "0.05", "0.05",
      "by how much a soft map may reconstruct better than its 1-bit version"),

  WORD ("semi-supervised.pseudo-labels", "confident|average|none", "confident",
      "average", "how maps become labels; none: no labels"),
  NUMBER ("semi-supervised.min-confidence", 0, 1, "0.6", "0",
      "mean weight of a frame's pixels; frames under it are refused"),
  NUMBER ("semi-supervised.min-area", 0, 1, "0.005", "0",
      "share of a frame that is salient; frames under it are refused"),
  NUMBER ("semi-supervised.max-area", 0, 1, "0.7", "1",
      "share of a frame that is salient; frames over it are refused"),
  INTEGER ("semi-supervised.memory-limit", 1, 1048576, "512", "512",
      "MiB of pseudo-labels that are kept"),
  NUMBER ("semi-supervised.real-share", 0, 1, "0.5", "0",
      "of frames with real labels among those learnt from; 0: as they come"),
  NUMBER ("semi-supervised.learning-rate", 0, 100, "3e-4", "1e-3",
      "largest rate, of the reverse network"),
  INTEGER ("semi-supervised.warm-up", 0, LARGE, "50", "0",
      "steps over which the rate rises"),
  NUMBER ("semi-supervised.epochs", 0, LARGE, "2", "20",
      "of a round, of the reverse network"),
  INTEGER ("semi-supervised.steps", 0, LARGE, "0", "0",
      "of a round; 0: semi-supervised.epochs tells"),
  INTEGER ("semi-supervised.patience", 0, LARGE, "0", "3",
      "scores without a gain after which it ends; 0: it goes on"),
  FLAG ("semi-supervised.distill", "yes", "no",
      "base networks learn from pseudo-labels too"),
  NUMBER ("semi-supervised.distill-learning-rate", 0, 100, "3e-4", "1e-3",
      "largest rate, of base networks"),
  NUMBER ("semi-supervised.distill-epochs", 0, LARGE, "2", "20",
      "of a round, of base networks"),
  INTEGER ("semi-supervised.distill-steps", 0, LARGE, "0", "0",
      "of a round; 0: semi-supervised.distill-epochs tells"),
};

const guint gst_sod_n_settings = G_N_ELEMENTS (gst_sod_settings);
