/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Package transactions into a root directory, with the host's librpm. For kiln-root only: librpm
 * keeps process-wide state and runs the packages' scriptlets, so the caller is a process of its
 * own, confined already.
 */
#pragma once

#include <glib.h>

typedef struct {
	const char *root;	/* absolute; its database is /var/lib/rpm, created when absent */
	const int *package_fds; /* package files, verified, at offset 0 */
	gsize package_count;
	const char *const *keys; /* armored public keys (texts) for the database; NULL: none */
	const char *
		macros; /* the target's macro text; what concerns transactions is heeded; or NULL */
} KilnRpmRootInstall;

/*
 * Installs all packages in one transaction; progress and scriptlet output go to stdout and stderr.
 * When rpm refuses (conflicts, missing dependencies) or a package fails, `ret_problems` holds the
 * reasons in words, sorted, and is empty after success; NULL-terminated, caller owns. The database
 * is left without a journal: readable from a read-only lower layer. Errors: what is no package
 * (code VERIFY), a database that cannot be written (SYSTEM).
 */
gboolean kiln_rpmroot_install(
	const KilnRpmRootInstall *install, char ***ret_problems, GError **error);
