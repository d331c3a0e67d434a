/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/gc.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fs.h"
#include "engine/catalog.h"
#include "engine/layer.h"
#include "format/snapshot_json.h"
#include "format/source_lock.h"

#include <string.h>
#include <sys/stat.h>

#define SNAPSHOT_MAX_BYTES (64 * 1024 * 1024)
#define LAYERS_MAX_BYTES (1024 * 1024)
/* Files that no lock says are in use: whoever found one a moment ago will read it soon. */
#define SURELY_UNUSED_S 3600
/* More than a root has layers. */
#define DEPTH_MAX 100

typedef struct {
	const KilnProject *project;
	KilnStore *store;
	gboolean is_alone;
	gint64 now;
	GPtrArray *items;
	GHashTable *layers;   /* key -> KilnGcItem */
	GHashTable *packages; /* "COLLECTION/PACKAGE" that the project has */
	GHashTable *locked;   /* digests that their source locks name */
} Scan;

const char *kiln_gc_kind_name(KilnGcKind kind)
{
	static const char *const names[KILN_GC_KINDS] = {"leftover", "failure", "result", "layer", "source", "download", "spec",
		"index"};

	return names[kind];
}

void kiln_gc_item_free(KilnGcItem *item)
{
	if (!item)
		return;
	g_free(item->key);
	g_free(item->label);
	g_free(item->path);
	g_strfreev(item->needs);
	g_free(item->kept);
	g_free(item->reason);
	g_free(item);
}

/* Adds an item; `path` and `label` are taken over. */
static KilnGcItem *add(Scan *scan, KilnGcKind kind, char *path, char *label)
{
	KilnGcItem *item = g_new0(KilnGcItem, 1);

	item->kind = kind;
	item->path = path;
	item->label = label;
	item->rank = (int)kind * DEPTH_MAX;
	g_ptr_array_add(scan->items, item);
	return item;
}

static void keep(KilnGcItem *item, const char *reason)
{
	if (!item->kept)
		item->kept = g_strdup(reason);
}

/* The names in a directory that may be absent. Caller owns. */
static char **names_in(const char *directory, GError **error)
{
	return g_file_test(directory, G_FILE_TEST_IS_DIR) ? kiln_fs_list(directory, error) : g_new0(char *, 1);
}

/* --- layers --- */

static gboolean scan_layers(Scan *scan, GError **error)
{
	g_autoptr(GPtrArray) list = kiln_layer_list(scan->project->cache, error);
	g_autoptr(GHashTable) below = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; list && i < list->len; i++) {
		const KilnLayerInfo *info = list->pdata[i];
		KilnGcItem *item = add(scan, info->manifest ? KILN_GC_LAYER : KILN_GC_LEFTOVER,
			g_build_filename(scan->project->cache, "layers", info->key, NULL),
			g_strdup(info->manifest ? info->manifest->label : "unfinished layer"));
		item->key = g_strdup(info->key);
		item->bytes = info->bytes;
		item->used = info->used;
		g_hash_table_insert(scan->layers, item->key, item);
		if (info->manifest && info->manifest->below)
			g_hash_table_insert(below, item->key, info->manifest->below);
	}
	/* Who uses a layer uses those below it, and they go after it. */
	for (guint i = 0; list && i < scan->items->len; i++) {
		const KilnGcItem *item = scan->items->pdata[i];
		const char *key = g_hash_table_lookup(below, item->key);
		for (int depth = 1; key && depth < DEPTH_MAX; depth++) {
			KilnGcItem *lower = g_hash_table_lookup(scan->layers, key);
			if (!lower)
				break;
			lower->used = MAX(lower->used, item->used);
			lower->rank = MAX(lower->rank, item->rank + depth);
			key = g_hash_table_lookup(below, key);
		}
	}
	return list != NULL;
}

/* --- the project's own --- */

static const char project_at_work[] = "another kiln is at work in this project";

