/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of rpmbuild as parts: which step of the spec failed, and what its last command said. Knows the form
 * of the log, not what goes wrong.
 */
#pragma once

#include <glib.h>

/* Places in `text`, in the order in which they lie. */
typedef struct {
	char *text;    /* without colours; after an empty line, so that every line begins with "\n" */
	gsize step;    /* the step that failed or was the last, from its "Executing(%build)"; 0 when there was none */
	gsize command; /* its last command, from its line "+ make"; `step` when it shows none */
	gsize end;     /* after the line that tells that the step failed; `size` when none does */
	gsize size;    /* of the text */
	char *stage;   /* "build"; NULL when no step failed */
} KilnCauseLog;

/* Takes a copy of `log` apart. */
void kiln_cause_log_init(KilnCauseLog *log, const char *text);
void kiln_cause_log_clear(KilnCauseLog *log);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnCauseLog, kiln_cause_log_clear)

/* The start of the line that holds `place`, and its end: that of the text or of its "\n". */
gsize kiln_cause_log_line_start(const KilnCauseLog *log, gsize place);
gsize kiln_cause_log_line_end(const KilnCauseLog *log, gsize place);

/* The number of the line that holds `place`, from 1, as in the log. */
guint kiln_cause_log_line_number(const KilnCauseLog *log, gsize place);
