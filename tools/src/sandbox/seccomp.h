/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system call filter of everything that runs in a sandbox. It refuses what no build needs and
 * what reaches the kernel's less tested parts; namespaces and capabilities are the first line.
 */
#pragma once

#include <glib.h>

/* Loads the filter into this process; it lasts over exec. Needs no_new_privs to be set. */
gboolean kiln_seccomp_load(GError **error);