/* Source packages in published snapshots, as "COLLECTION/TARGET/NAME-EVR.src". */
static gboolean add_snapshot(const char *path, GHashTable *published, GError **error)
{
	g_autofree char *text = kiln_fs_read(path, SNAPSHOT_MAX_BYTES, NULL, error);
	g_autoptr(KilnSnapshot) snapshot = text ? kiln_snapshot_parse(text, path, error) : NULL;

	for (guint i = 0; snapshot && i < snapshot->packages->len; i++) {
		const KilnSnapshotPackage *package = snapshot->packages->pdata[i];
		g_autofree char *nevra = package->part == KILN_PART_SOURCE ? g_strdup(package->nevra) : NULL;
		char *dot = nevra ? strrchr(nevra, '.') : NULL;
		if (!dot)
			continue;
		*dot = '\0';
		g_hash_table_add(published,
			g_strdup_printf("%s/%s/%s", snapshot->collection, snapshot->target, nevra));
	}
	return snapshot != NULL;
}

/* Reads every ROOT/COLLECTION/TARGET/snapshots/ID/snapshot.json below `directory`; `depth` levels are left. */
static gboolean add_snapshots(const char *directory, int depth, GHashTable *published, GError **error)
{
	g_auto(GStrv) names = names_in(directory, error);

	for (char **name = names; name && *name; name++) {
		g_autofree char *path = g_build_filename(directory, *name, depth == 1 ? "snapshots" : NULL, NULL);
		g_autofree char *manifest = g_build_filename(path, "snapshot.json", NULL);
		if (depth > 0 && !add_snapshots(path, depth - 1, published, error))
			return FALSE;
		if (depth == 0 && g_file_test(manifest, G_FILE_TEST_EXISTS) &&
			!add_snapshot(manifest, published, error))
			return FALSE;
	}
	return names != NULL;
}

/* Notes on the item of `result` when it was used and whether it must stay: as what its package has now (`seen`: the
 * packages that had theirs) if the project still has that, or as the last of a version that is published. */
static void judge_result(const Scan *scan, KilnGcItem *item, const KilnStoreResult *result, GHashTable *seen,
	GHashTable *published)
{
	g_autofree char *member = g_strdup_printf("%s/%s", result->collection, result->package);
	g_autofree char *package = g_strdup_printf("%s/%s/%s %d", result->collection, result->target,
		result->package, result->is_bootstrap);
	g_autofree char *version = g_strdup_printf(
		"%s/%s/%s-%s", result->collection, result->target, result->package, result->version);

	if (g_hash_table_add(seen, g_steal_pointer(&package)) && g_hash_table_contains(scan->packages, member))
		keep(item, "the package's last result");
	if (!result->is_bootstrap && g_hash_table_remove(published, version))
		keep(item, "published");
	g_free(item->label);
	item->label = g_strdup_printf(
		"%s %s (%s, %s)", result->package, result->version, result->collection, result->target);
	item->used = MAX(item->used, result->used);
	item->by_age_only = FALSE;
}

static gboolean judge_results(Scan *scan, GHashTable *builds, GError **error)
{
	g_autoptr(GPtrArray) results = kiln_store_list_results(scan->store, NULL, NULL, error);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) published = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	if (!results || !add_snapshots(scan->project->publish_root, 2, published, error))
		return FALSE;
	for (guint i = 0; i < results->len; i++) {
		const KilnStoreResult *result = results->pdata[i];
		KilnGcItem *item = g_hash_table_lookup(builds, result->key);
		if (item)
			judge_result(scan, item, result, seen, published);
	}
	return TRUE;
}

