/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/metadata_db.h"

#include "base/error.h"
#include "lib/repomd_xml.h"

#include <sqlite3.h>

/* A table of a million packages takes far less; a view that never ends is stopped. */
#define STEPS_AT_ONCE 1000000
#define MAX_INTERRUPTS 1000

typedef sqlite3 Database;
typedef sqlite3_stmt Statement;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Database, sqlite3_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Statement, sqlite3_finalize)

static gpointer refuse(Database *database, const char *name, GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\": is no database of packages: %s", name,
		database ? sqlite3_errmsg(database) : "SQLite does not open it");
	return NULL;
}

static int stop_endless(void *data)
{
	guint *count = data;

	return ++*count > MAX_INTERRUPTS;
}

/* In memory and read-only; `bytes` must outlive it. */
static Database *open_database(GBytes *bytes)
{
	Database *database = NULL;
	gsize size = 0;
	const void *data = g_bytes_get_data(bytes, &size);

	if (sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
		sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		if (sqlite3_deserialize(database, "main", (unsigned char *)data, (sqlite3_int64)size,
			    (sqlite3_int64)size, SQLITE_DESERIALIZE_READONLY) == SQLITE_OK)
			return database;
	}
	sqlite3_close(database);
	return NULL;
}

static char *column(Statement *statement, int index)
{
	return g_strdup((const char *)sqlite3_column_text(statement, index));
}

static void add_row(GPtrArray *packages, Statement *statement, gboolean is_primary)
{
	KilnXmlPackage *package = g_new0(KilnXmlPackage, 1);

	g_ptr_array_add(packages, package);
	package->checksum.value = column(statement, 0);
	if (!is_primary)
		return;
	package->name = column(statement, 1);
	package->arch = column(statement, 2);
	package->epoch = column(statement, 3);
	package->version = column(statement, 4);
	package->release = column(statement, 5);
	package->location = column(statement, 6);
}

GPtrArray *kiln_metadata_db_read(GBytes *bytes, const char *name, gboolean is_primary, GError **error)
{
	const char *query = is_primary
		? "SELECT pkgId, name, arch, epoch, version, release, location_href FROM packages"
		: "SELECT pkgId FROM packages";
	g_autoptr(Database) database = open_database(bytes);
	g_autoptr(Statement) statement = NULL;
	g_autoptr(GPtrArray) packages = kiln_xml_packages_new();
	guint interrupts = 0;
	int result;

	if (!database)
		return refuse(NULL, name, error);
	sqlite3_progress_handler(database, STEPS_AT_ONCE, stop_endless, &interrupts);
	if (sqlite3_prepare_v2(database, query, -1, &statement, NULL) != SQLITE_OK)
		return refuse(database, name, error);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW)
		add_row(packages, statement, is_primary);
	return result == SQLITE_DONE ? g_steal_pointer(&packages) : refuse(database, name, error);
}
