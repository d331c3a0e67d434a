/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/evaluate_names.h"

#include <string.h>

/* No name of a file is longer, however it is made up. */
#define LINE_MAX_BYTES 1024
#define DEPTH_MAX 8
#define BUDGET 100

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

static void add_words(GHashTable *names, const char *text, gsize size)
{
	const char *end = text + size;

	for (const char *c = text; c < end;) {
		const char *stop = end_of_word(c, end);

		if (stop > c)
			add_word(names, c, (gsize)(stop - c), c > text && c[-1] == '/');
		c = stop + 1;
	}
}

/* The expansion of one value. */
typedef struct {
	GHashTable *macros;
	GString *result;
	guint budget; /* of macros: a spec may define some that would never end */
} Expansion;

static void expand(Expansion *expansion, const char *text, guint depth);

/* Puts what the macro at `text`, behind its percent sign, stands for, or itself; returns where it ends. */
static const char *expand_macro(Expansion *expansion, const char *text, guint depth)
{
	gboolean is_braced = *text == '{';
	const char *start = is_braced ? text + 1 : text, *end, *body;
	g_autofree char *name = NULL;

	if (is_braced && *start == '?')
		start++;
	for (end = start; g_ascii_isalnum(*end) || *end == '_'; end++)
		;
	name = g_strndup(start, (gsize)(end - start));
	body = g_hash_table_lookup(expansion->macros, name);
	if (!body || expansion->budget == 0 || (is_braced && *end != '}')) {
		g_string_append_c(expansion->result, '%');
		return text;
	}
	expansion->budget--;
	expand(expansion, body, depth + 1);
	return is_braced ? end + 1 : end;
}

static void expand(Expansion *expansion, const char *text, guint depth)
{
	while (*text && expansion->result->len < LINE_MAX_BYTES) {
		if (*text == '%' && depth < DEPTH_MAX)
			text = expand_macro(expansion, text + 1, depth);
		else
			g_string_append_c(expansion->result, *text++);
	}
}

/* Notes what "NAME VALUE", behind %define or a tag, defines. */
static void note_macro(GHashTable *macros, const char *name, gsize length, const char *value)
{
	if (length > 0)
		g_hash_table_insert(macros, g_ascii_strdown(name, (gssize)length), g_strstrip(g_strdup(value)));
}

static void read_define(GHashTable *macros, const char *line)
{
	gsize length;

	line += strspn(line, " \t");
	length = strcspn(line, " \t(");
	if (line[length] == ' ' || line[length] == '\t')
		g_hash_table_insert(macros, g_strndup(line, length), g_strstrip(g_strdup(line + length)));
}

static gboolean is_tag(const char *line, const char *tag, gsize length)
{
	gsize wanted = strlen(tag);

	return length >= wanted && g_ascii_strncasecmp(line, tag, wanted) == 0 &&
		strspn(line + wanted, "0123456789") == length - wanted;
}

/* A tag of the preamble: one that later ones refer to, or a source. */
static void read_tag(GHashTable *names, GHashTable *macros, const char *line)
{
	gsize length = strcspn(line, ": \t");
	const char *value = strchr(line, ':');
	g_autoptr(GString) expanded = g_string_new(NULL);
	Expansion expansion = {macros, expanded, BUDGET};

	if (!value)
		return;
	value++;
	if (is_tag(line, "Name", length) || is_tag(line, "Version", length) || is_tag(line, "Release", length))
		note_macro(macros, line, length, value);
	if (!is_tag(line, "Source", length) && !is_tag(line, "Patch", length))
		return;
	expand(&expansion, value, 0);
	g_strstrip(expanded->str);
	const char *slash = strrchr(expanded->str, '/');
	const char *name = slash ? slash + 1 : expanded->str;
	add(names, name, strlen(name));
}

/* The names of sources as far as plain definitions make them up. Whatever is too difficult for this shows when
 * the spec is evaluated, which is then done once more. */
static void guess_sources(GHashTable *names, const char *text)
{
	g_autoptr(GHashTable) macros = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		const char *start = *line + strspn(*line, " \t");

		if (g_str_has_prefix(start, "%define ") || g_str_has_prefix(start, "%global "))
			read_define(macros, start + strlen("%define "));
		else
			read_tag(names, macros, start);
	}
}

void kiln_evaluate_names_scan(GHashTable *names, const char *text, gsize size)
{
	g_autofree char *copy = g_strndup(text, size);

	add_words(names, text, size);
	guess_sources(names, copy);
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
