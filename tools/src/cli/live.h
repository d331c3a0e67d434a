/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stays at the bottom of a live terminal while the rest scrolls above it: the step of the main
 * job, one line per running job (name, time, step) and how far the whole is. Keeps what is to be
 * shown and what was shown last, and makes the bytes that turn one into the other; writes nothing.
 */
#pragma once

#include "base/event.h"

typedef struct KilnLive KilnLive;

/* What the terminal is like now: lines are cut to its width, and jobs to its height. */
typedef struct {
	int columns, rows;
	gboolean has_colour;
} KilnLiveScreen;

KilnLive *kiln_live_new(void);
void kiln_live_free(KilnLive *live);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnLive, kiln_live_free)

/* A job appears and vanishes; `now_us` as of base/clock. An unknown one appears with its first step. */
void kiln_live_begin(KilnLive *live, const char *job, gint64 now_us);
void kiln_live_end(KilnLive *live, const char *job);

/* What a job does now, printable; NULL: nothing. `job` NULL: the main one. */
void kiln_live_set_step(KilnLive *live, const char *job, const char *text, gint64 now_us);
void kiln_live_set_counts(KilnLive *live, const KilnEventCounts *counts);

/* The bytes that put `above` ("" or whole lines) above what is to be shown now; NULL when there is
 * nothing to change. */
char *kiln_live_draw(KilnLive *live, const KilnLiveScreen *screen, const char *above, gint64 now_us);

/* The bytes that take away what is shown; NULL when nothing is. */
char *kiln_live_erase(KilnLive *live, const KilnLiveScreen *screen);

/* Whether anything is shown, with the cursor behind its last line. */
gboolean kiln_live_is_shown(const KilnLive *live);
