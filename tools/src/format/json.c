/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/json.h"

#include <json-glib/json-glib.h>

struct KilnJson {
	JsonBuilder *builder;
};

KilnJson *kiln_json_new(void)
{
	KilnJson *json = g_new0(KilnJson, 1);

	json->builder = json_builder_new();
	return json;
}

void kiln_json_free(KilnJson *json)
{
	if (!json)
		return;
	g_object_unref(json->builder);
	g_free(json);
}

static void set_key(KilnJson *json, const char *key)
{
	if (key)
		json_builder_set_member_name(json->builder, key);
}

void kiln_json_begin_object(KilnJson *json, const char *key)
{
	set_key(json, key);
	json_builder_begin_object(json->builder);
}

void kiln_json_end_object(KilnJson *json)
{
	json_builder_end_object(json->builder);
}

void kiln_json_begin_array(KilnJson *json, const char *key)
{
	set_key(json, key);
	json_builder_begin_array(json->builder);
}

void kiln_json_end_array(KilnJson *json)
{
	json_builder_end_array(json->builder);
}

void kiln_json_add_text(KilnJson *json, const char *key, const char *text)
{
	g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;

	set_key(json, key);
	if (valid)
		json_builder_add_string_value(json->builder, valid);
	else
		json_builder_add_null_value(json->builder);
}

void kiln_json_add_number(KilnJson *json, const char *key, gint64 number)
{
	set_key(json, key);
	json_builder_add_int_value(json->builder, number);
}

void kiln_json_add_boolean(KilnJson *json, const char *key, gboolean value)
{
	set_key(json, key);
	json_builder_add_boolean_value(json->builder, value);
}

void kiln_json_add_texts(KilnJson *json, const char *key, char *const *texts)
{
	kiln_json_begin_array(json, key);
	for (; texts && *texts; texts++)
		kiln_json_add_text(json, NULL, *texts);
	kiln_json_end_array(json);
}

char *kiln_json_to_text(KilnJson *json, gboolean pretty)
{
	g_autoptr(JsonNode) root = json_builder_get_root(json->builder);
	g_autofree char *text = json_to_string(root, pretty);

	return pretty ? g_strconcat(text, "\n", NULL) : g_steal_pointer(&text);
}
