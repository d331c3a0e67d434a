/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/evaluate_names.h"

#include <string.h>

static gboolean is_letter(char c)
{
	return g_ascii_isalnum(c) || (c != '\0' && strchr("+._~@^-", c) != NULL);
}

static void add(GHashTable *names, const char *start, gsize length)
{
	if (length > 0 && length < 256 && *start != '.')
		g_hash_table_add(names, g_strndup(start, length));
}

static const char *end_of_word(const char *start, const char *end)
{
	while (start < end && is_letter(*start))
		start++;
	return start;
}

/* A word at the end of a sentence is looked at without the full stop as well. */
static void add_word(GHashTable *names, const char *start, gsize length, gboolean is_behind_slash)
{
	if (!is_behind_slash && memchr(start, '.', length) == NULL)
		return;
	add(names, start, length);
	if (start[length - 1] == '.')
		add(names, start, length - 1);
}

void kiln_evaluate_names_scan(GHashTable *names, const char *text, gsize size)
{
	const char *end = text + size;

	for (const char *c = text; c < end;) {
		const char *stop = end_of_word(c, end);

		if (stop > c)
			add_word(names, c, (gsize)(stop - c), c > text && c[-1] == '/');
		c = stop + 1;
	}
}

static void learn_text(GHashTable *names, const char *text, const char *directory)
{
	gsize length = strlen(directory);

	while ((text = strstr(text, directory)) != NULL) {
		const char *start = text + length;

		while (*start == '/')
			start++;
		text = end_of_word(start, start + strlen(start));
		add(names, start, (gsize)(text - start));
		if (text > start && text[-1] == '.')
			add(names, start, (gsize)(text - start) - 1);
	}
}

static void learn_sources(GHashTable *names, const GPtrArray *sources)
{
	for (guint i = 0; i < sources->len; i++)
		g_hash_table_add(names, g_strdup(((const KilnSpecSource *)sources->pdata[i])->filename));
}

void kiln_evaluate_names_learn(GHashTable *names, const KilnSpec *spec, const char *directory)
{
	learn_sources(names, spec->sources);
	learn_sources(names, spec->patches);
	for (guint i = 0; i < spec->diagnostics->len; i++) {
		const KilnSpecDiagnostic *diagnostic = spec->diagnostics->pdata[i];

		learn_text(names, diagnostic->text, directory);
	}
	if (spec->failure)
		learn_text(names, spec->failure->text, directory);
}
