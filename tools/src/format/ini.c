/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/ini.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

struct KilnIni {
	char *name;
	GKeyFile *values;
	GHashTable *lines; /* "group\nkey" or "group\n" -> line number */
	const KilnIniKey *schema;
};

static char *place_of(const char *group, const char *key)
{
	return g_strdup_printf("%s\n%s", group, key ? key : "");
}

static int line_of(const KilnIni *ini, const char *group, const char *key)
{
	g_autofree char *place = place_of(group, key);

	return GPOINTER_TO_INT(g_hash_table_lookup(ini->lines, place));
}

static gboolean set_error_at(const KilnIni *ini, int line, GError **error, const char *message)
{
	g_autofree char *printable = kiln_text_printable(message);

	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "%s:%d: %s", ini->name, MAX(1, line), printable);
	return FALSE;
}

gboolean kiln_ini_set_error(const KilnIni *ini, const char *group, const char *key, GError **error,
	const char *format, ...)
{
	va_list arguments;
	g_autofree char *message = NULL;
	int line = line_of(ini, group, key);

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return set_error_at(ini, line ? line : line_of(ini, group, NULL), error, message);
}

static gboolean group_matches(const char *pattern, const char *group)
{
	gsize length = strlen(pattern);

	if (g_str_equal(pattern, "*"))
		return TRUE;
	if (g_str_has_suffix(pattern, " *"))
		return strncmp(pattern, group, length - 1) == 0 && group[length - 1];
	return g_str_equal(pattern, group);
}

static gboolean key_matches(const char *pattern, const char *key)
{
	gsize length = strlen(pattern);

	if (g_str_has_suffix(pattern, ".*"))
		return strncmp(pattern, key, length - 1) == 0 && key[length - 1];
	return g_str_equal(pattern, "*") || g_str_equal(pattern, key);
}

static gboolean check_group(const KilnIni *ini, const char *group, int line, GError **error)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	g_autofree char *message = NULL;
	const char *near;

	for (const KilnIniKey *key = ini->schema; key->group; key++) {
		if (group_matches(key->group, group))
			return TRUE;
		g_ptr_array_add(known, (gpointer)key->group);
	}
	g_ptr_array_add(known, NULL);
	near = kiln_text_nearest(group, (const char *const *)known->pdata);
	message = near ? g_strdup_printf("unknown section [%s]; did you mean [%s]?", group, near)
		       : g_strdup_printf("unknown section [%s]", group);
	return set_error_at(ini, line, error, message);
}

static gboolean check_key(const KilnIni *ini, const char *group, const char *name, int line, GError **error)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	g_autofree char *message = NULL;
	const char *near;

	for (const KilnIniKey *key = ini->schema; key->group; key++) {
		if (!group_matches(key->group, group))
			continue;
		if (key_matches(key->key, name))
			return TRUE;
		g_ptr_array_add(known, (gpointer)key->key);
	}
	g_ptr_array_add(known, NULL);
	near = kiln_text_nearest(name, (const char *const *)known->pdata);
	message = near ? g_strdup_printf("unknown key \"%s\" in [%s]; did you mean \"%s\"?", name, group, near)
		       : g_strdup_printf("unknown key \"%s\" in [%s]", name, group);
	return set_error_at(ini, line, error, message);
}

static gboolean record_place(KilnIni *ini, const char *group, const char *key, int line, GError **error)
{
	g_autofree char *place = place_of(group, key);
	g_autofree char *message = NULL;
	int first = GPOINTER_TO_INT(g_hash_table_lookup(ini->lines, place));

	if (first) {
		message = g_strdup_printf("%s \"%s\" stands twice (first at line %d)",
			key ? "key" : "section", key ? key : group, first);
		return set_error_at(ini, line, error, message);
	}
	g_hash_table_insert(ini->lines, g_steal_pointer(&place), GINT_TO_POINTER(line));
	return TRUE;
}

/* One line that is neither blank nor a comment. `group` is replaced when the line opens one. */
static gboolean scan_line(KilnIni *ini, const char *text, int line, char **group, GError **error)
{
	const char *equals = strchr(text, '=');
	g_autofree char *key = NULL;

	if (*text == '[') {
		const char *end = strchr(text, ']');
		if (!end || end[1] || end == text + 1)
			return set_error_at(ini, line, error, "a section has the form [name]");
		g_free(*group);
		*group = g_strndup(text + 1, (gsize)(end - text - 1));
		return check_group(ini, *group, line, error) &&
			record_place(ini, *group, NULL, line, error);
	}
	if (!equals || equals == text)
		return set_error_at(ini, line, error, "expected \"key = value\", a [section] or a # comment");
	if (!*group)
		return set_error_at(ini, line, error, "a key stands before the first [section]");
	key = g_strstrip(g_strndup(text, (gsize)(equals - text)));
	return check_key(ini, *group, key, line, error) && record_place(ini, *group, key, line, error);
}

