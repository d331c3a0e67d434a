/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the packages of a collection are found, layout by layout. */
#include "check.h"

#include "engine/catalog.h"

typedef struct {
	KilnProject project;
	KilnCollection collection;
} Tree;

static void tree_clear(Tree *tree)
{
	kiln_layout_free(tree->collection.layout);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Tree, tree_clear)

/* An empty tree in the scratch directory. */
static void tree_init(Tree *tree, char *scratch, KilnLayoutKind kind)
{
	assert_true(kiln_fs_remove_tree(scratch, NULL));
	assert_true(kiln_fs_make_directory(scratch, NULL));
	*tree = (Tree){.project = {.root = scratch, .is_here = TRUE}, .collection = {.name = (char *)"legacy"}};
	tree->collection.layout = kiln_layout_new(kind, "legacy");
}

static void add(const Tree *tree, const char *name)
{
	g_autofree char *path = g_build_filename(tree->project.root, name, NULL);
	g_autofree char *directory = g_path_get_dirname(path);

	assert_true(kiln_fs_make_directory(directory, NULL));
	assert_true(kiln_fs_replace_text(path, "x\n", NULL));
}

/* One package a line: NAME SPEC LOCK SOURCES…, below the root. */
static char *list(const Tree *tree)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) packages = kiln_catalog_list(&tree->project, &tree->collection, &error);
	GString *text = g_string_new(NULL);

	assert_no_error(error);
	for (guint i = 0; i < packages->len; i++) {
		const KilnCatalogPackage *package = packages->pdata[i];

		g_string_append_printf(text, "%s %s %s", package->name,
			kiln_project_relative(&tree->project, package->spec_path),
			kiln_project_relative(&tree->project, package->lock_path));
		for (char **directory = package->source_directories; *directory; directory++)
			g_string_append_printf(
				text, " %s", g_str_equal(*directory, tree->project.root)
						     ? "."
						     : kiln_project_relative(&tree->project, *directory));
		g_string_append_printf(text, "%s%s\n", package->is_adopted ? " adopted" : "",
			package->shares_sources ? " shared" : "");
	}
	return g_string_free(text, FALSE);
}

static void test_own(void **state)
{
	g_auto(Tree) tree;
	g_autofree char *text = NULL;

	tree_init(&tree, *state, KILN_LAYOUT_KILN);
	add(&tree, "specs/legacy/b/b.spec");
	add(&tree, "specs/legacy/a/a.spec");
	add(&tree, "specs/legacy/README");
	text = list(&tree);
	assert_string_equal(text,
		"a specs/legacy/a/a.spec specs/legacy/a/sources specs/legacy/a patches/legacy/a\n"
		"b specs/legacy/b/b.spec specs/legacy/b/sources specs/legacy/b patches/legacy/b\n");
}

static void test_topdir(void **state)
{
	g_auto(Tree) tree;
	g_autofree char *text = NULL;

	tree_init(&tree, *state, KILN_LAYOUT_TOPDIR);
	add(&tree, "SPECS/nova.spec");
	add(&tree, "SPECS/nova-client.spec");
	add(&tree, "SPECS/.nova.spec");
	add(&tree, "SPECS/nova.spec.orig");
	add(&tree, "SOURCES/nova.tar.gz");
	add(&tree, "nova.spec");
	text = list(&tree);
	assert_string_equal(text,
		"nova SPECS/nova.spec repo-config/sources/legacy/nova SOURCES adopted shared\n"
		"nova-client SPECS/nova-client.spec repo-config/sources/legacy/nova-client SOURCES adopted shared\n");
}

static void test_flat(void **state)
{
	g_auto(Tree) tree;
	g_autofree char *text = NULL;

	tree_init(&tree, *state, KILN_LAYOUT_FLAT);
	add(&tree, "nova.spec");
	add(&tree, "SOURCES/other.spec");
	text = list(&tree);
	assert_string_equal(text, "nova nova.spec repo-config/sources/legacy/nova SOURCES . adopted shared\n");
}

