/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/spec_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/spec_check.h"

#define MAX_TEXT_BYTES 1000

/* Reads "N" at `text`; returns what follows, or NULL when there is no line number. */
static const char *scan_line_number(const char *text, guint *ret_line)
{
	char *end = NULL;

	if (!g_ascii_isdigit(*text))
		return NULL;
	guint64 number = g_ascii_strtoull(text, &end, 10);
	if (number == 0 || number > G_MAXINT)
		return NULL;
	*ret_line = (guint)number;
	return end;
}

/* "line 3: text" or "line 3 text"; returns the text, or NULL when it has another form. */
static const char *scan_line_word(const char *text, guint *ret_line)
{
	if (!g_str_has_prefix(text, "line "))
		return NULL;
	const char *rest = scan_line_number(text + strlen("line "), ret_line);
	if (!rest)
		return NULL;
	if (*rest == ':')
		return rest + 1;
	return *rest == ' ' ? text : NULL;
}

/* "/path: line 3: text" or "/path:3: text". */
static const char *scan_path(const char *text, char **ret_file, guint *ret_line)
{
	if (*text != '/')
		return NULL;
	for (const char *colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':')) {
		const char *rest = colon[1] == ' ' ? scan_line_word(colon + 2, ret_line)
						   : scan_line_number(colon + 1, ret_line);
		if (!rest)
			continue;
		*ret_file = g_strndup(text, colon - text);
		return *rest == ':' ? rest + 1 : rest;
	}
	return NULL;
}

/* One line, trimmed, printable, bounded. */
static char *tidy(const char *text)
{
	g_autofree char *bounded = g_strndup(text, MAX_TEXT_BYTES);

	g_strdelimit(bounded, "\n\r\t", ' ');
	g_strstrip(bounded);
	return kiln_text_printable(bounded);
}

/* Sources need not be there when a spec is evaluated: librpmbuild complains and goes on. */
static gboolean tells_absent_source(const char *text)
{
	return (g_str_has_prefix(text, "Bad source: ") || g_str_has_prefix(text, "Bad file: ")) &&
	       g_str_has_suffix(text, ": No such file or directory");
}

KilnSpecDiagnostic *kiln_spec_log_parse(const char *message, gboolean is_error, const char *file)
{
	guint line = 0;
	g_autofree char *named = NULL;
	const char *rest = scan_path(message, &named, &line);

	if (!rest)
		rest = scan_line_word(message, &line);
	g_autofree char *text = tidy(rest ? rest : message);
	static const char nameless[] = " in package: (null)";
	const char *place = named ? named : file;
	if (g_str_has_suffix(text, nameless))
		text[strlen(text) - strlen(nameless)] = '\0';
	if (text[0] == '\0' || strcmp(text, "^") == 0 || tells_absent_source(text))
		return NULL;
	if (place && g_str_has_prefix(place, "/usr/lib/rpm/"))
		return NULL;
	return kiln_spec_diagnostic_new(is_error, place, line, text);
}

static KilnSpecDiagnostic *parse_output_line(const char *line, const char *file)
{
	if (g_str_has_prefix(line, "error: "))
		return kiln_spec_log_parse(line + strlen("error: "), TRUE, file);
	if (g_str_has_prefix(line, "warning: "))
		return kiln_spec_log_parse(line + strlen("warning: "), FALSE, file);
	return kiln_spec_log_parse(line, FALSE, NULL);
}

void kiln_spec_log_parse_output(GPtrArray *diagnostics, const char *output, const char *file)
{
	g_auto(GStrv) lines = g_strsplit(output, "\n", -1);

	for (char **line = lines; *line && diagnostics->len < KILN_SPEC_LOG_MAX; line++) {
		KilnSpecDiagnostic *diagnostic = parse_output_line(*line, file);
		if (diagnostic)
			g_ptr_array_add(diagnostics, diagnostic);
	}
}

const KilnSpecDiagnostic *kiln_spec_log_first_error(const KilnSpec *spec)
{
	const KilnSpecDiagnostic *first = NULL;

	for (guint i = 0; i < spec->diagnostics->len; i++) {
		const KilnSpecDiagnostic *diagnostic = g_ptr_array_index(spec->diagnostics, i);
		if (diagnostic->is_error && diagnostic->line > 0)
			return diagnostic;
		if (diagnostic->is_error && !first)
			first = diagnostic;
	}
	return first;
}

/* rpm has left the including line when it says "Unable to open /builddir/…/x.inc: No such file". */
static guint include_line(const char *path, const char *text)
{
	g_autofree char *included = g_strndup(path, strcspn(path, ":"));
	g_autofree char *name = g_path_get_basename(included);
	guint line = kiln_spec_check_find_line(text, "%include", name);

	return line ? line : kiln_spec_check_find_line(text, "%include", "");
}

/* rpm tells no line of a changelog, but often quotes what it does not like. */
static guint changelog_line(const char *message, const char *text)
{
	const char *quoted = strstr(message, "%changelog: ");
	guint line =
		quoted ? kiln_spec_check_find_line(text, "*", quoted + strlen("%changelog: ")) : 0;

	return line ? line : kiln_spec_check_find_line(text, "%changelog", "");
}

void kiln_spec_log_conclude(KilnSpec *spec, const char *path, const char *text)
{
	static const char unable[] = "Unable to open ";
	const KilnSpecDiagnostic *cause = kiln_spec_log_first_error(spec);

	if (!cause) {
		spec->failure = kiln_spec_diagnostic_new(
			TRUE, path, 0, "rpm refuses the spec without saying why");
		return;
	}
	gboolean is_include = cause->line == 0 && g_str_has_prefix(cause->text, unable);
	spec->failure = kiln_spec_diagnostic_new(
		TRUE, cause->file && !is_include ? cause->file : path, cause->line, cause->text);
	if (is_include)
		spec->failure->line = include_line(cause->text + strlen(unable), text);
	else if (cause->line == 0 && strstr(cause->text, "%changelog"))
		spec->failure->line = changelog_line(cause->text, text);
}
