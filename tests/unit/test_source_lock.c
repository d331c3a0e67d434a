/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "format/source_lock.h"

#include <string.h>

#define DIGEST "b8454e06eaf6f024c1fa39de976c167c1ba7f43535bea96c3c364bd138552d8c"
#define LOCKED "sha256 = " DIGEST "\nsize = 5\n"

static KilnSourceLock *parse(const char *text, GError **error)
{
	return kiln_source_lock_parse(text, strlen(text), "sources", error);
}

static void test_values(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnSourceLock) lock =
		parse("[tgt-1.0.85.tar.gz]\n"
		      "sha256 = " DIGEST "\n"
		      "size = 304648\n"
		      "origins = https://example.org/tgt.tar.gz;"
		      "debian-source:tgt=1:1.0.85-1.3/tgt_1.0.85.orig.tar.gz;\n"
		      "[new.tar.gz]\nsha256 = unlocked\norigins = file:///srv/new.tar.gz\n"
		      "[RPM-GPG-KEY]\norigins = kiln:public-key\n",
			&error);
	const KilnSourceEntry *entry;
	const KilnOrigin *origin;

	(void)state;
	assert_no_error(error);
	assert_int_equal(lock->entries->len, 3);
	entry = kiln_source_lock_find(lock, "tgt-1.0.85.tar.gz");
	assert_string_equal(entry->sha256, DIGEST);
	assert_int_equal(entry->size, 304648);
	assert_int_equal(entry->origins->len, 2);
	origin = entry->origins->pdata[0];
	assert_int_equal(origin->kind, KILN_ORIGIN_URL);
	origin = entry->origins->pdata[1];
	assert_int_equal(origin->kind, KILN_ORIGIN_DEBIAN_SOURCE);
	assert_string_equal(origin->package, "tgt");
	assert_string_equal(origin->version, "1:1.0.85-1.3");
	assert_string_equal(origin->file_name, "tgt_1.0.85.orig.tar.gz");
	entry = kiln_source_lock_find(lock, "new.tar.gz");
	assert_null(entry->sha256);
	assert_false(kiln_source_entry_is_generated(entry));
	entry = kiln_source_lock_find(lock, "RPM-GPG-KEY");
	assert_true(kiln_source_entry_is_generated(entry));
	assert_null(kiln_source_lock_find(lock, "absent"));
}

/* What is written by hand keeps its comments when Kiln writes the file. */
static void test_emit_keeps_comments(void **state)
{
	static const char text[] = "# SPDX\n# Header.\n"
				   "\n"
				   "# About a.\n"
				   "[a]\n" LOCKED "origins = https://example.org/a;\n"
				   "\n"
				   "# About b,\n"
				   "#\n"
				   "# at length.\n"
				   "[b]\nsha256 = unlocked\n"
				   "\n"
				   "[c]\norigins = kiln:repo-file;\n"
				   "\n"
				   "# The end.\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnSourceLock) lock = parse(text, &error);
	g_autofree char *emitted = NULL;

	(void)state;
	assert_no_error(error);
	emitted = kiln_source_lock_emit(lock);
	assert_string_equal(emitted, text);
}

static void test_comments_move_above_their_group(void **state)
{
	g_autoptr(KilnSourceLock) lock =
		parse("\n\n# one\n\n\n# two\n[a]\n\n# three\nsha256=unlocked\n\n[b]\n"
		      "# four\nsha256=unlocked",
			NULL);
	g_autofree char *emitted = kiln_source_lock_emit(lock);

	(void)state;
	assert_string_equal(emitted, "# one\n\n# two\n# three\n[a]\nsha256 = unlocked\n\n"
				     "# four\n[b]\nsha256 = unlocked\n");
}

