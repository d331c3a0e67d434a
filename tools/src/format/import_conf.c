/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/import_conf.h"

#include "base/error.h"
#include "model/capability.h"

#include <string.h>

#define PACKAGE_PREFIX "package "

static void pair_free(gpointer data)
{
	KilnImportPair *pair = data;

	g_free(pair->first);
	g_free(pair->second);
	g_free(pair);
}

static void directory_free(gpointer data)
{
	KilnImportDirectory *directory = data;

	g_free(directory->path);
	g_free(directory->group);
	g_free(directory);
}

static void recipe_free(gpointer data)
{
	KilnImportRecipe *recipe = data;

	g_ptr_array_unref(recipe->links);
	g_ptr_array_unref(recipe->copies);
	g_ptr_array_unref(recipe->bundles);
	g_ptr_array_unref(recipe->directories);
	g_ptr_array_unref(recipe->provides);
	g_ptr_array_unref(recipe->requires);
	g_strfreev(recipe->drops);
	g_strfreev(recipe->configs);
	g_free(recipe->text);
	g_free(recipe);
}

static KilnImportRecipe *recipe_new(void)
{
	KilnImportRecipe *recipe = g_new0(KilnImportRecipe, 1);

	recipe->links = g_ptr_array_new_with_free_func(pair_free);
	recipe->copies = g_ptr_array_new_with_free_func(pair_free);
	recipe->bundles = g_ptr_array_new_with_free_func(pair_free);
	recipe->directories = g_ptr_array_new_with_free_func(directory_free);
	recipe->provides = kiln_capability_list_new();
	recipe->requires = kiln_capability_list_new();
	recipe->drops = g_new0(char *, 1);
	recipe->configs = g_new0(char *, 1);
	recipe->text = g_strdup("");
	return recipe;
}

void kiln_import_conf_free(KilnImportConf *conf)
{
	if (!conf)
		return;
	g_strfreev(conf->packages);
	g_strfreev(conf->excludes);
	g_free(conf->python);
	g_strfreev(conf->interpreter);
	g_hash_table_unref(conf->recipes);
	g_free(conf);
}

/* The elements of a list, stripped, empty ones left out. */
static char **get_list(GKeyFile *file, const char *group, const char *key)
{
	g_auto(GStrv) raw = g_key_file_get_string_list(file, group, key, NULL, NULL);
	GStrvBuilder *builder = g_strv_builder_new();
	char **list;

	for (guint i = 0; raw && raw[i]; i++) {
		g_strstrip(raw[i]);
		if (*raw[i])
			g_strv_builder_add(builder, raw[i]);
	}
	list = g_strv_builder_end(builder);
	g_strv_builder_unref(builder);
	return list;
}

static gboolean add_pairs(GPtrArray *pairs, char **values, GError **error)
{
	for (guint i = 0; values[i]; i++) {
		g_auto(GStrv) words = g_strsplit(values[i], " ", 2);
		KilnImportPair *pair;
		if (g_strv_length(words) != 2 || *words[0] != '/' || strchr(words[1], ' ')) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
				"\"%s\" is not two paths with one blank between", values[i]);
			return FALSE;
		}
		pair = g_new(KilnImportPair, 1);
		pair->first = g_strdup(words[0]);
		pair->second = g_strdup(words[1]);
		g_ptr_array_add(pairs, pair);
	}
	return TRUE;
}

static gboolean add_directories(GPtrArray *directories, char **values, GError **error)
{
	for (guint i = 0; values[i]; i++) {
		g_auto(GStrv) words = g_strsplit(values[i], " ", 3);
		guint count = g_strv_length(words);
		guint64 mode = 0;
		KilnImportDirectory *directory;
		if (count < 2 || *words[0] != '/' ||
			strspn(words[1], "01234567") != strlen(words[1]) ||
			!g_ascii_string_to_unsigned(words[1], 8, 0, 07777, &mode, NULL)) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
				"\"%s\" is not of the form \"PATH MODE [GROUP]\"", values[i]);
			return FALSE;
		}
		directory = g_new0(KilnImportDirectory, 1);
		directory->path = g_strdup(words[0]);
		directory->mode = mode;
		directory->group = g_strdup(count > 2 ? words[2] : "root");
		g_ptr_array_add(directories, directory);
	}
	return TRUE;
}

static gboolean add_capabilities(GPtrArray *list, char **values, GError **error)
{
	for (guint i = 0; values[i]; i++) {
		if (!kiln_capability_add_text(list, values[i], error))
			return FALSE;
	}
	return TRUE;
}

static gboolean take_key(KilnImportRecipe *recipe, const char *key, char **values, GError **error)
{
	const struct {
		const char *key;
		GPtrArray *list;
		gboolean (*add)(GPtrArray *list, char **values, GError **error);
	} lists[] = {
		{"link", recipe->links, add_pairs},
		{"copy", recipe->copies, add_pairs},
		{"bundle", recipe->bundles, add_pairs},
		{"directory", recipe->directories, add_directories},
		{"provides", recipe->provides, add_capabilities},
		{"requires", recipe->requires, add_capabilities},
	};
	char ***globs = strcmp(key, "drop") == 0     ? &recipe->drops
			: strcmp(key, "config") == 0 ? &recipe->configs
						     : NULL;

	if (globs) {
		g_strfreev(*globs);
		*globs = g_strdupv(values);
		return TRUE;
	}
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		if (strcmp(key, lists[i].key) == 0)
			return lists[i].add(lists[i].list, values, error);
	}
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "unknown key");
	return FALSE;
}

