/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/backend/ref/ref-private.h>

#include <string.h>

/* Elements that input @index fills of one sample of the output. */
static gsize
sample_size (const GstSodOpCall *call, guint index)
{
  const gint64 *dims = gst_sod_tensor_get_shape (call->inputs[index])->dims;

  return (gsize) (dims[1] * dims[2] * dims[3]);
}

/* y = the inputs' channels, one input after another */
static gboolean
forward (const GstSodOpCall *call, GError **error)
{
  gint64 samples = gst_sod_tensor_get_shape (call->output)->dims[0];
  gdouble *y = gst_sod_ref_write (call->output); /* (n, sum of c, h, w) */

  for (gint64 n = 0; n < samples; n++) {
    for (guint i = 0; i < call->n_inputs; i++) {
      const gdouble *x = gst_sod_ref_read (call->inputs[i]); /* (n, c, h, w) */
      gsize size = sample_size (call, i);

      memcpy (y, x + n * size, size * sizeof (gdouble));
      y += size;
    }
  }
  return TRUE;
}

/* d_x of each input is its channels of d_y. */
static gboolean
backward (const GstSodOpCall *call, GError **error)
{
  gint64 samples = gst_sod_tensor_get_shape (call->output)->dims[0];
  const gdouble *d_y = gst_sod_ref_read (call->d_output);

  for (gint64 n = 0; n < samples; n++) {
    for (guint i = 0; i < call->n_inputs; i++) {
      gsize size = sample_size (call, i);

      if (call->d_inputs[i] != NULL)
        memcpy (gst_sod_ref_write (call->d_inputs[i]) + n * size, d_y,
            size * sizeof (gdouble));
      d_y += size;
    }
  }
  return TRUE;
}

GST_SOD_REF_DEFINE_KERNEL (concat)
