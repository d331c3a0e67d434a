/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "model/capability.h"
#include "model/debian.h"

#include <string.h>

static const struct {
	const char *text, *evr, *epoch;
	gboolean native;
} versions[] = {
	{"1.2", "1.2-0", NULL, TRUE},
	{"1.2-3", "1.2-3", NULL, FALSE},
	{"2:6.3.0+dfsg-3", "2:6.3.0+dfsg-3", "2", FALSE},
	{"0:1-1", "1-1", NULL, FALSE},
	{"00:1-1", "1-1", NULL, FALSE},
	{"1:1.3.dfsg+really1.3.1-1+b1", "1:1.3.dfsg+really1.3.1-1+b1", "1", FALSE},
	{"257.13-1~deb13u1", "257.13-1~deb13u1", NULL, FALSE},
	{"2.12.7+dfsg+really2.9.14-2.1+deb13u3", "2.12.7+dfsg+really2.9.14-2.1+deb13u3", NULL,
		FALSE},
	{"1-2-3", "1.2-3", NULL, FALSE},
	{"1-2-3-4", "1.2.3-4", NULL, FALSE},
	{"13.8+deb13u7", "13.8+deb13u7-0", NULL, TRUE},
};

static const char *const bad_versions[] = {"", "-", "-1", "1-", ":1", "a:1-1", "1:", "1 2", "1_2",
	"1:2:3", "1/2", "1^2", "\xc3\xa4", "1\n", "1234567890:1"};

static void test_versions_become_evr(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
		g_auto(KilnDebianVersion) version = {0};
		GError *error = NULL;
		g_autofree char *evr = NULL;
		assert_true(kiln_debian_version_parse(versions[i].text, &version, &error));
		assert_no_error(error);
		evr = kiln_debian_version_evr(&version);
		assert_string_equal(evr, versions[i].evr);
		assert_int_equal(version.native, versions[i].native);
		assert_int_equal(g_strcmp0(version.epoch, versions[i].epoch), 0);
	}
}

static void test_bad_versions_are_refused(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(bad_versions); i++) {
		KilnDebianVersion version = {0};
		GError *error = NULL;
		if (kiln_debian_version_parse(bad_versions[i], &version, &error))
			fail_msg("accepted \"%s\"", bad_versions[i]);
		assert_null(version.version);
		assert_error(error, KILN_ERROR_CONFIG, "is not a Debian version");
	}
}

static char *list_text(const GPtrArray *list)
{
	static const char *const senses[] = {
		"", "?", "<", "?", ">", "?", "?", "?", "=", "?", "<=", "?", ">="};
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < list->len; i++) {
		const KilnCapability *capability = list->pdata[i];
		g_string_append_printf(text, "%s%s", i ? "; " : "", capability->name);
		if (capability->sense)
			g_string_append_printf(
				text, " %s %s", senses[capability->sense], capability->evr);
		else
			assert_string_equal(capability->evr, "");
	}
	return g_string_free(text, FALSE);
}

