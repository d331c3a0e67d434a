/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Kiln keeps only to be faster, and its removal: layers, build results, sources, what was fetched from
 * mirrors and that no base has any more, what was read from specs and repositories, failed builds. Never removed is what cannot be had again at once: the results that the project's
 * packages have now or that a published snapshot is made of, sources that a lock of this project names, and whatever
 * is in use by any Kiln process. Published trees, keys, imported bases and the state are no business of it.
 */
#pragma once

#include "engine/project.h"
#include "lib/store.h"

typedef enum {
	KILN_GC_LEFTOVER, /* what a killed process left, or `kiln verify` for a look */
	KILN_GC_FAILURE,
	KILN_GC_BUILD,
	KILN_GC_LAYER,
	KILN_GC_SOURCE,
	KILN_GC_DOWNLOAD, /* a package or metadata file of a mirror, by its content */
	KILN_GC_SPEC,     /* an evaluated spec */
	KILN_GC_INDEX,    /* a repository in the solver's form, a digest noted */
	KILN_GC_KINDS,
} KilnGcKind;

/* "layer", "result" … */
const char *kiln_gc_kind_name(KilnGcKind kind);

typedef struct {
	KilnGcKind kind;
	char *key;      /* of a layer or result, of a failure "TARGET/PACKAGE", of a source its digest; else NULL */
	char *label;    /* what it is, for humans */
	char *path;
	guint64 bytes;
	gint64 used;    /* last use, seconds since the epoch */
	int rank;       /* of what was last used at the same time the lowest goes first */
	char **needs;   /* of a failure: the keys of the layers that its buildroot stands on; NULL */
	char *kept;     /* why it is not removed however old it is; NULL: it may be */
	gboolean by_age_only; /* never removed for the budget alone */
	char *reason;   /* set by kiln_gc_run: why it was (or would be) removed; NULL: it stays */
} KilnGcItem;

void kiln_gc_item_free(KilnGcItem *item);

/* Everything there is, as KilnGcItem, the one to go first in front. `is_alone`: the caller has the project's lock;
 * otherwise what lies in the project stays. Caller owns. */
GPtrArray *kiln_gc_scan(const KilnProject *project, KilnStore *store, gboolean is_alone, GError **error);

typedef struct {
	gboolean is_trial;  /* nothing is removed, only told */
	guint64 size_bytes; /* the budget for all items together */
	gint64 days;        /* what was not used for longer goes in any case */
} KilnGcOptions;

/* Removes what is to go of `items` (of kiln_gc_scan) and says so in their `reason`. What cannot be removed is a
 * warning, and stays. */
gboolean kiln_gc_run(const KilnProject *project, KilnStore *store, GPtrArray *items,
	const KilnGcOptions *options, GError **error);
