/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/capability_scan.h"

#include "model/capability.h"

#include <string.h>

#define EXPANSIONS_MAX 16

static void add(GPtrArray *provides, const char *kind, const char *name, const char *version)
{
	g_autofree char *capability = g_strdup_printf("%s(%s)", kind, name);

	kiln_capability_add(
		provides, capability, version ? KILN_SENSE_EQUAL : KILN_SENSE_ANY, version);
}

/* "${name}" replaced from `variables`, innermost text first, a bounded number of times. */
static char *expand(const char *text, GHashTable *variables)
{
	char *expanded = g_strdup(text);

	for (guint i = 0; i < EXPANSIONS_MAX; i++) {
		char *start = strstr(expanded, "${");
		char *end = start ? strchr(start, '}') : NULL;
		g_autofree char *name = end ? g_strndup(start + 2, end - start - 2) : NULL;
		const char *value = name ? g_hash_table_lookup(variables, name) : NULL;
		char *next;
		if (!end)
			break;
		*start = '\0';
		next = g_strconcat(expanded, value ? value : "", end + 1, NULL);
		g_free(expanded);
		expanded = next;
	}
	return expanded;
}

static gboolean is_version(const char *text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~^";

	return *text && strspn(text, allowed) == strlen(text);
}

void kiln_scan_pkgconfig(const char *module, const char *text, GPtrArray *provides)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GHashTable) variables =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autofree char *version = NULL;

	for (guint i = 0; lines[i]; i++) {
		char *equals = strchr(lines[i], '=');
		if (g_str_has_prefix(lines[i], "Version:")) {
			g_free(version);
			version = g_strdup(lines[i] + strlen("Version:"));
		} else if (equals) {
			*equals = '\0';
			g_hash_table_replace(variables, g_strdup(g_strstrip(lines[i])),
				g_strdup(g_strstrip(equals + 1)));
		}
	}
	if (version) {
		g_autofree char *expanded = g_strstrip(expand(version, variables));
		g_strdelimit(expanded, "-", '.');
		add(provides, "pkgconfig", module, is_version(expanded) ? expanded : NULL);
	}
}

/* PEP 503: lower case, runs of "-_." as one "-". */
static char *normalized_name(const char *name)
{
	GString *normalized = g_string_new(NULL);

	for (const char *p = name; *p; p++) {
		gboolean is_separator = strchr("-_.", *p) != NULL;
		if (!is_separator)
			g_string_append_c(normalized, g_ascii_tolower(*p));
		else if (normalized->len > 0 && normalized->str[normalized->len - 1] != '-')
			g_string_append_c(normalized, '-');
	}
	return g_string_free(normalized, FALSE);
}

/* "1.0.0" is "1": pythondistdeps.py compares without final zeros on both sides. */
static void append_release(GString *version, const char *release)
{
	g_auto(GStrv) parts = g_strsplit(release, ".", -1);
	guint count = g_strv_length(parts);

	while (count > 1 && strspn(parts[count - 1], "0") == strlen(parts[count - 1]))
		count--;
	for (guint i = 0; i < count; i++)
		g_string_append_printf(version, "%s%" G_GUINT64_FORMAT, i ? "." : "",
			g_ascii_strtoull(parts[i], NULL, 10));
}

/* PEP 440 as rpm orders it: "1.2rc1" -> "1.2~rc1", "1.2.dev3" -> "1.2~~dev3", "1.2.post1" ->
 * "1.2^post1". NULL for what PEP 440 does not know. */
