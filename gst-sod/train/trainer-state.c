/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trainer in a checkpoint: where it stands, and of all parameters one behind
 * the other the weights, their averages and the optimiser's moments. */
#include <gst-sod/train/trainer-private.h>

#include <math.h>
#include <string.h>

typedef struct
{
  guint64 n_steps, position;
  gdouble rate_scale;
} Position;

static const gchar *const parts[] = { "weights", "averages", "moments-1",
  "moments-2" };

/* (nullable): of a parameter that has no such part. */
static gfloat *
get_part (GstSodParam *param, guint part)
{
  if (part == 0)
    return gst_sod_tensor_get_data (param->weight);
  if (part == 1)
    return param->average;
  return param->moments[part - 2];
}

static gsize
count_part (GstSodParams *params, guint part)
{
  gsize n = 0;

  for (guint i = 0; i < params->list->len; i++) {
    GstSodParam *param = g_ptr_array_index (params->list, i);

    n += get_part (param, part) != NULL ? param->n : 0;
  }
  return n;
}

/* Names and lengths, so that a checkpoint of another network is known for
 * one. (transfer full) */
static gchar *
describe (const GstSodParams *params)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < params->list->len; i++) {
    const GstSodParam *param = g_ptr_array_index (params->list, i);

    g_string_append_printf (
        text, "%s %" G_GSIZE_FORMAT "\n", param->name, param->n);
  }
  return g_string_free (text, FALSE);
}

static gchar *
make_name (const gchar *section, const gchar *what)
{
  return g_strconcat (section, "/", what, NULL);
}

/* ---- writing ---- */

static gboolean
write_part (GstSodTrainer *self, guint part, GstSodCheckpoint *checkpoint,
    const gchar *name, GError **error)
{
  gsize n = count_part (self->params, part), at = 0;
  g_autofree gfloat *values = g_new (gfloat, n);

  for (guint i = 0; i < self->params->list->len; i++) {
    GstSodParam *param = g_ptr_array_index (self->params->list, i);
    const gfloat *from = get_part (param, part);

    if (from == NULL)
      continue;
    memcpy (values + at, from, param->n * sizeof (gfloat));
    at += param->n;
  }
  return gst_sod_checkpoint_set_floats (checkpoint, name, values, n, error);
}

gboolean
gst_sod_trainer_write_state (GstSodTrainer *self, GstSodCheckpoint *checkpoint,
    const gchar *section, GError **error)
{
  Position position = { self->n_steps, self->position, self->rate_scale };
  g_autofree gchar *place = make_name (section, "position");
  g_autofree gchar *names = make_name (section, "names");
  g_autofree gchar *text = describe (self->params);

  if (!gst_sod_params_fetch (self->params, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree gchar *name = make_name (section, parts[i]);

    if (!write_part (self, i, checkpoint, name, error))
      return FALSE;
  }
  return gst_sod_checkpoint_set_bytes (
             checkpoint, names, text, strlen (text), error)
         && gst_sod_checkpoint_set_bytes (
             checkpoint, place, &position, sizeof (position), error);
}

/* ---- reading ---- */

static gboolean
check_names (GstSodTrainer *self, const GstSodCheckpoint *checkpoint,
    const gchar *section, GError **error)
{
  g_autofree gchar *names = make_name (section, "names");
  g_autofree gchar *text = describe (self->params);
  g_autoptr (GBytes) found =
      gst_sod_checkpoint_get_bytes (checkpoint, names, error);
  g_autoptr (GBytes) expected = g_bytes_new (text, strlen (text));

  if (found == NULL)
    return FALSE;
  if (g_bytes_equal (found, expected))
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
      "section %s of the checkpoint is of another network than the one that is "
      "trained: go on with the architecture it was made with, or start anew",
      section);
  return FALSE;
}

static gboolean
read_position (const GstSodCheckpoint *checkpoint, const gchar *section,
    Position *position, GError **error)
{
  g_autofree gchar *name = make_name (section, "position");
  g_autoptr (GBytes) bytes =
      gst_sod_checkpoint_get_bytes (checkpoint, name, error);

  if (bytes == NULL)
    return FALSE;
  if (g_bytes_get_size (bytes) != sizeof (*position)) {
    g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_MISMATCH,
        "%s of the checkpoint has %" G_GSIZE_FORMAT " bytes, %" G_GSIZE_FORMAT
        " were expected: it is of another version",
        name, g_bytes_get_size (bytes), sizeof (*position));
    return FALSE;
  }
  memcpy (position, g_bytes_get_data (bytes, NULL), sizeof (*position));
  if (isfinite (position->rate_scale) && position->rate_scale >= 0)
    return TRUE;
  g_set_error (error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "%s of the checkpoint scales the rate by %g, 0 or more was expected: it "
      "is of another program",
      name, position->rate_scale);
  return FALSE;
}

/* All parts, one behind the other; (transfer full). */
static gfloat **
read_parts (GstSodTrainer *self, const GstSodCheckpoint *checkpoint,
    const gchar *section, GError **error)
{
  gfloat **values = g_new0 (gfloat *, G_N_ELEMENTS (parts) + 1);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    gsize n = count_part (self->params, i);
    g_autofree gchar *name = make_name (section, parts[i]);

    values[i] = g_new (gfloat, n);
    if (!gst_sod_checkpoint_get_floats (
            checkpoint, name, values[i], n, error)) {
      g_strfreev ((gchar **) values);
      return NULL;
    }
  }
  return values;
}

static void
take_parts (GstSodTrainer *self, gfloat **values)
{
  for (guint part = 0; part < G_N_ELEMENTS (parts); part++) {
    const gfloat *from = values[part];

    for (guint i = 0; i < self->params->list->len; i++) {
      GstSodParam *param = g_ptr_array_index (self->params->list, i);
      gfloat *to = get_part (param, part);

      if (to == NULL)
        continue;
      memcpy (to, from, param->n * sizeof (gfloat));
      from += param->n;
    }
  }
}

gboolean
gst_sod_trainer_read_state (GstSodTrainer *self,
    const GstSodCheckpoint *checkpoint, const gchar *section, GError **error)
{
  gfloat **values;
  Position position;

  if (!check_names (self, checkpoint, section, error)
      || !read_position (checkpoint, section, &position, error))
    return FALSE;
  values = read_parts (self, checkpoint, section, error);
  if (values == NULL)
    return FALSE;
  gst_sod_trainer_discard (self);
  take_parts (self, values);
  g_strfreev ((gchar **) values);
  self->n_steps = position.n_steps;
  self->position = position.position;
  self->rate_scale = position.rate_scale;
  return gst_sod_params_store (self->params, error);
}
