/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/spec_json.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "format/json.h"

#define FORMAT_VERSION 1
#define MAX_DEPTH 8
#define MAX_ITEMS 20000
#define MAX_TEXT_BYTES (16 * 1024)
#define MAX_NAME_BYTES 200

static const char *const evaluators[] = {
	[KILN_SPEC_EVALUATOR_HOST] = "host",
	[KILN_SPEC_EVALUATOR_TARGET] = "target",
};

/* What a text may hold. All but RULE_LINE become parts of file names. */
typedef enum { RULE_LINE, RULE_NAME, RULE_VERSION, RULE_ARCH, RULE_FILENAME } Rule;

/* One object being read. The first fault sticks in `error`, later reads give empty values. */
typedef struct {
	JsonObject *object;
	guint taken; /* members read, so that unknown ones show */
	GError **error;
	gboolean failed;
} Reader;

G_GNUC_PRINTF(2, 3)
static void refuse(Reader *reader, const char *format, ...)
{
	va_list arguments;

	if (reader->failed)
		return;
	reader->failed = TRUE;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(reader->error, KILN_ERROR, KILN_ERROR_CONFIG, "evaluated spec: %s", text);
}

static gboolean only_holds(const char *text, const char *allowed)
{
	for (; *text; text++) {
		if (!g_ascii_isalnum(*text) && !strchr(allowed, *text))
			return FALSE;
	}
	return TRUE;
}

static gboolean has_control(const char *text)
{
	for (; *text; text = g_utf8_next_char(text)) {
		if (g_unichar_iscntrl(g_utf8_get_char(text)))
			return TRUE;
	}
	return FALSE;
}

static gboolean obeys(const char *text, Rule rule)
{
	gsize length = strlen(text);

	if (rule == RULE_LINE)
		return length <= MAX_TEXT_BYTES && !has_control(text);
	if (length == 0 || length > MAX_NAME_BYTES || has_control(text))
		return FALSE;
	switch (rule) {
	case RULE_LINE:
		return TRUE;
	case RULE_NAME:
		return (g_ascii_isalnum(text[0]) || text[0] == '_') && only_holds(text, "-._+");
	case RULE_VERSION:
		return g_ascii_isalnum(text[0]) && only_holds(text, "._+~^");
	case RULE_ARCH:
		return g_ascii_isalnum(text[0]) && only_holds(text, "_");
	case RULE_FILENAME:
		return text[0] != '.' && !strchr(text, '/');
	}
	return FALSE;
}

/* The member's node, or NULL (a fault when it is not `optional`). JSON null is no value. */
static JsonNode *take(Reader *reader, const char *member, GType type, gboolean optional)
{
	JsonNode *node = reader->failed ? NULL : json_object_get_member(reader->object, member);

	if (!node) {
		if (!optional)
			refuse(reader, "\"%s\" is missing", member);
		return NULL;
	}
	reader->taken++;
	if (JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type)
		return node;
	refuse(reader, "\"%s\" has the wrong type", member);
	return NULL;
}

static char *check_text(Reader *reader, const char *member, JsonNode *node, Rule rule)
{
	const char *text = json_node_get_string(node);

	if (obeys(text, rule))
		return g_strdup(text);
	g_autofree char *shown = g_strndup(text, 80);
	g_autofree char *printable = kiln_text_printable(shown);
	refuse(reader, "\"%s\" cannot be \"%s\"", member, printable);
	return NULL;
}

static char *read_text(Reader *reader, const char *member, Rule rule)
{
	JsonNode *node = take(reader, member, G_TYPE_STRING, FALSE);

	return node ? check_text(reader, member, node, rule) : NULL;
}

static char *read_optional_text(Reader *reader, const char *member)
{
	JsonNode *node = take(reader, member, G_TYPE_STRING, TRUE);

	return node ? check_text(reader, member, node, RULE_LINE) : NULL;
}

