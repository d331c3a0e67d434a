/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "model/dependency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define LT KILN_DEPENDENCY_LESS
#define GT KILN_DEPENDENCY_GREATER
#define EQ KILN_DEPENDENCY_EQUAL

static const struct {
	const char *text, *name;
	int flags;
	const char *evr;
	const char *written; /* NULL: as `text` */
} good[] = {
	{"gcc", "gcc", 0, NULL, NULL},
	{"  gcc\t>=   4.8 ", "gcc", GT | EQ, "4.8", "gcc >= 4.8"},
	{"gcc < 1:2.0-3", "gcc", LT, "1:2.0-3", NULL},
	{"gcc <= 2~rc1^5", "gcc", LT | EQ, "2~rc1^5", NULL},
	{"gcc = 2", "gcc", EQ, "2", NULL},
	{"gcc == 2", "gcc", EQ, "2", "gcc = 2"},
	{"gcc =< 2", "gcc", LT | EQ, "2", "gcc <= 2"},
	{"gcc => 2", "gcc", GT | EQ, "2", "gcc >= 2"},
	{"gcc > 2", "gcc", GT, "2", NULL},
	{"/usr/bin/[", "/usr/bin/[", 0, NULL, NULL},
	{"_hidden", "_hidden", 0, NULL, NULL},
	{"0ad", "0ad", 0, NULL, NULL},
	{"libstdc++.so.6(GLIBCXX_3.4.9)(64bit)", "libstdc++.so.6(GLIBCXX_3.4.9)(64bit)", 0, NULL,
		NULL},
	{"font(:lang=en)", "font(:lang=en)", 0, NULL, NULL},
	{"pkgconfig(libiscsi) >= 1.9", "pkgconfig(libiscsi)", GT | EQ, "1.9", NULL},
	{"python3.11dist(oslo.config[rst]) >= 9.0", "python3.11dist(oslo.config[rst])", GT | EQ,
		"9.0", NULL},
	{"rpmlib(FileDigests) <= 4.6.0-1", "rpmlib(FileDigests)", LT | EQ, "4.6.0-1", NULL},
	{"user(nova) = dSBub3ZhIC0=", "user(nova)", EQ, "dSBub3ZhIC0=", NULL},
	{"(a if b)", "(a if b)", 0, NULL, NULL},
	{" (a >= 1 with (b or pkgconfig(c))) ", "(a >= 1 with (b or pkgconfig(c)))", 0, NULL,
		"(a >= 1 with (b or pkgconfig(c)))"},
};

static void test_parses_and_writes_back(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_auto(KilnDependency) dependency = {0};
		g_autoptr(GError) error = NULL;

		if (!kiln_dependency_parse(good[i].text, &dependency, &error))
			fail_msg("%s", error->message);
		assert_string_equal(dependency.name, good[i].name);
		assert_int_equal(dependency.flags, good[i].flags);
		assert_int_equal(g_strcmp0(dependency.evr, good[i].evr), 0);
		assert_int_equal(kiln_dependency_is_rich(&dependency),
			strchr(good[i].text, '(') && good[i].name[0] == '(');
		g_autofree char *written = kiln_dependency_format(&dependency);
		assert_string_equal(written, good[i].written ? good[i].written : good[i].text);
	}
}

static const struct {
	const char *text, *fault;
} bad[] = {
	{"", "is empty"},
	{"  \t", "is empty"},
	{"gcc >=", "operator without a version"},
	{"gcc >= 1:", "operator without a version"},
	{"gcc >= -1", "operator without a version"},
	{"gcc >= 1-", "operator without a version"},
	{">= 4", "does not begin"},
	{"-gcc", "does not begin"},
	{"%{gcc}", "does not begin"},
	{"gcc>=4", "no blanks around its operator"},
	{"gcc >=4", "is no operator"},
	{"gcc 4", "is no operator"},
	{"gcc <> 4", "is no operator"},
	{"gcc make", "is no operator"},
	{"gcc >= 4 make", "words after its version"},
	{"gcc >= 4,5", "character that versions do not have"},
	{"gcc >= 1:2:3", "character that versions do not have"},
	{"gcc >= x:2", "epoch that is no number"},
	{"gcc >= 4294967296:2", "epoch that is no number"},
	{"gcc,make", "comma"},
	{"pkgconfig(gcc", "unbalanced parentheses"},
	{"pkgconfig)gcc(", "unbalanced parentheses"},
	{"g\xc3\xa4nse", "outside ASCII"},
	{"gcc\001", "control byte"},
	{"gcc\n", NULL},
	{"/usr/bin/gcc = 4", "path with a version"},
	{"(a if b", "unbalanced parentheses"},
	{"(a if b))", "after its last parenthesis"},
	{"(a) b", "after its last parenthesis"},
	{"()", "is empty"},
	{"(( ) )", "is empty"},
	{"(a\033b)", "control byte"},
};

static void test_refuses_and_says_why(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		KilnDependency dependency = {.name = (char *)"untouched"};
		g_autoptr(GError) error = NULL;

		if (bad[i].fault == NULL) {
			/* The end of a line is a blank around it. */
			assert_true(kiln_dependency_parse(bad[i].text, &dependency, &error));
			kiln_dependency_clear(&dependency);
			continue;
		}
		if (kiln_dependency_parse(bad[i].text, &dependency, &error))
			fail_msg("accepted: %s", bad[i].text);
		assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
		if (strstr(error->message, bad[i].fault) == NULL)
			fail_msg("%s: %s", bad[i].text, error->message);
		assert_string_equal(dependency.name, "untouched");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parses_and_writes_back),
		cmocka_unit_test(test_refuses_and_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
