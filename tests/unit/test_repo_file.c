/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpm_fixture.h"

#include "base/error.h"
#include "format/repo_file.h"

static const KilnRepoFileValue values[] = {
	{"URL", "http://repo.example"},
	{"COLLECTION", "epoxy"},
	{"DESCRIPTION", "OpenStack 2025.1"},
	{"TARGET", "trixie"},
	{"CHANNEL", "stable"},
	{"BROKEN", "a\n[b]"},
	{"VARIABLES", ""},
	{"MIRRORLIST_EXPIRE", NULL},
	{NULL, NULL},
};

static GPtrArray *parse(const char *text)
{
	GError *error = NULL;
	GPtrArray *sections = kiln_repo_file_parse(text, strlen(text), "x.repo", &error);

	assert_no_error(error);
	return sections;
}

/* The template of this very project, as clients will read it. */
static void test_renders_the_template(void **state)
{
	GError *error = NULL;
	g_autofree char *template = kiln_fs_read("repo-config/kiln.repo.in", 1 << 20, NULL, &error);
	g_autofree char *text = NULL;

	(void)state;
	assert_no_error(error);
	text = kiln_repo_file_render(template, "kiln.repo.in", values, &error);
	assert_no_error(error);
	g_autoptr(GPtrArray) sections = parse(text);
	assert_int_equal(sections->len, 3);
	for (guint i = 0; i < sections->len; i++) {
		static const char *const ids[] = {
			"kiln-epoxy", "kiln-epoxy-debuginfo", "kiln-epoxy-source"};
		static const char *const lists[] = {
			"mirrorlist", "mirrorlist-debug", "mirrorlist-source"};
		const KilnRepoFileSection *section = g_ptr_array_index(sections, i);
		g_autofree char *mirrorlist =
			g_strdup_printf("http://repo.example/epoxy/trixie/stable/%s", lists[i]);

		assert_string_equal(section->id, ids[i]);
		assert_string_equal(section->mirrorlist, mirrorlist);
		assert_true(section->gpgcheck);
		assert_true(section->repo_gpgcheck);
		assert_int_equal(section->enabled, i == 0);
		assert_int_equal(g_strv_length(section->gpgkey), 1);
		assert_string_equal(section->gpgkey[0],
			"http://repo.example/epoxy/trixie/stable/RPM-GPG-KEY-kiln-epoxy");
		assert_int_equal(g_strv_length(section->baseurl), 0);
		assert_null(g_hash_table_lookup(section->settings, "mirrorlist_expire"));
	}
}

static void test_parses_as_dnf_does(void **state)
{
	g_autoptr(GPtrArray) sections = parse("# a comment\n"
					      "[one]\r\n"
					      "name = Some name = with a sign\r\n"
					      "baseurl=http://a/ http://b/,http://c/\n"
					      "   http://d/\n"
					      "  # not a value\n"
					      "enabled = No\n"
					      "gpgcheck=TRUE\n"
					      "cost=7\n"
					      "; another\n"
					      "[two:x]\n"
					      "mirrorlist=http://m/\n"
					      "metadata_expire=1h\n");
	const KilnRepoFileSection *one = g_ptr_array_index(sections, 0);
	const KilnRepoFileSection *two = g_ptr_array_index(sections, 1);

	(void)state;
	assert_int_equal(sections->len, 2);
	assert_string_equal(one->name, "Some name = with a sign");
	assert_int_equal(g_strv_length(one->baseurl), 4);
	assert_string_equal(one->baseurl[3], "http://d/");
	assert_false(one->enabled);
	assert_true(one->gpgcheck);
	assert_false(one->repo_gpgcheck);
	assert_null(one->mirrorlist);
	assert_null(one->metadata_expire);
	assert_string_equal(two->id, "two:x");
	assert_string_equal(two->name, "");
	assert_true(two->enabled);
	assert_false(two->gpgcheck);
	assert_string_equal(two->mirrorlist, "http://m/");
	assert_string_equal(two->metadata_expire, "1h");
	assert_string_equal(g_hash_table_lookup(one->settings, "cost"), "7");
	assert_string_equal(g_hash_table_lookup(one->settings, "gpgcheck"), "TRUE");
	assert_null(g_hash_table_lookup(two->settings, "cost"));
	assert_false(g_hash_table_contains(two->settings, "gpgcheck"));
}

static void expect(const char *text, gsize size, const char *place)
{
	GError *error = NULL;

	assert_null(kiln_repo_file_parse(text, size, "x.repo", &error));
	assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
	if (!g_str_has_prefix(error->message, place))
		fail_msg("%s", error->message);
	g_error_free(error);
}

