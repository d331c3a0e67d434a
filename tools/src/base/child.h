/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One child process: what to start, how it ended, and the running child between: started, pumped,
 * reaped. base/process.h has what everybody else calls; nothing here decides when to wait.
 *
 * Threads: any of them may start children; one child is one thread's. The kernel ties it to the thread
 * that started it, not to the process: it is killed when that thread ends (PR_SET_PDEATHSIG, prctl(2)), so
 * a child is to be waited for, or freed, in the thread that started it.
 */
#pragma once

#include <glib.h>
#include <poll.h>

/* What to start. Zero-initialise, then set what matters. All borrowed. */
typedef struct {
	const char *const *argv;         /* argv[0] is looked up in PATH when it has no slash */
	const char *const *environment;  /* "NAME=value"…; NULL: kiln_child_environment() */
	const char *working_directory;   /* NULL: the caller's */
	const char *input;               /* text for stdin; NULL: /dev/null */
	int output_fd;                   /* > 0: stdout goes there; 0: captured */
	int error_fd;                    /* > 0: stderr goes there; 0: captured, -1: same as stdout */
	const int *inherited_fds;        /* further fds kept open in the child as 3, 4 …; ends with -1 */
	gint64 timeout_ms;               /* 0: none */
	gboolean foreground;             /* keeps the caller's terminal, stdin and session */
} KilnProcess;

/* How it ended. Clear with kiln_process_result_clear. */
typedef struct {
	int exit_status;    /* 0–255, or 128 + signal */
	gboolean timed_out;
	char *output;       /* captured stdout, at most 16 MiB, NUL-terminated; NULL if not captured */
	char *error_output; /* captured stderr, likewise */
	gint64 wall_us;
} KilnProcessResult;

void kiln_process_result_clear(KilnProcessResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnProcessResult, kiln_process_result_clear)

/* The environment children get by default: PATH, HOME, USER, TMPDIR, GNUPGHOME, http(s)_proxy of
 * the caller, and LC_ALL=C.UTF-8. Static; do not free. */
const char *const *kiln_child_environment(void);

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
