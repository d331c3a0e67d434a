/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmversion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Each is older than the next. */
static const char *const ascending[] = {
	"1.0~rc1-1",
	"1.0~rc1^git1-1",
	"1.0~rc2-1",
	"1.0-1",
	"1.0-1.1",
	"1.0-2",
	"1.0-10",
	"1.0^git1-1",
	"1.0a-1",
	"1.0.1-1",
	"1.9-1",
	"1.10-1",
	"2-1",
	"1:0.1-1",
	"2:0~a-1",
};

static void test_orders_like_rpm(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(ascending); i++)
		for (gsize j = 0; j < G_N_ELEMENTS(ascending); j++) {
			int order = kiln_rpmversion_compare(ascending[i], ascending[j]);
			if ((order > 0) - (order < 0) != (i > j) - (i < j))
				fail_msg("%s and %s: %d", ascending[i], ascending[j], order);
		}
}

static void test_equal_in_other_words(void **state)
{
	static const char *const pairs[][2] = {
		{"0:1.0-1", "1.0-1"},
		{"1.05-1", "1.5-1"},
		{"1_0-1", "1.0-1"},
		{"1.0", "1.0"},
		{"", ""},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
		assert_int_equal(kiln_rpmversion_compare(pairs[i][0], pairs[i][1]), 0);
		assert_int_equal(kiln_rpmversion_compare(pairs[i][1], pairs[i][0]), 0);
	}
}

static void test_overlaps_like_rpm(void **state)
{
	static const struct {
		const char *a, *b;
		gboolean overlap;
	} cases[] = {
		{"role", "role", TRUE},
		{"role", "roles", FALSE},
		{"role < 2", "role", TRUE},
		{"role = 2-1", "role < 2", FALSE},
		{"role = 2-1", "role <= 2", TRUE},
		{"role = 2-1", "role = 2", TRUE},
		{"role = 1:1", "role < 2", FALSE},
		{"role > 1", "role < 2", TRUE},
		{"role = 2~rc1-1", "role < 2", TRUE},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(KilnDependency) a = {0}, b = {0};
		assert_true(kiln_dependency_parse(cases[i].a, &a, NULL));
		assert_true(kiln_dependency_parse(cases[i].b, &b, NULL));
		if (kiln_rpmversion_overlap(&a, &b) != cases[i].overlap ||
			kiln_rpmversion_overlap(&b, &a) != cases[i].overlap)
			fail_msg("%s, %s: expected %d", cases[i].a, cases[i].b, cases[i].overlap);
	}
}

static void test_missing_parts(void **state)
{
	(void)state;
	assert_true(kiln_rpmversion_compare("1.0", "1.0-1") < 0);
	assert_true(kiln_rpmversion_compare("1.0-1", "1.0") > 0);
	assert_true(kiln_rpmversion_compare("", "0") < 0);
	assert_true(kiln_rpmversion_compare("0", "") > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders_like_rpm),
		cmocka_unit_test(test_equal_in_other_words),
		cmocka_unit_test(test_overlaps_like_rpm),
		cmocka_unit_test(test_missing_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
