/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpm_fixture.h"

#include "base/error.h"
#include "lib/rpmheader.h"

typedef struct {
	char *directory;
	char *binary, *source;
} Fixture;

static const FixturePackage full = {
	.name = "full",
	.evr_preamble = "Epoch: 3\nVersion: 1.2\nRelease: 4\n",
	.body = "Group: System/Test\nVendor: Example\nProvides: virtual = 7\nRequires: other >= "
		"1:2-3\n"
		"Requires: plain\nConflicts: enemy < 2\nObsoletes: ancient\nRecommends: friend\n"
		"Suggests: idea\nSupplements: base\nEnhances: more\n"
		"%description\nSeveral\nlines.\n",
	.payload = "w6.xzdio",
	.file_text = "abc",
};

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);

	fixture->directory = fixture_directory("rpmheader");
	/* A hostile rpm configuration of the user: nothing of it may take effect. */
	g_autofree char *macros = g_build_filename(fixture->directory, "home", ".rpmmacros", NULL);
	g_autofree char *home = g_path_get_dirname(macros);
	fixture->binary = fixture_build(fixture->directory, &full);
	g_autofree char *out = g_path_get_dirname(fixture->binary);
	fixture->source = fixture_find(out, ".src.rpm");
	assert_int_equal(g_mkdir(home, 0700), 0);
	assert_true(g_file_set_contents(macros, "%_dbpath /nonexistent\n%_keyring fs\n", -1, NULL));
	g_setenv("HOME", home, TRUE);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	fixture_remove(fixture->directory);
	g_free(fixture->directory);
	g_free(fixture->binary);
	g_free(fixture->source);
	g_free(fixture);
	return 0;
}

static gboolean has(char **list, const char *text)
{
	return g_strv_contains((const char *const *)list, text);
}

static void test_reads_identity(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(fixture->binary, &error);

	assert_no_error(error);
	assert_string_equal(header->nevra, "full-3:1.2-4.noarch");
	assert_string_equal(header->name, "full");
	assert_int_equal(header->epoch, 3);
	assert_string_equal(header->version, "1.2");
	assert_string_equal(header->release, "4");
	assert_string_equal(header->arch, "noarch");
	assert_false(header->is_source);
	assert_string_equal(header->source_rpm, "full-1.2-4.src.rpm");
	assert_string_equal(header->summary, "A fixture named full");
	assert_string_equal(header->description, "Several\nlines.");
	assert_string_equal(header->license, "MIT");
	assert_string_equal(header->url, "https://example.org/full");
	assert_string_equal(header->group, "System/Test");
	assert_string_equal(header->vendor, "Example");
	assert_string_equal(header->packager, "");
	assert_string_equal(header->build_host, "build.example.org");
	assert_string_equal(header->payload_compressor, "xz");
	assert_int_equal(header->build_time, 1577923200); /* the newest change */
	assert_int_equal(header->signatures->len, 0);
}

static void test_reads_dependencies(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(fixture->binary, &error);

	assert_no_error(error);
	assert_true(has(header->provides, "virtual = 7"));
	assert_true(has(header->provides, "full = 3:1.2-4"));
	assert_true(has(header->requires, "other >= 1:2-3"));
	assert_true(has(header->requires, "plain"));
	assert_true(has(header->requires, "rpmlib(PayloadIsXz) <= 5.2-1"));
	assert_true(has(header->conflicts, "enemy < 2"));
	assert_true(has(header->obsoletes, "ancient"));
	assert_true(has(header->recommends, "friend"));
	assert_true(has(header->suggests, "idea"));
	assert_true(has(header->supplements, "base"));
	assert_true(has(header->enhances, "more"));
	assert_int_equal(g_strv_length(header->enhances), 1);
}

