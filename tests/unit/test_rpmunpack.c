/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpm_fixture.h"

#include "base/digest.h"
#include "lib/rpmunpack.h"

/* A source package of thing.spec and SOURCES/; what a test wants otherwise is replaced. */
typedef struct {
	const char *payload, *source, *lines;
	const char *digests; /* rpm's number of the algorithm: 1 is MD5, as in packages of 2011 */
} Ingredients;

static void add(const char *directory, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autofree char *parent = g_path_get_dirname(path);

	assert_true(kiln_fs_make_directory(parent, NULL));
	assert_true(kiln_fs_replace_text(path, text, NULL));
}

/* Caller owns the path. */
static char *make_source_package(const char *directory, const Ingredients *ingredients)
{
	const char *source = ingredients->source ? ingredients->source : "thing.conf";
	g_autofree char *text = g_strdup_printf("Name: thing\nVersion: 1\nRelease: 1\nSummary: x\n"
		"License: x\nSource0: thing.tar.gz\nSource1: %s\nPatch3: fix.patch\n%s\n"
		"%%description\nx\n%%files\n", source, ingredients->lines ? ingredients->lines : "");
	g_autofree char *top = g_strdup_printf("_topdir %s", directory);
	g_autofree char *payload = g_strdup_printf(
		"_source_payload %s", ingredients->payload ? ingredients->payload : "w6.gzdio");
	g_autofree char *spec = g_build_filename(directory, "thing.spec", NULL);
	g_autofree char *sources = g_build_filename(directory, "SOURCES", NULL);
	g_autofree char *out = g_build_filename(directory, "SRPMS", NULL);
	g_autofree char *digests = g_strdup_printf(
		"_source_filedigest_algorithm %s", ingredients->digests ? ingredients->digests : "8");
	const char *argv[] = {
		"rpmbuild", "-bs", "--nodeps", "-D", top, "-D", payload, "-D", digests, spec, NULL};

	assert_true(kiln_fs_remove_tree(out, NULL));
	add(directory, "thing.spec", text);
	add(sources, "thing.tar.gz", "not really an archive\n");
	add(sources, source, "conf\n");
	add(sources, "fix.patch", "--- fix\n");
	fixture_run(argv);
	return fixture_find(out, "src.rpm");
}

static char *fresh_directory(const char *scratch)
{
	char *directory = g_build_filename(scratch, "out", NULL);

	assert_true(kiln_fs_remove_tree(directory, NULL));
	assert_true(kiln_fs_make_directory(directory, NULL));
	return directory;
}

