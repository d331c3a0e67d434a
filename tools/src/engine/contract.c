/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/contract.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "format/config.h"
#include "format/contract_conf.h"

#include <string.h>

#define CONTRACT_MAX_BYTES (256 << 10)
#define SUFFIX ".conf"

/* Where contracts are: the project's own first, then those Kiln is installed with. */
static GPtrArray *list_directories(const KilnProject *project)
{
	GPtrArray *directories = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *data = kiln_project_data_directory();

	if (project)
		g_ptr_array_add(directories, kiln_project_path(project, "repo-config", "contracts", NULL));
	g_ptr_array_add(directories, g_build_filename(data, "contracts", NULL));
	return directories;
}

/* The names of all contracts, each once. */
static GPtrArray *list_names(const GPtrArray *directories)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < directories->len; i++) {
		g_auto(GStrv) files = kiln_fs_list(directories->pdata[i], NULL);
		for (char **file = files; file && *file; file++) {
			g_autofree char *name = g_strndup(*file, strlen(*file) - MIN(strlen(*file), strlen(SUFFIX)));
			if (g_str_has_suffix(*file, SUFFIX) &&
				!g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
				g_ptr_array_add(names, g_steal_pointer(&name));
		}
	}
	g_ptr_array_add(names, NULL);
	return names;
}

static KilnContract *refuse_unknown(const GPtrArray *directories, const char *name, GError **error)
{
	g_autoptr(GPtrArray) names = list_names(directories);
	const char *near = kiln_text_nearest(name, (const char *const *)names->pdata);
	g_autofree char *list = g_strjoinv(", ", (char **)names->pdata);

	if (near)
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
			"there is no contract \"%s\"; did you mean \"%s\"?", name, near);
	else if (*list)
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
			"there is no contract \"%s\"; there are %s", name, list);
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
			"there is no contract \"%s\"; put it at \"%s/%s%s\"", name,
			(const char *)directories->pdata[0], name, SUFFIX);
	return NULL;
}

static KilnContract *read_contract(const KilnProject *project, const char *path, GError **error)
{
	gsize size = 0;
	g_autofree char *text = kiln_fs_read(path, CONTRACT_MAX_BYTES, &size, error);
	const char *shown = project ? kiln_project_relative(project, path) : path;

	return text ? kiln_contract_parse(text, size, shown, error) : NULL;
}

KilnContract *kiln_project_contract(const KilnProject *project, const char *name, GError **error)
{
	g_autoptr(GPtrArray) directories = list_directories(project);
	g_autofree char *file = g_strconcat(name ? name : "", SUFFIX, NULL);

	if (!name) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"the target names no contract; add \"contract = NAME\" to [target] of its target.conf");
		return NULL;
	}
	for (guint i = 0; kiln_config_is_name(name) && i < directories->len; i++) {
		g_autofree char *path = g_build_filename(directories->pdata[i], file, NULL);
		if (g_file_test(path, G_FILE_TEST_EXISTS))
			return read_contract(project, path, error);
	}
	return refuse_unknown(directories, name, error);
}
