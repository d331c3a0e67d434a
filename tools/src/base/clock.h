/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one source of time. KILN_CLOCK=SECONDS in the environment freezes wall time, for goldens. */
#pragma once

#include <glib.h>

/* Seconds since the epoch, UTC. */
gint64 kiln_clock_now(void);

/* Microseconds that only go forward, for durations. */
gint64 kiln_clock_monotonic_us(void);

/* "20261122T081500Z" and "2026-11-22 08:15:00Z" for a time of kiln_clock_now. Caller owns. */
char *kiln_clock_compact(gint64 seconds);
char *kiln_clock_readable(gint64 seconds);
