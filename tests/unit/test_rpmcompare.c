/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpm_fixture.h"

#include "lib/rpmcompare.h"

/* build.sh DIRECTORY PREAMBLE INSTALL [OPTION…]: a package with the directory /d, the same bytes each time. */
static const char script[] =
	"mkdir \"$1\"; top=$PWD/$1; cd \"$1\"; printf '%s\\n' 'Name: p' 'Version: 1' 'Release: 1' 'Summary: s' 'License: MIT'"
	" 'BuildArch: noarch' \"$2\" '%description' 'x' '%install' 'mkdir -p %{buildroot}/d' \"$3\" '%files' '/d'"
	" '%changelog' '* Wed Jan 01 2020 A <a@example.org> - 1-1' '- x' > p.spec; shift 3\n"
	"rpmbuild -bb --nodeps -D \"_topdir $top/top\" -D \"_rpmdir $top\" -D '_build_name_fmt p.rpm' -D '_buildhost b'"
	" -D 'clamp_mtime_to_source_date_epoch 1' -D 'source_date_epoch_from_changelog 1'"
	" -D '_binary_payload w6.gzdio' -D '_dbpath /nonexistent' -D 'use_source_date_epoch_as_buildtime 1' \"$@\" p.spec";

#define TEXT "printf 'one\\ntwo\\nthree\\n' > %{buildroot}/d/data"

static char *build_with(
	const char *scratch, const char *variant, const char *preamble, const char *install, const char *option)
{
	g_autofree char *whole = g_strdup_printf("cd '%s'; %s", scratch, script);
	const char *argv[] = {"bash", "-ec", whole, "build.sh", variant, preamble, install, "-D", option, NULL};

	fixture_run(argv);
	return g_build_filename(scratch, variant, "p.rpm", NULL);
}

static char *build(const char *scratch, const char *variant)
{
	return build_with(scratch, variant, "", TEXT, "x y");
}

/* The differences as "KIND NAME: DETAIL" lines. */
static char *compare(const char *first, const char *second)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) differences = kiln_rpmcompare(first, second, &error);
	GString *text = g_string_new(NULL);

	assert_no_error(error);
	for (guint i = 0; i < differences->len; i++) {
		const KilnRpmDifference *difference = differences->pdata[i];
		g_string_append_printf(text, "%d %s: %s\n", difference->kind, difference->name, difference->detail);
	}
	return g_string_free(text, FALSE);
}

static void test_variants(void **state)
{
	static const struct {
		const char *preamble, *install, *option, *expected;
	} table[] = {
		{"", TEXT, "x y", ""},
		{"", "printf 'one\\nTwo\\nthree\\n' > %{buildroot}/d/data", "x y",
			"1 /d/data: line 2: \"two\", then \"Two\"\n"},
		{"", "printf 'one\\n' > %{buildroot}/d/data", "x y", "1 /d/data: line 2: \"two\", then \"\"\n"},
		{"", "printf 'one\\n\\001\\000' > %{buildroot}/d/data", "x y", "1 /d/data: from byte 4\n"},
		{"Vendor: Else\nURL: u", TEXT, "x y", "0 URL: nothing, then \"u\"\n0 VENDOR: nothing, then \"Else\"\n"},
		{"Provides: more", TEXT, "x y",
			"0 PROVIDES: \"more\" only in the second\n"},
		{"", TEXT, "_binary_payload w9.xzdio", "0 PAYLOADCOMPRESSOR: \"gzip\", then \"xz\"\n"
						       "0 PAYLOADFLAGS: \"6\", then \"9\"\n"
						       "0 REQUIRES: \"rpmlib(PayloadIsXz) <= 5.2-1\" only in the second\n"},
		{"", TEXT "\nchmod 600 %{buildroot}/d/data", "x y", "1 /d/data: mode 100644, then 100600\n"},
		{"", TEXT "\nln -s data %{buildroot}/d/link", "x y", "1 /d/link: only in the second\n"},
		{"", "ln -s data %{buildroot}/d/link", "x y",
			"1 /d/data: only in the first\n1 /d/link: only in the second\n"},
	};
	g_autofree char *first = build(*state, "first");

	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *name = g_strdup_printf("v%zu", i);
		g_autofree char *second =
			build_with(*state, name, table[i].preamble, table[i].install, table[i].option);
		g_autofree char *found = compare(first, second);
		assert_string_equal(found, table[i].expected);
	}
}

/* One byte behind what header and payload need. */
static void test_rest(void **state)
{
	g_autofree char *first = build(*state, "first");
	g_autofree char *second = g_strconcat(first, ".2", NULL);
	g_autofree char *text = NULL, *found = NULL;
	gsize size;

	assert_true(g_file_get_contents(first, &text, &size, NULL));
	text = g_realloc(text, size + 1);
	text[size] = 'x';
	assert_true(g_file_set_contents(second, text, (gssize)size + 1, NULL));
	found = compare(first, second);
	assert_true(g_str_has_prefix(found, "2 package: "));
}

static void test_refuses(void **state)
{
	g_autofree char *first = build(*state, "first");
	g_autofree char *junk = g_build_filename(*state, "junk", NULL);
	g_autoptr(GError) error = NULL;

	assert_null(kiln_rpmcompare(first, junk, &error));
	assert_error(error, KILN_ERROR_NOT_FOUND, "junk");
	assert_true(g_file_set_contents(junk, "no package", -1, NULL));
	assert_null(kiln_rpmcompare(first, junk, &error));
	assert_error(error, KILN_ERROR_VERIFY, "junk");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_variants, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_rest, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_refuses, setup_scratch, teardown_scratch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
