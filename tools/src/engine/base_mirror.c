/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/base_mirror.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/base_keys.h"
#include "lib/content_cache.h"
#include "lib/fetch.h"
#include "lib/gpg.h"
#include "lib/repomd_index.h"

#include <string.h>
#include <sys/stat.h>

#define INDEX "repodata/repomd.xml"
#define SIGNATURE "repodata/repomd.xml.asc"
#define INDEX_MAX_BYTES (1 << 20)
#define LIST_MAX_BYTES (1 << 20)
#define FILE_MAX_BYTES (G_GUINT64_CONSTANT(1) << 30)
#define URLS_MAX 200
#define DAY (24 * 60 * 60) /* so far clocks and time zones may be wrong */
#define MIRRORS "mirrors"

/* What the solver reads; the rest of a repository's metadata is for clients. */
static const char *const needed[] = {"primary", "filelists"};

/* One repository on its way. */
typedef struct {
	const KilnProject *project;
	const KilnTarget *target;
	const KilnBaseSection *section;
	const char *base_directory;
	char *directory; /* BASE/ID */
	char *fresh;     /* BASE/.new-ID */
	char *cache;     /* downloads, by content */
	char *label;     /* "el6/updates" */
	GPtrArray *urls; /* char *, those to be tried */
	char *index_sha256, *signature_sha256; /* in the cache; signature: NULL where none is asked for */
	KilnRepomdIndex *index;
} Mirror;

static void mirror_clear(Mirror *mirror)
{
	g_free(mirror->directory);
	g_free(mirror->fresh);
	g_free(mirror->cache);
	g_free(mirror->label);
	g_ptr_array_unref(mirror->urls);
	g_free(mirror->index_sha256);
	g_free(mirror->signature_sha256);
	kiln_repomd_index_free(mirror->index);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Mirror, mirror_clear)

static void mirror_init(Mirror *mirror)
{
	const char *id = mirror->section->id;
	g_autofree char *fresh = g_strconcat(".new-", id, NULL);

	mirror->directory = g_build_filename(mirror->base_directory, id, NULL);
	mirror->fresh = g_build_filename(mirror->base_directory, fresh, NULL);
	mirror->cache = g_build_filename(mirror->project->cache, "downloads", NULL);
	mirror->label = g_strdup_printf("%s/%s", mirror->target->name, id);
	mirror->urls = g_ptr_array_new_with_free_func(g_free);
}

static gboolean refuse(const char *url, const char *fault, GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "%s%s: %s", url, INDEX, fault);
	return FALSE;
}

/* Brings one small file of unknown digest; `ret_sha256` names it in the cache. */
static gboolean bring(const Mirror *mirror, const char *url, guint64 max_bytes, char **ret_sha256, GError **error)
{
	const char *urls[] = {url, NULL};
	const KilnFetchOptions options = {.max_bytes = max_bytes, .subject = "base"};
	g_auto(KilnFetchTask) task = {.name = mirror->label, .urls = urls, .cache_dir = mirror->cache};

	if (!kiln_fetch_run(&task, 1, &options, error))
		return FALSE;
	g_free(*ret_sha256);
	*ret_sha256 = g_steal_pointer(&task.ret_sha256);
	return TRUE;
}

/* --- mirrors --- */

static void add_url(Mirror *mirror, const char *url)
{
	g_autofree char *full = g_str_has_suffix(url, "/") ? g_strdup(url) : g_strconcat(url, "/", NULL);

	if (mirror->urls->len < URLS_MAX &&
		!g_ptr_array_find_with_equal_func(mirror->urls, full, g_str_equal, NULL))
		g_ptr_array_add(mirror->urls, g_steal_pointer(&full));
}

/* A mirrorlist is a line for each URL, and comments. */
static gboolean add_listed(Mirror *mirror, GError **error)
{
	g_autofree char *sha256 = NULL, *path = NULL, *text = NULL;
	g_auto(GStrv) lines = NULL;
	guint before = mirror->urls->len;

	if (!bring(mirror, mirror->section->mirrorlist, LIST_MAX_BYTES, &sha256, error))
		return FALSE;
	path = kiln_content_cache_path(mirror->cache, sha256);
	text = kiln_fs_read(path, LIST_MAX_BYTES, NULL, error);
	if (!text)
		return FALSE;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_strstrip(*line);
		if (g_str_has_prefix(*line, "http://") || g_str_has_prefix(*line, "https://"))
			add_url(mirror, *line);
	}
	if (mirror->urls->len > before)
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "the mirrorlist %s names no http or https mirror",
		mirror->section->mirrorlist);
	return FALSE;
}

static gboolean list_urls(Mirror *mirror, GError **error)
{
	for (char **url = mirror->section->urls; *url; url++)
		add_url(mirror, *url);
	return !mirror->section->mirrorlist || add_listed(mirror, error);
}

