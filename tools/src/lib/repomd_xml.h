/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * repomd.xml and primary.xml as they are written, without an opinion: what is missing or odd is a value like any other,
 * for engine/contract to judge. (lib/repomd reads what Kiln itself must be able to use.) Bytes to values; no I/O.
 */
#pragma once

#include <glib.h>

/* A checksum as written; NULL where it is missing. */
typedef struct {
	char *type, *value;
} KilnXmlChecksum;

/* One <data> of repomd.xml. Texts are as written; NULL where there is none. */
typedef struct {
	char *type;
	char *location; /* href */
	char *base;	/* xml:base */
	KilnXmlChecksum checksum, open_checksum;
	char *timestamp, *size, *open_size;
} KilnRepomdRecord;

/* The records of repomd.xml, as KilnRepomdRecord, in file order; caller owns. Code VERIFY, "FILENAME:LINE: what", for
 * what is no XML or has another root. */
GPtrArray *kiln_repomd_xml_parse(const char *text, gsize size, const char *filename, GError **error);

/* One <package> of primary.xml. */
typedef struct {
	char *name, *arch, *epoch, *version, *release;
	char *location, *base;
	KilnXmlChecksum checksum;
	char *size; /* of the file, in bytes */
} KilnXmlPackage;

/* The packages of primary.xml, likewise, as KilnXmlPackage. */
GPtrArray *kiln_primary_xml_parse(const char *text, gsize size, const char *filename, GError **error);

/* The packages of filelists.xml or other.xml, whose root is `root` ("filelists", "otherdata"), likewise: of each its name,
 * version and, as the checksum, the pkgid. */
GPtrArray *kiln_details_xml_parse(
	const char *text, gsize size, const char *root, const char *filename, GError **error);

/* Whether it is XML with the root of comps. VERIFY, likewise. */
gboolean kiln_comps_xml_check(const char *text, gsize size, const char *filename, GError **error);

/* An empty list of KilnXmlPackage that frees them. */
GPtrArray *kiln_xml_packages_new(void);
