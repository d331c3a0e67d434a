/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever is accepted as comps names packages that a client can look for, each in a group; every
 * refusal names the place in one line.
 */
#include "lib/comps.h"

#include <stdint.h>
#include <string.h>

static void check(gboolean condition, const char *what)
{
	if (!condition)
		g_error("%s", what);
}

static gboolean is_name(const char *text)
{
	return *text && strcspn(text, " \t\r\n<>&\"'/") == strlen(text);
}

static void check_packages(const GPtrArray *packages)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < packages->len; i++) {
		const KilnCompsPackage *package = g_ptr_array_index(packages, i);

		check(is_name(package->package) && package->group && is_name(package->group),
			"something that is no name was accepted");
		check(g_hash_table_add(seen,
			      g_strdup_printf("%s/%s", package->group, package->package)),
			"a package is in a group twice");
		check(package->line > 0, "a package without a place");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) packages =
		kiln_comps_parse(size ? (const char *)data : "", size, "file", &error);

	check((packages != NULL) == (error == NULL), "neither a result nor an error");
	if (packages)
		check_packages(packages);
	check(!error || g_str_has_prefix(error->message, "file:"), "an error without a place");
	check(!error || !strchr(error->message, '\n'), "an error of several lines");
	return 0;
}