/* --- the index --- */

static gboolean check_records(const Mirror *mirror, const char *url, GError **error)
{
	static const char *const kinds[] = {"sha256", "sha512", "sha384", "sha", "sha1", NULL};

	for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
		const KilnRepomdRecord *record = kiln_repomd_index_find(mirror->index, needed[i]);
		g_autofree char *fault = NULL;
		if (!record)
			fault = g_strdup_printf("it names no %s metadata", needed[i]);
		else if (!g_str_has_prefix(record->location, "repodata/"))
			fault = g_strdup_printf("its %s metadata is not in repodata/", needed[i]);
		else if (!g_strv_contains(kinds, record->checksum_kind))
			fault = g_strdup_printf("the checksum of %s is of kind \"%s\", which proves nothing", needed[i],
				record->checksum_kind);
		if (fault)
			return refuse(url, fault, error);
	}
	return TRUE;
}

static char *format_day(gint64 seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

	return time ? g_date_time_format(time, "%Y-%m-%d %H:%M") : g_strdup("no date");
}

/* What comes from the future would be newer than everything to come. */
static gboolean check_clock(const Mirror *mirror, const char *url, gint64 now, GError **error)
{
	g_autofree char *day = NULL, *today = NULL, *fault = NULL;

	if (mirror->index->timestamp <= now + DAY)
		return TRUE;
	day = format_day(mirror->index->timestamp);
	today = format_day(now);
	fault = g_strdup_printf("it is of %s, and here it is %s: correct the clock of this machine, or if that is right, "
		"name another mirror in the .repo file", day, today);
	return refuse(url, fault, error);
}

/* A mirror that went back, or is made to: what fixes have come since would be gone. */
static gboolean check_age(const Mirror *mirror, const char *url, GError **error)
{
	const gint64 now = kiln_clock_now();
	g_autofree char *path = g_build_filename(mirror->directory, INDEX, NULL);
	g_autoptr(KilnRepomdIndex) here = kiln_repomd_index_read(path, NULL);
	g_autofree char *old = NULL, *new = NULL, *fault = NULL;

	if (!check_clock(mirror, url, now, error))
		return FALSE;
	/* One of the future was taken while a clock was wrong. */
	if (!here || here->timestamp <= mirror->index->timestamp || here->timestamp > now + DAY)
		return TRUE;
	old = format_day(here->timestamp);
	new = format_day(mirror->index->timestamp);
	fault = g_strdup_printf("it is of %s, older than what is here (%s): the mirror is behind; try again "
		"later or name another mirror, or, if the older one is meant, remove \"%s\" and import again", new, old,
		mirror->directory);
	return refuse(url, fault, error);
}

static gboolean check_by_a_key(const Mirror *mirror, const char *index, const char *signature, GError **error)
{
	g_autoptr(GError) first = NULL;

	for (char **key = mirror->section->keys; *key; key++) {
		g_autofree char *path =
			kiln_base_keys_path(mirror->base_directory, kiln_base_section_file_name(*key));
		g_autoptr(GError) local = NULL;
		if (kiln_gpg_check_detached(path, index, signature, INDEX, &local))
			return TRUE;
		if (!first)
			first = g_steal_pointer(&local);
	}
	g_propagate_error(error, g_steal_pointer(&first));
	return FALSE;
}

static gboolean check_signature(Mirror *mirror, const char *url, const char *index, GError **error)
{
	g_autofree char *signature_url = g_strconcat(url, SIGNATURE, NULL);
	g_autofree char *signature = NULL;

	if (!mirror->section->checks_index)
		return TRUE;
	if (!bring(mirror, signature_url, INDEX_MAX_BYTES, &mirror->signature_sha256, error)) {
		g_prefix_error(error, "repo_gpgcheck=1: ");
		return FALSE;
	}
	signature = kiln_content_cache_path(mirror->cache, mirror->signature_sha256);
	if (check_by_a_key(mirror, index, signature, error))
		return TRUE;
	g_prefix_error(error, "repo_gpgcheck=1: %s: ", signature_url);
	return FALSE;
}

/* The index of one mirror, and whether it is to be believed. */
static gboolean try_mirror(Mirror *mirror, const char *url, GError **error)
{
	g_autofree char *index_url = g_strconcat(url, INDEX, NULL);
	g_autofree char *path = NULL;

	if (!bring(mirror, index_url, INDEX_MAX_BYTES, &mirror->index_sha256, error))
		return FALSE;
	path = kiln_content_cache_path(mirror->cache, mirror->index_sha256);
	g_clear_pointer(&mirror->index, kiln_repomd_index_free);
	mirror->index = kiln_repomd_index_read_as(path, index_url, error);
	if (!mirror->index)
		return FALSE;
	return check_records(mirror, url, error) && check_signature(mirror, url, path, error) &&
		check_age(mirror, url, error);
}

