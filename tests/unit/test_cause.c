/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "engine/cause.h"

#include <string.h>

static void test_causes(void **state)
{
	static const struct {
		const char *log, *line;
		guint number;
	} table[] = {
		{"cc -c a.c\na.c:3:10: fatal error: foo.h: No such file or directory\ncompilation terminated.\n"
		 "make: *** [Makefile:2: a.o] Error 1\nerror: Bad exit status from /var/tmp/rpm-tmp.x (%build)\n",
			"a.c:3:10: fatal error: foo.h: No such file or directory", 2},
		{"patching file usr/x.c\nHunk #1 FAILED at 3.\n1 out of 1 hunk FAILED -- saving rejects to file x.rej\n"
		 "error: Bad exit status from /var/tmp/rpm-tmp.x (%prep)\n",
			"1 out of 1 hunk FAILED -- saving rejects to file x.rej", 3},
		{"RPM build errors:\nerror: Installed (but unpackaged) file(s) found:\n   /usr/bin/x\n",
			"error: Installed (but unpackaged) file(s) found: /usr/bin/x", 2},
		{"/usr/bin/ld: a.o: undefined reference to `foo'\ncollect2: error: ld returned 1 exit status\n",
			"/usr/bin/ld: a.o: undefined reference to `foo'", 1},
		{"make: *** No rule to make target 'all'.  Stop.\nerror: Bad exit status from x\n",
			"make: *** No rule to make target 'all'.  Stop.", 1},
		{"Traceback (most recent call last):\n  File \"setup.py\", line 1\nModuleNotFoundError: No module named 'pbr'\n",
			"ModuleNotFoundError: No module named 'pbr'", 3},
		{"/var/tmp/rpm-tmp.1: line 3: cmake: command not found\nerror: Bad exit status from x (%build)\n",
			"/var/tmp/rpm-tmp.1: line 3: cmake: command not found", 1},
		{"+ exit 1\nerror: Bad exit status from /var/tmp/rpm-tmp.7 (%check)\n",
			"error: Bad exit status from /var/tmp/rpm-tmp.7 (%check)", 2},
		{"all is well\n", NULL, 0},
		{"", NULL, 0},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_auto(KilnCause) cause = {NULL, 0};
		kiln_cause_find(table[i].log, &cause);
		if (table[i].line)
			assert_string_equal(cause.line, table[i].line);
		else
			assert_null(cause.line);
		assert_int_equal(cause.number, table[i].number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_causes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
