/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/deb_files.h"

#include "base/error.h"
#include "base/fs.h"
#include "lib/elf.h"
#include "lib/rpmwrite.h"
#include "model/debian.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#define SETUP_FILE_MAX_BYTES (4 * 1024 * 1024)

void kiln_deb_files_free(KilnDebFiles *files)
{
	if (!files)
		return;
	g_ptr_array_unref(files->files);
	g_ptr_array_unref(files->buffers);
	g_free(files);
}

static gboolean matches_any(char **globs, const char *path)
{
	for (guint i = 0; globs && globs[i]; i++) {
		if (fnmatch(globs[i], path, 0) == 0)
			return TRUE;
	}
	return FALSE;
}

static guint doc_flags(const char *path)
{
	if (g_str_has_prefix(path, "/usr/share/doc/"))
		return g_str_has_suffix(path, "/copyright") ? KILN_RPM_FILE_LICENSE
							    : KILN_RPM_FILE_DOC;
	if (g_str_has_prefix(path, "/usr/share/man/") || g_str_has_prefix(path, "/usr/share/info/"))
		return KILN_RPM_FILE_DOC;
	return 0;
}

static KilnRpmFile *convert_entry(const KilnDebEntry *entry)
{
	g_autofree char *path = kiln_debian_merged_path(entry->path);
	KilnRpmFile *file = kiln_rpm_file_new(path);

	file->mode = entry->mode;
	file->mtime = CLAMP(entry->mtime, 0, G_MAXUINT32);
	g_free(file->user);
	g_free(file->group);
	file->user = g_strdup(entry->user);
	file->group = g_strdup(entry->group);
	file->link_target = g_strdup(entry->link_target);
	file->hard_link = entry->hard_link ? kiln_debian_merged_path(entry->hard_link) : NULL;
	file->data = entry->data;
	file->size = entry->size;
	file->is_elf64 = kiln_elf_is_elf64(entry->data, entry->size);
	file->flags = S_ISDIR(entry->mode) ? 0 : doc_flags(path);
	return file;
}

/* The paths that are parents of an entry, so that empty directories are what is not among them. */
static GHashTable *parents_of(const GPtrArray *entries)
{
	GHashTable *parents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < entries->len; i++) {
		const KilnDebEntry *entry = entries->pdata[i];
		g_autofree char *path = kiln_debian_merged_path(entry->path);
		g_hash_table_add(parents, g_path_get_dirname(path));
	}
	return parents;
}

static gboolean is_plain_directory(const KilnDebEntry *entry)
{
	return (entry->mode & 07777) == 0755 && strcmp(entry->user, "root") == 0 &&
	       strcmp(entry->group, "root") == 0;
}

/* The aliases of a merged /usr as directories: an old package's "/bin" is no directory any more. */
static gboolean is_alias(const char *path)
{
	return strcmp(path, "/bin") == 0 || strcmp(path, "/sbin") == 0 ||
	       strcmp(path, "/lib") == 0 || strcmp(path, "/lib64") == 0;
}

static gboolean is_owned(const KilnDebEntry *entry, GHashTable *parents, gboolean owns_directories)
{
	g_autofree char *path = kiln_debian_merged_path(entry->path);

	if (strcmp(path, "/") == 0 || (S_ISDIR(entry->mode) && is_alias(path)))
		return FALSE;
	if (!S_ISDIR(entry->mode) || owns_directories || !is_plain_directory(entry))
		return TRUE;
	return !g_hash_table_contains(parents, path);
}

static void take_payload(KilnDebFiles *files, const KilnDeb *deb, const KilnImportRecipe *recipe,
	gboolean owns_directories)
{
	const GPtrArray *entries = kiln_deb_entries(deb);
	g_autoptr(GHashTable) parents = parents_of(entries);

	for (guint i = 0; i < entries->len; i++) {
		const KilnDebEntry *entry = entries->pdata[i];
		files->newest = MAX(files->newest, entry->mtime);
		if (is_owned(entry, parents, owns_directories) &&
			!(recipe && matches_any(recipe->drops, entry->path)))
			g_ptr_array_add(files->files, convert_entry(entry));
	}
}

