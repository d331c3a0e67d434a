/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The namespaces of a sandbox, but for the PID namespace, which its first process is born into. */
#pragma once

#include <glib.h>

/* Moves this process into new mount, UTS, IPC and network namespaces; sets the host name and brings
 * the loopback interface up. */
gboolean kiln_namespace_enter(const char *hostname, GError **error);

/* Moves it into a control group namespace whose root is the group it is in now. */
gboolean kiln_namespace_enter_cgroup(GError **error);

/*
 * Moves this process into a user namespace in which it has every capability, users and groups 0 to
 * 65535 being those outside, and into new namespaces of the other kinds that belong to it, control groups
 * excepted. What is mounted stays as it is: read-only mounts cannot be made writable, nor anything uncovered (user_
 * namespaces(7), mount_namespaces(7)). Needs /proc of the PID namespace.
 */
gboolean kiln_namespace_enter_user(GError **error);
