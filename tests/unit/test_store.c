/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "lib/store.h"

#include <string.h>

static void add(KilnStore *store, const char *key, const char *package, const char *cause, gint64 started)
{
	KilnStoreBuild *build = g_new0(KilnStoreBuild, 1);

	build->key = g_strdup(key);
	build->package = g_strdup(package);
	build->collection = g_strdup("epoxy");
	build->target = g_strdup("trixie");
	build->version = g_strdup("1-1");
	build->outcome = g_strdup(cause ? "failed" : "built");
	build->cause = g_strdup(cause);
	build->started = started;
	assert_true(kiln_store_add_build(store, build, NULL));
	kiln_store_build_free(build);
}

static void test_builds_newest_first(void **state)
{
	g_autofree char *path = g_build_filename(*state, "sub", "state.sqlite", NULL);
	g_autoptr(KilnStore) store = kiln_store_open(path, NULL);
	g_autoptr(GPtrArray) found = NULL;

	assert_non_null(store);
	add(store, "k1", "pkg", "a.c:1: error", 100);
	add(store, "k2", "pkg", NULL, 200);
	add(store, "k3", "other", NULL, 300);
	found = kiln_store_list_builds(store, "pkg", 10, NULL);
	assert_int_equal(found->len, 2);
	assert_string_equal(((KilnStoreBuild *)found->pdata[0])->key, "k2");
	assert_null(((KilnStoreBuild *)found->pdata[0])->cause);
	assert_string_equal(((KilnStoreBuild *)found->pdata[1])->cause, "a.c:1: error");
}

static void test_published_stays_as_first_seen(void **state)
{
	g_autofree char *path = g_build_filename(*state, "state.sqlite", NULL);
	const KilnStorePublished first = {"a-1-1.noarch", "1111"}, changed = {"a-1-1.noarch", "2222"};
	g_autofree char *sha256 = NULL, *snapshot = NULL, *no_sha256 = NULL, *no_snapshot = NULL;
	KilnStore *store = kiln_store_open(path, NULL);
	gboolean knows = TRUE;

	assert_true(kiln_store_knows(store, "epoxy/trixie", &knows, NULL));
	assert_false(knows);
	assert_true(kiln_store_add_published(store, "epoxy/trixie", "s1", &first, 1, NULL));
	assert_true(kiln_store_add_published(store, "epoxy/trixie", "s2", &changed, 1, NULL));
	kiln_store_free(store);
	store = kiln_store_open(path, NULL);
	assert_true(kiln_store_find_published(store, "epoxy/trixie", "a-1-1.noarch", &sha256, &snapshot, NULL));
	assert_string_equal(sha256, "1111");
	assert_string_equal(snapshot, "s1");
	assert_true(kiln_store_find_published(store, "other/trixie", "a-1-1.noarch", &no_sha256, &no_snapshot, NULL));
	assert_null(no_sha256);
	assert_true(kiln_store_knows(store, "epoxy/trixie", &knows, NULL));
	assert_true(knows);
	kiln_store_free(store);
}

static void test_damaged_file(void **state)
{
	g_autofree char *path = g_build_filename(*state, "state.sqlite", NULL);
	g_autofree char *junk = g_strnfill(5000, 'x');
	g_autoptr(GError) error = NULL;

	assert_true(kiln_fs_replace_text(path, junk, NULL));
	assert_null(kiln_store_open(path, &error));
	assert_error(error, KILN_ERROR_VERIFY, "move the file away");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_builds_newest_first, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_published_stays_as_first_seen, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_damaged_file, setup_scratch, teardown_scratch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
