/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/base_supply.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "engine/base_keys.h"
#include "engine/base_mirror.h"
#include "lib/content_cache.h"
#include "lib/fetch.h"
#include "lib/rpmheader.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKAGE_MAX_BYTES (G_GUINT64_CONSTANT(8) << 30)
#define MIB (1024.0 * 1024.0)

/* A repository, opened when the first package of it is asked for. */
typedef struct {
	const KilnBaseSection *section;
	char *name;      /* TARGET/ID */
	char *directory; /* BASE/ID */
	char **urls;
	KilnRpmTrust *trust; /* NULL: gpgcheck=0 */
} Repository;

struct KilnBaseSupply {
	char *base_directory;
	char *cache; /* downloads, by content */
	GPtrArray *sections, *repositories;
	GMutex opening;
};

/* A package that is not there yet. */
typedef struct {
	const KilnSolvPackage *package;
	const Repository *repository;
	char *file;   /* where its bytes are, once they are */
	char *sha256; /* known before; NULL: by another kind of checksum only */
	char **urls;
} Item;

static void repository_free(gpointer data)
{
	Repository *repository = data;

	g_free(repository->name);
	g_free(repository->directory);
	g_strfreev(repository->urls);
	kiln_rpmtrust_free(repository->trust);
	g_free(repository);
}

static void item_free(gpointer data)
{
	Item *item = data;

	g_free(item->file);
	g_free(item->sha256);
	g_strfreev(item->urls);
	g_free(item);
}

KilnBaseSupply *kiln_base_supply_new(const KilnProject *project, const KilnTarget *target, GPtrArray *sections,
	const char *base_directory)
{
	KilnBaseSupply *supply = g_new0(KilnBaseSupply, 1);

	g_mutex_init(&supply->opening);
	supply->base_directory = g_strdup(base_directory);
	supply->cache = g_build_filename(project->cache, "downloads", NULL);
	supply->sections = sections;
	supply->repositories = g_ptr_array_new_with_free_func(repository_free);
	for (guint i = 0; i < sections->len; i++) {
		Repository *repository = g_new0(Repository, 1);
		repository->section = sections->pdata[i];
		repository->name = g_strdup_printf("%s/%s", target->name, repository->section->id);
		repository->directory = g_build_filename(base_directory, repository->section->id, NULL);
		g_ptr_array_add(supply->repositories, repository);
	}
	return supply;
}

void kiln_base_supply_free(KilnBaseSupply *supply)
{
	if (!supply)
		return;
	g_free(supply->base_directory);
	g_free(supply->cache);
	g_ptr_array_unref(supply->repositories);
	g_ptr_array_unref(supply->sections);
	g_mutex_clear(&supply->opening);
	g_free(supply);
}

static gboolean open_repository(const KilnBaseSupply *supply, Repository *repository, GError **error)
{
	if (repository->section->checks_packages && !repository->trust &&
		!(repository->trust = kiln_base_keys_trust(repository->section, supply->base_directory, error)))
		return FALSE;
	if (!repository->urls)
		repository->urls = kiln_base_mirror_urls(repository->section, supply->base_directory, error);
	return repository->urls != NULL;
}

/* The repository a package is of; NULL without error when it is none of these. */
static const Repository *repository_of(KilnBaseSupply *supply, const KilnSolvPackage *package, GError **error)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&supply->opening);

	(void)locker;
	for (guint i = 0; i < supply->repositories->len; i++) {
		Repository *repository = supply->repositories->pdata[i];
		if (g_str_equal(repository->name, package->repository))
			return open_repository(supply, repository, error) ? repository : NULL;
	}
	return NULL;
}

static gboolean is_whole(const KilnSolvPackage *package, const char *path)
{
	guint64 size = 0;
	g_autofree char *digest = kiln_digest_of_file_as(package->checksum_type, path, &size, NULL);

	return g_strcmp0(digest, package->checksum) == 0 &&
		(package->file_bytes == 0 || package->file_bytes == size);
}

/* --- packages whose repository does not tell their SHA-256 --- */

/* Where the cache notes which content had that checksum when it came. */
static char *note_path(const KilnBaseSupply *supply, const KilnSolvPackage *package)
{
	g_autofree char *name = g_strdup_printf("%s-%s", package->checksum_type, package->checksum);

	return g_build_filename(supply->cache, "other-checksums", name, NULL);
}

static char *known_sha256(const KilnBaseSupply *supply, const KilnSolvPackage *package)
{
	g_autofree char *note = NULL, *sha256 = NULL;

	if (g_str_equal(package->checksum_type, "sha256"))
		return g_strdup(package->checksum);
	note = note_path(supply, package);
	sha256 = kiln_fs_read(note, KILN_DIGEST_HEX_LENGTH, NULL, NULL);
	return kiln_digest_is_valid(sha256) ? g_steal_pointer(&sha256) : NULL;
}

static gboolean note_sha256(const KilnBaseSupply *supply, const Item *item, const char *sha256, GError **error)
{
	g_autofree char *note = note_path(supply, item->package);
	g_autofree char *directory = g_path_get_dirname(note);

	return item->sha256 ||
		(kiln_fs_make_directory(directory, error) && kiln_fs_replace_text(note, sha256, error));
}

/* --- fetching --- */

/* Below the repository; the path was made of the two. */
static const char *location_of(const Item *item)
{
	return item->package->path + strlen(item->repository->directory) + 1;
}

/* The file of a mirror that is a directory of this machine, if it is whole: that is not copied. Caller owns. */
static char *find_local(const Item *item)
{
	for (char **url = item->repository->urls; *url; url++) {
		g_autofree char *path = NULL;
		if (!g_str_has_prefix(*url, "file://"))
			continue;
		path = g_build_filename(*url + strlen("file://"), location_of(item), NULL);
		if (is_whole(item->package, path))
			return g_steal_pointer(&path);
	}
	return NULL;
}

