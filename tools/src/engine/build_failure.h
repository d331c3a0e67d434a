/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept of a failed build, for `kiln shell`: logs and buildroot, until the package builds. Only
 * the owner can look inside: a build may leave a set-user-ID program.
 */
#pragma once

#include "base/lock.h"
#include "engine/build_job.h"

/* Where a failed build of `package` for `target` is kept. Caller owns. */
char *kiln_build_failure_directory(const KilnProject *project, const char *target, const char *package);

/* Takes what is kept of `package` for `target` for oneself, while it is entered or replaced. Code BUSY,
 * with the holder's `command` ("kiln shell") in the message, when another has it. Caller owns. */
KilnLock *kiln_build_failure_lock(const KilnProject *project, const char *target, const char *package,
	const char *command, GError **error);

/* Keeps logs and buildroot of a failed build instead of what was kept before, and records the failure.
 * Always FALSE, normally with `failure`'s code and a message that has its text, the first line of the
 * log that explains it, the log and the command that enters the buildroot. */
gboolean kiln_build_failure_keep(KilnBuildJob *job, const GError *failure, GError **error);

/* Removes what was kept: the package builds. */
gboolean kiln_build_failure_drop(const KilnBuildJob *job, GError **error);

/* Adds the row of this build to the store. `cause`: why it failed, else NULL. */
gboolean kiln_build_failure_record(
	const KilnBuildJob *job, const char *outcome, const char *cause, GError **error);
