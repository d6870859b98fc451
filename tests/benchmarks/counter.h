/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Allocations of the whole process between start and stop: those of C, and
 * those of C++, which here is oneDNN alone. */
typedef struct
{
  gint own, vendor;
} Allocations;

void allocations_start (void);
Allocations allocations_stop (void);
