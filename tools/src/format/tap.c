/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/tap.h"

#include "base/text.h"

#include <string.h>

#define CHECKS_MAX 1000000

static gboolean begins_with_word(const char *line, const char *word)
{
	gsize length = strlen(word);

	return strncmp(line, word, length) == 0 && (line[length] == ' ' || line[length] == '\0');
}

static void read_plan(const char *line, KilnTap *tap)
{
	g_autofree char *count = g_strndup(line + 3, strcspn(line + 3, " \t\r#"));
	gint64 planned;

	if (!kiln_text_parse_number(count, 0, CHECKS_MAX, &planned, NULL))
		return;
	tap->has_plan = TRUE;
	tap->planned = (guint)planned;
}

static void read_line(const char *line, KilnTap *tap)
{
	if (g_str_has_prefix(line, "1.."))
		read_plan(line, tap);
	else if (begins_with_word(line, "ok"))
		tap->passed++;
	else if (begins_with_word(line, "not ok") && (strstr(line, "# TODO") || strstr(line, "# SKIP")))
		tap->passed++;
	else if (begins_with_word(line, "not ok"))
		tap->failed++;
}

void kiln_tap_read(const char *text, KilnTap *ret_tap)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	*ret_tap = (KilnTap){0};
	for (char **line = lines; *line; line++)
		read_line(*line, ret_tap);
}

char *kiln_tap_objection(const KilnTap *tap)
{
	if (tap->failed > 0)
		return g_strdup_printf("checks that failed: %u", tap->failed);
	if (tap->passed == 0)
		return g_strdup("it checked nothing (expected lines \"ok 1 - WHAT\" and a plan \"1..N\")");
	if (!tap->has_plan)
		return g_strdup("it gave no plan (\"1..N\"), so that nobody knows whether it came to its end");
	if (tap->planned != tap->passed)
		return g_strdup_printf("checks made: %u, planned: %u", tap->passed, tap->planned);
	return NULL;
}