static gint64 read_number(Reader *reader, const char *member, gint64 maximum)
{
	JsonNode *node = take(reader, member, G_TYPE_INT64, FALSE);
	gint64 number = node ? json_node_get_int(node) : 0;

	if (number >= 0 && number <= maximum)
		return number;
	refuse(reader, "\"%s\" is out of range", member);
	return 0;
}

static gboolean read_boolean(Reader *reader, const char *member)
{
	JsonNode *node = take(reader, member, G_TYPE_BOOLEAN, FALSE);

	return node && json_node_get_boolean(node);
}

static JsonArray *read_array(Reader *reader, const char *member)
{
	JsonNode *node = reader->failed ? NULL : json_object_get_member(reader->object, member);

	if (!node || !JSON_NODE_HOLDS_ARRAY(node)) {
		refuse(reader, "\"%s\" is not a list", member);
		return NULL;
	}
	reader->taken++;
	JsonArray *array = json_node_get_array(node);
	if (json_array_get_length(array) <= MAX_ITEMS)
		return array;
	refuse(reader, "\"%s\" has more than %d items", member, MAX_ITEMS);
	return NULL;
}

static void read_texts(Reader *reader, const char *member, GPtrArray *texts)
{
	JsonArray *array = read_array(reader, member);

	for (guint i = 0; array && !reader->failed && i < json_array_get_length(array); i++) {
		JsonNode *node = json_array_get_element(array, i);
		if (!JSON_NODE_HOLDS_VALUE(node) ||
			json_node_get_value_type(node) != G_TYPE_STRING) {
			refuse(reader, "\"%s\" holds something else than texts", member);
			return;
		}
		char *text = check_text(reader, member, node, RULE_LINE);
		if (text)
			g_ptr_array_add(texts, text);
	}
}

static void read_dependencies(Reader *reader, const char *member, GPtrArray *texts)
{
	read_texts(reader, member, texts);
	kiln_spec_sort_unique(texts);
}

static void refuse_unknown(Reader *reader)
{
	if (!reader->failed && reader->taken != json_object_get_size(reader->object))
		refuse(reader, "there is an unknown member");
}

/* Reads one item of a list; the result is owned by the list. */
typedef gpointer (*ReadItem)(Reader *reader);

static void read_objects(Reader *reader, const char *member, ReadItem read_item, GPtrArray *items)
{
	JsonArray *array = read_array(reader, member);

	for (guint i = 0; array && !reader->failed && i < json_array_get_length(array); i++) {
		JsonNode *node = json_array_get_element(array, i);
		if (!JSON_NODE_HOLDS_OBJECT(node)) {
			refuse(reader, "\"%s\" holds something else than objects", member);
			return;
		}
		Reader item = {json_node_get_object(node), 0, reader->error, FALSE};
		g_ptr_array_add(items, read_item(&item));
		refuse_unknown(&item);
		reader->failed = item.failed;
	}
}

static gpointer read_source(Reader *reader)
{
	guint number = (guint)read_number(reader, "number", G_MAXINT32);
	g_autofree char *value = read_text(reader, "value", RULE_LINE);
	g_autofree char *filename = read_text(reader, "filename", RULE_FILENAME);
	gboolean is_withheld = read_boolean(reader, "withheld");
	KilnSpecSource *source = kiln_spec_source_new(number, value ? value : "", is_withheld);

	if (!reader->failed && strcmp(source->filename, filename) != 0)
		refuse(reader, "\"filename\" is not that of \"value\"");
	return source;
}

static gpointer read_diagnostic(Reader *reader)
{
	gboolean is_error = read_boolean(reader, "error");
	g_autofree char *file = read_optional_text(reader, "file");
	guint line = (guint)read_number(reader, "line", G_MAXINT32);
	g_autofree char *text = read_text(reader, "text", RULE_LINE);

	return kiln_spec_diagnostic_new(is_error, file, line, text ? text : "");
}