/* Moves the good one to the front: packages are asked for there first. */
static void prefer(Mirror *mirror, guint position)
{
	char *url = g_ptr_array_steal_index(mirror->urls, position);

	g_ptr_array_insert(mirror->urls, 0, url);
}

static gboolean find_mirror(Mirror *mirror, GError **error)
{
	g_autoptr(GString) faults = g_string_new(NULL);
	int code = KILN_ERROR_NETWORK;

	for (guint i = 0; i < mirror->urls->len; i++) {
		g_autoptr(GError) local = NULL;
		if (try_mirror(mirror, mirror->urls->pdata[i], &local)) {
			prefer(mirror, i);
			return TRUE;
		}
		if (local->code != KILN_ERROR_NETWORK && local->code != KILN_ERROR_VERIFY) {
			g_propagate_error(error, g_steal_pointer(&local));
			return FALSE;
		}
		code = local->code == KILN_ERROR_VERIFY ? KILN_ERROR_VERIFY : code;
		g_string_append_printf(faults, "%s%s", i > 0 ? "; " : "", local->message);
	}
	g_set_error(error, KILN_ERROR, code, "%s%s", faults->str,
		code == KILN_ERROR_NETWORK ? "; check the network, or name another mirror in the .repo file" : "");
	return FALSE;
}

/* --- the files --- */

/* What the index says of a file, as a task of the fetcher. */
static KilnFetchTask file_task(const Mirror *mirror, const KilnRepomdRecord *record, char **urls)
{
	gboolean known = g_str_equal(record->checksum_kind, "sha256");

	return (KilnFetchTask){.name = record->location,
		.urls = (const char *const *)urls,
		.sha256 = known ? record->checksum : NULL,
		.checksum_kind = known ? NULL : record->checksum_kind,
		.checksum = known ? NULL : record->checksum,
		.size = record->size,
		.cache_dir = mirror->cache};
}

static char **urls_of(const Mirror *mirror, const char *location)
{
	char **urls = g_new0(char *, mirror->urls->len + 1);

	for (guint i = 0; i < mirror->urls->len; i++)
		urls[i] = g_strconcat(mirror->urls->pdata[i], location, NULL);
	return urls;
}

static gboolean place(const Mirror *mirror, const char *sha256, const char *location, GError **error)
{
	g_autofree char *source = kiln_content_cache_path(mirror->cache, sha256);
	g_autofree char *destination = g_build_filename(mirror->fresh, location, NULL);
	g_autofree char *directory = g_path_get_dirname(destination);

	return kiln_fs_make_directory(directory, error) && kiln_fs_link_or_copy(source, destination, error);
}

static gboolean fetch_files(const Mirror *mirror, GError **error)
{
	const KilnFetchOptions options = {.max_bytes = FILE_MAX_BYTES, .subject = "base"};
	KilnFetchTask tasks[G_N_ELEMENTS(needed)] = {{0}};
	char **urls[G_N_ELEMENTS(needed)] = {0};
	gboolean fetched;

	for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
		const KilnRepomdRecord *record = kiln_repomd_index_find(mirror->index, needed[i]);
		urls[i] = urls_of(mirror, record->location);
		tasks[i] = file_task(mirror, record, urls[i]);
	}
	fetched = kiln_fetch_run(tasks, G_N_ELEMENTS(tasks), &options, error);
	for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
		fetched = fetched && place(mirror, tasks[i].ret_sha256, tasks[i].name, error);
		kiln_fetch_task_clear(&tasks[i]);
		g_strfreev(urls[i]);
	}
	return fetched;
}

