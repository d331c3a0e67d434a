/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layers: read-only trees named by the digest of the exact packages and settings they were made
 * from. A root is a stack of them. A missing layer is made once, whoever asks; a changed base gives
 * another name, so a stale layer cannot be used.
 */
#pragma once

#include "base/lock.h"
#include "engine/base.h"
#include "format/layer_manifest.h"
#include "lib/solv.h"

/* Part of every key: raise it when kiln-root makes other trees from the same packages. */
#define KILN_LAYER_FORMAT "1"

/* A stack of layers: what an overlay is mounted from. As long as it is there, no layer of it is removed:
 * it owns a share of each one's lock. */
typedef struct {
	char *key;       /* digest of the topmost layer, which covers those below */
	char **trees;    /* absolute, bottom first */
	GPtrArray *held; /* KilnLock, one a tree */
} KilnLayers;

void kiln_layers_free(KilnLayers *layers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KilnLayers, kiln_layers_free)

KilnLayers *kiln_layers_copy(const KilnLayers *layers);

/* What a layer is made from. All borrowed. */
typedef struct {
	const char *cache;             /* Kiln's cache directory; layers/ in it */
	const KilnLayers *below;       /* NULL: an empty root */
	const KilnSolution *solution;  /* the packages to add */
	const KilnBase *base;          /* where those that are not here yet come from; NULL: all are */
	const char *macros;            /* text of the target's rpm macros */
	const char *label;             /* for events and the manifest: "trixie buildroot" */
	gboolean has_own_database;     /* the root's rpm cannot read what the host's writes: one more layer, on top,
					  has the packages in its own */
} KilnLayerRequest;

/* Makes the layer if it is missing (waiting for another process or thread that makes it) and returns the
 * stack. May be called by several threads. `ret_made` (optional) tells whether it was. Errors: SYSTEM, VERIFY (a package's bytes),
 * UNSOLVABLE (the transaction was refused; the message has the first problem). */
KilnLayers *kiln_layers_ensure(const KilnLayerRequest *request, gboolean *ret_made, GError **error);

/* The stack of these trees, bottom first, which an earlier kiln_layers_ensure returned (ends with NULL).
 * NOT_FOUND when one of them was removed meanwhile. */
KilnLayers *kiln_layers_hold(const char *const *trees, GError **error);

/* What there is in a cache. */
typedef struct {
	char *key;
	KilnLayerManifest *manifest; /* NULL: unfinished, and nobody may be making it */
	guint64 bytes;
	gint64 used;                 /* when it was used last, seconds since the epoch */
} KilnLayerInfo;

void kiln_layer_info_free(KilnLayerInfo *info);

/* The layers in the cache directory as KilnLayerInfo, in no order. Caller owns. */
GPtrArray *kiln_layer_list(const char *cache, GError **error);

/* Removes the layer `key`, finished or not; one in use or in the making is BUSY. With `is_trial` only that is found
 * out. Of one that was removed in part nothing is used. */
gboolean kiln_layer_remove(const char *cache, const char *key, gboolean is_trial, GError **error);
