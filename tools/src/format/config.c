/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/config.h"

#include "base/error.h"
#include "format/ini.h"

#include <string.h>

#define MIB (1024 * 1024)

static const KilnIniKey config_schema[] = {
	{"publish", "url", TRUE},
	{"publish", "root", FALSE},
	{"publish", "channel", FALSE},
	{"sign", "key", FALSE},
	{"limits", "wall-seconds", FALSE},
	{"limits", "idle-seconds", FALSE},
	{"limits", "output-mib", FALSE},
	{"limits", "memory-mib", FALSE},
	{"limits", "processes", FALSE},
	{"collection *", "description", FALSE},
	{"collection *", "targets", TRUE},
	{NULL, NULL, FALSE},
};

static const KilnIniKey target_schema[] = {
	{"target", "name", TRUE},
	{"target", "arch", TRUE},
	{"target", "description", FALSE},
	{"base", "kind", TRUE},
	{"base", "suite", FALSE},
	{"base", "location", FALSE},
	{"buildroot", "packages", TRUE},
	{"minimal", "packages", TRUE},
	{"client", "packages", TRUE},
	{"macros", "file", TRUE},
	{NULL, NULL, FALSE},
};

gboolean kiln_config_is_name(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+._-";

	return text && *text && strlen(text) <= 128 && *text != '.' && *text != '-' &&
		strspn(text, allowed) == strlen(text);
}

static gboolean check_name(const KilnIni *ini, const char *group, const char *key, const char *name,
	GError **error)
{
	if (kiln_config_is_name(name))
		return TRUE;
	return kiln_ini_set_error(ini, group, key, error,
		"\"%s\" is not a name: use letters, digits and + . _ -, not starting with . or -", name);
}

static gboolean parse_url(const KilnIni *ini, KilnConfig *config, GError **error)
{
	const char *host;
	gsize length;

	config->url = kiln_ini_get(ini, "publish", "url", NULL);
	if (!g_str_has_prefix(config->url, "http://") && !g_str_has_prefix(config->url, "https://"))
		return kiln_ini_set_error(ini, "publish", "url", error,
			"url \"%s\" must start with http:// or https://", config->url);
	if (strpbrk(config->url, " \t\"'$<>"))
		return kiln_ini_set_error(ini, "publish", "url", error,
			"url \"%s\" holds a character that a .repo file cannot", config->url);
	for (length = strlen(config->url); length > 0 && config->url[length - 1] == '/'; length--)
		config->url[length - 1] = '\0';
	host = strstr(config->url, "://");
	if (!host || host[3] == '\0' || host[3] == '/')
		return kiln_ini_set_error(ini, "publish", "url", error, "url names no host");
	return TRUE;
}

static gboolean parse_limits(const KilnIni *ini, KilnLimits *limits, GError **error)
{
	const char *group = "limits";
	gint64 output_mib = 0, memory_mib = 0;

	if (!kiln_ini_get_number(ini, group, "wall-seconds", 4 * 3600, &limits->wall_s, error) ||
		!kiln_ini_get_number(ini, group, "idle-seconds", 1800, &limits->idle_s, error) ||
		!kiln_ini_get_number(ini, group, "output-mib", 256, &output_mib, error) ||
		!kiln_ini_get_number(ini, group, "memory-mib", 0, &memory_mib, error) ||
		!kiln_ini_get_number(ini, group, "processes", 4096, &limits->processes, error))
		return FALSE;
	if (output_mib > G_MAXINT64 / MIB || memory_mib > G_MAXINT64 / MIB)
		return kiln_ini_set_error(ini, group, NULL, error, "a limit is too large");
	limits->output_bytes = output_mib * MIB;
	limits->memory_bytes = memory_mib * MIB;
	return TRUE;
}

