/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/repo_file.h"

#include "base/error.h"

#include <string.h>

#define MAX_BYTES (256 << 10)

G_GNUC_PRINTF(4, 5)
static gboolean refuse(GError **error, const char *filename, guint line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *fault = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "%s:%u: %s", filename, line, fault);
	return FALSE;
}

/* ── rendering ── */

static gboolean value_is_plain(const char *value)
{
	for (const char *at = value; *at; at++)
		if (g_ascii_iscntrl(*at))
			return FALSE;
	return g_utf8_validate(value, -1, NULL);
}

static const KilnRepoFileValue *find_value(const KilnRepoFileValue *values, const char *name)
{
	for (; values->name; values++)
		if (g_str_equal(values->name, name))
			return values;
	return NULL;
}

/* A template on its way to text. */
typedef struct {
	const char *filename;
	const KilnRepoFileValue *values;
	const char *at;
	guint line;
	GString *text;
	gsize line_start; /* where the current line begins in `text` */
} Rendering;

/* Takes back what was written of the current line and goes to its end. */
static void leave_line_out(Rendering *rendering)
{
	const char *end = strchr(rendering->at, '\n');

	g_string_truncate(rendering->text, rendering->line_start);
	rendering->at = end ? end + 1 : rendering->at + strlen(rendering->at);
	rendering->line++;
}

/* Appends what stands for the @NAME@ and moves behind it. */
static gboolean substitute(Rendering *rendering, GError **error)
{
	gsize length = strspn(rendering->at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	g_autofree char *name = g_strndup(rendering->at + 1, length);
	const KilnRepoFileValue *value;

	if (rendering->at[1 + length] != '@')
		return refuse(error, rendering->filename, rendering->line,
			"\"@\" begins no @NAME@; write \"@@\" for the character itself");
	rendering->at += length + 2;
	if (length == 0) {
		g_string_append_c(rendering->text, '@');
		return TRUE;
	}
	value = find_value(rendering->values, name);
	if (!value)
		return refuse(error, rendering->filename, rendering->line,
			"there is no value \"@%s@\"", name);
	if (value->value && !value_is_plain(value->value))
		return refuse(error, rendering->filename, rendering->line,
			"the value of \"@%s@\" holds a line break or control character", name);
	if (value->value)
		g_string_append(rendering->text, value->value);
	else
		leave_line_out(rendering);
	return TRUE;
}

static void take_character(Rendering *rendering)
{
	g_string_append_c(rendering->text, *rendering->at);
	if (*rendering->at++ != '\n')
		return;
	rendering->line++;
	rendering->line_start = rendering->text->len;
}

char *kiln_repo_file_render(
	const char *template, const char *filename, const KilnRepoFileValue *values, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	Rendering rendering = {
		.filename = filename, .values = values, .at = template, .line = 1, .text = text};

	while (*rendering.at) {
		if (*rendering.at != '@')
			take_character(&rendering);
		else if (!substitute(&rendering, error))
			return NULL;
	}
	GPtrArray *sections = kiln_repo_file_parse(text->str, text->len, filename, error);
	if (!sections)
		return NULL;
	g_ptr_array_unref(sections);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* ── parsing ── */

typedef struct {
	const char *filename;
	guint line;
	GPtrArray *sections;
	KilnRepoFileSection *section; /* the current one */
	guint section_line;
	char *key;	  /* whose value may go on; NULL: none */
	GString *value;
	guint value_line;
} Parser;

static void free_section(gpointer data)
{
	KilnRepoFileSection *section = data;

	g_free(section->id);
	g_free(section->name);
	g_free(section->mirrorlist);
	g_strfreev(section->baseurl);
	g_strfreev(section->gpgkey);
	g_free(section->metadata_expire);
	g_hash_table_unref(section->settings);
	g_free(section);
}

static void clear_parser(Parser *parser)
{
	if (parser->sections)
		g_ptr_array_unref(parser->sections);
	if (parser->value)
		g_string_free(parser->value, TRUE);
	g_free(parser->key);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parser, clear_parser)

static gboolean set_text(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
	return TRUE;
}

/* dnf takes white space and commas between the entries of a list. */
static gboolean set_list(char ***field, const char *value)
{
	g_auto(GStrv) parts = g_strsplit_set(value, " \t\r\n,", -1);
	GPtrArray *list = g_ptr_array_new();

	for (char **part = parts; *part; part++)
		if (**part)
			g_ptr_array_add(list, g_strdup(*part));
	g_ptr_array_add(list, NULL);
	g_strfreev(*field);
	*field = (char **)g_ptr_array_free(list, FALSE);
	return TRUE;
}

static gboolean set_boolean(gboolean *field, const char *value)
{
	static const char *const yes[] = {"1", "yes", "true", "on", NULL};
	static const char *const no[] = {"0", "no", "false", "off", NULL};
	g_autofree char *lower = g_ascii_strdown(value, -1);

	*field = g_strv_contains(yes, lower);
	return *field || g_strv_contains(no, lower);
}

static gboolean store(KilnRepoFileSection *section, const char *key, const char *value)
{
	if (g_str_equal(key, "name"))
		return set_text(&section->name, value);
	if (g_str_equal(key, "mirrorlist"))
		return set_text(&section->mirrorlist, value);
	if (g_str_equal(key, "metadata_expire"))
		return set_text(&section->metadata_expire, value);
	if (g_str_equal(key, "baseurl"))
		return set_list(&section->baseurl, value);
	if (g_str_equal(key, "gpgkey"))
		return set_list(&section->gpgkey, value);
	if (g_str_equal(key, "gpgcheck"))
		return set_boolean(&section->gpgcheck, value);
	if (g_str_equal(key, "repo_gpgcheck"))
		return set_boolean(&section->repo_gpgcheck, value);
	if (g_str_equal(key, "enabled"))
		return set_boolean(&section->enabled, value);
	return TRUE;
}

/* Takes the key whose value has ended into the section. */
static gboolean end_value(Parser *parser, GError **error)
{
	if (!parser->key)
		return TRUE;
	const char *value = g_strstrip(parser->value->str);
	gboolean stored = store(parser->section, parser->key, value);
	g_hash_table_replace(parser->section->settings, g_strdup(parser->key), g_strdup(value));
	if (!stored)
		refuse(error, parser->filename, parser->value_line,
			"the value of \"%s\" is neither 1 nor 0", parser->key);
	g_clear_pointer(&parser->key, g_free);
	return stored;
}

static gboolean end_section(Parser *parser, GError **error)
{
	const KilnRepoFileSection *section = parser->section;

	if (!end_value(parser, error))
		return FALSE;
	if (!section || section->baseurl[0] || (section->mirrorlist && *section->mirrorlist) ||
		g_hash_table_contains(section->settings, "metalink"))
		return TRUE;
	return refuse(error, parser->filename, parser->section_line,
		"the repository \"%s\" has neither baseurl nor mirrorlist", section->id);
}

static gboolean id_is_plain(const char *id)
{
	return *id && id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "-_.:")] == '\0';
}

