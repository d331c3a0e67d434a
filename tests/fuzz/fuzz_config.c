/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kiln.conf and target.conf: what is accepted can name files and stand in a .repo file; every
 * refusal names file and line, in one line.
 */
#include "format/config.h"

#include "base/error.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check(gboolean condition, const char *what)
{
	if (!condition)
		g_error("%s", what);
}

static void check_refusal(gboolean accepted, const GError *error)
{
	char *end;

	check(accepted == (error == NULL), "neither a value nor an error, or both");
	if (error == NULL)
		return;
	check(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG), "an error of another code");
	check(g_str_has_prefix(error->message, "file:"), "an error without its file");
	check(strtol(error->message + strlen("file:"), &end, 10) > 0 && g_str_has_prefix(end, ": "),
		"an error without its line");
	check(strchr(error->message, '\n') == NULL, "an error of several lines");
}

static void check_url(const char *url)
{
	const char *host = strstr(url, "://");

	check(host != NULL && host[3] != '\0' && host[3] != '/', "a URL without a host");
	check(!g_str_has_suffix(url, "/"), "a URL with a final slash");
	check(strpbrk(url, " \t\n\r\"'$") == NULL, "a URL that no .repo file can hold");
}

static void check_config(const KilnConfig *config)
{
	check_url(config->url);
	check(kiln_config_is_name(config->channel), "a channel that is no name");
	check(config->limits.wall_s >= 0 && config->limits.memory_bytes >= 0, "a negative limit");
	for (guint i = 0; i < config->collections->len; i++) {
		const KilnCollection *collection = config->collections->pdata[i];

		check(kiln_config_is_name(collection->name), "a collection that is no name");
		check(kiln_config_find(config, collection->name) == collection, "two of one name");
		check(collection->targets[0] != NULL, "a collection without targets");
		for (char **target = collection->targets; *target != NULL; target++)
			check(kiln_config_is_name(*target), "a target that is no name");
	}
}

static void check_target(const KilnTarget *target)
{
	check(strcmp(target->name, "trixie") == 0, "another target's name");
	check(kiln_config_is_name(target->architecture), "an architecture that is no name");
	check(kiln_config_is_name(target->macros), "macros that are no file name");
	check(target->suite == NULL || target->location != NULL ||
			kiln_config_is_name(target->suite),
		"a suite that is no name");
	check(target->suite != NULL || target->location != NULL, "a base from nowhere");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GError) config_error = NULL, target_error = NULL;
	g_autoptr(KilnConfig) config = kiln_config_parse(text, "file", &config_error);
	g_autoptr(KilnTarget) target = kiln_target_parse(text, "file", "trixie", &target_error);

	check_refusal(config != NULL, config_error);
	check_refusal(target != NULL, target_error);
	if (config != NULL)
		check_config(config);
	if (target != NULL)
		check_target(target);
	return 0;
}