static gboolean scan_builds(Scan *scan, GError **error)
{
	g_autofree char *directory = g_build_filename(scan->project->state, "builds", NULL);
	g_auto(GStrv) names = names_in(directory, error);
	g_autoptr(GHashTable) builds = g_hash_table_new(g_str_hash, g_str_equal);

	for (char **name = names; name && *name; name++) {
		gboolean is_result = kiln_digest_is_valid(*name);
		KilnGcItem *item = add(scan, is_result ? KILN_GC_BUILD : KILN_GC_LEFTOVER,
			g_build_filename(directory, *name, NULL), g_strdup(is_result ? "unknown" : *name));
		struct stat status;
		if (stat(item->path, &status) == 0)
			item->used = status.st_mtime;
		if (!kiln_fs_measure(item->path, &item->bytes, error))
			return FALSE;
		/* What the state knows nothing of may be the last of its package. */
		item->by_age_only = is_result;
		item->key = is_result ? g_strdup(*name) : NULL;
		if (is_result)
			g_hash_table_insert(builds, item->key, item);
		if (!scan->is_alone)
			keep(item, project_at_work);
	}
	return names && judge_results(scan, builds, error);
}

/* The keys of the layers that a kept buildroot stands on; the layers are used as long as that is kept. */
static void find_needs(Scan *scan, KilnGcItem *failure)
{
	g_autofree char *path = g_build_filename(failure->path, "layers", NULL);
	g_autofree char *text = kiln_fs_read(path, LAYERS_MAX_BYTES, NULL, NULL);

	failure->needs = g_strsplit(text ? text : "", "\n", -1);
	for (char **tree = failure->needs; *tree; tree++) {
		g_autofree char *directory = g_path_get_dirname(*tree);
		KilnGcItem *layer;
		g_free(*tree);
		*tree = g_path_get_basename(directory);
		layer = g_hash_table_lookup(scan->layers, *tree);
		if (layer)
			layer->used = MAX(layer->used, failure->used);
	}
}

static gboolean add_failure(Scan *scan, const char *target, const char *package, char *path, GError **error)
{
	KilnGcItem *item = add(scan, KILN_GC_FAILURE, path, g_strdup_printf("%s (%s)", package, target));
	struct stat status;

	item->key = g_strdup_printf("%s/%s", target, package);
	if (stat(path, &status) == 0)
		item->used = status.st_mtime;
	find_needs(scan, item);
	if (!scan->is_alone)
		keep(item, project_at_work);
	return kiln_fs_measure(path, &item->bytes, error);
}

static gboolean scan_failures(Scan *scan, GError **error)
{
	g_autofree char *directory = g_build_filename(scan->project->state, "failed", NULL);
	g_auto(GStrv) targets = names_in(directory, error);

	for (char **target = targets; target && *target; target++) {
		g_autofree char *of_target = g_build_filename(directory, *target, NULL);
		g_auto(GStrv) packages = names_in(of_target, error);
		if (!packages)
			return FALSE;
		for (char **package = packages; *package; package++) {
			/* The others are locks. */
			if (**package != '.' &&
				!add_failure(scan, *target, *package,
					g_build_filename(of_target, *package, NULL), error))
				return FALSE;
		}
	}
	return targets != NULL;
}

static gboolean add_work(Scan *scan, const char *name, char *path, GError **error)
{
	KilnGcItem *item = add(scan, KILN_GC_LEFTOVER, path, g_strdup_printf("unfinished build of %s", name));

	if (!scan->is_alone)
		keep(item, project_at_work);
	return kiln_fs_measure(path, &item->bytes, error);
}

/* What lies here belongs to a build under way or to one that was killed. */
static gboolean scan_work(Scan *scan, GError **error)
{
	g_autofree char *directory = g_build_filename(scan->project->state, "work", NULL);
	g_auto(GStrv) targets = names_in(directory, error);

	for (char **target = targets; target && *target; target++) {
		g_autofree char *of_target = g_build_filename(directory, *target, NULL);
		g_auto(GStrv) names = names_in(of_target, error);
		if (!names)
			return FALSE;
		for (char **name = names; *name; name++)
			if (!add_work(scan, *name, g_build_filename(of_target, *name, NULL), error))
				return FALSE;
	}
	return targets != NULL;
}

/* --- single files of the cache --- */

