/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/spec_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* The messages are those of rpm 4.18.0 and 4.20.1; the file told beforehand is "/s/a.spec". */
static const struct {
	const char *message;
	const char *file; /* NULL: no diagnostic at all */
	guint line;
	const char *text;
} messages[] = {
	{"line 5: Unknown tag: Licence: MIT\n", "/s/a.spec", 5, "Unknown tag: Licence: MIT"},
	{"line 6: Unclosed %if\n", "/s/a.spec", 6, "Unclosed %if"},
	{"/s/a.spec:6: bad %if condition:  \"a\" ==\n", "/s/a.spec", 6,
		"bad %if condition:  \"a\" =="},
	{"/s/b.inc: line 12: %else with no %if\n", "/s/b.inc", 12, "%else with no %if"},
	{"line 9 doesn't belong to any section: x\n", "/s/a.spec", 9,
		"line 9 doesn't belong to any section: x"},
	{"/s/a:b.spec: line 3: odd name", "/s/a:b.spec", 3, "odd name"},
	{"Package has no %description: a\n", "/s/a.spec", 0, "Package has no %description: a"},
	{"Name field must be present before build in package: (null)\n", "/s/a.spec", 0,
		"Name field must be present before build"},
	{"first\nsecond\ttab\033[31m\n", "/s/a.spec", 0, "first second tab?[31m"},
	{"line x: no number\n", "/s/a.spec", 0, "line x: no number"},
	{"line 0: counts from one\n", "/s/a.spec", 0, "line 0: counts from one"},
	{"line 99999999999999999999: far\n", "/s/a.spec", 0, "line 99999999999999999999: far"},
	{"/no/place at all\n", "/s/a.spec", 0, "/no/place at all"},
	{"Bad source: /b/SOURCES/a.tgz: Permission denied\n", "/s/a.spec", 0,
		"Bad source: /b/SOURCES/a.tgz: Permission denied"},
	{"Bad source: /b/SOURCES/a.tgz: No such file or directory\n", NULL, 0, NULL},
	{"Bad file: /b/SOURCES/1.patch: No such file or directory\n", NULL, 0, NULL},
	{"          ^\n", NULL, 0, NULL},
	{"\n", NULL, 0, NULL},
	{"", NULL, 0, NULL},
	{"/usr/lib/rpm/macros: line 40: Macro %x has illegal name\n", NULL, 0, NULL},
	{"/usr/lib/rpm/macros:40: another form\n", NULL, 0, NULL},
};

static void test_messages(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(messages); i++) {
		g_autoptr(KilnSpecDiagnostic) diagnostic =
			kiln_spec_log_parse(messages[i].message, TRUE, "/s/a.spec");
		if (!messages[i].file) {
			assert_null(diagnostic);
			continue;
		}
		assert_non_null(diagnostic);
		assert_true(diagnostic->is_error);
		assert_string_equal(diagnostic->text, messages[i].text);
		assert_string_equal(diagnostic->file, messages[i].file);
		assert_int_equal(diagnostic->line, messages[i].line);
	}
}

static void test_long_message_is_cut(void **state)
{
	g_autofree char *message = g_strnfill(100000, 'x');
	g_autoptr(KilnSpecDiagnostic) diagnostic = kiln_spec_log_parse(message, FALSE, NULL);

	(void)state;
	assert_int_equal(strlen(diagnostic->text), 1000);
	assert_null(diagnostic->file);
	assert_false(diagnostic->is_error);
}

static KilnSpec *log_of(const char *output)
{
	KilnSpec *spec = kiln_spec_new();

	kiln_spec_log_parse_output(spec->diagnostics, output, "/s/a.spec");
	return spec;
}

static void test_output(void **state)
{
	g_autoptr(KilnSpec) spec = log_of("warning: line 24: prereq is deprecated: PreReq: x\n"
					  "sh: python: not found\n"
					  "error: line 3: Unknown tag: x\n"
					  "\n");
	const KilnSpecDiagnostic *warning = g_ptr_array_index(spec->diagnostics, 0);
	const KilnSpecDiagnostic *talk = g_ptr_array_index(spec->diagnostics, 1);
	const KilnSpecDiagnostic *error = g_ptr_array_index(spec->diagnostics, 2);

	(void)state;
	assert_int_equal(spec->diagnostics->len, 3);
	assert_false(warning->is_error);
	assert_int_equal(warning->line, 24);
	assert_string_equal(warning->file, "/s/a.spec");
	assert_false(talk->is_error);
	assert_null(talk->file);
	assert_string_equal(talk->text, "sh: python: not found");
	assert_true(error->is_error);
	assert_int_equal(error->line, 3);
	assert_ptr_equal(kiln_spec_log_first_error(spec), error);
}

static void test_output_is_bounded(void **state)
{
	GString *output = g_string_new(NULL);

	(void)state;
	for (guint i = 0; i < 10 * KILN_SPEC_LOG_MAX; i++)
		g_string_append_printf(output, "warning: number %u\n", i);
	g_autofree char *text = g_string_free(output, FALSE);
	g_autoptr(KilnSpec) spec = log_of(text);
	assert_int_equal(spec->diagnostics->len, KILN_SPEC_LOG_MAX);
}

/* What rpm said, the spec's text, and the failure to be told. */
static const struct {
	const char *output, *text;
	guint line;
	const char *failure;
} conclusions[] = {
	{"error: parse error in expression: x\nerror: /s/a.spec:6: bad %if condition: x\n", NULL, 6,
		"bad %if condition: x"},
	{"warning: line 1: odd\nerror: line 2: first\nerror: line 3: second\n", NULL, 2, "first"},
	{"error: no place\nerror: neither\n", NULL, 0, "no place"},
	{"warning: line 1: odd\n", NULL, 0, "rpm refuses the spec without saying why"},
	{"", NULL, 0, "rpm refuses the spec without saying why"},
	{"error: Unable to open /b/x.inc: No such file or directory\n",
		"Name: a\n%include %{SOURCE0}\n%include /b/x.inc\n", 3,
		"Unable to open /b/x.inc: No such file or directory"},
	{"error: Unable to open /b/x.inc: No such file or directory\n",
		"Name: a\n%include %{SOURCE0}\n", 2,
		"Unable to open /b/x.inc: No such file or directory"},
	{"error: bad date in %changelog: Someday 3 A <a@b>\n",
		"%changelog\n* Mon Nov 02 2026 B\n- x\n* Someday 3 A <a@b>\n", 4,
		"bad date in %changelog: Someday 3 A <a@b>"},
	{"error: %changelog entries must start with *\n", "Name: a\n%changelog\nx\n", 2,
		"%changelog entries must start with *"},
	{"error: bad date in %changelog: x\n", NULL, 0, "bad date in %changelog: x"},
};

static void test_conclusions(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(conclusions); i++) {
		g_autoptr(KilnSpec) spec = log_of(conclusions[i].output);
		kiln_spec_log_conclude(spec, "/s/a.spec", conclusions[i].text);
		assert_non_null(spec->failure);
		assert_string_equal(spec->failure->file, "/s/a.spec");
		assert_string_equal(spec->failure->text, conclusions[i].failure);
		assert_int_equal(spec->failure->line, conclusions[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_long_message_is_cut),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_output_is_bounded),
		cmocka_unit_test(test_conclusions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
