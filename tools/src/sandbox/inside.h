/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the supervisor hands to the inside of a sandbox by fork: everything is borrowed. */
#pragma once

#include "model/sandbox.h"

typedef struct {
	const KilnSandboxRequest *request;
	char *const *allowed;	/* directories, as on kiln-root's command line */
	const GArray *packages; /* of int; install only */
	char **keys;		/* texts of request->keys; install only */
	const char *evaluator;	/* path of kiln-spec; NULL but for an evaluation */
	int control_fd;
	int output_fd, error_fd; /* for the program; -1: its own terminal */
	gboolean counted;	 /* a control group counts memory and processes */
} KilnInside;