static gboolean parse_collection(const KilnIni *ini, const char *name, KilnConfig *config, GError **error)
{
	g_autofree char *group = g_strconcat("collection ", name, NULL);
	KilnCollection *collection = g_new0(KilnCollection, 1);

	g_ptr_array_add(config->collections, collection);
	collection->name = g_strdup(name);
	collection->description = kiln_ini_get(ini, group, "description", name);
	collection->targets = kiln_ini_get_list(ini, group, "targets");
	if (!check_name(ini, group, NULL, name, error))
		return FALSE;
	if (!*collection->targets)
		return kiln_ini_set_error(ini, group, "targets", error, "names no target");
	for (char **target = collection->targets; *target; target++)
		if (!check_name(ini, group, "targets", *target, error))
			return FALSE;
	return TRUE;
}

KilnConfig *kiln_config_parse(const char *text, const char *name, GError **error)
{
	g_autoptr(KilnIni) ini = kiln_ini_parse(text, name, config_schema, error);
	g_autoptr(KilnConfig) config = kiln_config_new();
	g_auto(GStrv) collections = NULL;

	if (!ini || !parse_url(ini, config, error) || !parse_limits(ini, &config->limits, error))
		return NULL;
	config->publish_root = kiln_ini_get(ini, "publish", "root", ".kiln/www");
	config->channel = kiln_ini_get(ini, "publish", "channel", "stable");
	config->key = kiln_ini_get(ini, "sign", "key", NULL);
	if (!check_name(ini, "publish", "channel", config->channel, error))
		return NULL;
	if (g_str_equal(config->channel, "snapshots")) {
		kiln_ini_set_error(ini, "publish", "channel", error,
			"a channel cannot be called \"snapshots\": that is where snapshots are");
		return NULL;
	}
	collections = kiln_ini_list_groups(ini, "collection ");
	for (char **collection = collections; *collection; collection++)
		if (!parse_collection(ini, *collection, config, error))
			return NULL;
	return g_steal_pointer(&config);
}

static gboolean parse_base(const KilnIni *ini, KilnTarget *target, GError **error)
{
	target->base_kind = kiln_ini_get(ini, "base", "kind", NULL);
	target->suite = kiln_ini_get(ini, "base", "suite", NULL);
	target->location = kiln_ini_get(ini, "base", "location", NULL);
	if (g_str_equal(target->base_kind, "debian-import")) {
		if (!target->suite)
			return kiln_ini_set_error(
				ini, "base", "kind", error, "a debian-import base needs a \"suite\"");
		return check_name(ini, "base", "suite", target->suite, error);
	}
	if (!g_str_equal(target->base_kind, "repository"))
		return kiln_ini_set_error(ini, "base", "kind", error,
			"base kind \"%s\" is unknown: use debian-import or repository", target->base_kind);
	if (!target->location)
		return kiln_ini_set_error(ini, "base", "kind", error,
			"a repository base needs a \"location\": a directory with repodata/");
	return TRUE;
}

KilnTarget *kiln_target_parse(const char *text, const char *name, const char *expected_name, GError **error)
{
	g_autoptr(KilnIni) ini = kiln_ini_parse(text, name, target_schema, error);
	g_autoptr(KilnTarget) target = kiln_target_new();

	if (!ini)
		return NULL;
	target->name = kiln_ini_get(ini, "target", "name", NULL);
	target->architecture = kiln_ini_get(ini, "target", "arch", NULL);
	target->description = kiln_ini_get(ini, "target", "description", target->name);
	target->buildroot = kiln_ini_get_list(ini, "buildroot", "packages");
	target->minimal = kiln_ini_get_list(ini, "minimal", "packages");
	target->client = kiln_ini_get_list(ini, "client", "packages");
	target->macros = kiln_ini_get(ini, "macros", "file", NULL);
	if (!check_name(ini, "target", "name", target->name, error) ||
		!check_name(ini, "target", "arch", target->architecture, error) ||
		!check_name(ini, "macros", "file", target->macros, error) ||
		!parse_base(ini, target, error))
		return NULL;
	if (!g_str_equal(target->name, expected_name)) {
		kiln_ini_set_error(ini, "target", "name", error,
			"the target is called \"%s\" but its directory \"%s\"", target->name, expected_name);
		return NULL;
	}
	return g_steal_pointer(&target);
}
