/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packages on their way into metadata (lib/repomd): read, described by createrepo_c and sorted. Writes nothing. */
#pragma once

#include <glib.h>

/* A package to list. Borrowed strings. */
typedef struct {
	const char *location; /* below the directory: "Packages/t/tgt-1-1.x86_64.rpm"; characters of
				 [A-Za-z0-9._+~^@:=/-] */
	const char *path;     /* where its bytes are now, which may be elsewhere */
	const char *sha256; /* its digest if the caller knows it for certain; NULL: computed here */
} KilnRepomdPackage;

/* primary, filelists, other */
#define KILN_REPOMD_KINDS 3

/* A package as the metadata describes it. */
typedef struct {
	const KilnRepomdPackage *package;
	gpointer values; /* createrepo_c's description of it */
	const char *name, *arch; /* borrowed from `values` */
	char *evr;
	char *xml[KILN_REPOMD_KINDS]; /* its element of each file */
	guint changelog_limit;
	gint64 timestamp;
	GError *error;
} KilnRepomdItem;

/* Describes `count` packages, sorted by name, version, arch, location. `timestamp`: what stands for the build time of
 * one that has none. The first error, in the caller's order, ends it; code CONFIG for a location that clients could not
 * fetch or that two packages have. */
GPtrArray *kiln_repomd_describe(const KilnRepomdPackage *packages, gsize count, guint changelog_limit,
	gint64 timestamp, GError **error);

/* Calls `work` for each element, on all processors; threads are gone when it returns. */
void kiln_repomd_each(GPtrArray *elements, GFunc work);