static gboolean scan(KilnIni *ini, const char *text, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *group = NULL;

	if (!g_utf8_validate(text, -1, NULL))
		return set_error_at(ini, 1, error, "is not UTF-8 text");
	for (int i = 0; lines[i]; i++) {
		g_strstrip(lines[i]);
		if (*lines[i] && *lines[i] != '#' && !scan_line(ini, lines[i], i + 1, &group, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean check_required(const KilnIni *ini, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(ini->values, NULL);

	for (const KilnIniKey *key = ini->schema; key->group; key++) {
		gboolean any = g_str_has_suffix(key->group, " *");
		for (char **group = groups; key->required && *group; group++) {
			if (!group_matches(key->group, *group))
				continue;
			any = TRUE;
			if (!g_key_file_has_key(ini->values, *group, key->key, NULL))
				return kiln_ini_set_error(ini, *group, NULL, error,
					"section [%s] lacks the key \"%s\"", *group, key->key);
		}
		if (key->required && !any)
			return kiln_ini_set_error(ini, key->group, NULL, error,
				"section [%s] with the key \"%s\" is missing", key->group, key->key);
	}
	return TRUE;
}

KilnIni *kiln_ini_parse(const char *text, const char *name, const KilnIniKey *schema, GError **error)
{
	g_autoptr(KilnIni) ini = g_new0(KilnIni, 1);
	g_autoptr(GError) local = NULL;

	ini->name = g_strdup(name);
	ini->schema = schema;
	ini->values = g_key_file_new();
	ini->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!scan(ini, text, error))
		return NULL;
	if (!g_key_file_load_from_data(ini->values, text, strlen(text), G_KEY_FILE_NONE, &local)) {
		set_error_at(ini, 1, error, local->message);
		return NULL;
	}
	if (!check_required(ini, error))
		return NULL;
	return g_steal_pointer(&ini);
}

void kiln_ini_free(KilnIni *ini)
{
	if (!ini)
		return;
	g_free(ini->name);
	g_key_file_unref(ini->values);
	g_hash_table_unref(ini->lines);
	g_free(ini);
}

char *kiln_ini_get(const KilnIni *ini, const char *group, const char *key, const char *fallback)
{
	char *value = g_key_file_get_value(ini->values, group, key, NULL);

	return value ? g_strstrip(value) : g_strdup(fallback);
}

char **kiln_ini_get_list(const KilnIni *ini, const char *group, const char *key)
{
	g_autofree char *value = kiln_ini_get(ini, group, key, "");
	g_auto(GStrv) parts = g_strsplit_set(value, " \t,;", -1);
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (char **part = parts; *part; part++)
		if (**part)
			g_ptr_array_add(list, g_strdup(*part));
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

gboolean kiln_ini_get_number(const KilnIni *ini, const char *group, const char *key, gint64 fallback,
	gint64 *ret_number, GError **error)
{
	g_autofree char *value = kiln_ini_get(ini, group, key, NULL);
	g_autoptr(GError) local = NULL;

	if (!value) {
		*ret_number = fallback;
		return TRUE;
	}
	if (!kiln_text_parse_number(value, 0, G_MAXINT64, ret_number, &local))
		return kiln_ini_set_error(ini, group, key, error, "key \"%s\": %s", key, local->message);
	return TRUE;
}

gboolean kiln_ini_get_boolean(const KilnIni *ini, const char *group, const char *key, gboolean fallback,
	gboolean *ret_value, GError **error)
{
	g_autofree char *value = kiln_ini_get(ini, group, key, fallback ? "yes" : "no");

	if (!g_str_equal(value, "yes") && !g_str_equal(value, "no"))
		return kiln_ini_set_error(
			ini, group, key, error, "key \"%s\": \"%s\" is neither yes nor no", key, value);
	*ret_value = g_str_equal(value, "yes");
	return TRUE;
}

/* Those of `names` that start with `prefix`, from their byte `skip` on. */
static char **select_prefixed(char **names, const char *prefix, gsize skip)
{
	GPtrArray *selected = g_ptr_array_new();

	for (char **name = names; name && *name; name++)
		if (g_str_has_prefix(*name, prefix))
			g_ptr_array_add(selected, g_strdup(*name + skip));
	g_ptr_array_add(selected, NULL);
	return (char **)g_ptr_array_free(selected, FALSE);
}

char **kiln_ini_list_keys(const KilnIni *ini, const char *group, const char *prefix)
{
	g_auto(GStrv) keys = g_key_file_get_keys(ini->values, group, NULL, NULL);

	return select_prefixed(keys, prefix, 0);
}

char **kiln_ini_list_groups(const KilnIni *ini, const char *prefix)
{
	g_auto(GStrv) groups = g_key_file_get_groups(ini->values, NULL);

	return select_prefixed(groups, prefix, strlen(prefix));
}
