/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system call filter of everything that runs in a sandbox. It refuses what no build needs and
 * what reaches the kernel's less tested parts; namespaces and capabilities are the first line.
 */
#pragma once

#include <glib.h>

/* Loads the filter into this process; it lasts over exec. Needs no_new_privs to be set, or
 * CAP_SYS_ADMIN in its user namespace. `for_init`: mounts and namespaces are allowed. */
gboolean kiln_seccomp_load(gboolean for_init, GError **error);
