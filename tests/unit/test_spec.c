/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/spec.h"
#include "model/spec_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static KilnSpec *make_spec(const char *name, guint32 epoch)
{
	KilnSpec *spec = kiln_spec_new();

	spec->name = g_strdup(name);
	spec->epoch = epoch;
	spec->version = g_strdup("1.0~rc1");
	spec->release = g_strdup("3.el9");
	spec->arch = g_strdup("x86_64");
	return spec;
}

static void test_identity(void **state)
{
	g_autoptr(KilnSpec) plain = make_spec("tgt", 0);
	g_autoptr(KilnSpec) epoch = make_spec("tgt", G_MAXUINT32);
	g_autofree char *plain_evr = kiln_spec_evr(plain);
	g_autofree char *epoch_evr = kiln_spec_evr(epoch);
	g_autofree char *source = kiln_spec_source_nevra(epoch);

	(void)state;
	assert_string_equal(plain_evr, "1.0~rc1-3.el9");
	assert_string_equal(epoch_evr, "4294967295:1.0~rc1-3.el9");
	assert_string_equal(source, "tgt-1.0~rc1-3.el9.src");
}

static void test_withheld_source_makes_nosrc(void **state)
{
	g_autoptr(KilnSpec) source = make_spec("a", 0);
	g_autoptr(KilnSpec) patch = make_spec("a", 0);

	(void)state;
	g_ptr_array_add(source->sources, kiln_spec_source_new(0, "x", FALSE));
	g_autofree char *complete = kiln_spec_source_nevra(source);
	assert_string_equal(complete, "a-1.0~rc1-3.el9.src");
	g_ptr_array_add(source->sources, kiln_spec_source_new(1, "y", TRUE));
	g_autofree char *without_source = kiln_spec_source_nevra(source);
	assert_string_equal(without_source, "a-1.0~rc1-3.el9.nosrc");
	g_ptr_array_add(patch->patches, kiln_spec_source_new(0, "z", TRUE));
	g_autofree char *without_patch = kiln_spec_source_nevra(patch);
	assert_string_equal(without_patch, "a-1.0~rc1-3.el9.nosrc");
}

static void test_source_filename(void **state)
{
	static const struct {
		const char *value, *filename;
	} table[] = {
		{"fix.patch", "fix.patch"},
		{"https://example.org/a/b-1.tar.gz", "b-1.tar.gz"},
		{"https://example.org/get?id=7#/c.zip", "c.zip"},
		{"https://example.org/", ""},
		{"", ""},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autoptr(KilnSpecSource) source = kiln_spec_source_new(7, table[i].value, FALSE);
		assert_string_equal(source->filename, table[i].filename);
		assert_string_equal(source->value, table[i].value);
		assert_int_equal(source->number, 7);
	}
}

static void test_package_filename(void **state)
{
	g_autoptr(KilnSpecPackage) package = kiln_spec_package_new();

	(void)state;
	package->name = g_strdup("libtgt");
	package->epoch = 2;
	package->version = g_strdup("1");
	package->release = g_strdup("4");
	package->arch = g_strdup("noarch");
	g_autofree char *filename = kiln_spec_package_filename(package);
	g_autofree char *evr = kiln_spec_package_evr(package);
	assert_string_equal(filename, "libtgt-1-4.noarch.rpm");
	assert_string_equal(evr, "2:1-4");
}

static void test_architectures(void **state)
{
	g_autoptr(KilnSpec) spec = make_spec("a", 0);

	(void)state;
	assert_true(kiln_spec_allows_arch(spec, "x86_64"));
	g_ptr_array_add(spec->exclude_archs, g_strdup("s390"));
	assert_false(kiln_spec_allows_arch(spec, "s390"));
	assert_true(kiln_spec_allows_arch(spec, "x86_64"));
	g_ptr_array_add(spec->exclusive_archs, g_strdup("aarch64"));
	g_ptr_array_add(spec->exclusive_archs, g_strdup("s390"));
	assert_false(kiln_spec_allows_arch(spec, "x86_64"));
	assert_true(kiln_spec_allows_arch(spec, "aarch64"));
	assert_false(kiln_spec_allows_arch(spec, "s390"));
}

