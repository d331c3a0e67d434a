/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Kiln remembers between runs beside the files it makes (SQLite, WAL): each build attempt, the inputs behind each
 * key, the results there are, and each package ever published. Losing it loses history, never a repository. What a
 * call has written survives the process, killed at any moment. A handle may be used by several threads, the file by
 * several processes.
 */
#pragma once

#include "model/inputs.h"

typedef struct KilnStore KilnStore;

/* Opens or creates the database file; one of an older Kiln is taken over. A damaged one is VERIFY and says to move it
 * away; one written by a newer Kiln is CONFIG. */
KilnStore *kiln_store_open(const char *path, GError **error);
void kiln_store_free(KilnStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnStore, kiln_store_free)

#define KILN_STORE_BUILT "built"
#define KILN_STORE_FAILED "failed"

/* One attempt at a build. What is not known is 0 or NULL. */
typedef struct {
	char *key;        /* the build key */
	char *package, *collection, *target;
	char *version;    /* "[epoch:]version-release" */
	char *outcome;    /* KILN_STORE_BUILT or KILN_STORE_FAILED */
	char *reason;     /* why it was built: "source changed: x.patch" */
	char *cause;      /* the first line that explains a failure */
	gint64 started;   /* seconds since the epoch */
	gint64 wall_us;   /* from start to end, without waiting */
	gint64 queue_us;  /* from ready to be built to start */
	gint64 layers_us, rpmbuild_us, collect_us;
	gint64 peak_memory_bytes;
	guint wave;       /* of the plan, from 1 */
	guint jobs;       /* how many builds were allowed at once */
	gboolean is_bootstrap; /* built to break a cycle, to be built again */
	gboolean is_settled;   /* failed, and a result of the package was used since */
} KilnStoreBuild;

void kiln_store_build_free(KilnStoreBuild *build);

/* Adds an attempt; one that was built also counts as its package's last result. `inputs` (NULL: not known) are those
 * behind its key. All or nothing. */
gboolean kiln_store_add_build(
	KilnStore *store, const KilnStoreBuild *build, const KilnInputs *inputs, GError **error);

/* The attempts at `package` (NULL: all), newest first, at most `limit`, as KilnStoreBuild. Caller owns. */
GPtrArray *kiln_store_list_builds(KilnStore *store, const char *package, guint limit, GError **error);

/* The last attempt at each package of `collection` for `target`, sorted by package, as KilnStoreBuild. Caller owns. */
GPtrArray *kiln_store_last_builds(
	KilnStore *store, const char *collection, const char *target, GError **error);

/* The mean wall_us of the last five successful builds of `package` for `target`; 0 when there is none. */
gboolean kiln_store_mean_wall(
	KilnStore *store, const char *target, const char *package, gint64 *ret_wall_us, GError **error);

/* Adds the inputs behind `key`, unless they are known. */
gboolean kiln_store_add_inputs(KilnStore *store, const char *key, const KilnInputs *inputs, GError **error);

/* The inputs behind `key`; NULL in `ret_inputs` when they are not known. Caller owns. */
gboolean kiln_store_find_inputs(
	KilnStore *store, const char *key, KilnInputs **ret_inputs, GError **error);

/* A result: what was built from `key`, as a plan uses it. */
typedef struct {
	char *key;
	char *package, *collection, *target;
	char *version;
	gint64 used;      /* when it was built or last used by a plan, seconds since the epoch */
	gboolean is_bootstrap;
} KilnStoreResult;

void kiln_store_result_free(KilnStoreResult *result);

/* The results for `collection` and `target` (each NULL: all), sorted by collection, target, package, then the one last
 * used first: the first of a package is the one it has now. KilnStoreResult, caller owns. */
GPtrArray *kiln_store_list_results(
	KilnStore *store, const char *collection, const char *target, GError **error);

/* Notes that a plan uses these results now, whether built by it or before: KilnStoreResult, `used` is not read. That
 * settles the failures of their packages; a bootstrap build's result only those of bootstrap builds. All or none, in
 * one transaction. */
gboolean kiln_store_use_results(KilnStore *store, const GPtrArray *results, GError **error);

/* Whether `collection` has any failure for `target` that is not settled. */
gboolean kiln_store_has_failures(
	KilnStore *store, const char *collection, const char *target, gboolean *ret_has, GError **error);

/* Forgets the results of `keys` (ends with NULL), and all inputs that no result and no package's last attempt has. */
gboolean kiln_store_forget_results(KilnStore *store, const char *const *keys, GError **error);

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
