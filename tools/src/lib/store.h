/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Kiln remembers between runs beside the files it makes (SQLite, WAL): each build attempt and
 * each package ever published. Losing it loses history, never a repository.
 */
#pragma once

#include <glib.h>

typedef struct KilnStore KilnStore;

/* Opens or creates the database file. A damaged one is VERIFY and says to move it away; one written
 * by a newer Kiln is CONFIG. */
KilnStore *kiln_store_open(const char *path, GError **error);
void kiln_store_free(KilnStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnStore, kiln_store_free)

/* One attempt at a build. */
typedef struct {
	char *key;        /* the build key */
	char *package, *collection, *target;
	char *version;    /* "[epoch:]version-release" */
	char *outcome;    /* "built" or "failed" */
	char *cause;      /* the first line that explains a failure; NULL */
	gint64 started;   /* seconds since the epoch */
	gint64 wall_us;
} KilnStoreBuild;

void kiln_store_build_free(KilnStoreBuild *build);

gboolean kiln_store_add_build(KilnStore *store, const KilnStoreBuild *build, GError **error);

/* The attempts at `package` (NULL: all), newest first, at most `limit`, as KilnStoreBuild. Caller owns. */
GPtrArray *kiln_store_list_builds(KilnStore *store, const char *package, guint limit, GError **error);

/* A package in a snapshot. Borrowed strings. */
typedef struct {
	const char *nevra;
	const char *sha256;
} KilnStorePublished;

/* Records the packages of `snapshot`, all or none. Those known already stay as they are. */
gboolean kiln_store_add_published(KilnStore *store, const char *repository, const char *snapshot,
	const KilnStorePublished *packages, gsize count, GError **error);

/* Whether any package of `repository` is recorded. */
gboolean kiln_store_knows(KilnStore *store, const char *repository, gboolean *ret_knows, GError **error);

/* The digest under which `nevra` was published in `repository` ("COLLECTION/TARGET") and the first
 * snapshot that had it; both NULL when it never was. Caller owns. */
gboolean kiln_store_find_published(KilnStore *store, const char *repository, const char *nevra,
	char **ret_sha256, char **ret_snapshot, GError **error);
