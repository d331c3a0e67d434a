/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/project.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/text.h"
#include "engine/keys.h"
#include "format/config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_FILE "repo-config/kiln.conf"
#define CONFIG_MAX_BYTES (1024 * 1024)

static char *find_root(const char *directory, GError **error)
{
	g_autofree char *current = g_canonicalize_filename(directory, NULL);

	for (;;) {
		g_autofree char *candidate = g_build_filename(current, CONFIG_FILE, NULL);
		char *parent;
		if (g_file_test(candidate, G_FILE_TEST_IS_REGULAR))
			return g_steal_pointer(&current);
		parent = g_path_get_dirname(current);
		if (g_str_equal(parent, current)) {
			g_free(parent);
			break;
		}
		g_free(current);
		current = parent;
	}
	g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
		"\"%s\" is not in a Kiln project: no " CONFIG_FILE
		" here or above; change into a project, or name it with --project DIR",
		directory);
	return NULL;
}

static char *cache_directory(void)
{
	const char *chosen = g_getenv("KILN_CACHE");

	if (chosen && *chosen)
		return g_canonicalize_filename(chosen, NULL);
	return g_build_filename(g_get_user_cache_dir(), "kiln", NULL);
}

static char *helper_directory(void)
{
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *bin = NULL, *prefix = NULL;

	if (g_getenv("KILN_LIBEXEC"))
		return g_canonicalize_filename(g_getenv("KILN_LIBEXEC"), NULL);
	bin = g_path_get_dirname(program ? program : "/usr/bin/kiln");
	prefix = g_path_get_dirname(bin);
	return g_build_filename(prefix, "libexec", "kiln", NULL);
}

static KilnConfig *read_config(const char *root, GError **error)
{
	g_autofree char *path = g_build_filename(root, CONFIG_FILE, NULL);
	g_autofree char *text = kiln_fs_read(path, CONFIG_MAX_BYTES, NULL, error);

	return text ? kiln_config_parse(text, CONFIG_FILE, error) : NULL;
}

static gboolean is_working_directory(const char *directory)
{
	struct stat here, there;

	return stat(".", &here) == 0 && stat(directory, &there) == 0 && here.st_dev == there.st_dev &&
		here.st_ino == there.st_ino;
}

KilnProject *kiln_project_open(const char *directory, GError **error)
{
	g_autoptr(KilnProject) project = g_new0(KilnProject, 1);

	project->root = find_root(directory, error);
	if (!project->root)
		return NULL;
	project->config = read_config(project->root, error);
	if (!project->config)
		return NULL;
	project->state = g_build_filename(project->root, ".kiln", NULL);
	project->publish_root = g_canonicalize_filename(project->config->publish_root, project->root);
	project->cache = cache_directory();
	project->key_home = kiln_keys_home();
	project->helper_directory = helper_directory();
	project->is_here = is_working_directory(project->root);
	return g_steal_pointer(&project);
}

void kiln_project_free(KilnProject *project)
{
	if (!project)
		return;
	g_free(project->root);
	g_free(project->state);
	g_free(project->publish_root);
	g_free(project->cache);
	g_free(project->key_home);
	g_free(project->helper_directory);
	g_clear_pointer(&project->config, kiln_config_free);
	g_free(project);
}

KilnLock *kiln_project_lock(const KilnProject *project, const char *purpose, GError **error)
{
	g_autofree char *path = g_build_filename(project->state, "lock", NULL);

	return kiln_lock_take(path, purpose, FALSE, error);
}

static void set_unknown(GError **error, const char *kind, const char *name, GPtrArray *known)
{
	g_autofree char *list = NULL;
	const char *near;

	g_ptr_array_add(known, NULL);
	near = kiln_text_nearest(name, (const char *const *)known->pdata);
	list = g_strjoinv(", ", (char **)known->pdata);
	if (near)
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND,
			"there is no %s \"%s\"; did you mean \"%s\"?", kind, name, near);
	else
		g_set_error(error, KILN_ERROR, KILN_ERROR_NOT_FOUND, "there is no %s \"%s\"; there %s %s", kind,
			name, known->len > 2 ? "are" : "is", *list ? list : "none");
}

const KilnCollection *kiln_project_collection(const KilnProject *project, const char *name, GError **error)
{
	const KilnCollection *found = kiln_config_find(project->config, name);
	g_autoptr(GPtrArray) known = g_ptr_array_new();

	if (found)
		return found;
	for (guint i = 0; i < project->config->collections->len; i++)
		g_ptr_array_add(known, ((KilnCollection *)project->config->collections->pdata[i])->name);
	set_unknown(error, "collection", name, known);
	return NULL;
}

KilnTarget *kiln_project_target(const KilnProject *project, const char *name, GError **error)
{
	g_autofree char *relative = g_build_filename("repo-config/targets", name, "target.conf", NULL);
	g_autofree char *path = g_build_filename(project->root, relative, NULL);
	g_autofree char *text = NULL;

	if (!kiln_config_is_name(name) || !g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_autofree char *directory = g_build_filename(project->root, "repo-config/targets", NULL);
		g_auto(GStrv) names = kiln_fs_list(directory, NULL);
		g_autoptr(GPtrArray) known = g_ptr_array_new();
		for (char **known_name = names; known_name && *known_name; known_name++)
			g_ptr_array_add(known, *known_name);
		set_unknown(error, "target", name, known);
		return NULL;
	}
	text = kiln_fs_read(path, CONFIG_MAX_BYTES, NULL, error);
	return text ? kiln_target_parse(text, relative, name, error) : NULL;
}

char *kiln_project_target_directory(const KilnProject *project, const KilnTarget *target)
{
	return kiln_project_path(project, "repo-config", "targets", target->name, NULL);
}

char *kiln_project_path(const KilnProject *project, ...)
{
	g_autoptr(GPtrArray) parts = g_ptr_array_new();
	va_list arguments;

	g_ptr_array_add(parts, project->root);
	va_start(arguments, project);
	for (char *part; (part = va_arg(arguments, char *));)
		g_ptr_array_add(parts, part);
	va_end(arguments);
	g_ptr_array_add(parts, NULL);
	return g_build_filenamev((char **)parts->pdata);
}

const char *kiln_project_relative(const KilnProject *project, const char *path)
{
	gsize length = strlen(project->root);

	/* Elsewhere it would lead nowhere. */
	if (!project->is_here)
		return path;
	return strncmp(path, project->root, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

char *kiln_project_data_directory(void)
{
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *bin = g_path_get_dirname(program ? program : "/usr/bin/kiln");
	g_autofree char *prefix = g_path_get_dirname(bin);
	const char *chosen = g_getenv("KILN_DATA");

	if (chosen && *chosen)
		return g_canonicalize_filename(chosen, NULL);
	return g_build_filename(prefix, "share", "kiln", NULL);
}
