/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/data/samples.h>

#define SCENE_TYPE_SAMPLES (scene_samples_get_type ())
G_DECLARE_FINAL_TYPE (SceneSamples, scene_samples, SCENE, SAMPLES, GObject)

/* What sample i looks like. */
typedef enum
{
  SCENE_PLAIN, /* every pixel (i, 2 i, 255 - i), the mask all 255 */
  SCENE_BLOBS  /* red is 0 or 255 in patches, the mask is red, green is i */
} SceneKind;

struct _SceneSamples
{
  GObject parent;
  SceneKind kind;
  guint n;
  gint width, height;
  gboolean is_sequence;  /* frames 10 ms apart, else stills */
  guint unlabelled_from; /* samples from here on have no mask */
  guint broken_every;    /* each so many-th cannot be read; 0: all can */
  gboolean has_weights;  /* 255 on the left half, 51 on the right */
  gboolean blocks;       /* reading waits until this is FALSE */
  GMutex lock;
  GCond cond;
  guint n_reads;
};

/* @n samples of @width x @height. Change the fields before they are used. */
SceneSamples *scene_samples_new (
    SceneKind kind, guint n, gint width, gint height);

void scene_samples_set_blocks (SceneSamples *self, gboolean blocks);
guint scene_samples_get_n_reads (SceneSamples *self);
