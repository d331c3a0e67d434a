/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/build.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/build_check.h"
#include "engine/build_failure.h"
#include "engine/build_steps.h"
#include "engine/plan_work.h"
#include "engine/root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void job_free(KilnBuildJob *job)
{
	g_free(job->work);
	g_free(job->unfinished);
	g_free(job->tree);
	kiln_result_free(job->result);
	kiln_layers_free(job->layers);
	g_clear_pointer(&job->solution, kiln_solution_free);
	g_ptr_array_unref(job->further);
	g_free(job);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnBuildJob, job_free)

/* Copies a file for rpmbuild. What the checkout or the cache has as mode and time gets into no package:
 * the mode is the usual one, the time is now, which rpm clamps to the changelog's date. What is built
 * must be what the build key names, and the file may have been edited since that was computed. */
static gboolean supply(const KilnProject *project, const char *source, const char *sha256,
	const char *destination, GError **error)
{
	g_autofree char *copied = NULL;

	if (!kiln_fs_copy_unsynced(source, destination, error))
		return FALSE;
	copied = kiln_digest_of_file(destination, NULL, error);
	if (!copied)
		return FALSE;
	if (!g_str_equal(copied, sha256)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"\"%s\" changed while Kiln was at work; run the command again",
			kiln_project_relative(project, source));
		return FALSE;
	}
	if (chmod(destination, 0644) != 0 || utimensat(AT_FDCWD, destination, NULL, 0) != 0)
		return kiln_error_set_errno(error, errno, "setting mode and time of \"%s\"", destination);
	return TRUE;
}

