/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where lib/solv gets packages from: an rpm-md directory, package files or what is planned, loaded
 * into a libsolv pool, with libsolv's binary form of rpm-md kept in a cache. Only lib/solv*.c
 * include this.
 *
 * A cache file is "DIGEST.solv" (all but file lists) or "DIGEST-filelists.solvx", where DIGEST is
 * that of repomd.xml, of libsolv's version and of this format's; its last 64 bytes are the SHA-256
 * of what stands before them, and a file that does not match is read as if it were not there.
 */
#pragma once

#include "lib/solv_planned.h"

struct s_Pool;
struct s_Repo;
struct s_Solvable;

/* A package file. */
typedef struct {
	char *path;   /* absolute */
	char *sha256; /* NULL: not known yet */
} KilnSolvSourceFile;

typedef struct {
	char *name;
	int priority;
	/* One of these three. */
	char *directory;  /* of rpm-md */
	GPtrArray *files; /* of KilnSolvSourceFile, sorted by file name */
	KilnSolvPlanned *planned;
	char *cache_directory; /* NULL: keep nothing */
	char *cache_key;       /* DIGEST, once loaded */
	struct s_Repo *repo;   /* once loaded; belongs to its pool */
	GHashTable *file_of; /* id of a package from the first of `repo` on -> element of `files` */
	GError *fault;	     /* of file lists, which libsolv asks for at depth */
} KilnSolvSource;

void kiln_solv_source_free(KilnSolvSource *source);

/* Creates source->repo in `pool` and fills it; file lists stay outside until something needs them.
 */
gboolean kiln_solv_source_load(KilnSolvSource *source, struct s_Pool *pool, GError **error);

/* Takes what was loaded out of its pool, which is not indexed then. */
void kiln_solv_source_unload(KilnSolvSource *source);

/* Lets packages provide the files that any package of `pool` names in a dependency, reading file
 * lists where necessary; what was found is added to the caches of `sources` (of KilnSolvSource). */
gboolean kiln_solv_source_provide_files(
	const GPtrArray *sources, struct s_Pool *pool, GError **error);

/* The absolute path of the package file; NULL without an error for a planned one. Code VERIFY when
 * metadata points outside the repository. Caller owns. */
char *kiln_solv_source_package_path(
	const KilnSolvSource *source, struct s_Solvable *package, GError **error);

/* The checksum of the whole package file: as metadata or whoever named the file says,
 * or computed, once; NULL for a planned one. Caller owns both. */
gboolean kiln_solv_source_package_checksum(KilnSolvSource *source, struct s_Solvable *package,
	char **ret_type, char **ret_checksum, GError **error);
