/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/catalog.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "format/config.h"

void kiln_catalog_package_free(KilnCatalogPackage *package)
{
	if (!package)
		return;
	g_free(package->name);
	g_free(package->collection);
	g_free(package->spec_directory);
	g_free(package->spec_path);
	g_free(package->patch_directory);
	g_free(package->lock_path);
	g_free(package->smoke_directory);
	g_free(package);
}

char *kiln_catalog_smoke_common(const KilnProject *project)
{
	return kiln_project_path(project, "tests", "smoke", "common", NULL);
}

static KilnCatalogPackage *make_package(const KilnProject *project, const char *collection, const char *name)
{
	KilnCatalogPackage *package = g_new0(KilnCatalogPackage, 1);
	g_autofree char *spec = g_strconcat(name, ".spec", NULL);

	package->name = g_strdup(name);
	package->collection = g_strdup(collection);
	package->spec_directory = kiln_project_path(project, "specs", collection, name, NULL);
	package->spec_path = g_build_filename(package->spec_directory, spec, NULL);
	package->patch_directory = kiln_project_path(project, "patches", collection, name, NULL);
	package->lock_path = g_build_filename(package->spec_directory, "sources", NULL);
	package->smoke_directory = kiln_project_path(project, "tests", "smoke", name, NULL);
	return package;
}

static gboolean add_package(
	const KilnProject *project, const char *collection, const char *name, GPtrArray *list, GError **error)
{
	KilnCatalogPackage *package = make_package(project, collection, name);
	const char *directory = kiln_project_relative(project, package->spec_directory);

	g_ptr_array_add(list, package);
	if (!kiln_config_is_name(name)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "\"%s\": not a package name", directory);
		return FALSE;
	}
	if (!g_file_test(package->spec_path, G_FILE_TEST_IS_REGULAR)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"\"%s\": has no \"%s.spec\"; a package's directory and spec bear its name", directory, name);
		return FALSE;
	}
	return TRUE;
}

GPtrArray *kiln_catalog_list(const KilnProject *project, const char *collection, GError **error)
{
	g_autoptr(GPtrArray) list =
		g_ptr_array_new_with_free_func((GDestroyNotify)kiln_catalog_package_free);
	g_autofree char *directory = kiln_project_path(project, "specs", collection, NULL);
	g_auto(GStrv) names = kiln_fs_list(directory, error);

	if (!names) {
		g_prefix_error(error, "collection \"%s\": ", collection);
		return NULL;
	}
	for (char **name = names; *name; name++) {
		g_autofree char *path = g_build_filename(directory, *name, NULL);
		if (**name == '.' || !g_file_test(path, G_FILE_TEST_IS_DIR))
			continue;
		if (!add_package(project, collection, *name, list, error))
			return NULL;
	}
	if (list->len == 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"collection \"%s\" has no packages; put each into specs/%s/NAME/NAME.spec", collection,
			collection);
		return NULL;
	}
	return g_steal_pointer(&list);
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
