/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine/cause_rules.h"

#include "format/ini.h"

#include <string.h>

static const KilnIniKey schema[] = {
	{"*", "kind", TRUE},
	{"*", "has", TRUE},
	{"*", "match", TRUE},
	{"*", "in", FALSE},
	{"*", "before", FALSE},
	{"*", "after", FALSE},
	{"*", "tell", FALSE},
	{"*", "last", FALSE},
	{"*", "general", FALSE},
	{"*", "final", FALSE},
	{NULL, NULL, FALSE},
};

static void rule_free(KilnCauseRule *rule)
{
	g_free(rule->name);
	g_free(rule->kind);
	g_clear_pointer(&rule->has, g_array_unref);
	g_free(rule->stage);
	g_clear_pointer(&rule->match, g_regex_unref);
	g_clear_pointer(&rule->before, g_regex_unref);
	g_clear_pointer(&rule->after, g_regex_unref);
	g_free(rule->tell);
	g_free(rule);
}

/* An absent key leaves `ret_regex` as it is. With G_REGEX_ANCHORED it matches only where it is tried. */
static gboolean parse_regex(const KilnIni *ini, const char *group, const char *key, GRegexCompileFlags flags,
	GRegex **ret_regex, GError **error)
{
	g_autofree char *pattern = kiln_ini_get(ini, group, key, NULL);
	g_autoptr(GError) local = NULL;
	GRegex *regex;

	if (!pattern)
		return TRUE;
	regex = g_regex_new(
		pattern, flags | G_REGEX_RAW | G_REGEX_MULTILINE | G_REGEX_OPTIMIZE | G_REGEX_NEWLINE_LF, 0,
		&local);
	if (!regex)
		return kiln_ini_set_error(ini, group, key, error, "key \"%s\": %s", key, local->message);
	*ret_regex = regex;
	return TRUE;
}

/* The number of `text` among the table's texts. */
static guint intern(KilnCauseTable *table, const char *text)
{
	g_autofree char *plain = g_strconcat(*text == '^' ? "\n" : "", *text == '^' ? text + 1 : text, NULL);
	guint number;

	if (g_ptr_array_find_with_equal_func(table->texts, plain, g_str_equal, &number))
		return number;
	g_ptr_array_add(table->texts, g_steal_pointer(&plain));
	return table->texts->len - 1;
}

static gboolean parse_has(
	const KilnIni *ini, const char *group, KilnCauseTable *table, KilnCauseRule *rule, GError **error)
{
	g_autofree char *value = kiln_ini_get(ini, group, "has", NULL);
	g_auto(GStrv) texts = g_strsplit(value, "|", -1);

	rule->has = g_array_new(FALSE, FALSE, sizeof(guint));
	for (char **text = texts; *text; text++) {
		guint number = intern(table, *text);
		if (strlen(*text) < 2)
			return kiln_ini_set_error(
				ini, group, "has", error, "names a text of less than two characters");
		g_array_append_val(rule->has, number);
	}
	return *texts || kiln_ini_set_error(ini, group, "has", error, "names no text");
}

static gboolean parse_expressions(const KilnIni *ini, const char *group, KilnCauseRule *rule, GError **error)
{
	if (!parse_regex(ini, group, "match", G_REGEX_ANCHORED, &rule->match, error) ||
		!parse_regex(ini, group, "before", G_REGEX_ANCHORED, &rule->before, error) ||
		!parse_regex(ini, group, "after", 0, &rule->after, error))
		return FALSE;
	rule->is_long = strstr(g_regex_get_pattern(rule->match), "\\n") != NULL;
	return TRUE;
}

static KilnCauseRule *parse_rule(
	const KilnIni *ini, const char *group, KilnCauseTable *table, GError **error)
{
	KilnCauseRule *rule = g_new0(KilnCauseRule, 1);

	rule->name = g_strdup(group);
	rule->kind = kiln_ini_get(ini, group, "kind", NULL);
	rule->stage = kiln_ini_get(ini, group, "in", NULL);
	rule->tell = kiln_ini_get(ini, group, "tell", "$line");
	if (parse_has(ini, group, table, rule, error) && parse_expressions(ini, group, rule, error) &&
		kiln_ini_get_boolean(ini, group, "last", FALSE, &rule->is_last, error) &&
		kiln_ini_get_boolean(ini, group, "general", FALSE, &rule->is_general, error) &&
		kiln_ini_get_boolean(ini, group, "final", FALSE, &rule->is_final, error))
		return rule;
	rule_free(rule);
	return NULL;
}

KilnCauseTable *kiln_cause_table_parse(const char *text, const char *name, GError **error)
{
	g_autoptr(KilnIni) ini = kiln_ini_parse(text, name, schema, error);
	g_autoptr(KilnCauseTable) table = g_new0(KilnCauseTable, 1);
	g_auto(GStrv) groups = ini ? kiln_ini_list_groups(ini, "") : NULL;

	table->rules = g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);
	table->texts = g_ptr_array_new_with_free_func(g_free);
	for (char **group = groups; group && *group; group++) {
		KilnCauseRule *rule = parse_rule(ini, *group, table, error);
		if (!rule)
			return NULL;
		g_ptr_array_add(table->rules, rule);
	}
	return ini ? g_steal_pointer(&table) : NULL;
}

void kiln_cause_table_free(KilnCauseTable *table)
{
	if (!table)
		return;
	g_ptr_array_unref(table->rules);
	g_ptr_array_unref(table->texts);
	g_free(table);
}
