/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/config.h"

void kiln_collection_free(KilnCollection *collection)
{
	if (!collection)
		return;
	g_free(collection->name);
	g_free(collection->description);
	g_strfreev(collection->targets);
	g_free(collection);
}

KilnConfig *kiln_config_new(void)
{
	KilnConfig *config = g_new0(KilnConfig, 1);

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

KilnTarget *kiln_target_new(void)
{
	return g_new0(KilnTarget, 1);
}

void kiln_target_free(KilnTarget *target)
{
	if (!target)
		return;
	g_free(target->name);
	g_free(target->architecture);
	g_free(target->description);
	g_free(target->base_kind);
	g_free(target->suite);
	g_free(target->location);
	g_strfreev(target->buildroot);
	g_strfreev(target->minimal);
	g_strfreev(target->client);
	g_free(target->macros);
	g_free(target);
}
