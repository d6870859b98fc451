/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sodbuffers.h"

gboolean
sod_buffer_is_new (GstBuffer *buffer)
{
  GQuark seen = g_quark_from_static_string ("sod-seen");

  if (gst_mini_object_get_qdata (GST_MINI_OBJECT_CAST (buffer), seen) != NULL)
    return FALSE;
  gst_mini_object_set_qdata (
      GST_MINI_OBJECT_CAST (buffer), seen, GINT_TO_POINTER (TRUE), NULL);
  return TRUE;
}

GstBuffer *
sod_buffer_share_memory (GstBuffer *frame)
{
  GstVideoMeta *meta = gst_buffer_get_video_meta (frame);
  GstBuffer *shared = gst_buffer_new ();

  gst_buffer_copy_into (shared, frame, GST_BUFFER_COPY_MEMORY, 0, -1);
  if (meta != NULL)
    gst_buffer_add_video_meta_full (shared, meta->flags, meta->format,
        meta->width, meta->height, meta->n_planes, meta->offset, meta->stride);
  return shared;
}

GstBufferPool *
sod_buffer_pool_new (gsize size)
{
  g_autoptr (GstBufferPool) pool = gst_buffer_pool_new ();
  GstStructure *config = gst_buffer_pool_get_config (pool);

  gst_buffer_pool_config_set_params (config, NULL, (guint) size, 0, 0);
  if (!gst_buffer_pool_set_config (pool, config)
      || !gst_buffer_pool_set_active (pool, TRUE))
    return NULL;
  return g_steal_pointer (&pool);
}

gboolean
sod_buffer_propose_pool (GstQuery *query, const GstVideoInfo *info)
{
  g_autoptr (GstBufferPool) pool = NULL;
  GstStructure *config;
  GstCaps *caps;

  if (gst_query_get_n_allocation_pools (query) > 0)
    return TRUE;
  gst_query_parse_allocation (query, &caps, NULL);
  pool = gst_video_buffer_pool_new ();
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_set_params (config, caps, (guint) info->size, 0, 0);
  if (!gst_buffer_pool_set_config (pool, config))
    return FALSE;
  gst_query_add_allocation_pool (query, pool, (guint) info->size, 0, 0);
  return TRUE;
}

/* What lays out the bytes of one frame says nothing of another's. */
gboolean
sod_buffer_take_meta (GstBuffer *out, const GstVideoInfo *out_info,
    GstMeta *meta, GstBuffer *in, const GstVideoInfo *in_info)
{
  const GstMetaInfo *info = meta->info;
  GstVideoMetaTransform scale = { (GstVideoInfo *) in_info,
    (GstVideoInfo *) out_info };

  if (info->api == GST_VIDEO_META_API_TYPE
      || info->api == GST_VIDEO_CROP_META_API_TYPE
      || gst_meta_api_type_has_tag (
          info->api, g_quark_from_static_string (GST_META_TAG_MEMORY_STR)))
    return FALSE;
  if (!gst_meta_api_type_has_tag (
          info->api, g_quark_from_static_string (GST_META_TAG_VIDEO_SIZE_STR)))
    return TRUE;
  if (info->transform_func != NULL)
    info->transform_func (
        out, meta, in, gst_video_meta_transform_scale_get_quark (), &scale);
  return FALSE;
}