static void test_reads_files_and_changes(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(fixture->binary, &error);

	assert_no_error(error);
	assert_int_equal(header->files->len, 3);
	const KilnRpmFile *directory = g_ptr_array_index(header->files, 0);
	const KilnRpmFile *data = g_ptr_array_index(header->files, 1);
	const KilnRpmFile *link = g_ptr_array_index(header->files, 2);
	assert_string_equal(directory->path, "/usr/share/full");
	assert_true(S_ISDIR(directory->mode));
	assert_string_equal(directory->digest, "");
	assert_string_equal(data->path, "/usr/share/full/data");
	assert_int_equal(data->flags, 1 | 16);
	assert_int_equal(data->size, 3);
	assert_string_equal(data->user, "root");
	assert_string_equal(
		data->digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(link->link, "data");
	assert_int_equal(header->changes->len, 2);
	const KilnRpmChange *newest = g_ptr_array_index(header->changes, 0);
	assert_string_equal(newest->author, "Second <b@example.org> - 1-2");
	assert_string_equal(newest->text, "- second");
	assert_int_equal(newest->time, 1577966400);
}

static void test_reads_a_source_package(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(fixture->source, &error);

	assert_no_error(error);
	assert_true(header->is_source);
	assert_string_equal(header->arch, "src");
	assert_string_equal(header->nevra, "full-3:1.2-4.src");
	assert_string_equal(header->source_rpm, "");
	const KilnRpmFile *spec = g_ptr_array_index(header->files, 0);
	assert_string_equal(spec->path, "full.spec");
}

static void test_names_each_compressor(void **state)
{
	static const struct {
		const char *name, *payload, *compressor;
	} cases[] = {{"none", "w.ufdio", ""}, {"gz", "w9.gzdio", "gzip"},
		{"zst", "w3.zstdio", "zstd"}, {"bz", "w9.bzdio", "bzip2"}};
	Fixture *fixture = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		GError *error = NULL;
		FixturePackage package = {.name = cases[i].name,
			.payload = cases[i].payload,
			.evr_preamble = "Version: 1\nRelease: 1\n",
			.body = "%description\n"};
		g_autofree char *path = fixture_build(fixture->directory, &package);
		g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(path, &error);

		assert_no_error(error);
		assert_string_equal(header->payload_compressor, cases[i].compressor);
	}
}

/* Damage to what is no package: each is one error of the right code, never a crash. */
static void test_refuses_what_is_no_package(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *bytes = NULL;
	gsize size = 0;
	g_autofree char *path = g_build_filename(fixture->directory, "bad.rpm", NULL);
	GError *error = NULL;

	assert_true(g_file_get_contents(fixture->binary, &bytes, &size, NULL));
	for (gsize length = 0; length < 2000; length += 53) {
		assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
		assert_null(kiln_rpmheader_read(path, &error));
		assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_VERIFY));
		assert_non_null(strstr(error->message, "bad.rpm"));
		assert_null(strchr(error->message, '\n'));
		g_clear_error(&error);
	}
	assert_null(kiln_rpmheader_read("/nonexistent/x.rpm", &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_NOT_FOUND));
	g_clear_error(&error);
	assert_null(kiln_rpmheader_read(fixture->directory, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_VERIFY));
	g_clear_error(&error);
}

/* No reading opened or made a package database. */
static void test_leaves_the_home_alone(void **state)
{
	Fixture *fixture = *state;
	GError *error = NULL;
	g_autofree char *home = g_build_filename(fixture->directory, "home", NULL);
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(fixture->binary, &error);
	g_auto(GStrv) names = kiln_fs_list(home, NULL);

	assert_no_error(error);
	assert_int_equal(g_strv_length(names), 1);
	assert_string_equal(names[0], ".rpmmacros");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_identity),
		cmocka_unit_test(test_reads_dependencies),
		cmocka_unit_test(test_reads_files_and_changes),
		cmocka_unit_test(test_reads_a_source_package),
		cmocka_unit_test(test_names_each_compressor),
		cmocka_unit_test(test_refuses_what_is_no_package),
		cmocka_unit_test(test_leaves_the_home_alone),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
