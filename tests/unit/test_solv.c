/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the cases of tests/cases/solver do not say: damaged repositories, the cache, layers. */
#include "solv_fixture.h"

#include "lib/solv_check.h"

/* --- metadata --- */

static void test_every_compression(void **state)
{
	static const char *const compressors[] = {"gzip", "xz", "bzip2", "zstd"};
	const Place *place = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(compressors); i++) {
		rpmmd_create(place->repository, TESTTAGS, compressors[i]);
		g_autoptr(KilnSolv) solv = open_place(place);
		assert_names(solv, "app", "app lib");
		assert_names(solv, "/usr/share/docs/two", "docs");
		fixture_remove(place->cache);
	}
}

static void test_missing_repository(void **state)
{
	const Place *place = *state;
	g_autoptr(KilnSolv) solv = kiln_solv_new("x86_64", place->cache);
	const KilnSolvRepository repository = {.name = "base", .directory = place->directory};
	g_autoptr(GError) error = NULL;

	assert_false(kiln_solv_add_repository(solv, &repository, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_NOT_FOUND));
	assert_non_null(strstr(error->message, "repodata/repomd.xml"));
}

static void test_name_taken(void **state)
{
	const Place *place = *state;
	g_autoptr(KilnSolv) solv = open_place(place);
	const KilnSolvRepository repository = {.name = "base", .directory = place->repository};
	g_autoptr(GError) error = NULL;

	assert_false(kiln_solv_add_repository(solv, &repository, &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
	assert_false(kiln_solv_set_packages(solv, "base", NULL, 0, 0, NULL));
	assert_names(solv, "app", "app lib");
}

/* Every way in which repodata can be wrong, the file that is changed and what the user reads. */
static void test_broken_metadata(void **state)
{
	static const struct {
		const char *file, *content; /* NULL: removed */
		KilnErrorCode code;
		const char *text;
	} faults[] = {
		{"primary.xml", "<metadata/>", KILN_ERROR_VERIFY,
			"\"repodata/primary.xml\" does not match its checksum"},
		{"primary.xml", NULL, KILN_ERROR_NOT_FOUND, "primary.xml"},
		{"repomd.xml", "", KILN_ERROR_VERIFY, "repomd.xml"},
		{"repomd.xml", "not xml", KILN_ERROR_VERIFY, "repomd.xml"},
		{"repomd.xml", "<repomd></repomd>", KILN_ERROR_VERIFY, "names no primary metadata"},
		{"repomd.xml",
			"<repomd><data type=\"primary\"><location "
			"href=\"repodata/primary.xml\"/></data></repomd>",
			KILN_ERROR_VERIFY, "no usable checksum"},
		{"repomd.xml",
			"<repomd><data type=\"primary\"><checksum type=\"sha256\">"
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855</"
			"checksum>"
			"<location href=\"../../../etc/passwd\"/></data></repomd>",
			KILN_ERROR_VERIFY, "no usable checksum or location"},
	};
	const Place *place = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
		g_autofree char *path = in_repository(place, faults[i].file);
		rpmmd_create(place->repository, TESTTAGS, NULL);
		g_autoptr(KilnSolv) solv = open_place(place);
		if (faults[i].content == NULL)
			assert_int_equal(g_unlink(path), 0);
		else
			change_file(path, faults[i].content);
		assert_fails(solv, "app", faults[i].code, faults[i].text);
		rpmmd_create(place->repository, TESTTAGS, NULL);
		assert_names(solv, "app", "app lib");
		fixture_remove(place->cache);
	}
}

/* The checksum is right, but what it covers was cut off before it was computed. */
static void test_truncated_gzip(void **state)
{
	const Place *place = *state;
	g_autofree char *primary = in_repository(place, "primary.xml.gz");
	g_autofree char *repomd = in_repository(place, "repomd.xml");
	GError *error = NULL;
	gsize size = 0;

	rpmmd_create(place->repository, TESTTAGS, "gzip");
	g_autofree char *data = kiln_fs_read(primary, 1 << 20, &size, &error);
	assert_no_error(error);
	g_autofree char *whole = kiln_digest_of_bytes(data, size);
	g_autofree char *half = kiln_digest_of_bytes(data, size / 2);
	g_autofree char *text = kiln_fs_read(repomd, 1 << 20, NULL, &error);
	assert_no_error(error);
	kiln_fs_replace(primary, data, size / 2, 0644, &error);
	assert_no_error(error);
	memcpy(strstr(text, whole), half, KILN_DIGEST_HEX_LENGTH);
	change_file(repomd, text);

	g_autoptr(KilnSolv) solv = open_place(place);
	assert_fails(solv, "app", KILN_ERROR_VERIFY, "primary.xml.gz");
}

static void test_location_outside(void **state)
{
	const Place *place = *state;
	g_autofree char *primary = in_repository(place, "primary.xml");
	g_autofree char *repomd = in_repository(place, "repomd.xml");
	GError *error = NULL;
	g_autofree char *text = kiln_fs_read(primary, 1 << 20, NULL, &error);
	assert_no_error(error);
	g_autofree char *names = kiln_fs_read(repomd, 1 << 20, NULL, &error);
	assert_no_error(error);
	g_autofree char *before = kiln_digest_of_bytes(text, strlen(text));
	memcpy(strstr(text, "Packages/app"), "../../../app", strlen("Packages/app"));
	g_autofree char *after = kiln_digest_of_bytes(text, strlen(text));
	memcpy(strstr(names, before), after, KILN_DIGEST_HEX_LENGTH);
	change_file(primary, text);
	change_file(repomd, names);

	g_autoptr(KilnSolv) solv = open_place(place);
	assert_fails(solv, "app", KILN_ERROR_VERIFY, "location outside the repository");
	assert_names(solv, "lib", "lib");
}

/* --- file lists --- */

static void test_filelists_only_when_needed(void **state)
{
	const Place *place = *state;
	g_autofree char *filelists = in_repository(place, "filelists.xml");

	assert_int_equal(g_unlink(filelists), 0);
	g_autoptr(KilnSolv) solv = open_place(place);
	assert_names(solv, "app", "app lib");
	assert_names(solv, "/usr/bin/lib", "lib");
	assert_fails(solv, "/usr/share/lib/one", KILN_ERROR_NOT_FOUND, "filelists.xml");
	assert_names(solv, "app", "app lib");
	rpmmd_create(place->repository, TESTTAGS, NULL);
	assert_names(solv, "/usr/share/lib/one", "lib");
}

static void test_filelists_from_cache(void **state)
{
	const Place *place = *state;
	g_autofree char *filelists = in_repository(place, "filelists.xml");
	g_autofree char *primary = in_repository(place, "primary.xml");

	g_autoptr(KilnSolv) first = open_place(place);
	assert_names(first, "/usr/share/lib/one", "lib");
	assert_int_equal(g_unlink(filelists), 0);
	assert_int_equal(g_unlink(primary), 0);
	g_autoptr(KilnSolv) second = open_place(place);
	assert_names(second, "/usr/share/lib/one", "lib");
	assert_names(second, "/usr/share/docs/two", "docs");
	assert_fails(
		second, "/usr/share/docs/three", KILN_ERROR_UNSOLVABLE, "/usr/share/docs/three");
}

static void test_broken_filelists(void **state)
{
	const Place *place = *state;
	g_autofree char *filelists = in_repository(place, "filelists.xml");

	change_file(filelists, "<filelists/>");
	g_autoptr(KilnSolv) solv = open_place(place);
	assert_fails(
		solv, "/usr/share/lib/one", KILN_ERROR_VERIFY, "filelists.xml\" does not match");
}

/* --- cache --- */

/* The only cache file whose name ends in `suffix`. */
static char *cache_file(const Place *place, const char *suffix)
{
	return fixture_find(place->cache, suffix);
}

static void test_cache_is_used_and_follows_repomd(void **state)
{
	const Place *place = *state;
	g_autofree char *primary = in_repository(place, "primary.xml");

	g_autoptr(KilnSolv) first = open_place(place);
	assert_names(first, "app", "app lib");
	assert_int_equal(g_unlink(primary), 0);
	g_autoptr(KilnSolv) second = open_place(place);
	assert_names(second, "app", "app lib");
	rpmmd_create(place->repository, "=Pkg: app 2 1 noarch\n", NULL);
	g_autoptr(KilnSolv) third = open_place(place);
	assert_names(third, "app", "app");
}

/* Whatever happened to the cache file: with metadata it is made anew, without it is not believed.
 */
static void assert_not_believed(const Place *place, const char *path, const char *good, gsize size)
{
	g_autofree char *primary = in_repository(place, "primary.xml");
	g_autofree char *aside = g_strconcat(primary, ".aside", NULL);
	GError *error = NULL;

	assert_int_equal(g_rename(primary, aside), 0);
	g_autoptr(KilnSolv) without = open_place(place);
	assert_fails(without, "app", KILN_ERROR_NOT_FOUND, "primary.xml");
	assert_int_equal(g_rename(aside, primary), 0);
	g_autoptr(KilnSolv) with = open_place(place);
	assert_names(with, "app", "app lib");
	gsize new_size = 0;
	g_autofree char *renewed = kiln_fs_read(path, 1 << 20, &new_size, &error);
	assert_no_error(error);
	assert_int_equal(new_size, size);
	assert_memory_equal(renewed, good, size);
}

static void test_damaged_cache_is_made_anew(void **state)
{
	const Place *place = *state;
	g_autoptr(KilnSolv) first = open_place(place);
	GError *error = NULL;
	gsize size = 0;

	assert_names(first, "app", "app lib");
	g_autofree char *path = cache_file(place, ".solv");
	g_autofree char *good = kiln_fs_read(path, 1 << 20, &size, &error);
	assert_no_error(error);
	for (gsize length = 0; length < size; length += 1 + size / 16) {
		kiln_fs_replace(path, good, length, 0644, &error);
		assert_no_error(error);
		assert_not_believed(place, path, good, size);
	}
	for (gsize at = 0; at < size; at += 1 + size / 16) {
		g_autofree char *bad = g_memdup2(good, size);
		bad[at] ^= 0x10;
		kiln_fs_replace(path, bad, size, 0644, &error);
		assert_no_error(error);
		assert_not_believed(place, path, good, size);
	}
}

static void test_no_place_for_cache(void **state)
{
	const Place *place = *state;

	change_file(place->cache, "a file where the directory would be");
	g_autoptr(KilnSolv) solv = open_place(place);
	assert_names(solv, "app", "app lib");
	assert_names(solv, "/usr/share/docs/two", "docs");
}

/* --- layers --- */

static void test_layers_on_layers(void **state)
{
	const Place *place = *state;

	rpmmd_create(place->repository,
		"=Pkg: libc 2 1 noarch\n=Pkg: bash 5 1 noarch\n=Req: libc\n"
		"=Pkg: make 4 1 noarch\n=Req: bash\n=Pkg: gcc 12 1 noarch\n=Req: libc\n=Req: "
		"make\n",
		NULL);
	g_autoptr(KilnSolv) solv = open_place(place);
	g_autoptr(KilnSolution) base = resolve(solv, "bash");
	g_autoptr(KilnSolution) build = try_for(solv, "make", base, NULL);
	kiln_solv_free(g_steal_pointer(&solv));
	solv = open_place(place);
	g_autoptr(KilnSolution) smoke = try_for(solv, "gcc", build, NULL);

	assert_int_equal(kiln_solution_packages(base)->len, 2);
	assert_int_equal(kiln_solution_installed(base)->len, 0);
	assert_int_equal(kiln_solution_packages(build)->len, 1);
	assert_int_equal(kiln_solution_packages(smoke)->len, 1);
	const KilnSolvPackage *gcc = g_ptr_array_index(kiln_solution_packages(smoke), 0);
	assert_string_equal(gcc->nevra.name, "gcc");
	const GPtrArray *below = kiln_solution_installed(smoke);
	static const char *const names[] = {"bash", "libc", "make"};
	assert_int_equal(below->len, G_N_ELEMENTS(names));
	for (guint i = 0; i < below->len; i++) {
		const KilnSolvPackage *package = g_ptr_array_index(below, i);
		assert_string_equal(package->nevra.name, names[i]);
	}
}

static void test_installed_package_is_gone(void **state)
{
	const Place *place = *state;
	g_autoptr(KilnSolv) old = open_place(place);
	g_autoptr(KilnSolution) base = resolve(old, "app");
	g_autoptr(GError) error = NULL;

	rpmmd_create(place->repository, "=Pkg: app 1 1 noarch\n=Pkg: lib 3 1 x86_64\n", NULL);
	g_autoptr(KilnSolv) solv = open_place(place);
	g_autoptr(KilnSolution) solution = try_for(solv, "app", base, &error);
	assert_null(solution);
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_NOT_FOUND));
	assert_non_null(strstr(error->message, "lib-2-1.x86_64"));
}

