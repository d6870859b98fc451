/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <plugins/common/sodelements.h>

/* Each element is one file; its type registers itself here and nowhere else. */

static gboolean
plugin_init (GstPlugin *plugin)
{
  gboolean any = FALSE;

  any |= GST_ELEMENT_REGISTER (sodbase, plugin);
  any |= GST_ELEMENT_REGISTER (soddatasetsrc, plugin);
  any |= GST_ELEMENT_REGISTER (sodensemble, plugin);
  any |= GST_ELEMENT_REGISTER (sodeval, plugin);
  any |= GST_ELEMENT_REGISTER (sodoverlay, plugin);
  any |= GST_ELEMENT_REGISTER (sodpublish, plugin);
  any |= GST_ELEMENT_REGISTER (sodreverse, plugin);
  any |= GST_ELEMENT_REGISTER (sodtrainer, plugin);
  return any;
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, sod,
    "Salient object detection in live video", plugin_init, PACKAGE_VERSION,
    "LGPL", "gst-sod", "Unknown package origin")
