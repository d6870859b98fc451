/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts the allocations of the process while frames go through sodbase. */
#include "support.h"

#include "tests/allocations.h"

#define WARM_UP 40 /* past the first latency that is answered */
#define FRAMES 300

/* Pads on both sides of an element that is playing. */
typedef struct
{
  GstElement *element;
  GstPad *source, *sink;
  GstBufferPool *pool;
  GstVideoInfo info;
  guint n_frames, n_regions;
} Line;

static GstFlowReturn
take_frame (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  Line *line = gst_pad_get_element_private (pad);
  gpointer state = NULL;

  while (gst_buffer_iterate_meta_filtered (
             buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)
         != NULL)
    line->n_regions++;
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static GstPad *
make_pad (const gchar *name, GstPadDirection direction, GstElement *element,
    const gchar *peer)
{
  GstPad *pad = gst_object_ref_sink (gst_pad_new (name, direction));
  g_autoptr (GstPad) other = gst_element_get_static_pad (element, peer);

  gst_pad_set_active (pad, TRUE);
  if (direction == GST_PAD_SRC)
    g_assert_cmpint (gst_pad_link (pad, other), ==, GST_PAD_LINK_OK);
  else
    g_assert_cmpint (gst_pad_link (other, pad), ==, GST_PAD_LINK_OK);
  return pad;
}

static void
make_pool (Line *self, GstCaps *caps)
{
  GstStructure *config;

  self->pool = gst_video_buffer_pool_new ();
  config = gst_buffer_pool_get_config (self->pool);
  gst_buffer_pool_config_set_params (
      config, caps, (guint) self->info.size, 2, 0);
  gst_buffer_pool_config_add_option (config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  g_assert_true (gst_buffer_pool_set_config (self->pool, config));
  g_assert_true (gst_buffer_pool_set_active (self->pool, TRUE));
}

static void
line_init (Line *self, GstElement *element, const gchar *format, gint width,
    gint height)
{
  g_autoptr (GstCaps) caps = test_caps (format, width, height);
  GstSegment segment;

  *self = (Line){ .element = element };
  gst_video_info_from_caps (&self->info, caps);
  self->sink = make_pad ("sink", GST_PAD_SINK, element, "src");
  gst_pad_set_element_private (self->sink, self);
  gst_pad_set_chain_function (self->sink, take_frame);
  self->source = make_pad ("src", GST_PAD_SRC, element, "sink");
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PLAYING), !=,
      GST_STATE_CHANGE_FAILURE);
  gst_pad_push_event (self->source, gst_event_new_stream_start ("frames"));
  g_assert_true (gst_pad_push_event (self->source, gst_event_new_caps (caps)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (self->source, gst_event_new_segment (&segment));
  make_pool (self, caps);
}

static void
line_clear (Line *self)
{
  gst_element_set_state (self->element, GST_STATE_NULL);
  gst_buffer_pool_set_active (self->pool, FALSE);
  gst_object_unref (self->pool);
  gst_pad_set_active (self->source, FALSE);
  gst_pad_set_active (self->sink, FALSE);
  gst_object_unref (self->source);
  gst_object_unref (self->sink);
}

static void
push_frames (Line *self, guint n)
{
  self->n_regions = 0;
  for (guint i = 0; i < n; i++) {
    GstBuffer *buffer = NULL;
    GstFlowReturn flow =
        gst_buffer_pool_acquire_buffer (self->pool, &buffer, NULL);

    if (flow == GST_FLOW_OK) {
      GST_BUFFER_PTS (buffer) = self->n_frames++ * 40 * GST_MSECOND;
      flow = gst_pad_push (self->source, buffer);
    }
    g_assert_cmpint (flow, ==, GST_FLOW_OK);
  }
}

/* Of GStreamer's own for what a frame carries: the map's meta; for a region a
 * meta, the structure of its parameters and their list. Where slices are what
 * they are by default before GLib 2.76, only the structure is of the heap. */
static guint
expect (guint n_frames, guint n_regions)
{
  if (g_getenv ("G_SLICE") != NULL || glib_check_version (2, 76, 0) == NULL)
    return n_frames + 3 * n_regions;
  return n_regions;
}

static void
check_frames (const gchar *output, gdouble threshold)
{
  g_autofree gchar *model = test_model (1, 1);
  g_autoptr (TestElement) element = test_element ("sodbase", "model-file",
      model, "threshold", threshold, "min-area", 0.01, "threads", 1, NULL);
  guint messages, conversion, metas;
  Allocations found;
  Line line;

  gst_util_set_object_arg (G_OBJECT (element), "output", output);
  line_init (&line, element, "RGB", 64, 48);
  push_frames (&line, WARM_UP);
  allocations_start ();
  push_frames (&line, FRAMES);
  found = allocations_stop ();
  messages = allocations_count_in ("gst_message_new_custom", FALSE);
  conversion = allocations_count_in ("gst_sod_cutout_draw", FALSE);
  metas = found.own - messages - conversion;
  g_test_message ("%d frames, %u regions: none of ours, %u of GStreamer's for "
                  "metas, %u in its conversion to RGBA, %u for messages, %d of "
                  "oneDNN's in %d primitives",
      FRAMES, line.n_regions, metas, conversion, messages, found.vendor,
      found.primitives);
  allocations_tell ();
  line_clear (&line);
  test_assert_no_error (element);
  g_assert_cmpuint (metas, ==, expect (FRAMES, line.n_regions));
  g_assert_cmpuint (conversion, <=, 2 * FRAMES);
  g_assert_cmpint (found.vendor, <=, MOST_IN_A_PRIMITIVE * found.primitives);
}

static void
test_frames (gconstpointer data)
{
  if (!allocations_can_count ()) {
    g_test_skip ("allocations cannot be counted here");
    return;
  }
  check_frames (data, 1); /* no regions */
  check_frames (data, 0); /* one, the whole frame */
}

typedef struct
{
  const gchar *precision; /* auto: bf16 where the CPU has it */
  gint threads;
} DefaultModel;

/* The default model on frames of a camera. */
static void
check_default_model (const DefaultModel *test)
{
  g_autoptr (TestElement) element = test_element (
      "sodbase", "threads", test->threads, "threshold", 1.0, NULL);
  g_autoptr (GstStructure) stats = NULL;
  const guint n = 50;
  gint precision;
  gboolean kernels;
  Allocations found;
  guint messages;
  Line line;

  gst_util_set_object_arg (G_OBJECT (element), "output", "map");
  gst_util_set_object_arg (G_OBJECT (element), "precision", test->precision);
  line_init (&line, element, "NV12", 640, 360);
  push_frames (&line, WARM_UP);
  allocations_start ();
  push_frames (&line, n);
  found = allocations_stop ();
  messages = allocations_count_in ("gst_message_new_custom", FALSE);
  g_object_get (element, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_enum (
      stats, "precision", GST_SOD_TYPE_PRECISION, &precision));
  kernels = allocations_has_kernels (precision == GST_SOD_PRECISION_BF16);
  g_test_message (
      "%u frames in %s: none of ours, %u of GStreamer's for metas, %u for "
      "messages, %d of oneDNN's in %d primitives; %s",
      n, precision == GST_SOD_PRECISION_BF16 ? "bf16" : "f32",
      found.own - messages, messages, found.vendor, found.primitives,
      kernels ? "all steps are our own" : "convolutions are oneDNN's");
  allocations_tell ();
  line_clear (&line);
  test_assert_no_error (element);
  g_assert_cmpuint (found.own - messages, ==, expect (n, 0));
  g_assert_cmpint (found.vendor, <=, MOST_IN_A_PRIMITIVE * found.primitives);
  if (kernels) {
    g_assert_cmpint (found.primitives, ==, 0);
    g_assert_cmpint (found.vendor, ==, 0);
  }
}

static void
test_default_model (gconstpointer data)
{
  const DefaultModel *test = data;

  if (!allocations_can_count ()) {
    g_test_skip ("allocations cannot be counted here");
    return;
  }
  check_default_model (test);
}

static void
add_default_models (void)
{
  static const DefaultModel models[] = { { "f32", 1 }, { "f32", 2 },
    { "auto", 1 }, { "auto", 2 } };

  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/allocations/default-model/%s-%d-threads",
            models[i].precision, models[i].threads);

    g_test_add_data_func (path, &models[i], test_default_model);
  }
}

int
main (int argc, char **argv)
{
  test_start (&argc, &argv);
  g_test_add_data_func (
      "/allocations/frame/none-but-for-metas", "frame", test_frames);
  g_test_add_data_func (
      "/allocations/map/none-but-for-metas", "map", test_frames);
  g_test_add_data_func (
      "/allocations/cutout/none-but-for-metas", "cutout", test_frames);
  add_default_models ();
  return test_finish ();
}