static gboolean begin_section(Parser *parser, char *line, GError **error)
{
	gsize length = strlen(line);
	const char *id = line + 1;

	if (!end_section(parser, error))
		return FALSE;
	if (line[length - 1] != ']')
		return refuse(error, parser->filename, parser->line, "\"]\" is missing");
	line[length - 1] = '\0';
	if (!id_is_plain(id))
		return refuse(
			error, parser->filename, parser->line, "a repository cannot be called so");
	for (guint i = 0; i < parser->sections->len; i++) {
		const KilnRepoFileSection *other = g_ptr_array_index(parser->sections, i);

		if (g_str_equal(other->id, id))
			return refuse(error, parser->filename, parser->line,
				"the repository \"%s\" stands here a second time", id);
	}
	parser->section_line = parser->line;
	parser->section = g_new0(KilnRepoFileSection, 1);
	parser->section->id = g_strdup(id);
	parser->section->name = g_strdup("");
	parser->section->baseurl = g_new0(char *, 1);
	parser->section->gpgkey = g_new0(char *, 1);
	parser->section->enabled = TRUE;
	parser->section->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_ptr_array_add(parser->sections, parser->section);
	return TRUE;
}

static gboolean begin_value(Parser *parser, char *line, GError **error)
{
	char *equals = strchr(line, '=');

	if (!end_value(parser, error))
		return FALSE;
	if (!parser->section)
		return refuse(error, parser->filename, parser->line,
			"it stands before the first [repository]");
	if (!equals || equals == line)
		return refuse(error, parser->filename, parser->line, "it is no \"key = value\"");
	*equals = '\0';
	g_strchomp(line);
	if (!g_hash_table_insert(parser->section->settings, g_strdup(line), g_strdup("")))
		return refuse(error, parser->filename, parser->line,
			"\"%s\" stands in this repository a second time", line);
	parser->key = g_strdup(line);
	parser->value_line = parser->line;
	g_string_assign(parser->value, equals + 1);
	return TRUE;
}

static gboolean continue_value(Parser *parser, const char *line, GError **error)
{
	if (!parser->key)
		return refuse(error, parser->filename, parser->line,
			"it begins with white space but continues no value");
	g_string_append_printf(parser->value, "\n%s", line);
	return TRUE;
}

static gboolean take_line(Parser *parser, char *line, GError **error)
{
	gboolean indented = g_ascii_isspace(*line);

	g_strstrip(line);
	if (*line == '\0' || *line == '#' || *line == ';')
		return TRUE;
	if (indented)
		return continue_value(parser, line, error);
	return *line == '[' ? begin_section(parser, line, error) : begin_value(parser, line, error);
}

/* Text of a bearable size: UTF-8 without NUL and other control characters. */
static gboolean check_bytes(const char *text, gsize size, const char *filename, GError **error)
{
	const char *bad = NULL;
	guint line = 1;

	if (size > MAX_BYTES)
		return refuse(error, filename, 1, "it is larger than %d bytes", MAX_BYTES);
	if (size == 0 || g_utf8_validate(text, (gssize)size, &bad))
		bad = text + size;
	for (const char *at = text; at < bad; at++) {
		line += *at == '\n';
		if (g_ascii_iscntrl(*at) && !strchr("\t\r\n", *at))
			return refuse(error, filename, line, "it holds a control character");
	}
	return bad == text + size || refuse(error, filename, line, "a byte is no text");
}

GPtrArray *kiln_repo_file_parse(const char *text, gsize size, const char *filename, GError **error)
{
	g_auto(Parser) parser = {.filename = filename};
	g_autofree char *copy = NULL;
	g_auto(GStrv) lines = NULL;

	if (!check_bytes(text, size, filename, error))
		return NULL;
	copy = g_strndup(size ? text : "", size);
	lines = g_strsplit(copy, "\n", -1);
	parser.sections = g_ptr_array_new_with_free_func(free_section);
	parser.value = g_string_new(NULL);
	for (char **line = lines; *line; line++) {
		parser.line++;
		if (!take_line(&parser, *line, error))
			return NULL;
	}
	if (!end_section(&parser, error))
		return NULL;
	if (parser.sections->len == 0) {
		refuse(error, filename, 1, "it names no repository");
		return NULL;
	}
	return g_steal_pointer(&parser.sections);
}
