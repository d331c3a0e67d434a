/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/deb_control.h"

#include "base/error.h"

#include <string.h>

typedef struct {
	char *name;
	GString *value;
} Field;

struct KilnDebControl {
	GPtrArray *fields;
};

typedef struct {
	GPtrArray *paragraphs;
	KilnDebControl *current; /* NULL between paragraphs; owned by paragraphs */
	guint line_number;
} Parser;

static void field_free(gpointer data)
{
	Field *field = data;

	g_free(field->name);
	g_string_free(field->value, TRUE);
	g_free(field);
}

KilnDebControl *kiln_deb_control_new(void)
{
	KilnDebControl *paragraph = g_new0(KilnDebControl, 1);

	paragraph->fields = g_ptr_array_new_with_free_func(field_free);
	return paragraph;
}

void kiln_deb_control_free(KilnDebControl *paragraph)
{
	if (!paragraph)
		return;
	g_ptr_array_unref(paragraph->fields);
	g_free(paragraph);
}

static const Field *find(const KilnDebControl *paragraph, const char *name)
{
	for (guint i = 0; i < paragraph->fields->len; i++) {
		const Field *field = paragraph->fields->pdata[i];
		if (g_ascii_strcasecmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

static gboolean syntax_error(GError **error, guint line_number, const char *what)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "line %u: %s", line_number, what);
	return FALSE;
}

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static gsize trimmed_length(const char *text, gsize length)
{
	while (length > 0 && (is_blank(text[length - 1]) || text[length - 1] == '\r'))
		length--;
	return length;
}

static gboolean continue_field(Parser *parser, const char *line, gsize length, GError **error)
{
	Field *field;

	if (!parser->current)
		return syntax_error(error, parser->line_number, "a continuation without a field");
	field = parser->current->fields->pdata[parser->current->fields->len - 1];
	length = trimmed_length(line, length);
	g_string_append_c(field->value, '\n');
	if (length > 1)
		g_string_append_len(field->value, line + 1, length - 1);
	return TRUE;
}

/* deb822: a name is printable ASCII without space and colon and does not begin with '#' or '-'. */
static gsize name_length(const char *line, gsize length)
{
	gsize i = 0;

	if (length == 0 || *line == '#' || *line == '-')
		return 0;
	while (i < length && line[i] > ' ' && line[i] < 0x7f && line[i] != ':')
		i++;
	return i < length && line[i] == ':' ? i : 0;
}

static gboolean begin_field(Parser *parser, const char *line, gsize length, GError **error)
{
	gsize split = name_length(line, length);
	g_autofree char *name = g_strndup(line, split);
	Field *field;

	if (split == 0)
		return syntax_error(error, parser->line_number, "not of the form \"Field: value\"");
	if (!parser->current) {
		parser->current = kiln_deb_control_new();
		g_ptr_array_add(parser->paragraphs, parser->current);
	}
	if (find(parser->current, name))
		return syntax_error(error, parser->line_number, "a field given twice");
	for (split++; split < length && is_blank(line[split]); split++)
		;
	field = g_new(Field, 1);
	field->name = g_steal_pointer(&name);
	field->value = g_string_new_len(line + split, trimmed_length(line + split, length - split));
	g_ptr_array_add(parser->current->fields, field);
	return TRUE;
}

static gboolean take_line(Parser *parser, const char *line, gsize length, GError **error)
{
	if (trimmed_length(line, length) == 0) {
		parser->current = NULL;
		return TRUE;
	}
	if (*line == '#')
		return TRUE;
	if (is_blank(*line))
		return continue_field(parser, line, length, error);
	return begin_field(parser, line, length, error);
}

GPtrArray *kiln_deb_control_parse(const char *text, gsize size, GError **error)
{
	g_autoptr(GPtrArray) paragraphs =
		g_ptr_array_new_with_free_func((GDestroyNotify)kiln_deb_control_free);
	Parser parser = {.paragraphs = paragraphs};

	if (size > 0 && !g_utf8_validate_len(text, size, NULL)) {
		syntax_error(error, 0, "not UTF-8 text");
		return NULL;
	}
	for (gsize start = 0; start < size;) {
		const char *end = memchr(text + start, '\n', size - start);
		gsize length = end ? (gsize)(end - text) - start : size - start;
		parser.line_number++;
		if (!take_line(&parser, text + start, length, error))
			return NULL;
		start += length + 1;
	}
	return g_steal_pointer(&paragraphs);
}

const char *kiln_deb_control_get(const KilnDebControl *paragraph, const char *name)
{
	const Field *field = find(paragraph, name);

	return field ? field->value->str : NULL;
}

guint kiln_deb_control_size(const KilnDebControl *paragraph)
{
	return paragraph->fields->len;
}

const char *kiln_deb_control_field(const KilnDebControl *paragraph, guint index)
{
	return ((const Field *)paragraph->fields->pdata[index])->name;
}

/* No line of a value is empty: a blank line would have ended the paragraph it was parsed from. */
static void emit_field(GString *text, const Field *field)
{
	g_auto(GStrv) lines = g_strsplit(field->value->str, "\n", -1);

	g_string_append_printf(text, "%s: %s\n", field->name, lines[0] ? lines[0] : "");
	for (guint i = 1; lines[0] && lines[i]; i++)
		g_string_append_printf(text, " %s\n", lines[i]);
}

char *kiln_deb_control_emit(const GPtrArray *paragraphs)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < paragraphs->len; i++) {
		const KilnDebControl *paragraph = paragraphs->pdata[i];
		if (i > 0)
			g_string_append_c(text, '\n');
		for (guint j = 0; j < paragraph->fields->len; j++)
			emit_field(text, paragraph->fields->pdata[j]);
	}
	return g_string_free(text, FALSE);
}
