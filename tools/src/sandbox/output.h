/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program's output on its way to fd 1 of kiln-root: counted, bounded, never interpreted. */
#pragma once

#include <glib.h>

typedef struct {
	int read_fd;	    /* a pipe's read end; -1: none, or ended */
	gint64 limit_bytes; /* 0: none */
	guint64 bytes;	    /* passed on so far */
	gint64 last_us;	    /* when something last came, on the monotonic clock */
	gboolean exceeded;  /* more came than the limit; it was dropped */
	gboolean ended;
	int failed_errno; /* writing failed; output is dropped since */
} KilnOutput;

/* Passes on what is waiting at `from_fd` (read_fd, or a terminal's master). */
void kiln_output_pump(KilnOutput *output, int from_fd);

/* Adds a line of Kiln's own, outside the limit. */
void kiln_output_say(KilnOutput *output, const char *text);

/* Takes what is waiting at `*fd` into `into`, of which the first 64 KiB are kept; at the end closes
 * the fd and sets it to -1. */
void kiln_output_collect(int *fd, GString *into);
