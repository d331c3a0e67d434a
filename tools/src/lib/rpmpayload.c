/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rpmpayload.h"

#include "base/digest.h"
#include "base/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

struct KilnRpmPayload {
	struct archive *archive;
	GByteArray *bytes;
	KilnDigest *digest; /* of the uncompressed archive */
	guint64 size;
};

void kiln_rpm_payload_result_clear(KilnRpmPayloadResult *result)
{
	g_clear_pointer(&result->bytes, g_byte_array_unref);
	g_clear_pointer(&result->sha256, g_free);
	g_clear_pointer(&result->archive_sha256, g_free);
}

void kiln_rpm_payload_free(KilnRpmPayload *payload)
{
	if (!payload)
		return;
	if (payload->archive)
		archive_write_free(payload->archive);
	kiln_digest_free(payload->digest);
	g_byte_array_unref(payload->bytes);
	g_free(payload);
}

static la_ssize_t take_compressed(
	struct archive *archive, void *data, const void *block, size_t size)
{
	KilnRpmPayload *payload = data;

	(void)archive;
	g_byte_array_append(payload->bytes, block, size);
	return size;
}

static gboolean compression_error(KilnRpmPayload *payload, GError **error)
{
	g_set_error(error, KILN_ERROR, KILN_ERROR_SYSTEM, "compressing the payload: %s",
		archive_error_string(payload->archive));
	return FALSE;
}

/* libarchive as a bare zstd compressor: one "raw" member is the whole output. */
static gboolean open_compressor(KilnRpmPayload *payload, guint level, GError **error)
{
	g_autofree char *level_text = g_strdup_printf("%u", level);
	struct archive_entry *entry = archive_entry_new();
	gboolean is_open;

	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_pathname(entry, "payload");
	payload->archive = archive_write_new();
	archive_write_set_bytes_per_block(payload->archive, 0);
	is_open = archive_write_set_format_raw(payload->archive) == ARCHIVE_OK &&
		  archive_write_add_filter_zstd(payload->archive) == ARCHIVE_OK &&
		  archive_write_set_filter_option(payload->archive, "zstd", "compression-level",
			  level_text) == ARCHIVE_OK &&
		  archive_write_open(payload->archive, payload, NULL, take_compressed, NULL) ==
			  ARCHIVE_OK &&
		  archive_write_header(payload->archive, entry) == ARCHIVE_OK;
	archive_entry_free(entry);
	return is_open || compression_error(payload, error);
}

KilnRpmPayload *kiln_rpm_payload_new(guint level, GError **error)
{
	g_autoptr(KilnRpmPayload) payload = g_new0(KilnRpmPayload, 1);

	payload->bytes = g_byte_array_new();
	payload->digest = kiln_digest_new();
	if (!open_compressor(payload, level, error))
		return NULL;
	return g_steal_pointer(&payload);
}

static gboolean append(KilnRpmPayload *payload, const void *data, gsize size, GError **error)
{
	if (size == 0)
		return TRUE;
	kiln_digest_update(payload->digest, data, size);
	payload->size += size;
	if (archive_write_data(payload->archive, data, size) != (la_ssize_t)size)
		return compression_error(payload, error);
	return TRUE;
}

static gboolean append_padding(KilnRpmPayload *payload, GError **error)
{
	static const char zeros[4];

	return append(payload, zeros, -payload->size & 3, error);
}

/* The header of cpio(5)'s "New ASCII Format": thirteen fields of eight hexadecimal digits. */
static gboolean append_member(
	KilnRpmPayload *payload, const KilnRpmPayloadFile *file, const char *name, GError **error)
{
	gsize name_size = strlen(name) + 1;
	g_autofree char *header =
		g_strdup_printf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
			file->inode, file->mode, 0u, 0u, file->links, file->mtime,
			(guint)file->size, 0u, 0u, 0u, 0u, (guint)name_size, 0u);

	return append(payload, header, strlen(header), error) &&
	       append(payload, name, name_size, error) && append_padding(payload, error) &&
	       append(payload, file->data, file->size, error) && append_padding(payload, error);
}

gboolean kiln_rpm_payload_add(
	KilnRpmPayload *payload, const KilnRpmPayloadFile *file, GError **error)
{
	g_autofree char *name = g_strconcat(".", file->path, NULL);

	if (file->size > G_MAXUINT32) {
		g_set_error(error, KILN_ERROR, KILN_ERROR_CONFIG,
			"\"%s\" is larger than a cpio archive can hold", file->path);
		return FALSE;
	}
	return append_member(payload, file, name, error);
}

gboolean kiln_rpm_payload_finish(
	KilnRpmPayload *payload, KilnRpmPayloadResult *ret_result, GError **error)
{
	static const KilnRpmPayloadFile trailer = {.links = 1};

	if (!append_member(payload, &trailer, "TRAILER!!!", error))
		return FALSE;
	if (archive_write_close(payload->archive) != ARCHIVE_OK)
		return compression_error(payload, error);
	ret_result->bytes = g_byte_array_ref(payload->bytes);
	ret_result->sha256 = kiln_digest_of_bytes(payload->bytes->data, payload->bytes->len);
	ret_result->archive_sha256 = kiln_digest_finish(payload->digest);
	ret_result->archive_size = payload->size;
	return TRUE;
}
