/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"
#include "base/event.h"
#include "cli/commands.h"
#include "engine/release.h"

static struct {
	char *target;
} options;

static const GOptionEntry entries[] = {
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "The target to release for", "NAME"},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnContext) context =
		kiln_cli_context(invocation, invocation->arguments[0], options.target, error);
	g_auto(KilnReleaseResult) result = {0};
	gint64 start = kiln_clock_monotonic_us();

	if (!context || !kiln_release_run(context, &result, error))
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
