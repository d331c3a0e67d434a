/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"
#include "engine/build.h"
#include "engine/release.h"

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

static void answer(const GPtrArray *items)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_array(json, NULL);
	for (guint i = 0; i < items->len; i++) {
		const KilnPlanItem *item = items->pdata[i];
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "package", item->package->name);
		kiln_json_add_text(json, "key", item->key);
		kiln_json_add_text(json, "result", item->result_directory);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
	kiln_cli_answer(json);
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnContext) context =
		kiln_cli_context(invocation, options.collection, options.target, error);
	const char *const *names = (const char *const *)invocation->arguments;
	KilnScheduleOptions schedule = {.fail_fast = options.fail_fast, .may_build = TRUE};
	g_autoptr(KilnRelease) release = NULL;
	g_autoptr(GPtrArray) items = NULL;
	guint built = 0;

	if (!context || !kiln_cli_jobs(options.jobs, &schedule.jobs, error))
		return FALSE;
	release = kiln_release_open(context, *names ? names : NULL, error);
	if (!release || !kiln_release_build(release, &schedule, &built, error))
		return FALSE;
	items = kiln_plan_released(release->plan);
	if (invocation->json)
		answer(items);
	for (guint i = 0; !invocation->json && i < items->len; i++)
		printf("%s\n", ((KilnPlanItem *)items->pdata[i])->result_directory);
	return TRUE;
}

const KilnCommand kiln_command_build = {
	.name = "build",
	.synopsis = "[PACKAGE…]",
	.summary = "Build packages (all of the collection by default) and what they need",
	.description = "Prints the result directory of each package: the RPMs, the source RPM, build.log, root.log,\n"
		       "state.log, hw_info.log, installed_pkgs.log. What was built from the same inputs is not\n"
		       "built again. A failed build keeps its buildroot for `kiln shell PACKAGE`.",
	.options = entries,
	.needs = KILN_NEEDS_ROOT | KILN_NEEDS_PROJECT | KILN_NEEDS_LOCK,
	.maximum_arguments = G_MAXUINT,
	.run = run,
};
