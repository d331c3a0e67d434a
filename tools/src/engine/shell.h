/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entering the kept buildroot of a failed build, exactly as the build saw it. */
#pragma once

#include "engine/project.h"

/* Runs `command` (NULL: an interactive login shell) in the buildroot that the last failed build of
 * `package` for `target` left, as the build user or as root. What it changes stays until the
 * package builds. `ret_status`: how the command ended. NOT_FOUND when no build was kept. */
gboolean kiln_shell_run(const KilnProject *project, const char *target, const char *package,
	char *const *command, gboolean as_root, int *ret_status, GError **error);
