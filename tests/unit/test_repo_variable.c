/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "model/repo_variable.h"

#include <string.h>

static void test_architectures(void **state)
{
	static const struct {
		const char *architecture, *base;
	} cases[] = {
		{"x86_64", "x86_64"}, {"i686", "i386"}, {"i386", "i386"}, {"aarch64", "aarch64"},
		{"armv7hl", "armhfp"}, {"ppc64le", "ppc64le"}, {"s390x", "s390x"}, {"noarch", "noarch"},
		{"86", "86"}, {"", ""},
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_string_equal(kiln_basearch(cases[i].architecture), cases[i].base);
}

static void test_expands(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"http://x/$releasever/$basearch/", "http://x/6/i386/"},
		{"http://x/el$releasever-$arch", "http://x/el6-i686"},
		{"${releasever}a${basearch}", "6ai386"},
		{"$RELEASEVER $BaseArch", "6 i386"},
		{"$", "$"}, {"a$/b", "a$/b"}, {"$$arch", "$i686"}, {"${arch", "${arch"}, {"${}", "${}"}, {"", ""},
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		GError *error = NULL;
		g_autofree char *text = kiln_repo_expand(cases[i].text, "6", "i686", &error);

		assert_no_error(error);
		assert_string_equal(text, cases[i].expected);
	}
}

static void test_refuses_what_nobody_knows(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"http://x/$releasever/", "what \"$releasever\" is on the target's hosts is not known; say"},
		{"http://x/$releasevers/", "what \"$releasevers\" is on the target's hosts is not known; $"},
		{"http://x/${infra}/", "what \"$infra\""},
		{"http://x/$YUM0", "what \"$YUM0\""},
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		GError *error = NULL;

		assert_null(kiln_repo_expand(cases[i].text, NULL, "i686", &error));
		assert_error(error, KILN_ERROR_CONFIG, cases[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_expands),
		cmocka_unit_test(test_refuses_what_nobody_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
