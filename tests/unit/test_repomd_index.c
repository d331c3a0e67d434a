/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "base/fs.h"
#include "lib/repomd_index.h"

#include <string.h>

#define HEAD "<?xml version=\"1.0\"?>\n<repomd xmlns=\"http://linux.duke.edu/metadata/repo\">\n"
#define TAIL "</repomd>\n"
#define SHA1 "A9993E364706816ABA3E25717850C26C9CD0D89D"

static char *directory, *path;

static int setup(void **state)
{
	(void)state;
	directory = g_dir_make_tmp("kiln-index-XXXXXX", NULL);
	path = g_build_filename(directory, "repomd.xml", NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kiln_fs_remove_tree(directory, NULL);
	g_free(directory);
	g_free(path);
	return 0;
}

static KilnRepomdIndex *parse(const char *text, GError **error)
{
	assert_true(kiln_fs_replace_text(path, text, NULL));
	return kiln_repomd_index_read(path, error);
}

/* As createrepo of 2011 wrote it: SHA-1 called "sha", no sizes, fractions of seconds, records nobody knows. */
static void test_old_form(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnRepomdIndex) index = parse(HEAD
		"<data type=\"other_db\"><checksum type=\"sha\">" SHA1 "</checksum><timestamp>1300000000.5</timestamp>"
		"<location href=\"repodata/other.sqlite.bz2\"/></data>\n"
		"<data type=\"primary\"><checksum type=\"sha\">" SHA1 "</checksum><timestamp>1309000000</timestamp>"
		"<open-checksum type=\"sha\">" SHA1 "</open-checksum><size>17</size>"
		"<location href=\"repodata/primary.xml.gz\"/><novelty/></data>\n" TAIL, &error);
	const KilnRepomdRecord *record;

	(void)state;
	assert_no_error(error);
	assert_int_equal(index->records->len, 2);
	assert_int_equal(index->timestamp, 1309000000);
	record = kiln_repomd_index_find(index, "primary");
	assert_string_equal(record->location, "repodata/primary.xml.gz");
	assert_string_equal(record->checksum_kind, "sha");
	assert_string_equal(record->checksum, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_int_equal(record->size, 17);
	assert_int_equal(kiln_repomd_index_find(index, "other_db")->size, 0);
	assert_null(kiln_repomd_index_find(index, "filelists"));
}

#define RECORD(checksum, location) \
	HEAD "<data type=\"primary\">" checksum "<location href=\"" location "\"/></data>" TAIL
#define GOOD_SUM "<checksum type=\"sha\">" SHA1 "</checksum>"

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *part;
	} table[] = {
		{"", "reading the metadata"},
		{"<html>no</html>", "it names no metadata"},
		{HEAD TAIL, "it names no metadata"},
		{HEAD "<data type=\"primary\">", "reading the metadata"},
		{RECORD("", "repodata/x"), "a record has no checksum"},
		{RECORD("<checksum type=\"sha\">no hex</checksum>", "repodata/x"), "a record has no checksum"},
		{RECORD(GOOD_SUM, "/etc/passwd"), "leads elsewhere"},
		{RECORD(GOOD_SUM, "repodata/../../x"), "leads elsewhere"},
		{RECORD(GOOD_SUM, "repodata/a?b"), "leads elsewhere"},
		{RECORD(GOOD_SUM, "repodata/a b"), "leads elsewhere"},
		{RECORD(GOOD_SUM, "repodata/%2e%2e/x"), "leads elsewhere"},
		{RECORD(GOOD_SUM, ""), "leads elsewhere"},
		{HEAD "<data type=\"primary\">" GOOD_SUM "<location xml:base=\"http://x/\" href=\"repodata/x\"/></data>" TAIL,
			"leads elsewhere"},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(KilnRepomdIndex) index = parse(table[i].text, &error);
		if (index)
			fail_msg("row %zu is accepted", i);
		assert_error(error, KILN_ERROR_VERIFY, table[i].part);
	}
}

static void test_too_large_or_absent(void **state)
{
	g_autoptr(GError) large = NULL, absent = NULL;
	g_autofree char *text = g_strnfill((1 << 20) + 1, ' ');

	(void)state;
	assert_null(parse(text, &large));
	assert_error(large, KILN_ERROR_VERIFY, "it is larger than 1 MiB");
	assert_null(kiln_repomd_index_read("/nonexistent/repomd.xml", &absent));
	assert_error(absent, KILN_ERROR_NOT_FOUND, "/nonexistent/repomd.xml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_old_form, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_large_or_absent, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
