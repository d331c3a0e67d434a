/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/sandbox_request.h"

#include "base/error.h"
#include "format/json.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define TEXT_MAX_BYTES (1 << 20)
#define LIST_MAX_ITEMS 20000
#define NUMBER_MAX G_GINT64_CONSTANT(0x0fffffffffffffff)

typedef enum {
	TEXT,
	TEXTS,
	NUMBER,
	BOOLEAN,
	LIMITS,
	BINDS,
	TREES,
	PACKAGES,
	KIND,
	USER,
	LIMIT,
	INTEGER
} FieldType;

/* One key of an object and the struct member that holds its value. */
typedef struct {
	const char *key;
	FieldType type;
	gsize offset;
} Field;

static const char *const kind_names[] = {"install", "run", "evaluate", "remove", NULL};
static const char *const user_names[] = {"mockbuild", "root", NULL};

static const Field limit_fields[] = {
	{"wall_s", NUMBER, G_STRUCT_OFFSET(KilnSandboxLimits, wall_s)},
	{"idle_s", NUMBER, G_STRUCT_OFFSET(KilnSandboxLimits, idle_s)},
	{"output_bytes", NUMBER, G_STRUCT_OFFSET(KilnSandboxLimits, output_bytes)},
	{"memory_bytes", NUMBER, G_STRUCT_OFFSET(KilnSandboxLimits, memory_bytes)},
	{"processes", NUMBER, G_STRUCT_OFFSET(KilnSandboxLimits, processes)},
	{"disk_bytes", NUMBER, G_STRUCT_OFFSET(KilnSandboxLimits, disk_bytes)},
	{NULL, 0, 0},
};

static const Field bind_fields[] = {
	{"source", TEXT, G_STRUCT_OFFSET(KilnSandboxBind, source)},
	{"destination", TEXT, G_STRUCT_OFFSET(KilnSandboxBind, destination)},
	{"writable", BOOLEAN, G_STRUCT_OFFSET(KilnSandboxBind, writable)},
	{NULL, 0, 0},
};

static const Field tree_fields[] = {
	{"destination", TEXT, G_STRUCT_OFFSET(KilnSandboxTree, destination)},
	{"layers", TEXTS, G_STRUCT_OFFSET(KilnSandboxTree, layers)},
	{"upper", TEXT, G_STRUCT_OFFSET(KilnSandboxTree, upper)},
	{NULL, 0, 0},
};

static const Field package_fields[] = {
	{"path", TEXT, G_STRUCT_OFFSET(KilnSandboxPackage, path)},
	{"sha256", TEXT, G_STRUCT_OFFSET(KilnSandboxPackage, sha256)},
	{NULL, 0, 0},
};

static const Field request_fields[] = {
	{"kind", KIND, G_STRUCT_OFFSET(KilnSandboxRequest, kind)},
	{"layers", TEXTS, G_STRUCT_OFFSET(KilnSandboxRequest, layers)},
	{"upper", TEXT, G_STRUCT_OFFSET(KilnSandboxRequest, upper)},
	{"binds", BINDS, G_STRUCT_OFFSET(KilnSandboxRequest, binds)},
	{"trees", TREES, G_STRUCT_OFFSET(KilnSandboxRequest, trees)},
	{"user", USER, G_STRUCT_OFFSET(KilnSandboxRequest, user)},
	{"hostname", TEXT, G_STRUCT_OFFSET(KilnSandboxRequest, hostname)},
	{"argv", TEXTS, G_STRUCT_OFFSET(KilnSandboxRequest, argv)},
	{"environment", TEXTS, G_STRUCT_OFFSET(KilnSandboxRequest, environment)},
	{"processors", NUMBER, G_STRUCT_OFFSET(KilnSandboxRequest, processors)},
	{"working_directory", TEXT, G_STRUCT_OFFSET(KilnSandboxRequest, working_directory)},
	{"terminal", BOOLEAN, G_STRUCT_OFFSET(KilnSandboxRequest, terminal)},
	{"boot", BOOLEAN, G_STRUCT_OFFSET(KilnSandboxRequest, boot)},
	{"network_hosts", TEXTS, G_STRUCT_OFFSET(KilnSandboxRequest, network_hosts)},
	{"personality", TEXT, G_STRUCT_OFFSET(KilnSandboxRequest, personality)},
	{"limits", LIMITS, G_STRUCT_OFFSET(KilnSandboxRequest, limits)},
	{"packages", PACKAGES, G_STRUCT_OFFSET(KilnSandboxRequest, packages)},
	{"keys", TEXTS, G_STRUCT_OFFSET(KilnSandboxRequest, keys)},
	{"macros", TEXT, G_STRUCT_OFFSET(KilnSandboxRequest, macros)},
	{NULL, 0, 0},
};

