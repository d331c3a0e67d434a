/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever is taken as repomd.xml or primary.xml reads the same when written out plainly; no text is both; every
 * refusal names the place in one line.
 */
#include "lib/repomd_xml.h"

#include <stdint.h>
#include <string.h>

static void check(gboolean condition, const char *what)
{
	if (!condition)
		g_error("%s", what);
}

static void check_refusal(const GPtrArray *result, const GError *error)
{
	check((result == NULL) == (error != NULL), "neither a result nor an error");
	check(!error || g_str_has_prefix(error->message, "file:"), "an error without a place");
	check(!error || !strchr(error->message, '\n'), "an error of several lines");
}

static void emit_element(GString *text, const char *name, const char *content)
{
	g_autofree char *escaped = content ? g_markup_escape_text(content, -1) : NULL;

	if (escaped)
		g_string_append_printf(text, "<%s>%s</%s>", name, escaped, name);
}

static void emit_checksum(GString *text, const char *name, const KilnXmlChecksum *checksum)
{
	g_autofree char *type = checksum->type ? g_markup_printf_escaped(" type=\"%s\"", checksum->type) : g_strdup("");
	g_autofree char *value = checksum->value ? g_markup_escape_text(checksum->value, -1) : NULL;

	if (value)
		g_string_append_printf(text, "<%s%s>%s</%s>", name, type, value, name);
}

static char *emit(const GPtrArray *records)
{
	GString *text = g_string_new("<repomd>");

	for (guint i = 0; i < records->len; i++) {
		const KilnRepomdRecord *record = g_ptr_array_index(records, i);
		g_autofree char *type = record->type ? g_markup_printf_escaped(" type=\"%s\"", record->type) : g_strdup("");
		g_autofree char *location =
			record->location ? g_markup_printf_escaped("<location href=\"%s\"/>", record->location) : g_strdup("");

		g_string_append_printf(text, "<data%s>%s", type, location);
		emit_checksum(text, "checksum", &record->checksum);
		emit_checksum(text, "open-checksum", &record->open_checksum);
		emit_element(text, "timestamp", record->timestamp);
		emit_element(text, "size", record->size);
		emit_element(text, "open-size", record->open_size);
		g_string_append(text, "</data>");
	}
	g_string_append(text, "</repomd>");
	return g_string_free(text, FALSE);
}

static void check_same(const KilnRepomdRecord *one, const KilnRepomdRecord *two)
{
	check(g_strcmp0(one->type, two->type) == 0, "a type changed");
	check(g_strcmp0(one->location, two->location) == 0, "a location changed");
	check(g_strcmp0(one->checksum.type, two->checksum.type) == 0, "a kind of checksum changed");
	check(g_strcmp0(one->checksum.value, two->checksum.value) == 0, "a checksum changed");
	check(g_strcmp0(one->timestamp, two->timestamp) == 0, "a timestamp changed");
	check(g_strcmp0(one->open_size, two->open_size) == 0, "a size changed");
}

/* GLib escapes control characters that XML 1.0 cannot hold. */
static gboolean is_xml_text(const char *text)
{
	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		gunichar character = g_utf8_get_char(at);
		if (character < 0x20 || (character >= 0x7f && character < 0xa0) || character > 0xfffd)
			return FALSE;
	}
	return TRUE;
}

static void check_records(const GPtrArray *records)
{
	g_autofree char *text = emit(records);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) again = NULL;

	if (!is_xml_text(text))
		return;
	again = kiln_repomd_xml_parse(text, strlen(text), "again", &error);
	check(again != NULL, error ? error->message : "");
	check(again->len == records->len, "the number of records changed");
	for (guint i = 0; i < records->len; i++)
		check_same(g_ptr_array_index(records, i), g_ptr_array_index(again, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL, other = NULL;
	g_autoptr(GPtrArray) records = kiln_repomd_xml_parse((const char *)data, size, "file", &error);
	g_autoptr(GPtrArray) packages = kiln_primary_xml_parse((const char *)data, size, "file", &other);

	check_refusal(records, error);
	check_refusal(packages, other);
	check(!records || !packages, "one text is both");
	if (records)
		check_records(records);
	return 0;
}
