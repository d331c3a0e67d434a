/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control group of one sandbox, for limits of memory and processes and for the peak of memory.
 * Version 1 hierarchies and version 2 are both used where this process may make groups in them;
 * where it may not, there is no group, and resource limits per process take over
 * (sandbox/privilege.h).
 */
#pragma once

#include "model/sandbox.h"

#include <sys/types.h>

typedef struct KilnCgroup KilnCgroup;

/* Makes a group with `limits` (memory_bytes, processes); removes groups that killed sandboxes left.
 * Never fails: see kiln_cgroup_kind. */
KilnCgroup *kiln_cgroup_new(const KilnSandboxLimits *limits);

/* Makes a group of version 2 for the init of a booted host, which it may divide as it likes. SYSTEM
 * where that version is not to be had. */
gboolean kiln_cgroup_add_init(KilnCgroup *cgroup, GError **error);

/* Removes the group, which must have no processes any more. */
void kiln_cgroup_free(KilnCgroup *cgroup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnCgroup, kiln_cgroup_free)

/* "cgroup1", "cgroup2", or "rlimit" when there is no group. */
const char *kiln_cgroup_kind(const KilnCgroup *cgroup);

/* Moves a process, with all its future children, into the group. */
gboolean kiln_cgroup_add(KilnCgroup *cgroup, pid_t pid, GError **error);

/* The limit that was hit so far (MEMORY: a process was killed for it; PROCESSES: a fork was
 * refused). */
KilnSandboxLimit kiln_cgroup_fired(const KilnCgroup *cgroup);

/* 0 when not known. */
guint64 kiln_cgroup_peak_memory_bytes(const KilnCgroup *cgroup);
