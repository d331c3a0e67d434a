/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host's kernel must offer to programs of old targets. */
#include "engine/target_check.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void test_kernel_with_the_page(void **state)
{
	(void)state;
	assert_true(kiln_target_check_kernel("7ffd1000-7ffd3000 r-xp 00000000 00:00 0    [vdso]\n"
					     "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0    [vsyscall]\n",
		NULL));
}

static void test_kernel_without_the_page(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(kiln_target_check_kernel("7ffd1000-7ffd3000 r-xp 00000000 00:00 0    [vdso]\n", &error));
	assert_int_equal(error->code, KILN_ERROR_SYSTEM);
	assert_non_null(strstr(error->message, "no vsyscall page"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_with_the_page),
		cmocka_unit_test(test_kernel_without_the_page),
	};

	return cmocka_run_group_tests_name("target_check", tests, NULL, NULL);
}
