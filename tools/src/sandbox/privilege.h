/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last step before a sandboxed program runs: giving up every right that it is not to have. */
#pragma once

#include <glib.h>

/* Who keeps what. Nobody can regain anything: bounding sets, no_new_privs, system call filter. */
typedef enum {
	KILN_PRIVILEGE_BUILD,	 /* the build user, nothing */
	KILN_PRIVILEGE_ROOT,	 /* root over the files and processes of its own sandbox */
	KILN_PRIVILEGE_INSTALL,	 /* the same, with more open files, for package transactions */
	KILN_PRIVILEGE_EVALUATE, /* chroot and becoming another user */
	KILN_PRIVILEGE_INIT,	 /* within a user namespace of its own what an init needs; it and
				  * all it starts can gain, but not beyond that */
} KilnPrivilege;

/* Drops to `privilege`; `processes` > 0 limits them per user where no cgroup does, `memory_bytes` >
 * 0 each process's address space likewise. */
gboolean kiln_privilege_drop(
	KilnPrivilege privilege, gint64 processes, gint64 memory_bytes, GError **error);
