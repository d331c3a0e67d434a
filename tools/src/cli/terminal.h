/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How events reach a person: live lines and colours on a terminal, plain lines elsewhere, JSON lines
 * on request. All talk goes to stderr; stdout is for answers. What a job says is held back until it
 * ends and stands together then, below the line of its end; as JSON each event is told at once.
 */
#pragma once

#include <glib.h>

typedef enum { KILN_TERMINAL_AUTO, KILN_TERMINAL_PLAIN, KILN_TERMINAL_JSON, KILN_TERMINAL_QUIET } KilnTerminalMode;

/* Installs the event sink. AUTO: live when stderr is a terminal that can (TERM, NO_COLOR heeded), else plain. */
void kiln_terminal_install(KilnTerminalMode mode);

/* Takes the live lines away, so that what follows starts on a line of its own, and tells what jobs
 * said that did not end. */
void kiln_terminal_flush(void);

/* Says one error: "kiln: MESSAGE", control bytes stripped, red on a terminal; in JSON mode an event
 * "error" with the exit status. */
void kiln_terminal_error(const char *message, int exit_status);
