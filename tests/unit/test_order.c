/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "engine/order.h"

#include <string.h>

/* A spec that builds packages `name` and `name`-devel, the latter also providing pkgconfig(name). */
static void add_spec(GPtrArray *specs, const char *name, const char *first, const char *second)
{
	KilnSpec *spec = kiln_spec_new();
	KilnSpecPackage *main_package = kiln_spec_package_new();
	KilnSpecPackage *devel = kiln_spec_package_new();

	spec->name = g_strdup(name);
	main_package->name = g_strdup(name);
	devel->name = g_strconcat(name, "-devel", NULL);
	g_ptr_array_add(devel->provides, g_strdup_printf("pkgconfig(%s) = 1", name));
	g_ptr_array_add(spec->packages, main_package);
	g_ptr_array_add(spec->packages, devel);
	if (first)
		g_ptr_array_add(spec->build_requires, g_strdup(first));
	if (second)
		g_ptr_array_add(spec->build_requires, g_strdup(second));
	g_ptr_array_add(specs, spec);
}

static void test_needed_come_first(void **state)
{
	g_autoptr(GPtrArray) specs = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_spec_free);
	g_autofree guint *order = NULL;

	(void)state;
	add_spec(specs, "a", "pkgconfig(c) >= 1", "gcc");
	add_spec(specs, "b", NULL, NULL);
	add_spec(specs, "c", "b-devel", "c");
	order = kiln_order_specs(specs, NULL);
	assert_non_null(order);
	assert_int_equal(order[0], 1);
	assert_int_equal(order[1], 2);
	assert_int_equal(order[2], 0);
}

static void test_cycle_is_a_path(void **state)
{
	g_autoptr(GPtrArray) specs = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_spec_free);
	g_autoptr(GError) error = NULL;

	(void)state;
	add_spec(specs, "start", "x", NULL);
	add_spec(specs, "x", "y-devel", NULL);
	add_spec(specs, "y", "x", NULL);
	assert_null(kiln_order_specs(specs, &error));
	assert_error(error, KILN_ERROR_UNSOLVABLE, "cycle: \"x\" needs \"y\" needs \"x\";");
}

static void test_closure(void **state)
{
	g_autoptr(GPtrArray) specs = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_spec_free);
	gboolean wanted[4] = {TRUE, FALSE, FALSE, FALSE};

	(void)state;
	add_spec(specs, "a", "b", NULL);
	add_spec(specs, "b", "c-devel", NULL);
	add_spec(specs, "c", NULL, NULL);
	add_spec(specs, "d", "a", NULL);
	kiln_order_close(specs, wanted);
	assert_true(wanted[1] && wanted[2]);
	assert_false(wanted[3]);
}

static void test_outside(void **state)
{
	g_autoptr(GPtrArray) specs = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_spec_free);
	g_autofree const char **outside = NULL;

	(void)state;
	add_spec(specs, "a", "pkgconfig(b) >= 1", "gcc");
	add_spec(specs, "b", NULL, NULL);
	outside = kiln_order_outside(specs, specs->pdata[0]);
	assert_string_equal(outside[0], "gcc");
	assert_null(outside[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needed_come_first),
		cmocka_unit_test(test_cycle_is_a_path),
		cmocka_unit_test(test_closure),
		cmocka_unit_test(test_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
