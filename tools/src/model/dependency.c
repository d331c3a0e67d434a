/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/dependency.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const struct {
	const char *text;
	KilnDependencyFlags flags;
} operators[] = {
	/* The first of each meaning is the one that is written. */
	{"<", KILN_DEPENDENCY_LESS},
	{"<=", KILN_DEPENDENCY_LESS | KILN_DEPENDENCY_EQUAL},
	{"=", KILN_DEPENDENCY_EQUAL},
	{">=", KILN_DEPENDENCY_GREATER | KILN_DEPENDENCY_EQUAL},
	{">", KILN_DEPENDENCY_GREATER},
	{"=<", KILN_DEPENDENCY_LESS | KILN_DEPENDENCY_EQUAL},
	{"==", KILN_DEPENDENCY_EQUAL},
	{"=>", KILN_DEPENDENCY_GREATER | KILN_DEPENDENCY_EQUAL},
};

static gboolean refuse(const char *text, const char *fault, GError **error)
{
	g_autofree char *shown = kiln_text_printable(text);

	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "dependency \"%s\": %s", shown, fault);
	return FALSE;
}

/* What keeps `name` from being a capability or path, or NULL. */
static const char *name_fault(const char *name)
{
	int depth = 0;

	if (!g_ascii_isalnum(*name) && *name != '_' && *name != '/')
		return "does not begin with a letter, digit, \"_\" or \"/\"";
	for (const char *p = name; *p != '\0'; p++) {
		if (!g_ascii_isgraph(*p))
			return "has a control byte or a letter outside ASCII";
		if (depth == 0 && strchr("<>=", *p) != NULL)
			return "has no blanks around its operator";
		if (depth == 0 && *p == ',')
			return "has a comma; give one dependency at a time";
		depth += (*p == '(') - (*p == ')');
		if (depth < 0)
			break;
	}
	return depth == 0 ? NULL : "has unbalanced parentheses";
}

/* What keeps `evr` from being "[epoch:]version[-release]", or NULL. */
static const char *evr_fault(const char *evr)
{
	const char *colon = strchr(evr, ':');
	const char *version = colon == NULL ? evr : colon + 1;

	if (colon != NULL) {
		g_autofree char *epoch = g_strndup(evr, (gsize)(colon - evr));
		gint64 number = 0;
		if (!kiln_text_parse_number(epoch, 0, G_MAXUINT32, &number, NULL))
			return "has an epoch that is no number";
	}
	for (const char *p = version; *p != '\0'; p++)
		if (!g_ascii_isgraph(*p) || strchr("<>(),:", *p) != NULL)
			return "has a version with a character that versions do not have";
	if (*version == '\0' || *version == '-' || g_str_has_suffix(version, "-"))
		return "has an operator without a version";
	return NULL;
}

/* The meaning of an operator's text, ANY when it is none. */
static KilnDependencyFlags find_operator(const char *text)
{
	for (gsize i = 0; i < G_N_ELEMENTS(operators); i++)
		if (strcmp(operators[i].text, text) == 0)
			return operators[i].flags;
	return KILN_DEPENDENCY_ANY;
}

/* What keeps `text` from being a rich dependency as far as parentheses tell, or NULL. */
static const char *rich_fault(const char *text)
{
	gsize length = strlen(text);
	int depth = 0;

	for (gsize i = 0; i < length; i++) {
		if (g_ascii_iscntrl(text[i]) || (guchar)text[i] >= 0x80)
			return "has a control byte or a letter outside ASCII";
		depth += (text[i] == '(') - (text[i] == ')');
		if (depth == 0 && i + 1 < length)
			return "has something after its last parenthesis";
	}
	if (depth != 0)
		return "has unbalanced parentheses";
	return strpbrk(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
			       NULL
		       ? "is empty"
		       : NULL;
}

/* The blank-separated words of `text`; empty ones are left out. */
static char **split_words(const char *text)
{
	g_auto(GStrv) pieces = g_strsplit_set(text, " \t", -1);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	for (char **piece = pieces; *piece != NULL; piece++)
		if (**piece != '\0')
			g_strv_builder_add(builder, *piece);
	return g_strv_builder_end(builder);
}

static gboolean parse_plain(const char *text, KilnDependency *ret_dependency, GError **error)
{
	g_auto(GStrv) words = split_words(text);
	guint count = g_strv_length(words);
	const char *fault = count == 0 ? "is empty" : name_fault(words[0]);
	KilnDependencyFlags flags = count > 1 ? find_operator(words[1]) : KILN_DEPENDENCY_ANY;

	if (fault == NULL && count > 1 && flags == KILN_DEPENDENCY_ANY)
		fault = "has a second word that is no operator (<, <=, =, >=, >)";
	if (fault == NULL && count == 2)
		fault = "has an operator without a version";
	if (fault == NULL && count > 3)
		fault = "has words after its version";
	if (fault == NULL && count == 3)
		fault = evr_fault(words[2]);
	if (fault == NULL && count == 3 && *words[0] == '/')
		fault = "is a path with a version";
	if (fault != NULL)
		return refuse(text, fault, error);

	*ret_dependency = (KilnDependency){
		.name = g_strdup(words[0]),
		.flags = flags,
		.evr = count == 3 ? g_strdup(words[2]) : NULL,
	};
	return TRUE;
}

gboolean kiln_dependency_parse(const char *text, KilnDependency *ret_dependency, GError **error)
{
	g_autofree char *stripped = g_strstrip(g_strdup(text));

	if (*stripped != '(')
		return parse_plain(stripped, ret_dependency, error);
	const char *fault = rich_fault(stripped);
	if (fault != NULL)
		return refuse(stripped, fault, error);
	*ret_dependency = (KilnDependency){.name = g_steal_pointer(&stripped)};
	return TRUE;
}

void kiln_dependency_clear(KilnDependency *dependency)
{
	g_free(dependency->name);
	g_free(dependency->evr);
	*dependency = (KilnDependency){0};
}

gboolean kiln_dependency_is_rich(const KilnDependency *dependency)
{
	return *dependency->name == '(';
}

char *kiln_dependency_format(const KilnDependency *dependency)
{
	for (gsize i = 0; i < G_N_ELEMENTS(operators); i++)
		if (dependency->flags == operators[i].flags)
			return g_strdup_printf(
				"%s %s %s", dependency->name, operators[i].text, dependency->evr);
	return g_strdup(dependency->name);
}
