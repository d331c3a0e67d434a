/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/rpmspec_output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const char source_text[] =
	"name widget\nepoch 2\nversion 1.0\nrelease 3\narch x86_64\n"
	"summary Every kind of tag\nlicense MIT AND BSD\n"
	"url https://example.org/\n"
	"time 1793707200\ntime 1793620800\n"
	"buildarch noarch\nexclusive x86_64\nexclusive aarch64\nexclude s390\n"
	"requires make >= 4\nrequires gcc\nrequires (a or b >= 2)\nrequires gcc\n"
	"requires rpmlib(CompressedFileNames) <= 3.0.4-1\n"
	"conflicts clang\nbuilt widget\nbuilt widget-doc\n"
	"nosource 5\nnopatch 3\nunknown word\n\nword-without-value\n";

static void test_source(void **state)
{
	g_autoptr(KilnSpec) spec = kiln_spec_new();
	g_autoptr(KilnRpmspecSource) source = kiln_rpmspec_output_parse_source(spec, source_text);

	(void)state;
	assert_non_null(source);
	assert_string_equal(spec->name, "widget");
	assert_int_equal(spec->epoch, 2);
	assert_string_equal(spec->summary, "Every kind of tag");
	assert_string_equal(spec->url, "https://example.org/");
	assert_int_equal(spec->changelog_time, 1793707200);
	assert_int_equal(spec->exclusive_archs->len, 2);
	assert_int_equal(spec->exclude_archs->len, 1);
	assert_int_equal(spec->build_requires->len, 3);
	assert_string_equal(g_ptr_array_index(spec->build_requires, 0), "(a or b >= 2)");
	assert_string_equal(g_ptr_array_index(spec->build_requires, 1), "gcc");
	assert_string_equal(g_ptr_array_index(spec->build_requires, 2), "make >= 4");
	assert_int_equal(spec->build_conflicts->len, 1);
}

static void test_packages(void **state)
{
	static const char text[] =
		"package\nname widget\nepoch 0\nversion 1\nrelease 2\narch x86_64\nsummary S\n"
		"license L\ngroup Unspecified\nprovides widget = 1-2\nrequires rpmlib(X) <= 1\n"
		"requires sh\n"
		"package\nname widget-never\nversion 1\nrelease 2\narch noarch\ngroup Old/Group\n"
		"obsoletes o\nrecommends r\nsuggests s\nsupplements u\nenhances e\nconflicts c\n";
	g_autoptr(KilnSpec) spec = kiln_spec_new();
	g_autoptr(KilnRpmspecSource) source = kiln_rpmspec_output_parse_source(spec, source_text);

	(void)state;
	kiln_rpmspec_output_parse_packages(spec, source, text);
	assert_int_equal(spec->packages->len, 2);
	const KilnSpecPackage *first = g_ptr_array_index(spec->packages, 0);
	const KilnSpecPackage *second = g_ptr_array_index(spec->packages, 1);
	assert_true(first->is_built);
	assert_null(first->group);
	assert_int_equal(first->requires->len, 1);
	assert_string_equal(g_ptr_array_index(first->requires, 0), "sh");
	assert_false(second->is_built);
	assert_string_equal(second->group, "Old/Group");
	assert_string_equal(second->arch, "noarch");
	assert_int_equal(second->obsoletes->len, 1);
	assert_int_equal(second->recommends->len, 1);
	assert_int_equal(second->suggests->len, 1);
	assert_int_equal(second->supplements->len, 1);
	assert_int_equal(second->enhances->len, 1);
	assert_int_equal(second->conflicts->len, 1);
}

static void assert_source(const GPtrArray *sources, guint index, guint number, const char *value,
	gboolean is_withheld)
{
	const KilnSpecSource *source = g_ptr_array_index(sources, index);

	assert_int_equal(source->number, number);
	assert_string_equal(source->value, value);
	assert_int_equal(source->is_withheld, is_withheld);
}

static void test_spec(void **state)
{
	static const char text[] = "Name: widget\n"
				   "SOURCE0 : https://example.org/a.tgz\n"
				   "Source5: data.zip\n"
				   "Source: after-five\n"
				   "# Source8: in a comment\n"
				   "SourceLicense: MIT\n"
				   "patch: first.patch\n"
				   "Patch3: third.patch  \n"
				   "%description\n"
				   "Source9: in a text\n"
				   "%package doc\n"
				   "Source2: of a subpackage\n"
				   "%sourcelist\n"
				   "listed.conf\n"
				   "\n"
				   "%patchlist\n"
				   "listed.patch\n"
				   "%prep\n"
				   "Patch99: no tag\n"
				   "%checkout\n"
				   "%generate_buildrequires\n"
				   "%check\n"
				   "make check\n";
	g_autoptr(KilnSpec) spec = kiln_spec_new();
	g_autoptr(KilnRpmspecSource) source = kiln_rpmspec_output_parse_source(spec, source_text);

	(void)state;
	kiln_rpmspec_output_parse_spec(spec, source, text);
	assert_int_equal(spec->sources->len, 5);
	assert_source(spec->sources, 0, 0, "https://example.org/a.tgz", FALSE);
	assert_source(spec->sources, 1, 2, "of a subpackage", FALSE);
	assert_source(spec->sources, 2, 5, "data.zip", TRUE);
	assert_source(spec->sources, 3, 6, "after-five", FALSE);
	assert_source(spec->sources, 4, 7, "listed.conf", FALSE);
	assert_int_equal(spec->patches->len, 3);
	assert_source(spec->patches, 0, 0, "first.patch", FALSE);
	assert_source(spec->patches, 1, 3, "third.patch", TRUE);
	assert_source(spec->patches, 2, 4, "listed.patch", FALSE);
	assert_true(spec->has_check);
	assert_true(spec->has_generate_buildrequires);
}

static void test_sections_are_words(void **state)
{
	g_autoptr(KilnSpec) spec = kiln_spec_new();
	g_autoptr(KilnRpmspecSource) source = kiln_rpmspec_output_parse_source(spec, "");

	(void)state;
	kiln_rpmspec_output_parse_spec(spec, source, "%checkout\n%prep\nmake %check\n");
	assert_false(spec->has_check);
	assert_false(spec->has_generate_buildrequires);
	assert_int_equal(spec->sources->len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_packages),
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_sections_are_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
