/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 16
#define LINE_EVERY (10 * G_USEC_PER_SEC)

struct _SodProgress
{
  const gchar *unit;
  gboolean is_terminal;
  gboolean is_drawn;
  gint64 started;
  gint64 said; /* when the last plain line was */
  /* Where the pace is measured from: work that goes on where it was cut off,
   * or a new piece of it, does not begin with what others did. */
  gdouble first_fraction, fraction;
  guint64 first_count;
  gint64 first; /* when; 0: nothing was shown yet */
  /* Likewise of units: their count may begin anew while the work goes on. */
  guint64 count;
  gint64 counted;
};

SodProgress *
sod_progress_new (const gchar *unit)
{
  SodProgress *self = g_new0 (SodProgress, 1);

  self->unit = unit;
  self->is_terminal =
      isatty (STDERR_FILENO) != 0 && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
  self->started = self->said = g_get_monotonic_time ();
  return self;
}

static void
wipe (SodProgress *self)
{
  if (self->is_drawn)
    g_printerr ("\r\033[K");
  self->is_drawn = FALSE;
}

void
sod_progress_free (SodProgress *self)
{
  wipe (self);
  g_free (self);
}

gdouble
sod_progress_get_elapsed (SodProgress *self)
{
  return (gdouble) (g_get_monotonic_time () - self->started) / G_USEC_PER_SEC;
}

/* "1:02:03", "2:03" (transfer full) */
static gchar *
format_time (gdouble seconds)
{
  guint64 s = (guint64) seconds;

  if (s >= 3600)
    return g_strdup_printf ("%" G_GUINT64_FORMAT ":%02u:%02u", s / 3600,
        (guint) (s / 60 % 60), (guint) (s % 60));
  return g_strdup_printf ("%u:%02u", (guint) (s / 60), (guint) (s % 60));
}

static gint
get_columns (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

/* @room: columns, at the cost of @text: how far it is and how long it still
 * takes are wanted most. (transfer full) */
static gchar *
make_status (SodProgress *self, gdouble fraction, guint64 count,
    const gchar *text, gint room)
{
  gdouble elapsed =
      (gdouble) (g_get_monotonic_time () - self->first) / G_USEC_PER_SEC;
  gdouble done = fraction - self->first_fraction;
  gdouble n = (gdouble) count - (gdouble) self->first_count;
  gdouble counted =
      (gdouble) (g_get_monotonic_time () - self->counted) / G_USEC_PER_SEC;
  g_autofree gchar *left = NULL;
  g_autofree gchar *pace = NULL;

  /* A tenth of a second says nothing about the rest. */
  if (done > 0.0 && elapsed > 0.5)
    left = format_time (elapsed * (1.0 - fraction) / done + 0.5);
  pace = g_strdup_printf ("%.1f %s/s, %s left",
      counted > 0.0 ? n / counted : 0.0, self->unit, left != NULL ? left : "?");
  return g_strdup_printf ("%3.0f%% %.*s, %s", 100.0 * fraction,
      MAX (room - (gint) strlen ("100% , ") - (gint) strlen (pace), 8), text,
      pace);
}

static void
note_start (SodProgress *self, gdouble fraction, guint64 count, gint64 now)
{
  gboolean anew = self->first == 0 || fraction < self->fraction;

  if (anew) {
    self->first = now;
    self->first_fraction = fraction;
  }
  if (anew || count < self->count) {
    self->counted = now;
    self->first_count = count;
  }
  self->fraction = fraction;
  self->count = count;
}

void
sod_progress_show (
    SodProgress *self, gdouble fraction, guint64 count, const gchar *text)
{
  gint room =
      self->is_terminal ? MAX (get_columns () - BAR_WIDTH - 4, 8) : G_MAXINT;
  g_autofree gchar *status = NULL;
  gint64 now = g_get_monotonic_time ();

  fraction = CLAMP (fraction, 0.0, 1.0);
  note_start (self, fraction, count, now);
  if (!self->is_terminal && now - self->said < LINE_EVERY)
    return;
  self->said = now;
  status = make_status (self, fraction, count, text, room);
  if (self->is_terminal) {
    gchar bar[BAR_WIDTH + 1];
    gint filled = (gint) (fraction * BAR_WIDTH);

    memset (bar, '-', BAR_WIDTH);
    memset (bar, '#', (gsize) filled);
    bar[BAR_WIDTH] = '\0';
    g_printerr ("\r\033[K[%s] %.*s", bar, room, status);
    self->is_drawn = TRUE;
  } else {
    g_printerr ("%s\n", status);
  }
}

gboolean
sod_progress_is_bar (const SodProgress *self)
{
  return self->is_terminal;
}

void
sod_progress_say (SodProgress *self, const gchar *line)
{
  wipe (self);
  g_printerr ("%s\n", line);
}
