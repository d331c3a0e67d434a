/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What parses, emits and parses again to the same document; what does not leaves an error. */
#include "format/spec_json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(const KilnSpec *spec)
{
	if (spec->failure)
		return;
	for (guint i = 0; i < spec->packages->len; i++) {
		g_autofree char *name =
			kiln_spec_package_filename(g_ptr_array_index(spec->packages, i));
		if (strchr(name, '/') || strchr(name, '\n') || name[0] == '.' || name[0] == '-')
			abort();
	}
	for (guint i = 0; i < spec->sources->len; i++) {
		const KilnSpecSource *source = g_ptr_array_index(spec->sources, i);
		if (strchr(source->filename, '/') || source->filename[0] == '\0')
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(KilnSpec) spec = kiln_spec_json_parse((const char *)data, size, &error);

	if (!spec != !!error)
		abort();
	if (!spec)
		return 0;
	check_names(spec);
	g_autofree char *first = kiln_spec_json_emit(spec);
	g_autoptr(KilnSpec) again = kiln_spec_json_parse(first, strlen(first), NULL);
	if (!again)
		abort();
	g_autofree char *second = kiln_spec_json_emit(again);
	if (strcmp(first, second) != 0)
		abort();
	return 0;
}