static KilnFetchTask task_of(const KilnBaseSupply *supply, Item *item)
{
	const KilnSolvPackage *package = item->package;
	guint count = g_strv_length(item->repository->urls);

	item->urls = g_new0(char *, count + 1);
	for (guint i = 0; i < count; i++)
		item->urls[i] = g_strconcat(item->repository->urls[i], location_of(item), NULL);
	return (KilnFetchTask){.name = kiln_base_section_file_name(package->path),
		.urls = (const char *const *)item->urls,
		.sha256 = item->sha256,
		.checksum_kind = item->sha256 ? NULL : package->checksum_type,
		.checksum = item->sha256 ? NULL : package->checksum,
		.size = package->file_bytes,
		.cache_dir = supply->cache};
}

static gboolean take_fetched(
	const KilnBaseSupply *supply, const GPtrArray *items, const KilnFetchTask *tasks, GError **error)
{
	for (guint i = 0; i < items->len; i++) {
		Item *item = items->pdata[i];
		item->file = kiln_content_cache_path(supply->cache, tasks[i].ret_sha256);
		if (!note_sha256(supply, item, tasks[i].ret_sha256, error))
			return FALSE;
	}
	return TRUE;
}

/* Fetches those of `items` that are not found on this machine. */
static gboolean fetch(const KilnBaseSupply *supply, const GPtrArray *items, GError **error)
{
	const KilnFetchOptions options = {.max_bytes = PACKAGE_MAX_BYTES, .subject = "base"};
	g_autoptr(GPtrArray) remote = g_ptr_array_new();
	g_autofree KilnFetchTask *tasks = g_new0(KilnFetchTask, items->len);
	gboolean fetched;

	for (guint i = 0; i < items->len; i++) {
		Item *item = items->pdata[i];
		item->file = find_local(item);
		if (item->file)
			continue;
		tasks[remote->len] = task_of(supply, item);
		g_ptr_array_add(remote, item);
	}
	fetched = kiln_fetch_run(tasks, remote->len, &options, error) &&
		take_fetched(supply, remote, tasks, error);
	for (guint i = 0; i < remote->len; i++)
		kiln_fetch_task_clear(&tasks[i]);
	return fetched;
}

/* --- taking in --- */

/* Metadata is not signed everywhere: it must not give a package, whose header is, another name or version. That what
 * is installed has what it requires is seen by rpm, from the headers. */
static gboolean check_identity(
	const Repository *repository, const KilnSolvPackage *package, const char *path, GError **error)
{
	g_autoptr(KilnRpmHeader) header = kiln_rpmheader_read(path, error);
	g_autofree char *told = kiln_nevra_format(&package->nevra);

	if (header && g_str_equal(header->nevra, told))
		return TRUE;
	if (header)
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"it is %s, and the metadata calls it %s: do not trust this mirror; name another in the .repo "
			"file and run `kiln base import`", header->nevra, told);
	g_prefix_error(error, "the package \"%s\" of \"%s\": ", kiln_base_section_file_name(package->path),
		repository->name);
	return FALSE;
}

static gboolean take_in(const Item *item, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(item->package->path);

	if (item->repository->trust && !kiln_rpmtrust_check(item->repository->trust, item->file, error)) {
		g_prefix_error(error, "the package \"%s\" of \"%s\", which has gpgcheck=1: ",
			kiln_base_section_file_name(item->package->path), item->repository->name);
		return FALSE;
	}
	return check_identity(item->repository, item->package, item->file, error) &&
		kiln_fs_make_directory(directory, error) &&
		kiln_fs_link_or_copy(item->file, item->package->path, error);
}

/* Mirrors of what still changes drop packages, and metadata of before names them. */
static gboolean suggest_import(const GError *fault, GError **error)
{
	g_set_error(error, fault->domain, fault->code,
		"%s; if the mirror has moved on, `kiln base import` brings what it has now", fault->message);
	return FALSE;
}

static gboolean bring(const KilnBaseSupply *supply, const GPtrArray *items, guint64 bytes, GError **error)
{
	gint64 start = kiln_clock_monotonic_us();
	g_autoptr(GError) local = NULL;

	kiln_event_step("base", "%u packages (%.1f MiB)", items->len, (double)bytes / MIB);
	if (!fetch(supply, items, &local))
		return suggest_import(local, error);
	for (guint i = 0; i < items->len; i++)
		if (!take_in(items->pdata[i], error))
			return FALSE;
	kiln_event_done("base", kiln_clock_monotonic_us() - start, "%u packages (%.1f MiB) fetched and verified",
		items->len, (double)bytes / MIB);
	return TRUE;
}

gboolean kiln_base_supply_bring(KilnBaseSupply *supply, const GPtrArray *packages, GError **error)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(item_free);
	guint64 bytes = 0;

	for (guint i = 0; i < packages->len; i++) {
		const KilnSolvPackage *package = packages->pdata[i];
		g_autoptr(GError) local = NULL;
		const Repository *repository = repository_of(supply, package, &local);
		Item *item;
		if (local) {
			g_propagate_error(error, g_steal_pointer(&local));
			return FALSE;
		}
		if (!repository)
			continue;
		if (is_whole(package, package->path)) {
			if (!check_identity(repository, package, package->path, error))
				return FALSE;
			continue;
		}
		item = g_new0(Item, 1);
		item->package = package;
		item->repository = repository;
		item->sha256 = known_sha256(supply, package);
		bytes += package->file_bytes;
		g_ptr_array_add(items, item);
	}
	return items->len == 0 || bring(supply, items, bytes, error);
}