static const Field report_fields[] = {
	{"exit_status", INTEGER, G_STRUCT_OFFSET(KilnSandboxReport, exit_status)},
	{"signal", INTEGER, G_STRUCT_OFFSET(KilnSandboxReport, signal)},
	{"limit", LIMIT, G_STRUCT_OFFSET(KilnSandboxReport, limit)},
	{"message", TEXT, G_STRUCT_OFFSET(KilnSandboxReport, message)},
	{"problems", TEXTS, G_STRUCT_OFFSET(KilnSandboxReport, problems)},
	{"error_output", TEXT, G_STRUCT_OFFSET(KilnSandboxReport, error_output)},
	{"limits_by", TEXT, G_STRUCT_OFFSET(KilnSandboxReport, limits_by)},
	{"peak_memory_bytes", NUMBER, G_STRUCT_OFFSET(KilnSandboxReport, peak_memory_bytes)},
	{"output_bytes", NUMBER, G_STRUCT_OFFSET(KilnSandboxReport, output_bytes)},
	{"disk_bytes", NUMBER, G_STRUCT_OFFSET(KilnSandboxReport, disk_bytes)},
	{"prepare_us", NUMBER, G_STRUCT_OFFSET(KilnSandboxReport, prepare_us)},
	{"namespaces_us", NUMBER, G_STRUCT_OFFSET(KilnSandboxReport, namespaces_us)},
	{"mounts_us", NUMBER, G_STRUCT_OFFSET(KilnSandboxReport, mounts_us)},
	{"command_us", NUMBER, G_STRUCT_OFFSET(KilnSandboxReport, command_us)},
	{"sync_us", NUMBER, G_STRUCT_OFFSET(KilnSandboxReport, sync_us)},
	{"total_us", NUMBER, G_STRUCT_OFFSET(KilnSandboxReport, total_us)},
	{NULL, 0, 0},
};

static gboolean parse_object(
	JsonObject *object, const Field *fields, gpointer target, GError **error);

static gboolean refuse(GError **error, const char *key, const char *what)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE, "\"%s\" %s", key, what);
	return FALSE;
}

static gboolean parse_text(JsonNode *node, const char *key, char **ret_text, GError **error)
{
	const char *text;

	if (JSON_NODE_HOLDS_NULL(node))
		return TRUE;
	if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
		return refuse(error, key, "is not a text");
	text = json_node_get_string(node);
	if (strlen(text) > TEXT_MAX_BYTES)
		return refuse(error, key, "is longer than 1 MiB");
	g_free(*ret_text);
	*ret_text = g_strdup(text);
	return TRUE;
}

static JsonArray *parse_array(JsonNode *node, const char *key, GError **error)
{
	if (!JSON_NODE_HOLDS_ARRAY(node))
		refuse(error, key, "is not an array");
	else if (json_array_get_length(json_node_get_array(node)) > LIST_MAX_ITEMS)
		refuse(error, key, "has too many items");
	else
		return json_node_get_array(node);
	return NULL;
}

static gboolean parse_texts(JsonNode *node, const char *key, char ***ret_texts, GError **error)
{
	g_auto(GStrv) texts = NULL;
	JsonArray *array;
	guint length;

	if (JSON_NODE_HOLDS_NULL(node))
		return TRUE;
	array = parse_array(node, key, error);
	if (!array)
		return FALSE;
	length = json_array_get_length(array);
	texts = g_new0(char *, length + 1);
	for (guint i = 0; i < length; i++) {
		if (!parse_text(json_array_get_element(array, i), key, &texts[i], error))
			return FALSE;
		if (!texts[i])
			return refuse(error, key, "holds a null");
	}
	g_strfreev(*ret_texts);
	*ret_texts = g_steal_pointer(&texts);
	return TRUE;
}