static KilnRpmFile *find_file(const KilnDebFiles *files, const char *path)
{
	for (guint i = 0; i < files->files->len; i++) {
		KilnRpmFile *file = files->files->pdata[i];
		if (strcmp(file->path, path) == 0)
			return file;
	}
	return NULL;
}

/* A file of the .deb, also where the recipe drops it from the package. */
static const KilnDebEntry *find_entry(const KilnDeb *deb, const char *path)
{
	const GPtrArray *entries = kiln_deb_entries(deb);

	for (guint i = 0; i < entries->len; i++) {
		const KilnDebEntry *entry = entries->pdata[i];
		if (strcmp(entry->path, path) == 0)
			return entry;
	}
	return NULL;
}

static KilnRpmFile *add_file(KilnDebFiles *files, const char *path, guint mode)
{
	KilnRpmFile *file = kiln_rpm_file_new(path);

	file->mode = mode;
	file->mtime = files->newest;
	g_ptr_array_add(files->files, file);
	return file;
}

static void add_links(KilnDebFiles *files, const KilnImportRecipe *recipe)
{
	for (guint i = 0; i < recipe->links->len; i++) {
		const KilnImportPair *pair = recipe->links->pdata[i];
		KilnRpmFile *file = add_file(files, pair->first, S_IFLNK | 0777);
		file->link_target = g_strdup(pair->second);
	}
}

static void add_directories(KilnDebFiles *files, const KilnImportRecipe *recipe)
{
	for (guint i = 0; i < recipe->directories->len; i++) {
		const KilnImportDirectory *directory = recipe->directories->pdata[i];
		KilnRpmFile *file = add_file(files, directory->path, S_IFDIR | directory->mode);
		g_free(file->group);
		file->group = g_strdup(directory->group);
	}
}

static gboolean not_in_package(GError **error, const char *path)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"its recipe in import.conf names \"%s\", which the package does not have", path);
	return FALSE;
}

static gboolean add_copies(
	KilnDebFiles *files, const KilnDeb *deb, const KilnImportRecipe *recipe, GError **error)
{
	for (guint i = 0; i < recipe->copies->len; i++) {
		const KilnImportPair *pair = recipe->copies->pdata[i];
		const KilnDebEntry *entry = find_entry(deb, pair->first);
		KilnRpmFile *file;
		if (!entry || !S_ISREG(entry->mode) || entry->hard_link)
			return not_in_package(error, pair->first);
		file = add_file(files, pair->second, entry->mode);
		file->mtime = entry->mtime;
		file->data = entry->data;
		file->size = entry->size;
	}
	return TRUE;
}

static int compare_entries(gconstpointer a, gconstpointer b)
{
	const KilnDebEntry *first = *(const KilnDebEntry *const *)a;
	const KilnDebEntry *second = *(const KilnDebEntry *const *)b;

	return strcmp(first->path, second->path);
}

static GBytes *join_matching(const KilnDeb *deb, const char *glob)
{
	const GPtrArray *entries = kiln_deb_entries(deb);
	g_autoptr(GPtrArray) chosen = g_ptr_array_new();
	GByteArray *joined = g_byte_array_new();

	for (guint i = 0; i < entries->len; i++) {
		const KilnDebEntry *entry = entries->pdata[i];
		if (entry->data && fnmatch(glob, entry->path, 0) == 0)
			g_ptr_array_add(chosen, entries->pdata[i]);
	}
	g_ptr_array_sort(chosen, compare_entries);
	for (guint i = 0; i < chosen->len; i++) {
		const KilnDebEntry *entry = chosen->pdata[i];
		g_byte_array_append(joined, entry->data, entry->size);
		if (entry->data[entry->size - 1] != '\n')
			g_byte_array_append(joined, (const guint8 *)"\n", 1);
	}
	return g_byte_array_free_to_bytes(joined);
}

static void set_bytes(KilnDebFiles *files, KilnRpmFile *file, GBytes *bytes)
{
	g_ptr_array_add(files->buffers, bytes);
	file->data = g_bytes_get_data(bytes, &file->size);
}

