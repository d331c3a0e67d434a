/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/sources.h"

#include "base/error.h"
#include "base/event.h"
#include "engine/apt.h"
#include "engine/debian_source.h"
#include "engine/digest_memo.h"
#include "engine/source_set.h"
#include "lib/content_cache.h"
#include "lib/fetch.h"

#include <string.h>

/* One locked file that is not in the cache yet, on its way through its origins. */
typedef struct {
	const KilnSourceEntry *entry;
	guint next; /* the origin to try */
	gboolean delivered;
	gboolean wrong_bytes; /* some origin delivered other bytes */
	GPtrArray *refusals;  /* of char *: "ORIGIN: what was wrong" */
} Delivery;

typedef struct {
	const KilnSourcesRequest *request;
	char *cache;
	char *apt_config;      /* made when first needed */
	GPtrArray *deliveries; /* of Delivery */
} Courier;

static void delivery_free(Delivery *delivery)
{
	g_ptr_array_unref(delivery->refusals);
	g_free(delivery);
}

static void courier_clear(Courier *courier)
{
	g_free(courier->cache);
	g_free(courier->apt_config);
	g_ptr_array_unref(courier->deliveries);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Courier, courier_clear)

static const KilnOrigin *next_origin(const Delivery *delivery)
{
	if (delivery->delivered || delivery->next == delivery->entry->origins->len)
		return NULL;
	return delivery->entry->origins->pdata[delivery->next];
}

/* The URLs from the next origin on, up to one of another kind. */
static const char **take_urls(Delivery *delivery)
{
	g_autoptr(GPtrArray) urls = g_ptr_array_new();
	const KilnOrigin *origin;

	while ((origin = next_origin(delivery)) != NULL && origin->kind == KILN_ORIGIN_URL) {
		g_ptr_array_add(urls, origin->text);
		delivery->next++;
	}
	if (urls->len == 0)
		return NULL;
	g_ptr_array_add(urls, NULL);
	return (const char **)g_ptr_array_free(g_steal_pointer(&urls), FALSE);
}

static void note_task(Delivery *delivery, KilnFetchTask *task)
{
	delivery->delivered = task->error == NULL;
	if (g_error_matches(task->error, KILN_ERROR, KILN_ERROR_VERIFY))
		delivery->wrong_bytes = TRUE;
	for (guint i = 0; i < task->ret_refusals->len; i++)
		g_ptr_array_add(delivery->refusals, g_strdup(task->ret_refusals->pdata[i]));
}

/* Tries all files whose next origins are URLs, at once. FALSE only when nothing can be fetched at
 * all. */
static gboolean try_urls(Courier *courier, GError **error)
{
	guint count = courier->deliveries->len;
	g_autofree KilnFetchTask *tasks = g_new0(KilnFetchTask, count);
	g_autofree Delivery **owners = g_new0(Delivery *, count);
	g_autoptr(GError) local = NULL;
	gsize used = 0;
	gboolean hopeless;

	for (guint i = 0; i < count; i++) {
		Delivery *delivery = courier->deliveries->pdata[i];
		const char **urls = take_urls(delivery);

		if (urls == NULL)
			continue;
		owners[used] = delivery;
		tasks[used++] = (KilnFetchTask){.name = delivery->entry->name,
			.urls = urls,
			.sha256 = delivery->entry->sha256,
			.size = delivery->entry->size,
			.cache_dir = courier->cache};
	}
	if (used > 0)
		kiln_fetch_run(tasks, used, NULL, &local);
	hopeless = local != NULL && local->code != KILN_ERROR_NETWORK &&
		   local->code != KILN_ERROR_VERIFY;
	for (gsize i = 0; i < used; i++) {
		if (!hopeless)
			note_task(owners[i], &tasks[i]);
		g_free((char **)tasks[i].urls);
		kiln_fetch_task_clear(&tasks[i]);
	}
	if (hopeless)
		g_propagate_error(error, g_steal_pointer(&local));
	return !hopeless;
}

static char *fetch_debian(Courier *courier, const Delivery *delivery, GError **error)
{
	const KilnSourcesRequest *request = courier->request;
	const KilnSourceEntry *entry = delivery->entry;

	if (request->suite == NULL) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_NETWORK,
			"Debian sources need a target made from a Debian suite");
		return NULL;
	}
	if (courier->apt_config == NULL)
		courier->apt_config =
			kiln_apt_prepare(request->apt_dir, request->suite, TRUE, error);
	if (courier->apt_config == NULL)
		return NULL;
	return kiln_debian_source_fetch(next_origin(delivery), courier->apt_config, courier->cache,
		entry->sha256, entry->size, error);
}

