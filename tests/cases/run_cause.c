/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run_cause [--update] DIRECTORY: finds the cause in each DIRECTORY/NAME.log, the log of a build that really
 * failed, and compares with NAME.expected: "KIND, line NUMBER: what is told". The specs that failed so are in
 * DIRECTORY/specs, and DIRECTORY/make-logs builds them; check-stestr-suite is openstack-keystone with a test that
 * cannot pass.
 */
#include "base/error.h"
#include "base/fs.h"
#include "engine/cause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(const GError *error)
{
	if (!error)
		return;
	fprintf(stderr, "run_cause: %s\n", error->message);
	exit(kiln_error_exit_status(error));
}

static char *answer(const char *path)
{
	g_auto(KilnCause) cause = {0};

	kiln_cause_find_in_file(path, &cause);
	return cause.line ? g_strdup_printf("%s, line %u: %s\n", cause.kind, cause.number, cause.line)
			  : g_strdup("nothing\n");
}

static gboolean run_case(const char *path, gboolean update)
{
	g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".log"));
	g_autofree char *expected_path = g_strconcat(stem, ".expected", NULL);
	g_autofree char *got = answer(path);
	g_autofree char *expected = NULL;
	GError *error = NULL;

	if (update)
		kiln_fs_replace_text(expected_path, got, &error);
	check(error);
	g_file_get_contents(expected_path, &expected, NULL, NULL);
	if (g_strcmp0(expected, got) == 0)
		return TRUE;
	printf("FAILED: %s\n--- wanted\n%s--- got\n%s", path, expected ? expected : "(no .expected file)\n", got);
	return FALSE;
}

int main(int argc, char **argv)
{
	gboolean update = argc == 3 && strcmp(argv[1], "--update") == 0;
	int passed = 0, failed = 0;
	GError *error = NULL;

	if (argc != 2 && !update) {
		fputs("usage: run_cause [--update] DIRECTORY\n", stderr);
		return 2;
	}
	g_auto(GStrv) names = kiln_fs_list(argv[argc - 1], &error);
	check(error);
	for (char **name = names; *name; name++) {
		g_autofree char *path = g_build_filename(argv[argc - 1], *name, NULL);
		if (!g_str_has_suffix(path, ".log"))
			continue;
		gboolean good = run_case(path, update);
		passed += good;
		failed += !good;
	}
	printf("cause cases: %d passed, %d failed\n", passed, failed);
	return failed == 0 && passed > 0 ? 0 : 1;
}
