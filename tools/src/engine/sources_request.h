/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What engine/sources and engine/source_set are asked: which files of which package, and where they may come from. */
#pragma once

#include "model/source.h"

/* Content for a `kiln:` origin, made by the caller. */
typedef struct {
	KilnOriginKind origin;
	const void *data;
	gsize size;
} KilnSourceContent;

/* All borrowed. */
typedef struct {
	const char *package; /* as `kiln fetch --lock` takes it; for messages */
	const char *const *directories; /* where local files lie, ends with NULL; may be absent on disk */
	gboolean is_adopted; /* a tree that was there before: what lies there may be locked as well, and must be
				where it is not text or comes from a URL; the first of `directories` that has
				a file counts */
	gboolean is_offline; /* kiln_sources_lock: ask no origin, learn from the files present only */
	const GPtrArray *claims; /* kiln_source_claims_read: what locked files have to be; NULL: nothing is known */
	const char *lock_path;	   /* may be absent on disk when all is local */
	const char *lock_name;	   /* how messages call it; NULL: its path */
	const char *const *values; /* the Source and Patch values as evaluated, URLs included; ends
				      with NULL */
	const char *cache_dir;	   /* Kiln's cache; its sources/ takes the files */
	const char *apt_dir;	   /* where kiln_apt_prepare keeps its state */
	const char *suite;	   /* for debian-source: origins; NULL: they cannot be used */
	const KilnSourceContent *contents; /* NULL: what Kiln generates is left out of the answer */
	gsize content_count;
} KilnSourcesRequest;
