/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/build_steps.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "engine/plan_work.h"
#include "engine/root.h"
#include "lib/rpmheader.h"

#include <string.h>

/* mock's bound on rounds of installing what a rebuilt source package turns out to require. */
#define ROUNDS_MAX 10
#define RPMBUILD_MISSING_BUILDREQUIRES 11

const KilnSolution *kiln_build_job_solution(const KilnBuildJob *job)
{
	return job->solution ? job->solution : job->item->solution;
}

gboolean kiln_build_steps_layers(KilnBuildJob *job, GError **error)
{
	KilnContext *context = job->context;
	g_autofree char *label = g_strdup_printf("%s %s", context->target->name, job->item->name);
	KilnLayerRequest request = {.cache = context->project->cache,
		.base = context->base,
		.below = context->buildroot,
		.macros = context->macros,
		.solution = kiln_build_job_solution(job),
		.label = label,
		.has_own_database = context->target->has_own_database};
	gint64 start = kiln_clock_monotonic_us();
	g_autoptr(KilnLayers) layers = kiln_layers_ensure(&request, NULL, error);

	job->phases.layers_us += kiln_clock_monotonic_us() - start;
	if (!layers)
		return FALSE;
	g_clear_pointer(&job->layers, kiln_layers_free);
	job->layers = g_steal_pointer(&layers);
	kiln_result_root(job->result, "layer %s: %u packages above the base layer %s", job->layers->key,
		kiln_solution_packages(request.solution)->len, context->buildroot->key);
	return TRUE;
}

/* Installs what the build revealed since, too. */
static gboolean extend_layers(KilnBuildJob *job, GError **error)
{
	g_autoptr(GError) local = NULL;
	KilnSolution *solution;

	g_ptr_array_add(job->further, NULL);
	solution = kiln_plan_solve_further(
		job->plan, job->item, (const char *const *)job->further->pdata, &local);
	g_ptr_array_set_size(job->further, (int)job->further->len - 1);
	if (!solution && !local)
		g_set_error_literal(&local, KILN_ERROR, KILN_ERROR_BUSY, "it needs what is not built yet");
	if (local) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	g_clear_pointer(&job->solution, kiln_solution_free);
	job->solution = solution;
	return kiln_build_steps_layers(job, error);
}

/* What packages without a changelog are dated: the same whenever they are built. (The earliest date that zip and its kind
 * can tell.) With a changelog rpmbuild takes the date from there. */
#define UNDATED_EPOCH "315532800"

static char **environment_of(const KilnSpec *spec)
{
	char **environment;

	if (spec->changelog_time > 0)
		return NULL;
	environment = kiln_sandbox_environment(KILN_SANDBOX_MOCKBUILD, "mock");
	return g_environ_setenv(environment, "SOURCE_DATE_EPOCH", UNDATED_EPOCH, TRUE);
}

static KilnSandboxRequest *rpmbuild_request(const KilnBuildJob *job, const char *arguments)
{
	KilnSandboxRequest *request = kiln_sandbox_request_new(KILN_SANDBOX_RUN);
	const KilnLimits *limits = &job->context->project->config->limits;
	g_autofree char *command = g_strdup_printf("/usr/bin/rpmbuild %s --target %s /builddir/build/SPECS/%s.spec",
		arguments, job->context->target->architecture, job->item->package->name);
	const char *argv[] = {"/bin/bash", "--login", "-c", command, NULL};

	g_strfreev(request->layers);
	request->layers = g_strdupv(job->layers->trees);
	request->upper = g_strdup(job->work);
	g_strfreev(request->argv);
	request->argv = g_strdupv((char **)argv);
	request->macros = g_strdup(job->item->macros);
	request->processors = job->settings.processors;
	request->environment = environment_of(job->item->spec);
	request->limits = (KilnSandboxLimits){.wall_s = limits->wall_s,
		.idle_s = limits->idle_s,
		.output_bytes = limits->output_bytes,
		.memory_bytes = limits->memory_bytes,
		.processes = limits->processes,
		.disk_bytes = limits->disk_bytes};
	return request;
}

/* The key of kiln.conf that raises a limit; NULL for NONE. */
static const char *limit_key(KilnSandboxLimit limit)
{
	static const char *const keys[] = {
		[KILN_SANDBOX_LIMIT_WALL] = "wall-seconds",
		[KILN_SANDBOX_LIMIT_IDLE] = "idle-seconds",
		[KILN_SANDBOX_LIMIT_OUTPUT] = "output-mib",
		[KILN_SANDBOX_LIMIT_MEMORY] = "memory-mib",
		[KILN_SANDBOX_LIMIT_PROCESSES] = "processes",
		[KILN_SANDBOX_LIMIT_DISK] = "disk-mib",
	};

	return keys[limit];
}

/* How a command that was run ended: the package's fault when not with 0 or with `accepted`. */
static gboolean judge(const KilnSandboxReport *report, const char *step, int accepted, GError **error)
{
	const char *key = limit_key(report->limit);

	if (!key && (report->exit_status == 0 || report->exit_status == accepted))
		return TRUE;
	if (key) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD,
			"%s (if it needs more: %s of [limits] in repo-config/kiln.conf)", report->message, key);
		return FALSE;
	}
	if (report->message)
		g_set_error_literal(error, KILN_ERROR, KILN_ERROR_BUILD, report->message);
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD, "%s ended with exit status %d", step,
			report->exit_status);
	return FALSE;
}

