/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst-sod/backend/backend-private.h>

/* A test that every back end has to pass; its data is the GstSodBackend. */
typedef struct
{
  const gchar *name;
  GTestDataFunc func;
} BackendTest;

/* Adds "/@room/BACKEND/NAME" for each of them and each back end. */
void test_add_for_backends (
    const gchar *room, const BackendTest *tests, guint n_tests);
