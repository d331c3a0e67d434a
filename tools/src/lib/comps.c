/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/comps.h"

#include "base/error.h"
#include "base/text.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include <string.h>

#define MAX_BYTES (1 << 20)
#define FAULT_MAX_BYTES 200

typedef struct {
	const char *filename;
	GPtrArray *packages;  /* KilnCompsPackage */
	GHashTable *groups;   /* ids of <group> */
	GHashTable *ids;      /* "group ID", "category ID" … */
	const char *owner;    /* what the id belongs to: "group" … */
	char *id;             /* of the element under way */
	GHashTable *members;  /* packages of the group under way */
	GHashTable *elements; /* those of which there is one in the element under way */
} Reader;

typedef gboolean (*Check)(Reader *reader, xmlNode *node, const char *text, GError **error);

/* What may stand in a group, category or environment. */
typedef struct {
	const char *name;
	const char *owners; /* the elements it may stand in, each followed by a space */
	Check check;
	gboolean is_text; /* also given in other languages */
} Element;

static void free_package(gpointer data)
{
	KilnCompsPackage *package = data;

	g_free(package->group);
	g_free(package->package);
	g_free(package);
}

G_GNUC_PRINTF(4, 5)
static gboolean refuse(
	GError **error, const Reader *reader, const xmlNode *node, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *fault = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (strlen(fault) > FAULT_MAX_BYTES)
		fault[FAULT_MAX_BYTES] = '\0'; /* a value of the file's that goes on and on */
	g_autofree char *line = kiln_text_printable(fault);
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "%s:%ld: %s", reader->filename,
		node ? xmlGetLineNo(node) : 1L, line);
	return FALSE;
}

static gboolean is_named(const xmlNode *node, const char *name)
{
	return strcmp((const char *)node->name, name) == 0;
}

static char *attribute(xmlNode *node, const char *name)
{
	xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
	char *copy = g_strdup((const char *)value);

	xmlFree(value);
	return copy;
}

/* Comments and white space between elements; anything else is said to be out of place. */
static gboolean is_element(
	const Reader *reader, const xmlNode *node, gboolean *ret_is_element, GError **error)
{
	*ret_is_element = node->type == XML_ELEMENT_NODE;
	if (*ret_is_element || node->type == XML_COMMENT_NODE || node->type == XML_PI_NODE ||
		xmlIsBlankNode(node))
		return TRUE;
	return refuse(error, reader, node, "there is text where elements belong");
}

/* ── values ── */

static gboolean check_plain(
	const Reader *reader, const xmlNode *node, const char *text, GError **error)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._+-";

	if (*text && text[strspn(text, allowed)] == '\0')
		return TRUE;
	return refuse(error, reader, node, "\"%s\" is no name for <%s>: letters, digits and ._+- only",
		text, (const char *)node->name);
}

static gboolean check_boolean(Reader *reader, xmlNode *node, const char *text, GError **error)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return TRUE;
	return refuse(error, reader, node, "<%s> is neither true nor false: \"%s\"",
		(const char *)node->name, text);
}

static gboolean check_number(Reader *reader, xmlNode *node, const char *text, GError **error)
{
	gsize length = strspn(text, "0123456789");

	if (length > 0 && length <= 9 && text[length] == '\0')
		return TRUE;
	return refuse(error, reader, node, "<%s> is no number: \"%s\"", (const char *)node->name, text);
}

static gboolean check_text(Reader *reader, xmlNode *node, const char *text, GError **error)
{
	return *text != '\0' || refuse(error, reader, node, "<%s> is empty", (const char *)node->name);
}

static gboolean check_id(Reader *reader, xmlNode *node, const char *text, GError **error)
{
	g_autofree char *key = g_strdup_printf("%s %s", reader->owner, text);

	if (!check_plain(reader, node, text, error))
		return FALSE;
	if (!g_hash_table_add(reader->ids, g_steal_pointer(&key)))
		return refuse(error, reader, node, "the %s \"%s\" stands here a second time",
			reader->owner, text);
	g_free(reader->id);
	reader->id = g_strdup(text);
	if (strcmp(reader->owner, "group") == 0)
		g_hash_table_add(reader->groups, g_strdup(text));
	return TRUE;
}

/* ── lists ── */

