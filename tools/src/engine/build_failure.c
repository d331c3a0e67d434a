/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/build_failure.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "engine/cause.h"
#include "engine/root.h"

char *kiln_build_failure_directory(const KilnProject *project, const char *target, const char *package)
{
	return g_build_filename(project->state, "failed", target, package, NULL);
}

static char *directory_of(const KilnBuildJob *job)
{
	return kiln_build_failure_directory(
		job->context->project, job->context->target->name, job->item->name);
}

KilnLock *kiln_build_failure_lock(const KilnProject *project, const char *target, const char *package,
	const char *command, GError **error)
{
	g_autofree char *all = g_build_filename(project->state, "failed", NULL);
	g_autofree char *name = g_strdup_printf(".%s.lock", package);
	g_autofree char *path = g_build_filename(all, target, name, NULL);
	g_autofree char *purpose = g_strdup_printf("%s %s", command, package);

	if (!kiln_fs_make_private(all, error))
		return NULL;
	return kiln_lock_take(path, purpose, FALSE, error);
}

gboolean kiln_build_failure_record(
	const KilnBuildJob *job, const char *outcome, const char *cause, GError **error)
{
	g_autofree char *version = kiln_spec_evr(job->item->spec);
	KilnStoreBuild row = {.key = job->item->key,
		.package = job->item->package->name,
		.collection = (char *)job->context->collection->name,
		.target = job->context->target->name,
		.version = version,
		.outcome = (char *)outcome,
		.reason = job->item->reason,
		.cause = (char *)cause,
		.started = job->started,
		.wall_us = kiln_clock_monotonic_us() - job->start_us,
		.queue_us = job->settings.queue_us,
		.layers_us = job->phases.layers_us,
		.rpmbuild_us = job->phases.rpmbuild_us,
		.collect_us = job->phases.collect_us,
		.peak_memory_bytes = (gint64)job->peak_memory_bytes,
		.wave = job->item->wave + 1,
		.jobs = job->settings.jobs,
		.is_bootstrap = job->item->is_bootstrap};

	return kiln_store_add_build(job->plan->store, &row, job->item->inputs, error);
}

/* What `kiln shell` needs to enter the kept buildroot again. */
static gboolean write_shell_file(const KilnBuildJob *job, const char *directory, GError **error)
{
	g_autofree char *path = g_build_filename(directory, "layers", NULL);
	g_autofree char *trees = g_strjoinv("\n", job->layers->trees);

	return kiln_fs_replace_text(path, trees, error);
}

gboolean kiln_build_failure_drop(const KilnBuildJob *job, GError **error)
{
	g_autofree char *failed = directory_of(job);
	g_autofree char *root = g_build_filename(failed, "root", NULL);

	return kiln_root_remove(root, error) && kiln_fs_remove_tree(failed, error);
}

static void tell(const KilnBuildJob *job, const GError *failure, const KilnCause *cause, GError **error)
{
	const char *package = job->item->name;
	g_autofree char *failed = directory_of(job);
	g_autofree char *log = g_build_filename(failed, "build.log", NULL);
	const char *shown = kiln_project_relative(job->context->project, log);

	if (cause->line)
		g_set_error(error, KILN_ERROR, failure->code,
			"\"%s\" does not build: %s\n%s (line %u of the log)\nlog: %s\nenter the buildroot: kiln shell %s",
			package, cause->line, failure->message, cause->number, shown, package);
	else
		g_set_error(error, KILN_ERROR, failure->code,
			"\"%s\" does not build: %s\nlog: %s\nenter the buildroot: kiln shell %s", package,
			failure->message, shown, package);
}

gboolean kiln_build_failure_keep(KilnBuildJob *job, const GError *failure, GError **error)
{
	g_autofree char *failed = directory_of(job);
	g_autofree char *root = g_build_filename(failed, "root", NULL);
	g_autofree char *log = g_build_filename(failed, "build.log", NULL);
	g_auto(KilnCause) cause = {0};

	if (!kiln_build_failure_drop(job, error) || !kiln_fs_rename(job->unfinished, failed, error) ||
		!kiln_fs_rename(job->work, root, error) || !write_shell_file(job, failed, error))
		return FALSE;
	if (!job->is_limited)
		kiln_cause_find_in_file(log, &cause);
	if (kiln_build_failure_record(job, KILN_STORE_FAILED, cause.line ? cause.line : failure->message, error))
		tell(job, failure, &cause, error);
	return FALSE;
}
