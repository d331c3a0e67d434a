/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds one planned package as mock would: source package rebuilt in the buildroot, its
 * requirements installed round by round, then the binary packages; the result directory complete or
 * not there at all. A failed build keeps its logs and its buildroot for `kiln shell`.
 */
#pragma once

#include "engine/build_settings.h"
#include "engine/plan.h"

/* Builds `item` (TO_BUILD) of `plan`. On success item->packages is set and the result stands in
 * item->result_directory: the packages, the rebuilt source package, build.log, root.log, state.log,
 * hw_info.log, installed_pkgs.log, result.json. Code BUILD (UNSOLVABLE for what only the
 * build requires) when the package does not build: the message has the first line that explains it,
 * the log and the command that enters the buildroot. VERIFY when a file is no longer what was planned
 * with, BUSY while `kiln shell` is in the buildroot that the last failure left; BUSY with item->must_wait
 * when it turned out to need what is not built yet. From any thread, for different items. */
gboolean kiln_build_run(
	KilnPlan *plan, KilnPlanItem *item, const KilnBuildSettings *settings, GError **error);
