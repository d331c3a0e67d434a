/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "format/import_conf.h"
#include "model/capability.h"

#include <string.h>

#define NAMES "[names]\nxz-utils=xz\n"
#define IMPORT "[import]\npython=3.13\n[packages]\na=x;y\n"

static KilnImportConf *parse(const char *import, const char *names)
{
	GError *error = NULL;
	KilnImportConf *conf = kiln_import_conf_parse(import, names, &error);

	assert_no_error(error);
	assert_non_null(conf);
	return conf;
}

static void test_packages_are_sorted_and_unique(void **state)
{
	g_autoptr(KilnImportConf) conf =
		parse("[import]\npython=3.13\nexclude=mawk; busybox "
		      ";\n[packages]\none=sed;bash;gawk\ntwo= bash ;;awk\n",
			NAMES);
	g_autofree char *packages = g_strjoinv(" ", conf->packages);
	g_autofree char *excludes = g_strjoinv(" ", conf->excludes);

	(void)state;
	assert_string_equal(packages, "awk bash gawk sed");
	assert_string_equal(excludes, "mawk busybox");
	assert_string_equal(conf->python, "3.13");
}

static void test_recipes(void **state)
{
	g_autoptr(KilnImportConf) conf =
		parse(IMPORT "[package gawk]\nlink=/usr/bin/awk gawk;/usr/bin/nawk gawk\ncopy=/a "
			     "/b\nbundle=/c/*.crt /d\n"
			     "directory=/mnt 0755;/var/mail 2775 "
			     "mail\ndrop=/x*;/y\nconfig=/b\nprovides=/bin/awk\nrequires=b >= 2\n",
			"[names]\ngawk=awk;python(abi) = 3.13\n");
	const KilnImportRecipe *recipe = kiln_import_conf_recipe(conf, "gawk");
	const KilnImportDirectory *directory;
	const KilnCapability *capability;

	(void)state;
	assert_non_null(recipe);
	assert_int_equal(recipe->links->len, 2);
	assert_string_equal(((KilnImportPair *)recipe->links->pdata[1])->first, "/usr/bin/nawk");
	assert_string_equal(((KilnImportPair *)recipe->links->pdata[1])->second, "gawk");
	assert_string_equal(((KilnImportPair *)recipe->copies->pdata[0])->second, "/b");
	assert_string_equal(((KilnImportPair *)recipe->bundles->pdata[0])->first, "/c/*.crt");
	assert_int_equal(recipe->directories->len, 2);
	directory = recipe->directories->pdata[1];
	assert_int_equal(directory->mode, 02775);
	assert_string_equal(directory->group, "mail");
	assert_string_equal(recipe->drops[1], "/y");
	assert_string_equal(recipe->configs[0], "/b");
	assert_int_equal(recipe->provides->len, 3);
	capability = recipe->provides->pdata[2];
	assert_string_equal(capability->name, "python(abi)");
	assert_string_equal(capability->evr, "3.13");
	assert_int_equal(recipe->requires->len, 1);
	assert_null(kiln_import_conf_recipe(conf, "sed"));
}

/* The identity of a conversion rests on it. */
static void test_text_changes_with_the_recipe(void **state)
{
	static const char *const recipes[] = {"link=/a b\n", "link=/a c\n", "link=/a b;/c d\n",
		"copy=/a b\n", "drop=/a b\n", "requires=a\n", "provides=a\n"};
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(recipes); i++) {
		g_autofree char *import = g_strconcat(IMPORT "[package p]\n", recipes[i], NULL);
		g_autofree char *commented = g_strconcat("# comment\n", import, "\n\n", NULL);
		g_autoptr(KilnImportConf) conf = parse(import, NAMES);
		g_autoptr(KilnImportConf) same = parse(commented, NAMES);
		const KilnImportRecipe *recipe = kiln_import_conf_recipe(conf, "p");
		assert_true(g_hash_table_add(seen, g_strdup(recipe->text)));
		assert_string_equal(recipe->text, kiln_import_conf_recipe(same, "p")->text);
	}
}

static const struct {
	const char *import, *names, *message;
} bad[] = {
	{"", NAMES, "import.conf"},
	{"[import]\npython=3.13\n", NAMES, "packages"},
	{"[packages]\na=b\n", NAMES, "import"},
	{"[import]\n[packages]\na=b\n", NAMES, "python"},
	{"[import]\nmirror=x\n[packages]\na=b\n", NAMES, "[import] mirror: unknown key"},
	{IMPORT "[other]\na=b\n", NAMES, "[other]: unknown group"},
	{IMPORT "[package p]\nlinks=/a b\n", NAMES, "[package p] links: unknown key"},
	{IMPORT "[package p]\nlink=/a\n", NAMES, "[package p] link: \"/a\" is not two paths"},
	{IMPORT "[package p]\nlink=/a b c\n", NAMES, "is not two paths"},
	{IMPORT "[package p]\ncopy=a /b\n", NAMES, "is not two paths"},
	{IMPORT "[package p]\ndirectory=/a\n", NAMES, "PATH MODE"},
	{IMPORT "[package p]\ndirectory=/a 0788\n", NAMES, "PATH MODE"},
	{IMPORT "[package p]\ndirectory=a 0755\n", NAMES, "PATH MODE"},
	{IMPORT "[package p]\ndirectory=/a 17777\n", NAMES, "PATH MODE"},
	{IMPORT "[package p]\nprovides=a b\n", NAMES, "[package p] provides"},
	{IMPORT, "", "names.conf"},
	{IMPORT, "[other]\na=b\n", "names.conf"},
	{IMPORT, "[names]\na=b =\n", "[names] a: "},
	{"nonsense", NAMES, "import.conf"},
};

static void test_bad_files_are_refused(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		GError *error = NULL;
		assert_null(kiln_import_conf_parse(bad[i].import, bad[i].names, &error));
		assert_error(error, KILN_ERROR_CONFIG, bad[i].message);
	}
}

/* The files this project ships must be ones it reads. */
static void test_shipped_files_parse(void **state)
{
	g_autofree char *import = NULL, *names = NULL;
	g_autoptr(KilnImportConf) conf = NULL;

	(void)state;
	assert_true(
		g_file_get_contents("repo-config/targets/trixie/import.conf", &import, NULL, NULL));
	assert_true(
		g_file_get_contents("repo-config/targets/trixie/names.conf", &names, NULL, NULL));
	conf = parse(import, names);
	assert_true(g_strv_contains((const char *const *)conf->packages, "bash"));
	assert_non_null(kiln_import_conf_recipe(conf, "libc6"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packages_are_sorted_and_unique),
		cmocka_unit_test(test_recipes),
		cmocka_unit_test(test_text_changes_with_the_recipe),
		cmocka_unit_test(test_bad_files_are_refused),
		cmocka_unit_test(test_shipped_files_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
