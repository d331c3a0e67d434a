/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/build.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/cause.h"
#include "engine/result.h"
#include "engine/root.h"
#include "format/json.h"
#include "lib/rpmheader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* mock's bound on rounds of installing what a rebuilt source package turns out to require. */
#define ROUNDS_MAX 10
#define RPMBUILD_MISSING_BUILDREQUIRES 11

/* One build under way. */
typedef struct {
	KilnContext *context;
	KilnPlanItem *item;
	KilnStore *store;
	char *work;              /* the buildroot's writable side: tree/ and what overlayfs needs */
	char *unfinished;        /* the result directory until it is complete */
	char *tree;
	KilnResult *result;
	KilnLayers *layers;
	KilnSolution *solution;  /* what `layers` adds to the base layer */
	GPtrArray *further;      /* requirements that only the build revealed */
	KilnBuildPhases phases;
	gint64 started, start_us;
	char *failure;           /* how it failed, when it did not build */
} Build;

static void build_free(Build *build)
{
	g_free(build->work);
	g_free(build->unfinished);
	g_free(build->tree);
	kiln_result_free(build->result);
	kiln_layers_free(build->layers);
	g_clear_pointer(&build->solution, kiln_solution_free);
	g_ptr_array_unref(build->further);
	g_free(build->failure);
	g_free(build);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Build, build_free)

gboolean kiln_build_remove_root(const char *directory, GError **error)
{
	g_autoptr(KilnSandboxRequest) request = kiln_sandbox_request_new(KILN_SANDBOX_REMOVE);
	g_auto(KilnSandboxReport) report = {0};

	if (!g_file_test(directory, G_FILE_TEST_EXISTS))
		return TRUE;
	request->upper = g_strdup(directory);
	if (!kiln_root_execute(request, STDERR_FILENO, &report, error))
		return FALSE;
	if (kiln_sandbox_report_succeeded(&report))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "removing \"%s\": %s", directory,
		report.message ? report.message : "refused");
	return FALSE;
}

char *kiln_build_failed_directory(const KilnProject *project, const char *target, const char *package)
{
	return g_build_filename(project->state, "failed", target, package, NULL);
}

/* Copies a file for rpmbuild. What the checkout or the cache has as mode and time gets into no package:
 * the mode is the usual one, the time is now, which rpm clamps to the changelog's date. */
static gboolean supply(const char *source, const char *destination, GError **error)
{
	if (!kiln_fs_copy(source, destination, error))
		return FALSE;
	if (chmod(destination, 0644) != 0 || utimensat(AT_FDCWD, destination, NULL, 0) != 0)
		return kiln_error_set_errno(error, errno, "setting mode and time of \"%s\"", destination);
	return TRUE;
}

