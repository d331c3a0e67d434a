/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "format/tap.h"

#include <string.h>

static void test_objections(void **state)
{
	static const struct {
		const char *text, *objection; /* NULL: none */
	} table[] = {
		{"ok 1 - a\nok 2 - b\n1..2\n", NULL},
		{"1..1\nnoise\nok 1\n", NULL},
		{"1..2 # plan\nok 1 - a\nnot ok 2 - b # TODO later\n", NULL},
		{"ok 1 - a\nnot ok 2 - b\n1..2\n", "checks that failed: 1"},
		{"", "it checked nothing"},
		{"okay\nnot okay\n", "it checked nothing"},
		{"1..0\n", "it checked nothing"},
		{"ok 1 - a\n", "it gave no plan"},
		{"ok 1 - a\n1..\n", "it gave no plan"},
		{"1..3\nok 1 - a\n", "checks made: 1, planned: 3"},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		KilnTap tap;
		g_autofree char *objection = NULL;
		kiln_tap_read(table[i].text, &tap);
		objection = kiln_tap_objection(&tap);
		if (!table[i].objection)
			assert_null(objection);
		else
			assert_true(objection && g_str_has_prefix(objection, table[i].objection));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_objections)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
