/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"
#include "base/event.h"
#include "cli/commands.h"
#include "engine/release.h"

static struct {
	char *target;
	int jobs;
	gboolean fail_fast;
} options;

static const GOptionEntry entries[] = {
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "The target to release for", "NAME"},
	{"jobs", 'j', 0, G_OPTION_ARG_INT, &options.jobs, "Builds at once (default: by processors and memory)", "N"},
	{"fail-fast", 0, 0, G_OPTION_ARG_NONE, &options.fail_fast, "Start no further build after a failure", NULL},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnContext) context =
		kiln_cli_context(invocation, invocation->arguments[0], options.target, error);
	g_auto(KilnReleaseResult) result = {0};
	gint64 start = kiln_clock_monotonic_us();
	KilnScheduleOptions schedule = {.fail_fast = options.fail_fast, .may_build = TRUE};
	g_autoptr(KilnRelease) release = NULL;

	if (!context || !kiln_cli_jobs(options.jobs, &schedule.jobs, error))
		return FALSE;
	release = kiln_release_open(context, NULL, error);
	if (!release || !kiln_release_run(release, &schedule, &result, error))
		return FALSE;
	kiln_event_done("release", kiln_clock_monotonic_us() - start, "%s for %s: snapshot %s",
		context->collection->name, context->target->name, result.snapshot);
	kiln_cli_release_answer(invocation, &result);
	return TRUE;
}

const KilnCommand kiln_command_release = {
	.name = "release",
	.synopsis = "[COLLECTION]",
	.summary = "Build, sign, check and publish a collection",
	.description =
		"Does the whole way: imports the target's base if it is missing, fetches sources, builds what\n"
		"changed, signs, writes metadata, installs every package with the target's own dnf, runs the\n"
		"smoke tests, and publishes. A second run has nothing to do; one that was interrupted continues.\n"
		"Prints the path of the .repo file in the published tree.",
	.options = entries,
	.needs = KILN_NEEDS_ROOT | KILN_NEEDS_PROJECT | KILN_NEEDS_LOCK,
	.maximum_arguments = 1,
	.run = run,
};