/* Fills the fresh buildroot: the spec and every source, where rpmbuild looks for them. */
static gboolean stock(Build *build, GError **error)
{
	g_autofree char *top = g_build_filename(build->tree, "builddir", "build", NULL);
	g_autofree char *specs = g_build_filename(top, "SPECS", NULL);
	g_autofree char *sources = g_build_filename(top, "SOURCES", NULL);
	g_autofree char *spec_name = g_path_get_basename(build->item->package->spec_path);
	g_autofree char *spec = g_build_filename(specs, spec_name, NULL);

	if (!kiln_fs_make_apart(build->tree, error) || !kiln_fs_make_directory(specs, error) ||
		!kiln_fs_make_directory(sources, error) ||
		!supply(build->item->package->spec_path, spec, error))
		return FALSE;
	for (guint i = 0; i < build->item->sources->len; i++) {
		const KilnSourceFile *file = build->item->sources->pdata[i];
		g_autofree char *path = g_build_filename(sources, file->name, NULL);
		if (!supply(file->path, path, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean make_layers(Build *build, GError **error)
{
	KilnContext *context = build->context;
	g_autofree char *label = g_strdup_printf("%s %s", context->target->name, build->item->package->name);
	KilnLayerRequest request = {.cache = context->project->cache,
		.below = context->buildroot,
		.macros = context->macros,
		.label = label};
	gint64 start = kiln_clock_monotonic_us();

	g_clear_pointer(&build->layers, kiln_layers_free);
	g_clear_pointer(&build->solution, kiln_solution_free);
	g_ptr_array_add(build->further, NULL);
	build->solution = kiln_plan_solve(
		context, build->item, (const char *const *)build->further->pdata, error);
	g_ptr_array_set_size(build->further, (int)build->further->len - 1);
	if (!build->solution)
		return FALSE;
	request.solution = build->solution;
	build->layers = kiln_layers_ensure(&request, NULL, error);
	build->phases.layers_us += kiln_clock_monotonic_us() - start;
	if (!build->layers)
		return FALSE;
	kiln_result_root(build->result, "layer %s: %u packages above the base layer %s", build->layers->key,
		kiln_solution_packages(build->solution)->len, context->buildroot->key);
	return TRUE;
}

static KilnSandboxRequest *rpmbuild_request(const Build *build, const char *arguments)
{
	KilnSandboxRequest *request = kiln_sandbox_request_new(KILN_SANDBOX_RUN);
	const KilnLimits *limits = &build->context->project->config->limits;
	g_autofree char *command = g_strdup_printf("/usr/bin/rpmbuild %s --target %s /builddir/build/SPECS/%s.spec",
		arguments, build->context->target->architecture, build->item->package->name);
	const char *argv[] = {"/bin/bash", "--login", "-c", command, NULL};

	g_strfreev(request->layers);
	request->layers = g_strdupv(build->layers->trees);
	request->upper = g_strdup(build->work);
	g_strfreev(request->argv);
	request->argv = g_strdupv((char **)argv);
	request->limits = (KilnSandboxLimits){.wall_s = limits->wall_s,
		.idle_s = limits->idle_s,
		.output_bytes = limits->output_bytes,
		.memory_bytes = limits->memory_bytes,
		.processes = limits->processes};
	return request;
}

/* Runs rpmbuild in the buildroot; FALSE with `error` only when it could not be run at all. */
static gboolean rpmbuild(Build *build, const char *step, const char *arguments, int *ret_status, GError **error)
{
	g_autoptr(KilnSandboxRequest) request = rpmbuild_request(build, arguments);
	g_auto(KilnSandboxReport) report = {0};
	gint64 start = kiln_clock_monotonic_us();

	kiln_result_state(build->result, TRUE, step);
	if (!kiln_root_execute(request, kiln_result_build_log(build->result), &report, error))
		return FALSE;
	kiln_result_state(build->result, FALSE, step);
	build->phases.rpmbuild_us += report.command_us;
	build->phases.sandbox_us += kiln_clock_monotonic_us() - start - report.command_us;
	*ret_status = report.exit_status;
	if (report.exit_status == 0 && report.limit == KILN_SANDBOX_LIMIT_NONE)
		return TRUE;
	g_free(build->failure);
	build->failure = report.message ? g_strdup(report.message)
					: g_strdup_printf("rpmbuild %s ended with exit status %d", step,
						  report.exit_status);
	if (report.limit != KILN_SANDBOX_LIMIT_NONE)
		*ret_status = 128;
	return TRUE;
}

/* The one file of the buildroot's SRPMS that ends in `suffix`, copied out to be read. */
static char *take_source_package(Build *build, const char *suffix, GError **error)
{
	g_autofree char *place = g_build_filename(build->work, "taken", NULL);
	g_autoptr(KilnResult) taken = NULL;
	g_auto(GStrv) names = NULL;
	guint count;

	if (!kiln_fs_remove_tree(place, error) || !kiln_fs_make_directory(place, error))
		return NULL;
	taken = kiln_result_begin(place, error);
	if (!taken || !kiln_result_collect(taken, build->tree, "SRPMS", &count, error))
		return NULL;
	names = kiln_fs_list(place, error);
	for (char **name = names; name && *name; name++)
		if (g_str_has_suffix(*name, suffix))
			return g_build_filename(place, *name, NULL);
	g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "rpmbuild left no *%s", suffix);
	return NULL;
}

static gboolean is_known(const Build *build, const char *requirement)
{
	const GPtrArray *lists[] = {build->item->spec->build_requires, build->further};

	for (gsize list = 0; list < G_N_ELEMENTS(lists); list++)
		for (guint i = 0; i < lists[list]->len; i++)
			if (g_str_equal(lists[list]->pdata[i], requirement))
				return TRUE;
	return FALSE;
}

/* Learns what the source package at `path` requires beyond what is installed for. */
static gboolean learn(Build *build, const char *path, gboolean *ret_more, GError **error)
{
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(path, error);

	if (!header)
		return FALSE;
	*ret_more = FALSE;
	for (char **requirement = header->requires; *requirement; requirement++) {
		if (g_str_has_prefix(*requirement, "rpmlib(") || is_known(build, *requirement))
			continue;
		kiln_result_root(build->result, "the build itself requires: %s", *requirement);
		g_ptr_array_add(build->further, g_strdup(*requirement));
		*ret_more = TRUE;
	}
	return TRUE;
}

/* Rebuilds the source package until what it requires is installed. */
static gboolean rebuild_source(Build *build, int *ret_status, GError **error)
{
	gboolean more = TRUE;

	for (int round = 0; more && round < ROUNDS_MAX; round++) {
		g_autofree char *path = NULL;
		if (!rpmbuild(build, "rpmbuild -bs", "-bs --noclean --nodeps", ret_status, error))
			return FALSE;
		if (*ret_status != 0)
			return TRUE;
		path = take_source_package(build, ".src.rpm", error);
		if (!path || !learn(build, path, &more, error) || (more && !make_layers(build, error)))
			return FALSE;
	}
	return TRUE;
}

/* Rounds of %generate_buildrequires: exit status 11 says that more is to be installed. */
static gboolean generate_requirements(Build *build, int *ret_status, GError **error)
{
	gboolean more = TRUE;

	for (int round = 0; more && round < ROUNDS_MAX; round++) {
		g_autofree char *path = NULL;
		if (!rpmbuild(build, "rpmbuild -br", "-br --noclean", ret_status, error))
			return FALSE;
		if (*ret_status != RPMBUILD_MISSING_BUILDREQUIRES)
			return TRUE;
		path = take_source_package(build, ".buildreqs.nosrc.rpm", error);
		if (!path || !learn(build, path, &more, error) || (more && !make_layers(build, error)))
			return FALSE;
	}
	return TRUE;
}

static gboolean run_steps(Build *build, int *ret_status, GError **error)
{
	gboolean dynamic = build->item->spec->has_generate_buildrequires;

	if (!rebuild_source(build, ret_status, error))
		return FALSE;
	if (*ret_status == 0 && dynamic && !generate_requirements(build, ret_status, error))
		return FALSE;
	if (*ret_status != 0)
		return TRUE;
	return rpmbuild(build, "rpmbuild -bb", dynamic ? "-ba --noclean --noprep --nodeps" : "-bb --noclean --nodeps",
		ret_status, error);
}

static gboolean collect(Build *build, GError **error)
{
	guint binaries, sources;
	gint64 start = kiln_clock_monotonic_us();

	if (!kiln_result_collect(build->result, build->tree, "RPMS", &binaries, error) ||
		!kiln_result_collect(build->result, build->tree, "SRPMS", &sources, error))
		return FALSE;
	if (binaries == 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD,
			"the build left no package; does the spec have a %%files section?");
		return FALSE;
	}
	build->phases.collect_us = kiln_clock_monotonic_us() - start;
	build->phases.total_us = kiln_clock_monotonic_us() - build->start_us;
	return kiln_result_installed(build->result, build->context->buildroot_solution, build->solution, error) &&
		kiln_result_end(build->result, build->item, &build->phases, error) &&
		kiln_fs_remove_tree(build->item->result_directory, error) &&
		kiln_fs_rename(build->unfinished, build->item->result_directory, error);
}

/* Fresh directories; what an interrupted build left under these names goes. */
static gboolean prepare(Build *build, GError **error)
{
	const KilnProject *project = build->context->project;
	const char *package = build->item->package->name;
	g_autofree char *unfinished = g_strconcat(".new-", build->item->key, NULL);
	gint64 start = kiln_clock_monotonic_us();

	build->work = g_build_filename(project->state, "work", build->context->target->name, package, NULL);
	build->tree = g_build_filename(build->work, "tree", NULL);
	build->unfinished = g_build_filename(project->state, "builds", unfinished, NULL);
	if (!kiln_build_remove_root(build->work, error) || !kiln_fs_remove_tree(build->unfinished, error) ||
		!kiln_fs_make_directory(build->unfinished, error) || !stock(build, error))
		return FALSE;
	build->result = kiln_result_begin(build->unfinished, error);
	build->phases.prepare_us = kiln_clock_monotonic_us() - start;
	return build->result != NULL;
}

static gboolean record(Build *build, const char *outcome, const char *cause, GError **error)
{
	g_autofree char *version = kiln_spec_evr(build->item->spec);
	KilnStoreBuild row = {.key = build->item->key,
		.package = build->item->package->name,
		.collection = (char *)build->context->collection->name,
		.target = build->context->target->name,
		.version = version,
		.outcome = (char *)outcome,
		.cause = (char *)cause,
		.started = build->started,
		.wall_us = kiln_clock_monotonic_us() - build->start_us};

	return kiln_store_add_build(build->store, &row, error);
}

/* What `kiln shell` needs to enter the kept buildroot again. */
static gboolean write_shell_file(const Build *build, const char *directory, GError **error)
{
	g_autofree char *path = g_build_filename(directory, "layers", NULL);
	g_autofree char *trees = g_strjoinv("\n", build->layers->trees);

	return kiln_fs_replace_text(path, trees, error);
}

/* Keeps logs and buildroot of a failed build, and says what there is. */
static gboolean keep_failure(Build *build, GError **error)
{
	const char *package = build->item->package->name;
	const KilnProject *project = build->context->project;
	g_autofree char *failed =
		kiln_build_failed_directory(project, build->context->target->name, package);
	g_autofree char *parent = g_path_get_dirname(failed);
	g_autofree char *root = g_build_filename(failed, "root", NULL);
	g_autofree char *log = g_build_filename(failed, "build.log", NULL);
	g_auto(KilnCause) cause = {NULL, 0};

	if (!kiln_build_remove_root(root, error) || !kiln_fs_remove_tree(failed, error) ||
		!kiln_fs_make_directory(parent, error) ||
		!kiln_fs_rename(build->unfinished, failed, error) ||
		!kiln_fs_rename(build->work, root, error) || !write_shell_file(build, failed, error))
		return FALSE;
	kiln_cause_find_in_file(log, &cause);
	if (!record(build, "failed", cause.line ? cause.line : build->failure, error))
		return FALSE;
	if (cause.line)
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD,
			"\"%s\" does not build: %s\n%s (line %u of the log)\nlog: %s\nenter the buildroot: kiln shell %s",
			package, cause.line, build->failure, cause.number, kiln_project_relative(project, log), package);
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD,
			"\"%s\" does not build: %s\nlog: %s\nenter the buildroot: kiln shell %s", package,
			build->failure, kiln_project_relative(project, log), package);
	return FALSE;
}

