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

/* The names in `directory`, without their suffix. */
static GPtrArray *list_names(const char *directory)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) files = kiln_fs_list(directory, NULL);

	for (char **file = files; file && *file; file++)
		if (g_str_has_suffix(*file, SUFFIX))
			g_ptr_array_add(names, g_strndup(*file, strlen(*file) - strlen(SUFFIX)));
	g_ptr_array_add(names, NULL);
	return names;
}

static KilnContract *refuse_unknown(const char *directory, const char *name, GError **error)
{
	g_autoptr(GPtrArray) names = list_names(directory);
	const char *near = kiln_text_nearest(name, (const char *const *)names->pdata);
	g_autofree char *list = g_strjoinv(", ", (char **)names->pdata);
	g_autofree char *hint = near ? g_strdup_printf("did you mean \"%s\"?", near)
				: *list ? g_strdup_printf("there are %s", list)
					: g_strdup_printf("put one at \"%s/%s%s\"", directory, name, SUFFIX);

	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND, "there is no contract \"%s\"; %s", name, hint);
	return NULL;
}

/* The project's, else those Kiln is installed with. Caller owns. */
static char *contract_directory(const KilnProject *project)
{
	g_autofree char *data = project ? NULL : kiln_project_data_directory();

	return project ? kiln_project_path(project, "repo-config", "contracts", NULL)
		       : g_build_filename(data, "contracts", NULL);
}

KilnContract *kiln_project_contract(const KilnProject *project, const char *name, GError **error)
{
	g_autofree char *directory = contract_directory(project);
	g_autofree char *file = g_strconcat(name, SUFFIX, NULL);
	g_autofree char *path = g_build_filename(directory, file, NULL);
	g_autofree char *text = NULL;
	gsize size = 0;

	if (!kiln_config_is_name(name) || !g_file_test(path, G_FILE_TEST_EXISTS))
		return refuse_unknown(directory, name, error);
	text = kiln_fs_read(path, CONTRACT_MAX_BYTES, &size, error);
	return text ? kiln_contract_parse(
			      text, size, project ? kiln_project_relative(project, path) : path, error)
		    : NULL;
}
