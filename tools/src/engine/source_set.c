/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/source_set.h"

#include "base/error.h"
#include "base/fs.h"
#include "format/source_lock.h"

#include <string.h>

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
	g_autofree char *path = NULL;

	if (directory == NULL)
		return NULL;
	path = g_build_filename(directory, name, NULL);
	if (!g_file_test(path, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK))
		return NULL;
	return g_steal_pointer(&path);
}

static gboolean find_local(KilnSourceItem *item, const KilnSourcesRequest *request, GError **error)
{
	g_autofree char *in_spec = find_in(request->spec_dir, item->name);
	g_autofree char *in_patches = find_in(request->patch_dir, item->name);

	if (in_spec != NULL && in_patches != NULL) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"\"%s\" lies in \"%s\" and in \"%s\"; remove one", item->name,
			request->spec_dir, request->patch_dir);
		return FALSE;
	}
	if ((in_spec != NULL || in_patches != NULL) && item->entry != NULL) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"%s: [%s] is locked, but the file lies in \"%s\" too; remove one",
			kiln_source_set_lock_name(request), item->name,
			in_spec != NULL ? request->spec_dir : request->patch_dir);
		return FALSE;
	}
	item->local_path =
		in_spec != NULL ? g_steal_pointer(&in_spec) : g_steal_pointer(&in_patches);
	return TRUE;
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
