/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/store.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"

#include <sqlite3.h>

#define SCHEMA_VERSION 2
#define BUSY_TIMEOUT_MS 30000
#define MEAN_OF "5"

struct KilnStore {
	sqlite3 *database;
	char *path;
	GMutex mutex; /* held by whoever uses the connection */
};

typedef sqlite3_stmt KilnStatement;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnStatement, sqlite3_finalize)

/* What makes a database of version N out of one of version N - 1; [1] out of none. */
static const char *const schema[SCHEMA_VERSION + 1] = {
	[1] = "CREATE TABLE build ("
	      " id INTEGER PRIMARY KEY, key TEXT NOT NULL, package TEXT NOT NULL, collection TEXT NOT NULL,"
	      " target TEXT NOT NULL, version TEXT NOT NULL, outcome TEXT NOT NULL, cause TEXT,"
	      " started INTEGER NOT NULL, wall_us INTEGER NOT NULL);"
	      "CREATE INDEX build_package ON build (package, started);"
	      "CREATE TABLE published ("
	      " repository TEXT NOT NULL, nevra TEXT NOT NULL, sha256 TEXT NOT NULL, snapshot TEXT NOT NULL,"
	      " PRIMARY KEY (repository, nevra)) WITHOUT ROWID;",
	/* The id of a result grows with its use: a replaced row gets the highest. */
	[2] = "ALTER TABLE build ADD COLUMN reason TEXT;"
	      "ALTER TABLE build ADD COLUMN queue_us INTEGER NOT NULL DEFAULT 0;"
	      "ALTER TABLE build ADD COLUMN layers_us INTEGER NOT NULL DEFAULT 0;"
	      "ALTER TABLE build ADD COLUMN rpmbuild_us INTEGER NOT NULL DEFAULT 0;"
	      "ALTER TABLE build ADD COLUMN collect_us INTEGER NOT NULL DEFAULT 0;"
	      "ALTER TABLE build ADD COLUMN peak_memory_bytes INTEGER NOT NULL DEFAULT 0;"
	      "ALTER TABLE build ADD COLUMN wave INTEGER NOT NULL DEFAULT 0;"
	      "ALTER TABLE build ADD COLUMN jobs INTEGER NOT NULL DEFAULT 0;"
	      "ALTER TABLE build ADD COLUMN is_bootstrap INTEGER NOT NULL DEFAULT 0;"
	      "ALTER TABLE build ADD COLUMN is_settled INTEGER NOT NULL DEFAULT 0;"
	      "CREATE TABLE inputs (key TEXT PRIMARY KEY, text TEXT NOT NULL);"
	      "CREATE TABLE result ("
	      " id INTEGER PRIMARY KEY, key TEXT NOT NULL, package TEXT NOT NULL, collection TEXT NOT NULL,"
	      " target TEXT NOT NULL, version TEXT NOT NULL, used INTEGER NOT NULL, is_bootstrap INTEGER NOT NULL,"
	      " UNIQUE (key, collection, target, is_bootstrap));"
	      "CREATE INDEX result_package ON result (collection, target, package);"
	      "INSERT OR REPLACE INTO result (key, package, collection, target, version, used, is_bootstrap)"
	      " SELECT key, package, collection, target, version, started, 0 FROM build"
	      " WHERE outcome = 'built' ORDER BY started, id;",
};

#define BUILD_COLUMNS                                                                                      \
	"key, package, collection, target, version, outcome, reason, cause, started, wall_us, queue_us, "   \
	"layers_us, rpmbuild_us, collect_us, peak_memory_bytes, wave, jobs, is_bootstrap, is_settled"
#define RESULT_COLUMNS "key, package, collection, target, version, used, is_bootstrap"

static const char insert_result_sql[] =
	"INSERT OR REPLACE INTO result (" RESULT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)";

static gboolean set_error(const KilnStore *store, GError **error)
{
	int code = sqlite3_errcode(store->database);
	const char *message = sqlite3_errmsg(store->database);

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"state \"%s\": %s; move the file away (history is lost, repositories are not)",
			store->path, message);
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "state \"%s\": %s", store->path, message);
	return FALSE;
}

static gboolean execute(KilnStore *store, const char *sql, GError **error)
{
	return sqlite3_exec(store->database, sql, NULL, NULL, NULL) == SQLITE_OK || set_error(store, error);
}

static KilnStatement *prepare(KilnStore *store, const char *sql, GError **error)
{
	KilnStatement *statement = NULL;

	if (sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL) != SQLITE_OK)
		set_error(store, error);
	return statement;
}

