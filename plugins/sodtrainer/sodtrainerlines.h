/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Lines of JSON on their way to a source pad, which a thread of its own pushes:
 * whoever says something never waits for downstream. Where downstream is slow,
 * the oldest go; where there is none, all do. Thread-safe. */
typedef struct _SodTrainerLines SodTrainerLines;

#define SOD_TRAINER_LINES_CAPS "application/x-json-lines"

/* Takes over the activation of @pad, which outlives it. */
SodTrainerLines *sod_trainer_lines_new (GstPad *pad);
void sod_trainer_lines_free (SodTrainerLines *self);

/* @line: (transfer full), without its end. */
void sod_trainer_lines_add (SodTrainerLines *self, gchar *line);

/* The stream ends after what was added before. */
void sod_trainer_lines_end (SodTrainerLines *self);

/* Text between quotes. (transfer full) */
gchar *sod_trainer_lines_quote (const gchar *text);

G_END_DECLS
