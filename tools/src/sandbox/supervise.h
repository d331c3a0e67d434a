/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outside of a sandbox: starts its first process, pumps the program's output, keeps the limits,
 * and ends everything when it is time: SIGTERM to all inside, and after a grace of two seconds
 * SIGKILL to the first process, with which the kernel ends the whole namespace. One poll loop.
 */
#pragma once

#include "sandbox/cgroup.h"
#include "sandbox/disk.h"
#include "sandbox/inner.h"

/*
 * Runs the sandbox that `inside` describes (its control, output and error fds are set here) to its
 * end. Output goes to fd 1. `disk` is NULL when that is not limited. `ret_report` gets how it ended;
 * FALSE when the sandbox could not be made (the inside's error), or output could not be written.
 */
gboolean kiln_supervise(KilnInside *inside, KilnCgroup *cgroup, KilnDisk *disk,
	KilnSandboxReport *ret_report, GError **error);
