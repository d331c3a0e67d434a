/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metadata of others: of any compression, with checksums of any kind, and its index as it is written. */
#include "rpm_fixture.h"

#include "lib/metadata_file.h"
#include "lib/repomd_xml.h"

typedef struct {
	char *directory;
} Fixture;

static int set_up(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);

	fixture->directory = fixture_directory("metadata-file");
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	Fixture *fixture = *state;

	fixture_remove(fixture->directory);
	g_free(fixture->directory);
	g_free(fixture);
	return 0;
}

static void test_opens_metadata_of_each_compression(void **state)
{
	static const char *const programs[][2] = {{"gzip", "gz"}, {"bzip2", "bz2"}, {"xz", "xz"}, {"zstd", "zstd"}};
	const Fixture *fixture = *state;
	g_autofree char *path = g_build_filename(fixture->directory, "plain", NULL);
	g_autofree char *text = g_strnfill(100000, 'x');
	GError *error = NULL;

	assert_true(g_file_set_contents(path, text, -1, NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
		const char *argv[] = {"sh", "-c", "$0 -c <\"$1\" >\"$1.packed\"", programs[i][0], path, NULL};
		g_autofree char *packed_path = g_strconcat(path, ".packed", NULL);
		fixture_run(argv);
		g_autoptr(GBytes) packed = kiln_metadata_read(packed_path, &error);
		assert_no_error(error);
		gsize size;
		const char *bytes = g_bytes_get_data(packed, &size);
		assert_string_equal(kiln_metadata_compression(bytes, size), programs[i][1]);
		g_autoptr(GBytes) content = kiln_metadata_open(packed, "x", &error);
		assert_no_error(error);
		assert_int_equal(g_bytes_get_size(content), 100000);
		g_autoptr(GBytes) half = g_bytes_new(bytes, size / 2);
		assert_null(kiln_metadata_open(half, "x", &error));
		assert_error(error, KILN_ERROR_VERIFY, "\"x\": is damaged");
	}
	assert_string_equal(kiln_metadata_compression("<", 1), "none");
	assert_string_equal(kiln_metadata_compression("", 0), "none");
}

static void test_makes_checksums_of_each_kind(void **state)
{
	static const char *const sums[][2] = {{"md5", "900150983cd24fb0d6963f7d28e17f72"},
		{"sha", "a9993e364706816aba3e25717850c26c9cd0d89d"}, {"sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{"sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
		{"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}};
	const Fixture *fixture = *state;
	g_autofree char *path = g_build_filename(fixture->directory, "abc", NULL);
	g_autoptr(GBytes) bytes = g_bytes_new_static("abc", 3);
	GError *error = NULL;
	guint64 size = 0;

	assert_true(g_file_set_contents(path, "abc", 3, NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(sums); i++) {
		g_autofree char *one = kiln_metadata_checksum(bytes, sums[i][0]);
		g_autofree char *two = kiln_metadata_checksum_file(path, sums[i][0], &size, &error);
		assert_no_error(error);
		assert_string_equal(one, sums[i][1]);
		assert_string_equal(two, sums[i][1]);
		assert_int_equal(size, 3);
	}
	assert_null(kiln_metadata_checksum(bytes, "crc32"));
	assert_null(kiln_metadata_checksum_file(path, "crc32", &size, &error));
	assert_error(error, KILN_ERROR_VERIFY, "unknown kind");
	assert_null(kiln_metadata_checksum_file(fixture->directory, "md5", &size, &error));
	assert_error(error, KILN_ERROR_VERIFY, "no regular file");
}

static void test_reads_the_index_as_it_is_written(void **state)
{
	static const char text[] = "<?xml version=\"1.0\"?>\n<repomd xmlns=\"http://linux.duke.edu/metadata/repo\">"
				   "<revision>1</revision><data type=\"primary\"><checksum type=\"sha256\"> ab </checksum>"
				   "<location xml:base=\"http://a/\" href=\"b\"/><timestamp>1.5</timestamp><size>7</size></data>"
				   "<data/></repomd>";
	GError *error = NULL;
	g_autoptr(GPtrArray) records = kiln_repomd_xml_parse(text, strlen(text), "x", &error);

	(void)state;
	assert_no_error(error);
	assert_int_equal(records->len, 2);
	const KilnRepomdRecord *first = g_ptr_array_index(records, 0), *second = g_ptr_array_index(records, 1);
	assert_string_equal(first->type, "primary");
	assert_string_equal(first->checksum.type, "sha256");
	assert_string_equal(first->checksum.value, "ab");
	assert_string_equal(first->base, "http://a/");
	assert_string_equal(first->location, "b");
	assert_string_equal(first->timestamp, "1.5");
	assert_string_equal(first->size, "7");
	assert_null(first->open_checksum.value);
	assert_null(second->type);
	assert_null(second->location);
}

static void test_refuses_what_is_no_index(void **state)
{
	static const char *const cases[][2] = {{"", "x:1: "}, {"text", "x:1: "}, {"<repomd>\n<data>", "x:2: "},
		{"<metadata/>", "x:1: is another kind of XML"}};
	GError *error = NULL;

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_null(kiln_repomd_xml_parse(cases[i][0], strlen(cases[i][0]), "x", &error));
		assert_error(error, KILN_ERROR_VERIFY, cases[i][1]);
	}
	assert_null(kiln_primary_xml_parse("<repomd/>", 9, "x", &error));
	assert_error(error, KILN_ERROR_VERIFY, "another kind");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_metadata_of_each_compression),
		cmocka_unit_test(test_makes_checksums_of_each_kind),
		cmocka_unit_test(test_reads_the_index_as_it_is_written),
		cmocka_unit_test(test_refuses_what_is_no_index),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
