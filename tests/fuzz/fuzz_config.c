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

/* What rpm is given holds one line per macro, each of which begins with the macro's name. */
static void check_options(const KilnConfig *config, const KilnPackageOptions *options)
{
	g_auto(GStrv) with = kiln_package_options_with(options, TRUE);
	g_auto(GStrv) without = kiln_package_options_without(options, TRUE);
	g_auto(GStrv) defines = kiln_package_options_defines(options);
	g_autofree char *text = kiln_package_options_macros(options, TRUE);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	check(kiln_config_is_name(options->name), "options of what is no name");
	check(kiln_config_package(config, options->name) == options, "options twice");
	for (char **name = with; *name; name++)
		check(!g_strv_contains((const char *const *)without, *name), "a condition both set and unset");
	/* After the last line there is an empty one; an empty text has none. */
	check(g_strv_length(lines) ==
			g_strv_length(with) + g_strv_length(without) + g_strv_length(defines) + (*text != 0),
		"a macro of several lines");
	for (char **line = lines; line[0] && line[1]; line++)
		check(**line == '%' && (g_ascii_isalpha((*line)[1]) || (*line)[1] == '_'),
			"a line that defines no macro");
}

static void check_layout(const KilnLayout *layout)
{
	check(layout != NULL && kiln_layout_is_path(layout->specs), "specs outside of the project");
	check(kiln_layout_is_path(layout->locks), "locks outside of the project");
	for (char **source = layout->sources; *source != NULL; source++)
		check(kiln_layout_is_path(*source), "sources outside of the project");
}

static void check_config(const KilnConfig *config)
{
	check_url(config->url);
	check(kiln_config_is_name(config->channel), "a channel that is no name");
	check(config->limits.wall_s >= 0 && config->limits.memory_bytes >= 0, "a negative limit");
	check(config->jobs >= 0 && config->memory_per_job_bytes > 0, "jobs or memory out of bounds");
	for (guint i = 0; i < config->packages->len; i++)
		check_options(config, config->packages->pdata[i]);
	for (guint i = 0; i < config->collections->len; i++) {
		const KilnCollection *collection = config->collections->pdata[i];

		check(kiln_config_is_name(collection->name), "a collection that is no name");
		check(kiln_config_find(config, collection->name) == collection, "two of one name");
		check(collection->targets[0] != NULL, "a collection without targets");
		for (char **target = collection->targets; *target != NULL; target++)
			check(kiln_config_is_name(*target), "a target that is no name");
		check_layout(collection->layout);
	}
}

static void check_target(const KilnTarget *target)
{
	check(strcmp(target->name, "trixie") == 0, "another target's name");
	check(kiln_config_is_name(target->architecture), "an architecture that is no name");
	check(kiln_config_is_name(target->macros), "macros that are no file name");
	check(target->suite == NULL || kiln_config_is_name(target->suite), "a suite that is no name");
	check(target->repositories == NULL || kiln_config_is_name(target->repositories),
		"repositories that are no file name");
	check(target->suite || target->repositories, "a base from nowhere");
	check(target->contract == NULL || kiln_config_is_name(target->contract), "a contract that is no name");
	for (guint i = 0; i < target->keys->len; i++) {
		const KilnTargetKey *key = target->keys->pdata[i];
		check(kiln_config_is_name(key->file_name), "a key that is no file name");
		check(strlen(key->fingerprint) == 40 && strspn(key->fingerprint, "0123456789ABCDEF") == 40,
			"a fingerprint that is none");
	}
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
