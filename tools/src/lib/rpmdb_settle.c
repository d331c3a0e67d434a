/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmdb_settle.h"

#include "base/error.h"

#include <sqlite3.h>

gboolean kiln_rpmdb_settle(const char *path, GError **error)
{
	sqlite3 *database = NULL;
	int result;

	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return TRUE;
	result = sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_exec(database,
			"PRAGMA synchronous = OFF; PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	if (result != SQLITE_OK)
		g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM,
			"settling the package database \"%s\": %s", path,
			database ? sqlite3_errmsg(database) : sqlite3_errstr(result));
	sqlite3_close(database);
	return result == SQLITE_OK;
}
