/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How events reach a person: a live line and colours on a terminal, plain lines elsewhere, JSON lines
 * on request. All talk goes to stderr; stdout is for answers.
 */
#pragma once

#include <glib.h>

typedef enum { KILN_TERMINAL_AUTO, KILN_TERMINAL_PLAIN, KILN_TERMINAL_JSON, KILN_TERMINAL_QUIET } KilnTerminalMode;

/* Installs the event sink. AUTO: live when stderr is a terminal that can (TERM, NO_COLOR heeded), else plain. */
void kiln_terminal_install(KilnTerminalMode mode);

/* Clears the live line, so that what follows starts on a line of its own. */
void kiln_terminal_flush(void);

/* Says one error: "kiln: MESSAGE", control bytes stripped, red on a terminal; in JSON mode an event
 * "error" with the exit status. */
void kiln_terminal_error(const char *message, int exit_status);
