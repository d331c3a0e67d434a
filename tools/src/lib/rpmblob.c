/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmblob.h"

#include <string.h>

/* Data types of the index. */
enum {
	TYPE_INT16 = 3,
	TYPE_INT32 = 4,
	TYPE_STRING = 6,
	TYPE_BIN = 7,
	TYPE_STRING_ARRAY = 8,
	TYPE_I18N = 9
};

#define ENTRY_SIZE 16

typedef struct {
	guint32 tag, type, count;
	GByteArray *data;
} Entry;

struct KilnRpmBlob {
	guint32 region_tag;
	GPtrArray *entries;
};

static void entry_free(gpointer data)
{
	Entry *entry = data;

	g_byte_array_unref(entry->data);
	g_free(entry);
}

KilnRpmBlob *kiln_rpm_blob_new(guint32 region_tag)
{
	KilnRpmBlob *blob = g_new0(KilnRpmBlob, 1);

	blob->region_tag = region_tag;
	blob->entries = g_ptr_array_new_with_free_func(entry_free);
	return blob;
}

void kiln_rpm_blob_free(KilnRpmBlob *blob)
{
	if (!blob)
		return;
	g_ptr_array_unref(blob->entries);
	g_free(blob);
}

static Entry *add(KilnRpmBlob *blob, guint32 tag, guint32 type, guint32 count)
{
	Entry *entry = g_new0(Entry, 1);

	entry->tag = tag;
	entry->type = type;
	entry->count = count;
	entry->data = g_byte_array_new();
	g_ptr_array_add(blob->entries, entry);
	return entry;
}

static void append_text(GByteArray *data, const char *text)
{
	g_byte_array_append(data, (const guint8 *)text, strlen(text) + 1);
}

void kiln_rpm_blob_add_string(KilnRpmBlob *blob, guint32 tag, const char *text)
{
	append_text(add(blob, tag, TYPE_STRING, 1)->data, text);
}

void kiln_rpm_blob_add_i18n(KilnRpmBlob *blob, guint32 tag, const char *text)
{
	append_text(add(blob, tag, TYPE_I18N, 1)->data, text);
}

void kiln_rpm_blob_add_strings(
	KilnRpmBlob *blob, guint32 tag, const char *const *texts, guint count)
{
	Entry *entry;

	if (count == 0)
		return;
	entry = add(blob, tag, TYPE_STRING_ARRAY, count);
	for (guint i = 0; i < count; i++)
		append_text(entry->data, texts[i]);
}

static void append_int32(GByteArray *data, guint32 number)
{
	guint32 big_endian = GUINT32_TO_BE(number);

	g_byte_array_append(data, (const guint8 *)&big_endian, sizeof(big_endian));
}

void kiln_rpm_blob_add_int32(KilnRpmBlob *blob, guint32 tag, const guint32 *numbers, guint count)
{
	Entry *entry;

	if (count == 0)
		return;
	entry = add(blob, tag, TYPE_INT32, count);
	for (guint i = 0; i < count; i++)
		append_int32(entry->data, numbers[i]);
}

void kiln_rpm_blob_add_int16(KilnRpmBlob *blob, guint32 tag, const guint16 *numbers, guint count)
{
	Entry *entry;

	if (count == 0)
		return;
	entry = add(blob, tag, TYPE_INT16, count);
	for (guint i = 0; i < count; i++) {
		guint16 big_endian = GUINT16_TO_BE(numbers[i]);
		g_byte_array_append(entry->data, (const guint8 *)&big_endian, sizeof(big_endian));
	}
}

static void append_entry(
	GByteArray *bytes, guint32 tag, guint32 type, guint32 offset, guint32 count)
{
	append_int32(bytes, tag);
	append_int32(bytes, type);
	append_int32(bytes, offset);
	append_int32(bytes, count);
}

static void align(GByteArray *store, guint32 type)
{
	static const guint8 zeros[4];
	guint unit = type == TYPE_INT32 ? 4 : type == TYPE_INT16 ? 2 : 1;

	g_byte_array_append(store, zeros, (unit - store->len % unit) % unit);
}

static int compare_tags(gconstpointer a, gconstpointer b)
{
	const Entry *first = *(const Entry *const *)a, *second = *(const Entry *const *)b;

	return (first->tag > second->tag) - (first->tag < second->tag);
}

/*
 * The region: an entry in front of all others whose data, at the end of the store, is an index
 * entry again that points back over the whole index (a negative offset).
 */
GByteArray *kiln_rpm_blob_finish(const KilnRpmBlob *blob)
{
	static const guint8 magic[8] = {0x8e, 0xad, 0xe8, 0x01};
	guint count = blob->entries->len + 1;
	GByteArray *bytes = g_byte_array_new();
	g_autoptr(GByteArray) index = g_byte_array_new();
	g_autoptr(GByteArray) store = g_byte_array_new();

	g_ptr_array_sort(blob->entries, compare_tags);
	for (guint i = 0; i < blob->entries->len; i++) {
		const Entry *entry = blob->entries->pdata[i];
		align(store, entry->type);
		append_entry(index, entry->tag, entry->type, store->len, entry->count);
		g_byte_array_append(store, entry->data->data, entry->data->len);
	}
	g_byte_array_append(bytes, magic, sizeof(magic));
	append_int32(bytes, count);
	append_int32(bytes, store->len + ENTRY_SIZE);
	append_entry(bytes, blob->region_tag, TYPE_BIN, store->len, ENTRY_SIZE);
	append_entry(store, blob->region_tag, TYPE_BIN, (guint32)(-(gint32)(count * ENTRY_SIZE)),
		ENTRY_SIZE);
	g_byte_array_append(bytes, index->data, index->len);
	g_byte_array_append(bytes, store->data, store->len);
	return bytes;
}
