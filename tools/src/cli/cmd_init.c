/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"

#include "base/error.h"
#include "engine/adopt.h"
#include "engine/base.h"

#include <unistd.h>

static struct {
	char *layout, *name, *target;
} options;

static const GOptionEntry entries[] = {
	{"layout", 'l', 0, G_OPTION_ARG_STRING, &options.layout,
		"Where specs and sources lie, instead of finding out", "topdir|flat|dist-git|kiln"},
	{"name", 'n', 0, G_OPTION_ARG_STRING, &options.name, "What to call the collection", "NAME"},
	{"target", 't', 0, G_OPTION_ARG_STRING, &options.target, "The target to build for", "NAME"},
	{NULL, 0, 0, 0, NULL, NULL, NULL},
};

static void answer_json(const KilnAdopted *adopted, const KilnAdoptTally *tally)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "layout", kiln_layout_kind_name(adopted->layout->kind));
	kiln_json_add_text(json, "collection", adopted->names[0]);
	kiln_json_add_text(json, "target", adopted->target);
	kiln_json_add_number(json, "packages", tally->packages);
	kiln_json_add_number(json, "broken", tally->broken);
	kiln_json_add_number(json, "locked", tally->locked);
	kiln_json_add_number(json, "missing", tally->missing);
	kiln_json_end_object(json);
	kiln_cli_answer(json);
}

static void print_adopted(const KilnAdopted *adopted, const KilnAdoptTally *tally)
{
	const KilnLayout *layout = adopted->layout;
	g_autofree char *sources = g_strjoinv(", ", layout->sources);

	printf("layout     %s: specs in \"%s\", sources in \"%s\"%s\n", kiln_layout_kind_name(layout->kind),
		layout->specs, sources,
		layout->kind == KILN_LAYOUT_DIST_GIT ? " of each package" : "");
	printf("packages   %u", tally->packages);
	if (tally->broken)
		printf(", %u of them with errors", tally->broken);
	printf("\nsources    %u locked in \"%s\"", tally->locked, layout->locks);
	if (tally->missing)
		printf(", %u missing", tally->missing);
	printf("\n");
}

static void print_next(const KilnAdopted *adopted, const KilnAdoptTally *tally)
{
	gboolean is_own = adopted->layout->kind == KILN_LAYOUT_KILN;

	printf("collection %s, for target %s, in repo-config/kiln.conf\n\nnext:\n", adopted->names[0],
		adopted->target);
	if (is_own)
		printf("  put specs into specs/%s/PACKAGE/PACKAGE.spec\n"
		       "  kiln fetch --lock PACKAGE    lock the sources of each\n",
			adopted->names[0]);
	if (tally->first_missing)
		printf("  kiln fetch --lock %s    fetch and lock what is missing\n", tally->first_missing);
	if (tally->wants_files)
		printf("  put the missing files that have no URL where the warnings say\n");
	printf("  kiln build    build what can be built\n"
	       "  set url in repo-config/kiln.conf, then kiln release    sign and publish\n");
}

static gboolean lock_sources(const char *root, const KilnAdopted *adopted, KilnAdoptTally *tally, GError **error)
{
	g_autoptr(KilnProject) project = kiln_project_open(root, error);
	g_autoptr(KilnLock) lock = project ? kiln_project_lock(project, "kiln init", error) : NULL;
	const KilnInvocation invocation = {.project = project};
	g_autoptr(KilnContext) context =
		lock ? kiln_cli_context(&invocation, adopted->names[0], adopted->target, error) : NULL;

	return context && kiln_adopt_lock(context, tally, error);
}

static gboolean run(const KilnInvocation *invocation, GError **error)
{
	g_autofree char *root = g_canonicalize_filename(
		invocation->arguments[0] ? invocation->arguments[0] : ".", NULL);
	g_autofree char *data = kiln_project_data_directory();
	const KilnAdoption adoption = {.root = root,
		.layout = options.layout,
		.name = options.name,
		.target = options.target,
		.data = data};
	g_auto(KilnAdopted) adopted = {0};
	KilnAdoptTally tally = {0};

	if (!kiln_adopt_begin(&adoption, &adopted, error))
		return FALSE;
	if (adopted.layout->kind != KILN_LAYOUT_KILN && !lock_sources(root, &adopted, &tally, error)) {
		kiln_adopt_undo_run(adopted.undo);
		g_free(tally.first_missing);
		g_prefix_error(error, "no project was made, nothing is left behind: ");
		return FALSE;
	}
	if (invocation->json) {
		answer_json(&adopted, &tally);
	} else {
		if (adopted.layout->kind != KILN_LAYOUT_KILN)
			print_adopted(&adopted, &tally);
		print_next(&adopted, &tally);
	}
	g_free(tally.first_missing);
	return TRUE;
}

const KilnCommand kiln_command_init = {
	.name = "init",
	.synopsis = "[DIRECTORY]",
	.summary = "Make a project of a tree of specs as it stands",
	.description = "Finds out how specs and sources lie: an rpmbuild topdir (SPECS/, SOURCES/), specs side by\n"
		       "side (sources beside them or in SOURCES/), or a directory for each package as in dist-git.\n"
		       "Writes repo-config/ with kiln.conf and the files of the target, and locks the sources\n"
		       "that are there: archives, and whatever the spec gives a URL for. Nothing is moved, changed\n"
		       "or overwritten, and nothing is downloaded but the base of the target if it is missing.",
	.options = entries,
	.needs = KILN_NEEDS_ROOT,
	.maximum_arguments = 1,
	.run = run,
};
