/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "format/capability_scan.h"
#include "model/capability.h"

#include <string.h>

static char *names_of(const GPtrArray *list)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < list->len; i++) {
		const KilnCapability *capability = list->pdata[i];
		g_string_append_printf(text, "%s%s%s%s", i ? "; " : "", capability->name,
			*capability->evr ? " = " : "", capability->evr);
	}
	return g_string_free(text, FALSE);
}

static void test_pkgconfig(void **state)
{
	static const char *const cases[][2] = {
		{"Name: x\nVersion: 1.2.3\n", "pkgconfig(m) = 1.2.3"},
		{"Version:1.2", "pkgconfig(m) = 1.2"},
		{"major=1\nv=${major}.4\nVersion: ${v}.0\n", "pkgconfig(m) = 1.4.0"},
		{"Version: ${unset}2\n", "pkgconfig(m) = 2"},
		{"a=${a}\nVersion: ${a}1\n", "pkgconfig(m)"}, /* refers to itself */
		{"Version: 1-2\n", "pkgconfig(m) = 1.2"},
		{"Version: 1 2\n", "pkgconfig(m)"},
		{"Version:\n", "pkgconfig(m)"},
		{"Name: x\n", ""},
		{"", ""},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) list = kiln_capability_list_new();
		g_autofree char *text = NULL;
		kiln_scan_pkgconfig("m", cases[i][0], list);
		text = names_of(list);
		assert_string_equal(text, cases[i][1]);
	}
}

static void test_python_metadata(void **state)
{
	/* versions as /usr/lib/rpm/pythondistdeps.py writes them */
	static const char *const cases[][2] = {
		{"Name: pbr\nVersion: 6.1.1\n", "pbr) = 6.1.1"},
		{"Metadata-Version: 2.1\nName: Oslo.Config\nVersion: 9.7.0\n\nName: other\n",
			"oslo-config) = 9.7"},
		{"Name: a__b-.c\nVersion: 1.0.0\n", "a-b-c) = 1"},
		{"Name: keystoneauth1\nVersion: 5.0.0rc1\n", "keystoneauth1) = 5~rc1"},
		{"Name: x\nVersion: 1.2.dev3\n", "x) = 1.2~~dev3"},
		{"Name: x\nVersion: 1.2.post1\n", "x) = 1.2^post1"},
		{"Name: x\nVersion: 1!2.0\n", "x) = 1:2"},
		{"Name: x\nVersion: 2024.01.02\n", "x) = 2024.1.2"},
		{"Name: x\nVersion: 1.0+local.1\n", "x) = 1"},
		{"Name: x\nVersion: unknown\n", "x)"},
		{"Name: x\n", "x)"},
		{"Version: 1\n", ""},
		{"Name: a b\nVersion: 1\n", ""},
		{"Name: a(b)\nVersion: 1\n", ""},
		{"", ""},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) list = kiln_capability_list_new();
		g_autofree char *text = NULL, *expected = NULL;
		kiln_scan_python_metadata(cases[i][0], "3.13", list);
		text = names_of(list);
		expected = *cases[i][1] ? g_strdup_printf("python3dist(%s; python3.13dist(%s",
						  cases[i][1], cases[i][1])
					: g_strdup("");
		assert_string_equal(text, expected);
	}
}

static void test_perl_modules(void **state)
{
	static const char *const cases[][2] = {
		{"package A::B;\nour $VERSION = '1.02';\n", "perl(A::B) = 1.02"},
		{"package A;\n$VERSION = 2.5;\n", "perl(A) = 2.5"},
		{"package A;\n$A::VERSION = \"3\";\n", "perl(A) = 3"},
		{"package A 1.5;\n", "perl(A) = 1.5"},
		{"package A v1.2.3 {\n", "perl(A) = 1.2.3"},
		{"package A;\nour $VERSION = $VERSION = 4;\n", "perl(A) = 4"},
		{"package A;\nour $VERSION = '1';\n$VERSION = '2';\n", "perl(A) = 1"},
		{"package A;\npackage B;\nour $VERSION='7';\n", "perl(A); perl(B) = 7"},
		{"package main;\nour $VERSION = '1';\n", ""},
		{"=head1 package X;\n\npackage Pod;\n\n=cut\npackage A;\n", "perl(A)"},
		{"package A;\n__END__\npackage B;\n", "perl(A)"},
		{"package A;\n__DATA__\npackage B;\n", "perl(A)"},
		{"# package A;\n", ""},
		{"my $package = 1;\n", ""},
		{"package\n", ""},
		{"package A;\nour $VERSION = version->new();\n", "perl(A)"},
		{"package A;\xe4\nour $VERSION = 1;\n", "perl(A) = 1"}, /* Latin-1 */
		{"", ""},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) list = kiln_capability_list_new();
		g_autofree char *text = NULL;
		kiln_scan_perl_module(cases[i][0], list);
		text = names_of(list);
		assert_string_equal(text, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pkgconfig),
		cmocka_unit_test(test_python_metadata),
		cmocka_unit_test(test_perl_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
