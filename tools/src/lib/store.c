/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/store.h"

#include "base/error.h"
#include "base/fs.h"

#include <sqlite3.h>

#define SCHEMA_VERSION 1
#define BUSY_TIMEOUT_MS 30000

struct KilnStore {
	sqlite3 *database;
	char *path;
};

typedef sqlite3_stmt KilnStatement;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnStatement, sqlite3_finalize)

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS build ("
	" id INTEGER PRIMARY KEY, key TEXT NOT NULL, package TEXT NOT NULL, collection TEXT NOT NULL,"
	" target TEXT NOT NULL, version TEXT NOT NULL, outcome TEXT NOT NULL, cause TEXT,"
	" started INTEGER NOT NULL, wall_us INTEGER NOT NULL);"
	"CREATE INDEX IF NOT EXISTS build_package ON build (package, started);"
	"CREATE TABLE IF NOT EXISTS published ("
	" repository TEXT NOT NULL, nevra TEXT NOT NULL, sha256 TEXT NOT NULL, snapshot TEXT NOT NULL,"
	" PRIMARY KEY (repository, nevra)) WITHOUT ROWID;";

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

static gboolean check_version(KilnStore *store, GError **error)
{
	g_autoptr(KilnStatement) statement = prepare(store, "PRAGMA user_version", error);
	int version;

	if (!statement || sqlite3_step(statement) != SQLITE_ROW)
		return statement ? set_error(store, error) : FALSE;
	version = sqlite3_column_int(statement, 0);
	if (version <= SCHEMA_VERSION)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"state \"%s\": written by a newer Kiln (format %d, this one knows %d); use that one",
		store->path, version, SCHEMA_VERSION);
	return FALSE;
}

KilnStore *kiln_store_open(const char *path, GError **error)
{
	g_autoptr(KilnStore) store = g_new0(KilnStore, 1);
	g_autofree char *directory = g_path_get_dirname(path);

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
		!execute(store, "PRAGMA synchronous=FULL", error) || !check_version(store, error) ||
		!execute(store, schema, error) ||
		!execute(store, "PRAGMA user_version=" G_STRINGIFY(SCHEMA_VERSION), error))
		return NULL;
	return g_steal_pointer(&store);
}

void kiln_store_free(KilnStore *store)
{
	if (!store)
		return;
	sqlite3_close(store->database);
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
	g_free(build->cause);
	g_free(build);
}

gboolean kiln_store_add_build(KilnStore *store, const KilnStoreBuild *build, GError **error)
{
	g_autoptr(KilnStatement) statement = prepare(store,
		"INSERT INTO build (key, package, collection, target, version, outcome, cause, started, wall_us)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		error);

	if (!statement)
		return FALSE;
	bind_text(statement, 1, build->key);
	bind_text(statement, 2, build->package);
	bind_text(statement, 3, build->collection);
	bind_text(statement, 4, build->target);
	bind_text(statement, 5, build->version);
	bind_text(statement, 6, build->outcome);
	bind_text(statement, 7, build->cause);
	sqlite3_bind_int64(statement, 8, build->started);
	sqlite3_bind_int64(statement, 9, build->wall_us);
	return sqlite3_step(statement) == SQLITE_DONE || set_error(store, error);
}

static KilnStoreBuild *row_to_build(KilnStatement *statement)
{
	KilnStoreBuild *build = g_new0(KilnStoreBuild, 1);

	build->key = column_text(statement, 0);
	build->package = column_text(statement, 1);
	build->collection = column_text(statement, 2);
	build->target = column_text(statement, 3);
	build->version = column_text(statement, 4);
	build->outcome = column_text(statement, 5);
	build->cause = column_text(statement, 6);
	build->started = sqlite3_column_int64(statement, 7);
	build->wall_us = sqlite3_column_int64(statement, 8);
	return build;
}

GPtrArray *kiln_store_list_builds(KilnStore *store, const char *package, guint limit, GError **error)
{
	g_autoptr(KilnStatement) statement = prepare(store,
		"SELECT key, package, collection, target, version, outcome, cause, started, wall_us FROM build"
		" WHERE ?1 IS NULL OR package = ?1 ORDER BY started DESC, id DESC LIMIT ?2",
		error);
	g_autoptr(GPtrArray) builds = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_store_build_free);
	int step;

	if (!statement)
		return NULL;
	bind_text(statement, 1, package);
	sqlite3_bind_int64(statement, 2, limit);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW)
		g_ptr_array_add(builds, row_to_build(statement));
	if (step != SQLITE_DONE) {
		set_error(store, error);
		return NULL;
	}
	return g_steal_pointer(&builds);
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
	if (!execute(store, "BEGIN IMMEDIATE", error))
		return FALSE;
	if (insert_published(store, repository, snapshot, packages, count, error) &&
		execute(store, "COMMIT", error))
		return TRUE;
	/* The first error counts; a rollback after it has nothing to add. */
	sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
	return FALSE;
}

gboolean kiln_store_knows(KilnStore *store, const char *repository, gboolean *ret_knows, GError **error)
{
	g_autoptr(KilnStatement) statement =
		prepare(store, "SELECT EXISTS (SELECT 1 FROM published WHERE repository = ?)", error);

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
	g_autoptr(KilnStatement) statement = prepare(
		store, "SELECT sha256, snapshot FROM published WHERE repository = ? AND nevra = ?", error);
	int step;

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