/* Fills the fresh buildroot: the spec and every source, where rpmbuild looks for them. */
static gboolean stock(const KilnBuildJob *job, GError **error)
{
	const KilnProject *project = job->context->project;
	const KilnPlanItem *item = job->item;
	g_autofree char *top = g_build_filename(job->tree, "builddir", "build", NULL);
	g_autofree char *specs = g_build_filename(top, "SPECS", NULL);
	g_autofree char *sources = g_build_filename(top, "SOURCES", NULL);
	g_autofree char *spec_name = g_path_get_basename(item->package->spec_path);
	g_autofree char *spec = g_build_filename(specs, spec_name, NULL);

	if (!kiln_fs_make_apart(job->tree, error) || !kiln_fs_make_directory(specs, error) ||
		!kiln_fs_make_directory(sources, error) ||
		!supply(project, item->package->spec_path, item->spec_sha256, spec, error))
		return FALSE;
	for (guint i = 0; i < item->sources->len; i++) {
		const KilnSourceFile *file = item->sources->pdata[i];
		g_autofree char *path = g_build_filename(sources, file->name, NULL);
		if (!supply(project, file->path, file->sha256, path, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean check_packages(const KilnBuildJob *job, GError **error)
{
	g_auto(GStrv) names = kiln_fs_list(job->unfinished, error);

	for (char **name = names; name && *name; name++) {
		g_autofree char *path = g_build_filename(job->unfinished, *name, NULL);
		if (g_str_has_suffix(*name, ".rpm") &&
			!kiln_build_check_package(
				job->item->spec, job->context->target->architecture, path, error))
			return FALSE;
	}
	return names != NULL;
}

static gboolean collect(KilnBuildJob *job, GError **error)
{
	guint binaries, sources;
	gint64 start = kiln_clock_monotonic_us();

	if (!kiln_result_collect(job->result, job->tree, "RPMS", &binaries, error) ||
		!kiln_result_collect(job->result, job->tree, "SRPMS", &sources, error))
		return FALSE;
	if (binaries == 0 || sources == 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "it left no %s", binaries == 0
				? "package; does the spec have a %files section?" : "source package");
		return FALSE;
	}
	if (!check_packages(job, error))
		return FALSE;
	job->phases.collect_us = kiln_clock_monotonic_us() - start;
	return TRUE;
}

/* The key names what the build really stood on. */
static gboolean rename_by_requirements(KilnBuildJob *job, GError **error)
{
	gboolean good;

	if (!job->solution || job->settings.place)
		return TRUE;
	g_ptr_array_add(job->further, NULL);
	good = kiln_plan_learn(
		job->plan, job->item, job->solution, (const char *const *)job->further->pdata, error);
	g_ptr_array_set_size(job->further, (int)job->further->len - 1);
	return good;
}

/* Puts the result in its place. */
static gboolean complete(KilnBuildJob *job, GError **error)
{
	const char *place;

	job->phases.total_us = kiln_clock_monotonic_us() - job->start_us;
	if (!rename_by_requirements(job, error))
		return FALSE;
	place = job->settings.place ? job->settings.place : job->item->result_directory;
	return kiln_result_installed(job->result, job->context->buildroot_solution, kiln_build_job_solution(job),
			error) &&
		kiln_result_end(job->result, job->item, &job->phases, error) &&
		kiln_fs_remove_tree(place, error) && kiln_fs_rename(job->unfinished, place, error);
}

/* Fresh directories; what an interrupted build left under these names goes. */
static gboolean prepare(KilnBuildJob *job, GError **error)
{
	const KilnProject *project = job->context->project;
	g_autofree char *name = g_strconcat(job->item->name, job->settings.place ? ".again" : "", NULL);
	g_autofree char *unfinished =
		g_strconcat(".new-", job->item->key, job->settings.place ? ".again" : "", NULL);
	g_autofree char *all = g_build_filename(project->state, "work", NULL);
	gint64 start = kiln_clock_monotonic_us();

	job->work = g_build_filename(all, job->context->target->name, name, NULL);
	job->tree = g_build_filename(job->work, "tree", NULL);
	job->unfinished = g_build_filename(project->state, "builds", unfinished, NULL);
	if (!kiln_fs_make_private(all, error) || !kiln_root_remove(job->work, error) ||
		!kiln_fs_remove_tree(job->unfinished, error) ||
		!kiln_fs_make_directory(job->unfinished, error) || !stock(job, error))
		return FALSE;
	job->result = kiln_result_begin(job->unfinished, error);
	job->phases.prepare_us = kiln_clock_monotonic_us() - start;
	return job->result != NULL;
}

/* A build beside the ordinary one leaves its result and no other trace. */
static gboolean record(KilnBuildJob *job, GError **error)
{
	return job->settings.place || (kiln_build_failure_drop(job, error) &&
		kiln_build_failure_record(job, KILN_STORE_BUILT, NULL, error) &&
		kiln_plan_load_result(job->item, error));
}

static gboolean finish(KilnBuildJob *job, GError **error)
{
	g_autofree char *version = kiln_spec_evr(job->item->spec);

	if (!complete(job, error) || !kiln_root_remove(job->work, error) || !record(job, error))
		return FALSE;
	kiln_event_done("build", kiln_clock_monotonic_us() - job->start_us,
		"%s %s (rpmbuild %.2f s, everything else %.2f s)", job->item->name, version,
		(double)job->phases.rpmbuild_us / G_USEC_PER_SEC,
		(double)(kiln_clock_monotonic_us() - job->start_us - job->phases.rpmbuild_us) / G_USEC_PER_SEC);
	return TRUE;
}

/* Removes what an attempt made that is of no use to anybody. */
static void discard(const KilnBuildJob *job)
{
	kiln_root_remove(job->work, NULL);
	kiln_fs_remove_tree(job->unfinished, NULL);
}

/* What rpmbuild or what it left is to blame for is kept to be looked at; all else is the host's. */
static gboolean attempt(KilnBuildJob *job, GError **error)
{
	g_autoptr(GError) failure = NULL;
	gboolean is_of_package;

	if (kiln_build_steps_run(job, &failure) && collect(job, &failure))
		return finish(job, error);
	is_of_package = g_error_matches(failure, KILN_ERROR, KILN_ERROR_BUILD) ||
		g_error_matches(failure, KILN_ERROR, KILN_ERROR_UNSOLVABLE);
	if (is_of_package && !job->settings.place)
		return kiln_build_failure_keep(job, failure, error);
	discard(job);
	g_propagate_prefixed_error(error, g_steal_pointer(&failure), "building \"%s\": ", job->item->name);
	return FALSE;
}

static KilnBuildJob *job_new(KilnPlan *plan, KilnPlanItem *item, const KilnBuildSettings *settings)
{
	KilnBuildJob *job = g_new0(KilnBuildJob, 1);

	job->plan = plan;
	job->context = plan->context;
	job->item = item;
	job->settings = *settings;
	job->further = g_ptr_array_new_with_free_func(g_free);
	for (char **requirement = item->further; requirement && *requirement; requirement++)
		g_ptr_array_add(job->further, g_strdup(*requirement));
	job->started = kiln_clock_now();
	job->start_us = kiln_clock_monotonic_us();
	return job;
}

gboolean kiln_build_run(
	KilnPlan *plan, KilnPlanItem *item, const KilnBuildSettings *settings, GError **error)
{
	g_autoptr(KilnLock) lock = kiln_build_failure_lock(
		plan->context->project, plan->context->target->name, item->name, "kiln build", error);
	g_autoptr(KilnBuildJob) job = job_new(plan, item, settings);

	if (!lock)
		return FALSE;
	item->must_wait = FALSE;
	kiln_event_step("build", "%s", item->name);
	if (!prepare(job, error) || !kiln_build_steps_layers(job, error)) {
		g_prefix_error(error, "building \"%s\": ", item->name);
		return FALSE;
	}
	return attempt(job, error);
}
