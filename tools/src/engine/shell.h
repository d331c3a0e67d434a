/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entering the kept buildroot of a failed build, exactly as the build saw it. */
#pragma once

#include "engine/project.h"

/* All borrowed. */
typedef struct {
	const char *target, *package;
	char *const *command; /* NULL or empty: an interactive login shell */
	gboolean as_root;     /* else the build user */
} KilnShell;

/* Runs the command in the buildroot that the last failed build of the package for the target left.
 * What it changes stays until the package builds. `ret_status`: how the command ended. NOT_FOUND
 * when no build was kept. */
gboolean kiln_shell_run(
	const KilnProject *project, const KilnShell *shell, int *ret_status, GError **error);
