/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/solution.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void add(KilnSolution *solution, const char *nevra)
{
	KilnSolvPackage *package = kiln_solv_package_new();

	assert_true(kiln_nevra_parse(nevra, &package->nevra, NULL));
	kiln_solution_add(solution, package);
}

static void assert_packages(const GPtrArray *packages, const char *expected)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = g_ptr_array_index(packages, i);
		g_autofree char *nevra = kiln_nevra_format(&package->nevra);
		g_string_append_printf(names, "%s ", nevra);
	}
	assert_string_equal(names->str, expected);
}

static void test_sorted_and_in_order(void **state)
{
	g_autoptr(KilnSolution) solution = kiln_solution_new(NULL);

	(void)state;
	add(solution, "b-1-1.noarch");
	add(solution, "c-1-1.noarch");
	add(solution, "a-2-1.noarch");
	add(solution, "a-1-1.noarch");
	assert_packages(kiln_solution_packages(solution),
		"a-1-1.noarch a-2-1.noarch b-1-1.noarch c-1-1.noarch ");
	assert_packages(kiln_solution_in_order(solution),
		"b-1-1.noarch c-1-1.noarch a-2-1.noarch a-1-1.noarch ");
	assert_packages(kiln_solution_installed(solution), "");
}

static void test_outlives_what_is_below(void **state)
{
	KilnSolution *ground = kiln_solution_new(NULL);

	(void)state;
	add(ground, "m-1-1.noarch");
	KilnSolution *middle = kiln_solution_new(ground);
	add(middle, "a-1-1.noarch");
	kiln_solution_free(ground);
	g_autoptr(KilnSolution) top = kiln_solution_new(middle);
	kiln_solution_free(middle);
	add(top, "z-1-1.noarch");
	assert_packages(kiln_solution_installed(top), "a-1-1.noarch m-1-1.noarch ");
	assert_packages(kiln_solution_packages(top), "z-1-1.noarch ");
}

static void test_explains_from_the_request(void **state)
{
	g_autoptr(KilnSolution) solution = kiln_solution_new(NULL);

	(void)state;
	kiln_solution_add_reason(solution, "libc", "bash", "bash needs libc");
	kiln_solution_add_reason(solution, "bash", NULL, "you need bash");
	g_auto(GStrv) lines = kiln_solution_explain(solution, "libc");
	assert_int_equal(g_strv_length(lines), 2);
	assert_string_equal(lines[0], "you need bash");
	assert_string_equal(lines[1], "bash needs libc");
	assert_null(kiln_solution_explain(solution, "zsh"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted_and_in_order),
		cmocka_unit_test(test_outlives_what_is_below),
		cmocka_unit_test(test_explains_from_the_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
