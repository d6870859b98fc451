/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "evaluate.h"

#include <gst-sod/nn/architecture-private.h>
#include <gst-sod/run/passes-private.h>

/* Rounding of the folded weights to f32, carried through a network. */
#define TOLERANCE 1e-5

typedef gboolean (*Pass) (GstSodProgram *program, GError **error);

static guint
count_nodes (const GstSodGraph *graph, GstSodOpKind kind)
{
  guint n = 0;

  for (guint i = 0; i < graph->nodes->len; i++)
    n += gst_sod_graph_node (graph, i)->kind == kind;
  return n;
}

/* Every label that is left has the value it had, and nothing is asked for or
 * held that is not in the weights. */
static void
assert_equivalent (const GstSodGraph *before, GHashTable *weights,
    const GstSodProgram *after, const GstSodShape *shape)
{
  g_autoptr (GstSodTensor) input = test_random_tensor (shape, 5);
  g_autoptr (GPtrArray) a = test_evaluate (before, weights, input);
  g_autoptr (GPtrArray) b = test_evaluate (after->graph, after->weights, input);
  g_autoptr (GHashTable) asked = test_random_weights (after->graph, shape, 1);
  const GstSodTensor *output = g_ptr_array_index (a, before->output);

  g_assert_cmpfloat (test_max_abs (output), >, 1e-3);
  g_assert_cmpfloat (
      test_max_difference (output, g_ptr_array_index (b, after->graph->output)),
      <=, TOLERANCE * MAX (test_max_abs (output), 1e-3));
  for (guint i = 0; i < gst_sod_graph_n_values (after->graph); i++) {
    const gchar *label = g_ptr_array_index (after->graph->labels, i);
    const GstSodTensor *value;

    if (label == NULL)
      continue;
    value = g_ptr_array_index (a, gst_sod_graph_find (before, label));
    g_assert_cmpfloat (test_max_difference (value, g_ptr_array_index (b, i)),
        <=, TOLERANCE * MAX (test_max_abs (value), 1e-3));
  }
  g_assert_cmpuint (
      g_hash_table_size (asked), ==, g_hash_table_size (after->weights));
}

/* Applies @pass to @graph with random weights; the program is the caller's. */
static GstSodProgram
apply (GstSodGraph *graph, const GstSodShape *shape, Pass pass)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) weights = test_random_weights (graph, shape, 3);
  GstSodProgram program = { gst_sod_graph_ref (graph),
    g_hash_table_ref (weights) };
  guint n_weights = g_hash_table_size (weights);

  g_assert_true (pass (&program, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (weights), ==, n_weights);
  assert_equivalent (graph, weights, &program, shape);
  return program;
}

static GstSodValue
add_conv (GstSodGraph *graph, GstSodValue x, const gchar *name, gint channels,
    gint kernel, gint stride, gboolean bias)
{
  const GstSodOpAttrs attrs = { .channels = channels,
    .kernel = kernel,
    .stride = stride,
    .dilation = 1,
    .padding = (kernel - 1) / 2,
    .bias = bias };

  return gst_sod_graph_add (graph, GST_SOD_OP_CONV2D, name, &attrs, &x, 1);
}

static GstSodValue
add_unary (
    GstSodGraph *graph, GstSodOpKind kind, GstSodValue x, const gchar *name)
{
  const GstSodOpAttrs attrs = { .epsilon = 1e-3, .scale = 2 };

  return gst_sod_graph_add (graph, kind, name, &attrs, &x, 1);
}

static GstSodValue
add_binary (GstSodGraph *graph, GstSodOpKind kind, GstSodValue a, GstSodValue b,
    const gchar *name)
{
  GstSodValue inputs[] = { a, b };

  return gst_sod_graph_add (graph, kind, name, NULL, inputs, 2);
}