static const struct {
	KilnDebianRelation kind;
	const char *value, *mapped;
} relations[] = {
	{KILN_DEBIAN_REQUIRE, "", ""},
	{KILN_DEBIAN_REQUIRE, " , ", ""},
	{KILN_DEBIAN_REQUIRE, "libc6", "libc6"},
	{KILN_DEBIAN_REQUIRE, "libc6, base-files", "libc6; base-files"},
	{KILN_DEBIAN_REQUIRE, "libc6 (>= 2.38)", "libc6 >= 2.38"},
	{KILN_DEBIAN_REQUIRE, "libc6(>=2.38)", "libc6 >= 2.38"},
	{KILN_DEBIAN_REQUIRE, "a (>= 1.2-3~)", "a >= 1.2-3~"},
	{KILN_DEBIAN_REQUIRE, "a (= 1:2-3)", "a = 1:2-3"},
	{KILN_DEBIAN_REQUIRE, "a (= 2)", "a = 2"},
	/* V-1 is later than V, and rpm would ignore the release */
	{KILN_DEBIAN_REQUIRE, "a (>> 2)", "a > 2-0"},
	{KILN_DEBIAN_REQUIRE, "a (<= 2)", "a <= 2-0"},
	{KILN_DEBIAN_REQUIRE, "a (<< 2)", "a < 2"},
	{KILN_DEBIAN_REQUIRE, "a (>> 2-1)", "a > 2-1"},
	{KILN_DEBIAN_REQUIRE, "a (> 2)", "a >= 2"},
	{KILN_DEBIAN_REQUIRE, "a (< 2-1)", "a <= 2-1"},
	{KILN_DEBIAN_REQUIRE, "python3:any", "python3"},
	{KILN_DEBIAN_REQUIRE, "python3:any (>= 3.9~)", "python3 >= 3.9~"},
	{KILN_DEBIAN_REQUIRE, "a [amd64] <!nocheck>", "a"},
	{KILN_DEBIAN_REQUIRE, "a | b", "(a or b)"},
	{KILN_DEBIAN_REQUIRE, "debconf (>= 0.5) | debconf-2.0", "(debconf >= 0.5 or debconf-2.0)"},
	{KILN_DEBIAN_REQUIRE, "a|b (<< 2) |c:any", "(a or b < 2 or c)"},
	{KILN_DEBIAN_REQUIRE, "g++ (>= 4:14)", "g++ >= 4:14"},
	{KILN_DEBIAN_REQUIRE, "a,\n b", "a; b"},
	{KILN_DEBIAN_PROVIDE, "awk", "awk"},
	{KILN_DEBIAN_PROVIDE, "x (= 1.0)", "x = 1.0"},
	{KILN_DEBIAN_CONFLICT, "a, b (>= 2)", "a; b >= 2"},
	{KILN_DEBIAN_CONFLICT, "a (<< 2), b (<= 3)", ""},
	{KILN_DEBIAN_CONFLICT, "b (= 2)", "b = 2"},
};

static const struct {
	KilnDebianRelation kind;
	const char *value;
} bad_relations[] = {
	{KILN_DEBIAN_REQUIRE, "a b"},
	{KILN_DEBIAN_REQUIRE, "a ("},
	{KILN_DEBIAN_REQUIRE, "a ()"},
	{KILN_DEBIAN_REQUIRE, "a (1.2)"},
	{KILN_DEBIAN_REQUIRE, "a (>= )"},
	{KILN_DEBIAN_REQUIRE, "a (>= 1 2)"},
	{KILN_DEBIAN_REQUIRE, "a (=> 1)"},
	{KILN_DEBIAN_REQUIRE, "a (>= 1) b"},
	{KILN_DEBIAN_REQUIRE, "a |"},
	{KILN_DEBIAN_REQUIRE, "| a"},
	{KILN_DEBIAN_REQUIRE, "(a or b)"},
	{KILN_DEBIAN_REQUIRE, "\xc3\xa4"},
	{KILN_DEBIAN_PROVIDE, "a | b"},
	{KILN_DEBIAN_PROVIDE, "a (>= 1)"},
	{KILN_DEBIAN_CONFLICT, "a | b"},
	{KILN_DEBIAN_REQUIRE, "good, bad (>= )"},
};

static void test_relations_become_capabilities(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(relations); i++) {
		g_autoptr(GPtrArray) list = kiln_capability_list_new();
		GError *error = NULL;
		g_autofree char *text = NULL;
		assert_true(kiln_debian_relations_map(
			relations[i].value, relations[i].kind, list, &error));
		assert_no_error(error);
		text = list_text(list);
		assert_string_equal(text, relations[i].mapped);
	}
}

static void test_bad_relations_leave_the_list_alone(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(bad_relations); i++) {
		g_autoptr(GPtrArray) list = kiln_capability_list_new();
		GError *error = NULL;
		kiln_capability_add(list, "before", KILN_SENSE_ANY, NULL);
		if (kiln_debian_relations_map(
			    bad_relations[i].value, bad_relations[i].kind, list, &error))
			fail_msg("accepted \"%s\"", bad_relations[i].value);
		assert_int_equal(list->len, 1);
		assert_error(error, KILN_ERROR_CONFIG, "\"");
	}
}

