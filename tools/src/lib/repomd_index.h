/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * repomd.xml of somebody else's repository (libcreaterepo_c): which metadata files there are and what they must be. Of
 * any age: every kind of checksum is told as it stands, for the caller to judge. Reads one file; fetches and verifies
 * nothing.
 */
#pragma once

#include <glib.h>

typedef struct {
	char *type;     /* "primary", "filelists" … */
	char *location; /* below the repository, never outside of it */
	char *checksum_kind, *checksum; /* of the file as it is served; lower-case hexadecimal */
	guint64 size;      /* 0: not stated */
	gint64 timestamp;  /* seconds; 0: not stated */
} KilnRepomdRecord;

typedef struct {
	GPtrArray *records; /* KilnRepomdRecord, as they stand */
	gint64 timestamp;   /* the newest of the records', by which clients tell old from new */
} KilnRepomdIndex;

/* Reads the file `path`. Code VERIFY for what is no repomd.xml, is over 1 MiB, or names a file without a checksum or
 * outside of the repository. */
KilnRepomdIndex *kiln_repomd_index_read(const char *path, GError **error);

/* The same for a copy of what is called `name`, such as its URL: errors speak of that. */
KilnRepomdIndex *kiln_repomd_index_read_as(const char *path, const char *name, GError **error);

void kiln_repomd_index_free(KilnRepomdIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnRepomdIndex, kiln_repomd_index_free)

/* The record of that type, or NULL. Borrowed. */
const KilnRepomdRecord *kiln_repomd_index_find(const KilnRepomdIndex *index, const char *type);