static void
test_fold_batch_norm (gconstpointer with_bias)
{
  g_autoptr (GstSodGraph) graph = gst_sod_graph_new ();
  GstSodShape shape = gst_sod_shape_nchw (2, 3, 7, 5);
  GstSodValue x;
  GstSodProgram program;

  x = add_conv (graph, graph->input, "c", 4, 3, 1, GPOINTER_TO_INT (with_bias));
  gst_sod_graph_set_label (graph, x, "before");
  x = add_unary (graph, GST_SOD_OP_BATCH_NORM, x, "n");
  gst_sod_graph_set_label (graph, x, "after");
  program = apply (graph, &shape, gst_sod_pass_fold_batch_norm);
  g_assert_cmpuint (program.graph->nodes->len, ==, 1);
  g_assert_cmpuint (g_hash_table_size (program.weights), ==, 2);
  g_assert_cmpuint (
      gst_sod_graph_find (program.graph, "before"), ==, GST_SOD_NO_VALUE);
  g_assert_cmpuint (
      gst_sod_graph_find (program.graph, "after"), ==, program.graph->output);
  gst_sod_program_clear (&program);
}

static void
test_fold_keeps_what_others_read (void)
{
  g_autoptr (GstSodGraph) graph = gst_sod_graph_new ();
  GstSodShape shape = gst_sod_shape_nchw (1, 3, 6, 6);
  GstSodValue x, y;
  GstSodProgram program;

  x = add_conv (graph, graph->input, "c", 4, 3, 1, FALSE);
  y = add_unary (graph, GST_SOD_OP_BATCH_NORM, x, "n");
  add_binary (graph, GST_SOD_OP_ADD, x, y, "sum");
  program = apply (graph, &shape, gst_sod_pass_fold_batch_norm);
  g_assert_cmpuint (program.graph->nodes->len, ==, 3);
  gst_sod_program_clear (&program);
}

static void
test_fold_keeps_the_output (void)
{
  g_autoptr (GstSodGraph) graph = gst_sod_graph_new ();
  GstSodShape shape = gst_sod_shape_nchw (1, 3, 6, 6);
  GstSodValue x;
  GstSodProgram program;

  x = add_conv (graph, graph->input, "c", 4, 3, 1, FALSE);
  add_unary (graph, GST_SOD_OP_BATCH_NORM, x, "n");
  graph->output = x;
  program = apply (graph, &shape, gst_sod_pass_fold_batch_norm);
  g_assert_cmpuint (program.graph->nodes->len, ==, 2);
  g_assert_cmpuint (program.graph->output, ==, x);
  gst_sod_program_clear (&program);
}

static void
test_fold_names_what_is_missing (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodGraph) graph = gst_sod_graph_new ();
  GstSodShape shape = gst_sod_shape_nchw (1, 3, 6, 6);
  g_autoptr (GHashTable) weights = NULL;
  GstSodProgram program;
  GstSodValue x;

  x = add_conv (graph, graph->input, "c", 4, 3, 1, FALSE);
  add_unary (graph, GST_SOD_OP_BATCH_NORM, x, "n");
  weights = test_random_weights (graph, &shape, 1);
  g_hash_table_remove (weights, "n.running_var");
  g_assert_false (gst_sod_prepare_inference (graph, weights, &program, &error));
  g_assert_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "n.running_var"));
  g_assert_null (program.graph);
  g_assert_null (program.weights);
}

static void
test_fuse_relu (gconstpointer kind)
{
  g_autoptr (GstSodGraph) graph = gst_sod_graph_new ();
  GstSodShape shape = gst_sod_shape_nchw (1, 3, 6, 6);
  GstSodValue x = graph->input;
  GstSodProgram program;

  if (GPOINTER_TO_INT (kind) == GST_SOD_OP_CONV2D)
    x = add_conv (graph, x, "maker", 4, 3, 1, TRUE);
  else
    x = add_unary (graph, GST_SOD_OP_UPSAMPLE, x, "maker");
  x = add_unary (graph, GST_SOD_OP_RELU, x, "r");
  gst_sod_graph_set_label (graph, x, "r");
  program = apply (graph, &shape, gst_sod_pass_fuse_relu);
  g_assert_cmpuint (program.graph->nodes->len, ==, 1);
  g_assert_true (gst_sod_graph_node (program.graph, 0)->attrs.relu);
  g_assert_cmpuint (gst_sod_graph_find (program.graph, "r"), ==, 1);
  gst_sod_program_clear (&program);
}

