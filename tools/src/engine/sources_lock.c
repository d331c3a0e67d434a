/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/sources.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "engine/apt.h"
#include "engine/debian_source.h"
#include "engine/source_claims.h"
#include "engine/source_set.h"
#include "format/source_lock.h"
#include "lib/content_cache.h"
#include "lib/fetch.h"

#include <glib/gstdio.h>
#include <string.h>

/* One origin of one file, asked for its digest. */
typedef struct {
	const KilnOrigin *origin; /* borrowed from the entry */
	char *sha256;		  /* what it delivered; NULL: nothing */
	guint64 size;
	char *refusal; /* why nothing */
} Answer;

/* One entry of the lock to be written. */
typedef struct {
	KilnSourceEntry *entry;	    /* the new one; handed over at the end */
	const KilnSourceEntry *old; /* the one it replaces, of the same name or not; NULL: none */
	KilnSourceChange *change;
	GPtrArray *answers; /* of Answer; empty for generated files */
	const char *local_path; /* the file itself is there: no origin is asked; borrowed; NULL: it is not */
	gboolean is_missing;
} Revision;

typedef struct {
	const KilnSourcesRequest *request;
	const KilnSourceSet *set;
	char *cache;
	GPtrArray *revisions; /* of Revision */
} Locking;

static void answer_free(Answer *answer)
{
	g_free(answer->sha256);
	g_free(answer->refusal);
	g_free(answer);
}

void kiln_source_change_free(KilnSourceChange *change)
{
	if (change == NULL)
		return;
	g_free(change->name);
	g_free(change->old_name);
	g_free(change->old_sha256);
	g_free(change->sha256);
	g_ptr_array_unref(change->notes);
	g_free(change);
}

static void revision_free(Revision *revision)
{
	kiln_source_entry_free(revision->entry);
	kiln_source_change_free(revision->change);
	g_ptr_array_unref(revision->answers);
	g_free(revision);
}

static void locking_clear(Locking *locking)
{
	g_free(locking->cache);
	g_ptr_array_unref(locking->revisions);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Locking, locking_clear)

static KilnSourceChange *change_new(const char *name, const KilnSourceEntry *old)
{
	KilnSourceChange *change = g_new0(KilnSourceChange, 1);

	change->name = g_strdup(name);
	change->notes = g_ptr_array_new_with_free_func(g_free);
	if (old == NULL)
		return change;
	change->old_sha256 = g_strdup(old->sha256);
	change->old_size = old->size;
	if (strcmp(old->name, name) != 0)
		change->old_name = g_strdup(old->name);
	return change;
}

static gboolean is_replaced(const Locking *locking, const KilnSourceEntry *entry)
{
	for (guint i = 0; i < locking->revisions->len; i++)
		if (((const Revision *)locking->revisions->pdata[i])->old == entry)
			return TRUE;
	return FALSE;
}

/* The entry that `name` most likely takes the place of: among those the spec no longer uses, the
 * one whose name is nearest (tgt-1.0.84.tar.gz for tgt-1.0.85.tar.gz). */
static const KilnSourceEntry *find_predecessor(const Locking *locking, const char *name)
{
	const KilnSourceLock *lock = locking->set->lock;
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *nearest;

	for (guint i = 0; i < lock->entries->len; i++) {
		const KilnSourceEntry *entry = lock->entries->pdata[i];

		if (kiln_source_set_find(locking->set, entry->name) == NULL &&
			!is_replaced(locking, entry))
			g_ptr_array_add(names, entry->name);
	}
	g_ptr_array_add(names, NULL);
	nearest = kiln_text_nearest(name, (const char *const *)names->pdata);
	return nearest != NULL ? kiln_source_lock_find(lock, nearest) : NULL;
}

static gboolean add_origin(KilnSourceEntry *entry, const char *text, GError **error)
{
	KilnOrigin *origin;

	for (guint i = 0; i < entry->origins->len; i++)
		if (strcmp(((KilnOrigin *)entry->origins->pdata[i])->text, text) == 0)
			return TRUE;
	origin = kiln_origin_parse(text, error);
	if (origin == NULL)
		return FALSE;
	g_ptr_array_add(entry->origins, origin);
	return TRUE;
}

/* Origins of another version deliver another file: they go, and the change says so. */
static gboolean choose_origins(Revision *revision, const KilnSourceItem *item, GError **error)
{
	const GPtrArray *old = revision->old != NULL ? revision->old->origins : NULL;

	for (guint i = 0; old != NULL && i < old->len; i++) {
		const char *text = ((const KilnOrigin *)old->pdata[i])->text;

		if (revision->change->old_name != NULL)
			g_ptr_array_add(revision->change->notes,
				g_strdup_printf("origin dropped: %s", text));
		else if (!add_origin(revision->entry, text, error))
			return FALSE;
	}
	if (item->url == NULL || kiln_source_entry_is_generated(revision->entry))
		return TRUE;
	/* A file that is there needs no origin, and old specs name ftp servers. */
	return add_origin(revision->entry, item->url, revision->local_path == NULL ? error : NULL) ||
		revision->local_path != NULL;
}

