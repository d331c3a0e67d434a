/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "model/inputs.h"

#include <string.h>

static KilnInputs *make(const char *const (*rows)[3])
{
	KilnInputs *inputs = kiln_inputs_new();

	for (; (*rows)[0]; rows++)
		kiln_inputs_add(inputs, (*rows)[0], (*rows)[1], (*rows)[2]);
	return inputs;
}

static void test_order_of_adding_is_nothing(void **state)
{
	static const char *const one[][3] = {{"spec", "a.spec", "1"}, {"source", "x", "2"}, {"source", "a", "3"}, {0}};
	static const char *const other[][3] = {
		{"source", "x", "2"}, {"source", "a", "3"}, {"spec", "a.spec", "1"}, {"source", "x", "2"}, {0}};
	g_autoptr(KilnInputs) a = make(one), b = make(other);
	g_autofree char *a_text = kiln_inputs_emit(a), *b_text = kiln_inputs_emit(b);
	g_autofree char *a_key = kiln_inputs_digest(a), *b_key = kiln_inputs_digest(b);

	(void)state;
	assert_string_equal(a_text, "source\ta\t3\nsource\tx\t2\nspec\ta.spec\t1\n");
	assert_string_equal(a_text, b_text);
	assert_string_equal(a_key, b_key);
	assert_int_equal(kiln_inputs_count(b), 3);
}

/* No two different sets have one text: what stands in one field cannot look like another. */
static void test_fields_stay_apart(void **state)
{
	static const char *const table[][2][3] = {
		{{"k", "a", "b\nk\tc\td"}, {"k", "a", "b\\nk\\tc\\td"}},
		{{"k", "a\tb", ""}, {"k", "a", "\tb"}},
		{{"k", "a\\", "t"}, {"k", "a", "\\t"}},
		{{"k", "a", ""}, {"k", "a", "\n"}},
		{{"k", "ab", "c"}, {"k", "a", "bc"}},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(KilnInputs) a = kiln_inputs_new(), b = kiln_inputs_new();
		kiln_inputs_add(a, table[i][0][0], table[i][0][1], table[i][0][2]);
		kiln_inputs_add(b, table[i][1][0], table[i][1][1], table[i][1][2]);
		g_autofree char *a_key = kiln_inputs_digest(a), *b_key = kiln_inputs_digest(b);
		assert_string_not_equal(a_key, b_key);
	}
}

static void test_round_trip(void **state)
{
	static const char *const rows[][3] = {{"option", "with\ttab", "a\\b\nc"}, {"option", "with\ttab", "second"},
		{"source", "naïve.patch", ""}, {"buildroot", "gcc.x86_64", "14.2-1 abc"}, {0}};
	g_autoptr(KilnInputs) inputs = make(rows);
	g_autofree char *text = kiln_inputs_emit(inputs);
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnInputs) again = kiln_inputs_parse(text, "x", &error);

	(void)state;
	assert_no_error(error);
	g_autofree char *second = kiln_inputs_emit(again);
	assert_string_equal(second, text);
	g_autoptr(GPtrArray) changes = kiln_inputs_compare(inputs, again);
	assert_int_equal(changes->len, 0);
}

static void test_refuses(void **state)
{
	static const struct {
		const char *text, *part;
	} table[] = {
		{"a\tb\tc", "line 1"},
		{"a\tb\n", "TABs"},
		{"a\tb\tc\td\n", "TABs"},
		{"a\tb\tc\n\n", "line 2"},
		{"\tb\tc\n", "empty"},
		{"a\t\tc\n", "empty"},
		{"a\tb\tc\na\tb\tc\n", "line 2: it is not in order"},
		{"b\tb\tc\na\tb\tc\n", "order"},
		{"a\tb\t\\x\n", "TABs"},
		{"a\tb\t\\\n", "TABs"},
		{"a\tb\t\\", "TABs"},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(GError) error = NULL;
		assert_null(kiln_inputs_parse(table[i].text, "key", &error));
		assert_error(error, KILN_ERROR_VERIFY, table[i].part);
	}
}

static void test_compare_in_words(void **state)
{
	static const char *const before[][3] = {{"source", "x.patch", "1"}, {"source", "old.patch", "1"},
		{"spec", "a.spec", "9"}, {"buildroot", "gcc.x86_64", "14.1-1 aa"}, {"buildroot", "zlib.x86_64", "1.3-1 bb"},
		{"buildroot", "awk.noarch", "1-1 cc"}, {"option", "with tests", "1"}, {0}};
	static const char *const after[][3] = {{"source", "x.patch", "2"}, {"source", "new.patch", "1"},
		{"spec", "a.spec", "9"}, {"buildroot", "gcc.x86_64", "14.2-1 dd"}, {"buildroot", "zlib.x86_64", "1.3-1 ee"},
		{"buildroot", "sed.noarch", "2:4-1 ff"}, {0}};
	static const char *const words[] = {"buildroot lacks: awk 1-1", "buildroot changed: gcc 14.1-1 → 14.2-1",
		"buildroot gained: sed 2:4-1", "buildroot changed: zlib 1.3-1 (rebuilt)", "option removed: with tests",
		"source added: new.patch", "source removed: old.patch", "source changed: x.patch"};
	g_autoptr(KilnInputs) old = make(before), now = make(after);
	g_autoptr(GPtrArray) changes = kiln_inputs_compare(old, now);
	const KilnInputChange *last;

	(void)state;
	assert_int_equal(changes->len, G_N_ELEMENTS(words));
	for (guint i = 0; i < changes->len; i++) {
		g_autofree char *text = kiln_input_change_describe(changes->pdata[i]);
		assert_string_equal(text, words[i]);
	}
	last = changes->pdata[changes->len - 1];
	assert_string_equal(last->old_value, "1");
	assert_string_equal(last->new_value, "2");
	assert_null(((KilnInputChange *)changes->pdata[5])->old_value);
}

/* Two values under one name: only what differs is told. */
static void test_compare_many_of_one_name(void **state)
{
	static const char *const before[][3] = {{"k", "n", "1"}, {"k", "n", "2"}, {0}};
	static const char *const after[][3] = {{"k", "n", "2"}, {"k", "n", "3"}, {"k", "n", "4"}, {0}};
	g_autoptr(KilnInputs) old = make(before), now = make(after);
	g_autoptr(GPtrArray) changes = kiln_inputs_compare(old, now);

	(void)state;
	assert_int_equal(changes->len, 2);
	assert_string_equal(((KilnInputChange *)changes->pdata[0])->old_value, "1");
	assert_string_equal(((KilnInputChange *)changes->pdata[0])->new_value, "3");
	assert_null(((KilnInputChange *)changes->pdata[1])->old_value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_adding_is_nothing),
		cmocka_unit_test(test_fields_stay_apart),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_compare_in_words),
		cmocka_unit_test(test_compare_many_of_one_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
