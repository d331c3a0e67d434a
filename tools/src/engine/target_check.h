/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is missing to build for a target: its configuration, contract and macros, each address of its base, the keys,
 * the metadata, and the lists of packages that every root starts with. All of it is told, not the first fault only,
 * and each with the next step. A base that can be had is brought into the cache on the way, as a build would.
 */
#pragma once

#include "engine/project.h"
#include "engine/target_finding.h"

/* Judges the target. Never fails: what cannot be found out is a finding. In the order in which things depend on each
 * other; caller owns. */
GPtrArray *kiln_target_check(const KilnProject *project, const KilnTarget *target);

/* Whether the kernel whose processes have `maps` (the text of /proc/self/maps) runs programs of a C library older than
 * 2.15: these read the clock by jumping to a page that many kernels do not map any more. */
gboolean kiln_target_check_kernel(const char *maps, GError **error);
