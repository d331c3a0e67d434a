/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A package database at rest: rpm leaves it in SQLite's WAL mode, which a reader on a read-only
 * layer cannot open. */
#pragma once

#include <glib.h>

/* Folds the write-ahead log into the database file and leaves a rollback journal's mode behind (rpm
 * sets WAL again when it next writes). No other process may have it open. Absent is success. */
gboolean kiln_rpmdb_settle(const char *path, GError **error);
