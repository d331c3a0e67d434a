/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/repomd_xml.h"

#include "base/error.h"
#include "base/text.h"

#include <libxml/tree.h>
#include <libxml/xmlreader.h>
#include <string.h>

#define PARSE_OPTIONS (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_HUGE)

static char *take_text(xmlChar *text)
{
	char *copy = text ? g_strstrip(g_strdup((const char *)text)) : NULL;

	xmlFree(text);
	return copy;
}

static char *attribute(const xmlNode *node, const char *name)
{
	return take_text(xmlGetNoNsProp(node, (const xmlChar *)name));
}

static char *base_of(const xmlNode *node)
{
	return take_text(xmlGetNsProp(node, (const xmlChar *)"base", XML_XML_NAMESPACE));
}

static gboolean is_element(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, name);
}

/* What stands twice counts as its last, as for the clients. */
static void set_text(char **field, char *text)
{
	g_free(*field);
	*field = text;
}

static void set_content(char **field, const xmlNode *node)
{
	set_text(field, take_text(xmlNodeGetContent(node)));
}

static void set_checksum(KilnXmlChecksum *checksum, const xmlNode *node)
{
	set_text(&checksum->type, attribute(node, "type"));
	set_content(&checksum->value, node);
}

static void clear_checksum(KilnXmlChecksum *checksum)
{
	g_free(checksum->type);
	g_free(checksum->value);
}

/* ── one element each ── */

static void free_record(gpointer data)
{
	KilnRepomdRecord *record = data;

	g_free(record->type);
	g_free(record->location);
	g_free(record->base);
	clear_checksum(&record->checksum);
	clear_checksum(&record->open_checksum);
	g_free(record->timestamp);
	g_free(record->size);
	g_free(record->open_size);
	g_free(record);
}

static void read_record(const xmlNode *node, gpointer data)
{
	KilnRepomdRecord *record = data;

	record->type = attribute(node, "type");
	for (const xmlNode *child = node->children; child; child = child->next) {
		if (is_element(child, "location")) {
			set_text(&record->location, attribute(child, "href"));
			set_text(&record->base, base_of(child));
		} else if (is_element(child, "checksum")) {
			set_checksum(&record->checksum, child);
		} else if (is_element(child, "open-checksum")) {
			set_checksum(&record->open_checksum, child);
		} else if (is_element(child, "timestamp")) {
			set_content(&record->timestamp, child);
		} else if (is_element(child, "size")) {
			set_content(&record->size, child);
		} else if (is_element(child, "open-size")) {
			set_content(&record->open_size, child);
		}
	}
}

static void free_package(gpointer data)
{
	KilnXmlPackage *package = data;

	g_free(package->name);
	g_free(package->arch);
	g_free(package->epoch);
	g_free(package->version);
	g_free(package->release);
	g_free(package->location);
	g_free(package->base);
	clear_checksum(&package->checksum);
	g_free(package->size);
	g_free(package);
}

static void read_version(const xmlNode *node, KilnXmlPackage *package)
{
	set_text(&package->epoch, attribute(node, "epoch"));
	set_text(&package->version, attribute(node, "ver"));
	set_text(&package->release, attribute(node, "rel"));
}

static void read_package(const xmlNode *node, gpointer data)
{
	KilnXmlPackage *package = data;

	for (const xmlNode *child = node->children; child; child = child->next) {
		if (is_element(child, "name")) {
			set_content(&package->name, child);
		} else if (is_element(child, "arch")) {
			set_content(&package->arch, child);
		} else if (is_element(child, "version")) {
			read_version(child, package);
		} else if (is_element(child, "location")) {
			set_text(&package->location, attribute(child, "href"));
			set_text(&package->base, base_of(child));
		} else if (is_element(child, "checksum")) {
			set_checksum(&package->checksum, child);
		} else if (is_element(child, "size")) {
			set_text(&package->size, attribute(child, "package"));
		}
	}
}

/* <package pkgid="…" name="…" arch="…"><version …/> */
static void read_details(const xmlNode *node, gpointer data)
{
	KilnXmlPackage *package = data;

	package->checksum.value = attribute(node, "pkgid");
	package->name = attribute(node, "name");
	package->arch = attribute(node, "arch");
	for (const xmlNode *child = node->children; child; child = child->next)
		if (is_element(child, "version"))
			read_version(child, package);
}

static void read_nothing(const xmlNode *node, gpointer data)
{
	(void)node;
	(void)data;
}

