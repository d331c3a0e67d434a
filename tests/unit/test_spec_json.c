/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "format/spec_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static KilnSpecPackage *make_package(const char *name)
{
	KilnSpecPackage *package = kiln_spec_package_new();

	package->name = g_strdup(name);
	package->epoch = 2;
	package->version = g_strdup("1.0~rc1");
	package->release = g_strdup("3.el9");
	package->arch = g_strdup("x86_64");
	package->summary = g_strdup("Sümmary \"quoted\" \\ end");
	package->license = g_strdup("MIT AND BSD");
	package->is_built = TRUE;
	g_ptr_array_add(package->provides, g_strdup("widget = 2:1.0~rc1-3.el9"));
	g_ptr_array_add(package->requires, g_strdup("(a if b)"));
	g_ptr_array_add(package->requires, g_strdup("libfoo(x86-64) >= 1"));
	g_ptr_array_add(package->conflicts, g_strdup("c"));
	g_ptr_array_add(package->obsoletes, g_strdup("o < 1"));
	g_ptr_array_add(package->recommends, g_strdup("r"));
	g_ptr_array_add(package->suggests, g_strdup("s"));
	g_ptr_array_add(package->supplements, g_strdup("u"));
	g_ptr_array_add(package->enhances, g_strdup("e"));
	return package;
}

static KilnSpec *make_spec(void)
{
	KilnSpec *spec = kiln_spec_new();

	spec->evaluator = KILN_SPEC_EVALUATOR_TARGET;
	spec->evaluator_version = g_strdup("4.20.1");
	spec->name = g_strdup("widget");
	spec->epoch = 2;
	spec->version = g_strdup("1.0~rc1");
	spec->release = g_strdup("3.el9");
	spec->arch = g_strdup("x86_64");
	spec->summary = g_strdup("Widgets");
	spec->license = g_strdup("MIT");
	spec->url = g_strdup("https://example.org/");
	spec->dist = g_strdup(".el9");
	spec->changelog_time = 1793707200;
	spec->has_check = TRUE;
	g_ptr_array_add(spec->exclusive_archs, g_strdup("x86_64"));
	g_ptr_array_add(spec->build_requires, g_strdup("gcc"));
	g_ptr_array_add(spec->build_conflicts, g_strdup("clang"));
	g_ptr_array_add(spec->sources, kiln_spec_source_new(0, "https://example.org/a.tgz", TRUE));
	g_ptr_array_add(spec->patches, kiln_spec_source_new(12, "fix.patch", FALSE));
	g_ptr_array_add(spec->packages, make_package("widget"));
	g_ptr_array_add(spec->packages, make_package("widget-doc"));
	g_ptr_array_add(spec->diagnostics, kiln_spec_diagnostic_new(FALSE, "/a.spec", 3, "odd"));
	g_ptr_array_add(spec->diagnostics, kiln_spec_diagnostic_new(TRUE, NULL, 0, "odder"));
	return spec;
}

static KilnSpec *parse(const char *text, GError **error)
{
	return kiln_spec_json_parse(text, strlen(text), error);
}

static void test_round_trip(void **state)
{
	g_autoptr(KilnSpec) spec = make_spec();
	g_autofree char *text = kiln_spec_json_emit(spec);
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnSpec) read = parse(text, &error);

	(void)state;
	assert_null(error);
	assert_non_null(read);
	g_autofree char *again = kiln_spec_json_emit(read);
	assert_string_equal(text, again);
	assert_int_equal(read->evaluator, KILN_SPEC_EVALUATOR_TARGET);
	assert_int_equal(read->epoch, 2);
	assert_int_equal(read->changelog_time, 1793707200);
	assert_true(read->has_check);
	assert_false(read->has_generate_buildrequires);
	const KilnSpecPackage *package = g_ptr_array_index(read->packages, 0);
	assert_string_equal(package->summary, "Sümmary \"quoted\" \\ end");
	assert_null(package->group);
	assert_int_equal(package->requires->len, 2);
	const KilnSpecSource *source = g_ptr_array_index(read->sources, 0);
	assert_true(source->is_withheld);
	assert_string_equal(source->filename, "a.tgz");
	assert_int_equal(read->diagnostics->len, 2);
	assert_null(read->failure);
}

