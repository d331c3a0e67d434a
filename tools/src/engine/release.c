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

/* The packages of a built item take part in solving for those after it. */
static gboolean offer(KilnContext *context, const KilnPlanItem *item, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < item->packages->len; i++) {
		const KilnResultPackage *package = item->packages->pdata[i];
		if (!package->is_source)
			g_ptr_array_add(paths, g_build_filename(item->result_directory, package->file, NULL));
	}
	g_ptr_array_add(paths, NULL);
	return kiln_context_add_built(
		context, item->package->name, (const char *const *)paths->pdata, error);
}

/* Makes sure one item is built; with `store` NULL nothing may be built. */
static gboolean build_item(KilnContext *context, KilnPlanItem *item, KilnStore *store, GError **error)
{
	if (item->packages)
		return TRUE;
	if (store)
		return kiln_build_run(context, item, store, error);
	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
		"\"%s\" is not built as it stands now; run `kiln build %s`", item->package->name,
		item->package->name);
	return FALSE;
}

/* Takes one item through resolving, building and offering. */
static gboolean do_item(
	KilnContext *context, KilnPlanItem *item, KilnStore *store, guint *built, GError **error)
{
	gboolean cached;

	if (!kiln_plan_resolve(context, item, error))
		return FALSE;
	cached = item->packages != NULL;
	if (!build_item(context, item, store, error) || !offer(context, item, error))
		return FALSE;
	*built += cached ? 0 : 1;
	return TRUE;
}

/* One pass over `waiting`; what cannot be satisfied yet is left in it, `reasons` says why. */
static gboolean pass_items(KilnContext *context, GPtrArray *waiting, KilnStore *store, guint *built,
	GString *reasons, GError **error)
{
	g_autoptr(GPtrArray) unsatisfied = g_ptr_array_new();

	for (guint i = 0; i < waiting->len; i++) {
		g_autoptr(GError) local = NULL;
		if (do_item(context, waiting->pdata[i], store, built, &local))
			continue;
		if (local->domain != KILN_ERROR || local->code != KILN_ERROR_UNSOLVABLE) {
			g_propagate_error(error, g_steal_pointer(&local));
			return FALSE;
		}
		g_string_append_printf(reasons, "%s%s", reasons->len ? "\n" : "", local->message);
		g_ptr_array_add(unsatisfied, waiting->pdata[i]);
	}
	g_ptr_array_set_size(waiting, 0);
	for (guint i = 0; i < unsatisfied->len; i++)
		g_ptr_array_add(waiting, unsatisfied->pdata[i]);
	return TRUE;
}

/* What only a build reveals (pkgconfig(x), files, sonames) may satisfy an item that came earlier: so
 * passes are made as long as they lead anywhere. */
static gboolean build_items(
	KilnContext *context, const GPtrArray *items, KilnStore *store, guint *ret_built, GError **error)
{
	g_autoptr(GPtrArray) waiting = g_ptr_array_new();
	guint before;

	*ret_built = 0;
	for (guint i = 0; i < items->len; i++)
		g_ptr_array_add(waiting, items->pdata[i]);
	do {
		g_autoptr(GString) reasons = g_string_new(NULL);
		before = waiting->len;
		if (!pass_items(context, waiting, store, ret_built, reasons, error))
			return FALSE;
		if (waiting->len == before && before > 0) {
			g_set_error_literal(error, KILN_ERROR, KILN_ERROR_UNSOLVABLE, reasons->str);
			return FALSE;
		}
	} while (waiting->len > 0);
	if (*ret_built == 0)
		kiln_event_info("build", "nothing to build: %u unchanged", items->len);
	return TRUE;
}

static KilnStore *open_store(const KilnContext *context, GError **error)
{
	g_autofree char *path = g_build_filename(context->project->state, "state.sqlite", NULL);

	g_autoptr(KilnStore) store = kiln_store_open(path, error);

	if (!store || !kiln_publish_recall(context, store, error))
		return NULL;
	return g_steal_pointer(&store);
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

/* One release under way. */
typedef struct {
	KilnContext *context;
	KilnStore *store;
	KilnIdentity *identity;
	GPtrArray *items;
	KilnReleaseResult *result;
} Release;

static void release_clear(Release *release)
{
	g_clear_pointer(&release->store, kiln_store_free);
	g_clear_pointer(&release->identity, kiln_identity_free);
	g_clear_pointer(&release->items, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Release, release_clear)

static void fill_result(Release *release, const char *snapshot)
{
	const KilnContext *context = release->context;
	const KilnConfig *config = context->project->config;
	const KilnIdentity *identity = release->identity;
	g_autofree char *repository = kiln_compose_repository_directory(context);

	release->result->snapshot = g_strdup(snapshot);
	release->result->repo_path =
		g_build_filename(repository, config->channel, identity->repo_name, NULL);
	release->result->repo_url = g_strdup_printf("%s/%s/%s/%s/%s", config->url, context->collection->name,
		context->target->name, config->channel, identity->repo_name);
}

static gboolean publish_new(Release *release, GError **error)
{
	g_autoptr(KilnCompose) compose = kiln_compose_make(release->context, release->identity,
		release->items, release->store, kiln_publish_newest(release->context), error);

	if (!compose || !kiln_gate_run(release->context, release->identity, compose, error) ||
		!kiln_publish_run(release->context, release->identity, compose, release->store, error))
		return FALSE;
	release->result->published = TRUE;
	fill_result(release, compose->snapshot->id);
	return TRUE;
}

/* Publishes unless the channel already has this content. */
static gboolean publish(Release *release, GError **error)
{
	const char *channel = release->context->project->config->channel;
	g_autofree char *key = kiln_compose_key(release->context, release->identity, release->items, error);
	g_autoptr(KilnSnapshot) current = NULL;
	g_autofree char *damage = NULL;

	if (!key || !kiln_publish_current(release->context, channel, &current, error))
		return FALSE;
	if (!current || !g_str_equal(current->key, key))
		return publish_new(release, error);
	if (!kiln_publish_check(release->context, release->identity, current, &damage, error))
		return FALSE;
	if (damage) {
		kiln_event_warning("publish", "the published snapshot is damaged (%s): publishing it anew", damage);
		return publish_new(release, error);
	}
	kiln_event_info("publish", "nothing to publish: \"%s\" already has this content (snapshot %s)", channel,
		current->id);
	fill_result(release, current->id);
	return TRUE;
}

static gboolean run(KilnContext *context, gboolean may_build, KilnReleaseResult *result, GError **error)
{
	g_auto(Release) release = {.context = context, .result = result};

	release.store = open_store(context, error);
	if (!release.store)
		return FALSE;
	release.identity = kiln_identity_open(context, error);
	if (!release.identity)
		return FALSE;
	release.items = plan_and_build(
		context, release.identity, NULL, may_build ? release.store : NULL, &result->built, error);
	if (!release.items)
		return FALSE;
	result->packages = release.items->len;
	return publish(&release, error);
}

gboolean kiln_release_run(KilnContext *context, KilnReleaseResult *ret_result, GError **error)
{
	return run(context, TRUE, ret_result, error);
}

gboolean kiln_release_publish(KilnContext *context, KilnReleaseResult *ret_result, GError **error)
{
	return run(context, FALSE, ret_result, error);
}