static gboolean add_bundles(
	KilnDebFiles *files, const KilnDeb *deb, const KilnImportRecipe *recipe, GError **error)
{
	for (guint i = 0; i < recipe->bundles->len; i++) {
		const KilnImportPair *pair = recipe->bundles->pdata[i];
		g_autoptr(GBytes) joined = join_matching(deb, pair->first);
		if (g_bytes_get_size(joined) == 0)
			return not_in_package(error, pair->first);
		set_bytes(files, add_file(files, pair->second, S_IFREG | 0644),
			g_steal_pointer(&joined));
	}
	return TRUE;
}

static gboolean add_setup_tree(
	KilnDebFiles *files, const char *directory, const char *below, GError **error);

static gboolean add_setup_file(
	KilnDebFiles *files, const char *source, const char *path, guint mode, GError **error)
{
	gsize size = 0;
	char *text = kiln_fs_read(source, SETUP_FILE_MAX_BYTES, &size, error);

	if (!text)
		return FALSE;
	set_bytes(files, add_file(files, path, S_IFREG | (mode & 0111 ? 0755 : 0644)),
		g_bytes_new_take(text, size));
	return TRUE;
}

static gboolean add_setup_entry(
	KilnDebFiles *files, const char *source, const char *path, GError **error)
{
	struct stat info;

	if (lstat(source, &info) != 0)
		return kiln_error_set_errno(error, errno, "reading \"%s\"", source);
	if (S_ISDIR(info.st_mode))
		return add_setup_tree(files, source, path, error);
	if (S_ISREG(info.st_mode))
		return add_setup_file(files, source, path, info.st_mode, error);
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"\"%s\" is neither file nor directory; links belong into import.conf", source);
	return FALSE;
}

static gboolean add_setup_tree(
	KilnDebFiles *files, const char *directory, const char *below, GError **error)
{
	g_auto(GStrv) names = kiln_fs_list(directory, error);

	for (guint i = 0; names && names[i]; i++) {
		g_autofree char *source = g_build_filename(directory, names[i], NULL);
		g_autofree char *path = g_strconcat(below, "/", names[i], NULL);
		if (!add_setup_entry(files, source, path, error))
			return FALSE;
	}
	return names != NULL;
}

static void mark_conffiles(KilnDebFiles *files, const char *conffiles)
{
	g_auto(GStrv) lines = g_strsplit(conffiles ? conffiles : "", "\n", -1);

	for (guint i = 0; lines[i]; i++) {
		g_autofree char *path = kiln_debian_merged_path(g_strstrip(lines[i]));
		KilnRpmFile *file = *path == '/' ? find_file(files, path) : NULL;
		if (file && S_ISREG(file->mode))
			file->flags |= KILN_RPM_FILE_CONFIG | KILN_RPM_FILE_NOREPLACE;
	}
}

static void mark_configs(KilnDebFiles *files, const KilnImportRecipe *recipe)
{
	for (guint i = 0; i < files->files->len; i++) {
		KilnRpmFile *file = files->files->pdata[i];
		if (S_ISREG(file->mode) && matches_any(recipe->configs, file->path))
			file->flags |= KILN_RPM_FILE_CONFIG | KILN_RPM_FILE_NOREPLACE;
	}
}

KilnDebFiles *kiln_deb_files_make(const KilnDeb *deb, const KilnImportRecipe *recipe,
	const char *setup_directory, gboolean owns_directories, GError **error)
{
	g_autoptr(KilnDebFiles) files = g_new0(KilnDebFiles, 1);

	files->files = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_rpm_file_free);
	files->buffers = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	take_payload(files, deb, recipe, owns_directories);
	if (recipe) {
		add_links(files, recipe);
		add_directories(files, recipe);
		if (!add_copies(files, deb, recipe, error) ||
			!add_bundles(files, deb, recipe, error))
			return NULL;
	}
	if (setup_directory && g_file_test(setup_directory, G_FILE_TEST_IS_DIR) &&
		!add_setup_tree(files, setup_directory, "", error))
		return NULL;
	mark_conffiles(files, kiln_deb_member(deb, "conffiles"));
	if (recipe)
		mark_configs(files, recipe);
	return g_steal_pointer(&files);
}
