/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Sources and Patches of one spec, each put together with what is known of it: a local file, a
 * lock entry, a URL. Shared by fetching and locking (sources.h); touches no network and writes
 * nothing.
 */
#pragma once

#include "engine/sources_request.h"

/* One file name that the spec uses. */
typedef struct {
	char *name;
	char *url;	  /* the value in the spec when it is a http(s) or file URL, else NULL */
	char *local_path; /* where it lies in the request's directories, else NULL */
	const KilnSourceEntry *entry; /* of the lock, borrowed; NULL: none */
} KilnSourceItem;

typedef struct {
	GPtrArray *
		items; /* of KilnSourceItem, in the order of the request's values, each name once */
	KilnSourceLock *lock; /* an empty one when the file is absent */
	char *lock_text;      /* as it is on the disk; NULL: absent */
} KilnSourceSet;

/* Reads the lock and looks for local files. Code CONFIG: a bad lock, a value without a file name; but
 * in an adopted tree a file both local and locked or in two directories. */
KilnSourceSet *kiln_source_set_read(const KilnSourcesRequest *request, GError **error);
void kiln_source_set_free(KilnSourceSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnSourceSet, kiln_source_set_free)

/* The item called `name`, or NULL. Borrowed. */
const KilnSourceItem *kiln_source_set_find(const KilnSourceSet *set, const char *name);

/* In an adopted tree: FALSE for a file of the tree that is as much the tree's own as the spec: short text
 * that comes from no URL. What is in an archive nobody sees change: it must be locked. */
gboolean kiln_source_item_wants_lock(const KilnSourceItem *item);

/* The request's directories as messages name them: "A" or "B". Caller owns. */
char *kiln_source_set_places(const KilnSourcesRequest *request);

/* How messages name the lock. Borrowed. */
const char *kiln_source_set_lock_name(const KilnSourcesRequest *request);

/* Where the request's content cache is. Caller owns. */
char *kiln_source_set_cache(const KilnSourcesRequest *request);