static void try_debian(Courier *courier, Delivery *delivery)
{
	const KilnOrigin *origin = next_origin(delivery);
	g_autoptr(GError) local = NULL;
	g_autofree char *sha256 = NULL;

	if (origin == NULL || origin->kind != KILN_ORIGIN_DEBIAN_SOURCE)
		return;
	sha256 = fetch_debian(courier, delivery, &local);
	delivery->next++;
	delivery->delivered = sha256 != NULL;
	if (delivery->delivered)
		return;
	if (local->code == KILN_ERROR_VERIFY)
		delivery->wrong_bytes = TRUE;
	g_ptr_array_add(
		delivery->refusals, g_strdup_printf("%s: %s", origin->text, local->message));
}

static gboolean anything_to_try(const Courier *courier)
{
	for (guint i = 0; i < courier->deliveries->len; i++)
		if (next_origin(courier->deliveries->pdata[i]) != NULL)
			return TRUE;
	return FALSE;
}

/* All failures in one line: the first in full, the names of the others. */
static gboolean report(const Courier *courier, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	int code = KILN_ERROR_NETWORK;
	guint failed = 0;

	for (guint i = 0; i < courier->deliveries->len; i++) {
		const Delivery *delivery = courier->deliveries->pdata[i];

		if (delivery->delivered)
			continue;
		if (delivery->wrong_bytes)
			code = KILN_ERROR_VERIFY;
		if (failed++ > 0) {
			g_string_append_printf(text, "%s\"%s\"", failed == 2 ? "; likewise " : ", ",
				delivery->entry->name);
			continue;
		}
		g_string_append_printf(text, "\"%s\": no origin delivered the locked bytes",
			delivery->entry->name);
		for (guint j = 0; j < delivery->refusals->len; j++)
			g_string_append_printf(text, "%s%s", j == 0 ? ": " : "; ",
				(const char *)delivery->refusals->pdata[j]);
	}
	if (failed == 0)
		return TRUE;
	if (code == KILN_ERROR_VERIFY)
		g_string_append_printf(text,
			"; if it is a new release, compare it with what upstream announces and run "
			"`kiln fetch --lock %s`",
			courier->request->package);
	g_set_error_literal(error, KILN_ERROR, code, text->str);
	return FALSE;
}

/* Origins are tried in the order of the lock; what several files can do at once they do. */
static gboolean deliver(Courier *courier, GError **error)
{
	while (anything_to_try(courier)) {
		if (!try_urls(courier, error))
			return FALSE;
		for (guint i = 0; i < courier->deliveries->len; i++)
			try_debian(courier, courier->deliveries->pdata[i]);
	}
	return report(courier, error);
}

static gboolean is_generated(const KilnSourceItem *item)
{
	return item->entry != NULL && kiln_source_entry_is_generated(item->entry);
}

static gboolean put_generated(
	const Courier *courier, const KilnSourceItem *item, KilnSourceFile *file, GError **error)
{
	const KilnSourcesRequest *request = courier->request;
	const KilnOrigin *origin = item->entry->origins->pdata[0];

	for (gsize i = 0; i < request->content_count; i++) {
		const KilnSourceContent *content = &request->contents[i];

		if (content->origin != origin->kind || content->data == NULL)
			continue;
		file->kind = KILN_SOURCE_GENERATED;
		file->size = content->size;
		file->sha256 =
			kiln_content_cache_put(courier->cache, content->data, content->size, error);
		if (file->sha256 == NULL)
			return FALSE;
		file->path = kiln_content_cache_path(courier->cache, file->sha256);
		return TRUE;
	}
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"%s: [%s] wants %s, of which there is none yet", kiln_source_set_lock_name(request),
		item->name, origin->text);
	return FALSE;
}

static gboolean order_delivery(Courier *courier, const KilnSourceEntry *entry, GError **error)
{
	g_autoptr(GError) local = NULL;
	Delivery *delivery;

	if (kiln_content_cache_has(courier->cache, entry->sha256, entry->size, &local))
		return TRUE;
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (entry->origins->len == 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"%s: [%s] names no origins and is not in the cache; add origins, or put "
			"the file "
			"into \"%s\" under the name %s",
			kiln_source_set_lock_name(courier->request), entry->name, courier->cache,
			entry->sha256);
		return FALSE;
	}
	delivery = g_new0(Delivery, 1);
	delivery->entry = entry;
	delivery->refusals = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(courier->deliveries, delivery);
	return TRUE;
}

