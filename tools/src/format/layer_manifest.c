/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/layer_manifest.h"

#include "base/digest.h"
#include "base/error.h"

#include <json-glib/json-glib.h>

void kiln_layer_manifest_free(KilnLayerManifest *manifest)
{
	if (!manifest)
		return;
	g_free(manifest->label);
	g_free(manifest->below);
	g_free(manifest);
}

/* The member `key` when it is a value of that type. */
static JsonNode *member(JsonObject *object, const char *key, GType type)
{
	JsonNode *node = json_object_get_member(object, key);

	return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type ? node : NULL;
}

KilnLayerManifest *kiln_layer_manifest_parse(const char *text, const char *name, GError **error)
{
	g_autoptr(KilnLayerManifest) manifest = g_new0(KilnLayerManifest, 1);
	g_autoptr(JsonNode) root = json_from_string(text, NULL);
	JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
	JsonNode *label = object ? member(object, "label", G_TYPE_STRING) : NULL;
	JsonNode *below = object ? member(object, "below", G_TYPE_STRING) : NULL;
	JsonNode *bytes = object ? member(object, "bytes", G_TYPE_INT64) : NULL;

	if (!label || (below && !kiln_digest_is_valid(json_node_get_string(below)))) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "%s: it is not the manifest of a layer", name);
		return NULL;
	}
	manifest->label = json_node_dup_string(label);
	manifest->below = below ? json_node_dup_string(below) : NULL;
	manifest->bytes = bytes ? (guint64)MAX(0, json_node_get_int(bytes)) : 0;
	return g_steal_pointer(&manifest);
}
