/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two halves of kiln-root say to each other over a socket: the supervisor outside, which
 * keeps limits and reports, and the sandbox's first process inside, which mounts and waits.
 */
#pragma once

#include <glib.h>

typedef enum {
	KILN_CONTROL_GO = 'g',	     /* to the inside: limits are in force */
	KILN_CONTROL_ENTERED = 'n',  /* namespaces exist */
	KILN_CONTROL_MOUNTED = 'm',  /* the root is complete */
	KILN_CONTROL_TERMINAL = 't', /* with the master end of the sandbox's terminal */
	KILN_CONTROL_PROBLEM = 'p',  /* one reason why a transaction is refused */
	KILN_CONTROL_FAILURE = 'f',  /* number: error code; text: message */
	KILN_CONTROL_ENDED = 'x',    /* number: wait status of the program */
} KilnControlType;

typedef struct {
	KilnControlType type;
	gint64 sent_us; /* on the monotonic clock, which both sides share */
	int number;
	int fd;	    /* -1, or owned by the receiver */
	char *text; /* NULL, or owned by the receiver */
} KilnControlMessage;

/* Makes a connected pair of close-on-exec sockets. */
gboolean kiln_control_open(int ret_ends[2], GError **error);

/* Sends; `text` (may be NULL) is cut to what one message holds, `passed_fd` is -1 for none. FALSE
 * when the other side is gone. */
gboolean kiln_control_send(
	int fd, KilnControlType type, int number, const char *text, int passed_fd);

/* Sends `error` as KILN_CONTROL_FAILURE. */
void kiln_control_send_error(int fd, const GError *error);

/* Receives one message; waits for it. FALSE when the other side is gone. */
gboolean kiln_control_receive(int fd, KilnControlMessage *ret_message);
