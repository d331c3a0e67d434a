/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One running child process: started, pumped, reaped. For base/process.c and base/pool.c, which
 * offer it to everybody else; nothing here decides when to wait.
 */
#pragma once

#include "base/process.h"

#include <poll.h>

typedef struct KilnChild KilnChild;

/* Starts it. NULL when the program cannot be executed (see kiln_process_run). */
KilnChild *kiln_child_start(const KilnProcess *process, GError **error);

/* Frees; a child that still runs is killed with its group and reaped. */
void kiln_child_free(KilnChild *child);

/* Asks the group to end now (SIGTERM; SIGKILL follows after the grace period of 5 s). */
void kiln_child_terminate(KilnChild *child);

/* How many pollfds kiln_child_prepare fills. */
#define KILN_CHILD_POLLS 4

/* Fills `polls` with what to wait for; returns the milliseconds until its next deadline, -1 for none. */
gint64 kiln_child_prepare(const KilnChild *child, struct pollfd *polls);

/* Takes what arrived since prepare. TRUE once it has ended; `ret_result` is then set, once. */
gboolean kiln_child_dispatch(KilnChild *child, const struct pollfd *polls, KilnProcessResult *ret_result);
