/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The result directory of a build while it grows: mock's log files and what is collected from the
 * buildroot. The buildroot's owner is untrusted: nothing in it is followed or believed.
 */
#pragma once

#include "engine/plan.h"
#include "model/sandbox.h"

typedef struct KilnResult KilnResult;

/* Begins a result in the fresh directory `directory`. */
KilnResult *kiln_result_begin(const char *directory, GError **error);
void kiln_result_free(KilnResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnResult, kiln_result_free)

/* The descriptor of build.log, for output of commands. */
int kiln_result_build_log(const KilnResult *result);

/* state.log: "DATE - Start: STEP" / "Finish: STEP". */
void kiln_result_state(KilnResult *result, gboolean start, const char *step);

/* One line for root.log (how the buildroot came to be). */
void kiln_result_root(KilnResult *result, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Writes installed_pkgs.log: every package of the buildroot. */
gboolean kiln_result_installed(KilnResult *result, const KilnSolution *base, const KilnSolution *added,
	GError **error);

/* Copies every *.rpm of `tree`/builddir/build/SUBDIRECTORY but the interim ones of
 * %generate_buildrequires; no symbolic link is followed anywhere on the way. `ret_count` counts them.
 * Code BUILD when what is there is not a regular file, too large (4 GiB, 16 GiB together) or too many. */
gboolean kiln_result_collect(
	KilnResult *result, const char *tree, const char *subdirectory, guint *ret_count, GError **error);

/* Copies the one file `name` from there to `destination`, as kiln_result_collect would. */
gboolean kiln_result_take(
	const char *tree, const char *subdirectory, const char *name, const char *destination, GError **error);

/* How long each phase took, for result.json and -v. */
typedef struct {
	gint64 layers_us, prepare_us, sandbox_us, rpmbuild_us, collect_us, total_us;
} KilnBuildPhases;

/* Ends the result: hw_info.log, result.json with the digest of every package, all on disk. */
gboolean kiln_result_end(KilnResult *result, const KilnPlanItem *item, const KilnBuildPhases *phases,
	GError **error);