static void test_failure_round_trip(void **state)
{
	g_autoptr(KilnSpec) spec = kiln_spec_new();

	(void)state;
	spec->evaluator_version = g_strdup("4.18.0");
	spec->failure = kiln_spec_diagnostic_new(TRUE, "/a.spec", 7, "Unclosed %if");
	g_autofree char *text = kiln_spec_json_emit(spec);
	g_autoptr(KilnSpec) read = parse(text, NULL);
	assert_non_null(read);
	assert_non_null(read->failure);
	assert_int_equal(read->failure->line, 7);
	assert_string_equal(read->failure->text, "Unclosed %if");
	assert_int_equal(read->packages->len, 0);
}

static void test_emit_repairs_texts(void **state)
{
	g_autoptr(KilnSpec) spec = make_spec();

	(void)state;
	g_free(spec->summary);
	spec->summary = g_strdup("bell\a, escape\033[31m, latin \xe9, tab\t.");
	g_autofree char *text = kiln_spec_json_emit(spec);
	g_autoptr(KilnSpec) read = parse(text, NULL);
	assert_non_null(read);
	assert_string_equal(read->summary, "bell?, escape?[31m, latin \xef\xbf\xbd, tab .");
}

/* Each replaces `find` (once) in the good document by `put`, and must be refused. */
static const struct {
	const char *find, *put;
} forgeries[] = {
	{"\"format\" : 1", "\"format\" : 2"},
	{"\"format\" : 1", "\"format\" : \"1\""},
	{"\"format\" : 1", "\"format\" : 1.0"},
	{"\"target\"", "\"somebody\""},
	{"\"evaluator\" : \"target\"", "\"evaluator\" : null"},
	{"\"name\" : \"widget\"", "\"name\" : \"../widget\""},
	{"\"name\" : \"widget\"", "\"name\" : \"wid/get\""},
	{"\"name\" : \"widget\"", "\"name\" : \"\""},
	{"\"name\" : \"widget\"", "\"name\" : \".widget\""},
	{"\"name\" : \"widget\"", "\"name\" : \"-rf\""},
	{"\"name\" : \"widget\"", "\"name\" : \"wid get\""},
	{"\"name\" : \"widget\"", "\"name\" : \"wid\\nget\""},
	{"\"name\" : \"widget\"", "\"name\" : \"wid\\u0000get\""},
	{"\"name\" : \"widget\"", "\"name\" : \"%{name}\""},
	{"\"name\" : \"widget\"", "\"name\" : 7"},
	{"\"name\" : \"widget\"", "\"name\" : [\"widget\"]"},
	{"\"name\" : \"widget\",", ""},
	{"\"name\" : \"widget-doc\"", "\"name\" : \"..\""},
	{"\"epoch\" : 2", "\"epoch\" : -1"},
	{"\"epoch\" : 2", "\"epoch\" : 4294967296"},
	{"\"epoch\" : 2", "\"epoch\" : true"},
	{"\"version\" : \"1.0~rc1\"", "\"version\" : \"1-0\""},
	{"\"version\" : \"1.0~rc1\"", "\"version\" : \"~1\""},
	{"\"release\" : \"3.el9\"", "\"release\" : \"3/../..\""},
	{"\"arch\" : \"x86_64\"", "\"arch\" : \"x86-64\""},
	{"\"arch\" : \"x86_64\"", "\"arch\" : \"../x\""},
	{"\"summary\" : \"Widgets\"", "\"summary\" : \"Wid\\u001bgets\""},
	{"\"summary\" : \"Widgets\"", "\"summary\" : \"Wid\\u009bgets\""},
	{"\"summary\" : \"Widgets\"", "\"summary\" : {\"a\" : 1}"},
	{"\"check\" : true", "\"check\" : 1"},
	{"\"check\" : true", "\"check\" : true, \"more\" : 1"},
	{"\"changelog_time\" : 1793707200", "\"changelog_time\" : 99999999999"},
	{"\"source_nevra\" : \"widget-", "\"source_nevra\" : \"gadget-"},
	{"\"filename\" : \"a.tgz\"", "\"filename\" : \"b.tgz\""},
	{"\"filename\" : \"a.tgz\"", "\"filename\" : \"../a.tgz\""},
	{"\"value\" : \"https://example.org/a.tgz\"", "\"value\" : \"https://example.org/..\""},
	{"\"number\" : 12", "\"number\" : -12"},
	{"\"number\" : 12", "\"number\" : 12, \"number2\" : 1"},
	{"\"withheld\" : true", "\"withheld\" : \"yes\""},
	{"\"build_requires\" : [", "\"build_requires\" : [ 7, "},
	{"\"build_requires\" : [", "\"build_requires\" : [ \"a\\u0007\", "},
	{"\"build_requires\" : [", "\"build_requires\" : [ [], "},
	{"\"packages\" : [", "\"packages\" : [ \"widget\", "},
	{"\"packages\" : [", "\"packages\" : [ [[[[[[[[[]]]]]]]]], "},
	{"\"error\" : true", "\"error\" : null"},
	{"\"line\" : 3", "\"line\" : 3000000000"},
	{"\"name\" : \"widget\"", "\"failure\" : 1, \"name\" : \"widget\""},
	{"{", "[{"},
	{"{", ""},
};

