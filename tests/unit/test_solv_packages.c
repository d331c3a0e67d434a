/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The solver over packages that rpmbuild made, as files and as a repository of createrepo_c. */
#include "solv_fixture.h"

static const FixturePackage plain = {
	.name = "plain", .evr_preamble = "Version: 1\nRelease: 1\n", .body = "%description\nx"};
static const FixturePackage plain_newer = {
	.name = "plain", .evr_preamble = "Version: 2\nRelease: 1\n", .body = "%description\nx"};
static const FixturePackage needy = {.name = "needy",
	.evr_preamble = "Epoch: 3\nVersion: 1.5~rc1\nRelease: 2\n",
	.body = "Requires: plain >= 1, /usr/share/plain/data, (plain or other)\n%description\nx"};

/* The files `paths` become the repository `name`. */
static gboolean set_packages(
	KilnSolv *solv, const char *name, const char *const *paths, int priority, GError **error)
{
	g_autoptr(GArray) files = g_array_new(FALSE, FALSE, sizeof(KilnSolvFile));

	for (; *paths != NULL; paths++) {
		const KilnSolvFile file = {.path = *paths};
		g_array_append_val(files, file);
	}
	return kiln_solv_set_packages(solv, name, (const KilnSolvFile *)(gpointer)files->data,
		files->len, priority, error);
}

static void assert_file(const KilnSolvPackage *package, const char *path)
{
	GError *error = NULL;
	guint64 size = 0;
	g_autofree char *digest = kiln_digest_of_file(path, &size, &error);

	assert_no_error(error);
	assert_string_equal(package->path, path);
	assert_string_equal(package->checksum_type, "sha256");
	assert_string_equal(package->checksum, digest);
	assert_true(package->file_bytes == size);
	assert_true(package->installed_bytes > 0);
	assert_true(package->build_time > 1577000000);
}

static void test_createrepo_repository(void **state)
{
	const Place *place = *state;
	g_autofree char *plain_path = fixture_build(place->directory, &plain);
	g_autofree char *needy_path = fixture_build(place->directory, &needy);
	const char *argv[] = {
		"createrepo_c", "-q", "--general-compress-type=xz", place->directory, NULL};
	const KilnSolvRepository repository = {.name = "real", .directory = place->directory};
	g_autoptr(KilnSolv) solv = kiln_solv_new("x86_64", place->cache);
	GError *error = NULL;

	fixture_remove(place->repository);
	fixture_run(argv);
	kiln_solv_add_repository(solv, &repository, &error);
	assert_no_error(error);
	g_autoptr(KilnSolution) solution = resolve(solv, "needy >= 3:1.5~rc1");
	const GPtrArray *packages = kiln_solution_packages(solution);
	assert_int_equal(packages->len, 2);
	assert_file(g_ptr_array_index(packages, 0), needy_path);
	assert_file(g_ptr_array_index(packages, 1), plain_path);
	const KilnSolvPackage *first = g_ptr_array_index(packages, 0);
	g_autofree char *nevra = kiln_nevra_format(&first->nevra);
	assert_string_equal(nevra, "needy-3:1.5~rc1-2.noarch");
	assert_string_equal(first->repository, "real");
}

static void test_built_packages_win(void **state)
{
	const Place *place = *state;
	g_autofree char *plain_path = fixture_build(place->directory, &plain);
	g_autofree char *out = g_path_get_dirname(plain_path);
	g_autofree char *source_path = fixture_find(out, ".src.rpm");
	g_autofree char *needy_path = fixture_build(place->directory, &needy);
	const char *paths[] = {source_path, needy_path, plain_path, NULL};
	GError *error = NULL;

	rpmmd_create(
		place->repository, "=Pkg: plain 9 1 noarch\n=Fls: /usr/share/plain/data\n", NULL);
	g_autoptr(KilnSolv) solv = open_place(place);
	set_packages(solv, "built", paths, 10, &error);
	assert_no_error(error);
	g_autoptr(KilnSolution) solution = resolve(solv, "needy");
	const GPtrArray *packages = kiln_solution_packages(solution);
	assert_int_equal(packages->len, 2);
	assert_file(g_ptr_array_index(packages, 0), needy_path);
	assert_file(g_ptr_array_index(packages, 1), plain_path);

	/* The same as below, from a KilnSolv that knows another build of it: other bytes, not the
	 * one. */
	g_autofree char *other = g_build_filename(place->directory, "other", NULL);
	kiln_fs_make_directory(other, &error);
	assert_no_error(error);
	g_autofree char *newer_path = fixture_build(other, &plain_newer);
	const char *others[] = {newer_path, needy_path, NULL};
	g_autoptr(KilnSolv) later = open_place(place);
	set_packages(later, "built", others, 10, &error);
	assert_no_error(error);
	g_autoptr(KilnSolution) none = try_for(later, "plain", solution, &error);
	assert_null(none);
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_NOT_FOUND));
	g_clear_error(&error);
}

static void test_packages_that_are_none(void **state)
{
	const Place *place = *state;
	g_autofree char *path = g_build_filename(place->directory, "broken-1-1.noarch.rpm", NULL);
	const char *broken[] = {path, NULL};
	const char *absent[] = {"/nonexistent/absent-1-1.noarch.rpm", NULL};
	GError *error = NULL;

	change_file(path, "no package");
	g_autoptr(KilnSolv) solv = open_place(place);
	set_packages(solv, "built", broken, 0, &error);
	assert_no_error(error);
	assert_fails(solv, "app", KILN_ERROR_VERIFY, "broken-1-1.noarch.rpm");
	g_autoptr(KilnSolv) other = open_place(place);
	set_packages(other, "built", absent, 0, &error);
	assert_no_error(error);
	assert_fails(other, "app", KILN_ERROR_VERIFY, "absent-1-1.noarch.rpm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(test_createrepo_repository),
		case_of(test_built_packages_win),
		case_of(test_packages_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
