/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The namespaces of a sandbox, but for the PID namespace, which its first process is born into. */
#pragma once

#include <glib.h>

/* Moves this process into new mount, UTS, IPC and network namespaces; sets the host name and brings
 * the loopback interface up. */
gboolean kiln_namespace_enter(const char *hostname, GError **error);

/* Moves it into a control group namespace whose root is the group it is in now. */
gboolean kiln_namespace_enter_cgroup(GError **error);