static Revision *revision_new(const Locking *locking, const KilnSourceItem *item)
{
	Revision *revision = g_new0(Revision, 1);

	revision->old = item->entry != NULL ? item->entry : find_predecessor(locking, item->name);
	revision->entry = kiln_source_entry_new(item->name);
	revision->entry->comment = g_strdup(revision->old != NULL ? revision->old->comment : NULL);
	revision->change = change_new(item->name, revision->old);
	revision->answers = g_ptr_array_new_with_free_func((GDestroyNotify)answer_free);
	revision->local_path = item->local_path;
	return revision;
}

static gboolean plan_revision(Locking *locking, const KilnSourceItem *item, GError **error)
{
	Revision *revision = revision_new(locking, item);

	g_ptr_array_add(locking->revisions, revision);
	if (!choose_origins(revision, item, error)) {
		g_prefix_error(error, "%s: ", locking->request->package);
		return FALSE;
	}
	if (revision->entry->origins->len > 0 || revision->local_path != NULL || locking->request->is_offline)
		return TRUE;
	g_autofree char *places = kiln_source_set_places(locking->request);
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"source \"%s\" is neither a file in %s nor a URL; add the file, or a group [%s] with origins "
		"to %s",
		item->name, places, item->name, kiln_source_set_lock_name(locking->request));
	return FALSE;
}

static gboolean is_to_be_locked(const Locking *locking, const KilnSourceItem *item)
{
	return item->local_path == NULL ||
		(locking->request->is_adopted && kiln_source_item_wants_lock(item));
}

static gboolean plan(Locking *locking, GError **error)
{
	for (guint i = 0; i < locking->set->items->len; i++) {
		const KilnSourceItem *item = locking->set->items->pdata[i];

		if (is_to_be_locked(locking, item) && !plan_revision(locking, item, error))
			return FALSE;
	}
	return TRUE;
}

static Answer *add_answer(Revision *revision, const KilnOrigin *origin)
{
	Answer *answer = g_new0(Answer, 1);

	answer->origin = origin;
	g_ptr_array_add(revision->answers, answer);
	return answer;
}

static void ask_debian(const Locking *locking, const char *apt_config, Answer *answer)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *path = NULL;
	GStatBuf status;

	answer->sha256 = kiln_debian_source_fetch(
		answer->origin, apt_config, locking->cache, NULL, 0, &local);
	if (answer->sha256 == NULL) {
		answer->refusal = g_strdup_printf("%s: %s", answer->origin->text, local->message);
		return;
	}
	path = kiln_content_cache_path(locking->cache, answer->sha256);
	if (g_stat(path, &status) == 0)
		answer->size = (guint64)status.st_size;
}

/* Asks the Debian archive for what it can deliver, one file after the other. */
static void ask_apt(const Locking *locking, const GPtrArray *answers)
{
	const KilnSourcesRequest *request = locking->request;
	g_autofree char *apt_config = NULL;
	g_autoptr(GError) local = NULL;

	if (answers->len > 0 && request->suite == NULL)
		g_set_error(&local, KILN_ERROR, KILN_ERROR_NETWORK,
			"Debian sources need a target made from a Debian suite");
	else if (answers->len > 0)
		apt_config = kiln_apt_prepare(request->apt_dir, request->suite, TRUE, &local);
	for (guint i = 0; i < answers->len; i++) {
		Answer *answer = answers->pdata[i];

		if (apt_config != NULL)
			ask_debian(locking, apt_config, answer);
		else
			answer->refusal =
				g_strdup_printf("%s: %s", answer->origin->text, local->message);
	}
}

/* Fetches all URLs at once. FALSE only when nothing can be fetched at all (disk full …). */
static gboolean ask_urls(const Locking *locking, const GPtrArray *answers, GError **error)
{
	g_autofree KilnFetchTask *tasks = g_new0(KilnFetchTask, answers->len);
	g_autofree const char **urls = g_new0(const char *, 2 * answers->len);
	g_autoptr(GError) local = NULL;
	gboolean hopeless;

	for (guint i = 0; i < answers->len; i++) {
		urls[2 * i] = ((const Answer *)answers->pdata[i])->origin->text;
		tasks[i].name = kiln_source_basename(urls[2 * i]);
		tasks[i].urls = &urls[2 * i];
		tasks[i].cache_dir = locking->cache;
	}
	kiln_fetch_run(tasks, answers->len, NULL, &local);
	hopeless = local != NULL && local->code != KILN_ERROR_NETWORK &&
		   local->code != KILN_ERROR_VERIFY;
	for (guint i = 0; i < answers->len; i++) {
		Answer *answer = answers->pdata[i];

		answer->sha256 = g_steal_pointer(&tasks[i].ret_sha256);
		answer->size = tasks[i].ret_size;
		if (tasks[i].error != NULL)
			answer->refusal = g_strdup(tasks[i].ret_refusals->pdata[0]);
		kiln_fetch_task_clear(&tasks[i]);
	}
	if (hopeless)
		g_propagate_error(error, g_steal_pointer(&local));
	return !hopeless;
}

