/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real packages for the tests of what reads, signs and lists packages: made by rpmbuild in a
 * temporary directory of the test. Included by tests only.
 */
#pragma once

#include "check.h"

#include "base/fs.h"
#include "base/process.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

/* A package to build. `body` is spec text after the preamble (dependencies, %description …). */
typedef struct {
	const char *name, *evr_preamble; /* "Version: 1\nRelease: 1\n" */
	const char *body;
	const char *payload;   /* "w9.gzdio" … */
	const char *file_text; /* content of /usr/share/NAME/data */
} FixturePackage;

static G_GNUC_UNUSED char *fixture_directory(const char *name)
{
	GError *error = NULL;
	g_autofree char *prefix = g_strdup_printf("%s/kiln-%s", g_get_tmp_dir(), name);
	char *directory = kiln_fs_make_temporary(prefix, &error);

	assert_no_error(error);
	return directory;
}

static G_GNUC_UNUSED void fixture_run(const char *const *argv)
{
	GError *error = NULL;
	KilnProcess process = {.argv = argv};

	kiln_process_check(&process, NULL, &error);
	assert_no_error(error);
}

/* Removes the directory of a test, and what GnuPG keeps elsewhere for the homes in it. */
static G_GNUC_UNUSED void fixture_remove(const char *directory)
{
	GError *error = NULL;
	g_auto(GStrv) names = kiln_fs_list(directory, &error);

	for (char **name = names; *name; name++) {
		g_autofree char *home = g_build_filename(directory, *name, NULL);
		g_autofree char *ring = g_build_filename(home, "pubring.kbx", NULL);
		const char *argv[] = {"gpgconf", "--homedir", home, "--remove-socketdir", NULL};

		if (g_file_test(ring, G_FILE_TEST_EXISTS))
			fixture_run(argv);
	}
	kiln_fs_remove_tree(directory, &error);
	assert_no_error(error);
}

/* Runs and returns what the program wrote, stdout and stderr; `ret_status` is optional. */
static G_GNUC_UNUSED char *fixture_output(const char *const *argv, int *ret_status)
{
	GError *error = NULL;
	KilnProcess process = {.argv = argv, .error_fd = -1};
	g_auto(KilnProcessResult) result = {0};

	kiln_process_run(&process, &result, &error);
	assert_no_error(error);
	if (ret_status)
		*ret_status = result.exit_status;
	return g_steal_pointer(&result.output);
}

static G_GNUC_UNUSED char *fixture_spec(const FixturePackage *package)
{
	return g_strdup_printf(
		"Name: %s\n%sSummary: A fixture named %s\nLicense: MIT\n"
		"BuildArch: noarch\nURL: https://example.org/%s\n%s\n"
		"%%install\nmkdir -p %%{buildroot}/usr/share/%s\n"
		"printf '%%s' '%s' > %%{buildroot}/usr/share/%s/data\n"
		"ln -s data %%{buildroot}/usr/share/%s/link\n"
		"%%files\n%%dir /usr/share/%s\n%%config(noreplace) /usr/share/%s/data\n"
		"/usr/share/%s/link\n"
		"%%changelog\n* Thu Jan 02 2020 Second <b@example.org> - 1-2\n- second\n"
		"* Wed Jan 01 2020 First <a@example.org> - 1-1\n- first\n",
		package->name, package->evr_preamble, package->name, package->name, package->body,
		package->name, package->file_text ? package->file_text : "text", package->name,
		package->name, package->name, package->name, package->name);
}

/* The one file below `directory` whose name ends in `suffix`. */
static G_GNUC_UNUSED char *fixture_find(const char *directory, const char *suffix)
{
	GError *error = NULL;
	g_auto(GStrv) names = kiln_fs_list(directory, &error);
	char *found = NULL;

	assert_no_error(error);
	for (char **name = names; *name; name++)
		if (g_str_has_suffix(*name, suffix)) {
			assert_null(found);
			found = g_build_filename(directory, *name, NULL);
		}
	assert_non_null(found);
	return found;
}

/* Builds `package` (and its source package) with rpmbuild into `directory`/NAME-out; returns the
 * binary's path. */
static G_GNUC_UNUSED char *fixture_build(const char *directory, const FixturePackage *package)
{
	GError *error = NULL;
	g_autofree char *text = fixture_spec(package);
	g_autofree char *spec = g_strdup_printf("%s/%s.spec", directory, package->name);
	g_autofree char *out = g_strdup_printf("%s/%s-out", directory, package->name);
	g_autofree char *top = g_strdup_printf("_topdir %s/%s-top", directory, package->name);
	g_autofree char *rpms = g_strdup_printf("_rpmdir %s", out);
	g_autofree char *srpms = g_strdup_printf("_srcrpmdir %s", out);
	g_autofree char *payload = g_strdup_printf(
		"_binary_payload %s", package->payload ? package->payload : "w6.gzdio");
	g_autofree char *database = g_strdup_printf("_dbpath %s/rpmdb", directory);
	const char *argv[] = {"rpmbuild", "-ba", "--nodeps", "-D", top, "-D", rpms, "-D", srpms,
		"-D", payload, "-D", database, "-D",
		"_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm", "-D",
		"_buildhost build.example.org", "-D", "use_source_date_epoch_as_buildtime 1", "-D",
		"source_date_epoch_from_changelog 1", spec, NULL};

	kiln_fs_replace_text(spec, text, &error);
	assert_no_error(error);
	fixture_run(argv);
	return fixture_find(out, ".noarch.rpm");
}
