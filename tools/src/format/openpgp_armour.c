/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/openpgp_armour.h"

#include <string.h>

#define BEGIN "-----BEGIN PGP "
#define END "-----END PGP "
#define PUBLIC_KEY BEGIN "PUBLIC KEY BLOCK-----"

/* The lines of a text, one at a time, without what ends them. */
typedef struct {
	const char *at, *end;
	const char *line;
	gsize length;
} Lines;

static gboolean next_line(Lines *lines)
{
	const char *newline;

	if (lines->at == lines->end)
		return FALSE;
	newline = memchr(lines->at, '\n', (gsize)(lines->end - lines->at));
	lines->line = lines->at;
	lines->length = (gsize)((newline ? newline : lines->end) - lines->at);
	lines->at = newline ? newline + 1 : lines->end;
	while (lines->length > 0 && g_ascii_isspace(lines->line[lines->length - 1]))
		lines->length--;
	return TRUE;
}

static gboolean line_starts(const Lines *lines, const char *prefix)
{
	gsize length = strlen(prefix);

	return lines->length >= length && memcmp(lines->line, prefix, length) == 0;
}

/* CRC-24 of RFC 4880, 6.1. */
static guint32 checksum(const guint8 *bytes, gsize size)
{
	guint32 crc = 0xb704ce;

	for (gsize i = 0; i < size; i++) {
		crc ^= (guint32)bytes[i] << 16;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x800000 ? (crc << 1) ^ 0x1864cfb : crc << 1;
	}
	return crc & 0xffffff;
}

static gboolean is_base64(const char *line, gsize length)
{
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isalnum(line[i]) && line[i] != '+' && line[i] != '/' && line[i] != '=')
			return FALSE;
	return TRUE;
}

/* "=XXXX" over what came before it. */
static gboolean checksum_fits(const Lines *lines, const GByteArray *packets, guint start)
{
	g_autofree char *digits = g_strndup(lines->line + 1, lines->length - 1);
	gsize size = 0;
	g_autofree guchar *bytes = g_base64_decode(digits, &size);
	/* Nothing came before it, in the first block there is no array yet. */
	const guint8 *content = packets->len > start ? packets->data + start : NULL;

	return size == 3 &&
		((guint32)bytes[0] << 16 | (guint32)bytes[1] << 8 | bytes[2]) ==
			checksum(content, packets->len - start);
}

static void decode(const GString *text, GByteArray *packets)
{
	gsize size = 0;
	g_autofree guchar *bytes = g_base64_decode(text->str, &size);

	g_byte_array_append(packets, bytes, (guint)size);
}

/* What follows the blank line: base64, the checksum, the end. `start` is where the block's packets begin. */
static gboolean read_body(Lines *lines, GByteArray *packets, gboolean *ret_has_checksum, const char **ret_fault)
{
	g_autoptr(GString) text = g_string_new(NULL);
	guint start = packets->len;

	while (next_line(lines) && !line_starts(lines, END) && !(lines->length == 5 && *lines->line == '=')) {
		if (!is_base64(lines->line, lines->length)) {
			*ret_fault = "its armour holds a line that is no base64";
			return FALSE;
		}
		g_string_append_len(text, lines->line, (gssize)lines->length);
	}
	decode(text, packets);
	*ret_has_checksum = lines->length == 5 && *lines->line == '=';
	if (*ret_has_checksum && !checksum_fits(lines, packets, start)) {
		*ret_fault = "its armour's checksum does not fit: it is damaged";
		return FALSE;
	}
	while (!line_starts(lines, END))
		if (!next_line(lines)) {
			*ret_fault = "its armour has no end: it is cut off";
			return FALSE;
		}
	return TRUE;
}

gboolean kiln_openpgp_read_armour(const char *text, gsize size, KilnPgpArmour *ret_armour, GByteArray *packets,
	const char **ret_fault)
{
	Lines lines = {.at = text, .end = text + size};
	KilnPgpArmour armour = {.is_public_key = TRUE, .has_checksum = TRUE};
	gboolean has_checksum;

	while (next_line(&lines)) {
		if (!line_starts(&lines, BEGIN))
			continue;
		armour.is_public_key = armour.is_public_key && line_starts(&lines, PUBLIC_KEY);
		/* Headers end at a blank line. */
		while (next_line(&lines) && lines.length > 0)
			continue;
		if (!read_body(&lines, packets, &has_checksum, ret_fault))
			return FALSE;
		armour.has_checksum = armour.has_checksum && has_checksum;
		armour.blocks++;
	}
	armour.has_carriage_returns = size > 0 && memchr(text, '\r', size) != NULL;
	armour.has_final_newline = size > 0 && text[size - 1] == '\n';
	*ret_armour = armour;
	return TRUE;
}
