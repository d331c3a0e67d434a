/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/release.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/compose.h"
#include "engine/gate.h"
#include "engine/publish.h"
#include "format/snapshot_json.h"

#include <string.h>

#define LOCK_MAX_BYTES (16 * 1024 * 1024)

void kiln_release_result_clear(KilnReleaseResult *result)
{
	g_clear_pointer(&result->snapshot, g_free);
	g_clear_pointer(&result->repo_path, g_free);
	g_clear_pointer(&result->repo_url, g_free);
}

static KilnStore *open_store(const KilnContext *context, GError **error)
{
	g_autofree char *path = g_build_filename(context->project->state, "state.sqlite", NULL);

	g_autoptr(KilnStore) store = kiln_store_open(path, error);

	if (!store || !kiln_publish_recall(context, store, error))
		return NULL;
	return g_steal_pointer(&store);
}

void kiln_release_free(KilnRelease *release)
{
	if (!release)
		return;
	g_clear_pointer(&release->plan, kiln_plan_free);
	g_clear_pointer(&release->identity, kiln_identity_free);
	g_clear_pointer(&release->store, kiln_store_free);
	g_free(release);
}

/* Whether a source of the collection is made from the signing key or the .repo file. */
static gboolean needs_identity(const KilnContext *context)
{
	for (guint i = 0; i < context->packages->len; i++) {
		const KilnCatalogPackage *package = context->packages->pdata[i];
		g_autofree char *lock = kiln_fs_read(package->lock_path, LOCK_MAX_BYTES, NULL, NULL);
		if (lock && strstr(lock, "kiln:"))
			return TRUE;
	}
	return FALSE;
}

/* A key is made for who needs one: not for a plan. */
static gboolean open_identity(KilnRelease *release, GError **error)
{
	if (!release->identity)
		release->identity = kiln_identity_open(release->context, error);
	return release->identity != NULL;
}

KilnRelease *kiln_release_open(KilnContext *context, const char *const *names, GError **error)
{
	g_autoptr(KilnRelease) release = g_new0(KilnRelease, 1);

	release->context = context;
	release->store = open_store(context, error);
	if (!release->store)
		return NULL;
	/* What is never signed needs no key. */
	if (!context->collection->is_passing && needs_identity(context) && !open_identity(release, error))
		return NULL;
	release->plan = kiln_plan_make(context, release->identity, release->store, names, error);
	return release->plan ? g_steal_pointer(&release) : NULL;
}

gboolean kiln_release_build(
	KilnRelease *release, const KilnScheduleOptions *options, guint *ret_built, GError **error)
{
	g_autoptr(GPtrArray) items = kiln_plan_released(release->plan);

	if (!kiln_schedule_run(release->plan, options, ret_built, error))
		return FALSE;
	if (*ret_built == 0)
		kiln_event_info("build", "nothing to build: %u unchanged", items->len);
	return TRUE;
}

static void fill_result(const KilnRelease *release, const char *snapshot, KilnReleaseResult *result)
{
	const KilnContext *context = release->context;
	const KilnConfig *config = context->project->config;
	const KilnIdentity *identity = release->identity;
	g_autofree char *repository = kiln_compose_repository_directory(context);

	result->snapshot = g_strdup(snapshot);
	result->repo_path = g_build_filename(repository, config->channel, identity->repo_name, NULL);
	result->repo_url = g_strdup_printf("%s/%s/%s/%s/%s", config->url, context->collection->name,
		context->target->name, config->channel, identity->repo_name);
}

/* Names under these top-level domains lead nowhere, by RFC 2606. */
static void warn_of_placeholder(const char *url)
{
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
	const char *host = uri ? g_uri_get_host(uri) : NULL;

	if (host && (g_str_has_suffix(host, ".example") || g_str_has_suffix(host, ".invalid")))
		kiln_event_warning("publish", "clients cannot reach %s, which is a placeholder: set url in "
			"repo-config/kiln.conf to where you serve the tree", url);
}

static gboolean publish_new(
	KilnRelease *release, GPtrArray *items, KilnReleaseResult *result, GError **error)
{
	g_autoptr(KilnCompose) compose = kiln_compose_make(release->context, release->identity, items,
		release->store, kiln_publish_newest(release->context), error);

	if (!compose || !kiln_gate_run(release->context, release->identity, compose, error) ||
		!kiln_publish_run(release->context, release->identity, compose, release->store, error))
		return FALSE;
	result->published = TRUE;
	warn_of_placeholder(release->context->project->config->url);
	fill_result(release, compose->snapshot->id, result);
	return TRUE;
}

/* Publishes unless the channel already has this content. */
static gboolean publish(KilnRelease *release, GPtrArray *items, KilnReleaseResult *result, GError **error)
{
	const char *channel = release->context->project->config->channel;
	g_autofree char *key = kiln_compose_key(release->context, release->identity, items, error);
	g_autoptr(KilnSnapshot) current = NULL;
	g_autofree char *damage = NULL;

	if (!key || !kiln_publish_current(release->context, channel, &current, error))
		return FALSE;
	if (!current || !g_str_equal(current->key, key))
		return publish_new(release, items, result, error);
	if (!kiln_publish_check(release->context, release->identity, current, &damage, error))
		return FALSE;
	if (damage) {
		kiln_event_warning("publish", "the published snapshot is damaged (%s): publishing it anew", damage);
		return publish_new(release, items, result, error);
	}
	kiln_event_info("publish", "nothing to publish: \"%s\" already has this content (snapshot %s)", channel,
		current->id);
	fill_result(release, current->id, result);
	return TRUE;
}

gboolean kiln_release_run(KilnRelease *release, const KilnScheduleOptions *options,
	KilnReleaseResult *ret_result, GError **error)
{
	g_autoptr(GPtrArray) items = NULL;

	if (!open_identity(release, error) || !kiln_release_build(release, options, &ret_result->built, error))
		return FALSE;
	items = kiln_plan_released(release->plan);
	ret_result->packages = items->len;
	return publish(release, items, ret_result, error);
}
