/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

GST_ELEMENT_REGISTER_DECLARE (sodbase);
GST_ELEMENT_REGISTER_DECLARE (soddatasetsrc);
GST_ELEMENT_REGISTER_DECLARE (sodensemble);
GST_ELEMENT_REGISTER_DECLARE (sodeval);
GST_ELEMENT_REGISTER_DECLARE (sodoverlay);
GST_ELEMENT_REGISTER_DECLARE (sodpublish);

G_END_DECLS