static void
test_fuse_relu_leaves_others (void)
{
  g_autoptr (GstSodGraph) graph = gst_sod_graph_new ();
  GstSodShape shape = gst_sod_shape_nchw (1, 3, 6, 6);
  GstSodProgram program;

  add_unary (graph, GST_SOD_OP_RELU, graph->input, "r");
  program = apply (graph, &shape, gst_sod_pass_fuse_relu);
  g_assert_cmpuint (program.graph->nodes->len, ==, 1);
  gst_sod_program_clear (&program);
}

/* The upsampling stands first or second. */
static void
test_fuse_sum (gconstpointer second)
{
  g_autoptr (GstSodGraph) graph = gst_sod_graph_new ();
  GstSodShape shape = gst_sod_shape_nchw (2, 3, 8, 6);
  GstSodValue skip, up;
  GstSodProgram program;

  skip = add_conv (graph, graph->input, "skip", 4, 3, 1, TRUE);
  up = add_conv (graph, graph->input, "half", 4, 3, 2, TRUE);
  up = add_unary (graph, GST_SOD_OP_UPSAMPLE, up, "up");
  if (GPOINTER_TO_INT (second))
    add_binary (graph, GST_SOD_OP_ADD, skip, up, "sum");
  else
    add_binary (graph, GST_SOD_OP_ADD, up, skip, "sum");
  program = apply (graph, &shape, gst_sod_pass_fuse_sum);
  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_ADD), ==, 0);
  g_assert_true (gst_sod_graph_node (program.graph, 2)->attrs.sum);
  gst_sod_program_clear (&program);
}

static void
test_fuse_sum_keeps_what_others_read (void)
{
  g_autoptr (GstSodGraph) graph = gst_sod_graph_new ();
  GstSodShape shape = gst_sod_shape_nchw (1, 3, 6, 6);
  GstSodValue up, rectified;
  GstSodProgram program;

  up = add_unary (graph, GST_SOD_OP_UPSAMPLE, graph->input, "up");
  rectified = add_unary (graph, GST_SOD_OP_RELU, up, "r");
  add_binary (graph, GST_SOD_OP_ADD, up, rectified, "sum");
  program = apply (graph, &shape, gst_sod_pass_fuse_sum);
  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_ADD), ==, 1);
  gst_sod_program_clear (&program);
}

static void
test_sum_of_two_upsamplings (void)
{
  g_autoptr (GstSodGraph) graph = gst_sod_graph_new ();
  GstSodShape shape = gst_sod_shape_nchw (1, 3, 6, 6);
  GstSodValue a, b;
  GstSodProgram program;

  a = add_unary (graph, GST_SOD_OP_UPSAMPLE, graph->input, "a");
  b = add_conv (graph, graph->input, "c", 3, 3, 1, TRUE);
  b = add_unary (graph, GST_SOD_OP_UPSAMPLE, b, "b");
  add_binary (graph, GST_SOD_OP_ADD, a, b, "sum");
  program = apply (graph, &shape, gst_sod_pass_fuse_sum);
  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_UPSAMPLE), ==, 2);
  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_ADD), ==, 0);
  gst_sod_program_clear (&program);
}

/* A 3x3 and a 7x7, and a third that a test may spoil. */
static GstSodProgram
merge_three (gint third_kernel, gint third_stride, gboolean third_bias,
    gboolean other_reader)
{
  g_autoptr (GstSodGraph) graph = gst_sod_graph_new ();
  GstSodShape shape = gst_sod_shape_nchw (2, 3, 9, 11);
  GstSodValue parts[3], x;

  parts[0] = add_conv (graph, graph->input, "k3", 4, 3, 2, TRUE);
  parts[1] = add_conv (graph, graph->input, "k7", 2, 7, 2, TRUE);
  parts[2] = add_conv (
      graph, graph->input, "k5", 1, third_kernel, third_stride, third_bias);
  if (third_stride == 1)
    parts[1] = parts[0] = add_conv (graph, graph->input, "w", 4, 3, 1, TRUE);
  x = gst_sod_graph_add (graph, GST_SOD_OP_CONCAT, "stem", NULL, parts, 3);
  gst_sod_graph_set_label (graph, x, "stem");
  if (other_reader) {
    x = gst_sod_graph_add (graph, GST_SOD_OP_CONCAT, "again", NULL,
        (GstSodValue[]){ x, parts[2] }, 2);
  }
  return apply (graph, &shape, gst_sod_pass_merge_parallel);
}

