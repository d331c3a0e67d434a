/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"
#include "base/error.h"
#include "engine/adopt.h"
#include "engine/build.h"
#include "engine/release.h"
#include "engine/source_packages.h"

static struct {
	char *collection, *target;
	int jobs;
	gboolean fail_fast;
} options;

static const GOptionEntry entries[] = {
	{"collection", 'c', 0, G_OPTION_ARG_STRING, &options.collection, "The collection the packages are in", "NAME"},
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "The target to build for", "NAME"},
	{"jobs", 'j', 0, G_OPTION_ARG_INT, &options.jobs, "Builds at once (default: by processors and memory)", "N"},
	{"fail-fast", 0, 0, G_OPTION_ARG_NONE, &options.fail_fast, "Start no further build after a failure", NULL},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static const char *outcome_of(const KilnPlanItem *item)
{
	switch (item->state) {
	case KILN_PLAN_CACHED:
		return "cached";
	case KILN_PLAN_BUILT:
		return "built";
	case KILN_PLAN_FAILED:
		return "failed";
	case KILN_PLAN_BLOCKED:
		return "blocked";
	case KILN_PLAN_PENDING:
	case KILN_PLAN_TO_BUILD:
		break;
	}
	return "not built";
}

static void answer(const GPtrArray *items)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_array(json, NULL);
	for (guint i = 0; i < items->len; i++) {
		const KilnPlanItem *item = items->pdata[i];
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "package", item->package->name);
		kiln_json_add_text(json, "outcome", outcome_of(item));
		kiln_json_add_text(json, "key", item->key);
		kiln_json_add_text(json, "result", item->packages ? item->result_directory : NULL);
		kiln_json_add_text(json, "reason", item->state == KILN_PLAN_FAILED ? item->failure : item->reason);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
	kiln_cli_answer(json);
}

/* Whether the arguments are files of source packages; some but not all is an error. */
static gboolean read_arguments(char *const *arguments, gboolean *ret_are_files, GError **error)
{
	guint files = 0, count = 0;

	for (; arguments[count]; count++)
		files += kiln_source_packages_is_path(arguments[count]) ? 1 : 0;
	*ret_are_files = files > 0;
	if (files == 0 || files == count)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
		"files of source packages are built apart from packages of a collection; build one after the other");
	return FALSE;
}

/* Source packages as a collection, which is passed on to be kept, and the sources they bring locked. */
static KilnContext *open_files(const KilnInvocation *invocation, KilnCollection **ret_collection, GError **error)
{
	const char *const *paths = (const char *const *)invocation->arguments;
	g_autoptr(KilnContext) context = NULL;
	KilnAdoptTally tally = {0};
	gboolean good;

	if (options.collection) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE,
			"files of source packages are in no collection; leave out --collection");
		return NULL;
	}
	*ret_collection = kiln_source_packages_unpack(invocation->project, paths, error);
	if (!*ret_collection)
		return NULL;
	context = kiln_cli_context_of(invocation, *ret_collection, options.target, error);
	good = context && kiln_adopt_lock(context, &tally, error);
	g_free(tally.first_missing);
	return good ? g_steal_pointer(&context) : NULL;
}

/* Builds `names`, or all, and prints where the results are. */
static gboolean build(
	const KilnInvocation *invocation, KilnContext *context, const char *const *names, GError **error)
{
	KilnScheduleOptions schedule = {.fail_fast = options.fail_fast, .may_build = TRUE};
	g_autoptr(KilnRelease) release = NULL;
	g_autoptr(GPtrArray) items = NULL;
	gboolean good;
	guint built = 0;

	if (!kiln_cli_jobs(options.jobs, &schedule.jobs, error))
		return FALSE;
	release = kiln_release_open(context, names, error);
	if (!release)
		return FALSE;
	/* What could be built is told also when something else could not. */
	good = kiln_release_build(release, &schedule, &built, error);
	items = kiln_plan_released(release->plan);
	if (invocation->json)
		answer(items);
	for (guint i = 0; !invocation->json && i < items->len; i++) {
		const KilnPlanItem *item = items->pdata[i];
		if (item->packages)
			printf("%s\n", item->result_directory);
	}
	return good;
}

/* Source packages can be built where there is no project. */
static char *find_project(char *const *arguments, GError **error)
{
	g_autofree char *data = kiln_project_data_directory();
	gboolean are_files;

	if (!read_arguments(arguments, &are_files, error) || !are_files)
		return NULL;
	return kiln_source_packages_project(data, options.target, error);
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	const char *const *names = (const char *const *)invocation->arguments;
	g_autoptr(KilnCollection) passing = NULL;
	g_autoptr(KilnContext) context = NULL;
	gboolean are_files;

	if (!read_arguments(invocation->arguments, &are_files, error))
		return FALSE;
	context = are_files ? open_files(invocation, &passing, error)
			    : kiln_cli_context(invocation, options.collection, options.target, error);
	return context && build(invocation, context, are_files || !*names ? NULL : names, error);
}

const KilnCommand kiln_command_build = {
	.name = "build",
	.synopsis = "[PACKAGE…|FILE.src.rpm…]",
	.summary = "Build packages (all of the collection by default) and what they need",
	.description = "Prints the result directory of each package: the RPMs, the source RPM, build.log, root.log,\n"
		       "state.log, hw_info.log, installed_pkgs.log. What was built from the same inputs is not\n"
		       "built again. Where some packages fail, those that were built are printed; --json has the outcome of each.\n"
		       "A failed build keeps its buildroot for `kiln shell PACKAGE`.\n"
		       "Source packages are checked against their own digests and built like packages of a\n"
		       "collection of their own, against the base of the target; this needs no project.",
	.options = entries,
	.needs = KILN_NEEDS_ROOT | KILN_NEEDS_PROJECT | KILN_NEEDS_LOCK,
	.maximum_arguments = G_MAXUINT,
	.find_project = find_project,
	.run = run,
};