static void bind_text(KilnStatement *statement, int index, const char *text)
{
	if (text)
		sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

static char *column_text(KilnStatement *statement, int index)
{
	return g_strdup((const char *)sqlite3_column_text(statement, index));
}

/* What several statements do together, all or none. `good`: whether they went well. */
static gboolean end_transaction(KilnStore *store, gboolean good, GError **error)
{
	if (good && execute(store, "COMMIT", error))
		return TRUE;
	/* The first error counts; a rollback after it has nothing to add. */
	sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
	return FALSE;
}

static gboolean read_version(KilnStore *store, int *ret_version, GError **error)
{
	g_autoptr(KilnStatement) statement = prepare(store, "PRAGMA user_version", error);

	if (!statement || sqlite3_step(statement) != SQLITE_ROW)
		return statement ? set_error(store, error) : FALSE;
	*ret_version = sqlite3_column_int(statement, 0);
	if (*ret_version <= SCHEMA_VERSION)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"state \"%s\": written by a newer Kiln (format %d, this one knows %d); use that one",
		store->path, *ret_version, SCHEMA_VERSION);
	return FALSE;
}

static gboolean upgrade_from(KilnStore *store, int version, GError **error)
{
	while (++version <= SCHEMA_VERSION)
		if (!execute(store, schema[version], error))
			return FALSE;
	return execute(store, "PRAGMA user_version=" G_STRINGIFY(SCHEMA_VERSION), error);
}

/* Another process may do the same now: only what is read under the lock of the transaction counts. */
static gboolean upgrade(KilnStore *store, GError **error)
{
	int version;

	if (!read_version(store, &version, error))
		return FALSE;
	if (version == SCHEMA_VERSION)
		return TRUE;
	if (!execute(store, "BEGIN IMMEDIATE", error))
		return FALSE;
	return end_transaction(store,
		read_version(store, &version, error) && upgrade_from(store, version, error), error);
}

KilnStore *kiln_store_open(const char *path, GError **error)
{
	g_autoptr(KilnStore) store = g_new0(KilnStore, 1);
	g_autofree char *directory = g_path_get_dirname(path);

	g_mutex_init(&store->mutex);
	store->path = g_strdup(path);
	if (!kiln_fs_make_directory(directory, error))
		return NULL;
	if (sqlite3_open_v2(path, &store->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
		SQLITE_OK) {
		set_error(store, error);
		return NULL;
	}
	sqlite3_busy_timeout(store->database, BUSY_TIMEOUT_MS);
	if (!execute(store, "PRAGMA journal_mode=WAL", error) ||
		!execute(store, "PRAGMA synchronous=FULL", error) || !upgrade(store, error))
		return NULL;
	return g_steal_pointer(&store);
}

void kiln_store_free(KilnStore *store)
{
	if (!store)
		return;
	sqlite3_close(store->database);
	g_mutex_clear(&store->mutex);
	g_free(store->path);
	g_free(store);
}

void kiln_store_build_free(KilnStoreBuild *build)
{
	if (!build)
		return;
	g_free(build->key);
	g_free(build->package);
	g_free(build->collection);
	g_free(build->target);
	g_free(build->version);
	g_free(build->outcome);
	g_free(build->reason);
	g_free(build->cause);
	g_free(build);
}

void kiln_store_result_free(KilnStoreResult *result)
{
	if (!result)
		return;
	g_free(result->key);
	g_free(result->package);
	g_free(result->collection);
	g_free(result->target);
	g_free(result->version);
	g_free(result);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnStoreResult, kiln_store_result_free)

static gboolean insert_build(KilnStore *store, const KilnStoreBuild *build, GError **error)
{
	const char *const texts[] = {build->key, build->package, build->collection, build->target, build->version,
		build->outcome, build->reason, build->cause};
	const gint64 numbers[] = {build->started, build->wall_us, build->queue_us, build->layers_us,
		build->rpmbuild_us, build->collect_us, build->peak_memory_bytes, build->wave, build->jobs,
		build->is_bootstrap, build->is_settled};
	g_autoptr(KilnStatement) statement = prepare(store,
		"INSERT INTO build (" BUILD_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		error);

	if (!statement)
		return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		bind_text(statement, (int)i + 1, texts[i]);
	for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
		sqlite3_bind_int64(statement, (int)(G_N_ELEMENTS(texts) + i) + 1, numbers[i]);
	return sqlite3_step(statement) == SQLITE_DONE || set_error(store, error);
}

static gboolean insert_inputs(KilnStore *store, const char *key, const KilnInputs *inputs, GError **error)
{
	g_autoptr(KilnStatement) statement = prepare(store, "INSERT OR IGNORE INTO inputs VALUES (?, ?)", error);
	g_autofree char *text = kiln_inputs_emit(inputs);

	if (!statement)
		return FALSE;
	bind_text(statement, 1, key);
	bind_text(statement, 2, text);
	return sqlite3_step(statement) == SQLITE_DONE || set_error(store, error);
}

/* Puts `result` first among its package's. `statement` is insert_result_sql, used again and again. */
static gboolean insert_result(
	KilnStore *store, KilnStatement *statement, const KilnStoreResult *result, gint64 used, GError **error)
{
	sqlite3_reset(statement);
	bind_text(statement, 1, result->key);
	bind_text(statement, 2, result->package);
	bind_text(statement, 3, result->collection);
	bind_text(statement, 4, result->target);
	bind_text(statement, 5, result->version);
	sqlite3_bind_int64(statement, 6, used);
	sqlite3_bind_int(statement, 7, result->is_bootstrap);
	return sqlite3_step(statement) == SQLITE_DONE || set_error(store, error);
}

static gboolean insert_result_of(KilnStore *store, const KilnStoreBuild *build, GError **error)
{
	g_autoptr(KilnStatement) statement = prepare(store, insert_result_sql, error);
	KilnStoreResult result = {build->key, build->package, build->collection, build->target, build->version, 0,
		build->is_bootstrap};

	return statement && insert_result(store, statement, &result, build->started, error);
}

gboolean kiln_store_add_build(
	KilnStore *store, const KilnStoreBuild *build, const KilnInputs *inputs, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);
	gboolean is_built = g_str_equal(build->outcome, KILN_STORE_BUILT);

	(void)locker;
	if (!execute(store, "BEGIN IMMEDIATE", error))
		return FALSE;
	return end_transaction(store,
		insert_build(store, build, error) &&
			(!inputs || insert_inputs(store, build->key, inputs, error)) &&
			(!is_built || insert_result_of(store, build, error)),
		error);
}