static void test_sort_unique(void **state)
{
	static const char *const given[] = {
		"make", "gcc", "make", "(a or b)", "gcc", "gcc", "zlib"};
	static const char *const wanted[] = {"(a or b)", "gcc", "make", "zlib"};
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);

	(void)state;
	kiln_spec_sort_unique(texts);
	assert_int_equal(texts->len, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(given); i++)
		g_ptr_array_add(texts, g_strdup(given[i]));
	kiln_spec_sort_unique(texts);
	assert_int_equal(texts->len, G_N_ELEMENTS(wanted));
	for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
		assert_string_equal(g_ptr_array_index(texts, i), wanted[i]);
}

static void test_diagnostic_format(void **state)
{
	g_autoptr(KilnSpecDiagnostic) full = kiln_spec_diagnostic_new(TRUE, "/a.spec", 3, "bad");
	g_autoptr(KilnSpecDiagnostic) file = kiln_spec_diagnostic_new(TRUE, "/a.spec", 0, "bad");
	g_autoptr(KilnSpecDiagnostic) bare = kiln_spec_diagnostic_new(TRUE, NULL, 3, "bad");
	g_autofree char *full_text = kiln_spec_diagnostic_format(full);
	g_autofree char *file_text = kiln_spec_diagnostic_format(file);
	g_autofree char *bare_text = kiln_spec_diagnostic_format(bare);

	(void)state;
	assert_string_equal(full_text, "/a.spec:3: bad");
	assert_string_equal(file_text, "/a.spec: bad");
	assert_string_equal(bare_text, "bad");
}

static void test_check_passes(void **state)
{
	g_autoptr(KilnSpec) spec = make_spec("a", 0);

	(void)state;
	g_ptr_array_add(spec->sources, kiln_spec_source_new(0, "https://example.org/a.tgz", FALSE));
	kiln_spec_check(spec, "/a.spec", "Name: a\n");
	assert_null(spec->failure);
}

static void test_check_finds_unexpanded_macro(void **state)
{
	g_autoptr(KilnSpec) spec = make_spec("a", 0);

	(void)state;
	g_free(spec->version);
	spec->version = g_strdup("%{upstream}");
	kiln_spec_check(spec, "/a.spec", "Name: a\n# Version: %x\n  version: %{upstream}\n");
	assert_non_null(spec->failure);
	assert_int_equal(spec->failure->line, 3);
	assert_string_equal(spec->failure->file, "/a.spec");
	assert_string_equal(
		spec->failure->text, "Version is \"%{upstream}\": the macro is not defined");
}

static void test_check_looks_at_packages(void **state)
{
	g_autoptr(KilnSpec) spec = make_spec("a", 0);
	KilnSpecPackage *package = kiln_spec_package_new();

	(void)state;
	package->name = g_strdup("a-%{part}");
	g_ptr_array_add(spec->packages, package);
	kiln_spec_check(spec, "/a.spec", NULL);
	assert_non_null(spec->failure);
	assert_int_equal(spec->failure->line, 0);
	assert_non_null(strstr(spec->failure->text, "a-%{part}"));
}

static void test_check_wants_file_names(void **state)
{
	static const char *const values[] = {"https://example.org/", "", "..", ".", "a/.hidden"};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autoptr(KilnSpec) spec = make_spec("a", 0);
		g_ptr_array_add(spec->patches, kiln_spec_source_new(4, values[i], FALSE));
		kiln_spec_check(spec, "/a.spec", "Name: a\nPatch4: x");
		assert_non_null(spec->failure);
		assert_true(g_str_has_prefix(spec->failure->text, "Patch4 is "));
	}
}

static void test_find_line(void **state)
{
	static const char text[] = "one\n\tTwo: x\ntwo: y";

	(void)state;
	assert_int_equal(kiln_spec_check_find_line(text, "two:", "y"), 3);
	assert_int_equal(kiln_spec_check_find_line(text, "two:", ""), 2);
	assert_int_equal(kiln_spec_check_find_line(text, "three", ""), 0);
	assert_int_equal(kiln_spec_check_find_line(NULL, "two", ""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_withheld_source_makes_nosrc),
		cmocka_unit_test(test_source_filename),
		cmocka_unit_test(test_package_filename),
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_sort_unique),
		cmocka_unit_test(test_diagnostic_format),
		cmocka_unit_test(test_check_passes),
		cmocka_unit_test(test_check_finds_unexpanded_macro),
		cmocka_unit_test(test_check_looks_at_packages),
		cmocka_unit_test(test_check_wants_file_names),
		cmocka_unit_test(test_find_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
