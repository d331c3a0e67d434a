/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpm_fixture.h"

#include "base/event.h"
#include "engine/keys.h"

#include <sys/stat.h>
#include <unistd.h>

typedef struct {
	char *directory, *home, *project;
} Fixture;

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);

	fixture->directory = fixture_directory("keys");
	fixture->home = g_build_filename(fixture->directory, "home", NULL);
	fixture->project = g_build_filename(fixture->directory, "project", NULL);
	assert_int_equal(g_mkdir(fixture->project, 0755), 0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	fixture_remove(fixture->directory);
	g_free(fixture->directory);
	g_free(fixture->home);
	g_free(fixture->project);
	g_free(fixture);
	return 0;
}

static void test_home_follows_the_environment(void **state)
{
	(void)state;
	g_setenv("KILN_KEYS", "/some/../where", TRUE);
	g_autofree char *named = kiln_keys_home();
	assert_string_equal(named, "/where");
	g_unsetenv("KILN_KEYS");
	g_autofree char *usual = kiln_keys_home();
	assert_true(g_str_has_suffix(usual, "/kiln/gnupg"));
}

/* Directly inside, through a symbolic link, through "..", and the project itself. */
static void test_refuses_a_home_in_the_project(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *inside = g_build_filename(fixture->project, "deep/keys", NULL);
	g_autofree char *link = g_build_filename(fixture->directory, "link", NULL);
	g_autofree char *linked = g_build_filename(link, "keys", NULL);
	g_autofree char *around = g_build_filename(fixture->home, "../project/keys", NULL);
	const char *homes[] = {inside, linked, around, fixture->project};

	assert_int_equal(symlink(fixture->project, link), 0);
	for (guint i = 0; i < G_N_ELEMENTS(homes); i++) {
		assert_null(kiln_keys_open(homes[i], fixture->project, &error));
		assert_error(error, KILN_ERROR_CONFIG, "inside the project");
		assert_false(g_file_test(inside, G_FILE_TEST_EXISTS));
	}
	/* A neighbour whose name begins alike is outside. */
	g_autofree char *beside = g_strconcat(fixture->project, "-keys", NULL);
	g_autoptr(KilnGpg) gpg = kiln_keys_open(beside, fixture->project, &error);
	assert_no_error(error);
}

/* Without a key and without configuration, one is made once, and told. */
static void test_makes_the_first_key_once(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(KilnGpg) gpg = kiln_keys_open(fixture->home, fixture->project, &error);
	gboolean created = FALSE;

	assert_no_error(error);
	assert_null(kiln_keys_find(gpg, "epoxy", NULL, &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "kiln-epoxy@localhost");
	assert_null(kiln_keys_ensure(gpg, "epoxy", "0123456789ABCDEF", &created, &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "0123456789ABCDEF"); /* configured: never made */

	g_autoptr(KilnGpgKey) key = kiln_keys_ensure(gpg, "epoxy", NULL, &created, &error);
	assert_no_error(error);
	assert_true(created);
	assert_string_equal(key->uid, "Kiln epoxy packages <kiln-epoxy@localhost>");
	assert_string_equal(key->algorithm, "rsa4096");
	assert_int_equal(key->expires, 0);
	assert_true(kiln_gpg_check_signing(gpg, key->fingerprint, &error));

	g_autoptr(KilnGpgKey) again = kiln_keys_ensure(gpg, "epoxy", "", &created, &error);
	assert_no_error(error);
	assert_false(created);
	assert_string_equal(again->fingerprint, key->fingerprint);
	g_autoptr(KilnGpgKey) named = kiln_keys_find(gpg, "diablo", key->fingerprint, &error);
	assert_no_error(error);
	assert_string_equal(named->fingerprint, key->fingerprint);
}

/* The public file is left alone when it is right already, and holds nothing secret. */
static void test_exports_the_public_part(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *name = kiln_keys_file_name("epoxy");
	g_autofree char *path = g_build_filename(fixture->project, name, NULL);
	g_autoptr(KilnGpg) gpg = kiln_keys_open(fixture->home, fixture->project, &error);
	g_autoptr(KilnGpgKey) key = kiln_keys_find(gpg, "epoxy", NULL, &error);
	struct stat first, second;
	g_autofree char *text = NULL;

	assert_no_error(error);
	assert_string_equal(name, "RPM-GPG-KEY-kiln-epoxy");
	assert_true(kiln_keys_export(gpg, key->fingerprint, path, &error));
	assert_int_equal(stat(path, &first), 0);
	assert_true(kiln_keys_export(gpg, key->fingerprint, path, &error));
	assert_int_equal(stat(path, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	assert_null(strstr(text, "PRIVATE"));
	assert_true(g_file_set_contents(path, "something else\n", -1, NULL));
	assert_true(kiln_keys_export(gpg, key->fingerprint, path, &error));
	g_autofree char *again = NULL;
	assert_true(g_file_get_contents(path, &again, NULL, NULL));
	assert_string_equal(text, again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_home_follows_the_environment),
		cmocka_unit_test(test_refuses_a_home_in_the_project),
		cmocka_unit_test(test_makes_the_first_key_once),
		cmocka_unit_test(test_exports_the_public_part),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
