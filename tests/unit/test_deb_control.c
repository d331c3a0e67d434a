/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "format/deb_control.h"

#include <string.h>

static GPtrArray *parse(const char *text, GError **error)
{
	return kiln_deb_control_parse(text, strlen(text), error);
}

static void test_fields_and_paragraphs(void **state)
{
	g_autoptr(GPtrArray) paragraphs = NULL;
	GError *error = NULL;

	(void)state;
	paragraphs = parse("\n# comment\nPackage: bash\nVersion:5.2-1\nDescription: shell\n"
			   " first line\n .\n  kept indent\n# within\nEssential:\tyes \r\n\n "
			   "\n\nPackage: zsh\nEmpty:\n",
		&error);
	assert_no_error(error);
	assert_int_equal(paragraphs->len, 2);
	assert_string_equal(kiln_deb_control_get(paragraphs->pdata[0], "Package"), "bash");
	assert_string_equal(kiln_deb_control_get(paragraphs->pdata[0], "vErSiOn"), "5.2-1");
	assert_string_equal(kiln_deb_control_get(paragraphs->pdata[0], "Description"),
		"shell\nfirst line\n.\n kept indent");
	assert_string_equal(kiln_deb_control_get(paragraphs->pdata[0], "Essential"), "yes");
	assert_null(kiln_deb_control_get(paragraphs->pdata[0], "Depends"));
	assert_int_equal(kiln_deb_control_size(paragraphs->pdata[0]), 4);
	assert_string_equal(kiln_deb_control_field(paragraphs->pdata[0], 2), "Description");
	assert_string_equal(kiln_deb_control_get(paragraphs->pdata[1], "Package"), "zsh");
	assert_string_equal(kiln_deb_control_get(paragraphs->pdata[1], "Empty"), "");
}

static void test_empty_text_has_no_paragraph(void **state)
{
	static const char *const texts[] = {"", "\n", "\n \n\t\n", "# only a comment", "\r\n"};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		GError *error = NULL;
		g_autoptr(GPtrArray) paragraphs = parse(texts[i], &error);
		assert_no_error(error);
		assert_int_equal(paragraphs->len, 0);
	}
}

static const struct {
	const char *text, *message;
} bad[] = {
	{" continued", "line 1: a continuation without a field"},
	{"A: b\n\n c", "line 3: a continuation without a field"},
	{"A", "line 1: not of the form"},
	{"A b: c", "line 1: not of the form"},
	{": c", "line 1: not of the form"},
	{"-A: c", "line 1: not of the form"},
	{"A: b\nB\n", "line 2: not of the form"},
	{"A: b\na: c\n", "line 2: a field given twice"},
	{"\xc3\xa4: c", "line 1: not of the form"},
	{"A: \xff", "not UTF-8"},
};

static void test_bad_texts_name_the_line(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		GError *error = NULL;
		assert_null(parse(bad[i].text, &error));
		assert_error(error, KILN_ERROR_CONFIG, bad[i].message);
	}
}

static void test_nul_byte_is_refused(void **state)
{
	GError *error = NULL;

	(void)state;
	assert_null(kiln_deb_control_parse("A: b\0c\n", 7, &error));
	assert_error(error, KILN_ERROR_CONFIG, "not UTF-8");
}

static void test_what_is_emitted_parses_to_the_same(void **state)
{
	const char *text = "A: b\nLong: first\n second\n .\n  indented\nEmpty: \n\nB: c\n";
	GError *error = NULL;
	g_autoptr(GPtrArray) paragraphs = NULL;
	g_autofree char *emitted = NULL;

	(void)state;
	paragraphs = parse(text, &error);
	assert_no_error(error);
	emitted = kiln_deb_control_emit(paragraphs);
	assert_string_equal(emitted, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_and_paragraphs),
		cmocka_unit_test(test_empty_text_has_no_paragraph),
		cmocka_unit_test(test_bad_texts_name_the_line),
		cmocka_unit_test(test_nul_byte_is_refused),
		cmocka_unit_test(test_what_is_emitted_parses_to_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