static void test_problems_go_with_the_next_success(void **state)
{
	g_autoptr(KilnSolv) solv = open_place(*state);

	assert_null(kiln_solv_problems(solv)[0]);
	assert_fails(solv, "nothing-like-it", KILN_ERROR_UNSOLVABLE, "nothing-like-it");
	assert_non_null(kiln_solv_problems(solv)[0]);
	assert_names(solv, "lib", "lib");
	assert_null(kiln_solv_problems(solv)[0]);
}

static void test_dump_is_a_test_case(void **state)
{
	const Place *place = *state;
	g_autoptr(KilnSolv) solv = open_place(place);
	g_autofree char *directory = g_build_filename(place->directory, "dump", NULL);
	g_autofree char *path = g_build_filename(directory, "testcase.t", NULL);
	const char *requirements[] = {"app", "/usr/share/docs/two", NULL};
	const KilnSolvRequest request = {.requester = "test", .requirements = requirements};
	const char *argv[] = {"testsolv", path, NULL};
	GError *error = NULL;

	kiln_solv_dump(solv, &request, directory, &error);
	assert_no_error(error);
	/* testsolv solves it again and compares with the answer written beside it. */
	fixture_run(argv);
	g_autofree char *text = kiln_fs_read(path, 1 << 20, NULL, &error);
	assert_no_error(error);
	assert_non_null(strstr(text, "rpm"));
}

