/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts the root of one sandbox together from what was opened: the tree, its contract, binds, further
 * trees; for installs and evaluations below /target of a root that offers the host's libraries.
 */
#pragma once

#include "sandbox/opened.h"

/* Where an install or an evaluation has the request's tree, and the program that evaluates. */
#define KILN_ROOTFS_TARGET "/target"
#define KILN_ROOTFS_EVALUATOR "/libexec/kiln-spec"

/* Builds it all; `evaluator_fd` (-1 but for an evaluation) is bound as KILN_ROOTFS_EVALUATOR.
 * Returns the new root's fd, to be pivoted to, or -1. */
int kiln_rootfs_build(
	const KilnSandboxRequest *request, KilnOpened *opened, int evaluator_fd, GError **error);
