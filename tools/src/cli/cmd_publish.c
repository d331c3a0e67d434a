/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"
#include "engine/release.h"

static struct {
	char *target;
} options;

static const GOptionEntry entries[] = {
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "The target to publish for", "NAME"},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	g_autoptr(KilnContext) context =
		kiln_cli_context(invocation, invocation->arguments[0], options.target, error);
	g_autoptr(KilnRelease) release = context ? kiln_release_open(context, NULL, error) : NULL;
	const KilnScheduleOptions schedule = {.may_build = FALSE};
	g_auto(KilnReleaseResult) result = {0};

	if (!release || !kiln_release_run(release, &schedule, &result, error))
		return FALSE;
	kiln_cli_release_answer(invocation, &result);
	return TRUE;
}

const KilnCommand kiln_command_publish = {
	.name = "publish",
	.synopsis = "[COLLECTION]",
	.summary = "Sign, check and publish what is built",
	.description = "Like `kiln release`, but builds nothing: a package that is not built yet is an error.\n"
		       "A package that was published before under the same name and version with other bytes\n"
		       "is refused, and so is a version older than the published one.",
	.options = entries,
	.needs = KILN_NEEDS_ROOT | KILN_NEEDS_PROJECT | KILN_NEEDS_LOCK,
	.maximum_arguments = 1,
	.run = run,
};