static void test_dist_git(void **state)
{
	g_auto(Tree) tree;
	g_autofree char *text = NULL;

	tree_init(&tree, *state, KILN_LAYOUT_DIST_GIT);
	g_free(tree.collection.layout->specs);
	tree.collection.layout->specs = g_strdup("rpms");
	add(&tree, "rpms/nova/nova.spec");
	add(&tree, "rpms/nova/nova-old.spec");
	add(&tree, "rpms/glance/openstack-glance.spec");
	add(&tree, "rpms/swift/SPECS/swift.spec");
	add(&tree, "rpms/docs/README");
	add(&tree, "rpms/.git/x.spec");
	text = list(&tree);
	assert_string_equal(text,
		"glance rpms/glance/openstack-glance.spec repo-config/sources/legacy/glance "
		"rpms/glance rpms/glance/SOURCES adopted\n"
		"nova rpms/nova/nova.spec repo-config/sources/legacy/nova rpms/nova rpms/nova/SOURCES adopted\n"
		"swift rpms/swift/SPECS/swift.spec repo-config/sources/legacy/swift "
		"rpms/swift rpms/swift/SOURCES adopted\n");
}

static void test_refusals(void **state)
{
	static const struct {
		KilnLayoutKind kind;
		const char *file, *second;
		KilnErrorCode code;
		const char *message;
	} rows[] = {
		{KILN_LAYOUT_KILN, "specs/legacy/a/b.spec", NULL, KILN_ERROR_CONFIG,
			"\"specs/legacy/a\": has no \"a.spec\""},
		{KILN_LAYOUT_KILN, "specs/legacy/a b/a b.spec", NULL, KILN_ERROR_CONFIG, "not a package name"},
		{KILN_LAYOUT_KILN, "README", NULL, KILN_ERROR_CONFIG,
			"collection \"legacy\" has no packages yet; put each into \"specs/legacy/NAME/NAME.spec\""},
		{KILN_LAYOUT_TOPDIR, "SPECS/README", NULL, KILN_ERROR_CONFIG,
			"has no packages yet; put each into \"SPECS/NAME.spec\""},
		{KILN_LAYOUT_TOPDIR, "SPECS/-a.spec", NULL, KILN_ERROR_CONFIG, "\"SPECS/-a.spec\": not a package"},
		{KILN_LAYOUT_DIST_GIT, "a/b.spec", "a/c.spec", KILN_ERROR_CONFIG,
			"\"a\": has 2 specs, and none is called \"a.spec\""},
		{KILN_LAYOUT_DIST_GIT, "a/README", NULL, KILN_ERROR_CONFIG, "has no packages"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(Tree) tree;
		g_autoptr(GError) error = NULL;

		tree_init(&tree, *state, rows[i].kind);
		add(&tree, rows[i].file);
		if (rows[i].second)
			add(&tree, rows[i].second);
		assert_null(kiln_catalog_list(&tree.project, &tree.collection, &error));
		assert_error(error, rows[i].code, rows[i].message);
	}
}

static void test_names(void **state)
{
	const KilnProject project = {.root = (char *)"/p", .is_here = TRUE};
	const KilnCatalogPackage tool = {
		.name = (char *)"tool", .collection = (char *)"c", .spec_path = (char *)"/p/SPECS/tool.spec"};
	const KilnCatalogPackage old = {
		.name = (char *)"tool-el9", .collection = (char *)"c", .spec_path = (char *)"/p/SPECS/tool-el9.spec"};
	const KilnCatalogName names[] = {{&tool, "tool"}, {&tool, "tool"}, {&old, "old"}, {&old, "tool"}};
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(kiln_catalog_check_names(&project, names, 3, &error));
	assert_no_error(error);
	assert_false(kiln_catalog_check_names(&project, names, 4, &error));
	assert_error(error, KILN_ERROR_CONFIG,
		"\"SPECS/tool-el9.spec\" and \"SPECS/tool.spec\" have one Name, \"tool\", and collection \"c\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_topdir),
		cmocka_unit_test(test_flat),
		cmocka_unit_test(test_dist_git),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup_scratch, teardown_scratch);
}