static gpointer read_package(Reader *reader)
{
	KilnSpecPackage *package = kiln_spec_package_new();

	package->name = read_text(reader, "name", RULE_NAME);
	package->epoch = (guint32)read_number(reader, "epoch", G_MAXUINT32);
	package->version = read_text(reader, "version", RULE_VERSION);
	package->release = read_text(reader, "release", RULE_VERSION);
	package->arch = read_text(reader, "arch", RULE_ARCH);
	package->summary = read_text(reader, "summary", RULE_LINE);
	package->license = read_text(reader, "license", RULE_LINE);
	package->group = read_optional_text(reader, "group");
	package->is_built = read_boolean(reader, "built");
	read_dependencies(reader, "provides", package->provides);
	read_dependencies(reader, "requires", package->requires);
	read_dependencies(reader, "conflicts", package->conflicts);
	read_dependencies(reader, "obsoletes", package->obsoletes);
	read_dependencies(reader, "recommends", package->recommends);
	read_dependencies(reader, "suggests", package->suggests);
	read_dependencies(reader, "supplements", package->supplements);
	read_dependencies(reader, "enhances", package->enhances);
	return package;
}

static void read_evaluator(Reader *reader, KilnSpec *spec)
{
	g_autofree char *name = read_text(reader, "evaluator", RULE_LINE);

	for (guint i = 0; name && i < G_N_ELEMENTS(evaluators); i++) {
		if (strcmp(evaluators[i], name) == 0) {
			spec->evaluator = (KilnSpecEvaluator)i;
			return;
		}
	}
	refuse(reader, "\"%s\" is no evaluator", name ? name : "");
}

static void read_failure(Reader *reader, KilnSpec *spec)
{
	JsonNode *node = json_object_get_member(reader->object, "failure");

	if (!JSON_NODE_HOLDS_OBJECT(node)) {
		refuse(reader, "\"failure\" is not an object");
		return;
	}
	Reader item = {json_node_get_object(node), 0, reader->error, reader->failed};
	reader->taken++;
	spec->failure = read_diagnostic(&item);
	refuse_unknown(&item);
	reader->failed = item.failed;
}

static void read_evaluated(Reader *reader, KilnSpec *spec)
{
	spec->name = read_text(reader, "name", RULE_NAME);
	spec->epoch = (guint32)read_number(reader, "epoch", G_MAXUINT32);
	spec->version = read_text(reader, "version", RULE_VERSION);
	spec->release = read_text(reader, "release", RULE_VERSION);
	spec->arch = read_text(reader, "arch", RULE_ARCH);
	spec->summary = read_text(reader, "summary", RULE_LINE);
	spec->license = read_text(reader, "license", RULE_LINE);
	spec->url = read_optional_text(reader, "url");
	spec->dist = read_text(reader, "dist", RULE_LINE);
	spec->changelog_time = read_number(reader, "changelog_time", G_MAXUINT32);
	spec->has_generate_buildrequires = read_boolean(reader, "generate_buildrequires");
	spec->has_check = read_boolean(reader, "check");
	read_texts(reader, "build_archs", spec->build_archs);
	read_texts(reader, "exclusive_archs", spec->exclusive_archs);
	read_texts(reader, "exclude_archs", spec->exclude_archs);
	read_dependencies(reader, "build_requires", spec->build_requires);
	read_dependencies(reader, "build_conflicts", spec->build_conflicts);
	read_objects(reader, "sources", read_source, spec->sources);
	read_objects(reader, "patches", read_source, spec->patches);
	read_objects(reader, "packages", read_package, spec->packages);
	kiln_spec_sort_sources(spec->sources);
	kiln_spec_sort_sources(spec->patches);
}

/* Derived members are told for readers of the JSON; here they must only agree. */
static void check_source_nevra(Reader *reader, const KilnSpec *spec)
{
	g_autofree char *told = read_text(reader, "source_nevra", RULE_LINE);
	g_autofree char *derived = reader->failed ? NULL : kiln_spec_source_nevra(spec);

	if (derived && strcmp(told, derived) != 0)
		refuse(reader, "\"source_nevra\" is not that of the spec");
}

