/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/release.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/build.h"
#include "engine/gate.h"
#include "engine/publish.h"
#include "format/snapshot_json.h"

#include <string.h>

void kiln_release_result_clear(KilnReleaseResult *result)
{
	g_clear_pointer(&result->snapshot, g_free);
	g_clear_pointer(&result->repo_path, g_free);
	g_clear_pointer(&result->repo_url, g_free);
}

static gboolean offer(KilnContext *context, const KilnPlanItem *item, GError **error)
{
	g_auto(GStrv) paths = kiln_build_packages(item->result_directory, FALSE, error);

	return paths &&
		kiln_context_add_built(context, item->package->name, (const char *const *)paths, error);
}

/* Makes sure one item is built; with `store` NULL nothing may be built. */
static gboolean build_item(KilnContext *context, KilnPlanItem *item, KilnStore *store, GError **error)
{
	if (item->is_built)
		return TRUE;
	if (store)
		return kiln_build_run(context, item, store, error);
	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
		"\"%s\" is not built as it stands now; run `kiln build %s`", item->package->name,
		item->package->name);
	return FALSE;
}

static gboolean build_items(
	KilnContext *context, const GPtrArray *items, KilnStore *store, guint *ret_built, GError **error)
{
	guint cached = 0;

	for (guint i = 0; i < items->len; i++) {
		KilnPlanItem *item = items->pdata[i];
		if (!kiln_plan_resolve(context, item, error))
			return FALSE;
		cached += item->is_built ? 1 : 0;
		if (!build_item(context, item, store, error) || !offer(context, item, error))
			return FALSE;
	}
	*ret_built = items->len - cached;
	if (*ret_built == 0)
		kiln_event_info("build", "nothing to build: %u unchanged", cached);
	return TRUE;
}

static KilnStore *open_store(const KilnContext *context, GError **error)
{
	g_autofree char *path = g_build_filename(context->project->state, "state.sqlite", NULL);

	return kiln_store_open(path, error);
}

static GPtrArray *plan_and_build(KilnContext *context, const KilnIdentity *identity,
	const char *const *names, KilnStore *store, guint *ret_built, GError **error)
{
	g_autoptr(GPtrArray) items = kiln_plan_make(context, identity, names, error);

	if (!items || !build_items(context, items, store, ret_built, error))
		return NULL;
	return g_steal_pointer(&items);
}

gboolean kiln_release_build(KilnContext *context, const char *const *names, GPtrArray **ret_items,
	guint *ret_built, GError **error)
{
	g_autoptr(KilnStore) store = open_store(context, error);
	g_autoptr(KilnIdentity) identity = store ? kiln_identity_open(context, error) : NULL;
	g_autoptr(GPtrArray) items =
		identity ? plan_and_build(context, identity, names, store, ret_built, error) : NULL;

	if (!items)
		return FALSE;
	if (ret_items)
		*ret_items = g_steal_pointer(&items);
	return TRUE;
}

static void fill_result(const KilnContext *context, const KilnIdentity *identity, const char *snapshot,
	KilnReleaseResult *result)
{
	const KilnConfig *config = context->project->config;
	g_autofree char *repository = kiln_compose_repository_directory(context);

	result->snapshot = g_strdup(snapshot);
	result->repo_path = g_build_filename(repository, config->channel, identity->repo_name, NULL);
	result->repo_url = g_strdup_printf("%s/%s/%s/%s/%s", config->url, context->collection->name,
		context->target->name, config->channel, identity->repo_name);
}

static gboolean publish_new(KilnContext *context, const KilnIdentity *identity, const GPtrArray *items,
	KilnStore *store, const KilnSnapshot *current, KilnReleaseResult *result, GError **error)
{
	g_autoptr(KilnCompose) compose = kiln_compose_make(
		context, identity, items, store, current ? current->created : 0, error);

	if (!compose || !kiln_gate_run(context, identity, compose, error) ||
		!kiln_publish_run(context, identity, compose, store, error))
		return FALSE;
	result->published = TRUE;
	fill_result(context, identity, compose->snapshot->id, result);
	return TRUE;
}

static gboolean release(
	KilnContext *context, gboolean may_build, KilnReleaseResult *ret_result, GError **error)
{
	g_autoptr(KilnStore) store = open_store(context, error);
	g_autoptr(KilnIdentity) identity = store ? kiln_identity_open(context, error) : NULL;
	g_autoptr(GPtrArray) items = NULL;
	g_autoptr(KilnSnapshot) current = NULL;
	g_autoptr(GError) local = NULL;
	g_autofree char *key = NULL;

	if (!identity)
		return FALSE;
	items = plan_and_build(
		context, identity, NULL, may_build ? store : NULL, &ret_result->built, error);
	if (!items)
		return FALSE;
	ret_result->packages = items->len;
	current = kiln_publish_current(context, context->project->config->channel, &local);
	if (local) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	key = kiln_compose_key(context, identity, items);
	if (!current || !g_str_equal(current->key, key))
		return publish_new(context, identity, items, store, current, ret_result, error);
	kiln_event_info("publish", "nothing to publish: \"%s\" already has this content (snapshot %s)",
		context->project->config->channel, current->id);
	fill_result(context, identity, current->id, ret_result);
	return TRUE;
}

gboolean kiln_release_run(KilnContext *context, KilnReleaseResult *ret_result, GError **error)
{
	return release(context, TRUE, ret_result, error);
}

gboolean kiln_release_publish(KilnContext *context, KilnReleaseResult *ret_result, GError **error)
{
	return release(context, FALSE, ret_result, error);
}
