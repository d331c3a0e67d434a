/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/spec_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

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
		const char *rest = colon[1] == ' ' ? scan_line_word(colon + 2, ret_line) :
						     scan_line_number(colon + 1, ret_line);
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
	const char *place = named ? named : file;
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

/* The number of the first line of `text` that opens with `directive` and contains `word`; 0: none. */
static guint find_line(const char *text, const char *directive, const char *word)
{
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (guint i = 0; lines[i]; i++) {
		const char *line = g_strchug(lines[i]);
		if (g_ascii_strncasecmp(line, directive, strlen(directive)) == 0 &&
			strstr(line, word))
			return i + 1;
	}
	return 0;
}

static const KilnSpecDiagnostic *first_error(const GPtrArray *diagnostics)
{
	const KilnSpecDiagnostic *first = NULL;

	for (guint i = 0; i < diagnostics->len; i++) {
		const KilnSpecDiagnostic *diagnostic = g_ptr_array_index(diagnostics, i);
		if (diagnostic->is_error && diagnostic->line > 0)
			return diagnostic;
		if (diagnostic->is_error && !first)
			first = diagnostic;
	}
	return first;
}

/* "Unable to open /builddir/…/x.inc: No such file": rpm has left the including line by then. */
static guint include_line(const char *message, const char *text)
{
	const char *path = message + strlen("Unable to open ");
	const char *end = strstr(path, ": ");

	if (!end)
		return 0;
	g_autofree char *included = g_strndup(path, end - path);
	g_autofree char *name = g_path_get_basename(included);
	guint line = find_line(text, "%include", name);
	return line ? line : find_line(text, "%include", "");
}

void kiln_spec_log_conclude(KilnSpec *spec, const char *path, const char *text)
{
	const KilnSpecDiagnostic *cause = first_error(spec->diagnostics);

	if (!cause) {
		spec->failure = kiln_spec_diagnostic_new(TRUE, path, 0,
			"rpm refuses the spec without saying why");
		return;
	}
	spec->failure = kiln_spec_diagnostic_new(TRUE, cause->file ? cause->file : path, cause->line,
		cause->text);
	if (cause->line == 0 && g_str_has_prefix(cause->text, "Unable to open ")) {
		g_free(spec->failure->file);
		spec->failure->file = g_strdup(path);
		spec->failure->line = include_line(cause->text, text);
	}
}

static gboolean check_expanded(KilnSpec *spec, const char *tag, const char *value, const char *path,
	const char *text)
{
	if (!value || !strchr(value, '%'))
		return TRUE;
	g_autofree char *message =
		g_strdup_printf("%s is \"%s\": the macro is not defined", tag, value);
	g_autofree char *directive = g_strconcat(tag, ":", NULL);
	spec->failure = kiln_spec_diagnostic_new(TRUE, path, find_line(text, directive, "%"), message);
	return FALSE;
}

static gboolean check_package(KilnSpec *spec, const KilnSpecPackage *package, const char *path)
{
	return check_expanded(spec, "Name", package->name, path, NULL) &&
		check_expanded(spec, "Version", package->version, path, NULL) &&
		check_expanded(spec, "Release", package->release, path, NULL) &&
		check_expanded(spec, "BuildArch", package->arch, path, NULL);
}

void kiln_spec_log_check_identity(KilnSpec *spec, const char *path, const char *text)
{
	if (!check_expanded(spec, "Name", spec->name, path, text) ||
		!check_expanded(spec, "Version", spec->version, path, text) ||
		!check_expanded(spec, "Release", spec->release, path, text))
		return;
	for (guint i = 0; i < spec->packages->len; i++) {
		if (!check_package(spec, g_ptr_array_index(spec->packages, i), path))
			return;
	}
}
