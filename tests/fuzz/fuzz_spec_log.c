/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever rpm says, a diagnostic is one bounded printable line, and a refusal has a reason. */
#include "format/spec_log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const KilnSpecDiagnostic *diagnostic)
{
	if (diagnostic->text[0] == '\0' || strpbrk(diagnostic->text, "\n\r\t\033"))
		abort();
	if (!g_utf8_validate(diagnostic->text, -1, NULL) || strlen(diagnostic->text) > 3000)
		abort();
	if (diagnostic->line > G_MAXINT)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(KilnSpec) spec = kiln_spec_new();

	kiln_spec_log_parse_output(spec->diagnostics, text, "/s/a.spec");
	if (spec->diagnostics->len > KILN_SPEC_LOG_MAX)
		abort();
	for (guint i = 0; i < spec->diagnostics->len; i++)
		check(g_ptr_array_index(spec->diagnostics, i));
	kiln_spec_log_conclude(spec, "/s/a.spec", text);
	if (!spec->failure || !spec->failure->file)
		abort();
	check(spec->failure);
	return 0;
}
