/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a snapshot is: the packages of one compose and where it came from. Plain values; snapshot.json. */
#pragma once

#include <glib.h>

/* The repositories inside a snapshot: what everyone installs, debug information, sources. */
typedef enum { KILN_PART_MAIN, KILN_PART_DEBUG, KILN_PART_SOURCE } KilnPart;
#define KILN_PART_COUNT 3

/* "" for main, else "debug", "source": directory below the snapshot and suffix of mirrorlists. */
const char *kiln_part_name(KilnPart part);

/* The part a package file belongs to. */
KilnPart kiln_part_of(const char *package_name, gboolean is_source);

typedef struct {
	char *file;   /* below the snapshot: "Packages/x-1-1.noarch.rpm" */
	char *nevra;
	char *name;
	char *sha256; /* of the signed file */
	KilnPart part;
} KilnSnapshotPackage;

typedef struct {
	char *id;          /* "20261122T081500Z-0123456789ab" */
	char *key;         /* digest of everything that went in; equal keys are equal snapshots */
	char *collection, *target;
	char *fingerprint; /* of the signing key */
	gint64 created;    /* seconds; also the metadata's timestamp */
	GPtrArray *packages; /* KilnSnapshotPackage, sorted by file */
} KilnSnapshot;

void kiln_snapshot_package_free(KilnSnapshotPackage *package);

KilnSnapshot *kiln_snapshot_new(void);
void kiln_snapshot_free(KilnSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSnapshot, kiln_snapshot_free)