/* ── documents ── */

/* What to read: a root element with many of one kind below it. */
typedef struct {
	const char *root, *element;
	gsize size;
	void (*read)(const xmlNode *node, gpointer item);
	GDestroyNotify free;
} Kind;

static const Kind index_kind = {"repomd", "data", sizeof(KilnRepomdRecord), read_record, free_record};
static const Kind primary_kind = {"metadata", "package", sizeof(KilnXmlPackage), read_package, free_package};
static const Kind comps_kind = {"comps", "group", 1, read_nothing, g_free};

typedef struct {
	const Kind *kind;
	const char *filename;
	xmlTextReader *reader;
	GPtrArray *items;
} Parser;

static int refuse(const Parser *parser, GError **error, const char *fault)
{
	g_autofree char *printable = kiln_text_printable(fault);

	g_set_error(error, KILN_ERROR, KILN_ERROR_VERIFY, "%s:%d: %s", parser->filename,
		MAX(1, parser->reader ? xmlTextReaderGetParserLineNumber(parser->reader) : 1), printable);
	return -1;
}

/* Why the XML library stopped. */
static int refuse_xml(const Parser *parser, GError **error)
{
	const xmlError *cause = xmlGetLastError();
	g_autofree char *text = g_strdup(cause && cause->message ? cause->message : "is no XML");

	return refuse(parser, error, g_strstrip(text));
}

/* Reads what the reader stands at and moves on: 1, at the end 0, on an error -1. */
static int read_node(const Parser *parser, GError **error)
{
	xmlTextReader *reader = parser->reader;
	gboolean is_start = xmlTextReaderNodeType(reader) == XML_READER_TYPE_ELEMENT;
	const char *name = (const char *)xmlTextReaderConstLocalName(reader);
	int depth = xmlTextReaderDepth(reader);
	int result;

	if (is_start && depth == 0 && !g_str_equal(name, parser->kind->root))
		return refuse(parser, error, "is another kind of XML");
	if (is_start && depth == 1 && g_str_equal(name, parser->kind->element)) {
		const xmlNode *node = xmlTextReaderExpand(reader);
		gpointer item = g_malloc0(parser->kind->size);
		g_ptr_array_add(parser->items, item);
		if (!node)
			return refuse_xml(parser, error);
		parser->kind->read(node, item);
		result = xmlTextReaderNext(reader);
	} else {
		result = xmlTextReaderRead(reader);
	}
	return result < 0 ? refuse_xml(parser, error) : result;
}

static GPtrArray *parse(
	const Kind *kind, const char *text, gsize size, const char *filename, GError **error)
{
	Parser parser = {kind, filename, NULL, NULL};
	int result = -1;

	xmlResetLastError();
	parser.items = g_ptr_array_new_with_free_func(kind->free);
	if (size > G_MAXINT)
		refuse(&parser, error, "is larger than 2 GiB");
	else
		parser.reader = xmlReaderForMemory(text, (int)size, filename, NULL, PARSE_OPTIONS);
	if (parser.reader) {
		result = xmlTextReaderRead(parser.reader);
		if (result != 1)
			refuse_xml(&parser, error);
		while (result == 1)
			result = read_node(&parser, error);
	} else if (size <= G_MAXINT) {
		refuse_xml(&parser, error);
	}
	xmlFreeTextReader(parser.reader);
	if (result == 0)
		return parser.items;
	g_ptr_array_unref(parser.items);
	return NULL;
}

GPtrArray *kiln_repomd_xml_parse(const char *text, gsize size, const char *filename, GError **error)
{
	return parse(&index_kind, text, size, filename, error);
}

GPtrArray *kiln_primary_xml_parse(const char *text, gsize size, const char *filename, GError **error)
{
	return parse(&primary_kind, text, size, filename, error);
}

GPtrArray *kiln_details_xml_parse(
	const char *text, gsize size, const char *root, const char *filename, GError **error)
{
	const Kind kind = {root, "package", sizeof(KilnXmlPackage), read_details, free_package};

	return parse(&kind, text, size, filename, error);
}

gboolean kiln_comps_xml_check(const char *text, gsize size, const char *filename, GError **error)
{
	g_autoptr(GPtrArray) groups = parse(&comps_kind, text, size, filename, error);

	return groups != NULL;
}

GPtrArray *kiln_xml_packages_new(void)
{
	return g_ptr_array_new_with_free_func(free_package);
}