static gboolean finish(Build *build, GError **error)
{
	g_autofree char *failed = kiln_build_failed_directory(
		build->context->project, build->context->target->name, build->item->package->name);
	g_autofree char *root = g_build_filename(failed, "root", NULL);
	g_autofree char *version = kiln_spec_evr(build->item->spec);

	if (!collect(build, error) || !kiln_build_remove_root(build->work, error) ||
		!kiln_build_remove_root(root, error) || !kiln_fs_remove_tree(failed, error) ||
		!record(build, "built", NULL, error) || !kiln_plan_load_result(build->item, error))
		return FALSE;
	kiln_event_done("build", kiln_clock_monotonic_us() - build->start_us,
		"%s %s (rpmbuild %.2f s, everything else %.2f s)", build->item->package->name, version,
		(double)build->phases.rpmbuild_us / G_USEC_PER_SEC,
		(double)(kiln_clock_monotonic_us() - build->start_us - build->phases.rpmbuild_us) / G_USEC_PER_SEC);
	return TRUE;
}

gboolean kiln_build_run(KilnContext *context, KilnPlanItem *item, KilnStore *store, GError **error)
{
	g_autoptr(Build) build = g_new0(Build, 1);
	int status = 0;

	build->context = context;
	build->item = item;
	build->store = store;
	build->further = g_ptr_array_new_with_free_func(g_free);
	build->started = kiln_clock_now();
	build->start_us = kiln_clock_monotonic_us();
	kiln_event_step("build", "%s", item->package->name);
	if (!prepare(build, error) || !make_layers(build, error) || !run_steps(build, &status, error)) {
		g_prefix_error(error, "building \"%s\": ", item->package->name);
		return FALSE;
	}
	return status == 0 ? finish(build, error) : keep_failure(build, error);
}
