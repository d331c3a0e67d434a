/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The payload of an RPM file: a cpio archive ("newc", names beginning with "./") compressed with
 * zstd (libarchive), made in memory together with the digests that the header states.
 */
#pragma once

#include <glib.h>

typedef struct {
	const char *path; /* absolute */
	guint mode, mtime, inode, links;
	const void *data; /* content, or the target of a symbolic link */
	gsize size;
} KilnRpmPayloadFile;

/* Clear with kiln_rpm_payload_result_clear. */
typedef struct {
	GByteArray *bytes;
	char *sha256;	      /* of bytes */
	char *archive_sha256; /* of the cpio archive */
	guint64 archive_size;
} KilnRpmPayloadResult;

void kiln_rpm_payload_result_clear(KilnRpmPayloadResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KilnRpmPayloadResult, kiln_rpm_payload_result_clear)

typedef struct KilnRpmPayload KilnRpmPayload;

/* Begins a payload; `level` is zstd's compression level. */
KilnRpmPayload *kiln_rpm_payload_new(guint level, GError **error);
void kiln_rpm_payload_free(KilnRpmPayload *payload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnRpmPayload, kiln_rpm_payload_free)

/* Appends a file. rpm reads a set of hard links only when its members (same inode, `links` of them)
 * follow one another and the last alone has the data: the order is the caller's care. */
gboolean kiln_rpm_payload_add(
	KilnRpmPayload *payload, const KilnRpmPayloadFile *file, GError **error);

/* Ends the payload, which takes no further files. */
gboolean kiln_rpm_payload_finish(
	KilnRpmPayload *payload, KilnRpmPayloadResult *ret_result, GError **error);