static gboolean add_locked(const char *path, GHashTable *digests, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(KilnSourceLock) lock = NULL;
	gsize size;

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return TRUE;
	text = kiln_fs_read(path, KILN_SOURCE_LOCK_MAX_BYTES, &size, error);
	lock = text ? kiln_source_lock_parse(text, size, path, error) : NULL;
	for (guint i = 0; lock && i < lock->entries->len; i++) {
		const KilnSourceEntry *entry = lock->entries->pdata[i];
		if (entry->sha256)
			g_hash_table_add(digests, g_strdup(entry->sha256));
	}
	return lock != NULL;
}

/* Reads which packages the project has, and what their source locks name. */
static gboolean scan_project(Scan *scan, GError **error)
{
	const GPtrArray *collections = scan->project->config->collections;

	for (guint i = 0; i < collections->len; i++) {
		const KilnCollection *collection = collections->pdata[i];
		g_autoptr(GPtrArray) packages = kiln_catalog_list(scan->project, collection, error);
		if (!packages)
			return FALSE;
		for (guint j = 0; j < packages->len; j++) {
			const KilnCatalogPackage *package = packages->pdata[j];
			g_hash_table_add(scan->packages, g_strdup_printf("%s/%s", collection->name, package->name));
			if (!add_locked(package->lock_path, scan->locked, error))
				return FALSE;
		}
	}
	return TRUE;
}

/* The regular files of a directory of the cache. When they were used last the file system knows, to a day. */
static gboolean scan_files(Scan *scan, const char *name, KilnGcKind kind, GError **error)
{
	g_autofree char *directory = g_build_filename(scan->project->cache, name, NULL);
	g_auto(GStrv) files = names_in(directory, error);

	for (char **file = files; file && *file; file++) {
		g_autofree char *path = g_build_filename(directory, *file, NULL);
		KilnGcItem *item;
		struct stat status;
		if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode) || **file == '.')
			continue;
		item = add(scan, kind, g_steal_pointer(&path), g_strdup(*file));
		item->bytes = (guint64)status.st_blocks * 512;
		item->used = MAX(status.st_mtime, status.st_atime);
		item->key = kind == KILN_GC_SOURCE ? g_strdup(*file) : NULL;
		if (kind == KILN_GC_SOURCE && g_hash_table_contains(scan->locked, *file))
			keep(item, "a source lock names it");
		/* The same bytes have a name in a base: nothing would be won. */
		if (kind == KILN_GC_DOWNLOAD && status.st_nlink > 1)
			keep(item, "a base has it");
		if (scan->now - item->used < SURELY_UNUSED_S)
			keep(item, "used within the last hour");
	}
	return files != NULL;
}

static int compare_items(gconstpointer a, gconstpointer b)
{
	const KilnGcItem *one = *(KilnGcItem *const *)a, *other = *(KilnGcItem *const *)b;

	if (one->used != other->used)
		return one->used < other->used ? -1 : 1;
	return one->rank != other->rank ? one->rank - other->rank : strcmp(one->path, other->path);
}

GPtrArray *kiln_gc_scan(const KilnProject *project, KilnStore *store, gboolean is_alone, GError **error)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_gc_item_free);
	g_autoptr(GHashTable) layers = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) packages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) locked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Scan scan = {project, store, is_alone, kiln_clock_now(), items, layers, packages, locked};

	if (!scan_project(&scan, error) || !scan_layers(&scan, error) || !scan_builds(&scan, error) ||
		!scan_failures(&scan, error) || !scan_work(&scan, error) ||
		!scan_files(&scan, "sources", KILN_GC_SOURCE, error) ||
		!scan_files(&scan, "downloads", KILN_GC_DOWNLOAD, error) ||
		!scan_files(&scan, "downloads/other-checksums", KILN_GC_INDEX, error) ||
		!scan_files(&scan, "specs", KILN_GC_SPEC, error) || !scan_files(&scan, "solv", KILN_GC_INDEX, error) ||
		!scan_files(&scan, "digests", KILN_GC_INDEX, error))
		return NULL;
	g_ptr_array_sort(items, compare_items);
	return g_steal_pointer(&items);
}
