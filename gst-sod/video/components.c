/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connected components by runs: every run of a row joins the components of
 * the runs above that it touches, diagonals included. Components are joined
 * in a forest of labels whose roots gather bounds, count and sum, so that one
 * pass over the pixels is enough. */
#include <gst-sod/video/components-private.h>

typedef struct
{
  gint first, last; /* columns, inclusive */
  guint label;
} Run;

struct _GstSodComponents
{
  Run *runs[2]; /* of this row and of the one above */
  gint width;   /* that the runs have room for */
  GstSodBlob *blobs;
  guint *parents; /* label -> label nearer to the root */
  guint n_labels, n_allocated;
};

GstSodComponents *
gst_sod_components_new (void)
{
  return g_new0 (GstSodComponents, 1);
}

void
gst_sod_components_free (GstSodComponents *self)
{
  g_free (self->runs[0]);
  g_free (self->runs[1]);
  g_free (self->blobs);
  g_free (self->parents);
  g_free (self);
}

static guint
add_label (GstSodComponents *self, const GstSodBlob *blob)
{
  guint label = self->n_labels++;

  if (label == self->n_allocated) {
    self->n_allocated = MAX (64, 2 * self->n_allocated);
    self->blobs = g_renew (GstSodBlob, self->blobs, self->n_allocated);
    self->parents = g_renew (guint, self->parents, self->n_allocated);
  }
  self->blobs[label] = *blob;
  self->parents[label] = label;
  return label;
}

static guint
find_root (GstSodComponents *self, guint label)
{
  guint *parents = self->parents;

  while (parents[label] != label) {
    parents[label] = parents[parents[label]];
    label = parents[label];
  }
  return label;
}

static void
merge_blob (GstSodBlob *to, const GstSodBlob *from)
{
  to->left = MIN (to->left, from->left);
  to->top = MIN (to->top, from->top);
  to->right = MAX (to->right, from->right);
  to->bottom = MAX (to->bottom, from->bottom);
  to->count += from->count;
  to->sum += from->sum;
}

/* Joins two components and returns the root of both. */
static guint
join (GstSodComponents *self, guint a, guint b)
{
  guint root = MIN (a, b), other = MAX (a, b);

  if (root == other)
    return root;
  self->parents[other] = root;
  merge_blob (&self->blobs[root], &self->blobs[other]);
  return root;
}

/* The label of a run, given the runs of the row above; @above is the first of
 * them that may still touch this or a later run. */
static guint
label_run (GstSodComponents *self, const Run *run, const GstSodBlob *blob,
    const Run **above, const Run *above_end)
{
  guint label = G_MAXUINT;

  while (*above < above_end && (*above)->last + 1 < run->first)
    (*above)++;
  for (const Run *k = *above; k < above_end && k->first <= run->last + 1; k++) {
    guint root = find_root (self, k->label);

    label = label == G_MAXUINT ? root : join (self, label, root);
  }
  if (label == G_MAXUINT)
    return add_label (self, blob);
  merge_blob (&self->blobs[label], blob);
  return label;
}

/* Finds the runs of one row; returns their number. */
static guint
scan_row (GstSodComponents *self, const guint8 *row, const guint8 *mask,
    gint width, gint y, guint cutoff, Run *runs, const Run *above,
    guint n_above)
{
  const Run *above_end = above + n_above;
  guint n_runs = 0;
  gint x = 0;

  while (x < width) {
    Run *run = &runs[n_runs];
    guint sum = 0;

    while (x < width && (row[x] < cutoff || (mask != NULL && mask[x] == 0)))
      x++;
    if (x == width)
      break;
    run->first = x;
    while (x < width && row[x] >= cutoff && (mask == NULL || mask[x] != 0))
      sum += row[x++];
    run->last = x - 1;
    run->label = label_run (self, run,
        &(GstSodBlob){ run->first, y, run->last, y, x - run->first, sum },
        &above, above_end);
    n_runs++;
  }
  return n_runs;
}

/* Moves the roots to the front; returns their number. */
static guint
keep_roots (GstSodComponents *self)
{
  guint n_roots = 0;

  for (guint i = 0; i < self->n_labels; i++) {
    if (self->parents[i] == i)
      self->blobs[n_roots++] = self->blobs[i];
  }
  return n_roots;
}

const GstSodBlob *
gst_sod_components_find (GstSodComponents *self, const guint8 *pixels,
    gint stride, gint width, gint height, guint cutoff, const guint8 *mask,
    guint *n_blobs)
{
  guint n_above = 0;

  if (width > self->width) {
    for (guint i = 0; i < 2; i++)
      self->runs[i] = g_renew (Run, self->runs[i], width / 2 + 1);
    self->width = width;
  }
  self->n_labels = 0;
  for (gint y = 0; y < height; y++)
    n_above = scan_row (self, pixels + (gssize) y * stride,
        mask == NULL ? NULL : mask + (gssize) y * width, width, y, cutoff,
        self->runs[y & 1], self->runs[~y & 1], n_above);
  *n_blobs = keep_roots (self);
  return self->blobs;
}
