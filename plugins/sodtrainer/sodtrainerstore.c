/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where frames are kept: in a store of the user's, or in one that goes with the
 * run. */
#include "sodtrainer.h"

#include "sodtrainerfiles.h"

GST_DEBUG_CATEGORY_EXTERN (sod_trainer_debug);
#define GST_CAT_DEFAULT sod_trainer_debug

/* The frames that a checkpoint was made with are gone before it is of use. */
static void
check_checkpoint (GstSodTrainerElement *self)
{
  const gchar *checkpoint = sod_trainer_settings_get_string (
      &self->asked, SOD_TRAINER_PROP_CHECKPOINT_PATH);

  if (checkpoint != NULL)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("a training that is cut short cannot go on from %s: no store is set, "
         "and frames are removed when the element stops; set store to a folder",
            checkpoint),
        (NULL));
}

/* The folder of the store; says so where it is a temporary one. */
static const gchar *
choose_folder (GstSodTrainerElement *self, GError **error)
{
  const gchar *folder =
      sod_trainer_settings_get_string (&self->asked, SOD_TRAINER_PROP_STORE);

  if (folder != NULL)
    return folder;
  self->temporary = g_dir_make_tmp ("sodtrainer-XXXXXX", error);
  if (self->temporary != NULL) /* gst-launch-1.0 prints the second text */
    GST_ELEMENT_INFO (self, RESOURCE, SETTINGS,
        ("frames are kept in %s until the element stops", self->temporary),
        ("no store is set: frames are kept in %s, which is removed when the "
         "element stops",
            self->temporary));
  check_checkpoint (self);
  return self->temporary;
}

gboolean
sod_trainer_open_store (GstSodTrainerElement *self, GError **error)
{
  const gchar *folder = choose_folder (self, error);
  guint n_damaged;

  if (folder == NULL)
    return FALSE;
  self->store = gst_sod_store_open (folder, GST_SOD_STORE_FLAG_CREATE, error);
  if (self->store == NULL)
    return FALSE;
  sod_trainer_settings_apply_store (&self->asked, self->store);
  n_damaged = gst_sod_store_get_n_damaged (self->store);
  if (n_damaged > 0)
    GST_ELEMENT_WARNING (self, RESOURCE, READ,
        ("%u records of the store %s are damaged and left "
         "out; all others are there (gst-sod store verify lists them)",
            n_damaged, folder),
        (NULL));
  return TRUE;
}

void
sod_trainer_close_store (GstSodTrainerElement *self)
{
  g_clear_object (&self->store);
  if (self->temporary != NULL)
    sod_folder_remove (self->temporary);
  g_clear_pointer (&self->temporary, g_free);
}