static gboolean parse_number(JsonNode *node, const char *key, gint64 *ret_number, GError **error)
{
	if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
		return refuse(error, key, "is not a whole number");
	*ret_number = json_node_get_int(node);
	if (*ret_number < 0 || *ret_number > NUMBER_MAX)
		return refuse(error, key, "is out of range");
	return TRUE;
}

static gboolean parse_boolean(JsonNode *node, const char *key, gboolean *ret_value, GError **error)
{
	if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_BOOLEAN)
		return refuse(error, key, "is neither true nor false");
	*ret_value = json_node_get_boolean(node);
	return TRUE;
}

static gboolean parse_name(
	JsonNode *node, const char *key, const char *const *names, int *ret_index, GError **error)
{
	g_autofree char *text = NULL;

	if (!parse_text(node, key, &text, error))
		return FALSE;
	for (int i = 0; text && names[i]; i++)
		if (strcmp(text, names[i]) == 0) {
			*ret_index = i;
			return TRUE;
		}
	return refuse(error, key, "has no known value");
}

/* Structs in a list go through the model's constructors, which own how they are freed. */
static gboolean parse_structs(JsonNode *node, const Field *field, GPtrArray *into, GError **error)
{
	static const struct {
		const Field *fields;
		gsize size;
	} kinds[] = {
		[BINDS] = {bind_fields, sizeof(KilnSandboxBind)},
		[TREES] = {tree_fields, sizeof(KilnSandboxTree)},
		[PACKAGES] = {package_fields, sizeof(KilnSandboxPackage)},
	};
	JsonArray *array = parse_array(node, field->key, error);

	for (guint i = 0; array && i < json_array_get_length(array); i++) {
		JsonNode *element = json_array_get_element(array, i);
		if (!JSON_NODE_HOLDS_OBJECT(element))
			return refuse(error, field->key, "holds something else than objects");
		g_ptr_array_add(into, g_malloc0(kinds[field->type].size));
		if (!parse_object(json_node_get_object(element), kinds[field->type].fields,
			    into->pdata[into->len - 1], error))
			return FALSE;
	}
	return array != NULL;
}

static gboolean parse_limits(
	JsonNode *node, const char *key, KilnSandboxLimits *limits, GError **error)
{
	if (!JSON_NODE_HOLDS_OBJECT(node))
		return refuse(error, key, "is not an object");
	return parse_object(json_node_get_object(node), limit_fields, limits, error);
}

static gboolean parse_integer(JsonNode *node, const char *key, int *ret_number, GError **error)
{
	gint64 number;

	if (!parse_number(node, key, &number, error))
		return FALSE;
	*ret_number = (int)(number & 0xffff);
	return TRUE;
}

static gboolean parse_limit(
	JsonNode *node, const char *key, KilnSandboxLimit *ret_limit, GError **error)
{
	const char *names[KILN_SANDBOX_LIMIT_DISK + 2] = {NULL};
	int index = 0;

	for (int i = 0; i <= KILN_SANDBOX_LIMIT_DISK; i++)
		names[i] = kiln_sandbox_limit_name((KilnSandboxLimit)i);
	if (!parse_name(node, key, names, &index, error))
		return FALSE;
	*ret_limit = (KilnSandboxLimit)index;
	return TRUE;
}

static gboolean parse_field(JsonNode *node, const Field *field, gpointer target, GError **error)
{
	gpointer member = (char *)target + field->offset;

	switch (field->type) {
	case TEXT:
		return parse_text(node, field->key, member, error);
	case TEXTS:
		return parse_texts(node, field->key, member, error);
	case NUMBER:
		return parse_number(node, field->key, member, error);
	case INTEGER:
		return parse_integer(node, field->key, member, error);
	case BOOLEAN:
		return parse_boolean(node, field->key, member, error);
	case LIMITS:
		return parse_limits(node, field->key, member, error);
	case BINDS:
	case TREES:
	case PACKAGES:
		return parse_structs(node, field, *(GPtrArray **)member, error);
	case KIND:
		return parse_name(node, field->key, kind_names, member, error);
	case USER:
		return parse_name(node, field->key, user_names, member, error);
	case LIMIT:
		return parse_limit(node, field->key, member, error);
	}
	g_assert_not_reached();
}