/* Calls `take` for each element below `node`, all of which must be called `name`. */
static gboolean each_entry(
	Reader *reader, xmlNode *node, const char *name, Check take, GError **error)
{
	gboolean is_entry;

	for (xmlNode *child = node->children; child; child = child->next) {
		if (!is_element(reader, child, &is_entry, error))
			return FALSE;
		if (!is_entry)
			continue;
		if (!is_named(child, name))
			return refuse(error, reader, child, "<%s> does not belong into <%s>",
				(const char *)child->name, (const char *)node->name);
		xmlChar *text = xmlNodeGetContent(child);
		gboolean taken = take(reader, child, (const char *)text, error);
		xmlFree(text);
		if (!taken)
			return FALSE;
	}
	return TRUE;
}

static gboolean check_type(Reader *reader, xmlNode *node, GError **error)
{
	static const char *const types[] = {
		"mandatory", "default", "optional", "conditional", NULL};
	g_autofree char *type = attribute(node, "type");
	g_autofree char *requires = attribute(node, "requires");

	if (type && !g_strv_contains(types, type))
		return refuse(error, reader, node,
			"the type \"%s\" is none of mandatory, default, optional, conditional: "
			"clients would leave the package out",
			type);
	if (g_strcmp0(type, "conditional") == 0 && (!requires || !*requires))
		return refuse(error, reader, node, "a conditional package needs requires=\"PACKAGE\"");
	return TRUE;
}

static gboolean take_package(Reader *reader, xmlNode *node, const char *text, GError **error)
{
	KilnCompsPackage *package;

	if (!check_plain(reader, node, text, error) || !check_type(reader, node, error))
		return FALSE;
	if (!g_hash_table_add(reader->members, g_strdup(text)))
		return refuse(error, reader, node,
			"the package \"%s\" stands in this group a second time", text);
	package = g_new0(KilnCompsPackage, 1);
	package->package = g_strdup(text);
	package->line = (guint)xmlGetLineNo(node);
	g_ptr_array_add(reader->packages, package);
	return TRUE;
}

static gboolean check_packages(Reader *reader, xmlNode *node, const char *text, GError **error)
{
	(void)text;
	return each_entry(reader, node, "packagereq", take_package, error);
}

/* An environment may be made of groups of the distribution; a category is of this file. */
static gboolean take_group(Reader *reader, xmlNode *node, const char *text, GError **error)
{
	if (!check_plain(reader, node, text, error))
		return FALSE;
	if (strcmp(reader->owner, "category") != 0 || g_hash_table_contains(reader->groups, text))
		return TRUE;
	return refuse(error, reader, node, "there is no group \"%s\" above", text);
}

static gboolean check_groups(Reader *reader, xmlNode *node, const char *text, GError **error)
{
	(void)text;
	return each_entry(reader, node, "groupid", take_group, error);
}

/* ── groups, categories, environments ── */

static const Element known[] = {
	{"id", "group category environment ", check_id, FALSE},
	{"name", "group category environment ", check_text, TRUE},
	{"description", "group category environment ", NULL, TRUE},
	{"display_order", "group category environment ", check_number, FALSE},
	{"default", "group ", check_boolean, FALSE},
	{"uservisible", "group ", check_boolean, FALSE},
	{"biarchonly", "group ", check_boolean, FALSE},
	{"langonly", "group ", check_text, FALSE},
	{"packagelist", "group ", check_packages, FALSE},
	{"grouplist", "category environment ", check_groups, FALSE},
	{"optionlist", "environment ", check_groups, FALSE},
};

static const Element *find_element(const char *owner, const xmlNode *node)
{
	g_autofree char *word = g_strdup_printf("%s ", owner);

	for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
		if (is_named(node, known[i].name) && strstr(known[i].owners, word))
			return &known[i];
	return NULL;
}

static gboolean take_element(Reader *reader, xmlNode *node, GError **error)
{
	const Element *element = find_element(reader->owner, node);
	g_autofree char *language = attribute(node, "lang");
	gboolean taken = TRUE;

	if (!element)
		return refuse(error, reader, node, "<%s> does not belong into <%s>",
			(const char *)node->name, reader->owner);
	if (!(language && element->is_text) &&
		!g_hash_table_add(reader->elements, (gpointer)element->name))
		return refuse(error, reader, node, "<%s> stands in this <%s> a second time",
			element->name, reader->owner);
	xmlChar *text = xmlNodeGetContent(node);
	if (element->check)
		taken = element->check(reader, node, (const char *)text, error);
	xmlFree(text);
	return taken;
}

