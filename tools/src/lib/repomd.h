/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repository metadata (repodata/) by libcreaterepo_c: written so that the same packages,
 * locations and timestamp give the same bytes on every machine, and in the form the oldest client
 * reads (gz XML, SHA-256, whole-second timestamps). Signing repomd.xml is lib/gpg's, placing it
 * the caller's.
 */
#pragma once

#include <glib.h>

typedef enum {
	KILN_REPOMD_GZ, /* every client reads it: the default */
	KILN_REPOMD_XZ,
} KilnRepomdCompression;

/* A package to list. Borrowed strings. */
typedef struct {
	const char *location; /* below the directory: "Packages/t/tgt-1-1.x86_64.rpm"; characters of
				 [A-Za-z0-9._+~^@:=/-] */
	const char *path;     /* where its bytes are now, which may be elsewhere */
	const char *sha256; /* its digest if the caller knows it for certain; NULL: computed here */
} KilnRepomdPackage;

/* What to write. Zero-initialise, then set what matters. All borrowed. */
typedef struct {
	const char *directory;		   /* gets or replaces DIRECTORY/repodata; made if absent */
	const KilnRepomdPackage *packages; /* in any order */
	gsize package_count;
	gint64 timestamp; /* revision and every record's timestamp, seconds; > 0 */
	KilnRepomdCompression compression;
	gboolean with_sqlite;  /* also *_db records (bz2), for yum */
	guint changelog_limit; /* newest entries kept of each package; 0: 10 */
	const char *comps;     /* a comps.xml to offer as group and group_gz, or NULL */
} KilnRepomdOptions;

/* Writes the metadata beside its place, fsyncs it and renames it in: the old repodata/ stays
 * whole until the new one is complete. Packages are sorted by name, version, arch, location. Two
 * packages with one location: code CONFIG. `time file` of a package is its build time, not the
 * file's mtime. One writer per directory at a time. */
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