static KilnStoreBuild *row_to_build(KilnStatement *statement)
{
	KilnStoreBuild *build = g_new0(KilnStoreBuild, 1);
	char **const texts[] = {&build->key, &build->package, &build->collection, &build->target, &build->version,
		&build->outcome, &build->reason, &build->cause};
	gint64 *const numbers[] = {&build->started, &build->wall_us, &build->queue_us, &build->layers_us,
		&build->rpmbuild_us, &build->collect_us, &build->peak_memory_bytes};
	int column = 0;

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		*texts[i] = column_text(statement, column++);
	for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
		*numbers[i] = sqlite3_column_int64(statement, column++);
	build->wave = (guint)sqlite3_column_int(statement, column++);
	build->jobs = (guint)sqlite3_column_int(statement, column++);
	build->is_bootstrap = sqlite3_column_int(statement, column++) != 0;
	build->is_settled = sqlite3_column_int(statement, column) != 0;
	return build;
}

static KilnStoreResult *row_to_result(KilnStatement *statement)
{
	KilnStoreResult *result = g_new0(KilnStoreResult, 1);

	result->key = column_text(statement, 0);
	result->package = column_text(statement, 1);
	result->collection = column_text(statement, 2);
	result->target = column_text(statement, 3);
	result->version = column_text(statement, 4);
	result->used = sqlite3_column_int64(statement, 5);
	result->is_bootstrap = sqlite3_column_int(statement, 6) != 0;
	return result;
}

/* All rows of `statement`, each made by `make`, freed by `free_row`. */
static GPtrArray *take_rows(
	KilnStore *store, KilnStatement *statement, gpointer (*make)(KilnStatement *), GDestroyNotify free_row, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(free_row);
	int step;

	while ((step = sqlite3_step(statement)) == SQLITE_ROW)
		g_ptr_array_add(rows, make(statement));
	if (step != SQLITE_DONE) {
		set_error(store, error);
		return NULL;
	}
	return g_steal_pointer(&rows);
}

static gpointer make_build(KilnStatement *statement)
{
	return row_to_build(statement);
}

static gpointer make_result(KilnStatement *statement)
{
	return row_to_result(statement);
}

