/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "engine/cause.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static const char error_line[] = "a.c:3:10: fatal error: foo.h: No such file or directory";

/* The cause in a file of these bytes. */
static void find_in(const char *directory, const GString *bytes, KilnCause *ret_cause)
{
	g_autofree char *path = g_build_filename(directory, "log", NULL);

	assert_true(g_file_set_contents(path, bytes->str, (gssize)bytes->len, NULL));
	kiln_cause_find_in_file(path, ret_cause);
}

static void test_file(void **state)
{
	g_autoptr(GString) bytes = g_string_new(NULL);
	g_auto(KilnCause) empty = {NULL, 0}, found = {NULL, 0};

	find_in(*state, bytes, &empty);
	assert_null(empty.line);
	g_string_append_len(bytes, "a\0b\n", 4);
	g_string_append_printf(bytes, "%s\n", error_line);
	find_in(*state, bytes, &found);
	assert_string_equal(found.line, error_line);
	assert_int_equal(found.number, 2);
}

/* Of a huge log only the end is read. */
static void test_huge_file(void **state)
{
	g_autoptr(GString) bytes = g_string_new("make: *** [x] Error 7\n");
	g_auto(KilnCause) none = {NULL, 0}, found = {NULL, 0};

	for (int i = 0; i < 10 * 1024 * 1024 / 64; i++)
		g_string_append_printf(bytes, "%063d\n", i);
	find_in(*state, bytes, &none);
	assert_null(none.line);
	g_string_append_printf(bytes, "%s\n", error_line);
	find_in(*state, bytes, &found);
	assert_string_equal(found.line, error_line);
	assert_int_equal(found.number, 10 * 1024 * 1024 / 64 + 2);
}

/* What is no regular file is neither waited for nor followed. */
static void test_no_file(void **state)
{
	g_autofree char *fifo = g_build_filename(*state, "fifo", NULL);
	g_autofree char *link = g_build_filename(*state, "link", NULL);
	g_autofree char *target = g_build_filename(*state, "target", NULL);
	const char *paths[] = {fifo, link, *state, "/nonexistent"};

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_true(g_file_set_contents(target, error_line, -1, NULL));
	assert_int_equal(symlink(target, link), 0);
	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_auto(KilnCause) cause = {NULL, 0};
		kiln_cause_find_in_file(paths[i], &cause);
		assert_null(cause.line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_causes),
		cmocka_unit_test_setup_teardown(test_file, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_huge_file, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_no_file, setup_scratch, teardown_scratch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