static KilnSpec *read_spec(JsonObject *object, GError **error)
{
	g_autoptr(KilnSpec) spec = kiln_spec_new();
	Reader reader = {object, 0, error, FALSE};

	if (read_number(&reader, "format", G_MAXINT32) != FORMAT_VERSION)
		refuse(&reader, "it has another format than %d", FORMAT_VERSION);
	read_evaluator(&reader, spec);
	spec->evaluator_version = read_text(&reader, "evaluator_version", RULE_LINE);
	read_objects(&reader, "diagnostics", read_diagnostic, spec->diagnostics);
	if (json_object_has_member(object, "failure")) {
		read_failure(&reader, spec);
	} else {
		read_evaluated(&reader, spec);
		check_source_nevra(&reader, spec);
	}
	refuse_unknown(&reader);
	return reader.failed ? NULL : g_steal_pointer(&spec);
}

/* json-glib descends recursively: deep nesting would overrun the stack. */
static gboolean is_shallow(const char *text, gsize size)
{
	gboolean in_text = FALSE;
	guint depth = 0;

	for (gsize i = 0; i < size; i++) {
		if (in_text && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_text = !in_text;
		else if (!in_text && (text[i] == '[' || text[i] == '{') && ++depth > MAX_DEPTH)
			return FALSE;
		else if (!in_text && (text[i] == ']' || text[i] == '}') && depth > 0)
			depth--;
	}
	return TRUE;
}

/* json-glib takes comments and single quotes; what we write has none, so what we read need not. */
static gboolean is_plain(const char *text, gsize size)
{
	return !memchr(text, '\0', size) && g_utf8_validate(text, (gssize)size, NULL) &&
	       is_shallow(text, size);
}

KilnSpec *kiln_spec_json_parse(const char *text, gsize size, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new_immutable();
	g_autoptr(GError) fault = NULL;

	if (size == 0 || size > KILN_SPEC_JSON_MAX_BYTES || !is_plain(text, size)) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"evaluated spec: %" G_GSIZE_FORMAT " bytes that are no such document",
			size);
		return NULL;
	}
	if (!json_parser_load_from_data(parser, text, (gssize)size, &fault)) {
		g_autofree char *printable = kiln_text_printable(fault->message);
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "evaluated spec: %s", printable);
		return NULL;
	}
	JsonNode *root = json_parser_get_root(parser);
	if (root && JSON_NODE_HOLDS_OBJECT(root))
		return read_spec(json_node_get_object(root), error);
	g_set_error_literal(error, KILN_ERROR, KILN_ERROR_CONFIG, "evaluated spec: not an object");
	return NULL;
}

static void emit_text(KilnJson *json, const char *key, const char *text)
{
	g_autofree char *printable = kiln_text_printable(text);

	kiln_json_add_text(json, key, printable);
}

static void emit_optional_text(KilnJson *json, const char *key, const char *text)
{
	if (text)
		emit_text(json, key, text);
}

static void emit_texts(KilnJson *json, const char *key, const GPtrArray *texts)
{
	kiln_json_begin_array(json, key);
	for (guint i = 0; i < texts->len; i++)
		emit_text(json, NULL, g_ptr_array_index(texts, i));
	kiln_json_end_array(json);
}

static void emit_sources(KilnJson *json, const char *key, const GPtrArray *sources)
{
	kiln_json_begin_array(json, key);
	for (guint i = 0; i < sources->len; i++) {
		const KilnSpecSource *source = g_ptr_array_index(sources, i);
		kiln_json_begin_object(json, NULL);
		kiln_json_add_number(json, "number", source->number);
		emit_text(json, "value", source->value);
		emit_text(json, "filename", source->filename);
		kiln_json_add_boolean(json, "withheld", source->is_withheld);
		kiln_json_end_object(json);
	}
	kiln_json_end_array(json);
}

