/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client makes of it all: dnf installs from a signed repository by its .repo file, and
 * does not once anything in it was changed. */
#include "rpm_fixture.h"

#include "format/repo_file.h"
#include "lib/gpg.h"
#include "lib/repomd.h"
#include "lib/rpmsign.h"

#include <unistd.h>

#define KEY_FILE "RPM-GPG-KEY-kiln-test"
#define LOCATION "Packages/client-1-1.noarch.rpm"

typedef struct {
	char *directory, *repository, *home, *repo_file;
	char *unsigned_path, *fingerprint;
} Fixture;

static const FixturePackage package = {
	.name = "client",
	.evr_preamble = "Version: 1\nRelease: 1\n",
	.body = "%description\nText.\n",
};

static const char template[] =
	"[kiln-@COLLECTION@]\nname=Test\nmirrorlist=@URL@/mirrorlist\n"
	"gpgkey=@URL@/RPM-GPG-KEY-kiln-@COLLECTION@\ngpgcheck=1\nrepo_gpgcheck=1\n";

static char *path_in(const Fixture *fixture, const char *name)
{
	return g_build_filename(fixture->repository, name, NULL);
}

static void write_text(const Fixture *fixture, const char *name, const char *text)
{
	g_autofree char *path = path_in(fixture, name);

	assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* The whole of what is published, from the one package. */
static void publish(const Fixture *fixture, KilnGpg *gpg, gint64 timestamp)
{
	GError *error = NULL;
	g_autofree char *path = path_in(fixture, LOCATION);
	g_autofree char *index = path_in(fixture, "repodata/repomd.xml");
	g_autofree char *signature = path_in(fixture, "repodata/repomd.xml.asc");
	const KilnRepomdPackage packages[] = {{.location = LOCATION, .path = path}};
	const KilnRepomdOptions options = {.directory = fixture->repository,
		.packages = packages,
		.package_count = 1,
		.timestamp = timestamp};

	kiln_rpmsign_package(gpg, fixture->fingerprint, fixture->unsigned_path, path, &error);
	assert_no_error(error);
	kiln_repomd_write(&options, &error);
	assert_no_error(error);
	kiln_gpg_sign_detached(gpg, fixture->fingerprint, index, signature, &error);
	assert_no_error(error);
}

static void write_repo_file(const Fixture *fixture)
{
	GError *error = NULL;
	g_autofree char *url = g_strdup_printf("file://%s", fixture->repository);
	const KilnRepoFileValue values[] = {{"COLLECTION", "test"}, {"URL", url}, {NULL, NULL}};
	g_autofree char *text = kiln_repo_file_render(template, "template", values, &error);
	g_autofree char *mirrorlist = g_strdup_printf("%s/\n", url);

	assert_no_error(error);
	assert_true(g_file_set_contents(fixture->repo_file, text, -1, NULL));
	write_text(fixture, "mirrorlist", mirrorlist);
}

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);
	KilnGpgKeyOptions options = {.uid = "Test <test@localhost>", .bits = 2048};
	GError *error = NULL;

	fixture->directory = fixture_directory("client");
	fixture->repository = g_build_filename(fixture->directory, "repository", NULL);
	fixture->home = g_build_filename(fixture->directory, "gnupg", NULL);
	fixture->repo_file = g_build_filename(fixture->directory, "kiln.repo", NULL);
	fixture->unsigned_path = fixture_build(fixture->directory, &package);
	g_autofree char *packages = path_in(fixture, "Packages");
	assert_int_equal(g_mkdir_with_parents(packages, 0755), 0);
	g_autoptr(KilnGpg) gpg = kiln_gpg_open(fixture->home, NULL, &error);
	assert_no_error(error);
	assert_true(kiln_gpg_create_key(gpg, &options, &fixture->fingerprint, &error));
	g_autofree char *key = kiln_gpg_export_public(gpg, fixture->fingerprint, &error);
	assert_no_error(error);
	write_text(fixture, KEY_FILE, key);
	write_repo_file(fixture);
	publish(fixture, gpg, 1700000000);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	fixture_remove(fixture->directory);
	g_free(fixture->directory);
	g_free(fixture->repository);
	g_free(fixture->home);
	g_free(fixture->repo_file);
	g_free(fixture->unsigned_path);
	g_free(fixture->fingerprint);
	g_free(fixture);
	return 0;
}

