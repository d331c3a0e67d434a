/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/result_json.h"

#include "base/digest.h"
#include "base/error.h"

#include <json-glib/json-glib.h>
#include <string.h>

void kiln_result_package_free(KilnResultPackage *package)
{
	if (!package)
		return;
	g_free(package->file);
	g_free(package->sha256);
	g_free(package);
}

static char *text_of(JsonObject *object, const char *key)
{
	JsonNode *node = json_object_get_member(object, key);

	if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
		return NULL;
	return json_node_dup_string(node);
}

static guint64 number_of(JsonObject *object, const char *key)
{
	JsonNode *node = json_object_get_member(object, key);

	if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
		return 0;
	return (guint64)MAX(0, json_node_get_int(node));
}

static gboolean add_package(JsonNode *node, GPtrArray *packages, GError **error)
{
	KilnResultPackage *package = g_new0(KilnResultPackage, 1);

	g_ptr_array_add(packages, package);
	if (JSON_NODE_HOLDS_OBJECT(node)) {
		package->file = text_of(json_node_get_object(node), "file");
		package->sha256 = text_of(json_node_get_object(node), "sha256");
		package->size = number_of(json_node_get_object(node), "size");
	}
	if (!package->file || strchr(package->file, '/') || !g_str_has_suffix(package->file, ".rpm") ||
		!kiln_digest_is_valid(package->sha256) || package->size == 0) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY,
			"a package has a bad file name, digest or size");
		return FALSE;
	}
	package->is_source = g_str_has_suffix(package->file, ".src.rpm") ||
		g_str_has_suffix(package->file, ".nosrc.rpm");
	return TRUE;
}

static JsonArray *find_packages(JsonNode *root)
{
	JsonNode *node = root && JSON_NODE_HOLDS_OBJECT(root)
		? json_object_get_member(json_node_get_object(root), "packages")
		: NULL;

	return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

GPtrArray *kiln_result_parse(const char *text, const char *name, char **ret_declaration, GError **error)
{
	g_autoptr(GPtrArray) packages =
		g_ptr_array_new_with_free_func((GDestroyNotify)kiln_result_package_free);
	g_autoptr(JsonNode) root = json_from_string(text, NULL);
	JsonArray *array = find_packages(root);

	if (!array) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "%s: no list of packages in it", name);
		return NULL;
	}
	for (guint i = 0; i < json_array_get_length(array); i++)
		if (!add_package(json_array_get_element(array, i), packages, error)) {
			g_prefix_error(error, "%s: ", name);
			return NULL;
		}
	if (ret_declaration)
		*ret_declaration = text_of(json_node_get_object(root), "declaration");
	return g_steal_pointer(&packages);
}