static void test_closure_of_unknown(void **state)
{
	g_autoptr(KilnSolv) solv = open_place(*state);
	g_autoptr(GPtrArray) findings = kiln_solv_findings_new();
	GError *error = NULL;

	assert_false(kiln_solv_check_closure(solv, "elsewhere", NULL, findings, &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "\"elsewhere\"");
	assert_false(kiln_solv_check_together(solv, "elsewhere", NULL, findings, &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "\"elsewhere\"");
	assert_false(kiln_solv_check_update(solv, "elsewhere", "base", findings, &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "\"elsewhere\"");
	assert_false(kiln_solv_check_update(solv, "base", "elsewhere", findings, &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "\"elsewhere\"");
	assert_false(kiln_solv_check_arrival(solv, "elsewhere", NULL, findings, &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "\"elsewhere\"");
	assert_false(kiln_solv_check_replaced(solv, "elsewhere", NULL, findings, &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "\"elsewhere\"");
	assert_int_equal(findings->len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(test_every_compression),
		case_of(test_missing_repository),
		case_of(test_name_taken),
		case_of(test_broken_metadata),
		case_of(test_truncated_gzip),
		case_of(test_location_outside),
		case_of(test_filelists_only_when_needed),
		case_of(test_filelists_from_cache),
		case_of(test_broken_filelists),
		case_of(test_cache_is_used_and_follows_repomd),
		case_of(test_damaged_cache_is_made_anew),
		case_of(test_no_place_for_cache),
		case_of(test_layers_on_layers),
		case_of(test_installed_package_is_gone),
		case_of(test_problems_go_with_the_next_success),
		case_of(test_dump_is_a_test_case),
		case_of(test_closure_of_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
