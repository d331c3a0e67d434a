/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program finds in its root besides packages: the build user, /builddir, /etc, /dev, /proc
 * and /sys as under mock, so that what builds there builds here. Namespaces and rights are
 * elsewhere.
 */
#pragma once

#include "model/sandbox.h"

/* Writes user, group, /builddir and the files of /etc into the tree. */
gboolean kiln_contract_write(int root_fd, const KilnSandboxRequest *request, GError **error);

/* What a root needs before packages are installed into it: mount points, and `macros` (may be NULL)
 * as /etc/rpm/macros.kiln. */
gboolean kiln_contract_write_install(int root_fd, const char *macros, GError **error);

/* Mounts a minimal /dev: nodes bound from the host, an own devpts, tmpfs /dev/shm. The console is
 * the null device. */
gboolean kiln_contract_mount_devices(int root_fd, GError **error);

/* Mounts /proc of this PID namespace with what shows or steers the host masked or read-only. */
gboolean kiln_contract_mount_proc(int root_fd, GError **error);

/* Mounts a read-only /sys of this network namespace. */
gboolean kiln_contract_mount_sys(int root_fd, GError **error);