/* Installs into a clean root by the .repo file alone; TRUE when the package's file is there. */
static gboolean install(const Fixture *fixture, const char *name, char **ret_text)
{
	g_autofree char *root = g_build_filename(fixture->directory, name, NULL);
	g_autofree char *repos = g_build_filename(root, "etc/yum.repos.d", NULL);
	g_autofree char *copy = g_build_filename(repos, "kiln.repo", NULL);
	g_autofree char *installed = g_build_filename(root, "usr/share/client/data", NULL);
	g_autofree char *reposdir = g_strdup_printf("--setopt=reposdir=%s", repos);
	g_autofree char *cache = g_strdup_printf("--setopt=cachedir=%s/cache", root);
	const char *cp[] = {"cp", fixture->repo_file, copy, NULL};
	const char *dnf[] = {"dnf", "-y", "--releasever=1", "--installroot", root, reposdir, cache,
		"--setopt=keepcache=0", "install", "client", NULL};
	int status = -1;

	assert_int_equal(g_mkdir_with_parents(repos, 0755), 0);
	fixture_run(cp);
	*ret_text = fixture_output(dnf, &status);
	gboolean there = g_file_test(installed, G_FILE_TEST_EXISTS);
	assert_int_equal(status == 0, there);
	return there;
}

static void test_installs(void **state)
{
	g_autofree char *text = NULL;

	if (!install(*state, "good", &text))
		fail_msg("%s", text);
}

/* Metadata changed after it was signed. */
static void test_refuses_changed_metadata(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = path_in(fixture, "repodata/repomd.xml");
	g_autofree char *original = NULL, *text = NULL;

	assert_true(g_file_get_contents(path, &original, NULL, NULL));
	g_autofree char *changed = g_strconcat(original, "<!-- -->\n", NULL);
	assert_true(g_file_set_contents(path, changed, -1, NULL));
	assert_false(install(fixture, "metadata", &text));
	assert_non_null(strstr(text, "GPG"));
	assert_true(g_file_set_contents(path, original, -1, NULL));
}

static void test_refuses_unsigned_metadata(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *path = path_in(fixture, "repodata/repomd.xml.asc");
	g_autofree char *aside = path_in(fixture, "aside");
	g_autofree char *text = NULL;

	assert_int_equal(g_rename(path, aside), 0);
	assert_false(install(fixture, "unsigned", &text));
	assert_int_equal(g_rename(aside, path), 0);
}

/* An unsigned package in metadata that is signed rightly: gpgcheck alone stands between. */
static void test_refuses_an_unsigned_package(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *path = path_in(fixture, LOCATION);
	g_autofree char *index = path_in(fixture, "repodata/repomd.xml");
	g_autofree char *signature = path_in(fixture, "repodata/repomd.xml.asc");
	g_autofree char *text = NULL;
	const KilnRepomdPackage packages[] = {
		{.location = LOCATION, .path = fixture->unsigned_path}};
	const KilnRepomdOptions options = {.directory = fixture->repository,
		.packages = packages,
		.package_count = 1,
		.timestamp = 1700000001};
	g_autoptr(KilnGpg) gpg = kiln_gpg_open(fixture->home, NULL, &error);

	assert_true(kiln_fs_copy(fixture->unsigned_path, path, &error));
	assert_true(kiln_repomd_write(&options, &error));
	assert_true(kiln_gpg_sign_detached(gpg, fixture->fingerprint, index, signature, &error));
	assert_false(install(fixture, "package", &text));
	assert_non_null(strstr(text, "is not signed"));
	publish(fixture, gpg, 1700000002);
	g_free(text);
	assert_true(install(fixture, "again", &text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_installs),
		cmocka_unit_test(test_refuses_changed_metadata),
		cmocka_unit_test(test_refuses_unsigned_metadata),
		cmocka_unit_test(test_refuses_an_unsigned_package),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
