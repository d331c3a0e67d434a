/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of files in the text of a spec, which nobody vouches for: whatever it defines, it ends, and names are
 * names of files in a directory. */
#include "engine/evaluate_names.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter each;
	gpointer name;

	kiln_evaluate_names_scan(names, (const char *)data, size);
	g_hash_table_iter_init(&each, names);
	while (g_hash_table_iter_next(&each, &name, NULL))
		if (*(char *)name == '\0' || *(char *)name == '.' || strchr(name, '/') || strlen(name) > 255)
			g_error("\"%s\" is no name", (char *)name);
	return 0;
}