GPtrArray *kiln_store_list_builds(KilnStore *store, const char *package, guint limit, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);
	g_autoptr(KilnStatement) statement = prepare(store,
		"SELECT " BUILD_COLUMNS " FROM build"
		" WHERE ?1 IS NULL OR package = ?1 ORDER BY started DESC, id DESC LIMIT ?2",
		error);

	(void)locker;
	if (!statement)
		return NULL;
	bind_text(statement, 1, package);
	sqlite3_bind_int64(statement, 2, limit);
	return take_rows(store, statement, make_build, (GDestroyNotify)kiln_store_build_free, error);
}

GPtrArray *kiln_store_last_builds(KilnStore *store, const char *collection, const char *target, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);
	g_autoptr(KilnStatement) statement = prepare(store,
		"SELECT " BUILD_COLUMNS " FROM build WHERE id IN"
		" (SELECT MAX(id) FROM build WHERE collection = ? AND target = ? GROUP BY package) ORDER BY package",
		error);

	(void)locker;
	if (!statement)
		return NULL;
	bind_text(statement, 1, collection);
	bind_text(statement, 2, target);
	return take_rows(store, statement, make_build, (GDestroyNotify)kiln_store_build_free, error);
}

gboolean kiln_store_mean_wall(
	KilnStore *store, const char *target, const char *package, gint64 *ret_wall_us, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);
	g_autoptr(KilnStatement) statement = prepare(store,
		"SELECT AVG(wall_us) FROM (SELECT wall_us FROM build WHERE package = ? AND target = ?"
		" AND outcome = 'built' ORDER BY started DESC, id DESC LIMIT " MEAN_OF ")",
		error);

	(void)locker;
	if (!statement)
		return FALSE;
	bind_text(statement, 1, package);
	bind_text(statement, 2, target);
	if (sqlite3_step(statement) != SQLITE_ROW)
		return set_error(store, error);
	*ret_wall_us = sqlite3_column_int64(statement, 0);
	return TRUE;
}

gboolean kiln_store_add_inputs(KilnStore *store, const char *key, const KilnInputs *inputs, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);

	(void)locker;
	return insert_inputs(store, key, inputs, error);
}

gboolean kiln_store_find_inputs(KilnStore *store, const char *key, KilnInputs **ret_inputs, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);
	g_autoptr(KilnStatement) statement = prepare(store, "SELECT text FROM inputs WHERE key = ?", error);
	KilnInputs *inputs = NULL;
	int step;

	(void)locker;
	if (!statement)
		return FALSE;
	bind_text(statement, 1, key);
	step = sqlite3_step(statement);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return set_error(store, error);
	if (step == SQLITE_ROW) {
		inputs = kiln_inputs_parse((const char *)sqlite3_column_text(statement, 0), store->path, error);
		if (!inputs)
			return FALSE;
	}
	*ret_inputs = inputs;
	return TRUE;
}

GPtrArray *kiln_store_list_results(KilnStore *store, const char *collection, const char *target, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);
	g_autoptr(KilnStatement) statement = prepare(store,
		"SELECT " RESULT_COLUMNS " FROM result WHERE (?1 IS NULL OR collection = ?1)"
		" AND (?2 IS NULL OR target = ?2) ORDER BY collection, target, package, id DESC",
		error);

	(void)locker;
	if (!statement)
		return NULL;
	bind_text(statement, 1, collection);
	bind_text(statement, 2, target);
	return take_rows(store, statement, make_result, (GDestroyNotify)kiln_store_result_free, error);
}

static gboolean insert_results(KilnStore *store, const GPtrArray *results, GError **error)
{
	g_autoptr(KilnStatement) statement = prepare(store, insert_result_sql, error);
	gint64 now = kiln_clock_now();

	for (guint i = 0; statement && i < results->len; i++)
		if (!insert_result(store, statement, results->pdata[i], now, error))
			return FALSE;
	return statement != NULL;
}

/* What failed before is of no matter where a result is used; one of a bootstrap build stands only for such. */
static gboolean settle_failures(KilnStore *store, const GPtrArray *results, GError **error)
{
	g_autoptr(KilnStatement) statement = prepare(store,
		"UPDATE build SET is_settled = 1 WHERE package = ? AND collection = ? AND target = ?"
		" AND is_bootstrap >= ? AND outcome = 'failed' AND NOT is_settled",
		error);

	for (guint i = 0; statement && i < results->len; i++) {
		const KilnStoreResult *result = results->pdata[i];
		sqlite3_reset(statement);
		bind_text(statement, 1, result->package);
		bind_text(statement, 2, result->collection);
		bind_text(statement, 3, result->target);
		sqlite3_bind_int(statement, 4, result->is_bootstrap);
		if (sqlite3_step(statement) != SQLITE_DONE)
			return set_error(store, error);
	}
	return statement != NULL;
}

