/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/catalog.h"

#include "base/error.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/text.h"
#include "format/config.h"

#include <string.h>

void kiln_catalog_package_free(KilnCatalogPackage *package)
{
	if (!package)
		return;
	g_free(package->name);
	g_free(package->collection);
	g_free(package->spec_directory);
	g_free(package->spec_path);
	g_strfreev(package->source_directories);
	g_free(package->lock_path);
	g_free(package->smoke_directory);
	g_free(package);
}

char *kiln_catalog_smoke_common(const KilnProject *project)
{
	return kiln_project_path(project, "tests", "smoke", "common", NULL);
}

/* One collection being listed. */
typedef struct {
	const KilnProject *project;
	const KilnCollection *collection;
	GPtrArray *list;
} Listing;

/* The package with the spec `spec_path` (taken over); its sources and lock are still to be placed. */
static KilnCatalogPackage *add_package(const Listing *listing, const char *name, char *spec_path)
{
	KilnCatalogPackage *package = g_new0(KilnCatalogPackage, 1);

	g_ptr_array_add(listing->list, package);
	package->name = g_strdup(name);
	package->collection = g_strdup(listing->collection->name);
	package->spec_path = spec_path;
	package->spec_directory = g_path_get_dirname(spec_path);
	package->smoke_directory = kiln_project_path(
		listing->project, "tests", "smoke", package->collection, name, NULL);
	return package;
}

static gboolean check_name(const Listing *listing, const char *name, const char *path, GError **error)
{
	if (kiln_config_is_name(name))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"\"%s\": not a package name; rename it, with letters, digits and + . _ - only",
		kiln_project_relative(listing->project, path));
	return FALSE;
}

/* PATH/NAME.spec. Caller owns. */
static char *spec_in(const char *path, const char *name)
{
	g_autofree char *file = g_strconcat(name, ".spec", NULL);

	return g_build_filename(path, file, NULL);
}

static gboolean add_own(const Listing *listing, const char *directory, const char *name, GError **error)
{
	const KilnProject *project = listing->project;
	const char *collection = listing->collection->name;
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autofree char *spec = spec_in(path, name);
	KilnCatalogPackage *package;

	if (*name == '.' || !g_file_test(path, G_FILE_TEST_IS_DIR))
		return TRUE;
	if (!check_name(listing, name, path, error))
		return FALSE;
	if (!g_file_test(spec, G_FILE_TEST_IS_REGULAR)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"\"%s\": has no \"%s.spec\"; a package's directory and spec bear its name",
			kiln_project_relative(project, path), name);
		return FALSE;
	}
	package = add_package(listing, name, g_steal_pointer(&spec));
	package->source_directories = g_new0(char *, 3);
	package->source_directories[0] = g_strdup(package->spec_directory);
	package->source_directories[1] = kiln_project_path(project, "patches", collection, name, NULL);
	package->lock_path = g_build_filename(package->spec_directory, "sources", NULL);
	return TRUE;
}

/* Places sources, below `top`, and lock as the layout says. */
static void place_adopted(const Listing *listing, KilnCatalogPackage *package, const char *top)
{
	const KilnLayout *layout = listing->collection->layout;
	GPtrArray *directories = g_ptr_array_new();

	for (char **source = layout->sources; *source; source++)
		g_ptr_array_add(directories, g_canonicalize_filename(*source, top));
	g_ptr_array_add(directories, NULL);
	package->source_directories = (char **)g_ptr_array_free(directories, FALSE);
	package->is_adopted = TRUE;
	package->shares_sources = kiln_layout_shares_sources(layout);
	package->lock_path = kiln_project_path(listing->project, layout->locks, package->name, NULL);
}

/* What ends in nothing is no package, but somebody thinks it is. */
static void tell_dangling(const Listing *listing, const char *path)
{
	g_autofree char *target = g_file_read_link(path, NULL);

	if (target && !g_file_test(path, G_FILE_TEST_EXISTS))
		kiln_event_warning(kiln_project_relative(listing->project, path),
			"left out: a symbolic link to \"%s\", which is not there", target);
}

/* A spec of a topdir or a flat folder. */
static gboolean add_spec(const Listing *listing, const char *directory, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autofree char *package_name = NULL;

	if (*name == '.' || !g_str_has_suffix(name, ".spec"))
		return TRUE;
	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
		tell_dangling(listing, path);
		return TRUE;
	}
	package_name = g_strndup(name, strlen(name) - strlen(".spec"));
	if (!check_name(listing, package_name, path, error))
		return FALSE;
	place_adopted(listing, add_package(listing, package_name, g_steal_pointer(&path)),
		listing->project->root);
	return TRUE;
}

/* The spec in `path`: the one called like the package, else the only one. `*ret_count` says how many
 * there are. Caller owns; NULL when there is none to be chosen. */
static char *choose_spec(const char *path, const char *name, guint *ret_count)
{
	g_auto(GStrv) files = kiln_fs_list(path, NULL);
	g_autofree char *wanted = g_strconcat(name, ".spec", NULL);
	const char *found = NULL;

	*ret_count = 0;
	for (char **file = files; file && *file; file++) {
		if (g_str_equal(*file, wanted))
			return g_build_filename(path, wanted, NULL);
		if (**file == '.' || !g_str_has_suffix(*file, ".spec"))
			continue;
		found = *file;
		*ret_count += 1;
	}
	return *ret_count == 1 ? g_build_filename(path, found, NULL) : NULL;
}