static void test_empty_lock_and_comment_only(void **state)
{
	g_autoptr(KilnSourceLock) empty = parse("", NULL);
	g_autoptr(KilnSourceLock) comment = parse("# Only words.\n", NULL);
	g_autofree char *nothing = kiln_source_lock_emit(empty);
	g_autofree char *words = kiln_source_lock_emit(comment);

	(void)state;
	assert_string_equal(nothing, "");
	assert_string_equal(words, "# Only words.\n");
	assert_string_equal(comment->header, "# Only words.");
}

typedef struct {
	const char *text;
	const char *place; /* the message's beginning */
	const char *part;
} Refusal;

static const Refusal refusals[] = {
	{"[a]\nsha256 = 12\nsize = 5\n",
		"sources:2: ", "sha256 of [a] is not 64 lower-case hexadecimal"},
	{"[a]\nsha256 = B8454E06EAF6F024C1FA39DE976C167C1BA7F43535BEA96C3C364BD138552D8C\nsize = "
	 "5\n",
		"sources:2: ", "lower-case"},
	{"# c\n\n[a]\nsize = 5\n", "sources:3: ", "[a] has no sha256; write \"sha256 = unlocked\""},
	{"[a]\n", "sources:1: ", "has no sha256"},
	{"[a]\nsha256 = " DIGEST "\n", "sources:1: ", "has a sha256 but no size"},
	{"[a]\nsha256 = " DIGEST "\nsize = 0\n",
		"sources:3: ", "no number of bytes from 1 to 17179869184"},
	{"[a]\nsha256 = " DIGEST "\nsize = 17179869185\n", "sources:3: ", "no number of bytes"},
	{"[a]\nsha256 = " DIGEST "\nsize = 5k\n", "sources:3: ", "no number of bytes"},
	{"[a]\nsha256 = unlocked\nsize = 5\n", "sources:3: ", "[a] is unlocked but has a size"},
	{"[a]\n" LOCKED "sizes = 5\n", "sources:4: ", "did you mean \"size\"?"},
	{"[a]\n" LOCKED "colour = red\n", "sources:4: ", "unknown key \"colour\""},
	{"[a]\n" LOCKED "size = 5\n", "sources:4: ", "stands twice"},
	{"[a]\n" LOCKED "[b]\n" LOCKED "[a]\n" LOCKED,
		"sources:7: ", "stands twice (first at line 1)"},
	{"sha256 = " DIGEST "\n", "sources:1: ", "before the first [section]"},
	{"[a]\n" LOCKED "origins\n", "sources:4: ", "expected \"key = value\""},
	{"[a\n", "sources:1: ", "[name]"},
	{"[]\n", "sources:1: ", "[name]"},
	{"[dir/a]\n" LOCKED, "sources:1: ", "cannot be the name of a source file"},
	{"[..]\n" LOCKED, "sources:1: ", "cannot be the name"},
	{"[.hidden]\n" LOCKED, "sources:1: ", "cannot be the name"},
	{"[a b]\n" LOCKED, "sources:1: ", "cannot be the name"},
	{"[a\\b]\n" LOCKED, "sources:1: ", "cannot be the name"},
	{"[\xc3\xa4]\n" LOCKED, "sources:1: ", "cannot be the name"},
	{"[a]\xff\n", "sources:1: ", "UTF-8"},
	{"[a]\n" LOCKED "origins = https://x/a;https://x/a\n", "sources:4: ", "is named twice"},
	{"[a]\n" LOCKED "origins = https://x/a;;https://x/b\n",
		"sources:4: ", "origin \"\" is neither"},
	{"[a]\n" LOCKED "origins = ftp://x/a\n", "sources:4: ", "origin \"ftp://x/a\" is neither"},
	{"[a]\n" LOCKED "origins = https:///a\n", "sources:4: ", "names no host"},
	{"[a]\n" LOCKED "origins = https://host\n", "sources:4: ", "names no file on that host"},
	{"[a]\n" LOCKED "origins = https://me:secret@host/a\n", "sources:4: ", "holds a user name"},
	{"[a]\n" LOCKED "origins = file://host/a\n", "sources:4: ", "no absolute file:///path"},
	{"[a]\n" LOCKED "origins = https://x/a b\n", "sources:4: ", "write it as %XX"},
	{"[a]\n" LOCKED "origins = https://x/a\\;b\n", "sources:4: ", "write it as %XX"},
	{"[a]\n" LOCKED "origins = debian-source:tgt\n", "sources:4: ", "NAME=VERSION/FILENAME"},
	{"[a]\n" LOCKED "origins = debian-source:T=1/a\n",
		"sources:4: ", "no valid Debian package name"},
	{"[a]\n" LOCKED "origins = debian-source:-t=1/a\n",
		"sources:4: ", "no valid Debian package name"},
	{"[a]\n" LOCKED "origins = debian-source:t=-o/a\n",
		"sources:4: ", "no valid Debian version"},
	{"[a]\n" LOCKED "origins = debian-source:t=1_2/a\n",
		"sources:4: ", "no valid Debian version"},
	{"[a]\n" LOCKED "origins = debian-source:t=1/..\n", "sources:4: ", "no valid file name"},
	{"[a]\n" LOCKED "origins = kiln:repo-file\n",
		"sources:2: ", "generated by Kiln; remove its sha256"},
	{"[a]\norigins = kiln:secret-key\n", "sources:2: ", "kiln:public-key and kiln:repo-file"},
	{"[a]\norigins = https://x/a;kiln:repo-file\n", "sources:2: ", "mixes a kiln: origin"},
};