/* Runs rpmbuild in the buildroot. Besides 0 it may end with `accepted`, told in `ret_status`. */
static gboolean rpmbuild(
	KilnBuildJob *job, const char *step, const char *arguments, int accepted, int *ret_status, GError **error)
{
	g_autoptr(KilnSandboxRequest) request = rpmbuild_request(job, arguments);
	g_auto(KilnSandboxReport) report = {0};
	gint64 start = kiln_clock_monotonic_us();

	kiln_result_state(job->result, TRUE, step);
	if (!kiln_root_execute(request, kiln_result_build_log(job->result), &report, error))
		return FALSE;
	kiln_result_state(job->result, FALSE, step);
	job->phases.rpmbuild_us += report.command_us;
	job->peak_memory_bytes = MAX(job->peak_memory_bytes, report.peak_memory_bytes);
	job->phases.sandbox_us += kiln_clock_monotonic_us() - start - report.command_us;
	job->is_limited = report.limit != KILN_SANDBOX_LIMIT_NONE;
	*ret_status = report.exit_status;
	return judge(&report, step, accepted, error);
}

static gboolean is_known(const KilnBuildJob *job, const char *requirement)
{
	const GPtrArray *lists[] = {job->item->spec->build_requires, job->further};

	for (gsize list = 0; list < G_N_ELEMENTS(lists); list++)
		for (guint i = 0; i < lists[list]->len; i++)
			if (g_str_equal(lists[list]->pdata[i], requirement))
				return TRUE;
	return FALSE;
}

/* Learns what a source package requires beyond what is installed for. */
static void learn(KilnBuildJob *job, const KilnRpmHeader *header, gboolean *ret_more)
{
	*ret_more = FALSE;
	for (char **requirement = header->requires; *requirement; requirement++) {
		if (g_str_has_prefix(*requirement, "rpmlib(") || is_known(job, *requirement))
			continue;
		kiln_result_root(job->result, "the build itself requires: %s", *requirement);
		g_ptr_array_add(job->further, g_strdup(*requirement));
		*ret_more = TRUE;
	}
}

/* Takes the source package that ends in `suffix` out of the buildroot, to learn from it. */
static gboolean learn_from(KilnBuildJob *job, const char *suffix, gboolean *ret_more, GError **error)
{
	g_autofree char *file = g_strdup_printf(
		"%s-%s-%s%s", job->item->spec->name, job->item->spec->version, job->item->spec->release, suffix);
	g_autofree char *path = g_build_filename(job->work, "taken.rpm", NULL);
	g_autoptr(GError) unreadable = NULL;
	g_autoptr(KilnRpmHeader) header = NULL;

	if (!kiln_result_take(job->tree, "SRPMS", file, path, error))
		return FALSE;
	header = kiln_rpmheader_read(path, &unreadable);
	if (header) {
		learn(job, header, ret_more);
		return TRUE;
	}
	g_set_error(error, KILN_ERROR, unreadable->code == KILN_ERROR_VERIFY ? KILN_ERROR_BUILD : unreadable->code,
		"it left \"%s\": %s", file, unreadable->message);
	return FALSE;
}

/* The round after the last: what it required has no end. */
static gboolean refuse_endless(const KilnBuildJob *job, const char *step, GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD,
		"after %d rounds of %s its build requirements still change; the last one is \"%s\"", ROUNDS_MAX,
		step, (const char *)job->further->pdata[job->further->len - 1]);
	return FALSE;
}

/* Rebuilds the source package until what it requires is installed. */
static gboolean rebuild_source(KilnBuildJob *job, GError **error)
{
	static const char step[] = "rpmbuild -bs";
	g_autofree char *nevra = kiln_spec_source_nevra(job->item->spec);
	g_autofree char *suffix = g_strconcat(strrchr(nevra, '.'), ".rpm", NULL);

	for (int round = 0; round < ROUNDS_MAX; round++) {
		gboolean more;
		int status;
		if (!rpmbuild(job, step, "-bs --noclean --nodeps", 0, &status, error) ||
			!learn_from(job, suffix, &more, error))
			return FALSE;
		if (!more)
			return TRUE;
		if (!extend_layers(job, error))
			return FALSE;
	}
	return refuse_endless(job, step, error);
}

/* Rounds of %generate_buildrequires: exit status 11 says that more is to be installed. */
static gboolean generate_requirements(KilnBuildJob *job, GError **error)
{
	static const char step[] = "rpmbuild -br";

	for (int round = 0; round < ROUNDS_MAX; round++) {
		gboolean more;
		int status;
		if (!rpmbuild(job, step, "-br --noclean", RPMBUILD_MISSING_BUILDREQUIRES, &status, error))
			return FALSE;
		if (status == 0)
			return TRUE;
		if (!learn_from(job, ".buildreqs.nosrc.rpm", &more, error))
			return FALSE;
		if (!more) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_BUILD,
				"%s finds requirements missing that are installed", step);
			return FALSE;
		}
		if (!extend_layers(job, error))
			return FALSE;
	}
	return refuse_endless(job, step, error);
}

gboolean kiln_build_steps_run(KilnBuildJob *job, GError **error)
{
	gboolean dynamic = job->item->spec->has_generate_buildrequires;
	int status;

	return rebuild_source(job, error) && (!dynamic || generate_requirements(job, error)) &&
		rpmbuild(job, "rpmbuild -bb",
			dynamic ? "-ba --noclean --noprep --nodeps" : "-bb --noclean --nodeps", 0, &status,
			error);
}
