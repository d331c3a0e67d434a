/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"
#include "engine/base.h"

static struct {
	char *target;
} options;

static const GOptionEntry entries[] = {
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "The target whose base to import", "NAME"},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static void answer(const KilnProject *project, const KilnTarget *target, gboolean json)
{
	g_autofree char *directory = kiln_base_directory(project, target, NULL);
	g_autoptr(KilnJson) builder = kiln_json_new();

	if (!json) {
		printf("%s\n", directory);
		return;
	}
	kiln_json_begin_object(builder, NULL);
	kiln_json_add_text(builder, "target", target->name);
	kiln_json_add_text(builder, "directory", directory);
	kiln_json_end_object(builder);
	kiln_cli_answer(builder);
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	const KilnCollection *collection =
		options.target ? NULL : kiln_cli_collection(invocation, NULL, error);
	g_autoptr(KilnTarget) target = NULL;

	if (options.target)
		target = kiln_project_target(invocation->project, options.target, error);
	else if (collection)
		target = kiln_cli_target(invocation, collection, NULL, error);
	if (!target)
		return FALSE;
	if (!kiln_base_refresh(invocation->project, target, error)) {
		kiln_base_add_next_step(target, error);
		return FALSE;
	}
	answer(invocation->project, target, invocation->json);
	return TRUE;
}

const KilnCommand kiln_command_base_import = {
	.name = "base import",
	.synopsis = "",
	.summary = "Make or refresh a target's base: from its .repo file, or from the Debian archive",
	.description = "Of a target with a .repo file: fetches the metadata of its repositories and their keys; packages\n"
		       "come when they are needed. Of a target made from Debian: resolves and downloads the packages of\n"
		       "its import.conf through this machine's apt, converts those that changed to RPM and writes an\n"
		       "rpm-md repository. Prints the directory. May be interrupted at any time: the base in use stays\n"
		       "whole.",
	.options = entries,
	.needs = KILN_NEEDS_PROJECT,
	.run = run,
};
