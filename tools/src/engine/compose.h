/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Composes: the signed packages of a collection with their metadata, complete and verified but not
 * yet visible to any client. A package that is not verifiably signed cannot be composed.
 */
#pragma once

#include "engine/identity.h"
#include "engine/plan.h"
#include "lib/store.h"
#include "model/snapshot.h"

/* The digest of everything that goes into a compose of `items` (all built): packages by their bytes,
 * key, .repo file, package groups, the form of the metadata, and the smoke tests it has to pass. Caller owns. */
char *kiln_compose_key(const KilnContext *context, const KilnIdentity *identity, const GPtrArray *items,
	GError **error);

/* Where published snapshots of this collection and target live: ROOT/COLLECTION/TARGET. Caller owns. */
char *kiln_compose_repository_directory(const KilnContext *context);

typedef struct {
	KilnSnapshot *snapshot;
	GHashTable *by_source; /* Name of a spec -> const KilnCatalogPackage, borrowed from the context */
	char *directory; /* the candidate, below a private directory: to be checked, then renamed to its snapshot directory */
} KilnCompose;

void kiln_compose_free(KilnCompose *compose);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnCompose, kiln_compose_free)

/* Refuses versions older than those the project's channel has, before anything is signed; signs, verifies,
 * refuses NEVRAs that were published with other bytes (each VERIFY, naming all), writes and signs the metadata. `newer_than`: the timestamp the metadata must exceed, so that no client takes it for old. */
KilnCompose *kiln_compose_make(KilnContext *context, const KilnIdentity *identity, const GPtrArray *items,
	KilnStore *store, gint64 newer_than, GError **error);
