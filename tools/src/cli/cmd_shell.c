/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "cli/commands.h"
#include "engine/shell.h"

static struct {
	char *collection, *target;
	gboolean root;
} options;

static const GOptionEntry entries[] = {
	{"collection", 'c', 0, G_OPTION_ARG_STRING, &options.collection, "The collection of the package", "NAME"},
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "The target of the failed build", "NAME"},
	{"root", 0, 0, G_OPTION_ARG_NONE, &options.root, "Enter as root instead of the build user", NULL},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	const KilnCollection *collection = kiln_cli_collection(invocation, options.collection, error);
	g_autoptr(KilnTarget) target =
		collection ? kiln_cli_target(invocation, collection, options.target, error) : NULL;
	KilnShell shell = {.package = invocation->arguments[0],
		.command = invocation->arguments + 1,
		.as_root = options.root};
	int status = 0;

	if (!target)
		return FALSE;
	/* GOption keeps the separator when what follows looks like an option. */
	if (*shell.command && g_str_equal(*shell.command, "--"))
		shell.command++;
	shell.target = target->name;
	if (!kiln_shell_run(invocation->project, &shell, &status, error))
		return FALSE;
	if (status == 0)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_FAILED, "the command in the buildroot ended with exit status %d",
		status);
	return FALSE;
}

const KilnCommand kiln_command_shell = {
	.name = "shell",
	.synopsis = "PACKAGE [-- COMMAND…]",
	.summary = "Enter the kept buildroot of a failed build",
	.description = "A login shell (or COMMAND) where rpmbuild ran: same root, user, environment and isolation.\n"
		       "Try again there with: rpmbuild -bb --nodeps /builddir/build/SPECS/PACKAGE.spec",
	.options = entries,
	.needs = KILN_NEEDS_ROOT | KILN_NEEDS_PROJECT,
	.minimum_arguments = 1,
	.maximum_arguments = G_MAXUINT,
	.run = run,
};
