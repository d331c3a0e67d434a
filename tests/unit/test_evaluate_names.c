/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "engine/evaluate_names.h"

static GHashTable *new_set(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* A text, the names that must be found in it (separated by spaces), and one that must not. */
static void test_scan(void **state)
{
	static const struct {
		const char *text, *names, *absent;
	} rows[] = {
		{"%include %{_sourcedir}/macros.inc\n", "macros.inc", "include"},
		{"see fix.patch.\n", "fix.patch fix.patch.", "see"},
		{"%(cat %{_sourcedir}/VERSION)", "VERSION", "cat"},
		{"cp %{SOURCE1} .hidden ../x", "x", ".hidden"},
		{"Name: nova\nVersion: 2011.3\nSource0: %{name}-%{version}.tar.gz\n", "nova-2011.3.tar.gz", "nova"},
		{"Name: a\nPatch7: http://x.y/%name.patch\n", "a.patch", "http"},
		{"%define prj keystone\nName: openstack-%{prj}\nSource12: %{name}.%{?prj}\n",
			"openstack-keystone.keystone", "%{name}.%{?prj}"},
		{"%global tarball %{prj}.tar\n%define prj x\nSource: %{tarball}\n", "x.tar", "%{prj}.tar"},
		{"Name: a\nSource1: %{unknown}-%{name}.conf\n", "%{unknown}-a.conf", "a.conf"},
		{"Source1: %{name\nSource2: %\nSource3: %{", "%{name % %{", "name"},
		{"Sources: a b\nSourceX: c\n", "", "c"},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GHashTable) names = new_set();
		g_auto(GStrv) wanted = g_strsplit(rows[i].names, " ", -1);

		kiln_evaluate_names_scan(names, rows[i].text, strlen(rows[i].text));
		for (char **name = wanted; *name && **name; name++)
			if (!g_hash_table_contains(names, *name))
				fail_msg("row %zu lacks \"%s\"", i, *name);
		if (g_hash_table_contains(names, rows[i].absent))
			fail_msg("row %zu has \"%s\"", i, rows[i].absent);
	}
}

/* Definitions that would be expanded for ever, and to nothing. */
static void test_endless_definitions(void **state)
{
	g_autoptr(GHashTable) names = new_set();
	g_autoptr(GString) text = g_string_new("%define m0 \n");

	(void)state;
	for (guint level = 1; level < 7; level++) {
		g_string_append_printf(text, "%%define m%u ", level);
		for (guint i = 0; i < 200; i++)
			g_string_append_printf(text, "%%m%u", level - 1);
		g_string_append_c(text, '\n');
	}
	g_string_append(text, "%define self %self%self\nSource0: %m6\nSource1: %self\nSource2: end.tar\n");
	kiln_evaluate_names_scan(names, text->str, text->len);
	assert_true(g_hash_table_contains(names, "end.tar"));
}

static void test_learn(void **state)
{
	g_autoptr(GHashTable) names = new_set();
	g_autoptr(KilnSpec) spec = kiln_spec_new();

	(void)state;
	g_ptr_array_add(spec->sources, kiln_spec_source_new(0, "http://x.y/a.tar.gz", FALSE));
	g_ptr_array_add(spec->patches, kiln_spec_source_new(0, "b.patch", FALSE));
	g_ptr_array_add(spec->diagnostics,
		kiln_spec_diagnostic_new(FALSE, NULL, 0, "cat: /src/VERSION: No such file; /src/two."));
	spec->failure = kiln_spec_diagnostic_new(TRUE, "x", 1, "Unable to open /src/macros.inc: gone");
	kiln_evaluate_names_learn(names, spec, "/src");
	assert_true(g_hash_table_contains(names, "a.tar.gz"));
	assert_true(g_hash_table_contains(names, "b.patch"));
	assert_true(g_hash_table_contains(names, "VERSION"));
	assert_true(g_hash_table_contains(names, "two"));
	assert_true(g_hash_table_contains(names, "macros.inc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_endless_definitions),
		cmocka_unit_test(test_learn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
