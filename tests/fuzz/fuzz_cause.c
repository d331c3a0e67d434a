/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Build logs are whatever a package writes: what is told of them is one printable line of bounded length and stands
 * in a line of the log, and the same log tells the same.
 */
#include "engine/cause.h"

#include <stdint.h>
#include <string.h>

static void check(gboolean condition, const char *what)
{
	if (!condition)
		g_error("%s", what);
}

static guint count_lines(const char *text)
{
	guint count = 1;

	for (; (text = strchr(text, '\n')); text++)
		count++;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(KilnCause) cause = {0}, again = {0};

	kiln_cause_find(text, &cause);
	kiln_cause_find(text, &again);
	check(g_strcmp0(cause.line, again.line) == 0 && cause.number == again.number, "another answer");
	check(!cause.line == !cause.kind && !cause.line == !cause.number, "half an answer");
	if (!cause.line)
		return 0;
	check(cause.number <= count_lines(text), "a line that the log does not have");
	check(strlen(cause.line) < 700 && g_utf8_validate(cause.line, -1, NULL), "no line to be shown");
	for (const char *p = cause.line; *p; p++)
		check(!g_ascii_iscntrl(*p), "a control character");
	return 0;
}
