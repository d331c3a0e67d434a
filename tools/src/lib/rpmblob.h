/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of an RPM header structure, as rpm's manual describes them (docs/manual/format.md of
 * rpm: lead, index entries, store, region). Used for the signature and the main header alike; the
 * reading side, and everything that checks, is librpm.
 */
#pragma once

#include <glib.h>

typedef struct KilnRpmBlob KilnRpmBlob;

/* Begins a header whose region has `region_tag` (HEADERSIGNATURES or HEADERIMMUTABLE). */
KilnRpmBlob *kiln_rpm_blob_new(guint32 region_tag);
void kiln_rpm_blob_free(KilnRpmBlob *blob);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnRpmBlob, kiln_rpm_blob_free)

/* Each adds one tag; tags may come in any order. A count of zero adds nothing. */
void kiln_rpm_blob_add_string(KilnRpmBlob *blob, guint32 tag, const char *text);
void kiln_rpm_blob_add_i18n(KilnRpmBlob *blob, guint32 tag, const char *text);
void kiln_rpm_blob_add_strings(
	KilnRpmBlob *blob, guint32 tag, const char *const *texts, guint count);
void kiln_rpm_blob_add_int32(KilnRpmBlob *blob, guint32 tag, const guint32 *numbers, guint count);
void kiln_rpm_blob_add_int16(KilnRpmBlob *blob, guint32 tag, const guint16 *numbers, guint count);

/* The header with its magic, entries sorted by tag. Caller owns. */
GByteArray *kiln_rpm_blob_finish(const KilnRpmBlob *blob);
