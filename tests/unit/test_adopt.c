/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What trees look like, and what is written into them. */
#include "check.h"

#include "engine/adopt.h"
#include "format/config.h"

static void add(const char *root, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(root, name, NULL);
	g_autofree char *directory = g_path_get_dirname(path);

	assert_true(kiln_fs_make_directory(directory, NULL));
	assert_true(kiln_fs_replace_text(path, text, NULL));
}

/* An empty directory "Old Tree.git" with `files` (separated by spaces). Caller owns. */
static char *make_tree(const char *scratch, const char *files)
{
	char *root = g_build_filename(scratch, "-Old Tree", NULL);
	g_auto(GStrv) names = g_strsplit(files, " ", -1);

	assert_true(kiln_fs_remove_tree(root, NULL));
	assert_true(kiln_fs_make_directory(root, NULL));
	for (char **name = names; *name; name++)
		add(root, *name, "x\n");
	return root;
}

static char *make_data(const char *scratch)
{
	char *data = g_build_filename(scratch, "data", NULL);

	add(data, "kiln.repo.in", "template\n");
	add(data, "targets/one/target.conf", "conf\n");
	add(data, "targets/one/base-setup/rpm/etc/rpmrc", "rc\n");
	return data;
}

static char *describe(const KilnLayout *layout)
{
	g_autofree char *sources = g_strjoinv(" ", layout->sources);

	return g_strdup_printf("%s: %s: %s", kiln_layout_kind_name(layout->kind), layout->specs, sources);
}

static void test_layouts_are_found(void **state)
{
	static const struct {
		const char *files, *layout;
	} rows[] = {
		{"SPECS/a.spec SOURCES/a.tar.gz BUILD/x", "topdir: SPECS: SOURCES"},
		{"specs/a.spec sources/a.patch", "topdir: specs: sources"},
		{"SPECS/a.spec", "topdir: SPECS: SOURCES"},
		{"a.spec b.spec SOURCES/a.tar.gz", "flat: .: SOURCES ."},
		{"a.spec a.tar.gz", "flat: .: ."},
		{"a/a.spec b/b.spec docs/README", "dist-git: .: . SOURCES"},
		{"a/SPECS/a.spec a/SOURCES/x", "dist-git: .: . SOURCES"},
		{"rpms/a/a.spec rpms/b/b.spec README", "dist-git: rpms: . SOURCES"},
		{"specs/epoxy/a/a.spec patches/epoxy/a/x", "kiln: specs: "},
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *root = make_tree(*state, rows[i].files);
		g_autoptr(GError) error = NULL;
		g_autoptr(KilnLayout) layout = kiln_adopt_find_layout(root, NULL, "c", &error);
		g_autofree char *text = layout ? describe(layout) : NULL;

		assert_no_error(error);
		assert_string_equal(text, rows[i].layout);
		assert_string_equal(layout->locks, "repo-config/sources/c");
	}
}

static void test_layouts_that_are_not_found(void **state)
{
	static const struct {
		const char *files;
		int kind; /* -1: none given */
		KilnErrorCode code;
		const char *message;
	} rows[] = {
		{"README", -1, KILN_ERROR_NOT_FOUND, "has no specs; for a project that begins empty say --layout kiln"},
		{".git/a.spec a.spec.orig", -1, KILN_ERROR_NOT_FOUND, "has no specs"},
		{"SPECS/a.spec b.spec", -1, KILN_ERROR_CONFIG,
			"has specs in \"SPECS\" and beside it; say --layout topdir or --layout flat"},
		{"old/a/a.spec new/a/a.spec", -1, KILN_ERROR_CONFIG,
			"has packages in several directories (new, old); run kiln init in one of them"},
		{"a.spec", KILN_LAYOUT_TOPDIR, KILN_ERROR_NOT_FOUND, "has no specs in SPECS/"},
		{"SPECS/a.spec", KILN_LAYOUT_FLAT, KILN_ERROR_NOT_FOUND, "has no specs side by side"},
		{"a.spec", KILN_LAYOUT_DIST_GIT, KILN_ERROR_NOT_FOUND, "in directories of their own"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *root = make_tree(*state, rows[i].files);
		g_autoptr(GError) error = NULL;
		const KilnLayoutKind kind = rows[i].kind < 0 ? KILN_LAYOUT_KILN : rows[i].kind;

		assert_null(kiln_adopt_find_layout(root, rows[i].kind < 0 ? NULL : &kind, "c", &error));
		assert_error(error, rows[i].code, rows[i].message);
	}
}

/* Given the layout, the two that look alike can be told apart. */
static void test_a_given_layout(void **state)
{
	g_autofree char *root = make_tree(*state, "SPECS/a.spec b.spec");
	const KilnLayoutKind kinds[] = {KILN_LAYOUT_TOPDIR, KILN_LAYOUT_FLAT};

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(KilnLayout) layout = kiln_adopt_find_layout(root, &kinds[i], "c", NULL);

		assert_non_null(layout);
		assert_int_equal(layout->kind, kinds[i]);
	}
}

