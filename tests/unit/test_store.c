/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include "lib/store.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static KilnStore *open_store(const char *scratch)
{
	g_autofree char *path = g_build_filename(scratch, "state.sqlite", NULL);
	g_autoptr(GError) error = NULL;
	KilnStore *store = kiln_store_open(path, &error);

	assert_no_error(error);
	return store;
}

static void add_for(KilnStore *store, const char *target, const char *key, const char *package, const char *cause,
	gint64 started)
{
	const KilnStoreBuild build = {.key = (char *)key, .package = (char *)package, .collection = (char *)"epoxy",
		.target = (char *)target, .version = (char *)"1-1", .outcome = (char *)(cause ? "failed" : "built"),
		.cause = (char *)cause, .started = started, .wall_us = started * 10};

	assert_true(kiln_store_add_build(store, &build, NULL, NULL));
}

static void add(KilnStore *store, const char *key, const char *package, const char *cause, gint64 started)
{
	add_for(store, "trixie", key, package, cause, started);
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

static void test_everything_of_a_build(void **state)
{
	g_autoptr(KilnStore) store = open_store(*state);
	g_autoptr(KilnInputs) inputs = kiln_inputs_new(), found_inputs = NULL, unknown = NULL;
	const KilnStoreBuild build = {.key = (char *)"k", .package = (char *)"p", .collection = (char *)"c",
		.target = (char *)"t", .version = (char *)"1:2-3", .outcome = (char *)"failed", .reason = (char *)"new",
		.cause = (char *)"why", .started = 1, .wall_us = 2, .queue_us = 3, .layers_us = 4, .rpmbuild_us = 5,
		.collect_us = 6, .peak_memory_bytes = G_GINT64_CONSTANT(1) << 40, .wave = 7, .jobs = 8, .is_bootstrap = TRUE};
	const KilnStoreBuild *found;

	kiln_inputs_add(inputs, KILN_INPUT_SOURCE, "x.patch", "00");
	assert_true(kiln_store_add_build(store, &build, inputs, NULL));
	g_autoptr(GPtrArray) builds = kiln_store_list_builds(store, NULL, 10, NULL);
	assert_int_equal(builds->len, 1);
	found = builds->pdata[0];
	assert_string_equal(found->version, "1:2-3");
	assert_string_equal(found->reason, "new");
	assert_string_equal(found->cause, "why");
	assert_int_equal(found->started, 1);
	assert_int_equal(found->wall_us, 2);
	assert_int_equal(found->queue_us, 3);
	assert_int_equal(found->layers_us, 4);
	assert_int_equal(found->rpmbuild_us, 5);
	assert_int_equal(found->collect_us, 6);
	assert_true(found->peak_memory_bytes == build.peak_memory_bytes);
	assert_int_equal(found->wave, 7);
	assert_int_equal(found->jobs, 8);
	assert_true(found->is_bootstrap);
	assert_true(kiln_store_find_inputs(store, "k", &found_inputs, NULL));
	assert_int_equal(kiln_inputs_count(found_inputs), 1);
	assert_true(kiln_store_find_inputs(store, "other", &unknown, NULL));
	assert_null(unknown);
}

/* The first of the package's results that is no bootstrap build's: the one it has now. */
static void assert_result(KilnStore *store, const char *package, const char *key)
{
	g_autoptr(GPtrArray) results = kiln_store_list_results(store, "epoxy", "trixie", NULL);
	const char *found = NULL;

	assert_non_null(results);
	for (guint i = 0; i < results->len && !found; i++) {
		const KilnStoreResult *result = results->pdata[i];
		if (!result->is_bootstrap && g_str_equal(result->package, package))
			found = result->key;
	}
	if (key)
		assert_string_equal(found, key);
	else
		assert_null(found);
}

/* The result of a package is the one last built or used: not a failure, not of elsewhere, no bootstrap. */
static void test_results(void **state)
{
	g_autoptr(KilnStore) store = open_store(*state);
	const KilnStoreBuild bootstrap = {.key = (char *)"b1", .package = (char *)"p", .collection = (char *)"epoxy",
		.target = (char *)"trixie", .version = (char *)"1-1", .outcome = (char *)"built", .is_bootstrap = TRUE};
	g_autoptr(GPtrArray) used = g_ptr_array_new();
	static const char *const gone[] = {"k2", "none", NULL};

	assert_result(store, "p", NULL);
	add(store, "k1", "p", NULL, 100);
	add(store, "k2", "p", NULL, 200);
	add(store, "k3", "p", "broken", 300);
	add_for(store, "el9", "k4", "p", NULL, 400);
	assert_true(kiln_store_add_build(store, &bootstrap, NULL, NULL));
	assert_result(store, "p", "k2");
	g_autoptr(GPtrArray) all = kiln_store_list_results(store, "epoxy", "trixie", NULL);
	assert_int_equal(all->len, 3);
	assert_true(((KilnStoreResult *)all->pdata[0])->is_bootstrap);
	assert_string_equal(((KilnStoreResult *)all->pdata[2])->key, "k1");
	g_ptr_array_add(used, all->pdata[2]);
	assert_true(kiln_store_use_results(store, used, NULL));
	assert_result(store, "p", "k1");
	assert_true(kiln_store_forget_results(store, gone, NULL));
	g_autoptr(GPtrArray) left = kiln_store_list_results(store, NULL, NULL, NULL);
	assert_int_equal(left->len, 3);
	assert_string_equal(((KilnStoreResult *)left->pdata[0])->target, "el9");
	assert_result(store, "p", "k1");
}

/* Inputs stay as long as a result or the last attempt at a package has them. */
static void test_forgets_inputs(void **state)
{
	static const char *const keys[] = {"old", "now", "failed", NULL}, *const gone[] = {"old", NULL};
	g_autoptr(KilnStore) store = open_store(*state);
	g_autoptr(KilnInputs) inputs = kiln_inputs_new();

	for (int i = 0; keys[i]; i++) {
		const KilnStoreBuild build = {.key = (char *)keys[i], .package = (char *)"p", .collection = (char *)"c",
			.target = (char *)"t", .version = (char *)"1", .outcome = (char *)(i == 2 ? "failed" : "built")};
		assert_true(kiln_store_add_build(store, &build, inputs, NULL));
	}
	assert_true(kiln_store_forget_results(store, gone, NULL));
	for (int i = 0; keys[i]; i++) {
		g_autoptr(KilnInputs) found = NULL;
		assert_true(kiln_store_find_inputs(store, keys[i], &found, NULL));
		assert_int_equal(found != NULL, i != 0);
	}
}

static void test_last_builds_and_mean(void **state)
{
	g_autoptr(KilnStore) store = open_store(*state);
	gint64 mean = -1;

	assert_true(kiln_store_mean_wall(store, "trixie", "p", &mean, NULL));
	assert_int_equal(mean, 0);
	for (int i = 1; i <= 7; i++)
		add(store, "k", "p", NULL, i * 100);
	add(store, "k", "p", "broken", 100000);
	add_for(store, "el9", "k", "q", NULL, 100000);
	add(store, "k", "a", NULL, 1);
	assert_true(kiln_store_mean_wall(store, "trixie", "p", &mean, NULL));
	assert_int_equal(mean, 5000);
	g_autoptr(GPtrArray) last = kiln_store_last_builds(store, "epoxy", "trixie", NULL);
	assert_int_equal(last->len, 2);
	assert_string_equal(((KilnStoreBuild *)last->pdata[0])->package, "a");
	assert_string_equal(((KilnStoreBuild *)last->pdata[1])->cause, "broken");
}

static void assert_failures(KilnStore *store, const char *target, gboolean expected)
{
	gboolean has = !expected;

	assert_true(kiln_store_has_failures(store, "epoxy", target, &has, NULL));
	assert_int_equal(has, expected);
}

/* A failure is settled by the use of a result of its package, for its target; a bootstrap result settles less. */
static void test_settles_failures(void **state)
{
	g_autoptr(KilnStore) store = open_store(*state);
	KilnStoreResult result = {.key = (char *)"k1", .package = (char *)"p", .collection = (char *)"epoxy",
		.target = (char *)"trixie", .version = (char *)"1-1", .is_bootstrap = TRUE};
	g_autoptr(GPtrArray) used = g_ptr_array_new();

	g_ptr_array_add(used, &result);
	add(store, "k1", "p", NULL, 1);
	assert_failures(store, "trixie", FALSE);
	add(store, "k2", "p", "broken", 2);
	add_for(store, "el9", "k3", "p", "broken", 3);
	assert_failures(store, "trixie", TRUE);
	assert_true(kiln_store_use_results(store, used, NULL));
	assert_failures(store, "trixie", TRUE);
	result.is_bootstrap = FALSE;
	assert_true(kiln_store_use_results(store, used, NULL));
	assert_failures(store, "trixie", FALSE);
	assert_failures(store, "el9", TRUE);
	g_autoptr(GPtrArray) last = kiln_store_last_builds(store, "epoxy", "trixie", NULL);
	assert_true(((KilnStoreBuild *)last->pdata[0])->is_settled);
	assert_string_equal(((KilnStoreBuild *)last->pdata[0])->cause, "broken");
	add(store, "k2", "p", "broken", 4);
	assert_failures(store, "trixie", TRUE);
	add(store, "k4", "q", "broken", 5);
	assert_true(kiln_store_use_results(store, used, NULL));
	assert_failures(store, "trixie", TRUE);
}

/* As Kiln wrote it before it knew results and inputs. */
static void test_takes_over_version_1(void **state)
{
	g_autofree char *path = g_build_filename(*state, "state.sqlite", NULL);
	sqlite3 *database;

	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database,
		"CREATE TABLE build (id INTEGER PRIMARY KEY, key TEXT NOT NULL, package TEXT NOT NULL,"
		" collection TEXT NOT NULL, target TEXT NOT NULL, version TEXT NOT NULL, outcome TEXT NOT NULL,"
		" cause TEXT, started INTEGER NOT NULL, wall_us INTEGER NOT NULL);"
		"CREATE INDEX build_package ON build (package, started);"
		"CREATE TABLE published (repository TEXT NOT NULL, nevra TEXT NOT NULL, sha256 TEXT NOT NULL,"
		" snapshot TEXT NOT NULL, PRIMARY KEY (repository, nevra)) WITHOUT ROWID;"
		"INSERT INTO build VALUES (1, 'k1', 'p', 'epoxy', 'trixie', '1-1', 'built', NULL, 10, 20);"
		"INSERT INTO build VALUES (2, 'k2', 'p', 'epoxy', 'trixie', '1-1', 'failed', 'x', 11, 20);"
		"INSERT INTO published VALUES ('epoxy/trixie', 'p-1-1.noarch', 'aa', 's1');"
		"PRAGMA user_version=1", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(database);
	g_autoptr(KilnStore) store = open_store(*state);
	g_autofree char *sha256 = NULL, *snapshot = NULL;
	assert_result(store, "p", "k1");
	g_autoptr(GPtrArray) builds = kiln_store_list_builds(store, "p", 9, NULL);
	assert_int_equal(builds->len, 2);
	assert_string_equal(((KilnStoreBuild *)builds->pdata[0])->cause, "x");
	assert_true(kiln_store_find_published(store, "epoxy/trixie", "p-1-1.noarch", &sha256, &snapshot, NULL));
	assert_string_equal(sha256, "aa");
	add(store, "k3", "p", NULL, 12);
	g_autoptr(KilnStore) second = open_store(*state);
	assert_result(second, "p", "k3");
}

static void test_newer_is_refused(void **state)
{
	g_autofree char *path = g_build_filename(*state, "state.sqlite", NULL);
	g_autoptr(GError) error = NULL;
	sqlite3 *database;

	kiln_store_free(open_store(*state));
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, "PRAGMA user_version=99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(database);
	assert_null(kiln_store_open(path, &error));
	assert_error(error, KILN_ERROR_CONFIG, "newer Kiln");
}

#define THREADS 4
#define BUILDS_PER_THREAD 25

static gpointer write_from_thread(gpointer store)
{
	for (int i = 0; i < BUILDS_PER_THREAD; i++) {
		g_autoptr(GPtrArray) builds = NULL;
		add(store, "k", "p", i % 2 ? "broken" : NULL, i);
		builds = kiln_store_list_builds(store, "p", 5, NULL);
		g_assert_true(builds && builds->len > 0);
	}
	return NULL;
}

/* One handle, several threads; a second handle at the same time. */
static void test_threads(void **state)
{
	g_autoptr(KilnStore) store = open_store(*state), other = open_store(*state);
	GThread *threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("writer", write_from_thread, i == 0 ? other : store);
	for (int i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
	g_autoptr(GPtrArray) builds = kiln_store_list_builds(store, "p", 1000, NULL);
	assert_int_equal(builds->len, THREADS * BUILDS_PER_THREAD);
}

/* Writes builds for ever and tells of each once it is written. */
static G_GNUC_NORETURN void write_for_ever(const char *scratch, guint first, int fd)
{
	g_autoptr(KilnStore) store = open_store(scratch);
	g_autoptr(KilnInputs) inputs = kiln_inputs_new();

	for (guint i = 0; i < 200; i++) {
		g_autofree char *name = g_strdup_printf("source-%u", i);
		kiln_inputs_add(inputs, KILN_INPUT_SOURCE, name, "0123456789abcdef");
	}
	for (guint i = first;; i++) {
		g_autofree char *key = g_strdup_printf("%u", i);
		const KilnStoreBuild build = {.key = key, .package = key, .collection = (char *)"epoxy",
			.target = (char *)"trixie", .version = (char *)"1", .outcome = (char *)"built"};
		if (!kiln_store_add_build(store, &build, inputs, NULL) || write(fd, &i, sizeof i) != sizeof i)
			_exit(1);
	}
}

/* Lets a process write for `milliseconds`, kills it, and returns how many builds it told of. */
static guint write_and_kill(const char *scratch, guint first, guint milliseconds)
{
	guint written = first, last;
	int pipes[2];
	pid_t child;

	assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
	child = fork();
	if (child == 0)
		write_for_ever(scratch, first, pipes[1]);
	g_usleep(milliseconds * 1000);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(pipes[1]);
	while (read(pipes[0], &last, sizeof last) == sizeof last)
		written = last + 1;
	close(pipes[0]);
	return written;
}

static void assert_sound(const char *scratch)
{
	g_autofree char *path = g_build_filename(scratch, "state.sqlite", NULL);
	sqlite3_stmt *statement;
	sqlite3 *database;

	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, "PRAGMA integrity_check", -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
	sqlite3_finalize(statement);
	sqlite3_close(database);
}

/* Killed at any moment: what was told of is there, whole, and the next process goes on. */
static void test_killed_while_writing(void **state)
{
	guint written = 0;

	for (guint round = 0; round < 12; round++) {
		written = write_and_kill(*state, written, 15 + round * 7);
		assert_sound(*state);
		g_autoptr(KilnStore) store = open_store(*state);
		g_autoptr(GPtrArray) results = kiln_store_list_results(store, "epoxy", "trixie", NULL);
		/* The last may be written and not told of. */
		assert_true(results->len == written || results->len == written + 1);
		written = results->len;
		for (guint i = 0; i < results->len; i++) {
			g_autoptr(KilnInputs) inputs = NULL;
			assert_true(kiln_store_find_inputs(store,
				((KilnStoreResult *)results->pdata[i])->key, &inputs, NULL));
			assert_non_null(inputs);
			assert_int_equal(kiln_inputs_count(inputs), 200);
		}
	}
	assert_true(written > 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_builds_newest_first, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_published_stays_as_first_seen, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_damaged_file, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_everything_of_a_build, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_results, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_forgets_inputs, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_last_builds_and_mean, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_settles_failures, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_takes_over_version_1, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_newer_is_refused, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_threads, setup_scratch, teardown_scratch),
		cmocka_unit_test_setup_teardown(test_killed_while_writing, setup_scratch, teardown_scratch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