static void test_refusals(void **state)
{
	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(KilnSourceLock) lock = parse(refusals[i].text, &error);

		if (lock != NULL)
			fail_msg("accepted: %s", refusals[i].text);
		if (!g_str_has_prefix(error->message, refusals[i].place))
			fail_msg("\"%s\" does not begin with \"%s\"", error->message,
				refusals[i].place);
		assert_error(error, KILN_ERROR_CONFIG, refusals[i].part);
	}
}

static void test_refuses_binary_and_huge_text(void **state)
{
	g_autofree char *huge = g_strnfill(KILN_SOURCE_LOCK_MAX_BYTES + 1, '#');
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(parse(huge, &error));
	assert_error(error, KILN_ERROR_CONFIG, "not text of at most 1048576 bytes");
	assert_null(kiln_source_lock_parse("[a]\0x", 5, "sources", &error));
	assert_error(error, KILN_ERROR_CONFIG, "not text");
}

static void test_limits_on_counts(void **state)
{
	g_autoptr(GString) groups = g_string_new(NULL);
	g_autoptr(GString) origins = g_string_new("[a]\nsha256 = unlocked\norigins = ");
	g_autoptr(GError) error = NULL;

	(void)state;
	for (int i = 0; i < 1001; i++)
		g_string_append_printf(groups, "[a%d]\nsha256 = unlocked\n", i);
	for (int i = 0; i < 33; i++)
		g_string_append_printf(origins, "https://x/%d;", i);
	assert_null(parse(groups->str, &error));
	assert_error(error, KILN_ERROR_CONFIG, "more than 1000 files");
	assert_null(parse(origins->str, &error));
	assert_error(error, KILN_ERROR_CONFIG, "more than 32 origins");
}

static void test_basename(void **state)
{
	(void)state;
	assert_string_equal(kiln_source_basename("plain.patch"), "plain.patch");
	assert_string_equal(kiln_source_basename("https://x/y/z-1.tar.gz"), "z-1.tar.gz");
	assert_string_equal(kiln_source_basename("https://x/archive/1.zip#/z-1.zip"), "z-1.zip");
	assert_string_equal(kiln_source_basename("https://x/"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_emit_keeps_comments),
		cmocka_unit_test(test_comments_move_above_their_group),
		cmocka_unit_test(test_empty_lock_and_comment_only),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_refuses_binary_and_huge_text),
		cmocka_unit_test(test_limits_on_counts),
		cmocka_unit_test(test_basename),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
