/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text of rpmspec gives sorted, bounded values, and the same ones each time. */
#include "format/rpmspec_output.h"
#include "format/spec_json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_order(const GPtrArray *sources)
{
	for (guint i = 1; i < sources->len; i++) {
		const KilnSpecSource *before = g_ptr_array_index(sources, i - 1);
		const KilnSpecSource *after = g_ptr_array_index(sources, i);
		if (before->number > after->number)
			abort();
	}
	for (guint i = 0; i < sources->len; i++) {
		const KilnSpecSource *source = g_ptr_array_index(sources, i);
		if (source->number > G_MAXINT || strchr(source->filename, '/'))
			abort();
	}
}

static char *read_all(const char *text)
{
	g_autoptr(KilnSpec) spec = kiln_spec_new();
	g_autoptr(KilnRpmspecSource) source = kiln_rpmspec_output_parse_source(spec, text);

	kiln_rpmspec_output_parse_packages(spec, source, text);
	kiln_rpmspec_output_parse_spec(spec, source, text);
	check_order(spec->sources);
	check_order(spec->patches);
	return kiln_spec_json_emit(spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *first = read_all(text);
	g_autofree char *second = read_all(text);

	if (strcmp(first, second) != 0)
		abort();
	return 0;
}