/* A directory of a dist-git tree; those without a spec are something else's. */
static gboolean add_directory(const Listing *listing, const char *directory, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autofree char *below = g_build_filename(path, "SPECS", NULL);
	guint count = 0, count_below = 0;
	g_autofree char *spec = NULL;

	if (*name == '.' || !g_file_test(path, G_FILE_TEST_IS_DIR))
		return TRUE;
	spec = choose_spec(path, name, &count);
	if (!spec && count == 0)
		spec = choose_spec(below, name, &count_below);
	if (!spec && count + count_below == 0)
		return TRUE;
	if (!check_name(listing, name, path, error))
		return FALSE;
	if (!spec) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"\"%s\": has %u specs, and none is called \"%s.spec\"",
			kiln_project_relative(listing->project, path), count + count_below, name);
		return FALSE;
	}
	place_adopted(listing, add_package(listing, name, g_steal_pointer(&spec)), path);
	return TRUE;
}

static gboolean (*const adders[KILN_LAYOUT_KINDS])(
	const Listing *listing, const char *directory, const char *name, GError **error) = {
	[KILN_LAYOUT_KILN] = add_own,
	[KILN_LAYOUT_TOPDIR] = add_spec,
	[KILN_LAYOUT_FLAT] = add_spec,
	[KILN_LAYOUT_DIST_GIT] = add_directory,
};

static const char *const patterns[KILN_LAYOUT_KINDS] = {
	[KILN_LAYOUT_KILN] = "NAME/NAME.spec",
	[KILN_LAYOUT_TOPDIR] = "NAME.spec",
	[KILN_LAYOUT_FLAT] = "NAME.spec",
	[KILN_LAYOUT_DIST_GIT] = "NAME/NAME.spec",
};

static char *specs_directory(const Listing *listing)
{
	const KilnLayout *layout = listing->collection->layout;

	if (layout->kind == KILN_LAYOUT_KILN)
		return kiln_project_path(listing->project, "specs", listing->collection->name, NULL);
	return g_canonicalize_filename(layout->specs, listing->project->root);
}

/* File names are sorted with their ".spec", which puts "a-b" before "a". */
static gint compare_packages(gconstpointer a, gconstpointer b)
{
	return strcmp((*(KilnCatalogPackage *const *)a)->name, (*(KilnCatalogPackage *const *)b)->name);
}

GPtrArray *kiln_catalog_list(const KilnProject *project, const KilnCollection *collection, GError **error)
{
	g_autoptr(GPtrArray) list =
		g_ptr_array_new_with_free_func((GDestroyNotify)kiln_catalog_package_free);
	const Listing listing = {project, collection, list};
	g_autofree char *directory = specs_directory(&listing);
	/* Where there is no directory there are no packages yet: git keeps no empty ones. */
	gboolean is_there = g_file_test(directory, G_FILE_TEST_EXISTS);
	g_auto(GStrv) names = is_there ? kiln_fs_list(directory, error) : g_new0(char *, 1);

	if (!names) {
		g_prefix_error(error, "collection \"%s\": ", collection->name);
		return NULL;
	}
	for (char **name = names; *name; name++)
		if (!adders[collection->layout->kind](&listing, directory, *name, error))
			return NULL;
	g_ptr_array_sort(list, compare_packages);
	if (list->len == 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"collection \"%s\" has no packages yet; put each into \"%s/%s\"", collection->name,
			kiln_project_relative(project, directory), patterns[collection->layout->kind]);
		return NULL;
	}
	return g_steal_pointer(&list);
}

static gboolean refuse_pair(const KilnProject *project, const char *name, const KilnCatalogPackage *one,
	const KilnCatalogPackage *other, GError **error)
{
	gboolean is_sorted = strcmp(one->spec_path, other->spec_path) < 0;

	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
		"\"%s\" and \"%s\" have one Name, \"%s\", and collection \"%s\" can have only one such package; "
		"give one of them another Name, or move it out of the collection",
		kiln_project_relative(project, (is_sorted ? one : other)->spec_path),
		kiln_project_relative(project, (is_sorted ? other : one)->spec_path), name, one->collection);
	return FALSE;
}

gboolean kiln_catalog_check_names(
	const KilnProject *project, const KilnCatalogName *names, gsize count, GError **error)
{
	g_autoptr(GHashTable) owners = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < count; i++) {
		const KilnCatalogPackage *package = names[i].package;
		const KilnCatalogPackage *other = g_hash_table_lookup(owners, names[i].name);

		if (other && other != package)
			return refuse_pair(project, names[i].name, other, package, error);
		g_hash_table_insert(owners, (gpointer)names[i].name, (gpointer)package);
	}
	return TRUE;
}

const KilnCatalogPackage *kiln_catalog_find(const GPtrArray *packages, const char *name, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *near;

	for (guint i = 0; i < packages->len; i++) {
		const KilnCatalogPackage *package = packages->pdata[i];
		if (g_str_equal(package->name, name))
			return package;
		g_ptr_array_add(names, package->name);
	}
	g_ptr_array_add(names, NULL);
	near = kiln_text_nearest(name, (const char *const *)names->pdata);
	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND, "there is no package \"%s\"%s%s%s", name,
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	return NULL;
}
