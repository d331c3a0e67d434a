/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/source_set.h"

#include "base/error.h"
#include "base/fs.h"
#include "format/source_lock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX_BYTES (1024 * 1024)
#define TEXT_HEAD_BYTES 8192

static void item_free(KilnSourceItem *item)
{
	g_free(item->name);
	g_free(item->url);
	g_free(item->local_path);
	g_free(item);
}

void kiln_source_set_free(KilnSourceSet *set)
{
	if (set == NULL)
		return;
	g_ptr_array_unref(set->items);
	kiln_source_lock_free(set->lock);
	g_free(set->lock_text);
	g_free(set);
}

const KilnSourceItem *kiln_source_set_find(const KilnSourceSet *set, const char *name)
{
	for (guint i = 0; i < set->items->len; i++) {
		const KilnSourceItem *item = set->items->pdata[i];

		if (strcmp(item->name, name) == 0)
			return item;
	}
	return NULL;
}

const char *kiln_source_set_lock_name(const KilnSourcesRequest *request)
{
	return request->lock_name != NULL ? request->lock_name : request->lock_path;
}

char *kiln_source_set_cache(const KilnSourcesRequest *request)
{
	return g_build_filename(request->cache_dir, "sources", NULL);
}

static gboolean read_lock(KilnSourceSet *set, const KilnSourcesRequest *request, GError **error)
{
	g_autoptr(GError) local = NULL;
	gsize size;

	set->lock_text =
		kiln_fs_read(request->lock_path, KILN_SOURCE_LOCK_MAX_BYTES, &size, &local);
	if (g_error_matches(local, KILN_ERROR, KILN_ERROR_NOT_FOUND)) {
		set->lock = kiln_source_lock_new();
		return TRUE;
	}
	if (set->lock_text == NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	set->lock = kiln_source_lock_parse(
		set->lock_text, size, kiln_source_set_lock_name(request), error);
	return set->lock != NULL;
}

/* The path of NAME in `directory` if anything is there, even a dangling link: that it is no regular
 * file is then said when it is read. */
static char *find_in(const char *directory, const char *name)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);

	if (!g_file_test(path, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK))
		return NULL;
	return g_steal_pointer(&path);
}

static gboolean refuse_second(
	const KilnSourceItem *item, const char *directory, GError **error)
{
	g_autofree char *first = g_path_get_dirname(item->local_path);

	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"\"%s\" lies in \"%s\" and in \"%s\"; remove one", item->name, first, directory);
	return FALSE;
}

/* A file that comes from elsewhere must not be there a second time; in an adopted tree the lock says what
 * the one that is there has to be. */
static gboolean check_lock(
	const KilnSourceItem *item, const KilnSourcesRequest *request, GError **error)
{
	g_autofree char *directory = item->local_path != NULL ? g_path_get_dirname(item->local_path) : NULL;

	if (directory == NULL || item->entry == NULL ||
		(request->is_adopted && !kiln_source_entry_is_generated(item->entry)))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"%s: [%s] is locked, but the file lies in \"%s\" too; remove one",
		kiln_source_set_lock_name(request), item->name, directory);
	return FALSE;
}

static gboolean find_local(KilnSourceItem *item, const KilnSourcesRequest *request, GError **error)
{
	for (const char *const *directory = request->directories; *directory != NULL; directory++) {
		g_autofree char *path = find_in(*directory, item->name);

		if (path == NULL)
			continue;
		if (item->local_path != NULL)
			return refuse_second(item, *directory, error);
		item->local_path = g_steal_pointer(&path);
		if (request->is_adopted)
			break;
	}
	return check_lock(item, request, error);
}

/* What a person edits, as a whole and by what it begins with. */
static gboolean is_text(const char *path)
{
	char head[TEXT_HEAD_BYTES];
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length;

	if (fd < 0)
		return FALSE;
	length = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
				 status.st_size <= TEXT_MAX_BYTES
			 ? pread(fd, head, sizeof head, 0)
			 : -1;
	close(fd);
	return length >= 0 && memchr(head, '\0', (size_t)length) == NULL;
}

gboolean kiln_source_item_wants_lock(const KilnSourceItem *item)
{
	return item->local_path == NULL || item->url != NULL || !is_text(item->local_path);
}

char *kiln_source_set_places(const KilnSourcesRequest *request)
{
	g_autofree char *list = g_strjoinv("\" or \"", (char **)request->directories);

	return g_strconcat("\"", list, "\"", NULL);
}

static gboolean add_item(
	KilnSourceSet *set, const KilnSourcesRequest *request, const char *value, GError **error)
{
	const char *name = kiln_source_basename(value);
	KilnSourceItem *item;

	if (!kiln_source_name_is_valid(name)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"%s: source \"%s\" has no plain file name", request->package, value);
		return FALSE;
	}
	if (kiln_source_set_find(set, name) != NULL)
		return TRUE;
	item = g_new0(KilnSourceItem, 1);
	g_ptr_array_add(set->items, item);
	item->name = g_strdup(name);
	item->entry = kiln_source_lock_find(set->lock, name);
	if (strstr(value, "://") != NULL)
		item->url = g_strdup(value);
	return find_local(item, request, error);
}

KilnSourceSet *kiln_source_set_read(const KilnSourcesRequest *request, GError **error)
{
	g_autoptr(KilnSourceSet) set = g_new0(KilnSourceSet, 1);

	set->items = g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
	if (!read_lock(set, request, error))
		return NULL;
	for (gsize i = 0; request->values[i] != NULL; i++)
		if (!add_item(set, request, request->values[i], error))
			return NULL;
	return g_steal_pointer(&set);
}