static void
test_merge_parallel (void)
{
  GstSodProgram program = merge_three (5, 2, TRUE, FALSE);
  const GstSodNode *node = gst_sod_graph_node (program.graph, 0);

  g_assert_cmpuint (program.graph->nodes->len, ==, 1);
  g_assert_cmpint (node->attrs.kernel, ==, 7);
  g_assert_cmpint (node->attrs.channels, ==, 7);
  g_assert_cmpint (node->attrs.padding, ==, 3);
  g_assert_cmpuint (gst_sod_graph_find (program.graph, "stem"), ==, 1);
  gst_sod_program_clear (&program);
}

static void
test_merge_leaves_the_unlike (void)
{
  GstSodProgram program = merge_three (5, 2, FALSE, FALSE);

  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_CONCAT), ==, 1);
  gst_sod_program_clear (&program);
  program = merge_three (5, 2, TRUE, TRUE);
  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_CONCAT), ==, 2);
  gst_sod_program_clear (&program);
  program = merge_three (5, 1, TRUE, FALSE);
  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_CONCAT), ==, 1);
  gst_sod_program_clear (&program);
}

static GstSodArchitecture *
new_architecture (const gchar *preset, guint frames)
{
  g_autoptr (GError) error = NULL;
  GstSodArchitecture *architecture =
      gst_sod_architecture_new_preset (preset, frames, &error);

  g_assert_no_error (error);
  return architecture;
}

static void
test_prepare_base (gconstpointer preset)
{
  g_autoptr (GstSodArchitecture) architecture = new_architecture (preset, 1);
  g_autoptr (GstSodGraph) graph = gst_sod_architecture_build (architecture);
  GstSodShape shape = gst_sod_shape_nchw (1, 3, 32, 48);
  GstSodProgram program = { NULL, NULL };
  const GstSodNode *stem;
  gboolean skips = !g_str_equal (preset, "paper");
  guint n_sums = 0;

  g_assert_cmpuint (count_nodes (graph, GST_SOD_OP_BATCH_NORM), ==, 15);
  g_autoptr (GHashTable) weights = test_random_weights (graph, &shape, 3);
  g_assert_true (gst_sod_prepare_inference (graph, weights, &program, NULL));
  assert_equivalent (graph, weights, &program, &shape);

  /* the stem, twelve of the blocks, the last */
  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_CONV2D), ==, 14);
  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_MAX_POOL), ==, 3);
  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_UPSAMPLE), ==, 4);
  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_SIGMOID), ==, 1);
  g_assert_cmpuint (program.graph->nodes->len, ==, 14 + 3 + 4 + 1);
  for (guint i = 0; i < program.graph->nodes->len; i++)
    n_sums += gst_sod_graph_node (program.graph, i)->attrs.sum;
  g_assert_cmpuint (n_sums, ==, skips ? 3 : 0);

  stem = gst_sod_graph_node (program.graph, 0);
  g_assert_cmpint (stem->attrs.kernel, ==, 7);
  g_assert_cmpint (stem->attrs.stride, ==, 2);
  g_assert_true (stem->attrs.relu);
  g_assert_cmpuint (
      gst_sod_graph_find (program.graph, "stem"), ==, stem->output);
  g_assert_cmpuint (
      gst_sod_graph_find (program.graph, "stem.k7"), ==, GST_SOD_NO_VALUE);
  for (guint i = 0; i < 3; i++) {
    const gchar *const labels[] = { "enc.0", "dec.2", "logits" };

    g_assert_cmpuint (
        gst_sod_graph_find (program.graph, labels[i]), !=, GST_SOD_NO_VALUE);
  }
  gst_sod_program_clear (&program);
}