static void test_refuses_with_file_and_line(void **state)
{
	static const struct {
		const char *text, *place;
	} cases[] = {
		{"", "x.repo:1: it names no repository"},
		{"\n\n# nothing\n", "x.repo:1: it names no repository"},
		{"baseurl=x\n", "x.repo:1: it stands before"},
		{"[a]\nbaseurl=x\n[a]\nbaseurl=y\n", "x.repo:3: the repository \"a\""},
		{"[a]\nbaseurl=x\nbaseurl=y\n", "x.repo:3: \"baseurl\""},
		{"[a]\nname=x\n\n[b]\nbaseurl=x\n", "x.repo:1: the repository \"a\" has neither"},
		{"[b]\nbaseurl=x\n[a]\nname=x\n\n", "x.repo:3: the repository \"a\" has neither"},
		{"[a]\nbaseurl=\n", "x.repo:1: the repository \"a\" has neither"},
		{"[a]\nmirrorlist=\nbaseurl= ,\n", "x.repo:1: the repository \"a\" has neither"},
		{"[a]\nbaseurl=x\n\ngpgcheck=maybe\n", "x.repo:4: the value of \"gpgcheck\""},
		{"[a]\nenabled=\nbaseurl=x\n", "x.repo:2: the value of \"enabled\""},
		{"[a\nbaseurl=x\n", "x.repo:1: \"]\""},
		{"[]\nbaseurl=x\n", "x.repo:1: a repository"},
		{"[a b]\nbaseurl=x\n", "x.repo:1: a repository"},
		{"[a/../b]\nbaseurl=x\n", "x.repo:1: a repository"},
		{"[a]\n  http://x/\n", "x.repo:2: it begins with white space"},
		{"[a]\nbaseurl\n", "x.repo:2: it is no"},
		{"[a]\n=x\n", "x.repo:2: it is no"},
		{"[a]\nbaseurl=x\nname=\x1b[31m\n", "x.repo:3: it holds a control"},
		{"[a]\nbaseurl=x\nname=\xff\n", "x.repo:3: a byte"},
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		expect(cases[i].text, strlen(cases[i].text), cases[i].place);
	expect("[a]\nbaseurl=x\0y\n", 16, "x.repo:2: ");
	g_autofree char *large = g_strnfill((256 << 10) + 1, '\n');
	expect(large, strlen(large), "x.repo:1: it is larger");
}

static void test_replaces_names_only(void **state)
{
	GError *error = NULL;
	g_autofree char *text = kiln_repo_file_render(
		"[@COLLECTION@]\nbaseurl=ftp://me@@@URL@/@@x\n", "t", values, &error);

	(void)state;
	assert_no_error(error);
	assert_string_equal(text, "[epoxy]\nbaseurl=ftp://me@http://repo.example/@x\n");
}

static void test_leaves_out_lines_without_a_value(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"[a]\nx=@MIRRORLIST_EXPIRE@\nbaseurl=@URL@\n", "[a]\nbaseurl=http://repo.example\n"},
		{"x@URL@=@URL@@MIRRORLIST_EXPIRE@ @NOPE@ @\n[a]\nbaseurl=b\n", "[a]\nbaseurl=b\n"},
		{"[a]\nbaseurl=b\n@MIRRORLIST_EXPIRE@", "[a]\nbaseurl=b\n"},
		{"[a]\nbaseurl=b@VARIABLES@\n", "[a]\nbaseurl=b\n"},
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		GError *error = NULL;
		g_autofree char *text = kiln_repo_file_render(cases[i].text, "t", values, &error);

		assert_no_error(error);
		assert_string_equal(text, cases[i].expected);
	}
}

/* What yum understands and dnf does not is there for yum alone, in every section. */
static void test_renders_for_yum(void **state)
{
	static const KilnRepoFileValue of_yum[] = {{"URL", "http://repo.example"},
		{"COLLECTION", "diablo"}, {"DESCRIPTION", "OpenStack 2011.3"}, {"TARGET", "el6"},
		{"CHANNEL", "stable"}, {"VARIABLES", "$releasever/$basearch/"},
		{"MIRRORLIST_EXPIRE", "6h"}, {NULL, NULL}};
	GError *error = NULL;
	g_autofree char *template = kiln_fs_read("repo-config/kiln.repo.in", 1 << 20, NULL, &error);
	g_autofree char *text = kiln_repo_file_render(template, "kiln.repo.in", of_yum, &error);

	(void)state;
	assert_no_error(error);
	g_autoptr(GPtrArray) sections = parse(text);
	assert_int_equal(sections->len, 3);
	for (guint i = 0; i < sections->len; i++) {
		const KilnRepoFileSection *section = g_ptr_array_index(sections, i);

		assert_true(g_str_has_prefix(section->mirrorlist,
			"http://repo.example/diablo/el6/stable/$releasever/$basearch/mirrorlist"));
		assert_string_equal(
			g_hash_table_lookup(section->settings, "mirrorlist_expire"), "6h");
		assert_string_equal(section->metadata_expire, "6h");
	}
}

static void test_refuses_wrong_templates(void **state)
{
	static const struct {
		const char *text, *place;
	} cases[] = {
		{"[a]\nbaseurl=@NOPE@\n", "t.in:2: there is no value \"@NOPE@\""},
		{"[a]\n\nbaseurl=@url@\n", "t.in:3: \"@\" begins no"},
		{"[a]\nbaseurl=a@b\n", "t.in:2: \"@\" begins no"},
		{"[a]\nbaseurl=@URL", "t.in:2: \"@\" begins no"},
		{"[a]\nbaseurl=@BROKEN@\n", "t.in:2: the value of \"@BROKEN@\""},
		{"[a]\nname=x\n", "t.in:1: the repository"},
		{"x=@MIRRORLIST_EXPIRE@\n[a]\nbaseurl=@NOPE@\n", "t.in:3: there is no value"},
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		GError *error = NULL;

		assert_null(kiln_repo_file_render(cases[i].text, "t.in", values, &error));
		assert_true(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG));
		if (!g_str_has_prefix(error->message, cases[i].place))
			fail_msg("%s", error->message);
		g_error_free(error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renders_the_template),
		cmocka_unit_test(test_parses_as_dnf_does),
		cmocka_unit_test(test_refuses_with_file_and_line),
		cmocka_unit_test(test_replaces_names_only),
		cmocka_unit_test(test_leaves_out_lines_without_a_value),
		cmocka_unit_test(test_renders_for_yum),
		cmocka_unit_test(test_refuses_wrong_templates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
