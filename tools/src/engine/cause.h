/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a build failed: the first line of its log that explains it. Reads text only. */
#pragma once

#include <glib.h>

typedef struct {
	char *line;    /* as in the log, stripped, printable; NULL: nothing telling was found */
	guint number;  /* its line number, from 1 */
} KilnCause;

void kiln_cause_clear(KilnCause *cause);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnCause, kiln_cause_clear)

/* Finds the cause in the text of a build log. */
void kiln_cause_find(const char *log, KilnCause *ret_cause);

/* The same for a log file, of which the last 8 MiB are searched. One that is no regular file, or
 * cannot be read, has no cause. */
void kiln_cause_find_in_file(const char *path, KilnCause *ret_cause);
