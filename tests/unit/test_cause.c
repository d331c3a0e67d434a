/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "engine/cause.h"
#include "engine/cause_rules.h"
#include "engine/cause_scan.h"

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
			"does not apply to x: 1 out of 1 hunk FAILED -- saving rejects to file x.rej", 3},
		{"RPM build errors:\nerror: Installed (but unpackaged) file(s) found:\n   /usr/bin/x\n",
			"Installed (but unpackaged) file(s) found: /usr/bin/x", 2},
		{"/usr/bin/ld: a.o: undefined reference to `foo'\ncollect2: error: ld returned 1 exit status\n",
			"/usr/bin/ld: a.o: undefined reference to `foo'", 1},
		{"make: *** No rule to make target 'all'.  Stop.\nerror: Bad exit status from x\n",
			"make: *** No rule to make target 'all'. Stop.", 1},
		{"Traceback (most recent call last):\n  File \"setup.py\", line 1\nModuleNotFoundError: No module named 'pbr'\n",
			"ModuleNotFoundError: No module named 'pbr' (setup.py:1)", 3},
		{"/var/tmp/rpm-tmp.1: line 3: cmake: command not found\nerror: Bad exit status from x (%build)\n",
			"cmake: command not found", 1},
		{"+ exit 1\nerror: Bad exit status from /var/tmp/rpm-tmp.7 (%check)\n",
			"%check: it ends with \"exit 1\"", 1},
		{"error: Bad exit status from /var/tmp/rpm-tmp.7 (%check)\n",
			"Bad exit status from /var/tmp/rpm-tmp.7 (%check)", 1},
		{"all is well\n", NULL, 0},
		{"", NULL, 0},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_auto(KilnCause) cause = {0};
		kiln_cause_find(table[i].log, &cause);
		if (table[i].line)
			assert_string_equal(cause.line ? cause.line : "nothing", table[i].line);
		else
			assert_null(cause.line);
		assert_int_equal(cause.number, table[i].number);
	}
}

#define STEP(stage, lines)                                                                         \
	"Executing(%" stage "): /bin/sh -e /var/tmp/rpm-tmp.x\n" lines                             \
	"error: Bad exit status from /var/tmp/rpm-tmp.x (%" stage ")\n\nRPM build errors:\n"     \
	"    Bad exit status from /var/tmp/rpm-tmp.x (%" stage ")\n"
#define GOOD_STEP(stage, lines)                                                                    \
	"Executing(%" stage "): /bin/sh -e /var/tmp/rpm-tmp.w\n" lines "+ exit 0\n"
#define COMPILER "a.c:1:1: error: nonsense\n"

/* Where a line stands decides before what it says. */
static void test_places(void **state)
{
	static const struct {
		const char *log, *line;
		guint number;
	} table[] = {
		/* Of the last command, though another of the step says something more telling. */
		{STEP("build", "+ ./probe\n" COMPILER "+ ./next\ncp: cannot stat 'x'\n"), "cp: cannot stat 'x'", 5},
		/* Of the step, where the last command only ends it. */
		{STEP("build", "+ make\n" COMPILER "+ exit 1\n"), "a.c:1:1: error: nonsense", 3},
		/* Not of a step that went well. */
		{GOOD_STEP("build", "+ make\n" COMPILER) STEP("check", "+ make\n+ false\n"),
			"%check: it ends with \"false\"", 7},
		{GOOD_STEP("build", "+ make\n" COMPILER) STEP("check", "+ grep x y\n"),
			"%check: \"grep x y\" fails without a word", 6},
		{STEP("build", "+ '[' -f a.o ']'\n"), "%build: \"test -f a.o\" does not hold", 2},
		/* A number that was compared is about something above. */
		{STEP("build", "+ make\n" COMPILER "+ '[' 2 -eq 0 ']'\n"), "a.c:1:1: error: nonsense", 3},
		/* What Kiln says comes last and wins. */
		{"Executing(%build): x\n+ make\n" COMPILER "\nkiln: stopped: no output for 5 s\n",
			"stopped: no output for 5 s", 5},
		{STEP("build", "+ make\n" COMPILER) "\nkiln: stopped: out of memory\n", "stopped: out of memory", 9},
		/* Colours are not read. */
		{STEP("build", "+ make\n\033[01m\033[Ka.c:3:1:\033[m\033[K \033[01;31m\033[Kerror: \033[m\033[Kx\n"),
			"a.c:3:1: error: x", 3},
		{"\033]0;title\007error: a\nx\033", "a", 1},
		/* The command that the trace shows is no message. */
		{STEP("build", "+ make\n+ printf 'a.c:1:1: error: x'\n+ test -f x\n"),
			"%build: \"test -f x\" fails without a word", 4},
		{"ok 1\nnot ok 2 - later # TODO\nnot ok 3 - greets: \"#1\"\n# got nothing\nnot ok - x\n",
			"not ok 3 - greets: \"#1\": got nothing", 3},
		{"+ ./client\nTraceback (most recent call last):\nsmoke-client: error: x\n", "smoke-client: error: x", 3},
		/* Where a package was built does not matter. */
		{STEP("build", "+ make\n/builddir/build/BUILD/a-1-build/a-1/src/b.c:1: error: x\n"),
			"src/b.c:1: error: x", 3},
		{"error: File not found: /builddir/build/BUILDROOT/a-1-1.x86_64/usr/bin/a\n",
			"File not found: /usr/bin/a", 1},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_auto(KilnCause) cause = {0};
		kiln_cause_find(table[i].log, &cause);
		assert_non_null(cause.line);
		assert_string_equal(cause.line, table[i].line);
		assert_int_equal(cause.number, table[i].number);
	}
}