static char *text_of(const char *root, const char *name)
{
	g_autofree char *path = g_build_filename(root, name, NULL);

	return kiln_fs_read(path, 1 << 20, NULL, NULL);
}

static void test_begin(void **state)
{
	g_autofree char *root = make_tree(*state, "rpms/a/a.spec"), *data = make_data(*state);
	const KilnAdoption adoption = {.root = root, .data = data};
	g_auto(KilnAdopted) adopted = {0}, twice = {0};
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL, *rc = NULL, *own = NULL, *after = NULL;
	g_autoptr(KilnConfig) config = NULL;
	const KilnCollection *collection;

	/* What somebody has already is not written over. */
	add(root, "repo-config/targets/one/target.conf", "own\n");
	kiln_adopt_begin(&adoption, &adopted, &error);
	assert_no_error(error);
	assert_string_equal(adopted.names[0], "Old-Tree");
	assert_string_equal(adopted.target, "one");
	text = text_of(root, "repo-config/kiln.conf");
	config = kiln_config_parse(text, "kiln.conf", &error);
	assert_no_error(error);
	collection = kiln_config_find(config, "Old-Tree");
	assert_non_null(collection);
	assert_int_equal(collection->layout->kind, KILN_LAYOUT_DIST_GIT);
	assert_string_equal(collection->layout->specs, "rpms");
	assert_string_equal(collection->layout->sources[1], "SOURCES");
	assert_string_equal(collection->targets[0], "one");
	rc = text_of(root, "repo-config/targets/one/base-setup/rpm/etc/rpmrc");
	assert_string_equal(rc, "rc\n");
	own = text_of(root, "repo-config/targets/one/target.conf");
	assert_string_equal(own, "own\n");

	assert_false(kiln_adopt_begin(&adoption, &twice, &error));
	assert_error(error, KILN_ERROR_CONFIG, "is a Kiln project already");
	after = text_of(root, "repo-config/kiln.conf");
	assert_string_equal(after, text);
}

static void test_begin_in_an_own_layout(void **state)
{
	g_autofree char *root = make_tree(*state, "specs/epoxy/a/a.spec specs/diablo/a/a.spec specs/README");
	g_autofree char *data = make_data(*state), *text = NULL;
	const KilnAdoption adoption = {.root = root, .data = data};
	g_auto(KilnAdopted) adopted = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnConfig) config = NULL;

	kiln_adopt_begin(&adoption, &adopted, &error);
	assert_no_error(error);
	text = text_of(root, "repo-config/kiln.conf");
	config = kiln_config_parse(text, "kiln.conf", &error);
	assert_no_error(error);
	assert_int_equal(config->collections->len, 2);
	assert_non_null(kiln_config_find(config, "epoxy"));
	assert_int_equal(kiln_config_find(config, "diablo")->layout->kind, KILN_LAYOUT_KILN);
}

static void test_refusals(void **state)
{
	const struct {
		KilnAdoption adoption;
		KilnErrorCode code;
		const char *message;
	} rows[] = {
		{{.name = "a b"}, KILN_ERROR_USAGE, "\"a b\" is not a name for a collection"},
		{{.layout = "tree"}, KILN_ERROR_USAGE, "layout \"tree\" is unknown"},
		{{.layout = "topdir"}, KILN_ERROR_NOT_FOUND, "has no specs in SPECS/"},
		{{.target = "ones"}, KILN_ERROR_NOT_FOUND, "there is no target \"ones\"; there is one; did you mean one"},
	};
	g_autofree char *data = make_data(*state);

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *root = make_tree(*state, "a.spec");
		KilnAdoption adoption = rows[i].adoption;
		g_auto(KilnAdopted) adopted = {0};
		g_autoptr(GError) error = NULL;
		g_auto(GStrv) names = NULL;

		adoption.root = root;
		adoption.data = data;
		assert_false(kiln_adopt_begin(&adoption, &adopted, &error));
		assert_error(error, rows[i].code, rows[i].message);
		names = kiln_fs_list(root, NULL);
		assert_string_equal(names[0], "a.spec");
		assert_null(names[1]);
	}
}

static void test_several_targets(void **state)
{
	g_autofree char *root = make_tree(*state, "a.spec"), *data = make_data(*state);
	KilnAdoption adoption = {.root = root, .data = data};
	g_auto(KilnAdopted) adopted = {0};
	g_autoptr(GError) error = NULL;

	add(data, "targets/two/target.conf", "conf\n");
	assert_false(kiln_adopt_begin(&adoption, &adopted, &error));
	assert_error(error, KILN_ERROR_USAGE, "there are several targets (one, two); name one with --target NAME");
	adoption.target = "two";
	assert_true(kiln_adopt_begin(&adoption, &adopted, &error));
	assert_string_equal(adopted.target, "two");
	kiln_fs_remove_tree(data, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts_are_found),
		cmocka_unit_test(test_layouts_that_are_not_found),
		cmocka_unit_test(test_a_given_layout),
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_begin_in_an_own_layout),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_several_targets),
	};

	return cmocka_run_group_tests(tests, setup_scratch, teardown_scratch);
}
