/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings every Source and Patch of one evaluated spec to hand: from the directories where the package
 * has files, from the cache, or from the origins of its source lock. Fails closed: a file that is
 * neither local nor locked, or whose bytes differ from the lock, is an error. Writes locks for `kiln
 * fetch --lock` and `kiln init`.
 */
#pragma once

#include "engine/sources_request.h"

/* Resolves all files; `ret_files` (of KilnSourceFile, owned) is in the order of `values`, each name
 * once. A lock entry that no value uses is a warning event. Codes: CONFIG (neither local nor
 * locked, bad lock), NETWORK, VERIFY. */
gboolean kiln_sources_fetch(
	const KilnSourcesRequest *request, GPtrArray **ret_files, GError **error);

typedef enum {
	KILN_SOURCE_ADDED,     /* it had no digest before */
	KILN_SOURCE_CHANGED,   /* another digest, or another name (a new version) */
	KILN_SOURCE_UNCHANGED, /* as it was; generated files always are */
	KILN_SOURCE_DROPPED,   /* the spec does not use it any more */
	KILN_SOURCE_MISSING,   /* not there, and no origin was asked (is_offline) */
} KilnSourceChangeKind;

/* What happened to one lock entry. */
typedef struct {
	KilnSourceChangeKind kind;
	char *name;
	char *old_name;	  /* the entry it takes the place of, e.g. of the old version; NULL: none */
	char *old_sha256; /* NULL: new, or was unlocked */
	guint64 old_size;
	char *sha256; /* NULL: dropped, or generated */
	guint64 size;
	gboolean has_origin; /* there is somewhere to fetch it from */
	GPtrArray *notes; /* of char *: origins that did not deliver, origins dropped */
} KilnSourceChange;

void kiln_source_change_free(KilnSourceChange *change);

/* Learns digest and size of every file that is not local (in an adopted tree: of those that want a lock,
 * from the file present if there is one) from its origins (those of the lock, then
 * the URL in the spec), and writes the lock when that went well for all; else the lock stays as it
 * was. Origins that deliver different bytes are an error (VERIFY). An entry whose origins are all
 * out of reach stays as it is if the cache holds it. `ret_changes` (of KilnSourceChange, owned) has
 * one row per entry, dropped ones last. With `is_offline` what is neither there nor in the cache as
 * locked is MISSING, and in the lock as it was. */
gboolean kiln_sources_lock(
	const KilnSourcesRequest *request, GPtrArray **ret_changes, GError **error);
