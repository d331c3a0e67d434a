/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a target's .repo file comes to. What it must not say, tests/e2e/mirror has. */
#include "check.h"

#include "base/fs.h"
#include "engine/base_section.h"
#include "format/config.h"

#define FINGERPRINT "C1DAC52D1664E8A4386DBA430946FCA2C105B9DE"
#define OTHER "8C3BE96AF2309184DA5C0DAE3B49DF2A0608B895"

static KilnProject project;

static int setup(void **state)
{
	(void)state;
	project.root = g_dir_make_tmp("kiln-section-XXXXXX", NULL);
	g_autofree char *directory = g_build_filename(project.root, "repo-config/targets/t", NULL);
	return kiln_fs_make_directory(directory, NULL) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	kiln_fs_remove_tree(project.root, NULL);
	g_free(project.root);
	return 0;
}

static KilnTarget *target_of(const char *arch, const char *fingerprint)
{
	g_autofree char *text = g_strdup_printf("[target]\nname=t\narch=%s\ncontract=c\nreleasever=6\n[base]\n"
		"kind=repository\nrepositories=base.repo\n[keys]\nKEY=%s\n[buildroot]\npackages=a\n[minimal]\n"
		"packages=a\n[client]\npackages=a\n[macros]\nfile=m\n", arch, fingerprint);
	GError *error = NULL;
	KilnTarget *target = kiln_target_parse(text, "target.conf", "t", &error);

	assert_no_error(error);
	return target;
}

static GPtrArray *read_sections(const char *text, const KilnTarget *target)
{
	g_autofree char *path = g_build_filename(project.root, "repo-config/targets/t/base.repo", NULL);
	GError *error = NULL;
	GPtrArray *sections;

	assert_true(kiln_fs_replace_text(path, text, NULL));
	sections = kiln_base_sections_read(&project, target, &error);
	assert_no_error(error);
	return sections;
}

static const char both[] =
	"[os]\nbaseurl=http://a/$releasever/os/$basearch/ https://b/${releasever}x/$arch\n\tdir\ngpgcheck=1\n"
	"gpgkey=http://a/keys/KEY\n[off]\nbaseurl=ftp://never/read\nenabled=0\n"
	"[extra]\nmirrorlist=http://m/?r=$releasever&a=$basearch\ngpgcheck=0\npriority=7\n";

static void test_values(void **state)
{
	g_autoptr(KilnTarget) target = target_of("i686", FINGERPRINT);
	g_autoptr(GPtrArray) sections = read_sections(both, target);
	g_autofree char *directory = g_strdup_printf("file://%s/dir/", project.root);
	const KilnBaseSection *os = sections->pdata[0], *extra = sections->pdata[1];

	(void)state;
	assert_int_equal(sections->len, 2);
	assert_string_equal(os->id, "os");
	assert_string_equal(os->urls[0], "http://a/6/os/i386/");
	assert_string_equal(os->urls[1], "https://b/6x/i686/");
	assert_string_equal(os->urls[2], directory);
	assert_null(os->urls[3]);
	assert_null(os->mirrorlist);
	assert_string_equal(os->keys[0], "http://a/keys/KEY");
	assert_true(os->checks_packages);
	assert_false(os->checks_index);
	assert_string_equal(extra->mirrorlist, "http://m/?r=6&a=i386");
	assert_null(extra->urls[0]);
	assert_false(extra->checks_packages);
	assert_true(extra->priority > os->priority);
}

static char *digest_of(const char *text, const char *arch, const char *fingerprint)
{
	g_autoptr(KilnTarget) target = target_of(arch, fingerprint);
	g_autoptr(GPtrArray) sections = read_sections(text, target);

	return kiln_base_sections_digest(sections, target);
}

/* Comments and names change nothing; what is fetched or trusted does. */
static void test_digest(void **state)
{
	static const char one[] = "[os]\nbaseurl=http://a/\ngpgcheck=1\ngpgkey=http://a/KEY\n";
	static const struct {
		const char *text, *arch, *fingerprint;
		gboolean is_same;
	} table[] = {
		{"# why\n[os]\nname=x\nbaseurl = http://a\ngpgcheck=yes\ngpgkey=http://a/KEY\n", "x86_64", FINGERPRINT, TRUE},
		{one, "i686", FINGERPRINT, TRUE},
		{one, "x86_64", OTHER, FALSE},
		{one, "x86_64", FINGERPRINT " " OTHER, FALSE},
		{"[os]\nbaseurl=http://b/\ngpgcheck=1\ngpgkey=http://a/KEY\n", "x86_64", FINGERPRINT, FALSE},
		{"[so]\nbaseurl=http://a/\ngpgcheck=1\ngpgkey=http://a/KEY\n", "x86_64", FINGERPRINT, FALSE},
		{"[os]\nbaseurl=http://a/\ngpgcheck=0\ngpgkey=http://a/KEY\n", "x86_64", FINGERPRINT, FALSE},
		{"[os]\nbaseurl=http://a/\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=http://a/KEY\n", "x86_64", FINGERPRINT, FALSE},
		{"[os]\nbaseurl=http://a/\npriority=1\ngpgcheck=1\ngpgkey=http://a/KEY\n", "x86_64", FINGERPRINT, FALSE},
		{"[os]\nbaseurl=http://a/\nmirrorlist=http://m\ngpgcheck=1\ngpgkey=http://a/KEY\n", "x86_64", FINGERPRINT, FALSE},
	};
	g_autofree char *digest = digest_of(one, "x86_64", FINGERPRINT);

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *other = digest_of(table[i].text, table[i].arch, table[i].fingerprint);
		if (g_str_equal(digest, other) != table[i].is_same)
			fail_msg("row %zu", i);
	}
}

static void test_file_names(void **state)
{
	(void)state;
	assert_string_equal(kiln_base_section_file_name("http://a/b/KEY"), "KEY");
	assert_string_equal(kiln_base_section_file_name("KEY"), "KEY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_digest, setup, teardown),
		cmocka_unit_test(test_file_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