/* Who reads the base now may yet ask for the file lists of the index before. */
static gboolean keep_old_files(const Mirror *mirror, GError **error)
{
	g_autofree char *path = g_build_filename(mirror->directory, INDEX, NULL);
	g_autoptr(KilnRepomdIndex) old = kiln_repomd_index_read(path, NULL);

	for (gsize i = 0; old && i < G_N_ELEMENTS(needed); i++) {
		const KilnRepomdRecord *record = kiln_repomd_index_find(old, needed[i]);
		g_autofree char *source = record ? g_build_filename(mirror->directory, record->location, NULL) : NULL;
		g_autofree char *kept = record ? g_build_filename(mirror->fresh, record->location, NULL) : NULL;
		if (source && g_file_test(source, G_FILE_TEST_EXISTS) && !g_file_test(kept, G_FILE_TEST_EXISTS) &&
			!kiln_fs_link_or_copy(source, kept, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean put_in_place(const Mirror *mirror, GError **error)
{
	g_autofree char *fresh = g_build_filename(mirror->fresh, "repodata", NULL);
	g_autofree char *final = g_build_filename(mirror->directory, "repodata", NULL);

	return kiln_fs_make_directory(mirror->directory, error) && kiln_fs_sync_tree(mirror->fresh, error) &&
		kiln_fs_replace_directory(fresh, final, error) && kiln_fs_remove_tree(mirror->fresh, error);
}

static gboolean write_urls(const Mirror *mirror, GError **error)
{
	g_autofree char *path = g_build_filename(mirror->directory, MIRRORS, NULL);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < mirror->urls->len; i++)
		g_string_append_printf(text, "%s\n", (const char *)mirror->urls->pdata[i]);
	return kiln_fs_replace_text(path, text->str, error);
}

static gboolean replace_metadata(Mirror *mirror, GError **error)
{
	return kiln_fs_remove_tree(mirror->fresh, error) &&
		place(mirror, mirror->index_sha256, INDEX, error) &&
		(!mirror->signature_sha256 || place(mirror, mirror->signature_sha256, SIGNATURE, error)) &&
		fetch_files(mirror, error) && keep_old_files(mirror, error) && put_in_place(mirror, error);
}

/* TRUE when the index that is there already is this one, with its files. */
static gboolean is_current(const Mirror *mirror)
{
	g_autofree char *path = g_build_filename(mirror->directory, INDEX, NULL);
	g_autofree char *cached = kiln_content_cache_path(mirror->cache, mirror->index_sha256);
	g_autofree char *here = kiln_fs_read(path, INDEX_MAX_BYTES, NULL, NULL);
	g_autofree char *there = kiln_fs_read(cached, INDEX_MAX_BYTES, NULL, NULL);

	if (!here || g_strcmp0(here, there) != 0)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
		const KilnRepomdRecord *record = kiln_repomd_index_find(mirror->index, needed[i]);
		g_autofree char *file = g_build_filename(mirror->directory, record->location, NULL);
		struct stat status;
		if (stat(file, &status) != 0 || (record->size && record->size != (guint64)status.st_size))
			return FALSE;
	}
	return TRUE;
}

static gboolean bring_section(Mirror *mirror, gboolean *ret_changed, GError **error)
{
	if (!kiln_base_keys_fetch(
		    mirror->project, mirror->target, mirror->section, mirror->base_directory, error) ||
		!list_urls(mirror, error) || !find_mirror(mirror, error))
		return FALSE;
	*ret_changed = !is_current(mirror);
	return (!*ret_changed || replace_metadata(mirror, error)) && write_urls(mirror, error);
}

gboolean kiln_base_mirror(const KilnProject *project, const KilnTarget *target, const GPtrArray *sections,
	const char *base_directory, KilnBaseMirrorResult *ret_result, GError **error)
{
	KilnBaseMirrorResult result = {.repositories = sections->len};

	for (guint i = 0; i < sections->len; i++) {
		g_auto(Mirror) mirror = {.project = project,
			.target = target,
			.section = sections->pdata[i],
			.base_directory = base_directory};
		gboolean changed = FALSE;
		mirror_init(&mirror);
		kiln_event_step("base", "%s: metadata", mirror.label);
		if (!bring_section(&mirror, &changed, error)) {
			g_prefix_error(error, "[%s]: ", mirror.section->id);
			return FALSE;
		}
		if (!mirror.section->checks_packages)
			kiln_event_warning("base",
				"%s has gpgcheck=0: its packages are taken as they come, whoever made them",
				mirror.label);
		result.changed += changed;
	}
	*ret_result = result;
	return TRUE;
}

char **kiln_base_mirror_urls(const KilnBaseSection *section, const char *base_directory, GError **error)
{
	g_autofree char *path = g_build_filename(base_directory, section->id, MIRRORS, NULL);
	g_autofree char *text = kiln_fs_read(path, LIST_MAX_BYTES, NULL, error);

	return text ? g_strsplit(g_strchomp(text), "\n", -1) : NULL;
}

gboolean kiln_base_mirror_drop_packages(const GPtrArray *sections, const char *base_directory, GError **error)
{
	for (guint i = 0; i < sections->len; i++) {
		const KilnBaseSection *section = sections->pdata[i];
		g_autofree char *directory = g_build_filename(base_directory, section->id, NULL);
		g_auto(GStrv) names = kiln_fs_list(directory, error);
		for (char **name = names; name && *name; name++) {
			g_autofree char *path = g_build_filename(directory, *name, NULL);
			if (!g_str_equal(*name, "repodata") && !g_str_equal(*name, MIRRORS) &&
				!kiln_fs_remove_tree(path, error))
				return FALSE;
		}
		if (!names)
			return FALSE;
	}
	return TRUE;
}