static char *python_version_for_rpm(const char *text)
{
	g_autoptr(GRegex) form =
		g_regex_new("^v?(?:(\\d+)!)?(\\d+(?:\\.\\d+)*)"
			    "(?:[-_.]?(a|b|rc|alpha|beta|c|pre|preview)[-_.]?(\\d*))?"
			    "(?:[-_.]?(?:post|rev|r)[-_.]?(\\d+))?(?:[-_.]?dev[-_.]?(\\d+))?(?:\\+["
			    "a-z0-9._-]+)?$",
			G_REGEX_CASELESS | G_REGEX_RAW, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_auto(GStrv) part = NULL;
	GString *version;

	if (!g_regex_match(form, text, 0, &match))
		return NULL;
	part = g_new0(char *, 8);
	for (int i = 1; i <= 6; i++) {
		part[i - 1] = g_match_info_fetch(match, i);
		if (!part[i - 1])
			part[i - 1] = g_strdup("");
	}
	version = g_string_new(NULL);
	if (*part[0] && strcmp(part[0], "0") != 0)
		g_string_append_printf(version, "%s:", part[0]);
	append_release(version, part[1]);
	if (*part[2])
		g_string_append_printf(version, "~%s%s", part[2], part[3]);
	else if (*part[5])
		g_string_append_printf(version, "~~dev%s", part[5]);
	else if (*part[4])
		g_string_append_printf(version, "^post%s", part[4]);
	return g_string_free(version, FALSE);
}

static char *header_value(char **lines, const char *field)
{
	for (guint i = 0; lines[i] && *lines[i]; i++) {
		if (g_ascii_strncasecmp(lines[i], field, strlen(field)) == 0)
			return g_strstrip(g_strdup(lines[i] + strlen(field)));
	}
	return NULL;
}

void kiln_scan_python_metadata(const char *text, const char *python_version, GPtrArray *provides)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *name = header_value(lines, "Name:");
	g_autofree char *raw_version = header_value(lines, "Version:");
	g_autofree char *version = raw_version ? python_version_for_rpm(raw_version) : NULL;
	g_autofree char *normalized = name && is_version(name) ? normalized_name(name) : NULL;
	g_autofree char *name_dash = NULL;
	g_autofree char *kind = g_strdup_printf("python%sdist", python_version);

	/* Name: may hold "-", which is_version does not allow. */
	if (!normalized && name) {
		name_dash = g_strdelimit(g_strdup(name), "-", '_');
		normalized = is_version(name_dash) ? normalized_name(name_dash) : NULL;
	}
	if (!normalized)
		return;
	add(provides, "python3dist", normalized, version);
	add(provides, kind, normalized, version);
}

static gboolean begins_pod(const char *line)
{
	return g_str_has_prefix(line, "=head") || g_str_has_prefix(line, "=pod") ||
	       g_str_has_prefix(line, "=for") || g_str_has_prefix(line, "=item") ||
	       g_str_has_prefix(line, "=over") || g_str_has_prefix(line, "=encoding") ||
	       g_str_has_prefix(line, "=begin");
}

static void add_perl(GPtrArray *provides, const char *package, const char *version)
{
	if (package)
		add(provides, "perl", package, version && *version ? version : NULL);
}

typedef struct {
	GRegex *package, *version;
	char *name, *number; /* of the package being declared */
	gboolean in_pod;
} PerlScan;

/* FALSE at the end of the code. */
static gboolean scan_perl_line(PerlScan *scan, const char *line, GPtrArray *provides)
{
	g_autoptr(GMatchInfo) declared = NULL;
	g_autoptr(GMatchInfo) assigned = NULL;

	if (begins_pod(line))
		scan->in_pod = TRUE;
	if (g_str_has_prefix(line, "=cut"))
		scan->in_pod = FALSE;
	if (scan->in_pod || *line == '=')
		return TRUE;
	if (strcmp(line, "__END__") == 0 || strcmp(line, "__DATA__") == 0)
		return FALSE;
	if (strstr(line, "package") && g_regex_match(scan->package, line, 0, &declared)) {
		add_perl(provides, scan->name, scan->number);
		g_free(scan->name);
		g_free(scan->number);
		scan->name = g_match_info_fetch(declared, 1);
		scan->number = g_match_info_fetch(declared, 2);
		if (strcmp(scan->name, "main") == 0)
			g_clear_pointer(&scan->name, g_free);
	} else if (scan->name && strstr(line, "VERSION") && (!scan->number || !*scan->number) &&
		   g_regex_match(scan->version, line, 0, &assigned)) {
		g_free(scan->number);
		scan->number = g_match_info_fetch(assigned, 1);
	}
	return TRUE;
}

void kiln_scan_perl_module(const char *text, GPtrArray *provides)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	PerlScan scan = {0};

	scan.package = g_regex_new(
		"^\\s*package\\s+([A-Za-z][_:a-zA-Z0-9]*)\\s*(?:v?([0-9][0-9_.]*)\\s*)?[;{]",
		G_REGEX_RAW, 0, NULL);
	scan.version = g_regex_new("^\\s*(?:our\\s+)?\\$(?:[\\w:]+::)?VERSION\\s*=\\s*(?:\\$"
				   "VERSION\\s*=\\s*)?['\"]?v?(\\d+[._0-9]*)['\"]?",
		G_REGEX_RAW, 0, NULL);
	for (guint i = 0; lines[i] && scan_perl_line(&scan, lines[i], provides); i++)
		;
	add_perl(provides, scan.name, scan.number);
	g_free(scan.name);
	g_free(scan.number);
	g_regex_unref(scan.package);
	g_regex_unref(scan.version);
}
