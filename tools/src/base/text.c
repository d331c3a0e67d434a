/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include "base/error.h"

#include <string.h>

gboolean kiln_text_parse_number(
	const char *text, gint64 minimum, gint64 maximum, gint64 *ret_number, GError **error)
{
	if (!g_ascii_string_to_signed(text ? text : "", 10, minimum, maximum, ret_number, NULL)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"\"%s\" is not a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
			text ? text : "", minimum, maximum);
		return FALSE;
	}
	return TRUE;
}

char *kiln_text_printable(const char *text)
{
	char *copy = g_utf8_make_valid(text ? text : "", -1);
	GString *safe = g_string_sized_new(strlen(copy));

	for (const char *p = copy; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (c == '\t')
			g_string_append_c(safe, ' ');
		else if (g_unichar_iscntrl(c) || (c >= 0x80 && c < 0xa0))
			g_string_append_c(safe, '?');
		else
			g_string_append_unichar(safe, c);
	}
	g_free(copy);
	return g_string_free(safe, FALSE);
}

static gsize edit_distance(const char *a, const char *b)
{
	gsize length_b = strlen(b);
	g_autofree gsize *row = g_new(gsize, length_b + 1);

	for (gsize j = 0; j <= length_b; j++)
		row[j] = j;
	for (gsize i = 1; a[i - 1]; i++) {
		gsize diagonal = row[0];
		row[0] = i;
		for (gsize j = 1; j <= length_b; j++) {
			gsize replaced = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			row[j] = MIN(replaced, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[length_b];
}

const char *kiln_text_nearest(const char *word, const char *const *candidates)
{
	gsize limit = strlen(word) <= 3 ? 1 : MAX(2, strlen(word) / 3);
	gsize best_distance = limit + 1;
	const char *best = NULL;

	for (gsize i = 0; strlen(word) <= 256 && candidates[i]; i++) {
		gsize distance = edit_distance(word, candidates[i]);
		if (distance < best_distance) {
			best_distance = distance;
			best = candidates[i];
		}
	}
	return best;
}

char *kiln_text_last_line(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (guint i = g_strv_length(lines); i > 0; i--) {
		g_strstrip(lines[i - 1]);
		if (*lines[i - 1])
			return g_strdup(lines[i - 1]);
	}
	return g_strdup("");
}