static gboolean parse_object(
	JsonObject *object, const Field *fields, gpointer target, GError **error)
{
	JsonObjectIter iterator;
	const char *key;
	JsonNode *node;

	json_object_iter_init(&iterator, object);
	while (json_object_iter_next(&iterator, &key, &node)) {
		const Field *field = fields;
		while (field->key && strcmp(field->key, key) != 0)
			field++;
		if (!field->key)
			return refuse(error, key, "is not a known key");
		if (!parse_field(node, field, target, error))
			return FALSE;
	}
	return TRUE;
}

static JsonObject *load(JsonParser *parser, const char *json, gsize size, GError **error)
{
	JsonNode *root;

	if (size > KILN_SANDBOX_REQUEST_MAX_BYTES || memchr(json, '\0', size)) {
		g_set_error(
			error, KILN_ERROR, KILN_ERROR_USAGE, "larger than 16 MiB, or holds a NUL");
		return NULL;
	}
	if (!json_parser_load_from_data(parser, json, (gssize)size, NULL)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE, "not JSON");
		return NULL;
	}
	root = json_parser_get_root(parser);
	if (root && JSON_NODE_HOLDS_OBJECT(root))
		return json_node_get_object(root);
	g_set_error(error, KILN_ERROR, KILN_ERROR_USAGE, "not a JSON object");
	return NULL;
}

static gboolean parse_request(
	KilnSandboxRequest *request, const char *json, gsize size, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new_immutable();
	JsonObject *object = load(parser, json, size, error);

	if (!object)
		return FALSE;
	if (!json_object_has_member(object, "kind"))
		return refuse(error, "kind", "is missing");
	return parse_object(object, request_fields, request, error);
}

KilnSandboxRequest *kiln_sandbox_request_parse(const char *json, gsize size, GError **error)
{
	g_autoptr(KilnSandboxRequest) request = kiln_sandbox_request_new(KILN_SANDBOX_RUN);

	if (parse_request(request, json, size, error))
		return g_steal_pointer(&request);
	g_prefix_error(error, "request to kiln-root: ");
	return NULL;
}

static void emit_object(KilnJson *json, const Field *fields, gconstpointer source);