gboolean kiln_store_use_results(KilnStore *store, const GPtrArray *results, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);

	(void)locker;
	return execute(store, "BEGIN IMMEDIATE", error) &&
		end_transaction(store,
			insert_results(store, results, error) && settle_failures(store, results, error), error);
}

gboolean kiln_store_has_failures(
	KilnStore *store, const char *collection, const char *target, gboolean *ret_has, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);
	g_autoptr(KilnStatement) statement = prepare(store,
		"SELECT EXISTS (SELECT 1 FROM build WHERE collection = ? AND target = ?"
		" AND outcome = 'failed' AND NOT is_settled)",
		error);

	(void)locker;
	if (!statement)
		return FALSE;
	bind_text(statement, 1, collection);
	bind_text(statement, 2, target);
	if (sqlite3_step(statement) != SQLITE_ROW)
		return set_error(store, error);
	*ret_has = sqlite3_column_int(statement, 0) != 0;
	return TRUE;
}

static gboolean delete_results(KilnStore *store, const char *const *keys, GError **error)
{
	g_autoptr(KilnStatement) statement = prepare(store, "DELETE FROM result WHERE key = ?", error);

	for (; statement && *keys; keys++) {
		sqlite3_reset(statement);
		bind_text(statement, 1, *keys);
		if (sqlite3_step(statement) != SQLITE_DONE)
			return set_error(store, error);
	}
	return statement != NULL;
}

gboolean kiln_store_forget_results(KilnStore *store, const char *const *keys, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);

	(void)locker;
	return execute(store, "BEGIN IMMEDIATE", error) &&
		end_transaction(store,
			delete_results(store, keys, error) &&
				execute(store,
					"DELETE FROM inputs WHERE key NOT IN (SELECT key FROM result) AND key NOT IN"
					" (SELECT key FROM build WHERE id IN"
					" (SELECT MAX(id) FROM build GROUP BY collection, target, package))",
					error),
			error);
}

static gboolean insert_published(KilnStore *store, const char *repository, const char *snapshot,
	const KilnStorePublished *packages, gsize count, GError **error)
{
	g_autoptr(KilnStatement) statement =
		prepare(store, "INSERT OR IGNORE INTO published VALUES (?, ?, ?, ?)", error);

	for (gsize i = 0; statement && i < count; i++) {
		sqlite3_reset(statement);
		bind_text(statement, 1, repository);
		bind_text(statement, 2, packages[i].nevra);
		bind_text(statement, 3, packages[i].sha256);
		bind_text(statement, 4, snapshot);
		if (sqlite3_step(statement) != SQLITE_DONE)
			return set_error(store, error);
	}
	return statement != NULL;
}

gboolean kiln_store_add_published(KilnStore *store, const char *repository, const char *snapshot,
	const KilnStorePublished *packages, gsize count, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);

	(void)locker;
	return execute(store, "BEGIN IMMEDIATE", error) &&
		end_transaction(store,
			insert_published(store, repository, snapshot, packages, count, error), error);
}

gboolean kiln_store_knows(KilnStore *store, const char *repository, gboolean *ret_knows, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);
	g_autoptr(KilnStatement) statement =
		prepare(store, "SELECT EXISTS (SELECT 1 FROM published WHERE repository = ?)", error);

	(void)locker;
	if (!statement)
		return FALSE;
	bind_text(statement, 1, repository);
	if (sqlite3_step(statement) != SQLITE_ROW)
		return set_error(store, error);
	*ret_knows = sqlite3_column_int(statement, 0) != 0;
	return TRUE;
}

gboolean kiln_store_find_published(KilnStore *store, const char *repository, const char *nevra,
	char **ret_sha256, char **ret_snapshot, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->mutex);
	g_autoptr(KilnStatement) statement = prepare(
		store, "SELECT sha256, snapshot FROM published WHERE repository = ? AND nevra = ?", error);
	int step;

	(void)locker;
	if (!statement)
		return FALSE;
	bind_text(statement, 1, repository);
	bind_text(statement, 2, nevra);
	step = sqlite3_step(statement);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return set_error(store, error);
	*ret_sha256 = step == SQLITE_ROW ? column_text(statement, 0) : NULL;
	*ret_snapshot = step == SQLITE_ROW ? column_text(statement, 1) : NULL;
	return TRUE;
}
