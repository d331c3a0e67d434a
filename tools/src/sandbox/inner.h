/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a sandbox: its first process makes namespaces and root, starts the program with
 * nothing but its due, waits for it and reaps orphans. When it ends, the kernel ends all the others.
 */
#pragma once

#include "model/sandbox.h"

typedef struct {
	const KilnSandboxRequest *request;
	char *const *allowed;   /* directories, as on kiln-root's command line */
	const GArray *packages; /* of int; install only */
	char **keys;            /* texts of request->keys; install only */
	const char *evaluator;  /* path of kiln-spec; NULL but for an evaluation */
	int control_fd;
	int output_fd, error_fd; /* for the program; -1: its own terminal */
	gboolean counted;        /* a control group counts memory and processes */
} KilnInner;

/* The first process of a new PID namespace, forked by the supervisor. */
void kiln_inner_main(const KilnInner *inner) G_GNUC_NORETURN;
