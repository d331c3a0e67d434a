/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One pass of librpm's own verification over a package file, with a keyring of the caller's. Only lib/rpm*.c include
 * this. */
#pragma once

#include <glib.h>

struct rpmKeyring_s;

/* Checks what `flags` (RPMVSF_*) leaves in; what `level` (RPMSIG_*) names must be there. FALSE with code VERIFY, the
 * message being the parts of rpm's report that are not OK, with "; " between; SYSTEM when `path` cannot be read. */
gboolean kiln_rpmcheck_run(
	struct rpmKeyring_s *keyring, const char *path, guint32 flags, int level, GError **error);