static char *forge(const char *text, const char *find, const char *put)
{
	GString *forged = g_string_new(text);

	assert_int_equal(g_string_replace(forged, find, put, 1), 1);
	return g_string_free(forged, FALSE);
}

static void test_forgeries_are_refused(void **state)
{
	g_autoptr(KilnSpec) spec = make_spec();
	g_autofree char *text = kiln_spec_json_emit(spec);

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(forgeries); i++) {
		g_autofree char *forged = forge(text, forgeries[i].find, forgeries[i].put);
		g_autoptr(GError) error = NULL;
		KilnSpec *read = parse(forged, &error);
		if (read)
			fail_msg("accepted: %s", forgeries[i].put);
		assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
		assert_null(strpbrk(error->message, "\n\033\a"));
	}
}

static void test_failure_excludes_the_rest(void **state)
{
	static const char text[] =
		"{\"format\":1,\"evaluator\":\"host\",\"evaluator_version\":\"4\",\"diagnostics\":["
		"],"
		"\"failure\":{\"error\":true,\"line\":1,\"text\":\"x\"},\"name\":\"a\"}";
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(parse(text, &error));
	assert_non_null(error);
}

static void test_texts_that_are_no_document(void **state)
{
	static const char *const texts[] = {
		"", " ", "null", "[]", "1", "{}", "{\"format\":1}", "\xff"};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		assert_null(parse(texts[i], &error));
		assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
	}
	assert_null(kiln_spec_json_parse("{}\0{}", 5, NULL));
}

static void test_depth_is_bounded(void **state)
{
	g_autofree char *text = g_strnfill(1000000, '[');

	(void)state;
	assert_null(parse(text, NULL));
}

static void test_size_is_bounded(void **state)
{
	g_autoptr(KilnSpec) spec = make_spec();
	g_autofree char *text = kiln_spec_json_emit(spec);
	g_autofree char *blanks = g_strnfill(KILN_SPEC_JSON_MAX_BYTES, ' ');
	g_autofree char *large = g_strconcat(text, blanks, NULL);
	g_autofree char *summary = g_strnfill(17 * 1024, 'x');

	(void)state;
	assert_null(parse(large, NULL));
	g_autofree char *quoted = g_strconcat("\"", summary, "\"", NULL);
	g_autofree char *wordy = forge(text, "\"Widgets\"", quoted);
	assert_null(parse(wordy, NULL));
}

static void test_items_are_bounded(void **state)
{
	g_autoptr(KilnSpec) spec = make_spec();

	(void)state;
	for (guint i = 0; i < 20000; i++)
		g_ptr_array_add(spec->build_requires, g_strdup_printf("a%05u", i));
	g_autofree char *text = kiln_spec_json_emit(spec);
	assert_null(parse(text, NULL));
	g_ptr_array_remove_index(spec->build_requires, 0);
	g_autofree char *shorter = kiln_spec_json_emit(spec);
	g_autoptr(KilnSpec) read = parse(shorter, NULL);
	assert_non_null(read);
}

static void test_lists_come_back_sorted(void **state)
{
	g_autoptr(KilnSpec) spec = make_spec();

	(void)state;
	g_ptr_array_add(spec->build_requires, g_strdup("aaa"));
	g_ptr_array_add(spec->build_requires, g_strdup("gcc"));
	g_autofree char *text = kiln_spec_json_emit(spec);
	g_autoptr(KilnSpec) read = parse(text, NULL);
	assert_non_null(read);
	assert_int_equal(read->build_requires->len, 2);
	assert_string_equal(g_ptr_array_index(read->build_requires, 0), "aaa");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_failure_round_trip),
		cmocka_unit_test(test_emit_repairs_texts),
		cmocka_unit_test(test_forgeries_are_refused),
		cmocka_unit_test(test_failure_excludes_the_rest),
		cmocka_unit_test(test_texts_that_are_no_document),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_size_is_bounded),
		cmocka_unit_test(test_items_are_bounded),
		cmocka_unit_test(test_lists_come_back_sorted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
