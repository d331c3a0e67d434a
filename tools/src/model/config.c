/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/config.h"

#include <string.h>

/* Stands where rpm's own beginning of the script would: nothing of what follows is run, though it may follow in
 * the same line. rpm has asked for this macro since %check exists, and older ones know no `--nocheck`. */
#define NO_CHECK "__spec_check_template echo 'skipped: kiln.conf has check = no for this package'; exit 0 #"

void kiln_collection_free(KilnCollection *collection)
{
	if (!collection)
		return;
	g_free(collection->name);
	g_free(collection->description);
	g_strfreev(collection->targets);
	kiln_layout_free(collection->layout);
	g_free(collection);
}

static void macro_free(KilnMacro *macro)
{
	g_free(macro->name);
	g_free(macro->body);
	g_free(macro);
}

KilnPackageOptions *kiln_package_options_new(const char *name)
{
	KilnPackageOptions *options = g_new0(KilnPackageOptions, 1);

	options->name = g_strdup(name);
	options->macros = g_ptr_array_new_with_free_func((GDestroyNotify)macro_free);
	options->check = TRUE;
	return options;
}

void kiln_package_options_free(KilnPackageOptions *options)
{
	if (!options)
		return;
	g_free(options->name);
	g_strfreev(options->with);
	g_strfreev(options->without);
	g_strfreev(options->bootstrap_with);
	g_strfreev(options->bootstrap_without);
	g_ptr_array_unref(options->macros);
	g_free(options);
}

static gboolean has(char *const *names, const char *name)
{
	return names && g_strv_contains((const char *const *)names, name);
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **end_sorted(GPtrArray *texts)
{
	g_ptr_array_sort(texts, compare_texts);
	g_ptr_array_add(texts, NULL);
	return (char **)g_ptr_array_free(texts, FALSE);
}

/* `first` and `second` together without what is in `except`. */
static char **merge(char *const *first, char *const *second, char *const *except)
{
	char *const *lists[] = {first, second};
	GPtrArray *names = g_ptr_array_new();

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
		for (char *const *name = lists[i]; name && *name; name++)
			if (!has(except, *name) &&
				!g_ptr_array_find_with_equal_func(names, *name, g_str_equal, NULL))
				g_ptr_array_add(names, g_strdup(*name));
	return end_sorted(names);
}

char **kiln_package_options_with(const KilnPackageOptions *options, gboolean is_bootstrap)
{
	if (!options)
		return g_new0(char *, 1);
	return is_bootstrap ? merge(options->with, options->bootstrap_with, options->bootstrap_without)
			    : merge(options->with, NULL, NULL);
}

char **kiln_package_options_without(const KilnPackageOptions *options, gboolean is_bootstrap)
{
	if (!options)
		return g_new0(char *, 1);
	return is_bootstrap ? merge(options->without, options->bootstrap_without, options->bootstrap_with)
			    : merge(options->without, NULL, NULL);
}

char **kiln_package_options_defines(const KilnPackageOptions *options)
{
	GPtrArray *defines = g_ptr_array_new();

	for (guint i = 0; options && i < options->macros->len; i++) {
		const KilnMacro *macro = options->macros->pdata[i];
		g_ptr_array_add(defines,
			g_strdup_printf("%s %s", macro->name, *macro->body ? macro->body : "%{nil}"));
	}
	if (options && !options->check)
		g_ptr_array_add(defines, g_strdup(NO_CHECK));
	return end_sorted(defines);
}

char *kiln_package_options_macros(const KilnPackageOptions *options, gboolean is_bootstrap)
{
	g_auto(GStrv) with = kiln_package_options_with(options, is_bootstrap);
	g_auto(GStrv) without = kiln_package_options_without(options, is_bootstrap);
	g_auto(GStrv) defines = kiln_package_options_defines(options);
	GString *text = g_string_new(NULL);

	for (char **name = with; *name; name++)
		g_string_append_printf(text, "%%_with_%s --with-%s\n", *name, *name);
	for (char **name = without; *name; name++)
		g_string_append_printf(text, "%%_without_%s --without-%s\n", *name, *name);
	for (char **define = defines; *define; define++)
		g_string_append_printf(text, "%%%s\n", *define);
	return g_string_free(text, FALSE);
}

KilnConfig *kiln_config_new(void)
{
	KilnConfig *config = g_new0(KilnConfig, 1);

	config->packages = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_package_options_free);
	config->collections = g_ptr_array_new_with_free_func((GDestroyNotify)kiln_collection_free);
	return config;
}

void kiln_config_free(KilnConfig *config)
{
	if (!config)
		return;
	g_free(config->url);
	g_free(config->publish_root);
	g_free(config->channel);
	g_free(config->key);
	g_ptr_array_unref(config->collections);
	g_ptr_array_unref(config->packages);
	g_free(config);
}

const KilnCollection *kiln_config_find(const KilnConfig *config, const char *name)
{
	for (guint i = 0; i < config->collections->len; i++) {
		const KilnCollection *collection = config->collections->pdata[i];
		if (g_str_equal(collection->name, name))
			return collection;
	}
	return NULL;
}

const KilnPackageOptions *kiln_config_package(const KilnConfig *config, const char *name)
{
	for (guint i = 0; i < config->packages->len; i++) {
		const KilnPackageOptions *options = config->packages->pdata[i];
		if (g_str_equal(options->name, name))
			return options;
	}
	return NULL;
}

static void target_key_free(KilnTargetKey *key)
{
	g_free(key->file_name);
	g_free(key->fingerprint);
	g_free(key);
}

KilnTarget *kiln_target_new(void)
{
	KilnTarget *target = g_new0(KilnTarget, 1);

	target->keys = g_ptr_array_new_with_free_func((GDestroyNotify)target_key_free);
	return target;
}

void kiln_target_free(KilnTarget *target)
{
	if (!target)
		return;
	g_free(target->name);
	g_free(target->architecture);
	g_free(target->description);
	g_free(target->contract);
	g_free(target->releasever);
	g_free(target->base_kind);
	g_free(target->suite);
	g_free(target->repositories);
	g_ptr_array_unref(target->keys);
	g_free(target->client_program);
	g_free(target->client_init);
	g_strfreev(target->buildroot);
	g_strfreev(target->minimal);
	g_strfreev(target->client);
	g_free(target->macros);
	g_free(target);
}
