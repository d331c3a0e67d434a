/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a build failed, from its log: the line that explains it, with what belongs to it from elsewhere (the patch
 * of a hunk, the message of a test). What is looked for is data: tools/data/causes. Reads text only; any thread.
 */
#pragma once

#include <glib.h>

typedef struct {
	char *line;    /* one printable line, paths below the build's own directories; NULL: nothing was found */
	guint number;  /* where in the log it was found: a line number, from 1 */
	char *kind;    /* what kind of failure that is: "header", "patch", "test"; set with `line` */
} KilnCause;

void kiln_cause_clear(KilnCause *cause);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnCause, kiln_cause_clear)

/* Finds the cause in the text of a build log. */
void kiln_cause_find(const char *log, KilnCause *ret_cause);

/* The same for a log file, of which the last 8 MiB are searched. One that is no regular file, or
 * cannot be read, has no cause. */
void kiln_cause_find_in_file(const char *path, KilnCause *ret_cause);
