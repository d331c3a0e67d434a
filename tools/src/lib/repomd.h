/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repository metadata (repodata/) by libcreaterepo_c: written so that the same packages,
 * locations and timestamp give the same bytes with the same libraries, by default in the form that
 * the oldest client reads (gz XML, SHA-256, whole-second timestamps). What else a client reads, its
 * contract says and the caller asks for. Signing repomd.xml is lib/gpg's, placing it the caller's.
 */
#pragma once

#include "lib/repomd_package.h"

typedef enum {
	KILN_REPOMD_GZ, /* every client reads it: the default */
	KILN_REPOMD_BZ2,
	KILN_REPOMD_XZ,
	KILN_REPOMD_PLAIN,
} KilnRepomdCompression;

/* The first of `words` ("gz", "bz2", "xz", "none"; ends with NULL) that can be written here. FALSE when none
 * can. */
gboolean kiln_repomd_choose(const char *const *words, KilnRepomdCompression *ret_compression);

/* What to write. Zero-initialise, then set what matters. All borrowed. */
typedef struct {
	const char *directory;		   /* gets or replaces DIRECTORY/repodata; made if absent */
	const KilnRepomdPackage *packages; /* in any order */
	gsize package_count;
	gint64 timestamp; /* revision and every record's timestamp, seconds; > 0 */
	KilnRepomdCompression compression; /* of the XML */
	gboolean with_sqlite;		   /* also *_db records, which spare yum the making of them */
	KilnRepomdCompression sqlite_compression;
	gboolean with_zchunk;	     /* also *_zck records, of which clients fetch only what changed */
	guint changelog_limit;	     /* newest entries kept of each package; 0: 10 */
	const char *comps;	     /* a comps.xml (lib/comps.h) to offer, or NULL */
	gboolean comps_plain, comps_gz; /* as group, as group_gz */
	gsize index_max_bytes;	     /* the largest repomd.xml that clients read; 0: no limit */
} KilnRepomdOptions;

/* Writes the metadata beside its place, fsyncs it and renames it in: the old repodata/ stays
 * whole until the new one is complete. Packages are sorted by name, version, arch, location. Two
 * packages with one location, groups of packages that are not listed, an index that is too large:
 * code CONFIG. `time file` of a package is its build time, not the file's mtime. One writer per
 * directory at a time. */
gboolean kiln_repomd_write(const KilnRepomdOptions *options, GError **error);

/* A package as metadata lists it. */
typedef struct {
	char *location, *sha256;
	char *name, *epoch, *version, *release, *arch;
	char *nevra; /* "name-[epoch:]version-release.arch": epoch left out when 0 */
	guint64 size;
} KilnRepomdEntry;

/* The packages DIRECTORY/repodata lists, in its order, as KilnRepomdEntry. repomd.xml is believed
 * (the caller verified its signature); primary must have the size and checksum it names, else
 * VERIFY. An entry whose location leaves the directory is refused. */
GPtrArray *kiln_repomd_read_packages(const char *directory, GError **error);

/* Checks that DIRECTORY is complete: each file repomd.xml names is there with the stated
 * checksum, and each package with the stated size and SHA-256. Code VERIFY, naming the first file
 * that differs. */
gboolean kiln_repomd_verify(const char *directory, GError **error);

/* The newest record timestamp of DIRECTORY/repodata/repomd.xml: yum refuses metadata with a lower
 * one than it has, so the next publish must use a higher one. */
gboolean kiln_repomd_read_timestamp(const char *directory, gint64 *ret_timestamp, GError **error);