static KilnImportRecipe *recipe_of(KilnImportConf *conf, const char *name)
{
	KilnImportRecipe *recipe = g_hash_table_lookup(conf->recipes, name);

	if (!recipe) {
		recipe = recipe_new();
		g_hash_table_insert(conf->recipes, g_strdup(name), recipe);
	}
	return recipe;
}

static void extend_text(KilnImportRecipe *recipe, const char *key, char **values)
{
	g_autofree char *joined = g_strjoinv("\x1f", values);
	char *text = g_strconcat(recipe->text, key, "\x1f", joined, "\x1e", NULL);

	g_free(recipe->text);
	recipe->text = text;
}

static gboolean take_value(KilnImportConf *conf, GKeyFile *file, const char *group, const char *key,
	const char *package, GError **error)
{
	g_auto(GStrv) values = get_list(file, group, key);
	KilnImportRecipe *recipe = recipe_of(conf, package);
	const char *meaning = strcmp(group, "names") == 0 ? "provides" : key;

	if (!take_key(recipe, meaning, values, error)) {
		g_prefix_error(error, "[%s] %s: ", group, key);
		return FALSE;
	}
	extend_text(recipe, meaning, values);
	return TRUE;
}

static gboolean take_recipe(KilnImportConf *conf, GKeyFile *file, const char *group, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, error);

	for (guint i = 0; keys && keys[i]; i++) {
		if (!take_value(conf, file, group, keys[i], group + strlen(PACKAGE_PREFIX), error))
			return FALSE;
	}
	return keys != NULL;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_once(GPtrArray *names, char **list)
{
	for (guint i = 0; list[i]; i++) {
		if (!g_ptr_array_find_with_equal_func(names, list[i], g_str_equal, NULL))
			g_ptr_array_add(names, g_strdup(list[i]));
	}
}

static gboolean take_packages(KilnImportConf *conf, GKeyFile *file, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, "packages", NULL, error);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	if (!keys)
		return FALSE;
	for (guint i = 0; keys[i]; i++) {
		g_auto(GStrv) list = get_list(file, "packages", keys[i]);
		add_once(names, list);
	}
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	conf->packages = (char **)g_ptr_array_steal(names, NULL);
	return TRUE;
}

static gboolean take_import(KilnImportConf *conf, GKeyFile *file, GError **error)
{
	static const char *const known[] = {"exclude", "interpreter", "python", NULL};
	g_auto(GStrv) keys = g_key_file_get_keys(file, "import", NULL, error);

	for (guint i = 0; keys && keys[i]; i++) {
		if (!g_strv_contains(known, keys[i])) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
				"[import] %s: unknown key", keys[i]);
			return FALSE;
		}
	}
	conf->excludes = get_list(file, "import", "exclude");
	conf->interpreter = get_list(file, "import", "interpreter");
	conf->python = keys ? g_key_file_get_string(file, "import", "python", error) : NULL;
	return conf->python != NULL;
}

static gboolean take_groups(KilnImportConf *conf, GKeyFile *file, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

	for (guint i = 0; groups[i]; i++) {
		gboolean is_recipe = g_str_has_prefix(groups[i], PACKAGE_PREFIX);
		if (is_recipe && !take_recipe(conf, file, groups[i], error))
			return FALSE;
		if (!is_recipe && strcmp(groups[i], "import") != 0 &&
			strcmp(groups[i], "packages") != 0) {
			g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "[%s]: unknown group",
				groups[i]);
			return FALSE;
		}
	}
	return take_import(conf, file, error) && take_packages(conf, file, error);
}

static gboolean take_names(KilnImportConf *conf, GKeyFile *file, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, "names", NULL, error);

	for (guint i = 0; keys && keys[i]; i++) {
		if (!take_value(conf, file, "names", keys[i], keys[i], error))
			return FALSE;
	}
	return keys != NULL;
}

/* GKeyFile's own errors get our domain; the text has the line. */
static gboolean load(GKeyFile *file, const char *text, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (g_key_file_load_from_data(file, text, -1, G_KEY_FILE_NONE, &problem))
		return TRUE;
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "%s", problem->message);
	return FALSE;
}

static gboolean parse_both(
	KilnImportConf *conf, const char *import_text, const char *names_text, GError **error)
{
	g_autoptr(GKeyFile) import = g_key_file_new();
	g_autoptr(GKeyFile) names = g_key_file_new();

	if (!load(import, import_text, error) || !take_groups(conf, import, error)) {
		g_prefix_error(error, "reading import.conf: ");
		return FALSE;
	}
	if (!load(names, names_text, error) || !take_names(conf, names, error)) {
		g_prefix_error(error, "reading names.conf: ");
		return FALSE;
	}
	return TRUE;
}

KilnImportConf *kiln_import_conf_parse(
	const char *import_text, const char *names_text, GError **error)
{
	g_autoptr(KilnImportConf) conf = g_new0(KilnImportConf, 1);
	GError *problem = NULL;

	conf->recipes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, recipe_free);
	if (parse_both(conf, import_text, names_text, &problem))
		return g_steal_pointer(&conf);
	/* A missing group or key comes with GKeyFile's code. */
	g_set_error_literal(error, KILN_ERROR, KILN_ERROR_CONFIG, problem->message);
	g_error_free(problem);
	return NULL;
}

const KilnImportRecipe *kiln_import_conf_recipe(const KilnImportConf *conf, const char *name)
{
	return g_hash_table_lookup(conf->recipes, name);
}