static void
test_prepare_reverse (void)
{
  g_autoptr (GstSodArchitecture) architecture = new_architecture ("reverse", 1);
  g_autoptr (GstSodGraph) graph = gst_sod_architecture_build (architecture);
  GstSodShape shape = gst_sod_shape_nchw (1, 1, 32, 32);
  g_autoptr (GHashTable) weights = test_random_weights (graph, &shape, 3);
  GstSodProgram program = { NULL, NULL };

  g_assert_true (gst_sod_prepare_inference (graph, weights, &program, NULL));
  assert_equivalent (graph, weights, &program, &shape);
  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_BATCH_NORM), ==, 0);
  g_assert_cmpuint (count_nodes (program.graph, GST_SOD_OP_RELU), ==, 0);
  /* the stem, 42 layers, 7 transitions, the last */
  g_assert_cmpuint (
      count_nodes (program.graph, GST_SOD_OP_CONV2D), ==, 1 + 42 + 7 + 1);
  g_assert_cmpuint (
      gst_sod_graph_find (program.graph, "image"), ==, program.graph->output);
  gst_sod_program_clear (&program);
}

static void
test_last_uses (void)
{
  g_autoptr (GstSodGraph) graph = gst_sod_graph_new ();
  g_autofree guint *last_use = NULL;
  GstSodValue a, b, c, d;

  a = add_conv (graph, graph->input, "a", 4, 3, 1, TRUE); /* node 0 */
  b = add_conv (graph, a, "b", 4, 3, 1, TRUE);
  add_conv (graph, b, "unread", 4, 3, 1, TRUE);
  c = add_binary (graph, GST_SOD_OP_ADD, a, b, "c"); /* node 3 */
  d = add_unary (graph, GST_SOD_OP_RELU, c, "d");
  last_use = gst_sod_graph_last_uses (graph, &b, 1);
  g_assert_cmpuint (last_use[graph->input], ==, 0);
  g_assert_cmpuint (last_use[a], ==, 3);
  g_assert_cmpuint (last_use[b], ==, G_MAXUINT);
  g_assert_cmpuint (last_use[b + 1], ==, 2);
  g_assert_cmpuint (last_use[c], ==, 4);
  g_assert_cmpuint (last_use[d], ==, G_MAXUINT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/passes/fold-batch-norm/without-bias",
      GINT_TO_POINTER (FALSE), test_fold_batch_norm);
  g_test_add_data_func ("/passes/fold-batch-norm/with-bias",
      GINT_TO_POINTER (TRUE), test_fold_batch_norm);
  g_test_add_func ("/passes/fold-batch-norm/keeps-what-others-read",
      test_fold_keeps_what_others_read);
  g_test_add_func (
      "/passes/fold-batch-norm/keeps-the-output", test_fold_keeps_the_output);
  g_test_add_func ("/passes/fold-batch-norm/names-the-missing-tensor",
      test_fold_names_what_is_missing);
  g_test_add_data_func ("/passes/fuse-relu/into-conv2d",
      GINT_TO_POINTER (GST_SOD_OP_CONV2D), test_fuse_relu);
  g_test_add_data_func ("/passes/fuse-relu/into-upsample",
      GINT_TO_POINTER (GST_SOD_OP_UPSAMPLE), test_fuse_relu);
  g_test_add_func (
      "/passes/fuse-relu/leaves-others", test_fuse_relu_leaves_others);
  g_test_add_data_func ("/passes/fuse-sum/upsample-first",
      GINT_TO_POINTER (FALSE), test_fuse_sum);
  g_test_add_data_func ("/passes/fuse-sum/upsample-second",
      GINT_TO_POINTER (TRUE), test_fuse_sum);
  g_test_add_func ("/passes/fuse-sum/keeps-what-others-read",
      test_fuse_sum_keeps_what_others_read);
  g_test_add_func (
      "/passes/fuse-sum/takes-one-of-two", test_sum_of_two_upsamplings);
  g_test_add_func ("/passes/merge-parallel/is-exact", test_merge_parallel);
  g_test_add_func (
      "/passes/merge-parallel/leaves-the-unlike", test_merge_leaves_the_unlike);
  g_test_add_data_func ("/passes/prepare/base", "base", test_prepare_base);
  g_test_add_data_func ("/passes/prepare/small", "small", test_prepare_base);
  g_test_add_data_func (
      "/passes/prepare/paper-has-no-skips", "paper", test_prepare_base);
  g_test_add_func ("/passes/prepare/reverse", test_prepare_reverse);
  g_test_add_func ("/passes/last-uses/are-found", test_last_uses);
  return g_test_run ();
}
