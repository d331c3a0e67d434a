/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpm_fixture.h"

#include "engine/build_check.h"

typedef struct {
	char *directory, *out, *binary, *source;
} Built;

static int setup(void **state)
{
	static const FixturePackage package = {
		.name = "thing", .evr_preamble = "Version: 1\nRelease: 2\n", .body = "%description\nA thing."};
	Built *built = g_new0(Built, 1);

	built->directory = fixture_directory("build-check");
	built->binary = fixture_build(built->directory, &package);
	built->out = g_path_get_dirname(built->binary);
	built->source = fixture_find(built->out, ".src.rpm");
	*state = built;
	return 0;
}

static int teardown(void **state)
{
	Built *built = *state;

	fixture_remove(built->directory);
	g_free(built->directory);
	g_free(built->out);
	g_free(built->binary);
	g_free(built->source);
	g_free(built);
	return 0;
}

static void declare(KilnSpec *spec, const char *name, const char *version, gboolean is_built)
{
	KilnSpecPackage *package = kiln_spec_package_new();

	package->name = g_strdup(name);
	package->version = g_strdup(version);
	package->release = g_strdup("2");
	package->arch = g_strdup("noarch");
	package->is_built = is_built;
	g_ptr_array_add(spec->packages, package);
}

/* A spec whose source package is NAME-VERSION-2 and whose first package is called the same. */
static KilnSpec *make_spec(const char *name, const char *version)
{
	KilnSpec *spec = kiln_spec_new();

	spec->name = g_strdup(name);
	spec->version = g_strdup(version);
	spec->release = g_strdup("2");
	declare(spec, name, version, TRUE);
	return spec;
}

static void expect_refusal(const KilnSpec *spec, const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;

	assert_false(kiln_build_check_package(spec, "x86_64", path, &error));
	assert_error(error, KILN_ERROR_BUILD, text);
}

static void expect_good(const KilnSpec *spec, const char *path)
{
	GError *error = NULL;

	kiln_build_check_package(spec, "x86_64", path, &error);
	assert_no_error(error);
}

static void test_declared(void **state)
{
	const Built *built = *state;
	g_autoptr(KilnSpec) spec = make_spec("thing", "1");

	expect_good(spec, built->binary);
	expect_good(spec, built->source);
}

static void test_other_version(void **state)
{
	const Built *built = *state;
	g_autoptr(KilnSpec) spec = make_spec("thing", "3");

	expect_refusal(spec, built->binary, "the spec declares no package thing-1-2.noarch");
	expect_refusal(spec, built->source, "which is not the source package of this build");
	spec->epoch = 1;
	expect_refusal(spec, built->source, "which is not the source package of this build");
}

static void test_epoch_counts(void **state)
{
	const Built *built = *state;
	g_autoptr(KilnSpec) spec = make_spec("thing", "1");
	KilnSpecPackage *package = spec->packages->pdata[0];

	package->epoch = 1;
	expect_refusal(spec, built->binary, "the spec declares no package");
}

static void test_without_files(void **state)
{
	const Built *built = *state;
	g_autoptr(KilnSpec) spec = make_spec("thing", "1");
	KilnSpecPackage *package = spec->packages->pdata[0];

	package->is_built = FALSE;
	expect_refusal(spec, built->binary, "the spec declares no package");
}

static void test_of_another_source(void **state)
{
	const Built *built = *state;
	g_autoptr(KilnSpec) spec = make_spec("other", "1");

	declare(spec, "thing", "1", TRUE);
	expect_refusal(spec, built->binary, "it was made from \"thing-1-2.src.rpm\", not from \"other-1-2.src.rpm\"");
	expect_refusal(spec, built->source, "which is not the source package of this build");
}

static void test_architecture(void **state)
{
	const Built *built = *state;
	g_autoptr(KilnSpec) spec = make_spec("thing", "1");
	KilnSpecPackage *package = spec->packages->pdata[0];

	g_free(package->arch);
	package->arch = g_strdup("x86_64");
	expect_refusal(spec, built->binary, "the spec declares no package");
}

static void rename_to(const char *path, const char *name, char **ret_path)
{
	g_autofree char *directory = g_path_get_dirname(path);

	*ret_path = g_build_filename(directory, name, NULL);
	assert_true(kiln_fs_copy(path, *ret_path, NULL));
}

static void test_file_names(void **state)
{
	const Built *built = *state;
	g_autoptr(KilnSpec) spec = make_spec("thing", "1");
	g_autofree char *binary = NULL, *source = NULL;

	rename_to(built->binary, "bash-1-2.noarch.rpm", &binary);
	rename_to(built->source, "bash-1-2.src.rpm", &source);
	expect_refusal(spec, binary, "\"bash-1-2.noarch.rpm\": its header says it is \"thing-1-2.noarch.rpm\"");
	expect_refusal(spec, source, "the source package of this build is called \"thing-1-2.src.rpm\"");
}

static void test_junk(void **state)
{
	const Built *built = *state;
	g_autoptr(KilnSpec) spec = make_spec("thing", "1");
	g_autofree char *path = g_build_filename(built->directory, "x\033[2J.rpm", NULL);

	assert_true(kiln_fs_replace_text(path, "junk", NULL));
	expect_refusal(spec, path, "\"x?[2J.rpm\": it is no package");
	assert_true(kiln_fs_replace_text(path, "", NULL));
	expect_refusal(spec, path, "it is no package");
}

/* Debug packages are not declared: the names of what they belong to are. */
static void test_debug_packages(void **state)
{
	static const FixturePackage packages[] = {
		{.name = "big-debuginfo", .evr_preamble = "Version: 1\nRelease: 2\n", .body = "%description\nA."},
		{.name = "big-libs-debuginfo", .evr_preamble = "Version: 1\nRelease: 2\n", .body = "%description\nA."},
		{.name = "big-debugsource", .evr_preamble = "Version: 1\nRelease: 2\n", .body = "%description\nA."},
		{.name = "bi-debuginfo", .evr_preamble = "Version: 1\nRelease: 2\n", .body = "%description\nA."}};
	const Built *built = *state;
	g_autoptr(KilnSpec) spec = make_spec("big", "1");

	declare(spec, "big-libs", "1", TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(packages); i++) {
		g_autofree char *path = fixture_build(built->directory, &packages[i]);
		/* As far as the name: each was made from a source package of its own. */
		expect_refusal(spec, path, i < 3 ? "it was made from" : "the spec declares no package bi-debuginfo-1-2");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_declared),
		cmocka_unit_test(test_other_version),
		cmocka_unit_test(test_epoch_counts),
		cmocka_unit_test(test_without_files),
		cmocka_unit_test(test_of_another_source),
		cmocka_unit_test(test_architecture),
		cmocka_unit_test(test_file_names),
		cmocka_unit_test(test_junk),
		cmocka_unit_test(test_debug_packages),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
