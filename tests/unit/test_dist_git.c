/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "format/dist_git.h"

#define MD5 "0123456789abcdef0123456789abcdef"
#define SHA1 MD5 "01234567"
#define SHA256 MD5 MD5
#define SHA512 SHA256 SHA256

static void test_forms(void **state)
{
	static const struct {
		const char *text, *name, *hex;
		GChecksumType type;
	} rows[] = {
		{"SHA512 (nova-2011.3.tar.gz) = " SHA512 "\n", "nova-2011.3.tar.gz", SHA512, G_CHECKSUM_SHA512},
		{"MD5 (a (b).zip) = " MD5, "b).zip", NULL, G_CHECKSUM_MD5},
		{MD5 "  nova.tar.gz\n", "nova.tar.gz", MD5, G_CHECKSUM_MD5},
		{MD5 " *nova.tar.gz\r\n", "nova.tar.gz", MD5, G_CHECKSUM_MD5},
		{SHA1 " SOURCES/nova.tar.gz\n", "nova.tar.gz", SHA1, G_CHECKSUM_SHA1},
		{"\n# comment\nsha256 (x) = " SHA256 "\n", "x", SHA256, G_CHECKSUM_SHA256},
		{"SHA1 (x) = 0123456789ABCDEF0123456789abcdef01234567", "x", SHA1, G_CHECKSUM_SHA1},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		guint strange = 99;
		g_autoptr(GPtrArray) digests = kiln_dist_git_parse(rows[i].text, &strange);
		const KilnDistGitDigest *digest = digests->len ? digests->pdata[0] : NULL;

		if (!rows[i].hex) {
			assert_int_equal(digests->len, 0);
			assert_int_equal(strange, 1);
			continue;
		}
		assert_int_equal(digests->len, 1);
		assert_int_equal(strange, 0);
		assert_string_equal(digest->name, rows[i].name);
		assert_string_equal(digest->hex, rows[i].hex);
		assert_int_equal(digest->type, rows[i].type);
	}
}

static void test_strange_lines(void **state)
{
	static const char *const lines[] = {"[nova.tar.gz]", "sha256 = " SHA256, MD5, MD5 " ", "SHA512 (x) = " MD5,
		"CRC (x) = " MD5, "zz23456789abcdef0123456789abcdef  x", ") = (", "MD5 () = " MD5, MD5 " a/", MD5 " .hidden"};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autofree char *text = g_strdup_printf(MD5 "  good\n%s\n", lines[i]);
		guint strange = 0;
		g_autoptr(GPtrArray) digests = kiln_dist_git_parse(text, &strange);

		assert_int_equal(digests->len, 1);
		if (strange != 2)
			fail_msg("\"%s\" is taken for a digest", lines[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_strange_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