static void assert_content(const char *directory, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autofree char *found = kiln_fs_read(path, 1 << 20, NULL, NULL);
	GStatBuf status;

	assert_non_null(found);
	assert_string_equal(found, text);
	assert_int_equal(g_stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
}

static void test_every_compression(void **state)
{
	static const char *const payloads[] = {"w6.gzdio", "w6.bzdio", "w6.xzdio", "w6.lzdio", "w3.zstdio", "w.ufdio"};

	for (gsize i = 0; i < G_N_ELEMENTS(payloads); i++) {
		const Ingredients ingredients = {.payload = payloads[i]};
		g_autofree char *package = make_source_package(*state, &ingredients);
		g_autofree char *directory = fresh_directory(*state), *spec = NULL;
		g_autoptr(GError) error = NULL;
		guint count = 0;

		kiln_rpmunpack_source(package, directory, &spec, &count, &error);
		if (error)
			fail_msg("%s: %s", payloads[i], error->message);
		assert_string_equal(spec, "thing.spec");
		assert_int_equal(count, 4);
		assert_content(directory, "thing.tar.gz", "not really an archive\n");
		assert_content(directory, "thing.conf", "conf\n");
		assert_content(directory, "fix.patch", "--- fix\n");
	}
}

static void test_withheld_sources(void **state)
{
	const Ingredients ingredients = {.lines = "NoSource: 0"};
	g_autofree char *package = make_source_package(*state, &ingredients);
	g_autofree char *directory = fresh_directory(*state), *spec = NULL;
	g_autofree char *tarball = g_build_filename(directory, "thing.tar.gz", NULL);
	g_autoptr(GError) error = NULL;
	guint count = 0;

	assert_true(g_str_has_suffix(package, ".nosrc.rpm"));
	kiln_rpmunpack_source(package, directory, &spec, &count, &error);
	assert_no_error(error);
	assert_int_equal(count, 3);
	assert_false(g_file_test(tarball, G_FILE_TEST_EXISTS));
}

static void assert_refused(const char *package, const char *scratch, KilnErrorCode code, const char *message)
{
	g_autofree char *directory = fresh_directory(scratch), *spec = NULL;
	g_autoptr(GError) error = NULL;

	assert_false(kiln_rpmunpack_source(package, directory, &spec, NULL, &error));
	assert_null(spec);
	assert_error(error, code, message);
}

/* Writes `package` with `find` replaced by the equally long `put`, or cut after `cut` bytes; caller owns. */
static char *damage(const char *package, const char *find, const char *put, gsize cut)
{
	static guint count = 0;
	char *path = g_strdup_printf("%s.damaged-%u", package, count++);
	g_autofree char *data = NULL;
	gsize size = 0;
	guint replaced = 0;

	assert_true(g_file_get_contents(package, &data, &size, NULL));
	for (gsize i = 0; find && i + strlen(find) <= size; i++)
		if (memcmp(data + i, find, strlen(find)) == 0) {
			memcpy(data + i, put, strlen(put));
			replaced++;
		}
	assert_true(!find || replaced > 0);
	assert_true(kiln_fs_replace(path, data, cut ? size - cut : size, 0644, NULL));
	return path;
}

static void test_old_digests(void **state)
{
	const Ingredients old = {.payload = "w.ufdio", .digests = "1"};
	g_autofree char *package = make_source_package(*state, &old);
	g_autofree char *damaged = damage(package, "--- fix", "--- fax", 0);
	g_autofree char *directory = fresh_directory(*state), *spec = NULL;
	g_autoptr(GError) error = NULL;

	kiln_rpmunpack_source(package, directory, &spec, NULL, &error);
	assert_no_error(error);
	assert_content(directory, "fix.patch", "--- fix\n");
	assert_refused(damaged, *state, KILN_ERROR_VERIFY, "cpio: Digest mismatch");
}

static void test_damage(void **state)
{
	const Ingredients plain = {.payload = "w.ufdio"};
	g_autofree char *package = make_source_package(*state, &plain);
	g_autofree char *content = damage(package, "--- fix", "--- fax", 0);
	g_autofree char *name = damage(package, "fix.patch", "../.patch", 0);
	g_autofree char *end = damage(package, NULL, NULL, 400);

	assert_refused(content, *state, KILN_ERROR_VERIFY, "\"fix.patch\": cpio: Digest mismatch");
	assert_refused(name, *state, KILN_ERROR_VERIFY, "unpacking \"");
	assert_refused(end, *state, KILN_ERROR_VERIFY, "unpacking \"");
}

static void test_refusals(void **state)
{
	const Ingredients odd = {.source = "thing;1.conf"}, two = {.source = "other.spec"};
	const FixturePackage binary = {.name = "bin", .evr_preamble = "Version: 1\nRelease: 1\n",
		.body = "%description\nx\n"};
	g_autofree char *odd_package = make_source_package(*state, &odd);

	assert_refused(odd_package, *state, KILN_ERROR_VERIFY, "it has a file \"");
	g_autofree char *two_package = make_source_package(*state, &two);
	assert_refused(two_package, *state, KILN_ERROR_VERIFY, "it has two specs, \"");
	g_autofree char *binary_package = fixture_build(*state, &binary);
	assert_refused(binary_package, *state, KILN_ERROR_VERIFY, "it is not a source package");
	g_autofree char *spec = g_build_filename(*state, "thing.spec", NULL);
	assert_refused(spec, *state, KILN_ERROR_VERIFY, "unpacking \"");
	assert_refused(*state, *state, KILN_ERROR_VERIFY, "it is not a regular file");
	assert_refused("/nonexistent/x.src.rpm", *state, KILN_ERROR_NOT_FOUND, "x.src.rpm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_compression),
		cmocka_unit_test(test_withheld_sources),
		cmocka_unit_test(test_old_digests),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, setup_scratch, teardown_scratch);
}