static void emit_structs(KilnJson *json, const Field *field, const GPtrArray *structs)
{
	const Field *fields = field->type == BINDS   ? bind_fields
			      : field->type == TREES ? tree_fields
						     : package_fields;

	if (structs->len == 0)
		return;
	kiln_json_begin_array(json, field->key);
	for (guint i = 0; i < structs->len; i++) {
		kiln_json_begin_object(json, NULL);
		emit_object(json, fields, structs->pdata[i]);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
}

static void emit_limits(KilnJson *json, const Field *field, gconstpointer limits)
{
	kiln_json_begin_object(json, field->key);
	emit_object(json, limit_fields, limits);
	kiln_json_end_object(json);
}

static void emit_field(KilnJson *json, const Field *field, gconstpointer member)
{
	switch (field->type) {
	case TEXT:
		if (*(char *const *)member)
			kiln_json_add_text(json, field->key, *(char *const *)member);
		break;
	case TEXTS:
		if (*(char **const *)member)
			kiln_json_add_texts(json, field->key, *(char **const *)member);
		break;
	case NUMBER:
		kiln_json_add_number(json, field->key, *(const gint64 *)member);
		break;
	case INTEGER:
		kiln_json_add_number(json, field->key, *(const int *)member);
		break;
	case BOOLEAN:
		kiln_json_add_boolean(json, field->key, *(const gboolean *)member);
		break;
	case LIMITS:
		emit_limits(json, field, member);
		break;
	case BINDS:
	case TREES:
	case PACKAGES:
		emit_structs(json, field, *(GPtrArray *const *)member);
		break;
	case KIND:
		kiln_json_add_text(json, field->key, kind_names[*(const KilnSandboxKind *)member]);
		break;
	case USER:
		kiln_json_add_text(json, field->key, user_names[*(const KilnSandboxUser *)member]);
		break;
	case LIMIT:
		kiln_json_add_text(json, field->key,
			kiln_sandbox_limit_name(*(const KilnSandboxLimit *)member));
		break;
	}
}

static void emit_object(KilnJson *json, const Field *fields, gconstpointer source)
{
	for (const Field *field = fields; field->key; field++)
		emit_field(json, field, (const char *)source + field->offset);
}

/* The first text below `fields` that is not UTF-8, as the key that holds it; NULL if all are. */
static const char *find_invalid(const Field *fields, gconstpointer source)
{
	for (const Field *field = fields; field->key; field++) {
		gconstpointer member = (const char *)source + field->offset;
		char *const *texts = field->type == TEXTS ? *(char **const *)member : NULL;
		const char *text = field->type == TEXT ? *(char *const *)member : NULL;
		if (text && !g_utf8_validate(text, -1, NULL))
			return field->key;
		for (; texts && *texts; texts++)
			if (!g_utf8_validate(*texts, -1, NULL))
				return field->key;
	}
	return NULL;
}

static const char *find_invalid_in(const Field *fields, const GPtrArray *structs)
{
	const char *key = NULL;

	for (guint i = 0; !key && i < structs->len; i++)
		key = find_invalid(fields, structs->pdata[i]);
	return key;
}

char *kiln_sandbox_request_emit(const KilnSandboxRequest *request, GError **error)
{
	g_autoptr(KilnJson) json = kiln_json_new();
	const char *invalid = find_invalid(request_fields, request);

	if (!invalid)
		invalid = find_invalid_in(bind_fields, request->binds);
	if (!invalid)
		invalid = find_invalid_in(tree_fields, request->trees);
	if (!invalid)
		invalid = find_invalid_in(package_fields, request->packages);
	if (invalid) {
		refuse(error, invalid, "is not UTF-8");
		return NULL;
	}
	kiln_json_begin_object(json, NULL);
	emit_object(json, request_fields, request);
	kiln_json_end_object(json);
	return kiln_json_to_text(json, FALSE);
}

char *kiln_sandbox_report_emit(const KilnSandboxReport *report, const GError *failure)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_object(json, NULL);
	if (failure) {
		kiln_json_add_number(json, "code", kiln_error_exit_status(failure));
		kiln_json_add_text(json, "failure", failure->message);
	} else {
		emit_object(json, report_fields, report);
	}
	kiln_json_end_object(json);
	return kiln_json_to_text(json, FALSE);
}

typedef struct {
	gint64 code;
	char *failure;
} Failure;

static const Field failure_fields[] = {
	{"code", NUMBER, G_STRUCT_OFFSET(Failure, code)},
	{"failure", TEXT, G_STRUCT_OFFSET(Failure, failure)},
	{NULL, 0, 0},
};

static gboolean take_failure(JsonObject *object, GError **ret_failure, GError **error)
{
	Failure failure = {0};
	gboolean good = parse_object(object, failure_fields, &failure, error) &&
			(failure.failure || refuse(error, "failure", "is missing"));
	gboolean known = failure.code > 0 && failure.code <= KILN_ERROR_SYSTEM;

	if (good)
		g_set_error(ret_failure, KILN_ERROR, known ? (int)failure.code : KILN_ERROR_FAILED,
			"%s", failure.failure);
	g_free(failure.failure);
	return good;
}

static gboolean parse_report(JsonObject *object, KilnSandboxReport *ret_report, GError **error)
{
	g_auto(KilnSandboxReport) report = {0};

	if (!object || !parse_object(object, report_fields, &report, error))
		return FALSE;
	*ret_report = report;
	report = (KilnSandboxReport){0};
	return TRUE;
}

gboolean kiln_sandbox_report_parse(
	const char *json, gsize size, KilnSandboxReport *ret_report, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new_immutable();
	g_autoptr(GError) malformed = NULL;
	JsonObject *object = load(parser, json, size, &malformed);

	if (object && json_object_has_member(object, "failure")) {
		if (take_failure(object, error, &malformed))
			return FALSE;
	} else if (parse_report(object, ret_report, &malformed)) {
		return TRUE;
	}
	g_set_error(error, KILN_ERROR, KILN_ERROR_FAILED, "report of kiln-root: %s",
		malformed->message);
	return FALSE;
}
