/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything of the host that a request names, opened: from then on only fds are used, so that
 * what was checked is what is mounted. To be opened in the sandbox's mount namespace, before its
 * stage.
 */
#pragma once

#include "model/sandbox.h"
#include "sandbox/allowed.h"
#include "sandbox/mount.h"

typedef struct {
	KilnOverlay root;
	GArray *binds; /* of int, as request->binds */
	GArray *trees; /* of KilnOverlay, as request->trees */
} KilnOpened;

/* Opens all; takes the lock on each upper directory (code BUSY when another sandbox has it) and
 * makes its `tree` and a fresh `work`. An upper of NULL leaves upper_fd and work_fd at -1. */
gboolean kiln_opened_all(KilnOpened *opened, const KilnSandboxRequest *request,
	const KilnAllowed *allowed, GError **error);

/* Opens the package files and makes sure of their digests, on all processors. The fds are at offset
 * 0; code VERIFY names the first file that differs. Leaves no thread behind. NULL on error; free
 * with g_array_unref, which closes them. */
GArray *kiln_opened_packages(
	const KilnSandboxRequest *request, const KilnAllowed *allowed, GError **error);
