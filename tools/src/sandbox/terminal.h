/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal of an interactive sandbox: one of the sandbox's own, so that nothing inside can
 * reach the caller's. Its master end is pumped by the supervisor.
 */
#pragma once

#include <glib.h>

/* Opens a new terminal through the multiplexer `path`; returns the master, -1 on error, and the
 * path of the slave. */
int kiln_terminal_open(const char *path, char **ret_slave, GError **error);

/* In the child: makes the slave the controlling terminal and the standard streams. */
gboolean kiln_terminal_adopt(const char *slave, GError **error);

/* Puts the caller's terminal on fd 0 into raw mode; nothing happens when it is none. */
void kiln_terminal_enter_raw(void);
void kiln_terminal_leave_raw(void);

/* Gives the terminal behind `master` the size of the caller's. */
void kiln_terminal_copy_size(int master);