static void test_file_names(void **state)
{
	static const struct {
		const char *name, *version, *architecture, *file_name;
	} names[] = {
		{"bash", "5.2.37-2+b10", "amd64", "bash-5.2.37-2+b10.x86_64.rpm"},
		{"libgmp10", "2:6.3.0+dfsg-3", "amd64", "libgmp10-6.3.0+dfsg-3.x86_64.rpm"},
		{"netbase", "6.5", "all", "netbase-6.5-0.noarch.rpm"},
		{"libstdc++6", "14-1", "amd64", "libstdc++6-14-1.x86_64.rpm"},
		{"bash", "5.2", "i386", NULL},
		{"bash", "5.2/../x", "amd64", NULL},
		{"../bash", "5.2", "amd64", NULL},
		{"", "5.2", "amd64", NULL},
		{".", "5.2", "amd64", NULL},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		GError *error = NULL;
		g_autofree char *file_name = kiln_debian_rpm_file_name(
			names[i].name, names[i].version, names[i].architecture, &error);
		assert_int_equal(g_strcmp0(file_name, names[i].file_name), 0);
		if (!names[i].file_name)
			assert_error(error, KILN_ERROR_CONFIG, "");
	}
}

static void test_paths_move_below_usr(void **state)
{
	static const char *const paths[][2] = {
		{"/bin/sh", "/usr/bin/sh"},
		{"/sbin/init", "/usr/sbin/init"},
		{"/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libc.so.6"},
		{"/lib64/ld-linux-x86-64.so.2", "/usr/lib64/ld-linux-x86-64.so.2"},
		{"/bin", "/bin"},
		{"/lib", "/lib"},
		{"/library/x", "/library/x"},
		{"/usr/bin/sh", "/usr/bin/sh"},
		{"/etc/bin/x", "/etc/bin/x"},
		{"/", "/"},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *merged = kiln_debian_merged_path(paths[i][0]);
		assert_string_equal(merged, paths[i][1]);
	}
}

static void test_capability_texts(void **state)
{
	static const char *const good[][2] = {
		{"a", "a"},
		{"  a ", "a"},
		{"python(abi) = 3.13", "python(abi) = 3.13"},
		{"a\t<  1:2-3", "a < 1:2-3"},
		{"a >= 1", "a >= 1"},
		{"(a or b)", "(a or b)"},
	};
	static const char *const bad[] = {"", " ", "a =", "a 1", "a = 1 2", "a ~ 1", "(a or b"};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GPtrArray) list = kiln_capability_list_new();
		GError *error = NULL;
		g_autofree char *text = NULL;
		assert_true(kiln_capability_add_text(list, good[i][0], &error));
		assert_no_error(error);
		text = list_text(list);
		assert_string_equal(text, good[i][1]);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GPtrArray) list = kiln_capability_list_new();
		GError *error = NULL;
		assert_false(kiln_capability_add_text(list, bad[i], &error));
		assert_error(error, KILN_ERROR_CONFIG, "\"");
		assert_int_equal(list->len, 0);
	}
}

static void test_capabilities_are_sorted_and_unique(void **state)
{
	g_autoptr(GPtrArray) list = kiln_capability_list_new();
	g_autofree char *text = NULL;

	(void)state;
	kiln_capability_add(list, "b", KILN_SENSE_ANY, NULL);
	kiln_capability_add(list, "a", KILN_SENSE_EQUAL, "2");
	kiln_capability_add(list, "b", KILN_SENSE_ANY, "");
	kiln_capability_add(list, "a", KILN_SENSE_LESS, "2");
	kiln_capability_add(list, "a", KILN_SENSE_EQUAL, "2");
	kiln_capability_add(list, "a", KILN_SENSE_EQUAL, "1");
	kiln_capability_normalize(list);
	text = list_text(list);
	assert_string_equal(text, "a = 1; a < 2; a = 2; b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions_become_evr),
		cmocka_unit_test(test_bad_versions_are_refused),
		cmocka_unit_test(test_relations_become_capabilities),
		cmocka_unit_test(test_bad_relations_leave_the_list_alone),
		cmocka_unit_test(test_file_names),
		cmocka_unit_test(test_paths_move_below_usr),
		cmocka_unit_test(test_capability_texts),
		cmocka_unit_test(test_capabilities_are_sorted_and_unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