static gboolean refuse_unlocked(
	const KilnSourcesRequest *request, const KilnSourceItem *item, GError **error)
{
	g_autofree char *places = kiln_source_set_places(request);

	if (item->entry != NULL)
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"%s: [%s] is not locked yet; run `kiln fetch --lock %s`",
			kiln_source_set_lock_name(request), item->name, request->package);
	else if (request->is_adopted && item->url == NULL)
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"\"%s\" is not there, and the spec has no URL to fetch it from; put the file into %s",
			item->name, places);
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"\"%s\" is neither a file in %s nor locked in %s; add the file, or for an upstream "
			"source run `kiln fetch --lock %s`",
			item->name, places, kiln_source_set_lock_name(request), request->package);
	return FALSE;
}

/* What lies in an adopted tree has to be what was locked. */
static gboolean check_adopted(const KilnSourcesRequest *request, const KilnSourceItem *item,
	const KilnSourceFile *file, GError **error)
{
	const KilnSourceEntry *entry = item->entry;

	if (!request->is_adopted)
		return TRUE;
	if (entry == NULL || entry->sha256 == NULL) {
		if (entry == NULL && !kiln_source_item_wants_lock(item))
			return TRUE;
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"\"%s\" is not locked in %s; if it is the file you mean, run `kiln fetch --lock %s`",
			item->local_path, kiln_source_set_lock_name(request), request->package);
		return FALSE;
	}
	if (strcmp(entry->sha256, file->sha256) == 0)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
		"\"%s\": sha256 is %s, but %s has %s; if the change is meant, run `kiln fetch --lock %s`",
		item->local_path, file->sha256, kiln_source_set_lock_name(request), entry->sha256,
		request->package);
	return FALSE;
}

/* Fills in what is known before anything is fetched. */
static gboolean begin_file(
	Courier *courier, const KilnSourceItem *item, KilnSourceFile *file, GError **error)
{
	file->name = g_strdup(item->name);
	if (item->local_path != NULL) {
		file->kind = KILN_SOURCE_LOCAL;
		file->path = g_strdup(item->local_path);
		file->sha256 = kiln_digest_memo_of_file(
			courier->request->cache_dir, file->path, &file->size, error);
		return file->sha256 != NULL && check_adopted(courier->request, item, file, error);
	}
	if (is_generated(item))
		return put_generated(courier, item, file, error);
	if (item->entry == NULL || item->entry->sha256 == NULL)
		return refuse_unlocked(courier->request, item, error);
	file->kind = KILN_SOURCE_LOCKED;
	file->sha256 = g_strdup(item->entry->sha256);
	file->size = item->entry->size;
	file->path = kiln_content_cache_path(courier->cache, file->sha256);
	return order_delivery(courier, item->entry, error);
}

static void warn_unused(const KilnSourcesRequest *request, const KilnSourceSet *set)
{
	for (guint i = 0; i < set->lock->entries->len; i++) {
		const KilnSourceEntry *entry = set->lock->entries->pdata[i];

		if (kiln_source_set_find(set, entry->name) == NULL)
			kiln_event_warning(request->package,
				"%s: [%s] is locked, but the spec does not use it",
				kiln_source_set_lock_name(request), entry->name);
	}
}

gboolean kiln_sources_fetch(
	const KilnSourcesRequest *request, GPtrArray **ret_files, GError **error)
{
	g_autoptr(KilnSourceSet) set = kiln_source_set_read(request, error);
	g_autoptr(GPtrArray) files =
		g_ptr_array_new_with_free_func((GDestroyNotify)kiln_source_file_free);
	g_auto(Courier) courier = {.request = request,
		.cache = kiln_source_set_cache(request),
		.deliveries = g_ptr_array_new_with_free_func((GDestroyNotify)delivery_free)};

	if (set == NULL)
		return FALSE;
	warn_unused(request, set);
	for (guint i = 0; i < set->items->len; i++) {
		const KilnSourceItem *item = set->items->pdata[i];
		KilnSourceFile *file;

		if (request->contents == NULL && is_generated(item))
			continue;
		file = g_new0(KilnSourceFile, 1);
		g_ptr_array_add(files, file);
		if (!begin_file(&courier, item, file, error))
			return FALSE;
	}
	if (!deliver(&courier, error))
		return FALSE;
	*ret_files = g_steal_pointer(&files);
	return TRUE;
}
