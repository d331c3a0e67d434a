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
	const char *spec_dir;
	const char *patch_dir;	   /* may be NULL or absent on disk */
	const char *lock_path;	   /* SPEC_DIR/sources; may be absent on disk when all is local */
	const char *lock_name;	   /* how messages call it; NULL: its path */
	const char *const *values; /* the Source and Patch values as evaluated, URLs included; ends
				      with NULL */
	const char *cache_dir;	   /* Kiln's cache; its sources/ takes the files */
	const char *apt_dir;	   /* where kiln_apt_prepare keeps its state */
	const char *suite;	   /* for debian-source: origins; NULL: they cannot be used */
	const KilnSourceContent *contents; /* NULL: what Kiln generates is left out of the answer */
	gsize content_count;
} KilnSourcesRequest;
