/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/spec_check.h"

#include <string.h>

guint kiln_spec_check_find_line(const char *text, const char *directive, const char *word)
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

/* The spec being checked, and where its text is. */
typedef struct {
	KilnSpec *spec;
	const char *path;
	const char *text;
} Check;

G_GNUC_PRINTF(4, 5)
static gboolean fail(
	const Check *check, const char *directive, const char *word, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	check->spec->failure = kiln_spec_diagnostic_new(TRUE, check->path,
		kiln_spec_check_find_line(check->text, directive, word), message);
	return FALSE;
}

static gboolean check_expanded(const Check *check, const char *tag, const char *value)
{
	if (!value || !strchr(value, '%'))
		return TRUE;
	return fail(check, tag, "%", "%s is \"%s\": the macro is not defined", tag, value);
}

static gboolean check_package(const Check *check, const KilnSpecPackage *package)
{
	return check_expanded(check, "Name", package->name) &&
	       check_expanded(check, "Version", package->version) &&
	       check_expanded(check, "Release", package->release) &&
	       check_expanded(check, "BuildArch", package->arch);
}

static gboolean check_sources(const Check *check, const char *tag, const GPtrArray *sources)
{
	for (guint i = 0; i < sources->len; i++) {
		const KilnSpecSource *source = g_ptr_array_index(sources, i);
		if (source->filename[0] == '\0' || source->filename[0] == '.')
			return fail(check, tag, source->filename,
				"%s%u is \"%s\": it names no file", tag, source->number,
				source->value);
	}
	return TRUE;
}

void kiln_spec_check(KilnSpec *spec, const char *path, const char *text)
{
	const Check check = {spec, path, text};

	if (!check_expanded(&check, "Name", spec->name) ||
		!check_expanded(&check, "Version", spec->version) ||
		!check_expanded(&check, "Release", spec->release) ||
		!check_sources(&check, "Source", spec->sources) ||
		!check_sources(&check, "Patch", spec->patches))
		return;
	for (guint i = 0; i < spec->packages->len; i++) {
		if (!check_package(&check, g_ptr_array_index(spec->packages, i)))
			return;
	}
}