static gboolean ask_all(const Locking *locking, GError **error)
{
	g_autoptr(GPtrArray) urls = g_ptr_array_new();
	g_autoptr(GPtrArray) debian = g_ptr_array_new();

	for (guint i = 0; i < locking->revisions->len; i++) {
		Revision *revision = locking->revisions->pdata[i];
		const GPtrArray *origins = revision->entry->origins;

		for (guint j = 0; revision->local_path == NULL && j < origins->len; j++) {
			const KilnOrigin *origin = origins->pdata[j];

			if (origin->kind == KILN_ORIGIN_URL)
				g_ptr_array_add(urls, add_answer(revision, origin));
			else if (origin->kind == KILN_ORIGIN_DEBIAN_SOURCE)
				g_ptr_array_add(debian, add_answer(revision, origin));
		}
	}
	if (locking->request->is_offline)
		return TRUE;
	if (!ask_urls(locking, urls, error))
		return FALSE;
	ask_apt(locking, debian);
	return TRUE;
}

static char *list_answers(const Revision *revision)
{
	g_autoptr(GString) list = g_string_new(NULL);

	for (guint i = 0; i < revision->answers->len; i++) {
		const Answer *answer = revision->answers->pdata[i];

		g_string_append(list, i > 0 ? "; " : "");
		if (answer->sha256 != NULL)
			g_string_append_printf(
				list, "%s: sha256 is %s", answer->origin->text, answer->sha256);
		else
			g_string_append(list, answer->refusal);
	}
	return g_string_free(g_steal_pointer(&list), FALSE);
}

/* Nothing answered: what is locked and at hand may stay. */
static gboolean keep_old(const Locking *locking, Revision *revision, GError **error)
{
	const KilnSourceEntry *old = revision->old;
	g_autofree char *list = list_answers(revision);

	if (old == NULL || old->sha256 == NULL || revision->change->old_name != NULL ||
		!kiln_content_cache_has(locking->cache, old->sha256, old->size, NULL)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_NETWORK,
			"\"%s\": no origin delivered it: %s", revision->entry->name, list);
		return FALSE;
	}
	revision->entry->sha256 = g_strdup(old->sha256);
	revision->entry->size = old->size;
	g_ptr_array_add(revision->change->notes,
		g_strdup("no origin delivered it; kept as locked, the cache has it"));
	return TRUE;
}

/* A digest learned over plain http is only as good as the network it came through. */
static void note_trust(Revision *revision)
{
	for (guint i = 0; i < revision->answers->len; i++) {
		const Answer *answer = revision->answers->pdata[i];

		if (answer->sha256 != NULL && !g_str_has_prefix(answer->origin->text, "http:"))
			return;
	}
	g_ptr_array_add(revision->change->notes,
		g_strdup("learned over plain http; compare it with what upstream announces"));
}

/* Stays as it was; an entry that was not locked yet stays to be locked. */
static void leave_unasked(const Locking *locking, Revision *revision)
{
	const KilnSourceEntry *old = revision->old;

	revision->is_missing = TRUE;
	if (old == NULL || old->sha256 == NULL || revision->change->old_name != NULL)
		return;
	revision->entry->sha256 = g_strdup(old->sha256);
	revision->entry->size = old->size;
	revision->is_missing = !kiln_content_cache_has(locking->cache, old->sha256, old->size, NULL);
}

static gboolean learn_local(Revision *revision, GError **error)
{
	KilnSourceEntry *entry = revision->entry;

	entry->sha256 = kiln_digest_of_file(revision->local_path, &entry->size, error);
	if (entry->sha256 == NULL || entry->size > 0)
		return entry->sha256 != NULL;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "\"%s\" is empty", revision->local_path);
	return FALSE;
}

