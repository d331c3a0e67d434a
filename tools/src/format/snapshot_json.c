/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/snapshot_json.h"

#include "base/digest.h"
#include "base/error.h"
#include "format/json.h"

#include <json-glib/json-glib.h>
#include <string.h>

char *kiln_snapshot_emit(const KilnSnapshot *snapshot)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_object(json, NULL);
	kiln_json_add_text(json, "id", snapshot->id);
	kiln_json_add_text(json, "key", snapshot->key);
	kiln_json_add_text(json, "collection", snapshot->collection);
	kiln_json_add_text(json, "target", snapshot->target);
	kiln_json_add_text(json, "fingerprint", snapshot->fingerprint);
	kiln_json_add_number(json, "created", snapshot->created);
	kiln_json_begin_array(json, "packages");
	for (guint i = 0; i < snapshot->packages->len; i++) {
		const KilnSnapshotPackage *package = snapshot->packages->pdata[i];
		kiln_json_begin_object(json, NULL);
		kiln_json_add_text(json, "file", package->file);
		kiln_json_add_text(json, "nevra", package->nevra);
		kiln_json_add_text(json, "name", package->name);
		kiln_json_add_text(json, "sha256", package->sha256);
		kiln_json_add_text(json, "part", kiln_part_name(package->part));
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
	kiln_json_end_object(json);
	return kiln_json_to_text(json, TRUE);
}

static gboolean get_text(JsonObject *object, const char *key, char **ret_text, GError **error)
{
	JsonNode *node = json_object_get_member(object, key);

	if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"%s\" is missing or no text", key);
		return FALSE;
	}
	*ret_text = json_node_dup_string(node);
	return TRUE;
}

static gboolean parse_part(const char *name, KilnPart *ret_part, GError **error)
{
	for (int part = 0; part < KILN_PART_COUNT; part++)
		if (g_str_equal(kiln_part_name((KilnPart)part), name)) {
			*ret_part = (KilnPart)part;
			return TRUE;
		}
	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "there is no part \"%s\"", name);
	return FALSE;
}

static gboolean parse_package(JsonNode *node, GPtrArray *packages, GError **error)
{
	KilnSnapshotPackage *package = g_new0(KilnSnapshotPackage, 1);
	g_autofree char *part = NULL;
	JsonObject *object;

	g_ptr_array_add(packages, package);
	if (!JSON_NODE_HOLDS_OBJECT(node)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "a package is no object");
		return FALSE;
	}
	object = json_node_get_object(node);
	if (!get_text(object, "file", &package->file, error) ||
		!get_text(object, "nevra", &package->nevra, error) ||
		!get_text(object, "name", &package->name, error) ||
		!get_text(object, "sha256", &package->sha256, error) || !get_text(object, "part", &part, error) ||
		!parse_part(part, &package->part, error))
		return FALSE;
	if (*package->file == '/' || strstr(package->file, "..") || !kiln_digest_is_valid(package->sha256)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "package \"%s\": bad file name or digest",
			package->nevra);
		return FALSE;
	}
	return TRUE;
}

static gboolean parse_packages(JsonObject *object, GPtrArray *packages, GError **error)
{
	JsonNode *node = json_object_get_member(object, "packages");
	JsonArray *array;

	if (!node || !JSON_NODE_HOLDS_ARRAY(node)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"packages\" is missing or no list");
		return FALSE;
	}
	array = json_node_get_array(node);
	for (guint i = 0; i < json_array_get_length(array); i++)
		if (!parse_package(json_array_get_element(array, i), packages, error))
			return FALSE;
	return TRUE;
}

static gboolean parse_object(JsonObject *object, KilnSnapshot *snapshot, GError **error)
{
	JsonNode *created = json_object_get_member(object, "created");

	if (!get_text(object, "id", &snapshot->id, error) || !get_text(object, "key", &snapshot->key, error) ||
		!get_text(object, "collection", &snapshot->collection, error) ||
		!get_text(object, "target", &snapshot->target, error) ||
		!get_text(object, "fingerprint", &snapshot->fingerprint, error))
		return FALSE;
	if (!created || !JSON_NODE_HOLDS_VALUE(created) || json_node_get_value_type(created) != G_TYPE_INT64) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "\"created\" is missing or no number");
		return FALSE;
	}
	snapshot->created = json_node_get_int(created);
	return parse_packages(object, snapshot->packages, error);
}

KilnSnapshot *kiln_snapshot_parse(const char *text, const char *name, GError **error)
{
	g_autoptr(KilnSnapshot) snapshot = kiln_snapshot_new();
	g_autoptr(GError) local = NULL;
	g_autoptr(JsonNode) root = json_from_string(text, &local);

	if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "%s: %s", name,
			local ? local->message : "is no JSON object");
		return NULL;
	}
	if (!parse_object(json_node_get_object(root), snapshot, error)) {
		g_prefix_error(error, "%s: ", name);
		return NULL;
	}
	return g_steal_pointer(&snapshot);
}
