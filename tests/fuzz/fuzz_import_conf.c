/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import.conf and names.conf, one after the other with a NUL between them: accepted twice alike,
 * packages sorted and each once; every refusal is one line and code CONFIG.
 */
#include "format/import_conf.h"

#include "base/error.h"

#include <stdint.h>
#include <string.h>

static void check(gboolean condition, const char *what)
{
	if (!condition)
		g_error("%s", what);
}

static void check_packages(char **packages)
{
	for (guint i = 0; packages[i] != NULL && packages[i + 1] != NULL; i++)
		check(strcmp(packages[i], packages[i + 1]) < 0,
			"packages not sorted, or one twice");
}

static void check_same(const KilnImportConf *one, const KilnImportConf *two)
{
	check(g_strv_equal((const char *const *)one->packages, (const char *const *)two->packages),
		"packages differ");
	check(g_strv_equal((const char *const *)one->excludes, (const char *const *)two->excludes),
		"excludes differ");
	for (guint i = 0; one->packages[i] != NULL; i++) {
		const KilnImportRecipe *a = kiln_import_conf_recipe(one, one->packages[i]);
		const KilnImportRecipe *b = kiln_import_conf_recipe(two, one->packages[i]);

		check((a == NULL) == (b == NULL), "a recipe is missing");
		check(a == NULL || g_strcmp0(a->text, b->text) == 0, "a recipe's text differs");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	const char *names = strlen(text) < size ? text + strlen(text) + 1 : "";
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnImportConf) conf = kiln_import_conf_parse(text, names, &error);
	g_autoptr(KilnImportConf) again =
		conf != NULL ? kiln_import_conf_parse(text, names, NULL) : NULL;

	check((conf != NULL) == (error == NULL), "neither a value nor an error, or both");
	if (conf == NULL) {
		check(g_error_matches(error, KILN_ERROR, KILN_ERROR_CONFIG), "another code");
		check(strchr(error->message, '\n') == NULL, "an error of several lines");
		return 0;
	}
	check(again != NULL, "refused the second time");
	check_packages(conf->packages);
	check_same(conf, again);
	return 0;
}