/* What is told is one line that a terminal can show, however long or odd. */
static void test_hostile(void **state)
{
	g_autoptr(GString) text = g_string_new("a.c:1: error: \001\377");
	g_auto(KilnCause) cause = {0}, none = {0};

	(void)state;
	for (int i = 0; i < 2000; i++)
		g_string_append(text, "é");
	kiln_cause_find(text->str, &cause);
	assert_true(g_str_has_prefix(cause.line, "a.c:1: error: ?"));
	assert_true(strlen(cause.line) < 700);
	assert_true(g_utf8_validate(cause.line, -1, NULL));
	assert_string_equal(cause.kind, "compile");
	g_string_assign(text, "a.c:1: error: ");
	for (int i = 0; i < 20000; i++)
		g_string_append_c(text, 'x');
	kiln_cause_find(text->str, &none);
	assert_null(none.line);
}

/* Logs of the kinds that cost most to look through (tests/bench/bench_cause.c says how much). */
static void test_long_logs(void **state)
{
	static const char *const lines[] = {
		"gcc -O2 -Werror=format-security -Wp,-D_FORTIFY_SOURCE=3 -c -o error7.o error7.c\n",
		"error7.c:7:2: warning: #warning \"error: this is a warning\" [-Wcpp]\n",
		"Traceback (most recent call last):\n  File \"x.py\", line 3\n    frob7()\nodd 7\n",
		"____________________ test_7 ____________________\nok 7\n",
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autoptr(GString) text = g_string_new("Executing(%build): x\n+ make\n");
		g_auto(KilnCause) cause = {0};

		while (text->len < 1024 * 1024)
			g_string_append(text, lines[i]);
		g_string_append(text, "a.c:1: error: x\nerror: Bad exit status from x (%build)\n");
		kiln_cause_find(text->str, &cause);
		assert_string_equal(cause.line, "a.c:1: error: x");
	}
}

#define RULE "[a]\nkind = x\nhas = xyz\n"

static void test_table(void **state)
{
	static const struct {
		const char *text, *part;
	} table[] = {
		{"[a]\nkind = x\nhas = xyz\n", "t:1: section [a] lacks the key \"match\""},
		{RULE "match = (\n", "t:4: key \"match\": "},
		{RULE "match = x\nbefore = [\n", "t:5: key \"before\": "},
		{RULE "match = x\nlast = 1\n", "t:5: key \"last\": \"1\" is neither yes nor no"},
		{RULE "match = x\nafterr = x\n", "t:5: unknown key \"afterr\" in [a]; did you mean \"after\"?"},
		{"[a]\nkind = x\nhas = xyz||abc\nmatch = x\n", "t:3: names a text of less than two characters"},
		{"[a]\nkind = x\nhas = x\nmatch = x\n", "t:3: names a text of less than two characters"},
		{"[a]\nkind = x\nhas =\nmatch = x\n", "t:3: names no text"},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(GError) error = NULL;
		assert_null(kiln_cause_table_parse(table[i].text, "t", &error));
		assert_error(error, KILN_ERROR_CONFIG, table[i].part);
	}
}

/* What a rule tells names groups that one of its expressions has. */
static void test_own_table(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnCauseTable) table = kiln_cause_table_parse(kiln_cause_table_text, "causes", &error);

	(void)state;
	assert_no_error(error);
	assert_true(table->rules->len > 80);
	for (guint i = 0; i < table->rules->len; i++) {
		const KilnCauseRule *rule = table->rules->pdata[i];
		const GRegex *expressions[] = {rule->match, rule->before, rule->after};
		for (const char *p = rule->tell; (p = strchr(p, '$')); p++) {
			g_autofree char *name = g_strndup(p + 1, strspn(p + 1, "abcdefghijklmnopqrstuvwxyz"));
			gboolean is_known = g_str_equal(name, "line") || g_str_equal(name, "stage");
			for (gsize j = 0; j < G_N_ELEMENTS(expressions); j++)
				is_known |= expressions[j] && g_regex_get_string_number(expressions[j], name) > 0;
			if (!is_known)
				fail_msg("[%s] tells \"$%s\", which nothing matches", rule->name, name);
		}
	}
}

static void test_scan(void **state)
{
	static const char log[] = "\n+ abc error: xabcabc\n+ err";
	static const struct {
		const char *text;
		guint count;
		guint32 places[3];
	} table[] = {
		{"abc", 3, {3, 15, 18}},
		{"\n+", 2, {0, 21}},
		{"error:", 1, {7}},
		{"error", 1, {7}},
		{"err", 2, {7, 24}},
		{"+ err", 1, {22}},
		{"errors", 0, {0}},
	};
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	g_autoptr(KilnCauseScan) scan = NULL;
	g_autoptr(GPtrArray) places = NULL;

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
		g_ptr_array_add(texts, (gpointer)table[i].text);
	scan = kiln_cause_scan_new(texts);
	places = kiln_cause_scan_run(scan, log, strlen(log));
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		const GArray *found = places->pdata[i];
		assert_int_equal(found->len, table[i].count);
		for (guint j = 0; j < found->len; j++)
			assert_int_equal(g_array_index(found, guint32, j), table[i].places[j]);
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
	g_auto(KilnCause) empty = {0}, found = {0};

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
	g_auto(KilnCause) none = {0}, found = {0};

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
		g_auto(KilnCause) cause = {0};
		kiln_cause_find_in_file(paths[i], &cause);
		assert_null(cause.line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_long_logs),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_own_table),
		cmocka_unit_test(test_scan),
		cmocka_unit_test_setup_teardown(test_file, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_huge_file, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_no_file, setup_scratch, teardown_scratch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
