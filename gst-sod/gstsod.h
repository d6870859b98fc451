/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/core/error.h>
#include <gst-sod/core/types.h>
#include <gst-sod/core/tensor.h>
#include <gst-sod/core/image.h>
#include <gst-sod/core/random.h>
#include <gst-sod/core/executor.h>
#include <gst-sod/nn/architecture.h>
#include <gst-sod/nn/network.h>
#include <gst-sod/run/instance.h>
#include <gst-sod/run/session.h>
#include <gst-sod/data/record.h>
#include <gst-sod/eval/evaluation.h>
#include <gst-sod/eval/evaluator.h>
#include <gst-sod/eval/measures.h>
#include <gst-sod/eval/pair.h>
#include <gst-sod/eval/school.h>
#include <gst-sod/video/frame-reader.h>
#include <gst-sod/video/map.h>
#include <gst-sod/video/map-writer.h>
#include <gst-sod/video/regions.h>
#include <gst-sod/video/overlay.h>
#include <gst-sod/video/cutout.h>
#include <gst-sod/enumtypes.h>