/* The packages of a group that came before its <id> belong to it all the same. */
static void name_packages(Reader *reader, guint first)
{
	for (guint i = first; i < reader->packages->len; i++) {
		KilnCompsPackage *package = g_ptr_array_index(reader->packages, i);

		package->group = g_strdup(reader->id);
	}
}

static gboolean take_owner(Reader *reader, xmlNode *node, GError **error)
{
	guint first = reader->packages->len;
	gboolean is_one;

	reader->owner = (const char *)node->name;
	g_clear_pointer(&reader->id, g_free);
	g_hash_table_remove_all(reader->members);
	g_hash_table_remove_all(reader->elements);
	for (xmlNode *child = node->children; child; child = child->next)
		if (!is_element(reader, child, &is_one, error) ||
			(is_one && !take_element(reader, child, error)))
			return FALSE;
	if (!reader->id)
		return refuse(error, reader, node, "this <%s> has no <id>", reader->owner);
	if (!g_hash_table_contains(reader->elements, "name"))
		return refuse(error, reader, node, "the %s \"%s\" has no <name>", reader->owner, reader->id);
	name_packages(reader, first);
	return TRUE;
}

/* Entities could make a small file endless, and clients read them in different ways. */
static gboolean check_document(Reader *reader, const xmlDoc *document, GError **error)
{
	if (!document->intSubset || !document->intSubset->children)
		return TRUE;
	return refuse(error, reader, NULL, "it declares entities or elements of its own");
}

static gboolean take_root(Reader *reader, xmlNode *root, GError **error)
{
	gboolean is_one;

	if (!root || !is_named(root, "comps"))
		return refuse(error, reader, root, "the outermost element is not <comps>");
	for (xmlNode *child = root->children; child; child = child->next) {
		if (!is_element(reader, child, &is_one, error))
			return FALSE;
		if (!is_one || is_named(child, "langpacks"))
			continue;
		if (!is_named(child, "group") && !is_named(child, "category") &&
			!is_named(child, "environment"))
			return refuse(error, reader, child, "<%s> does not belong into <comps>",
				(const char *)child->name);
		if (!take_owner(reader, child, error))
			return FALSE;
	}
	if (g_hash_table_size(reader->groups) == 0)
		return refuse(error, reader, root, "it has no <group>");
	return TRUE;
}

static xmlDoc *read_document(const char *text, gsize size, const char *filename, GError **error)
{
	const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
			    XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES;
	const Reader place = {.filename = filename};
	xmlDoc *document;
	const xmlError *fault;

	if (size > MAX_BYTES) {
		refuse(error, &place, NULL, "it is larger than %d bytes", MAX_BYTES);
		return NULL;
	}
	xmlResetLastError();
	document = xmlReadMemory(text, (int)size, filename, NULL, options);
	if (document)
		return document;
	fault = xmlGetLastError();
	g_autofree char *reason =
		kiln_text_printable(fault && fault->message ? g_strchomp(fault->message) : "not XML");
	g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG, "%s:%d: %s", filename,
		fault && fault->line > 0 ? fault->line : 1, reason);
	return NULL;
}

GPtrArray *kiln_comps_parse(const char *text, gsize size, const char *filename, GError **error)
{
	g_autoptr(GPtrArray) packages = g_ptr_array_new_with_free_func(free_package);
	g_autoptr(GHashTable) groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) elements = g_hash_table_new(g_str_hash, g_str_equal);
	Reader reader = {.filename = filename,
		.packages = packages,
		.groups = groups,
		.ids = ids,
		.members = members,
		.elements = elements};
	xmlDoc *document = read_document(text, size, filename, error);

	if (!document)
		return NULL;
	gboolean taken = check_document(&reader, document, error) &&
			 take_root(&reader, xmlDocGetRootElement(document), error);
	xmlFreeDoc(document);
	g_free(reader.id);
	return taken ? g_steal_pointer(&packages) : NULL;
}