static gboolean settle(const Locking *locking, Revision *revision, GError **error)
{
	KilnSourceEntry *entry = revision->entry;
	g_autofree char *list = NULL;

	if (kiln_source_entry_is_generated(entry))
		return TRUE;
	if (revision->local_path != NULL)
		return learn_local(revision, error);
	if (locking->request->is_offline) {
		leave_unasked(locking, revision);
		return TRUE;
	}
	for (guint i = 0; i < revision->answers->len; i++) {
		const Answer *answer = revision->answers->pdata[i];

		if (answer->sha256 == NULL) {
			g_ptr_array_add(revision->change->notes, g_strdup(answer->refusal));
		} else if (entry->sha256 == NULL) {
			entry->sha256 = g_strdup(answer->sha256);
			entry->size = answer->size;
		} else if (strcmp(entry->sha256, answer->sha256) != 0) {
			list = list_answers(revision);
			g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
				"\"%s\": its origins deliver different bytes: %s; remove the wrong "
				"origins from %s",
				entry->name, list, kiln_source_set_lock_name(locking->request));
			return FALSE;
		}
	}
	if (entry->sha256 == NULL)
		return keep_old(locking, revision, error);
	note_trust(revision);
	return TRUE;
}

/* What the tree says of the file itself, where it says anything. */
static gboolean check_claims(const Locking *locking, const Revision *revision, GError **error)
{
	const KilnSourceEntry *entry = revision->entry;
	g_autofree char *cached =
		entry->sha256 != NULL ? kiln_content_cache_path(locking->cache, entry->sha256) : NULL;

	if (cached == NULL || revision->is_missing)
		return TRUE;
	return kiln_source_claims_check(locking->request->claims, entry->name,
		revision->local_path != NULL ? revision->local_path : cached, error);
}

static KilnSourceChangeKind judge(const Revision *revision)
{
	const KilnSourceEntry *old = revision->old;

	if (revision->is_missing)
		return KILN_SOURCE_MISSING;
	if (g_strcmp0(revision->entry->sha256, old != NULL ? old->sha256 : NULL) == 0 &&
		revision->change->old_name == NULL)
		return KILN_SOURCE_UNCHANGED;
	return old != NULL && old->sha256 != NULL ? KILN_SOURCE_CHANGED : KILN_SOURCE_ADDED;
}

static gboolean settle_all(const Locking *locking, GError **error)
{
	for (guint i = 0; i < locking->revisions->len; i++) {
		Revision *revision = locking->revisions->pdata[i];

		if (!settle(locking, revision, error) || !check_claims(locking, revision, error))
			return FALSE;
		revision->change->sha256 = g_strdup(revision->entry->sha256);
		revision->change->size = revision->entry->size;
		revision->change->has_origin = revision->entry->origins->len > 0;
		revision->change->kind = judge(revision);
	}
	return TRUE;
}

static gboolean write_lock(Locking *locking, GError **error)
{
	g_autoptr(KilnSourceLock) lock = kiln_source_lock_new();
	g_autofree char *directory = g_path_get_dirname(locking->request->lock_path);
	g_autofree char *text = NULL;

	lock->header = g_strdup(locking->set->lock->header);
	lock->footer = g_strdup(locking->set->lock->footer);
	for (guint i = 0; i < locking->revisions->len; i++) {
		Revision *revision = locking->revisions->pdata[i];

		/* Nothing is known of it: the next to lock it asks again. */
		if (revision->entry->sha256 == NULL && revision->entry->origins->len == 0)
			continue;
		g_ptr_array_add(lock->entries, g_steal_pointer(&revision->entry));
	}
	text = kiln_source_lock_emit(lock);
	if (strcmp(text, locking->set->lock_text != NULL ? locking->set->lock_text : "") == 0)
		return TRUE;
	return kiln_fs_make_directory(directory, error) &&
		kiln_fs_replace_text(locking->request->lock_path, text, error);
}

static GPtrArray *take_changes(Locking *locking)
{
	GPtrArray *changes =
		g_ptr_array_new_with_free_func((GDestroyNotify)kiln_source_change_free);
	const GPtrArray *entries = locking->set->lock->entries;

	for (guint i = 0; i < locking->revisions->len; i++) {
		Revision *revision = locking->revisions->pdata[i];

		g_ptr_array_add(changes, g_steal_pointer(&revision->change));
	}
	for (guint i = 0; i < entries->len; i++) {
		const KilnSourceEntry *entry = entries->pdata[i];
		KilnSourceChange *change;

		if (is_replaced(locking, entry))
			continue;
		change = change_new(entry->name, entry);
		change->kind = KILN_SOURCE_DROPPED;
		g_ptr_array_add(changes, change);
	}
	return changes;
}

gboolean kiln_sources_lock(
	const KilnSourcesRequest *request, GPtrArray **ret_changes, GError **error)
{
	g_autoptr(KilnSourceSet) set = kiln_source_set_read(request, error);
	g_auto(Locking) locking = {.request = request,
		.set = set,
		.cache = kiln_source_set_cache(request),
		.revisions = g_ptr_array_new_with_free_func((GDestroyNotify)revision_free)};

	if (set == NULL || !plan(&locking, error) || !ask_all(&locking, error) ||
		!settle_all(&locking, error) || !write_lock(&locking, error))
		return FALSE;
	*ret_changes = take_changes(&locking);
	return TRUE;
}