static void emit_diagnostic(KilnJson *json, const char *key, const KilnSpecDiagnostic *diagnostic)
{
	kiln_json_begin_object(json, key);
	kiln_json_add_boolean(json, "error", diagnostic->is_error);
	emit_optional_text(json, "file", diagnostic->file);
	kiln_json_add_number(json, "line", diagnostic->line);
	emit_text(json, "text", diagnostic->text);
	kiln_json_end_object(json);
}

static void emit_package(KilnJson *json, const KilnSpecPackage *package)
{
	kiln_json_begin_object(json, NULL);
	emit_text(json, "name", package->name);
	kiln_json_add_number(json, "epoch", package->epoch);
	emit_text(json, "version", package->version);
	emit_text(json, "release", package->release);
	emit_text(json, "arch", package->arch);
	emit_text(json, "summary", package->summary);
	emit_text(json, "license", package->license);
	emit_optional_text(json, "group", package->group);
	kiln_json_add_boolean(json, "built", package->is_built);
	emit_texts(json, "provides", package->provides);
	emit_texts(json, "requires", package->requires);
	emit_texts(json, "conflicts", package->conflicts);
	emit_texts(json, "obsoletes", package->obsoletes);
	emit_texts(json, "recommends", package->recommends);
	emit_texts(json, "suggests", package->suggests);
	emit_texts(json, "supplements", package->supplements);
	emit_texts(json, "enhances", package->enhances);
	kiln_json_end_object(json);
}

static void emit_evaluated(KilnJson *json, const KilnSpec *spec)
{
	g_autofree char *nevra = kiln_spec_source_nevra(spec);

	emit_text(json, "source_nevra", nevra);
	emit_text(json, "name", spec->name);
	kiln_json_add_number(json, "epoch", spec->epoch);
	emit_text(json, "version", spec->version);
	emit_text(json, "release", spec->release);
	emit_text(json, "arch", spec->arch);
	emit_text(json, "summary", spec->summary);
	emit_text(json, "license", spec->license);
	emit_optional_text(json, "url", spec->url);
	emit_text(json, "dist", spec->dist);
	kiln_json_add_number(json, "changelog_time", spec->changelog_time);
	kiln_json_add_boolean(json, "generate_buildrequires", spec->has_generate_buildrequires);
	kiln_json_add_boolean(json, "check", spec->has_check);
	emit_texts(json, "build_archs", spec->build_archs);
	emit_texts(json, "exclusive_archs", spec->exclusive_archs);
	emit_texts(json, "exclude_archs", spec->exclude_archs);
	emit_texts(json, "build_requires", spec->build_requires);
	emit_texts(json, "build_conflicts", spec->build_conflicts);
	emit_sources(json, "sources", spec->sources);
	emit_sources(json, "patches", spec->patches);
	kiln_json_begin_array(json, "packages");
	for (guint i = 0; i < spec->packages->len; i++)
		emit_package(json, g_ptr_array_index(spec->packages, i));
	kiln_json_end_array(json);
}

char *kiln_spec_json_emit(const KilnSpec *spec)
{
	g_autoptr(KilnJson) json = kiln_json_new();

	kiln_json_begin_object(json, NULL);
	kiln_json_add_number(json, "format", FORMAT_VERSION);
	emit_text(json, "evaluator", evaluators[spec->evaluator]);
	emit_text(json, "evaluator_version", spec->evaluator_version);
	if (spec->failure)
		emit_diagnostic(json, "failure", spec->failure);
	else
		emit_evaluated(json, spec);
	kiln_json_begin_array(json, "diagnostics");
	for (guint i = 0; i < spec->diagnostics->len; i++)
		emit_diagnostic(json, NULL, g_ptr_array_index(spec->diagnostics, i));
	kiln_json_end_array(json);
	kiln_json_end_object(json);
	return kiln_json_to_text(json, TRUE);
}
