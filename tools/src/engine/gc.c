/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/gc.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/build_failure.h"
#include "engine/layer.h"
#include "engine/root.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define DAY_S (24 * 3600)

typedef struct {
	const KilnProject *project;
	const KilnGcOptions *options;
	guint64 total;       /* bytes of what is still there */
	gint64 oldest;       /* what was last used before goes */
	GHashTable *needed;  /* keys of layers -> how many kept failures stand on them */
	GPtrArray *results;  /* keys of the results that were removed */
} Sweep;

static gboolean remove_failure(const Sweep *sweep, const KilnGcItem *item, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(item->key, "/", 2);
	g_autofree char *root = g_build_filename(item->path, "root", NULL);
	g_autoptr(KilnLock) lock = kiln_build_failure_lock(sweep->project, parts[0], parts[1], "kiln gc", error);

	if (!lock)
		return FALSE;
	return sweep->options->is_trial || (kiln_root_remove(root, error) && kiln_fs_remove_tree(item->path, error));
}

/* Under a name that says it is unfinished first: half a result is none. */
static gboolean remove_result(const KilnGcItem *item, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(item->path);
	g_autofree char *name = g_strconcat(".new-", item->key, NULL);
	g_autofree char *unfinished = g_build_filename(directory, name, NULL);

	return kiln_fs_remove_tree(unfinished, error) && kiln_fs_rename(item->path, unfinished, error) &&
		kiln_fs_remove_tree(unfinished, error);
}

static gboolean remove_file(const KilnGcItem *item, GError **error)
{
	return unlink(item->path) == 0 || errno == ENOENT ||
		kiln_error_set_errno(error, errno, "removing \"%s\"", item->path);
}

static gboolean remove_item(const Sweep *sweep, const KilnGcItem *item, GError **error)
{
	gboolean is_trial = sweep->options->is_trial;

	switch (item->kind) {
	case KILN_GC_LAYER:
		return kiln_layer_remove(sweep->project->cache, item->key, is_trial, error);
	case KILN_GC_LEFTOVER:
		if (item->key)
			return kiln_layer_remove(sweep->project->cache, item->key, is_trial, error);
		return is_trial || kiln_root_remove(item->path, error);
	case KILN_GC_FAILURE:
		return remove_failure(sweep, item, error);
	case KILN_GC_BUILD:
		return is_trial || remove_result(item, error);
	case KILN_GC_SOURCE:
	case KILN_GC_DOWNLOAD:
	case KILN_GC_SPEC:
	case KILN_GC_INDEX:
	case KILN_GC_KINDS:
		break;
	}
	return is_trial || remove_file(item, error);
}

/* Why the item is to go; NULL: it stays. Caller owns. */
static char *find_reason(const Sweep *sweep, const KilnGcItem *item)
{
	if (item->kept)
		return NULL;
	if (item->kind == KILN_GC_LEFTOVER)
		return g_strdup("of no use any more");
	if (item->kind == KILN_GC_LAYER && g_hash_table_lookup(sweep->needed, item->key))
		return NULL;
	if (item->used < sweep->oldest)
		return g_strdup_printf("not used for %" G_GINT64_FORMAT " days", (kiln_clock_now() - item->used) / DAY_S);
	if (sweep->total > sweep->options->size_bytes && !item->by_age_only)
		return g_strdup("over the budget");
	return NULL;
}

static void count_needs(Sweep *sweep, const KilnGcItem *item, int difference)
{
	for (char **key = item->needs; key && *key; key++) {
		int count = GPOINTER_TO_INT(g_hash_table_lookup(sweep->needed, *key)) + difference;
		g_hash_table_insert(sweep->needed, *key, GINT_TO_POINTER(count));
	}
}

/* What is in use stays; what cannot be removed is told. */
static void explain_stay(KilnGcItem *item, const GError *error)
{
	gboolean is_busy = g_error_matches(error, KILN_ERROR, KILN_ERROR_BUSY);

	item->kept = g_strdup(is_busy ? "in use" : error->message);
	if (!is_busy)
		kiln_event_warning("gc", "%s", error->message);
}

static void consider(Sweep *sweep, KilnGcItem *item)
{
	g_autofree char *reason = find_reason(sweep, item);
	g_autoptr(GError) error = NULL;

	if (!reason)
		return;
	if (!remove_item(sweep, item, &error)) {
		explain_stay(item, error);
		return;
	}
	item->reason = g_steal_pointer(&reason);
	sweep->total -= item->bytes;
	count_needs(sweep, item, -1);
	if (item->kind == KILN_GC_BUILD)
		g_ptr_array_add(sweep->results, item->key);
}

gboolean kiln_gc_run(const KilnProject *project, KilnStore *store, GPtrArray *items,
	const KilnGcOptions *options, GError **error)
{
	g_autoptr(GHashTable) needed = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) results = g_ptr_array_new();
	Sweep sweep = {.project = project, .options = options, .needed = needed, .results = results};

	if (!kiln_fs_make_directory(project->state, error) || !kiln_root_allow(project->state, error))
		return FALSE;
	sweep.oldest = kiln_clock_now() - options->days * DAY_S;
	for (guint i = 0; i < items->len; i++) {
		const KilnGcItem *item = items->pdata[i];
		sweep.total += item->bytes;
		count_needs(&sweep, item, 1);
	}
	for (guint i = 0; i < items->len; i++)
		consider(&sweep, items->pdata[i]);
	g_ptr_array_add(results, NULL);
	return options->is_trial || kiln_store_forget_results(store, (const char *const *)results->pdata, error);
}
